//! The rows of an array, as they are or as they would be after a cast, so that two runs of one program can be compared.

use half::f16;
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::cast::odd;
use super::decode::{Decoder, decoder};
use super::layout::Layout;
use super::pass::has_bytes;
use super::rows::{Hash, Rows};
use super::{ROW_HASHES, Unread, ValueFacts};
use crate::spec::dtype::{Dtype, Kind};

/// The hash of every row, however short, and of the whole: nothing else is looked at. `bytes` is the whole array in C
/// order. With `to`, they are the hashes of what a cast to that type makes of it, as NumPy casts on a little-endian
/// machine. A scalar is one row. There are no hashes of more than [`ROW_HASHES`] rows, nor where what the cast makes of a
/// value differs between machines (NaN as an integer) or is not known here.
pub fn rows(layout: &Layout<'_>, to: Option<&Dtype>, bytes: &[u8]) -> Result<ValueFacts, Unread> {
    if !has_bytes(layout.dtype) {
        return Err(Unread::UnknownType);
    }
    if bytes.len() as u64 != layout.elements().saturating_mul(layout.dtype.size) {
        return Err(Unread::Damaged);
    }
    let hashes = hashes(layout, to, bytes);
    let whole = hashes.as_ref().map(|hashes| {
        let mut whole = Xxh3::default();
        for hash in hashes {
            whole.update(&hash.0.to_le_bytes());
        }
        Hash(whole.digest128())
    });
    let (count, elements) = (layout.rows(), layout.row_elements());
    let rows = Rows { count, elements, hashes, blank: None, columns: None, neighbours: None };
    Ok(ValueFacts {
        count: layout.elements(),
        hash: whole,
        numbers: None,
        rows: Some(Box::new(rows)),
        texts: None,
        objects: None,
        answers: Vec::new(),
    })
}

fn hashes(layout: &Layout<'_>, to: Option<&Dtype>, bytes: &[u8]) -> Option<Vec<Hash>> {
    let rows = usize::try_from(layout.rows().min(ROW_HASHES + 1)).ok().filter(|rows| *rows as u64 <= ROW_HASHES)?;
    let row = bytes.len().checked_div(rows).unwrap_or_default();
    let cast = match to {
        Some(to) => Some((decoder(layout.dtype).filter(|(_, parts)| *parts == 1)?.0, Target::of(to)?)),
        None => None,
    };
    let mut buffer = Vec::new();
    let mut hashes = Vec::with_capacity(rows);
    for at in 0..rows {
        let bytes = &bytes[at * row..(at + 1) * row];
        hashes.push(Hash(match cast {
            Some((decoder, target)) => {
                buffer.clear();
                recast(decoder, target, bytes, &mut buffer)?;
                xxh3_128(&buffer)
            }
            None => xxh3_128(bytes),
        }));
    }
    Some(hashes)
}

/// A type that NumPy casts to in a way that is known here.
#[derive(Debug, Clone, Copy)]
enum Target {
    Bool,
    F16,
    F32,
    F64,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
}

impl Target {
    fn of(dtype: &Dtype) -> Option<Self> {
        Some(match (&dtype.kind, dtype.size) {
            (Kind::Bool, 1) => Self::Bool,
            (Kind::Float, 2) => Self::F16,
            (Kind::Float, 4) => Self::F32,
            (Kind::Float, 8) => Self::F64,
            (Kind::Int, 1) => Self::I8,
            (Kind::Int, 2) => Self::I16,
            (Kind::Int, 4) => Self::I32,
            (Kind::Int, 8) => Self::I64,
            (Kind::Uint, 1) => Self::U8,
            (Kind::Uint, 2) => Self::U16,
            (Kind::Uint, 4) => Self::U32,
            (Kind::Uint, 8) => Self::U64,
            _ => return None,
        })
    }
}

/// Casts whole elements. `None` where what comes out is not the same on every machine.
fn recast(decoder: Decoder, target: Target, bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    macro_rules! floats {
        ($decode:expr) => {{
            let mut values = Vec::new();
            $decode(bytes, &mut values);
            values.into_iter().try_for_each(|value| from_float(f64::from(value), target, out))
        }};
    }
    macro_rules! integers {
        ($decode:expr) => {{
            let mut values = Vec::new();
            $decode(bytes, &mut values);
            for value in values {
                from_integer(i128::from(value), target, out);
            }
            Some(())
        }};
    }
    match decoder {
        Decoder::F32(decode) => floats!(decode),
        Decoder::F64(decode) => floats!(decode),
        Decoder::I8(decode) => integers!(decode),
        Decoder::I16(decode) => integers!(decode),
        Decoder::I32(decode) => integers!(decode),
        Decoder::I64(decode) => integers!(decode),
        Decoder::U8(decode) => integers!(decode),
        Decoder::U16(decode) => integers!(decode),
        Decoder::U32(decode) => integers!(decode),
        Decoder::U64(decode) => integers!(decode),
    }
}

#[allow(clippy::cast_possible_truncation, reason = "the cast that is asked about")]
fn from_float(value: f64, target: Target, out: &mut Vec<u8>) -> Option<()> {
    match target {
        Target::F64 => out.extend(value.to_le_bytes()),
        Target::F32 => out.extend((value as f32).to_le_bytes()),
        Target::F16 => out.extend(f16::from_f32(odd(value)).to_le_bytes()),
        Target::Bool => out.push(u8::from(value != 0.0)),
        _ => {
            let whole = value.trunc();
            let (least, most) = target.bounds()?;
            // One more than the greatest is a power of two, which is a float64 in any case.
            if !(whole >= least as f64 && whole < (most + 1) as f64) {
                return None;
            }
            from_integer(whole as i128, target, out);
        }
    }
    Some(())
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast that is asked about")]
fn from_integer(value: i128, target: Target, out: &mut Vec<u8>) {
    match target {
        Target::Bool => out.push(u8::from(value != 0)),
        Target::F16 => out.extend(f16::from_f32(value as f32).to_le_bytes()),
        Target::F32 => out.extend((value as f32).to_le_bytes()),
        Target::F64 => out.extend((value as f64).to_le_bytes()),
        Target::I8 | Target::U8 => out.push(value as u8),
        Target::I16 | Target::U16 => out.extend((value as u16).to_le_bytes()),
        Target::I32 | Target::U32 => out.extend((value as u32).to_le_bytes()),
        Target::I64 | Target::U64 => out.extend((value as u64).to_le_bytes()),
    }
}

impl Target {
    /// The least and the greatest integer of the type.
    fn bounds(self) -> Option<(i128, i128)> {
        let signed = |bits: u32| (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1);
        let unsigned = |bits: u32| (0, (1_i128 << bits) - 1);
        Some(match self {
            Self::I8 => signed(8),
            Self::I16 => signed(16),
            Self::I32 => signed(32),
            Self::I64 => signed(64),
            Self::U8 => unsigned(8),
            Self::U16 => unsigned(16),
            Self::U32 => unsigned(32),
            Self::U64 => unsigned(64),
            Self::Bool | Self::F16 | Self::F32 | Self::F64 => return None,
        })
    }
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, reason = "the casts that are asked about")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dtype(name: &str) -> Dtype {
        Dtype::from_name(name).unwrap()
    }

    fn hashes_of(name: &str, shape: &[u64], to: Option<&str>, bytes: &[u8]) -> Option<Vec<Hash>> {
        let (dtype, to) = (dtype(name), to.map(dtype));
        let layout = Layout { dtype: &dtype, shape, fortran: false };
        rows(&layout, to.as_ref(), bytes).unwrap().rows.unwrap().hashes
    }

    fn raw<const N: usize, T: Copy>(values: &[T], bytes: fn(T) -> [u8; N]) -> Vec<u8> {
        values.iter().flat_map(|value| bytes(*value)).collect()
    }

    proptest! {
        #[test]
        fn rows_after_a_cast_are_the_rows_of_the_array_that_was_cast(values in proptest::collection::vec(any::<f32>(), 6)) {
            let wide: Vec<f64> = values.iter().map(|value| f64::from(*value) + 1e-12).collect();
            let narrow: Vec<f32> = wide.iter().map(|value| *value as f32).collect();
            let (wide, narrow) = (raw(&wide, f64::to_le_bytes), raw(&narrow, f32::to_le_bytes));
            prop_assert_eq!(
                hashes_of("float64", &[3, 2], Some("float32"), &wide),
                hashes_of("float32", &[3, 2], None, &narrow)
            );
        }

        #[test]
        fn integers_become_the_nearest_floats_and_wrap_as_in_c(values in proptest::collection::vec(any::<i64>(), 4)) {
            let wide = raw(&values, i64::to_le_bytes);
            let floats = raw(&values.iter().map(|value| *value as f32).collect::<Vec<_>>(), f32::to_le_bytes);
            prop_assert_eq!(hashes_of("int64", &[4], Some("float32"), &wide), hashes_of("float32", &[4], None, &floats));
            let short = raw(&values.iter().map(|value| *value as i16).collect::<Vec<_>>(), i16::to_le_bytes);
            prop_assert_eq!(hashes_of("int64", &[4], Some("int16"), &wide), hashes_of("int16", &[4], None, &short));
        }
    }

    #[test]
    fn every_row_has_a_hash_however_short() {
        let labels = raw(&[1_i64, 2, 1], i64::to_le_bytes);
        let hashes = hashes_of("int64", &[3], None, &labels).unwrap();
        assert_eq!(hashes.len(), 3);
        assert!(hashes[0] == hashes[2] && hashes[0] != hashes[1]);
        // The rows of two parts are those of the whole.
        let parts = [&labels[..16], &labels[16..]];
        let apart = [2, 1].iter().zip(parts).flat_map(|(rows, part)| hashes_of("int64", &[*rows], None, part).unwrap());
        assert_eq!(apart.collect::<Vec<_>>(), hashes);
        assert_eq!(hashes_of("int64", &[], None, &labels[..8]).unwrap().len(), 1);
        assert_eq!(hashes_of("int64", &[2, 0], None, &[]).unwrap().len(), 2);
        assert_eq!(hashes_of("int64", &[u64::MAX, 0], None, &[]), None);
    }

    #[test]
    fn floats_become_integers_only_where_every_machine_agrees() {
        let floats = |values: &[f64]| raw(values, f64::to_le_bytes);
        let cast = |values: &[f64], to: &str| hashes_of("float64", &[1], Some(to), &floats(values));
        assert_eq!(cast(&[-1.9], "int8"), hashes_of("int8", &[1], None, &[255]));
        assert_eq!(cast(&[255.5], "uint8"), hashes_of("uint8", &[1], None, &[255]));
        for value in [f64::NAN, f64::INFINITY, 256.0, -1.0] {
            assert_eq!(cast(&[value], "uint8"), None, "{value}");
        }
        assert_eq!(cast(&[f64::NAN], "bool"), hashes_of("bool", &[1], None, &[1]));
        assert_eq!(cast(&[1.0], "bfloat16"), None);
    }

    #[test]
    fn what_is_not_all_there_or_has_no_meaning_is_not_compared() {
        let object = Dtype::new(Kind::Object, 8);
        let layout = Layout { dtype: &object, shape: &[1], fortran: false };
        assert_eq!(rows(&layout, None, &[0; 8]).unwrap_err(), Unread::UnknownType);
        let float = dtype("float32");
        let layout = Layout { dtype: &float, shape: &[2], fortran: false };
        assert_eq!(rows(&layout, None, &[0; 7]).unwrap_err(), Unread::Damaged);
    }
}
