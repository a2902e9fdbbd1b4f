//! The rows of an array along its first axis, as bytes: their hashes, and that of the whole.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::blank::Blank;
use super::columns::Columns;
use super::layout::Layout;
use super::neighbours::Neighbours;
use super::{ROW_ELEMENTS, ROW_HASHES};

/// An xxh3-128 hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub u128);

/// The rows of an array.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    /// How many there are.
    pub count: u64,
    /// Elements of each.
    pub elements: u64,
    /// The hash of each, in order. `None` where rows are shorter than [`ROW_ELEMENTS`], where there are more than
    /// [`ROW_HASHES`], or where nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "hashes")]
    pub hashes: Option<Vec<Hash>>,
    /// Rows that hold one value only; `None` for rows of one element.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blank: Option<Blank>,
    /// The columns, where they are few enough to be followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Columns>,
    /// Neighbours, for rows that look like images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neighbours: Option<Neighbours>,
}

/// Hashes rows as their bytes go by.
pub(super) struct Hashing {
    /// Bytes of the array, and of a row.
    bytes: u64,
    row_bytes: u64,
    /// Bytes of this row that have come by.
    seen: u64,
    /// Of a row that comes in pieces.
    row: Option<Box<Xxh3>>,
    /// Of an array whose rows have no hashes, if it comes in pieces.
    whole: Option<Box<Xxh3>>,
    /// The hash of the whole, where it came at once.
    once: Option<u128>,
    hashes: Option<Vec<Hash>>,
}

/// Hashes of rows that are hashed together at a time.
const TOGETHER: usize = 64;

impl Hashing {
    /// For an array of that layout.
    pub(super) fn new(layout: &Layout<'_>) -> Self {
        let rows = layout.rows();
        let elements = layout.row_elements();
        let fits = rows <= ROW_HASHES && elements >= ROW_ELEMENTS && !layout.is_reversed() && !layout.shape.is_empty();
        Self {
            bytes: layout.elements().saturating_mul(layout.dtype.size),
            row_bytes: elements.saturating_mul(layout.dtype.size),
            seen: 0,
            row: None,
            whole: None,
            once: None,
            hashes: fits.then(Vec::new),
        }
    }

    /// Adds bytes.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) {
        let Some(hashes) = &mut self.hashes else {
            if bytes.len() as u64 == self.bytes {
                self.once = Some(xxh3_128(bytes));
            } else {
                self.whole.get_or_insert_default().update(bytes);
            }
            return;
        };
        if hashes.is_empty() {
            // As many as are here already, so that no number of a header makes room for more.
            let rows = (bytes.len() as u64).checked_div(self.row_bytes).unwrap_or(0);
            hashes.reserve_exact(usize::try_from(rows).unwrap_or(0));
        }
        while !bytes.is_empty() {
            let left = usize::try_from(self.row_bytes - self.seen).unwrap_or(usize::MAX);
            let (mine, rest) = bytes.split_at(left.min(bytes.len()));
            if mine.len() < left {
                self.row.get_or_insert_default().update(mine);
                self.seen += mine.len() as u64;
                return;
            }
            let hash = if self.seen == 0 {
                xxh3_128(mine)
            } else {
                let row = self.row.get_or_insert_default();
                row.update(mine);
                let hash = row.digest128();
                row.reset();
                hash
            };
            hashes.push(Hash(hash));
            self.seen = 0;
            bytes = rest;
        }
    }

    /// The hash of the whole, and those of the rows.
    pub(super) fn finish(self) -> (Hash, Option<Vec<Hash>>) {
        let whole = match (&self.hashes, self.once, self.whole) {
            (Some(hashes), ..) => of_rows(hashes),
            (None, Some(once), _) => once,
            (None, None, Some(whole)) => whole.digest128(),
            (None, None, None) => xxh3_128(&[]),
        };
        (Hash(whole), self.hashes)
    }
}

/// The hash of the hashes of all rows.
fn of_rows(hashes: &[Hash]) -> u128 {
    let mut bytes = [0; TOGETHER * 16];
    let mut write = |hashes: &[Hash]| {
        for (place, hash) in bytes.as_chunks_mut::<16>().0.iter_mut().zip(hashes) {
            *place = hash.0.to_le_bytes();
        }
        bytes
    };
    if hashes.len() <= TOGETHER {
        return xxh3_128(&write(hashes)[..hashes.len() * 16]);
    }
    let mut whole = Box::<Xxh3>::default();
    for hashes in hashes.chunks(TOGETHER) {
        whole.update(&write(hashes)[..hashes.len() * 16]);
    }
    whole.digest128()
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:032x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).ok_or_else(|| D::Error::custom("a hash has 32 hexadecimal digits"))
    }
}

fn parse(text: &str) -> Option<Hash> {
    (text.len() == 32).then(|| u128::from_str_radix(text, 16).ok().map(Hash)).flatten()
}

/// Many hashes as one text.
mod hashes {
    use std::fmt::Write as _;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Hash, parse};

    #[allow(clippy::ref_option, reason = "what serde calls")]
    pub(super) fn serialize<S: Serializer>(hashes: &Option<Vec<Hash>>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(hashes.as_ref().map_or(0, Vec::len) * 32);
        for hash in hashes.iter().flatten() {
            // Writing to a String cannot fail.
            let _ = write!(text, "{:032x}", hash.0);
        }
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Hash>>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.as_bytes().chunks(32).map(|digits| str::from_utf8(digits).ok().and_then(parse));
        digits
            .collect::<Option<_>>()
            .map(Some)
            .ok_or_else(|| D::Error::custom("hashes have 32 hexadecimal digits each"))
    }
}
