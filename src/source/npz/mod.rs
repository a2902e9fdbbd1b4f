//! The .npz format: a zip archive with one .npy per member. Only headers are read; every entry of the directory is
//! looked at, both copies of a duplicate included.

mod inflate;
mod member;
pub(crate) mod names;
pub(crate) mod packed;

use std::io;
use std::sync::Arc;

use rawzip::{Error, MAX_CENTRAL_DIRECTORY_RECORD_SIZE, ZipArchive, ZipFileHeaderRecord, ZipLocator, ZipSliceArchive};

use crate::source::fault::{ArchiveFault, Fault, FaultKind, FileFault, Stray, Trailing};
use crate::source::input::{self, Input};
use crate::source::memo::Work;
use crate::source::{Format, Seen, SourceKind, Spot};
use member::{Entry, Extent};
use names::Name;

/// Bytes that are inflated of one archive only to learn how many they are, where its directory is in doubt.
const MEASURED: u64 = 64 << 20;
/// Bytes at the end of a file in which Python's `zipfile` looks for the end record.
const SEARCH: u64 = (1 << 16) + END as u64;
/// Bytes in which it is looked for when it is not there, to tell a long tail from a cut archive.
const LONG_SEARCH: u64 = 1 << 22;
/// Bytes of an end record, and of what stands in front of it in a zip64 archive.
const END: usize = 22;
const LOCATOR: usize = 20;
const END64: usize = 56;
/// Bytes of the shortest entry of a directory.
const LEAST: u64 = 46;
/// Arrays that room is made for before they are read.
const MOST_ROOM: u64 = 4096;
/// Bytes of sizes and checksum that may follow a member.
const MAX_DESCRIPTOR: u64 = 24;

/// The .npz format.
pub struct Npz;

impl Format for Npz {
    fn kind(&self) -> SourceKind {
        SourceKind::Npz
    }

    fn recognises(&self, head: &[u8]) -> bool {
        head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
    }

    fn scan(&self, input: &Input<'_>, work: &mut Work, seen: &mut Seen) -> io::Result<()> {
        let file = Spot::default();
        work.allowance = MEASURED;
        work.ahead.clear();
        let Some(end) = End::find(input, SEARCH, work)? else {
            let fault = match End::find(input, LONG_SEARCH, work)? {
                Some(end) => FileFault::EndRecordTooFar { after: input.size.saturating_sub(end.after) },
                None => FileFault::NoEndRecord,
            };
            seen.fault(&file, FaultKind::File(fault));
            return Ok(());
        };
        let mut directory = std::mem::take(&mut work.directory);
        let members = Members::read(input, &end, &mut directory, work, seen);
        work.directory = directory;
        members?.judge(input, &end, work, seen);
        Ok(())
    }
}

/// What a file is that does not start like an archive and still has the end of one.
pub(super) fn misplaced(input: &Input<'_>, work: &mut Work) -> Option<FileFault> {
    let end = End::find(input, SEARCH, work).ok().flatten().filter(|end| end.entries > 0)?;
    let bytes = u64::try_from(end.shift.unsigned_abs()).ok().filter(|bytes| *bytes > 0 && *bytes < input.size)?;
    Some(if end.shift > 0 { FileFault::BytesBefore { bytes } } else { FileFault::HeadMissing { bytes } })
}

/// The end record of an archive, which says where its directory is.
struct End {
    entries: u64,
    /// Whether the count is one of 64 bits.
    zip64: bool,
    disk: u32,
    /// Where the end record says that the directory starts, counted from the start of the archive.
    declared: u64,
    /// Where it starts if it lies right in front of the end record, as Python takes it to.
    directory: u64,
    /// The difference, which is what stands in front of the archive.
    shift: i128,
    /// The first byte of the comment, and the byte after it.
    comment: u64,
    after: u64,
}

impl End {
    fn find(input: &Input<'_>, search: u64, work: &mut Work) -> io::Result<Option<Self>> {
        let at = match Archive::locate(input, 0, search, &mut work.directory) {
            Ok(Archive::Slice(archive)) => archive.eocd_offset(),
            Ok(Archive::File(archive)) => archive.eocd_offset(),
            Err(error) => match error.eocd_offset() {
                Some(at) => at,
                None => return Ok(None),
            },
        };
        let mut record = [0; END64 + LOCATOR + END];
        let before = at.min((END64 + LOCATOR) as u64);
        let bytes = input.at(at - before, record.len(), &mut work.scratch)?;
        let skip = END64 + LOCATOR - usize::try_from(before).unwrap_or(0);
        let Some(room) = record[skip..].get_mut(..bytes.len()).filter(|_| skip + bytes.len() == END64 + LOCATOR + END)
        else {
            return Ok(None);
        };
        room.copy_from_slice(bytes);
        let (end64, rest) = record.split_at(END64);
        let (locator, end) = rest.split_at(LOCATOR);
        let zip64 = locator.starts_with(b"PK\x06\x07") && end64.starts_with(b"PK\x06\x06");
        let (entries, size, declared) = if zip64 {
            (number(&end64[32..40]), number(&end64[40..48]), number(&end64[48..56]))
        } else {
            (number(&end[10..12]), number(&end[12..16]), number(&end[16..20]))
        };
        let head = if zip64 { at - before } else { at };
        Ok(Some(Self {
            entries,
            zip64,
            disk: u32::try_from(number(&end[4..6])).unwrap_or(0),
            declared,
            directory: head.saturating_sub(size),
            shift: i128::from(head) - i128::from(size) - i128::from(declared),
            comment: at + END as u64,
            after: at + END as u64 + number(&end[20..22]),
        }))
    }

    /// Bytes in front of the archive.
    fn base(&self) -> u64 {
        u64::try_from(self.shift).unwrap_or(0)
    }
}

/// A little-endian number of up to eight bytes.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte))
}

/// An archive that is in memory, or one that is read from its file.
enum Archive<'a> {
    Slice(ZipSliceArchive<&'a [u8]>),
    File(ZipArchive<input::From<'a>>),
}

impl<'a> Archive<'a> {
    fn locate(input: &'a Input<'a>, base: u64, search: u64, buffer: &mut Vec<u8>) -> Result<Self, Error> {
        let locator = ZipLocator::new().max_search_space(search);
        if input.head.len() as u64 == input.size {
            let start = usize::try_from(base).unwrap_or(usize::MAX).min(input.head.len());
            return locator.locate_in_slice(&input.head[start..]).map(Self::Slice).map_err(|(_, error)| error);
        }
        buffer.resize(MAX_CENTRAL_DIRECTORY_RECORD_SIZE, 0);
        let reader = input::From { input, base };
        locator.locate_in_reader(reader, buffer, input.size.saturating_sub(base)).map(Self::File).map_err(|(_, e)| e)
    }

    /// Calls `visit` for every entry of the directory, until it says stop. False if the directory is damaged.
    fn entries(
        &self,
        buffer: &mut [u8],
        mut visit: impl FnMut(&ZipFileHeaderRecord<'_>) -> io::Result<bool>,
    ) -> io::Result<bool> {
        match self {
            Self::Slice(archive) => {
                let mut entries = archive.entries();
                loop {
                    match entries.next_entry() {
                        Ok(Some(entry)) if visit(&entry)? => {}
                        Ok(_) => return Ok(true),
                        Err(_) => return Ok(false),
                    }
                }
            }
            Self::File(archive) => {
                let mut entries = archive.entries(buffer);
                loop {
                    match entries.next_entry() {
                        Ok(Some(entry)) if visit(&entry)? => {}
                        Ok(_) => return Ok(true),
                        Err(_) => return Ok(false),
                    }
                }
            }
        }
    }
}

/// The members of an archive.
#[derive(Default)]
struct Members {
    names: Vec<Arc<Name>>,
    /// Where the members lie, by index into `names`, those that are where they should be.
    extents: Vec<(Extent, usize)>,
    /// Whether the directory was read to its end.
    whole: bool,
    /// Whether there are more than are read.
    full: bool,
}

impl Members {
    fn read(
        input: &Input<'_>,
        end: &End,
        directory: &mut Vec<u8>,
        work: &mut Work,
        seen: &mut Seen,
    ) -> io::Result<Self> {
        let mut members = Self::default();
        let base = end.base();
        let Ok(archive) = Archive::locate(input, base, SEARCH, directory) else { return Ok(members) };
        let limit = end.directory;
        let most = work.limits.archive_members;
        let mut full = false;
        // A directory has room for so many, whatever it says.
        let room = end.entries.min(input.size / LEAST).min(most).min(MOST_ROOM);
        seen.arrays.reserve_exact(usize::try_from(room).unwrap_or(0));
        members.whole = archive.entries(directory, |record| {
            full = members.names.len() as u64 == most;
            if full {
                return Ok(false);
            }
            let path = record.file_path();
            let name = match work.names.get(members.names.len()) {
                Some(known) if known.is(path.as_ref()) => Arc::clone(known),
                _ => work.tables.name(path.as_ref(), record.flags().is_utf8()),
            };
            let entry = Entry {
                name: &name,
                raw_name: path.as_ref(),
                extra: record.extra_fields(),
                encrypted: record.flags().is_encrypted(),
                method: record.compression_method().as_u16(),
                crc: record.crc32(),
                stored: record.compressed_size_hint(),
                declared: record.uncompressed_size_hint(),
                offset: record.local_header_offset().saturating_add(base),
            };
            if let Some(extent) = member::read(&entry, input, limit, work, seen)? {
                members.extents.push((extent, members.names.len()));
            }
            members.names.push(name);
            Ok(true)
        })?;
        members.full = full;
        if full {
            members.whole = false;
            seen.fault(&Spot::default(), FaultKind::Archive(ArchiveFault::TooManyMembers { limit: most }));
        }
        Ok(members)
    }

    /// What only shows with all members at hand.
    fn judge(mut self, input: &Input<'_>, end: &End, work: &mut Work, seen: &mut Seen) {
        let file = Spot::default();
        let found = self.names.len() as u64;
        let mut archive = |fault| seen.fault(&file, FaultKind::Archive(fault));
        if end.shift < 0 {
            archive(ArchiveFault::DirectoryOffset { declared: end.declared, found: end.directory });
        } else if !self.whole && !self.full {
            archive(ArchiveFault::Directory { read: found });
        } else if self.whole && end.entries != found && (end.zip64 || end.entries != found % (1 << 16)) {
            archive(ArchiveFault::EntryCount { declared: end.entries, found });
        }
        if !matches!(end.disk, 0 | 0xffff) {
            archive(ArchiveFault::MultiDisk { disk: end.disk });
        }
        let same = |(a, b): (&Arc<Name>, &Arc<Name>)| Arc::ptr_eq(a, b);
        let known = work.names.len() == self.names.len() && work.names.iter().zip(&self.names).all(same);
        if !(known && work.no_clash) {
            let before = seen.faults.len();
            names::clashes(&self.names, seen);
            work.no_clash = seen.faults.len() == before && !seen.is_full();
        }
        self.overlaps(seen);
        if self.whole && self.extents.len() == self.names.len() {
            self.outside(input, end, seen);
        }
        let harmless = |kind: &FaultKind| match kind {
            FaultKind::Stray(stray) => !matches!(stray, Stray::NotAnArray { .. }),
            FaultKind::Trailing(_) => true,
            _ => false,
        };
        if seen.arrays.is_empty() && seen.faults.iter().all(|fault| harmless(&fault.kind)) {
            seen.fault(&file, FaultKind::File(FileFault::NoArrays));
        }
        work.names = self.names;
    }

    /// Members that share bytes. A member that is another in truth has been told as that.
    fn overlaps(&mut self, seen: &mut Seen) {
        self.extents.sort_unstable_by_key(|(extent, i)| (extent.start, *i));
        let mut last: Option<(Extent, usize)> = None;
        for (extent, i) in &self.extents {
            if seen.is_full() {
                return;
            }
            let name = &self.names[*i];
            if let Some((before, j)) = last
                && extent.start < before.end
                && extent.start > before.start
            {
                let other = Arc::clone(&self.names[j].member);
                let (start, end) = (extent.start, extent.end.min(before.end));
                // What looked like bytes behind the array of the other is this member.
                let blamed = |fault: &Fault| matches!(fault.kind, FaultKind::Trailing(_));
                seen.faults.retain(|fault| !(blamed(fault) && fault.member.as_ref() == Some(&other)));
                let spot = Spot { member: Some(&name.member), ordinal: 0 };
                seen.fault(&spot, FaultKind::Archive(ArchiveFault::Overlap { other, start, end }));
            }
            if last.is_none_or(|(before, _)| extent.end >= before.end) {
                last = Some((*extent, *i));
            }
        }
    }

    /// Bytes that belong to no member.
    fn outside(&self, input: &Input<'_>, end: &End, seen: &mut Seen) {
        let before = self.extents.iter().map(|(extent, _)| extent.start).min().unwrap_or(end.directory);
        let last = self.extents.iter().map(|(extent, _)| extent).max_by_key(|extent| extent.end);
        let between = last.map_or(0, |last| {
            let gap = end.directory.saturating_sub(last.end);
            if last.streamed && gap <= MAX_DESCRIPTOR { 0 } else { gap }
        });
        let after = input.size.saturating_sub(end.after);
        if before > 0 || between > 0 || after > 0 {
            let fault = Trailing::OutsideArchive { before, between, after };
            seen.fault(&Spot::default(), FaultKind::Trailing(fault));
        }
    }
}
