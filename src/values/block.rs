//! A block of decoded values, and what is worked out of it at once: extremes, sums, counts.

use super::layout::Layout;
use super::number::Number;
use super::wide::wide;

/// Elements of a block. Blocks start at multiples of it, whatever the chunks that the bytes come in, so that sums are the
/// same to the last bit.
pub(super) const BLOCK: usize = 2048;
/// Lanes that are worked on side by side: fixed, so that sums are the same on every processor. With fewer, the compiler
/// takes a lane for a register of its own and shuffles them.
const LANES: usize = 32;
/// The same, of types of one byte.
const BYTE_LANES: usize = 128;

/// A value as it is worked on. f16, bfloat16 and float8 are worked on as f32, which holds them exactly.
pub(super) trait Element: Copy + PartialOrd + std::fmt::Debug + Send + 'static {
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
    /// Sum and summed squared distances from the mean of a block, in the arithmetic of the type. `None` where a value is
    /// not finite, or where the arithmetic is too narrow.
    fn moments(values: &[Self]) -> Option<(f64, f64)>;
    /// How many are 0.
    fn zeros(values: &[Self]) -> u64;
    /// How many are below 0.
    fn negatives(values: &[Self]) -> u64;
    /// How many have a fraction, all values being finite and none of a magnitude above `most`.
    fn fractional(values: &[Self], most: f64) -> u64;
}

/// Counts the values that are meant, in lanes of a width that the processor likes.
macro_rules! count {
    ($values:expr, $count:ty, $meant:expr) => {{
        const WIDTH: usize = if size_of::<$count>() == 1 { BYTE_LANES } else { LANES };
        let meant = $meant;
        let mut lanes = [0 as $count; WIDTH];
        let (chunks, rest) = $values.as_chunks::<WIDTH>();
        for chunk in chunks {
            for lane in 0..WIDTH {
                lanes[lane] += <$count>::from(meant(chunk[lane]));
            }
        }
        let rest = rest.iter().filter(|value| meant(**value)).count() as u64;
        lanes.iter().map(|lane| u64::from(*lane)).sum::<u64>() + rest
    }};
}

macro_rules! float {
    ($type:ty, $count:ty, $exponent_bias:expr, $rounds:expr) => {
        impl Element for $type {
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
            #[inline(always)]
            fn moments(values: &[Self]) -> Option<(f64, f64)> {
                // Distances from a value of the block are small, whatever its values are.
                let pivot = *values.first()?;
                let (mut sums, mut squares) = ([0.0 as Self; LANES], [0.0 as Self; LANES]);
                let (chunks, rest) = values.as_chunks::<LANES>();
                for chunk in chunks {
                    for lane in 0..LANES {
                        let distance = chunk[lane] - pivot;
                        sums[lane] += distance;
                        squares[lane] += distance * distance;
                    }
                }
                let (mut sum, mut square) = (0.0, 0.0);
                for lane in 0..LANES {
                    sum += f64::from(sums[lane]);
                    square += f64::from(squares[lane]);
                }
                for value in rest {
                    let distance = f64::from(*value) - f64::from(pivot);
                    sum += distance;
                    square += distance * distance;
                }
                let count = values.len() as f64;
                let total = f64::from(pivot) * count + sum;
                let spread = (square - sum * sum / count).max(0.0);
                (total.is_finite() && spread.is_finite() && square.is_finite()).then_some((total, spread))
            }
            #[inline(always)]
            fn zeros(values: &[Self]) -> u64 {
                count!(values, $count, |value: Self| value == 0.0)
            }
            #[inline(always)]
            fn negatives(values: &[Self]) -> u64 {
                count!(values, $count, |value: Self| value < 0.0)
            }
            #[inline(always)]
            fn fractional(values: &[Self], most: f64) -> u64 {
                // Adding this and taking it away again rounds to a whole number, without the call that `trunc` is on
                // processors without SSE 4.1.
                const ROUNDS: $type = $rounds;
                if most < f64::from(ROUNDS) / 3.0 {
                    count!(values, $count, |value: Self| (value + ROUNDS) - ROUNDS != value)
                } else {
                    values.iter().filter(|value| value.fract() != 0.0).count() as u64
                }
            }
        }
    };
}

float!(f32, u32, 127, 12_582_912.0);
float!(f64, u64, 1023, 6_755_399_441_055_744.0);

/// Moments of whole numbers: exact sums where they fit, and distances in float64 where they do not.
macro_rules! whole_moments {
    ($values:expr, $type:ty) => {{
        let (chunks, rest) = $values.as_chunks::<LANES>();
        let count = $values.len() as f64;
        if <$type>::BITS <= 8 {
            // The squares of a block have room in 32 bits.
            let (mut sums, mut squares) = ([0_i32; LANES], [0_i32; LANES]);
            for chunk in chunks {
                for lane in 0..LANES {
                    #[allow(
                        clippy::cast_lossless,
                        clippy::cast_possible_truncation,
                        clippy::cast_possible_wrap,
                        reason = "at most 8 bits"
                    )]
                    let value = chunk[lane] as i32;
                    sums[lane] += value;
                    squares[lane] += value * value;
                }
            }
            let (mut sum, mut square) = (0_i128, 0_i128);
            for lane in 0..LANES {
                sum += i128::from(sums[lane]);
                square += i128::from(squares[lane]);
            }
            for value in rest {
                sum += i128::from(*value);
                square += i128::from(*value) * i128::from(*value);
            }
            let spread = $values.len() as i128 * square - sum * sum;
            Some((sum as f64, if spread == 0 { 0.0 } else { spread as f64 / count }))
        } else if <$type>::BITS <= 16 {
            let (mut sums, mut squares) = ([0_i32; LANES], [0_u64; LANES]);
            for chunk in chunks {
                for lane in 0..LANES {
                    #[allow(
                        clippy::cast_lossless,
                        clippy::cast_possible_truncation,
                        clippy::cast_possible_wrap,
                        reason = "at most 16 bits"
                    )]
                    let value = chunk[lane] as i32;
                    sums[lane] += value;
                    squares[lane] += u64::from(value.unsigned_abs().wrapping_mul(value.unsigned_abs()));
                }
            }
            // Whole numbers have exact sums; what is left after taking one large square from another is exact too.
            let (mut sum, mut square) = (0_i128, 0_i128);
            for lane in 0..LANES {
                sum += i128::from(sums[lane]);
                square += i128::from(squares[lane]);
            }
            for value in rest {
                sum += i128::from(*value);
                square += i128::from(*value) * i128::from(*value);
            }
            let spread = $values.len() as i128 * square - sum * sum;
            Some((sum as f64, if spread == 0 { 0.0 } else { spread as f64 / count }))
        } else {
            // Distances below 2**51 become floats by their place in a significand: 64-bit integers have no other way that
            // is quick.
            const SHIFT: i64 = 0x4338_0000_0000_0000;
            const NEAR: i128 = 1 << 50;
            let first = *$values.first()?;
            let pivot = first.f64();
            let (least, greatest) = extremes($values);
            let near = i128::from(greatest) - i128::from(least) < NEAR;
            let (mut sums, mut squares) = ([0.0_f64; LANES], [0.0_f64; LANES]);
            if near {
                for chunk in chunks {
                    for lane in 0..LANES {
                        #[allow(
                            clippy::cast_lossless,
                            clippy::cast_possible_wrap,
                            clippy::cast_sign_loss,
                            reason = "the distance is small, whatever the numbers are"
                        )]
                        let distance = (chunk[lane] as i64).wrapping_sub(first as i64);
                        let distance = f64::from_bits(distance.wrapping_add(SHIFT).cast_unsigned())
                            - f64::from_bits(SHIFT.cast_unsigned());
                        sums[lane] += distance;
                        squares[lane] += distance * distance;
                    }
                }
            } else {
                for chunk in chunks {
                    for lane in 0..LANES {
                        let distance = chunk[lane].f64() - pivot;
                        sums[lane] += distance;
                        squares[lane] += distance * distance;
                    }
                }
            }
            let (mut sum, mut square) = (sums.iter().sum::<f64>(), squares.iter().sum::<f64>());
            for value in rest {
                let distance = value.f64() - pivot;
                sum += distance;
                square += distance * distance;
            }
            Some((pivot * count + sum, (square - sum * sum / count).max(0.0)))
        }
    }};
}

macro_rules! integer {
    ($($type:ty, $count:ty;)*) => {$(
        impl Element for $type {
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
            #[inline(always)]
            fn moments(values: &[Self]) -> Option<(f64, f64)> {
                whole_moments!(values, $type)
            }
            #[inline(always)]
            fn zeros(values: &[Self]) -> u64 {
                count!(values, $count, |value: Self| value == 0)
            }
            #[inline(always)]
            #[allow(unused_comparisons, reason = "unsigned types have none below 0")]
            fn negatives(values: &[Self]) -> u64 {
                count!(values, $count, |value: Self| value < 0)
            }
            fn fractional(_: &[Self], _: f64) -> u64 {
                0
            }
        }
    )*};
}

integer!(i8, u8; i16, u16; i32, u32; i64, u64; u8, u8; u16, u16; u32, u32; u64, u64;);

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

    /// Whether it holds one value only, again and again.
    pub(super) fn is_constant(&self) -> bool {
        self.stats.finite == self.values.len() as u64 && self.stats.finite > 0 && self.stats.min == self.stats.max
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

/// Works out a block. Where the arithmetic of the type says that all its values are finite, it is believed; the others
/// are looked at value by value.
pub(super) fn stats<T: Element>(values: &[T]) -> Stats<T> {
    wide(
        #[inline(always)]
        || match T::moments(values) {
            Some((sum, squares)) => fine(values, sum, squares),
            None => one_by_one(values),
        },
    )
}

/// Works out a block whose values are looked at one by one.
#[cold]
#[inline(never)]
fn one_by_one<T: Element>(values: &[T]) -> Stats<T> {
    let finite: Vec<T> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let count = finite.len().max(1) as f64;
    let sum: f64 = finite.iter().map(|value| value.f64()).sum();
    let squares = finite.iter().map(|value| (value.f64() - sum / count) * (value.f64() - sum / count)).sum();
    fine(&finite, sum, squares)
}

/// The rest, all values being finite.
#[allow(clippy::inline_always, reason = "see `wide`")]
#[inline(always)]
fn fine<T: Element>(values: &[T], sum: f64, squares: f64) -> Stats<T> {
    let (min, max) = extremes(values);
    let (low, high) = (min.f64(), max.f64());
    Stats {
        min,
        max,
        finite: values.len() as u64,
        sum,
        squares,
        zeros: if low <= 0.0 && high >= 0.0 { T::zeros(values) } else { 0 },
        negatives: if low < 0.0 { T::negatives(values) } else { 0 },
        fractional: T::fractional(values, low.abs().max(high.abs())),
    }
}

/// The least and the greatest value.
#[allow(clippy::inline_always, reason = "see `wide`")]
#[inline(always)]
fn extremes<T: Element>(values: &[T]) -> (T, T) {
    let (mut min, mut max) = ([T::HIGH; LANES], [T::LOW; LANES]);
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            let value = chunk[lane];
            min[lane] = if value < min[lane] { value } else { min[lane] };
            max[lane] = if value > max[lane] { value } else { max[lane] };
        }
    }
    let less = |a: T, b: &T| if *b < a { *b } else { a };
    let more = |a: T, b: &T| if *b > a { *b } else { a };
    (min.iter().chain(rest).fold(T::HIGH, less), max.iter().chain(rest).fold(T::LOW, more))
}
