//! A block of decoded values, and what is worked out of it at once: extremes, sums, counts.

use super::element::Element;
use super::layout::Layout;
use super::number::Number;
use super::wide::wide;

/// Bytes that the values of a block take at least.
const BLOCK_BYTES: usize = 8192;

/// Elements of a block. Blocks start at multiples of it, whatever the chunks that the bytes come in, so that sums are the
/// same to the last bit. Small types have more of them: a block costs something by itself.
pub(super) const fn block_elements<T>() -> usize {
    let elements = BLOCK_BYTES / size_of::<T>();
    if elements < 2048 { 2048 } else { elements }
}

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

    /// Whether every finite value is one of these, as far as the extremes tell.
    pub(super) fn is_within(&self, values: &[f64]) -> bool {
        let (least, greatest) = self.range();
        // Between -2**53 and 2**53, every whole number is the one after the last one.
        let few = self.is_whole() && least.abs() < 1e15 && greatest - least < values.len() as f64;
        few && std::iter::successors(Some(least), |value| Some(value + 1.0))
            .take_while(|value| *value <= greatest)
            .all(|value| values.contains(&value))
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
    match T::moments(values) {
        (extremes, Some((sum, squares))) => fine(values, extremes, sum, squares),
        (_, None) => one_by_one(values),
    }
}

/// Works out a block whose values are looked at one by one.
#[cold]
#[inline(never)]
fn one_by_one<T: Element>(values: &[T]) -> Stats<T> {
    let finite: Vec<T> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let count = finite.len().max(1) as f64;
    let sum: f64 = finite.iter().map(|value| value.f64()).sum();
    let squares = finite.iter().map(|value| (value.f64() - sum / count) * (value.f64() - sum / count)).sum();
    fine(&finite, T::moments(&finite).0, sum, squares)
}

/// The rest, all values being finite.
fn fine<T: Element>(values: &[T], (min, max): (T, T), sum: f64, squares: f64) -> Stats<T> {
    let (zeros, negatives, fractional) = wide(
        #[inline(always)]
        || T::counts(values, (min, max)),
    );
    Stats { min, max, finite: values.len() as u64, sum, squares, zeros, negatives, fractional }
}
