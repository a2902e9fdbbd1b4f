//! What was seen, without opinions. Facts are the waist of the design: small, serialisable, and mergeable. Facts of
//! part A merged with facts of part B equal the facts of A and B together, in any grouping and any order, so a scan
//! can be split over threads, processes or machines and judged later without the data.

pub mod lengths;
pub mod naming;
pub mod pairs;
pub mod stream;
pub mod tracks;

pub use stream::{Batch, Cell, Column, Stream};

use crate::source::SourceFacts;

/// The version of the serialised form.
pub const VERSION: u32 = 1;

/// What was seen of a set of files: one entry per path, in natural order of the paths.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Sorted by [`naming::natural`], each path once.
    pub sources: Vec<SourceFacts>,
}
