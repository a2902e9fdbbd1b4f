//! What can be wrong with a file or a member. Each fault holds the numbers that describe it and no judgement: how
//! bad it is, and how it is told, is the business of the one rule that owns its family.

mod archive;
mod header;
mod remote;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use archive::{ArchiveFault, Duplicate, Stray, Unsafe};
pub use header::{Found, HeaderFault, Key};
pub use remote::{Asked, Trouble};

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
    /// Other contents stood in it when it was read again, or it was written while it was read.
    Rewritten,
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
    /// An object that its store did not give.
    Remote(Trouble),
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
    /// The LF stands in front of the data, which is one byte further than the header says.
    Shifted {
        /// Bytes that the file has more than it should.
        extra: u64,
        /// Whether a CR stands at the end of the header: LF became CR LF, in the data too.
        crlf: bool,
    },
    /// CR in place of LF: bytes of the data may have changed the same way.
    CarriageReturn,
    /// No newline at all.
    Missing,
}
