//! Which arrays are images, and how the model will see them: the declared order of the axes and the declared range
//! decide, not what would look right. Where neither is declared, the shape and the numbers decide, and that is said.

use super::overview::Together;
use crate::source::Header;
use crate::spec::dims::Dim;
use crate::spec::dtype::Kind;
use crate::spec::{Declaration, Role};

/// Pixels of the longer side of a thumbnail at most.
pub const SIDE: u64 = 64;
/// Sizes of the axis of channels that are known to be one: grey, RGB, RGBA.
const CHANNELS: [u64; 3] = [1, 3, 4];
/// A side of an image, in pixels, where nothing but the shape says that it is one.
const LEAST: u64 = 8;

/// Where the order of the axes, or the range, is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The spec says it.
    Declared,
    /// The data looks like it.
    Seen,
}

/// How the axes of an array make images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// One letter per axis: `NHWC`.
    pub letters: String,
    /// Whether the letters are declared.
    pub basis: Basis,
}

/// The range of values that is drawn from black to white.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Black.
    pub low: f64,
    /// White.
    pub high: f64,
    /// Where it is known from.
    pub basis: Basis,
}

/// Images of one array name, as the model will see them.
#[derive(Debug, Clone, PartialEq)]
pub struct Album {
    /// Which stream, by index into the assembled ones.
    pub stream: usize,
    /// Which column of it.
    pub column: usize,
    /// How the axes are read.
    pub grid: Grid,
    /// How the values are.
    pub range: Range,
    /// A few of them, by batch and row; empty where their bytes could not be read again.
    pub pictures: Vec<Picture>,
}

/// One row of one array, made small.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// The batch, by index into those of the stream.
    pub batch: usize,
    /// The row in it, from 0.
    pub row: u64,
    /// Whether a finding about the array names it, or the whole file.
    pub blamed: bool,
    /// What it was picked from.
    pub pick: Pick,
    /// The values of the pixels, line by line; [`Pick::drawn`] of them to a pixel.
    pub values: Vec<f64>,
}

/// Which elements of an array are the pixels of one of its rows, made small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    /// Height and width of the whole.
    pub whole: (u64, u64),
    /// Height and width of what is drawn, in pixels: at least 1, and at most [`SIDE`].
    pub small: (u64, u64),
    /// Channels of the array; 1 without an axis of them.
    pub channels: u64,
    /// Channels that are drawn: 1 is grey, 3 are red, green and blue.
    pub drawn: u64,
    /// Where these elements stand in the file, from the first element of the array.
    pub places: Vec<u64>,
}

impl Grid {
    /// How the axes of the array make images; `None` if it holds none.
    #[must_use]
    pub fn of(declared: Option<&Declaration>, header: &Header) -> Option<Self> {
        let number = matches!(header.dtype.kind, Kind::Bool | Kind::Int | Kind::Uint | Kind::Float | Kind::Ml(_));
        if !number || declared.is_some_and(|declared| declared.role != Role::Input) || header.shape.contains(&0) {
            return None;
        }
        let rank = header.shape.len();
        let declared_basis = |letters: &str| Self { letters: letters.into(), basis: Basis::Declared };
        if let Some(axes) = declared.and_then(|declared| declared.axes.as_ref()) {
            let letters = axes.value.to_uppercase().replace('B', "N");
            let once = |letter: char| letters.matches(letter).count();
            let image = once('H') == 1 && once('W') == 1 && once('C') <= 1 && once('N') <= 1;
            let known = letters.chars().all(|letter| "NHWC".contains(letter)) && letters.chars().count() == rank;
            return (image && known).then(|| declared_basis(&letters));
        }
        if let Some(shape) = declared.and_then(|declared| declared.shape.as_ref())
            && let [_, a, _, b] = shape.value.dims.as_slice()
            && rank == 4
        {
            let channels = |dim: &Dim| matches!(dim, Dim::Fixed(size) if CHANNELS.contains(size));
            match (channels(a), channels(b)) {
                (false, true) => return Some(declared_basis("NHWC")),
                (true, false) => return Some(declared_basis("NCHW")),
                _ => {}
            }
        }
        let seen = |letters: &str| Some(Self { letters: letters.into(), basis: Basis::Seen });
        match *header.shape.as_slice() {
            [_, h, w, c] if CHANNELS.contains(&c) && h >= LEAST && w >= LEAST => seen("NHWC"),
            [_, c, h, w] if CHANNELS.contains(&c) && h >= LEAST && w >= LEAST => seen("NCHW"),
            // Other arrays of this rank are sequences.
            [_, h, w] if h >= LEAST && w >= LEAST && (h == w || (header.dtype.kind == Kind::Uint && h < 4 * w)) => {
                seen("NHW")
            }
            _ => None,
        }
    }

    /// The elements of one row, every so many pixels where the row is larger than a thumbnail. `None` where the shape has
    /// no such row, or no such axes.
    #[must_use]
    pub fn pick(&self, header: &Header, row: u64) -> Option<Pick> {
        let shape = &header.shape;
        if self.letters.len() != shape.len() {
            return None;
        }
        let strides = strides(shape, header.fortran);
        let axis = |letter: char| self.letters.find(letter).map(|at| (shape[at], strides[at]));
        let (height, down) = axis('H')?;
        let (width, across) = axis('W')?;
        let (rows, next) = axis('N').unwrap_or((1, 0));
        let (channels, deep) = axis('C').unwrap_or((1, 0));
        if row >= rows || height == 0 || width == 0 || channels == 0 {
            return None;
        }
        let drawn = if channels >= 3 { 3 } else { 1 };
        let longest = height.max(width);
        let small = |side: u64| if longest <= SIDE { side } else { (side.saturating_mul(SIDE) / longest).max(1) };
        let (lines, columns) = (small(height), small(width));
        // The middle of what one pixel stands for.
        let spread = |at: u64, small: u64, whole: u64| (2 * at + 1).saturating_mul(whole) / (2 * small);
        let mut places = Vec::new();
        for y in 0..lines {
            for x in 0..columns {
                let pixel = row * next + spread(y, lines, height) * down + spread(x, columns, width) * across;
                places.extend((0..drawn).map(|channel| pixel + channel * deep));
            }
        }
        Some(Pick { whole: (height, width), small: (lines, columns), channels, drawn, places })
    }
}

impl Range {
    /// The range that is drawn: the declared one, else the whole range of bytes, `0..1` or `0..255` where all numbers lie
    /// in it, else the extremes.
    #[must_use]
    pub fn of(declared: Option<&Declaration>, header: &Header, numbers: Option<&Together>) -> Self {
        let limits = declared.and_then(|declared| declared.values.as_ref()).map(|values| &values.value);
        if let Some((low, high)) = limits.and_then(|limits| limits.min.zip(limits.max))
            && low < high
            && (high - low).is_finite()
        {
            return Self { low, high, basis: Basis::Declared };
        }
        let seen = |low, high| Self { low, high, basis: Basis::Seen };
        let extremes = numbers.and_then(|numbers| numbers.min.zip(numbers.max));
        match extremes.map(|(low, high)| (low.to_f64(), high.to_f64())) {
            _ if header.dtype.kind == Kind::Uint && header.dtype.size == 1 => seen(0.0, 255.0),
            Some((low, high)) if low >= 0.0 && high <= 1.0 => seen(0.0, 1.0),
            Some((low, high)) if low >= 0.0 && (2.0..=255.0).contains(&high) => seen(0.0, 255.0),
            Some((low, high)) if low < high && (high - low).is_finite() => seen(low, high),
            _ => seen(0.0, 1.0),
        }
    }
}

/// How many elements lie between neighbours along each axis.
fn strides(shape: &[u64], fortran: bool) -> Vec<u64> {
    let mut strides = vec![1; shape.len()];
    let mut step = 1_u64;
    let mut stride = |axis: usize| {
        strides[axis] = step;
        step = step.saturating_mul(shape[axis]);
    };
    if fortran {
        (0..shape.len()).for_each(&mut stride);
    } else {
        (0..shape.len()).rev().for_each(&mut stride);
    }
    strides
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::dtype::Dtype;
    use crate::spec::{At, Declared, Values};

    fn header(dtype: &str, shape: &[u64], fortran: bool) -> Header {
        Header { dtype: Dtype::from_name(dtype).unwrap(), shape: shape.to_vec(), fortran }
    }

    fn declared(axes: &str) -> Declaration {
        let axes = Some(Declared { value: axes.to_owned(), at: At::Flag("") });
        Declaration { axes, ..Declaration::bare(Role::Input, "image") }
    }

    fn letters(declared: Option<&Declaration>, dtype: &str, shape: &[u64]) -> Option<String> {
        Grid::of(declared, &header(dtype, shape, false)).map(|grid| grid.letters)
    }

    #[test]
    fn the_declared_order_wins_over_the_shape() {
        assert_eq!(letters(Some(&declared("nhwc")), "float32", &[8, 3, 32, 32]).as_deref(), Some("NHWC"));
        assert_eq!(letters(Some(&declared("NTF")), "float32", &[8, 32, 32]), None);
        assert_eq!(letters(Some(&declared("NHWC")), "float32", &[8, 32, 32]), None);
        let target = Declaration { role: Role::Target, ..declared("NHWC") };
        assert_eq!(letters(Some(&target), "float32", &[8, 32, 32, 3]), None);
        assert_eq!(letters(None, "float32", &[8, 3, 32, 32]).as_deref(), Some("NCHW"));
        assert_eq!(letters(None, "uint8", &[8, 32, 24]).as_deref(), Some("NHW"));
        for (dtype, shape) in
            [("float32", &[8, 32, 24][..]), ("float32", &[8, 32, 32, 7]), ("complex64", &[8, 9, 9, 3])]
        {
            assert_eq!(letters(None, dtype, shape), None, "{dtype} {shape:?}");
        }
    }

    #[test]
    fn pixels_are_found_in_every_order() {
        let grid = Grid { letters: "NCHW".into(), basis: Basis::Seen };
        let pick = grid.pick(&header("uint8", &[2, 3, 4, 5], false), 1).unwrap();
        assert_eq!((pick.small, pick.drawn, pick.places.len()), ((4, 5), 3, 60));
        // x[1, :, 0, 1] stands at 60 + 20 * channel + 1.
        assert_eq!(pick.places[3..6], [61, 81, 101]);
        let pick = grid.pick(&header("uint8", &[2, 3, 4, 5], true), 1).unwrap();
        assert_eq!(pick.places[..3], [1, 3, 5]);
        assert!(grid.pick(&header("uint8", &[2, 3, 4, 5], false), 2).is_none());
        let large = grid.pick(&header("uint8", &[1, 1, 640, 10], false), 0).unwrap();
        assert_eq!((large.small, large.drawn), ((64, 1), 1));
        assert_eq!(large.places[..2], [5 * 10 + 5, 15 * 10 + 5]);
    }

    #[test]
    fn numbers_outside_the_declared_range_do_not_widen_it() {
        let values = Values { min: Some(0.0), max: Some(1.0), within: None, finite: None, nonzero: false, sum: None };
        let mut image = declared("NHWC");
        let header = header("float32", &[1, 8, 8, 3], false);
        let seen = |high: f64| Together {
            min: Some(crate::values::Number::Float(0.0)),
            max: Some(crate::values::Number::Float(high)),
            ..Together::default()
        };
        let range = |declared: &Declaration, high| Range::of(Some(declared), &header, Some(&seen(high))).high;
        assert_eq!((range(&image, 0.5), range(&image, 200.0), range(&image, 900.0)), (1.0, 255.0, 900.0));
        image.values = Some(Declared { value: values, at: At::Flag("") });
        assert_eq!((range(&image, 200.0), range(&image, 900.0)), (1.0, 1.0));
    }
}
