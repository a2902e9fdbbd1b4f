//! Fewer batches than the steps that the trainer was told.

use super::plan;
use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx};
use crate::diagnostic::{Finding, Fix, Level, Unit};
use crate::facts::Stream;
use crate::spec::{Framework, LastBatch, Spec, Unit as SourceUnit};

pub(super) static RULE: Rule = Rule {
    id: "too-few-batches",
    group: Group::Plan,
    level: Level::Error,
    finds: "fewer batches than the steps that the trainer was told",
    needs: Needs::SPEC,
    page: include_str!("../../docs/rules/too-few-batches.md"),
    judge: Judge::Stream(judge),
};

fn judge(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    let Some(steps) = &cx.spec.plan.steps else { return Looked::No };
    if is_whole(cx.spec, cx.stream) {
        return Looked::No;
    }
    if !cx.stream.lost.is_empty() {
        return Looked::Unable("files could not be read, so the batches and their rows cannot be counted".into());
    }
    let Some(batches) = batches(cx.spec, cx.stream) else {
        return Looked::Unable("the rows of the set or the size of a batch are not known".into());
    };
    // A program that was stopped has handed out these at least.
    if batches < steps.value
        && let Some(unable) = plan::unfinished(cx.stream)
    {
        return unable;
    }
    if batches < steps.value {
        let live = cx.stream.is_live();
        let found = if batches == 1 { "1 batch".to_owned() } else { format!("{batches} batches") };
        out.push(
            Finding::new(
                plan::anchor(Some(steps)),
                "",
                "there are fewer batches than steps",
                format!("An epoch has {} steps, one batch each.", steps.value),
                found,
            )
            .counted(Vec::new(), steps.value - batches, steps.value, Unit::Step)
            .cause(if live {
                "the generator ends too early, or `steps` was computed with `ceil` or another batch size"
            } else {
                "the generator ends too early, `steps` was computed with `ceil` or another batch size, or files are missing"
            })
            .consequence(match cx.spec.framework() {
                Framework::Keras => {
                    "keras warns `Your input ran out of data; interrupting training`, then replays the batches it has cached: \
                     later epochs train on two batches, or report `loss: 0.0`"
                }
                _ => "the epoch ends early; what happens then is a warning at most",
            })
            .help(format!(
                "{} all {} batches, or declare the steps that there are: `steps = {batches}`",
                if live { "yield" } else { "dump" },
                steps.value
            ))
            .fix(Fix {
                proof: "not run here; it repeats the data and changes no value".into(),
                ..Fix::unverified("def batches():\n    while True:\n        yield from one_epoch()")
            }),
        );
    }
    Looked::Yes
}

/// Batches of one epoch: those that were dumped, or those that the trainer cuts from the set.
pub(super) fn batches(spec: &Spec, stream: &Stream<'_>) -> Option<u64> {
    match spec.unit {
        SourceUnit::Batch => Some(stream.batches.len() as u64),
        SourceUnit::Dataset => {
            let size = spec.plan.size.as_ref()?.value.exact().filter(|size| *size > 0)?;
            let rows = stream.batches.iter().filter_map(|set| set.rows).max()?;
            let dropped = spec.plan.last.as_ref().is_some_and(|last| last.value == LastBatch::Dropped);
            Some(if dropped { rows / size } else { rows.div_ceil(size) })
        }
    }
}

/// Whether one batch holds the whole dataset, which explains why there are few.
pub(super) fn is_whole(spec: &Spec, stream: &Stream<'_>) -> bool {
    stream.batches.iter().any(|batch| plan::whole(spec, stream, batch).is_some())
}
