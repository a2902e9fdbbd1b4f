//! The page for a person. The only file that knows miette: it draws the lines of the spec and of headers, and
//! everything else is written below them, so that a fix can be copied as it stands.

use std::fmt;
use std::io::{self, Write};

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Severity, SourceCode};

use super::{Page, safe};
use crate::config::Level;
use crate::diagnostic::{Anchor, Applicability, Diagnostic, Finding};
use crate::error::{Error, Text};
use crate::source::text::is_hostile;
use crate::spec::At;

/// How many characters a line of text may have before it is broken. Fixes are never broken.
const WIDTH: usize = 100;

/// Draws every diagnostic of the report.
pub(super) fn render(page: Page<'_>, color: bool, out: &mut dyn Write) -> io::Result<()> {
    for diagnostic in &page.report.diagnostics {
        writeln!(out, "{}", head(diagnostic, page.spec.text.as_ref(), color))?;
        body(diagnostic, out)?;
        writeln!(out)?;
    }
    Ok(())
}

/// Draws what stopped the run.
pub(super) fn error(error: &Error, color: bool, out: &mut dyn Write) -> io::Result<()> {
    for fault in &error.faults {
        let text = error.text.as_ref().zip(fault.span.clone());
        let snippet = text.map(|(text, span)| {
            let label = LabeledSpan::new_primary_with_span(None, span);
            (NamedSource::new(safe(&text.name), masked(&text.body)), label)
        });
        let drawn = draw("error:".into(), Level::Error, safe(&fault.message), snippet, color);
        writeln!(out, "{drawn}")?;
        if let Some(help) = &fault.help {
            field(out, "help", &safe(help))?;
        }
    }
    Ok(())
}

/// The first line, and the line of the spec or of the header.
fn head(diagnostic: &Diagnostic, spec: Option<&Text>, color: bool) -> String {
    let finding = &diagnostic.finding;
    let label = safe(&finding.found_and_share());
    let snippet = match &finding.anchor {
        Anchor::Spec(At::Text(span)) => spec.map(|text| {
            let label = LabeledSpan::new_primary_with_span(Some(label), span.clone());
            (NamedSource::new(safe(&text.name), masked(&text.body)), label)
        }),
        Anchor::Header(excerpt) => {
            let label = LabeledSpan::new_primary_with_span(Some(label), excerpt.span.clone());
            Some((NamedSource::new(safe(&excerpt.name), excerpt.text.clone()), label))
        }
        Anchor::Spec(At::Flag(_)) | Anchor::Data => None,
    };
    let title = format!("{}[{}]:", diagnostic.level, diagnostic.rule);
    draw(title, diagnostic.level, safe(&finding.message), snippet, color)
}

fn body(diagnostic: &Diagnostic, out: &mut dyn Write) -> io::Result<()> {
    let finding = &diagnostic.finding;
    field(out, "expected", &safe(&finding.expected))?;
    match &finding.anchor {
        Anchor::Spec(At::Flag(flag)) => field(out, "found", &format!("{} ({flag})", safe(&finding.found_and_share())))?,
        Anchor::Data => field(out, "found", &safe(&finding.found_and_share()))?,
        Anchor::Spec(At::Text(_)) | Anchor::Header(_) => {}
    }
    places(finding, out)?;
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

/// A text whose hostile characters are question marks, as many as they have bytes, so that spans still hold.
fn masked(text: &str) -> String {
    let keeps = |c: char| !is_hostile(c) || matches!(c, '\n' | '\r' | '\t');
    text.chars().map(|c| if keeps(c) { c.to_string() } else { "?".repeat(c.len_utf8()) }).collect()
}

/// The data side: on one line, or one line each where the places differ.
fn places(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let more = finding.count.saturating_sub(finding.places.len() as u64);
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
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
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

/// Lets miette draw `title message` and the snippet.
fn draw(
    title: String,
    level: Level,
    message: String,
    snippet: Option<(NamedSource<String>, LabeledSpan)>,
    color: bool,
) -> String {
    let mut theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    theme.characters.error.clone_from(&title);
    theme.characters.warning.clone_from(&title);
    theme.characters.advice = title;
    let severity = match level {
        Level::Error => Severity::Error,
        Level::Warning => Severity::Warning,
        Level::Note => Severity::Advice,
    };
    let (source, label) = snippet.map_or((None, None), |(source, label)| (Some(source), Some(label)));
    let drawn = Drawn { message, severity, source, label };
    let mut text = String::new();
    let handler =
        GraphicalReportHandler::new_themed(theme).with_wrap_lines(false).with_links(false).with_context_lines(1);
    if handler.render_report(&mut text, &drawn).is_err() {
        text = drawn.message;
    }
    text.trim().to_owned()
}

/// What miette needs to know.
#[derive(Debug)]
struct Drawn {
    message: String,
    severity: Severity,
    source: Option<NamedSource<String>>,
    label: Option<LabeledSpan>,
}

impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Drawn {}

impl miette::Diagnostic for Drawn {
    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.label.clone().map(|label| Box::new(std::iter::once(label)) as Box<dyn Iterator<Item = LabeledSpan>>)
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn a_spec_cannot_command_the_terminal_and_keeps_its_length() {
        let text = "a = \"\u{1b}[31m\u{202e}\"\r\n";
        assert_eq!(masked(text), "a = \"?[31m???\"\r\n");
        assert_eq!(masked(text).len(), text.len());
    }
}
