//! Positions within a row, followed over the rows: which of them never change, and the extremes of a few.

use serde::{Deserialize, Serialize};

use super::block::Block;
use super::element::Element;
use super::number::Number;
use super::{COLUMNS, RANGES};

/// What a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Per {
    /// Every position within a row is a column of its own.
    Position,
    /// The places along the last axis, channels of NHWC.
    LastAxis,
    /// The places along the second axis, channels of NCHW.
    SecondAxis,
}

/// The columns of an array.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Columns {
    /// What a column is.
    pub per: Per,
    /// How many there are.
    pub count: u64,
    /// Those that hold one value in all rows, and that value, the least first. NaN is not a value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constant: Vec<(u32, Number)>,
    /// The least and the greatest finite value of each, where there are few columns and somebody asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<Option<(Number, Number)>>,
}

/// Columns as rows go by.
#[derive(Debug)]
pub(super) struct Following<T> {
    per: Per,
    count: usize,
    /// Elements that follow each other in one column.
    inner: usize,
    row: usize,
    /// Place within the row of the next value.
    next: usize,
    /// The first value of each column that has come by.
    first: Vec<T>,
    /// Columns that have not changed so far, in order.
    still: Vec<u32>,
    ranges: Vec<Option<(T, T)>>,
}

impl<T: Element> Following<T> {
    /// The columns of rows of that shape, if there are few enough of them to follow. `ranges` asks for extremes.
    pub(super) fn new(row: &[u64], ranges: bool) -> Option<Self> {
        let elements = row.iter().try_fold(1_u64, |all, size| all.checked_mul(*size))?;
        let elements = usize::try_from(elements).ok().filter(|elements| *elements > 0)?;
        let sizes: Vec<usize> = row.iter().map(|size| usize::try_from(*size).unwrap_or(usize::MAX)).collect();
        let (per, count, inner) = match sizes.as_slice() {
            _ if elements <= COLUMNS => (Per::Position, elements, 1),
            [channels, rest @ .., last] if *channels <= RANGES && *last > RANGES => {
                (Per::SecondAxis, *channels, rest.iter().product::<usize>() * last)
            }
            [.., last] if *last <= COLUMNS => (Per::LastAxis, *last, 1),
            _ => return None,
        };
        let ranges = if ranges && count <= RANGES { vec![None; count] } else { Vec::new() };
        let still = (0..u32::try_from(count).ok()?).collect();
        Some(Self { per, count, inner, row: elements, next: 0, first: Vec::new(), still, ranges })
    }

    /// Follows a block.
    pub(super) fn block(&mut self, block: &Block<'_, T>) {
        if !self.still.is_empty() {
            if self.inner == 1 { self.compare(block.values) } else { self.compare_runs(block.values) }
        }
        if !self.ranges.is_empty() {
            for (i, value) in block.values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
                let range = &mut self.ranges[(self.next + i) / self.inner % self.count];
                *range = Some(match *range {
                    Some((min, max)) => {
                        (if *value < min { *value } else { min }, if *value > max { *value } else { max })
                    }
                    None => (*value, *value),
                });
            }
        }
        self.next = (self.next + block.values.len()) % self.row;
    }

    /// Compares values with the first ones of their columns, where every value has another column than the one before it.
    fn compare(&mut self, values: &[T]) {
        let (base, count) = (self.next % self.count, self.count);
        let missing = count - self.first.len();
        self.first.extend(values.iter().take(missing));
        let first = &self.first;
        self.still.retain(|column| {
            let column = *column as usize;
            let start = if column >= base { column - base } else { column + count - base };
            // Rows may be longer than blocks: what has not come by yet has no first value.
            let mut at = start;
            while let Some(value) = values.get(at) {
                if *value != first[column] {
                    return false;
                }
                at += count;
            }
            true
        });
    }

    /// The same, where many values of one column follow each other.
    fn compare_runs(&mut self, mut values: &[T]) {
        let mut place = self.next;
        while !values.is_empty() {
            let column = place / self.inner % self.count;
            let (mine, rest) = values.split_at((self.inner - place % self.inner).min(values.len()));
            if column == self.first.len() {
                self.first.push(mine[0]);
            }
            let first = self.first[column];
            if let Ok(known) = self.still.binary_search_by(|still| (*still as usize).cmp(&column))
                && mine.iter().any(|value| *value != first)
            {
                self.still.remove(known);
            }
            place += mine.len();
            values = rest;
        }
    }

    /// What was seen.
    pub(super) fn finish(self) -> Columns {
        let constant = self.still.iter().filter_map(|column| {
            Some((*column, self.first.get(*column as usize).filter(|value| value.is_finite())?.number()))
        });
        Columns {
            per: self.per,
            count: self.count as u64,
            constant: constant.collect(),
            ranges: self.ranges.iter().map(|range| range.map(|(min, max)| (min.number(), max.number()))).collect(),
        }
    }
}
