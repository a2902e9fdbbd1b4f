//! What was seen, without opinions. Facts are the waist of the design: small, serialisable, and mergeable. Facts of
//! part A merged with facts of part B equal the facts of A and B together, in any grouping and any order, so a scan
//! can be split over threads, processes or machines and judged later without the data.
//!
//! What only shows across arrays and batches is not stored: [`assemble()`] derives it from the same facts every
//! time, so that it cannot disagree with them.

pub mod asks;
mod assemble;
pub mod cache;
pub mod group;
pub mod images;
pub mod lengths;
mod live;
pub mod naming;
pub mod overview;
pub mod pairs;
pub mod recall;
pub mod saved;
pub mod sets;
mod sound;
pub mod stream;
#[cfg(test)]
pub(crate) mod testing;
pub mod tracks;

pub use assemble::assemble;
pub use stream::{Batch, Cell, Column, Lost, Stream};

use crate::source::walk::natural;
use crate::source::{Capture, SourceFacts};

/// What was seen of a set of files: one entry per path, in natural order of the paths.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    sources: Vec<SourceFacts>,
    captures: Vec<Capture>,
}

impl Facts {
    /// The facts of these files, in whatever order they were read. Of two entries for one path, one is kept: the same
    /// one whatever their order.
    #[must_use]
    pub fn new(mut sources: Vec<SourceFacts>) -> Self {
        sources.sort_by(|a, b| natural(&a.path, &b.path).then_with(|| tie(a).cmp(&tie(b))));
        sources.dedup_by(|later, earlier| later.path == earlier.path);
        Self { sources, captures: Vec::new() }
    }

    /// The same facts, and the programs whose batches are among them.
    #[must_use]
    pub fn captured(mut self, mut captures: Vec<Capture>) -> Self {
        captures.sort_by(|a, b| a.root.cmp(&b.root));
        captures.dedup_by(|later, earlier| later.root == earlier.root);
        self.captures = captures;
        self
    }

    /// The facts of both sets together.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.sources.extend(other.sources);
        self.captures.extend(other.captures);
        Self::new(self.sources).captured(self.captures)
    }

    /// One entry per path, in natural order of the paths.
    #[must_use]
    pub fn sources(&self) -> &[SourceFacts] {
        &self.sources
    }

    /// The programs whose batches are among the sources, by root.
    #[must_use]
    pub fn captures(&self) -> &[Capture] {
        &self.captures
    }

    /// The entries, for somebody who adds to them and makes facts of them again.
    #[must_use]
    pub fn into_sources(self) -> Vec<SourceFacts> {
        self.sources
    }

    /// How many arrays could be described.
    #[must_use]
    pub fn arrays(&self) -> usize {
        self.sources.iter().map(|source| source.arrays.len()).sum()
    }
}

/// What tells two reports about one path apart, for an order that does not depend on who came first.
fn tie(source: &SourceFacts) -> String {
    serde_json::to_string(source).unwrap_or_default()
}
