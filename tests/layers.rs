//! The structure of the house, kept by tests: data goes one way, rules, pages and the list of rules agree, files stay
//! small, and every crate says why it is here.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use batchlint::rules::RULES;

/// A stage names only stages to its left.
const STAGES: [&str; 10] =
    ["config", "spec", "values", "source", "facts", "diagnostic", "rules", "verdict", "fix", "render"];
/// What stands beside the stages, and who may name it: `error` and `exit` are for everybody, the others for the cli.
const PIPELINE: [&str; 2] = ["run", "cli"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn data_flows_one_way() {
    let mut wrong = Vec::new();
    for (place, stage) in STAGES.iter().enumerate() {
        for path in files(&root().join("src").join(stage), "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            for (number, line) in code.enumerate() {
                let later = STAGES[place + 1..].iter().chain(&PIPELINE);
                for other in later.filter(|other| names(line, other)) {
                    wrong.push(format!("{}: code line {}: {stage} names {other}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "a stage names one to its right:\n{}", wrong.join("\n"));
}

/// Whether the line names the module `crate::stage`.
fn names(line: &str, stage: &str) -> bool {
    line.match_indices("crate::").any(|(at, found)| {
        let rest = &line[at + found.len()..];
        let listed = rest
            .strip_prefix('{')
            .is_some_and(|list| list.split([',', '{', '}', ' ']).any(|item| item.split("::").next() == Some(stage)));
        listed
            || rest
                .strip_prefix(stage)
                .is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

#[test]
fn the_layer_test_would_see_a_wrong_arrow() {
    assert!(names("use crate::rules::Rule;", "rules"));
    assert!(names("    crate::{facts, rules}", "rules"));
    assert!(!names("use crate::rules_of_the_house;", "rules"));
}

#[test]
fn rules_pages_and_the_list_agree() {
    let listed: BTreeSet<String> = RULES.iter().map(|rule| rule.id.to_owned()).collect();
    assert_eq!(listed.len(), RULES.len(), "a rule is listed twice");
    let stem = |path: PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    let pages: BTreeSet<String> = files(&root().join("docs/rules"), "md").into_iter().map(stem).collect();
    assert_eq!(pages, listed, "docs/rules and RULES differ");
    let coded: BTreeSet<String> = files(&root().join("src/rules"), "rs")
        .into_iter()
        .filter(|path| fs::read_to_string(path).unwrap().contains("static RULE: Rule"))
        .map(|path| stem(path).replace('_', "-"))
        .collect();
    assert_eq!(coded, listed, "src/rules and RULES differ");
}

#[test]
fn every_rule_says_what_it_is() {
    let groups: Vec<_> = RULES.iter().map(|rule| rule.group).collect();
    assert!(groups.is_sorted(), "the list goes by group");
    for rule in RULES {
        assert!(rule.page.starts_with(&format!("# {}\n", rule.id)), "{}: the page has another title", rule.id);
        assert!(rule.page.contains("## Why it hurts"), "{}: the page does not say why it hurts", rule.id);
        assert!(!rule.finds.is_empty() && !rule.finds.ends_with('.'), "{}: `finds` is a fragment", rule.id);
        assert!(rule.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", rule.id);
        let runs = rule.page.matches("```console").count();
        assert!(runs >= 2, "{}: a page shows a faulty and a clean case", rule.id);
        let clean = rule.page.split("```console").skip(1).any(|block| {
            let output = block.split("```").next().unwrap();
            !output.contains(&format!("[{}]", rule.id)) && output.contains("[exit 0]")
        });
        assert!(clean, "{}: no case on the page is clean", rule.id);
        let fires = rule.page.contains(&format!("[{}]:", rule.id));
        assert!(fires, "{}: no case on the page shows the finding", rule.id);
    }
}

#[test]
fn links_between_pages_lead_somewhere() {
    for page in
        files(&root().join("docs"), "md").into_iter().chain([root().join("README.md"), root().join("CONTRIBUTING.md")])
    {
        let text = fs::read_to_string(&page).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap();
            if file.is_empty() || file.contains("://") || !file.contains('.') {
                continue;
            }
            assert!(page.parent().unwrap().join(file).exists(), "{}: no such page: {target}", page.display());
        }
    }
}

#[test]
fn files_stay_small() {
    let rust = ["src", "tests", "benches", "fixtures"].map(|folder| (folder, "rs"));
    for (folder, extension) in rust.into_iter().chain(["python", "tests", "examples"].map(|folder| (folder, "py"))) {
        let folder = root().join(folder);
        if !folder.exists() {
            continue;
        }
        for path in files(&folder, extension) {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            assert!(lines <= 500, "{}: {lines} lines", path.display());
        }
    }
}

#[test]
fn every_dependency_says_why() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let reasons = fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    let mut inside = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]");
        } else if inside && let Some((name, _)) = line.split_once(" = ") {
            assert!(reasons.contains(&format!("| {name} |")), "docs/dependencies.md does not say why {name} is here");
        }
    }
}
