//! `baseline`: what was wrong already is hidden, what is new is shown, what is gone is told, and nothing else is.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use support::recipe;

const SPEC: &str = "framework = \"torch\"\n[inputs.x]\ndtype = \"float32\"\nshape = [\"batch\", 6]\n";
const FILE: &str = "batchlint-baseline.json";

/// A folder with a spec and a batch of each type.
fn folder(dtypes: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    fs::write(folder.path().join("batchlint.toml"), SPEC).unwrap();
    for (i, dtype) in dtypes.iter().enumerate() {
        batch(folder.path(), i, dtype);
    }
    folder
}

fn batch(folder: &Path, i: usize, dtype: &str) {
    let name = format!("batch_{i}.npz");
    fs::write(folder.join(&name), recipe::npz(&name, &[&format!("x: {dtype}[8, 6]")])).unwrap();
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_batchlint"));
    command.current_dir(folder).args(arguments).output().unwrap()
}

fn code(folder: &Path, arguments: &[&str]) -> i32 {
    run(folder, arguments).status.code().unwrap()
}

fn report(folder: &Path, arguments: &[&str]) -> Value {
    let arguments = [&["check", "--format", "json"], arguments].concat();
    serde_json::from_slice(&run(folder, &arguments).stdout).unwrap()
}

const KNOWN: [&str; 2] = ["--baseline", FILE];

#[test]
fn what_was_there_is_hidden_and_counted_apart() {
    let folder = folder(&["float64", "float32", "float64"]);
    let path = folder.path();
    assert_eq!(code(path, &["check"]), 1);
    assert_eq!(code(path, &["baseline", "write"]), 0);
    let report = report(path, &KNOWN);
    assert_eq!((&report["status"], &report["exit_code"]), (&"clean".into(), &0.into()), "{report:#}");
    let coverage = &report["coverage"];
    assert_eq!((&coverage["baseline"], &coverage["allowed"]), (&1.into(), &0.into()));
    assert_eq!((&coverage["failed"], &coverage["baseline_gone"]), (&0.into(), &0.into()));
    let summary = String::from_utf8(run(path, &["check", "--baseline", FILE]).stderr).unwrap();
    assert!(summary.starts_with("clean, 1 in the baseline; "), "{summary}");
    assert_eq!(code(path, &["check"]), 1, "without the flag all is as it was");
}

#[test]
fn one_more_is_shown_as_one_more() {
    let folder = folder(&["float64", "float32", "float64"]);
    let path = folder.path();
    run(path, &["baseline", "write"]);
    batch(path, 1, "float64");
    let report = report(path, &KNOWN);
    assert_eq!(report["exit_code"], 1);
    let found = &report["diagnostics"][0];
    assert_eq!((&found["count"], &found["known"]), (&3.into(), &2.into()), "{found:#}");
    assert_eq!(found["found"], "float64 in 3 of 3 batches; 1 new, 2 in the baseline");
    let places = found["places"].as_array().unwrap();
    assert_eq!((places.len(), &places[0]["source"]), (1, &"batch_1.npz".into()));
    let text = String::from_utf8(run(path, &["check", "--baseline", FILE]).stdout).unwrap();
    assert!(text.contains("at: batch_1.npz::x\n"), "no others are counted as further places: {text}");
    // Another rule, in a file that has a fault already, is new.
    batch(path, 1, "int64");
    let report = self::report(path, &KNOWN);
    assert_eq!(report["diagnostics"][0]["rule"], "wrong-dtype", "{report:#}");
}

#[test]
fn what_is_gone_asks_to_be_pruned_and_comes_back_as_new() {
    let folder = folder(&["float64", "float32", "float64"]);
    let path = folder.path();
    run(path, &["baseline", "write"]);
    batch(path, 2, "float32");
    let told = |arguments: &[&str]| {
        let output = run(path, &[&["check", "--baseline", FILE], arguments].concat());
        String::from_utf8(output.stderr).unwrap().contains("batchlint baseline prune")
    };
    assert!(told(&[]));
    assert_eq!(report(path, &KNOWN)["coverage"]["baseline_gone"], 1);
    assert!(!told(&["batch_0.npz"]), "what was not looked at is not gone");
    assert!(!told(&["--select", "shape"]), "nor is what no rule looked at");
    fs::remove_file(path.join("batch_0.npz")).unwrap();
    assert_eq!(code(path, &["baseline", "prune"]), 0);
    assert!(!told(&[]));
    assert!(!fs::read_to_string(path.join(FILE)).unwrap().contains("source"), "neither file has a fault now");
    batch(path, 2, "float64");
    assert_eq!(code(path, &["check", "--baseline", FILE]), 1);
}

#[test]
fn a_line_of_the_spec_names_it() {
    let folder = folder(&["float64", "float32"]);
    let path = folder.path();
    fs::write(path.join("batchlint.toml"), format!("baseline = \"known.json\"\n{SPEC}")).unwrap();
    let missing = run(path, &["check"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("cannot read the baseline known.json"));
    assert_eq!(code(path, &["baseline", "write"]), 0, "what is to be written need not be there");
    assert!(path.join("known.json").is_file());
    assert_eq!(code(path, &["check"]), 0);
    fs::create_dir(path.join("below")).unwrap();
    assert_eq!(code(&path.join("below"), &["check", ".."]), 1, "paths are those of the report");
    batch(path, 0, "float32");
    assert_eq!(code(path, &["baseline", "prune"]), 0);
    assert!(!fs::read_to_string(path.join("known.json")).unwrap().contains("source"));
}

#[test]
fn what_is_not_checked_is_never_in_it() {
    let folder = folder(&["float32"]);
    let path = folder.path();
    let blind = ["--headers-only", "--require-complete"];
    assert_eq!(code(path, &[&["baseline", "write"], &blind[..]].concat()), 0);
    assert_eq!(code(path, &[&["check", "--baseline", FILE], &blind[..]].concat()), 1);
    let report = report(path, &[&KNOWN[..], &["--headers-only"]].concat());
    assert!(report["coverage"]["not_evaluated"].as_u64().unwrap() > 0);
}

#[test]
fn a_check_of_nothing_writes_nothing() {
    let folder = folder(&[]);
    assert_eq!(code(folder.path(), &["baseline", "write"]), 3);
    assert_eq!(code(folder.path(), &["baseline", "prune"]), 3);
    assert!(!folder.path().join(FILE).exists());
    batch(folder.path(), 0, "float32");
    assert_eq!(code(folder.path(), &["baseline", "prune"]), 2, "there is nothing to prune");
    for text in ["", "{}", "{\"baseline\": 9, \"findings\": []}", "\u{0}"] {
        fs::write(folder.path().join(FILE), text).unwrap();
        assert_eq!(code(folder.path(), &["check", "--baseline", FILE]), 2, "{text:?}");
    }
}

#[test]
fn the_same_data_gives_the_same_file() {
    let folder = folder(&["float64", "int64", "float64"]);
    run(folder.path(), &["baseline", "write", "-o", "a.json"]);
    run(folder.path(), &["baseline", "write", "-o", "b.json"]);
    let text = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(text("a.json"), text("b.json"));
    let lines: Vec<String> = text("a.json").lines().filter(|line| line.contains("source")).map(str::to_owned).collect();
    assert_eq!(lines.len(), 3);
    let sorted: Vec<&str> = lines.iter().map(|line| line.trim_end_matches(',')).collect();
    assert!(sorted.is_sorted(), "{sorted:?}");
}
