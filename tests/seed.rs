//! The three seed generators, written by real NumPy: the naive one is found out, the corrected one is clean, and the
//! one that yields everything at once is named with its evidence.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Checks one of the seed folders; more arguments go to the command.
fn check(name: &str, arguments: &[&str]) -> (i32, Value) {
    let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/seed");
    assert!(seed.join(name).is_dir(), "fixtures/seed/{name} is not written yet: scripts/test does it");
    let output = Command::new(env!("CARGO_BIN_EXE_batchlint"))
        .current_dir(&seed)
        .args(["check", name, "--format", "json"])
        .args(arguments)
        .output()
        .unwrap();
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
}

fn loud(report: &Value) -> Vec<&Value> {
    report["diagnostics"].as_array().unwrap().iter().filter(|finding| finding["level"] != "note").collect()
}

#[test]
fn naive_is_double_precision_at_the_line_of_the_dtype() {
    let (code, report) = check("naive", &[]);
    assert_eq!(code, 0, "keras casts it: a warning");
    let [finding] = loud(&report)[..] else { panic!("one fault, one finding: {report:#}") };
    assert_eq!(finding["rule"], "double-precision");
    assert_eq!(finding["level"], "warning");
    assert_eq!((&finding["count"], &finding["of"]), (&20.into(), &20.into()));
    let spec = include_str!("../fixtures/seed/batchlint.toml");
    let line = spec.lines().position(|line| line == "dtype = \"float32\"").unwrap() + 1;
    assert_eq!(finding["primary"]["file"], "batchlint.toml");
    assert_eq!((&finding["primary"]["line"], &finding["primary"]["column"]), (&line.into(), &9.into()));
    assert_eq!(finding["fix"]["python"], "image = image.astype(np.float32)");
}

#[test]
fn naive_is_an_error_for_torch() {
    let (code, report) = check("naive", &["--framework", "torch"]);
    assert_eq!(code, 1);
    assert_eq!(loud(&report)[0]["rule"], "double-precision");
    assert_eq!(loud(&report)[0]["level"], "error");
}

#[test]
fn corrected_is_clean() {
    let (code, report) = check("corrected", &[]);
    assert_eq!((code, &report["status"]), (0, &"clean".into()), "{report:#}");
    assert_eq!(report["coverage"]["samples"], 640);
    assert_eq!(report["coverage"]["values_read"], true);
    assert_eq!(report["coverage"]["not_evaluated"], 0, "{report:#}");
}

#[test]
fn whole_is_named_with_its_evidence() {
    let (code, report) = check("whole", &[]);
    assert_eq!(code, 1);
    let [finding] = loud(&report)[..] else { panic!("one fault, one finding: {report:#}") };
    assert_eq!(finding["rule"], "whole-dataset-batch");
    assert!(finding["found"].as_str().unwrap().contains("20 steps of 32 rows make 640"), "{finding:#}");
    let (_, report) = check("whole", &["--dataset-size", "640"]);
    assert!(loud(&report)[0]["found"].as_str().unwrap().contains("the whole dataset has 640 rows"));
    let (_, report) = check("whole", &["--steps", "1"]);
    assert!(loud(&report)[0]["found"].as_str().unwrap().contains("it is the only batch"));
}

#[test]
fn the_readme_shows_what_the_command_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_batchlint"))
        .current_dir(root)
        .args(["run", "examples/naive.py:naive_generator", "--python", ".venv/bin/python"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let finding = text.split("\n\n").next().unwrap();
    assert!(
        finding.contains("double-precision") && readme.contains(finding),
        "README.md shows another finding:\n{finding}"
    );
    let count = format!("**{} rules**", batchlint::rules::RULES.len());
    assert!(readme.contains(&count), "README.md counts other rules: {count}");
}
