//! Batches in order, and the arrays of each: what only shows across arrays and across batches.
//!
//! A [`Stream`] borrows the facts it was assembled from. It holds no opinion: an array that the spec does not name has
//! a column of its own, and a batch that lacks an array simply has no cell in that column.

use std::sync::Arc;

use crate::source::{ArrayFacts, Header, SourceFacts};

/// Batches that one consumer would see one after another: a folder, or the files named on the command line.
#[derive(Debug)]
pub struct Stream<'f> {
    /// What the user calls it: the folder as typed, or the file.
    pub name: String,
    /// The batches, in order.
    pub batches: Vec<Batch>,
    /// One per declared array that occurs or is declared, in spec order, then one per undeclared key, by name.
    pub columns: Vec<Column<'f>>,
    /// The files it came from, in order; files that hold no readable array included.
    pub sources: Vec<&'f SourceFacts>,
}

impl Stream<'_> {
    /// The place of a whole batch.
    #[must_use]
    pub fn batch_place(&self, index: usize) -> (String, u64) {
        (self.batches[index].name.clone(), index as u64)
    }
}

/// One batch: the arrays that a consumer gets together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// What names it: the archive's path, or the path pattern that its loose files share. Not escaped.
    pub name: String,
    /// The number in its file name, if there is one.
    pub number: Option<u64>,
    /// Rows: the size of the batch axis of the first array that has one. `None` when no array shows it.
    pub rows: Option<u64>,
}

/// All arrays of one name, over the batches.
#[derive(Debug)]
pub struct Column<'f> {
    /// The declared name, or the key as found. Not escaped.
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
