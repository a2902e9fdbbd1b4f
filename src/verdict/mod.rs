//! From findings to a report: equal faults joined, levels set, allows applied, and an outcome for every check.

mod allow;
pub mod baseline;
mod join;
pub mod select;

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Level;
use crate::diagnostic::{Anchor, Diagnostic, Finding};
use crate::exit::Exit;
use crate::rules::{Judge, Looked, RULES, Rule};
use crate::spec::Spec;
use crate::values::marked;
use baseline::Baseline;
use join::Joined;
pub use join::{HEADERS_ONLY, NO_SPEC};
pub use select::Active;

/// What became of one check: one rule on one array, or on the run where `array` is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The rule looked and found nothing.
    Pass,
    /// It found something.
    Fail,
    /// It could not look; why.
    NotEvaluated(String),
}

/// One check and its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The rule's id.
    pub rule: &'static str,
    /// The array's name, or empty. Not escaped.
    pub array: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// How much was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Coverage {
    /// Files that hold arrays, or should.
    pub sources: u64,
    /// Batches.
    pub batches: u64,
    /// Rows of all batches, where they are known.
    pub samples: Option<u64>,
    /// Bytes of all arrays.
    pub bytes: u64,
    /// Whether values were read.
    pub values_read: bool,
    /// Arrays whose values were to be read.
    pub asked: u64,
    /// Those of them that were not read because somebody interrupted the run.
    pub interrupted: u64,
    /// Those of them that were not read because the check had failed already, and no more was asked for.
    pub spared: u64,
    /// Whether somebody stopped a program before it had handed out what was asked for.
    pub stopped: bool,
    /// Shards whose facts are missing.
    pub missing: u64,
    /// Shards that there are; 0 where none is missing.
    pub shards: u64,
}

/// What nobody has looked at.
#[derive(Debug)]
struct Lack {
    why: String,
    /// What to do about it.
    help: Option<String>,
    /// Whether it is only values, so that rules about headers have seen all that there is.
    of_values: bool,
}

/// The result of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What is shown, the worst first.
    pub diagnostics: Vec<Diagnostic>,
    /// What an allow hides.
    pub allowed: Vec<Diagnostic>,
    /// What the baseline hides.
    pub known: Vec<Diagnostic>,
    /// What is in the baseline and no longer in the data, as far as this run looked.
    pub gone: Baseline,
    /// What was found, allows aside, if somebody wants to keep it.
    pub counts: Option<Baseline>,
    /// Every check that concerned something, by rule and array.
    pub checks: Vec<Check>,
    /// How much was looked at.
    pub coverage: Coverage,
    /// The least level that makes the run fail.
    pub fail_on: Level,
    /// Whether the values of the data are left out of every text.
    pub redacted: bool,
}

impl Report {
    /// How the run ended.
    #[must_use]
    pub fn exit(&self) -> Exit {
        if self.coverage.interrupted > 0 || self.coverage.stopped || self.coverage.missing > 0 {
            Exit::Trouble
        } else if self.diagnostics.iter().any(|diagnostic| diagnostic.level >= self.fail_on) {
            Exit::Findings
        } else if self.coverage.sources == 0 || self.tally().0 + self.tally().1 == 0 {
            Exit::Nothing
        } else {
            Exit::Clean
        }
    }

    /// How many checks passed, failed, and could not be made.
    #[must_use]
    pub fn tally(&self) -> (u64, u64, u64) {
        let count =
            |wanted: fn(&Outcome) -> bool| self.checks.iter().filter(|check| wanted(&check.outcome)).count() as u64;
        (
            count(|outcome| *outcome == Outcome::Pass),
            count(|outcome| *outcome == Outcome::Fail),
            count(|outcome| matches!(outcome, Outcome::NotEvaluated(_))),
        )
    }
}

/// How a report is shown, and what is left out of it.
#[derive(Debug, Clone, Copy)]
pub struct Showing<'a> {
    /// The least level that makes the run fail.
    pub fail_on: Level,
    /// Whether a finding keeps all of its places.
    pub all_places: bool,
    /// Whether the values of the data, which were marked in the texts, are left out.
    pub redacted: bool,
    /// What was wrong already.
    pub baseline: Option<&'a Baseline>,
    /// Whether what is found is counted for a baseline.
    pub count: bool,
    /// The sources that were looked at.
    pub sources: &'a BTreeSet<String>,
}

/// A finding with the place of its rule in the list of rules.
type Found = (usize, Finding);

/// Collects what the rules say, and makes the report.
#[derive(Debug)]
pub struct Verdict<'s> {
    spec: &'s Spec,
    allows: allow::Allows<'s>,
    shown: Joined,
    hidden: Joined,
    /// Outcomes by rule, then by array.
    looked: BTreeMap<usize, BTreeMap<String, Outcome>>,
    /// Why a check that found something could not look at everything.
    blind: BTreeMap<(usize, String), String>,
    /// Why nothing that was looked at is all that there is, and what to do about it.
    lack: Option<Lack>,
}

impl<'s> Verdict<'s> {
    /// An empty verdict.
    #[must_use]
    pub fn new(spec: &'s Spec) -> Self {
        Self {
            spec,
            allows: allow::Allows::new(spec),
            shown: Joined::default(),
            hidden: Joined::default(),
            looked: BTreeMap::new(),
            blind: BTreeMap::new(),
            lack: None,
        }
    }

    /// Notes what a rule said of `subject`: whether it looked, and what it found. `pool` tells apart the sets that
    /// counts are taken from: the streams, and the files.
    pub fn add(&mut self, active: &Active, subject: &str, pool: usize, looked: &Looked, findings: Vec<Finding>) {
        // A pass changes nothing that is noted already. There may be 70,000 of them.
        let known = self.looked.get(&active.order).is_some_and(|arrays| arrays.contains_key(subject));
        if known && findings.is_empty() && *looked == Looked::Yes {
            return;
        }
        let mut outcome = match looked {
            Looked::No if findings.is_empty() => return,
            Looked::Yes | Looked::No => Outcome::Pass,
            Looked::Unable(why) => Outcome::NotEvaluated(why.clone()),
        };
        // A finding can be about one array although the rule looked at the whole batch.
        let mut at_fault = BTreeSet::new();
        for finding in findings {
            let (shown, hidden) = self.allows.split(active.rule, finding);
            if let Some(finding) = shown {
                outcome = Outcome::Fail;
                at_fault.insert(finding.subject.clone());
                self.shown.add(active.order, pool, finding);
            }
            if let Some(finding) = hidden {
                self.hidden.add(active.order, pool, finding);
            }
        }
        if at_fault.is_empty() {
            at_fault.insert(subject.to_owned());
        }
        for subject in at_fault {
            self.note(active, &subject, outcome.clone());
        }
    }

    /// Notes something that the spec asks for and that nobody could check.
    pub fn blind(&mut self, active: &Active, subject: &str, why: impl Into<String>) {
        self.note(active, subject, Outcome::NotEvaluated(why.into()));
    }

    /// Notes that a part of the data is missing, and what to do about it: then nothing passes that looks at data.
    pub fn partial(&mut self, why: impl Into<String>, help: Option<String>) {
        self.lack = Some(Lack { why: why.into(), help, of_values: false });
    }

    /// Notes that the reading of values ended early, and what to do about it: rules about values have not seen all, and
    /// what they counted is the least that it can be.
    pub fn ended(&mut self, why: &str, help: &str) {
        self.lack = Some(Lack { why: why.to_owned(), help: Some(help.to_owned()), of_values: true });
    }

    /// Splits findings into what is shown and what the baseline hides, and tells what is left of it. A check whose findings
    /// are all hidden has not failed.
    fn known(&mut self, found: Vec<Found>, baseline: Option<&Baseline>) -> (Vec<Found>, Vec<Found>, Baseline) {
        let Some(baseline) = baseline else { return (found, Vec::new(), Baseline::default()) };
        let mut left = baseline.clone();
        let (mut shown, mut known) = (Vec::new(), Vec::new());
        for (order, mut finding) in found {
            let side = if left.take(RULES[order].id, &mut finding) { &mut shown } else { &mut known };
            side.push((order, finding));
        }
        for (order, finding) in &known {
            let same = |(other, shown): &Found| other == order && shown.subject == finding.subject;
            if !shown.iter().any(same)
                && let Some(outcome) = self.looked.get_mut(order).and_then(|arrays| arrays.get_mut(&finding.subject))
            {
                let blind = self.blind.get(&(*order, finding.subject.clone()));
                *outcome = blind.map_or(Outcome::Pass, |why| Outcome::NotEvaluated(why.clone()));
            }
        }
        (shown, known, left)
    }

    fn note(&mut self, active: &Active, subject: &str, outcome: Outcome) {
        let rank = |outcome: &Outcome| match outcome {
            Outcome::Fail => 2,
            Outcome::NotEvaluated(_) => 1,
            Outcome::Pass => 0,
        };
        if let Outcome::NotEvaluated(why) = &outcome {
            self.blind.entry((active.order, subject.to_owned())).or_insert_with(|| why.clone());
        }
        let arrays = self.looked.entry(active.order).or_default();
        let entry = arrays.entry(subject.to_owned()).or_insert_with(|| outcome.clone());
        if rank(&outcome) > rank(entry) {
            *entry = outcome;
        }
    }

    /// The report: allows and baseline applied, unused allows found, levels set, the worst first.
    #[must_use]
    pub fn report(mut self, rules: &select::Rules, coverage: Coverage, showing: Showing<'_>) -> Report {
        let Showing { fail_on, all_places, redacted, .. } = showing;
        let shown = std::mem::take(&mut self.shown).finish();
        let counts = showing.count.then(|| {
            let mut counts = Baseline::default();
            for (order, finding) in &shown {
                counts.add(RULES[*order].id, finding);
            }
            counts
        });
        let (shown, known, left) = self.known(shown, showing.baseline);
        let ready = |findings: Vec<Found>| -> Vec<Diagnostic> {
            let short = |mut finding: Finding| {
                if !all_places {
                    finding.places.truncate(join::PLACES);
                }
                finding
            };
            findings.into_iter().map(|(order, found)| made(rules, RULES[order], short(found))).collect()
        };
        let (mut diagnostics, mut known) = (ready(shown), ready(known));
        let mut allowed = ready(self.hidden.finish());
        let mut checks: Vec<Check> = self
            .looked
            .into_iter()
            .flat_map(|(order, arrays)| arrays.into_iter().map(move |(array, outcome)| (order, array, outcome)))
            .map(|(order, array, outcome)| Check { rule: RULES[order].id, array, outcome })
            .collect();
        if let Some(Lack { why, .. }) = self.lack.as_ref().filter(|lack| !lack.of_values) {
            let of_data = |check: &&mut Check| {
                let rule = RULES.iter().find(|rule| rule.id == check.rule);
                rule.is_some_and(|rule| !matches!(rule.judge, Judge::Spec(_)))
            };
            for check in checks.iter_mut().filter(of_data).filter(|check| check.outcome == Outcome::Pass) {
                check.outcome = Outcome::NotEvaluated(why.clone());
            }
        }
        // What an allow is for may be in the part that is missing.
        if let Some(active) = rules.active("unused-allow").filter(|_| self.lack.is_none()) {
            let unused = self.allows.unused();
            if !self.spec.allows.is_empty() || self.spec.arrays.iter().any(|declared| !declared.allows.is_empty()) {
                let outcome = if unused.is_empty() { Outcome::Pass } else { Outcome::Fail };
                checks.push(Check { rule: active.rule.id, array: String::new(), outcome });
            }
            diagnostics.extend(unused.into_iter().map(|finding| made(rules, active.rule, finding)));
        }
        if let Some(active) = rules.active("not-evaluated") {
            let helped = |finding: Finding| match &self.lack {
                Some(Lack { why, help: Some(help), .. }) if finding.message == *why => finding.help(help),
                _ => finding,
            };
            let blind = join::unevaluated(&checks).into_iter().map(helped);
            diagnostics.extend(blind.map(|finding| made(rules, active.rule, finding)));
        }
        diagnostics.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| position(a).cmp(&position(b))));
        if self.lack.as_ref().is_some_and(|lack| lack.of_values) {
            let of_values = |id: &str| RULES.iter().any(|rule| rule.id == id && counts_values(rule));
            let all = diagnostics.iter_mut().chain(&mut allowed).chain(&mut known);
            all.filter(|diagnostic| of_values(diagnostic.rule))
                .for_each(|diagnostic| diagnostic.finding.at_least = true);
        }
        let whole = self.lack.is_none();
        let gone = left.over(|id| whole && looked(&checks, id), showing.sources);
        if redacted {
            diagnostics
                .iter_mut()
                .chain(&mut allowed)
                .chain(&mut known)
                .for_each(|diagnostic| diagnostic.finding.redact());
            for check in &mut checks {
                if let Outcome::NotEvaluated(why) = &mut check.outcome {
                    *why = marked::redacted(why);
                }
            }
        }
        Report { diagnostics, allowed, known, gone, counts, checks, coverage, fail_on, redacted }
    }
}

/// Whether the rule could look wherever it had to.
fn looked(checks: &[Check], id: &str) -> bool {
    let mut of_rule = checks.iter().filter(|check| check.rule == id).peekable();
    of_rule.peek().is_some() && of_rule.all(|check| !matches!(check.outcome, Outcome::NotEvaluated(_)))
}

/// Whether what the rule counts shows in values only: others name what values are like beside what a header says.
fn counts_values(rule: &Rule) -> bool {
    rule.needs.values.checksums || matches!(rule.judge, Judge::Values(_))
}

fn made(rules: &select::Rules, rule: &'static Rule, finding: Finding) -> Diagnostic {
    Diagnostic::new(rule.id, rules.level(rule, finding.level), finding)
}

/// Where a diagnostic stands among those of its level: spec lines in order, then the data.
fn position(diagnostic: &Diagnostic) -> (usize, usize, &str) {
    let order = RULES.iter().position(|rule| rule.id == diagnostic.rule).unwrap_or(usize::MAX);
    let at = match &diagnostic.finding.anchor {
        Anchor::Spec(crate::spec::At::Text(span) | crate::spec::At::Model(span)) => span.start,
        _ => usize::MAX,
    };
    (order, at, &diagnostic.finding.message)
}
