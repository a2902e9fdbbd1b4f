//! Text from files, made safe to show. Header text, member names and field names can carry terminal commands,
//! line breaks and right-to-left overrides; nothing of that may reach a terminal or a report.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A short text from a file, and the bytes of it that matter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Excerpt {
    /// What the text is, `x.npz[image.npy] header`. Not escaped.
    pub name: String,
    /// The text, already safe to show.
    pub text: String,
    /// The bytes of `text` to underline.
    pub span: Range<usize>,
}

/// Characters of a header that an [`Excerpt`] shows at most, the span in sight.
const EXCERPT: usize = 240;
/// Characters in front of the span that are kept when the text has to be cut.
const BEFORE: usize = 80;

impl Excerpt {
    /// The part of `text` around `span`, without the padding at its end, hostile characters written out. A span that
    /// does not lie on characters, or lies in the padding, moves to the nearest that can be shown.
    #[must_use]
    pub fn around(name: String, text: &str, span: &Range<usize>) -> Self {
        let text = text.trim_end();
        let (start, end) = (floor(text, span.start), floor(text, span.end));
        let from = if shown_width(&text[..end.max(start)]) > EXCERPT {
            text[..start].char_indices().rev().nth(BEFORE).map_or(0, |(at, _)| at)
        } else {
            0
        };
        let mut shown = String::with_capacity(text.len().min(EXCERPT));
        if from > 0 {
            shown.push('…');
        }
        let mut place = None;
        for (at, c) in text[from..].char_indices().map(|(at, c)| (from + at, c)) {
            if at == start {
                place = Some(shown.len()..shown.len());
            }
            if shown.chars().count() >= EXCERPT {
                shown.push('…');
                break;
            }
            push_shown(&mut shown, c);
            if let Some(place) = &mut place
                && at < end
            {
                place.end = shown.len();
            }
        }
        let place = place.unwrap_or(shown.len()..shown.len());
        Self { name, text: shown, span: place }
    }
}

/// Characters that the text takes when it is shown.
fn shown_width(text: &str) -> usize {
    text.chars().map(|c| if is_hostile(c) { c.escape_unicode().len() } else { 1 }).sum()
}

/// The nearest character boundary at or below the offset.
fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// Whether the character could change how the text around it is shown.
#[must_use]
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text with every hostile character written as `\u{..}`, cut at `limit` characters.
#[must_use]
pub fn shown(text: &str, limit: usize) -> String {
    let mut out = String::with_capacity(text.len().min(limit));
    for (i, c) in text.chars().enumerate() {
        if i == limit {
            out.push('…');
            break;
        }
        push_shown(&mut out, c);
    }
    out
}

/// JSON in which hostile characters are written as `\u....`: it says the same, and a terminal shows it as it is. Outside
/// of strings JSON has none but line breaks.
#[must_use]
pub fn json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_hostile(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Nothing can fail in a String.
                let _ = std::fmt::Write::write_fmt(&mut out, format_args!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// A text that a line starts with, safe to show: what a runner of a CI would take for a command is written out.
#[must_use]
pub fn leading(text: String) -> String {
    let start = text.len() - text.trim_start().len();
    if text[start..].starts_with("::") { format!("{}\\u{{3a}}{}", &text[..start], &text[start + 1..]) } else { text }
}

fn push_shown(out: &mut String, c: char) {
    if is_hostile(c) {
        out.extend(c.escape_unicode());
    } else {
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_commands_line_breaks_and_bidi_are_written_out() {
        assert_eq!(shown("a\x1b[31mb\nc\u{202e}d", 99), "a\\u{1b}[31mb\\u{a}c\\u{202e}d");
    }

    #[test]
    fn no_line_starts_with_a_command_of_a_ci() {
        assert_eq!(leading("::error::x".into()), "\\u{3a}:error::x");
        assert_eq!(leading("  ::stop-commands::x".into()), "  \\u{3a}:stop-commands::x");
        assert_eq!((leading(":x".into()), leading("x ::y".into())), (":x".into(), "x ::y".into()));
    }

    #[test]
    fn an_excerpt_keeps_the_span_on_what_it_was_on() {
        let excerpt = Excerpt::around(String::new(), "{'\x1b[2J\u{e9}': 'bad'}   \n", &(11..16));
        assert_eq!(excerpt.text, "{'\\u{1b}[2J\u{e9}': 'bad'}");
        assert_eq!(&excerpt.text[excerpt.span], "'bad'");
    }

    #[test]
    fn a_long_excerpt_is_a_window_around_the_span() {
        let text = format!("{}WRONG{}", "a".repeat(5000), "b".repeat(5000));
        let excerpt = Excerpt::around(String::new(), &text, &(5000..5005));
        assert_eq!(&excerpt.text[excerpt.span.clone()], "WRONG");
        assert!(excerpt.text.starts_with('…') && excerpt.text.ends_with('…'), "{}", excerpt.text);
        assert!(excerpt.text.chars().count() <= EXCERPT + 2);
    }

    #[test]
    fn spans_outside_the_text_are_moved_inside() {
        for (start, end) in [(0, 99), (50, 60), (3, 1), (2, 2)] {
            let excerpt = Excerpt::around(String::new(), "a\u{e9}\u{1f600}  ", &(start..end));
            assert!(excerpt.text.get(excerpt.span.clone()).is_some(), "{excerpt:?}");
        }
        assert_eq!(Excerpt::around(String::new(), "   \n", &(0..4)).text, "");
    }

    #[test]
    fn long_text_is_cut_and_the_cut_is_seen() {
        assert_eq!(shown("abcdef", 3), "abc…");
    }
}
