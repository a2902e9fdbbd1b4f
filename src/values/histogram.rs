//! How many values lie between which powers of two.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::block::Block;
use super::element::Element;

/// A histogram with one bin per sign and power of two, the empty ones left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    /// How many are 0.
    pub zeros: u64,
    /// The other bins, the least values first.
    pub bins: Vec<Bin>,
}

/// Values whose magnitude is at least `2**power` and below twice that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bin {
    /// Whether they are below 0.
    pub negative: bool,
    /// The power of two.
    pub power: i16,
    /// How many there are.
    pub count: u64,
}

/// Bins as they fill.
#[derive(Debug, Default)]
pub(super) struct Powers {
    bins: BTreeMap<(bool, i16), u64>,
}

impl Powers {
    /// Adds a block.
    pub(super) fn block<T: Element>(&mut self, block: &Block<'_, T>) {
        let powers = (block.stats.min.power(), block.stats.max.power());
        if let (Some(low), Some(high)) = powers
            && low == high
            && block.stats.zeros == 0
        {
            *self.bins.entry(low).or_default() += block.stats.finite;
            return;
        }
        let mut last: Option<((bool, i16), u64)> = None;
        for bin in block.values.iter().filter_map(|value| value.power()) {
            match &mut last {
                Some((known, count)) if *known == bin => *count += 1,
                _ => {
                    if let Some((bin, count)) = last.replace((bin, 1)) {
                        *self.bins.entry(bin).or_default() += count;
                    }
                }
            }
        }
        if let Some((bin, count)) = last {
            *self.bins.entry(bin).or_default() += count;
        }
    }

    /// The histogram.
    pub(super) fn finish(self, zeros: u64) -> Histogram {
        let bin = |((negative, power), count)| Bin { negative, power, count };
        let mut bins: Vec<Bin> = self.bins.into_iter().map(bin).collect();
        bins.sort_by_key(|bin| if bin.negative { (0, -bin.power) } else { (1, bin.power) });
        Histogram { zeros, bins }
    }
}
