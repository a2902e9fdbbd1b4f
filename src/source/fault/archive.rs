//! What can be wrong with an archive and its members.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Looks;

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
        /// Whether that is all of it.
        whole: bool,
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
    /// The data is not what the checksum was made of.
    Checksum {
        /// What the directory says.
        declared: u32,
        /// What the data gives.
        actual: u32,
    },
    /// So much more comes out than is stored that it was not inflated, or not to its end.
    Bomb {
        /// Bytes in the file.
        stored: u64,
        /// Bytes that the directory declares.
        inflated: u64,
        /// Bytes that the array in it needs, its header included.
        array: u64,
        /// Bytes that a member of such a ratio may inflate to.
        limit: u64,
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
