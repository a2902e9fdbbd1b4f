//! What a walk over a pickle says.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::globals::Global;

/// What the pickle of an object array holds, as far as its opcodes say. Texts are as the file has them, unescaped:
/// escape them before showing them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objects {
    /// The highest protocol that the pickle declares; 0 if it declares none, as protocols 0 and 1 do not.
    pub protocol: u8,
    /// The shape of the object array itself, where the pickle says it.
    pub shape: Option<Vec<u64>>,
    /// Elements of the object array that were seen. Their flat index is that of C order, however the array lies in
    /// memory.
    pub elements: u64,
    /// What the elements are.
    pub kinds: Tallies<ObjectKind>,
    /// The shapes of the elements that are arrays. Arrays of unknown shape are left out.
    pub shapes: Tallies<Vec<u64>>,
    /// The dtypes of the elements that are arrays, `float32`, `big-endian float32`, `str5`. Unknown ones are left out.
    pub dtypes: Tallies<String>,
    /// The lengths of the elements that have one, by kind, sorted by it: items of a list, tuple, set or dict,
    /// characters of a string, bytes, and the first axis of an array.
    pub lengths: Vec<(ObjectKind, Lengths)>,
    /// The string keys of the first element that is a dict, in its order, 32 at most, of 256 bytes at most.
    pub keys: Vec<String>,
    /// Everything that loading would import, sorted by where it is first imported. Also what stands in parts of the
    /// pickle that do not end up in the array.
    pub globals: Vec<Global>,
    /// Imports that are not listed, because more than 1024 different ones were before them. Not distinct.
    pub globals_beyond: u64,
    /// Why the walk did not get to the end, or lost track. What was seen before it still stands, and `globals` may
    /// lack what comes after it.
    pub trouble: Option<PickleTrouble>,
    /// Bytes of the pickle, up to and with its STOP; up to the trouble if it has none.
    pub bytes: u64,
}

/// What an element of an object array is. Subclasses count as what they are built from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectKind {
    /// `None`
    None,
    /// `True` or `False`
    Bool,
    /// A Python int
    Int,
    /// A Python float
    Float,
    /// A Python complex
    Complex,
    /// A NumPy scalar such as `np.float32(1)`, with the name of its dtype; empty if unknown.
    Scalar(String),
    /// A Python str; in pickles of Python 2 also its byte strings.
    Str,
    /// `bytes` or `bytearray`
    Bytes,
    /// A NumPy array, with subclasses such as masked arrays
    Array,
    /// A list
    List,
    /// A tuple, or one record of a structured array with object fields
    Tuple,
    /// A dict, `OrderedDict`, `defaultdict` or `Counter`
    Dict,
    /// A set or frozenset
    Set,
    /// `datetime`, `date`, `time`, `timedelta` or `timezone`
    Datetime,
    /// A class or a function itself, `module.name`
    Named(String),
    /// An object made by the class or function `module.name`
    Other(String),
    /// The opcodes do not say, or this walk has forgotten it.
    Unknown,
}

/// Different values with how often each was seen, sorted by value. At most 64 are told apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tallies<T> {
    /// The first 64 different values.
    pub each: Vec<Tally<T>>,
    /// Elements with a value that is not in `each`.
    pub beyond: u64,
}

/// One value, and the elements that have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally<T> {
    /// The value.
    pub value: T,
    /// How many elements have it.
    pub count: u64,
    /// The flat index of the first.
    pub first: u64,
}

/// The lengths of the elements of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lengths {
    /// The smallest.
    pub least: u64,
    /// The largest.
    pub most: u64,
    /// Each length.
    pub each: Tallies<u64>,
}

/// Why a walk stopped or lost track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PickleTrouble {
    /// The opcode it stopped at, in bytes from the start of the pickle.
    pub at: u64,
    /// What is wrong.
    pub kind: TroubleKind,
}

/// What is wrong with a pickle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TroubleKind {
    /// The bytes end before the pickle does.
    Truncated,
    /// A byte that is no opcode of protocols 0 to 5.
    UnknownOpcode {
        /// The byte.
        byte: u8,
    },
    /// A protocol above 5.
    Protocol {
        /// The protocol.
        version: u8,
    },
    /// A length that is negative, or larger than any memory.
    Length,
    /// The number of a memo entry that is no number, or one that Python might still read.
    MemoNumber,
    /// A memo entry that was never written.
    MemoUnset {
        /// The number of the entry.
        index: u64,
    },
    /// An opcode takes more from the stack than is there, or a mark where there is none.
    Underflow,
    /// The name of an import is not text.
    GlobalName,
    /// The data are not in the pickle but beside it, where a .npy file has no place for them.
    OutOfBand,
    /// More than 16 384 open containers: the walk goes on, and lists imports only.
    TooDeep,
    /// More values on the stack than the walk holds: it goes on, and lists imports only.
    TooMany,
    /// The pickle ends well, and is not that of an array of objects.
    NotAnArray,
}

impl TroubleKind {
    /// Whether Python's own loader stops here with an error. Otherwise it is this walk that has lost track.
    #[must_use]
    pub fn refused(self) -> bool {
        !matches!(self, Self::TooDeep | Self::TooMany | Self::NotAnArray | Self::MemoNumber)
    }
}

/// Different values that are told apart.
const DISTINCT: usize = 64;

/// Counts values as they come.
#[derive(Debug)]
pub(super) struct Counter<T> {
    seen: BTreeMap<T, (u64, u64)>,
    beyond: u64,
}

impl<T> Default for Counter<T> {
    fn default() -> Self {
        Self { seen: BTreeMap::new(), beyond: 0 }
    }
}

impl<T: Ord> Counter<T> {
    /// Counts `count` elements with the value, the first of them at `first`.
    pub(super) fn add<B: ?Sized + Ord + ToOwned<Owned = T>>(&mut self, value: &B, count: u64, first: u64)
    where
        T: Borrow<B>,
    {
        if let Some((seen, _)) = self.seen.get_mut(value) {
            *seen += count;
        } else if self.seen.len() < DISTINCT {
            self.seen.insert(value.to_owned(), (count, first));
        } else {
            self.beyond += count;
        }
    }

    pub(super) fn kept(&self) -> usize {
        self.seen.len()
    }

    pub(super) fn finish(self) -> Tallies<T> {
        let tally = |(value, (count, first))| Tally { value, count, first };
        Tallies { each: self.seen.into_iter().map(tally).collect(), beyond: self.beyond }
    }
}

/// Counts lengths as they come.
#[derive(Debug)]
pub(super) struct LengthCounter {
    least: u64,
    most: u64,
    each: Counter<u64>,
}

impl Default for LengthCounter {
    fn default() -> Self {
        Self { least: u64::MAX, most: 0, each: Counter::default() }
    }
}

impl LengthCounter {
    pub(super) fn add(&mut self, length: u64, first: u64) {
        self.least = self.least.min(length);
        self.most = self.most.max(length);
        self.each.add(&length, 1, first);
    }

    pub(super) fn kept(&self) -> usize {
        self.each.kept()
    }

    pub(super) fn finish(self) -> Lengths {
        Lengths { least: self.least, most: self.most, each: self.each.finish() }
    }
}
