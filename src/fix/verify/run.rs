//! What is compared of a run, and what was asked of the edited program.

use std::sync::Arc;

use crate::facts::Facts;
use crate::fix::source::{Do, Planned, Want};
use crate::source::capture::facts::{Odd, Reason, Tree};
use crate::source::capture::key_of;
use crate::source::{ArrayFacts, SourceFacts};
use crate::spec::dtype::Dtype;
use crate::values::Hash;

/// The batches that a program handed out. Two runs are equal if everything that is compared is.
#[derive(Debug, Clone)]
pub struct Run {
    pub(super) batches: Vec<Batch>,
    pub(super) end: Option<Reason>,
}

/// One batch.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    pub(super) tree: Arc<Tree>,
    pub(super) odd: Vec<Odd>,
    /// In the order in which they were handed out.
    pub(super) arrays: Vec<Array>,
    pub(super) site: Option<u32>,
}

/// One array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Array {
    pub(super) key: Arc<str>,
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<u64>,
    /// The hash of every row; `None` where that is not known.
    pub(super) rows: Option<Vec<Hash>>,
}

impl PartialEq for Run {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (&Batch, &Batch)| super::differs(a, b).is_none();
        self.end == other.end
            && self.batches.len() == other.batches.len()
            && self.batches.iter().zip(&other.batches).all(same)
    }
}

impl Run {
    /// The batches under that root, whose rows were hashed by `values::compare::rows`.
    #[must_use]
    pub fn of(facts: &Facts, root: &str) -> Self {
        let mut sources: Vec<(u64, &SourceFacts)> = facts
            .sources()
            .iter()
            .filter(|source| *source.root == *root)
            .filter_map(|source| Some((source.yielded.as_ref()?.number, source)))
            .collect();
        sources.sort_by_key(|(number, _)| *number);
        let batches = sources.into_iter().filter_map(|(_, source)| batch(source)).collect();
        let capture = facts.captures().iter().find(|capture| *capture.root == *root);
        Self { batches, end: capture.and_then(super::end) }
    }
}

fn batch(source: &SourceFacts) -> Option<Batch> {
    let yielded = source.yielded.as_ref()?;
    let arrays = source.arrays.iter().map(array).collect();
    Some(Batch { tree: Arc::clone(&yielded.tree), odd: yielded.odd.clone(), arrays, site: yielded.site })
}

fn array(array: &ArrayFacts) -> Array {
    let header = &array.header;
    let rows = array.values().and_then(|values| values.rows.as_ref()?.hashes.clone());
    // A scalar is one row.
    let count = header.shape.first().copied().unwrap_or(1);
    let rows = rows.filter(|rows| rows.len() as u64 == count);
    Array { key: Arc::clone(&array.key), dtype: header.dtype.clone(), shape: header.shape.clone(), rows }
}

/// What the edits that are made were asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    pub(super) casts: Vec<Cast>,
    /// Rows of a slice.
    pub(super) rows: Option<u64>,
    /// The sites whose batches are handed out in slices.
    sites: Vec<u32>,
}

/// One cast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cast {
    site: u32,
    key: String,
    to: Dtype,
}

impl Asked {
    /// What was wanted and is met.
    #[must_use]
    pub fn of(wants: &[Want], planned: &Planned) -> Self {
        let mut asked = Self::default();
        for (_, want) in wants.iter().enumerate().filter(|(index, _)| planned.is_met(*index)) {
            match &want.action {
                Do::Cast(dtype) => {
                    if let Some(to) = Dtype::from_name(dtype) {
                        asked.casts.push(Cast { site: want.site, key: key_of(&want.path), to });
                    }
                }
                Do::Split(rows) => {
                    asked.rows = Some(*rows);
                    asked.sites.push(want.site);
                }
            }
        }
        asked
    }

    /// The type that the array of that site is cast to: what the rows of the program as it is are hashed as.
    #[must_use]
    pub fn to(&self, site: Option<u32>, key: &str) -> Option<Dtype> {
        let mut casts = self.casts.iter().filter(|cast| Some(cast.site) == site && cast.key == key);
        casts.next().map(|cast| cast.to.clone())
    }

    /// Whether the batches of that site are handed out in slices.
    pub(super) fn splits(&self, site: Option<u32>) -> bool {
        site.is_some_and(|site| self.sites.contains(&site))
    }
}
