//! A block of decoded values, and what is worked out of it at once: extremes, sums, counts.

use super::layout::Layout;
use super::number::Number;

/// Elements of a block. Blocks start at multiples of it, whatever the chunks that the bytes come in, so that sums are the
/// same to the last bit.
pub(super) const BLOCK: usize = 2048;
/// Lanes that are worked on side by side: fixed, so that sums are the same on every processor.
const LANES: usize = 16;

/// A value as it is worked on. f16, bfloat16 and float8 are worked on as f32, which holds them exactly.
pub(super) trait Element: Copy + PartialOrd + std::fmt::Debug + Send + 'static {
    /// Whether it is a float.
    const FLOAT: bool;
    /// What is less than no value.
    const LOW: Self;
    /// What is greater than no value.
    const HIGH: Self;
    /// The value as a float64; 64-bit integers are rounded.
    fn f64(self) -> f64;
    /// The value, exactly.
    fn number(self) -> Number;
    /// Whether it is neither NaN nor infinite.
    fn is_finite(self) -> bool;
    /// Whether it is NaN.
    fn is_nan(self) -> bool;
    /// Whether it has no fraction.
    fn is_whole(self) -> bool;
    /// Its bits, for a table of distinct values. -0.0 has those of 0.0.
    fn bits(self) -> u64;
    /// The sign and the power of two of its magnitude; `None` for 0 and what is not finite.
    fn power(self) -> Option<(bool, i16)>;
}

macro_rules! float {
    ($type:ty, $exponent_bias:expr) => {
        impl Element for $type {
            const FLOAT: bool = true;
            const LOW: Self = Self::NEG_INFINITY;
            const HIGH: Self = Self::INFINITY;
            #[inline]
            fn f64(self) -> f64 {
                f64::from(self)
            }
            fn number(self) -> Number {
                // One NaN and one zero, so that facts do not depend on which of several came first.
                Number::Float(if self.is_nan() { f64::NAN } else { f64::from(self) + 0.0 })
            }
            #[inline]
            fn is_finite(self) -> bool {
                self.is_finite()
            }
            #[inline]
            fn is_nan(self) -> bool {
                self.is_nan()
            }
            #[inline]
            fn is_whole(self) -> bool {
                self.fract() == 0.0
            }
            #[inline]
            fn bits(self) -> u64 {
                u64::from((self + 0.0).to_bits())
            }
            fn power(self) -> Option<(bool, i16)> {
                if self == 0.0 || !self.is_finite() {
                    return None;
                }
                // Values below the normal range share the lowest bin.
                let exponent = (self.abs().to_bits() >> (Self::MANTISSA_DIGITS - 1)) as i16 - $exponent_bias;
                Some((self < 0.0, exponent))
            }
        }
    };
}

float!(f32, 127);
float!(f64, 1023);

macro_rules! integer {
    ($($type:ty)*) => {$(
        impl Element for $type {
            const FLOAT: bool = false;
            const LOW: Self = Self::MIN;
            const HIGH: Self = Self::MAX;
            #[inline]
            #[allow(clippy::cast_lossless, reason = "not lossless for every type")]
            fn f64(self) -> f64 {
                self as f64
            }
            fn number(self) -> Number {
                Number::Int(i128::from(self))
            }
            #[inline]
            fn is_finite(self) -> bool {
                true
            }
            #[inline]
            fn is_nan(self) -> bool {
                false
            }
            #[inline]
            fn is_whole(self) -> bool {
                true
            }
            #[inline]
            #[allow(clippy::cast_sign_loss, clippy::cast_lossless, reason = "bits")]
            fn bits(self) -> u64 {
                self as u64
            }
            #[allow(clippy::cast_possible_truncation, reason = "at most 64")]
            fn power(self) -> Option<(bool, i16)> {
                let number = i128::from(self);
                (number != 0).then(|| (number < 0, number.unsigned_abs().ilog2() as i16))
            }
        }
    )*};
}

integer!(i8 i16 i32 i64 u8 u16 u32 u64);

/// What a block shows at once. Counts and extremes speak of finite values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stats<T> {
    /// The least value; [`Element::HIGH`] where there is none.
    pub(super) min: T,
    /// The greatest value; [`Element::LOW`] where there is none.
    pub(super) max: T,
    /// How many are finite.
    pub(super) finite: u64,
    /// Their sum.
    pub(super) sum: f64,
    /// The sum of their squared distances from their mean.
    pub(super) squares: f64,
    /// How many are 0.
    pub(super) zeros: u64,
    /// How many are below 0.
    pub(super) negatives: u64,
    /// How many have a fraction.
    pub(super) fractional: u64,
}

/// A block on its way through the accumulators.
#[derive(Debug)]
pub(super) struct Block<'b, T> {
    pub(super) values: &'b [T],
    pub(super) stats: Stats<T>,
    /// Place of the first value, counted in values.
    pub(super) first: u64,
    /// Values per element: 2 for complex numbers.
    pub(super) parts: u64,
    pub(super) layout: &'b Layout<'b>,
}

impl<T: Element> Block<'_, T> {
    /// The flat index in C order of a value.
    pub(super) fn at(&self, i: usize) -> u64 {
        self.layout.flat((self.first + i as u64) / self.parts)
    }

    /// The least and the greatest value; the other way round where no value is finite.
    pub(super) fn range(&self) -> (f64, f64) {
        if self.stats.finite == 0 {
            return (f64::INFINITY, f64::NEG_INFINITY);
        }
        (self.stats.min.f64(), self.stats.max.f64())
    }

    /// How many values are finite.
    pub(super) fn finite(&self) -> u64 {
        self.stats.finite
    }

    /// Whether no value has a fraction.
    pub(super) fn is_whole(&self) -> bool {
        self.stats.fractional == 0
    }

    /// Calls `visit` with every finite value and its place.
    pub(super) fn each_finite(&self, mut visit: impl FnMut(Number, u64)) {
        for (i, value) in self.values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
            visit(value.number(), self.at(i));
        }
    }
}

/// Works out a block. A block of floats whose sum is finite holds no NaN and no infinity; the others are looked at value
/// by value.
pub(super) fn stats<T: Element>(values: &[T]) -> Stats<T> {
    let sum = sum(values);
    if sum.is_finite() {
        return fine(values, sum);
    }
    let finite: Vec<T> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let total = self::sum(&finite);
    fine(&finite, total)
}

/// The sum, in lanes of their own that are added in a fixed order.
fn sum<T: Element>(values: &[T]) -> f64 {
    let mut lanes = [0.0_f64; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value.f64();
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().map(|value| value.f64()).sum::<f64>()
}

fn fine<T: Element>(values: &[T], sum: f64) -> Stats<T> {
    let mean = if values.is_empty() { 0.0 } else { sum / values.len() as f64 };
    let (mut min, mut max) = ([T::HIGH; LANES], [T::LOW; LANES]);
    let (mut zeros, mut negatives) = ([0_u32; LANES], [0_u32; LANES]);
    let mut squares = [0.0_f64; LANES];
    let mut look = |lane: usize, value: T| {
        let float = value.f64();
        min[lane] = if value < min[lane] { value } else { min[lane] };
        max[lane] = if value > max[lane] { value } else { max[lane] };
        zeros[lane] += u32::from(float == 0.0);
        negatives[lane] += u32::from(float < 0.0);
        let distance = float - mean;
        squares[lane] += distance * distance;
    };
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, value) in chunk.iter().enumerate() {
            look(lane, *value);
        }
    }
    for (lane, value) in rest.iter().enumerate() {
        look(lane, *value);
    }
    let fractional = if T::FLOAT { values.iter().filter(|value| !value.is_whole()).count() as u64 } else { 0 };
    Stats {
        min: min.into_iter().fold(T::HIGH, |least, lane| if lane < least { lane } else { least }),
        max: max.into_iter().fold(T::LOW, |greatest, lane| if lane > greatest { lane } else { greatest }),
        finite: values.len() as u64,
        sum,
        squares: squares.iter().sum(),
        zeros: zeros.iter().map(|lane| u64::from(*lane)).sum(),
        negatives: negatives.iter().map(|lane| u64::from(*lane)).sum(),
        fractional,
    }
}
