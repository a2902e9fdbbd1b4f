//! A file on its way: what is written to it is remembered by its hashes, so that it can be read again and compared.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom, Write};

use xxhash_rust::xxh3::Xxh3;

use crate::fix::replace::STOPPED;
use crate::source::Progress;

/// Bytes that are written, or read again, at a time.
const CHUNK: usize = 256 * 1024;

/// A file that is written from its start. Headers are set apart: they can be written again when what follows them is known.
pub(super) struct Sink<'f> {
    file: &'f File,
    buffer: Vec<u8>,
    parts: Vec<Part>,
    /// Bytes so far.
    bytes: u64,
}

/// A part of a file, as it should be read again.
pub(super) enum Part {
    /// These bytes, at that place.
    Bytes(u64, Vec<u8>),
    /// So many bytes of that hash.
    Hash(u64, Box<Xxh3>),
}

impl<'f> Sink<'f> {
    pub(super) fn new(file: &'f File) -> Self {
        Self { file, buffer: Vec::with_capacity(CHUNK), parts: Vec::new(), bytes: 0 }
    }

    /// Bytes so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes a header, which may be written again. Gives its number.
    pub(super) fn header(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.parts.push(Part::Bytes(self.bytes, bytes.to_vec()));
        self.put(bytes)?;
        Ok(self.parts.len() - 1)
    }

    /// Writes a header again, which must be as long as it was.
    pub(super) fn again(&mut self, number: usize, bytes: &[u8]) -> io::Result<()> {
        self.flush()?;
        let Some(Part::Bytes(at, old)) = self.parts.get_mut(number) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        if old.len() != bytes.len() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        bytes.clone_into(old);
        let mut file = self.file;
        file.seek(SeekFrom::Start(*at))?;
        file.write_all(bytes)?;
        file.seek(SeekFrom::Start(self.bytes))?;
        Ok(())
    }

    /// Writes everything that a reader gives. Gives how many bytes that were.
    pub(super) fn copy(&mut self, from: &mut dyn Read) -> io::Result<u64> {
        pump(from, self)
    }

    /// The end of the file: everything is written, and known.
    pub(super) fn finish(mut self) -> io::Result<Vec<Part>> {
        self.flush()?;
        Ok(self.parts)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.buffer.len() + bytes.len() > CHUNK {
            self.flush()?;
        }
        if bytes.len() >= CHUNK {
            let mut file = self.file;
            file.write_all(bytes)?;
        } else {
            self.buffer.extend_from_slice(bytes);
        }
        self.bytes += bytes.len() as u64;
        Ok(())
    }
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !matches!(self.parts.last(), Some(Part::Hash(..))) {
            self.parts.push(Part::Hash(0, Box::default()));
        }
        if let Some(Part::Hash(count, hash)) = self.parts.last_mut() {
            *count += bytes.len() as u64;
            hash.update(bytes);
        }
        self.put(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut file = self.file;
        file.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

/// Moves everything from a reader to a writer, in pieces. Gives how many bytes that were.
pub(super) fn pump(from: &mut dyn Read, to: &mut dyn Write) -> io::Result<u64> {
    let mut piece = vec![0; CHUNK];
    let mut all = 0;
    loop {
        let read = from.read(&mut piece)?;
        if read == 0 {
            return Ok(all);
        }
        to.write_all(&piece[..read])?;
        all += read as u64;
    }
}

/// Reads a file again and compares it with what was written to it. False where it is something else.
pub(super) fn verify(mut file: &File, parts: &[Part], progress: &Progress) -> io::Result<bool> {
    file.seek(SeekFrom::Start(0))?;
    let mut chunk = vec![0; CHUNK];
    for part in parts {
        match part {
            Part::Bytes(_, bytes) => {
                let mut found = vec![0; bytes.len()];
                match file.read_exact(&mut found) {
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
                    result => result?,
                }
                if found != *bytes {
                    return Ok(false);
                }
            }
            Part::Hash(count, hash) => {
                let mut found = Xxh3::new();
                let mut left = *count;
                while left > 0 {
                    if progress.stopped() {
                        return Err(io::Error::other(STOPPED));
                    }
                    let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK);
                    let read = file.read(&mut chunk[..wanted])?;
                    if read == 0 {
                        return Ok(false);
                    }
                    found.update(&chunk[..read]);
                    left -= read as u64;
                }
                if found.digest128() != hash.digest128() {
                    return Ok(false);
                }
            }
        }
    }
    Ok(file.read(&mut chunk[..1])? == 0)
}
