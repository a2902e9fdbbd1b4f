//! TOML text to a table with spans, with every syntax fault.
//!
//! The parser recovers by itself, but what it makes of the rest of a broken statement is guesswork, and the guesses
//! would be reported as further faults. So a broken statement is reported once, blanked out without moving anything
//! behind it, and the text is parsed again.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{Fault, quoted};

/// More faults than this help nobody, and each costs a pass over the text.
const MAX_FAULTS: usize = 64;

/// A text without its broken statements.
#[derive(Debug)]
pub(super) struct Mended {
    /// The text, blanks in the place of what was broken. It parses, but for keys that are written twice.
    pub(super) text: String,
    /// What is wrong.
    pub(super) faults: Vec<Fault>,
    /// Whether a whole statement was left out, and not just a second copy of one.
    pub(super) lost: bool,
}

/// Finds every syntax fault of a text, and leaves what is TOML.
pub(super) fn mend(text: &str) -> Mended {
    let mut left = text.to_owned();
    let mut faults: Vec<Fault> = Vec::new();
    let mut lost = false;
    while faults.len() < MAX_FAULTS {
        let (table, errors) = DeTable::parse_recoverable(&left);
        let mut errors: Vec<(Range<usize>, &str)> = errors
            .iter()
            .map(|error| (error.span().unwrap_or(0..0), error.message()))
            .filter(|(span, message)| !is_repeated(message) || !faults.iter().any(|f| f.span.as_ref() == Some(span)))
            .collect();
        errors.sort_by_key(|(span, _)| span.start);
        let Some((span, message)) = errors.first().cloned() else { return Mended { text: left, faults, lost } };
        let fault = described(text, span.clone(), message);
        if is_repeated(message) {
            faults.push(fault);
        } else {
            lost = true;
            let unclosed = |value: &Range<usize>| {
                errors.iter().any(|(at, message)| message.starts_with("unclosed") && touches(value, at.start))
            };
            let (fault, broken) = match pair_around(table.get_ref(), span.start) {
                Some(pair) if pair.open && unclosed(&pair.value) => {
                    let end = next_statement(&left, pair.value.start).min(pair.value.end);
                    (never_closed(text, pair.value.start..pair.value.start + 1), line_start(&left, pair.key.start)..end)
                }
                Some(pair) => {
                    let quotes = text.get(pair.value.clone()).filter(|value| value.starts_with(['"', '\'']));
                    let fault = match quotes {
                        Some(_) if is_open_end(&span, message) => never_closed(text, pair.value.clone()),
                        None if is_open_end(&span, message) => {
                            Fault::at(pair.key.clone(), format!("{} has no value", quoted(&text[pair.key.clone()])))
                        }
                        _ => fault,
                    };
                    (fault, line_start(&left, pair.key.start)..pair.value.end)
                }
                None => {
                    let start = line_start(&left, span.start);
                    let line = left[start..].lines().next().unwrap_or_default();
                    // A byte order mark can stand in front of the first line.
                    let header = line.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
                    if header.starts_with('[') {
                        let open = start + line.len() - header.len();
                        let fault = if message.starts_with("unclosed table") {
                            never_closed(text, open..open + header.trim_end().len())
                        } else {
                            fault
                        };
                        (fault, open..next_header(&left, span.start))
                    } else {
                        (fault, start..next_statement(&left, span.start))
                    }
                }
            };
            faults.push(fault);
            if let Some(mended) = blanked(&left, broken) {
                left = mended;
            } else {
                break;
            }
        }
    }
    Mended { text: String::new(), faults, lost: true }
}

/// Faults after which the tree is as good as before: the first of two statements is kept.
fn is_repeated(message: &str) -> bool {
    message == "duplicate key" || message.starts_with("cannot extend value")
}

/// What the parser said, in words that say what to do.
fn described(text: &str, span: Range<usize>, message: &str) -> Fault {
    let written = text.get(span.clone()).unwrap_or_default().trim();
    if is_repeated(message) {
        return Fault::at(span, format!("{} is written twice", quoted(written))).help("keep one of the two");
    }
    let is_word = written.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && !written.contains(['"', '\'', '=', '[', '{', '\n']);
    if is_word && (message.starts_with("invalid boolean") || message.starts_with("string values must be quoted")) {
        let help = format!("write {}", quoted(&format!("\"{written}\"")));
        return Fault::at(span, format!("{} needs quotes", quoted(written))).help(help);
    }
    Fault::at(span, message)
}

/// Whether the parser looked for a quotation mark and found the end of the value.
fn is_open_end(span: &Range<usize>, message: &str) -> bool {
    let wants_quotes = message.starts_with("invalid ") || message.starts_with("string values must be quoted");
    span.is_empty() && wants_quotes && message.contains(" string")
}

fn never_closed(text: &str, span: Range<usize>) -> Fault {
    let opened = text.get(span.clone()).unwrap_or_default();
    let close = match opened.as_bytes() {
        [b'{', ..] => "}",
        [b'[', b'[', ..] => "]]",
        [b'[', ..] => "]",
        [quote @ (b'"' | b'\''), b, c, ..] if b == quote && c == quote => &opened[..3],
        _ => &opened[..1.min(opened.len())],
    };
    Fault::at(span, format!("{} is never closed", quoted(opened))).help(format!("add `{close}`"))
}

/// A key, its value, and whether the value is one that has to be closed.
struct Pair {
    key: Range<usize>,
    value: Range<usize>,
    open: bool,
}

/// The statement `key = value` whose value the offset is in, or right behind.
fn pair_around(table: &DeTable<'_>, offset: usize) -> Option<Pair> {
    table.iter().find_map(|(key, value)| pair_in(key.span(), value, offset))
}

fn pair_in(key: Range<usize>, value: &Spanned<DeValue<'_>>, offset: usize) -> Option<Pair> {
    let span = value.span();
    let open = matches!(value.get_ref(), DeValue::Array(_) | DeValue::Table(_));
    // A table with a header stands around its own key; its statements lie outside of both.
    if key.end <= span.start {
        return touches(&span, offset).then_some(Pair { key, value: span, open });
    }
    match value.get_ref() {
        DeValue::Table(table) => pair_around(table, offset),
        DeValue::Array(tables) => tables.iter().find_map(|table| match table.get_ref() {
            DeValue::Table(table) => pair_around(table, offset),
            _ => None,
        }),
        _ => None,
    }
}

/// Whether the offset is in the range or right behind it, where a missing end is noticed.
fn touches(range: &Range<usize>, offset: usize) -> bool {
    (range.start..=range.end).contains(&offset)
}

fn line_start(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    before.rfind('\n').map_or(0, |newline| newline + 1)
}

/// The start of the next line behind `from` that looks like `key = value` or `[header]`, or the end.
fn next_statement(text: &str, from: usize) -> usize {
    next_line(text, from, |line| {
        let key = line.trim_start_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '"' | '\''));
        is_header(line) || (key.len() < line.len() && key.trim_start().starts_with('='))
    })
}

/// The start of the next line behind `from` that looks like `[header]`, or the end.
fn next_header(text: &str, from: usize) -> usize {
    next_line(text, from, is_header)
}

fn is_header(line: &str) -> bool {
    let name = line.trim_start_matches('[');
    name.len() < line.len() && name.starts_with(|c: char| c.is_ascii_alphabetic())
}

fn next_line(text: &str, from: usize, wanted: impl Fn(&str) -> bool) -> usize {
    let mut start = from.min(text.len());
    while let Some(newline) = text.get(start..).and_then(|rest| rest.find('\n')) {
        start += newline + 1;
        if wanted(text[start..].lines().next().unwrap_or_default().trim()) {
            return start;
        }
    }
    text.len()
}

/// The text with a blank in the place of every byte of the range but line breaks. `None` if it is blank already.
fn blanked(text: &str, mut range: Range<usize>) -> Option<String> {
    range.end = range.end.min(text.len());
    while !text.is_char_boundary(range.start) {
        range.start -= 1;
    }
    while !text.is_char_boundary(range.end) {
        range.end += 1;
    }
    let blank = |byte| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { ' ' };
    let blanks: String = text[range.clone()].bytes().map(blank).collect();
    let mut mended = text.to_owned();
    mended.replace_range(range, &blanks);
    (mended != text).then_some(mended)
}
