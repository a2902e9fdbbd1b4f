//! One .npy header: from bytes to a [`Header`], with every limit checked before anything is trusted.
//!
//! The format is the one of `numpy.lib.format`: magic, version, length, and the text of a Python dict, which is
//! latin-1 in versions 1.0 and 2.0 and UTF-8 in 3.0.

use std::borrow::Cow;
use std::ops::Range;

use super::descr;
use super::literal::{self, Node, Problem, Value};
use crate::source::Header;
use crate::source::fault::{HeaderFault, Key};
use crate::source::text::shown;
use crate::spec::dtype::Dtype;

/// What every .npy file starts with.
pub(crate) const MAGIC: &[u8] = b"\x93NUMPY";
/// Characters of header text that `np.load` reads (`max_header_size`).
const MAX_CHARACTERS: usize = 10_000;
/// Bytes that so many characters of UTF-8 can take.
const MAX_BYTES: usize = 4 * MAX_CHARACTERS;
/// Axes that NumPy 2 reads, and those that NumPy 1.x reads.
const MAX_AXES: usize = 64;
const OLD_MAX_AXES: usize = 32;
/// Characters of a key that a message shows.
const SHOWN: usize = 40;

/// A header cut out of the bytes around it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Raw<'a> {
    /// From the magic to the first byte of data. Equal bytes mean equal headers.
    pub(crate) bytes: &'a [u8],
    /// The byte behind it.
    pub(crate) next: Option<u8>,
    text: &'a [u8],
    major: u8,
}

/// What the bytes at the start of an array are.
#[derive(Debug)]
pub(crate) enum Start<'a> {
    /// A header, whole.
    Header(Raw<'a>),
    /// A header of which more bytes are needed: this many in all.
    More(usize),
    /// Not the magic.
    Foreign,
    /// The file ends inside the magic, version or length.
    Short,
    /// A header that cannot be cut out.
    Broken(HeaderFault),
}

/// Cuts the header out of `bytes`, which are the first of `size` bytes.
pub(crate) fn start(bytes: &[u8], size: u64) -> Start<'_> {
    let seen = bytes.len().min(MAGIC.len());
    if bytes[..seen] != MAGIC[..seen] || bytes.is_empty() {
        return Start::Foreign;
    }
    let short = |needed: usize| if size < needed as u64 { Start::Short } else { Start::More(needed) };
    let [_, _, _, _, _, _, major, minor, ..] = *bytes else { return short(10) };
    if !matches!((major, minor), (1..=3, 0)) {
        return Start::Broken(HeaderFault::Version { major, minor });
    }
    let (declared, text_at) = match (major, &bytes[8..]) {
        (1, [a, b, ..]) => (u32::from(u16::from_le_bytes([*a, *b])), 10),
        (2 | 3, [a, b, c, d, ..]) => (u32::from_le_bytes([*a, *b, *c, *d]), 12),
        _ => return short(if major == 1 { 10 } else { 12 }),
    };
    let available = size - text_at as u64;
    if u64::from(declared) > available {
        return Start::Broken(HeaderFault::PastEnd { declared: declared.into(), available });
    }
    let length = declared as usize;
    if length > if major == 3 { MAX_BYTES } else { MAX_CHARACTERS } {
        return Start::Broken(HeaderFault::TooLong { declared: declared.into() });
    }
    let end = text_at + length;
    let next = bytes.get(end).copied();
    match bytes.get(text_at..end) {
        Some(text) if next.is_some() || size == end as u64 => {
            Start::Header(Raw { bytes: &bytes[..end], next, text, major })
        }
        _ => Start::More(end + usize::from(size > end as u64)),
    }
}

/// A header that was read.
#[derive(Debug)]
pub(crate) struct Read<'a> {
    /// The text as characters; spans are byte offsets into it.
    pub(crate) text: Cow<'a, str>,
    /// What it says, if it can be understood.
    pub(crate) header: Option<Header>,
    /// Where the shape stands.
    pub(crate) shape: Range<usize>,
    /// What is wrong or odd. Without a header the last of these says why there is none.
    pub(crate) problems: Vec<(HeaderFault, Range<usize>)>,
}

/// Reads a header.
pub(crate) fn read<'a>(raw: &Raw<'a>) -> Read<'a> {
    let mut problems = Vec::new();
    let text = match decode(raw) {
        Ok(text) => text,
        Err((text, problem)) => {
            problems.push((problem.fault, problem.span));
            return Read { text, header: None, shape: 0..0, problems };
        }
    };
    let (header, shape) = match understand(&text, raw.major < 3, &mut problems) {
        Ok((header, shape)) => (Some(header), shape),
        Err(problem) => {
            problems.push((problem.fault, problem.span));
            (None, 0..0)
        }
    };
    Read { text, header, shape, problems }
}

fn decode<'a>(raw: &Raw<'a>) -> Result<Cow<'a, str>, (Cow<'a, str>, Problem)> {
    let text = match (raw.major, std::str::from_utf8(raw.text)) {
        (3, Err(error)) => {
            let at = error.valid_up_to();
            let fault = HeaderFault::NotUtf8 { byte: raw.text[at], at: at as u64 };
            return Err((String::from_utf8_lossy(raw.text), Problem { fault, span: at..at + '\u{fffd}'.len_utf8() }));
        }
        (3, Ok(text)) => Cow::Borrowed(text),
        (_, Ok(text)) if text.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(raw.text.iter().map(|byte| char::from(*byte)).collect()),
    };
    if text.len() > MAX_CHARACTERS && text.chars().count() > MAX_CHARACTERS {
        let fault = HeaderFault::TooLong { declared: raw.text.len() as u64 };
        return Err((text, Problem { fault, span: 0..0 }));
    }
    Ok(text)
}

type Noted = Vec<(HeaderFault, Range<usize>)>;

/// The checks of `numpy.lib.format`, in its order.
fn understand(text: &str, python2: bool, notes: &mut Noted) -> Result<(Header, Range<usize>), Problem> {
    let literal = literal::parse(text, python2)?;
    let Node::Dict(pairs) = &literal.value.node else {
        return Err(literal.value.problem(HeaderFault::NotDict(literal.value.found())));
    };
    let mut values: [Option<&Value>; 3] = [None; 3];
    for (name, value) in pairs {
        let Node::Str(text) = &name.node else {
            return Err(name.problem(HeaderFault::KeyNotString(name.found())));
        };
        let Some(i) = Key::ALL.iter().position(|key| key.name() == text) else {
            return Err(name.problem(HeaderFault::UnknownKey(shown(text, SHOWN))));
        };
        if values[i].replace(value).is_some() {
            notes.push((HeaderFault::DuplicateKey(Key::ALL[i]), name.span.clone()));
        }
    }
    let [Some(descr), Some(order), Some(shape)] = values else {
        let missing = Key::ALL.into_iter().zip(values).filter(|(_, value)| value.is_none()).map(|(key, _)| key);
        return Err(literal.value.problem(HeaderFault::MissingKeys(missing.collect())));
    };
    let sizes = dimensions(shape)?;
    let Node::Bool(fortran) = order.node else {
        return Err(order.problem(HeaderFault::OrderNotBool(order.found())));
    };
    let dtype = descr::dtype(descr)?;
    check_size(&sizes, &dtype, shape, notes)?;
    notes.extend(literal.long.map(|span| (HeaderFault::Python2, span)));
    Ok((Header { dtype, shape: sizes, fortran }, shape.span.clone()))
}

fn dimensions(shape: &Value) -> Result<Vec<u64>, Problem> {
    let Node::Tuple(sizes) = &shape.node else {
        return Err(shape.problem(HeaderFault::ShapeNotTuple(shape.found())));
    };
    let mut out = Vec::with_capacity(sizes.len());
    for size in sizes {
        let Node::Int(int) = size.node else {
            return Err(size.problem(HeaderFault::DimensionNotInt(size.found())));
        };
        if int.negative && int.magnitude != Some(0) {
            return Err(size.problem(HeaderFault::NegativeDimension));
        }
        let Some(n) = int.magnitude.filter(|n| i64::try_from(*n).is_ok()) else {
            return Err(size.problem(HeaderFault::DimensionTooLarge));
        };
        out.push(n);
    }
    Ok(out)
}

/// NumPy multiplies the sizes that are not zero with the item size, and keeps the product in 63 bits.
fn check_size(sizes: &[u64], dtype: &Dtype, shape: &Value, notes: &mut Noted) -> Result<(), Problem> {
    if sizes.len() > MAX_AXES {
        return Err(shape.problem(HeaderFault::TooManyAxes { axes: sizes.len() as u64 }));
    }
    if sizes.len() > OLD_MAX_AXES {
        notes.push((HeaderFault::ManyAxes { axes: sizes.len() as u64 }, shape.span.clone()));
    }
    let product =
        |start: u64| sizes.iter().filter(|size| **size > 0).try_fold(start, |all, size| all.checked_mul(*size));
    if product(dtype.size.max(1)).is_none_or(|bytes| i64::try_from(bytes).is_err()) {
        return Err(shape.problem(HeaderFault::ShapeOverflow));
    }
    if dtype.size == 0 && !sizes.contains(&0) {
        notes.push((HeaderFault::NoBytes { elements: product(1).unwrap_or(u64::MAX) }, shape.span.clone()));
    }
    Ok(())
}
