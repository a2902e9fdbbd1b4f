//! Ctrl-C as the system sends it: the first ends the reading and not the report.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;
use support::recipe;

/// A folder with a batch that is read in no time and one of 64 GiB, which has no bytes on the disk.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    let mut small = File::create(folder.path().join("a_0.npy")).unwrap();
    small.write_all(&recipe::npy("a", &["float32[4, 4]; [1, 1] = nan"])).unwrap();
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (17179869184,), }";
    let mut large = File::create(folder.path().join("b_0.npy")).unwrap();
    large.write_all(b"\x93NUMPY\x01\0\x76\0").unwrap();
    large.write_all(format!("{header:<117}\n").as_bytes()).unwrap();
    large.set_len(128 + (64 << 30)).unwrap();
    folder
}

/// Starts the command, and interrupts it when it has read more than all headers and the small file.
fn interrupted(folder: &Path, arguments: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_batchlint"))
        .args(arguments)
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while read(&child) < 16 << 20 {
        assert_eq!(child.try_wait().unwrap(), None, "it ended before it read the large file");
        sleep(Duration::from_millis(5));
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    child.wait_with_output().unwrap()
}

/// Bytes that the process has read so far.
fn read(child: &Child) -> u64 {
    let io = fs::read_to_string(format!("/proc/{}/io", child.id())).unwrap_or_default();
    let line = io.lines().find_map(|line| line.strip_prefix("rchar: "));
    line.and_then(|bytes| bytes.parse().ok()).unwrap_or(0)
}

#[test]
fn the_first_ends_the_reading_and_the_report_says_what_is_missing() {
    let folder = folder();
    let output = interrupted(folder.path(), &["check", "--format", "json", "--report", "concise=report.txt"]);
    assert_eq!(output.status.code(), Some(2));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["status"], &report["exit_code"]), (&"interrupted".into(), &2.into()));
    assert_eq!(report["coverage"]["interrupted"], true);
    let checks = report["checks"].as_array().unwrap();
    let blind = checks.iter().filter(|check| check["outcome"] == "not-evaluated");
    assert!(blind.into_iter().any(|check| check["reason"].as_str().unwrap().contains("the run was interrupted")));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("interrupted: "), "{stderr}");
    assert!(stderr.contains(" of 2 arrays were not read"), "{stderr}");
    assert!(fs::read_to_string(folder.path().join("report.txt")).unwrap().contains("not-evaluated"));
}

#[test]
fn facts_that_are_not_whole_replace_nothing() {
    let folder = folder();
    fs::write(folder.path().join("facts.jsonl"), "old").unwrap();
    let output = interrupted(folder.path(), &["inspect", "--format", "jsonl", "-o", "facts.jsonl"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(fs::read_to_string(folder.path().join("facts.jsonl")).unwrap(), "old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4, "a draft was left behind");
}
