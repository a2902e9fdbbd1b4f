//! Which repairs the findings ask for, what each would lose, and what becomes of every file if those that are wanted are
//! carried out.
//!
//! A repair is that of one fault, in all the places where it is, or in none of them: half a cast would be a new fault.

mod arrays;
mod compile;
mod files;
mod reasons;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diagnostic::Applicability;
use crate::diagnostic::repair::{Step, apply_all};
use crate::facts::{Facts, Stream};
use crate::source::{FaultKind, Header, SourceFacts, SourceKind};
use crate::spec::Spec;
use crate::verdict::Report;

use super::plan::FilePlan;

/// What the user agreed to.
#[derive(Debug, Clone, Default)]
pub struct Consent {
    /// Values may be lost.
    pub lossy: bool,
    /// Rules that were named one by one: those whose repair no value can prove right are carried out.
    pub named: BTreeSet<String>,
}

/// What could be done, and what is to be done.
#[derive(Debug, Default)]
pub struct Proposal {
    /// What would mend something, in the order of the report.
    pub repairs: Vec<Repair>,
    /// What becomes of each file that changes, in the order of the facts.
    pub plans: Vec<FilePlan>,
    /// Findings that nothing here mends, by index into the report's diagnostics, and why.
    pub left: Vec<(usize, String)>,
}

impl Proposal {
    /// Every array that is written anew: file and array by index into the facts, its header before and then.
    #[must_use]
    pub fn headers<'s>(&self, sources: &'s [SourceFacts]) -> Vec<(usize, usize, &'s Header, Header)> {
        let mut headers = Vec::new();
        for plan in &self.plans {
            let outputs = plan.outputs.iter().flat_map(|output| output.content.parts());
            for part in outputs.filter(|part| part.rows.as_ref().is_none_or(|rows| rows.start == 0)) {
                let before = &*sources[plan.source].arrays[part.array].header;
                let after = part.steps.as_ref().and_then(|steps| apply_all(steps, before));
                let after = after.unwrap_or_else(|| before.clone());
                let after = match (&part.rows, after.shape.split_first()) {
                    (Some(rows), Some((_, rest))) => Header {
                        shape: std::iter::once(rows.end - rows.start).chain(rest.iter().copied()).collect(),
                        ..after
                    },
                    _ => after,
                };
                if after != *before {
                    headers.push((plan.source, part.array, before, after));
                }
            }
        }
        headers
    }
}

/// What would mend one fault.
#[derive(Debug)]
pub struct Repair {
    /// Which, by index into the report's diagnostics.
    pub diagnostic: usize,
    /// What it does to the data.
    pub trust: Trust,
    /// Why it is not carried out anywhere, where it is not: a whole sentence without a full stop.
    pub held: Option<String>,
    /// What it changes, in the order of the facts.
    pub touched: Vec<Touched>,
}

impl Repair {
    /// Whether something is to be done.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.held.is_none() && self.touched.iter().any(|touched| touched.held.is_none())
    }
}

/// What a repair does to the data, as a fragment: "every value stays exactly what it is".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Nothing is lost.
    Lossless(String),
    /// Something is.
    Lossy(String),
    /// The values cannot show whether it is right.
    Choice(String),
    /// Nobody looked at what it would lose.
    Unproved(String),
}

/// One array, or one file, that a repair changes.
#[derive(Debug, Clone)]
pub struct Touched {
    /// The file, by index into the facts.
    pub source: usize,
    /// The array, by index into the facts of the file; `None` for the file.
    pub array: Option<usize>,
    /// What is done: "cast to float32".
    pub what: String,
    /// What the array is before; `None` for a whole file.
    pub before: Option<Arc<Header>>,
    /// What it is then.
    pub after: Option<Header>,
    /// Bytes of data before and then.
    pub bytes: (u64, u64),
    /// Why nothing is done here, where it is not.
    pub held: Option<String>,
}

/// One thing to do.
#[derive(Debug, Clone)]
enum Op {
    /// On an array.
    Steps { source: usize, array: usize, steps: Vec<Step> },
    /// A new name for an array.
    Rename { source: usize, array: usize, name: String },
    /// An array of an archive is left out.
    LeaveArray { source: usize, array: usize },
    /// A member that is no array is left out.
    LeaveMember { source: usize, member: Arc<str>, bytes: u64 },
    /// What follows the array, or stands outside of all members, is cut off.
    Cut { source: usize, array: Option<usize>, bytes: u64 },
    /// Each array of a file gets a file of its own.
    Separate { source: usize },
    /// Another extension.
    Extension { source: usize, extension: &'static str },
    /// Batches of so many rows.
    Split { source: usize, rows: u64 },
    /// The file is left out.
    LeaveFile { source: usize },
}

impl Op {
    fn source(&self) -> usize {
        match self {
            Self::Steps { source, .. }
            | Self::Rename { source, .. }
            | Self::LeaveArray { source, .. }
            | Self::LeaveMember { source, .. }
            | Self::Cut { source, .. }
            | Self::Separate { source }
            | Self::Extension { source, .. }
            | Self::Split { source, .. }
            | Self::LeaveFile { source } => *source,
        }
    }
}

/// A repair in the making.
struct Draft {
    diagnostic: usize,
    trust: Trust,
    ops: Vec<Op>,
    /// Files that cannot be changed by it, and why.
    refused: BTreeMap<usize, String>,
}

/// What the findings of the report, which keeps all places of each, ask for. `streams` are those of the facts.
#[must_use]
pub fn propose(report: &Report, facts: &Facts, streams: &[Stream<'_>], spec: &Spec, consent: &Consent) -> Proposal {
    let sources = facts.sources();
    let mut drafts = arrays::drafts(report, sources, streams, spec);
    drafts.extend(files::drafts(report, sources));
    drafts.sort_by_key(|draft| draft.diagnostic);
    let mut repairs: Vec<Repair> = Vec::new();
    let mut wanted: BTreeMap<usize, Vec<Op>> = BTreeMap::new();
    for draft in &drafts {
        let held = held(draft, report, consent).or_else(|| outdone(draft, &drafts, report, consent));
        if held.is_none() {
            for op in draft.ops.iter().filter(|op| !draft.refused.contains_key(&op.source())) {
                wanted.entry(op.source()).or_default().push(op.clone());
            }
        }
        repairs.push(Repair { diagnostic: draft.diagnostic, trust: draft.trust.clone(), held, touched: Vec::new() });
    }
    let compiled: BTreeMap<usize, Result<FilePlan, String>> =
        wanted.iter().map(|(source, ops)| (*source, compile::compile(*source, &sources[*source], ops))).collect();
    for (repair, draft) in repairs.iter_mut().zip(&drafts) {
        repair.touched = draft.ops.iter().map(|op| touched(op, sources)).collect();
        for touched in &mut repair.touched {
            let refused = draft.refused.get(&touched.source).cloned();
            let failed = compiled.get(&touched.source).and_then(|plan| plan.as_ref().err().cloned());
            touched.held = refused.or(failed).or_else(|| damage(&sources[touched.source]));
        }
        repair.touched.sort_by_key(|touched| (touched.source, touched.array));
    }
    let mended: BTreeSet<usize> = repairs.iter().map(|repair| repair.diagnostic).collect();
    let offered = |rule: &str| repairs.iter().any(|repair| report.diagnostics[repair.diagnostic].rule == rule);
    let left = report.diagnostics.iter().enumerate().filter(|(index, _)| !mended.contains(index));
    let left = left
        .filter_map(|(index, diagnostic)| Some((index, reasons::why(diagnostic, sources, &offered)?.to_owned())))
        .collect();
    Proposal { plans: compiled.into_values().filter_map(Result::ok).collect(), repairs, left }
}

/// Why a repair is not carried out, as far as the user can change it.
fn held(draft: &Draft, report: &Report, consent: &Consent) -> Option<String> {
    let rule = report.diagnostics[draft.diagnostic].rule;
    match &draft.trust {
        Trust::Lossless(_) => None,
        Trust::Lossy(_) | Trust::Unproved(_) if consent.lossy => None,
        Trust::Lossy(_) => Some("it loses something; `--allow-lossy` accepts that".into()),
        Trust::Choice(_) if consent.named.contains(rule) => None,
        Trust::Choice(_) => Some(format!("`--select {rule}` does it")),
        Trust::Unproved(_) => {
            Some("nobody looked at what it would lose; `--allow-lossy` accepts whatever that is".into())
        }
    }
}

/// A cast is not done where a repair is offered, and not wanted, that makes the same type of other numbers.
fn outdone(draft: &Draft, drafts: &[Draft], report: &Report, consent: &Consent) -> Option<String> {
    let arrays = |draft: &Draft, wanted: fn(&Step) -> bool| -> BTreeSet<(usize, usize)> {
        let steps = draft.ops.iter().filter_map(|op| match op {
            Op::Steps { source, array, steps } if steps.iter().any(wanted) => Some((*source, *array)),
            _ => None,
        });
        steps.collect()
    };
    let casts = arrays(draft, |step| matches!(step, Step::Cast(_)));
    let other = drafts.iter().filter(|other| held(other, report, consent).is_some()).find(|other| {
        let scaled = arrays(other, |step| matches!(step, Step::Scale { .. }));
        !casts.is_empty() && casts.is_subset(&scaled)
    })?;
    let rule = report.diagnostics[other.diagnostic].rule;
    Some(format!("the repair of `{rule}` casts, too; `--ignore {rule}` casts and does not scale"))
}

/// What the proof of a repair says of it.
fn trust_of(fix: &crate::diagnostic::Fix) -> Trust {
    let text = fix.proof.text();
    match fix.proof.applicability() {
        Applicability::Safe => Trust::Lossless(text),
        Applicability::Lossy => Trust::Lossy(text),
        Applicability::Unverified => Trust::Unproved(text),
    }
}

/// Why a file is left as it is, whatever is wanted of it: where one part of it is damaged, a new file would hide that.
fn damage(source: &SourceFacts) -> Option<String> {
    let fault = source.faults.iter().find(|fault| match &fault.kind {
        FaultKind::Header(header) => !matches!(header, crate::source::fault::HeaderFault::Misaligned { .. }),
        FaultKind::Truncated(_) | FaultKind::LineEnding(_) | FaultKind::Archive(_) => true,
        FaultKind::File(file) => {
            !matches!(file, crate::source::FileFault::NpyNamedNpz | crate::source::FileFault::NpzNamedNpy)
        }
        FaultKind::Trailing(_) | FaultKind::Duplicate(_) | FaultKind::Stray(_) => false,
    })?;
    let what = match &fault.kind {
        FaultKind::Header(_) => "a header of it is malformed",
        FaultKind::Truncated(_) => "data of it are missing",
        FaultKind::LineEnding(_) => "a conversion of line endings damaged it",
        FaultKind::Archive(_) => "its archive is damaged",
        _ => "it is no sound array file",
    };
    Some(format!("{what}, and what is damaged is not written anew"))
}

/// What an operation is called, and what it changes.
fn touched(op: &Op, sources: &[SourceFacts]) -> Touched {
    let source = &sources[op.source()];
    let whole = |what: String, bytes: (u64, u64)| Touched {
        source: op.source(),
        array: None,
        what,
        before: None,
        after: None,
        bytes,
        held: None,
    };
    match op {
        Op::Steps { array, steps, .. } => {
            let header = &source.arrays[*array].header;
            let after = crate::diagnostic::repair::apply_all(steps, header);
            let bytes = (header.bytes(), after.as_ref().map_or(0, Header::bytes));
            let what = compile::words(steps, header);
            Touched { array: Some(*array), before: Some(Arc::clone(header)), after, ..whole(what, bytes) }
        }
        Op::Rename { array, name, .. } => {
            let bytes = source.arrays[*array].header.bytes();
            let kind = if source.kind == SourceKind::Npy { "name the file after" } else { "name it" };
            let what = format!("{kind} `{}`", crate::source::text::shown(name, 80));
            Touched { array: Some(*array), ..whole(what, (bytes, bytes)) }
        }
        Op::LeaveArray { array, .. } => {
            let bytes = source.arrays[*array].header.bytes();
            let what = "leave out this copy".to_owned();
            Touched { array: Some(*array), ..whole(what, (bytes, 0)) }
        }
        Op::LeaveMember { member, bytes, .. } => {
            whole(format!("leave out `{}`, which is no array", crate::source::text::shown(member, 80)), (*bytes, 0))
        }
        Op::Cut { array, bytes, .. } => {
            let what =
                if array.is_some() { "cut off what follows the array" } else { "leave out what belongs to no member" };
            Touched { array: *array, ..whole(what.into(), (*bytes, 0)) }
        }
        Op::Separate { .. } => {
            whole(format!("a file for each of its {} arrays", source.arrays.len()), (source.size, source.size))
        }
        Op::Extension { extension, .. } => {
            whole(format!("name it .{extension}, which it is"), (source.size, source.size))
        }
        Op::Split { rows, .. } => {
            let all = source.arrays.first().and_then(|array| array.header.shape.first().copied()).unwrap_or(0);
            let files = all.div_ceil((*rows).max(1));
            whole(format!("split into {files} files of {rows} rows"), (source.size, source.size))
        }
        Op::LeaveFile { .. } => whole("leave out the file".into(), (source.size, 0)),
    }
}
