//! What one thread keeps from file to file: buffers, headers it has read before, names it has seen before. Dumps hold
//! the same few headers thousands of times; each is parsed once and shared.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use flate2::Decompress;
use xxhash_rust::xxh3::xxh3_64;

use super::input::{Ahead, Opener};
use super::npy::header::{Raw, Read, read};
use super::npz::names::Name;
use super::small::Room;
use crate::config::limits::Limits;
use crate::source::Header;

/// Entries that a table keeps. Data whose headers or names are all different gains nothing from more.
const ENTRIES: usize = 4096;
/// Bytes of the first read of a .npy: header and data of a small one.
pub(super) const FIRST_READ: usize = 4096;
/// Bytes of the first read of a .npz: a small one is read whole.
pub(super) const FIRST_READ_NPZ: usize = 256 * 1024;

/// Headers by their bytes, for all threads of a scan.
type Shared = Arc<Mutex<HashMap<Box<[u8]>, Arc<Header>>>>;

/// What one thread keeps from file to file.
#[derive(Default)]
pub struct Memo {
    /// For the first bytes of a file.
    head: Vec<u8>,
    /// The folder of the last file.
    opener: Opener,
    /// For everything else.
    work: Work,
}

impl Memo {
    /// All but the buffer for the first read.
    #[cfg(feature = "remote")]
    pub(super) fn work(&mut self) -> &mut Work {
        &mut self.work
    }

    /// A memo for files that are read within these limits. That of the default has the limits of the default.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { work: Work { limits, ..Work::default() }, ..Self::default() }
    }

    /// The same memo for files whose values will be read.
    #[must_use]
    pub fn keeping(mut self, room: &Room) -> Self {
        self.work.room = room.clone();
        self
    }

    /// A memo for another thread, which shares the headers and the room of this one.
    #[must_use]
    pub fn fork(&self) -> Self {
        let tables = Tables { shared: Arc::clone(&self.work.tables.shared), ..Tables::default() };
        let (limits, room) = (self.work.limits, self.work.room.clone());
        Self { work: Work { limits, room, tables, ..Work::default() }, ..Self::default() }
    }

    /// The buffer for the first read, what opens the file, and the rest.
    pub(super) fn split(&mut self, first: usize) -> (&mut [u8], &mut Opener, &mut Work) {
        if self.head.len() < first {
            self.head.resize(first, 0);
        }
        (&mut self.head[..first], &mut self.opener, &mut self.work)
    }
}

/// Memos that tasks of a scan take in turn: as many as there are threads.
pub(super) struct Memos {
    first: Memo,
    idle: Mutex<Vec<Memo>>,
}

impl Memos {
    pub(super) fn new(first: Memo) -> Self {
        Self { first, idle: Mutex::default() }
    }

    /// A memo for a task, which goes back when it is dropped.
    pub(super) fn lend(&self) -> Lent<'_> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Lent { memos: self, memo: idle.unwrap_or_else(|| self.first.fork()) }
    }
}

/// A memo that a task has.
pub(super) struct Lent<'m> {
    memos: &'m Memos,
    memo: Memo,
}

impl std::ops::Deref for Lent<'_> {
    type Target = Memo;

    fn deref(&self) -> &Memo {
        &self.memo
    }
}

impl std::ops::DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut Memo {
        &mut self.memo
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let memo = std::mem::take(&mut self.memo);
        self.memos.idle.lock().unwrap_or_else(PoisonError::into_inner).push(memo);
    }
}

/// Buffers and tables.
#[derive(Default)]
pub struct Work {
    /// How much is read.
    pub(super) limits: Limits,
    /// Where the data of small files is kept.
    pub(super) room: Room,
    /// Bytes read from the file.
    pub(super) scratch: Vec<u8>,
    /// Members of an archive that follow each other, read at once.
    pub(super) ahead: Ahead,
    /// The directory of an archive.
    pub(super) directory: Vec<u8>,
    /// The names in the archive before, in order.
    pub(super) names: Vec<Arc<Name>>,
    /// Whether no two of them clash.
    pub(super) no_clash: bool,
    /// Inflated bytes of a member.
    pub(super) plain: Vec<u8>,
    /// Bytes that may still be inflated of one file only to learn how many they are.
    pub(super) allowance: u64,
    /// The inflater, which is slow to make.
    pub(super) inflater: Option<Decompress>,
    /// What was seen before.
    pub(super) tables: Tables,
}

/// Headers and names that were seen before. Only sound headers are kept: what is wrong with one has to be told anew
/// for every file.
#[derive(Default)]
pub(super) struct Tables {
    headers: Table<Header>,
    /// The one that was asked for last: mostly it is the next one, too.
    last: Option<(Box<[u8]>, u64, Arc<Header>)>,
    names: Table<Name>,
    shared: Shared,
}

impl Tables {
    /// What the header says, and how it was read if there is something wrong with it. In front, the hash of its bytes.
    pub(super) fn header<'r>(&mut self, raw: &Raw<'r>) -> (u64, Option<Arc<Header>>, Option<Read<'r>>) {
        if let Some((_, hash, header)) = self.last.as_ref().filter(|(bytes, ..)| **bytes == *raw.bytes) {
            return (*hash, Some(Arc::clone(header)), None);
        }
        let hash = xxh3_64(raw.bytes);
        let (header, read) = self.other(hash, raw);
        if let (Some(header), None) = (&header, &read) {
            self.last = Some((raw.bytes.into(), hash, Arc::clone(header)));
        }
        (hash, header, read)
    }

    /// The same for a header that is not the last one.
    fn other<'r>(&mut self, hash: u64, raw: &Raw<'r>) -> (Option<Arc<Header>>, Option<Read<'r>>) {
        if let Some(header) = self.headers.get(hash, raw.bytes) {
            return (Some(Arc::clone(header)), None);
        }
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let known = shared.get(raw.bytes).map(Arc::clone);
        let header = if let Some(header) = known {
            header
        } else {
            let mut read = read(raw);
            if !read.problems.is_empty() {
                return (read.header.take().map(Arc::new), Some(read));
            }
            let Some(header) = read.header.take().map(Arc::new) else { return (None, Some(read)) };
            if shared.len() < ENTRIES {
                shared.insert(raw.bytes.into(), Arc::clone(&header));
            }
            header
        };
        drop(shared);
        self.headers.keep(hash, raw.bytes, &header);
        (Some(header), None)
    }

    /// The name of a member, as the directory has it.
    pub(super) fn name(&mut self, bytes: &[u8], utf8: bool) -> Arc<Name> {
        // Outside ASCII the same bytes mean different names, depending on the flag.
        if !bytes.is_ascii() {
            return Arc::new(Name::new(bytes, utf8));
        }
        let hash = xxh3_64(bytes);
        if let Some(name) = self.names.get(hash, bytes) {
            return Arc::clone(name);
        }
        let name = Arc::new(Name::new(bytes, utf8));
        self.names.keep(hash, bytes, &name);
        name
    }
}

/// Values by the bytes that they were made of. Each hash has one place, which the last comer takes.
struct Table<T>(Vec<Option<Known<T>>>);

/// The bytes, and what they were made into.
type Known<T> = (Box<[u8]>, Arc<T>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Table<T> {
    fn place(hash: u64) -> usize {
        usize::try_from(hash % ENTRIES as u64).unwrap_or(0)
    }

    fn get(&self, hash: u64, bytes: &[u8]) -> Option<&Arc<T>> {
        let (known, value) = self.0.get(Self::place(hash))?.as_ref()?;
        (**known == *bytes).then_some(value)
    }

    fn keep(&mut self, hash: u64, bytes: &[u8], value: &Arc<T>) {
        if self.0.is_empty() {
            self.0.resize_with(ENTRIES, || None);
        }
        self.0[Self::place(hash)] = Some((bytes.into(), Arc::clone(value)));
    }
}
