//! Edits of the user's source: asked for while the program still listens, and proved by running what they make.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use serde_json::json;

use super::live::{self, Ran};
use super::session::Session;
use crate::config::limits::Limits;
use crate::config::live::Live;
use crate::diagnostic::{Applicability, Fix};
use crate::error::Error;
use crate::facts::Facts;
use crate::fix::source::{self, Do, FilePlan, Planned, Want};
use crate::fix::verify::{Asked, Run, Verdict, compare, prove};
use crate::fix::{diff, write};
use crate::source::capture::receive::Look;
use crate::source::capture::{Capture, Receiver};
use crate::source::{Progress, SourceFacts};
use crate::spec::Spec;
use crate::spec::dtype::Dtype;
use crate::verdict::Report;

/// The seed of every run that is compared.
const SEED: u64 = 1234;
/// Batches of an edited program that are taken at most.
const MOST: u64 = 10_000;

/// Edits that were asked for.
#[derive(Debug)]
pub struct Mend {
    wants: Vec<Want>,
    planned: Planned,
    /// The repairs as they were before the edits were put into them.
    before: Vec<(usize, Fix)>,
}

/// One file with its edits.
#[derive(Debug)]
pub struct Edited<'m> {
    /// The file as shown. Not escaped.
    pub file: &'m str,
    /// The change as a unified diff, safe to show.
    pub diff: String,
    plan: &'m FilePlan,
}

/// Asks the program for the edits that would mend what was found, and puts them into the report. With `careful`, only for those
/// whose repair loses nothing.
pub(super) fn ask(
    session: &mut Session<'_>,
    receiver: &mut Receiver,
    report: &mut Report,
    facts: &Facts,
    spec: &Spec,
    careful: bool,
) -> Option<Mend> {
    let mut wants = source::wants(report, facts, spec);
    if careful {
        wants.retain(|want| {
            want.diagnostics.iter().all(|index| {
                let fix = report.diagnostics[*index].finding.fix.as_ref();
                fix.is_some_and(|fix| fix.proof.applicability() != Applicability::Lossy)
            })
        });
    }
    if wants.is_empty() {
        return None;
    }
    let answer = session.plan(&source::question(0, &wants), receiver)?;
    let [capture] = facts.captures() else { return None };
    let planned = Planned::read(&answer, capture).ok()?;
    let before = source::attach(report, &wants, &planned, capture);
    (!before.is_empty()).then_some(Mend { wants, planned, before })
}

/// Runs the program twice and the edited one once, all under the same seeds, compares what they hand out, and puts what came of
/// it into the report. Edits that were shown to be wrong are taken back, and so are all where somebody interrupts.
pub fn verify(ran: &mut Ran, live: &Live, limits: &Limits, progress: &Progress) -> Result<(), Error> {
    let (Some(mend), [capture]) = (&ran.mend, ran.checked.facts.captures()) else { return Ok(()) };
    let overlay: BTreeMap<&str, &str> =
        mend.planned.files.iter().filter_map(|file| Some((&*capture.text(file.source)?.path, &*file.text))).collect();
    let asked = Asked::of(&mend.wants, &mend.planned);
    let batches = live.batches.max(1);
    let slices = slices(&mend.wants, ran.checked.facts.sources()).max(batches).min(MOST);
    let cast = |site: Option<u32>, key: &str| asked.to(site, key);
    let as_it_is = |_: Option<u32>, _: &str| None;
    let one =
        |overlay: Option<&BTreeMap<&str, &str>>, batches: u64, to: &dyn Fn(Option<u32>, &str) -> Option<Dtype>| {
            collect((live, &ran.checked.spec, limits), overlay, batches, to, progress, &capture.root)
        };
    let (old, again) = (one(None, batches, &cast)?, one(None, batches, &cast)?);
    let new = one(Some(&overlay), slices, &as_it_is)?;
    let interrupted = progress.stop.load(Ordering::Relaxed);
    let verdict = if interrupted {
        Verdict::NotComparable("the run was interrupted".into())
    } else {
        compare(&old, &again, &new, &asked)
    };
    prove(&mut ran.checked.report, &mend.wants, &mend.planned, &mend.before, &verdict);
    if interrupted || matches!(verdict, Verdict::Rejected(_)) {
        ran.mend = None;
    }
    ran.checked.report.coverage.stopped |= interrupted;
    Ok(())
}

/// One run whose rows are hashed.
fn collect(
    (live, spec, limits): (&Live, &Spec, &Limits),
    overlay: Option<&BTreeMap<&str, &str>>,
    batches: u64,
    to: &dyn Fn(Option<u32>, &str) -> Option<Dtype>,
    progress: &Progress,
    root: &str,
) -> Result<Run, Error> {
    let mut more = json!({ "seed": SEED, "repeat": 1, "batches": batches });
    if let Some(overlay) = overlay {
        more["overlay"] = json!(overlay);
    }
    let options = live::options(live, spec, limits, Some(&more));
    let mut session = Session::start(live, options, limits, progress)?;
    let mut receiver = Receiver::new(root).within(limits);
    session.listen(&mut receiver, &mut Look::Rows(to), None, 1, &mut |_| {});
    session.finish(&mut receiver);
    let facts = Facts::new(receiver.sources).captured(vec![receiver.capture]);
    Ok(Run::of(&facts, root))
}

/// How many batches an edited program hands out of what was seen.
fn slices(wants: &[Want], sources: &[SourceFacts]) -> u64 {
    let rows = wants.iter().find_map(|want| match want.action {
        Do::Split(rows) => Some(rows.max(1)),
        Do::Cast(_) => None,
    });
    let Some(rows) = rows else { return 0 };
    let of = |source: &SourceFacts| {
        let most = source.arrays.iter().filter_map(|array| array.header.shape.first()).max().copied().unwrap_or(0);
        most.div_ceil(rows) + 1
    };
    sources.iter().map(of).fold(0, u64::saturating_add)
}

impl Mend {
    /// The files that change, in the order of the answer.
    #[must_use]
    pub fn files<'m>(&'m self, capture: &'m Capture) -> Vec<Edited<'m>> {
        let edited = |plan: &'m FilePlan| {
            let text = capture.text(plan.source)?;
            plan.is_sound(text).then(|| Edited {
                file: &text.file,
                diff: diff::unified(&text.file, &text.text, &plan.text),
                plan,
            })
        };
        self.planned.files.iter().filter_map(edited).collect()
    }

    /// Whether every edit was proved, and loses nothing.
    #[must_use]
    pub fn is_safe(&self, report: &Report) -> bool {
        let fixes = self.before.iter().map(|(index, _)| report.diagnostics[*index].finding.fix.as_ref());
        fixes.into_iter().all(|fix| fix.is_some_and(|fix| fix.proof.applicability() == Applicability::Safe))
    }

    /// The report without what the edits mend.
    #[must_use]
    pub fn rest(&self, report: &Report) -> Report {
        let mended = |index: usize| self.before.iter().any(|(mended, _)| *mended == index);
        let mut rest = report.clone();
        let mut index = 0;
        rest.diagnostics.retain(|_| {
            index += 1;
            !mended(index - 1)
        });
        rest
    }
}

impl Edited<'_> {
    /// Writes the file, if it is still what Python imported.
    pub fn write(&self, capture: &Capture) -> Result<(), write::Refused> {
        capture.text(self.plan.source).map_or(Ok(()), |text| write::write(text, &self.plan.text))
    }
}
