//! What batchlint is made of besides its own code: licences that allow it, and one registry. `deny.toml` says the same to
//! `cargo deny`, which also knows of advisories; this needs no other program, and no network where the crates were fetched.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

fn packages() -> Vec<Value> {
    let listed = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--all-features", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let packages = listed["packages"].as_array().unwrap().clone();
    assert!(packages.len() > 50, "{}", packages.len());
    packages
}

/// The texts of a list in `deny.toml`.
fn listed(key: &str) -> Vec<String> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/deny.toml")).unwrap();
    let rest = text.split_once(&format!("\n{key} = [")).unwrap().1;
    rest.split(']').next().unwrap().split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Whether a licence expression can be met with these licences.
fn is_met(expression: &str, allowed: &[String]) -> bool {
    let is_allowed = |one: &str| allowed.iter().any(|known| known == one.trim());
    let plain = expression.replace('/', " OR ");
    if plain.contains('(') {
        let parts = plain.split(" AND ").map(|part| part.trim().trim_matches(['(', ')']).to_owned());
        return parts.into_iter().all(|part| part.split(" OR ").any(is_allowed));
    }
    // All of what AND joins has to be allowed; one of what OR joins is enough.
    plain.split(" OR ").any(|choice| choice.split(" AND ").all(is_allowed))
}

#[test]
fn every_crate_has_a_licence_that_allows_it() {
    let allowed = listed("allow");
    assert!(
        is_met("MIT OR GPL-3.0", &allowed) && !is_met("GPL-3.0-only", &allowed) && !is_met("MIT AND GPL-3.0", &allowed)
    );
    assert!(is_met("(MIT OR GPL-3.0) AND Zlib", &allowed) && !is_met("(MIT OR Zlib) AND GPL-3.0", &allowed));
    for package in packages() {
        let licence = package["license"].as_str().unwrap_or_default();
        assert!(is_met(licence, &allowed), "{} is under `{licence}`, which deny.toml does not allow", package["name"]);
    }
}

#[test]
fn every_crate_comes_from_the_registry() {
    for package in packages().iter().filter(|package| package["name"] != "batchlint") {
        let source = package["source"].as_str().unwrap_or_default();
        assert!(REGISTRY.contains(&source), "{}: {source}", package["name"]);
    }
}

/// The one registry, by its names.
const REGISTRY: [&str; 2] =
    ["registry+https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/"];

#[test]
fn nobody_asks_for_any_version_at_all() {
    let mut asked = 0;
    for package in packages() {
        // What the tests of others need is not built here.
        let mine = package["name"] == "batchlint";
        let needed =
            package["dependencies"].as_array().unwrap().iter().filter(|needed| mine || needed["kind"] != "dev");
        for needed in needed {
            assert_ne!(needed["req"], "*", "{} needs {}", package["name"], needed["name"]);
            asked += 1;
        }
    }
    assert!(asked > 100, "{asked}");
}

#[test]
fn what_is_there_twice_is_known() {
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages() {
        let text = |key: &str| package[key].as_str().unwrap().to_owned();
        versions.entry(text("name")).or_default().push(text("version"));
    }
    let known = listed("skip");
    let twice = versions.iter().filter(|(name, versions)| versions.len() > 1 && !known.contains(name));
    let twice: Vec<_> = twice.collect();
    assert!(twice.is_empty(), "in deny.toml, say that these are known: {twice:?}");
    let once: Vec<_> =
        known.iter().filter(|name| versions.get(*name).is_none_or(|versions| versions.len() < 2)).collect();
    assert!(once.is_empty(), "in deny.toml, these are there once: {once:?}");
}
