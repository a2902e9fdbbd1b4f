//! A batch larger than the dataset with a dropped remainder: no step at all.

use super::plan;
use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx};
use crate::diagnostic::{Finding, Level, Unit};
use crate::spec::{Framework, LastBatch, Unit as SourceUnit};

pub(super) static RULE: Rule = Rule {
    id: "zero-steps",
    group: Group::Plan,
    level: Level::Error,
    finds: "a batch larger than the dataset whose remainder is dropped: no step at all",
    needs: Needs::SPEC,
    page: include_str!("../../docs/rules/zero-steps.md"),
    judge: Judge::Stream(judge),
};

fn judge(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    let plan = &cx.spec.plan;
    let (Some(size), Some(last)) = (&plan.size, &plan.last) else { return Looked::No };
    let seen = match cx.spec.unit {
        SourceUnit::Dataset => cx.stream.batches.iter().filter_map(|set| set.rows).min(),
        SourceUnit::Batch => None,
    };
    let Some(rows) = seen.or(plan.dataset.as_ref().map(|dataset| dataset.value)) else { return Looked::No };
    let Some(least) = size.value.min else { return Looked::No };
    if last.value == LastBatch::Dropped && rows < least {
        out.push(
            Finding::new(
                plan::anchor(Some(size)),
                "",
                "the plan makes no step",
                format!("A dataset of {rows} rows fills at least one batch."),
                format!("a batch of {least} rows, larger than the dataset, and the remainder is dropped"),
            )
            .counted(Vec::new(), 1, 1, Unit::Line)
            .cause("the batch size was tuned on a larger set, or the set is a small sample")
            .consequence(match cx.spec.framework() {
                Framework::Torch => {
                    "`len(DataLoader(..., drop_last=True))` is 0: the loop body never runs, and nothing warns"
                }
                _ => "every epoch ends before its first step, and most loops say nothing",
            })
            .help(format!("use a batch of at most {rows} rows, or keep the short batch: `last = \"partial\"`")),
        );
    }
    Looked::Yes
}
