//! The page for a browser: findings with their fixes, the batches at a glance, every array as declared beside as seen, and
//! what was checked and what was not. One file without a request to anywhere; it reads without its script.
//!
//! Every file of this folder makes a view of one part of the page, and the template of the same name draws it. Texts are
//! made safe to show in the views, and are escaped by the templates.

mod array;
mod chart;
mod checks;
mod finding;
mod picture;
mod prose;
mod snippet;
mod strip;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use self::array::{Arrays, arrays};
use self::checks::{Checks, checks};
use self::finding::{Allowed, Finding, RuleName, allowed, findings, rules_of};
use self::prose::Prose;
use self::snippet::Snippet;
use self::strip::{Strip, strips};
use super::{Page, safe, summary};
use crate::config::Level;
use crate::diagnostic::quantity::{bytes, exact};
use crate::error::Error;
use crate::exit::Exit;
use crate::facts::{Facts, assemble};

/// The style sheet of the page.
const STYLE: &str = include_str!("style.css");
/// The script of the page: the filter and the copy buttons.
const SCRIPT: &str = include_str!("script.js");

#[derive(Template)]
#[template(path = "page.html")]
struct Document<'a> {
    policy: String,
    style: String,
    script: String,
    version: &'static str,
    head: Head,
    /// How many findings there are of each level, the worst first.
    levels: Vec<(&'static str, usize)>,
    rules: Vec<RuleName>,
    findings: Vec<Finding<'a>>,
    allowed: Vec<Allowed>,
    strips: Vec<Strip>,
    arrays: Arrays,
    checks: Checks,
}

/// What stopped the run.
#[derive(Template)]
#[template(path = "trouble.html")]
struct Trouble {
    policy: String,
    style: String,
    version: &'static str,
    faults: Vec<Fault>,
}

struct Fault {
    message: Prose,
    snippet: Option<Snippet>,
    help: Option<Prose>,
}

/// What the run was, and how it ended.
struct Head {
    /// `error`, `warning`, `note`, `clean` or `nothing`: what colours the page's verdict.
    tone: &'static str,
    verdict: String,
    summary: String,
    command: &'static str,
    spec: Option<String>,
    framework: &'static str,
    /// A name and a number each.
    tiles: Vec<(&'static str, String)>,
}

/// Draws the page.
pub(super) fn render(page: Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    let nothing = Facts::default();
    let facts = page.facts.unwrap_or(&nothing);
    let streams = assemble(facts, page.spec);
    // What a browser hashes has lost the carriage returns of a checkout on Windows.
    let (style, script) = (STYLE.replace("\r\n", "\n"), SCRIPT.replace("\r\n", "\n"));
    let count = |level: Level| page.report.diagnostics.iter().filter(|found| found.level == level).count();
    let document = Document {
        policy: policy(&style, &script),
        style,
        script,
        version: env!("CARGO_PKG_VERSION"),
        head: head(page),
        levels: Level::ALL.into_iter().rev().map(|level| (name(level), count(level))).collect(),
        rules: rules_of(page.report),
        findings: findings(page),
        allowed: allowed(page),
        strips: strips(&streams),
        arrays: arrays(page, &streams),
        checks: checks(page.report),
    };
    let html = document.render().map_err(io::Error::other)?;
    out.write_all(html.as_bytes())
}

/// Draws what stopped the run, so that nobody takes the page for a report.
pub(super) fn error(error: &Error, out: &mut dyn Write) -> io::Result<()> {
    let style = STYLE.replace("\r\n", "\n");
    let fault = |fault: &crate::error::Fault| Fault {
        message: Prose::new(&fault.message),
        snippet: error.text.as_ref().zip(fault.span.as_ref()).map(|(text, span)| Snippet::of(text, span)),
        help: fault.help.as_deref().map(Prose::new),
    };
    let faults = error.faults.iter().map(fault).collect();
    let page = Trouble { policy: policy(&style, ""), style, version: env!("CARGO_PKG_VERSION"), faults };
    out.write_all(page.render().map_err(io::Error::other)?.as_bytes())
}

/// Nothing is loaded but images that stand in the page, and nothing runs but the script that stands in it.
fn policy(style: &str, script: &str) -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; img-src data:; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(style),
        hash(script)
    )
}

fn head(page: Page<'_>) -> Head {
    let report = page.report;
    let worst = report.diagnostics.iter().map(|found| found.level).max();
    let (tone, verdict) = match (report.exit(), worst) {
        (Exit::Trouble, _) => ("warning", "Interrupted".to_owned()),
        (Exit::Nothing, _) => ("nothing", "Nothing checked".to_owned()),
        (_, None) => ("clean", "Clean".to_owned()),
        (_, Some(level)) => (name(level), counts(page)),
    };
    let coverage = report.coverage;
    let mut tiles = vec![("batches", exact(coverage.batches))];
    tiles.extend(coverage.samples.map(|samples| ("samples", exact(samples))));
    tiles.push(("of data", bytes(coverage.bytes)));
    let (passed, failed, blind) = report.tally();
    tiles.extend([("checks passed", exact(passed)), ("failed", exact(failed)), ("not evaluated", exact(blind))]);
    Head {
        tone,
        verdict,
        summary: summary(page),
        command: page.command,
        spec: page.spec.source().map(|text| safe(&text.name)),
        framework: page.spec.framework().name(),
        tiles,
    }
}

/// "2 errors, 1 note"
fn counts(page: Page<'_>) -> String {
    let parts: Vec<String> = Level::ALL
        .into_iter()
        .rev()
        .map(|level| (level, page.report.diagnostics.iter().filter(|found| found.level == level).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(level, count)| format!("{count} {level}{}", if count == 1 { "" } else { "s" }))
        .collect();
    parts.join(", ")
}

fn name(level: Level) -> &'static str {
    match level {
        Level::Note => "note",
        Level::Warning => "warning",
        Level::Error => "error",
    }
}
