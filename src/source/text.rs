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
        if is_hostile(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_commands_line_breaks_and_bidi_are_written_out() {
        assert_eq!(shown("a\x1b[31mb\nc\u{202e}d", 99), "a\\u{1b}[31mb\\u{a}c\\u{202e}d");
    }

    #[test]
    fn long_text_is_cut_and_the_cut_is_seen() {
        assert_eq!(shown("abcdef", 3), "abc…");
    }
}
