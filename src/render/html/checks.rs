//! Coverage: what passed, what failed, and what could not be checked, with the reason. What was not checked is never
//! among what passed.

use std::collections::BTreeMap;

use super::super::safe;
use super::prose::Prose;
use crate::verdict::{Outcome, Report};

/// Every check that concerned something.
pub(super) struct Checks {
    pub(super) failed: Vec<Group>,
    pub(super) passed: Vec<Group>,
    /// By reason.
    pub(super) blind: Vec<(Prose, Vec<Group>)>,
    /// Checks of each outcome.
    pub(super) counts: Counts,
    /// Whether values were read.
    pub(super) values_read: bool,
}

/// How many checks there are of each outcome.
pub(super) struct Counts {
    pub(super) failed: u64,
    pub(super) blind: u64,
    pub(super) passed: u64,
}

/// One rule and the arrays that it looked at; none for a check of the run.
pub(super) struct Group {
    pub(super) rule: &'static str,
    pub(super) arrays: Vec<String>,
}

/// The checks of the report.
pub(super) fn checks(report: &Report) -> Checks {
    let groups = |wanted: &dyn Fn(&Outcome) -> bool| {
        let mut groups: Vec<Group> = Vec::new();
        for check in report.checks.iter().filter(|check| wanted(&check.outcome)) {
            let array = Some(safe(&check.array)).filter(|array| !array.is_empty());
            match groups.iter_mut().find(|group| group.rule == check.rule) {
                Some(group) => group.arrays.extend(array),
                None => groups.push(Group { rule: check.rule, arrays: array.into_iter().collect() }),
            }
        }
        groups
    };
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for check in &report.checks {
        if let Outcome::NotEvaluated(why) = &check.outcome {
            *reasons.entry(why).or_default() += 1;
        }
    }
    let mut reasons: Vec<(&str, usize)> = reasons.into_iter().collect();
    reasons.sort_by_key(|(why, count)| (std::cmp::Reverse(*count), *why));
    let because = |why: &str| groups(&|outcome| matches!(outcome, Outcome::NotEvaluated(known) if known == why));
    let (passed, failed, blind) = report.tally();
    Checks {
        failed: groups(&|outcome| *outcome == Outcome::Fail),
        passed: groups(&|outcome| *outcome == Outcome::Pass),
        blind: reasons.into_iter().map(|(why, _)| (Prose::new(why), because(why))).collect(),
        counts: Counts { failed, blind, passed },
        values_read: report.coverage.values_read,
    }
}
