//! Files that hold no arrays, and what they really are.

use super::stores;
use super::{Findings, Group, Judge, Looked, Needs, Rule, SourceCx};
use crate::diagnostic::quantity::exact_bytes;
use crate::diagnostic::{Finding, Level};
use crate::source::fault::{Fault, FaultKind, FileFault, Looks, Special};
use crate::source::text::shown;

pub(super) static RULE: Rule = Rule {
    id: "unreadable-source",
    group: Group::Source,
    level: Level::Error,
    finds: "files that hold no arrays, and what they really are",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/unreadable-source.md"),
    judge: Judge::Source(judge),
};

const ARRAYS: &str = "Every file that is checked is a .npy or .npz file.";
const WHOLE: &str = "The file is whole.";
const READABLE: &str = "Every path that is named can be read.";
const NAMED: &str = "The name says what the file is.";
const AGAIN: &str = "write or download it again";
const CUT: &str = "the write or the download was cut short";
/// What `np.load` says of everything that it does not recognise.
const PICKLED: &str = "`np.load` stops: `This file contains pickled (object) data. If you trust the file you can load \
                       it unsafely`, which is not true: with `allow_pickle=True` it fails as well, or runs whatever \
                       code the file holds";
const NOT_ZIP: &str = "`np.load` stops: `BadZipFile: File is not a zip file`";

fn judge(cx: &SourceCx<'_>, out: &mut Findings) -> Looked {
    cx.each_fault(out, |fault| match &fault.kind {
        FaultKind::File(file) => Some(describe(cx, fault, file)),
        _ => None,
    });
    Looked::Yes
}

fn describe(cx: &SourceCx<'_>, fault: &Fault, file: &FileFault) -> Finding {
    let (message, expected, found) = words(file);
    let mut finding = cx.finding(fault, detail(file), message, expected, found);
    if let Some(cause) = cause(file) {
        finding = finding.cause(cause);
    }
    if let Some(consequence) = consequence(file) {
        finding = finding.consequence(consequence);
    }
    if let Some(help) = help(file) {
        finding = finding.help(help);
    }
    match file {
        FileFault::Special(_) => finding.level(Level::Note),
        FileFault::NpyNamedNpz | FileFault::NoArrays => finding.level(Level::Warning),
        _ => finding,
    }
}

/// The fault in one line, what must hold, and what was found.
fn words(file: &FileFault) -> (&'static str, &'static str, &'static str) {
    match file {
        FileFault::NotFound => ("file does not exist", READABLE, "nothing of that name"),
        FileFault::DanglingLink => ("symbolic link points to nothing", READABLE, "a dangling link"),
        FileFault::LinkLoop => {
            ("symbolic links lead in a circle", READABLE, "a link to itself or to a folder above it")
        }
        FileFault::PermissionDenied => ("no permission to read it", READABLE, "access denied"),
        FileFault::Special(Special::Pipe) => ("not a regular file, and not opened", ARRAYS, "a named pipe"),
        FileFault::Special(Special::Socket) => ("not a regular file, and not opened", ARRAYS, "a socket"),
        FileFault::Special(Special::Device) => ("not a regular file, and not opened", ARRAYS, "a device"),
        FileFault::Special(Special::Unknown) => ("not a regular file, and not opened", ARRAYS, "something else"),
        FileFault::Unopenable(_) => ("file cannot be read", READABLE, "an error of the system"),
        FileFault::Changed => (
            "file became shorter while it was read",
            "Files do not change while they are checked.",
            "fewer bytes than a moment before",
        ),
        FileFault::Remote(trouble) => stores::words(trouble),
        FileFault::Rewritten => (
            "file was written while it was read",
            "Files do not change while they are checked.",
            "other contents than a moment before",
        ),
        FileFault::Empty => ("file is empty", WHOLE, "0 bytes"),
        FileFault::Zeros { .. } => ("file holds nothing but zero bytes", WHOLE, "zero bytes in place of a header"),
        FileFault::TooShort { .. } => ("file ends inside the .npy header", WHOLE, "the first few bytes of a .npy file"),
        FileFault::NpyNamedNpz => ("single .npy array is named .npz", NAMED, "one array without a key"),
        FileFault::NpzNamedNpy => (".npz archive is named .npy", NAMED, "a zip archive"),
        FileFault::NoEndRecord => ("archive is cut short", WHOLE, "a zip archive without its end record"),
        FileFault::EndRecordTooFar { .. } => {
            ("more bytes follow the archive than Python looks through", WHOLE, "an end record far from the end")
        }
        FileFault::BytesBefore { .. } => ("archive does not start at the first byte", WHOLE, "other bytes in front"),
        FileFault::HeadMissing { .. } => {
            ("first bytes of the archive are missing", WHOLE, "the end of a longer archive")
        }
        FileFault::NoArrays => {
            ("archive holds no arrays", "An .npz archive holds at least one array.", "no member that is one")
        }
        FileFault::Other(looks) => match looks {
            Looks::TextModeNpy => {
                (".npy file was damaged by a text-mode copy", WHOLE, "the first byte, 0x93, re-encoded as text")
            }
            Looks::DamagedMagic => {
                (".npy file has damaged first bytes", WHOLE, "`NUMPY` without the byte 0x93 in front")
            }
            Looks::Gzip => ("gzip data, not a .npy file", ARRAYS, "the first bytes of gzip"),
            Looks::Compressed => ("compressed data, not a .npy file", ARRAYS, "the first bytes of bzip2, xz or zstd"),
            Looks::Pickle => ("Python pickle, not a .npy file", ARRAYS, "the first bytes of a pickle"),
            Looks::Hdf5 => ("HDF5 file, not a .npy file", ARRAYS, "the first bytes of HDF5"),
            Looks::Matlab => ("MATLAB file, not a .npy file", ARRAYS, "the first bytes of a MAT-file"),
            Looks::Image => ("image, not a .npy file", ARRAYS, "the first bytes of an image"),
            Looks::LfsPointer => ("Git LFS pointer, not the data", ARRAYS, "a few lines of text that name the data"),
            Looks::Html => ("HTML page, not a .npy file", ARRAYS, "the first bytes of a web page"),
            Looks::Json => ("JSON text, not a .npy file", ARRAYS, "text that starts like JSON"),
            Looks::AppleDouble => ("macOS metadata, not data", ARRAYS, "what macOS leaves beside a file"),
            Looks::Text => ("text, not a .npy file", ARRAYS, "plain text"),
            Looks::Unknown => ("not a .npy file", ARRAYS, "first bytes of no known format"),
        },
    }
}

/// The numbers of one file.
fn detail(file: &FileFault) -> String {
    match file {
        FileFault::Unopenable(why) => shown(why, 200),
        FileFault::Remote(trouble) => shown(&stores::detail(trouble), 400),
        FileFault::Zeros { bytes } | FileFault::TooShort { bytes } => exact_bytes(*bytes),
        FileFault::BytesBefore { bytes } => format!("{} in front", exact_bytes(*bytes)),
        FileFault::HeadMissing { bytes } => format!("{} missing", exact_bytes(*bytes)),
        FileFault::EndRecordTooFar { after } => format!("{} after the archive", exact_bytes(*after)),
        _ => String::new(),
    }
}

fn cause(file: &FileFault) -> Option<&'static str> {
    Some(match file {
        FileFault::Remote(trouble) => return stores::cause(trouble),
        FileFault::DanglingLink => "what it points to was moved or deleted, or lies on a disk that is not mounted",
        FileFault::Changed | FileFault::Rewritten => "a job is still writing it",
        FileFault::Empty => "the writer was stopped before its first byte reached the disk, or the disk was full",
        FileFault::Zeros { .. } => {
            "its contents were lost: a crash, a full disk or a broken download can leave a file of the right size \
             without data"
        }
        FileFault::TooShort { .. } => CUT,
        FileFault::NoEndRecord => {
            "the write or the download was cut short: an archive is complete with its last bytes only"
        }
        FileFault::EndRecordTooFar { .. } => "the file was padded, or written over a longer one",
        FileFault::HeadMissing { .. } => "a download was resumed at the wrong place, or the file was cut at the front",
        FileFault::NoArrays => "`np.savez(path)` was called without arrays, or the archive is of another kind",
        FileFault::Other(Looks::Html) => "the download ended at a login, quota or error page",
        FileFault::Other(Looks::LfsPointer) => "the repository was cloned without its large files",
        _ => return None,
    })
}

/// What `np.load` does.
fn consequence(file: &FileFault) -> Option<&'static str> {
    Some(match file {
        FileFault::Empty => "`np.load` stops: `EOFError: No data left in file`",
        FileFault::TooShort { .. } => "`np.load` stops: `EOF: reading ...`, or speaks of pickled data",
        FileFault::NpyNamedNpz => {
            "`np.load` gives the array itself, so `data[\"x\"]` stops: `IndexError: only integers, slices (...) ...`"
        }
        FileFault::NpzNamedNpy => "`np.load` gives an `NpzFile` where an array is expected",
        FileFault::NoEndRecord | FileFault::EndRecordTooFar { .. } => NOT_ZIP,
        FileFault::Other(_)
        | FileFault::Zeros { .. }
        | FileFault::BytesBefore { .. }
        | FileFault::HeadMissing { .. } => PICKLED,
        _ => return None,
    })
}

fn help(file: &FileFault) -> Option<&'static str> {
    Some(match file {
        FileFault::Remote(trouble) => return stores::help(trouble),
        FileFault::NotFound => "check the spelling, and the folder you are in",
        FileFault::PermissionDenied => "`ls -l` shows who may read it",
        FileFault::Changed | FileFault::Rewritten => {
            "check when the job is done; let it write under another name and rename at the end"
        }
        FileFault::NpyNamedNpz => "rename it to .npy; `np.savez(path, x=x)` writes an archive",
        FileFault::NpzNamedNpy => "rename it to .npz",
        FileFault::BytesBefore { .. } => "`zip -J file.npz` strips what is in front",
        FileFault::Empty
        | FileFault::Zeros { .. }
        | FileFault::TooShort { .. }
        | FileFault::NoEndRecord
        | FileFault::EndRecordTooFar { .. }
        | FileFault::HeadMissing { .. } => AGAIN,
        FileFault::Other(looks) => match looks {
            Looks::TextModeNpy | Looks::DamagedMagic => {
                "copy it again as binary; where git did it, `*.npy binary` in .gitattributes keeps it from doing so again"
            }
            Looks::Gzip => "`gunzip` it first, or load it with `np.load(gzip.open(path))`",
            Looks::Compressed => "decompress it first",
            Looks::Pickle => "where you trust it: `np.save(path, np.asarray(pickle.load(f)))`",
            Looks::Hdf5 => "`h5py.File(path)[\"x\"][:]` gives an array for `np.save`",
            Looks::Matlab => "`scipy.io.loadmat(path)[\"x\"]` gives an array for `np.save`",
            Looks::Image => "`np.asarray(PIL.Image.open(path))` gives an array for `np.save`",
            Looks::LfsPointer => "`git lfs install`, then `git lfs pull`",
            Looks::Html => "open the page in a browser, and download again",
            Looks::Json => "`np.asarray(json.load(f))` gives an array for `np.save`",
            Looks::AppleDouble => "delete it: `find . -name '._*' -delete`",
            Looks::Text => "`np.savetxt` writes text: load it with `np.loadtxt`, then `np.save`",
            Looks::Unknown => {
                "`tofile` writes no header: load it with `np.fromfile(path, dtype=...)`, reshape, then `np.save`"
            }
        },
        _ => return None,
    })
}
