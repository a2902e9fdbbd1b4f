//! The bytes of one array as a stream: opened as often as somebody needs them, in bounded memory, checked against the
//! checksum of their member where they are read from end to end.

use std::io::{self, Read};
use std::sync::Arc;

use flate2::{Decompress, FlushDecompress, Status};
use rawzip::{FileReader, ReaderAt as _};

use super::read::data_bytes;
use super::{ArrayFacts, Stored};

/// Bytes of a deflated member that are read at a time, and bytes that are inflated at a time to be dropped.
const DEFLATED: usize = 64 * 1024;

/// The bytes of one array. It reads as the file has them: no header, no other order, no other byte order. It ends with
/// [`io::ErrorKind::UnexpectedEof`] where the file ends too early and with [`io::ErrorKind::InvalidData`] where a member
/// is not what its checksum was made of. The checksum is compared when the end is reached by somebody who skipped nothing.
pub struct Data {
    file: Arc<FileReader>,
    /// The first byte of the header, from the start of the file; that of the member around it where there is one.
    start: u64,
    member: Option<Stored>,
    /// The part that is read, counted from `start` in plain bytes.
    first: u64,
    end: u64,
    /// Where it is, in plain bytes from `start`.
    at: u64,
    inflate: Option<Inflate>,
    /// The checksum of everything up to `at`; `None` after a jump.
    crc: Option<crc32fast::Hasher>,
    checked: bool,
}

struct Inflate {
    zlib: Decompress,
    /// Deflated bytes that were taken from the file.
    taken: u64,
    buffer: Vec<u8>,
    /// The part of the buffer that is still to be inflated.
    waiting: std::ops::Range<usize>,
    ended: bool,
}

impl Data {
    /// The data of an array of a file that is `size` bytes long. That of objects is all that follows their header.
    /// [`io::ErrorKind::InvalidInput`] where the headers have not shown where the data lies.
    pub fn open(file: &Arc<FileReader>, array: &ArrayFacts, size: u64) -> io::Result<Self> {
        Self::new(file, array, size, array.location.header)
    }

    /// The same, the header in front.
    pub fn with_header(file: &Arc<FileReader>, array: &ArrayFacts, size: u64) -> io::Result<Self> {
        Self::new(file, array, size, 0)
    }

    fn new(file: &Arc<FileReader>, array: &ArrayFacts, size: u64, first: u64) -> io::Result<Self> {
        let location = &array.location;
        if array.member.is_some() && location.member.is_none() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "nobody knows where its data ends"));
        }
        let end = location.header.checked_add(data_bytes(array, size)).ok_or(io::ErrorKind::InvalidInput)?;
        let plain = match location.member {
            Some(member) if member.deflated => u64::MAX,
            Some(member) => member.stored,
            None => size.saturating_sub(location.start),
        };
        if end > plain {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut data = Self {
            file: Arc::clone(file),
            start: location.start,
            member: location.member,
            first,
            end,
            at: 0,
            inflate: None,
            crc: None,
            checked: false,
        };
        data.rewind();
        data.skip_to(first)?;
        Ok(data)
    }

    /// Bytes of the whole.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.end - self.first
    }

    /// Goes to a byte of it, forward or back. What is deflated is inflated up to there, from its start where it must be.
    pub fn seek(&mut self, byte: u64) -> io::Result<()> {
        let to = self.first.saturating_add(byte).min(self.end);
        if to == self.at {
            return Ok(());
        }
        if to < self.at || to == self.first {
            self.rewind();
        }
        if to > self.first && self.inflate.is_none() {
            // Nothing has to be read to get there, and what is not read is not in the checksum.
            self.crc = None;
            self.at = to;
            return Ok(());
        }
        self.skip_to(to)
    }

    fn rewind(&mut self) {
        self.at = 0;
        self.checked = false;
        self.crc = self.member.map(|_| crc32fast::Hasher::new());
        self.inflate = self.member.filter(|member| member.deflated).map(|_| match self.inflate.take() {
            Some(mut old) => {
                old.zlib.reset(false);
                Inflate { taken: 0, waiting: 0..0, ended: false, ..old }
            }
            None => Inflate {
                zlib: Decompress::new(false),
                taken: 0,
                buffer: vec![0; DEFLATED],
                waiting: 0..0,
                ended: false,
            },
        });
    }

    /// Reads on to that place, and drops what comes.
    fn skip_to(&mut self, to: u64) -> io::Result<()> {
        if self.crc.is_none() && self.inflate.is_none() {
            self.at = to;
            return Ok(());
        }
        let mut dropped = vec![0; DEFLATED.min(usize::try_from(to.saturating_sub(self.at)).unwrap_or(DEFLATED))];
        while self.at < to {
            let room = usize::try_from(to - self.at).unwrap_or(usize::MAX).min(dropped.len());
            if self.plain(&mut dropped[..room])? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    /// The next plain bytes, whatever they are; 0 where the member ends.
    fn plain(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.inflate {
            None => self.file.read_at(out, self.start.saturating_add(self.at))?,
            Some(inflate) => {
                let stored = self.member.map_or(0, |member| member.stored);
                inflate.next(&self.file, self.start, stored, out)?
            }
        };
        if let Some(crc) = &mut self.crc {
            crc.update(&out[..read]);
        }
        self.at += read as u64;
        Ok(read)
    }

    /// Reads what follows the array in its member, and compares the checksum.
    fn check(&mut self) -> io::Result<()> {
        let Some(member) = self.member.filter(|_| self.crc.is_some() && !self.checked) else { return Ok(()) };
        self.checked = true;
        let (at, plain) = (self.at, if member.deflated { member.declared } else { member.stored });
        self.skip_to(plain)?;
        // A deflated member may hold more than its directory knows.
        if self.inflate.is_some() && self.plain(&mut [0])? > 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its member is longer than the archive says"));
        }
        let sound = self.crc.take().is_none_or(|crc| crc.finalize() == member.crc);
        self.at = at;
        if sound { Ok(()) } else { Err(io::Error::new(io::ErrorKind::InvalidData, "its checksum is wrong")) }
    }
}

impl Read for Data {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.end - self.at).unwrap_or(usize::MAX).min(out.len());
        let read = if room == 0 { 0 } else { self.plain(&mut out[..room])? };
        if read == 0 && room > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if self.at == self.end {
            self.check()?;
        }
        Ok(read)
    }
}

impl Inflate {
    fn next(&mut self, file: &FileReader, start: u64, stored: u64, out: &mut [u8]) -> io::Result<usize> {
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "its deflated data is damaged");
        while !self.ended {
            if self.waiting.is_empty() && self.taken < stored {
                let wanted = usize::try_from(stored - self.taken).unwrap_or(usize::MAX).min(self.buffer.len());
                let read = file.read_at(&mut self.buffer[..wanted], start.saturating_add(self.taken))?;
                if read == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                self.taken += read as u64;
                self.waiting = 0..read;
            }
            let (consumed, produced) = (self.zlib.total_in(), self.zlib.total_out());
            let status = self
                .zlib
                .decompress(&self.buffer[self.waiting.clone()], out, FlushDecompress::None)
                .map_err(|_| damaged())?;
            let consumed = usize::try_from(self.zlib.total_in() - consumed).unwrap_or(0);
            let produced = usize::try_from(self.zlib.total_out() - produced).unwrap_or(0);
            self.waiting.start += consumed;
            self.ended = status == Status::StreamEnd;
            if produced > 0 {
                return Ok(produced);
            }
            if !self.ended && consumed == 0 {
                return Err(damaged());
            }
        }
        Ok(0)
    }
}
