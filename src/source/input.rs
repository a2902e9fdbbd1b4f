//! The bytes of one open file: the first of them in memory, the others read where they are needed. A read never asks
//! for more than its caller's fixed limits, whatever numbers the file holds.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rawzip::{FileReader, ReaderAt};

use crate::source::fault::{FileFault, Special};

/// An open file and its first bytes.
pub struct Input<'a> {
    file: Arc<FileReader>,
    /// The first bytes of the file; all of them if it is small.
    pub head: &'a [u8],
    /// Bytes of the file when it was opened.
    pub size: u64,
}

impl<'a> Input<'a> {
    /// Opens the file and fills the buffer from it with one read. If that reads less than the buffer holds, its end
    /// is the end of the file, and nobody has to ask for the size.
    pub fn open(path: &Path, buffer: &'a mut [u8]) -> io::Result<Self> {
        Self::over(open_now(path)?, buffer)
    }

    /// The same of a file that is open.
    pub(super) fn over(file: File, buffer: &'a mut [u8]) -> io::Result<Self> {
        let mut file = FileReader::from(file);
        let read = file.read_at(buffer, 0)?;
        let size = if read < buffer.len() { read as u64 } else { io::Seek::seek(&mut file, io::SeekFrom::End(0))? };
        Ok(Self { file: Arc::new(file), head: &buffer[..read], size })
    }

    /// A file of `size` bytes that others read as well.
    pub(crate) fn shared(file: &Arc<FileReader>, size: u64, buffer: &'a mut [u8]) -> io::Result<Self> {
        let read = file.read_at(buffer, 0)?;
        Ok(Self { file: Arc::clone(file), head: &buffer[..read], size })
    }

    /// `wanted` bytes from `offset`, fewer where the file ends before. A file that became shorter since it was opened
    /// is [`io::ErrorKind::UnexpectedEof`].
    pub fn at<'s>(&'s self, offset: u64, wanted: usize, scratch: &'s mut Vec<u8>) -> io::Result<&'s [u8]> {
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = wanted.min(left);
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        if let Some(bytes) = start.checked_add(wanted).and_then(|end| self.head.get(start..end)) {
            return Ok(bytes);
        }
        if scratch.len() < wanted {
            scratch.resize(wanted, 0);
        }
        self.file.read_exact_at(&mut scratch[..wanted], offset)?;
        Ok(&scratch[..wanted])
    }
}

impl Input<'_> {
    /// The file, if nobody else reads it.
    pub(super) fn into_file(self) -> Option<File> {
        Arc::into_inner(self.file).map(FileReader::into_inner)
    }

    /// Makes the buffer hold the `wanted` bytes from `offset`. A file that ends before is
    /// [`io::ErrorKind::UnexpectedEof`].
    pub(super) fn fill(&self, offset: u64, wanted: usize, buffer: &mut Vec<u8>) -> io::Result<()> {
        buffer.resize(wanted, 0);
        self.file.read_exact_at(buffer, offset)
    }

    /// Whether there are only zero bytes at the start, in the middle and at the end.
    pub(crate) fn is_zero(&self, scratch: &mut Vec<u8>) -> bool {
        const LOOKED: usize = 64 * 1024;
        let places = [self.size / 2, self.size.saturating_sub(LOOKED as u64)];
        let zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
        zero(self.head) && places.iter().all(|place| self.at(*place, LOOKED, scratch).is_ok_and(zero))
    }
}

/// A file from some byte on, for readers of archives that stand behind something else.
pub(crate) struct From<'a> {
    pub(crate) input: &'a Input<'a>,
    pub(crate) base: u64,
}

impl ReaderAt for From<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let Some(offset) = self.base.checked_add(offset).filter(|offset| *offset < self.input.size) else {
            return Ok(0);
        };
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        match self.input.head.get(start..) {
            Some(bytes) if !bytes.is_empty() => {
                let n = bytes.len().min(buffer.len());
                buffer[..n].copy_from_slice(&bytes[..n]);
                Ok(n)
            }
            _ => self.input.file.read_at(buffer, offset),
        }
    }
}

/// Opens a file without waiting, whatever it is: another process may put a pipe in its place at any moment. What cannot be
/// read at an offset is an error of the first read.
pub(super) fn open_now(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, NONBLOCK);
    options.open(path)
}

/// Opens a file that somebody else names, if it is a regular one.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let file = open_now(path)?;
    if special(file.metadata()?.file_type()).is_some() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    Ok(file)
}

/// A pipe is opened at once; for a file it means nothing.
#[cfg(unix)]
const NONBLOCK: i32 = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();

/// What an error of the system says about a file.
pub(crate) fn fault_of(error: &io::Error, path: &Path) -> FileFault {
    match error.kind() {
        io::ErrorKind::NotFound if path.is_symlink() => FileFault::DanglingLink,
        io::ErrorKind::NotFound => FileFault::NotFound,
        io::ErrorKind::PermissionDenied => FileFault::PermissionDenied,
        io::ErrorKind::UnexpectedEof => FileFault::Changed,
        _ if path.is_symlink() && path.metadata().is_err() => FileFault::LinkLoop,
        _ => FileFault::Unopenable(error.to_string()),
    }
}

/// What a file is that must not be opened: a pipe blocks, a device may never end.
pub(crate) fn special(kind: std::fs::FileType) -> Option<Special> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return Some(Special::Pipe);
        }
        if kind.is_socket() {
            return Some(Special::Socket);
        }
        if kind.is_block_device() || kind.is_char_device() {
            return Some(Special::Device);
        }
    }
    (!kind.is_file()).then_some(Special::Unknown)
}
