//! Where in the user's source: what handed out a batch, and what went wrong.

use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;

use super::facts::Step;

/// What went wrong in the program.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Trouble {
    /// The batch that was being made, from 0.
    pub batch: Option<u64>,
    /// `load`, `no-target`, `exception`, `interrupt`, `close`, `no-data`; see the protocol.
    pub what: String,
    /// What was being done.
    pub phase: String,
    /// In the words of the helper. Not escaped.
    pub message: Option<String>,
    /// What to try. Not escaped.
    pub help: Vec<String>,
    /// The exception.
    pub error: Option<Raised>,
}

/// An exception.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Raised {
    /// The name of its type. Not escaped.
    #[serde(rename = "type")]
    pub kind: String,
    /// The module of its type. Not escaped.
    pub module: String,
    /// What it says. Not escaped.
    pub message: String,
    /// Its frames, outermost first.
    pub frames: Vec<FrameFacts>,
    /// What it was raised from.
    pub cause: Option<Box<Raised>>,
    /// What was being handled when it was raised.
    pub context: Option<Box<Raised>>,
    /// The traceback as Python prints it. Not escaped.
    pub text: String,
}

/// One frame of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct FrameFacts {
    /// The file as shown. Not escaped.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The function. Not escaped.
    pub func: String,
    /// Whether it is the user's own code.
    pub user: bool,
    /// Which text.
    pub source: Option<u32>,
    /// Where in it.
    pub span: Option<Span>,
}

/// Line, column, end line, end column: lines from 1, columns from 0 in bytes of UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub struct Span(pub u64, pub u64, pub u64, pub u64);

/// A place in the user's source that hands out batches.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Site {
    /// Its number.
    pub id: u32,
    /// Which text it stands in.
    pub source: Option<u32>,
    /// The file as shown. Not escaped.
    pub file: String,
    /// The function. Not escaped.
    pub func: String,
    /// `yield`, `return` or `element`.
    pub kind: String,
    /// How sure the place is: `exact`, `ordinal`, `only`, `line`, `none`.
    pub how: String,
    /// The line, from 1.
    pub line: u64,
    /// The expression.
    pub span: Option<Span>,
    /// Whether the batch was made from what this place returned, and is not that itself.
    pub inferred: bool,
    /// Its arrays.
    pub elements: Vec<Element>,
}

/// One array of a site.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Element {
    /// Which array.
    pub path: Vec<Step>,
    /// The expression, where it is short. Not escaped.
    pub name: Option<String>,
    /// Which text.
    pub source: Option<u32>,
    /// The expression that hands it out, or the one around it.
    pub span: Option<Span>,
    /// Whether the span is proven to be this array.
    pub exact: bool,
    /// Where it came to be, the likeliest first.
    pub made: Vec<Made>,
    /// What changed its dtype on the way, in order.
    pub became: Vec<Became>,
}

/// Where an array came to be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Made {
    /// Which text.
    pub source: Option<u32>,
    /// The expression.
    pub span: Option<Span>,
    /// How that is known.
    pub why: String,
    /// Whether it can have been no other.
    pub certain: bool,
    /// Its dtype there, by name.
    pub dtype: Option<String>,
}

/// A statement that changed a dtype.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Became {
    /// Which text.
    pub source: Option<u32>,
    /// The expression.
    pub span: Option<Span>,
    /// The dtype before, by name.
    pub from: String,
    /// The dtype after it.
    pub to: String,
}

/// A source file as Python read it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct SourceText {
    /// Its number.
    pub id: u32,
    /// The file as shown. Not escaped.
    pub file: String,
    /// Its absolute path.
    pub path: String,
    /// The SHA-256 of its bytes on disk when it was imported, in hexadecimal.
    pub sha256: Option<String>,
    /// The encoding of the file.
    pub encoding: String,
    /// Whether there is such a file.
    pub on_disk: bool,
    /// The text.
    #[serde(skip)]
    pub text: Arc<str>,
}

impl SourceText {
    /// The bytes of the text that a span stands for; `None` where the text has no such place.
    #[must_use]
    pub fn bytes_of(&self, span: Span) -> Option<Range<usize>> {
        let Span(line, column, end_line, end_column) = span;
        let at = |line: u64, column: u64| {
            let before = usize::try_from(line.checked_sub(1)?).ok()?;
            // Only what ends a line for Python; `str::lines` agrees, form feeds do not.
            let start = match before {
                0 => 0,
                _ => self.text.match_indices('\n').nth(before - 1)?.0 + 1,
            };
            let length = self.text[start..].find('\n').unwrap_or(self.text.len() - start);
            let column = usize::try_from(column).ok().filter(|column| *column <= length)?;
            Some(start + column).filter(|at| self.text.is_char_boundary(*at))
        };
        let (start, end) = (at(line, column)?, at(end_line, end_column)?);
        (start <= end).then_some(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_count_lines_from_1_and_bytes_from_0() {
        let text = SourceText { text: "a = é\n\x0cb = (1,\n 2)\n".into(), ..SourceText::default() };
        let cut = |span| text.bytes_of(span).map(|bytes| &text.text[bytes]);
        assert_eq!(cut(Span(1, 4, 1, 6)), Some("é"));
        assert_eq!(cut(Span(2, 5, 3, 3)), Some("(1,\n 2)"));
        assert_eq!(cut(Span(1, 5, 1, 6)), None, "within a character");
        assert_eq!(cut(Span(1, 0, 1, 7)), None, "behind the end of the line");
        assert_eq!(cut(Span(9, 0, 9, 0)), None);
        assert_eq!(cut(Span(0, 0, 1, 0)), None);
        assert_eq!(cut(Span(2, 5, 1, 0)), None, "backwards");
    }
}
