//! Finding arrays: walk the paths, open regular files, recognise them by content, read headers.
//!
//! A source never fails: whatever is wrong with a file is written down as a [`Fault`], and the other files are
//! still read. Nothing here says how bad a fault is; that is the business of the rules.

mod ahead;
pub mod budget;
pub mod capture;
mod changed;
mod data;
pub mod fault;
pub mod input;
pub mod list;
mod memo;
pub mod npy;
pub mod npz;
mod read;
pub mod remote;
mod seen;
pub mod shard;
mod small;
pub mod sniff;
mod stamp;
mod start;
pub mod text;
pub mod walk;

use std::io;
use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use capture::{Capture, Leaf, Yielded};
pub use data::Data;
pub use fault::{Fault, FaultKind, FileFault};
use memo::Memos;
pub use memo::{Memo, Work};
pub use read::{Progress, Question, Reach, read_all};
pub use seen::{Seen, Spot};
pub use small::{Room, Small};
pub use stamp::Stamp;
pub use start::first_bytes;
pub use text::Excerpt;
pub use walk::{Target, walk};

use crate::config::limits::Limits;
use crate::spec::dtype::Dtype;
use crate::values::{Layout, Unread, ValueFacts};
use input::Input;

/// Files that one task of a parallel scan reads at least.
const FILES_PER_TASK: usize = 32;
/// Threads that read headers for each processor, and in all.
const THREADS_PER_CORE: usize = 4;
const MAX_THREADS: usize = 32;

/// A kind of file that holds arrays. The content of a file decides which it is, never its name.
pub trait Format: Sync {
    /// What files of the format are called in the facts.
    fn kind(&self) -> SourceKind;

    /// Whether a file that starts with these bytes is of the format.
    fn recognises(&self, head: &[u8]) -> bool;

    /// Writes down the arrays and the faults. An error ends the file; what was seen of it is kept.
    fn scan(&self, input: &Input<'_>, work: &mut Work, seen: &mut Seen) -> io::Result<()>;
}

/// Every format that is read.
pub static FORMATS: &[&dyn Format] = &[&npy::Npy, &npz::Npz];

/// Reads the headers of one file.
#[must_use]
pub fn scan(target: &Target, memo: &mut Memo) -> SourceFacts {
    if let Some(fault) = target.trouble() {
        return unopened(target, fault.clone(), 0);
    }
    let path = target.open_path();
    // What it is called, or will be.
    let named_npz = has_extension(&target.path, *b".npz");
    let (buffer, opener, work) = memo.split(if named_npz { memo::FIRST_READ_NPZ } else { memo::FIRST_READ });
    match Input::open_beside(opener, path, buffer) {
        Ok(input) => look_into(&input, target, work),
        Err(error) => unopened(target, input::fault_of(&error, path), 0),
    }
}

/// What is known of a file that was not opened.
fn unopened(target: &Target, fault: FileFault, size: u64) -> SourceFacts {
    let mut seen = Seen::new(Arc::clone(&target.path));
    seen.fault(&Spot::default(), FaultKind::File(fault));
    seen.finish(target, SourceKind::Other, size)
}

/// Reads the headers of what was opened.
fn look_into(input: &Input<'_>, target: &Target, work: &mut Work) -> SourceFacts {
    let mut seen = Seen::new(Arc::clone(&target.path));
    let file = Spot::default();
    let Some(format) = FORMATS.iter().find(|format| format.recognises(input.head)) else {
        let fault = npz::misplaced(input, work).unwrap_or_else(|| impostor(input, work));
        seen.fault(&file, FaultKind::File(fault));
        return seen.finish(target, SourceKind::Other, input.size);
    };
    match format.kind() {
        SourceKind::Npy if has_extension(&target.path, *b".npz") => {
            seen.fault(&file, FaultKind::File(FileFault::NpyNamedNpz));
        }
        SourceKind::Npz if has_extension(&target.path, *b".npy") => {
            seen.fault(&file, FaultKind::File(FileFault::NpzNamedNpy));
        }
        _ => {}
    }
    if let Err(error) = format.scan(input, work, &mut seen) {
        seen.fault(&file, FaultKind::File(input::fault_of(&error, target.open_path())));
    }
    let mut facts = seen.finish(target, format.kind(), input.size);
    // Of an object one version is read, whenever it is.
    if target.object().is_none() {
        facts.small = work.room.keep(input, &facts);
    }
    facts
}

/// Reads the headers of all files, on all threads. The order is that of the targets. `None` if somebody stopped it: what
/// some of the files hold says little about the others, and nothing about what is missing. The data of small files is kept
/// as far as there is room.
#[must_use]
pub fn scan_all(targets: &[Target], limits: Limits, room: &Room, progress: &Progress) -> Option<Vec<SourceFacts>> {
    let mut memo = Memo::new(limits).keeping(room);
    let far = remote::scan_all(targets, &memo, progress)?;
    let scan = |memo: &mut Memo, (place, target): (usize, &Target)| match far.take(place) {
        _ if progress.stopped() => unseen(target),
        Some(facts) => facts,
        None => scan(target, memo),
    };
    // Threads that have nothing to do are slow to start.
    let sources: Vec<SourceFacts> = if targets.len() <= FILES_PER_TASK {
        targets.iter().enumerate().map(|target| scan(&mut memo, target)).collect()
    } else {
        let memos = Memos::new(memo);
        let all = || {
            let tasks = targets.par_iter().enumerate().with_min_len(FILES_PER_TASK);
            tasks.map_init(|| memos.lend(), |memo, target| scan(memo, target)).collect()
        };
        match waiting_threads() {
            Some(pool) => pool.install(all),
            None => all(),
        }
    };
    // Somebody who stopped it does not start it again.
    (!progress.stopped()).then_some(sources)
}

/// More threads than processors, as they mostly wait for the disk or the network. Whoever says how many threads there are
/// means these, too.
fn waiting_threads() -> Option<rayon::ThreadPool> {
    if std::env::var_os("RAYON_NUM_THREADS").is_some() {
        return None;
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    rayon::ThreadPoolBuilder::new().num_threads((cores * THREADS_PER_CORE).min(MAX_THREADS)).build().ok()
}

/// Holds the place of a file that is not read any more.
fn unseen(target: &Target) -> SourceFacts {
    Seen::new(Arc::clone(&target.path)).finish(target, SourceKind::Other, 0)
}

/// What a file is that no format recognises.
fn impostor(input: &Input<'_>, work: &mut Work) -> FileFault {
    let bytes = input.size;
    if bytes == 0 {
        FileFault::Empty
    } else if npy::header::MAGIC.starts_with(input.head) {
        FileFault::TooShort { bytes }
    } else if input.is_zero(&mut work.scratch) {
        FileFault::Zeros { bytes }
    } else {
        FileFault::Other(sniff::looks(input.head))
    }
}

/// Whether the name ends so, with something in front of it.
fn has_extension(path: &str, extension: [u8; 4]) -> bool {
    path.as_bytes()
        .split_last_chunk::<4>()
        .is_some_and(|(name, end)| end.eq_ignore_ascii_case(&extension) && !matches!(name.last(), None | Some(b'/')))
}

/// What a file turned out to be, whatever its name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// One array, or several behind one another.
    Npy,
    /// A zip archive of arrays.
    Npz,
    /// One batch that a running program handed out.
    Live,
    /// Not an array file; the faults say what it is.
    Other,
}

/// Everything that was seen of one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceFacts {
    /// The path, relative to the working directory where it is below it, `/` between the parts. Not escaped.
    pub path: Arc<str>,
    /// What the user named to reach it: the folder as typed, or empty for a file that was named itself.
    pub root: Arc<str>,
    /// What the content is.
    pub kind: SourceKind,
    /// Bytes of the file.
    pub size: u64,
    /// The arrays that could be described, in file order. A truncated array is among them; a malformed one is not.
    pub arrays: Vec<ArrayFacts>,
    /// What is wrong with the file or its members.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// What only a live capture sees of a batch; `None` for files. Not saved: what is saved was read from files.
    #[serde(skip)]
    pub yielded: Option<Arc<Yielded>>,
    /// Its data, where it is small and somebody will look at it.
    #[serde(skip)]
    pub small: Small,
}

/// One array of a source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArrayFacts {
    /// What a program calls it: the npz key (member name without `.npy`), the file stem, or the way to it in a batch that was
    /// handed out (`0`, `image`, `0.image`; empty for a batch that is one array). Not escaped.
    pub key: Arc<str>,
    /// The member's name as stored; `None` in a .npy file. Not escaped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Arc<str>>,
    /// Which of several arrays in one .npy, from 0. Always 0 in an archive.
    pub ordinal: u32,
    /// Type, shape and order. Shared between arrays whose headers are equal.
    pub header: Arc<Header>,
    /// What its values are; `None` where nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<Arc<Reading>>,
    /// Where its bytes lie.
    #[serde(skip)]
    pub location: Location,
    /// What only a live capture sees of it; `None` in files. Not saved, as that of the batch.
    #[serde(skip)]
    pub leaf: Option<Arc<Leaf>>,
}

impl ArrayFacts {
    /// What its values are, where they were read.
    #[must_use]
    pub fn values(&self) -> Option<&ValueFacts> {
        match self.reading.as_deref() {
            Some(Reading::Read(values)) => Some(values),
            _ => None,
        }
    }
}

/// What came of looking at the values of an array.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// They were read, all of them.
    Read(Box<ValueFacts>),
    /// They are not known, and why.
    Unread(Unread),
}

/// Where the bytes of an array lie in its file. That says nothing about the data: it is not saved, and facts that differ
/// in it alone are equal.
#[derive(Debug, Clone, Copy, Default)]
pub struct Location {
    /// Where the header starts, or the data of the member that it is the start of.
    pub start: u64,
    /// Bytes of the header.
    pub header: u64,
    /// Hash of the header's bytes, which tells another file of the same size; 0 in an archive, where checksums do.
    pub digest: u64,
    /// The member around it.
    pub member: Option<Stored>,
}

/// How a member of an archive is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Bytes in the file.
    pub stored: u64,
    /// Bytes that should come out.
    pub declared: u64,
    /// The checksum of what should come out.
    pub crc: u32,
    /// Whether it is deflated.
    pub deflated: bool,
}

impl PartialEq for Location {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Location {}

/// What a header says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Header {
    /// Element type.
    pub dtype: Dtype,
    /// Sizes of the axes, first axis first; empty for a scalar.
    pub shape: Vec<u64>,
    /// Whether the first axis varies fastest (Fortran order).
    pub fortran: bool,
}

impl Header {
    /// Elements of the array. The reader has refused shapes whose product overflows.
    #[must_use]
    pub fn elements(&self) -> u64 {
        if self.shape.contains(&0) { 0 } else { self.shape.iter().fold(1, |all, size| all.saturating_mul(*size)) }
    }

    /// Bytes of data the header asks for.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.elements().saturating_mul(self.dtype.size)
    }

    /// What a pass over the values needs to know.
    #[must_use]
    pub fn layout(&self) -> Layout<'_> {
        Layout { dtype: &self.dtype, shape: &self.shape, fortran: self.fortran }
    }

    /// The shape as people write it: `[32, 32, 3]`.
    #[must_use]
    pub fn shape_text(&self) -> String {
        shape_text(&self.shape)
    }
}

/// A shape as people write it: `[32, 32, 3]`.
#[must_use]
pub fn shape_text(shape: &[u64]) -> String {
    let sizes: Vec<String> = shape.iter().map(u64::to_string).collect();
    format!("[{}]", sizes.join(", "))
}
