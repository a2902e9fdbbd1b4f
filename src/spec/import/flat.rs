//! The tables of a `FlatBuffer`, slot by slot. Every offset is checked against the file, and no loop follows one: a reader
//! goes as deep as its own code.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use super::ImportError;
use super::window::{Bytes, MOST};

/// A file of tables.
pub(super) struct Flat<R>(Bytes<R>);

/// Where a table starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Table(u64);

/// Entries of one size, one after another; all of them are in the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Vector {
    start: u64,
    /// How many there are.
    pub(super) len: u64,
    width: u64,
}

impl Flat<File> {
    /// Opens a plain file.
    pub(super) fn open(path: &Path) -> Result<Self, ImportError> {
        Bytes::open(path).map(Self)
    }
}

impl<R: Read + Seek> Flat<R> {
    /// The tables in anything that can be read from any place.
    #[cfg(test)]
    pub(super) fn new(inner: R) -> Result<Self, ImportError> {
        Bytes::new(inner).map(Self)
    }

    /// The table that the file is about.
    pub(super) fn root(&mut self) -> Result<Table, ImportError> {
        self.follow(0)
    }

    /// The table in a slot, if it is there. Slots are counted as in the vtable: 4, 6, 8, ...
    pub(super) fn table(&mut self, table: Table, slot: u16) -> Result<Option<Table>, ImportError> {
        self.field(table, slot)?.map(|at| self.follow(at)).transpose()
    }

    /// The vector in a slot, whose entries have `width` bytes; offsets have four.
    pub(super) fn vector(&mut self, table: Table, slot: u16, width: u64) -> Result<Option<Vector>, ImportError> {
        let Some(at) = self.field(table, slot)? else { return Ok(None) };
        let Table(start) = self.follow(at)?;
        let len = self.unsigned(start, 4)?;
        let bytes = len.saturating_mul(width);
        if bytes > self.0.size().saturating_sub(start + 4) {
            return Err(ImportError::Damaged(format!(
                "the vector at byte {start} says it has {len} entries, and the file ends before them"
            )));
        }
        Ok(Some(Vector { start: start + 4, len, width }))
    }

    /// The text in a slot, which may have `most` bytes; what is no UTF-8 in it is replaced.
    pub(super) fn text(&mut self, table: Table, slot: u16, most: usize) -> Result<Option<String>, ImportError> {
        let Some(vector) = self.vector(table, slot, 1)? else { return Ok(None) };
        let length = usize::try_from(vector.len).ok().filter(|length| *length <= most.min(MOST)).ok_or_else(|| {
            ImportError::Unreadable(format!(
                "the text at byte {} has {} bytes, and {most} are the most that is read",
                vector.start, vector.len
            ))
        })?;
        Ok(Some(String::from_utf8_lossy(self.0.at(vector.start, length)?).into_owned()))
    }

    /// The unsigned number of `size` bytes in a slot; 0 where it is not there, as in every schema without defaults.
    pub(super) fn number(&mut self, table: Table, slot: u16, size: usize) -> Result<u64, ImportError> {
        match self.field(table, slot)? {
            Some(at) => self.unsigned(at, size),
            None => Ok(0),
        }
    }

    /// The table that an entry of a vector of offsets leads to; damaged where there is no such entry.
    pub(super) fn entry_table(&mut self, vector: Vector, index: u64) -> Result<Table, ImportError> {
        let at = entry(vector, index)?;
        self.follow(at)
    }

    /// The bits of an entry of a vector, eight bytes at most; damaged where there is no such entry.
    pub(super) fn entry_number(&mut self, vector: Vector, index: u64) -> Result<u64, ImportError> {
        let at = entry(vector, index)?;
        self.unsigned(at, usize::try_from(vector.width).unwrap_or(8).min(8))
    }

    /// Where the value of a slot stands.
    fn field(&mut self, Table(table): Table, slot: u16) -> Result<Option<u64>, ImportError> {
        let back = self.unsigned(table, 4)?;
        // The offset of the vtable is signed, and counts backwards.
        let vtable = if back < 1 << 31 { table.checked_sub(back) } else { table.checked_add((1 << 32) - back) };
        let vtable = vtable.ok_or_else(|| ImportError::Damaged(format!("the table at byte {table} has no vtable")))?;
        if u64::from(slot) + 2 > self.unsigned(vtable, 2)? {
            return Ok(None);
        }
        let offset = self.unsigned(vtable + u64::from(slot), 2)?;
        Ok((offset != 0).then_some(table + offset))
    }

    /// Where the offset at `at` leads.
    fn follow(&mut self, at: u64) -> Result<Table, ImportError> {
        let offset = self.unsigned(at, 4)?;
        Ok(Table(at + offset))
    }

    fn unsigned(&mut self, at: u64, size: usize) -> Result<u64, ImportError> {
        let bytes = self.0.at(at, size)?;
        Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}

/// Where an entry stands.
fn entry(vector: Vector, index: u64) -> Result<u64, ImportError> {
    if index >= vector.len {
        return Err(ImportError::Damaged(format!("entry {index} is wanted of a vector of {}", vector.len)));
    }
    Ok(vector.start + index * vector.width)
}
