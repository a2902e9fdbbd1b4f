//! An object of which only some bytes are here. A scan runs over it as over a file: where it reads what is not here it
//! gets zeros, and what it wanted is written down, so that all of that can be fetched at once before it runs again.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

/// The bytes of an object that are here.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    /// Bytes of the object.
    pub(crate) size: u64,
    known: BTreeMap<u64, Bytes>,
    /// Bytes that were fetched.
    held: u64,
    wanted: Mutex<Vec<Range<u64>>>,
    /// Zeros that were given for what lies in front of the known end: who searches a long way back from the end mostly
    /// finds what is sought near it.
    assumed: Mutex<Vec<Range<u64>>>,
}

impl Pieces {
    pub(crate) fn new(size: u64) -> Self {
        Self { size, ..Self::default() }
    }

    /// Adds what was fetched.
    pub(crate) fn add(&mut self, offset: u64, bytes: Bytes) {
        if !bytes.is_empty() {
            self.held += bytes.len() as u64;
            self.known.insert(offset, bytes);
        }
    }

    /// Bytes that were fetched so far.
    pub(crate) fn held(&self) -> u64 {
        self.held
    }

    /// The bytes from the first on, as far as they are here in one piece.
    pub(crate) fn head(&self) -> Option<Bytes> {
        self.known.get(&0).cloned()
    }

    /// Reads at most as much as the buffer takes, as a file does.
    pub(crate) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if offset >= self.size {
            return Ok(0);
        }
        let end = self.size.min(offset.saturating_add(buffer.len() as u64));
        if let Some(bytes) = self.at(offset) {
            let bytes = &bytes[..bytes.len().min(buffer.len())];
            buffer[..bytes.len()].copy_from_slice(bytes);
            return Ok(bytes.len());
        }
        // Zeros up to the next byte that is here.
        let next = self.known.range(offset..end).next().map_or(end, |(start, _)| *start);
        let back = end == self.size && next < end && self.at(next).is_some_and(|tail| next + tail.len() as u64 == end);
        let list = if back { &self.assumed } else { &self.wanted };
        list.lock().unwrap_or_else(PoisonError::into_inner).push(offset..next);
        let length = usize::try_from(next - offset).map_err(|_| io::ErrorKind::InvalidInput)?;
        buffer[..length].fill(0);
        Ok(length)
    }

    fn at(&self, offset: u64) -> Option<&[u8]> {
        let (start, bytes) = self.known.range(..=offset).next_back()?;
        let skip = usize::try_from(offset - start).ok()?;
        bytes.get(skip..).filter(|rest| !rest.is_empty())
    }

    /// What was wanted since this was asked last, and is not here.
    pub(crate) fn wanted(&self) -> Vec<Range<u64>> {
        tidy(&self.wanted)
    }

    /// What was taken for zeros since this was asked last, and is not here.
    pub(crate) fn assumed(&self) -> Vec<Range<u64>> {
        tidy(&self.assumed)
    }
}

/// Takes the ranges, in order, none of them in another.
fn tidy(ranges: &Mutex<Vec<Range<u64>>>) -> Vec<Range<u64>> {
    let mut ranges = std::mem::take(&mut *ranges.lock().unwrap_or_else(PoisonError::into_inner));
    ranges.sort_by_key(|range| range.start);
    let mut tidied: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match tidied.last_mut().filter(|last| range.start <= last.end) {
            Some(last) => last.end = last.end.max(range.end),
            None => tidied.push(range),
        }
    }
    tidied
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(size: u64, known: &[(u64, &'static [u8])]) -> Pieces {
        let mut pieces = Pieces::new(size);
        for (offset, bytes) in known {
            pieces.add(*offset, Bytes::from_static(bytes));
        }
        pieces
    }

    #[test]
    fn what_is_here_is_given_and_the_rest_is_wanted() {
        let pieces = pieces(20, &[(0, b"abcd"), (10, b"kl")]);
        let mut buffer = [9; 8];
        assert_eq!(pieces.read_at(&mut buffer, 2).unwrap(), 2);
        assert_eq!(&buffer[..2], b"cd");
        assert_eq!(pieces.read_at(&mut buffer, 4).unwrap(), 6);
        assert_eq!(&buffer[..6], [0; 6]);
        assert_eq!(pieces.read_at(&mut buffer, 6).unwrap(), 4);
        assert_eq!(pieces.read_at(&mut buffer, 19).unwrap(), 1);
        assert_eq!(pieces.read_at(&mut buffer, 20).unwrap(), 0);
        assert_eq!(pieces.wanted(), [4..10, 19..20]);
        assert!(pieces.wanted().is_empty() && pieces.assumed().is_empty());
    }

    #[test]
    fn a_search_from_the_end_is_content_with_zeros_in_front() {
        let pieces = pieces(100, &[(90, b"0123456789")]);
        let mut buffer = [9; 100];
        assert_eq!(pieces.read_at(&mut buffer[50..], 50).unwrap(), 40);
        assert!(pieces.wanted().is_empty());
        assert_eq!(pieces.assumed(), vec![50..90; 1]);
    }
}
