//! Every member of an archive as it is stored, to be copied as it is: arrays or not, both copies of a duplicate included.

use std::io;
use std::sync::Arc;

use rawzip::extra_fields::{ExtraFieldId, ExtraFields};

use super::names::Name;
use super::{Archive, End, SEARCH};
use crate::source::input::Input;
use crate::source::memo::Work;

/// Bytes of an entry of the directory and of a local header, which the name and the extra fields follow.
const ENTRY: usize = 46;
const LOCAL: usize = 30;
/// Bytes of name, extra fields and comment at most.
const VARIABLE: usize = 3 * u16::MAX as usize;

/// A member of an archive as it is stored.
#[derive(Debug, Clone, Default)]
pub(crate) struct Packed {
    /// The name as the facts have it, and its bytes.
    pub(crate) name: Arc<str>,
    pub(crate) raw_name: Vec<u8>,
    /// The fields of the directory that say nothing about place and size.
    pub(crate) made_by: u16,
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) time: u16,
    pub(crate) date: u16,
    pub(crate) internal: u16,
    pub(crate) external: u32,
    pub(crate) comment: Vec<u8>,
    /// Extra fields of the directory and of the member's own header, without those that hold sizes.
    pub(crate) extra: Vec<u8>,
    pub(crate) local_extra: Vec<u8>,
    pub(crate) crc: u32,
    /// Bytes as stored, and bytes that should come out.
    pub(crate) stored: u64,
    pub(crate) declared: u64,
    /// Where its data starts, from the start of the file.
    pub(crate) data: u64,
}

/// The members of an archive in the order of its directory, and its comment. [`io::ErrorKind::InvalidData`] where the
/// directory is damaged or does not lead to its members.
pub(crate) fn packed(input: &Input<'_>) -> io::Result<(Vec<Packed>, Vec<u8>)> {
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "the directory of the archive is damaged");
    let mut work = Work::default();
    let end = End::find(input, SEARCH, &mut work)?.ok_or_else(damaged)?;
    let base = end.base();
    let mut directory = Vec::new();
    let archive = Archive::locate(input, base, SEARCH, &mut directory).map_err(|_| damaged())?;
    let mut members: Vec<Packed> = Vec::new();
    let whole = archive.entries(&mut directory, |record| {
        let path = record.file_path();
        let offset = record.central_directory_offset().saturating_add(base);
        let entry = input.at(offset, ENTRY + VARIABLE, &mut work.scratch)?;
        if !entry.starts_with(b"PK\x01\x02") || entry.len() < ENTRY {
            return Err(damaged());
        }
        let half = |at: usize| u16::from_le_bytes([entry[at], entry[at + 1]]);
        let (name, extra, comment) = (usize::from(half(28)), usize::from(half(30)), usize::from(half(32)));
        let part = |from: usize, length: usize| entry.get(from..from + length).map(<[u8]>::to_vec).ok_or_else(damaged);
        let mut member = Packed {
            name: Arc::clone(&Name::new(path.as_ref(), record.flags().is_utf8()).member),
            raw_name: part(ENTRY, name)?,
            made_by: half(4),
            flags: half(8),
            method: half(10),
            time: half(12),
            date: half(14),
            internal: half(36),
            external: record.external_attributes(),
            comment: part(ENTRY + name + extra, comment)?,
            extra: without_sizes(&part(ENTRY + name, extra)?),
            local_extra: Vec::new(),
            crc: record.crc32(),
            stored: record.compressed_size_hint(),
            declared: record.uncompressed_size_hint(),
            data: 0,
        };
        let local_at = record.local_header_offset().saturating_add(base);
        let local = input.at(local_at, LOCAL + VARIABLE, &mut work.scratch)?;
        if !local.starts_with(b"PK\x03\x04") || local.len() < LOCAL {
            return Err(damaged());
        }
        let half = |at: usize| usize::from(u16::from_le_bytes([local[at], local[at + 1]]));
        let body = LOCAL + half(26) + half(28);
        member.local_extra = without_sizes(local.get(LOCAL + half(26)..body).ok_or_else(damaged)?);
        member.data = local_at + body as u64;
        members.push(member);
        Ok(true)
    })?;
    if !whole || (end.entries != members.len() as u64 && end.entries != members.len() as u64 % (1 << 16)) {
        return Err(damaged());
    }
    let comment = usize::try_from(end.after.saturating_sub(end.comment)).unwrap_or(0);
    let comment = input.at(end.comment, comment, &mut work.scratch)?.to_vec();
    Ok((members, comment))
}

/// Extra fields without the one for large sizes, which every writer makes anew.
fn without_sizes(extra: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (id, field) in ExtraFields::new(extra).filter(|(id, _)| *id != ExtraFieldId::ZIP64) {
        out.extend_from_slice(&id.as_u16().to_le_bytes());
        out.extend_from_slice(&u16::try_from(field.len()).unwrap_or(0).to_le_bytes());
        out.extend_from_slice(field);
    }
    out
}
