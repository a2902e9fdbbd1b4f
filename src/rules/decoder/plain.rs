//! Pasted text made comparable: no colours, no frames of boxes, no quotes, single blanks, and line breaks that a
//! pattern may pass over.

/// The most text that is looked at, in bytes: one half from the start, one from the end, where the error stands.
pub const MOST: usize = 64 * 1024;

/// The text as patterns see it.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MOST));
    for line in cut(text).replace("\\n", "\n").lines() {
        let line = without_commands(line);
        let line = without_margin(&line);
        if out.ends_with(' ') {
            out.pop();
        }
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        for c in line.chars() {
            match c {
                '\'' | '"' | '`' | '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' => {}
                c if c.is_whitespace() || c.is_control() || matches!(c, '\u{2500}'..='\u{259f}') => {
                    if !out.is_empty() && !out.ends_with([' ', '\n']) {
                        out.push(' ');
                    }
                }
                c => out.push(c),
            }
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// The start and the end of a text that is too long.
fn cut(text: &str) -> String {
    if text.len() <= MOST {
        return text.to_owned();
    }
    let (mut head, mut tail) = (MOST / 2, text.len() - MOST / 2);
    while !text.is_char_boundary(head) {
        head -= 1;
    }
    while !text.is_char_boundary(tail) {
        tail += 1;
    }
    format!("{}\n\n{}", &text[..head], &text[tail..])
}

/// The line without the marks of quoted mail, boxes of `|`, and the margin of pytest (`>` and `E`).
fn without_margin(line: &str) -> &str {
    let mut line = line.trim_start_matches(['|', ' ', '\t']);
    while let Some(rest) = line.strip_prefix('>').filter(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '>'])) {
        line = rest.trim_start_matches(['|', ' ', '\t']);
    }
    line.strip_prefix("E  ").unwrap_or(line)
}

/// The line without the commands of a terminal: `ESC [ ... letter`, `ESC ] ... BEL`, and any other `ESC` pair.
fn without_commands(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('[') => {
                chars.find(|c| ('@'..='~').contains(c));
            }
            Some(']') => {
                chars.find(|c| matches!(c, '\u{7}' | '\u{9c}'));
            }
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_boxes_quotes_and_margins_go() {
        assert_eq!(
            plain("\u{1b}[31mValueError\u{1b}[0m:  Invalid\tdtype: `object`"),
            "ValueError: Invalid dtype: object"
        );
        assert_eq!(plain("│ Invalid dtype: │\n│ object         │\n╰───╯"), "Invalid dtype:\nobject");
        assert_eq!(plain("> a\n>> b\n>"), "a\nb");
        assert_eq!(plain("t\n>= 0\n>f8"), "t\n>= 0\n>f8", "these are no margins");
        assert_eq!(plain("E       ValueError: a"), "ValueError: a");
        assert_eq!(plain("a\\nb"), "a\nb");
        assert_eq!(plain(" \n\n "), "");
    }

    #[test]
    fn a_huge_text_keeps_its_start_and_its_end() {
        let text = format!("first {}é{} last", "é".repeat(MOST), "x".repeat(MOST));
        let plain = plain(&text);
        assert!(plain.len() <= MOST + 2 && plain.starts_with("first") && plain.ends_with("last"));
    }

    #[test]
    fn a_command_that_never_ends_takes_only_its_line() {
        assert_eq!(plain("a\u{1b}[999\nb\u{1b}]0;title"), "a\nb");
        assert_eq!(plain("a\u{1b}"), "a");
    }
}
