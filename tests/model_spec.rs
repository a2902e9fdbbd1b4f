//! A model in the place of a spec, and beside one: the same faults as with the spec that was written by hand.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::recipe;

const MODEL: &str = "fixtures/models/seq_compiled.keras";

fn batchlint(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_batchlint")).current_dir(folder).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The loud findings as rule, level and what was found.
fn check(arguments: &[&str]) -> (i32, Vec<(String, String, String)>, Value) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (code, stdout, _) = batchlint(root, &[&["check", "--format", "json"], arguments].concat());
    let report: Value = serde_json::from_str(&stdout).unwrap();
    let loud = report["diagnostics"].as_array().unwrap().iter().filter(|found| found["level"] != "note");
    let word = |found: &Value, key: &str| found[key].as_str().unwrap().to_owned();
    let found = loud.map(|found| (word(found, "rule"), word(found, "level"), word(found, "found"))).collect();
    (code, found, report)
}

#[test]
fn a_model_finds_what_the_spec_finds() {
    for name in ["naive", "corrected"] {
        let data = format!("fixtures/seed/{name}");
        let by_hand = check(&[&data, "--spec", "fixtures/seed/batchlint.toml"]);
        let by_model = check(&[&data, "--model", MODEL]);
        assert_eq!((by_model.0, &by_model.1), (by_hand.0, &by_hand.1), "{name}");
        assert_eq!(by_model.1.len(), usize::from(name == "naive"), "{name}");
    }
    let (_, _, report) = check(&["fixtures/seed/naive", "--model", MODEL]);
    let at = &report["diagnostics"][0]["primary"];
    assert_eq!((&at["file"], &at["line"]), (&MODEL.into(), &6.into()), "the line of the text made of the model: {at}");
    assert_eq!(report["run"]["spec"], MODEL);
}

#[test]
fn the_whole_dataset_in_one_batch_is_found_by_the_plan_in_flags() {
    let (code, found, _) =
        check(&["fixtures/seed/whole", "--model", MODEL, "--batch-size", "32", "--dataset-size", "640"]);
    let [(rule, level, words)] = found.as_slice() else { panic!("one fault, one finding: {found:?}") };
    assert_eq!((code, rule.as_str(), level.as_str()), (1, "whole-dataset-batch", "error"));
    assert!(words.contains("the whole dataset has 640 rows"), "{words}");
}

/// A folder with a copy of the model, a spec, and some batches.
fn folder(spec: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    fs::create_dir(folder.path().join("models")).unwrap();
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(MODEL), folder.path().join("models/a.keras")).unwrap();
    fs::write(folder.path().join("batchlint.toml"), spec).unwrap();
    for i in 0..3 {
        let name = format!("batch_{i}.npz");
        let lines = ["image: float64[8, 32, 32, 3]", "label: int64[8] = choice 0 1"];
        fs::write(folder.path().join(&name), recipe::npz(&name, &lines)).unwrap();
    }
    folder
}

#[test]
fn a_line_names_the_model_from_the_folder_of_the_spec_and_what_is_written_wins() {
    let below = folder("model = \"models/a.keras\"\n");
    fs::create_dir(below.path().join("sub")).unwrap();
    let (_, stdout, _) = batchlint(&below.path().join("sub"), &["check", "..", "--format", "concise"]);
    assert!(stdout.contains("models/a.keras:6:9: warning[double-precision]"), "{stdout}");
    let written = folder("model = \"models/a.keras\"\n[inputs.image]\ndtype = \"float64\"\n");
    let (code, stdout, _) = batchlint(written.path(), &["check", ".", "--format", "concise"]);
    assert_eq!(code, 0);
    assert_eq!(stdout.lines().count(), 1, "{stdout}");
    assert!(
        stdout.starts_with("batchlint.toml:3:9: warning[spec-model-drift]: input `image` is declared as float64"),
        "{stdout}"
    );
}

#[test]
fn a_model_that_cannot_be_read_is_trouble_at_its_line() {
    let (code, _, stderr) = batchlint(folder("model = \"models/b.keras\"\n").path(), &["check", "."]);
    assert_eq!(code, 2);
    assert!(stderr.contains("batchlint.toml:1:9") && stderr.contains("models/b.keras"), "{stderr}");
    let (code, _, stderr) = batchlint(folder("").path(), &["check", ".", "--model", "batch_0.npz"]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("batch_0.npz"), "{stderr}");
}

#[test]
fn a_program_is_held_against_the_model() {
    let folder = folder("");
    let program = "class Batch(list):\n    pass\n\n\ndef batches():\n    yield ([[1.0]], [3])\n";
    fs::write(folder.path().join("train.py"), program).unwrap();
    let (_, _, stderr) = batchlint(folder.path(), &["run", "train.py:batches", "--model", "nowhere.keras"]);
    assert!(stderr.contains("nowhere.keras"), "{stderr}");
}

#[test]
fn init_reconciles_a_model_with_a_dump() {
    let folder = folder("");
    fs::remove_file(folder.path().join("batchlint.toml")).unwrap();
    let (code, text, _) = batchlint(folder.path(), &["init", "--model", "models/a.keras", "--from", "."]);
    assert_eq!(code, 0);
    let line =
        |text: &str, start: &str| text.lines().find(|line| line.starts_with(start)).unwrap_or_default().to_owned();
    assert!(line(&text, "dtype = \"float32\"").contains("models/a.keras"), "the model decides: {text}");
    assert!(line(&text, "shape = [\"batch\", 32, 32, 3]").contains("models/a.keras"), "{text}");
    assert!(line(&text, "size = 8").contains("rows of every batch"), "{text}");
    assert!(
        text.contains("[targets.label]") && !text.contains("[targets.target]"),
        "the data names the target: {text}"
    );
    assert!(line(&text, "encoding = \"index\"").contains("compile_config.loss"), "{text}");
    let (code, json, _) = batchlint(folder.path(), &["init", "--model", "models/a.keras", "--format", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, &json["inputs"][0]["shape"]), (0, &serde_json::json!([null, 32, 32, 3])));
    let (_, _, stderr) =
        batchlint(folder.path(), &["init", "--model", "models/a.keras", "--from", ".", "-o", "batchlint.toml"]);
    assert_eq!(stderr, "wrote batchlint.toml\n");
    let (code, stdout, _) = batchlint(folder.path(), &["check", ".", "--format", "concise"]);
    assert_eq!((code, stdout.matches("double-precision").count()), (0, 1), "{stdout}");
}
