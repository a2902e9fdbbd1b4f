//! Files that the code generates and the repository holds: they must be what the code makes now. `BLESS=1` rewrites them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Compares a file of the repository with what it should hold.
fn check(path: &str, should: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, should).expect("a file of the repository can be written");
    }
    let is = fs::read_to_string(&file).unwrap_or_default();
    assert!(is == should, "{path} is out of date: `BLESS=1 cargo test --test generated` rewrites it");
}

#[test]
fn the_schema_of_the_spec_is_the_one_that_is_published() {
    let schema = batchlint::config::schema::schema();
    check("batchlint.schema.json", &(serde_json::to_string_pretty(&schema).expect("plain JSON") + "\n"));
}

#[test]
fn the_schema_of_the_report_is_the_one_that_is_published() {
    let schema = batchlint::render::report_schema();
    check("docs/report.schema.json", &(serde_json::to_string_pretty(&schema).expect("plain JSON") + "\n"));
}

#[test]
fn the_schema_of_a_model_is_the_one_that_is_published() {
    let schema = batchlint::spec::import::json::schema();
    check("docs/model.schema.json", &(serde_json::to_string_pretty(&schema).expect("plain JSON") + "\n"));
}

#[test]
fn the_schema_of_a_plan_is_the_one_that_is_published() {
    let schema = batchlint::render::fix::schema();
    check("docs/fix.schema.json", &(serde_json::to_string_pretty(&schema).expect("plain JSON") + "\n"));
}

/// The files of a folder by name; none where it is missing.
fn texts(folder: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("a folder can be listed"));
    files
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read_to_string(entry.path())))
        .map(|(name, text)| (name, text.expect("what is generated is text")))
        .collect()
}

#[test]
fn completions_and_man_pages_say_what_the_command_takes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let made = tempfile::tempdir().expect("a temporary folder");
    let done = Command::new(env!("CARGO_BIN_EXE_batchlint"))
        .args(["generate", "all"])
        .arg(made.path())
        .status()
        .expect("the command starts");
    assert!(done.success());
    for (folder, least) in [("completions", 5), ("man", 8)] {
        let should = texts(&made.path().join(folder));
        assert!(should.len() >= least, "{folder}: {:?}", should.keys());
        let kept = root.join("assets").join(folder);
        if std::env::var_os("BLESS").is_some() {
            fs::create_dir_all(&kept).expect("a folder of the repository can be made");
            for stale in texts(&kept).keys().filter(|name| !should.contains_key(*name)) {
                fs::remove_file(kept.join(stale)).expect("a file of the repository can be removed");
            }
        }
        for (name, text) in &should {
            check(&format!("assets/{folder}/{name}"), text);
        }
        assert_eq!(texts(&kept).keys().collect::<Vec<_>>(), should.keys().collect::<Vec<_>>(), "assets/{folder}");
    }
    for (name, path) in [
        ("batchlint", "batchlint.schema.json"),
        ("report", "docs/report.schema.json"),
        ("model", "docs/model.schema.json"),
        ("fix", "docs/fix.schema.json"),
    ] {
        check(path, &texts(&made.path().join("schemas"))[&format!("{name}.schema.json")]);
    }
}

#[test]
fn one_thing_can_be_generated_by_itself() {
    let generate = |arguments: &[&str]| {
        let done = Command::new(env!("CARGO_BIN_EXE_batchlint")).arg("generate").args(arguments).output();
        let done = done.expect("the command starts");
        (done.status.code(), String::from_utf8_lossy(&done.stdout).into_owned())
    };
    let (code, text) = generate(&["completions", "bash"]);
    assert!(code == Some(0) && text.contains("complete -F _batchlint"), "{text}");
    assert!(!text.contains("listen"), "hidden commands are completed");
    let (code, text) = generate(&["man", "check"]);
    assert!(code == Some(0) && text.contains(".TH BATCHLINT-CHECK 1"), "{text}");
    let (code, text) = generate(&["schema", "report"]);
    assert!(code == Some(0) && serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
    assert_eq!(generate(&["man", "nothing"]).0, Some(2));
}
