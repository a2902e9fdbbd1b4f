//! Saved facts come from anywhere: whatever is in them, they are judged or refused, and nothing panics.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use std::fs;
use std::path::PathBuf;

use batchlint::config::Settings;
use batchlint::facts::saved;
use batchlint::render::inspect::{InspectFormat, Look, render};
use batchlint::render::{self, OutputFormat, Page};
use batchlint::run;
use batchlint::source::Progress;
use batchlint::values::Wants;
use proptest::prelude::*;
use serde_json::Value;
use support::recipe;

const SPEC: &str = "framework = \"torch\"\n[batch]\nsize = 4\n[inputs.x]\ndtype = \"float32\"\nshape = [\"batch\", 2, 3]\n\
    values = { min = 0, max = 1 }\n[targets.y]\ndtype = \"int64\"\nshape = [\"batch\"]\nclasses = 3\n";

fn settings(folder: &std::path::Path) -> Settings {
    let spec = folder.join("batchlint.toml");
    fs::write(&spec, SPEC).unwrap();
    Settings { spec: Some(spec), directory: folder.to_owned(), paths: vec![folder.to_owned()], ..Settings::default() }
}

/// The lines of the facts of a folder with sound, faulty and broken files.
fn facts() -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
    write("b_0.npz", &recipe::npz("0", &["x: float32[4, 2, 3]; [1, 0, 2] = nan", "y: int64[4] = choice 0 1 2"]));
    write("b_1.npz", &recipe::npz("1", &["x: float64[4, 3, 2] fortran = normal 0 1", "y: U3[4]"]));
    let sound = recipe::npy("2", &["float32[4, 2, 3]"]);
    write("b_3.npy", &sound[..sound.len() - 5]);
    write("b_4.npy", b"\x93NUMPY\x01\0\x10\0{'descr': '<f4', ");
    write("b_5.npz", b"");
    let settings = settings(folder.path());
    let inspected = run::inspect(&settings, Wants::EVERYTHING, &Progress::default()).unwrap();
    let mut text = Vec::new();
    saved::write(&inspected.facts, &mut text).unwrap();
    String::from_utf8(text).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Puts `new` in the place of the value with that number, counted through the document.
fn mutate(value: &mut Value, place: &mut usize, new: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter_mut().any(|item| mutate(item, place, new)),
        Value::Object(entries) => entries.values_mut().any(|item| mutate(item, place, new)),
        _ if *place == 0 => {
            *value = new.clone();
            true
        }
        _ => {
            *place -= 1;
            false
        }
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop::sample::select(vec![0, 1, 2, 7, u64::MAX, u64::MAX - 1, 1 << 63, 1 << 49, 1 << 32, 4_294_967_295])
            .prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
        prop::sample::select(vec!["\u{1b}[31m", "npz", "npy", "float", "NaN", "inf", "damaged", "b_0.npz", "x"])
            .prop_map(Value::from),
        prop::collection::vec(any::<u64>(), 0..70).prop_map(Value::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_change_of_saved_facts_makes_anything_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any_value()), 1..4),
    ) {
        thread_local!(static FACTS: Vec<Value> = facts());
        let mut lines = FACTS.with(Clone::clone);
        for (at, new) in changes {
            let line = 1 + at.index(lines.len() - 1);
            let _ = mutate(&mut lines[line], &mut at.index(200), &new);
        }
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("facts.jsonl");
        let text: Vec<String> = lines.iter().map(Value::to_string).collect();
        fs::write(&path, text.join("\n")).unwrap();
        let settings = Settings { facts: vec![path], ..settings(folder.path()) };
        match run::check(&settings, &Progress::default()) {
            Ok(checked) => {
                let page = Page::new("check", &checked.report, &checked.spec);
                for format in [OutputFormat::Full, OutputFormat::Concise, OutputFormat::Json] {
                    render::render(format, page, true, &mut Vec::new()).unwrap();
                }
                let _ = render::summary(page);
                let facts = saved::read(&mut text.join("\n").as_bytes()).unwrap();
                for (format, each) in [(InspectFormat::Table, false), (InspectFormat::Table, true), (InspectFormat::Json, false)] {
                    let look = Look { facts: &facts, spec: &checked.spec, each, ascii: false, color: false };
                    let mut drawn = Vec::new();
                    render(format, look, &mut drawn).unwrap();
                    prop_assert!(!drawn.contains(&0x1b));
                }
            }
            Err(error) => prop_assert!(error.to_string().contains("facts.jsonl: line "), "{}", error),
        }
    }
}
