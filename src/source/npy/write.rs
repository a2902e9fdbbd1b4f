//! Headers of .npy files, byte for byte as `numpy.save` writes them.

use super::header::{self, Bounds, MAGIC, Raw, Start};
use crate::config::limits::Limits;
use crate::spec::dtype::{ByteOrder, Dtype, Kind, MlType};

/// Characters that NumPy leaves for the first axis to grow.
const GROWTH: usize = 21;
/// The data starts at a multiple of so many bytes.
const ALIGNED: usize = 64;

/// The header of an array in C order. `descr` is the type as Python writes it, quotes included: `'<f4'`, `[('x', '<f4')]`.
/// It is of version 1.0, 2.0 where it is too long for that, and 3.0 where it is not latin-1.
pub(crate) fn header(descr: &str, shape: &[u64]) -> Vec<u8> {
    let sizes: Vec<String> = shape.iter().map(u64::to_string).collect();
    let comma = if sizes.len() == 1 { "," } else { "" };
    let mut text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': ({}{comma}), }}", sizes.join(", "));
    if let Some(first) = sizes.first() {
        text.extend(std::iter::repeat_n(' ', GROWTH.saturating_sub(first.len())));
    }
    let latin1: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    let (version, text) = match latin1 {
        Some(text) if u16::try_from(padded(10, text.len()) - 10).is_ok() => (1, text),
        Some(text) => (2, text),
        None => (3, text.into_bytes()),
    };
    let start = if version == 1 { 10 } else { 12 };
    let length = padded(start, text.len());
    let mut bytes = [MAGIC, &[version, 0]].concat();
    let declared = u32::try_from(length - start).unwrap_or(u32::MAX).to_le_bytes();
    bytes.extend_from_slice(&declared[..start - 8]);
    bytes.extend_from_slice(&text);
    bytes.resize(length - 1, b' ');
    bytes.push(b'\n');
    bytes
}

/// Bytes of a header whose text starts at `start`, its line end included.
fn padded(start: usize, text: usize) -> usize {
    (start + text + 1).next_multiple_of(ALIGNED)
}

/// The type as NumPy writes it. bfloat16 is written as the `ml_dtypes` package has it. `None` for what cannot be written
/// from the type alone: structured types, and the types of one byte that have no descriptor.
pub(crate) fn descr(dtype: &Dtype) -> Option<String> {
    let letter = match &dtype.kind {
        Kind::Bool => 'b',
        Kind::Int => 'i',
        Kind::Uint => 'u',
        Kind::Float | Kind::LongDouble => 'f',
        Kind::Complex => 'c',
        Kind::Bytes => 'S',
        Kind::Void => 'V',
        Kind::Text => 'U',
        Kind::Datetime(_) => 'M',
        Kind::Timedelta(_) => 'm',
        Kind::Ml(MlType::Bfloat16) => return Some("'<V2'".into()),
        Kind::Ml(_) | Kind::UnnamedMl | Kind::Object | Kind::Struct(_) => return None,
    };
    let order = match dtype.order {
        ByteOrder::Big => '>',
        ByteOrder::Little if dtype.size > 1 => '<',
        _ if dtype.kind == Kind::Text => '<',
        _ => '|',
    };
    let size = if dtype.kind == Kind::Text { dtype.size / 4 } else { dtype.size };
    let unit = match &dtype.kind {
        Kind::Datetime(unit) | Kind::Timedelta(unit) if !unit.is_empty() => format!("[{unit}]"),
        _ => String::new(),
    };
    Some(format!("'{order}{letter}{size}{unit}'"))
}

/// The type as a header has it, cut out of the header's bytes.
pub(crate) fn descr_in(bytes: &[u8]) -> Option<String> {
    match header::start(bytes, bytes.len() as u64, Bounds::of(&Limits::widest())) {
        Start::Header(raw) => descr_of(&raw),
        _ => None,
    }
}

fn descr_of(raw: &Raw<'_>) -> Option<String> {
    let read = header::read(raw);
    read.header.as_ref()?;
    read.text.get(read.descr).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_those_of_numpy() {
        let spaces = |count: usize| " ".repeat(count);
        for (descr, shape, text) in [
            ("'<f4'", &[3, 2][..], "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }"),
            ("'|u1'", &[3], "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }"),
            ("'<f8'", &[], "{'descr': '<f8', 'fortran_order': False, 'shape': (), }"),
        ] {
            let bytes = header(descr, shape);
            let wanted = format!("{text}{}\n", spaces(117 - text.len()));
            assert_eq!(bytes, [b"\x93NUMPY\x01\x00v\x00", wanted.as_bytes()].concat(), "{descr}");
        }
    }

    #[test]
    fn long_and_foreign_headers_have_their_versions() {
        let fields: Vec<String> = (0..4000).map(|i| format!("('field{i}', '<f4')")).collect();
        let long = header(&format!("[{}]", fields.join(", ")), &[1]);
        assert_eq!((&long[6..8], long.len() % 64), (&[2, 0][..], 0));
        assert_eq!(u32::from_le_bytes(long[8..12].try_into().unwrap()) as usize, long.len() - 12);
        for (name, version) in [("é", 1), ("名", 3)] {
            let bytes = header(&format!("[('{name}', '<f4')]"), &[2]);
            assert_eq!((bytes[6], bytes.len() % 64), (version, 0));
            assert_eq!(descr_in(&bytes).unwrap(), format!("[('{name}', '<f4')]"));
        }
    }

    #[test]
    fn every_type_is_written_as_it_is_read() {
        for text in [
            "'|b1'",
            "'|i1'",
            "'<i2'",
            "'>i4'",
            "'<u8'",
            "'<f2'",
            "'>f8'",
            "'<f16'",
            "'<c8'",
            "'<c32'",
            "'|S5'",
            "'|S1'",
            "'|V7'",
            "'<U5'",
            "'<U1'",
            "'>U2'",
            "'<M8[ns]'",
            "'<M8[25s]'",
            "'<m8'",
            "'<V2'",
        ] {
            let dtype = super::super::dtype_of(text).unwrap();
            match descr(&dtype) {
                Some(written) => assert_eq!(written, text),
                None => assert_eq!(text, "'<V2'"),
            }
        }
        assert_eq!(descr(&Dtype::from_name("bfloat16").unwrap()).unwrap(), "'<V2'");
        assert_eq!(descr(&Dtype::from_name("float8_e4m3").unwrap()), None);
    }
}
