//! What can be wrong with a file or a member. Each fault holds the numbers that describe it and no judgement: how
//! bad it is, and how it is told, is the business of the one rule that owns its family.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::source::Excerpt;

/// One thing that is wrong with a file or with one of its members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// The member's name as stored; `None` for the file itself. Not escaped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Arc<str>>,
    /// Which of several arrays in one .npy, from 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub ordinal: u32,
    /// What is wrong.
    pub kind: FaultKind,
    /// The header text with the token at fault, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<Box<Excerpt>>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(ordinal: &u32) -> bool {
    *ordinal == 0
}

/// What is wrong, by family. Each family has one rule that speaks of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The file as a whole: it cannot be opened, or it is something else.
    File(FileFault),
    /// The header of an array.
    Header(HeaderFault),
    /// There is less data than the header asks for.
    Truncated(Truncated),
    /// There is more than the header asks for.
    Trailing(Trailing),
    /// The end of the header shows what a conversion of line endings did.
    LineEnding(LineEnding),
    /// A member, or the directory of the archive.
    Archive(ArchiveFault),
    /// Two members that answer to one key.
    Duplicate(Duplicate),
    /// A member that is no array, or whose name is no name for one.
    Stray(Stray),
}

/// What is wrong with a file as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileFault {
    /// Nothing has that name.
    NotFound,
    /// A symbolic link to nothing.
    DanglingLink,
    /// A symbolic link that leads back to itself or to a folder above it.
    LinkLoop,
    /// The system does not let us in.
    PermissionDenied,
    /// Reading it could block for ever or never end.
    Special(Special),
    /// The system's own words for anything else.
    Unopenable(String),
    /// It became shorter while it was read.
    Changed,
    /// No bytes.
    Empty,
    /// Nothing but zero bytes, as far as was looked.
    Zeros {
        /// Size of the file.
        bytes: u64,
    },
    /// It ends inside the first ten or twelve bytes of a .npy file.
    TooShort {
        /// Size of the file.
        bytes: u64,
    },
    /// Neither .npy nor .npz.
    Other(Looks),
    /// One array, named .npz.
    NpyNamedNpz,
    /// An archive, named .npy.
    NpzNamedNpy,
    /// A zip archive without its end record.
    NoEndRecord,
    /// The end record lies further from the end than `zipfile` searches.
    EndRecordTooFar {
        /// Bytes after the archive.
        after: u64,
    },
    /// A zip archive whose first bytes are not its own.
    BytesBefore {
        /// Bytes in front of the archive.
        bytes: u64,
    },
    /// A zip archive that lacks its first bytes.
    HeadMissing {
        /// How many are missing, as far as the end record tells.
        bytes: u64,
    },
    /// A sound archive without an array.
    NoArrays,
}

/// What a special file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each variant is the name of the thing")]
#[serde(rename_all = "kebab-case")]
pub enum Special {
    Pipe,
    Socket,
    Device,
    Unknown,
}

/// What the first bytes of a file that is no array file look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Looks {
    /// `C2 93 "NUMPY"`, or a replacement character in front: a .npy that went through a text encoding.
    TextModeNpy,
    /// `NUMPY` with its first byte wrong or lost.
    DamagedMagic,
    /// gzip data.
    Gzip,
    /// bzip2, xz or zstd data.
    Compressed,
    /// A Python pickle.
    Pickle,
    /// An HDF5 file.
    Hdf5,
    /// A MATLAB 5 file.
    Matlab,
    /// An image: PNG, JPEG, GIF, TIFF.
    Image,
    /// A pointer of Git LFS.
    LfsPointer,
    /// An HTML page.
    Html,
    /// JSON text.
    Json,
    /// Metadata of the macOS Finder or archiver.
    AppleDouble,
    /// Any other text.
    Text,
    /// Nothing known.
    Unknown,
}

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
    TooDeep,
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

/// Less data than the header asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truncated {
    /// Bytes that the header asks for.
    pub needed: u64,
    /// Bytes that are there.
    pub found: u64,
    /// Whole elements that are there.
    pub elements: u64,
    /// Elements that the header declares.
    pub of: u64,
    /// Whether the count is what the archive's directory says of a compressed member.
    pub by_directory: bool,
}

/// More data than the header asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trailing {
    /// Bytes that are no array.
    Bytes {
        /// How many.
        bytes: u64,
        /// How many whole rows they would be, if they are whole rows.
        rows: Option<u64>,
        /// Whether the count is what the archive's directory says of a compressed member.
        by_directory: bool,
    },
    /// More arrays in the same file or member.
    Arrays {
        /// How many follow the first.
        following: u32,
    },
    /// More arrays than are counted.
    TooManyArrays {
        /// How many were read.
        limit: u32,
    },
    /// Bytes in an archive that belong to no member.
    OutsideArchive {
        /// Bytes in front of the first member.
        before: u64,
        /// Bytes between the last member and the directory.
        between: u64,
        /// Bytes behind the end record.
        after: u64,
    },
}

/// What stands at the end of a header in place of a newline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineEnding {
    /// CR in the header, LF in front of the data: every value is shifted by one byte.
    Shifted {
        /// Bytes that the file has more than it should: one per converted newline.
        extra: u64,
    },
    /// CR in place of LF: bytes of the data may have changed the same way.
    CarriageReturn,
    /// No newline at all.
    Missing,
}

/// What is wrong with a member, or with the directory of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArchiveFault {
    /// The member needs a password.
    Encrypted,
    /// Compressed in a way that is not read here.
    Method {
        /// The number of the method.
        id: u16,
    },
    /// The compressed data cannot be inflated.
    Inflate,
    /// The directory points at something that is no member.
    NotAMember {
        /// The byte that it points at.
        offset: u64,
    },
    /// The directory has another name than the member itself.
    LocalName {
        /// The member's own. Not escaped.
        local: String,
    },
    /// The directory and the member disagree on the method.
    LocalMethod {
        /// The directory's.
        directory: u16,
        /// The member's own.
        local: u16,
    },
    /// The directory and the member disagree on the sizes.
    LocalSizes,
    /// The directory and the member disagree on the checksum.
    LocalChecksum,
    /// The directory declares another size than the member has.
    WrongSize {
        /// The size that should come out.
        declared: u64,
        /// The size that does.
        actual: u64,
    },
    /// No deflate stream of that size can become that long.
    ImpossibleSize {
        /// The size as stored.
        stored: u64,
        /// The size that should come out.
        declared: u64,
    },
    /// The data runs past the end of the file or into the directory.
    PastEnd {
        /// Where it should end.
        end: u64,
        /// Where it has to end at the latest.
        limit: u64,
    },
    /// Two members share bytes.
    Overlap {
        /// The other member. Not escaped.
        other: Arc<str>,
        /// First shared byte.
        start: u64,
        /// The byte after the last shared one.
        end: u64,
    },
    /// The zip64 field of the directory entry is missing or too short.
    Zip64 {
        /// Whether there is one.
        present: bool,
    },
    /// An extra field of the directory entry is longer than what holds it.
    ExtraField,
    /// Marked UTF-8, and is not.
    BadName,
    /// The end record counts other members than there are.
    EntryCount {
        /// What the end record says.
        declared: u64,
        /// What the directory holds.
        found: u64,
    },
    /// The end record speaks of other disks.
    MultiDisk {
        /// The number of this one.
        disk: u32,
    },
    /// The end record gives another place for the directory than where it is.
    DirectoryOffset {
        /// What the end record says.
        declared: u64,
        /// Where it is.
        found: u64,
    },
    /// The directory cannot be read to its end.
    Directory {
        /// Entries that could be read.
        read: u64,
    },
    /// More members than are counted.
    TooManyMembers {
        /// How many were read.
        limit: u64,
    },
    /// More faults than are kept.
    TooManyFaults {
        /// How many are kept.
        limit: u64,
    },
}

/// Members that a program cannot tell apart, or can only tell apart by luck.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Duplicate {
    /// The same name again.
    Name {
        /// How many members have it.
        copies: u32,
    },
    /// Another member answers to the same key.
    Key {
        /// The other member. Not escaped.
        other: Arc<str>,
        /// The key. Not escaped.
        key: Arc<str>,
    },
    /// Another member's name differs in case only.
    Case {
        /// The other member. Not escaped.
        other: Arc<str>,
    },
}

/// A member that does not belong into an archive of arrays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stray {
    /// Named `.npy`, and is no array: `np.load` returns its bytes without a word.
    NotAnArray {
        /// Its size.
        bytes: u64,
        /// What it looks like.
        looks: Looks,
    },
    /// Another file.
    OtherFile,
    /// A folder.
    Folder,
    /// What macOS leaves behind.
    MacOs,
    /// A name that is unsafe to unpack or to print.
    Name(Unsafe),
}

/// Why a member's name is unsafe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unsafe {
    /// It climbs out of the folder: `../`
    Parent,
    /// It starts at the root, or at a drive.
    Absolute,
    /// It holds a backslash: a folder on Windows, part of the name elsewhere.
    Backslash,
    /// It holds a NUL, where Python cuts it.
    Nul,
    /// It holds control or bidirectional characters.
    Control,
    /// It is empty.
    Empty,
    /// It is longer than a file name can be.
    Long,
}
