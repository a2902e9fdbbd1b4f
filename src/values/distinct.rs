//! Distinct values with their counts, as long as they are few.

use std::collections::HashMap;

use super::block::{Block, Element};
use super::number::Number;
use super::{DISTINCT, DISTINCT_BYTES};

/// Distinct values by their bits: the value, how often, where first. Closed as soon as there are too many.
#[derive(Debug)]
pub(super) struct Tally {
    counts: Option<HashMap<u64, (Number, u64, u64)>>,
    limit: usize,
}

impl Tally {
    /// An empty tally; types of one byte have the lower limit.
    pub(super) fn new(bytes: bool) -> Self {
        Self { counts: Some(HashMap::new()), limit: if bytes { DISTINCT_BYTES } else { DISTINCT } }
    }

    /// Whether it still counts.
    pub(super) fn is_open(&self) -> bool {
        self.counts.is_some()
    }

    /// Counts the finite values of a block.
    pub(super) fn block<T: Element>(&mut self, block: &Block<'_, T>) {
        let Some(counts) = &mut self.counts else { return };
        let mut run: Option<(u64, Number, u64, u64)> = None;
        let mut add = |(bits, value, count, at): (u64, Number, u64, u64)| {
            let entry = counts.entry(bits).or_insert((value, 0, at));
            (entry.1, entry.2) = (entry.1 + count, entry.2.min(at));
            counts.len() <= self.limit
        };
        if block.is_constant() && !block.layout.is_reversed() {
            let value = block.values[0];
            if !add((value.bits(), value.number(), block.finite(), block.at(0))) {
                self.counts = None;
            }
            return;
        }
        for (i, value) in block.values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
            let bits = value.bits();
            match &mut run {
                Some((last, _, count, at)) if *last == bits => {
                    *count += 1;
                    if block.layout.is_reversed() {
                        *at = (*at).min(block.at(i));
                    }
                }
                _ => {
                    if run.take().is_some_and(|run| !add(run)) {
                        self.counts = None;
                        return;
                    }
                    run = Some((bits, value.number(), 1, block.at(i)));
                }
            }
        }
        if run.is_some_and(|run| !add(run)) {
            self.counts = None;
        }
    }

    /// The values with count and first place, the least first; `None` if there were too many.
    pub(super) fn finish(self) -> Option<Vec<(Number, u64, u64)>> {
        let mut values: Vec<_> = self.counts?.into_values().collect();
        values.sort_by_key(|(value, ..)| *value);
        Some(values)
    }
}
