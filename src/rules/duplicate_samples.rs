//! The same sample twice in one set.

use std::collections::{HashMap, HashSet};

use super::sample::{Sample, is_no_chance, sample_place, samples};
use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx};
use crate::diagnostic::quantity::exact;
use crate::diagnostic::{Anchor, Finding, Level, Unit};
use crate::facts::sets::{role, side_by_side};
use crate::facts::{Cell, Column};
use crate::spec::Role;
use crate::values::Wants;

pub(super) static RULE: Rule = Rule {
    id: "duplicate-samples",
    group: Group::Values,
    level: Level::Warning,
    finds: "equal samples within a set",
    needs: Needs::HEADERS.values(Wants::HASHES.or_numbers().or_rows()),
    page: include_str!("../../docs/rules/duplicate-samples.md"),
    judge: Judge::Stream(judge),
};

/// Places that are named.
const NAMED: usize = 100;

fn judge(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    let inputs: Vec<&Column<'_>> =
        cx.stream.columns.iter().filter(|column| role(column, cx.spec) == Some(Role::Input)).collect();
    // Batches that come again as a whole are told by `repeated-batch`, and so are epochs.
    let mut seen = HashSet::new();
    let content = |cells: &[Cell<'_>]| cells.iter().map(|cell| cell.array.values()?.hash).collect::<Option<Vec<_>>>();
    let batches: Vec<Vec<Cell<'_>>> = side_by_side(cx.stream, &inputs)
        .into_iter()
        .map(|(_, cells)| cells)
        .filter(|cells| content(cells).is_none_or(|content| seen.insert(content)))
        .collect();
    let names: Vec<&str> = inputs.iter().map(|column| &*column.name).collect();
    let samples = match samples(&batches, &names) {
        Ok(mut samples) => {
            if !cx.stream.is_whole() {
                first_epoch(&mut samples.all);
            }
            samples
        }
        Err(looked) => return looked,
    };
    if !is_no_chance(samples.bits, (samples.all.len() as f64).powi(2)) {
        return Looked::No;
    }
    if all_differ(&samples.all) {
        return samples.looked();
    }
    let mut first: HashMap<u128, (Sample, u64)> = HashMap::with_capacity(samples.all.len());
    let mut again: Vec<(Sample, Sample)> = Vec::new();
    let mut count: u64 = 0;
    for sample in &samples.all {
        let known = first.entry(sample.hash).or_insert((*sample, 0));
        known.1 += 1;
        if known.1 > 1 {
            count += 1;
            if again.len() < NAMED {
                again.push((*sample, known.0));
            }
        }
    }
    // Where nearly all come again, these are epochs.
    let repeated = first.values().filter(|(_, count)| *count > 1).count();
    if again.is_empty() || (repeated * 10 >= first.len() * 9 && first.len() > 2) {
        return samples.looked();
    }
    let places = again
        .iter()
        .map(|(sample, first)| {
            sample_place(&batches, sample).detail(format!("the same as {}", sample_place(&batches, first)))
        })
        .collect();
    let of = samples.all.len() as u64;
    out.push(
        Finding::new(
            Anchor::Data,
            "",
            "samples come more than once",
            "Every sample of the set differs from the others.",
            format!("{} of {} samples are copies of earlier ones", exact(count), exact(of)),
        )
        .counted(places, count, of, Unit::Row)
        .cause("the same source was read twice, tables were joined on a key that is not unique, or the set was oversampled")
        .consequence(
            "copies weigh more than other samples, and if the set is split at random, the same sample lands on both sides: \
             the validation then measures memory",
        )
        .help("drop the copies before the set is split; if they are meant, allow them with the reason"),
    );
    Looked::Yes
}

/// Whether no sample is like another, told by half of their hashes: sorted, they are compared faster than found in a table.
fn all_differ(samples: &[Sample]) -> bool {
    #[allow(clippy::cast_possible_truncation, reason = "half of it")]
    let mut halves: Vec<u64> = samples.iter().map(|sample| sample.hash as u64).collect();
    halves.sort_unstable();
    halves.windows(2).all(|pair| pair[0] != pair[1])
}

/// Leaves out what a program that goes round for ever hands out again: everything behind the last sample that is new.
fn first_epoch(samples: &mut Vec<Sample>) {
    let mut seen = HashSet::new();
    let last = samples.iter().enumerate().filter(|(_, sample)| seen.insert(sample.hash)).last();
    let count = last.map_or(0, |(index, _)| index + 1);
    samples.truncate(count);
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::Looked;
    use crate::rules::testing::{World, noise};
    use crate::spec::Framework;

    fn torch() -> World {
        World::new(Framework::Torch).input("x", "float32", "batch, 16").target("y", "int64", "batch")
    }

    const X: &str = "x: float32[4, 16]";

    #[test]
    fn a_copy_is_named_with_its_original() {
        let copy =
            |batch: usize, i: usize| if batch == 2 && i / 16 == 3 { noise(0, 16 + i % 16) } else { noise(batch, i) };
        let found = torch().made(3, &[(X, copy)]).judge(&RULE);
        assert_eq!(found[0].found, "1 of 12 samples are copies of earlier ones");
        assert_eq!(found[0].places[0].sample, Some(3));
        assert_eq!(found[0].places[0].detail.as_deref(), Some("the same as dump/batch_000.npz::x[1]"));
    }

    #[test]
    fn all_inputs_make_a_sample() {
        let world = World::new(Framework::Torch).input("a", "float32", "batch, 16").input("b", "float32", "batch, 16");
        let one = |_: usize, i: usize| noise(0, i % 16);
        let differ = world.made(2, &[("a: float32[4, 16]", one), ("b: float32[4, 16]", noise)]);
        assert_eq!((differ.judge(&RULE).len(), differ.looked(&RULE)), (0, vec![Looked::Yes]));
    }

    #[test]
    fn whole_batches_epochs_blank_rows_and_flags_are_left_alone() {
        let clean = |world: World, looked: Looked| {
            assert_eq!(world.judge(&RULE), []);
            assert_eq!(world.looked(&RULE), [looked]);
        };
        clean(torch().made(4, &[(X, |batch, i| noise(batch % 2, i))]), Looked::Yes);
        // The second epoch in another order.
        let shuffled = |batch: usize, i: usize| match batch {
            0 | 1 => noise(batch, i),
            _ => noise((batch + i / 16) % 2, i),
        };
        clean(torch().made(4, &[(X, shuffled)]), Looked::Yes);
        clean(torch().made(3, &[(X, |batch, i| if i / 16 < 2 { 0.0 } else { noise(batch, i) })]), Looked::Yes);
        clean(torch().made(3, &[(X, |batch, i| noise(batch, i) % 2.0)]), Looked::No);
        let short = World::new(Framework::Torch).input("x", "float32", "batch, 2");
        clean(short.made(3, &[("x: float32[4, 2]", noise)]), Looked::No);
    }
}
