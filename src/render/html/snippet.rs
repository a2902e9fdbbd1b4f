//! Lines of a text with what is meant in them marked.

use std::ops::Range;

use super::super::safe;
use crate::diagnostic::{Label, Position};
use crate::error::Text;
use crate::source::text::Excerpt;

/// Lines around a marked one.
const CONTEXT: usize = 1;
/// Characters of a line that are shown in front of a mark, of the mark, and behind it.
const WIDTH: usize = 160;
/// Lines that one mark goes over at most; of a longer one the first is marked.
const LINES: usize = 8;

/// Lines of one text.
pub(super) struct Snippet {
    /// `batchlint.toml:7`
    pub(super) name: String,
    pub(super) lines: Vec<Line>,
}

/// A line in three parts, the one in the middle marked. All of it is safe to show.
pub(super) struct Line {
    /// From 1; `None` for a text that has no lines.
    pub(super) number: Option<usize>,
    pub(super) before: String,
    pub(super) marked: String,
    pub(super) after: String,
    /// What is said of the mark; empty where nothing is.
    pub(super) says: String,
    /// Whether lines are left out before this one.
    pub(super) gap: bool,
}

/// What is marked, and what is said of it.
type Mark<'m> = (Range<usize>, &'m str);

impl Snippet {
    /// The lines of the text around a span.
    pub(super) fn of(text: &Text, span: &Range<usize>) -> Self {
        Self::with(text, &[(span.clone(), "")])
    }

    /// The header of an array, which is one line.
    pub(super) fn header(excerpt: &Excerpt) -> Self {
        let (before, marked, after) = parts(&excerpt.text, &excerpt.span);
        let line = Line { number: None, before, marked, after, says: String::new(), gap: false };
        Self { name: safe(&excerpt.name), lines: vec![line] }
    }

    /// The labels, text by text, in the order of their first.
    pub(super) fn labelled(labels: &[Label]) -> Vec<Self> {
        let mut texts: Vec<(&Text, Vec<Mark<'_>>)> = Vec::new();
        for label in labels {
            let mark = (label.span.clone(), label.says.as_str());
            match texts.iter_mut().find(|(text, _)| *text == &label.text) {
                Some((_, marks)) => marks.push(mark),
                None => texts.push((&label.text, vec![mark])),
            }
        }
        texts.into_iter().map(|(text, marks)| Self::with(text, &marks)).collect()
    }

    fn with(text: &Text, marks: &[Mark<'_>]) -> Self {
        let main = marks.first().map_or(1, |(span, _)| Position::of(&text.body, span.start).line);
        let mut lines: Vec<Line> = Vec::new();
        let mut start = 0;
        let touched: Vec<Range<usize>> = marks.iter().map(|(span, _)| touched(&text.body, span)).collect();
        for (at, raw) in text.body.split('\n').enumerate() {
            let number = at + 1;
            let line = raw.strip_suffix('\r').unwrap_or(raw);
            if touched.iter().any(|lines| number + CONTEXT >= lines.start && number < lines.end + CONTEXT) {
                let gap = lines.last().is_some_and(|last| last.number != Some(number - 1));
                let mut mine = marks.iter().zip(&touched).filter(|(_, lines)| lines.contains(&number)).peekable();
                if mine.peek().is_none() {
                    let (before, marked, after) = parts(line, &(0..0));
                    let says = String::new();
                    lines.push(Line {
                        number: Some(number),
                        before: before + &marked,
                        marked: String::new(),
                        after,
                        says,
                        gap,
                    });
                }
                // Each mark of a line shows the line again only where one line could not show both.
                for (i, ((span, says), lines_of)) in mine.enumerate() {
                    let from = span.start.saturating_sub(start).min(line.len());
                    let to = if lines_of.len() == 1 { span.end.saturating_sub(start) } else { line.len() };
                    let (before, marked, after) = parts(line, &(from..to.clamp(from, line.len())));
                    let is_last = number + 1 == lines_of.end;
                    let says = if is_last { safe(says) } else { String::new() };
                    lines.push(Line { number: Some(number), before, marked, after, says, gap: gap && i == 0 });
                }
            }
            start += raw.len() + 1;
        }
        // Empty lines say nothing of what stands beside them.
        let is_empty = |line: &Line| line.before.is_empty() && line.marked.is_empty() && line.after.is_empty();
        while lines.last().is_some_and(is_empty) {
            lines.pop();
        }
        let skipped = lines.iter().take_while(|line| is_empty(line)).count();
        lines.drain(..skipped);
        Self { name: format!("{}:{main}", safe(&text.name)), lines }
    }
}

/// The lines that a span is marked in, from 1.
fn touched(body: &str, span: &Range<usize>) -> Range<usize> {
    let first = Position::of(body, span.start).line;
    let last = Position::of(body, span.end.saturating_sub(1).max(span.start)).line;
    first..if last - first < LINES { last + 1 } else { first + 1 }
}

/// The line before, in and behind the span, each short enough and safe to show.
fn parts(line: &str, span: &Range<usize>) -> (String, String, String) {
    let floor = |at: usize| (0..=at.min(line.len())).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
    let (from, to) = (floor(span.start), floor(span.end.max(span.start)));
    let (before, marked, after) = (&line[..from], &line[from..to], &line[to..]);
    let shown = |text: &str| safe(&text.replace('\t', "    "));
    let end = |text: &str| match text.char_indices().nth(WIDTH) {
        Some((at, _)) => shown(&text[..at]) + "…",
        None => shown(text),
    };
    let before = match before.char_indices().rev().nth(WIDTH) {
        Some((at, _)) => "…".to_owned() + &shown(&before[at..]),
        None => shown(before),
    };
    (before, end(marked), end(after))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{labelled, text};
    use super::*;

    fn drawn(snippet: &Snippet) -> Vec<String> {
        let line = |line: &Line| {
            let Line { before, marked, after, says, .. } = line;
            format!("{} {before}<{marked}>{after} {says}", line.number.unwrap_or(0))
        };
        snippet.lines.iter().map(line).collect()
    }

    #[test]
    fn the_mark_stands_between_its_neighbours() {
        let text = text("a.toml", "[inputs.x]\r\ndtype = \"float32\"\r\nshape = [1]\r\n\r\n");
        let at = text.body.find('"').unwrap();
        let snippet = Snippet::of(&text, &(at..at + 9));
        assert_eq!(snippet.name, "a.toml:2");
        assert_eq!(drawn(&snippet), ["1 <>[inputs.x] ", "2 dtype = <\"float32\"> ", "3 <>shape = [1] "]);
    }

    #[test]
    fn labels_of_one_text_are_drawn_together() {
        let snippets =
            Snippet::labelled(&[labelled("data, ", "yielded here"), labelled("np.random.rand", "made here")]);
        let [snippet] = snippets.as_slice() else { panic!("{}", snippets.len()) };
        assert_eq!(snippet.name, "train.py:7");
        let lines = drawn(snippet);
        assert!(lines[1].starts_with("5 ") && lines[1].ends_with("made here"), "{lines:?}");
        assert!(lines.iter().any(|line| line.contains("<data, >") && line.ends_with("yielded here")), "{lines:?}");
    }

    #[test]
    fn no_line_is_endless_and_no_character_hostile() {
        let long = format!("{}\u{202e}x{}", "a".repeat(5000), "\u{e9}".repeat(5000));
        let at = long.find('x').unwrap();
        let snippet = Snippet::of(&text("t", &long), &(at..at + 1));
        let line = &snippet.lines[0];
        assert!(line.before.starts_with('…') && line.before.ends_with("\\u{202e}") && line.after.ends_with('…'));
        assert!(line.before.chars().count() < 200 && line.after.chars().count() < 200);
    }
}
