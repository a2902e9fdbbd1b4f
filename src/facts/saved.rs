//! Facts as JSON lines: a first line with the version, then one line per source.

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};

use super::Facts;
use crate::source::SourceFacts;

/// The version of the saved form. A reader refuses every other one.
pub const VERSION: u32 = 1;

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
    #[error("line {line}: {source}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What the JSON parser says.
        source: serde_json::Error,
    },
}

/// Writes the facts.
pub fn write(facts: &Facts, out: &mut dyn Write) -> Result<(), SavedError> {
    let head = Head { facts: VERSION, tool: format!("batchlint {}", env!("CARGO_PKG_VERSION")) };
    let line = |error| SavedError::Line { line: 0, source: error };
    writeln!(out, "{}", serde_json::to_string(&head).map_err(line)?)?;
    for source in facts.sources() {
        writeln!(out, "{}", serde_json::to_string(source).map_err(line)?)?;
    }
    Ok(())
}

/// Reads the facts back.
pub fn read(input: &mut dyn BufRead) -> Result<Facts, SavedError> {
    let mut lines = input.lines();
    let head = lines.next().ok_or(SavedError::Head)??;
    let head: Head = serde_json::from_str(&head).map_err(|_| SavedError::Head)?;
    if head.facts != VERSION {
        return Err(SavedError::Version(head.facts));
    }
    let mut sources: Vec<SourceFacts> = Vec::new();
    for (i, line) in lines.enumerate() {
        let line = line?;
        sources.push(serde_json::from_str(&line).map_err(|source| SavedError::Line { line: i + 2, source })?);
    }
    Ok(Facts::new(sources))
}
