//! The batch plan against the batches: the questions that several plan rules share, so that one fault is one finding.

use crate::diagnostic::{Anchor, Place, Unit as Count};
use crate::facts::{Batch, Stream};
use crate::source::capture::facts::Reason;
use crate::spec::{At, Declared, SizeRule, Spec, Unit};

use super::Looked;
use super::context::batch_place;

/// A whole-dataset batch needs this many times the declared size when nothing but its loneliness speaks for it: below
/// that, a batch that is simply too large is the likelier story.
const FAR_ABOVE: u64 = 4;

/// What says that one batch holds the whole dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evidence {
    /// Its rows are those of the declared dataset.
    Dataset(u64),
    /// Its rows are steps × size.
    Steps { steps: u64, size: u64 },
    /// It is the only batch, and far above the declared size.
    Only { size: u64 },
}

/// What says that this batch holds the whole dataset, if anything does.
pub(super) fn whole(spec: &Spec, stream: &Stream<'_>, batch: &Batch) -> Option<Evidence> {
    if spec.unit != Unit::Batch {
        return None;
    }
    let rows = batch.rows?;
    let size = spec.plan.size.as_ref().map(|size| size.value);
    if size.is_some_and(|size| size.allows(rows)) {
        return None;
    }
    let largest = size.and_then(|size| size.max);
    if largest.is_some_and(|largest| rows <= largest) {
        return None;
    }
    let steps = spec.plan.steps.as_ref().map(|steps| steps.value).filter(|steps| *steps > 1);
    if let Some(dataset) = spec.plan.dataset.as_ref().filter(|dataset| dataset.value == rows)
        && (size.is_some() || steps.is_some())
    {
        return Some(Evidence::Dataset(dataset.value));
    }
    let exact = size.and_then(|size| size.exact());
    if let (Some(steps), Some(size)) = (steps, exact)
        && steps.checked_mul(size) == Some(rows)
    {
        return Some(Evidence::Steps { steps, size });
    }
    let only = stream.batches.len() == 1 && stream.is_whole();
    let size = largest.filter(|largest| only && rows >= largest.saturating_mul(FAR_ABOVE))?;
    Some(Evidence::Only { size })
}

/// What becomes of a check of the whole stream where the batches are not all that there are: a program was stopped, or
/// stopped by itself, before it was through.
pub(super) fn unfinished(stream: &Stream<'_>) -> Option<Looked> {
    if stream.is_whole() {
        return None;
    }
    let batches = Count::Batch.counted(stream.batches.len() as u64);
    let reason = stream.capture.and_then(|capture| capture.end.as_ref()).map(|end| end.reason);
    let why = match reason {
        Some(Reason::Limit | Reason::TimeLimit) => {
            format!("only the first {batches} were taken; the program may have more")
        }
        Some(Reason::Interrupt) => format!("the run was interrupted after {batches}"),
        _ => format!("the program failed after {batches}; it would have had more"),
    };
    Some(Looked::Unable(why))
}

/// Whether every one of several batches has one row where more are declared.
pub(super) fn all_single(spec: &Spec, stream: &Stream<'_>) -> bool {
    spec.unit == Unit::Batch
        && stream.batches.len() > 1
        && stream.batches.iter().all(|batch| batch.rows == Some(1))
        && spec.plan.size.as_ref().and_then(|size| size.value.min).is_some_and(|min| min > 1)
}

/// The size that batches should have: the declared one, or else the size that most of them have.
pub(super) fn usual_size(spec: &Spec, stream: &Stream<'_>) -> Option<SizeRule> {
    if let Some(size) = &spec.plan.size {
        return Some(size.value);
    }
    let mut counts: std::collections::BTreeMap<u64, usize> = std::collections::BTreeMap::new();
    for rows in stream.batches.iter().filter_map(|batch| batch.rows) {
        *counts.entry(rows).or_default() += 1;
    }
    let (rows, count) = counts.into_iter().max_by_key(|(rows, count)| (*count, *rows))?;
    // One batch has no usual size, and two that differ have none either.
    (count > 1).then(|| SizeRule::exactly(rows))
}

/// The last batch of every sequence: batches whose names differ in nothing but a number.
pub(super) fn last_batches(stream: &Stream<'_>) -> Vec<usize> {
    let batches = &stream.batches;
    (0..batches.len()).filter(|i| batches.get(i + 1).is_none_or(|next| next.sequence != batches[*i].sequence)).collect()
}

/// The place of a batch, with its rows.
pub(super) fn sized_place(stream: &Stream<'_>, batch: usize) -> Place {
    let place = batch_place(stream, batch);
    match stream.batches[batch].rows {
        Some(1) => place.detail("1 row"),
        Some(rows) => place.detail(format!("{rows} rows")),
        None => place,
    }
}

/// The line of the plan that a finding points at.
pub(super) fn anchor<T>(declared: Option<&Declared<T>>) -> Anchor {
    declared.map_or(Anchor::Data, |declared| Anchor::Spec(At::clone(&declared.at)))
}

/// "32 rows", "1 to 64 rows, a multiple of 8"
pub(super) fn rows(rule: SizeRule) -> String {
    let range = match (rule.min, rule.max) {
        (Some(min), Some(max)) if min == max => return format!("{min} row{}", if min == 1 { "" } else { "s" }),
        (Some(min), Some(max)) => format!("{min} to {max} rows"),
        (Some(min), None) => format!("at least {min} rows"),
        (None, Some(max)) => format!("at most {max} rows"),
        (None, None) => "any number of rows".into(),
    };
    match rule.multiple_of {
        Some(step) => format!("{range}, a multiple of {step}"),
        None => range,
    }
}
