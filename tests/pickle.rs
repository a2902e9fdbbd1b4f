//! Real pickles of object arrays, protocols 0 to 5, beside what Python says is in them, and damaged ones.
//! `fixtures/pickle/make_pickles.py` writes them; it needs the Python that `tests/corpus.rs` needs.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use batchlint::values::pickle::{Objects, Standing, Tallies, TroubleKind, Walker};
use proptest::prelude::*;
use proptest::sample::Index;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What Python says of one pickle.
#[derive(Debug, Deserialize)]
struct Case {
    file: String,
    protocol: u8,
    shape: Vec<u64>,
    elements: u64,
    kinds: Vec<(Value, u64, u64)>,
    shapes: Vec<(Value, u64, u64)>,
    dtypes: Vec<(Value, u64, u64)>,
    lengths: Map<String, Value>,
    keys: Vec<String>,
    bytes: u64,
    #[serde(skip)]
    data: Vec<u8>,
}

static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let python = std::env::var_os("BATCHLINT_PYTHON").map_or_else(|| root.join(".venv/bin/python"), PathBuf::from);
    let script = root.join("fixtures/pickle/make_pickles.py");
    let output = Command::new(&python)
        .arg(script)
        .arg(folder.path())
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}; run scripts/test, or set BATCHLINT_PYTHON", python.display()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut cases: Vec<Case> = serde_json::from_slice(&output.stdout).unwrap();
    for case in &mut cases {
        case.data = std::fs::read(folder.path().join(&case.file)).unwrap();
    }
    assert!(cases.len() > 150, "{}", cases.len());
    cases
});

/// Walks over chunks of that many bytes, and sees that little is kept meanwhile.
fn walk(data: &[u8], chunk: usize) -> Objects {
    let mut walker = Walker::new();
    for bytes in data.chunks(chunk.max(1)) {
        walker.feed(bytes);
        assert!(walker.kept() <= Walker::MOST_KEPT, "{} of {}", walker.kept(), Walker::MOST_KEPT);
    }
    walker.finish()
}

#[test]
fn what_is_seen_is_what_python_says() {
    let mut wrong = Vec::new();
    for case in CASES.iter() {
        let objects = walk(&case.data, 1 << 18);
        let mut differ = |what: &str, seen: &dyn Debug, python: &dyn Debug, equal: bool| {
            if !equal {
                wrong.push(format!("{}: {what}: {seen:?}\n    Python: {python:?}", case.file));
            }
        };
        let counts = (objects.protocol, objects.elements, objects.bytes);
        let python = (case.protocol, case.elements, case.bytes);
        differ("protocol, elements, bytes", &counts, &python, counts == python);
        differ("shape", &objects.shape, &case.shape, objects.shape.as_ref() == Some(&case.shape));
        differ("trouble", &objects.trouble, &(), objects.trouble.is_none());
        let (seen, python) = (sorted(&objects.kinds), first_64(&case.kinds));
        differ("kinds", &seen, &python, seen == python);
        let (seen, python) = (sorted(&objects.shapes), first_64(&case.shapes));
        differ("shapes", &seen, &python, seen == python);
        let (seen, python) = (sorted(&objects.dtypes), first_64(&case.dtypes));
        differ("dtypes", &seen, &python, seen == python);
        differ("keys", &objects.keys, &case.keys, objects.keys == case.keys);
        let lengths: Map<String, Value> = objects
            .lengths
            .iter()
            .map(|(kind, lengths)| {
                let kind = json!(kind).as_str().unwrap_or("an object").to_owned();
                (kind, json!([lengths.least, lengths.most, counted(&sorted(&lengths.each))]))
            })
            .collect();
        let python: Map<String, Value> = case
            .lengths
            .iter()
            .map(|(kind, lengths)| {
                let each: Vec<(Value, u64, u64)> = serde_json::from_value(lengths[2].clone()).unwrap();
                (kind.clone(), json!([lengths[0], lengths[1], counted(&first_64(&each))]))
            })
            .collect();
        differ("lengths", &lengths, &python, lengths == python);
        let foreign: Vec<_> = objects.globals.iter().filter(|global| global.standing > Standing::Plain).collect();
        differ("foreign imports", &foreign, &(), foreign.is_empty());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

type Counted = (Vec<(String, u64, u64)>, u64);

fn sorted<T: Serialize>(tallies: &Tallies<T>) -> Counted {
    let each = tallies.each.iter().map(|tally| (json!(tally.value).to_string(), tally.count, tally.first));
    let mut each: Vec<_> = each.collect();
    each.sort();
    (each, tallies.beyond)
}

fn first_64(each: &[(Value, u64, u64)]) -> Counted {
    let (kept, beyond) = each.split_at(each.len().min(64));
    let mut kept: Vec<_> = kept.iter().map(|(value, count, first)| (value.to_string(), *count, *first)).collect();
    kept.sort();
    (kept, beyond.iter().map(|(_, count, _)| count).sum())
}

/// Without the first index, which the script does not say of lengths.
fn counted((each, beyond): &Counted) -> Value {
    json!([each.iter().map(|(value, count, _)| (value, count)).collect::<Vec<_>>(), beyond])
}

#[test]
fn a_pickle_that_is_cut_anywhere_is_truncated_there_and_keeps_what_came_before() {
    for case in CASES.iter().filter(|case| case.data.len() < 3000) {
        let mut before = 0;
        for end in 0..case.data.len() {
            let objects = walk(&case.data[..end], end);
            let trouble = objects.trouble.unwrap();
            assert_eq!(trouble.kind, TroubleKind::Truncated, "{} cut at {end}", case.file);
            assert_eq!(objects.bytes, end as u64, "{}", case.file);
            assert!(objects.elements >= before && objects.elements <= case.elements, "{} cut at {end}", case.file);
            before = objects.elements;
        }
        assert_eq!(before, case.elements, "{}", case.file);
    }
}

#[test]
fn what_follows_the_pickle_is_left_alone() {
    for case in CASES.iter().filter(|case| case.data.len() < 3000) {
        let longer = [&case.data, b"cos\nsystem\n.".as_slice()].concat();
        assert_eq!(walk(&longer, 7), walk(&case.data, 1 << 18), "{}", case.file);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn chunks_do_not_matter(case: Index, sizes in prop::collection::vec(1_usize..40, 1..20)) {
        let case = case.get(&CASES);
        let mut walker = Walker::new();
        let mut rest = case.data.as_slice();
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (bytes, after) = rest.split_at(rest.len().min(*size));
            walker.feed(bytes);
            rest = after;
        }
        prop_assert_eq!(walker.finish(), walk(&case.data, 1 << 18));
    }

    #[test]
    fn damaged_pickles_are_survived(
        case: Index,
        damage in prop::collection::vec((any::<Index>(), any::<u8>(), 0_u8..4), 1..12),
        chunk in 1_usize..5000,
    ) {
        let small: Vec<_> = CASES.iter().filter(|case| case.data.len() < 100_000).collect();
        let mut data = case.get(&small).data.clone();
        for (place, byte, how) in &damage {
            let place = place.index(data.len());
            match how {
                0 => data[place] = *byte,
                1 => data.insert(place, *byte),
                2 => data.truncate(place.max(1)),
                _ => data.extend_from_within(place..),
            }
            data.truncate(400_000);
        }
        let objects = walk(&data, chunk);
        prop_assert!(objects.bytes <= data.len() as u64);
        let counted: u64 = objects.kinds.each.iter().map(|tally| tally.count).sum();
        prop_assert_eq!(counted + objects.kinds.beyond, objects.elements);
        prop_assert_eq!(walk(&data, data.len()), objects);
    }

    #[test]
    fn any_bytes_are_survived(data in prop::collection::vec(any::<u8>(), 0..400), chunk in 1_usize..50) {
        prop_assert_eq!(walk(&data, chunk), walk(&data, 400));
    }
}
