//! The first bytes of an array, read again for somebody who shows a few of its rows. Nothing is checked on the way: what
//! is wrong with the file was noted when all of it was read.

use std::io::Read as _;

use flate2::read::DeflateDecoder;

use super::changed;
use super::input::Input;
use super::walk::Target;
use super::{ArrayFacts, SourceFacts};

/// Bytes of a deflated member that are read at a time.
const CHUNK: usize = 64 * 1024;

/// The first `bytes` bytes of the data, in the order of the file; `None` where they are not all there, or the file is
/// not the one that was read before. The caller limits `bytes`: that many are held in memory.
#[must_use]
pub fn first_bytes(target: &Target, source: &SourceFacts, array: &ArrayFacts, bytes: usize) -> Option<Vec<u8>> {
    let mut head = [0; 512];
    let opened = match target.object() {
        Some(object) => Input::object(object, None),
        None => Input::open(target.open_path(), &mut head),
    };
    let input = opened.ok().filter(|input| input.size == source.size)?;
    let (start, header) = (array.location.start, array.location.header);
    match array.location.member {
        Some(member) if member.deflated => {
            let packed =
                Packed { input: &input, at: start, end: start.checked_add(member.stored)?, scratch: Vec::new() };
            let mut plain = DeflateDecoder::new(packed);
            let skipped = std::io::copy(&mut plain.by_ref().take(header), &mut std::io::sink()).ok()?;
            let mut data = Vec::new();
            plain.take(bytes as u64).read_to_end(&mut data).ok()?;
            (skipped == header && data.len() == bytes).then_some(data)
        }
        None if array.member.is_some() => None,
        _ => {
            let mut scratch = Vec::new();
            if !changed::has_header(&input, array, &mut scratch).ok()? {
                return None;
            }
            let data = input.at(start.checked_add(header)?, bytes, &mut scratch).ok()?;
            (data.len() == bytes).then(|| data.to_vec())
        }
    }
}

/// The bytes of a deflated member.
struct Packed<'i> {
    input: &'i Input<'i>,
    at: u64,
    end: u64,
    scratch: Vec<u8>,
}

impl std::io::Read for Packed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let bytes = self.input.at(self.at, left.min(buffer.len()).min(CHUNK), &mut self.scratch)?;
        buffer[..bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len() as u64;
        Ok(bytes.len())
    }
}
