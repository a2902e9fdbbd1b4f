//! What a cast would do to values, told before anybody casts.

use half::{bf16, f16};

use super::ask::{Hits, Kind, Spot, join};
use super::block::Block;
use super::element::Element;
use super::number::Number;
use super::wide::wide;
use crate::spec::dtype::{Dtype, Kind as Type, MlType};

/// Whole numbers from here on may be neighbours of measurements rather than ids: floats have no fractions there.
const WHOLE: f64 = 9_007_199_254_740_992.0;

/// Lanes that are worked on side by side.
const LANES: usize = 32;

/// A cast from one type to another.
#[derive(Debug, Clone, Copy)]
pub struct Cast {
    into: Into,
}

/// The type that values are cast to.
#[derive(Debug, Clone, Copy)]
enum Into {
    F64,
    F32,
    F16,
    Bf16,
    Int { least: i128, greatest: i128 },
    Bool,
}

impl Cast {
    /// The cast, where what it does is known: from numbers to the floats, integers and bool that NumPy has, and to
    /// bfloat16.
    #[must_use]
    pub fn new(from: &Dtype, to: &Dtype) -> Option<Self> {
        if !from.is_plain() && from.kind != Type::UnnamedMl {
            return None;
        }
        let bits = u32::try_from(to.size).ok()?.checked_mul(8)?;
        let into = match (&to.kind, bits) {
            (Type::Float, 64) => Into::F64,
            (Type::Float, 32) => Into::F32,
            (Type::Float, 16) => Into::F16,
            (Type::Ml(MlType::Bfloat16), _) => Into::Bf16,
            (Type::Int, 8..=64) => Into::Int { least: -(1 << (bits - 1)), greatest: (1 << (bits - 1)) - 1 },
            (Type::Uint, 8..=64) => Into::Int { least: 0, greatest: (1 << bits) - 1 },
            (Type::Bool, _) => Into::Bool,
            _ => return None,
        };
        Some(Self { into })
    }

    /// What becomes of a value, if it does not stay what it is, and how far it is off.
    #[must_use]
    pub fn loss(&self, value: Number) -> Option<(Kind, f64)> {
        match (self.into, value) {
            (Into::Int { least, greatest }, Number::Int(int)) => {
                let off = (least - int).max(int - greatest);
                (off > 0).then_some((Kind::Wrapped, off as f64))
            }
            (Into::Int { least, greatest }, Number::Float(float)) => {
                // One more than the greatest is a power of two, which every float type holds exactly.
                let (least, beyond) = (least as f64, (greatest + 1) as f64);
                let whole = float.trunc();
                if !float.is_finite() {
                    Some((Kind::Undefined, 0.0))
                } else if whole < least || whole >= beyond {
                    Some((Kind::Wrapped, (least - whole).max(whole - beyond + 1.0)))
                } else {
                    (whole != float).then(|| (Kind::Cut, (float - whole).abs()))
                }
            }
            (Into::Bool, value) => {
                let float = value.to_f64();
                if !float.is_finite() {
                    return Some((Kind::Undefined, 0.0));
                }
                (float != 0.0 && float != 1.0).then(|| (Kind::Changed, float.abs()))
            }
            (_, Number::Int(int)) => {
                let cast = self.float(int as f64);
                if cast.is_infinite() {
                    return Some((Kind::Overflow, (int as f64).abs()));
                }
                let off = Number::Float(cast).to_int().map_or(f64::INFINITY, |cast| (cast - int).abs() as f64);
                (off > 0.0).then_some((Kind::Changed, off))
            }
            (_, Number::Float(float)) => self.float_loss(float),
        }
    }

    fn float_loss(&self, float: f64) -> Option<(Kind, f64)> {
        let cast = self.float(float);
        if cast == float || !float.is_finite() {
            return None;
        }
        let off = (cast - float).abs();
        Some(if cast.is_infinite() {
            (Kind::Overflow, float.abs())
        } else if cast == 0.0 {
            (Kind::Vanished, float.abs())
        } else if float.fract() == 0.0 && float.abs() < WHOLE {
            (Kind::Changed, off)
        } else if off / float.abs() <= self.half_step() {
            (Kind::Rounded, off / float.abs())
        } else {
            (Kind::Coarse, off / float.abs())
        })
    }

    /// The value after a cast to a float type.
    #[allow(clippy::cast_possible_truncation, reason = "the cast that is asked about")]
    fn float(self, value: f64) -> f64 {
        match self.into {
            Into::F32 => f64::from(value as f32),
            Into::F16 => f16::from_f32(odd(value)).to_f64(),
            Into::Bf16 => bf16::from_f32(odd(value)).to_f64(),
            Into::F64 | Into::Int { .. } | Into::Bool => value,
        }
    }

    /// How far rounding moves a value in the normal range at most, relative to it.
    #[must_use]
    pub fn half_step(self) -> f64 {
        match self.into {
            Into::F32 => f64::from(f32::EPSILON) / 2.0,
            Into::F16 => f16::EPSILON.to_f64() / 2.0,
            Into::Bf16 => bf16::EPSILON.to_f64() / 2.0,
            Into::F64 | Into::Int { .. } | Into::Bool => f64::EPSILON / 2.0,
        }
    }

    /// Whether a whole block stays what it is, as far as its extremes tell.
    fn keeps(self, least: f64, greatest: f64, whole: bool) -> bool {
        match self.into {
            Into::F64 => !whole || (least > -WHOLE && greatest < WHOLE),
            Into::Int { least: low, greatest: high } => whole && least >= low as f64 && greatest < (high + 1) as f64,
            Into::F32 => whole && least > -16_777_216.0 && greatest < 16_777_216.0,
            Into::F16 => whole && least > -2048.0 && greatest < 2048.0,
            Into::Bf16 => whole && least > -256.0 && greatest < 256.0,
            Into::Bool => whole && least >= 0.0 && greatest <= 1.0,
        }
    }

    /// Adds every value of a block that does not stay what it is to the hits so far.
    pub(super) fn block<T: Element>(&self, block: &Block<'_, T>, hits: &mut Vec<Hits>) {
        let (least, greatest) = block.range();
        if block.finite() == block.values.len() as u64 && self.keeps(least, greatest, block.is_whole()) {
            return;
        }
        if self.only_rounds(block, hits) {
            return;
        }
        for (i, value) in block.values.iter().enumerate() {
            let value = value.number();
            if let Some((kind, off)) = self.loss(value) {
                let spot = Spot { value, at: block.at(i) };
                join(hits, Hits { kind, count: 1, first: spot, worst: spot, off });
            }
        }
    }

    /// Adds what a cast to float32 rounds in a block where it does nothing else: worked out side by side, not value by
    /// value. False where it may do something else, or where places do not follow each other: then nothing is added.
    fn only_rounds<T: Element>(self, block: &Block<'_, T>, hits: &mut Vec<Hits>) -> bool {
        let (least, greatest) = block.range();
        // Below this, whole numbers stay what they are.
        let whole_stay = least > -16_777_216.0 && greatest < 16_777_216.0;
        let simple = block.finite() == block.values.len() as u64 && !block.layout.is_reversed();
        if !(matches!(self.into, Into::F32) && whole_stay && simple) {
            return false;
        }
        let known = hits.iter_mut().find(|hits| hits.kind == Kind::Rounded);
        // A little less than the worst so far: a division is rounded, and so is a product.
        let near = known.as_ref().map_or(0.0, |known| known.off * (1.0 - 4.0 * f64::EPSILON));
        let (count, nearly) = wide(
            #[inline(always)]
            || rounded(block.values, near),
        );
        // Nothing is worse than what is known, which was no more than rounded.
        if nearly == 0 {
            if let Some(known) = known {
                known.count = known.count.saturating_add(count);
            }
            return true;
        }
        let worst = wide(
            #[inline(always)]
            || worst(block.values),
        );
        if worst > self.half_step() {
            return false;
        }
        let place = |meant: &dyn Fn(f64) -> bool| {
            let i = block.values.iter().position(|value| meant(relative(value.f64())))?;
            Some(Spot { value: block.values[i].number(), at: block.at(i) })
        };
        match known {
            Some(known) => {
                known.count = known.count.saturating_add(count);
                if worst > known.off
                    && let Some(spot) = place(&|off| off == worst)
                {
                    (known.worst, known.off) = (spot, worst);
                }
            }
            None => {
                if let (Some(first), Some(at_worst)) = (place(&|off| off > 0.0), place(&|off| off == worst)) {
                    hits.push(Hits { kind: Kind::Rounded, count, first, worst: at_worst, off: worst });
                }
            }
        }
        true
    }
}

/// How many values a cast to float32 moves, and how many of them by more than `near`, relative to the value.
#[allow(clippy::inline_always, reason = "see `wide`")]
#[inline(always)]
fn rounded<T: Element>(values: &[T], near: f64) -> (u64, u64) {
    let (mut count, mut nearly) = (0, 0);
    for value in values {
        let value = value.f64();
        let off = moved(value);
        count += u64::from(off > 0.0);
        nearly += u64::from(off > value.abs() * near);
    }
    (count, nearly)
}

/// How far a cast to float32 moves the value that it moves furthest, relative to the value.
#[allow(clippy::inline_always, reason = "see `wide`")]
#[inline(always)]
fn worst<T: Element>(values: &[T]) -> f64 {
    let mut worsts = [0.0_f64; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut look = |lane: usize, value: f64| {
        let off = relative(value);
        worsts[lane] = if off > worsts[lane] { off } else { worsts[lane] };
    };
    for chunk in chunks {
        for (lane, value) in chunk.iter().enumerate() {
            look(lane, value.f64());
        }
    }
    for value in rest {
        look(0, value.f64());
    }
    worsts.iter().fold(0.0, |worst, off| if *off > worst { *off } else { worst })
}

/// How far a cast to float32 moves a value.
#[allow(clippy::inline_always, reason = "see `wide`")]
#[allow(clippy::cast_possible_truncation, reason = "the cast that is asked about")]
#[inline(always)]
fn moved(value: f64) -> f64 {
    (f64::from(value as f32) - value).abs()
}

/// The same, relative to the value; NaN for 0, which stays.
#[allow(clippy::inline_always, reason = "see `wide`")]
#[inline(always)]
fn relative(value: f64) -> f64 {
    moved(value) / value.abs()
}

/// The float of a type that is nearest to a value; the value itself where the type is no float, or none that is cast to.
pub(super) fn nearest(dtype: &Dtype, value: f64) -> f64 {
    let cast = Cast::new(&Dtype::new(Type::Float, 8), dtype);
    cast.map_or(value, |cast| cast.float(value))
}

/// A float32 from which every narrower type is rounded as it would be from the value itself: where the value lies between
/// two, the one whose last bit is set. Rounding twice to the nearest would go wrong half-way between two narrow values.
#[allow(clippy::cast_possible_truncation, reason = "rounding is the point")]
pub(crate) fn odd(value: f64) -> f32 {
    let near = value as f32;
    let back = f64::from(near);
    if back == value || !near.is_finite() || near.to_bits() & 1 == 1 {
        return near;
    }
    let bits = near.to_bits();
    f32::from_bits(if back.abs() > value.abs() { bits - 1 } else { bits + 1 })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Ask, Layout, Pass, Wants};
    use super::*;

    fn loss(from: &str, to: &str, value: f64) -> Option<Kind> {
        let (from, to) = (Dtype::from_name(from).unwrap(), Dtype::from_name(to).unwrap());
        #[allow(clippy::cast_possible_truncation, reason = "whole")]
        let number = if from.is_float() { Number::Float(value) } else { Number::Int(value as i128) };
        Cast::new(&from, &to).unwrap().loss(number).map(|(kind, _)| kind)
    }

    #[test]
    fn each_loss_has_its_name() {
        for (from, to, value, kind) in [
            ("float64", "float32", 0.5, None),
            ("float64", "float32", 0.1, Some(Kind::Rounded)),
            ("float64", "float32", 1e39, Some(Kind::Overflow)),
            ("float64", "float32", 1e-300, Some(Kind::Vanished)),
            ("float64", "float32", 1e-44, Some(Kind::Coarse)),
            ("float64", "float32", 16_777_217.0, Some(Kind::Changed)),
            ("float64", "float32", f64::NAN, None),
            ("float64", "float32", f64::INFINITY, None),
            ("float32", "float16", 65_504.0, None),
            ("float32", "float16", 70_000.0, Some(Kind::Overflow)),
            ("float32", "bfloat16", 257.0, Some(Kind::Changed)),
            ("float32", "int64", 2.0, None),
            ("float32", "int64", 2.7, Some(Kind::Cut)),
            ("float32", "int64", 1e30, Some(Kind::Wrapped)),
            ("float32", "int64", f64::NAN, Some(Kind::Undefined)),
            ("float64", "int64", 9_223_372_036_854_775_808.0, Some(Kind::Wrapped)),
            ("float64", "int64", -9_223_372_036_854_775_808.0, None),
            ("uint64", "int64", 9_223_372_036_854_775_808.0, Some(Kind::Wrapped)),
            ("float64", "bool", f64::NAN, Some(Kind::Undefined)),
            ("float64", "float16", 65_519.999_999_999, Some(Kind::Rounded)),
            ("float64", "uint8", -1.0, Some(Kind::Wrapped)),
            ("float64", "uint8", -0.5, Some(Kind::Cut)),
            ("int64", "int32", 2_147_483_647.0, None),
            ("int64", "int32", 2_147_483_648.0, Some(Kind::Wrapped)),
            ("int64", "float32", 16_777_217.0, Some(Kind::Changed)),
            ("int64", "float16", 70_000.0, Some(Kind::Overflow)),
            ("uint8", "bool", 2.0, Some(Kind::Changed)),
            ("bool", "float32", 1.0, None),
        ] {
            assert_eq!(loss(from, to, value), kind, "{value} from {from} to {to}");
        }
    }

    proptest! {
        #[test]
        fn a_block_is_told_as_its_values_are(
            values in prop::collection::vec(
                prop_oneof![-1.0..1.0, Just(0.0), Just(-0.0), Just(0.5), Just(0.1), -2e7..2e7, Just(1e-40), Just(1e39), Just(3.0)],
                1..200,
            ),
            keep in 0.0..2e7,
        ) {
            // Most blocks hold small values only, which take the short way.
            let values: Vec<f64> = values.into_iter().filter(|value: &f64| value.abs() <= keep).collect();
            let (from, to) = (Dtype::from_name("float64").unwrap(), Dtype::from_name("float32").unwrap());
            let layout = Layout { dtype: &from, shape: &[values.len() as u64], fortran: false };
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            let mut pass = Pass::new(layout, Wants::NUMBERS, &[Ask::Cast { to: to.clone() }]).unwrap();
            pass.feed(&bytes);
            let answer = pass.finish().unwrap().answers.remove(0);
            let cast = Cast::new(&from, &to).unwrap();
            let mut hits: Vec<Hits> = Vec::new();
            for (at, value) in values.iter().enumerate() {
                let value = Number::Float(*value);
                if let Some((kind, off)) = cast.loss(value) {
                    let spot = Spot { value, at: at as u64 };
                    join(&mut hits, Hits { kind, count: 1, first: spot, worst: spot, off });
                }
            }
            hits.sort_by_key(|hits| hits.kind);
            prop_assert_eq!(answer.hits, hits);
        }
    }

    #[test]
    fn what_is_no_number_has_no_cast() {
        let new = |from: &str, to: &str| {
            Cast::new(&Dtype::from_name(from).unwrap(), &Dtype::from_name(to).unwrap()).is_some()
        };
        assert!(!new("complex64", "float32"));
        assert!(!new("float32", "complex64"));
        assert!(!new("float32", "float8_e4m3fn"));
        assert!(Cast::new(&Dtype::new(Type::Object, 8), &Dtype::from_name("float32").unwrap()).is_none());
    }
}
