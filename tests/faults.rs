//! The fault matrix: dumps written by real NumPy that have one fault each, and their twins without it. The faulty one
//! is blamed for that fault, there and for nothing else; the clean one for nothing.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use batchlint::rules::RULES;
use serde::Deserialize;
use serde_json::Value;

/// One line of fixtures/faults/faults.json.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fault {
    name: String,
    #[allow(dead_code, reason = "for the comparison with other tools")]
    title: String,
    exit: i32,
    findings: Vec<Expected>,
    #[serde(default)]
    steps: Option<u64>,
}

/// One finding and its places.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    rule: String,
    /// The array of every place; `None` where the fault is one of whole batches.
    array: Option<String>,
    batches: BTreeSet<u64>,
    /// A batch that may be named as well: the one that the others repeat.
    original: Option<u64>,
    /// The element, row included.
    index: Option<Vec<u64>>,
    /// A word that the message or what was found has to hold.
    says: Option<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/faults")
}

fn faults() -> Vec<Fault> {
    serde_json::from_str(include_str!("../fixtures/faults/faults.json")).unwrap()
}

/// Checks one twin of a fault.
fn check(fault: &Fault, twin: &str) -> (i32, Value) {
    let folder = folder().join(&fault.name);
    assert!(
        folder.join(twin).is_dir(),
        "fixtures/faults/{}/{twin} is not written yet: scripts/test does it",
        fault.name
    );
    let output = Command::new(env!("CARGO_BIN_EXE_batchlint"))
        .current_dir(&folder)
        .args(["check", twin, "--format", "json", "--all-places"])
        .output()
        .unwrap();
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
}

fn loud(report: &Value) -> Vec<&Value> {
    report["diagnostics"].as_array().unwrap().iter().filter(|finding| finding["level"] != "note").collect()
}

#[test]
fn every_fault_is_found_where_it_is_and_nothing_else_is() {
    for fault in faults() {
        let missing: Vec<&str> = fault
            .findings
            .iter()
            .map(|expected| expected.rule.as_str())
            .filter(|id| RULES.iter().all(|rule| rule.id != *id))
            .collect();
        if !missing.is_empty() {
            eprintln!("{} is skipped: there is no rule {} yet", fault.name, missing.join(", "));
            continue;
        }
        let (code, report) = check(&fault, "faulty");
        let name = &fault.name;
        assert_eq!(code, fault.exit, "{name}: {report:#}");
        let found = loud(&report);
        let rules: Vec<&str> = found.iter().map(|finding| finding["rule"].as_str().unwrap()).collect();
        let expected: Vec<&str> = fault.findings.iter().map(|expected| expected.rule.as_str()).collect();
        assert_eq!(rules, expected, "{name}: {report:#}");
        for (finding, expected) in found.into_iter().zip(&fault.findings) {
            compare(name, finding, expected);
        }
    }
}

/// Holds the places of a finding against the expected ones.
fn compare(name: &str, finding: &Value, expected: &Expected) {
    let mut batches = BTreeSet::new();
    for place in finding["places"].as_array().unwrap() {
        let batch = place["batch"].as_u64().unwrap_or_else(|| panic!("{name}: a place without a batch: {finding:#}"));
        assert_eq!(place["source"], format!("faulty/batch_{batch:03}.npz"), "{name}: {finding:#}");
        if let Some(array) = &expected.array {
            assert_eq!(place["array"], array.as_str(), "{name}: {finding:#}");
        }
        if let Some(index) = &expected.index {
            assert_eq!(place["index"], serde_json::json!(index), "{name}: {finding:#}");
        }
        if expected.original != Some(batch) {
            batches.insert(batch);
        }
    }
    assert_eq!(batches, expected.batches, "{name}: {finding:#}");
    if let Some(word) = &expected.says {
        let text = format!("{} {}", finding["message"], finding["found"]);
        assert!(text.contains(word.as_str()), "{name} does not say {word:?}: {text}");
    }
}

#[test]
fn the_clean_twin_of_every_fault_is_clean() {
    for fault in faults() {
        let (code, report) = check(&fault, "clean");
        assert_eq!(code, 0, "{}: {report:#}", fault.name);
        assert!(loud(&report).is_empty(), "{}: {report:#}", fault.name);
        assert_eq!(report["coverage"]["batches"], 6, "{}: all of it was looked at", fault.name);
        assert_eq!(report["coverage"]["samples"], 24, "{}: all of it was looked at", fault.name);
    }
}

#[test]
fn an_empty_folder_is_no_pass() {
    for fault in faults().iter().filter(|fault| fault.findings.is_empty()) {
        let (code, report) = check(fault, "faulty");
        assert_eq!((code, &report["status"]), (3, &"nothing-checked".into()), "{}", fault.name);
    }
}

#[test]
fn steps_are_declared_where_the_table_says_so() {
    for fault in faults() {
        let spec = std::fs::read_to_string(folder().join(&fault.name).join("batchlint.toml")).unwrap();
        let line = spec.lines().find_map(|line| line.strip_prefix("steps = ")).map(|steps| steps.parse().unwrap());
        assert_eq!(line, fault.steps, "{}", fault.name);
    }
}
