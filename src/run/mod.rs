//! The pipeline of `check` and `inspect`: this folder is the only place that names every stage. `gather` sees what there
//! is, `judge` lets the rules look at it.

mod albums;
mod early;
mod gather;
pub mod init;
mod judge;
mod known;
mod learn;
pub mod live;
mod locate;
pub mod mend;
pub mod merge;
mod recheck;
pub mod repair;
mod session;
mod trouble;

use std::collections::BTreeSet;

use crate::config::{Defaults, Level, Settings};
use crate::error::Error;
use crate::exit::Exit;
use crate::facts::Facts;
use crate::facts::images::Album;
use crate::source::Progress;
use crate::source::walk::Unmatched;
use crate::spec::{Found, Loaded, Spec};
use crate::values::Wants;
use crate::verdict::Report;
use crate::verdict::select::Rules;
use gather::{Gathered, Looking, gather, recall, saved};
use judge::judge;

/// The result of a check, with what is needed to show it.
#[derive(Debug)]
pub struct Checked {
    /// What it was measured against.
    pub spec: Spec,
    /// What came of it.
    pub report: Report,
    /// What was seen.
    pub facts: Facts,
    /// Images among it; empty where no report shows them.
    pub albums: Vec<Album>,
    /// Which file the spec came from, and how it was found.
    pub found: Found,
    /// The arguments that stand for no file.
    pub unmatched: Vec<Unmatched>,
    /// What the file says of a run.
    pub defaults: Defaults,
}

/// Checks the files that the settings name against the spec that applies.
pub fn check(settings: &Settings, progress: &Progress) -> Result<Checked, Error> {
    let Loaded { spec, selection, fail_on, defaults, found } = live::load(settings)?;
    let settings = &settings.over(&defaults);
    let baseline = known::known(settings)?;
    let rules = Rules::new(&selection.and(&settings.selection))?;
    let wants = rules.all().iter().fold(Wants::NOTHING, |wants, active| wants.or(active.rule.needs.values));
    let wants = if settings.shows_data { wants.or(Wants::SHOWN) } else { wants };
    let fail_on = settings.fail_on.or(fail_on).unwrap_or(Level::Error);
    let has_failed = |facts: &Facts| {
        let report = judge(&spec, facts, &rules, &BTreeSet::new(), fail_on, baseline.as_ref(), settings);
        report.exit() == Exit::Findings
    };
    let enough = settings.fail_fast.then_some(&has_failed as &dyn Fn(&Facts) -> bool);
    let looking = Looking { wants, all: false, enough };
    let Gathered { facts, targets, unmatched, against, .. } = if settings.facts.is_empty() {
        gather(&spec, looking, settings, progress)?
    } else {
        recall(saved(&settings.facts)?, &spec, looking, settings)
    };
    let report = judge(&spec, &facts, &rules, &against, fail_on, baseline.as_ref(), settings);
    let albums = if settings.shows_data && !settings.redact {
        albums::albums(&facts, &targets, &spec, &report)
    } else {
        Vec::new()
    };
    Ok(Checked { spec, report, facts, albums, found, unmatched, defaults })
}

/// What was seen, for somebody who looks at it.
#[derive(Debug)]
pub struct Inspected {
    /// What names the arrays and asks about their values.
    pub spec: Spec,
    /// What was seen.
    pub facts: Facts,
    /// Which file the spec came from, and how it was found.
    pub found: Found,
    /// The arguments that stand for no file.
    pub unmatched: Vec<Unmatched>,
    /// Whether other shards have files.
    pub others: bool,
}

/// Looks at the files that the settings name, at `wants` of their values.
pub fn inspect(settings: &Settings, wants: Wants, progress: &Progress) -> Result<Inspected, Error> {
    let Loaded { spec, defaults, found, .. } = live::load(settings)?;
    let settings = &settings.over(&defaults);
    let looking = Looking { wants, all: true, enough: None };
    let Gathered { facts, unmatched, others, .. } = gather(&spec, looking, settings, progress)?;
    Ok(Inspected { spec, facts, found, unmatched, others })
}
