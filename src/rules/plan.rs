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
    /// It is the only batch that a program has, where several steps were asked for that could share its rows.
    Shared { steps: u64, size: u64 },
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
    if let (Some(steps), None, true) = (steps, size, only && stream.capture.is_some())
        && rows.is_multiple_of(steps)
        && rows / steps > 1
    {
        return Some(Evidence::Shared { steps, size: rows / steps });
    }
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
    for same in stream.batches.chunk_by(|a, b| a.rows == b.rows) {
        if let Some(rows) = same[0].rows {
            *counts.entry(rows).or_default() += same.len();
        }
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

#[cfg(test)]
mod tests {
    use crate::rules::testing::{World, noise};
    use crate::rules::{
        Looked, Rule, class_imbalance, duplicate_samples, missing_class, numbering_gap, partial_last_batch,
        repeated_batch, rows_lost, sorted_labels, too_few_batches, uneven_batches, whole_dataset_batch,
    };
    use crate::source::capture::facts::Reason;
    use crate::spec::{Declared, Framework, SizeRule};

    const BATCH: &str = "(float32[8, 4], int64[8])";

    /// A plan of 8 rows per batch, 10 steps and 80 rows.
    fn planned() -> World {
        World::new(Framework::Torch).input("x", "float32", "batch, 4").target("y", "int64", "batch").spec(|spec| {
            let at = spec.arrays[0].at.clone();
            spec.plan.size = Some(Declared { value: SizeRule::exactly(8), at: at.clone() });
            spec.plan.steps = Some(Declared { value: 10, at: at.clone() });
            spec.plan.dataset = Some(Declared { value: 80, at });
        })
    }

    fn is_unable(world: &World, rule: &Rule) -> bool {
        world.judge(rule).is_empty()
            && matches!(world.looked(rule).as_slice(), [Looked::Unable(why)] if why.contains("batches"))
    }

    #[test]
    fn a_program_that_was_stopped_is_not_judged_as_a_whole() {
        for reason in [Reason::Limit, Reason::TimeLimit, Reason::Exception, Reason::Interrupt] {
            let world = planned().live(&[BATCH, BATCH, "(float32[3, 4], int64[3])"]).ended(reason);
            for rule in [&too_few_batches::RULE, &rows_lost::RULE, &partial_last_batch::RULE] {
                assert!(is_unable(&world, rule), "{reason:?} {}", rule.id);
            }
        }
        let killed = planned().live(&[BATCH, BATCH]).program(|capture| capture.end = None);
        assert!(is_unable(&killed, &rows_lost::RULE));
    }

    #[test]
    fn a_program_that_ended_is_judged_as_files_are() {
        let world = planned().live(&[BATCH, BATCH, "(float32[3, 4], int64[3])"]);
        for rule in [&too_few_batches::RULE, &partial_last_batch::RULE] {
            let found = world.judge(rule);
            assert_eq!(found.len(), 1, "{}", rule.id);
            let said = format!("{found:?}");
            assert!(!said.contains("dump") && !said.contains("files"), "{said}");
        }
        assert_eq!(world.looked(&numbering_gap::RULE), [Looked::No]);
    }

    #[test]
    fn without_a_plan_nobody_waits_for_the_last_batch() {
        let world = World::new(Framework::Torch).live(&[BATCH, BATCH, "(float32[3, 4], int64[3])"]);
        assert_eq!(world.judge(&partial_last_batch::RULE).len(), 1);
        assert_eq!(world.ended(Reason::Limit).looked(&partial_last_batch::RULE), [Looked::No]);
    }

    #[test]
    fn enough_batches_are_enough_however_it_ended() {
        let world = planned().live(&[BATCH; 10]).ended(Reason::Limit);
        assert_eq!(world.looked(&too_few_batches::RULE), [Looked::Yes]);
    }

    #[test]
    fn the_only_batch_that_was_taken_is_not_the_only_one() {
        let one = |world: World| {
            world
                .spec(|spec| (spec.plan.steps, spec.plan.dataset) = (None, None))
                .live(&["(float32[99, 4], int64[99])"])
        };
        assert_eq!(one(planned()).judge(&whole_dataset_batch::RULE).len(), 1);
        assert!(one(planned()).ended(Reason::Limit).judge(&whole_dataset_batch::RULE).is_empty());
    }

    #[test]
    fn short_batches_where_epochs_end_are_not_uneven() {
        let short = "(float32[3, 4], int64[3])";
        let epochs = [BATCH, BATCH, short, BATCH, BATCH, short, BATCH];
        assert!(planned().live(&epochs).ended(Reason::Limit).judge(&uneven_batches::RULE).is_empty());
        let odd = [BATCH, short, BATCH, BATCH, short, BATCH, BATCH];
        assert_eq!(planned().live(&odd).ended(Reason::Limit).judge(&uneven_batches::RULE).len(), 1);
    }

    #[test]
    fn another_epoch_of_an_endless_program_is_no_repetition() {
        let two = "(float32[4, 8])";
        let of = |make| World::new(Framework::Torch).live_made(7, two, make).ended(Reason::Limit);
        for make in [
            (|batch, i| noise(batch % 5, i)) as fn(usize, usize) -> f64,
            |batch, i| noise(batch % 2, i),
            |batch, i| noise([0, 1, 2, 3, 2, 0, 1][batch], i),
        ] {
            let world = of(make);
            assert!(world.judge(&repeated_batch::RULE).is_empty());
            assert!(world.judge(&duplicate_samples::RULE).is_empty());
        }
        let twice = of(|batch, i| noise(batch / 2, i));
        assert_eq!(twice.messages(&repeated_batch::RULE), ["batches have the content of earlier ones"]);
        // The rows of the first four batches, two batches mixed in each.
        let mixed = of(|batch, i| if batch < 4 { noise(batch, i) } else { noise((batch + i / 16) % 4, i) });
        assert!(mixed.judge(&duplicate_samples::RULE).is_empty());
        let ended = World::new(Framework::Torch)
            .live_made(7, two, |batch, i| if batch < 4 { noise(batch, i) } else { noise((batch + i / 16) % 4, i) });
        assert_eq!(ended.judge(&duplicate_samples::RULE).len(), 1);
    }

    #[test]
    fn classes_that_may_still_come_are_not_missing() {
        let labels = |make: fn(usize, usize) -> f64| {
            World::new(Framework::Torch)
                .target("y", "int64", "batch")
                .with(|declared| declared.classes = Some(Declared { value: 3, at: declared.at.clone() }))
                .live_made(20, "{y: int64[64]}", make)
        };
        let two = |batch: usize, i: usize| noise(batch, i) % 2.0;
        assert_eq!(labels(two).judge(&missing_class::RULE).len(), 1);
        assert!(is_unable(&labels(two).ended(Reason::Limit), &missing_class::RULE));
        let rare = |batch: usize, i: usize| if i == 0 && batch.is_multiple_of(4) { 2.0 } else { noise(batch, i) % 2.0 };
        assert_eq!(labels(rare).judge(&class_imbalance::RULE).len(), 1);
        assert!(is_unable(&labels(rare).ended(Reason::Limit), &class_imbalance::RULE));
        let tail = |batch: usize, i: usize| if batch >= 15 { 2.0 } else { noise(batch, i) % 2.0 };
        assert_eq!(labels(tail).judge(&sorted_labels::RULE).len(), 1);
        assert!(is_unable(&labels(tail).ended(Reason::Limit), &sorted_labels::RULE));
    }
}
