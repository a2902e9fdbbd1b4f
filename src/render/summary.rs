//! The coverage line: what was looked at, what came of it, and what could not be checked.

use super::Page;
use crate::config::Level;
use crate::diagnostic::Unit;
use crate::diagnostic::quantity::bytes;
use crate::exit::Exit;
use crate::spec::Unit as SourceUnit;
use crate::verdict::Coverage;

/// One line, without a line break at its end.
#[must_use]
pub fn summary(page: Page<'_>) -> String {
    let report = page.report;
    let count = |level: Level| report.diagnostics.iter().filter(|diagnostic| diagnostic.level == level).count();
    let mut findings: Vec<String> = Level::ALL
        .into_iter()
        .rev()
        .filter(|level| count(*level) > 0)
        .map(|level| format!("{} {level}{}", count(level), if count(level) == 1 { "" } else { "s" }))
        .collect();
    let Coverage { spared, asked, .. } = report.coverage;
    if spared > 0 {
        findings.push(format!("stopped early: {spared} of {asked} arrays were not read"));
    }
    if !report.allowed.is_empty() {
        findings.push(format!("{} allowed", report.allowed.len()));
    }
    if !report.known.is_empty() {
        findings.push(format!("{} in the baseline", report.known.len()));
    }
    let verdict = match report.exit() {
        Exit::Trouble => {
            let Coverage { interrupted, asked, batches, .. } = report.coverage;
            findings.insert(
                0,
                if report.coverage.missing > 0 {
                    let Coverage { missing, shards, .. } = report.coverage;
                    format!(
                        "incomplete: {missing} of {shards} shards {} missing",
                        if missing == 1 { "is" } else { "are" }
                    )
                } else if report.coverage.stopped {
                    format!("interrupted after {}", Unit::Batch.counted(batches))
                } else {
                    format!("interrupted: {interrupted} of {asked} arrays were not read")
                },
            );
            findings.join(", ")
        }
        Exit::Nothing => "nothing checked".to_owned(),
        _ if count(Level::Error) + count(Level::Warning) == 0 => {
            findings.insert(0, "clean".into());
            findings.join(", ")
        }
        _ => findings.join(", "),
    };
    let coverage = report.coverage;
    let unit = match page.spec.unit {
        SourceUnit::Batch => Unit::Batch,
        SourceUnit::Dataset => Unit::Set,
    };
    let samples = coverage.samples.map_or(String::new(), |samples| format!(", {samples} samples"));
    let (passed, failed, blind) = report.tally();
    let not_evaluated = if blind > 0 { format!(", {blind} not evaluated") } else { String::new() };
    // The batches of a program stand in no files.
    let files = match page.command {
        "run" => String::new(),
        _ => format!(" in {}", Unit::File.counted(coverage.sources)),
    };
    let values = if coverage.values_read { "" } else { ", headers only" };
    format!(
        "{verdict}; {}{files}{samples}, {}{values}; checks: {passed} passed, {failed} failed{not_evaluated}",
        unit.counted(coverage.batches),
        bytes(coverage.bytes),
    )
}
