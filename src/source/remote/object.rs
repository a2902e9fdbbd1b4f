//! One object, and which version of it is read.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use object_store::path::Path;

use super::store::Store;
use super::trouble::Trouble;

/// One object of a store.
#[derive(Debug)]
pub(crate) struct Object {
    pub(super) store: Arc<Store>,
    pub(super) key: Path,
    /// As it was listed, or first read. What is read later is that version, or nothing.
    version: OnceLock<Version>,
}

/// Two are the same if they are in the same place.
impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.store, &other.store) && self.key == other.key
    }
}

impl Eq for Object {}

/// What tells one version of an object from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    /// Bytes.
    pub(crate) size: u64,
    /// The store's tag of its content, where it gives one.
    pub(crate) tag: Option<String>,
}

impl Object {
    /// An object that is named, of which nothing is known.
    pub(super) fn named(store: &Arc<Store>, key: Path) -> Self {
        Self { store: Arc::clone(store), key, version: OnceLock::new() }
    }

    /// An object that was listed.
    pub(super) fn listed(store: &Arc<Store>, key: Path, size: u64, tag: Option<String>) -> Self {
        Self { version: OnceLock::from(Version { size, tag }), ..Self::named(store, key) }
    }

    /// Its key in the store.
    pub(super) fn key(&self) -> &str {
        self.key.as_ref()
    }

    /// Bytes of it, where that is known.
    pub(crate) fn size(&self) -> Option<u64> {
        self.version.get().map(|version| version.size)
    }

    /// Which version it is, where that is known.
    pub(crate) fn version(&self) -> Option<&Version> {
        self.version.get()
    }

    fn tag(&self) -> Option<&str> {
        self.version.get()?.tag.as_deref()
    }

    /// Fetches bytes of it; fewer where it ends before.
    pub(super) async fn fetch(&self, range: Range<u64>) -> Result<Bytes, Trouble> {
        let fetched = self.store.fetch(&self.key, range, self.tag()).await?;
        let version = self.version.get_or_init(|| Version { size: fetched.size, tag: fetched.tag.clone() });
        // Not every store knows how to give one version only.
        let same = version.tag.is_none() || fetched.tag.is_none() || version.tag == fetched.tag;
        if version.size != fetched.size || !same {
            return Err(Trouble::Replaced);
        }
        Ok(fetched.bytes)
    }

    /// Fetches several ranges of it, neighbours together.
    pub(super) async fn fetch_all(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, Trouble> {
        let fetch = |range: Range<u64>| self.fetch(range);
        object_store::coalesce_ranges(ranges, fetch, super::store::GAP).await
    }
}
