//! Counts, extremes and positions of the numbers of an array.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::COLUMNS;
use super::ask::Spot;
use super::block::Block;
use super::distinct::Tally;
use super::element::Element;
use super::histogram::{Histogram, Powers};
use super::layout::Layout;
use super::number::Number;
use super::wide::wide;

/// Values that stand for "missing" by habit. They are counted apart where they are the extremes of a block.
const SENTINELS: [f64; 14] = [
    -9.0,
    -99.0,
    -999.0,
    -9999.0,
    -99999.0,
    -32768.0,
    -32767.0,
    -2_147_483_648.0,
    999.0,
    9999.0,
    99999.0,
    999_999.0,
    1e20,
    -1e30,
];

/// The numbers of an array.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Numbers {
    /// How many are finite.
    pub finite: u64,
    /// How many are NaN.
    pub nan: u64,
    /// How many are +infinity.
    pub pos_inf: u64,
    /// How many are -infinity.
    pub neg_inf: u64,
    /// Where the first NaN stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_nan: Option<u64>,
    /// Where the first +infinity stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_pos_inf: Option<u64>,
    /// Where the first -infinity stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_neg_inf: Option<u64>,
    /// Rows with a value that is not finite. Only known where rows follow each other in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bad_rows: Option<u64>,
    /// Positions within a row with a value that is not finite, and how many, the least position first; as many as
    /// [`COLUMNS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bad_columns: Vec<(u64, u64)>,
    /// The least finite value, and where it stands first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Spot>,
    /// The greatest finite value, and where it stands first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Spot>,
    /// The mean of the finite values; `None` where there is none, or where it is too large for a float64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Their variance, that of the whole population.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variance: Option<f64>,
    /// How many are 0.
    pub zeros: u64,
    /// How many are below 0.
    pub negatives: u64,
    /// How many are 0 at the end of the array, without another value behind them. In C order, or in that of the file where
    /// an array in Fortran order is larger than [`super::REORDERED`].
    pub zeros_at_end: u64,
    /// How many finite values have a fraction.
    pub fractional: u64,
    /// Where the first of these stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_fractional: Option<u64>,
    /// How often a value differs from the one before it, in the same order; 0 where `distinct` is `None`.
    pub changes: u64,
    /// Every distinct value with its count and its first place, the least first; `None` where there are more than
    /// [`super::DISTINCT`] ([`super::DISTINCT_BYTES`] for types of one byte), and where values have fractions and hardly
    /// repeat ([`super::DISTINCT_FRACTIONS`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct: Option<Vec<(Number, u64, u64)>>,
    /// Values that stand for "missing" by habit, where they occur as extremes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sentinels: Vec<Sentinel>,
    /// The least and the greatest value that is none of these; only given where one of them was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_sentinels: Option<Box<(Number, Number)>>,
    /// Bytes of a bool array that are neither 0 nor 1, and the first of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bad_bools: Option<Box<(u64, Spot)>>,
    /// How many values lie between which powers of two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<Box<Histogram>>,
}

impl Numbers {
    /// How many are not finite.
    #[must_use]
    pub fn non_finite(&self) -> u64 {
        self.nan + self.pos_inf + self.neg_inf
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.finite + self.non_finite()
    }
}

/// A value that stands for "missing" by habit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sentinel {
    /// The value.
    pub value: f64,
    /// How often it occurs in blocks whose extreme it is.
    pub count: u64,
    /// Where it stands first.
    pub first: u64,
}

/// Numbers as they come.
#[derive(Debug)]
pub(super) struct Counting {
    numbers: Numbers,
    /// Count, mean and summed squared distances of the blocks so far.
    moments: (f64, f64, f64),
    last: Option<u64>,
    last_bad_row: Option<u64>,
    bad_columns: BTreeMap<u64, u64>,
    inside: Option<(Number, Number)>,
    tally: Tally,
    powers: Option<Powers>,
    row: Option<u64>,
    bools: bool,
}

impl Counting {
    /// Nothing yet. `bools` says that the bytes are those of a bool array; `shapes`, that a histogram is wanted.
    pub(super) fn new(layout: &Layout<'_>, bools: bool, shapes: bool) -> Self {
        let numbers = Numbers {
            finite: 0,
            nan: 0,
            pos_inf: 0,
            neg_inf: 0,
            first_nan: None,
            first_pos_inf: None,
            first_neg_inf: None,
            bad_rows: None,
            bad_columns: Vec::new(),
            min: None,
            max: None,
            mean: None,
            variance: None,
            zeros: 0,
            negatives: 0,
            zeros_at_end: 0,
            fractional: 0,
            first_fractional: None,
            changes: 0,
            distinct: None,
            sentinels: Vec::new(),
            without_sentinels: None,
            bad_bools: None,
            histogram: None,
        };
        Self {
            numbers,
            moments: (0.0, 0.0, 0.0),
            last: None,
            last_bad_row: None,
            bad_columns: BTreeMap::new(),
            inside: None,
            tally: Tally::new(layout),
            powers: shapes.then(Powers::default),
            row: (!layout.is_reversed()).then(|| layout.row_elements().max(1)),
            bools,
        }
    }

    /// Adds a block.
    pub(super) fn block<T: Element>(&mut self, block: &Block<'_, T>) {
        let stats = &block.stats;
        let numbers = &mut self.numbers;
        numbers.finite += stats.finite;
        numbers.zeros += stats.zeros;
        numbers.negatives += stats.negatives;
        numbers.fractional += stats.fractional;
        if stats.zeros == block.values.len() as u64 {
            numbers.zeros_at_end += stats.zeros;
        } else {
            numbers.zeros_at_end = block.values.iter().rev().take_while(|value| value.f64() == 0.0).count() as u64;
        }
        if stats.fractional > 0
            && (numbers.first_fractional.is_none() || block.layout.is_reversed())
            && let Some(at) = first(block, |value| value.is_finite() && !value.is_whole())
        {
            least(&mut numbers.first_fractional, at);
        }
        if stats.finite > 0 {
            extreme(&mut numbers.min, block, stats.min, Ordering::Less);
            extreme(&mut numbers.max, block, stats.max, Ordering::Greater);
            self.moments = together(self.moments, stats.finite as f64, stats.sum, stats.squares);
        }
        if stats.finite < block.values.len() as u64 {
            self.not_finite(block);
        }
        if self.tally.is_open() {
            self.tally.block(block);
        }
        if self.tally.is_open() {
            // A block of one value changes at its start or not at all.
            let values = if block.is_constant() { &block.values[..1] } else { block.values };
            let (first, last) = (values.first().map(|value| value.bits()), values.last().map(|value| value.bits()));
            self.numbers.changes += u64::from(self.last.is_some() && self.last != first) + changes(values);
            self.last = last;
        }
        self.sentinels(block);
        if self.bools && stats.max.f64() > 1.0 {
            for (i, value) in block.values.iter().enumerate().filter(|(_, value)| value.f64() > 1.0) {
                let spot = Spot { value: value.number(), at: block.at(i) };
                let (count, known) = &mut **self.numbers.bad_bools.get_or_insert_with(|| Box::new((0, spot)));
                *count += 1;
                if spot.at < known.at {
                    *known = spot;
                }
            }
        }
        if let Some(powers) = &mut self.powers {
            powers.block(block);
        }
    }

    /// Counts NaN and infinities, and where they stand.
    fn not_finite<T: Element>(&mut self, block: &Block<'_, T>) {
        let numbers = &mut self.numbers;
        for (i, value) in block.values.iter().enumerate().filter(|(_, value)| !value.is_finite()) {
            let at = block.at(i);
            let (count, first) = match () {
                () if value.is_nan() => (&mut numbers.nan, &mut numbers.first_nan),
                () if value.f64() > 0.0 => (&mut numbers.pos_inf, &mut numbers.first_pos_inf),
                () => (&mut numbers.neg_inf, &mut numbers.first_neg_inf),
            };
            *count += 1;
            least(first, at);
            let Some(row) = self.row else { continue };
            if self.last_bad_row != Some(at / row) {
                self.last_bad_row = Some(at / row);
                *numbers.bad_rows.get_or_insert(0) += 1;
            }
            let column = at % row;
            if self.bad_columns.len() < COLUMNS || self.bad_columns.contains_key(&column) {
                *self.bad_columns.entry(column).or_default() += 1;
            }
        }
    }

    /// Counts the values that stand for "missing" by habit, where one of them is the extreme of the block.
    fn sentinels<T: Element>(&mut self, block: &Block<'_, T>) {
        let (low, high) = block.range();
        if block.finite() == 0 {
            return;
        }
        #[allow(clippy::cast_possible_truncation, reason = "what a float32 array holds in their place")]
        let is_known = |value: f64| SENTINELS.iter().any(|known| *known == value || f64::from(*known as f32) == value);
        let mut inside = (Number::Float(f64::INFINITY), Number::Float(f64::NEG_INFINITY));
        // None of them has a fraction, and none is near 0.
        let is_sentinel = |value: f64| value.abs() >= 9.0 && value.fract() == 0.0 && is_known(value);
        if is_sentinel(low) || is_sentinel(high) {
            let (mut least, mut greatest) = (T::HIGH, T::LOW);
            for (i, value) in block.values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
                let float = value.f64();
                if float.abs() < 9.0 || !is_known(float) {
                    least = if *value < least { *value } else { least };
                    greatest = if *value > greatest { *value } else { greatest };
                    continue;
                }
                let at = block.at(i);
                match self.numbers.sentinels.iter_mut().find(|known| known.value.total_cmp(&float).is_eq()) {
                    Some(known) => (known.count, known.first) = (known.count + 1, known.first.min(at)),
                    None => self.numbers.sentinels.push(Sentinel { value: float, count: 1, first: at }),
                }
            }
            if least <= greatest {
                inside = (least.number(), greatest.number());
            }
        } else if self.inside.is_some_and(|known| known.0.to_f64() < low && known.1.to_f64() > high) {
            return;
        } else {
            inside = (block.stats.min.number(), block.stats.max.number());
        }
        if inside.0 <= inside.1 {
            let known = self.inside.get_or_insert(inside);
            *known = (known.0.min(inside.0), known.1.max(inside.1));
        }
    }

    /// What was counted.
    pub(super) fn finish(mut self) -> Numbers {
        let (count, mean, squares) = self.moments;
        if count > 0.0 {
            self.numbers.mean = Some(mean).filter(|mean| mean.is_finite());
            self.numbers.variance = Some(squares / count).filter(|variance| variance.is_finite());
        }
        self.numbers.bad_columns = self.bad_columns.into_iter().collect();
        let measured = self.numbers.fractional > 0;
        self.numbers.distinct = self.tally.finish(measured, count);
        if self.numbers.distinct.is_none() {
            // Counted no further than the distinct values were.
            self.numbers.changes = 0;
        }
        self.numbers.sentinels.sort_by(|a, b| a.value.total_cmp(&b.value));
        self.numbers.without_sentinels = self.inside.filter(|_| !self.numbers.sentinels.is_empty()).map(Box::new);
        self.numbers.histogram = self.powers.map(|powers| Box::new(powers.finish(self.numbers.zeros)));
        self.numbers
    }
}

/// How often a value differs from the one before it.
fn changes<T: Element>(values: &[T]) -> u64 {
    let after = values.get(1..).unwrap_or_default();
    wide(
        #[inline(always)]
        || values.iter().zip(after).filter(|(value, next)| value.bits() != next.bits()).count() as u64,
    )
}

fn least(known: &mut Option<u64>, at: u64) {
    *known = Some(known.map_or(at, |known| known.min(at)));
}

/// The place of the first value that is meant, in C order.
fn first<T: Element>(block: &Block<'_, T>, meant: impl Fn(&T) -> bool) -> Option<u64> {
    let places = block.values.iter().enumerate().filter(|(_, value)| meant(value)).map(|(i, _)| block.at(i));
    if block.layout.is_reversed() { places.min() } else { { places }.next() }
}

/// Keeps the more extreme value, the one that is `beyond` the other, and its first place.
fn extreme<T: Element>(known: &mut Option<Spot>, block: &Block<'_, T>, value: T, beyond: Ordering) {
    // Rounded to float64 two values may be equal, and are never the other way round.
    if let Some(known) = known
        && known.value.to_f64().partial_cmp(&value.f64()) == Some(beyond)
    {
        return;
    }
    let number = value.number();
    let reversed = block.layout.is_reversed();
    let better = known.is_none_or(|known| number.cmp(&known.value) == beyond || (reversed && number == known.value));
    if better && let Some(at) = first(block, |other| *other == value) {
        let at = known.filter(|known| known.value == number).map_or(at, |known| known.at.min(at));
        *known = Some(Spot { value: number, at });
    }
}

/// Count, mean and summed squared distances of two sets together.
fn together((n, mean, squares): (f64, f64, f64), m: f64, sum: f64, more: f64) -> (f64, f64, f64) {
    let all = n + m;
    let distance = sum / m - mean;
    (all, mean + distance * m / all, squares + more + distance * distance * n * m / all)
}
