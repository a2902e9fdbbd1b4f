//! Every limit that can be set: set low, it is hit and told; set higher, the same data is read. By flag and by file, and the
//! flag wins.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use batchlint::config::limits::{Limit, Limits};
use serde_json::{Value, json};
use support::recipe;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Data that one limit can be hit with.
struct Case {
    limit: Limit,
    /// A value that is too low for the data, and one that is not.
    low: &'static str,
    raised: &'static str,
    /// Limits that are the same in all runs.
    others: &'static [&'static str],
    /// Makes the data.
    make: fn(&Path),
    /// The command, and what it is sent.
    command: &'static [&'static str],
    stdin: fn() -> Vec<u8>,
    /// What is said when the limit is hit, and not when it is not.
    told: &'static str,
}

const CHECK: &[&str] = &["check", "."];
const MODEL: &[&str] = &["check", ".", "--model", "model.json"];
const LISTEN: &[&str] = &["listen"];

fn nothing() -> Vec<u8> {
    Vec::new()
}

const CASES: &[Case] = &[
    Case {
        limit: Limit::HeaderCharacters,
        low: "100",
        raised: "200",
        others: &[],
        make: plain,
        command: CHECK,
        stdin: nothing,
        told: "header is longer than the limit `header_characters` of 100 characters",
    },
    Case {
        limit: Limit::HeaderDepth,
        low: "1",
        raised: "2",
        others: &[],
        make: plain,
        command: CHECK,
        stdin: nothing,
        told: "`--limit header_depth=...`",
    },
    Case {
        limit: Limit::ArchiveMembers,
        low: "1",
        raised: "2",
        others: &[],
        make: |folder| deflated(folder, "a.npz", &["x", "y"], 64),
        command: CHECK,
        stdin: nothing,
        told: "`--limit archive_members=...`",
    },
    Case {
        limit: Limit::MemberBytes,
        low: "1 KB",
        raised: "10 KiB",
        others: &[],
        make: |folder| deflated(folder, "a.npz", &["x"], 4096),
        command: CHECK,
        stdin: nothing,
        told: "it inflates to more than the limit `member_bytes` of 1,000 bytes",
    },
    Case {
        limit: Limit::RunBytes,
        low: "6000",
        raised: "1MiB",
        others: &[],
        make: |folder| {
            deflated(folder, "a.npz", &["x"], 4096);
            deflated(folder, "b.npz", &["x"], 4096);
        },
        command: CHECK,
        stdin: nothing,
        told: "the archives of this run inflate to more than the limit `run_bytes` of 6,000 bytes",
    },
    Case {
        limit: Limit::BombRatio,
        low: "10",
        raised: "2000",
        others: &["bomb_bytes=1MiB"],
        make: |folder| deflated(folder, "a.npz", &["x"], 2 << 20),
        command: CHECK,
        stdin: nothing,
        told: "`--limit bomb_ratio=2000`",
    },
    Case {
        limit: Limit::BombBytes,
        low: "1MiB",
        raised: "3MiB",
        others: &["bomb_ratio=10"],
        make: |folder| deflated(folder, "a.npz", &["x"], 2 << 20),
        command: CHECK,
        stdin: nothing,
        told: "A member that shrinks so far is no larger than 1 MiB.",
    },
    Case {
        limit: Limit::ModelBytes,
        low: "100",
        raised: "1 MiB",
        others: &[],
        make: model,
        command: MODEL,
        stdin: nothing,
        told: "it is larger than the limit `model_bytes` of 100 bytes",
    },
    Case {
        limit: Limit::ModelJsonBytes,
        low: "100",
        raised: "1 MiB",
        others: &[],
        make: model,
        command: MODEL,
        stdin: nothing,
        told: "is larger than the limit `model_json_bytes` of 100 bytes",
    },
    Case {
        limit: Limit::ModelDepth,
        low: "3",
        raised: "100",
        others: &[],
        make: model,
        command: MODEL,
        stdin: nothing,
        told: "nests deeper than the limit `model_depth` of 3 levels",
    },
    Case {
        limit: Limit::FrameJsonBytes,
        low: "100",
        raised: "1 MiB",
        others: &[],
        make: |_| {},
        command: LISTEN,
        stdin: stream,
        told: "is larger than the limit `frame_json_bytes` of 100 bytes",
    },
    Case {
        limit: Limit::FramePayloadBytes,
        low: "10",
        raised: "1 MiB",
        others: &[],
        make: |_| {},
        command: LISTEN,
        stdin: stream,
        told: "its batch is larger than the limit `frame_payload_bytes` of 10 bytes",
    },
];

/// One array of 118 characters of header.
fn plain(folder: &Path) {
    fs::write(folder.join("x.npy"), recipe::npy("x", &["float32[2, 3]"])).unwrap();
}

/// An archive of arrays of that many zero bytes.
fn deflated(folder: &Path, name: &str, keys: &[&str], bytes: usize) {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for key in keys {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file(format!("{key}.npy"), options).unwrap();
        zip.write_all(&recipe::npy(key, &[&format!("uint8[4, {}] = 0", bytes / 4)])).unwrap();
    }
    fs::write(folder.join(name), zip.finish().unwrap().into_inner()).unwrap();
}

/// Data, and a model of Keras that takes it.
fn model(folder: &Path) {
    plain(folder);
    let config = json!({
        "name": "m",
        "layers": [
            { "class_name": "InputLayer", "config": { "name": "x", "dtype": "float32", "batch_shape": [null, 3] } },
            { "class_name": "Dense", "config": { "name": "d", "units": 2 } },
        ],
    });
    let model = json!({ "class_name": "Sequential", "config": config, "keras_version": "3.0.0" });
    fs::write(folder.join("model.json"), model.to_string()).unwrap();
}

/// What a program sends that hands out one batch.
fn stream() -> Vec<u8> {
    let frame = |kind: u8, json: &Value, payload: &[u8]| {
        let json = json.to_string().into_bytes();
        let mut bytes = b"BLF1".to_vec();
        bytes.extend([kind, u8::from(!payload.is_empty()), 0, 0]);
        bytes.extend(u32::try_from(json.len()).unwrap().to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend((payload.len() as u64).to_le_bytes());
        [bytes, json, payload.to_vec()].concat()
    };
    let leaf = json!({
        "path": ["x"], "py": "numpy.ndarray", "kind": "array", "via": "numpy", "descr": "<f4", "dtype": "float32",
        "shape": [4], "c": true, "f": true, "writeable": true, "aligned": true, "nbytes": 16, "off": 0, "len": 16,
    });
    [
        frame(0, &json!({ "v": 1, "python": "3.11.0", "executable": "fake" }), b""),
        frame(1, &json!({ "target": "gen", "run": 0, "kind": "generator", "class": "generator" }), b""),
        frame(2, &json!({ "run": 0, "i": 0, "next_s": 0.1, "tree": "leaf", "leaves": [leaf] }), &[0; 16]),
        frame(4, &json!({ "run": 0, "reason": "exhausted", "batches": 1, "wall_s": 0.1 }), b""),
    ]
    .concat()
}

/// Runs a command in the folder, with limits in the file and as flags, and gives the exit code and all that it said.
fn run(folder: &Path, file: &[(Limit, &str)], flags: &[String], command: &[&str], stdin: &[u8]) -> (i32, String) {
    let lines = file.iter().map(|(limit, value)| {
        let value = if value.parse::<u64>().is_ok() { (*value).to_owned() } else { format!("\"{value}\"") };
        format!("{} = {value}\n", limit.key())
    });
    fs::write(folder.join("batchlint.toml"), format!("[limits]\n{}", lines.collect::<String>())).unwrap();
    let flags = flags.iter().flat_map(|flag| ["--limit", flag]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_batchlint"))
        .args(command)
        .args(flags)
        .current_dir(folder)
        .env("COLUMNS", "100000")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It ends before it has read everything where the channel is broken.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    let output = child.wait_with_output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), flat(&String::from_utf8_lossy(&text)))
}

/// In one line, however it was broken.
fn flat(text: &str) -> String {
    text.replace("\\n", " ").replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn given(case: &Case, value: &str) -> Vec<String> {
    let own = format!("{}={value}", case.limit.key());
    case.others.iter().map(|other| (*other).to_owned()).chain([own]).collect()
}

#[test]
fn every_limit_is_hit_and_told_and_can_be_raised() {
    for limit in Limit::ALL {
        let cases = CASES.iter().filter(|case| case.limit == *limit);
        assert_eq!(cases.count(), 1, "`{}` has no case here that shows what it does", limit.key());
    }
    for case in CASES {
        let key = case.limit.key();
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".git")).unwrap();
        (case.make)(folder.path());
        let stdin = (case.stdin)();
        let others: Vec<String> = case.others.iter().map(|other| (*other).to_owned()).collect();
        let run = |file: &[(Limit, &str)], flags: &[String]| run(folder.path(), file, flags, case.command, &stdin);
        let told = |(_, text): &(i32, String)| text.contains(case.told);
        let raises = |(_, text): &(i32, String)| text.contains(&format!("`--limit {key}="));
        let by_flag = run(&[], &given(case, case.low));
        assert!(told(&by_flag) && raises(&by_flag), "{key}: {}", by_flag.1);
        let by_file = run(&[(case.limit, case.low)], &others);
        assert_eq!(by_file, by_flag, "{key}: the line does what the flag does");
        let raised = run(&[(case.limit, case.low)], &given(case, case.raised));
        assert!(!told(&raised) && raised.0 == 0, "{key}: the flag wins: {}", raised.1);
        assert_eq!(run(&[(case.limit, case.raised)], &others), raised, "{key}");
        // A file with dashes would be a mistake; a flag with dashes is a habit.
        let dashed: Vec<String> = given(case, case.low).iter().map(|flag| flag.replace('_', "-")).collect();
        assert_eq!(run(&[], &dashed), by_flag, "{key}");
    }
}

#[test]
fn what_is_not_read_because_of_a_limit_is_never_a_pass() {
    for case in CASES {
        let folder = tempfile::tempdir().unwrap();
        (case.make)(folder.path());
        let stdin = (case.stdin)();
        let command = [case.command, &["--require-complete"]].concat();
        let low = run(folder.path(), &[], &given(case, case.low), &command, &stdin);
        if case.command != LISTEN {
            assert!(matches!(low.0, 1 | 2) || low.1.contains("warning["), "{}: {}", case.limit.key(), low.1);
        }
        assert!(!low.1.contains(" clean;") && !low.1.starts_with("clean;"), "{}: {}", case.limit.key(), low.1);
    }
}

#[test]
fn every_command_that_reads_takes_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    plain(folder.path());
    let flags = ["header_characters=100".to_owned()];
    for command in [&["check", "."][..], &["fix", "."]] {
        let (_, low) = run(folder.path(), &[], &flags, command, b"");
        assert!(low.contains("header_characters") || low.contains("0 batches"), "{command:?}: {low}");
    }
    let inspect = |flags: &[String]| run(folder.path(), &[], flags, &["inspect", "."], b"").1;
    assert!(inspect(&[]).contains("[2, 3]"), "{}", inspect(&[]));
    assert!(!inspect(&flags).contains("[2, 3]"), "{}", inspect(&flags));
    let init = |flags: &[String]| run(folder.path(), &[], flags, &["init", "--from", "."], b"");
    assert!(init(&[]).0 == 0 && init(&flags).0 == 2, "{init:?}", init = init(&flags));
}

/// A header of more than 10,000 characters, of 600 fields.
fn long(folder: &Path) {
    let fields: Vec<String> = (0..600).map(|i| format!("('field_{i:04}', '<f4')")).collect();
    let text = format!("{{'descr': [{}], 'fortran_order': False, 'shape': (2,), }}", fields.join(", "));
    let length = (10 + text.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = [&b"\x93NUMPY\x01\0"[..], &u16::try_from(length).unwrap().to_le_bytes(), text.as_bytes()].concat();
    bytes.resize(10 + length - 1, b' ');
    bytes.push(b'\n');
    bytes.resize(bytes.len() + 2 * 600 * 4, 0);
    fs::write(folder.join("x.npy"), bytes).unwrap();
}

#[test]
fn that_numpy_refuses_a_header_is_said_whatever_the_limit_is() {
    let folder = tempfile::tempdir().unwrap();
    long(folder.path());
    let refuses = "header is longer than `np.load` reads";
    let (code, default) = run(folder.path(), &[], &[], CHECK, b"");
    assert!(code == 1 && default.contains(refuses) && default.contains("`--limit header_characters=...`"), "{default}");
    assert!(default.contains("0 batches"), "{default}");
    let raised = ["header_characters=40000".to_owned()];
    let (code, wide) = run(folder.path(), &[], &raised, CHECK, b"");
    assert!(code == 1 && wide.contains(refuses) && !wide.contains("header_characters=..."), "{wide}");
    assert!(wide.contains("1 batch in 1 file, 2 samples"), "{wide}");
}

#[test]
fn a_value_that_no_limit_can_have_is_told_at_its_place() {
    let folder = tempfile::tempdir().unwrap();
    plain(folder.path());
    for (key, value, why) in [
        ("member_bytes", "0", "this is no amount of memory"),
        ("header_characters", "0", "1"),
        ("member_bytes", "99999999999999999999 GiB", "this is no amount of memory"),
        ("header_characters", "99999999999999999999", "header_characters"),
        ("header_depth", "201", "`header_depth` is at most 200 levels, not 201 levels"),
        ("frame_json_bytes", "1 TB", "`frame_json_bytes` is at most"),
        ("header_charactrs", "5", "did you mean `header_characters`?"),
        ("nonsense", "5", "header_characters"),
    ] {
        let (code, flag) = run(folder.path(), &[], &[format!("{key}={value}")], CHECK, b"");
        assert!(code == 2 && flag.contains(why), "--limit {key}={value}: {flag}");
        let quotes = if value.contains(' ') { "\"" } else { "" };
        fs::write(folder.path().join("batchlint.toml"), format!("[limits]\n{key} = {quotes}{value}{quotes}\n"))
            .unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_batchlint")).args(CHECK).current_dir(folder.path()).output();
        let output = output.unwrap();
        let line = flat(&String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(2), "{key} = {value}: {line}");
        assert!(line.contains("batchlint.toml:2:") && line.contains(why), "{key} = {value}: {line}");
    }
    let (code, text) = run(folder.path(), &[], &["member_bytes".to_owned()], CHECK, b"");
    assert!(code == 2 && text.contains("expected KEY=VALUE"), "{text}");
}

#[test]
fn limits_stand_in_pyproject_too() {
    let folder = tempfile::tempdir().unwrap();
    plain(folder.path());
    fs::write(folder.path().join("pyproject.toml"), "[tool.batchlint.limits]\nheader_characters = 100\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_batchlint")).args(CHECK).current_dir(folder.path()).output().unwrap();
    assert!(flat(&String::from_utf8_lossy(&output.stdout)).contains("`header_characters` of 100 characters"));
}

/// The limit on the run goes by what the directories declare, in the order of the files: the same arrays are left out
/// however many threads read.
#[test]
fn the_limit_on_a_run_leaves_out_the_same_arrays_every_time() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..40 {
        deflated(folder.path(), &format!("{i:02}.npz"), &["x"], 4096);
    }
    let unread = || {
        let arguments = ["inspect", ".", "--format", "jsonl", "--limit", "run_bytes=60000"];
        let output =
            Command::new(env!("CARGO_BIN_EXE_batchlint")).args(arguments).current_dir(folder.path()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| line.contains("\"run_bytes\"")).collect::<Vec<bool>>()
    };
    let first = unread();
    // 4,096 bytes and a header of 128 each.
    assert_eq!(first.iter().filter(|left_out| **left_out).count(), 40 - 60_000 / 4224, "{first:?}");
    assert_eq!(first, unread());
}

#[test]
fn the_widest_limits_are_within_reach_of_the_file() {
    for limit in Limit::ALL {
        assert!(Limits::widest().get(*limit) >= Limits::default().get(*limit), "{}", limit.key());
    }
}
