//! Facts as JSON lines: a first line with the version, then one line per source. A line per source, not per array:
//! what is wrong with a file, how large it is and which folder it was found in belong to the file, and two saved scans
//! of one file are told apart as a whole.
//!
//! The reader trusts nothing: see `sound`.

use std::io::{self, BufRead, Read as _, Write};

use serde::{Deserialize, Serialize};

use super::{Facts, sound};
use crate::source::{SourceFacts, text};

/// The version of the saved form. A reader refuses every other one.
pub const VERSION: u32 = 1;

/// Bytes of a line at most.
const LONGEST: u64 = 1 << 32;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    facts: u32,
    tool: String,
}

/// Why saved facts cannot be read. It is the file's fault, or that of a newer writer.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The first line is not that of a facts file.
    #[error("not a facts file: the first line must be {{\"facts\": {VERSION}, ...}}")]
    Head,
    /// Another version wrote it.
    #[error("facts version {0}; this batchlint reads version {VERSION}")]
    Version(u32),
    /// A line is damaged.
    #[error("line {line}, {}", told(source))]
    Line {
        /// The line, from 1.
        line: usize,
        /// What the JSON parser says.
        source: serde_json::Error,
    },
    /// A line says what cannot be true.
    #[error("line {line}: {what}")]
    Impossible {
        /// The line, from 1.
        line: usize,
        /// What cannot be true.
        what: &'static str,
    },
}

/// The parser counts its lines from the one it was given.
fn told(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.split_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    format!("column {}: {what}", error.column())
}

/// Writes the facts.
pub fn write(facts: &Facts, out: &mut dyn Write) -> Result<(), SavedError> {
    let head = Head { facts: VERSION, tool: format!("batchlint {}", env!("CARGO_PKG_VERSION")) };
    let line = |error| SavedError::Line { line: 0, source: error };
    writeln!(out, "{}", serde_json::to_string(&head).map_err(line)?)?;
    for source in facts.sources() {
        writeln!(out, "{}", text::json(&serde_json::to_string(source).map_err(line)?))?;
    }
    Ok(())
}

/// Reads the facts back.
pub fn read(input: &mut dyn BufRead) -> Result<Facts, SavedError> {
    let head = next_line(input, 1)?.ok_or(SavedError::Head)?;
    let head: Head = serde_json::from_slice(&head).map_err(|_| SavedError::Head)?;
    if head.facts != VERSION {
        return Err(SavedError::Version(head.facts));
    }
    let mut sources: Vec<SourceFacts> = Vec::new();
    let mut values: u64 = 0;
    let mut number = 2;
    while let Some(line) = next_line(input, number)? {
        if !line.trim_ascii().is_empty() {
            let source = serde_json::from_slice(line.trim_ascii());
            let source: SourceFacts = source.map_err(|source| SavedError::Line { line: number, source })?;
            let impossible = |what| SavedError::Impossible { line: number, what };
            sound::impossible(&source, &mut values).map_or(Ok(()), |what| Err(impossible(what)))?;
            sources.push(source);
        }
        number += 1;
    }
    Ok(Facts::new(sources))
}

/// The next line; an error for one that no scan has written.
fn next_line(input: &mut dyn BufRead, number: usize) -> Result<Option<Vec<u8>>, SavedError> {
    let mut line = Vec::new();
    let read = input.take(LONGEST + 1).read_until(b'\n', &mut line)?;
    if line.len() as u64 > LONGEST {
        return Err(SavedError::Impossible { line: number, what: "the line is longer than those of saved facts" });
    }
    Ok((read > 0).then_some(line))
}
