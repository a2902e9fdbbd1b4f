//! Positions of a Python program, as bytes of its text. They come from the program, so nothing about them is believed.

use std::ops::Range;
use std::sync::Arc;

use super::Position;
use crate::error::Text;
use crate::source::capture::places::{SourceText, Span};

/// The text as it is shown and pointed into. A lone carriage return ends a line in Python and nowhere else, so it becomes
/// a line feed: every other byte stays where it is.
#[must_use]
pub fn text(source: &SourceText) -> Text {
    let body = &source.text;
    let lone = body.match_indices('\r').any(|(at, _)| !body[at + 1..].starts_with('\n'));
    let body = if lone { unix(body) } else { Arc::clone(body) };
    Text { name: source.file.clone(), body }
}

fn unix(body: &str) -> Arc<str> {
    let mut chars = body.chars().peekable();
    let mut out = String::with_capacity(body.len());
    while let Some(c) = chars.next() {
        out.push(if c == '\r' && chars.peek() != Some(&'\n') { '\n' } else { c });
    }
    out.into()
}

/// The bytes of a span. `None` where the text has no such place, or where it lies within a character.
#[must_use]
pub fn bytes(body: &str, span: Span) -> Option<Range<usize>> {
    let Span(line, column, end_line, end_column) = span;
    let start = offset(body, line, column)?;
    let end = offset(body, end_line, end_column)?;
    (start <= end).then_some(start..end)
}

/// The bytes of a line, from 1, without what it is indented by and without its end. `None` where it is empty or not there.
#[must_use]
pub fn line(body: &str, line: u64) -> Option<Range<usize>> {
    let whole = line_bytes(body, line)?;
    let text = &body[whole.clone()];
    let start = whole.start + (text.len() - text.trim_start().len());
    let end = whole.start + text.trim_end().len();
    (start < end).then_some(start..end)
}

/// Both ends of a span as people count them. `None` where the text has no such place.
#[must_use]
pub fn positions(body: &str, span: Span) -> Option<(Position, Position)> {
    let range = bytes(body, span)?;
    Some((Position::of(body, range.start), Position::of(body, range.end)))
}

/// The byte at a column, in bytes from 0, of a line, from 1.
fn offset(body: &str, line: u64, column: u64) -> Option<usize> {
    let line = line_bytes(body, line)?;
    let offset = line.start.checked_add(usize::try_from(column).ok()?)?;
    (offset <= line.end && body.is_char_boundary(offset)).then_some(offset)
}

/// The bytes of a line, from 1, without its end: `\n`, `\r\n` or `\r`, as Python has it.
fn line_bytes(body: &str, line: u64) -> Option<Range<usize>> {
    let mut start = 0;
    for _ in 1..line.max(1) {
        let end = start + body[start..].find(['\n', '\r'])?;
        start = end + if body[end..].starts_with("\r\n") { 2 } else { 1 };
    }
    let end = body[start..].find(['\n', '\r']).map_or(body.len(), |length| start + length);
    (line > 0).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "a = 1\r\né = [2,\n     3]\ry\n";

    fn cut(span: Span) -> Option<&'static str> {
        bytes(BODY, span).map(|range| &BODY[range])
    }

    #[test]
    fn columns_are_bytes_and_lines_end_as_in_python() {
        assert_eq!(cut(Span(1, 4, 1, 5)), Some("1"));
        assert_eq!(cut(Span(2, 5, 3, 7)), Some("[2,\n     3]"));
        assert_eq!(cut(Span(4, 0, 4, 1)), Some("y"));
        assert_eq!(cut(Span(5, 0, 5, 0)), Some(""));
        assert_eq!(line(BODY, 3).map(|range| &BODY[range]), Some("3]"));
        let (start, end) = positions(BODY, Span(2, 5, 2, 6)).unwrap();
        assert_eq!((start.line, start.column, end.column), (2, 5, 6));
    }

    #[test]
    fn what_is_not_in_the_text_has_no_bytes() {
        let most = u64::MAX;
        for span in [
            Span(0, 0, 0, 0),
            Span(1, 6, 1, 6),
            Span(2, 1, 2, 2),
            Span(1, 3, 1, 2),
            Span(3, 0, 2, 0),
            Span(6, 0, 6, 0),
            Span(most, most, most, most),
            Span(1, 0, 1, most),
        ] {
            assert_eq!(bytes(BODY, span), None, "{span:?}");
            assert_eq!(positions(BODY, span), None, "{span:?}");
        }
        assert_eq!((line(BODY, 0), line(BODY, 5), line(BODY, 9), line("", 1)), (None, None, None, None));
    }

    #[test]
    fn a_lone_carriage_return_becomes_a_line_feed_and_the_rest_stays() {
        let shown = |body: &str| {
            let source = SourceText { file: "a.py".into(), text: body.into(), ..SourceText::default() };
            text(&source).body.to_string()
        };
        assert_eq!(shown("a\r\nb\rc\r"), "a\r\nb\nc\n");
        assert_eq!(shown(BODY).len(), BODY.len());
        assert_eq!(shown("a\r\n"), "a\r\n");
    }
}
