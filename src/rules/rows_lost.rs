//! The rows of all batches against the size of the dataset.

use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx};
use super::{plan, too_few_batches};
use crate::diagnostic::{Finding, Level, Unit};
use crate::spec::{LastBatch, Unit as SourceUnit};

pub(super) static RULE: Rule = Rule {
    id: "rows-lost",
    group: Group::Plan,
    level: Level::Warning,
    finds: "rows of the dataset that no batch holds, or too many rows",
    needs: Needs::SPEC,
    page: include_str!("../../docs/rules/rows-lost.md"),
    judge: Judge::Stream(judge),
};

fn judge(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    let plan = &cx.spec.plan;
    let Some(dataset) = &plan.dataset else { return Looked::No };
    let batches = &cx.stream.batches;
    if too_few_batches::is_whole(cx.spec, cx.stream) {
        return Looked::No;
    }
    if !cx.stream.lost.is_empty() {
        return Looked::Unable("files could not be read, so the batches and their rows cannot be counted".into());
    }
    if cx.spec.unit == SourceUnit::Batch
        && let Some(unable) = plan::unfinished(cx.stream)
    {
        return unable;
    }
    let live = cx.stream.is_live();
    let rows = match cx.spec.unit {
        SourceUnit::Batch => cx.stream.rows(),
        // Each set is the whole dataset.
        SourceUnit::Dataset => batches.iter().map(|set| set.rows).min().flatten(),
    };
    let Some(rows) = rows else {
        return Looked::Unable("not every batch shows how many rows it has".into());
    };
    let steps = plan.steps.as_ref().map(|steps| steps.value);
    let short = steps.zip(too_few_batches::batches(cx.spec, cx.stream)).is_some_and(|(steps, there)| there < steps);
    // Too few batches say the same in other words, and the planned rows of a dropped remainder are no loss.
    let size = plan.size.as_ref().and_then(|size| size.value.exact()).filter(|size| *size > 0);
    let remainder = size.map(|size| dataset.value % size);
    let dropped = plan.last.as_ref().is_some_and(|last| last.value == LastBatch::Dropped);
    let missing = dataset.value.checked_sub(rows);
    if rows == dataset.value || (short && missing.is_some()) || (dropped && missing == remainder) {
        return Looked::Yes;
    }
    let (message, found, cause, consequence) = match missing {
        Some(missing) => (
            "rows of the dataset are in no batch",
            format!("{rows} rows: {missing} are missing"),
            if remainder == Some(missing) {
                "floor division: the rows that do not fill a whole batch were left out"
            } else if live {
                "the generator ended early, a filter takes samples out, or `dataset` counts something else"
            } else {
                "files are missing, the generator ended early, or `dataset` counts something else"
            },
            "these samples are never trained on, in no epoch",
        ),
        None => (
            "the batches hold more rows than the dataset",
            format!("{rows} rows: {} too many", rows - dataset.value),
            if live {
                "the last batch was filled up with rows from the start, or the generator goes round more than once"
            } else {
                "the last batch was filled up with rows from the start, batches were dumped twice, or files of two runs are mixed"
            },
            "the surplus samples count twice in every epoch",
        ),
    };
    out.push(
        Finding::new(
            plan::anchor(Some(dataset)),
            "",
            message,
            format!("All batches together hold the {} rows of the dataset.", dataset.value),
            found,
        )
        .counted(Vec::new(), dataset.value.abs_diff(rows), dataset.value.max(rows), Unit::Row)
        .cause(cause)
        .consequence(consequence)
        .help("use `math.ceil(n / size)` steps and keep the short last batch, or declare `last = \"dropped\"`"),
    );
    Looked::Yes
}
