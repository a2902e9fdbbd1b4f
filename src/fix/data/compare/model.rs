//! What the steps promise for a value, worked out from the value alone: in float64 where that holds it exactly, or else
//! number by number.

use half::{bf16, f16};

use super::super::step::Step;
use super::Compared;
use crate::spec::dtype::{ByteOrder, Dtype, Kind, MlType};
use crate::values::cast::{Cast, odd};
use crate::values::piece::{Piece, parts};
use crate::values::{HitKind, Number};

/// From here on float64 does not hold every whole number.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// Below this, float32 holds every whole number.
const EXACT32: f64 = 16_777_216.0;

/// What becomes of a value.
enum Op {
    /// It becomes one of that type.
    Cast(Cast, Dtype),
    /// It is divided, then something is taken away, in float32.
    Scale(f32, f32),
    /// Something is taken away from a whole number, unless it is one of those; it stays of that type.
    Subtract(i64, Vec<i64>, Dtype),
}

/// What becomes of the values of an array, and what was seen of them.
pub(super) struct Model {
    from: Dtype,
    to: Dtype,
    /// `None` where elements are moved and nothing else.
    ops: Option<Vec<Op>>,
    turned: Vec<u8>,
    seen: Compared,
}

impl Model {
    /// `None` where nobody knows how the values are to be read, or what is done to them.
    pub(super) fn new(steps: &[Step], from: &Dtype, to: &Dtype) -> Option<Self> {
        let mut ops = Vec::new();
        let mut now = component(from);
        let mut classes = false;
        for step in steps {
            let known = ops.len();
            match step {
                Step::Cast(to) => cast(&mut ops, &mut now, &component(to))?,
                Step::Scale { divisor, less } => {
                    cast(&mut ops, &mut now, &Dtype::new(Kind::Float, 4))?;
                    ops.push(Op::Scale(*divisor, *less));
                }
                Step::Subtract { by, except } => ops.push(Op::Subtract(*by, except.clone(), now.clone())),
                Step::Ids(_) | Step::OneHot { .. } => {
                    classes = true;
                    continue;
                }
                _ => {}
            }
            if classes && ops.len() > known {
                return None;
            }
        }
        let ops = (!ops.is_empty() || classes).then_some(ops);
        if ops.is_some() {
            parts(from)?;
            parts(to)?;
        }
        Some(Self { from: from.clone(), to: to.clone(), ops, turned: Vec::new(), seen: Compared::default() })
    }

    /// Numbers of one element.
    pub(super) fn parts(&self) -> usize {
        if self.ops.is_none() {
            1
        } else {
            parts(&self.from).and_then(|parts| usize::try_from(parts).ok()).unwrap_or(1)
        }
    }

    /// What was seen of an array of so many elements.
    pub(super) fn compared(self, elements: u64) -> Compared {
        let values = elements.saturating_mul(self.parts() as u64);
        let lost: u64 = self.seen.lost.iter().map(|(_, count)| count).sum();
        let exact = values.saturating_sub(self.seen.rounded).saturating_sub(lost);
        Compared { values, exact, ..self.seen }
    }

    /// Whether each new element is what is promised for the old one.
    #[allow(clippy::needless_bitwise_bool, reason = "side by side")]
    pub(super) fn holds(&mut self, old: &[u8], new: &[u8]) -> bool {
        if self.ops.is_none() {
            return *self.turn(old) == *new;
        }
        let (Some(old), Some(new)) = (Piece::read(&self.from, old), Piece::read(&self.to, new)) else {
            return false;
        };
        let whole = is_whole(&self.to);
        if let (Piece::Floats(values), Piece::Floats(made)) = (&old, &new)
            && let Some(values) = self.floats(values)
        {
            let same = |(promised, made): (&f64, &f64)| {
                let nan = promised.is_nan() & (made.is_nan() | whole);
                (promised.to_bits() == made.to_bits()) | nan | (whole & (promised == made))
            };
            return values.len() == made.len() && values.iter().zip(made).fold(true, |all, pair| all & same(pair));
        }
        let promised = self.numbers(&old);
        let made = new.numbers(whole);
        promised.len() == made.len()
            && promised.iter().zip(&made).all(|(promised, made)| match (promised, made) {
                // What is not defined is counted, and the count is what is promised.
                (None, _) => true,
                (Some(Number::Int(a)), Number::Int(b)) => a == b,
                (Some(Number::Float(a)), Number::Float(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
                _ => false,
            })
    }

    /// Gives a number for each value that is promised for old elements: equal for equal values. `None` where one is not
    /// defined.
    pub(super) fn values(&mut self, old: &[u8], give: &mut dyn FnMut(&[u64])) -> Option<()> {
        if self.ops.is_none() {
            let size = usize::try_from(self.from.size).ok()?;
            give(&codes(self.turn(old), size));
            return Some(());
        }
        let piece = Piece::read(&self.from, old)?;
        let whole = self.promised_whole();
        if let Piece::Floats(values) = &piece
            && let Some(values) = self.floats(values)
        {
            if whole && values.iter().any(|value| value.is_nan()) {
                return None;
            }
            give(&values.iter().map(|value| code(Number::Float(*value))).collect::<Vec<_>>());
            return Some(());
        }
        let promised: Option<Vec<u64>> = self.numbers(&piece).into_iter().map(|value| value.map(code)).collect();
        give(&promised?);
        Some(())
    }

    /// The same for the values of new elements.
    pub(super) fn made(&self, new: &[u8], give: &mut dyn FnMut(&[u64])) -> Option<()> {
        if self.ops.is_none() {
            let size = usize::try_from(self.to.size).ok()?;
            give(&codes(new, size));
            return Some(());
        }
        let numbers = Piece::read(&self.to, new)?.numbers(is_whole(&self.to));
        give(&numbers.into_iter().map(code).collect::<Vec<_>>());
        Some(())
    }

    /// Whether what is promised is of a type of whole numbers.
    fn promised_whole(&self) -> bool {
        let last = self.ops.as_ref().and_then(|ops| ops.last());
        is_whole(match last {
            Some(Op::Cast(_, to) | Op::Subtract(_, _, to)) => to,
            Some(Op::Scale(..)) => return false,
            None => &self.from,
        })
    }

    /// The bytes of each number in little-endian order.
    fn turn<'b>(&'b mut self, bytes: &'b [u8]) -> &'b [u8] {
        if self.from.order != ByteOrder::Big {
            return bytes;
        }
        let unit = match self.from.kind {
            Kind::Complex => self.from.size / 2,
            Kind::Text => 4,
            _ => self.from.size,
        };
        self.turned.clear();
        self.turned.extend_from_slice(bytes);
        self.turned.chunks_mut(usize::try_from(unit).unwrap_or(1).max(1)).for_each(<[u8]>::reverse);
        &self.turned
    }

    /// What is promised for values that float64 holds; NaN for whole numbers that are not defined. `None` where a number on
    /// the way may not be held, or wraps: then nothing was counted.
    fn floats(&mut self, values: &[f64]) -> Option<Vec<f64>> {
        let large = |value: f64| value.is_finite() && value.abs() >= EXACT;
        if values.iter().fold(false, |any, value| any | large(*value)) && !self.only_floats() {
            return None;
        }
        let mut seen = self.seen.clone();
        let mut values = values.to_vec();
        let mut whole = is_whole(&self.from);
        for op in self.ops.iter().flatten() {
            match op {
                Op::Cast(by, to) => {
                    count_floats(*by, to, whole, &values, &mut seen);
                    cast_floats(to, &mut values);
                    let wraps = whole && bounds(to).is_some() && values.iter().any(|value| value.is_nan());
                    if wraps {
                        return None;
                    }
                    whole = is_whole(to);
                }
                #[allow(clippy::cast_possible_truncation, reason = "they are float32 values")]
                Op::Scale(divisor, less) => {
                    for value in &mut values {
                        *value = f64::from(*value as f32 / divisor - less);
                    }
                }
                Op::Subtract(by, except, of) => {
                    let except: Vec<f64> = except.iter().map(|value| *value as f64).collect();
                    for value in &mut values {
                        if value.fract() != 0.0 || !value.is_finite() || except.contains(value) {
                            continue;
                        }
                        let less = *value - *by as f64;
                        *value = match bounds(of) {
                            _ if less.abs() >= EXACT => return None,
                            Some((least, most)) if less < least as f64 || less > most as f64 => {
                                add(&mut seen.lost, HitKind::Wrapped);
                                f64::NAN
                            }
                            Some(_) => less,
                            None => to_float(of, less),
                        };
                    }
                }
            }
        }
        self.seen = seen;
        Some(values)
    }

    /// Whether every type on the way is a float, and nothing is taken away that float64 does not hold.
    fn only_floats(&self) -> bool {
        let float = |op: &Op| match op {
            Op::Cast(_, to) => to.is_float(),
            Op::Scale(..) => true,
            Op::Subtract(..) => false,
        };
        self.from.is_float() && self.ops.iter().flatten().all(float)
    }

    /// The same, number by number; `None` where one is not defined.
    fn numbers(&mut self, piece: &Piece) -> Vec<Option<Number>> {
        let seen = &mut self.seen;
        let ops: &[Op] = self.ops.as_deref().unwrap_or_default();
        let mut promised = |value: Number| {
            ops.iter().try_fold(value, |value, op| match op {
                Op::Cast(by, to) => {
                    if let Some((kind, off)) = by.loss(value) {
                        count(seen, kind, off);
                    }
                    cast_number(to, value)
                }
                #[allow(clippy::cast_possible_truncation, reason = "it is a float32 value")]
                Op::Scale(divisor, less) => Some(Number::Float(f64::from(value.to_f64() as f32 / divisor - less))),
                Op::Subtract(by, except, of) => match (value, bounds(of)) {
                    (Number::Int(int), _) if except.iter().any(|value| i128::from(*value) == int) => Some(value),
                    (Number::Int(int), Some((least, most))) => {
                        let less = int - i128::from(*by);
                        if less < least || less > most {
                            count(seen, HitKind::Wrapped, 0.0);
                            return None;
                        }
                        Some(Number::Int(less))
                    }
                    (Number::Float(float), _) => {
                        let stays = !value.is_whole() || except.iter().any(|value| *value as f64 == float);
                        Some(if stays { value } else { Number::Float(to_float(of, float - *by as f64)) })
                    }
                    (Number::Int(_), None) => None,
                },
            })
        };
        piece.numbers(is_whole(&self.from)).into_iter().map(&mut promised).collect()
    }
}

/// Adds a cast, if it is one.
fn cast(ops: &mut Vec<Op>, now: &mut Dtype, to: &Dtype) -> Option<()> {
    if now.unordered() != to.unordered() {
        ops.push(Op::Cast(Cast::new(now, to)?, to.clone()));
        *now = to.clone();
    }
    Some(())
}

/// The type of the numbers of an element.
fn component(dtype: &Dtype) -> Dtype {
    match dtype.kind {
        Kind::Complex if dtype.size <= 16 => Dtype::new(Kind::Float, dtype.size / 2),
        _ => dtype.clone(),
    }
}

fn is_whole(dtype: &Dtype) -> bool {
    dtype.is_integer() || matches!(dtype.kind, Kind::Bool | Kind::Datetime(_) | Kind::Timedelta(_))
}

/// The least and the greatest number of an integer type.
fn bounds(dtype: &Dtype) -> Option<(i128, i128)> {
    let bits = u32::try_from(dtype.size).ok()?.checked_mul(8)?;
    match dtype.kind {
        Kind::Int => Some((-(1 << (bits - 1)), (1 << (bits - 1)) - 1)),
        Kind::Uint => Some((0, (1 << bits) - 1)),
        _ => None,
    }
}

/// The value of a float type that a cast makes of a float64. bfloat16 is made of float32.
#[allow(clippy::cast_possible_truncation, reason = "the cast that is promised")]
fn to_float(dtype: &Dtype, value: f64) -> f64 {
    match (&dtype.kind, dtype.size) {
        (Kind::Float, 4) => f64::from(value as f32),
        (Kind::Float, 2) => f16::from_f32(odd(value)).to_f64(),
        (Kind::Ml(MlType::Bfloat16) | Kind::UnnamedMl, 2) => bf16::from_f32(value as f32).to_f64(),
        _ => value,
    }
}

/// Casts values in their place; what is no number of an integer type becomes NaN.
#[allow(clippy::cast_possible_truncation, reason = "the cast that is promised")]
fn cast_floats(to: &Dtype, values: &mut [f64]) {
    if matches!((&to.kind, to.size), (Kind::Float, 4)) {
        for value in values.iter_mut() {
            *value = f64::from(*value as f32);
        }
    } else if to.kind == Kind::Bool {
        for value in values.iter_mut() {
            *value = f64::from(u8::from(*value != 0.0));
        }
    } else if let Some((least, most)) = bounds(to) {
        let (least, beyond) = (least as f64, (most + 1) as f64);
        for value in values {
            let cut = value.trunc();
            *value = if cut >= least && cut < beyond { cut + 0.0 } else { f64::NAN };
        }
    } else {
        for value in values.iter_mut() {
            *value = to_float(to, *value);
        }
    }
}

/// Counts what a cast does to values.
fn count_floats(by: Cast, to: &Dtype, whole: bool, values: &[f64], seen: &mut Compared) {
    if matches!((&to.kind, to.size), (Kind::Float, 4)) && only_rounds(values, seen) {
        return;
    }
    let mut after = Vec::with_capacity(values.len());
    after.extend_from_slice(values);
    cast_floats(to, &mut after);
    for (value, after) in values.iter().zip(after) {
        let stays = *value == after || (value.is_nan() && after.is_nan() && bounds(to).is_none());
        if stays {
            continue;
        }
        #[allow(clippy::cast_possible_truncation, reason = "whole and small")]
        let number = if whole { Number::Int(*value as i128) } else { Number::Float(*value) };
        if let Some((kind, off)) = by.loss(number) {
            count(seen, kind, off);
        }
    }
}

/// The same for a cast to float32 that does nothing but round: worked out side by side. False where it may do more.
#[allow(clippy::needless_bitwise_bool, clippy::cast_possible_truncation, reason = "the cast that is promised")]
fn only_rounds(values: &[f64], seen: &mut Compared) -> bool {
    let (mut odd, mut rounded, mut worst) = (false, 0_u64, 0.0_f64);
    for value in values {
        let cast = f64::from(*value as f32);
        let size = value.abs();
        odd |= (size >= EXACT32) | ((size < f64::from(f32::MIN_POSITIVE)) & (size > 0.0));
        let off = (cast - value).abs() / size;
        rounded += u64::from(off > 0.0);
        worst = if off > worst { off } else { worst };
    }
    if odd {
        return false;
    }
    seen.rounded += rounded;
    seen.worst = seen.worst.max(worst);
    true
}

fn count(seen: &mut Compared, kind: HitKind, off: f64) {
    if kind == HitKind::Rounded {
        seen.rounded += 1;
        seen.worst = seen.worst.max(off);
    } else {
        add(&mut seen.lost, kind);
    }
}

fn add(lost: &mut Vec<(HitKind, u64)>, kind: HitKind) {
    if let Some((_, count)) = lost.iter_mut().find(|(known, _)| *known == kind) {
        *count += 1;
    } else {
        lost.push((kind, 1));
        lost.sort_unstable_by_key(|(kind, _)| *kind);
    }
}

/// What a cast makes of a number; `None` where that is not defined.
#[allow(clippy::cast_possible_truncation, reason = "the cast that is promised")]
fn cast_number(to: &Dtype, value: Number) -> Option<Number> {
    if to.kind == Kind::Bool {
        return Some(Number::Int(i128::from(!matches!(value, Number::Int(0)) && value.to_f64() != 0.0)));
    }
    match (bounds(to), value) {
        (Some((least, most)), Number::Int(int)) => {
            Some(Number::Int((int - least).rem_euclid(most - least + 1) + least))
        }
        (Some((least, most)), Number::Float(float)) => {
            let whole = Number::Float(float.trunc()).to_int()?;
            (whole >= least && whole <= most).then_some(Number::Int(whole))
        }
        (None, Number::Float(float)) => Some(Number::Float(to_float(to, float))),
        (None, Number::Int(int)) => Some(Number::Float(match (&to.kind, to.size) {
            (Kind::Float, 8) => int as f64,
            (Kind::Float, 4) => f64::from(int as f32),
            _ => to_float(to, f64::from(int as f32)),
        })),
    }
}

/// One number for a value: equal for equal values, whatever their type.
fn code(value: Number) -> u64 {
    match value {
        Number::Float(float) if float.is_nan() => f64::NAN.to_bits(),
        Number::Float(float) => float.to_bits(),
        Number::Int(int) if (int.unsigned_abs() as f64) < EXACT => (int as f64).to_bits(),
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an integer of 64 bits")]
        Number::Int(int) => int as u64 ^ 0x5851_f42d_4c95_7f2d,
    }
}

/// One number for the bytes of each element.
fn codes(bytes: &[u8], size: usize) -> Vec<u64> {
    match size {
        1 => bytes.iter().map(|byte| u64::from(*byte)).collect(),
        2 => bytes.as_chunks().0.iter().map(|bytes| u64::from(u16::from_le_bytes(*bytes))).collect(),
        4 => bytes.as_chunks().0.iter().map(|bytes| u64::from(u32::from_le_bytes(*bytes))).collect(),
        8 => bytes.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect(),
        _ => bytes.chunks(size.max(1)).map(xxhash_rust::xxh3::xxh3_64).collect(),
    }
}

/// The same where nothing else is allowed, as -0.
pub(super) fn is_class(code: u64) -> Option<u64> {
    as_class(code).filter(|class| (*class as f64).to_bits() == code)
}

/// The class that a value stands for, from its number.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and small")]
pub(super) fn as_class(code: u64) -> Option<u64> {
    let value = f64::from_bits(code);
    (value.fract() == 0.0 && (0.0..EXACT).contains(&value)).then_some(value as u64)
}
