//! Files that the code generates and the repository holds: they must be what the code makes now. `BLESS=1` rewrites them.

use std::fs;
use std::path::Path;

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
