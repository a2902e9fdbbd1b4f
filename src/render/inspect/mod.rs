//! What `inspect` prints: what was seen, without a verdict. `table` is for people, `json` for programs, and the
//! facts themselves for `check --facts`.

mod json;
pub(super) mod number;
mod spark;
mod table;

use std::io::{self, Write};

use crate::diagnostic::Unit;
use crate::diagnostic::quantity::bytes;
use crate::facts::{Cell, Column, Facts, Stream, assemble, saved};
use crate::source::Reading;
use crate::spec::Spec;
use crate::values::Unread;

/// The formats of `inspect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum InspectFormat {
    /// One line per array name: type, shape, extremes, mean, a histogram
    #[default]
    Table,
    /// One document with the same
    Json,
    /// The facts, for `check --facts`
    Jsonl,
}

/// What is drawn, and how.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// What was seen.
    pub facts: &'a Facts,
    /// What names the arrays.
    pub spec: &'a Spec,
    /// Whether every array is shown by itself.
    pub each: bool,
    /// Whether histograms are drawn with ASCII characters.
    pub ascii: bool,
    /// Whether colours are used.
    pub color: bool,
}

/// Draws what was seen.
pub fn render(format: InspectFormat, look: Look<'_>, out: &mut dyn Write) -> io::Result<()> {
    match format {
        InspectFormat::Table => table::render(look, out),
        InspectFormat::Json => json::render(look, out),
        InspectFormat::Jsonl => saved::write(look.facts, out).map_err(io::Error::other),
    }
}

/// How much was looked at, in one line without a line break.
#[must_use]
pub fn summary(look: Look<'_>) -> String {
    let streams = assemble(look.facts, look.spec);
    let batches = streams.iter().map(|stream| stream.batches.len() as u64).sum();
    let samples = streams.iter().try_fold(0_u64, |sum, stream| sum.checked_add(stream.rows()?));
    let samples = samples.map_or(String::new(), |samples| format!(", {samples} samples"));
    let arrays = || look.facts.sources().iter().flat_map(|source| &source.arrays);
    let all = arrays().fold(0_u64, |sum, array| sum.saturating_add(array.header.bytes()));
    let values = if arrays().any(|array| array.reading.is_some()) { "" } else { ", headers only" };
    let faulty = look.facts.sources().iter().filter(|source| !source.faults.is_empty()).count() as u64;
    let faulty = match faulty {
        0 => String::new(),
        faulty => format!("; something is wrong with {}: `batchlint check` says what", Unit::File.counted(faulty)),
    };
    let interrupted = match interrupted(look) {
        (0, _) => String::new(),
        (unread, of) => format!("interrupted: {unread} of {of} arrays were not read; "),
    };
    let files = Unit::File.counted(look.facts.sources().len() as u64);
    format!("{interrupted}{} in {files}{samples}, {}{values}{faulty}", Unit::Batch.counted(batches), bytes(all))
}

/// How many arrays were not read because somebody interrupted the run, and how many were to be read.
#[must_use]
pub fn interrupted(look: Look<'_>) -> (u64, u64) {
    let arrays = look.facts.sources().iter().flat_map(|source| &source.arrays);
    arrays.filter_map(|array| array.reading.as_deref()).fold((0, 0), |(unread, of), reading| {
        (unread + u64::from(matches!(reading, Reading::Unread(Unread::Interrupted))), of + 1)
    })
}

/// The arrays that share a line: those of one name, or each by itself with the file that holds it.
fn lines<'s, 'f>(stream: &'s Stream<'f>, each: bool) -> Vec<(String, &'s Column<'f>, &'s [Cell<'f>])> {
    let columns = stream.columns.iter().filter(|column| !column.cells.is_empty());
    if !each {
        return columns.map(|column| (column.name.to_string(), column, column.cells.as_slice())).collect();
    }
    let mut lines: Vec<_> =
        columns.flat_map(|column| column.cells.chunks(1).map(move |cell| (name_of(&cell[0]), column, cell))).collect();
    lines.sort_by_key(|(.., cells)| cells[0].batch);
    lines
}

/// `dump/batch_000.npz::image`
fn name_of(cell: &Cell<'_>) -> String {
    match (&cell.array.member, cell.array.ordinal) {
        (Some(_), _) => format!("{}::{}", cell.source.path, cell.array.key),
        (None, 0) => cell.source.path.to_string(),
        (None, ordinal) => format!("{}::{ordinal}", cell.source.path),
    }
}
