//! The XML that test reports are made of: one suite per rule, one case per check. Its counts are those of the coverage
//! line: a check that could not be made is skipped, never passed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::site::incomplete;
use super::{Page, full, safe};
use crate::diagnostic::Diagnostic;
use crate::error::Error;
use crate::verdict::{Check, Outcome};

/// What became of a case.
enum Ending {
    Passed,
    Skipped(String),
    /// A kind, a line and a text.
    Failed(String, String, String),
    /// The same, where the check could not be made and had to be.
    Wrong(String, String, String),
}

struct Case {
    suite: String,
    name: String,
    ending: Ending,
}

/// Writes the document.
pub(super) fn render(page: Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut cases = cases(page);
    if let Some(why) = incomplete(page.report) {
        cases.push(trouble(why, why.to_owned()));
    }
    document(&cases, out)
}

/// Writes what stopped the run.
pub(super) fn error(error: &Error, out: &mut dyn Write) -> io::Result<()> {
    let mut text = Vec::new();
    full::error(error, false, &mut text)?;
    document(&[trouble(&error.to_string(), String::from_utf8_lossy(&text).into_owned())], out)
}

fn trouble(why: &str, text: String) -> Case {
    let ending = Ending::Wrong("trouble".into(), safe(why), text);
    Case { suite: "batchlint".into(), name: "the run".into(), ending }
}

/// A case for every check, and for every finding that belongs to none.
fn cases(page: Page<'_>) -> Vec<Case> {
    let report = page.report;
    let mut found: BTreeMap<(&str, &str), Vec<&Diagnostic>> = BTreeMap::new();
    let mut rest: BTreeMap<&str, Vec<&Diagnostic>> = BTreeMap::new();
    let fails = |rule: &str, array: Option<&str>| {
        let failed = |check: &&Check| check.rule == rule && check.outcome == Outcome::Fail;
        report.checks.iter().filter(failed).any(|check| array.is_none_or(|array| check.array == array))
    };
    let mut must = false;
    for diagnostic in &report.diagnostics {
        let (rule, array) = (diagnostic.rule, diagnostic.finding.subject.as_str());
        if rule == "not-evaluated" {
            must |= diagnostic.level >= report.fail_on;
        } else if fails(rule, Some(array)) {
            found.entry((rule, array)).or_default().push(diagnostic);
        } else {
            rest.entry(rule).or_default().push(diagnostic);
        }
    }
    let mut cases: Vec<Case> = Vec::new();
    for check in &report.checks {
        let mut here = found.remove(&(check.rule, check.array.as_str())).unwrap_or_default();
        if check.outcome == Outcome::Fail {
            here.extend(rest.remove(check.rule).unwrap_or_default());
        }
        let ending = match &check.outcome {
            Outcome::Pass => Ending::Passed,
            Outcome::Fail => failed(&here, page),
            Outcome::NotEvaluated(why) if must => Ending::Wrong("not-evaluated".into(), safe(why), safe(why)),
            Outcome::NotEvaluated(why) => Ending::Skipped(safe(why)),
        };
        let name = if check.array.is_empty() { "the run".into() } else { safe(&check.array) };
        cases.push(Case { suite: check.rule.into(), name, ending });
    }
    for (rule, diagnostics) in rest {
        cases.push(Case { suite: rule.into(), name: "the run".into(), ending: failed(&diagnostics, page) });
    }
    cases
}

fn failed(diagnostics: &[&Diagnostic], page: Page<'_>) -> Ending {
    let Some(first) = diagnostics.iter().max_by_key(|diagnostic| diagnostic.level) else {
        return Ending::Failed("error".into(), "the check failed".into(), String::new());
    };
    let line = format!("{} ({})", safe(&first.finding.message), safe(&first.finding.found_and_share()));
    let mut text = Vec::new();
    for diagnostic in diagnostics {
        // Nothing can fail in a Vec.
        let _ = full::one(diagnostic, page.spec, false, &mut text);
    }
    Ending::Failed(first.level.name().into(), line, String::from_utf8_lossy(&text).into_owned())
}

fn document(cases: &[Case], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"batchlint\"{}>", counts(cases.iter()))?;
    for suite in cases.chunk_by(|a, b| a.suite == b.suite) {
        let name = xml(&suite[0].suite);
        writeln!(out, "  <testsuite name=\"{name}\"{}>", counts(suite.iter()))?;
        for case in suite {
            write!(out, "    <testcase classname=\"batchlint.{name}\" name=\"{}\"", xml(&case.name))?;
            match &case.ending {
                Ending::Passed => writeln!(out, "/>")?,
                Ending::Skipped(why) => writeln!(out, "><skipped message=\"{}\"/></testcase>", xml(why))?,
                Ending::Failed(kind, line, text) => element(out, "failure", kind, line, text)?,
                Ending::Wrong(kind, line, text) => element(out, "error", kind, line, text)?,
            }
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn element(out: &mut dyn Write, name: &str, kind: &str, line: &str, text: &str) -> io::Result<()> {
    let (kind, line, text) = (xml(kind), xml(line), xml(text));
    writeln!(out, "><{name} type=\"{kind}\" message=\"{line}\">{text}</{name}></testcase>")
}

/// The counts as attributes.
fn counts<'c>(cases: impl Iterator<Item = &'c Case>) -> String {
    let [mut tests, mut failures, mut errors, mut skipped] = [0; 4];
    for case in cases {
        tests += 1;
        match case.ending {
            Ending::Passed => {}
            Ending::Skipped(_) => skipped += 1,
            Ending::Failed(..) => failures += 1,
            Ending::Wrong(..) => errors += 1,
        }
    }
    format!(" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"")
}

/// Text for an element or an attribute. What XML 1.0 has no place for becomes U+FFFD.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => out.push(c),
            _ => {
                let _ = write!(out, "\u{fffd}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_ends_an_element() {
        assert_eq!(
            xml("</failure>\"&\u{0}\u{1b}\u{fffe}]]>\u{1f600}"),
            "&lt;/failure&gt;&quot;&amp;\u{fffd}\u{fffd}\u{fffd}]]&gt;\u{1f600}"
        );
    }
}
