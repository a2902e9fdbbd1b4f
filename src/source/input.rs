//! The bytes of one open file: the first of them in memory, the others read where they are needed. A read never asks
//! for more than its caller's fixed limits, whatever numbers the file holds.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rawzip::{FileReader, ReaderAt};

use crate::source::Progress;
use crate::source::fault::{FileFault, Special, Trouble};
use crate::source::remote::Object;
#[cfg(feature = "remote")]
use crate::source::remote::{Pieces, Reader};

/// An open file and its first bytes.
pub struct Input<'a> {
    file: Held<'a>,
    /// The first bytes of the file; all of them if it is small.
    pub head: &'a [u8],
    /// Bytes of the file when it was opened.
    pub size: u64,
}

/// Where the bytes come from.
enum Held<'a> {
    Own(FileReader),
    /// A file that others read as well.
    Shared(Arc<FileReader>),
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
            Self::Own(file) => file.read_at(buffer, offset),
            Self::Shared(file) => file.read_at(buffer, offset),
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
        Self::over(open_now(path)?, buffer)
    }

    /// The same for one of many files, most of which stand in the folder of the one before.
    pub(super) fn open_beside(opener: &mut Opener, path: &Path, buffer: &'a mut [u8]) -> io::Result<Self> {
        Self::over(opener.open(path)?, buffer)
    }

    /// The same of a file that is open.
    pub(super) fn over(file: File, buffer: &'a mut [u8]) -> io::Result<Self> {
        let mut file = FileReader::from(file);
        let read = file.read_at(buffer, 0)?;
        let size = if read < buffer.len() { read as u64 } else { io::Seek::seek(&mut file, io::SeekFrom::End(0))? };
        Ok(Self { file: Held::Own(file), head: &buffer[..read], size })
    }

    /// Opens an object. Nothing of it is read yet, and reads of it end when the progress is stopped.
    #[cfg(feature = "remote")]
    pub(super) fn object(object: &Arc<Object>, progress: Option<&'a Progress>) -> io::Result<Self> {
        let reader = Reader::new(object, progress)?;
        let size = reader.size();
        Ok(Self { file: Held::Object(reader), head: &[], size })
    }

    #[cfg(not(feature = "remote"))]
    pub(super) fn object(object: &Arc<Object>, _: Option<&'a Progress>) -> io::Result<Self> {
        match **object {}
    }

    /// An object of which some bytes are here.
    #[cfg(feature = "remote")]
    pub(super) fn pieces(pieces: &'a Pieces, head: &'a [u8]) -> Self {
        Self { file: Held::Pieces(pieces), head, size: pieces.size }
    }

    /// A file of `size` bytes that others read as well.
    pub(crate) fn shared(file: &Arc<FileReader>, size: u64, buffer: &'a mut [u8]) -> io::Result<Self> {
        let read = file.read_at(buffer, 0)?;
        Ok(Self { file: Held::Shared(Arc::clone(file)), head: &buffer[..read], size })
    }

    /// `wanted` bytes from `offset`, where they are in memory.
    pub(super) fn known(&self, offset: u64, wanted: usize) -> Option<&[u8]> {
        let start = usize::try_from(offset).ok()?;
        self.head.get(start..start.checked_add(wanted)?)
    }

    /// `wanted` bytes from `offset`, fewer where the file ends before. A file that became shorter since it was opened
    /// is [`io::ErrorKind::UnexpectedEof`].
    pub fn at<'s>(&'s self, offset: u64, wanted: usize, scratch: &'s mut Vec<u8>) -> io::Result<&'s [u8]> {
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = wanted.min(left);
        if let Some(bytes) = self.known(offset, wanted) {
            return Ok(bytes);
        }
        if scratch.len() < wanted {
            scratch.resize(wanted, 0);
        }
        self.file.read_exact_at(&mut scratch[..wanted], offset)?;
        Ok(&scratch[..wanted])
    }
}

/// A part of a file that is kept for somebody who reads small pieces one behind another.
#[derive(Default)]
pub(super) struct Ahead {
    bytes: Vec<u8>,
    start: u64,
}

impl Ahead {
    /// Bytes that are read at once, where little of them would be for nothing.
    const WINDOW: usize = 64 * 1024;

    /// Forgets what it holds, which was of another file.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.start = 0;
    }

    /// As [`Input::at`]. Where `dense`, the next pieces are likely to stand right behind.
    pub(super) fn at<'s>(
        &'s mut self,
        input: &'s Input<'_>,
        offset: u64,
        wanted: usize,
        dense: bool,
    ) -> io::Result<&'s [u8]> {
        let left = usize::try_from(input.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = wanted.min(left);
        if input.known(offset, wanted).is_none() && self.place(offset, wanted).is_none() {
            // Whoever jumps about would read everything again and again.
            let near = offset.checked_sub(self.start).is_some_and(|gap| gap <= 2 * Self::WINDOW as u64);
            let size = if dense && near { wanted.max(Self::WINDOW).min(left) } else { wanted };
            self.bytes.resize(size, 0);
            self.start = offset;
            if let Err(error) = input.file.read_exact_at(&mut self.bytes, offset) {
                self.clear();
                return Err(error);
            }
        }
        let place = self.place(offset, wanted).unwrap_or(0..0);
        Ok(input.known(offset, wanted).unwrap_or_else(|| &self.bytes[place]))
    }

    fn place(&self, offset: u64, wanted: usize) -> Option<std::ops::Range<usize>> {
        let start = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        let end = start.checked_add(wanted)?;
        (end <= self.bytes.len()).then_some(start..end)
    }
}

impl Input<'_> {
    /// The file, if nobody else reads it.
    pub(super) fn into_file(self) -> Option<File> {
        match self.file {
            Held::Own(file) => Some(file.into_inner()),
            Held::Shared(file) => Arc::into_inner(file).map(FileReader::into_inner),
            #[cfg(feature = "remote")]
            Held::Pieces(_) | Held::Object(_) => None,
            #[cfg(not(feature = "remote"))]
            Held::Never(never, _) => match never {},
        }
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

/// Opens files one after another. From the second one in a folder on they are opened relative to it, so that the system
/// need not walk to it again; one folder is open at a time.
#[derive(Default)]
pub(super) struct Opener {
    /// The folder of the last file, with a slash behind it.
    #[cfg(unix)]
    parent: Vec<u8>,
    #[cfg(unix)]
    folder: Parent,
}

/// The folder of the last file.
#[cfg(unix)]
#[derive(Default)]
enum Parent {
    #[default]
    New,
    Open(rustix::fd::OwnedFd),
    /// It cannot be opened, or is none.
    Shut,
}

impl Opener {
    #[cfg(unix)]
    fn open(&mut self, path: &Path) -> io::Result<File> {
        use rustix::fs::{CWD, Mode, OFlags, openat};
        use rustix::io::retry_on_intr;
        use std::os::unix::ffi::OsStrExt as _;

        let text = path.as_os_str().as_bytes();
        let name = text.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
        if self.parent != text[..name] {
            self.parent.clear();
            self.parent.extend_from_slice(&text[..name]);
            self.folder = if name > 0 && name < text.len() { Parent::New } else { Parent::Shut };
            return open_now(path);
        }
        if matches!(self.folder, Parent::New) {
            let flags = SEARCHED | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let folder = retry_on_intr(|| openat(CWD, &*self.parent, flags, Mode::empty()));
            self.folder = folder.map_or(Parent::Shut, Parent::Open);
        }
        let Parent::Open(folder) = &self.folder else { return open_now(path) };
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(retry_on_intr(|| openat(folder, &text[name..], flags, Mode::empty())).map(File::from)?)
    }

    #[cfg(not(unix))]
    fn open(&mut self, path: &Path) -> io::Result<File> {
        open_now(path)
    }
}

/// A folder that is opened to reach what is in it need not be readable, where the system knows the difference.
#[cfg(any(target_os = "linux", target_os = "android"))]
const SEARCHED: rustix::fs::OFlags = rustix::fs::OFlags::PATH;
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
const SEARCHED: rustix::fs::OFlags = rustix::fs::OFlags::RDONLY;

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
