//! The types that values are worked on as, and what each works out of a block in its own arithmetic.

use super::number::Number;
use super::wide::wide;

/// Lanes that are worked on side by side: fixed, so that sums are the same on every processor. With fewer, the compiler
/// takes a lane for a register of its own and shuffles them.
const LANES: usize = 32;
/// Values that are counted at a time: no type of a count but that of a byte is too narrow for them.
const PART: usize = 1 << 15;

/// A value as it is worked on. f16, bfloat16 and float8 are worked on as f32, which holds them exactly.
pub(super) trait Element: bytemuck::Pod + PartialOrd + std::fmt::Debug + Send + 'static {
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
    /// The least and the greatest value of a block, and the sum of its values and of their squared distances from their
    /// mean, in the arithmetic of the type. Extremes are [`Self::HIGH`] and [`Self::LOW`] where there are none; NaN is none.
    /// Sums are `None` where a value is not finite, or where the arithmetic is too narrow.
    fn moments(values: &[Self]) -> ((Self, Self), Option<(f64, f64)>);
    /// How many are 0, are below 0, and have a fraction, all values being finite and having these extremes. To be called in
    /// [`wide`].
    fn counts(values: &[Self], extremes: (Self, Self)) -> (u64, u64, u64);
}

/// Counts the values that are meant: so many at a time that none is too many for the type of the count.
macro_rules! count {
    ($values:expr, $count:ty, $meant:expr) => {{
        const WIDTH: usize = 128;
        let meant = $meant;
        let mut all = 0;
        if <$count>::BITS == 8 {
            for part in $values.chunks(WIDTH * 255) {
                let mut lanes = [0 as $count; WIDTH];
                let (chunks, rest) = part.as_chunks::<WIDTH>();
                for chunk in chunks {
                    for lane in 0..WIDTH {
                        lanes[lane] += <$count>::from(meant(chunk[lane]));
                    }
                }
                let rest = rest.iter().filter(|value| meant(**value)).count() as u64;
                all += lanes.iter().map(|lane| u64::from(*lane)).sum::<u64>() + rest;
            }
        } else {
            for part in $values.chunks(PART) {
                let mut count = 0 as $count;
                for value in part {
                    count += <$count>::from(meant(*value));
                }
                all += u64::from(count);
            }
        }
        all
    }};
}

/// Extremes and moments of floats.
macro_rules! float_moments {
    ($values:expr, $type:ty) => {{
        let less = |a: $type, b: $type| if b < a { b } else { a };
        let more = |a: $type, b: $type| if b > a { b } else { a };
        // Distances from a value of the block are small, whatever its values are.
        let pivot = $values.first().copied().unwrap_or(0.0);
        let (mut min, mut max) = ([<$type>::HIGH; LANES], [<$type>::LOW; LANES]);
        let (mut sums, mut squares) = ([0.0 as $type; LANES], [0.0 as $type; LANES]);
        let (chunks, rest) = $values.as_chunks::<LANES>();
        for chunk in chunks {
            for lane in 0..LANES {
                let value = chunk[lane];
                min[lane] = less(min[lane], value);
                max[lane] = more(max[lane], value);
                let distance = value - pivot;
                sums[lane] += distance;
                squares[lane] += distance * distance;
            }
        }
        let (mut least, mut greatest) = (<$type>::HIGH, <$type>::LOW);
        let (mut sum, mut square) = (0.0, 0.0);
        for lane in 0..LANES {
            least = less(least, min[lane]);
            greatest = more(greatest, max[lane]);
            sum += f64::from(sums[lane]);
            square += f64::from(squares[lane]);
        }
        for value in rest {
            least = less(least, *value);
            greatest = more(greatest, *value);
            let distance = f64::from(*value) - f64::from(pivot);
            sum += distance;
            square += distance * distance;
        }
        let count = $values.len() as f64;
        let total = f64::from(pivot) * count + sum;
        let spread = (square - sum * sum / count).max(0.0);
        let fine = total.is_finite() && spread.is_finite() && square.is_finite();
        ((least, greatest), fine.then_some((total, spread)))
    }};
}

/// Counts values without a fraction, and sign bits.
macro_rules! wholes {
    ($values:expr, $count:ty) => {{
        let (mut wholes, mut signs) = (0, 0);
        for part in $values.chunks(PART) {
            let (mut whole, mut sign) = (0 as $count, 0 as $count);
            for value in part {
                whole += <$count>::from(value.trunc() == *value);
                sign += value.to_bits() >> (<$count>::BITS - 1);
            }
            wholes += u64::from(whole);
            signs += u64::from(sign);
        }
        (wholes, signs)
    }};
}

macro_rules! float {
    ($type:ty, $count:ty, $exponent_bias:expr) => {
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
            fn moments(values: &[Self]) -> ((Self, Self), Option<(f64, f64)>) {
                wide(
                    #[inline(always)]
                    || float_moments!(values, $type),
                )
            }
            #[inline(always)]
            fn counts(values: &[Self], (least, greatest): (Self, Self)) -> (u64, u64, u64) {
                let all = values.len() as u64;
                if least > 0.0 && greatest < 1.0 {
                    return (0, 0, all);
                }
                let (wholes, signs) = wholes!(values, $count);
                // Without a 0, every sign is that of a value below it.
                if wholes == 0 || least > 0.0 || greatest < 0.0 {
                    return (0, signs, all - wholes);
                }
                let zeros = count!(values, $count, |value: Self| value == 0.0);
                let negatives = if least < 0.0 { count!(values, $count, |value: Self| value < 0.0) } else { 0 };
                (zeros, negatives, all - wholes)
            }
        }
    };
}

float!(f32, u32, 127);
float!(f64, u64, 1023);

/// Moments of whole numbers: exact sums where they fit, and distances in float64 where they do not.
macro_rules! whole_moments {
    ($values:expr, $extremes:expr, $type:ty) => {{
        let (chunks, rest) = $values.as_chunks::<LANES>();
        let count = $values.len() as f64;
        if <$type>::BITS <= 8 {
            // The squares of a block have room in 32 bits.
            let (mut sum, mut square) = (0_i32, 0_i32);
            for value in $values {
                #[allow(
                    clippy::cast_lossless,
                    clippy::cast_possible_truncation,
                    clippy::cast_possible_wrap,
                    reason = "at most 8 bits"
                )]
                let value = *value as i32;
                sum += value;
                square += value * value;
            }
            let (sum, square) = (i128::from(sum), i128::from(square));
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
            let near = <$type>::BITS > 32 && i128::from(greatest) - i128::from(least) < NEAR;
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
            fn moments(values: &[Self]) -> ((Self, Self), Option<(f64, f64)>) {
                let extremes = wide(
                    #[inline(always)]
                    || {
                        values.iter().fold((Self::MAX, Self::MIN), |(least, greatest), value| {
                            (least.min(*value), greatest.max(*value))
                        })
                    },
                );
                let moments = wide(
                    #[inline(always)]
                    || whole_moments!(values, extremes, $type),
                );
                (extremes, moments)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers without a pattern.
    fn noise() -> impl FnMut() -> u64 {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        }
    }

    type Moments<T> = ((T, T), Option<(f64, f64)>);

    fn bits<T: Element>(((least, greatest), sums): Moments<T>) -> (u64, u64, Option<(u64, u64)>) {
        (least.bits(), greatest.bits(), sums.map(|(sum, squares)| (sum.to_bits(), squares.to_bits())))
    }

    #[test]
    #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "any bits do")]
    fn sums_are_the_same_to_the_last_bit_with_wide_instructions_and_without() {
        let mut noise = noise();
        let mut float = || (noise() >> 11) as f64 / 9_007_199_254_740_992.0;
        for count in [1, 31, 2048, 2048 + 33] {
            let singles: Vec<f32> = (0..count).map(|_| (float() * 1e3 - 17.0) as f32).collect();
            assert_eq!(bits(f32::moments(&singles)), bits(float_moments!(&singles, f32)));
            let doubles: Vec<f64> = (0..count).map(|_| float() * 1e3 - 17.0).collect();
            assert_eq!(bits(f64::moments(&doubles)), bits(float_moments!(&doubles, f64)));
        }
        macro_rules! whole {
            ($($type:ty)*) => {$(
                let values: Vec<$type> = (0..2048 + 33).map(|_| noise() as $type).collect();
                let extremes = (*values.iter().min().unwrap(), *values.iter().max().unwrap());
                let plain = || whole_moments!(&values, extremes, $type);
                assert_eq!(bits(<$type>::moments(&values)), bits((extremes, plain())));
            )*};
        }
        whole!(i8 i16 i32 i64 u8 u16 u32 u64);
    }

    #[test]
    #[allow(clippy::cast_possible_truncation, reason = "any value does")]
    fn counts_are_those_of_every_value() {
        let mut noise = noise();
        let odd = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1e-40, -1e-40, 8_388_607.5, -8_388_609.0, 1e30, 3.0];
        for parts in 0..1_u64 << odd.len() {
            let some: Vec<f64> = (0..odd.len()).filter(|i| parts >> i & 1 == 1).map(|i| odd[i]).collect();
            if some.is_empty() {
                continue;
            }
            let values: Vec<f64> = (0..75).map(|_| some[noise() as usize % some.len()]).collect();
            let count = |meant: &dyn Fn(f64) -> bool| values.iter().filter(|value| meant(**value)).count() as u64;
            let counts = (count(&|v| v == 0.0), count(&|v| v < 0.0), count(&|v| v.fract() != 0.0));
            assert_eq!(f64::counts(&values, f64::moments(&values).0), counts, "{some:?}");
            let singles: Vec<f32> = values.iter().map(|value| *value as f32).collect();
            assert_eq!(f32::counts(&singles, f32::moments(&singles).0), counts, "{some:?}");
        }
    }
}
