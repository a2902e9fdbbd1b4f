//! A last batch that is shorter than the others.

use super::plan;
use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx};
use crate::diagnostic::{Change, Finding, Fix, Level, Unit};
use crate::spec::{Framework, LastBatch, SizeRule, Unit as SourceUnit};

pub(super) static RULE: Rule = Rule {
    id: "partial-last-batch",
    group: Group::Plan,
    level: Level::Note,
    finds: "a last batch that is shorter than the others",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/partial-last-batch.md"),
    judge: Judge::Stream(judge),
};

fn judge(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    let Some(usual) = plan::usual_size(cx.spec, cx.stream) else { return Looked::No };
    if plan::all_single(cx.spec, cx.stream) {
        return Looked::No;
    }
    match cx.spec.unit {
        SourceUnit::Batch => {
            if cx.stream.batches.len() < 2 {
                return Looked::No;
            }
            if let Some(unable) = plan::unfinished(cx.stream) {
                // Where nothing is declared nobody waits for the last batch.
                let plan = &cx.spec.plan;
                let declared = plan.size.is_some() || plan.last.is_some() || plan.replicas.is_some();
                return if declared { unable } else { Looked::No };
            }
            for index in plan::last_batches(cx.stream) {
                if let Some(rows) = cx.stream.batches[index].rows {
                    last(cx, usual, rows, index, out);
                }
            }
        }
        SourceUnit::Dataset => {
            let Some(size) = usual.exact().filter(|size| *size > 0) else { return Looked::No };
            for (index, set) in cx.stream.batches.iter().enumerate() {
                if let Some(rows) = set.rows.filter(|rows| *rows > size) {
                    last(cx, usual, if rows % size == 0 { size } else { rows % size }, index, out);
                }
            }
        }
    }
    Looked::Yes
}

/// Judges the last batch of a sequence, which has that many rows.
fn last(cx: &StreamCx<'_>, usual: SizeRule, rows: u64, index: usize, out: &mut Findings) {
    let plan = &cx.spec.plan;
    let short = rows > 0 && usual.min.is_some_and(|min| rows < min);
    let last = plan.last.as_ref().map(|last| last.value);
    let replicas = plan.replicas.as_ref().filter(|replicas| replicas.value > 1);
    let indivisible = replicas.filter(|replicas| !rows.is_multiple_of(replicas.value));
    let wanted = plan::rows(usual);
    let (level, anchor, message, expected, consequence) = match (last, indivisible) {
        (Some(LastBatch::Dropped), _) => return,
        (_, Some(replicas)) if short => (
            Level::Error,
            plan::anchor(Some(replicas)),
            "the last batch does not divide by the replicas",
            format!("Every batch divides by {} replicas.", replicas.value),
            "the step at the very end of the first epoch stops: a batch must divide by the number of devices",
        ),
        (Some(LastBatch::Full), _) if short => (
            Level::Error,
            plan::anchor(plan.last.as_ref()),
            "the last batch is short",
            format!("The last batch is full: {wanted}."),
            consequence(cx.spec.framework(), rows),
        ),
        (None, _) if short && rows == 1 => (
            Level::Warning,
            plan::anchor(plan.size.as_ref()),
            "the last batch has a single row",
            format!("A batch holds {wanted}."),
            consequence(cx.spec.framework(), rows),
        ),
        (None, _) if short => (
            Level::Note,
            plan::anchor(plan.size.as_ref()),
            "the last batch is short",
            format!("A batch holds {wanted}."),
            consequence(cx.spec.framework(), rows),
        ),
        _ => return,
    };
    // Of a whole set the trainer leaves the rows out, and a batch that nobody forbids stays.
    let forbidden = short && (last == Some(LastBatch::Full) || indivisible.is_some());
    let change = (forbidden && cx.spec.unit == SourceUnit::Batch).then_some(Change::LeaveOut);
    let size = usual.min.unwrap_or(1);
    out.push(
        Finding::new(anchor, "", message, expected, format!("{rows} row{}", if rows == 1 { "" } else { "s" }))
            .level(level)
            .counted(
                vec![plan::sized_place(cx.stream, index)],
                1,
                plan::last_batches(cx.stream).len() as u64,
                Unit::Batch,
            )
            .cause("the rows do not divide by the batch size")
            .consequence(consequence)
            .help(
                "say what the trainer does with it: `last = \"partial\"` keeps it, `last = \"dropped\"` leaves it out",
            )
            .fix(Fix {
                proof: format!(
                    "not run here; it leaves out {rows} row{} of each epoch",
                    if rows == 1 { "" } else { "s" }
                )
                .into(),
                change,
                ..Fix::unverified(format!("n = len(x) // {size} * {size}\nx, y = x[:n], y[:n]"))
            }),
    );
}

fn consequence(framework: Framework, rows: u64) -> &'static str {
    match (framework, rows) {
        (Framework::Torch, 1) => {
            "batch normalisation stops on it: `ValueError: Expected more than 1 value per channel when training`; `drop_last=True` avoids it"
        }
        (Framework::Keras, _) => {
            "keras takes it; a stateful RNN or a fixed batch size stops on it, at the end of the first epoch"
        }
        (Framework::Jax, _) => {
            "jax compiles the step once more for it; `pmap` stops where it does not divide by the devices"
        }
        (_, 1) => "batch normalisation over one row is undefined, and `squeeze()` removes the batch axis",
        _ => "whatever needs a fixed batch size stops on it, at the very end of the first epoch",
    }
}
