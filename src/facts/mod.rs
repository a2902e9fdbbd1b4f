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
mod loose;
pub mod naming;
pub mod overview;
pub mod pairs;
pub mod parts;
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

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;

use crate::source::shard::Files;
use crate::source::walk::natural;
use crate::source::{Capture, SourceFacts};
use parts::{Part, Parts};

/// What was seen of a set of files: one entry per path, in natural order of the paths.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    sources: Vec<SourceFacts>,
    captures: Vec<Capture>,
    parts: Parts,
    seams: Seams,
}

/// Where facts that were put together do not agree. That says nothing of the data as it is: it is not saved, and facts that
/// differ in it alone are equal.
#[derive(Debug, Clone, Default)]
pub struct Seams {
    /// The files that were not the same whenever they were looked at.
    pub changed: BTreeSet<Arc<str>>,
    /// What was asked, as numbers; more than one where shards were not asked the same.
    pub asks: BTreeSet<u64>,
}

impl PartialEq for Seams {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Seams {
    /// Adds those of other facts.
    pub fn union(&mut self, other: Self) {
        self.changed.extend(other.changed);
        self.asks.extend(other.asks);
    }
}

impl Facts {
    /// The facts of these files, in whatever order they were read. Of two entries for one path, one is kept: the same
    /// one whatever their order.
    #[must_use]
    pub fn new(mut sources: Vec<SourceFacts>) -> Self {
        let mut seams = Seams::default();
        sources.sort_by(|a, b| natural(&a.path, &b.path).then_with(|| tie(a).cmp(&tie(b))));
        sources.dedup_by(|later, kept| {
            let same = later.path == kept.path;
            if same && are_different(kept, later) {
                seams.changed.insert(Arc::clone(&kept.path));
            }
            same
        });
        Self { sources, captures: Vec::new(), parts: Parts::default(), seams }
    }

    /// The same facts, and the programs whose batches are among them.
    #[must_use]
    pub fn captured(mut self, mut captures: Vec<Capture>) -> Self {
        captures.sort_by(|a, b| a.root.cmp(&b.root));
        captures.dedup_by(|later, earlier| later.root == earlier.root);
        self.captures = captures;
        self
    }

    /// The same facts, as those of one shard.
    #[must_use]
    pub fn part(self, part: Part) -> Self {
        self.in_parts([part])
    }

    /// The same facts, as those of these parts as well.
    #[must_use]
    pub(crate) fn in_parts(mut self, parts: impl IntoIterator<Item = Part>) -> Self {
        parts.into_iter().for_each(|part| self.parts.add(&part));
        self.seams.asks.extend(self.parts.asks());
        let Self { sources, parts, .. } = &mut self;
        let files = || Ok::<_, Infallible>(Files::of(sources.iter().map(|source| &*source.path)));
        let Ok(()) = parts.settle(files);
        self
    }

    /// The facts of both sets together.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self::merge_all([self, other])
    }

    /// The facts of all sets together.
    #[must_use]
    pub fn merge_all(sets: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::default();
        for facts in sets {
            all.sources.extend(facts.sources);
            all.captures.extend(facts.captures);
            all.parts.union(&facts.parts);
            all.seams.union(facts.seams);
        }
        let mut merged = Self::new(all.sources).captured(all.captures);
        merged.seams.union(all.seams);
        merged.in_parts(all.parts.iter())
    }

    /// The same facts about other looks at the same files.
    #[must_use]
    fn with(self, sources: Vec<SourceFacts>) -> Self {
        let Self { captures, parts, seams, .. } = self;
        Self { captures, parts, seams, ..Self::new(sources) }
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

    /// The shards whose facts these are; none where they are whole.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Where facts that were put together do not agree.
    #[must_use]
    pub fn seams(&self) -> &Seams {
        &self.seams
    }

    /// The entries, for somebody who writes down what came of their values. Paths stay.
    #[must_use]
    pub fn sources_mut(&mut self) -> &mut [SourceFacts] {
        &mut self.sources
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
#[must_use]
pub fn tie(source: &SourceFacts) -> String {
    serde_json::to_string(source).unwrap_or_default()
}

/// Whether two looks at one file saw different things. By which folder it was reached says nothing of the file.
#[must_use]
pub fn are_different(kept: &SourceFacts, other: &SourceFacts) -> bool {
    let other = SourceFacts { root: Arc::clone(&kept.root), ..other.clone() };
    tie(kept) != tie(&other)
}
