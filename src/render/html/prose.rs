//! Sentences with `code` in them, and what a rule's page says in short.

use super::super::safe;
use crate::rules::RULES;

/// A sentence in parts: words, and code between backquotes.
pub(super) struct Prose {
    pub(super) parts: Vec<Part>,
}

/// A part of a sentence, safe to show.
pub(super) struct Part {
    pub(super) code: bool,
    pub(super) text: String,
}

impl Prose {
    /// The text, made safe to show. A backquote without a partner stays as it is.
    pub(super) fn new(text: &str) -> Self {
        let mut pieces: Vec<&str> = text.split('`').collect();
        let alone = if pieces.len().is_multiple_of(2) { pieces.pop() } else { None };
        let mut parts: Vec<Part> = pieces
            .into_iter()
            .enumerate()
            .map(|(at, piece)| Part { code: at % 2 == 1, text: safe(piece) })
            .filter(|part| !part.text.is_empty())
            .collect();
        parts.extend(alone.map(|alone| Part { code: false, text: format!("`{}", safe(alone)) }));
        Self { parts }
    }
}

/// What a rule's page says in short: paragraphs with their titles, the first one without.
pub(super) struct Digest {
    pub(super) paragraphs: Vec<(&'static str, Prose)>,
}

/// The digest of the rule's page.
pub(super) fn digest(id: &str) -> Digest {
    let Some(rule) = RULES.iter().find(|rule| rule.id == id) else { return Digest { paragraphs: Vec::new() } };
    let section = |title: &'static str, heading: &str| {
        let (_, rest) = rule.page.split_once(heading)?;
        let text = rest.split("\n## ").next().and_then(paragraph)?;
        Some((title, Prose::new(&text)))
    };
    let finds = rule.page.split_once('\n').and_then(|(_, rest)| paragraph(rest));
    let first = finds.map(|text| ("", Prose::new(&text)));
    let sections = [section("Why it hurts", "## Why it hurts\n"), section("When to allow it", "## When to allow it\n")];
    Digest { paragraphs: first.into_iter().chain(sections.into_iter().flatten()).collect() }
}

/// The first paragraph of plain text, without links and emphasis: no table, no list, no code block.
fn paragraph(text: &str) -> Option<String> {
    let is_plain = |block: &&str| !block.is_empty() && !block.starts_with(['|', '#', '-', '*', '`']);
    let block = text.split("\n\n").map(str::trim).find(is_plain)?;
    // A table may follow without an empty line.
    let lines: Vec<&str> = block.lines().take_while(|line| !line.starts_with(['|', '-'])).collect();
    Some(without_links(&lines.join(" ")).replace("**", "")).filter(|text| !text.is_empty())
}

/// `[words](target)` becomes `words`.
fn without_links(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((words, after)) = rest.split_once("](") {
        let Some((before, words)) = words.rsplit_once('[') else { break };
        let Some((_, after)) = after.split_once(')') else { break };
        out.push_str(before);
        out.push_str(words);
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<(bool, String)> {
        Prose::new(text).parts.into_iter().map(|part| (part.code, part.text)).collect()
    }

    #[test]
    fn code_stands_between_backquotes() {
        let part = |code, text: &str| (code, text.to_owned());
        assert_eq!(
            parts("input `a` is `b`"),
            [part(false, "input "), part(true, "a"), part(false, " is "), part(true, "b")]
        );
        assert_eq!(parts("an `open end"), [part(false, "an "), part(false, "`open end")]);
        assert_eq!(parts("\u{202e}"), [part(false, "\\u{202e}")]);
    }

    #[test]
    fn every_rule_has_a_digest_without_markup() {
        for rule in RULES {
            let digest = digest(rule.id);
            assert!(digest.paragraphs.len() >= 2, "{}: {}", rule.id, digest.paragraphs.len());
            for (_, prose) in digest.paragraphs {
                let words: String =
                    prose.parts.iter().filter(|part| !part.code).map(|part| part.text.as_str()).collect();
                assert!(!words.contains("](") && !words.contains("**") && !words.contains('|'), "{}: {words}", rule.id);
            }
        }
    }
}
