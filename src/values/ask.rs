//! Questions about values that depend on the spec, and their answers: exact counts, the first place and the worst one.

use serde::{Deserialize, Serialize};

use super::block::Block;
use super::cast::{self, Cast};
use super::element::Element;
use super::layout::Layout;
use super::number::{Number, float, float_or_none, floats};
use crate::spec::dtype::Dtype;

/// How far the sum of a line may be from what it should be: half precision, a thousand classes.
pub const SUM_TOLERANCE: f64 = 1e-3;

/// A question that can be answered while values go by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// Which finite values are below `min` or above `max`, other than those in `except`?
    Outside {
        /// The least value that is fine.
        #[serde(default, with = "float_or_none")]
        min: Option<f64>,
        /// The greatest value that is fine.
        #[serde(default, with = "float_or_none")]
        max: Option<f64>,
        /// Values that are fine all the same.
        #[serde(default, skip_serializing_if = "Vec::is_empty", with = "floats")]
        except: Vec<f64>,
    },
    /// Which finite values are none of these?
    NotIn {
        /// The values that are fine.
        #[serde(with = "floats")]
        values: Vec<f64>,
    },
    /// Which values are 0?
    Zero,
    /// Which lines along the last axis do not sum to this? Lines with NaN or an infinity are not judged.
    Sum {
        /// What they should sum to.
        #[serde(with = "float")]
        to: f64,
    },
    /// Which lines along the last axis are not one 1 among zeros?
    OneHot,
    /// What would a cast to this type do to the values?
    Cast {
        /// The type.
        to: Dtype,
    },
}

/// What a value is that an answer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Below the least value that is fine.
    Below,
    /// Above the greatest.
    Above,
    /// None of the values that are fine.
    Other,
    /// A value that is 0.
    Zero,
    /// A line with another sum. Its value is the sum, its place the start of the line.
    Sum,
    /// A line that is not one 1 among zeros. Its value is the sum, its place the start of the line.
    NotOneHot,
    /// A finite value that the cast makes infinite.
    Overflow,
    /// A value other than 0 that the cast makes 0.
    Vanished,
    /// A whole number below 2**53 that the cast makes another number.
    Changed,
    /// A value that the cast moves by no more than half the distance between neighbours of the type.
    Rounded,
    /// A value that the cast moves by more than that: it lies below the normal range of the type.
    Coarse,
    /// A fraction that the cast cuts off.
    Cut,
    /// A value outside the range of an integer type: it wraps around, or becomes the least value.
    Wrapped,
    /// NaN or an infinity that becomes some integer.
    Undefined,
}

/// A value and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spot {
    /// The value.
    pub value: Number,
    /// Its flat index in C order.
    pub at: u64,
}

/// The values of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Hits {
    /// What they are.
    pub kind: Kind,
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub first: Spot,
    /// The one that is furthest off, the first of several.
    pub worst: Spot,
    /// How far it is off: a distance, for [`Kind::Rounded`] and [`Kind::Coarse`] relative to the value. Infinite where
    /// there is no distance, never NaN.
    #[serde(with = "float")]
    pub off: f64,
}

/// An answer: no hits means that there is nothing to tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The question.
    pub ask: Ask,
    /// How many values, or lines, were looked at.
    pub of: u64,
    /// By kind, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hits: Vec<Hits>,
}

impl Answer {
    /// The hits of one kind.
    #[must_use]
    pub fn hits(&self, kind: Kind) -> Option<&Hits> {
        self.hits.iter().find(|hits| hits.kind == kind)
    }

    /// How many values or lines are of any of these kinds.
    #[must_use]
    pub fn count(&self, kinds: &[Kind]) -> u64 {
        self.hits.iter().filter(|hits| kinds.contains(&hits.kind)).map(|hits| hits.count).sum()
    }
}

impl Ask {
    /// Whether a pass over an array of numbers of that layout answers the question.
    #[must_use]
    pub fn is_answerable(&self, layout: &Layout<'_>) -> bool {
        Asked::new(self.clone(), layout).is_some()
    }
}

/// A question that is being answered.
#[derive(Debug)]
pub(super) struct Asked {
    ask: Ask,
    cast: Option<Cast>,
    /// The bounds of [`Ask::Outside`], or the values of [`Ask::NotIn`] and what the type makes of them.
    limits: Vec<f64>,
    of: u64,
    hits: Vec<Hits>,
    line: Line,
}

/// The line along the last axis that is going by.
#[derive(Debug, Default)]
struct Line {
    elements: u64,
    seen: u64,
    sum: f64,
    ones: u64,
    others: u64,
}

impl Asked {
    /// Whether and how the question can be answered for an array. Lines need C order.
    pub(super) fn new(ask: Ask, layout: &Layout<'_>) -> Option<Self> {
        let complex = layout.dtype.kind == crate::spec::dtype::Kind::Complex;
        let cast = match &ask {
            Ask::Cast { to } => Some(Cast::new(layout.dtype, to)?),
            Ask::Sum { .. } | Ask::OneHot if layout.is_reversed() || complex => return None,
            _ => None,
        };
        // The 0.1 of a spec is no float32: the float32 next to it is meant, which is a little more.
        let near = |value: f64| cast::nearest(layout.dtype, value);
        let limits = match &ask {
            Ask::Outside { min, max, .. } => {
                let (min, max) = (min.unwrap_or(f64::NEG_INFINITY), max.unwrap_or(f64::INFINITY));
                vec![min.min(near(min)), max.max(near(max))]
            }
            Ask::NotIn { values } => values.iter().flat_map(|value| [*value, near(*value)]).collect(),
            _ => Vec::new(),
        };
        let elements = if layout.shape.len() > 1 { layout.shape.last().copied().unwrap_or(1) } else { 1 };
        Some(Self { ask, cast, limits, of: 0, hits: Vec::new(), line: Line { elements, ..Line::default() } })
    }

    /// Looks at a block.
    pub(super) fn block<T: Element>(&mut self, block: &Block<'_, T>) {
        let (least, greatest) = block.range();
        match &self.ask {
            Ask::Outside { except, .. } => {
                let (min, max) = (self.limits[0], self.limits[1]);
                self.of += block.finite();
                if least >= min && greatest <= max {
                    return;
                }
                let hits = &mut self.hits;
                block.each_finite(|value, at| {
                    let float = value.to_f64();
                    if float < min && !except.contains(&float) {
                        add(hits, Kind::Below, Spot { value, at }, min - float);
                    } else if float > max && !except.contains(&float) {
                        add(hits, Kind::Above, Spot { value, at }, float - max);
                    }
                });
            }
            Ask::NotIn { .. } => {
                let values = &self.limits;
                self.of += block.finite();
                if block.is_within(values) {
                    return;
                }
                let hits = &mut self.hits;
                block.each_finite(|value, at| {
                    let float = value.to_f64();
                    if !values.contains(&float) {
                        let near = values.iter().map(|value| (value - float).abs()).fold(f64::INFINITY, f64::min);
                        add(hits, Kind::Other, Spot { value, at }, near);
                    }
                });
            }
            Ask::Zero => {
                self.of += block.finite();
                if block.stats.zeros == 0 {
                    return;
                }
                let hits = &mut self.hits;
                block.each_finite(|value, at| {
                    if value.to_f64() == 0.0 {
                        add(hits, Kind::Zero, Spot { value, at }, 0.0);
                    }
                });
            }
            Ask::Sum { to } => {
                let (to, hits) = (*to, &mut self.hits);
                self.of += self.line.block(block, |line, at| {
                    let off = line.off(to);
                    // A line that holds NaN or an infinity is at fault for that, and has no sum.
                    if line.sum.is_finite() && off > SUM_TOLERANCE * to.abs().max(1.0) {
                        add(hits, Kind::Sum, Spot { value: line.number(), at }, off);
                    }
                });
            }
            Ask::OneHot => {
                let hits = &mut self.hits;
                self.of += self.line.block(block, |line, at| {
                    if line.ones != 1 || line.others > 0 {
                        add(hits, Kind::NotOneHot, Spot { value: line.number(), at }, line.off(1.0));
                    }
                });
            }
            Ask::Cast { .. } => {
                self.of += block.values.len() as u64;
                if let Some(cast) = &self.cast {
                    cast.block(block, &mut self.hits);
                }
            }
        }
    }

    /// The answer.
    pub(super) fn finish(mut self) -> Answer {
        self.hits.sort_by_key(|hits| hits.kind);
        Answer { ask: self.ask, of: self.of, hits: self.hits }
    }
}

/// Counts a value.
fn add(hits: &mut Vec<Hits>, kind: Kind, spot: Spot, off: f64) {
    join(hits, Hits { kind, count: 1, first: spot, worst: spot, off });
}

/// Adds hits to those that are known. Of two that are equally bad, the one with the lesser index is the worst.
pub(super) fn join(hits: &mut Vec<Hits>, more: Hits) {
    debug_assert!(!more.off.is_nan(), "{more:?}");
    let Some(known) = hits.iter_mut().find(|hits| hits.kind == more.kind) else {
        hits.push(more);
        return;
    };
    known.count = known.count.saturating_add(more.count);
    if more.first.at < known.first.at {
        known.first = more.first;
    }
    if more.off > known.off || (more.off.total_cmp(&known.off).is_eq() && more.worst.at < known.worst.at) {
        (known.worst, known.off) = (more.worst, more.off);
    }
}

impl Line {
    /// The sum; there is one NaN.
    fn number(&self) -> Number {
        Number::Float(if self.sum.is_nan() { f64::NAN } else { self.sum })
    }

    /// How far the sum is off; without measure where it is NaN.
    fn off(&self, to: f64) -> f64 {
        let off = (self.sum - to).abs();
        if off.is_nan() { f64::INFINITY } else { off }
    }

    /// Follows the lines of a block; calls `ended` with each that ends and with the place where it started.
    fn block<T: Element>(&mut self, block: &Block<'_, T>, mut ended: impl FnMut(&Self, u64)) -> u64 {
        let mut lines = 0;
        for (i, value) in block.values.iter().enumerate() {
            let value = value.f64();
            self.sum += value;
            self.ones += u64::from(value == 1.0);
            self.others += u64::from(value != 1.0 && value != 0.0);
            self.seen += 1;
            if self.seen == self.elements {
                ended(self, block.at(i) + 1 - self.elements);
                *self = Self { elements: self.elements, ..Self::default() };
                lines += 1;
            }
        }
        lines
    }
}
