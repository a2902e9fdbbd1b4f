//! A piece of an array as plain numbers, to be looked at by somebody else than a pass.

use super::decode::{Decoder, decoder};
use super::number::Number;
use crate::spec::dtype::{Dtype, Kind};

/// Whole numbers up to here are float64 values, each of them.
const EXACT: u64 = 1 << 53;

/// Values, each exactly what it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    /// Floats, and integers that are float64 values.
    Floats(Vec<f64>),
    /// Integers, some of them too large for that.
    Integers(Vec<i128>),
}

impl Piece {
    /// The values of whole elements. `None` for types without numbers; see [`parts`] for how many one element has.
    pub(crate) fn read(dtype: &Dtype, bytes: &[u8]) -> Option<Self> {
        macro_rules! plain {
            ($decode:expr) => {{
                let mut values = Vec::new();
                $decode(bytes, &mut values);
                Self::Floats(values.into_iter().map(f64::from).collect())
            }};
        }
        macro_rules! wide {
            ($decode:expr) => {{
                let mut values = Vec::new();
                $decode(bytes, &mut values);
                let widest = values.iter().fold(0, |widest, value| widest | integer_size(*value));
                if widest <= EXACT {
                    Self::Floats(values.into_iter().map(|value| value as f64).collect())
                } else {
                    Self::Integers(values.into_iter().map(i128::from).collect())
                }
            }};
        }
        Some(match decoder(dtype)?.0 {
            Decoder::F32(decode) => plain!(decode),
            Decoder::F64(decode) => {
                let mut values = Vec::new();
                decode(bytes, &mut values);
                Self::Floats(values)
            }
            // Every byte but 0 is true.
            Decoder::U8(decode) if dtype.kind == Kind::Bool => {
                let mut values = Vec::new();
                decode(bytes, &mut values);
                Self::Floats(values.into_iter().map(|value| f64::from(u8::from(value != 0))).collect())
            }
            Decoder::I8(decode) => plain!(decode),
            Decoder::I16(decode) => plain!(decode),
            Decoder::I32(decode) => plain!(decode),
            Decoder::U8(decode) => plain!(decode),
            Decoder::U16(decode) => plain!(decode),
            Decoder::U32(decode) => plain!(decode),
            Decoder::I64(decode) => wide!(decode),
            Decoder::U64(decode) => wide!(decode),
        })
    }

    /// The values one by one; `whole` says that their type holds whole numbers only.
    pub(crate) fn numbers(&self, whole: bool) -> Vec<Number> {
        #[allow(clippy::cast_possible_truncation, reason = "whole and small")]
        match self {
            Self::Floats(values) if whole => values.iter().map(|value| Number::Int(*value as i128)).collect(),
            Self::Floats(values) => values.iter().map(|value| Number::Float(*value)).collect(),
            Self::Integers(values) => values.iter().map(|value| Number::Int(*value)).collect(),
        }
    }
}

/// How many numbers one element of the type is; `None` for types without numbers.
pub(crate) fn parts(dtype: &Dtype) -> Option<u64> {
    decoder(dtype).map(|(_, parts)| parts)
}

/// How large an integer is, whatever its sign.
trait Size {
    fn size(self) -> u64;
}

impl Size for i64 {
    fn size(self) -> u64 {
        self.unsigned_abs()
    }
}

impl Size for u64 {
    fn size(self) -> u64 {
        self
    }
}

fn integer_size(value: impl Size) -> u64 {
    value.size()
}
