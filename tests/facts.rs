//! Facts are mergeable: any split, any order and any repetition gives the same facts, and they survive being saved.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::sync::Arc;

use batchlint::facts::{Facts, asks, assemble, saved};
use batchlint::source::fault::FileFault;
use batchlint::source::{ArrayFacts, Fault, FaultKind, Header, Location, Small, SourceFacts, SourceKind};
use batchlint::spec::Spec;
use batchlint::spec::dtype::Dtype;
use batchlint::values::Wants;
use proptest::prelude::*;

fn header() -> impl Strategy<Value = Arc<Header>> {
    let dtype = prop::sample::select(vec!["float32", "float64", "int64", "uint8", "bool", "bfloat16"]);
    (dtype, prop::collection::vec(0_u64..5, 0..4), any::<bool>()).prop_map(|(dtype, shape, fortran)| {
        Arc::new(Header { dtype: Dtype::from_name(dtype).unwrap(), shape, fortran })
    })
}

fn source() -> impl Strategy<Value = SourceFacts> {
    let name = ("[ab]", "[xy]", 0_u32..12);
    (name, any::<bool>(), prop::collection::vec(("[xyz]", header()), 0..4), any::<bool>()).prop_map(
        |((folder, stem, number), archive, arrays, broken)| {
            let kind = if archive { SourceKind::Npz } else { SourceKind::Npy };
            let ending = if archive { "npz" } else { "npy" };
            let arrays = arrays.into_iter().enumerate().map(|(i, (key, header))| ArrayFacts {
                member: archive.then(|| format!("{key}.npy").into()),
                key: key.into(),
                ordinal: if archive { 0 } else { u32::try_from(i).unwrap() },
                header,
                reading: None,
                location: Location::default(),
                leaf: None,
            });
            SourceFacts {
                path: format!("{folder}/{stem}_{number}.{ending}").into(),
                root: folder.into(),
                kind,
                size: u64::from(number) * 100,
                arrays: arrays.collect(),
                faults: if broken {
                    vec![Fault { member: None, ordinal: 0, kind: FaultKind::File(FileFault::Empty), excerpt: None }]
                } else {
                    Vec::new()
                },
                yielded: None,
                small: Small::default(),
            }
        },
    )
}

proptest! {
    #[test]
    fn any_split_and_any_order_gives_the_same_facts(
        sources in prop::collection::vec(source(), 0..24),
        parts in prop::collection::vec(0_usize..5, 24),
        order in Just(vec![0_usize, 1, 2, 3, 4]).prop_shuffle(),
        again in 0_usize..5,
    ) {
        let whole = Facts::new(sources.clone());
        let part = |wanted: usize| {
            let mine = sources.iter().zip(&parts).filter(|(_, part)| **part == wanted);
            Facts::new(mine.map(|(source, _)| source.clone()).collect())
        };
        let merged = order.iter().fold(Facts::default(), |facts, index| facts.merge(part(*index)));
        prop_assert_eq!(&merged, &whole);
        // An engine that runs a part twice changes nothing.
        prop_assert_eq!(&merged.merge(part(again)), &whole);
        // Grouped the other way round.
        let grouped = part(order[0]).merge(part(order[1])).merge(part(order[2]).merge(part(order[3]).merge(part(order[4]))));
        prop_assert_eq!(&grouped, &whole);
        // What is derived from them is the same too.
        let spec = Spec::default();
        prop_assert_eq!(format!("{:?}", assemble(&grouped, &spec)), format!("{:?}", assemble(&whole, &spec)));
    }

    #[test]
    fn loose_files_are_asked_as_their_streams_are(sources in prop::collection::vec(source(), 0..24), numbers: bool) {
        let loose = sources.into_iter().filter(|source| source.kind == SourceKind::Npy).collect();
        let facts = Facts::new(loose);
        let spec = Spec::default();
        let streams = assemble(&facts, &spec);
        for wants in [if numbers { Wants::NUMBERS } else { Wants::HASHES }, Wants::CHECKSUMS] {
            for all in [false, true] {
                let asked = asks::questions(facts.sources(), &streams, &spec, wants, all);
                let loose = asks::of_loose(facts.sources(), &spec, wants).unwrap();
                prop_assert_eq!(format!("{loose:?}"), format!("{asked:?}"));
            }
        }
    }

    #[test]
    fn archives_are_not_loose(sources in prop::collection::vec(source(), 0..8)) {
        let archive = sources.iter().any(|source| source.kind == SourceKind::Npz);
        prop_assert_eq!(asks::of_loose(&sources, &Spec::default(), Wants::NUMBERS).is_none(), archive);
    }

    #[test]
    fn saved_facts_are_the_same_facts(sources in prop::collection::vec(source(), 0..12)) {
        let facts = Facts::new(sources);
        let mut text = Vec::new();
        saved::write(&facts, &mut text).unwrap();
        prop_assert_eq!(saved::read(&mut text.as_slice()).unwrap(), facts);
    }

    #[test]
    fn every_array_is_in_one_column_and_every_column_in_batch_order(sources in prop::collection::vec(source(), 0..24)) {
        let facts = Facts::new(sources);
        let streams = assemble(&facts, &Spec::default());
        let mut cells = 0;
        for stream in &streams {
            for column in &stream.columns {
                prop_assert!(column.cells.windows(2).all(|pair| pair[0].batch < pair[1].batch));
                cells += column.cells.len();
            }
        }
        // `np.load` gives the last of two members with one key.
        let keys: usize = facts.sources().iter().map(|source| match source.kind {
            SourceKind::Npz => source.arrays.iter().map(|array| &array.key).collect::<std::collections::BTreeSet<_>>().len(),
            _ => source.arrays.len(),
        }).sum();
        prop_assert_eq!(cells, keys);
    }
}

#[test]
fn other_versions_and_damage_are_refused_with_a_reason() {
    let read = |text: &str| saved::read(&mut text.as_bytes()).unwrap_err().to_string();
    assert!(read("").contains("not a facts file"));
    assert!(read("{\"path\": 1}\n").contains("not a facts file"));
    assert!(read("{\"facts\": 2, \"tool\": \"later\"}\n").contains("version 2"));
    assert!(read("{\"facts\": 1, \"tool\": \"t\"}\n{\"path\":").starts_with("line 2, column 8: EOF"));
    let impossible = |array: &str| {
        let source = format!("{{\"path\":\"a.npy\",\"root\":\"\",\"kind\":\"npy\",\"size\":1,\"arrays\":[{array}]}}");
        read(&format!("{{\"facts\": 1, \"tool\": \"t\"}}\n\n{source}\n"))
    };
    let array = |shape: &str, reading: &str| {
        format!(
            "{{\"key\":\"a\",\"ordinal\":0,\"header\":{{\"dtype\":{{\"kind\":\"float\",\"size\":4,\"order\":\"little\"}},\
             \"shape\":{shape},\"fortran\":false}}{reading}}}"
        )
    };
    assert_eq!(impossible(&array("[4611686018427387904, 4]", "")), "line 3: no array has that shape");
    let few = impossible(&array("[4]", ",\"reading\":{\"read\":{\"count\":5}}"));
    assert_eq!(few, "line 3: the values are not as many as the shape says");
    let many = impossible(&array("[1125899906842624]", ",\"reading\":{\"read\":{\"count\":1125899906842624}}"));
    assert_eq!(many, "line 3: so many values were never read");
}
