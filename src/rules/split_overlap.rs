//! Samples that are in both of two sets.

use std::collections::{HashMap, HashSet};

use super::sample::{Sample, is_no_chance, sample_place, samples};
use super::{Findings, Group, Judge, Looked, Needs, Rule, SetsCx};
use crate::diagnostic::quantity::exact;
use crate::diagnostic::{Anchor, Finding, Level, Unit};
use crate::facts::sets::Set;
use crate::source::text::shown;
use crate::values::Wants;

pub(super) static RULE: Rule = Rule {
    id: "split-overlap",
    group: Group::Values,
    level: Level::Error,
    finds: "whole samples that are in both of two sets: training and validation (`--against`)",
    needs: Needs::HEADERS.values(Wants::HASHES.or_numbers().or_rows()),
    page: include_str!("../../docs/rules/split-overlap.md"),
    judge: Judge::Sets(judge),
};

/// Places that are named.
const NAMED: usize = 100;

fn judge(cx: &SetsCx<'_>, out: &mut Findings) -> Looked {
    let of = |set: &Set<'_>| {
        let names: Vec<&str> = set.inputs.iter().map(|part| &*part.name).collect();
        samples(&set.batches, &names)
    };
    let both = of(cx.first).and_then(|ours| Ok((ours, of(cx.second)?)));
    let (ours, theirs) = match both {
        Ok(both) => both,
        Err(looked) => return looked,
    };
    let pairs = ours.all.len() as f64 * theirs.all.len() as f64;
    if !is_no_chance(ours.bits.min(theirs.bits), pairs) {
        return Looked::No;
    }
    let mut first: HashMap<u128, Sample> = HashMap::with_capacity(ours.all.len());
    for sample in &ours.all {
        first.entry(sample.hash).or_insert(*sample);
    }
    let shared: Vec<&Sample> = theirs.all.iter().filter(|sample| first.contains_key(&sample.hash)).collect();
    if shared.is_empty() {
        return if ours.missing.is_some() { ours.looked() } else { theirs.looked() };
    }
    let hashes: HashSet<u128> = shared.iter().map(|sample| sample.hash).collect();
    let in_first = ours.all.iter().filter(|sample| hashes.contains(&sample.hash)).count();
    let (one, other) = (shown(&cx.first.name, 100), shown(&cx.second.name, 100));
    let (one, other) = (called(&one), called(&other));
    let places = shared
        .iter()
        .take(NAMED)
        .map(|sample| {
            let original = sample_place(&cx.first.batches, &first[&sample.hash]);
            sample_place(&cx.second.batches, sample).detail(format!("the same as {original}"))
        })
        .collect();
    out.push(
        Finding::new(
            Anchor::Data,
            "",
            format!("{other} holds samples of {one}"),
            format!("No sample of {other} is in {one}."),
            format!(
                "{} of {} samples of {other}, {} of {} of {one}",
                exact(shared.len() as u64),
                exact(theirs.all.len() as u64),
                exact(in_first as u64),
                exact(ours.all.len() as u64)
            ),
        )
        .counted(places, shared.len() as u64, theirs.all.len() as u64, Unit::Row)
        .cause("the set was split after copies or augmentations were made, was split twice with two seeds, or holds copies")
        .consequence("the score on these samples measures memory: it looks better than the model is")
        .help("drop copies first, then split once, by what a sample came from: the patient, the video, the document"),
    );
    Looked::Yes
}

/// A set as messages name it.
fn called(name: &str) -> String {
    if name.is_empty() { "the checked files".into() } else { format!("`{name}`") }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::Looked;
    use crate::rules::testing::World;

    fn noise(batch: usize, i: usize) -> f64 {
        let mixed = (batch * 1_000_003 + i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        (mixed % 1_000_003) as f64
    }

    const TRAIN: &str = "x_train: float32[8, 16]";
    const TEST: &str = "x_test: float32[4, 16]";

    #[test]
    fn splits_of_one_archive_are_compared() {
        let leak = |_: usize, i: usize| if i / 16 == 2 { noise(0, 5 * 16 + i % 16) } else { noise(7, i) };
        let found = World::unspecified().made(1, &[(TRAIN, noise), (TEST, leak)]).judge(&RULE);
        assert_eq!(found[0].message, "`test` holds samples of `train`");
        assert_eq!(found[0].found, "1 of 4 samples of `test`, 1 of 8 of `train`");
        assert_eq!(found[0].places[0].detail.as_deref(), Some("the same as dump/batch_000.npz::x_train[5]"));
    }

    #[test]
    fn disjoint_sets_and_common_starts_of_rows_are_fine() {
        let clean = World::unspecified().made(1, &[(TRAIN, noise), (TEST, |_, i| noise(7, i))]);
        assert_eq!((clean.judge(&RULE).len(), clean.looked(&RULE)), (0, vec![Looked::Yes]));
        // All but the last element are those of a training sample.
        let near = |_: usize, i: usize| if i % 16 == 15 { 0.5 } else { noise(0, i) };
        assert!(World::unspecified().made(1, &[(TRAIN, noise), (TEST, near)]).judge(&RULE).is_empty());
        let flags = |_: usize, i: usize| (i % 2) as f64;
        let small = World::unspecified().made(1, &[(TRAIN, flags), (TEST, flags)]);
        assert_eq!((small.judge(&RULE).len(), small.looked(&RULE)), (0, vec![Looked::No]));
        assert!(World::unspecified().made(2, &[("x: float32[8, 16]", noise)]).looked(&RULE).is_empty());
    }
}
