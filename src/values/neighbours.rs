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
    /// Whether the shape has the channels last.
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
const LANES: usize = 8;
/// Values that are kept of those before a block: as many as the widest pair is apart.
const KEPT: usize = 4;

/// Neighbours as they go by.
#[derive(Debug)]
pub(super) struct Looking {
    channels: usize,
    last: bool,
    row: u64,
    /// Elements that are neighbours of each other: a line of the image, channels included.
    line: usize,
    seen: u64,
    /// Place within the line of the next value.
    place: usize,
    /// The last values of the line, [`KEPT`] at most, and behind them those that are looked at.
    window: Vec<f64>,
    next: Sums,
    apart: Sums,
    equal: u64,
}

#[derive(Debug, Default)]
struct Sums {
    n: f64,
    x: f64,
    y: f64,
    xx: f64,
    yy: f64,
    xy: f64,
}

impl Looking {
    /// Rows of that shape, if they look like images with channels.
    pub(super) fn new(row: &[u64]) -> Option<Self> {
        let [a, b, c] = row else { return None };
        let (channels, last, line) = match () {
            () if CHANNELS.contains(a) && *b >= SIDE && *c >= SIDE => (*a, false, *c),
            () if CHANNELS.contains(c) && *a >= SIDE && *b >= SIDE => (*c, true, b.checked_mul(*c)?),
            () => return None,
        };
        Some(Self {
            channels: usize::try_from(channels).ok()?,
            last,
            row: a.checked_mul(*b)?.checked_mul(*c)?,
            line: usize::try_from(line).ok()?,
            seen: 0,
            place: 0,
            window: Vec::new(),
            next: Sums::default(),
            apart: Sums::default(),
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
        let pairs = |apart: usize| {
            let start = known.max(apart).min(self.window.len());
            (&self.window[start - apart.min(start)..self.window.len() - apart.min(start)], &self.window[start..])
        };
        let (before, values) = pairs(1);
        self.next.add(before, values);
        self.equal += wide(
            #[inline(always)]
            || before.iter().zip(values).filter(|(a, b)| (**a + 0.0).to_bits() == (**b + 0.0).to_bits()).count() as u64,
        );
        let (before, values) = pairs(self.channels);
        self.apart.add(before, values);
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
            last: self.last,
            next: self.next.correlation(),
            apart: self.apart.correlation(),
            equal: if pairs == 0 { 0.0 } else { self.equal as f64 / pairs as f64 },
            pairs,
        }
    }
}

impl Sums {
    /// Adds pairs.
    fn add(&mut self, xs: &[f64], ys: &[f64]) {
        let [x, y, xx, yy, xy] = wide(
            #[inline(always)]
            || sums(xs, ys),
        );
        self.n += xs.len() as f64;
        self.x += x;
        self.y += y;
        self.xx += xx;
        self.yy += yy;
        self.xy += xy;
    }

    fn correlation(&self) -> f64 {
        let spread = (self.n * self.xx - self.x * self.x) * (self.n * self.yy - self.y * self.y);
        let correlation = (self.n * self.xy - self.x * self.y) / spread.sqrt();
        if correlation.is_finite() { correlation } else { 0.0 }
    }
}

/// The sums over pairs, of x, y, xx, yy and xy.
#[allow(clippy::inline_always, reason = "see `wide`")]
#[inline(always)]
fn sums(xs: &[f64], ys: &[f64]) -> [f64; 5] {
    let mut sums = [[0.0; LANES]; 5];
    let mut add = |lane: usize, x: f64, y: f64| {
        sums[0][lane] += x;
        sums[1][lane] += y;
        sums[2][lane] += x * x;
        sums[3][lane] += y * y;
        sums[4][lane] += x * y;
    };
    let ((x_chunks, x_rest), (y_chunks, y_rest)) = (xs.as_chunks::<LANES>(), ys.as_chunks::<LANES>());
    for (x, y) in x_chunks.iter().zip(y_chunks) {
        for lane in 0..LANES {
            add(lane, x[lane], y[lane]);
        }
    }
    for (lane, (x, y)) in x_rest.iter().zip(y_rest).enumerate() {
        add(lane, *x, *y);
    }
    sums.map(|lanes| lanes.iter().sum())
}
