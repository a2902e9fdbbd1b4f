//! Which findings an edit of the source would mend, and what came back when the program was asked for one.

mod attach;
mod plan;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde_json::{Value, json};

pub use attach::attach;
pub(super) use attach::no_edit;
pub use plan::{FilePlan, Planned, PlannedEdit, Planning, apply};

use crate::diagnostic::{Diagnostic, Proof};
use crate::facts::Facts;
use crate::source::capture::facts::Step;
use crate::source::{ArrayFacts, SourceFacts};
use crate::spec::dtype::Dtype;
use crate::spec::framework::Clash;
use crate::spec::{SizeRule, Spec};
use crate::verdict::Report;

/// Rules whose repair is one cast to the declared type.
const CASTS: [&str; 2] = ["double-precision", "wrong-dtype"];

/// An edit of the source that would mend something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// What it would mend, by index into the report's diagnostics; at least one.
    pub diagnostics: Vec<usize>,
    /// Which place that hands out batches.
    pub site: u32,
    /// Which array of the batch; empty for the batch.
    pub path: Vec<Step>,
    /// What is to be done with it there.
    pub action: Do,
}

/// What an edit is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Do {
    /// Cast an array to the type of that name.
    Cast(String),
    /// Hand the batch out in slices of so many rows.
    Split(u64),
}

/// The edits that would mend what was found in the batches of a program, each once, in the order of the report. Empty
/// where not exactly one program was run.
#[must_use]
pub fn wants(report: &Report, facts: &Facts, spec: &Spec) -> Vec<Want> {
    let [capture] = facts.captures() else { return Vec::new() };
    let batches: Vec<&SourceFacts> =
        facts.sources().iter().filter(|source| source.root == capture.root && source.yielded.is_some()).collect();
    let mut wants: Vec<Want> = Vec::new();
    for (index, diagnostic) in report.diagnostics.iter().enumerate() {
        for (site, path, action) in wanted(diagnostic, &batches, spec) {
            let same = |want: &&mut Want| want.site == site && want.path == path && want.action == action;
            match wants.iter_mut().find(same) {
                Some(want) => want.diagnostics.push(index),
                None => wants.push(Want { diagnostics: vec![index], site, path, action }),
            }
        }
    }
    wants
}

/// The question as the protocol has it: the JSON of PLAN.
#[must_use]
pub fn question(id: u64, wants: &[Want]) -> Value {
    let path = |want: &Want| -> Vec<Value> {
        let steps = want.path.iter().map(|step| match step {
            Step::Index(index) => json!(index),
            Step::Key(key) => json!(&**key),
        });
        steps.collect()
    };
    let wants: Vec<Value> = wants
        .iter()
        .map(|want| match &want.action {
            Do::Cast(dtype) => json!({"site": want.site, "path": path(want), "do": "cast", "dtype": dtype}),
            Do::Split(rows) => json!({"site": want.site, "path": path(want), "do": "split", "rows": rows}),
        })
        .collect();
    json!({"id": id, "wants": wants})
}

fn wanted(diagnostic: &Diagnostic, batches: &[&SourceFacts], spec: &Spec) -> Vec<(u32, Vec<Step>, Do)> {
    if diagnostic.finding.fix.is_none() {
        return Vec::new();
    }
    if diagnostic.rule == "whole-dataset-batch" {
        return splits(diagnostic, batches, spec);
    }
    let Some((array, to)) = cast(diagnostic, batches, spec) else { return Vec::new() };
    let Some(leaf) = array.leaf.as_deref() else { return Vec::new() };
    // The report keeps a few places. The fault is wherever the array has that type.
    let sites: BTreeSet<u32> = batches
        .iter()
        .filter(|batch| batch.arrays.iter().any(|other| other.key == array.key && is_alike(other, array)))
        .filter_map(|batch| batch.yielded.as_ref()?.site)
        .collect();
    sites.into_iter().map(|site| (site, leaf.path.clone(), Do::Cast(to.name()))).collect()
}

/// The array at fault and the type that it should have, where a cast to one declared type is the whole repair.
fn cast<'f>(diagnostic: &Diagnostic, batches: &[&'f SourceFacts], spec: &Spec) -> Option<(&'f ArrayFacts, Dtype)> {
    let finding = &diagnostic.finding;
    let place = finding.places.first()?;
    let batch = batches.iter().find(|batch| *batch.path == *place.source)?;
    let array = batch.arrays.iter().find(|array| place.array.as_deref() == Some(&*array.key))?;
    let declared = spec.arrays.iter().find(|declared| declared.name == finding.subject);
    let to = match finding.fix.as_ref()?.proof.open() {
        _ if CASTS.contains(&diagnostic.rule) => Clash::of(&array.header.dtype, declared)?.wanted?,
        Proof::Cast(proof) if diagnostic.rule == "dtype-drift" => Dtype::from_name(&proof.to)?,
        _ => return None,
    };
    (to.is_plain() && array.header.dtype.is_plain()).then_some((array, to))
}

fn is_alike(a: &ArrayFacts, b: &ArrayFacts) -> bool {
    a.header.dtype == b.header.dtype
}

/// The places that hand out the whole dataset at once, and how many rows a slice should have.
fn splits(diagnostic: &Diagnostic, batches: &[&SourceFacts], spec: &Spec) -> Vec<(u32, Vec<Step>, Do)> {
    let at_fault = || {
        let places = diagnostic.finding.places.iter();
        places.filter_map(|place| batches.iter().find(|batch| *batch.path == *place.source))
    };
    let Some(rows) = rows(spec).or_else(|| at_fault().next().and_then(|batch| per_step(batch, spec))) else {
        return Vec::new();
    };
    let sites: BTreeSet<u32> = at_fault().filter_map(|batch| batch.yielded.as_ref()?.site).collect();
    sites.into_iter().map(|site| (site, Vec::new(), Do::Split(rows))).collect()
}

/// Rows of each step, where the steps share those of one batch.
fn per_step(batch: &SourceFacts, spec: &Spec) -> Option<u64> {
    let steps = spec.plan.steps.as_ref()?.value;
    let rows = *batch.arrays.first()?.header.shape.first()?;
    (steps > 1 && rows.is_multiple_of(steps) && rows > steps).then(|| rows / steps)
}

/// Rows per batch as the plan has them.
fn rows(spec: &Spec) -> Option<u64> {
    let plan = &spec.plan;
    let of = |rule: SizeRule| {
        let most = rule.max?;
        let step = rule.multiple_of.unwrap_or(1).max(1);
        Some(rule.exact().unwrap_or(most / step * step)).filter(|rows| *rows > 0 && rule.allows(*rows))
    };
    match (&plan.size, &plan.dataset, &plan.steps) {
        (Some(size), ..) => of(size.value),
        (None, Some(dataset), Some(steps)) => {
            let (dataset, steps) = (dataset.value, steps.value);
            (steps > 0 && dataset > 0 && dataset.is_multiple_of(steps)).then(|| dataset / steps)
        }
        _ => None,
    }
}
