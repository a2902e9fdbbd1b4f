//! Messages as SARIF has them. A plain text may hold links, `[text](target)`, and Markdown may hold anything: what comes
//! from a file must be neither.

use std::fmt::Write as _;

use super::super::safe;
use crate::diagnostic::Finding;
use crate::source::text::is_hostile;

/// A plain text message in which nothing is a link.
pub(super) fn text(text: &str) -> String {
    let text = safe(text);
    if text.contains("](") { text.replace('[', "\\[").replace(']', "\\]") } else { text }
}

/// Everything that there is to say of a finding, as Markdown.
pub(super) fn message(finding: &Finding) -> String {
    let said = format!("{} ({})", finding.message, finding.found_and_share());
    let mut out = escaped(&said);
    for (label, said) in [
        ("Expected", Some(&finding.expected)),
        ("Why", finding.cause.as_ref()),
        ("Effect", finding.consequence.as_ref()),
        ("Help", finding.help.as_ref()),
    ] {
        if let Some(said) = said {
            let _ = write!(out, "\n\n**{label}**: {}", escaped(said));
        }
    }
    if let Some(fix) = &finding.fix {
        let fence = "`".repeat(longest_run(&fix.python).max(2) + 1);
        let lines: Vec<String> = fix.python.lines().map(safe).collect();
        let _ =
            write!(out, "\n\n**Fix** ({}):\n{fence}python\n{}\n{fence}", escaped(&fix.proof.text()), lines.join("\n"));
    }
    out
}

/// A text as Markdown: `code` stays code, and everything else is what it is.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(code) = code(rest).filter(|_| !out.ends_with('`')) {
            let _ = write!(out, "`{}`", safe(code));
            rest = &rest[code.len() + 2..];
            continue;
        }
        if c.is_ascii_punctuation()
            && !matches!(c, '.' | ',' | ':' | ';' | '\'' | '"' | '/' | '%' | '=' | '?' | '(' | ')' | '-')
        {
            out.push('\\');
        }
        if is_hostile(c) {
            out.push_str(&safe(c.encode_utf8(&mut [0; 4])).replace('\\', "\\\\"));
        } else {
            out.push(c);
        }
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// What stands between two backticks at the start of the text, where neither is one of several.
fn code(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('`')?;
    let end = inside.find('`').filter(|end| *end > 0)?;
    (!inside[end + 1..].starts_with('`')).then_some(&inside[..end])
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_a_file_is_no_link_and_no_tag() {
        assert_eq!(text("[a](http://x)"), "\\[a\\](http://x)");
        assert_eq!(text("x[3, 0]\n"), "x[3, 0]\\u{a}");
        assert_eq!(escaped("input `a_b` is *not* [a](b) <i>"), "input `a_b` is \\*not\\* \\[a\\](b) \\<i\\>");
        assert_eq!(escaped("`a``b` and `c"), "\\`a\\`\\`b` and `c");
        assert_eq!(escaped("`<script>`"), "`<script>`");
        assert_eq!(escaped("a\nb"), "a\\\\u{a}b");
    }
}
