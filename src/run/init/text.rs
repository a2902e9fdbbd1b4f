//! A spec as text, with comments that say where each line came from.

use std::fmt::Write as _;

use crate::source::text::{is_hostile, shown};

/// A line: `size = 32  # every batch of dump/ has so many rows`.
pub(super) struct Line {
    key: String,
    value: String,
    /// Where it came from, or what speaks for the guess. Not escaped.
    why: String,
    certainty: Certainty,
}

/// How far a line can be trusted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Certainty {
    /// It was read.
    Read,
    /// It is only likely.
    Guess,
    /// It is for the user to say: the line is commented out.
    Open,
}

impl Line {
    /// What was read.
    pub(super) fn read(key: &str, value: impl Into<String>, why: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into(), why: why.into(), certainty: Certainty::Read }
    }

    /// What is only likely, and what speaks for it.
    pub(super) fn guess(key: &str, value: impl Into<String>, why: impl Into<String>) -> Self {
        Self { certainty: Certainty::Guess, ..Self::read(key, value, why) }
    }

    /// What nothing says; the value is an example.
    pub(super) fn open(key: &str, value: impl Into<String>, why: impl Into<String>) -> Self {
        Self { certainty: Certainty::Open, ..Self::read(key, value, why) }
    }

    /// Whether a spec with the line differs from one without it.
    pub(super) fn counts(&self) -> bool {
        self.certainty != Certainty::Open
    }
}

/// Some lines under a header; without one they stand at the top.
pub(super) struct Table {
    /// `batch`, `inputs.image`; empty at the top.
    pub(super) header: String,
    /// What is to be said of the header. Not escaped.
    pub(super) why: String,
    pub(super) lines: Vec<Line>,
}

/// The tables one after another.
pub(super) fn write(tables: &[Table]) -> String {
    let mut text = String::new();
    for table in tables {
        let is_empty = table.lines.iter().all(|line| !line.counts());
        // A table that holds nothing but examples is an example itself.
        let mark = if is_empty && table.why.is_empty() { "# " } else { "" };
        if table.lines.is_empty() && table.why.is_empty() {
            continue;
        }
        if !table.header.is_empty() {
            let _ = writeln!(text, "\n{}", commented(&format!("{mark}[{}]", table.header), &table.why));
        }
        for line in &table.lines {
            let mark = if line.counts() { "" } else { "# " };
            let guess = if line.certainty == Certainty::Guess { "a guess: " } else { "" };
            let why = if line.why.is_empty() { String::new() } else { format!("{guess}{}", line.why) };
            let _ = writeln!(text, "{}", commented(&format!("{mark}{} = {}", line.key, line.value), &why));
        }
    }
    text
}

fn commented(line: &str, why: &str) -> String {
    if why.is_empty() { line.to_owned() } else { format!("{line}  # {}", shown(why, 300)) }
}

/// A key of TOML.
pub(super) fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if bare { name.to_owned() } else { quoted(name) }
}

/// A text of TOML. What JSON escapes, TOML reads; what else could hide from the eye is written out as well.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::new();
    for c in serde_json::Value::String(text.to_owned()).to_string().chars() {
        if is_hostile(c) {
            // Nothing can fail in a String.
            let _ = write!(out, "\\U{:08X}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// A list of texts or numbers, or the only one.
pub(super) fn one_or_list(items: &[String]) -> String {
    match items {
        [only] => only.clone(),
        _ => format!("[{}]", items.join(", ")),
    }
}
