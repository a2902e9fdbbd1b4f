//! Workflow commands of GitHub Actions: `::warning file=batchlint.toml,line=4,...::message`. A line that a workflow prints
//! becomes an annotation at that place.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::site::{Site, incomplete};
use super::{Page, safe};
use crate::config::Level;
use crate::diagnostic::Diagnostic;
use crate::error::Error;

/// Draws every diagnostic of the report, one line each.
pub(super) fn render(page: Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    for diagnostic in &page.report.diagnostics {
        let title = format!("batchlint: {}", diagnostic.rule);
        command(out, diagnostic.level, Some(&Site::of(diagnostic, page)), &title, &text(diagnostic))?;
    }
    match incomplete(page.report) {
        Some(why) => command(out, Level::Error, None, "batchlint", why),
        None => Ok(()),
    }
}

/// Draws what stopped the run.
pub(super) fn error(error: &Error, out: &mut dyn Write) -> io::Result<()> {
    for fault in &error.faults {
        let help = fault.help.as_ref().map_or(String::new(), |help| format!("\nhelp: {}", safe(help)));
        let site = error.text.as_ref().map(|_| Site::fault(error, fault));
        command(out, Level::Error, site.as_ref(), "batchlint", &format!("{}{help}", safe(&fault.message)))?;
    }
    Ok(())
}

/// The message: a line for each thing there is to say.
fn text(diagnostic: &Diagnostic) -> String {
    let finding = &diagnostic.finding;
    let mut text = format!("{} ({})", safe(&finding.message), safe(&finding.found_and_share()));
    let places: Vec<String> = finding.places.iter().map(ToString::to_string).collect();
    let places = (!places.is_empty()).then(|| places.join(", "));
    for (label, said) in [
        ("expected", Some(&finding.expected)),
        ("at", places.as_ref()),
        ("why", finding.cause.as_ref()),
        ("effect", finding.consequence.as_ref()),
        ("help", finding.help.as_ref()),
        ("fix", finding.fix.as_ref().map(|fix| &fix.python)),
    ] {
        if let Some(said) = said {
            let lines: Vec<String> = said.lines().map(safe).collect();
            let _ = write!(text, "\n{label}: {}", lines.join("\n"));
        }
    }
    text
}

/// One command. Columns are left out where the region has several lines: GitHub refuses them there.
fn command(out: &mut dyn Write, level: Level, site: Option<&Site<'_>>, title: &str, text: &str) -> io::Result<()> {
    let name = match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    };
    write!(out, "::{name} ")?;
    if let Some(site) = site {
        write!(out, "file={},", property(&safe(&site.path())))?;
        if let Some((start, end)) = site.region {
            write!(out, "line={},endLine={},", start.line, end.line)?;
            if start.line == end.line {
                write!(out, "col={},endColumn={},", start.column, end.column)?;
            }
        }
    }
    writeln!(out, "title={}::{}", property(title), data(text))
}

/// What stands behind the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What stands behind a `=`.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{labelled, live};
    use super::*;

    #[test]
    fn a_finding_is_one_line_at_its_place() {
        let (spec, report) = live(vec![labelled("data, ", "yielded here")]);
        let mut out = Vec::new();
        render(Page::new("run", &report, &spec), &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "::error file=train.py,line=7,endLine=7,col=15,endColumn=21,title=batchlint%3A double-precision::input `data` is \
             float64, the model takes float32 (float64 in 20 of 20 batches)%0Aexpected: `data` has dtype float32.%0Aat: \
             train.py:batches batch 0::0%0Afix: data = data.astype(np.float32)\n"
        );
    }

    #[test]
    fn what_would_end_a_property_or_the_command_is_escaped() {
        let mut out = Vec::new();
        let site = Site::whole("a,line=1::x\r\n%.npz");
        command(&mut out, Level::Note, Some(&site), "t,:", "100%\n::error::x").unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "::notice file=a%2Cline=1%3A%3Ax\\u{d}\\u{a}%25.npz,title=t%2C%3A::100%25%0A::error::x\n"
        );
    }
}
