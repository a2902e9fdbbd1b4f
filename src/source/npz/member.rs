//! One member of an archive: is it where the directory says, what does its own header say, and does it hold an array?

use std::io;
use std::sync::Arc;

use rawzip::extra_fields::{ExtraFieldId, ExtraFields};

use super::inflate::{Inflated, Stream};
use super::names::Name;
use crate::source::fault::{ArchiveFault, FaultKind, Stray, Trailing};
use crate::source::input::Input;
use crate::source::memo::{Tables, Work};
use crate::source::npy::header::{self, Bounds, Start};
use crate::source::npy::{self, Left};
use crate::source::{Location, Seen, Spot, Stored, sniff};

/// Compression methods that are read.
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// A size that says: look in the zip64 field.
const IN_ZIP64: u64 = u32::MAX as u64;
/// Bytes of a local header, which the name and the extra fields follow.
const LOCAL: usize = 30;
/// Bytes that hold a local header and the header of the array behind it, most of the time.
const WINDOW: usize = 512;
/// Bytes of a member that is small enough to be read together with those behind it.
const DENSE: u64 = 8 * 1024;

/// What the directory says of a member.
pub(super) struct Entry<'e> {
    pub(super) name: &'e Arc<Name>,
    /// The name as stored.
    pub(super) raw_name: &'e [u8],
    pub(super) extra: ExtraFields<'e>,
    pub(super) encrypted: bool,
    pub(super) method: u16,
    pub(super) crc: u32,
    /// Bytes as stored.
    pub(super) stored: u64,
    /// Bytes that should come out.
    pub(super) declared: u64,
    /// Where it starts, from the start of the file.
    pub(super) offset: u64,
}

/// Where a member lies in the file, its local header included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    pub(super) start: u64,
    pub(super) end: u64,
    /// Whether sizes and checksum may follow behind it.
    pub(super) streamed: bool,
}

/// Reads what is needed of a member. `limit` is where the directory starts: all members lie before it. `None` if it
/// cannot be told where the member lies.
pub(super) fn read(
    entry: &Entry<'_>,
    input: &Input<'_>,
    limit: u64,
    work: &mut Work,
    seen: &mut Seen,
) -> io::Result<Option<Extent>> {
    let Work { scratch, plain, inflater, allowance, tables, limits, ahead, .. } = work;
    let bounds = Bounds::of(limits);
    let spot = Spot { member: Some(&entry.name.member), ordinal: 0 };
    let mut archive = |fault| seen.fault(&spot, FaultKind::Archive(fault));
    let sizes_known = zip64(entry, &mut archive);
    if entry.name.bad_utf8 {
        archive(ArchiveFault::BadName);
    }
    let room = usize::try_from(limit.saturating_sub(entry.offset)).unwrap_or(usize::MAX);
    let dense = entry.stored <= DENSE;
    let wanted = match Local::parse(ahead.at(input, entry.offset, WINDOW.min(room), dense)?) {
        Some(local) if local.body > WINDOW => local.body + WINDOW,
        _ => WINDOW,
    };
    let window = ahead.at(input, entry.offset, wanted.min(room), dense)?;
    let Some(local) = Local::parse(window).filter(|local| local.body <= window.len()) else {
        archive(ArchiveFault::NotAMember { offset: entry.offset });
        return Ok(None);
    };
    compare(entry, &local, window, sizes_known, &mut archive);
    let data = entry.offset + local.body as u64;
    let end = data.saturating_add(if sizes_known { entry.stored } else { 0 });
    if end > limit {
        archive(ArchiveFault::PastEnd { end, limit });
    }
    if let Some(danger) = entry.name.danger {
        seen.fault(&spot, FaultKind::Stray(Stray::Name(danger)));
    }
    let sizes_known = sizes_known && end <= limit;
    let data_end = if sizes_known { end } else { limit };
    let mut body = Body { entry, spot, data, sizes_known, bounds, tables, seen };
    match entry.method {
        _ if entry.encrypted => body.fault(ArchiveFault::Encrypted),
        STORED => {
            let size = data_end - data;
            let after = &window[local.body..];
            let after = &after[..after.len().min(usize::try_from(size).unwrap_or(usize::MAX))];
            let left = match header::start(after, size, bounds) {
                Start::More(_) => {
                    let start = npy::start_at(input, data, data_end, bounds, scratch)?;
                    body.array(&start, Size::exactly(size), &[])
                }
                start => body.array(&start, Size::exactly(size), after),
            };
            if sizes_known && entry.declared != entry.stored {
                body.wrong_size(entry.stored, true);
            }
            if let Some(left) = left {
                let following = npy::following(input, data_end - left.bytes, data_end, bounds, scratch, body.tables)?;
                body.trailing(&left, following);
            }
        }
        DEFLATED => {
            let mut stream = Stream { input, at: data, end: data_end, bounds, inflater, scratch };
            match stream.header(plain, entry.declared)? {
                Some(inflated) => {
                    let size = body.measure(&mut stream, plain, inflated, allowance)?;
                    let plain = &plain[..inflated.bytes];
                    if let Some(left) = body.array(&header::start(plain, size.bytes, bounds), size, plain) {
                        body.trailing(&left, 0);
                    }
                }
                None => body.fault(ArchiveFault::Inflate),
            }
        }
        id => body.fault(ArchiveFault::Method { id }),
    }
    Ok(sizes_known.then_some(Extent { start: entry.offset, end, streamed: local.streamed }))
}

/// Whether the sizes of the entry are known; says what is wrong with its extra fields.
fn zip64(entry: &Entry<'_>, archive: &mut impl FnMut(ArchiveFault)) -> bool {
    let mut fields = entry.extra;
    let present = fields.by_ref().any(|(id, _)| id == ExtraFieldId::ZIP64);
    fields.by_ref().for_each(drop);
    if fields.remaining_bytes().len() >= 4 {
        archive(ArchiveFault::ExtraField);
    }
    let unknown = [entry.stored, entry.declared].contains(&IN_ZIP64);
    if unknown {
        archive(ArchiveFault::Zip64 { present });
    }
    !unknown
}

/// A member's own header, in front of its data.
struct Local {
    method: u16,
    crc: u32,
    stored: u32,
    declared: u32,
    name: usize,
    /// Where the data starts, from the start of the header.
    body: usize,
    /// Whether sizes and checksum follow the data.
    streamed: bool,
}

impl Local {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let header = bytes.strip_prefix(b"PK\x03\x04").and_then(|rest| rest.first_chunk::<{ LOCAL - 4 }>())?;
        let half = |at: usize| u16::from_le_bytes([header[at - 4], header[at - 3]]);
        let word = |at: usize| u32::from(half(at)) | u32::from(half(at + 2)) << 16;
        Some(Self {
            method: half(8),
            crc: word(14),
            stored: word(18),
            declared: word(22),
            name: LOCAL + usize::from(half(26)),
            body: LOCAL + usize::from(half(26)) + usize::from(half(28)),
            streamed: half(6) & 8 != 0,
        })
    }

    /// The two sizes, which `numpy.savez` always writes into the zip64 field.
    fn sizes(&self, extra: &[u8]) -> (u64, u64) {
        let (mut stored, mut declared) = (u64::from(self.stored), u64::from(self.declared));
        if let Some((_, field)) = ExtraFields::new(extra).find(|(id, _)| *id == ExtraFieldId::ZIP64) {
            let mut eights =
                field.chunks_exact(8).map(|eight| eight.iter().rev().fold(0, |all, b| all << 8 | u64::from(*b)));
            for size in [&mut declared, &mut stored] {
                if *size == IN_ZIP64 {
                    *size = eights.next().unwrap_or(*size);
                }
            }
        }
        (stored, declared)
    }
}

/// Compares the directory with the member's own header.
fn compare(entry: &Entry<'_>, local: &Local, window: &[u8], sizes_known: bool, archive: &mut impl FnMut(ArchiveFault)) {
    let name = &window[LOCAL..local.name];
    if name != entry.raw_name {
        archive(ArchiveFault::LocalName { local: String::from_utf8_lossy(name).into_owned() });
    }
    if local.method != entry.method {
        archive(ArchiveFault::LocalMethod { directory: entry.method, local: local.method });
    }
    let sizes = local.sizes(&window[local.name..local.body]);
    if sizes_known && sizes != (entry.stored, entry.declared) && !(local.streamed && sizes == (0, 0)) {
        archive(ArchiveFault::LocalSizes);
    }
    if local.crc != entry.crc && !(local.streamed && local.crc == 0) {
        archive(ArchiveFault::LocalChecksum);
    }
}

/// The plain size of a member.
#[derive(Clone, Copy)]
struct Size {
    bytes: u64,
    /// Whether only the directory says so.
    claimed: bool,
}

impl Size {
    fn exactly(bytes: u64) -> Self {
        Self { bytes, claimed: false }
    }
}

/// Bytes behind an array.
struct Extra {
    bytes: u64,
    row: u64,
    claimed: bool,
}

/// The data of a member.
struct Body<'b, 'e> {
    entry: &'b Entry<'e>,
    spot: Spot<'b>,
    /// Where the data starts, from the start of the file.
    data: u64,
    sizes_known: bool,
    bounds: Bounds,
    tables: &'b mut Tables,
    seen: &'b mut Seen,
}

impl Body<'_, '_> {
    fn fault(&mut self, fault: ArchiveFault) {
        self.seen.fault(&self.spot, FaultKind::Archive(fault));
    }

    /// Writes down the array that starts so. `first` are the first bytes, to tell what it is if it is none.
    fn array(&mut self, start: &Start<'_>, size: Size, first: &[u8]) -> Option<Extra> {
        let raw = match start {
            Start::Header(raw) => raw,
            Start::Broken(fault) => {
                self.seen.fault(&self.spot, FaultKind::Header(fault.clone()));
                return None;
            }
            Start::Foreign | Start::Short | Start::More(_) => {
                self.stray(first, size.bytes);
                return None;
            }
        };
        let (_, header) = npy::describe(raw, &self.spot, self.tables, self.seen)?;
        let found = size.bytes.saturating_sub(raw.bytes.len() as u64);
        let left = if self.sizes_known {
            npy::check(raw, &header, found, size.claimed, &self.spot, self.seen)
        } else {
            Left::Nothing
        };
        let row = npy::row(&header);
        // Where the sizes are unknown nobody knows how much to read.
        let member = Stored {
            stored: self.entry.stored,
            declared: self.entry.declared,
            crc: self.entry.crc,
            deflated: self.entry.method == DEFLATED,
        };
        let location = Location {
            start: self.data,
            header: raw.bytes.len() as u64,
            digest: 0,
            member: Some(member).filter(|_| self.sizes_known),
        };
        self.seen.array(Arc::clone(&self.entry.name.key), &self.spot, header, location);
        match left {
            Left::More(extra) => Some(Extra { bytes: extra, row, claimed: size.claimed }),
            Left::Nothing => None,
        }
    }

    /// How long a deflated member is in truth: what the directory says, unless that is not what its header asks for.
    fn measure(
        &mut self,
        stream: &mut Stream<'_, '_>,
        plain: &mut Vec<u8>,
        header: Inflated,
        allowance: &mut u64,
    ) -> io::Result<Size> {
        let declared = self.entry.declared;
        let (mut total, mut ended) = (header.bytes as u64, header.ended);
        if let Some(needed) = self.needed(&plain[..header.bytes], declared)
            && needed != declared
        {
            let limit = declared.max(needed).saturating_add(1).min(total.saturating_add(*allowance));
            (total, ended) = stream.measure(plain, header, limit)?;
            *allowance = allowance.saturating_sub(total);
        }
        if self.sizes_known && (total > declared || ended && total < declared) {
            self.wrong_size(total, ended);
            self.sizes_known = ended;
        }
        Ok(if ended { Size::exactly(total) } else { Size { bytes: declared.max(total), claimed: true } })
    }

    /// Bytes that a member of these first bytes takes, where its header tells.
    fn needed(&mut self, plain: &[u8], declared: u64) -> Option<u64> {
        let Start::Header(raw) = header::start(plain, declared.max(plain.len() as u64), self.bounds) else {
            return None;
        };
        let header = self.tables.header(&raw).1.filter(|header| !npy::holds_objects(&header.dtype))?;
        header.bytes().checked_add(raw.bytes.len() as u64)
    }

    fn wrong_size(&mut self, actual: u64, whole: bool) {
        self.fault(ArchiveFault::WrongSize { declared: self.entry.declared, actual, whole });
    }

    fn trailing(&mut self, left: &Extra, following: u32) {
        let fault = match following {
            0 => npy::trailing(left.bytes, left.row, left.claimed),
            _ => FaultKind::Trailing(Trailing::Arrays { following }),
        };
        self.seen.fault(&self.spot, fault);
    }

    fn stray(&mut self, first: &[u8], bytes: u64) {
        let name = self.entry.name;
        let stray = if name.is_mac() {
            Stray::MacOs
        } else if name.is_folder() {
            Stray::Folder
        } else if name.is_npy() {
            Stray::NotAnArray { bytes, looks: sniff::looks(first) }
        } else {
            Stray::OtherFile
        };
        self.seen.fault(&self.spot, FaultKind::Stray(stray));
    }
}
