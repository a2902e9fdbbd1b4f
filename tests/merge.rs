//! A scan in parts: whatever the parts, their order, their repetition and how they are grouped, the merged facts are those
//! of one scan, byte for byte, and what is missing is told and never passed.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use serde_json::Value;
use support::recipe;

/// A declaration per name; one that any loose file may be taken for; none.
const SPECS: [&str; 3] = [
    "framework = \"torch\"\n[batch]\nsize = 4\n[inputs.x]\ndtype = \"float32\"\nshape = [\"batch\", 3]\n\
     values = { min = 0, max = 1 }\n[targets.y]\ndtype = \"int64\"\nshape = [\"batch\"]\nclasses = 3\n",
    "framework = \"keras\"\n[inputs.x]\ndtype = \"float32\"\nshape = [\"batch\", \"*\"]\nvalues = { in = [0, 1, 2] }\n",
    "",
];

/// What a command says: exit code, stdout, stderr.
struct Said(i32, Vec<u8>, String);

fn batchlint<S: AsRef<OsStr>>(folder: &Path, arguments: &[S], stdin: &[u8]) -> Said {
    let mut child = Command::new(env!("CARGO_BIN_EXE_batchlint"))
        .current_dir(folder)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let text = stdin.to_vec();
    let writer = std::thread::spawn(move || input.write_all(&text));
    let output = child.wait_with_output().unwrap();
    // Whoever does not want it closes the pipe.
    let _ = writer.join().unwrap();
    Said(output.status.code().unwrap(), output.stdout, String::from_utf8(output.stderr).unwrap())
}

/// Runs what has to work.
fn run<S: AsRef<OsStr> + std::fmt::Debug>(folder: &Path, arguments: &[S]) -> Vec<u8> {
    let Said(code, out, says) = batchlint(folder, arguments, b"");
    assert!(code == 0 || code == 3, "{arguments:?}: {code}: {says}");
    out
}

/// Writes a file of one kind or another; gives its path below the folder.
fn file(folder: &Path, kind: u8, number: u8) -> String {
    let seed = format!("{kind} {number}");
    let name = match kind % 11 {
        0 | 1 => format!("dump/batch_{number}.npz"),
        2 => format!("dump/x_{number}.npy"),
        3 => format!("dump/y_{number}.npy"),
        4 => format!("dump/deep/x/{number}.npy"),
        5 => format!("dump/z{number}.npy"),
        6 => format!("dump/empty \u{e9}{number}.npy"),
        7 => format!("dump/text_{number}.npy"),
        8 => format!("dump/cut_{number}.npy"),
        9 => format!("dump/gone_{number}.npz"),
        _ => format!("dump/pipe_{number}.npy"),
    };
    let path = folder.join(&name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let content = match kind % 11 {
        0 => recipe::npz(&seed, &["x: float32[4, 3]; [1, 2] = nan", "y: int64[4] = choice 0 1 2"]),
        1 => recipe::npz(&seed, &["arr_0: float64[4, 3]", "arr_1: int32[5] = choice 0 7"]),
        2 | 4 => recipe::npy(&seed, &["float32[4, 3]"]),
        3 => recipe::npy(&seed, &["int64[4] = choice 0 1 9"]),
        5 => recipe::npy(&seed, &["int32[4, 3] = choice 0 1", "float64[2]"]),
        7 => b"no array\n".to_vec(),
        8 => recipe::npy(&seed, &["float32[4, 3]"])[..100].to_vec(),
        9 => {
            if !path.is_symlink() {
                std::os::unix::fs::symlink("nowhere", path).unwrap();
            }
            return name;
        }
        10 => {
            if !path.exists() {
                assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
            }
            return name;
        }
        _ => Vec::new(),
    };
    fs::write(path, content).unwrap();
    name
}

/// Merges the parts in a random order and grouping, some of them twice; gives the last file.
fn merged(folder: &Path, parts: &[String], order: &[prop::sample::Index], groups: usize) -> String {
    let mut pool: Vec<String> = parts.to_vec();
    pool.extend(order.iter().map(|index| index.get(parts).clone()));
    for (at, index) in order.iter().enumerate() {
        let other = index.index(pool.len());
        pool.swap(at % parts.len(), other);
    }
    let mut made: Vec<String> = Vec::new();
    for (number, group) in pool.chunks(pool.len().div_ceil(groups)).enumerate() {
        let name = format!("group_{number}.jsonl");
        if number % 2 == 0 {
            let mut arguments = vec!["merge", "--allow-missing", "-o", &name];
            arguments.extend(group.iter().map(String::as_str));
            run(folder, &arguments);
        } else {
            // As `cat` makes it, and not merged at all.
            let text: Vec<u8> = group.iter().flat_map(|part| fs::read(folder.join(part)).unwrap()).collect();
            fs::write(folder.join(&name), text).unwrap();
        }
        made.push(name);
    }
    made.reverse();
    let mut arguments = vec!["merge", "-o", "merged.jsonl"];
    arguments.extend(made.iter().map(String::as_str));
    run(folder, &arguments);
    // A part that comes late changes nothing.
    run(folder, &["merge", &parts[0], "merged.jsonl", "-o", "again.jsonl"]);
    assert_eq!(fs::read(folder.join("again.jsonl")).unwrap(), fs::read(folder.join("merged.jsonl")).unwrap());
    "merged.jsonl".into()
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 20, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn shards_are_the_scan_in_any_order_grouping_and_repetition(
        files in prop::collection::vec((any::<u8>(), 0_u8..12), 1..16),
        spec in 0..SPECS.len(),
        of in 1_u32..7,
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        groups in 1_usize..4,
        headers_only in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        fs::write(folder.join("batchlint.toml"), SPECS[spec]).unwrap();
        for (kind, number) in files {
            file(folder, kind, number);
        }
        let more: &[&str] = if headers_only { &["--headers-only"] } else { &[] };
        let inspect = |last: &[&str]| {
            let mut arguments = vec!["inspect", "dump", "--format", "jsonl"];
            arguments.extend(more);
            arguments.extend(last);
            run(folder, &arguments)
        };
        let whole = inspect(&[]);
        let mut parts = Vec::new();
        for index in 0..of {
            let (shard, name) = (format!("{index}/{of}"), format!("part_{index}.jsonl"));
            inspect(&["--shard", &shard, "-o", &name]);
            parts.push(name);
        }
        let merged = merged(folder, &parts, &order, groups);
        let told = fs::read(folder.join(&merged)).unwrap();
        prop_assert_eq!(String::from_utf8(told).unwrap(), String::from_utf8(whole).unwrap());

        let judged = |last: &[&str]| {
            let mut arguments = vec!["check", "--format", "json"];
            arguments.extend(more);
            arguments.extend(last);
            let Said(code, out, _) = batchlint(folder, &arguments, b"");
            (code, String::from_utf8(out).unwrap())
        };
        prop_assert_eq!(judged(&["--facts", &merged]), judged(&["dump"]));
        // Without the merge as well.
        let mut all = vec!["--facts"];
        all.extend(parts.iter().rev().map(String::as_str));
        prop_assert_eq!(judged(&all), judged(&["dump"]));
    }

    #[test]
    fn lists_are_the_scan_of_all_lists(
        files in prop::collection::vec((any::<u8>(), 0_u8..12, 0_usize..4), 1..16),
        spec in 0..SPECS.len(),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        groups in 1_usize..4,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        fs::write(folder.join("batchlint.toml"), SPECS[spec]).unwrap();
        let mut lists = vec![String::new(); 5];
        for (kind, number, list) in files {
            let name = file(folder, kind, number);
            for list in [list, 4] {
                lists[list].extend([&*name, "\n"]);
            }
        }
        let mut parts = Vec::new();
        for (number, list) in lists.iter().enumerate() {
            let name = format!("part_{number}.jsonl");
            let arguments = ["inspect", "--files-from", "-", "--format", "jsonl", "-o", &name];
            let Said(code, _, says) = batchlint(folder, &arguments, list.as_bytes());
            prop_assert!(code == 0 || code == 3, "{}: {}", code, says);
            parts.push(name);
        }
        let whole = fs::read_to_string(folder.join(parts.pop().unwrap())).unwrap();
        let merged = merged(folder, &parts, &order, groups);
        prop_assert_eq!(fs::read_to_string(folder.join(merged)).unwrap(), whole);
    }
}

/// A dump of 40 batches, and its facts in `of` shards.
fn dump(of: u32) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("batchlint.toml"), SPECS[0]).unwrap();
    for number in 0..40 {
        file(folder.path(), if number == 7 { 8 } else { 2 }, number);
        file(folder.path(), 3, number);
    }
    shards(folder.path(), of, "part");
    folder
}

fn shards(folder: &Path, of: u32, name: &str) {
    for index in 0..of {
        let (shard, name) = (format!("{index}/{of}"), format!("{name}_{index}.jsonl"));
        run(folder, &["inspect", "dump", "--format", "jsonl", "--shard", &shard, "-o", &name]);
    }
}

#[test]
fn missing_shards_are_told_and_nothing_passes() {
    let folder = dump(8);
    let folder = folder.path();
    let some: Vec<String> = [0, 1, 3, 4, 6, 7].map(|index| format!("part_{index}.jsonl")).to_vec();
    let mut arguments = vec!["merge".to_owned(), "-o".into(), "some.jsonl".into()];
    arguments.extend(some.clone());
    let Said(code, out, says) = batchlint(folder, &arguments, b"");
    assert_eq!((code, out.len()), (2, 0), "{says}");
    assert!(says.contains("2 of 8 shards are missing: 2, 5") && says.contains("--shard 2/8"), "{says}");
    assert!(!folder.join("some.jsonl").exists());
    arguments.push("--allow-missing".into());
    let Said(code, _, says) = batchlint(folder, &arguments, b"");
    assert!(code == 0 && says.contains("2 of 8 shards are missing: 2, 5"), "{code}: {says}");
    for facts in [vec!["some.jsonl".to_owned()], some] {
        let mut arguments = vec!["check".to_owned(), "--format".into(), "json".into(), "--facts".into()];
        arguments.extend(facts);
        let Said(code, out, says) = batchlint(folder, &arguments, b"");
        let report: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!((code, &report["status"], &report["exit_code"]), (2, &"incomplete".into(), &2.into()));
        assert_eq!(report["coverage"]["shards_missing"], 2);
        assert!(says.starts_with("incomplete: 2 of 8 shards are missing"), "{says}");
        let passed: Vec<&Value> =
            report["checks"].as_array().unwrap().iter().filter(|check| check["outcome"] == "pass").collect();
        assert!(passed.iter().all(|check| check["rule"] == "unsatisfiable-spec"), "{passed:?}");
        let findings = report["diagnostics"].as_array().unwrap();
        // What one file shows is found; what the missing ones would explain is not.
        let rules: Vec<&str> = findings.iter().map(|finding| finding["rule"].as_str().unwrap()).collect();
        assert!(rules.contains(&"label-out-of-range") && rules.contains(&"not-evaluated"), "{rules:?}");
        let alarms = ["missing-input", "numbering-gap", "structure-drift", "rows-lost", "unequal-lengths"];
        assert!(!rules.iter().any(|rule| alarms.contains(rule)), "{rules:?}");
    }
    // The retried shards make it whole.
    let whole = run(folder, &["inspect", "dump", "--format", "jsonl"]);
    let merged = run(folder, &["merge", "some.jsonl", "part_5.jsonl", "part_2.jsonl", "part_5.jsonl"]);
    assert_eq!(merged, whole);
}

#[test]
fn shards_of_several_numbers_and_of_other_files_are_told() {
    let folder = dump(2);
    let folder = folder.path();
    shards(folder, 3, "third");
    let Said(code, _, says) = batchlint(folder, &["merge", "part_1.jsonl", "third_0.jsonl"], b"");
    assert_eq!(code, 2);
    let text = says.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("of a scan that found 80 files, 1 of 2 shards is missing: 0; of a scan that found 80"),
        "{says}"
    );
    // A machine that sees fewer files, or none, has no facts of its shard.
    let elsewhere = tempfile::tempdir().unwrap();
    let part = folder.join("part_1.jsonl");
    let arguments = ["inspect", "dump", "--format", "jsonl", "--shard", "1/2", "-o", part.to_str().unwrap()];
    batchlint(elsewhere.path(), &arguments, b"");
    let Said(code, _, says) = batchlint(folder, &["merge", "part_0.jsonl", "part_1.jsonl"], b"");
    assert!(code == 2 && says.contains("1 of 2 shards is missing: 1"), "{code}: {says}");
    for number in 0..20 {
        file(elsewhere.path(), 2, number);
    }
    batchlint(elsewhere.path(), &arguments, b"");
    let Said(code, _, says) = batchlint(folder, &["merge", "part_0.jsonl", "part_1.jsonl"], b"");
    let text = says.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(code == 2 && text.contains("of a scan that found 20 files, 1 of 2 shards is missing: 0"), "{code}: {says}");
}

#[test]
fn what_changed_between_the_scans_is_told_and_one_look_is_kept() {
    let folder = dump(2);
    let folder = folder.path();
    run(folder, &["inspect", "dump", "--format", "jsonl", "-o", "before.jsonl"]);
    file(folder, 8, 3);
    fs::rename(folder.join("dump/cut_3.npy"), folder.join("dump/x_3.npy")).unwrap();
    run(folder, &["inspect", "dump", "--format", "jsonl", "-o", "after.jsonl"]);
    let Said(code, one, says) = batchlint(folder, &["merge", "before.jsonl", "after.jsonl"], b"");
    assert!(code == 0 && says.contains("1 file was changed between the scans: dump/x_3.npy;"), "{code}: {says}");
    assert_eq!(run(folder, &["merge", "after.jsonl", "before.jsonl"]), one);
    let Said(_, direct, says) =
        batchlint(folder, &["check", "--format", "json", "--facts", "before.jsonl", "after.jsonl"], b"");
    assert!(says.contains("1 file was changed between the scans: dump/x_3.npy;"), "{says}");
    let Said(_, merged, _) = batchlint(folder, &["check", "--format", "json", "--facts", "-"], &one);
    assert_eq!(direct, merged);
}

#[test]
fn shards_that_were_not_asked_the_same_are_told() {
    let folder = dump(2);
    let folder = folder.path();
    let other = SPECS[0].replace("max = 1", "max = 0.5");
    fs::write(folder.join("other.toml"), other).unwrap();
    run(
        folder,
        &["inspect", "dump", "--format", "jsonl", "--shard", "1/2", "--spec", "other.toml", "-o", "part_1.jsonl"],
    );
    for command in [&["merge"][..], &["check", "--facts"]] {
        let Said(_, _, says) = batchlint(folder, &[command, &["part_0.jsonl", "part_1.jsonl"]].concat(), b"");
        assert!(says.contains("the shards were not asked the same"), "{says}");
    }
    shards(folder, 2, "part");
    let Said(_, _, says) = batchlint(folder, &["merge", "part_0.jsonl", "part_1.jsonl"], b"");
    assert!(!says.contains("asked"), "{says}");
}

#[test]
fn facts_that_were_cut_off_are_refused() {
    let folder = dump(2);
    let folder = folder.path();
    let text = fs::read_to_string(folder.join("part_0.jsonl")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    fs::write(folder.join("cut.jsonl"), lines[..lines.len() - 1].join("\n")).unwrap();
    for command in [&["merge", "cut.jsonl", "part_1.jsonl"][..], &["check", "--facts", "part_1.jsonl", "cut.jsonl"]] {
        let Said(code, out, says) = batchlint(folder, command, b"");
        let text = says.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!((code, out.len()), (2, 0));
        let expected = format!("cut.jsonl: the facts were cut off: shard 0/2 has {} files", lines.len() - 1);
        assert!(text.contains(&expected), "{says}");
    }
    // In the middle of what `cat` made as well.
    let Said(code, _, says) = batchlint(folder, &["merge", "-"], (lines[..3].join("\n") + "\n" + &text).as_bytes());
    assert!(code == 2 && says.contains("cut off"), "{says}");
}

#[test]
fn lines_in_another_order_and_odd_files_are_read_or_refused() {
    let folder = dump(1);
    let folder = folder.path();
    let whole = run(folder, &["inspect", "dump", "--format", "jsonl"]);
    let text = String::from_utf8(whole.clone()).unwrap();
    let (head, rest) = text.split_once('\n').unwrap();
    let mut lines: Vec<&str> = rest.lines().collect();
    lines.reverse();
    let mixed = format!("{head}\n\n{}\n\n\n", lines.join("\r\n \n"));
    let Said(code, out, says) = batchlint(folder, &["merge", "-"], mixed.as_bytes());
    assert_eq!((code, String::from_utf8(out).unwrap()), (0, text.clone()), "{says}");
    let refused = |input: &[u8]| {
        let Said(code, out, says) = batchlint(folder, &["merge", "-", "part_0.jsonl"], input);
        assert_eq!((code, out.len()), (2, 0), "{says}");
        says.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert!(refused(b"").contains("stdin: not a facts file"));
    assert!(refused(rest.as_bytes()).contains("stdin: not a facts file"));
    assert!(refused(format!("{head}\n{{\"path\":").as_bytes()).contains("stdin: line 2, column 8: EOF"));
    assert!(refused(format!("{head}\n{{\"facts\": 2, \"tool\": \"later\"}}\n").as_bytes()).contains("facts version 2"));
    let part = "{\"index\":3,\"of\":2,\"files\":0,\"found\":{\"files\":0,\"paths\":\"0000000000000000\"},\"asks\":\"0000000000000000\"}";
    let odd = format!("{{\"facts\":1,\"tool\":\"t\",\"shards\":[{part}]}}\n");
    assert!(refused(odd.as_bytes()).contains("line 1: there is no such shard"));
    // A line that cannot be true stands in the output of nobody.
    let Said(code, _, says) =
        batchlint(folder, &["merge", "-", "-o", "new.jsonl"], format!("{head}\n{{\"path\":\"a\"}}\n").as_bytes());
    assert!(code == 2 && says.contains("stdin: line 2") && !folder.join("new.jsonl").exists(), "{says}");
    let Said(code, _, says) = batchlint(folder, &["merge", "no.jsonl"], b"");
    assert!(code == 2 && says.contains("cannot read no.jsonl"), "{says}");
}

#[test]
fn a_shard_without_files_of_its_own_is_no_trouble_and_nothing_at_all_is() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    file(folder, 2, 0);
    let code = |arguments: &[&str]| batchlint(folder, arguments, b"").0;
    let codes: Vec<i32> = (0..9).map(|index| code(&["inspect", "dump", "--shard", &format!("{index}/9")])).collect();
    assert_eq!(codes, [0; 9]);
    fs::create_dir(folder.join("empty")).unwrap();
    assert_eq!(code(&["inspect", "empty", "--shard", "0/2"]), 3);
}

#[test]
fn a_line_that_names_nothing_is_a_finding_and_never_a_glob() {
    let folder = dump(1);
    let folder = folder.path();
    let list = "dump/x_0.npy\nno*.npy\ndump/x_[12].npy\n";
    let arguments = ["check", "--files-from", "-", "--format", "json", "--select", "unreadable-source", "--all-places"];
    let Said(code, out, says) = batchlint(folder, &arguments, list.as_bytes());
    let report: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!((code, &report["coverage"]["sources"]), (1, &3.into()), "{says}");
    let places: Vec<&Value> =
        report["diagnostics"][0]["places"].as_array().unwrap().iter().map(|at| &at["source"]).collect();
    assert_eq!(places, ["dump/x_[12].npy", "no*.npy"]);
    // The list alone is looked at, not the working folder as well; paths beside it are.
    let Said(code, ..) = batchlint(folder, &["check", "--files-from", "-"], b"");
    assert_eq!(code, 3);
    let Said(_, out, _) =
        batchlint(folder, &["inspect", "dump", "--files-from", "-", "--format", "jsonl"], b"no.npy\n");
    assert_eq!(String::from_utf8(out).unwrap().lines().count(), 82);
}
