//! The matcher: literal text with captures for numbers, names and shapes.
//!
//! | in a pattern | in the text |
//! | --- | --- |
//! | a character | the same, whatever its case; a line break may stand in front of it |
//! | a blank | a blank or a line break |
//! | `*` | anything, at most [`GAP`] bytes |
//! | `{n:int}` | `-12` |
//! | `{n:num}` | `-12`, `0.5`, `1.2e-3` |
//! | `{n:ints}` | `80, 80, 80` |
//! | `{n:shape}` | `[8, 3]`, `(None, 3)`, `(?, 3)` |
//! | `{n:word}` | a name or a type: letters, digits and `_ . / : < > - #` |
//! | `{n:key}` | one character, or an escape like `\x1f` |
//!
//! A pattern that starts or ends with a letter or digit does so at the edge of a word.

use std::ops::Range;

use super::captured::Captured;

/// What `*` may skip, in bytes. The node names of TensorFlow are this long.
const GAP: usize = 1200;
/// How many places of the text a pattern is tried at before it is given up. Only text made for it gets there.
const STEPS: usize = 2_000_000;
/// The longest name and the longest list that are captured, in bytes.
const LONGEST: usize = 120;
const LONGEST_LIST: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Literal(&'static str),
    Capture(&'static str, Kind),
    Gap,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Int,
    Num,
    Ints,
    Shape,
    Word,
    Key,
}

/// Where a pattern was found, and what it captured.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// The bytes of the text.
    pub(super) span: Range<usize>,
    pub(super) captured: Captured,
    /// Letters, digits and marks that had to be there.
    pub(super) literals: usize,
}

/// Every place where the pattern occurs, in the order of the text.
pub(super) fn occurrences(pattern: &'static str, text: &str) -> impl Iterator<Item = Found> {
    let parts = parts(pattern);
    let literals = literals(&parts);
    let text = text.as_bytes();
    let mut steps = STEPS;
    let mut from = 0;
    std::iter::from_fn(move || {
        while from < text.len() && steps > 0 {
            let start = from;
            from += 1;
            if !(starts(&parts, text[start]) && edge(text, start)) {
                continue;
            }
            let mut captured = Captured::default();
            if let Some(end) = run(text, start, &parts, &mut captured, &mut steps) {
                from = end.max(from);
                return Some(Found { span: start..end, captured, literals });
            }
        }
        None
    })
}

/// Whether a match can start with that byte: most places are passed over by this alone.
fn starts(parts: &[Part], byte: u8) -> bool {
    match parts.first() {
        Some(Part::Literal(literal)) => byte == b'\n' || byte.eq_ignore_ascii_case(&literal.as_bytes()[0]),
        _ => true,
    }
}

/// Characters of the pattern that are not captured.
fn literals(parts: &[Part]) -> usize {
    parts.iter().map(|part| if let Part::Literal(text) = part { text.len() } else { 0 }).sum()
}

fn parts(pattern: &'static str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['*', '{']) {
        if at > 0 {
            parts.push(Part::Literal(&rest[..at]));
        }
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix('*') {
            parts.push(Part::Gap);
            rest = after;
        } else {
            let (inside, after) = rest[1..].split_once('}').expect("a capture is closed: a test reads every pattern");
            let (name, kind) = inside.split_once(':').expect("a capture has a kind: a test reads every pattern");
            let kind = match kind {
                "int" => Kind::Int,
                "num" => Kind::Num,
                "ints" => Kind::Ints,
                "shape" => Kind::Shape,
                "key" => Kind::Key,
                _ => Kind::Word,
            };
            parts.push(Part::Capture(name, kind));
            rest = after;
        }
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest));
    }
    parts
}

/// Whether no word or number is cut at this place.
fn edge(text: &[u8], at: usize) -> bool {
    let inside = |at: usize| text.get(at).is_some_and(u8::is_ascii_alphanumeric);
    at == 0 || !(inside(at - 1) && inside(at))
}

/// The end of the match of all parts from that place on.
fn run(text: &[u8], at: usize, parts: &[Part], captured: &mut Captured, steps: &mut usize) -> Option<usize> {
    *steps = steps.checked_sub(1)?;
    let Some((part, rest)) = parts.split_first() else {
        return edge(text, at).then_some(at);
    };
    match part {
        Part::Literal(literal) => run(text, self::literal(text, at, literal)?, rest, captured, steps),
        Part::Capture(name, kind) => {
            let at = at + usize::from(text.get(at) == Some(&b'\n'));
            let end = capture(text, at, *kind)?;
            let before = captured.len();
            captured.set(name, String::from_utf8_lossy(&text[at..end]));
            let end = run(text, end, rest, captured, steps);
            if end.is_none() {
                captured.truncate(before);
            }
            end
        }
        Part::Gap => {
            let last = text.len().min(at + GAP);
            (at..=last).find_map(|at| run(text, at, rest, captured, steps))
        }
    }
}

fn literal(text: &[u8], mut at: usize, literal: &str) -> Option<usize> {
    for wanted in literal.bytes() {
        let mut found = *text.get(at)?;
        if wanted == b' ' {
            if found != b' ' && found != b'\n' {
                return None;
            }
        } else {
            if found == b'\n' {
                at += 1;
                found = *text.get(at)?;
            }
            if !found.eq_ignore_ascii_case(&wanted) {
                return None;
            }
        }
        at += 1;
    }
    Some(at)
}

fn capture(text: &[u8], at: usize, kind: Kind) -> Option<usize> {
    match kind {
        Kind::Int => int(text, at),
        Kind::Num => num(text, at),
        Kind::Ints => ints(text, at),
        Kind::Shape => shape(text, at),
        Kind::Word => word(text, at),
        Kind::Key => key(text, at),
    }
}

/// The end of the bytes from that place on that are all of the kind; `None` where there is not one.
fn while_in(text: &[u8], at: usize, is: impl Fn(u8) -> bool) -> Option<usize> {
    let length = text.get(at..)?.iter().take(LONGEST).take_while(|byte| is(**byte)).count();
    (length > 0).then_some(at + length)
}

fn int(text: &[u8], at: usize) -> Option<usize> {
    let sign = usize::from(text.get(at) == Some(&b'-'));
    while_in(text, at + sign, |byte| byte.is_ascii_digit())
}

fn num(text: &[u8], at: usize) -> Option<usize> {
    let mut end = int(text, at)?;
    if text.get(end) == Some(&b'.') {
        end = while_in(text, end + 1, |byte| byte.is_ascii_digit()).unwrap_or(end);
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        end = while_in(text, end + 1 + sign, |byte| byte.is_ascii_digit()).unwrap_or(end);
    }
    Some(end)
}

/// Whole numbers between commas.
fn ints(text: &[u8], at: usize) -> Option<usize> {
    let mut end = int(text, at)?;
    while end - at < LONGEST_LIST {
        let Some(b',') = text.get(end) else { break };
        let blanks = while_in(text, end + 1, |byte| matches!(byte, b' ' | b'\n')).unwrap_or(end + 1);
        let Some(next) = int(text, blanks) else { break };
        end = next;
    }
    Some(end)
}

fn shape(text: &[u8], at: usize) -> Option<usize> {
    let close = match text.get(at)? {
        b'[' => b']',
        b'(' => b')',
        _ => return None,
    };
    let inside = |byte: u8| byte.is_ascii_digit() || b" \n,-?NONEnoeL".contains(&byte);
    let end = while_in(text, at + 1, inside).unwrap_or(at + 1);
    (text.get(end) == Some(&close)).then_some(end + 1)
}

fn word(text: &[u8], at: usize) -> Option<usize> {
    let end = while_in(text, at, |byte| byte.is_ascii_alphanumeric() || b"_./:<>-#|".contains(&byte))?;
    let trimmed = text[at..end].iter().rposition(|byte| !b".:".contains(byte))?;
    Some(at + trimmed + 1)
}

fn key(text: &[u8], at: usize) -> Option<usize> {
    if text.get(at..)?.starts_with(b"\\x") {
        return while_in(text, at + 2, |byte| byte.is_ascii_hexdigit()).map(|end| end.min(at + 4));
    }
    text.get(at).filter(|byte| byte.is_ascii_graphic()).map(|_| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(pattern: &'static str, text: &str) -> Option<Vec<(String, String)>> {
        let found = occurrences(pattern, text).next()?;
        Some(found.captured.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    fn one(pattern: &'static str, text: &str) -> Option<String> {
        first(pattern, text).and_then(|captured| captured.into_iter().next()).map(|(_, value)| value)
    }

    #[test]
    fn each_kind_takes_what_it_says() {
        assert_eq!(one("is {n:int}", "is -12."), Some("-12".into()));
        assert_eq!(one("is {n:num}", "is -1.5e-3."), Some("-1.5e-3".into()));
        assert_eq!(one("is {n:num}", "is 12. Next"), Some("12".into()));
        assert_eq!(one("is {n:ints}", "is 80, 80,\n80, ..."), Some("80, 80,\n80".into()));
        assert_eq!(one("is {n:shape}", "is (None, 3) or"), Some("(None, 3)".into()));
        assert_eq!(one("is {n:shape}", "is [8,3]"), Some("[8,3]".into()));
        assert_eq!(one("is {n:shape}", "is ()"), Some("()".into()));
        assert_eq!(one("is {n:shape}", "is (8, 3]"), None);
        assert_eq!(one("is {n:word}", "is conv2d_1: no"), Some("conv2d_1".into()));
        assert_eq!(one("is {n:key}", "is \\x1f."), Some("\\x1f".into()));
        assert_eq!(one("is {n:key}", "is <."), Some("<".into()));
    }

    #[test]
    fn case_and_line_breaks_do_not_matter() {
        assert!(first("Invalid dtype: object", "invalid DTYPE:\nobj\nect").is_some());
    }

    #[test]
    fn words_are_whole() {
        assert!(first("found shape", "refound shape").is_none());
        assert!(first("found shape", "found shapes").is_none());
        assert!(first("found {n:int}", "found 3x").is_none());
    }

    #[test]
    fn a_gap_is_bounded_and_tried_from_the_nearest() {
        assert_eq!(one("a*b{n:int}", "a b b7 b8"), Some("7".into()));
        assert!(first("a*z", &format!("a {} z", "-".repeat(GAP + 9))).is_none());
    }

    #[test]
    fn later_occurrences_are_found() {
        let found: Vec<_> = occurrences("loss: {n:num}", "loss: 0.5 loss: 0.0")
            .map(|found| found.captured.text("n").to_owned())
            .collect();
        assert_eq!(found, ["0.5", "0.0"]);
    }

    #[test]
    fn text_made_to_be_slow_is_given_up() {
        assert!(first("a*a*a*a*q", &"a ".repeat(20_000)).is_none());
    }
}
