//! Facts as JSON lines: a first line with the version, then one line per source. A line per source, not per array:
//! what is wrong with a file, how large it is and which folder it was found in belong to the file, and two saved scans
//! of one file are told apart as a whole. Several of them behind one another are read as well, as `cat` makes them.
//!
//! The reader trusts nothing: see `sound`.

use std::io::{self, BufRead, Read as _, Write};

use serde::{Deserialize, Serialize};

use super::parts::{Count, Part, Parts};
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
    /// The shards whose facts follow; none where they are whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    shards: Vec<Part>,
}

/// What every first line starts with, spaces aside, and no other.
const MARK: &[u8] = b"{\"facts\"";

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
    /// Lines are missing.
    #[error(
        "the facts were cut off: shard {}/{} has {} files, and {lines} of them are here", part.index, part.of, part.files
    )]
    Short {
        /// The shard.
        part: Part,
        /// How many of its lines are there.
        lines: u64,
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
    write_head(facts.parts(), out)?;
    facts.sources().iter().try_for_each(|source| write_source(source, out))
}

/// Writes the first line.
pub fn write_head(parts: &Parts, out: &mut dyn Write) -> Result<(), SavedError> {
    let tool = format!("batchlint {}", env!("CARGO_PKG_VERSION"));
    line(&Head { facts: VERSION, tool, shards: parts.iter().collect() }, out)
}

/// Writes the line of one source.
pub fn write_source(source: &SourceFacts, out: &mut dyn Write) -> Result<(), SavedError> {
    line(source, out)
}

fn line(object: &impl Serialize, out: &mut dyn Write) -> Result<(), SavedError> {
    let json = serde_json::to_string(object).map_err(|source| SavedError::Line { line: 0, source })?;
    Ok(writeln!(out, "{}", text::json(&json))?)
}

/// Reads the facts back.
pub fn read(input: &mut dyn BufRead) -> Result<Facts, SavedError> {
    let mut sources: Vec<SourceFacts> = Vec::new();
    let mut parts: Vec<Part> = Vec::new();
    let mut lines = Lines::new(input);
    let mut values: u64 = 0;
    while let Some((number, line)) = lines.next()? {
        match line {
            Line::Head(shards) => parts.extend(shards),
            Line::Source(line) => {
                let source = source(&line, number, &mut values)?;
                lines.path(&source.path);
                sources.push(source);
            }
        }
    }
    Ok(Facts::new(sources).in_parts(parts))
}

/// What a line says of a source. `values` adds up the values of all lines that are read together.
pub fn source(line: &[u8], number: usize, values: &mut u64) -> Result<SourceFacts, SavedError> {
    let source: SourceFacts =
        serde_json::from_slice(line.trim_ascii()).map_err(|source| SavedError::Line { line: number, source })?;
    let impossible = |what| SavedError::Impossible { line: number, what };
    sound::impossible(&source, values).map_or(Ok(source), |what| Err(impossible(what)))
}

/// One line of saved facts.
#[derive(Debug)]
pub enum Line {
    /// The shards whose facts follow.
    Head(Vec<Part>),
    /// What was seen of one source, as text.
    Source(Vec<u8>),
}

/// The lines of saved facts. Whoever reads them says which path each is about, so that lines that are missing are seen.
pub struct Lines<'r> {
    input: &'r mut dyn BufRead,
    number: usize,
    /// Bytes in front of the next line.
    offset: u64,
    count: Option<Count>,
}

impl<'r> Lines<'r> {
    /// From the first one.
    pub fn new(input: &'r mut dyn BufRead) -> Self {
        Self { input, number: 0, offset: 0, count: None }
    }

    /// The next line that is not empty, with its number.
    #[allow(clippy::should_implement_trait, reason = "an iterator would put the error into the item")]
    pub fn next(&mut self) -> Result<Option<(usize, Line)>, SavedError> {
        loop {
            let Some(line) = next_line(self.input, self.number + 1)? else {
                self.end()?;
                // An empty file is none of facts.
                return if self.count.is_some() { Ok(None) } else { Err(SavedError::Head) };
            };
            self.number += 1;
            self.offset += line.len() as u64;
            let trimmed = line.trim_ascii();
            if trimmed.is_empty() && self.count.is_some() {
                continue;
            }
            if self.count.is_some() && !is_head(trimmed) {
                return Ok(Some((self.number, Line::Source(line))));
            }
            self.end()?;
            let head: Head = serde_json::from_slice(trimmed).map_err(|_| SavedError::Head)?;
            if head.facts != VERSION {
                return Err(SavedError::Version(head.facts));
            }
            if let Some(what) = head.shards.iter().find_map(Part::impossible) {
                return Err(SavedError::Impossible { line: self.number, what });
            }
            self.count = Some(Count::of(head.shards.clone()));
            return Ok(Some((self.number, Line::Head(head.shards))));
        }
    }

    /// The line that came last is about this path.
    pub fn path(&mut self, path: &str) {
        if let Some(count) = &mut self.count {
            count.line(path);
        }
    }

    /// Bytes up to the end of the line that came last.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    fn end(&self) -> Result<(), SavedError> {
        let short = self.count.as_ref().and_then(|count| count.end().err());
        short.map_or(Ok(()), |(part, lines)| Err(SavedError::Short { part, lines }))
    }
}

/// Whether it is a first line, of facts that follow others.
fn is_head(line: &[u8]) -> bool {
    line.starts_with(MARK)
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
