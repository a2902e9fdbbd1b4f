//! The wire format of Protocol Buffers, walked field by field. What nobody asks for is stepped over without being read,
//! so that the weights of a model cost nothing.
//!
//! A message inside a message is walked by a call of the reader that knows it, so the nesting is that of the code and
//! never that of the file.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use super::ImportError;
use super::window::{Bytes, MOST};

/// Fields that are walked over in one file. The largest graphs have about 100 000 nodes.
const MOST_FIELDS: u64 = 4_000_000;
/// Bytes of the longest number.
const LONGEST: u64 = 10;

/// A file of messages.
pub(super) struct Wire<R> {
    bytes: Bytes<R>,
    left: u64,
}

/// Where a message, a text or packed numbers stand in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inside {
    start: u64,
    end: u64,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// A number. Signed ones are in two's complement.
    Number(u64),
    /// Something with a length.
    Inside(Inside),
}

/// What is done with each field: its number and what it holds.
pub(super) type Visit<'v, R> = dyn FnMut(&mut Wire<R>, u64, Value) -> Result<(), ImportError> + 'v;

impl Inside {
    /// How many bytes it has.
    pub(super) fn size(self) -> u64 {
        self.end - self.start
    }
}

impl Wire<File> {
    /// Opens a plain file.
    pub(super) fn open(path: &Path) -> Result<Self, ImportError> {
        Ok(Self { bytes: Bytes::open(path)?, left: MOST_FIELDS })
    }
}

impl<R: Read + Seek> Wire<R> {
    /// The messages in anything that can be read from any place.
    pub(super) fn new(inner: R) -> Result<Self, ImportError> {
        Ok(Self { bytes: Bytes::new(inner)?, left: MOST_FIELDS })
    }

    /// The message that the file is.
    pub(super) fn whole(&self) -> Inside {
        Inside { start: 0, end: self.bytes.size() }
    }

    /// Visits the fields of a message in their order.
    pub(super) fn each(&mut self, message: Inside, visit: &mut Visit<'_, R>) -> Result<(), ImportError> {
        let mut at = message.start;
        while at < message.end {
            let place = at;
            let key = self.number(&mut at, message.end)?;
            let value = match key & 7 {
                0 => Value::Number(self.number(&mut at, message.end)?),
                1 => Value::Number(self.fixed(&mut at, 8, message.end)?),
                2 => {
                    let length = self.number(&mut at, message.end)?;
                    let end = at.checked_add(length).filter(|end| *end <= message.end).ok_or_else(|| {
                        ImportError::Damaged(format!(
                            "the field at byte {place} says it has {length} bytes, and its message ends at byte {}",
                            message.end
                        ))
                    })?;
                    let inside = Inside { start: at, end };
                    at = end;
                    Value::Inside(inside)
                }
                5 => Value::Number(self.fixed(&mut at, 4, message.end)?),
                kind => {
                    return Err(ImportError::Damaged(format!("the field at byte {place} is of the kind {kind}")));
                }
            };
            self.left = self.left.checked_sub(1).ok_or_else(|| {
                ImportError::Unreadable(format!("it has more than {MOST_FIELDS} fields, which no model needs"))
            })?;
            visit(self, key >> 3, value)?;
        }
        Ok(())
    }

    /// The text there, which may have `most` bytes; what is no UTF-8 in it is replaced.
    pub(super) fn text(&mut self, text: Inside, most: usize) -> Result<String, ImportError> {
        let length = text.size();
        if length > most as u64 {
            return Err(ImportError::Unreadable(format!(
                "the text at byte {} has {length} bytes, and {most} are the most that is read",
                text.start
            )));
        }
        let mut read = Vec::new();
        let mut at = text.start;
        while at < text.end {
            let step = usize::try_from(text.end - at).unwrap_or(MOST).min(MOST);
            read.extend_from_slice(self.bytes.at(at, step)?);
            at += step as u64;
        }
        Ok(String::from_utf8(read).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// The number of varying length at a place, which moves behind it.
    fn number(&mut self, at: &mut u64, end: u64) -> Result<u64, ImportError> {
        let place = *at;
        let damaged = || ImportError::Damaged(format!("the number at byte {place} has no end"));
        let most = LONGEST.min(end.saturating_sub(place));
        let bytes = self.bytes.at(place, usize::try_from(most).map_err(|_| damaged())?)?;
        let mut number = 0;
        for (i, byte) in bytes.iter().enumerate() {
            number |= u64::from(byte & 0x7f) << (7 * i);
            if byte & 0x80 == 0 {
                *at = place + i as u64 + 1;
                return Ok(number);
            }
        }
        Err(damaged())
    }

    /// The little-endian number of so many bytes at a place, which moves behind it.
    fn fixed(&mut self, at: &mut u64, size: u64, end: u64) -> Result<u64, ImportError> {
        let place = *at;
        if end - place < size {
            return Err(ImportError::Damaged(format!("the number at byte {place} has no end")));
        }
        let bytes = self.bytes.at(place, if size == 8 { 8 } else { 4 })?;
        *at = place + size;
        Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn fields(bytes: &[u8]) -> Result<Vec<(u64, Value)>, ImportError> {
        let mut wire = Wire::new(Cursor::new(bytes)).unwrap();
        let mut seen = Vec::new();
        wire.each(wire.whole(), &mut |_, number, value| {
            seen.push((number, value));
            Ok(())
        })?;
        Ok(seen)
    }

    #[test]
    fn every_kind_of_field_is_walked() {
        let bytes = [0x08, 0x96, 0x01, 0x12, 2, b'h', b'i', 0x1d, 1, 0, 0, 0x80, 0x21, 2, 0, 0, 0, 0, 0, 0, 0];
        let expected = vec![
            (1, Value::Number(150)),
            (2, Value::Inside(Inside { start: 5, end: 7 })),
            (3, Value::Number(0x8000_0001)),
            (4, Value::Number(2)),
        ];
        assert_eq!(fields(&bytes).unwrap(), expected);
    }

    #[test]
    fn a_negative_number_has_ten_bytes() {
        let minus_one = [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
        assert_eq!(fields(&minus_one).unwrap(), vec![(1, Value::Number(u64::MAX))]);
    }

    #[test]
    fn damage_is_said() {
        let cut: [&[u8]; 7] = [
            &[0x80],
            &[0x08],
            &[0x12, 5, 1],
            &[0x1d, 1, 2],
            &[0x0b],
            &[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ];
        for bytes in cut {
            assert!(matches!(fields(bytes), Err(ImportError::Damaged(_))), "{bytes:?}");
        }
    }

    #[test]
    fn a_number_ends_with_its_message() {
        let mut wire = Wire::new(Cursor::new([0x08_u8, 0x80, 0x01])).unwrap();
        let short = Inside { start: 0, end: 2 };
        let walked = wire.each(short, &mut |_, _, _| Ok(()));
        assert!(matches!(walked, Err(ImportError::Damaged(_))));
    }
}
