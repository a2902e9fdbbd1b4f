//! What was seen of one file so far.

use std::sync::Arc;

use crate::source::fault::{ArchiveFault, Fault, FaultKind};
use crate::source::text::Excerpt;
use crate::source::walk::Target;
use crate::source::{ArrayFacts, Header, Location, Small, SourceFacts, SourceKind};

/// Faults that are kept of one file. Hostile archives have one per member.
const MAX_FAULTS: usize = 4096;

/// Which array of a file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spot<'a> {
    /// The member's name as stored; `None` for the file itself.
    pub member: Option<&'a Arc<str>>,
    /// Which of several arrays in one .npy, from 0.
    pub ordinal: u32,
}

/// What was seen of one file so far.
#[derive(Debug)]
pub struct Seen {
    /// The path as shown. Not escaped.
    pub path: Arc<str>,
    /// The arrays.
    pub arrays: Vec<ArrayFacts>,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

impl Seen {
    /// Nothing yet.
    #[must_use]
    pub fn new(path: Arc<str>) -> Self {
        Self { path, arrays: Vec::new(), faults: Vec::new() }
    }

    /// Adds an array.
    pub fn array(&mut self, key: Arc<str>, spot: &Spot<'_>, header: Arc<Header>, location: Location) {
        if self.arrays.is_empty() {
            // Mostly it is the only one.
            self.arrays = Vec::with_capacity(1);
        }
        self.arrays.push(ArrayFacts {
            key,
            member: spot.member.cloned(),
            ordinal: spot.ordinal,
            header,
            reading: None,
            location,
            leaf: None,
        });
    }

    /// Adds a fault.
    pub fn fault(&mut self, spot: &Spot<'_>, kind: FaultKind) {
        self.fault_in(spot, kind, None);
    }

    /// Adds a fault that a header shows.
    pub fn fault_in(&mut self, spot: &Spot<'_>, kind: FaultKind, excerpt: Option<Excerpt>) {
        if self.is_full() {
            return;
        }
        let fault = if self.faults.len() == MAX_FAULTS {
            let kind = FaultKind::Archive(ArchiveFault::TooManyFaults { limit: MAX_FAULTS as u64 });
            Fault { member: None, ordinal: 0, kind, excerpt: None }
        } else {
            let excerpt = excerpt.map(Box::new);
            Fault { member: spot.member.cloned(), ordinal: spot.ordinal, kind, excerpt }
        };
        self.faults.push(fault);
    }

    /// Whether no more faults are kept.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.faults.len() > MAX_FAULTS
    }

    /// What an excerpt of a header is called: `x.npz[image.npy] header`.
    #[must_use]
    pub fn header_name(&self, spot: &Spot<'_>) -> String {
        match (spot.member, spot.ordinal) {
            (Some(member), _) => format!("{}[{member}] header", self.path),
            (None, 0) => format!("{} header", self.path),
            (None, ordinal) => format!("{} header of array {}", self.path, ordinal + 1),
        }
    }

    /// The facts of the file.
    #[must_use]
    pub fn finish(mut self, target: &Target, kind: SourceKind, size: u64) -> SourceFacts {
        self.arrays.shrink_to_fit();
        self.faults.shrink_to_fit();
        let root = Arc::clone(&target.root);
        let (arrays, faults) = (self.arrays, self.faults);
        SourceFacts { path: self.path, root, kind, size, arrays, faults, yielded: None, small: Small::default() }
    }
}
