//! Rules that may be broken, each with its reason; and the allows that hide nothing.

use crate::diagnostic::{Anchor, Finding, Place, Unit};
use crate::rules::Rule;
use crate::spec::{Allow, Spec};

/// Every allow of the spec, and whether it has hidden something.
#[derive(Debug)]
pub(super) struct Allows<'s> {
    entries: Vec<Entry<'s>>,
}

#[derive(Debug)]
struct Entry<'s> {
    allow: &'s Allow,
    /// The declaration it stands beside; `None` for an allow by path.
    array: Option<&'s str>,
    used: bool,
}

impl<'s> Allows<'s> {
    /// The allows of the spec.
    pub(super) fn new(spec: &'s Spec) -> Self {
        let beside = spec
            .arrays
            .iter()
            .flat_map(|declared| declared.allows.iter().map(|allow| (allow, Some(declared.name.as_str()))));
        let entries = spec
            .allows
            .iter()
            .map(|allow| (allow, None))
            .chain(beside)
            .map(|(allow, array)| Entry { allow, array, used: false })
            .collect();
        Self { entries }
    }

    /// Splits what a rule found into what is shown and what an allow hides. An allow beside a declaration hides
    /// everything about that array; one by path hides the places it covers and leaves the others.
    pub(super) fn split(&mut self, rule: &Rule, mut finding: Finding) -> (Option<Finding>, Option<Finding>) {
        for entry in
            self.entries.iter_mut().filter(|entry| entry.allow.rule == rule.id || entry.allow.rule == rule.group.name())
        {
            match entry.array {
                Some(array) if array == finding.subject => {
                    entry.used = true;
                    return (None, Some(finding));
                }
                Some(_) => {}
                None => {
                    let covers = |place: &Place| entry.allow.paths.iter().any(|glob| glob.is_match(&place.source));
                    let (hidden, shown): (Vec<_>, Vec<_>) = finding.places.drain(..).partition(covers);
                    entry.used |= !hidden.is_empty();
                    if shown.is_empty() && !hidden.is_empty() {
                        finding.places = hidden;
                        return (None, Some(finding));
                    }
                    finding.count -= (hidden.len() as u64).min(finding.count - 1);
                    finding.places = shown;
                }
            }
        }
        (Some(finding), None)
    }

    /// Allows that hid nothing.
    pub(super) fn unused(&self) -> Vec<Finding> {
        let of = self.entries.len() as u64;
        self.entries
            .iter()
            .filter(|entry| !entry.used)
            .map(|entry| {
                let whose = entry.array.map_or(String::new(), |array| format!(" of `{array}`"));
                Finding::new(
                    Anchor::Spec(entry.allow.at.clone()),
                    entry.array.unwrap_or_default(),
                    format!("the allow of `{}`{whose} hides nothing", entry.allow.rule),
                    "Every allow hides at least one finding.",
                    format!("no `{}` here", entry.allow.rule),
                )
                .counted(Vec::new(), 1, of, Unit::Line)
                .cause("the data was repaired, or the rule or the path is misspelt")
                .consequence("a fault that comes back later would be hidden without a word")
                .help("delete the line")
            })
            .collect()
    }
}
