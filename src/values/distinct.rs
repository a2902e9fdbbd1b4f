//! Distinct values with their counts, as long as they are few.

use super::block::Block;
use super::element::Element;
use super::layout::Layout;
use super::number::Number;
use super::{DISTINCT, DISTINCT_BYTES, DISTINCT_FRACTIONS};
use crate::spec::dtype::Kind;

/// Places of the table for each value that it may have to hold: with that many, most values stand where they should.
const ROOM: usize = 4;

/// Spreads the bits of a value over the upper ones.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Distinct values by their bits: the value, how often, where first. Closed as soon as there are too many.
#[derive(Debug)]
pub(super) struct Tally {
    open: bool,
    limit: usize,
    /// The limit where values have fractions.
    fractions: usize,
    values: Vec<Entry>,
    /// Where in `values` those bits are, counted from 1; 0 where there is none. Whoever makes values that meet in one
    /// place gains little: the tally closes soon.
    index: Vec<u16>,
    /// How far their hash is shifted to give the place in `index`.
    shift: u32,
}

#[derive(Debug)]
struct Entry {
    bits: u64,
    value: Number,
    count: u64,
    at: u64,
}

impl Tally {
    /// An empty tally for an array of that layout; types of one byte have the lower limit.
    pub(super) fn new(layout: &Layout<'_>) -> Self {
        let limit = if layout.dtype.size == 1 { DISTINCT_BYTES } else { DISTINCT };
        let parts = if layout.dtype.kind == Kind::Complex { 2 } else { 1 };
        let values = layout.elements().saturating_mul(parts);
        // Measurements hardly ever repeat, and their values are no labels.
        let few = usize::try_from(values / 4).unwrap_or(usize::MAX).max(DISTINCT_FRACTIONS);
        let limit = usize::try_from(values).unwrap_or(usize::MAX).min(limit);
        Self { open: true, limit, fractions: few.min(limit), values: Vec::new(), index: Vec::new(), shift: 0 }
    }

    /// Whether it still counts.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Counts the finite values of a block.
    pub(super) fn block<T: Element>(&mut self, block: &Block<'_, T>) {
        if !block.is_whole() {
            self.limit = self.limit.min(self.fractions);
        }
        if self.values.len() > self.limit || (!block.is_whole() && are_more(block.values, self.limit)) {
            self.close();
            return;
        }
        if self.index.is_empty() {
            let places = (self.limit * ROOM).next_power_of_two().max(2);
            self.index = vec![0; places];
            self.shift = u64::BITS - places.ilog2();
            self.values.reserve(self.limit.min(block.values.len()).min(DISTINCT_FRACTIONS));
        }
        let reversed = block.layout.is_reversed();
        if block.is_constant() && !reversed {
            self.add(block, 0, block.finite(), false);
            return;
        }
        for (i, value) in block.values.iter().enumerate() {
            if value.is_finite() && !self.add(block, i, 1, reversed) {
                return;
            }
        }
    }

    /// Counts a value, and says whether it still counts.
    fn add<T: Element>(&mut self, block: &Block<'_, T>, i: usize, count: u64, reversed: bool) -> bool {
        let bits = block.values[i].bits();
        let mask = self.index.len() - 1;
        #[allow(clippy::cast_possible_truncation, reason = "the upper bits, as many as an index has")]
        let mut place = (bits.wrapping_mul(SPREAD) >> self.shift) as usize;
        // Three in four places are free.
        while let Some(known) = usize::from(self.index[place & mask]).checked_sub(1) {
            let entry = &mut self.values[known];
            if entry.bits == bits {
                entry.count += count;
                if reversed {
                    entry.at = entry.at.min(block.at(i));
                }
                return true;
            }
            place += 1;
        }
        if self.values.len() >= self.limit {
            self.close();
            return false;
        }
        self.values.push(Entry { bits, value: block.values[i].number(), count, at: block.at(i) });
        self.index[place & mask] = u16::try_from(self.values.len()).unwrap_or(u16::MAX);
        true
    }

    fn close(&mut self) {
        (self.open, self.values, self.index) = (false, Vec::new(), Vec::new());
    }

    /// The values with count and first place, the least first; `None` if there were too many. `count` is how many were
    /// counted, `measured` says that some of them have fractions.
    pub(super) fn finish(mut self, measured: bool, count: f64) -> Option<Vec<(Number, u64, u64)>> {
        if !self.open || (measured && !is_few(self.values.len(), count)) {
            return None;
        }
        self.values.sort_unstable_by_key(|entry| entry.value.order());
        let mut values = Vec::with_capacity(self.values.len());
        values.extend(self.values.iter().map(|entry| (entry.value, entry.count, entry.at)));
        Some(values)
    }
}

/// Whether there are more distinct finite values than `limit`, as far as a glance tells: it never takes fewer for more. Many
/// values of a measurement show it at once.
fn are_more<T: Element>(values: &[T], limit: usize) -> bool {
    const WORDS: usize = 128;
    let mut marks = [0_u64; WORDS];
    let mut distinct = 0;
    for values in values.chunks(64) {
        for value in values {
            let spread = value.bits().wrapping_mul(SPREAD);
            #[allow(clippy::cast_possible_truncation, reason = "seven bits")]
            let word = &mut marks[(spread >> 57) as usize % WORDS];
            let mark = u64::from(value.is_finite()) << (spread >> 51 & 63);
            distinct += usize::from(*word & mark != mark);
            *word |= mark;
        }
        if distinct > limit {
            return true;
        }
    }
    false
}

/// Whether so many distinct values among `count` are worth keeping where values have fractions.
fn is_few(distinct: usize, count: f64) -> bool {
    distinct <= DISTINCT_FRACTIONS || distinct as f64 * 4.0 <= count
}
