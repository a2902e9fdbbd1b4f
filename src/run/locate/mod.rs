//! Where in the user's source a finding about a running program points: to what handed the array out, and to what made it.
//!
//! Nothing is claimed that is not certain. A place that is only likely says so, one that is no better than a line is the
//! line, and one that is not in the text is left out.

mod scene;
#[cfg(test)]
mod tests;
mod trouble;
mod words;

use crate::diagnostic::{Diagnostic, Finding, Label, Unit};
use crate::facts::Facts;
use crate::rules::{Group, Judge, RULES};
use crate::verdict::Report;
use scene::{Scene, Spot};

use trouble::trouble_labels;

/// Places in the source that one diagnostic shows at most. A fault of one array has one, and a batch that is handed out
/// in several places has few.
const SPOTS: usize = 3;

/// Fills the labels of every diagnostic about batches that a program handed out. The main place comes first: for types
/// where the array got its type, if that is certain; for everything else where it was handed out.
pub(super) fn locate(report: &mut Report, facts: &Facts) {
    if facts.captures().is_empty() {
        return;
    }
    let scene = Scene::of(facts);
    for diagnostic in &mut report.diagnostics {
        diagnostic.labels = match (diagnostic.rule, facts.captures()) {
            ("program-error", [capture]) => trouble_labels(capture),
            _ => labels(&scene, diagnostic),
        };
    }
}

fn labels(scene: &Scene<'_>, diagnostic: &Diagnostic) -> Vec<Label> {
    let Some(rule) = RULES.iter().find(|rule| rule.id == diagnostic.rule) else { return Vec::new() };
    let finding = &diagnostic.finding;
    let mut spots: Vec<Spot<'_>> = Vec::new();
    for spot in finding.places.iter().filter_map(|place| scene.spot(place)) {
        if spots.len() < SPOTS && !spots.iter().any(|known| known.is_same(&spot)) {
            spots.push(spot);
        }
    }
    let about_batches = !matches!(rule.judge, Judge::Spec(_) | Judge::Source(_) | Judge::Verdict)
        && !matches!(finding.unit, Unit::Line | Unit::Check);
    if finding.places.is_empty() && about_batches {
        spots.extend(scene.only());
    }
    let alone = spots.len() == 1;
    let mut labels: Vec<Label> = Vec::new();
    for spot in &spots {
        for label in around(scene, spot, finding, rule.group == Group::Dtype, alone) {
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
    }
    labels
}

/// What is to be said of one place, the main part of it first.
fn around(scene: &Scene<'_>, spot: &Spot<'_>, finding: &Finding, is_type: bool, alone: bool) -> Vec<Label> {
    let handed = spot.handed().and_then(|(source, place, grip)| {
        let share = alone && scene.is_counted(spot, is_type);
        label(spot, source, place, words::handed(spot, grip, &scene.extent(spot, finding), finding, share))
    });
    let origin = origin(spot, is_type);
    match (origin, handed) {
        (Some((origin, _)), Some(handed)) if origin.text == handed.text && origin.span == handed.span => {
            vec![Label { says: format!("{}, {}", origin.says, handed.says), ..handed }]
        }
        (Some((origin, true)), handed) if is_type => std::iter::once(origin).chain(handed).collect(),
        (origin, handed) => handed.into_iter().chain(origin.map(|(origin, _)| origin)).collect(),
    }
}

/// Where the array got its type, or where it came to be, and whether that is certain.
fn origin(spot: &Spot<'_>, is_type: bool) -> Option<(Label, bool)> {
    let (element, array) = (spot.element?, spot.array?);
    let found = array.header.dtype.name();
    if is_type && let Some(last) = element.became.last() {
        // Where the last change that was seen leads to another type, one was not seen.
        let says = (last.to == found).then(|| words::became(last))?;
        return Some((label(spot, last.source, scene::Place::Span(last.span?), says)?, true));
    }
    let made = element.made.first().filter(|made| is_type || made.certain)?;
    let says = words::made(made, &found, is_type);
    Some((label(spot, made.source, scene::Place::Span(made.span?), says)?, made.certain))
}

/// A label, if its place is in the text.
fn label(spot: &Spot<'_>, source: Option<u32>, place: scene::Place, says: String) -> Option<Label> {
    place.label(spot.capture, source, says)
}
