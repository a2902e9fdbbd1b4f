//! The bytes of one open file: the first of them in memory, the others read where they are needed. A read never asks
//! for more than its caller's fixed limits, whatever numbers the file holds.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rawzip::{FileReader, ReaderAt};

use crate::source::Progress;
use crate::source::fault::{FileFault, Special, Trouble};
#[cfg(feature = "remote")]
use crate::source::remote::{Pieces, Reader};
use crate::source::walk::Target;

/// An open file and its first bytes.
pub struct Input<'a> {
    bytes: Held<'a>,
    /// The first bytes of the file; all of them if it is small.
    pub head: &'a [u8],
    /// Bytes of the file when it was opened.
    pub size: u64,
}

/// Where the bytes come from.
enum Held<'a> {
    File(Arc<FileReader>),
    /// Parts of an object.
    #[cfg(feature = "remote")]
    Pieces(&'a Pieces),
    /// An object that is read as it is needed.
    #[cfg(feature = "remote")]
    Object(Reader<'a>),
    #[cfg(not(feature = "remote"))]
    #[allow(dead_code, reason = "it holds the lifetime")]
    Never(std::convert::Infallible, std::marker::PhantomData<&'a ()>),
}

impl Held<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read_at(buffer, offset),
            #[cfg(feature = "remote")]
            Self::Pieces(pieces) => pieces.read_at(buffer, offset),
            #[cfg(feature = "remote")]
            Self::Object(reader) => reader.read_at(buffer, offset),
            #[cfg(not(feature = "remote"))]
            Self::Never(never, _) => match *never {},
        }
    }

    fn read_exact_at(&self, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buffer.is_empty() {
            let read = self.read_at(buffer, offset)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            buffer = &mut buffer[read..];
            offset += read as u64;
        }
        Ok(())
    }
}

impl<'a> Input<'a> {
    /// Opens the file and fills the buffer from it with one read. If that reads less than the buffer holds, its end
    /// is the end of the file, and nobody has to ask for the size.
    pub fn open(path: &Path, buffer: &'a mut [u8]) -> io::Result<Self> {
        let mut file = FileReader::from(open_now(path)?);
        let read = file.read_at(buffer, 0)?;
        let size = if read < buffer.len() { read as u64 } else { io::Seek::seek(&mut file, io::SeekFrom::End(0))? };
        Ok(Self { bytes: Held::File(Arc::new(file)), head: &buffer[..read], size })
    }

    /// Opens the file, or the object, that the target is. Of an object nothing is read yet, and reads of it end when the
    /// progress is stopped.
    #[cfg_attr(not(feature = "remote"), allow(unused_variables, reason = "files are read at once"))]
    pub(crate) fn of(target: &Target, buffer: &'a mut [u8], progress: Option<&'a Progress>) -> io::Result<Self> {
        match target.object() {
            #[cfg(feature = "remote")]
            Some(object) => {
                let reader = Reader::new(object, progress)?;
                let size = reader.size();
                Ok(Self { bytes: Held::Object(reader), head: &[], size })
            }
            #[cfg(not(feature = "remote"))]
            Some(object) => match **object {},
            None => Self::open(target.open_path(), buffer),
        }
    }

    /// An object of which some bytes are here.
    #[cfg(feature = "remote")]
    pub(super) fn pieces(pieces: &'a Pieces, head: &'a [u8]) -> Self {
        Self { bytes: Held::Pieces(pieces), head, size: pieces.size }
    }

    /// A file of `size` bytes that others read as well.
    pub(crate) fn shared(file: &Arc<FileReader>, size: u64, buffer: &'a mut [u8]) -> io::Result<Self> {
        let read = file.read_at(buffer, 0)?;
        Ok(Self { bytes: Held::File(Arc::clone(file)), head: &buffer[..read], size })
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
        self.bytes.read_exact_at(&mut scratch[..wanted], offset)?;
        Ok(&scratch[..wanted])
    }
}

impl Input<'_> {
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
            _ => self.input.bytes.read_at(buffer, offset),
        }
    }
}

/// Opens a file without waiting, whatever it is: another process may put a pipe in its place at any moment. What cannot be
/// read at an offset is an error of the first read.
fn open_now(path: &Path) -> io::Result<File> {
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
    if let Some(trouble) = error.get_ref().and_then(|error| error.downcast_ref::<Trouble>()) {
        return FileFault::Remote(trouble.clone());
    }
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
