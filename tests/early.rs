//! `--fail-fast`: values are read until it is certain that the check fails, and no further.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use support::dump::npy;
use support::recipe;

const SPEC: &str = "framework = \"torch\"\n[inputs.x]\ndtype = \"float32\"\nshape = [\"batch\", 1024]\n";
/// Rows of an array of 72 MiB: more than is read before anybody asks whether that is enough.
const ROWS: u64 = 18 * 1024;

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_batchlint")).current_dir(folder).args(arguments).output().unwrap()
}

fn report(folder: &Path, arguments: &[&str]) -> Value {
    let output = run(folder, &[&["check", "--format", "json"], arguments].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    fs::write(folder.path().join("batchlint.toml"), SPEC).unwrap();
    folder
}

/// A batch of zeros, with holes on disk, whose first values are these.
fn large(folder: &Path, name: &str, dtype: &str, values: &[f32]) {
    let values: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let content = npy(dtype, false, &format!("({ROWS}, 1024)"), &values);
    let header = (content.len() - values.len()) as u64;
    let mut file = File::create(folder.join(name)).unwrap();
    file.write_all(&content).unwrap();
    let item = if dtype == "<f4" { 4 } else { 8 };
    file.set_len(header + ROWS * 1024 * item).unwrap();
}

fn finding<'r>(report: &'r Value, rule: &str) -> &'r Value {
    let all = report["diagnostics"].as_array().unwrap();
    all.iter().find(|found| found["rule"] == rule).unwrap_or_else(|| panic!("no {rule}: {report}"))
}

#[test]
fn the_reading_ends_once_a_value_fails_the_check() {
    let folder = folder();
    for batch in 0..3 {
        large(folder.path(), &format!("x_{batch}.npy"), "<f4", &[f32::NAN]);
    }
    let select = ["--select", "non-finite-values,constant-feature,not-evaluated"];
    let whole = report(folder.path(), &select);
    assert_eq!(finding(&whole, "non-finite-values")["found"].as_str().unwrap().matches("3 of 3 batches").count(), 1);
    assert!(whole["coverage"].get("stopped_early").is_none());
    let early = report(folder.path(), &[&select[..], &["--fail-fast"]].concat());
    let found = finding(&early, "non-finite-values");
    assert!(found["found"].as_str().unwrap().contains("at least 1 of 3 batches"), "{found}");
    assert_eq!(found["count"], 1);
    assert_eq!((&early["coverage"]["stopped_early"], &early["exit_code"]), (&true.into(), &1.into()));
    let blind = finding(&early, "not-evaluated");
    assert!(blind["message"].as_str().unwrap().contains("`--fail-fast` ends the reading"), "{blind}");
    assert!(blind["help"].as_str().unwrap().contains("leave out `--fail-fast`"), "{blind}");
    let text = run(folder.path(), &[&["check", "--fail-fast"], &select[..]].concat());
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("at least 1 of 3 batches"), "{text}");
    let coverage = run(folder.path(), &["check", "--fail-fast", "--select", "non-finite-values"]);
    let coverage = String::from_utf8(coverage.stderr).unwrap();
    assert!(coverage.contains("stopped early: 2 of 3 arrays were not read"), "{coverage}");
}

#[test]
fn no_value_is_read_where_headers_fail_the_check() {
    let folder = folder();
    large(folder.path(), "x_0.npy", "<f8", &[]);
    large(folder.path(), "x_1.npy", "<f4", &[f32::NAN]);
    let early = report(folder.path(), &["--fail-fast", "--level", "dtype=error"]);
    let rules: Vec<&str> =
        early["diagnostics"].as_array().unwrap().iter().map(|found| found["rule"].as_str().unwrap()).collect();
    assert!(rules.contains(&"double-precision") && !rules.contains(&"non-finite-values"), "{rules:?}");
    assert!(!finding(&early, "double-precision")["found"].as_str().unwrap().contains("at least"));
    let coverage = run(folder.path(), &["check", "--fail-fast", "--level", "dtype=error"]);
    let coverage = String::from_utf8(coverage.stderr).unwrap();
    assert!(coverage.contains("stopped early: 2 of 2 arrays were not read"), "{coverage}");
}

#[test]
fn what_passes_is_read_to_its_end_and_what_is_small_is_read_at_once() {
    for (dtype, shape, arguments) in
        [("float32", "4, 1024", &[][..]), ("int64", "4, 1024", &["--fail-on", "error"]), ("float32", "4, 9", &[])]
    {
        let folder = folder();
        for batch in 0..4 {
            let content = recipe::npz(&batch.to_string(), &[&format!("x: {dtype}[{shape}]")]);
            fs::write(folder.path().join(format!("batch_{batch}.npz")), content).unwrap();
        }
        let (whole, early) =
            (report(folder.path(), arguments), report(folder.path(), &[arguments, &["--fail-fast"]].concat()));
        assert_eq!(whole["exit_code"], early["exit_code"], "{dtype} {shape}");
        if whole["exit_code"] == 0 {
            assert_eq!(whole, early, "{dtype} {shape}");
        }
    }
}

#[test]
fn saved_facts_are_all_there_is() {
    let output = run(folder().path(), &["check", "--facts", "facts.jsonl", "--fail-fast"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_baseline_is_of_everything() {
    let folder = folder();
    for batch in 0..2 {
        large(folder.path(), &format!("x_{batch}.npy"), "<f4", &[f32::NAN]);
    }
    let select = ["--select", "non-finite-values"];
    fs::write(folder.path().join("batchlint.toml"), format!("{SPEC}[read]\nfail_fast = true\n")).unwrap();
    assert_eq!(report(folder.path(), &select)["coverage"]["stopped_early"], true);
    let written = run(folder.path(), &[&["baseline", "write"], &select[..]].concat());
    assert_eq!(written.status.code(), Some(0), "{written:?}");
    let known = report(folder.path(), &[&select[..], &["--baseline", "batchlint-baseline.json"]].concat());
    assert_eq!(known["exit_code"], 0, "{known}");
    let by_flag = run(folder.path(), &["baseline", "write", "--fail-fast"]);
    assert_eq!(by_flag.status.code(), Some(2));
}
