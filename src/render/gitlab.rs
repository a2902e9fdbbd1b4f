//! The Code Quality report of GitLab: a list of entries, each at a line of a file of the repository.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;

use super::site::{Site, incomplete};
use super::{Page, json, safe};
use crate::config::Level;
use crate::diagnostic::Diagnostic;
use crate::error::Error;

#[derive(Serialize)]
struct Entry<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<usize>,
}

/// Writes the list. A run that was no check is an entry of its own: an empty list would look like a pass.
pub(super) fn render(page: Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut known = BTreeSet::new();
    let mut entries: Vec<Entry<'_>> =
        page.report.diagnostics.iter().map(|diagnostic| entry(diagnostic, page, &mut known)).collect();
    if let Some(why) = incomplete(page.report) {
        let site = Site::whole(page.spec.source().map_or("batchlint.toml", |text| text.name.as_str()));
        entries.push(trouble(why, &site));
    }
    json::write(&entries, out)
}

/// Writes what stopped the run.
pub(super) fn error(error: &Error, out: &mut dyn Write) -> io::Result<()> {
    let entries: Vec<Entry<'_>> = error
        .faults
        .iter()
        .map(|fault| {
            let help = fault.help.as_ref().map_or(String::new(), |help| format!(": {help}"));
            trouble(&format!("{}{help}", fault.message), &Site::fault(error, fault))
        })
        .collect();
    json::write(&entries, out)
}

fn entry<'a>(diagnostic: &'a Diagnostic, page: Page<'a>, known: &mut BTreeSet<String>) -> Entry<'a> {
    let finding = &diagnostic.finding;
    Entry {
        description: format!("{} ({})", safe(&finding.message), safe(&finding.found_and_share())),
        check_name: diagnostic.rule,
        fingerprint: unique(&diagnostic.fingerprint, known),
        severity: match diagnostic.level {
            Level::Note => "info",
            Level::Warning => "minor",
            Level::Error => "critical",
        },
        location: location(&Site::of(diagnostic, page)),
    }
}

/// An entry about the run itself.
fn trouble(why: &str, site: &Site<'_>) -> Entry<'static> {
    let fingerprint = format!("{:032x}", xxhash_rust::xxh3::xxh3_128(why.as_bytes()));
    Entry {
        description: safe(why),
        check_name: "batchlint",
        fingerprint,
        severity: "blocker",
        location: location(site),
    }
}

fn location(site: &Site<'_>) -> Location {
    let begin = site.region.map_or(1, |(start, _)| start.line);
    let end = site.region.map(|(_, end)| end.line).filter(|end| *end > begin);
    Location { path: safe(&site.path()), lines: Lines { begin, end } }
}

/// GitLab keeps one entry per fingerprint. The same fault at two lines of the spec has one in all other formats.
fn unique(fingerprint: &str, known: &mut BTreeSet<String>) -> String {
    let again = |n: u32| format!("{:032x}", xxhash_rust::xxh3::xxh3_128(format!("{fingerprint}\u{1f}{n}").as_bytes()));
    let mut name = fingerprint.to_owned();
    let mut n = 0;
    while !known.insert(name.clone()) {
        n += 1;
        name = again(n);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_unique_and_the_same_tomorrow() {
        let made = || {
            let mut known = BTreeSet::new();
            ["a", "a", "b", "a"].map(|name| unique(name, &mut known))
        };
        let names = made();
        assert_eq!(names, made());
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 4);
        assert_eq!((&*names[0], &*names[2]), ("a", "b"));
    }
}
