//! Batch sizes that vary other than in the last batch.

use super::plan;
use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx};
use crate::diagnostic::{Finding, Level, Unit};
use crate::spec::Framework;

pub(super) static RULE: Rule = Rule {
    id: "uneven-batches",
    group: Group::Plan,
    level: Level::Warning,
    finds: "batch sizes that vary other than in the last batch",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/uneven-batches.md"),
    judge: Judge::Stream(judge),
};

fn judge(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    let batches = &cx.stream.batches;
    if cx.spec.unit != crate::spec::Unit::Batch || batches.len() < 2 || plan::all_single(cx.spec, cx.stream) {
        return Looked::No;
    }
    let Some(usual) = plan::usual_size(cx.spec, cx.stream) else { return Looked::No };
    let last = plan::last_batches(cx.stream);
    let odd: Vec<usize> = (0..batches.len())
        .filter(|index| !last.contains(index))
        // Larger than declared is an oversize batch; without a declaration it is as uneven as a smaller one.
        .filter(|index| {
            batches[*index].rows.is_some_and(|rows| {
                let larger = cx.spec.plan.size.is_some() && usual.max.is_some_and(|max| rows > max);
                rows > 0 && !usual.allows(rows) && !larger
            })
        })
        .collect();
    let between_epochs = !odd.is_empty() && cx.stream.is_live() && ends_of_epochs(cx, &odd);
    if !odd.is_empty() && !between_epochs {
        let sizes: std::collections::BTreeSet<u64> = odd.iter().filter_map(|index| batches[*index].rows).collect();
        let shown: Vec<String> = sizes.iter().take(4).map(u64::to_string).collect();
        let more = if sizes.len() > 4 { ", ..." } else { "" };
        let count = odd.len() as u64;
        out.push(
            Finding::new(
                plan::anchor(cx.spec.plan.size.as_ref()),
                "",
                "batch sizes vary before the last batch",
                format!("Every batch but the last holds {}.", plan::rows(usual)),
                format!("{}{more} rows", shown.join(", ")),
            )
            .counted(
                odd.iter().map(|index| plan::sized_place(cx.stream, *index)).collect(),
                count,
                batches.len() as u64,
                Unit::Batch,
            )
            .cause("shards were batched one by one, so each shard ends in a short batch; or samples are filtered after batching")
            .consequence(match cx.spec.framework() {
                Framework::Jax => "every size is a compilation of its own, and a loss averaged over batches weighs samples unequally",
                Framework::Tensorflow | Framework::Keras => {
                    "a loss averaged over batches weighs samples unequally; a compiled graph may be traced again for every size"
                }
                _ => "a loss averaged over batches weighs samples unequally, and whatever needs a fixed size stops",
            })
            .help("filter and concatenate first, then cut batches from the whole; or declare a range: `size = { min = 1, max = 64 }`"),
        );
    }
    Looked::Yes
}

/// Whether the short batches stand where epochs end: a generator that goes round for ever has one after every so many.
fn ends_of_epochs(cx: &StreamCx<'_>, odd: &[usize]) -> bool {
    let epoch = odd[0] + 1;
    let rows = |index: usize| cx.stream.batches[index].rows;
    let alike = odd.iter().all(|index| rows(*index) == rows(odd[0]) && (index + 1).is_multiple_of(epoch));
    // The last batch is not among the odd ones, whatever its size.
    epoch > 1 && alike && odd.len() == (cx.stream.batches.len() - 1) / epoch
}
