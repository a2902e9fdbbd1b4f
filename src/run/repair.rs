//! The pipeline of `fix`: look, judge, propose, carry out, look again.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Checked;
use super::gather::{Looking, look};
use super::judge::judge;
use crate::config::{Level, Settings};
use crate::error::Error;
use crate::exit::Exit;
use crate::facts;
use crate::fix::data::propose::{Consent, Proposal, propose};
use crate::rules::RULES;
use crate::source::Progress;
use crate::source::walk::walk;
use crate::spec::{self, Loaded};
use crate::values::Wants;
use crate::verdict::Report;
use crate::verdict::select::{self, Rules};

/// Where the repaired files go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Nowhere: what would be done is told.
    Nowhere,
    /// In the place of the old ones.
    InPlace,
    /// Into this folder, with all others.
    Under(PathBuf),
}

/// The result of a repair.
#[derive(Debug)]
pub struct Repaired {
    /// What was wrong before. Its findings keep all their places.
    pub before: Checked,
    /// What could be done about it.
    pub proposal: Proposal,
    /// What became of each file, in the order of the plans; empty where nothing was to be written.
    pub ends: Vec<End>,
    /// What is wrong now, where something was written.
    pub after: Option<Report>,
}

impl Repaired {
    /// How it ended: findings where something is wrong, could be repaired, or was not; that of the result where something was
    /// written.
    #[must_use]
    pub fn exit(&self, destination: &Destination) -> Exit {
        let before = self.before.report.exit();
        if before == Exit::Trouble || before == Exit::Nothing {
            return before;
        }
        let refused = self.ends.iter().any(|end| end.outcome.is_err());
        match (&self.after, destination) {
            (Some(after), _) => match after.exit() {
                Exit::Clean if refused => Exit::Findings,
                exit => exit,
            },
            (None, Destination::Nowhere) if !self.proposal.plans.is_empty() => Exit::Findings,
            _ => before,
        }
    }
}

/// What became of one file.
#[derive(Debug)]
pub struct End {
    /// Which, by index into the facts.
    pub source: usize,
    /// The files that are there now, or why nothing was changed: a whole sentence without a full stop, safe to show.
    pub outcome: Result<Vec<PathBuf>, String>,
}

/// Repairs the files that the settings name, or says how.
pub fn repair(
    settings: &Settings,
    lossy: bool,
    destination: &Destination,
    progress: &Progress,
) -> Result<Repaired, Error> {
    let known = |name: &str| select::named(name).map(|_| ());
    let Loaded { spec, selection, fail_on, defaults, found } =
        spec::load(settings.spec.as_deref(), &settings.overrides, &settings.directory, known)?;
    let selection = selection.and(&settings.selection);
    let rules = Rules::new(&selection)?;
    let named = |name: &&String| RULES.iter().any(|rule| rule.id == **name);
    let consent = Consent { lossy, named: selection.select.iter().filter(named).cloned().collect::<BTreeSet<_>>() };
    let walked = walk(&settings.paths);
    // Whatever is repaired is looked at whole: a new fault must not come unseen.
    let wants = RULES.iter().fold(Wants::NOTHING, |wants, rule| wants.or(rule.needs.values));
    let looking = Looking { wants, all: false };
    let facts = look(&walked.targets, &spec, looking, settings, progress);
    let fail_on = settings.fail_on.or(fail_on).unwrap_or(Level::Error);
    let all = Settings { all_places: true, ..settings.clone() };
    let report = judge(&spec, &facts, &rules, &BTreeSet::new(), fail_on, None, &all);
    let streams = facts::assemble(&facts, &spec);
    let proposal = propose(&report, &facts, &streams, &spec, &consent);
    drop(streams);
    let before = Checked { spec, report, facts, albums: Vec::new(), found, unmatched: walked.unmatched, defaults };
    Ok(Repaired { before, proposal, ends: Vec::new(), after: None })
}
