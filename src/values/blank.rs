//! Rows that hold one value only.

use serde::{Deserialize, Serialize};

use super::block::Block;
use super::element::Element;

/// Rows that hold one value only. Rows of one element are not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Blank {
    /// Rows that are all 0.
    pub zero: u64,
    /// Rows that hold one other value.
    pub constant: u64,
    /// The first rows of either kind, as many as [`Blank::KEPT`].
    pub first: Vec<u64>,
    /// How many rows at the end are all 0, without another row behind them.
    pub zero_at_end: u64,
}

impl Blank {
    /// Rows that are kept by number.
    pub const KEPT: usize = 8;
}

/// Rows as they go by.
#[derive(Debug)]
pub(super) struct Blanks {
    elements: u64,
    seen: u64,
    row: u64,
    first: Option<u64>,
    varied: bool,
    blank: Blank,
}

impl Blanks {
    /// Rows of so many elements.
    pub(super) fn new(elements: u64) -> Self {
        Self { elements, seen: 0, row: 0, first: None, varied: false, blank: Blank::default() }
    }

    /// Looks at a block.
    pub(super) fn block<T: Element>(&mut self, block: &Block<'_, T>) {
        let mut values = block.values;
        while !values.is_empty() {
            let left = usize::try_from(self.elements - self.seen).unwrap_or(usize::MAX).min(values.len());
            let (mine, rest) = values.split_at(left);
            let first = *self.first.get_or_insert(mine[0].bits());
            self.varied = self.varied || mine.iter().any(|value| value.bits() != first);
            self.seen += left as u64;
            if self.seen == self.elements {
                self.end_row(first);
            }
            values = rest;
        }
    }

    fn end_row(&mut self, first: u64) {
        if self.varied {
            self.blank.zero_at_end = 0;
        } else {
            let zero = first == 0;
            self.blank.zero += u64::from(zero);
            self.blank.constant += u64::from(!zero);
            self.blank.zero_at_end = if zero { self.blank.zero_at_end + 1 } else { 0 };
            if self.blank.first.len() < Blank::KEPT {
                self.blank.first.push(self.row);
            }
        }
        (self.seen, self.first, self.varied) = (0, None, false);
        self.row += 1;
    }

    /// What was seen.
    pub(super) fn finish(self) -> Blank {
        self.blank
    }
}
