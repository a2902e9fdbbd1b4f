//! Casts, value by value as `numpy.astype` makes them on x86: floats are rounded to the nearest, integers wrap, fractions
//! are cut. Casts to bfloat16 go through float32, as those of the `ml_dtypes` package do. What NumPy leaves open (NaN and
//! what is out of range as integers) is what most of its machines make of it.

use half::{bf16, f16};

use super::kernel::Kernel;
use crate::spec::dtype::{Dtype, Kind, MlType};
use crate::values::cast::odd;

/// The cast between two little-endian types; `None` where it is not known here.
pub(super) fn cast(from: &Dtype, to: &Dtype) -> Option<Kernel> {
    match (&from.kind, from.size, &to.kind, to.size) {
        (Kind::Complex, 16, Kind::Complex, 8) => return Some(each::<f64, f32, 8, 4>()),
        (Kind::Complex, 8, Kind::Complex, 16) => return Some(each::<f32, f64, 4, 8>()),
        _ => {}
    }
    macro_rules! into {
        ($from:ty, $size:expr) => {
            Some(match (&to.kind, to.size) {
                (Kind::Bool, 1) => each::<$from, Truth, $size, 1>(),
                (Kind::Int, 1) => each::<$from, i8, $size, 1>(),
                (Kind::Int, 2) => each::<$from, i16, $size, 2>(),
                (Kind::Int, 4) => each::<$from, i32, $size, 4>(),
                (Kind::Int, 8) => each::<$from, i64, $size, 8>(),
                (Kind::Uint, 1) => each::<$from, u8, $size, 1>(),
                (Kind::Uint, 2) => each::<$from, u16, $size, 2>(),
                (Kind::Uint, 4) => each::<$from, u32, $size, 4>(),
                (Kind::Uint, 8) => each::<$from, u64, $size, 8>(),
                (Kind::Float, 2) => each::<$from, f16, $size, 2>(),
                (Kind::Float, 4) => each::<$from, f32, $size, 4>(),
                (Kind::Float, 8) => each::<$from, f64, $size, 8>(),
                (Kind::Ml(MlType::Bfloat16), 2) => each::<$from, bf16, $size, 2>(),
                _ => return None,
            })
        };
    }
    match (&from.kind, from.size) {
        (Kind::Bool, 1) => into!(Truth, 1),
        (Kind::Int, 1) => into!(i8, 1),
        (Kind::Int, 2) => into!(i16, 2),
        (Kind::Int, 4) => into!(i32, 4),
        (Kind::Int, 8) => into!(i64, 8),
        (Kind::Uint, 1) => into!(u8, 1),
        (Kind::Uint, 2) => into!(u16, 2),
        (Kind::Uint, 4) => into!(u32, 4),
        (Kind::Uint, 8) => into!(u64, 8),
        (Kind::Float, 2) => into!(f16, 2),
        (Kind::Float, 4) => into!(f32, 4),
        (Kind::Float, 8) => into!(f64, 8),
        (Kind::UnnamedMl, 2) if to.kind == Kind::Ml(MlType::Bfloat16) => Some(Kernel::new(2, 2, |input, out| {
            out.copy_from_slice(input);
            Ok(())
        })),
        (Kind::Ml(MlType::Bfloat16) | Kind::UnnamedMl, 2) => into!(bf16, 2),
        _ => None,
    }
}

/// The cast of every value.
fn each<S: Value<N> + To<T>, T: Value<M>, const N: usize, const M: usize>() -> Kernel {
    Kernel::new(N, M, |input, out| {
        let ((values, _), (casts, _)) = (input.as_chunks::<N>(), out.as_chunks_mut::<M>());
        for (cast, value) in casts.iter_mut().zip(values) {
            *cast = S::read(*value).to().bytes();
        }
        Ok(())
    })
}

/// A value of one type, of so many bytes.
trait Value<const N: usize>: Copy {
    fn read(bytes: [u8; N]) -> Self;
    fn bytes(self) -> [u8; N];
}

/// A cast from one type to another.
trait To<T> {
    fn to(self) -> T;
}

/// A bool. Every byte but 0 is true.
#[derive(Clone, Copy)]
struct Truth(u8);

impl Value<1> for Truth {
    fn read([byte]: [u8; 1]) -> Self {
        Self(u8::from(byte != 0))
    }

    fn bytes(self) -> [u8; 1] {
        [self.0]
    }
}

macro_rules! values {
    ($($type:ty: $size:expr),*) => {$(
        impl Value<$size> for $type {
            fn read(bytes: [u8; $size]) -> Self {
                <$type>::from_le_bytes(bytes)
            }

            fn bytes(self) -> [u8; $size] {
                self.to_le_bytes()
            }
        }
    )*};
}

values!(i8: 1, i16: 2, i32: 4, i64: 8, u8: 1, u16: 2, u32: 4, u64: 8, f16: 2, bf16: 2, f32: 4, f64: 8);

macro_rules! integers {
    ($($from:ty),*) => {$(
        integers!(@ $from => i8, i16, i32, i64, u8, u16, u32, u64, f32, f64);

        impl To<Truth> for $from {
            fn to(self) -> Truth {
                Truth(u8::from(self != 0))
            }
        }

        #[allow(clippy::cast_possible_truncation, clippy::cast_lossless, reason = "the cast that is asked for")]
        impl To<f16> for $from {
            fn to(self) -> f16 {
                // What float32 would round is infinite in float16.
                f16::from_f32(self as f32)
            }
        }

        #[allow(clippy::cast_possible_truncation, clippy::cast_lossless, reason = "the cast that is asked for")]
        impl To<bf16> for $from {
            fn to(self) -> bf16 {
                bf16::from_f32(self as f32)
            }
        }
    )*};
    (@ $from:ty => $($to:ty),*) => {$(
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_possible_wrap,
            clippy::cast_lossless,
            trivial_numeric_casts,
            reason = "the cast that is asked for"
        )]
        impl To<$to> for $from {
            fn to(self) -> $to {
                self as $to
            }
        }
    )*};
}

integers!(i8, i16, i32, i64, u8, u16, u32, u64);

/// A float as an integer of 32 bits: what a machine gives that has no such integer is the least of them.
#[allow(clippy::cast_possible_truncation, reason = "checked")]
fn int32(value: f64) -> i32 {
    if value > -2_147_483_649.0 && value < 2_147_483_648.0 { value as i32 } else { i32::MIN }
}

/// The same for 64 bits.
#[allow(clippy::cast_possible_truncation, reason = "checked")]
fn int64(value: f64) -> i64 {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if (-BEYOND..BEYOND).contains(&value) { value as i64 } else { i64::MIN }
}

/// The same without a sign: the upper half of the range apart, as compilers do it.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
fn uint64(value: f64) -> u64 {
    const HALF: f64 = 9_223_372_036_854_775_808.0;
    if (HALF..2.0 * HALF).contains(&value) { value as u64 } else { int64(value).cast_unsigned() }
}

macro_rules! floats {
    ($($from:ty),*) => {$(
        floats!(@ $from, int32 => i8, i16, i32, u8, u16);
        floats!(@ $from, int64 => i64, u32);
        floats!(@ $from, uint64 => u64);

        impl To<Truth> for $from {
            fn to(self) -> Truth {
                Truth(u8::from(self != 0.0))
            }
        }

        #[allow(clippy::cast_lossless, reason = "the cast that is asked for")]
        impl To<f64> for $from {
            fn to(self) -> f64 {
                self as f64
            }
        }

        #[allow(clippy::cast_possible_truncation, reason = "the cast that is asked for")]
        impl To<f32> for $from {
            fn to(self) -> f32 {
                self as f32
            }
        }

        #[allow(clippy::cast_possible_truncation, reason = "the cast that is asked for")]
        impl To<bf16> for $from {
            fn to(self) -> bf16 {
                bf16::from_f32(self as f32)
            }
        }
    )*};
    (@ $from:ty, $by:ident => $($to:ty),*) => {$(
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_lossless, reason = "it wraps")]
        impl To<$to> for $from {
            fn to(self) -> $to {
                $by(self as f64) as $to
            }
        }
    )*};
}

floats!(f32, f64);

impl To<f16> for f32 {
    fn to(self) -> f16 {
        f16::from_f32(self)
    }
}

impl To<f16> for f64 {
    fn to(self) -> f16 {
        f16::from_f32(odd(self))
    }
}

// What is narrower than float32 is one.
impl<T> To<T> for f16
where
    f32: To<T>,
{
    fn to(self) -> T {
        self.to_f32().to()
    }
}

impl<T> To<T> for bf16
where
    f32: To<T>,
{
    fn to(self) -> T {
        self.to_f32().to()
    }
}

// What is true is 1.
impl<T> To<T> for Truth
where
    u8: To<T>,
{
    fn to(self) -> T {
        self.0.to()
    }
}
