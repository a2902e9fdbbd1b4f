//! The findings, and what an allow hides.

use std::collections::BTreeMap;

use super::super::{Page, safe};
use super::name;
use super::prose::{Digest, Prose, digest};
use super::snippet::Snippet;
use crate::diagnostic::{Anchor, Applicability, Diagnostic, Fix, Unit};
use crate::spec::At;
use crate::verdict::Report;

/// One finding.
pub(super) struct Finding<'a> {
    /// What a link leads to: the place in the list, from 1.
    pub(super) number: usize,
    pub(super) level: &'static str,
    pub(super) rule: &'static str,
    /// Changes when the fault does.
    pub(super) fingerprint: &'a str,
    pub(super) message: Prose,
    /// Lines of the user's source, of the spec, or of a header.
    pub(super) snippets: Vec<Snippet>,
    /// The fields below: a name and a text.
    pub(super) fields: Vec<(&'static str, Prose)>,
    /// "3 of 20 batches"; empty where the text says it.
    pub(super) share: String,
    pub(super) places: Vec<(String, Option<String>)>,
    /// Places that are not named.
    pub(super) more: u64,
    pub(super) fix: Option<Repair>,
    pub(super) digest: Digest,
}

/// What to type instead.
pub(super) struct Repair {
    pub(super) python: String,
    pub(super) trust: &'static str,
    pub(super) proof: Prose,
}

/// A rule that found something, and how many findings it made.
pub(super) struct RuleName {
    pub(super) id: &'static str,
    pub(super) count: usize,
}

/// A finding that an allow hides.
pub(super) struct Allowed {
    pub(super) rule: &'static str,
    pub(super) message: Prose,
}

/// All findings, the worst first.
pub(super) fn findings(page: Page<'_>) -> Vec<Finding<'_>> {
    page.report.diagnostics.iter().enumerate().map(|(at, diagnostic)| finding(at + 1, diagnostic, page)).collect()
}

/// What allows hide.
pub(super) fn allowed(page: Page<'_>) -> Vec<Allowed> {
    let hidden = page.report.allowed.iter();
    hidden.map(|hidden| Allowed { rule: hidden.rule, message: Prose::new(&hidden.finding.message) }).collect()
}

/// The rules that found something, by name.
pub(super) fn rules_of(report: &Report) -> Vec<RuleName> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for diagnostic in &report.diagnostics {
        *counts.entry(diagnostic.rule).or_default() += 1;
    }
    counts.into_iter().map(|(id, count)| RuleName { id, count }).collect()
}

fn finding<'a>(number: usize, diagnostic: &'a Diagnostic, page: Page<'a>) -> Finding<'a> {
    let found = &diagnostic.finding;
    let mut fields = vec![("expected", Prose::new(&found.expected))];
    let flag = match &found.anchor {
        Anchor::Spec(At::Flag(flag)) if !flag.is_empty() => format!(" ({flag})"),
        _ => String::new(),
    };
    fields.push(("found", Prose::new(&(found.found_and_share() + &flag))));
    let rest = [("why", &found.cause), ("effect", &found.consequence), ("help", &found.help)];
    fields.extend(rest.into_iter().filter_map(|(name, text)| Some((name, Prose::new(text.as_ref()?)))));
    let told = matches!(found.unit, Unit::Line | Unit::Check | Unit::Row | Unit::Step | Unit::Number);
    Finding {
        number,
        level: name(diagnostic.level),
        rule: diagnostic.rule,
        fingerprint: &diagnostic.fingerprint,
        message: Prose::new(&found.message),
        snippets: snippets(diagnostic, page),
        fields,
        share: if told { String::new() } else { found.share() },
        places: found.places.iter().map(|place| (place.to_string(), place.detail.as_deref().map(safe))).collect(),
        more: found.count.saturating_sub(found.places.len() as u64),
        fix: found.fix.as_ref().map(repair),
        digest: digest(diagnostic.rule),
    }
}

/// The lines of the user's source, and what the data broke: the line of the spec, or the header.
fn snippets(diagnostic: &Diagnostic, page: Page<'_>) -> Vec<Snippet> {
    let mut snippets = Snippet::labelled(&diagnostic.labels);
    match &diagnostic.finding.anchor {
        Anchor::Spec(at) => snippets.extend(page.spec.place(at).map(|(text, span)| Snippet::of(text, span))),
        Anchor::Header(excerpt) => snippets.push(Snippet::header(excerpt)),
        Anchor::Data => {}
    }
    snippets
}

fn repair(fix: &Fix) -> Repair {
    let lines: Vec<String> = fix.python.lines().map(safe).collect();
    Repair {
        python: lines.join("\n"),
        trust: match fix.proof.applicability() {
            Applicability::Safe => "safe",
            Applicability::Lossy => "lossy",
            Applicability::Unverified => "unverified",
        },
        proof: Prose::new(&fix.proof.text()),
    }
}
