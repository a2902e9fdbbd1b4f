//! Nothing from a file gets out of the report: not into the terminal, not into a page, not into the file system, and no pickle
//! is ever loaded.

use std::fmt::Write as _;
use std::fs;
use std::io::{Cursor, Write as _};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use batchlint::render::OutputFormat;
use batchlint::source::text::is_hostile;
use clap::ValueEnum as _;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::tool::{files, project, run, skip};

/// What tries to end a line, a command, a string, an element, a link, or to drive a terminal.
pub(crate) const HOSTILE: [&str; 9] = [
    "::error::x",
    "a\nb%0A::warning file=x::y",
    "\u{1b}[31mred\u{1b}]0;title\u{7}\u{9b}2J",
    "x\u{202e}y\u{2066}z\u{200f}",
    "</script></style></failure>]]>&<!--<img src=x onerror=alert(1)>",
    "[c](javascript:alert(1))`|*",
    "\"'{{7*7}}${x}<%= %>",
    "\r\n\tx\u{85}\u{2028}\u{feff}",
    "\u{0}\u{1}\u{8}\u{7f}",
];

/// Fails if the text could do anything but be read.
pub(crate) fn harmless(what: &str, text: &str) {
    let odd = |c: &char| *c != '\n' && is_hostile(*c);
    assert!(!text.chars().any(|c| odd(&c)), "{what} has {:?}", text.chars().find(odd));
    for line in text.lines() {
        let command = line.trim_start().strip_prefix("::");
        let ours = ["error file=", "warning file=", "notice file=", "error title=", "warning title=", "notice title="];
        let told = command.is_none_or(|rest| what == "github" && ours.iter().any(|head| rest.starts_with(head)));
        assert!(told, "{what}: a name became a command of the CI: {line}");
    }
    match what {
        "html" => {
            assert!(
                !text.contains("<img src=x") && !text.contains("</script></style>"),
                "{what}: a name is an element"
            );
            let count = |part: &str| text.matches(part).count();
            assert_eq!(count("<script"), count("</script>"), "{what}");
            assert!(!text.contains("href=\"javascript:"), "{what}: a name is a link");
        }
        "junit" => {
            let tree = roxmltree::Document::parse(text).unwrap_or_else(|error| panic!("{what}: {error}"));
            let known = [
                "testsuites",
                "testsuite",
                "testcase",
                "failure",
                "error",
                "skipped",
                "properties",
                "property",
                "system-out",
            ];
            let mut names =
                tree.descendants().filter(roxmltree::Node::is_element).map(|node| node.tag_name().name().to_owned());
            assert!(names.all(|name| known.contains(&name.as_str())), "{what}: a name is an element");
        }
        "sarif" | "json" | "gitlab" => {
            serde_json::from_str::<serde_json::Value>(text).unwrap_or_else(|error| panic!("{what}: {error}"));
        }
        "jsonl" => text.lines().for_each(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{what}: {error}"));
        }),
        _ => {}
    }
}

/// A text as Python and TOML write it, with every character in its place.
fn quoted(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        match c {
            '"' | '\\' => write!(out, "\\{c}").unwrap(),
            c if c.is_control() || !c.is_ascii() => write!(out, "\\u{:04x}", u32::from(c)).unwrap(),
            c => out.push(c),
        }
        out
    })
}

/// A header of version 3.0, whose text is UTF-8.
fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n");
    let length = u32::try_from(text.len()).unwrap();
    [b"\x93NUMPY\x03\x00", &length.to_le_bytes()[..], text.as_bytes(), data].concat()
}

fn npz(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(name.as_str(), SimpleFileOptions::default().compression_method(CompressionMethod::Stored))
            .unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Hostile names everywhere: of the spec's arrays and symbols, of files, of members, of the fields of a dtype, in header text.
fn hostile() -> tempfile::TempDir {
    let folder = project();
    let doubles: Vec<u8> = [f64::NAN, 1e300, -1.0, 0.5].iter().flat_map(|value| value.to_le_bytes()).collect();
    let mut spec = String::from("framework = \"torch\"\n");
    let mut members = Vec::new();
    for name in HOSTILE {
        let text = quoted(name);
        write!(spec, "[inputs.\"{text}\"]\ndtype = \"float32\"\nshape = [\"batch\", 2]\nkey = \"{text}\"\n").unwrap();
        writeln!(spec, "allow = [{{ rule = \"fortran-order\", reason = \"{text}\" }}]").unwrap();
        members.push((format!("{name}.npy"), npy("'<f8'", "(2, 2)", &doubles)));
        members.push((format!("s{name}.npy"), npy(&format!("[(\"{text}\", '<f8'), ('b', 'O')]"), "(2,)", &[0; 32])));
        members.push((
            format!("h{name}.npy"),
            npy(&format!("\"{}\"", name.replace(['"', '\n', '\r'], " ")), "(2,)", &[0; 32]),
        ));
        members.push((format!("{name}.txt"), name.into()));
    }
    fs::write(folder.path().join("batchlint.toml"), spec).unwrap();
    for i in 0..2 {
        fs::write(folder.path().join(format!("batch_{i}.npz")), npz(&members)).unwrap();
    }
    for name in HOSTILE {
        let name = name.replace(['\0', '/'], "_");
        fs::write(folder.path().join(format!("{name}.npy")), npy("'<f8'", "(2, 2)", &doubles)).unwrap();
        fs::write(folder.path().join(format!("{name}.npz")), &name).unwrap();
        fs::create_dir(folder.path().join(&name)).unwrap();
        fs::write(folder.path().join(&name).join("x.npy"), npy("'<f8'", "(9, 9)", &doubles)).unwrap();
    }
    folder
}

#[test]
fn hostile_names_are_harmless_in_every_format_and_every_command() {
    let folder = hostile();
    let at = folder.path();
    for format in OutputFormat::value_variants() {
        for more in [&[][..], &["--all-places"], &["--redact"]] {
            let (code, out, err) = run(at, &[&["check", "--format", format.name()], more].concat());
            assert_eq!(code, Some(1), "{}: {err}", format.name());
            harmless(format.name(), &out);
            harmless("full", &err);
        }
    }
    for (arguments, what) in [
        (&["inspect"][..], "full"),
        (&["inspect", "--each", "--ascii"], "full"),
        (&["inspect", "--format", "json"], "json"),
        (&["inspect", "--format", "jsonl"], "jsonl"),
        (&["fix", "."], "full"),
        (&["fix", ".", "--diff", "--each", "--allow-lossy"], "full"),
        (&["fix", ".", "--format", "json"], "json"),
        (&["init", "--from", "."], "full"),
        (&["-v", "check", "no such\u{1b}[31m\u{202e}\n::error::x"], "full"),
        (&["check", "--spec", "no such\u{1b}[31m\u{202e}\n::error::x"], "full"),
        (&["inspect", "-o", "no/such\u{1b}[31m\u{202e}\n::error::x"], "full"),
        (&["check", "--report", "json=no/such\u{1b}[31m\u{202e}\n::error::x"], "full"),
        (&["check", "--facts", "no such\u{1b}[31m\u{202e}\n::error::x"], "full"),
        (&["explain", "no such\u{1b}[31m\u{202e}\n::error::x"], "full"),
        (&["run", "no such\u{1b}[31m\u{202e}\n::error::x:y"], "full"),
    ] {
        let (code, out, err) = run(at, arguments);
        assert!(code.is_some(), "{arguments:?}");
        harmless(what, &out);
        harmless("full", &err);
    }
    // What was saved, merged and judged later is as harmless.
    let (code, ..) = run(at, &["inspect", "--format", "jsonl", "-o", "facts.jsonl"]);
    assert_eq!(code, Some(0));
    let (code, out, err) = run(at, &["check", "--facts", "facts.jsonl"]);
    assert_eq!(code, Some(1), "{err}");
    harmless("full", &out);
}

/// A member of any name, and with the mark of a symbolic link where there is a target.
fn archive(names: &[(&str, Option<&str>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, target) in names {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        if let Some(target) = target {
            zip.add_symlink(*name, *target, options).unwrap();
        } else {
            zip.start_file(*name, options).unwrap();
            zip.write_all(&npy("'<f8'", "(2, 2)", &[0; 32])).unwrap();
        }
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn names_in_archives_are_no_paths() {
    let top = project();
    let dump = top.path().join("a/b/dump");
    fs::create_dir_all(&dump).unwrap();
    let absolute = top.path().join("absolute.npy").display().to_string();
    let names = [
        ("../../up.npy", None),
        ("../x.npy", None),
        (absolute.as_str(), None),
        ("link.npy", Some("/etc/passwd")),
        ("..\\..\\windows.npy", None),
        ("C:\\x.npy", None),
        ("x.npy", None),
    ];
    fs::write(dump.join("batch_0.npz"), archive(&names)).unwrap();
    fs::write(top.path().join("batchlint.toml"), "[inputs.x]\ndtype = \"float32\"\nshape = [2, 2]\n").unwrap();
    let before = files(top.path());
    for arguments in [&["check", "a"][..], &["inspect", "a"], &["fix", "a"], &["check", "--headers-only", "a"]] {
        let (_, out, err) = run(top.path(), arguments);
        assert!(!out.contains("root:") && !err.contains("root:"), "a link was followed: {out}");
        assert_eq!(files(top.path()), before, "{arguments:?}");
    }
    for arguments in [&["fix", "a", "--out", "out"][..], &["fix", "a", "--in-place"]] {
        run(top.path(), arguments);
        let new: Vec<String> = files(top.path()).into_iter().filter(|name| !before.contains(name)).collect();
        assert!(new.iter().all(|name| name.starts_with("out/") && name.ends_with("batch_0.npz")), "{new:?}");
    }
}

#[test]
fn a_copy_never_leaves_its_folder() {
    let top = project();
    let wrong = npy("'<f8'", "(2, 2)", &[0; 32]);
    fs::write(
        top.path().join("batchlint.toml"),
        "[inputs.x]\ndtype = \"float32\"\nshape = [2, 2]\nfiles = \"**/x*.npy\"\n",
    )
    .unwrap();
    for folder in ["dump/sub", "dump/deep/er", "outside", "out", "beside"] {
        fs::create_dir_all(top.path().join(folder)).unwrap();
    }
    for name in ["dump/sub/x_0.npy", "dump/deep/er/x_1.npy", "dump/x_2.npy", "beside/x_3.npy"] {
        fs::write(top.path().join(name), &wrong).unwrap();
    }
    // Folders and names in the copy that lead out of it.
    symlink("../outside", top.path().join("out/sub")).unwrap();
    symlink("../outside/made.npy", top.path().join("out/x_2.npy")).unwrap();
    for paths in
        [&["dump"][..], &["dump/../dump"], &["dump/sub/../../beside"], &["../../../../../../../../tmp/no-such"]]
    {
        let (code, out, err) = run(top.path(), &[&["fix"], paths, &["--out", "out"]].concat());
        assert!(code.is_some_and(|code| code < 4), "{out}{err}");
        assert_eq!(fs::read_dir(top.path().join("outside")).unwrap().count(), 0, "{paths:?}: {out}");
    }
    assert!(top.path().join("out/deep/er/x_1.npy").is_file(), "what stays inside is written");
    for name in ["dump/sub/x_0.npy", "dump/x_2.npy", "beside/x_3.npy"] {
        assert_eq!(fs::read(top.path().join(name)).unwrap(), wrong, "{name} is as it was");
    }
}

#[test]
fn no_pickle_runs_whatever_holds_it() {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin/python");
    let folder = project();
    let trace = folder.path().join("ran");
    // `os.system("touch ran")` when it is loaded.
    let pickle = format!("cos\nsystem\n(Vtouch {}\ntR.", trace.display()).into_bytes();
    let held = npy("'|O'", "(1,)", &pickle);
    fs::write(folder.path().join("x.npy"), &held).unwrap();
    fs::write(folder.path().join("y.npz"), npz(&[("x.npy".into(), held.clone()), ("p.pkl".into(), pickle.clone())]))
        .unwrap();
    for name in ["z.npy", "z.npz", "model.pt", "model.pkl", "model.h5"] {
        fs::write(folder.path().join(name), &pickle).unwrap();
    }
    let model = npz(&[("archive/data.pkl".into(), pickle), ("archive/version".into(), b"3".to_vec())]);
    fs::write(folder.path().join("weights.pt"), model).unwrap();
    for arguments in [
        &["check"][..],
        &["check", "--format", "html"],
        &["inspect"],
        &["inspect", "--format", "jsonl"],
        &["fix", ".", "--allow-lossy"],
        &["fix", ".", "--out", "out", "--allow-lossy"],
        &["init", "--from", "."],
        &["init", "--model", "model.pt"],
        &["init", "--model", "model.pkl"],
        &["init", "--model", "weights.pt"],
        &["check", "--model", "weights.pt"],
        &["check", "--model", "model.h5"],
    ] {
        let (code, ..) = run(folder.path(), arguments);
        assert!(code.is_some(), "{arguments:?}");
        assert!(!trace.exists(), "{arguments:?} ran it");
    }
    let found = run(folder.path(), &["check", "--format", "concise", "x.npy"]).1;
    assert!(found.contains("unsafe-pickle") && found.contains("os.system"), "{found}");
    // And it would have run: what loads it does as it says.
    let loads = "import sys, numpy; numpy.load(sys.argv[1], allow_pickle=True)";
    match Command::new(python).args(["-c", loads]).arg(folder.path().join("x.npy")).output() {
        Ok(_) => assert!(trace.exists(), "the pickle is none"),
        Err(error) => skip("whether the pickle works", &error.to_string()),
    }
}
