//! Lines of a text with what is to be said of them. The only file that knows miette.

use std::fmt;
use std::ops::Range;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Severity, SourceCode};

use super::super::safe;
use crate::config::Level;
use crate::diagnostic::Label;
use crate::error::Text;
use crate::source::text::is_hostile;

/// Lines that one label is drawn over at most; of a longer one the first line is.
const LINES: usize = 8;
/// Bytes of a line that are shown, unless a label is drawn further right.
const LINE: usize = 300;

/// A text and what is drawn under it.
pub(super) struct Snippet {
    source: NamedSource<String>,
    labels: Vec<LabeledSpan>,
}

impl Snippet {
    /// One place, and what is said of it. Nothing of the text is believed to be safe to show.
    pub(super) fn one(text: &Text, span: Range<usize>, says: Option<String>) -> Self {
        let label = LabeledSpan::new_primary_with_span(says, span);
        Self { source: NamedSource::new(safe(&text.name), masked(&text.body)), labels: vec![label] }
    }

    /// A text that is safe to show.
    pub(super) fn shown(name: &str, text: String, span: Range<usize>, says: String) -> Self {
        let label = LabeledSpan::new_primary_with_span(Some(says), span);
        Self { source: NamedSource::new(safe(name), text), labels: vec![label] }
    }

    /// The labels, text by text; the first label is the main one of its text.
    pub(super) fn of(labels: &[Label]) -> Vec<Self> {
        let mut texts: Vec<(&Text, Vec<&Label>)> = Vec::new();
        for label in labels {
            match texts.iter_mut().find(|(text, _)| *text == &label.text) {
                Some((_, labels)) => labels.push(label),
                None => texts.push((&label.text, vec![label])),
            }
        }
        texts.into_iter().map(|(text, labels)| Self::within(text, &labels)).collect()
    }

    fn within(text: &Text, labels: &[&Label]) -> Self {
        let spans: Vec<Range<usize>> = labels.iter().map(|label| short(&text.body, &label.span)).collect();
        let (body, spans) = narrow(&masked(&text.body), spans);
        let drawn = labels.iter().zip(spans).enumerate().map(|(i, (label, span))| {
            let says = Some(safe(&label.says));
            if i == 0 { LabeledSpan::new_primary_with_span(says, span) } else { LabeledSpan::new_with_span(says, span) }
        });
        let labels = drawn.collect();
        Self { source: NamedSource::new(safe(&text.name), body), labels }
    }
}

/// Draws `title message` and the snippets below it.
pub(super) fn draw(title: String, level: Level, message: String, snippets: Vec<Snippet>, color: bool) -> String {
    let mut snippets = snippets.into_iter();
    let mut text = one(title, level, message, snippets.next(), color);
    for snippet in snippets {
        // The message was written already. The line that stands for it is taken away.
        let drawn = one("-".into(), level, "-".into(), Some(snippet), color);
        if let Some((_, lines)) = drawn.split_once('\n') {
            text.push('\n');
            text.push_str(lines);
        }
    }
    text
}

fn one(title: String, level: Level, message: String, snippet: Option<Snippet>, color: bool) -> String {
    let mut theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    theme.characters.error.clone_from(&title);
    theme.characters.warning.clone_from(&title);
    theme.characters.advice = title;
    let severity = match level {
        Level::Error => Severity::Error,
        Level::Warning => Severity::Warning,
        Level::Note => Severity::Advice,
    };
    let (source, labels) = snippet.map_or((None, Vec::new()), |snippet| (Some(snippet.source), snippet.labels));
    let drawn = Drawn { message, severity, source, labels };
    let mut text = String::new();
    let handler =
        GraphicalReportHandler::new_themed(theme).with_wrap_lines(false).with_links(false).with_context_lines(1);
    if handler.render_report(&mut text, &drawn).is_err() {
        text = drawn.message;
    }
    text.trim().to_owned()
}

/// A text whose hostile characters are question marks, as many as they have bytes, so that spans still hold.
fn masked(text: &str) -> String {
    let keeps = |c: char| !is_hostile(c) || matches!(c, '\n' | '\r' | '\t');
    text.chars().map(|c| if keeps(c) { c.to_string() } else { "?".repeat(c.len_utf8()) }).collect()
}

/// The span, or the rest of its first line where it covers too many.
fn short(body: &str, span: &Range<usize>) -> Range<usize> {
    let text = &body[span.clone()];
    match text.find('\n') {
        Some(end) if text.matches('\n').count() >= LINES => span.start..span.start + text[..end].trim_end().len(),
        _ => span.clone(),
    }
}

/// The text with its long lines cut behind what is labelled, and the spans in it.
fn narrow(body: &str, mut spans: Vec<Range<usize>>) -> (String, Vec<Range<usize>>) {
    let mut out = String::with_capacity(body.len());
    let mut start = 0;
    for line in body.split_inclusive('\n') {
        let text = line.trim_end_matches(['\n', '\r']);
        let here = start..=start + text.len();
        let labelled = spans.iter().flat_map(|span| [span.start, span.end]).filter(|at| here.contains(at)).max();
        let mut keep = LINE.max(labelled.map_or(0, |at| at - start));
        while keep < text.len() && !text.is_char_boundary(keep) {
            keep += 1;
        }
        let shift = |at: &mut usize| *at = *at - start + out.len();
        for span in &mut spans {
            // What was moved already lies in the lines before.
            if here.contains(&span.start) {
                shift(&mut span.start);
            }
            if here.contains(&span.end) {
                shift(&mut span.end);
            }
        }
        match text.get(..keep) {
            // The sign takes three bytes: nothing may get longer.
            Some(kept) if kept.len() + 3 < text.len() => {
                out.push_str(kept);
                out.push('…');
                out.push_str(&line[text.len()..]);
            }
            _ => out.push_str(line),
        }
        start += line.len();
    }
    (out, spans)
}

/// What miette needs to know.
#[derive(Debug)]
struct Drawn {
    message: String,
    severity: Severity,
    source: Option<NamedSource<String>>,
    labels: Vec<LabeledSpan>,
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
        (!self.labels.is_empty()).then(|| Box::new(self.labels.iter().cloned()) as Box<dyn Iterator<Item = _>>)
    }
}
