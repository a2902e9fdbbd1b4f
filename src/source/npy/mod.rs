//! The .npy format: one array, or several that were saved to one handle and follow each other.

mod descr;
pub(crate) mod header;
mod literal;
pub(crate) mod write;

pub(crate) use descr::{dtype_of, holds_objects};

use std::io;
use std::sync::Arc;

use crate::source::fault::{FaultKind, HeaderFault, LineEnding, Trailing, Truncated};
use crate::source::input::Input;
use crate::source::memo::{Tables, Work};
use crate::source::{Excerpt, Format, Header, Location, Seen, SourceKind, Spot};
use header::{Bounds, MAGIC, Raw, Start};

/// Arrays that are read from one file.
const MAX_ARRAYS: u32 = 1_000_000;
/// Bytes that hold most headers.
const WINDOW: usize = 512;

/// The .npy format.
pub struct Npy;

impl Format for Npy {
    fn kind(&self) -> SourceKind {
        SourceKind::Npy
    }

    fn recognises(&self, head: &[u8]) -> bool {
        head.starts_with(MAGIC)
    }

    fn scan(&self, input: &Input<'_>, work: &mut Work, seen: &mut Seen) -> io::Result<()> {
        let mut following = 0;
        let mut offset = 0;
        let key = stem(&seen.path);
        let bounds = Bounds::of(&work.limits);
        for ordinal in 0..MAX_ARRAYS {
            let spot = Spot { member: None, ordinal };
            let start = start_at(input, offset, input.size, bounds, &mut work.scratch)?;
            let raw = match start {
                Start::Header(raw) => raw,
                Start::Broken(fault) => {
                    seen.fault(&spot, FaultKind::Header(fault));
                    break;
                }
                Start::Foreign | Start::Short | Start::More(_) if ordinal > 0 => break,
                Start::Foreign | Start::Short | Start::More(_) => {
                    seen.fault(&spot, FaultKind::File(crate::source::FileFault::TooShort { bytes: input.size }));
                    break;
                }
            };
            following = ordinal;
            let data = offset + raw.bytes.len() as u64;
            let Some((digest, header)) = describe(&raw, &spot, &mut work.tables, seen) else { break };
            let left = check(&raw, &header, input.size - data, false, &spot, seen);
            let odd_end = seen.faults.iter().any(|fault| matches!(fault.kind, FaultKind::LineEnding(_)));
            if ordinal == 0 && !odd_end && !data.is_multiple_of(16) {
                seen.fault(&spot, FaultKind::Header(HeaderFault::Misaligned { offset: data }));
            }
            let bytes = header.bytes();
            let row = row(&header);
            let location = Location { start: offset, header: data - offset, digest, member: None };
            seen.array(Arc::clone(&key), &spot, header, location);
            let Left::More(extra) = left else { break };
            offset = data + bytes;
            let next = start_at(input, offset, input.size, bounds, &mut work.scratch)?;
            if !matches!(next, Start::Header(_) | Start::Broken(_)) {
                seen.fault(&spot, trailing(extra, row, false));
                break;
            }
        }
        let first = Spot { member: None, ordinal: 0 };
        if following + 1 == MAX_ARRAYS {
            seen.fault(&first, FaultKind::Trailing(Trailing::TooManyArrays { limit: MAX_ARRAYS }));
        } else if following > 0 {
            seen.fault(&first, FaultKind::Trailing(Trailing::Arrays { following }));
        }
        Ok(())
    }
}

/// The header that starts at `offset` of what ends at `end`.
pub(super) fn start_at<'s>(
    input: &'s Input<'_>,
    offset: u64,
    end: u64,
    bounds: Bounds,
    scratch: &'s mut Vec<u8>,
) -> io::Result<Start<'s>> {
    let size = end.saturating_sub(offset);
    let window = WINDOW.min(usize::try_from(size).unwrap_or(usize::MAX));
    // What is in memory already is not read, and mostly it is enough.
    if let Some(bytes) = input.known(offset, window)
        && let start @ (Start::Header(_) | Start::Foreign | Start::Short | Start::Broken(_)) =
            header::start(bytes, size, bounds)
    {
        return Ok(start);
    }
    let wanted = match header::start(input.at(offset, window, scratch)?, size, bounds) {
        Start::More(needed) => needed,
        _ => window,
    };
    Ok(header::start(input.at(offset, wanted, scratch)?, size, bounds))
}

/// How many arrays follow each other from `offset` on. What is no array ends the count.
pub(super) fn following(
    input: &Input<'_>,
    mut offset: u64,
    end: u64,
    bounds: Bounds,
    scratch: &mut Vec<u8>,
    tables: &mut Tables,
) -> io::Result<u32> {
    for count in 0..MAX_ARRAYS {
        let Start::Header(raw) = start_at(input, offset, end, bounds, scratch)? else { return Ok(count) };
        let Some(header) = tables.header(&raw).1 else { return Ok(count) };
        offset = offset.saturating_add(raw.bytes.len() as u64).saturating_add(header.bytes());
        if offset >= end || descr::holds_objects(&header.dtype) {
            return Ok(count + 1);
        }
    }
    Ok(MAX_ARRAYS)
}

/// Reads a header, and writes down what is wrong with it. Gives the hash of its bytes as well.
pub(super) fn describe(
    raw: &Raw<'_>,
    spot: &Spot<'_>,
    tables: &mut Tables,
    seen: &mut Seen,
) -> Option<(u64, Arc<Header>)> {
    let (digest, header, read) = tables.header(raw);
    if let Some(read) = read {
        for (fault, span) in &read.problems {
            // That a text is long shows nowhere in it.
            let is_length = matches!(fault, HeaderFault::TooLong { .. } | HeaderFault::OverLimit { .. });
            let excerpt = (!is_length).then(|| Excerpt::around(seen.header_name(spot), &read.text, span));
            seen.fault_in(spot, FaultKind::Header(fault.clone()), excerpt);
        }
    }
    header.map(|header| (digest, header))
}

/// What follows an array.
pub(crate) enum Left {
    /// Nothing, or nothing that can be told from the array itself.
    Nothing,
    /// So many bytes.
    More(u64),
}

/// Compares the bytes that the header asks for with the `found` ones behind it, and looks at the end of the header.
/// `by_directory` says that `found` is only what the directory of an archive claims.
pub(super) fn check(
    raw: &Raw<'_>,
    header: &Header,
    found: u64,
    by_directory: bool,
    spot: &Spot<'_>,
    seen: &mut Seen,
) -> Left {
    let needed = header.bytes();
    // The length of a pickle stands nowhere.
    let objects = descr::holds_objects(&header.dtype);
    let extra = if objects { 0 } else { found.saturating_sub(needed) };
    let ending = match (raw.bytes.last(), raw.next) {
        (Some(b'\n'), _) => None,
        (Some(last), Some(b'\n')) if extra > 0 => Some(LineEnding::Shifted { extra, crlf: *last == b'\r' }),
        (Some(b'\r'), _) => Some(LineEnding::CarriageReturn),
        _ => Some(LineEnding::Missing),
    };
    let shifted = matches!(ending, Some(LineEnding::Shifted { .. }));
    if let Some(ending) = ending {
        seen.fault(spot, FaultKind::LineEnding(ending));
    }
    if !objects && found < needed {
        let elements = found.checked_div(header.dtype.size).unwrap_or(0);
        let of = header.elements();
        let read = header::read(raw);
        let excerpt = Excerpt::around(seen.header_name(spot), &read.text, &read.shape);
        let fault = Truncated { needed, found, elements, of, by_directory };
        seen.fault_in(spot, FaultKind::Truncated(fault), Some(excerpt));
    }
    if extra == 0 || shifted { Left::Nothing } else { Left::More(extra) }
}

/// Bytes of one row, where rows follow each other.
pub(super) fn row(header: &Header) -> u64 {
    let [_, rest @ ..] = header.shape.as_slice() else { return 0 };
    if header.fortran && !rest.is_empty() {
        return 0;
    }
    rest.iter().fold(header.dtype.size, |all, size| all.saturating_mul(*size))
}

/// Bytes behind an array that are no array.
pub(super) fn trailing(bytes: u64, row: u64, by_directory: bool) -> FaultKind {
    let rows = bytes.checked_div(row).filter(|rows| rows * row == bytes);
    FaultKind::Trailing(Trailing::Bytes { bytes, rows, by_directory })
}

/// The file name without its folder and its last extension.
fn stem(path: &str) -> Arc<str> {
    let last = |text: &str, wanted: u8| text.bytes().rposition(|byte| byte == wanted);
    let name = last(path, b'/').map_or(path, |slash| &path[slash + 1..]);
    match last(name, b'.') {
        Some(dot) if dot > 0 => name[..dot].into(),
        _ => name.into(),
    }
}
