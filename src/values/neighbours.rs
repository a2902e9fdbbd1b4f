//! How much neighbours in an image are alike: a `reshape` in the place of a `transpose` shows there.

use serde::{Deserialize, Serialize};

use super::block::{Block, Element};

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
    /// The last values of the line, by place modulo the length.
    window: [f64; 4],
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
            window: [0.0; 4],
            next: Sums::default(),
            apart: Sums::default(),
            equal: 0,
        })
    }

    /// Looks at a block.
    pub(super) fn block<T: Element>(&mut self, block: &Block<'_, T>) {
        for value in block.values {
            if self.seen >= self.row.saturating_mul(IMAGES) {
                return;
            }
            self.seen += 1;
            let value = if value.is_finite() { value.f64() } else { 0.0 };
            let before = |distance: usize| self.window[(self.place + 4 - distance) % 4];
            if self.place >= 1 {
                self.next.add(before(1), value);
                self.equal += u64::from(before(1).total_cmp(&value).is_eq());
            }
            if self.place >= self.channels {
                self.apart.add(before(self.channels), value);
            }
            self.window[self.place % 4] = value;
            self.place = (self.place + 1) % self.line;
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
    fn add(&mut self, x: f64, y: f64) {
        self.n += 1.0;
        self.x += x;
        self.y += y;
        self.xx += x * x;
        self.yy += y * y;
        self.xy += x * y;
    }

    fn correlation(&self) -> f64 {
        let spread = (self.n * self.xx - self.x * self.x) * (self.n * self.yy - self.y * self.y);
        let correlation = (self.n * self.xy - self.x * self.y) / spread.sqrt();
        if correlation.is_finite() { correlation } else { 0.0 }
    }
}
