//! Numbers that are missing from a sequence of batch files.

use std::collections::BTreeMap;

use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx};
use crate::diagnostic::{Anchor, Finding, Level, Place, Unit};

pub(super) static RULE: Rule = Rule {
    id: "numbering-gap",
    group: Group::Plan,
    level: Level::Warning,
    finds: "numbers that are missing from a sequence of batch files",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/numbering-gap.md"),
    judge: Judge::Stream(judge),
};

/// A sequence has at least this many batches. Two numbers are no sequence.
const SEQUENCE: usize = 3;
/// A gap is at most this part of the sequence: numbers with more holes than that are ids or times, not a count.
const DENSE: u64 = 4;

fn judge(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    if cx.stream.is_live() {
        return Looked::No;
    }
    let mut sequences: BTreeMap<&str, Vec<(u64, usize)>> = BTreeMap::new();
    let mut index = 0;
    for same in cx.stream.batches.chunk_by(|a, b| a.sequence == b.sequence) {
        let numbers = same.iter().zip(index..).filter_map(|(batch, index)| Some((batch.number?, index)));
        sequences.entry(&same[0].sequence).or_default().extend(numbers);
        index += same.len();
    }
    sequences.retain(|_, batches| batches.len() >= SEQUENCE);
    for (sequence, batches) in &mut sequences {
        batches.sort_unstable();
        let span = batches[batches.len() - 1].0 - batches[0].0;
        let mut missing = 0_u64;
        let mut places: Vec<Place> = Vec::new();
        for pair in batches.windows(2) {
            // A file that cannot be read is there: another rule says what is wrong with it.
            let between = pair[0].0 + 1..pair[1].0;
            let there = cx.stream.lost.iter().filter(|lost| *lost.sequence == **sequence);
            let there = there.filter(|lost| lost.number.is_some_and(|number| between.contains(&number))).count() as u64;
            let gap = (pair[1].0 - pair[0].0).saturating_sub(1).saturating_sub(there);
            if gap > 0 {
                missing += gap;
                let (first, last) = (pair[0].0 + 1, pair[1].0 - 1);
                let numbers = if gap == 1 { format!("no {first}") } else { format!("no {first} to {last}") };
                places.push(super::context::batch_place(cx.stream, pair[0].1).detail(format!("{numbers} after it")));
            }
        }
        // Every second number missing is a step of two, which somebody chose.
        if missing == 0 || missing > span / DENSE {
            continue;
        }
        out.push(
            Finding::new(
                Anchor::Data,
                "",
                "numbers are missing from the sequence of batches",
                "The numbers in the file names have no gap.",
                if missing == 1 { "1 number missing".to_owned() } else { format!("{missing} numbers missing") },
            )
            .counted(places, missing, span + 1, Unit::Number)
            .cause("a file was not copied, was deleted, or the job that wrote it failed")
            .consequence("training runs on fewer samples than you think, and nothing says so")
            .help("copy or write the missing files again; if the gap is meant, allow it with its reason"),
        );
    }
    if sequences.is_empty() { Looked::No } else { Looked::Yes }
}
