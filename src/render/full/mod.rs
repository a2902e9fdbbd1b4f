//! The page for a person. Lines of the user's source, of the spec and of headers are drawn with labels, and everything
//! else is written below them, so that a fix can be copied as it stands.

mod snippet;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use super::{Page, safe};
use crate::config::Level;
use crate::diagnostic::{Anchor, Applicability, Diagnostic, Finding, Place, Position};
use crate::error::{Error, Text};
use crate::source::text::shown;
use crate::spec::{At, Spec};
use snippet::{Snippet, draw};

/// How many characters a line of text may have before it is broken. Fixes are never broken.
const WIDTH: usize = 100;

/// Draws every diagnostic of the report.
pub(super) fn render(page: Page<'_>, color: bool, out: &mut dyn Write) -> io::Result<()> {
    page.report.diagnostics.iter().try_for_each(|diagnostic| one(diagnostic, page.spec, color, out))
}

/// Draws one diagnostic.
pub(super) fn one(diagnostic: &Diagnostic, spec: &Spec, color: bool, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", head(diagnostic, spec, color))?;
    body(diagnostic, spec, out)?;
    writeln!(out)
}

/// Draws what stopped the run.
pub(super) fn error(error: &Error, color: bool, out: &mut dyn Write) -> io::Result<()> {
    for fault in &error.faults {
        let text = error.text.as_ref().zip(fault.span.clone());
        let snippet = text.map(|(text, span)| Snippet::one(text, span, None));
        let drawn = draw("error:".into(), Level::Error, safe(&fault.message), snippet.into_iter().collect(), color);
        writeln!(out, "{drawn}")?;
        if let Some(help) = &fault.help {
            field(out, "help", &safe(help))?;
        }
    }
    Ok(())
}

/// The first line, and the lines of the user's source, or that of the spec or of the header.
fn head(diagnostic: &Diagnostic, spec: &Spec, color: bool) -> String {
    let finding = &diagnostic.finding;
    let snippets = if diagnostic.labels.is_empty() {
        claim(finding, spec).into_iter().collect()
    } else {
        Snippet::of(&diagnostic.labels)
    };
    let title = format!("{}[{}]:", diagnostic.level, diagnostic.rule);
    draw(title, diagnostic.level, safe(&finding.message), snippets, color)
}

/// What the data broke: the line of the spec, or the header.
fn claim(finding: &Finding, spec: &Spec) -> Option<Snippet> {
    let says = safe(&finding.found_and_share());
    match &finding.anchor {
        Anchor::Spec(at) => spec.place(at).map(|(text, span)| Snippet::one(text, span.clone(), Some(says))),
        Anchor::Header(excerpt) => {
            Some(Snippet::shown(&excerpt.name, excerpt.text.clone(), excerpt.span.clone(), says))
        }
        Anchor::Data => None,
    }
}

fn body(diagnostic: &Diagnostic, spec: &Spec, out: &mut dyn Write) -> io::Result<()> {
    let finding = &diagnostic.finding;
    let is_live = !diagnostic.labels.is_empty();
    if let (true, Anchor::Spec(at)) = (is_live, &finding.anchor)
        && let Some((text, span)) = spec.place(at)
    {
        writeln!(out, "{:>10}: {}", "declared", declared(text, span.start))?;
    }
    field(out, "expected", &safe(&finding.expected))?;
    let found = finding.found_and_share();
    match &finding.anchor {
        Anchor::Spec(At::Flag(flag)) => field(out, "found", &format!("{} ({flag})", safe(&found)))?,
        Anchor::Data => field(out, "found", &safe(&found))?,
        Anchor::Spec(At::Text(_) | At::Model(_)) | Anchor::Header(_) if is_live && !is_said(diagnostic) => {
            field(out, "found", &safe(&found))?;
        }
        Anchor::Spec(At::Text(_) | At::Model(_)) | Anchor::Header(_) => {}
    }
    if !is_told_by_labels(diagnostic) {
        places(finding, out)?;
    }
    if let Some(cause) = &finding.cause {
        field(out, "why", &safe(cause))?;
    }
    if let Some(consequence) = &finding.consequence {
        field(out, "effect", &safe(consequence))?;
    }
    if let Some(help) = &finding.help {
        field(out, "help", &safe(help))?;
    }
    if let Some(fix) = &finding.fix {
        python(out, &fix.python)?;
        let trust = match fix.proof.applicability() {
            Applicability::Safe => "safe",
            Applicability::Lossy => "lossy",
            Applicability::Unverified => "unverified",
        };
        wrapped(out, " ".repeat(12), &safe(&format!("({trust}: {})", fix.proof.text())))?;
    }
    Ok(())
}

/// Whether a label says what was found and how often, so that it need not be said again.
fn is_said(diagnostic: &Diagnostic) -> bool {
    let finding = &diagnostic.finding;
    let share = format!(", in {}", finding.share());
    diagnostic.labels.iter().any(|label| label.says.contains(&finding.found) && label.says.ends_with(&share))
}

/// A line of the spec as it stands: `batchlint.toml:7  dtype = "float32"`.
fn declared(text: &Text, at: usize) -> String {
    let line = Position::of(&text.body, at).line;
    let written = text.body.split('\n').nth(line - 1).unwrap_or_default().trim();
    format!("{}:{line}  {}", safe(&text.name), shown(written, WIDTH))
}

/// Whether the labels in the program's source say all that the places would: every batch is at fault, and none in a place of
/// its own.
fn is_told_by_labels(diagnostic: &Diagnostic) -> bool {
    let finding = &diagnostic.finding;
    let plain = |place: &Place| place.index.is_none() && place.sample.is_none() && place.detail.is_none();
    !diagnostic.labels.is_empty() && finding.count == finding.of && finding.of > 1 && finding.places.iter().all(plain)
}

/// The data side: on one line, or one line each where the places differ.
fn places(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let more = finding.count.saturating_sub(finding.known).saturating_sub(finding.places.len() as u64);
    let rest = if more > 0 { format!("and {more} more") } else { String::new() };
    if finding.places.iter().any(|place| place.detail.is_some()) {
        for (i, place) in finding.places.iter().enumerate() {
            let detail = place.detail.as_ref().map_or(String::new(), |detail| format!(": {}", safe(detail)));
            let label = if i == 0 { "at" } else { "" };
            let mark = if i == 0 { ':' } else { ' ' };
            writeln!(out, "{label:>10}{mark} {place}{detail}")?;
        }
        if more > 0 {
            writeln!(out, "{:12}{rest}", "")?;
        }
    } else if !finding.places.is_empty() {
        let mut names: Vec<String> = finding.places.iter().map(ToString::to_string).collect();
        let last = names.pop().unwrap_or_default();
        let listed = if names.is_empty() { last } else { format!("{}, {last}", names.join(", ")) };
        field(out, "at", format!("{listed} {rest}").trim_end())?;
    }
    Ok(())
}

/// The lines of a fix, as they are pasted.
pub(super) fn python(out: &mut dyn Write, text: &str) -> io::Result<()> {
    let mut lines = text.lines();
    writeln!(out, "{:>10}: {}", "fix", safe(lines.next().unwrap_or_default()))?;
    for line in lines {
        writeln!(out, "{:12}{}", "", safe(line))?;
    }
    Ok(())
}

/// One labelled line, broken between words where it is long, but never inside `code`.
pub(super) fn field(out: &mut dyn Write, label: &str, text: &str) -> io::Result<()> {
    wrapped(out, format!("{label:>10}: "), text)
}

/// A text behind a label, broken between words but not within code.
fn wrapped(out: &mut dyn Write, mut label: String, text: &str) -> io::Result<()> {
    let mut line = String::new();
    let mut code = false;
    for word in text.split(|c| {
        code ^= c == '`';
        c == ' ' && !code
    }) {
        // A line that starts with `::` is a command where CI prints it.
        let may_start = !word.starts_with("::");
        if may_start && !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(out, "{label}{line}")?;
            label = " ".repeat(12);
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    writeln!(out, "{label}{line}")
}
