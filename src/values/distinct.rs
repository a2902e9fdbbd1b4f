//! Distinct values with their counts, as long as they are few.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::block::Block;
use super::element::Element;
use super::number::Number;
use super::{DISTINCT, DISTINCT_BYTES};

/// Places of a table that finds values again without a hash.
const PLACES: usize = 4096;

/// Values of a block from which on that table is worth its making.
const MANY: usize = 1024;

/// Spreads the bits of a value. Whoever makes values that meet in one place gains little: the tally closes soon.
#[derive(Debug, Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, bits: u64) {
        let spread = (self.0 ^ bits).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = spread ^ (spread >> 32);
    }
}

/// Distinct values by their bits: the value, how often, where first. Closed as soon as there are too many.
#[derive(Debug)]
pub(super) struct Tally {
    open: bool,
    limit: usize,
    values: Vec<Entry>,
    /// Which of them has which bits.
    index: HashMap<u64, usize, BuildHasherDefault<Spread>>,
    /// The one that was seen last of those whose bits have the same place here.
    recent: Vec<usize>,
}

#[derive(Debug)]
struct Entry {
    bits: u64,
    value: Number,
    count: u64,
    at: u64,
}

impl Tally {
    /// An empty tally; types of one byte have the lower limit.
    pub(super) fn new(bytes: bool) -> Self {
        let limit = if bytes { DISTINCT_BYTES } else { DISTINCT };
        Self { open: true, limit, values: Vec::new(), index: HashMap::default(), recent: Vec::new() }
    }

    /// Whether it still counts.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Counts the finite values of a block.
    pub(super) fn block<T: Element>(&mut self, block: &Block<'_, T>) {
        if block.is_constant() && !block.layout.is_reversed() {
            self.add(block, 0, block.finite());
            return;
        }
        for (i, value) in block.values.iter().enumerate() {
            if value.is_finite() && self.open {
                self.add(block, i, 1);
            }
        }
    }

    /// Counts a value.
    fn add<T: Element>(&mut self, block: &Block<'_, T>, i: usize, count: u64) {
        let bits = block.values[i].bits();
        #[allow(clippy::cast_possible_truncation, reason = "the upper 12 bits")]
        let place = (bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52) as usize;
        if let Some(entry) = self.recent.get(place).and_then(|known| self.values.get_mut(*known))
            && entry.bits == bits
        {
            entry.count += count;
            if block.layout.is_reversed() {
                entry.at = entry.at.min(block.at(i));
            }
            return;
        }
        let at = block.at(i);
        let known = *self.index.entry(bits).or_insert(self.values.len());
        if block.values.len() >= MANY && self.recent.is_empty() {
            self.recent.resize(PLACES, usize::MAX);
        }
        if let Some(recent) = self.recent.get_mut(place) {
            *recent = known;
        }
        match self.values.get_mut(known) {
            Some(entry) => (entry.count, entry.at) = (entry.count + count, entry.at.min(at)),
            None => self.values.push(Entry { bits, value: block.values[i].number(), count, at }),
        }
        if self.values.len() > self.limit {
            *self = Self { open: false, ..Self::new(false) };
        }
    }

    /// The values with count and first place, the least first; `None` if there were too many.
    pub(super) fn finish(self) -> Option<Vec<(Number, u64, u64)>> {
        let mut values: Vec<_> = self.values.into_iter().map(|entry| (entry.value, entry.count, entry.at)).collect();
        values.sort_by_key(|(value, ..)| *value);
        self.open.then_some(values)
    }
}
