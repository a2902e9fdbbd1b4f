//! What one pass over the values of an array says: extremes, counts, positions, hashes. No files, no opinions.
//!
//! [`Pass`] is fed the bytes of one array, in chunks of any size, and gives [`ValueFacts`]: the same facts however the
//! bytes were cut. What depends on the spec is asked beforehand ([`Ask`]) and answered with exact counts, so that facts
//! that were saved can be judged later without the data.

pub mod ask;
mod blank;
mod block;
pub mod cast;
mod columns;
pub mod compare;
mod decode;
mod distinct;
mod element;
mod histogram;
mod kept;
mod layout;
pub mod marked;
mod neighbours;
pub mod number;
mod numbers;
mod pass;
pub mod pickle;
pub(crate) mod piece;
mod rows;
mod sound;
mod text;
mod wide;

use serde::{Deserialize, Serialize};

use crate::config::limits::Limit;
use crate::spec::dtype::{Dtype, Kind};

pub use ask::{Answer, Ask, Hits, Kind as HitKind, Spot};
pub use blank::Blank;
pub use columns::{Columns, Per};
pub use decode::floats;
pub use histogram::{Bin, Histogram};
pub use layout::{Layout, unravel};
pub use neighbours::Neighbours;
pub use number::Number;
pub use numbers::{Numbers, Sentinel};
pub use pass::Pass;
pub use rows::{Hash, Rows};
pub use text::Texts;

/// Distinct values that are counted one by one; an array with more of them holds measurements, not labels.
pub const DISTINCT: usize = 1024;
/// The same for types of one byte, which have only 256: an image shows most of them.
pub const DISTINCT_BYTES: usize = 128;
/// Distinct values with fractions that are kept in any case; more of them only where each occurs four times on average.
pub const DISTINCT_FRACTIONS: usize = 32;
/// Columns (positions within a row) that are followed over the rows.
pub const COLUMNS: usize = 4096;
/// Columns whose extremes are kept.
pub const RANGES: usize = 64;
/// Rows whose hashes are kept of one array.
pub const ROW_HASHES: u64 = 1 << 20;
/// Bytes of an array in Fortran order that is put into C order to look at its rows; larger ones have no rows.
pub const REORDERED: u64 = 8 << 20;
/// Bytes of the longest text type whose texts are looked at.
pub const TEXT: u64 = 1 << 20;
/// Elements of a row at the least for it to be compared with other rows: shorter ones are equal by chance.
pub const ROW_ELEMENTS: u64 = 4;

/// What is worth reading the values for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is asked for by itself")]
pub struct Wants {
    /// Extremes, counts, positions, answers.
    pub numbers: bool,
    /// Hashes of the rows and of the whole.
    pub hashes: bool,
    /// Blank rows, constant columns, neighbours.
    pub rows: bool,
    /// A histogram, and the extremes of the columns: for people to look at.
    pub shapes: bool,
    /// Texts, and what a pickle holds.
    pub contents: bool,
    /// Whether members of archives are what their checksums were made of.
    pub checksums: bool,
}

impl Wants {
    /// Nothing: headers are enough.
    pub const NOTHING: Self =
        Self { numbers: false, hashes: false, rows: false, shapes: false, contents: false, checksums: false };
    /// Extremes, counts, positions, answers.
    pub const NUMBERS: Self = Self { numbers: true, ..Self::NOTHING };
    /// Hashes of the rows and of the whole.
    pub const HASHES: Self = Self { hashes: true, ..Self::NOTHING };
    /// Blank rows, constant columns, neighbours.
    pub const ROWS: Self = Self { rows: true, ..Self::NOTHING };
    /// Texts, and what a pickle holds.
    pub const CONTENTS: Self = Self { contents: true, ..Self::NOTHING };
    /// The checksums of members.
    pub const CHECKSUMS: Self = Self { checksums: true, ..Self::NOTHING };
    /// What people are shown who look at the data: histograms, counts, labels.
    pub const SHOWN: Self = Self { numbers: true, shapes: true, contents: true, ..Self::NOTHING };
    /// Everything that rules look at.
    pub const JUDGED: Self = Self { shapes: false, ..Self::EVERYTHING };
    /// Everything.
    pub const EVERYTHING: Self =
        Self { numbers: true, hashes: true, rows: true, shapes: true, contents: true, checksums: true };

    /// The same, and numbers.
    #[must_use]
    pub const fn or_numbers(self) -> Self {
        Self { numbers: true, ..self }
    }

    /// The same, and rows.
    #[must_use]
    pub const fn or_rows(self) -> Self {
        Self { rows: true, ..self }
    }

    /// What either wants.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            numbers: self.numbers || other.numbers,
            hashes: self.hashes || other.hashes,
            rows: self.rows || other.rows,
            shapes: self.shapes || other.shapes,
            contents: self.contents || other.contents,
            checksums: self.checksums || other.checksums,
        }
    }

    /// Whether an array of the type has anything of what is wanted.
    #[must_use]
    pub fn concern(self, dtype: &Dtype) -> bool {
        let contents = matches!(dtype.kind, Kind::Object | Kind::Text | Kind::Bytes);
        let numbers = self.numbers || self.rows || self.shapes;
        self.hashes || (self.contents && contents) || (numbers && decode::decoder(dtype).is_some())
    }

    /// Whether anything is wanted.
    #[must_use]
    pub fn any(self) -> bool {
        self != Self::NOTHING
    }
}

/// What was seen of the values of one array. Positions are flat indices in C order, whatever the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ValueFacts {
    /// Elements that were read: all of them.
    pub count: u64,
    /// Hash of the content: arrays with equal headers and equal hashes are equal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<Hash>,
    /// Numbers, for types that are numbers. A complex number counts as two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbers: Option<Numbers>,
    /// The rows along the first axis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Box<Rows>>,
    /// Text, for `U` and `S`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub texts: Option<Box<Texts>>,
    /// What the pickle of an object array holds. `count` says what the header says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<Box<pickle::Objects>>,
    /// What was asked about, and the answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
}

impl ValueFacts {
    /// The answer to a question, if it was asked.
    #[must_use]
    pub fn answer(&self, ask: &Ask) -> Option<&Answer> {
        self.answers.iter().find(|answer| answer.ask == *ask)
    }
}

/// Why the values of an array are not known, although somebody wanted to look at them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unread {
    /// It is larger than `--max-bytes-per-array`.
    TooLarge {
        /// Bytes of the array.
        bytes: u64,
        /// Bytes that are read at most.
        limit: u64,
    },
    /// It is beyond a limit of the run.
    Limit {
        /// Which.
        limit: Limit,
        /// What it is set to.
        value: u64,
    },
    /// The data is damaged or not all there; a fault of the file says how.
    Damaged,
    /// It is compressed or encrypted in a way that is not read.
    Packed,
    /// It inflates beyond all measure.
    Bomb,
    /// Nobody knows how the type is to be read: long doubles, structs, unnamed bytes.
    UnknownType,
    /// Elements without bytes.
    NoBytes,
    /// The run was interrupted before.
    Interrupted,
    /// The check had failed before, and no more was asked for.
    Spared,
    /// Saved facts are judged, and they do not hold them.
    NotSaved,
    /// The program did not hand them out in a form that can be read.
    NotSent,
}

impl Unread {
    /// Why, as the end of a sentence: "..., so its values are not checked".
    #[must_use]
    pub fn why(&self) -> String {
        match self {
            Self::TooLarge { limit, .. } => format!("it is larger than the limit of {limit} bytes"),
            Self::Limit { limit, value } => {
                let what = match limit {
                    Limit::MemberBytes => "it inflates to more than",
                    Limit::RunBytes => "the archives of this run inflate to more than",
                    Limit::FramePayloadBytes => "its batch is larger than",
                    _ => "it is beyond",
                };
                format!("{what} the limit {}; {} raises it", limit.named(*value), limit.how())
            }
            Self::Damaged => "its data is damaged".into(),
            Self::Packed => "it is packed in a way that is not read".into(),
            Self::Bomb => "it inflates beyond all measure".into(),
            Self::UnknownType => "its type is not one whose values are read".into(),
            Self::NoBytes => "its elements have no bytes".into(),
            Self::Interrupted => "the run was interrupted".into(),
            Self::Spared => "the check had failed before it was read".into(),
            Self::NotSaved => "the saved facts do not hold them".into(),
            Self::NotSent => "the array could not be read in the memory of the program".into(),
        }
    }
}
