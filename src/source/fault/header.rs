//! What can be wrong with the header of an array.

use serde::{Deserialize, Serialize};

/// What is wrong with a header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeaderFault {
    /// A format version other than 1.0, 2.0, 3.0.
    Version {
        /// First number.
        major: u8,
        /// Second number.
        minor: u8,
    },
    /// The header length runs past the end of the file or member.
    PastEnd {
        /// The length written.
        declared: u64,
        /// The bytes that are there.
        available: u64,
    },
    /// Longer than `np.load` reads.
    TooLong {
        /// The length written, in bytes.
        declared: u64,
        /// Characters that are read here, where they are fewer: nothing is known of the array then.
        limit: Option<u64>,
    },
    /// Longer than the limit, and not too long for `np.load`.
    OverLimit {
        /// The length written, in bytes.
        declared: u64,
        /// Characters that are read.
        limit: u64,
    },
    /// A version 3.0 header that is not UTF-8.
    NotUtf8 {
        /// The byte.
        byte: u8,
        /// Where it stands in the header text.
        at: u64,
    },
    /// Not a Python literal: a word, a call, an expression, or nothing at all.
    NotLiteral,
    /// `true`, `false` or `null`: written as JSON.
    JsonWord,
    /// A number that Python does not read.
    BadNumber,
    /// A bracket or quote that is never closed.
    Unclosed,
    /// Something follows the dict.
    TextAfter,
    /// More levels of nesting than are read.
    TooDeep {
        /// How many are read.
        limit: u64,
    },
    /// A literal, but no dict.
    NotDict(Found),
    /// Keys that are not there.
    MissingKeys(Vec<Key>),
    /// A key that `np.load` does not accept; escaped and cut.
    UnknownKey(String),
    /// A key that is no string.
    KeyNotString(Found),
    /// A key that stands twice.
    DuplicateKey(Key),
    /// `fortran_order` is neither True nor False.
    OrderNotBool(Found),
    /// `shape` is no tuple.
    ShapeNotTuple(Found),
    /// A dimension is no integer.
    DimensionNotInt(Found),
    /// A dimension below zero.
    NegativeDimension,
    /// A dimension above 2**63-1.
    DimensionTooLarge,
    /// Shape times item size does not fit in 63 bits.
    ShapeOverflow,
    /// More axes than any NumPy reads.
    TooManyAxes {
        /// How many.
        axes: u64,
    },
    /// More axes than NumPy 1.x reads.
    ManyAxes {
        /// How many.
        axes: u64,
    },
    /// Elements without bytes: no size can be checked.
    NoBytes {
        /// How many elements.
        elements: u64,
    },
    /// `descr` is neither a string nor a list of fields.
    DescrNotString(Found),
    /// `descr` is no dtype; escaped and cut.
    BadDescr(String),
    /// A field that is not `(name, descr)` or `(name, descr, shape)`.
    BadField,
    /// Two fields of one name; escaped and cut.
    DuplicateField(String),
    /// One element takes more than 2 GiB.
    ItemTooLarge,
    /// `2L`: written by Python 2.
    Python2,
    /// The data of a .npy file starts at no multiple of 16.
    Misaligned {
        /// Where it starts.
        offset: u64,
    },
}

/// The three keys of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is the name of the key")]
pub enum Key {
    Descr,
    FortranOrder,
    Shape,
}

impl Key {
    /// All of them, in the order that NumPy writes.
    pub const ALL: [Self; 3] = [Self::Descr, Self::FortranOrder, Self::Shape];

    /// As written in a header.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Descr => "descr",
            Self::FortranOrder => "fortran_order",
            Self::Shape => "shape",
        }
    }
}

/// What stands where something else should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each variant is the name of the Python type")]
pub enum Found {
    None,
    Bool,
    Int,
    Float,
    Complex,
    Str,
    Bytes,
    Ellipsis,
    Tuple,
    List,
    Dict,
    Set,
}

impl Found {
    /// With its article: "a list", "an integer".
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool => "a bool",
            Self::Int => "an integer",
            Self::Float => "a float",
            Self::Complex => "a complex number",
            Self::Str => "a string",
            Self::Bytes => "a bytes string",
            Self::Ellipsis => "an ellipsis",
            Self::Tuple => "a tuple",
            Self::List => "a list",
            Self::Dict => "a dict",
            Self::Set => "a set",
        }
    }
}
