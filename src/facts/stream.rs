//! Batches in order, and the arrays of each: what only shows across arrays and across batches.
//!
//! A [`Stream`] borrows the facts it was assembled from. It holds no opinion: an array that the spec does not name has
//! a column of its own, and a batch that lacks an array simply has no cell in that column.

use std::sync::Arc;

use crate::source::{ArrayFacts, Capture, Header, SourceFacts, Yielded};

/// Batches that one consumer would see one after another.
#[derive(Debug)]
pub struct Stream<'f> {
    /// What the user calls it: the folder as typed, or empty for files that were named one by one. Not escaped.
    pub name: String,
    /// Whether the batches belong together, so that a difference between two of them means something. Files that
    /// nothing connects (no spec, no common name with a number) do not.
    pub related: bool,
    /// The batches, in order.
    pub batches: Vec<Batch>,
    /// One per declared array, in spec order, then one per undeclared name, by name.
    pub columns: Vec<Column<'f>>,
    /// Files that should hold batches of it, and in which no array could be described.
    pub lost: Vec<Lost>,
    /// The program that handed the batches out; `None` for files.
    pub capture: Option<&'f Capture>,
}

/// A file in which no array could be described, so that its batch is not among the batches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// What its name shares with the batches of its sequence.
    pub sequence: Arc<str>,
    /// The number in its name, if there is one.
    pub number: Option<u64>,
}

impl Stream<'_> {
    /// The column of a declaration, by index into `spec.arrays`.
    #[must_use]
    pub fn declared(&self, index: usize) -> Option<&Column<'_>> {
        self.columns.iter().find(|column| column.declared == Some(index))
    }

    /// Whether a program handed the batches out, rather than files.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.capture.is_some()
    }

    /// Whether the batches are all that there are: those of a program may go on behind the last one that was asked for.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.capture.is_none_or(Capture::is_exhausted)
    }

    /// Rows of all batches, where every batch shows how many it has and none was lost.
    #[must_use]
    pub fn rows(&self) -> Option<u64> {
        if !self.lost.is_empty() {
            return None;
        }
        self.batches.iter().try_fold(0_u64, |sum, batch| sum.checked_add(batch.rows?))
    }
}

/// One batch: the arrays that a consumer gets together.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// What names it: the archive's path, or the path of its first loose file. Not escaped.
    pub name: Arc<str>,
    /// What its name shares with the other batches of its sequence: the name without the number.
    pub sequence: Arc<str>,
    /// The number in its file name, if there is one.
    pub number: Option<u64>,
    /// Names of arrays that are there and could not be described: a damaged member, an unreadable file.
    pub unreadable: Box<[String]>,
    /// Rows: the size of the batch axis of the first array that has one. `None` when no array shows it.
    pub rows: Option<u64>,
    /// How it was handed out; `None` for files.
    pub yielded: Option<Arc<Yielded>>,
}

/// All arrays of one name, over the batches.
#[derive(Debug)]
pub struct Column<'f> {
    /// The declared name, or the key as found, or `element 0` for what only its place in a tuple names; empty where the
    /// name means nothing: unrelated files, a batch that is one array. Not escaped.
    pub name: Arc<str>,
    /// Which declaration of the spec, by index into `spec.arrays`.
    pub declared: Option<usize>,
    /// At most one per batch, in batch order.
    pub cells: Vec<Cell<'f>>,
}

/// One array of one batch.
#[derive(Debug, Clone, Copy)]
pub struct Cell<'f> {
    /// Index into [`Stream::batches`].
    pub batch: usize,
    /// The file it stands in.
    pub source: &'f SourceFacts,
    /// What was seen of it.
    pub array: &'f ArrayFacts,
}

impl Cell<'_> {
    /// The header, shared with every array that has an equal one.
    #[must_use]
    pub fn header(&self) -> &Arc<Header> {
        &self.array.header
    }
}
