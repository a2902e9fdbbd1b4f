//! Every rule on every fixture: which rules speak of which files, and how loud. `tests/matrix.md` holds what they say;
//! `BLESS=1` rewrites it. A rule that starts to speak, or falls silent, shows in the difference.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use batchlint::config::Settings;
use batchlint::run;
use batchlint::source::Progress;

/// The rules that speak of what the path leads to, the loudest first.
fn speaking(path: &Path, spec: Option<PathBuf>) -> String {
    // Without a folder that holds a `.git`, the search for a spec would go up into this repository.
    let settings = Settings { paths: vec![path.into()], spec, directory: "/".into(), ..Settings::default() };
    let report = run::check(&settings, &Progress::default()).unwrap().report;
    let mut rules: Vec<(u8, String)> = report
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.rule != "not-evaluated")
        .map(|diagnostic| (3 - diagnostic.level as u8, format!("{} {}", diagnostic.level, diagnostic.rule)))
        .collect();
    rules.sort();
    rules.dedup();
    let names: Vec<String> = rules.into_iter().map(|(_, name)| name).collect();
    if names.is_empty() { "-".into() } else { names.join(", ") }
}

#[test]
fn every_rule_on_every_fixture() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut page = String::from("# Every rule on every fixture\n\n| fixture | rules that speak |\n| --- | --- |\n");
    for seed in ["naive", "corrected", "whole"] {
        let folder = root.join("fixtures/seed");
        let speaking = speaking(&folder.join(seed), Some(folder.join("batchlint.toml")));
        writeln!(page, "| seed/{seed} | {speaking} |").unwrap();
    }
    let mut faults: Vec<PathBuf> =
        fs::read_dir(root.join("fixtures/faults")).unwrap().map(|entry| entry.unwrap().path()).collect();
    faults.sort();
    for folder in faults.iter().filter(|path| path.join("batchlint.toml").exists()) {
        for twin in ["clean", "faulty"] {
            let speaking = speaking(&folder.join(twin), Some(folder.join("batchlint.toml")));
            writeln!(page, "| faults/{}/{twin} | {speaking} |", folder.file_name().unwrap().display()).unwrap();
        }
    }
    let (folder, files) = support::corpus::corpus();
    for file in files {
        let path = file["path"].as_str().unwrap();
        writeln!(page, "| corpus/{path} | {} |", speaking(&folder.join(path), None)).unwrap();
    }
    assert!(page.lines().count() > 430, "the fixtures are not all there: scripts/test writes them");
    let kept = root.join("tests/matrix.md");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&kept, &page).unwrap();
    }
    let known = fs::read_to_string(&kept).unwrap_or_default();
    let differs = known.lines().zip(page.lines()).find(|(is, should)| is != should);
    assert!(known == page, "tests/matrix.md is out of date (BLESS=1 rewrites it): {differs:?}");
}
