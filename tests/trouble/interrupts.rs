//! Ctrl-C and SIGTERM at every stage: while files are looked for, while headers are read, while values are; once and twice.

use std::fs;
use std::path::Path;
use std::process::Child;

use serde_json::Value;

use super::support::recipe;
use super::tool::{batchlint, files, finished, project, signal, sparse, told, until};

/// So many files that their headers take a while; each thread reads hundreds between two looks at the signal.
const FILES: usize = 60_000;

/// Bytes that the process has read so far, by calls of the system.
fn read(child: &Child, what: &str) -> u64 {
    let io = fs::read_to_string(format!("/proc/{}/io", child.id())).unwrap_or_default();
    let line = io.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(": "));
    line.and_then(|bytes| bytes.parse().ok()).unwrap_or(0)
}

/// Whether the process has said what it does about SIGINT.
fn hears(child: &Child) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigCgt:\t"));
    line.and_then(|mask| u64::from_str_radix(mask, 16).ok()).is_some_and(|mask| mask & 2 > 0)
}

/// A file is one inode here: all names lead to it.
fn many(folder: &Path) {
    let first = folder.join("data.bin");
    fs::write(&first, recipe::npy("x", &["float32[8, 2]"])).unwrap();
    for i in 0..FILES {
        let part = folder.join(format!("{}", i / 1000));
        if i % 1000 == 0 {
            fs::create_dir(&part).unwrap();
        }
        // A file has 65,000 names at most.
        fs::hard_link(&first, part.join(format!("x_{i}.npy"))).unwrap();
    }
}

#[test]
fn the_first_signal_ends_the_search_and_the_headers_and_nothing_is_judged() {
    let folder = project();
    many(folder.path());
    for name in ["INT", "TERM"] {
        // As soon as it can be told, while folders are walked, and while headers are read: one read call per file.
        for calls in [0, 3_000] {
            let arguments = ["check", "--format", "json", "--report", "concise=report.txt"];
            let mut child = batchlint(folder.path(), &arguments).spawn().unwrap();
            until(&mut child, |child| hears(child) && read(child, "syscr") >= calls);
            signal(&child, name);
            let (code, out, err) = told(finished(child));
            assert_eq!(code, Some(2), "{name} after {calls}: {err}");
            let report: Value = serde_json::from_str(&out).unwrap();
            assert_eq!(report["status"], "error", "{name} after {calls}: {report:#}");
            let message = report["errors"][0]["message"].as_str().unwrap();
            assert!(message.starts_with("interrupted before the header of every file was read"), "{message}");
            let beside = fs::read_to_string(folder.path().join("report.txt")).unwrap();
            assert!(beside.contains("interrupted before"), "{beside}");
        }
    }
}

/// A folder whose values take for ever.
fn large() -> tempfile::TempDir {
    let folder = project();
    sparse(&folder.path().join("b_0.npy"), 1 << 36);
    fs::write(folder.path().join("facts.jsonl"), "old").unwrap();
    folder
}

#[test]
fn sigterm_ends_the_reading_as_ctrl_c_does() {
    let folder = large();
    let mut child = batchlint(folder.path(), &["check", "--format", "json"]).spawn().unwrap();
    until(&mut child, |child| read(child, "rchar") > 16 << 20);
    signal(&child, "TERM");
    let (code, out, _) = told(finished(child));
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &report["status"]), (Some(2), &"interrupted".into()));
}

#[test]
fn the_second_signal_ends_everything_and_no_draft_is_left() {
    for (first, second) in [("INT", "INT"), ("TERM", "INT"), ("INT", "TERM")] {
        let folder = large();
        let arguments = ["inspect", "--format", "jsonl", "-o", "facts.jsonl"];
        let mut child = batchlint(folder.path(), &arguments).spawn().unwrap();
        until(&mut child, |child| read(child, "rchar") > 16 << 20);
        assert_eq!(files(folder.path()).len(), 3, "the draft is there");
        // While it is stopped it can do nothing about the first: both come at once.
        for name in ["STOP", first, second, "CONT"] {
            signal(&child, name);
        }
        let output = finished(child);
        assert_eq!(output.status.code(), Some(2), "{first} {second}: {output:?}");
        assert_eq!(files(folder.path()), ["b_0.npy", "facts.jsonl"], "{first} {second}");
        assert_eq!(fs::read_to_string(folder.path().join("facts.jsonl")).unwrap(), "old");
    }
}
