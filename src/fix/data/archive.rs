//! Archives, written member by member. What is not changed is copied as it is stored, whatever its method: both copies of
//! a duplicate, members that are no arrays, comments and times included. That is why it is done here: a writer that knows
//! members by their names alone would lose some.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::sink::{Sink, pump};
use crate::source::npz::packed::Packed;

/// From so many bytes on sizes and places are written in the wide form.
const WIDE: u64 = u32::MAX as u64;
/// From so many plain bytes on room is left for wide sizes: what is deflated may become longer than it was.
const LARGE: u64 = 0xf000_0000;
/// The flag of names in UTF-8, and that of sizes that follow the data.
const UTF8: u16 = 1 << 11;
const STREAMED: u16 = 1 << 3;
const ENCRYPTED: u16 = 1;
const DEFLATED: u16 = 8;
/// Versions: of plain members, and of those with wide sizes; and the mark of who knows file modes.
const PLAIN: u16 = 20;
const WIDER: u16 = 45;
const UNIX: u16 = 3 << 8;
/// The first day that an archive can hold, which `numpy.savez` writes.
const FIRST_DAY: u16 = 1 << 5 | 1;

/// What a member is that was in no archive, as `numpy.savez` writes it.
pub(super) fn fresh() -> Packed {
    Packed { made_by: UNIX + PLAIN, date: FIRST_DAY, external: 0o600 << 16, ..Packed::default() }
}

/// An archive on its way.
pub(super) struct Archive<'s, 'f> {
    sink: &'s mut Sink<'f>,
    /// The members so far: what the directory says, and where their headers are.
    members: Vec<(Packed, u64)>,
}

impl<'s, 'f> Archive<'s, 'f> {
    pub(super) fn new(sink: &'s mut Sink<'f>) -> Self {
        Self { sink, members: Vec::new() }
    }

    /// Copies a member as it is stored; `data` gives its bytes.
    pub(super) fn copy(&mut self, old: &Packed, name: &str, data: &mut dyn Read) -> io::Result<()> {
        let member = named(old, name);
        let start = self.sink.bytes();
        self.sink.header(&local(&member, member.declared.max(member.stored) >= WIDE))?;
        let copied = self.sink.copy(data)?;
        self.members.push((member, start));
        if copied == old.stored { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// Writes a member of new bytes, `plain` of them, with the method, the time and the mode of an old one.
    pub(super) fn write(
        &mut self,
        old: &Packed,
        name: &str,
        head: &[u8],
        data: &mut dyn Read,
        plain: u64,
    ) -> io::Result<()> {
        let mut member = named(old, name);
        let large = plain >= LARGE;
        (member.crc, member.stored, member.declared) = (0, 0, 0);
        let start = self.sink.bytes();
        let header = self.sink.header(&local(&member, large))?;
        let before = self.sink.bytes();
        if member.method != DEFLATED {
            member.method = 0;
        }
        (member.crc, member.declared) = {
            let to = if member.method == DEFLATED {
                Pack::Deflated(DeflateEncoder::new(&mut *self.sink, Compression::default()))
            } else {
                Pack::Stored(&mut *self.sink)
            };
            let mut body = Counted { to, crc: crc32fast::Hasher::new(), bytes: 0 };
            body.write_all(head)?;
            pump(data, &mut body)?;
            if let Pack::Deflated(encoder) = body.to {
                encoder.finish()?;
            }
            (body.crc.finalize(), body.bytes)
        };
        member.stored = self.sink.bytes() - before;
        if member.declared != plain {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.sink.again(header, &local(&member, large))?;
        self.members.push((member, start));
        Ok(())
    }

    /// Writes the directory.
    pub(super) fn finish(self, comment: &[u8]) -> io::Result<()> {
        let start = self.sink.bytes();
        for (member, at) in &self.members {
            self.sink.header(&entry(member, *at))?;
        }
        let size = self.sink.bytes() - start;
        let count = self.members.len() as u64;
        let mut end = Vec::new();
        if start >= WIDE || size >= WIDE || count >= u64::from(u16::MAX) {
            let at = self.sink.bytes();
            let mut wide = Fields(b"PK\x06\x06".to_vec());
            wide.long(44).half(UNIX + WIDER).half(WIDER).word(0).word(0);
            wide.long(count).long(count).long(size).long(start);
            wide.0.extend_from_slice(b"PK\x06\x07");
            wide.word(0).long(at).word(1);
            end = wide.0;
        }
        let mut fields = Fields(b"PK\x05\x06".to_vec());
        let count = u16::try_from(count).unwrap_or(u16::MAX);
        fields.half(0).half(0).half(count).half(count).word(short(size)).word(short(start));
        fields.half(u16::try_from(comment.len()).unwrap_or(0));
        end.extend_from_slice(&fields.0);
        end.extend_from_slice(&comment[..comment.len().min(usize::from(u16::MAX))]);
        self.sink.header(&end)?;
        Ok(())
    }
}

/// Whether a member can be copied: nobody knows what the key of an encrypted one depends on.
pub(super) fn is_encrypted(member: &Packed) -> bool {
    member.flags & ENCRYPTED != 0
}

/// The member under that name.
fn named(old: &Packed, name: &str) -> Packed {
    let mut member = old.clone();
    member.flags &= !STREAMED;
    if *name != *old.name {
        member.raw_name = name.as_bytes().to_vec();
        member.name = name.into();
        member.flags &= !UTF8;
        if !name.is_ascii() {
            member.flags |= UTF8;
        }
    }
    member
}

/// A number of 32 bits, or the one that says that it is elsewhere.
fn short(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The version that a reader needs.
fn needed(member: &Packed, wide: bool) -> u16 {
    match member.method {
        _ if wide => WIDER,
        0 | DEFLATED => PLAIN,
        // What bzip2, LZMA and later methods need.
        _ => 63,
    }
}

/// The header in front of a member. `large` leaves room for wide sizes.
fn local(member: &Packed, large: bool) -> Vec<u8> {
    let mut extra = Fields(Vec::new());
    if large {
        extra.half(1).half(16).long(member.declared).long(member.stored);
    }
    extra.0.extend_from_slice(&member.local_extra);
    let (stored, declared) = if large { (u32::MAX, u32::MAX) } else { (short(member.stored), short(member.declared)) };
    let mut out = Fields(b"PK\x03\x04".to_vec());
    out.half(needed(member, large)).half(member.flags).half(member.method).half(member.time).half(member.date);
    out.word(member.crc).word(stored).word(declared).length(&member.raw_name).length(&extra.0);
    out.0.extend_from_slice(&member.raw_name);
    out.0.extend_from_slice(&extra.0);
    out.0
}

/// The entry of a member in the directory, whose header is at `start`.
fn entry(member: &Packed, start: u64) -> Vec<u8> {
    let wide: Vec<u64> = [member.declared, member.stored, start].into_iter().filter(|number| *number >= WIDE).collect();
    let mut extra = Fields(Vec::new());
    if !wide.is_empty() {
        extra.half(1).half(u16::try_from(wide.len() * 8).unwrap_or(0));
        for number in &wide {
            extra.long(*number);
        }
    }
    extra.0.extend_from_slice(&member.extra);
    let mut out = Fields(b"PK\x01\x02".to_vec());
    out.half(member.made_by).half(needed(member, !wide.is_empty()));
    out.half(member.flags).half(member.method).half(member.time).half(member.date);
    out.word(member.crc).word(short(member.stored)).word(short(member.declared));
    out.length(&member.raw_name).length(&extra.0).length(&member.comment);
    out.half(0).half(member.internal).word(member.external).word(short(start));
    out.0.extend_from_slice(&member.raw_name);
    out.0.extend_from_slice(&extra.0);
    out.0.extend_from_slice(&member.comment);
    out.0
}

/// Little-endian numbers, one after the other.
struct Fields(Vec<u8>);

impl Fields {
    fn half(&mut self, number: u16) -> &mut Self {
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }

    fn word(&mut self, number: u32) -> &mut Self {
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }

    fn long(&mut self, number: u64) -> &mut Self {
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }

    fn length(&mut self, bytes: &[u8]) -> &mut Self {
        self.half(u16::try_from(bytes.len()).unwrap_or(u16::MAX))
    }
}

/// Where the bytes of a member go.
enum Pack<'s, 'f> {
    Stored(&'s mut Sink<'f>),
    Deflated(DeflateEncoder<&'s mut Sink<'f>>),
}

/// The same, counted, with a checksum.
struct Counted<'s, 'f> {
    to: Pack<'s, 'f>,
    crc: crc32fast::Hasher,
    bytes: u64,
}

impl Write for Counted<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.to {
            Pack::Stored(sink) => sink.write_all(bytes)?,
            Pack::Deflated(encoder) => encoder.write_all(bytes)?,
        }
        self.crc.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
