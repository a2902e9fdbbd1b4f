//! Bytes of a file as values to work on.

use half::{bf16, f16};

use super::element::Element;
use crate::spec::dtype::{ByteOrder, Dtype, Kind, MlType};

/// Makes values from bytes.
pub(super) type Decode<T> = fn(&[u8], &mut Vec<T>);

/// How the values of a type are read: the type that they are worked on as, and the function that makes them from bytes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Decoder {
    F32(Decode<f32>),
    F64(Decode<f64>),
    I8(Decode<i8>),
    I16(Decode<i16>),
    I32(Decode<i32>),
    I64(Decode<i64>),
    U8(Decode<u8>),
    U16(Decode<u16>),
    U32(Decode<u32>),
    U64(Decode<u64>),
}

macro_rules! plain {
    ($type:ty, $big:expr) => {
        if $big {
            |bytes, out| {
                let (all, _) = bytes.as_chunks();
                out.extend(all.iter().map(|bytes| <$type>::from_be_bytes(*bytes)));
            }
        } else {
            |bytes, out| {
                let (all, _) = bytes.as_chunks();
                out.extend(all.iter().map(|bytes| <$type>::from_le_bytes(*bytes)));
            }
        }
    };
}

macro_rules! narrow {
    ($type:ty, $big:expr) => {
        if $big {
            |bytes, out| {
                let (all, _) = bytes.as_chunks();
                out.extend(all.iter().map(|bytes| <$type>::from_be_bytes(*bytes).to_f32()));
            }
        } else {
            |bytes, out| {
                let (all, _) = bytes.as_chunks();
                out.extend(all.iter().map(|bytes| <$type>::from_le_bytes(*bytes).to_f32()));
            }
        }
    };
}

/// How the values of the type are read, and how many of them make one element. `None` for what holds no numbers, or
/// numbers that nobody but their writer can read: long doubles, unnamed types of one byte.
pub(super) fn decoder(dtype: &Dtype) -> Option<(Decoder, u64)> {
    let big = dtype.order == ByteOrder::Big;
    let one = |decoder| Some((decoder, 1));
    match (&dtype.kind, dtype.size) {
        (Kind::Bool, 1) => one(Decoder::U8(plain!(u8, big))),
        (Kind::Int, 1) => one(Decoder::I8(plain!(i8, big))),
        (Kind::Int, 2) => one(Decoder::I16(plain!(i16, big))),
        (Kind::Int, 4) => one(Decoder::I32(plain!(i32, big))),
        (Kind::Int | Kind::Datetime(_) | Kind::Timedelta(_), 8) => one(Decoder::I64(plain!(i64, big))),
        (Kind::Uint, 1) => one(Decoder::U8(plain!(u8, big))),
        (Kind::Uint, 2) => one(Decoder::U16(plain!(u16, big))),
        (Kind::Uint, 4) => one(Decoder::U32(plain!(u32, big))),
        (Kind::Uint, 8) => one(Decoder::U64(plain!(u64, big))),
        (Kind::Float, 2) => one(Decoder::F32(narrow!(f16, big))),
        (Kind::Float, 4) => one(Decoder::F32(plain!(f32, big))),
        (Kind::Float, 8) => one(Decoder::F64(plain!(f64, big))),
        (Kind::Complex, 8) => Some((Decoder::F32(plain!(f32, big)), 2)),
        (Kind::Complex, 16) => Some((Decoder::F64(plain!(f64, big)), 2)),
        // The two bytes of an unnamed type are read as bfloat16, which they most likely are.
        (Kind::Ml(MlType::Bfloat16) | Kind::UnnamedMl, 2) => one(Decoder::F32(narrow!(bf16, big))),
        (Kind::Ml(MlType::Int4), 1) => {
            one(Decoder::I8(|bytes, out| out.extend(bytes.iter().map(|byte| (byte << 4).cast_signed() >> 4))))
        }
        (Kind::Ml(MlType::Int2), 1) => {
            one(Decoder::I8(|bytes, out| out.extend(bytes.iter().map(|byte| (byte << 6).cast_signed() >> 6))))
        }
        (Kind::Ml(MlType::Uint4), 1) => one(Decoder::U8(|bytes, out| out.extend(bytes.iter().map(|byte| byte & 15)))),
        (Kind::Ml(MlType::Uint2), 1) => one(Decoder::U8(|bytes, out| out.extend(bytes.iter().map(|byte| byte & 3)))),
        (Kind::Ml(ml), 1) => Some((Decoder::F32(tiny(*ml)?), 1)),
        _ => None,
    }
}

/// Whether the bytes are the values that the decoder makes of them: numbers of a type and in an order that this machine has.
pub(super) fn is_native(dtype: &Dtype) -> bool {
    let order = match dtype.order {
        ByteOrder::Little => cfg!(target_endian = "little"),
        ByteOrder::Big => cfg!(target_endian = "big"),
        ByteOrder::None => dtype.size == 1,
    };
    let narrow = dtype.kind == Kind::Float && dtype.size == 2;
    order && !narrow && !matches!(dtype.kind, Kind::Ml(_) | Kind::UnnamedMl) && decoder(dtype).is_some()
}

/// The numbers that these bytes of whole elements hold, each as the nearest float64. `None` for types that hold no
/// numbers, and for those that hold two in an element.
#[must_use]
pub fn floats(dtype: &Dtype, bytes: &[u8]) -> Option<Vec<f64>> {
    let (decoder, 1) = decoder(dtype)? else { return None };
    Some(match decoder {
        Decoder::F32(decode) => decoded(decode, bytes),
        Decoder::F64(decode) => decoded(decode, bytes),
        Decoder::I8(decode) => decoded(decode, bytes),
        Decoder::I16(decode) => decoded(decode, bytes),
        Decoder::I32(decode) => decoded(decode, bytes),
        Decoder::I64(decode) => decoded(decode, bytes),
        Decoder::U8(decode) => decoded(decode, bytes),
        Decoder::U16(decode) => decoded(decode, bytes),
        Decoder::U32(decode) => decoded(decode, bytes),
        Decoder::U64(decode) => decoded(decode, bytes),
    })
}

fn decoded<T: Element>(decode: Decode<T>, bytes: &[u8]) -> Vec<f64> {
    let mut values = Vec::new();
    decode(bytes, &mut values);
    values.into_iter().map(Element::f64).collect()
}

/// A float of one byte or less: sign, exponent and mantissa bits, the bias, and what its special codes mean.
struct Tiny {
    exponent: usize,
    mantissa: usize,
    bias: i32,
    special: Special,
}

#[derive(PartialEq)]
enum Special {
    /// The highest exponent is infinity and NaN, as in IEEE 754.
    Ieee,
    /// Only the highest code of either sign is NaN.
    Highest,
    /// Only the code of -0 is NaN.
    MinusZero,
    /// There is no NaN and no infinity.
    None,
}

const fn float(exponent: usize, mantissa: usize, bias: i32, special: Special) -> Tiny {
    Tiny { exponent, mantissa, bias, special }
}

/// The table of a type of one byte. The formats are those of the `ml_dtypes` package.
fn tiny(ml: MlType) -> Option<Decode<f32>> {
    macro_rules! table {
        ($tiny:expr) => {
            |bytes, out| {
                static TABLE: std::sync::LazyLock<[f32; 256]> =
                    std::sync::LazyLock::new(|| std::array::from_fn(|code| value(&$tiny, code)));
                out.extend(bytes.iter().map(|byte| TABLE[usize::from(*byte)]));
            }
        };
    }
    Some(match ml {
        MlType::Float8E3m4 => table!(float(3, 4, 3, Special::Ieee)),
        MlType::Float8E4m3 => table!(float(4, 3, 7, Special::Ieee)),
        MlType::Float8E4m3b11fnuz => table!(float(4, 3, 11, Special::MinusZero)),
        MlType::Float8E4m3fn => table!(float(4, 3, 7, Special::Highest)),
        MlType::Float8E4m3fnuz => table!(float(4, 3, 8, Special::MinusZero)),
        MlType::Float8E5m2 => table!(float(5, 2, 15, Special::Ieee)),
        MlType::Float8E5m2fnuz => table!(float(5, 2, 16, Special::MinusZero)),
        MlType::Float6E2m3fn => table!(float(2, 3, 1, Special::None)),
        MlType::Float6E3m2fn => table!(float(3, 2, 3, Special::None)),
        MlType::Float4E2m1fn => table!(float(2, 1, 1, Special::None)),
        MlType::Float8E8m0fnu => |bytes, out| {
            let value = |code: u8| if code == 255 { f32::NAN } else { 2.0_f32.powi(i32::from(code) - 127) };
            out.extend(bytes.iter().map(|code| value(*code)));
        },
        MlType::Bfloat16 | MlType::Int4 | MlType::Int2 | MlType::Uint4 | MlType::Uint2 => return None,
    })
}

/// The value of one code. Bits above the sign are ignored.
#[allow(clippy::cast_possible_wrap, clippy::cast_possible_truncation, reason = "eight bits, and floats that fit")]
fn value(tiny: &Tiny, code: usize) -> f32 {
    let sign = if code >> (tiny.exponent + tiny.mantissa) & 1 == 1 { -1.0 } else { 1.0 };
    let top = (1 << tiny.exponent) - 1;
    let exponent = code >> tiny.mantissa & top;
    let mantissa = code & ((1 << tiny.mantissa) - 1);
    let scale = 2.0_f64.powi(-(tiny.mantissa as i32));
    match tiny.special {
        Special::Ieee if exponent == top && mantissa == 0 => return (sign * f64::INFINITY) as f32,
        Special::Ieee if exponent == top => return f32::NAN,
        Special::Highest if exponent == top && mantissa == (1 << tiny.mantissa) - 1 => return f32::NAN,
        Special::MinusZero if sign < 0.0 && exponent == 0 && mantissa == 0 => return f32::NAN,
        _ => {}
    }
    let magnitude = if exponent == 0 {
        mantissa as f64 * scale * 2.0_f64.powi(1 - tiny.bias)
    } else {
        (1.0 + mantissa as f64 * scale) * 2.0_f64.powi(exponent as i32 - tiny.bias)
    };
    (sign * magnitude) as f32
}
