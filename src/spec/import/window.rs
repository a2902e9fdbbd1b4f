//! The bytes of a file, a few at a time from wherever they are needed: models are large, and what they say of their
//! inputs is small. Nothing is allocated by a number from the file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::ImportError;

/// Bytes that are read at a place out of the order.
const LEAST: usize = 512;
/// Bytes that are read at once where one reads on, and the most that may be asked for.
pub(super) const MOST: usize = 64 * 1024;

/// A file, and the bytes around the last place in it.
pub(super) struct Bytes<R> {
    inner: R,
    size: u64,
    buffer: Vec<u8>,
    /// Where the buffer starts in the file.
    start: u64,
    chunk: usize,
}

impl Bytes<File> {
    /// Opens a plain file; a pipe would block, a device may never end.
    pub(super) fn open(path: &Path) -> Result<Self, ImportError> {
        let unreadable = |error: io::Error| ImportError::Unreadable(error.to_string());
        if !path.metadata().map_err(unreadable)?.is_file() {
            return Err(ImportError::Unreadable("it is not a plain file".into()));
        }
        Self::new(File::open(path).map_err(unreadable)?)
    }
}

impl<R: Read + Seek> Bytes<R> {
    /// The bytes of anything that can be read from any place.
    pub(super) fn new(mut inner: R) -> Result<Self, ImportError> {
        let size = inner.seek(SeekFrom::End(0)).map_err(|error| ImportError::Unreadable(error.to_string()))?;
        Ok(Self { inner, size, buffer: Vec::new(), start: 0, chunk: LEAST })
    }

    /// How many there are.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// `wanted` bytes from `offset`, all of them; [`MOST`] at most. Bytes behind the end are damage.
    pub(super) fn at(&mut self, offset: u64, wanted: usize) -> Result<&[u8], ImportError> {
        if offset.checked_add(wanted as u64).is_none_or(|end| end > self.size) || wanted > MOST {
            let size = self.size;
            return Err(ImportError::Damaged(format!(
                "{wanted} bytes should stand at byte {offset}, and it ends at byte {size}"
            )));
        }
        if self.held(offset, wanted).is_none() {
            self.fill(offset, wanted).map_err(|error| ImportError::Unreadable(error.to_string()))?;
        }
        let range = self.held(offset, wanted).unwrap_or(0..0);
        Ok(&self.buffer[range])
    }

    /// Where the bytes are in the buffer, if all of them are.
    fn held(&self, offset: u64, wanted: usize) -> Option<std::ops::Range<usize>> {
        let from = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        let to = from.checked_add(wanted)?;
        (to <= self.buffer.len()).then_some(from..to)
    }

    /// Reads more at once the longer one reads on, so that neither leaps nor long walks cost much.
    fn fill(&mut self, offset: u64, wanted: usize) -> io::Result<()> {
        let end = self.start + self.buffer.len() as u64;
        let near = offset >= self.start && offset <= end.saturating_add(self.chunk as u64);
        self.chunk = if near { (self.chunk * 2).min(MOST) } else { LEAST };
        let left = usize::try_from(self.size - offset).unwrap_or(usize::MAX);
        self.buffer.resize(self.chunk.max(wanted).min(left), 0);
        self.start = offset;
        let read = self.inner.seek(SeekFrom::Start(offset)).and_then(|_| self.inner.read_exact(&mut self.buffer));
        if read.is_err() {
            self.buffer.clear();
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn every_place_gives_its_own_bytes() {
        let content: Vec<u8> = (0..200_000_u32).map(|i| (i % 251) as u8).collect();
        let mut bytes = Bytes::new(Cursor::new(content.clone())).unwrap();
        for (offset, wanted) in [(0, 4), (199_990, 10), (511, 3), (512, 600), (100_000, 65_536), (100_001, 1), (0, 0)] {
            let place = usize::try_from(offset).unwrap();
            assert_eq!(bytes.at(offset, wanted).unwrap(), &content[place..place + wanted], "{offset}");
        }
    }

    #[test]
    fn bytes_behind_the_end_are_damage() {
        let mut bytes = Bytes::new(Cursor::new(vec![0; 10])).unwrap();
        for (offset, wanted) in [(8, 3), (11, 1), (u64::MAX, 1), (0, MOST + 1)] {
            assert!(matches!(bytes.at(offset, wanted), Err(ImportError::Damaged(_))), "{offset} {wanted}");
        }
    }
}
