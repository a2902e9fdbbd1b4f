//! One stretch of saved facts, line by line. Files are opened for every piece that is read, so that many parts need no more
//! than one open file.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use serde::Deserialize;

use super::cannot;
use super::index::{Index, Stretch};
use crate::error::Error;
use crate::facts::saved::SavedError;

/// Bytes that all stretches hold together, where they are few; and the least that each holds.
const ALL: usize = 64 << 20;
const LEAST: usize = 4 << 10;
/// Bytes that one stretch holds at most, but for a line that is longer.
const MOST: usize = 1 << 20;

/// A line about a file.
pub(super) struct Entry {
    /// The path of the file.
    pub(super) path: String,
    pub(super) line: Vec<u8>,
    /// The number of the line, and the file of facts in which it stands.
    pub(super) number: usize,
    pub(super) file: usize,
}

/// The path that a line is about.
pub(super) fn path(line: &[u8], number: usize) -> Result<String, SavedError> {
    #[derive(Deserialize)]
    struct Named<'l> {
        #[serde(borrow)]
        path: Cow<'l, str>,
    }
    let named: Result<Named<'_>, _> = serde_json::from_slice(line.trim_ascii());
    named.map(|named| named.path.into_owned()).map_err(|source| SavedError::Line { line: number, source })
}

/// Reads a stretch.
pub(super) struct Reader<'i> {
    index: &'i Index,
    stretch: &'i Stretch,
    /// What was read and not yet handed out, from `at` on.
    held: Vec<u8>,
    at: usize,
    /// Bytes of the file in front of what is read next.
    next: u64,
    line: usize,
    piece: usize,
}

impl<'i> Reader<'i> {
    pub(super) fn new(index: &'i Index, stretch: &'i Stretch) -> Self {
        let piece = (ALL / index.stretches.len().max(1)).clamp(LEAST, MOST);
        let (next, line) = (stretch.bytes.start, stretch.line);
        Self { index, stretch, held: Vec::new(), at: 0, next, line, piece }
    }

    /// The next line that is not empty.
    pub(super) fn next(&mut self) -> Result<Option<Entry>, Error> {
        let file = self.stretch.file;
        loop {
            let Some(line) = self.next_line().map_err(|error| cannot(self.index.file(file).1, &error))? else {
                return Ok(None);
            };
            self.line += 1;
            if line.trim_ascii().is_empty() {
                continue;
            }
            let path = path(&line, self.line).map_err(|error| self.index.trouble(file, &error))?;
            return Ok(Some(Entry { path, line, number: self.line, file }));
        }
    }

    fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut searched = self.at;
        loop {
            if let Some(length) = self.held[searched..].iter().position(|byte| *byte == b'\n') {
                let end = searched + length + 1;
                let line = self.held[self.at..end].to_vec();
                self.at = end;
                return Ok(Some(line));
            }
            if self.next == self.stretch.bytes.end {
                let rest = self.held.split_off(self.at);
                self.at = self.held.len();
                return Ok((!rest.is_empty()).then_some(rest));
            }
            self.held.drain(..self.at);
            self.at = 0;
            searched = self.held.len();
            self.read_on()?;
        }
    }

    fn read_on(&mut self) -> io::Result<()> {
        let mut file = File::open(self.index.file(self.stretch.file).0)?;
        file.seek(SeekFrom::Start(self.next))?;
        let left = self.stretch.bytes.end - self.next;
        // A line that is longer than a piece is read in ever larger ones.
        let piece = self.piece.max(self.held.len()) as u64;
        let read = file.take(left.min(piece)).read_to_end(&mut self.held)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.next += read as u64;
        Ok(())
    }
}
