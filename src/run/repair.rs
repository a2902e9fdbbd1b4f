//! The pipeline of `fix`: look, judge, propose, carry out, look again.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use rayon::prelude::*;
use walkdir::WalkDir;

use super::Checked;
use super::gather::{Looking, look};
use super::judge::judge;
use super::recheck::Recheck;
use crate::config::{Level, Settings};
use crate::diagnostic::Proof;
use crate::error::{Error, Fault};
use crate::exit::Exit;
use crate::facts;
use crate::fix::data::plan::{FilePlan, Output};
use crate::fix::data::propose::{Consent, Proposal, Repair, Touched, Trust, propose};
use crate::fix::data::{self, Compared, carry_out};
use crate::fix::replace::{self, Refused, Stamp};
use crate::rules::RULES;
use crate::source::remote::is_address;
use crate::source::text::shown;
use crate::source::walk::walk;
use crate::source::{Progress, Target};
use crate::spec::{self, Loaded};
use crate::values::{HitKind, Wants};
use crate::verdict::Report;
use crate::verdict::select::{self, Rules};

/// What a cast can do to a value that rounding is not.
const LOSSES: [HitKind; 7] = [
    HitKind::Overflow,
    HitKind::Vanished,
    HitKind::Changed,
    HitKind::Coarse,
    HitKind::Cut,
    HitKind::Wrapped,
    HitKind::Undefined,
];

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
            _ if refused && before == Exit::Clean => Exit::Findings,
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
    let settings = &settings.over(&defaults);
    let selection = selection.and(&settings.selection);
    let rules = Rules::new(&selection)?;
    let named = |name: &&String| RULES.iter().any(|rule| rule.id == **name);
    let consent = Consent { lossy, named: selection.select.iter().filter(named).cloned().collect::<BTreeSet<_>>() };
    if let Some(path) = settings.paths.iter().find(|path| is_address(path)) {
        let fault = Fault::new(format!(
            "{} is in an object store, and only files are repaired",
            shown(&path.display().to_string(), 400)
        ));
        return Err(Error::from(fault.help("copy it here, repair the copy, and copy that back")));
    }
    let walked = walk(&settings.paths, progress);
    // Taken before anything is read: what changes from here on is not repaired.
    let stamps: BTreeMap<&str, (&Target, io::Result<Stamp>)> =
        walked.targets.iter().map(|target| (&*target.path, (target, Stamp::of(target.open_path())))).collect();
    // Whatever is repaired is looked at whole: a new fault must not come unseen.
    let wants = RULES.iter().fold(Wants::NOTHING, |wants, rule| wants.or(rule.needs.values));
    let looking = Looking { wants, all: false, enough: None };
    let facts = look(&walked.targets, &spec, looking, settings, progress)?;
    let fail_on = settings.fail_on.or(fail_on).unwrap_or(Level::Error);
    let all = Settings { all_places: true, ..settings.clone() };
    let report = judge(&spec, &facts, &rules, &BTreeSet::new(), fail_on, None, &all);
    let streams = facts::assemble(&facts, &spec);
    let proposal = propose(&report, &facts, &streams, &spec, &consent);
    drop(streams);
    let mut repaired = Repaired {
        before: Checked {
            spec,
            report,
            facts,
            albums: Vec::new(),
            found,
            unmatched: walked.unmatched.clone(),
            defaults: defaults.clone(),
        },
        proposal,
        ends: Vec::new(),
        after: None,
    };
    if *destination == Destination::Nowhere || progress.stop.load(Ordering::Relaxed) {
        return Ok(repaired);
    }
    sweep(&walked.targets, destination);
    let job = Job { repaired: &repaired, stamps: &stamps, destination, settings, lossy, progress };
    repaired.ends = job.run();
    if repaired.ends.iter().any(|end| end.outcome.is_ok()) && !progress.stop.load(Ordering::Relaxed) {
        let paths = match destination {
            Destination::Under(folder) => vec![folder.clone()],
            _ => settings.paths.clone(),
        };
        let settings = Settings { paths, ..settings.clone() };
        let unstopped = Progress::default();
        let walked = walk(&settings.paths, &unstopped);
        let spec = &repaired.before.spec;
        let facts = look(&walked.targets, spec, looking, &settings, &unstopped)?;
        repaired.after = Some(judge(spec, &facts, &rules, &BTreeSet::new(), fail_on, None, &settings));
    }
    Ok(repaired)
}

/// Takes away what runs that were killed have left beside the files.
fn sweep(targets: &[Target], destination: &Destination) {
    let folders: BTreeSet<PathBuf> = match destination {
        Destination::Under(folder) => WalkDir::new(folder)
            .into_iter()
            .filter_map(|entry| entry.ok().filter(|entry| entry.file_type().is_dir()).map(walkdir::DirEntry::into_path))
            .collect(),
        // A link is repaired where it leads to.
        _ => targets
            .iter()
            .filter_map(|target| target.open_path().canonicalize().ok()?.parent().map(Path::to_owned))
            .collect(),
    };
    for folder in folders {
        replace::sweep(&folder);
    }
}

/// The files that are written, each by itself.
struct Job<'j> {
    repaired: &'j Repaired,
    stamps: &'j BTreeMap<&'j str, (&'j Target, io::Result<Stamp>)>,
    destination: &'j Destination,
    settings: &'j Settings,
    lossy: bool,
    progress: &'j Progress,
}

impl Job<'_> {
    /// Carries out all plans, on all threads; below another folder, the files without a plan are copied.
    fn run(&self) -> Vec<End> {
        let Repaired { proposal, before, .. } = self.repaired;
        let sources = before.facts.sources();
        let bytes = |plan: &FilePlan| -> u64 {
            let arrays = &sources[plan.source].arrays;
            plan.outputs
                .iter()
                .flat_map(|output| output.content.parts())
                .map(|part| arrays[part.array].header.bytes())
                .sum()
        };
        self.progress.done.store(0, Ordering::Relaxed);
        self.progress.total.store(proposal.plans.iter().map(|plan| 2 * bytes(plan)).sum(), Ordering::Relaxed);
        let recheck = Recheck::new(&before.spec, self.settings, self.lossy);
        let mut ends: Vec<End> = proposal
            .plans
            .par_iter()
            .map(|plan| End { source: plan.source, outcome: self.one(plan, recheck.as_ref()) })
            .collect();
        if let Destination::Under(_) = self.destination {
            let planned: BTreeSet<usize> = proposal.plans.iter().map(|plan| plan.source).collect();
            let rest: Vec<usize> = (0..sources.len()).filter(|source| !planned.contains(source)).collect();
            let copied: Vec<End> =
                rest.par_iter().map(|source| End { source: *source, outcome: self.copy(*source) }).collect();
            // What was copied is no news; what was not is.
            ends.extend(copied.into_iter().filter(|end| end.outcome.is_err()));
            ends.sort_by_key(|end| end.source);
        }
        ends
    }

    fn target(&self, source: usize) -> Result<(&Target, &Stamp), String> {
        let source = &self.repaired.before.facts.sources()[source];
        match self.stamps.get(&*source.path) {
            Some((target, Ok(stamp))) => Ok((target, stamp)),
            Some((_, Err(error))) => Err(format!("`{}` cannot be read ({error})", shown(&source.path, 400))),
            None => Err(format!("`{}` was not found again", shown(&source.path, 400))),
        }
    }

    fn place(&self, source: usize) -> data::Destination {
        let root = PathBuf::from(&*self.repaired.before.facts.sources()[source].root);
        match self.destination {
            Destination::Under(dir) => data::Destination::Under { root, dir: dir.clone() },
            _ => data::Destination::InPlace,
        }
    }

    /// Repairs one file.
    fn one(&self, plan: &FilePlan, recheck: Option<&Recheck<'_>>) -> Result<Vec<PathBuf>, String> {
        let source = &self.repaired.before.facts.sources()[plan.source];
        let (target, stamp) = self.target(plan.source)?;
        let before = recheck.map(|recheck| recheck.before(source));
        let repaired = self.mended(plan.source);
        let known = self.losses(plan.source);
        let mut check = |temporary: &Path, output: &Output, compared: &[Compared]| {
            let refuse =
                |why: String| Refused { why: format!("`{}` is not repaired: {why}", shown(&source.path, 400)) };
            let lost = compared.iter().flat_map(|compared| &compared.lost).find(|(kind, _)| !known.contains(kind));
            if let Some((_, count)) = lost {
                return Err(refuse(format!("{count} values would be lost that the plan does not name")));
            }
            match (recheck, &before) {
                (Some(recheck), Some(before)) => {
                    recheck.after(before, &repaired, (&output.path, &target.root, temporary)).map_err(refuse)
                }
                _ => Ok(()),
            }
        };
        let place = self.place(plan.source);
        let done = carry_out(plan, source, target.open_path(), stamp, &place, self.progress, &mut check);
        done.map(|done| done.outputs.into_iter().map(|written| written.path).collect()).map_err(|refused| refused.why)
    }

    fn copy(&self, source: usize) -> Result<Vec<PathBuf>, String> {
        let (target, stamp) = self.target(source)?;
        let done = data::copy(target.open_path(), stamp, &self.place(source), self.progress);
        done.map(|done| done.outputs.into_iter().map(|written| written.path).collect()).map_err(|refused| refused.why)
    }

    /// What the plan says that the casts of a file do to values.
    fn losses(&self, source: usize) -> BTreeSet<HitKind> {
        let mut known = BTreeSet::new();
        for repair in self.wanted(source) {
            let fix = self.repaired.before.report.diagnostics[repair.diagnostic].finding.fix.as_ref();
            match (fix.map(|fix| &fix.proof), &repair.trust) {
                (Some(Proof::Cast(cast)), _) if cast.scope.unread == 0 => {
                    known.extend(cast.losses.iter().map(|loss| loss.kind));
                }
                // Somebody accepted whatever it is.
                (_, Trust::Unproved(_)) => known.extend(LOSSES),
                _ => {}
            }
        }
        known
    }

    fn wanted(&self, source: usize) -> impl Iterator<Item = &Repair> {
        let wanted = self.repaired.proposal.repairs.iter().filter(|repair| repair.is_wanted());
        let here = move |touched: &Touched| touched.source == source && touched.held.is_none();
        wanted.filter(move |repair| repair.touched.iter().any(here))
    }

    /// The rules whose faults the plan of a file mends.
    fn mended(&self, source: usize) -> BTreeSet<&'static str> {
        self.wanted(source).map(|repair| self.repaired.before.report.diagnostics[repair.diagnostic].rule).collect()
    }
}
