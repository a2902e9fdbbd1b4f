//! How much neighbours in an image are alike: a `reshape` in the place of a `transpose` shows there.

use serde::{Deserialize, Serialize};

use super::block::Block;
use super::element::Element;
use super::wide::wide;

/// Images that are looked at: the first of an array.
const IMAGES: u64 = 64;
/// Sides that an image has at least: smaller ones have too few neighbours.
const SIDE: u64 = 8;
/// Sizes that a channel axis has.
const CHANNELS: [u64; 2] = [3, 4];

/// Correlations between values along the memory of image-like rows, of the first images of an array.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Neighbours {
    /// Channels of an image.
    pub channels: u64,
    /// Whether the shape has the channels last. A pass looks at no such images: their neighbours tell nothing.
    pub last: bool,
    /// Correlation of a value with the next one in memory; 0 where values do not vary.
    pub next: f64,
    /// Correlation of a value with the one as many places further as there are channels.
    pub apart: f64,
    /// Share of values that equal the next one in memory.
    pub equal: f64,
    /// Pairs that were looked at.
    pub pairs: u64,
}

/// Pairs that are summed side by side: fixed, so that sums are the same on every processor.
const LANES: usize = 16;
/// Values that are kept of those before a block: as many as the widest pair is apart.
const KEPT: usize = 4;

/// Neighbours as they go by.
#[derive(Debug)]
pub(super) struct Looking {
    channels: usize,
    row: u64,
    /// Elements that are neighbours of each other: a line of a channel.
    line: usize,
    seen: u64,
    /// Place within the line of the next value.
    place: usize,
    /// The last values of the line, [`KEPT`] at most, and behind them those that are looked at.
    window: Vec<f64>,
    /// Of all values.
    all: Moments,
    next: Pairs,
    apart: Pairs,
    equal: u64,
}

/// Sum and sum of squares.
#[derive(Debug, Default, Clone, Copy)]
struct Moments {
    sum: f64,
    squares: f64,
}

/// Pairs of values of one line that are so many places apart.
#[derive(Debug)]
struct Pairs {
    apart: usize,
    n: f64,
    products: f64,
    /// Of the values that are the second of no pair: those at the start of a line.
    heads: Moments,
    /// Of those that are the first of none: at the end.
    tails: Moments,
}

impl Looking {
    /// Rows of that shape, if they look like images with the channels first. Where they come last, the next value is another
    /// channel of the same pixel, and nothing can be told.
    pub(super) fn new(row: &[u64]) -> Option<Self> {
        let [a, b, c] = row else { return None };
        if !CHANNELS.contains(a) || *b < SIDE || *c < SIDE {
            return None;
        }
        let channels = usize::try_from(*a).ok()?;
        Some(Self {
            channels,
            row: a.checked_mul(*b)?.checked_mul(*c)?,
            line: usize::try_from(*c).ok()?,
            seen: 0,
            place: 0,
            window: Vec::new(),
            all: Moments::default(),
            next: Pairs::new(1),
            apart: Pairs::new(channels),
            equal: 0,
        })
    }

    /// Looks at a block.
    pub(super) fn block<T: Element>(&mut self, block: &Block<'_, T>) {
        let wanted = self.row.saturating_mul(IMAGES).saturating_sub(self.seen);
        let mut values = &block.values[..block.values.len().min(usize::try_from(wanted).unwrap_or(usize::MAX))];
        self.seen += values.len() as u64;
        while !values.is_empty() {
            let (mine, rest) = values.split_at((self.line - self.place).min(values.len()));
            self.part(mine);
            values = rest;
        }
    }

    /// Looks at a part of a line.
    fn part<T: Element>(&mut self, values: &[T]) {
        let known = self.window.len();
        self.window.extend(values.iter().map(|value| if value.is_finite() { value.f64() } else { 0.0 }));
        self.all.add(&self.window[known..]);
        let place = self.place - known;
        self.equal += self.next.add(&self.window, known, place, self.line, true);
        self.apart.add(&self.window, known, place, self.line, false);
        self.place += self.window.len() - known;
        if self.place == self.line {
            self.place = 0;
            self.window.clear();
        } else {
            self.window.drain(..self.window.len().saturating_sub(KEPT));
        }
    }

    /// What was seen.
    pub(super) fn finish(self) -> Neighbours {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let pairs = self.next.n as u64;
        Neighbours {
            channels: self.channels as u64,
            last: false,
            next: self.next.correlation(self.all),
            apart: self.apart.correlation(self.all),
            equal: if pairs == 0 { 0.0 } else { self.equal as f64 / pairs as f64 },
            pairs,
        }
    }
}

impl Moments {
    /// Adds values.
    fn add(&mut self, values: &[f64]) {
        let (sum, squares) = wide(
            #[inline(always)]
            || moments(values),
        );
        self.sum += sum;
        self.squares += squares;
    }

    fn without(self, other: Self) -> Self {
        Self { sum: self.sum - other.sum, squares: self.squares - other.squares }
    }
}

impl Pairs {
    fn new(apart: usize) -> Self {
        Self { apart, n: 0.0, products: 0.0, heads: Moments::default(), tails: Moments::default() }
    }

    /// Adds the pairs whose second value is among those of the window behind the first `known` ones, which were looked at
    /// before. The window starts at `place` of a line of `line` values. Gives how many are equal, if that is asked.
    fn add(&mut self, window: &[f64], known: usize, place: usize, line: usize, ask: bool) -> u64 {
        let start = known.max(self.apart).min(window.len());
        let (before, values) = (&window[start.saturating_sub(self.apart)..], &window[start..]);
        self.n += values.len() as f64;
        self.products += wide(
            #[inline(always)]
            || products(before, values),
        );
        let end = place + window.len();
        let part = |from: usize, to: usize| {
            let (from, to) = (from.max(place + known).min(end), to.min(end));
            &window[from - place..to.max(from) - place]
        };
        self.heads.add(part(0, self.apart));
        self.tails.add(part(line - self.apart, line));
        if !ask {
            return 0;
        }
        wide(
            #[inline(always)]
            || before.iter().zip(values).map(|(a, b)| u64::from(a == b)).sum(),
        )
    }

    /// The correlation of the pairs; `all` are the moments of all values.
    fn correlation(&self, all: Moments) -> f64 {
        let (x, y) = (all.without(self.tails), all.without(self.heads));
        let spread = (self.n * x.squares - x.sum * x.sum) * (self.n * y.squares - y.sum * y.sum);
        let correlation = (self.n * self.products - x.sum * y.sum) / spread.sqrt();
        if correlation.is_finite() { correlation } else { 0.0 }
    }
}

/// Sum and sum of squares.
#[allow(clippy::inline_always, reason = "see `wide`")]
#[inline(always)]
fn moments(values: &[f64]) -> (f64, f64) {
    let (mut sums, mut squares) = ([0.0; LANES], [0.0; LANES]);
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            let value = chunk[lane];
            sums[lane] += value;
            squares[lane] += value * value;
        }
    }
    for (lane, value) in rest.iter().enumerate() {
        sums[lane] += value;
        squares[lane] += value * value;
    }
    (sums.iter().sum(), squares.iter().sum())
}

/// The sum of the products of pairs, as many as there are values behind.
#[allow(clippy::inline_always, reason = "see `wide`")]
#[inline(always)]
fn products(before: &[f64], values: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let before = &before[..values.len()];
    let ((x_chunks, x_rest), (y_chunks, y_rest)) = (before.as_chunks::<LANES>(), values.as_chunks::<LANES>());
    for (x, y) in x_chunks.iter().zip(y_chunks) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * y[lane];
        }
    }
    for (lane, (x, y)) in x_rest.iter().zip(y_rest).enumerate() {
        sums[lane] += x * y;
    }
    sums.iter().sum()
}
