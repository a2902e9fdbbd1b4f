//! The types that values are worked on as, and what each works out of a block in its own arithmetic.

use super::number::Number;

/// Lanes that are worked on side by side: fixed, so that sums are the same on every processor. With fewer, the compiler
/// takes a lane for a register of its own and shuffles them.
const LANES: usize = 32;
/// The same, where nothing is summed: as many as fill the registers.
const fn wide_lanes(bytes: usize) -> usize {
    match bytes {
        1 => 128,
        2 => 64,
        _ => LANES,
    }
}

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
    /// The least and the greatest value; [`Self::HIGH`] and [`Self::LOW`] where there is none. NaN is no value.
    fn extremes(values: &[Self]) -> (Self, Self);
    /// Sum and summed squared distances from the mean of a block with these extremes, in the arithmetic of the type. `None`
    /// where a value is not finite, or where the arithmetic is too narrow.
    fn moments(values: &[Self], extremes: (Self, Self)) -> Option<(f64, f64)>;
    /// How many are 0, are below 0, and have a fraction, all values being finite and having these extremes.
    fn counts(values: &[Self], extremes: (Self, Self)) -> (u64, u64, u64);
}

/// Counts the values that are meant, in lanes of a width that the processor likes.
macro_rules! count {
    ($values:expr, $count:ty, $meant:expr) => {{
        const WIDTH: usize = wide_lanes(size_of::<$count>());
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

/// The least and the greatest value.
macro_rules! extremes {
    ($values:expr, $type:ty) => {{
        const WIDTH: usize = wide_lanes(size_of::<$type>());
        let less = |a: $type, b: $type| if b < a { b } else { a };
        let more = |a: $type, b: $type| if b > a { b } else { a };
        let (mut min, mut max) = ([<$type>::HIGH; WIDTH], [<$type>::LOW; WIDTH]);
        let (chunks, rest) = $values.as_chunks::<WIDTH>();
        for chunk in chunks {
            for lane in 0..WIDTH {
                min[lane] = less(min[lane], chunk[lane]);
                max[lane] = more(max[lane], chunk[lane]);
            }
        }
        let (mut least, mut greatest) = (<$type>::HIGH, <$type>::LOW);
        for lane in 0..WIDTH {
            least = less(least, min[lane]);
            greatest = more(greatest, max[lane]);
        }
        for value in rest {
            least = less(least, *value);
            greatest = more(greatest, *value);
        }
        (least, greatest)
    }};
}

/// Counts zeros, values below 0 and fractions in one go: more registers than these would have to be saved on the way.
macro_rules! signs {
    ($values:expr, $count:ty, $has_fraction:expr) => {{
        const WIDTH: usize = 128 / size_of::<$count>();
        let has_fraction = $has_fraction;
        let (mut zeros, mut negatives, mut fractions) =
            ([0 as $count; WIDTH], [0 as $count; WIDTH], [0 as $count; WIDTH]);
        let (chunks, rest) = $values.as_chunks::<WIDTH>();
        for chunk in chunks {
            for lane in 0..WIDTH {
                let value = chunk[lane];
                zeros[lane] += <$count>::from(value == 0.0);
                negatives[lane] += <$count>::from(value < 0.0);
                fractions[lane] += <$count>::from(has_fraction(value));
            }
        }
        for (lane, value) in rest.iter().enumerate() {
            zeros[lane] += <$count>::from(*value == 0.0);
            negatives[lane] += <$count>::from(*value < 0.0);
            fractions[lane] += <$count>::from(has_fraction(*value));
        }
        let all = |lanes: [$count; WIDTH]| lanes.iter().map(|lane| u64::from(*lane)).sum::<u64>();
        (all(zeros), all(negatives), all(fractions))
    }};
}

macro_rules! float {
    ($type:ty, $count:ty, $exponent_bias:expr, $rounds:expr) => {
        impl Element for $type {
            const LOW: Self = Self::NEG_INFINITY;
            const HIGH: Self = Self::INFINITY;
            #[inline(always)]
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
            #[inline(always)]
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
            fn extremes(values: &[Self]) -> (Self, Self) {
                extremes!(values, $type)
            }
            #[inline(always)]
            fn moments(values: &[Self], _: (Self, Self)) -> Option<(f64, f64)> {
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
            fn counts(values: &[Self], (least, greatest): (Self, Self)) -> (u64, u64, u64) {
                // Adding this and taking it away again rounds to a whole number, without the call that `trunc` is on
                // processors without SSE 4.1.
                const ROUNDS: $type = $rounds;
                let most = least.abs().max(greatest.abs());
                let spans = least <= 0.0;
                match (most < ROUNDS / 3.0, spans) {
                    (true, true) => signs!(values, $count, |value: Self| (value + ROUNDS) - ROUNDS != value),
                    (true, false) => (0, 0, count!(values, $count, |value: Self| (value + ROUNDS) - ROUNDS != value)),
                    (false, _) => signs!(values, $count, |value: Self| value.fract() != 0.0),
                }
            }
        }
    };
}

float!(f32, u32, 127, 12_582_912.0);
float!(f64, u64, 1023, 6_755_399_441_055_744.0);

/// Moments of whole numbers: exact sums where they fit, and distances in float64 where they do not.
macro_rules! whole_moments {
    ($values:expr, $extremes:expr, $type:ty) => {{
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
            let (least, greatest) = $extremes;
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
            #[inline(always)]
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
            #[inline(always)]
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
            fn extremes(values: &[Self]) -> (Self, Self) {
                extremes!(values, $type)
            }
            #[inline(always)]
            fn moments(values: &[Self], extremes: (Self, Self)) -> Option<(f64, f64)> {
                whole_moments!(values, extremes, $type)
            }
            #[inline(always)]
            #[allow(unused_comparisons, reason = "unsigned types have none below 0")]
            fn counts(values: &[Self], (least, greatest): (Self, Self)) -> (u64, u64, u64) {
                let spans = least <= 0 && greatest >= 0;
                (
                    if spans { count!(values, $count, |value: Self| value == 0) } else { 0 },
                    if least < 0 { count!(values, $count, |value: Self| value < 0) } else { 0 },
                    0,
                )
            }
        }
    )*};
}

integer!(i8, u8; i16, u16; i32, u32; i64, u64; u8, u8; u16, u16; u32, u32; u64, u64;);
