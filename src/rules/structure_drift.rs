//! Batches that do not hold the same arrays.

use std::collections::BTreeMap;

use super::context::batch_place;
use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx};
use crate::diagnostic::{Anchor, Finding, Level, Unit};
use crate::source::text::shown;
use crate::spec::Framework;

pub(super) static RULE: Rule = Rule {
    id: "structure-drift",
    group: Group::Structure,
    level: Level::Error,
    finds: "batches that do not hold the same arrays",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/structure-drift.md"),
    judge: Judge::Stream(judge),
};

fn judge(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    // With declared arrays every batch is compared with the spec, which names the batch that is wrong.
    if !cx.spec.arrays.is_empty() || cx.stream.batches.len() < 2 {
        return Looked::No;
    }
    let mut holds: Vec<Vec<&str>> = vec![Vec::new(); cx.stream.batches.len()];
    for column in &cx.stream.columns {
        for cell in &column.cells {
            holds[cell.batch].push(&column.name);
        }
    }
    for (holds, batch) in holds.iter_mut().zip(&cx.stream.batches) {
        holds.extend(batch.unreadable.iter().map(String::as_str));
        holds.sort_unstable();
    }
    let mut kinds: BTreeMap<&[&str], Vec<usize>> = BTreeMap::new();
    for (batch, names) in holds.iter().enumerate() {
        kinds.entry(names).or_default().push(batch);
    }
    // Most batches are taken to be right; of two equally common kinds, the one that comes first.
    let Some((usual, _)) = kinds.iter().max_by_key(|(_, batches)| (batches.len(), std::cmp::Reverse(batches[0])))
    else {
        return Looked::No;
    };
    let usual = usual.to_vec();
    for (names, batches) in kinds.iter().filter(|(names, _)| **names != usual.as_slice()) {
        let finding = Finding::new(
            Anchor::Data,
            "",
            "batches do not hold the same arrays",
            format!("Every batch holds {}.", listed(&usual)),
            difference(&usual, names),
        )
        .counted(
            batches.iter().map(|batch| batch_place(cx.stream, *batch).detail(difference(&usual, names))).collect(),
            batches.len() as u64,
            cx.stream.batches.len() as u64,
            Unit::Batch,
        )
        .cause("a branch of the generator yields fewer arrays, or files of two runs are mixed in one folder");
        out.push(match cx.spec.framework() {
            Framework::Keras => {
                finding.consequence("keras stops at that batch: `tuple arity mismatch; expected: 3, got: 2`")
            }
            _ => finding.consequence("training stops at that batch, long after it began"),
        });
    }
    Looked::Yes
}

fn listed(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().take(6).map(|name| format!("`{}`", shown(name, 40))).collect();
    if names.is_empty() { "no array".into() } else { names.join(", ") }
}

fn difference(usual: &[&str], names: &[&str]) -> String {
    let lacks: Vec<&str> = usual.iter().filter(|name| !names.contains(name)).copied().collect();
    let adds: Vec<&str> = names.iter().filter(|name| !usual.contains(name)).copied().collect();
    match (lacks.is_empty(), adds.is_empty()) {
        (false, true) => format!("lacks {}", listed(&lacks)),
        (true, false) => format!("adds {}", listed(&adds)),
        _ => format!("{} instead of {}", listed(&adds), listed(&lacks)),
    }
}
