//! Files that hold no arrays, and what they really are.

use super::{Findings, Group, Judge, Looked, Needs, Rule, SourceCx};
use crate::diagnostic::{Finding, Level, quantity};
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

/// What `np.load` says of everything that it does not recognise.
const PICKLED: &str = "`np.load` stops: `This file contains pickled (object) data. If you trust the file you can load \
                       it unsafely`, which is not true: with `allow_pickle=True` it fails as well, or runs whatever \
                       code the file holds";
const NOT_ZIP: &str = "`np.load` stops: `BadZipFile: File is not a zip file`";
const AN_ARRAY_FILE: &str = "Every file that is checked is a .npy or .npz file.";

fn judge(cx: &SourceCx<'_>, out: &mut Findings) -> Looked {
    cx.each_fault(out, |fault| match &fault.kind {
        FaultKind::File(file) => Some(describe(cx, fault, file)),
        _ => None,
    });
    Looked::Yes
}

fn describe(cx: &SourceCx<'_>, fault: &Fault, file: &FileFault) -> Finding {
    let say = |message: &str, expected: &str, found: &str| cx.finding(fault, "", message, expected, found);
    let size = |bytes: u64, message: &str, found: &str| {
        cx.finding(fault, quantity::exact_bytes(bytes), message, "The file is whole.", found)
    };
    match file {
        FileFault::NotFound => say("file does not exist", "Every path that is named exists.", "nothing of that name")
            .help("check the spelling, and the folder you are in"),
        FileFault::DanglingLink => say("symbolic link points to nothing", "Links lead to files.", "a dangling link")
            .cause("what it points to was moved or deleted, or lies on a disk that is not mounted"),
        FileFault::LinkLoop => {
            say("symbolic links lead in a circle", "Links lead to files.", "a link to itself or to a folder above it")
        }
        FileFault::PermissionDenied => say("no permission to read it", "The file may be read.", "access denied")
            .help("`ls -l` shows who may read it; `chmod` or its owner can change that"),
        FileFault::Special(what) => {
            let found = match what {
                Special::Pipe => "a named pipe",
                Special::Socket => "a socket",
                Special::Device => "a device",
                Special::Unknown => "something else",
            };
            say("not a regular file, and not opened", AN_ARRAY_FILE, found).level(Level::Note)
        }
        FileFault::Unopenable(why) => cx.finding(
            fault,
            shown(why, 200),
            "file cannot be read",
            "The file can be opened and read.",
            "an error of the system",
        ),
        FileFault::Changed => say(
            "file became shorter while it was read",
            "Files do not change while they are checked.",
            "fewer bytes than a moment before",
        )
        .cause("a job is still writing it")
        .help("check when the job is done; let it write under another name and rename at the end"),
        FileFault::Empty => say("file is empty", "The file is whole.", "0 bytes")
            .cause("the writer was stopped before its first byte reached the disk, or the disk was full")
            .consequence("`np.load` stops: `EOFError: No data left in file`")
            .help("write or download it again"),
        FileFault::Zeros { bytes } => {
            size(*bytes, "file holds nothing but zero bytes", "zero bytes where the header should be")
                .cause(
                    "its contents were lost: a crash, a full disk or a broken download can leave a file of the right \
                     size without data",
                )
                .consequence(PICKLED)
                .help("write or download it again")
        }
        FileFault::TooShort { bytes } => {
            size(*bytes, "file ends inside the .npy header", "the first few bytes of a .npy file")
                .cause("the write or the download was cut short")
                .consequence("`np.load` stops: `EOF: reading magic string, expected 8 bytes`")
                .help("write or download it again")
        }
        FileFault::Other(looks) => other(cx, fault, *looks),
        FileFault::NpyNamedNpz => {
            say("single .npy array is named .npz", "The name says what the file is.", "one array without a key")
                .level(Level::Warning)
                .consequence(
                    "`np.load` gives the array itself, so `data[\"x\"]` stops: `IndexError: only integers, slices \
                     (`:`), ...`",
                )
                .help("rename it to .npy; `np.savez(path, x=x)` writes an archive")
        }
        FileFault::NpzNamedNpy => say(".npz archive is named .npy", "The name says what the file is.", "a zip archive")
            .consequence(
                "`np.load` gives an `NpzFile`, and what expects an array stops or makes an array of one object of \
                 it",
            )
            .help("rename it to .npz"),
        FileFault::NoEndRecord => {
            say("archive is cut short", "The archive is whole.", "a zip archive without its end record")
                .cause("the write or the download was cut short: a zip archive is complete only with its last bytes")
                .consequence(NOT_ZIP)
                .help("write or download it again")
        }
        FileFault::EndRecordTooFar { after } => cx
            .finding(
                fault,
                format!("{} after the archive", quantity::exact_bytes(*after)),
                "archive is followed by more bytes than Python looks through",
                "The archive ends with the file.",
                "an end record more than 65,557 bytes from the end",
            )
            .cause("the file was padded, or overwrote a longer one without shortening it")
            .consequence(NOT_ZIP),
        FileFault::BytesBefore { bytes } => {
            size(*bytes, "archive does not start at the first byte", "other bytes in front of the archive")
                .consequence(PICKLED)
                .help("`zip -J file.npz` strips what is in front")
        }
        FileFault::HeadMissing { bytes } => size(
            *bytes,
            "first bytes of the archive are missing",
            "an end record that speaks of more \
             bytes than there are",
        )
        .cause("a download was resumed at the wrong place, or the file was cut at the front")
        .consequence(PICKLED)
        .help("write or download it again"),
        FileFault::NoArrays => {
            say("archive holds no arrays", "An .npz archive holds at least one array.", "no .npy member")
                .level(Level::Warning)
                .cause("`np.savez(path)` was called without arrays, or the archive is of another kind")
        }
    }
}

/// A file of another kind: what it is, what it is told by, and what to do with it.
fn other(cx: &SourceCx<'_>, fault: &Fault, looks: Looks) -> Finding {
    let (message, found, help) = match looks {
        Looks::TextModeNpy => (
            ".npy file was damaged by a text-mode copy",
            "the first byte, 0x93, re-encoded as text",
            "copy it again as binary; where git did it, `*.npy binary` in .gitattributes keeps it from doing \
             so again",
        ),
        Looks::DamagedMagic => (
            ".npy file has damaged first bytes",
            "`NUMPY` without the byte 0x93 in front",
            "write or copy it again as binary: other bytes may be lost the same way",
        ),
        Looks::Gzip => (
            "gzip data, not a .npy file",
            "the first bytes of gzip",
            "`gunzip` it first, or load it with `np.load(gzip.open(path))`",
        ),
        Looks::Compressed => {
            ("compressed data, not a .npy file", "the first bytes of bzip2, xz or zstd", "decompress it first")
        }
        Looks::Pickle => (
            "Python pickle, not a .npy file",
            "the first bytes of a pickle",
            "loading a pickle runs whatever code it holds; where you trust it: `np.save(path, \
             np.asarray(pickle.load(f)))`",
        ),
        Looks::Hdf5 => (
            "HDF5 file, not a .npy file",
            "the first bytes of HDF5",
            "`h5py.File(path)[\"x\"][:]` gives an array for `np.save`",
        ),
        Looks::Matlab => (
            "MATLAB file, not a .npy file",
            "the first bytes of a MAT-file",
            "`scipy.io.loadmat(path)[\"x\"]` gives an array for `np.save`",
        ),
        Looks::Image => (
            "image, not a .npy file",
            "the first bytes of an image",
            "`np.asarray(PIL.Image.open(path))` gives an array for `np.save`",
        ),
        Looks::LfsPointer => (
            "Git LFS pointer, not the data",
            "a few lines of text that name the data",
            "`git lfs install`, then `git lfs pull`",
        ),
        Looks::Html => (
            "HTML page, not a .npy file",
            "the first bytes of a web page",
            "the download ended at a login, quota or error page: open the page, and download again",
        ),
        Looks::Json => (
            "JSON text, not a .npy file",
            "text that starts like JSON",
            "`np.asarray(json.load(f))` gives an array for `np.save`",
        ),
        Looks::AppleDouble => {
            ("macOS metadata, not data", "what macOS leaves beside a file", "delete it: `find . -name '._*' -delete`")
        }
        Looks::Text => (
            "text, not a .npy file",
            "plain text",
            "`savetxt` writes text: load it with \
             `np.loadtxt`, then `np.save`",
        ),
        Looks::Unknown => (
            "not a .npy file",
            "first bytes of no known format",
            "`tofile` writes no header: load it with `np.fromfile(path, dtype=...)`, reshape, then `np.save`",
        ),
    };
    cx.finding(fault, "", message, AN_ARRAY_FILE, found).consequence(PICKLED).help(help)
}
