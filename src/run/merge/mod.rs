//! Saved facts of many parts put together without holding them: the parts are in natural order of their paths, as they are
//! written, so the least path of all is in one of their next lines. Memory grows with the number of parts, not with
//! their lines.

mod index;
mod part;

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Fault};
use crate::facts::parts::Parts;
use crate::facts::saved::{self, SavedError};
use crate::facts::{Seams, are_different, tie};
use crate::source::shard::Files;
use crate::source::walk::natural;
use crate::source::{Progress, SourceFacts};
use index::Index;
use part::{Entry, Reader};

/// Facts that are ready to be written.
pub struct Merge {
    index: Index,
    /// The shards whose facts these are; none where they are whole.
    pub parts: Parts,
    /// Where the facts do not agree.
    pub seams: Seams,
}

/// Looks through the files: what they are of, and where in them the facts are in order. `-` is stdin. Without
/// `allow_missing`, missing shards are an error.
pub fn merge(files: &[PathBuf], allow_missing: bool, progress: &Progress) -> Result<Merge, Error> {
    let mut index = Index::default();
    for file in files {
        index.add(file, progress)?;
    }
    let mut merge = Merge { index, parts: Parts::default(), seams: Seams::default() };
    for part in &merge.index.parts {
        merge.parts.add(part);
    }
    merge.seams.asks = merge.parts.asks().collect();
    let mut parts = std::mem::take(&mut merge.parts);
    parts.settle(|| merge.files(progress))?;
    merge.parts = parts;
    match merge.parts.lack().filter(|_| !allow_missing) {
        None => Ok(merge),
        Some(lack) => {
            let help = merge.parts.help().unwrap_or_default();
            Err(Fault::new(lack).help(format!("{help}, or merge what is there: `--allow-missing`")).into())
        }
    }
}

/// Why facts were not merged.
#[derive(Debug)]
pub enum Failed {
    /// They cannot be written.
    Write(io::Error),
    /// They cannot be read.
    Facts(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Facts(error)
    }
}

impl Merge {
    /// Writes the facts, and tells of how many files they are.
    pub fn write(&mut self, out: &mut dyn Write, progress: &Progress) -> Result<u64, Failed> {
        let to = |error: SavedError| match error {
            SavedError::Io(error) => Failed::Write(error),
            other => Failed::Write(io::Error::other(other)),
        };
        saved::write_head(&self.parts, out).map_err(to)?;
        let mut queue = Queue::open(&self.index)?;
        let (mut values, mut files, mut alike) = (0, 0, Vec::new());
        while queue.next(&mut alike)? {
            stopped(progress)?;
            let source = kept(&self.index, &alike, &mut self.seams, &mut values)?;
            saved::write_source(&source, out).map_err(to)?;
            files += 1;
        }
        Ok(files)
    }

    /// Which files all the facts are of.
    fn files(&self, progress: &Progress) -> Result<Files, Error> {
        let mut queue = Queue::open(&self.index)?;
        let (mut files, mut alike) = (Files::default(), Vec::new());
        while queue.next(&mut alike)? {
            stopped(progress)?;
            files.add(&alike[0].path);
        }
        Ok(files)
    }
}

/// What one file is said to be: of several looks at it, the same one as [`crate::facts::Facts::new`] keeps.
fn kept(index: &Index, alike: &[Entry], seams: &mut Seams, values: &mut u64) -> Result<SourceFacts, Error> {
    let mut read = |entry: &Entry| {
        saved::source(&entry.line, entry.number, values).map_err(|error| index.trouble(entry.file, &error))
    };
    let mut kept = read(&alike[0])?;
    for other in alike.iter().skip(1).filter(|other| other.line != alike[0].line) {
        let mut other = read(other)?;
        if are_different(&kept, &other) {
            seams.changed.insert(kept.path.clone());
        }
        if tie(&other) < tie(&kept) {
            std::mem::swap(&mut kept, &mut other);
        }
    }
    Ok(kept)
}

fn stopped(progress: &Progress) -> Result<(), Error> {
    if progress.stopped() { Err(Error::plain("interrupted, so nothing was written")) } else { Ok(()) }
}

fn cannot(name: &str, error: &io::Error) -> Error {
    Error::plain(format!("cannot read {name}: {error}"))
}

fn name_of(file: &Path) -> String {
    if file == Path::new("-") { "stdin".into() } else { crate::source::text::shown(&file.display().to_string(), 400) }
}

/// The next line of every stretch of facts that is in order, the least path first.
struct Queue<'i> {
    readers: Vec<Reader<'i>>,
    heap: BinaryHeap<First>,
}

/// The next line of the reader with that number.
struct First {
    entry: Entry,
    reader: usize,
}

impl Ord for First {
    /// The least path is the greatest, as the heap wants it.
    fn cmp(&self, other: &Self) -> Ordering {
        natural(&other.entry.path, &self.entry.path).then(other.reader.cmp(&self.reader))
    }
}

impl PartialOrd for First {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for First {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for First {}

impl<'i> Queue<'i> {
    fn open(index: &'i Index) -> Result<Self, Error> {
        let readers: Vec<Reader<'i>> = index.stretches.iter().map(|stretch| Reader::new(index, stretch)).collect();
        let mut queue = Self { readers, heap: BinaryHeap::new() };
        for reader in 0..queue.readers.len() {
            queue.refill(reader)?;
        }
        Ok(queue)
    }

    fn refill(&mut self, reader: usize) -> Result<(), Error> {
        let entry = self.readers[reader].next()?;
        self.heap.extend(entry.map(|entry| First { entry, reader }));
        Ok(())
    }

    /// Puts all lines about the next path into `alike`. Whether there is one.
    fn next(&mut self, alike: &mut Vec<Entry>) -> Result<bool, Error> {
        alike.clear();
        while let Some(first) = self.heap.peek() {
            if alike.first().is_some_and(|known| known.path != first.entry.path) {
                break;
            }
            let Some(First { entry, reader }) = self.heap.pop() else { break };
            alike.push(entry);
            self.refill(reader)?;
        }
        Ok(!alike.is_empty())
    }
}
