//! The text attributes of the root group of an HDF5 file, which is where Keras keeps its descriptions. By the HDF5 File Format
//! Specification, version 3.0: superblocks 0 to 3, object headers 1 and 2, attributes in the header, strings of fixed length
//! or in the global heap. Whatever the numbers in the file say, what is read lies in the file and within bounds.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::super::ImportError;
use super::super::limits::Most;
use crate::config::limits::{Limit, Limits};

/// How an HDF5 file starts, at byte 0 or behind a block of the user's of 512 bytes, 1024, 2048 ...
pub(super) const MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";

/// Bytes of one part of an object header.
const MAX_HEADER: u64 = 1 << 20;
/// Parts of one object header.
const MAX_PARTS: usize = 64;
/// Objects in one collection of the global heap that are stepped over.
const MAX_OBJECTS: usize = 1 << 16;
/// User blocks that are skipped at most.
const MAX_USER_BLOCK: u64 = 1 << 20;

/// The attributes of the root by name, with the text of those that are `wanted`; others have none. Damaged where the file
/// breaks off or contradicts itself.
pub(super) fn of_root(path: &Path, wanted: &[&str], limits: &Limits) -> Result<BTreeMap<String, Vec<u8>>, ImportError> {
    let most = Most::of(limits, Limit::ModelJsonBytes);
    let file = File::open(path).map_err(|error| ImportError::Unreadable(error.to_string()))?;
    let length = file.metadata().map_err(|error| ImportError::Unreadable(error.to_string()))?.len();
    let mut hdf5 = Hdf5 { file, length, base: 0, offset: 8, size: 8, most };
    let root = hdf5.superblock()?;
    let mut found = BTreeMap::new();
    let mut dense = false;
    for (kind, data) in hdf5.messages(root)? {
        match kind {
            ATTRIBUTE => {
                let Some(attribute) = Attribute::of(&data) else { continue };
                let name = String::from_utf8_lossy(attribute.name).trim_end_matches('\0').to_owned();
                let asked = wanted.contains(&name.as_str()) && !found.contains_key(&name);
                let text = if asked { hdf5.text(&attribute, &name)? } else { None };
                found.entry(name).or_insert(text.unwrap_or_default());
            }
            ATTRIBUTE_INFO => dense |= hdf5.is_dense(&data),
            _ => {}
        }
    }
    if found.is_empty() && dense {
        return Err(ImportError::Silent(
            "The attributes of this HDF5 file are kept in a form that Keras does not write. Save the model again, as `.keras`."
                .into(),
        ));
    }
    Ok(found)
}

const CONTINUATION: u16 = 0x10;
const ATTRIBUTE: u16 = 0x0c;
const ATTRIBUTE_INFO: u16 = 0x15;
/// In a message's flags: it lies elsewhere.
const SHARED: u8 = 2;

struct Hdf5 {
    file: File,
    /// Bytes of the file.
    length: u64,
    /// What addresses count from.
    base: u64,
    /// Bytes of an address.
    offset: usize,
    /// Bytes of a length.
    size: usize,
    /// Bytes of one text.
    most: Most,
}

fn damaged(what: &str) -> ImportError {
    ImportError::Damaged(format!("{what} of the HDF5 file breaks off or contradicts itself"))
}

impl Hdf5 {
    /// Bytes of the file; `at` counts from its start.
    fn bytes(&mut self, at: u64, count: u64, what: &str) -> Result<Vec<u8>, ImportError> {
        let end = at.checked_add(count).filter(|end| *end <= self.length).ok_or_else(|| damaged(what))?;
        self.file.seek(SeekFrom::Start(at)).map_err(|error| ImportError::Unreadable(error.to_string()))?;
        let mut bytes = Vec::new();
        let read = (&mut self.file).take(end - at).read_to_end(&mut bytes);
        read.map_err(|error| ImportError::Unreadable(error.to_string()))?;
        if bytes.len() as u64 == count { Ok(bytes) } else { Err(damaged(what)) }
    }

    /// Reads the superblock; the place of the root group's header.
    fn superblock(&mut self) -> Result<u64, ImportError> {
        let what = "the superblock";
        let mut start = 0;
        while self.bytes(start, 8, what)? != MAGIC {
            start = if start == 0 { 512 } else { start * 2 };
            if start > MAX_USER_BLOCK {
                return Err(damaged(what));
            }
        }
        let head = self.bytes(start, 16, what)?;
        let version = head[8];
        let (sizes, addresses, before_root) = match version {
            0 => (13, 24, 5),
            1 => (13, 28, 5),
            2 | 3 => (9, 12, 3),
            _ => return Err(ImportError::Damaged(format!("version {version} of the superblock of HDF5 is not known"))),
        };
        (self.offset, self.size) = (usize::from(head[sizes]), usize::from(head[sizes + 1]));
        if ![2, 4, 8].contains(&self.offset) || ![2, 4, 8].contains(&self.size) {
            return Err(damaged(what));
        }
        let body = self.bytes(start + addresses, (self.offset * 6) as u64, what)?;
        let mut cursor = Cursor(&body);
        self.base = cursor.number(self.offset).ok_or_else(|| damaged(what))?;
        for _ in 1..before_root {
            cursor.number(self.offset);
        }
        let root = cursor.number(self.offset).ok_or_else(|| damaged(what))?;
        self.place(root, what)
    }

    /// Where an address lies in the file.
    fn place(&self, address: u64, what: &str) -> Result<u64, ImportError> {
        self.base.checked_add(address).filter(|at| *at < self.length).ok_or_else(|| damaged(what))
    }

    /// The messages of the object header at `at`: their types and contents. Those that lie elsewhere are left out.
    fn messages(&mut self, at: u64) -> Result<Vec<(u16, Vec<u8>)>, ImportError> {
        let what = "the header of the root";
        let start = self.bytes(at, 16, what)?;
        let (second, flags) = (start.starts_with(b"OHDR"), start[5]);
        let mut parts = if second {
            let times = if flags & 0x20 == 0 { 0 } else { 16 };
            let phases = if flags & 0x10 == 0 { 0 } else { 4 };
            let width = 1_u64 << (flags & 3);
            let sized = self.bytes(at + 6 + times + phases, width, what)?;
            let size = Cursor(&sized).number(sized.len()).unwrap_or(0);
            vec![(at + 6 + times + phases + width, size)]
        } else if start[0] == 1 {
            let size = Cursor(&start[8..]).number(4).unwrap_or(0);
            vec![(at + 16, size)]
        } else {
            return Err(damaged(what));
        };
        let mut found = Vec::new();
        let mut next = 0;
        while let Some((place, size)) = parts.get(next).copied() {
            next += 1;
            if size > MAX_HEADER || next > MAX_PARTS {
                return Err(damaged(what));
            }
            let part = self.bytes(place, size, what)?;
            let mut cursor = Cursor(&part);
            while let Some((kind, flags, data)) = cursor.message(second, flags & 4 != 0) {
                if kind == CONTINUATION {
                    let mut data = Cursor(data);
                    let (Some(address), Some(size)) = (data.number(self.offset), data.number(self.size)) else {
                        return Err(damaged(what));
                    };
                    // In version 2 a part has a mark of 4 bytes in front, and a checksum of 4 behind.
                    let around = if second { 4 } else { 0 };
                    parts.push((self.place(address, what)? + around, size.saturating_sub(2 * around)));
                } else if flags & SHARED == 0 {
                    found.push((kind, data.to_vec()));
                }
            }
        }
        Ok(found)
    }

    /// The text of an attribute; `None` where it holds none.
    fn text(&mut self, attribute: &Attribute<'_>, name: &str) -> Result<Option<Vec<u8>>, ImportError> {
        let text = match (attribute.datatype.first().map(|class| class & 0x0f), attribute.datatype.get(1)) {
            // A string of fixed length.
            (Some(3), _) => {
                let size = Cursor(attribute.datatype.get(4..).unwrap_or_default()).number(4);
                let text = size.and_then(|size| attribute.data.get(..usize::try_from(size).ok()?));
                text.ok_or_else(|| damaged("an attribute"))?.to_vec()
            }
            // A string of any length.
            (Some(9), Some(kind)) if kind & 0x0f == 1 => {
                let mut cursor = Cursor(attribute.data);
                let parts = (cursor.number(4), cursor.number(self.offset), cursor.number(4));
                let (Some(length), Some(address), Some(index)) = parts else { return Err(damaged("an attribute")) };
                self.most.allows(length, &format!("the attribute {name:?}"))?;
                let mut text = self.object(address, index)?;
                text.truncate(usize::try_from(length).unwrap_or(usize::MAX));
                text
            }
            _ => return Ok(None),
        };
        let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
        Ok(Some(text[..end].to_vec()))
    }

    /// An object of the global heap.
    fn object(&mut self, address: u64, index: u64) -> Result<Vec<u8>, ImportError> {
        let what = "the heap of strings";
        let start = self.place(address, what)?;
        let head = self.bytes(start, 8 + self.size as u64, what)?;
        if !head.starts_with(b"GCOL") {
            return Err(damaged(what));
        }
        let size = Cursor(&head[8..]).number(self.size).unwrap_or(0);
        let end = start.checked_add(size).filter(|end| *end <= self.length).ok_or_else(|| damaged(what))?;
        let width = 8 + self.size as u64;
        let mut at = start + width;
        for _ in 0..MAX_OBJECTS {
            if at.checked_add(width).is_none_or(|after| after > end) {
                break;
            }
            let head = self.bytes(at, width, what)?;
            let found = Cursor(&head).number(2).unwrap_or(0);
            let size = Cursor(&head[8..]).number(self.size).unwrap_or(0);
            if found == index {
                self.most.allows(size, what)?;
                return self.bytes(at + width, size, what);
            }
            // Object 0 is the free space at the end.
            let padded = size.checked_next_multiple_of(8).filter(|_| found != 0);
            let Some(after) = padded.and_then(|size| (at + width).checked_add(size)) else { break };
            at = after;
        }
        Err(damaged(what))
    }

    /// Whether attributes lie in a heap of their own, beside the header.
    fn is_dense(&self, message: &[u8]) -> bool {
        let skip = if message.get(1).is_some_and(|flags| flags & 1 != 0) { 4 } else { 2 };
        let heap = message.get(skip..).and_then(|rest| Cursor(rest).number(self.offset));
        heap.is_some_and(|heap| heap != u64::MAX >> (64 - 8 * self.offset))
    }
}

struct Attribute<'a> {
    name: &'a [u8],
    datatype: &'a [u8],
    data: &'a [u8],
}

impl<'a> Attribute<'a> {
    /// `None` where its type lies elsewhere, or it is cut off.
    fn of(message: &'a [u8]) -> Option<Self> {
        let (version, flags) = (*message.first()?, *message.get(1)?);
        let mut cursor = Cursor(message.get(2..)?);
        let mut length = || usize::try_from(cursor.number(2)?).ok();
        let (name, datatype, dataspace) = (length()?, length()?, length()?);
        let pad = |size: usize| if version == 1 { size.next_multiple_of(8) } else { size };
        match version {
            2 | 3 if flags & 3 != 0 => return None,
            1 | 2 => {}
            3 => drop(cursor.number(1)?),
            _ => return None,
        }
        let name_bytes = cursor.take(pad(name))?;
        let datatype = cursor.take(pad(datatype))?;
        cursor.take(pad(dataspace))?;
        Some(Self { name: name_bytes.get(..name)?, datatype, data: cursor.0 })
    }
}

/// Bytes that are read from their start.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// A little-endian number of `width` bytes, 8 at most.
    fn number(&mut self, width: usize) -> Option<u64> {
        Some(self.take(width)?.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }

    /// The type, the flags and the content of the next message of a header; `None` at its end.
    fn message(&mut self, second: bool, ordered: bool) -> Option<(u16, u8, &'a [u8])> {
        let kind = self.number(if second { 1 } else { 2 })?;
        let size = self.number(2)?;
        let flags = self.number(1)?;
        self.take(match (second, ordered) {
            (false, _) => 3,
            (true, true) => 2,
            (true, false) => 0,
        })?;
        let data = self.take(usize::try_from(size).ok()?)?;
        Some((u16::try_from(kind).ok()?, u8::try_from(flags).ok()?, data))
    }
}
