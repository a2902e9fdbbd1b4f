//! The first bytes of a deflated member, and no more than they, unless its directory entry is in doubt.

use std::io;

use flate2::{Decompress, FlushDecompress, Status};

use crate::source::input::Input;
use crate::source::npy::header::{self, Bounds, Start};

/// Inflated bytes that hold most headers, and the byte behind: NumPy fills them up to 128. Every byte more takes its time.
const WINDOW: usize = 144;
/// Compressed bytes that are read at a time.
const CHUNK: usize = 4096;
/// Inflated bytes that are dropped at a time.
const DROPPED: usize = 64 * 1024;

/// A deflate stream inside a file.
pub(super) struct Stream<'s, 'i> {
    pub(super) input: &'i Input<'i>,
    /// The next compressed byte.
    pub(super) at: u64,
    /// The byte after the last.
    pub(super) end: u64,
    pub(super) bounds: Bounds,
    pub(super) inflater: &'s mut Option<Decompress>,
    pub(super) scratch: &'s mut Vec<u8>,
}

/// What came out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inflated {
    /// How many bytes.
    pub(super) bytes: usize,
    /// Whether these are all.
    pub(super) ended: bool,
}

impl Stream<'_, '_> {
    /// Inflates the header of an array to the start of `plain`, or enough to see that there is none. `declared` is
    /// the size of the whole as the directory has it. `None` if the stream is damaged.
    pub(super) fn header(&mut self, plain: &mut Vec<u8>, declared: u64) -> io::Result<Option<Inflated>> {
        self.inflater.get_or_insert_with(|| Decompress::new(false)).reset(false);
        let mut inflated = Inflated { bytes: 0, ended: false };
        if !self.fill(plain, WINDOW, &mut inflated)? {
            return Ok(None);
        }
        let size = if inflated.ended { inflated.bytes as u64 } else { declared.max(inflated.bytes as u64) };
        if let Start::More(needed) = header::start(&plain[..inflated.bytes], size, self.bounds)
            && !(self.fill(plain, needed, &mut inflated)? && inflated.bytes >= needed)
        {
            return Ok(None);
        }
        Ok(Some(inflated))
    }

    /// Inflates on, and drops what comes, until `limit` bytes came out in all or the stream ends. Gives how many came
    /// out, and whether these are all. A damaged stream ends where the damage is.
    pub(super) fn measure(&mut self, plain: &mut Vec<u8>, header: Inflated, limit: u64) -> io::Result<(u64, bool)> {
        let (mut total, mut ended) = (header.bytes as u64, header.ended);
        while total < limit && !ended {
            let room = DROPPED.min(usize::try_from(limit - total).unwrap_or(DROPPED));
            let mut next = Inflated { bytes: header.bytes, ended };
            ended = !self.fill(plain, header.bytes + room, &mut next)? || next.ended;
            total += (next.bytes - header.bytes) as u64;
        }
        Ok((total, ended))
    }

    /// Inflates until `plain` holds so many bytes, or the stream ends. False if it is damaged.
    fn fill(&mut self, plain: &mut Vec<u8>, wanted: usize, inflated: &mut Inflated) -> io::Result<bool> {
        if plain.len() < wanted {
            plain.resize(wanted, 0);
        }
        let Some(zlib) = self.inflater.as_mut() else { return Ok(false) };
        while inflated.bytes < wanted && !inflated.ended {
            let chunk = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX).min(CHUNK);
            let chunk = self.input.at(self.at, chunk, self.scratch)?;
            let (consumed, produced) = (zlib.total_in(), zlib.total_out());
            let out = &mut plain[inflated.bytes..wanted];
            let Ok(status) = zlib.decompress(chunk, out, FlushDecompress::None) else { return Ok(false) };
            let consumed = zlib.total_in() - consumed;
            let produced = zlib.total_out() - produced;
            self.at += consumed;
            inflated.bytes += usize::try_from(produced).unwrap_or(0);
            inflated.ended = status == Status::StreamEnd;
            if !inflated.ended && consumed == 0 && produced == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
