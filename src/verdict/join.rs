//! One fault, one diagnostic: findings that say the same of the same thing become one, with exact counts.

use std::collections::BTreeMap;

use super::{Check, Outcome};
use crate::diagnostic::{Anchor, Finding, Unit};

/// How many places a report keeps of one fault, unless all are asked for.
pub(super) const PLACES: usize = 3;
/// How many different `found` texts a joined finding spells out.
const FOUND: usize = 3;

/// Findings being joined, by rule.
#[derive(Debug, Default)]
pub(super) struct Joined {
    faults: Vec<(usize, Fault)>,
    known: BTreeMap<Key, usize>,
}

type Key = (usize, String, String, String);

#[derive(Debug)]
struct Fault {
    finding: Finding,
    /// How often each text was found, in order of its first place.
    found: Vec<(String, u64)>,
    /// Of how many, per pool.
    of: BTreeMap<usize, u64>,
}

impl Joined {
    /// Adds a finding of the rule with that place in the list of rules.
    pub(super) fn add(&mut self, rule: usize, pool: usize, finding: Finding) {
        let anchor = match &finding.anchor {
            Anchor::Spec(at) => format!("{at:?}"),
            // A header's text is that of the first file; the others have their own.
            Anchor::Header(_) | Anchor::Data => String::new(),
        };
        let key = (rule, finding.subject.clone(), finding.message.clone(), anchor);
        if let Some(index) = self.known.get(&key) {
            self.faults[*index].1.join(pool, finding);
        } else {
            self.known.insert(key, self.faults.len());
            let found = vec![(finding.found.clone(), finding.count)];
            let of = BTreeMap::from([(pool, finding.of)]);
            self.faults.push((rule, Fault { finding, found, of }));
        }
    }

    /// The joined findings with the rule of each and all places, in the order of their first places.
    #[must_use]
    pub(super) fn finish(self) -> Vec<(usize, Finding)> {
        self.faults.into_iter().map(|(rule, fault)| (rule, fault.finish())).collect()
    }
}

impl Fault {
    fn join(&mut self, pool: usize, finding: Finding) {
        match self.found.iter_mut().find(|(found, _)| *found == finding.found) {
            Some((_, count)) => *count += finding.count,
            None => self.found.push((finding.found, finding.count)),
        }
        let of = self.of.entry(pool).or_default();
        *of = finding.of.max(*of);
        let first = &mut self.finding;
        first.count += finding.count;
        first.places.extend(finding.places);
        first.level = first.level.max(finding.level);
        // A repair that fits one place and not another is no repair of the fault.
        first.fix = first.fix.take().zip(finding.fix).and_then(|(fix, other)| fix.join(other));
    }

    fn finish(mut self) -> Finding {
        let mut finding = self.finding;
        finding.of = self.of.values().sum::<u64>().max(finding.count);
        if self.found.len() > 1 {
            let more = self.found.len().saturating_sub(FOUND);
            self.found.truncate(FOUND);
            let mut texts: Vec<String> = self.found.iter().map(|(found, count)| format!("{found} ({count})")).collect();
            if more > 0 {
                texts.push(format!("{more} more kinds"));
            }
            finding.found = texts.join(", ");
        }
        finding
    }
}

/// Why a rule that compares with a declaration did not run.
pub const NO_SPEC: &str = "there is no spec, so nothing says what the model takes";

/// Why a rule that looks at values did not run.
pub const HEADERS_ONLY: &str =
    "only headers were read (`--headers-only`), so nothing that shows in the values is checked";

const WHAT_A_SPEC_ADDS: &str = "a `batchlint.toml` adds the rules that compare: missing arrays, wrong types and shapes, \
    the batch plan. Write `framework = \"keras\"`, then `dtype = \"float32\"` and `shape = [\"batch\", 32, 32, 3]` under \
    `[inputs.NAME]`, and `size = 32` under `[batch]`";

/// What could not be checked, one finding per reason.
#[must_use]
pub(super) fn unevaluated(checks: &[Check]) -> Vec<Finding> {
    let mut reasons: Vec<(&str, Vec<&Check>)> = Vec::new();
    for check in checks {
        if let Outcome::NotEvaluated(why) = &check.outcome {
            match reasons.iter_mut().find(|(known, _)| known == why) {
                Some((_, checks)) => checks.push(check),
                None => reasons.push((why, vec![check])),
            }
        }
    }
    reasons
        .into_iter()
        .map(|(why, blind)| {
            // Lines of the spec that nobody could check belong to an array, not to a rule.
            let name =
                |check: &&Check| if check.rule == "not-evaluated" { check.array.clone() } else { check.rule.into() };
            let mut names: Vec<String> = blind.iter().map(name).collect();
            names.dedup();
            let shown = names.iter().take(6).cloned().collect::<Vec<_>>().join(", ");
            let more = names.len().saturating_sub(6);
            let found = if more > 0 { format!("{shown} and {more} more") } else { shown };
            let found = if why == NO_SPEC { "no line to compare with".to_owned() } else { found };
            let finding = Finding::new(Anchor::Data, "", why, "Every check that concerns this data is made.", found);
            let finding = finding.counted(Vec::new(), blind.len() as u64, checks.len() as u64, Unit::Check);
            if why == NO_SPEC { finding.help(WHAT_A_SPEC_ADDS) } else { finding }
        })
        .collect()
}
