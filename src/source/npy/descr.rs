//! From the `descr` of a header to a [`Dtype`]: every descriptor that `numpy.load` accepts, plus the names that
//! people patch into headers for `ml_dtypes`. What NumPy accepts was measured with NumPy 2.4.

use std::collections::HashSet;

use super::literal::{self, Node, Problem, Value};
use crate::source::fault::HeaderFault;
use crate::source::text::shown;
use crate::spec::dtype::{ByteOrder, Dtype, Field, Kind, MlType};

/// Bytes that one element may take. NumPy keeps item sizes in an `int`.
const MAX_ITEM: u64 = i32::MAX as u64;
/// Characters of an offending name or descriptor that a message shows.
const SHOWN: usize = 40;
/// Levels of brackets that a type has which stands in no header.
const MAX_DEPTH: usize = 32;

type Parsed<T> = Result<T, Problem>;

/// The type that a `descr` describes.
pub(super) fn dtype(descr: &Value) -> Parsed<Dtype> {
    match &descr.node {
        Node::Str(text) => plain(text)
            .map_err(|too_large| descr.problem(too_large))
            .and_then(|found| found.ok_or_else(|| descr.problem(HeaderFault::BadDescr(shown(text, SHOWN))))),
        Node::List(fields) => structured(fields),
        _ => Err(descr.problem(HeaderFault::DescrNotString(descr.found()))),
    }
}

/// The type that a `descr` describes, written as Python writes it: `'<f4'`, `[('x', '<f4')]`.
pub(crate) fn dtype_of(text: &str) -> Option<Dtype> {
    dtype(&literal::parse(text, false, MAX_DEPTH).ok()?.value).ok()
}

/// Whether the data is a pickle: an object, or a struct that holds one.
pub(crate) fn holds_objects(dtype: &Dtype) -> bool {
    match &dtype.kind {
        Kind::Object => true,
        Kind::Struct(fields) => fields.iter().any(|field| holds_objects(&field.dtype)),
        _ => false,
    }
}

fn structured(list: &[Value]) -> Parsed<Dtype> {
    let mut fields = Vec::new();
    let mut names = HashSet::new();
    let mut size: u64 = 0;
    for item in list {
        let Node::Tuple(parts) = &item.node else {
            return Err(item.problem(HeaderFault::BadField));
        };
        let (name, descr, shape) = match parts.as_slice() {
            [name, descr] => (name, descr, None),
            [name, descr, shape] => (name, descr, Some(shape)),
            _ => return Err(item.problem(HeaderFault::BadField)),
        };
        let dtype = dtype(descr)?;
        let shape = shape.map_or(Ok(Vec::new()), sub_shape)?;
        let bytes = shape.iter().try_fold(dtype.size, |all, size| all.checked_mul(*size));
        size = bytes
            .and_then(|bytes| size.checked_add(bytes))
            .filter(|size| *size <= MAX_ITEM)
            .ok_or_else(|| item.problem(HeaderFault::ItemTooLarge))?;
        let titled = match &name.node {
            Node::Tuple(pair) if pair.len() == 2 => pair.as_slice(),
            _ => std::slice::from_ref(name),
        };
        for (i, part) in titled.iter().enumerate() {
            let Node::Str(text) = &part.node else {
                return Err(part.problem(HeaderFault::BadField));
            };
            // What `align=True` writes between the fields.
            if text.is_empty() && matches!(dtype.kind, Kind::Void) {
                break;
            }
            if !names.insert(text.as_str()) {
                return Err(part.problem(HeaderFault::DuplicateField(shown(text, SHOWN))));
            }
            if i + 1 == titled.len() {
                fields.push(Field { name: text.clone(), dtype: dtype.clone(), shape: shape.clone() });
            }
        }
    }
    Ok(Dtype { kind: Kind::Struct(fields), size, order: ByteOrder::None })
}

/// The shape of a field: a tuple of sizes, or one size.
fn sub_shape(value: &Value) -> Parsed<Vec<u64>> {
    let sizes = match &value.node {
        Node::Tuple(sizes) => sizes.as_slice(),
        _ => std::slice::from_ref(value),
    };
    sizes
        .iter()
        .map(|size| match size.node {
            Node::Int(int) if !int.negative => {
                int.magnitude.filter(|size| *size <= MAX_ITEM).ok_or_else(|| size.problem(HeaderFault::ItemTooLarge))
            }
            _ => Err(size.problem(HeaderFault::BadField)),
        })
        .collect()
}

/// The type of a descriptor string; `Ok(None)` if it is none.
fn plain(text: &str) -> Result<Option<Dtype>, HeaderFault> {
    if let Some(dtype) = named(text) {
        return Ok(Some(dtype));
    }
    let (mark, rest) = match text.as_bytes() {
        [mark @ (b'<' | b'>' | b'=' | b'|'), ..] => (Some(*mark), &text[1..]),
        _ => (None, text),
    };
    let mut letters = rest.chars();
    let Some(letter) = letters.next() else { return Ok(None) };
    let rest = letters.as_str();
    let found = match letter {
        'S' | 'a' | 'U' | 'V' => return flexible(letter, rest, mark),
        'M' | 'm' => return Ok(time(letter, rest).map(|kind| with_order(kind, 8, mark))),
        'O' if matches!(rest, "" | "4" | "8") => Some((Kind::Object, 8)),
        _ if rest.is_empty() => by_letter(letter),
        _ => rest.parse().ok().filter(|_| rest.bytes().all(|b| b.is_ascii_digit())).and_then(|n| by_size(letter, n)),
    };
    Ok(found.map(|(kind, size)| with_order(kind, size, mark)))
}

fn with_order(kind: Kind, size: u64, mark: Option<u8>) -> Dtype {
    let ordered = size > 1 && !matches!(kind, Kind::Object | Kind::Bytes | Kind::Void | Kind::UnnamedMl);
    let order = match mark {
        _ if !ordered => ByteOrder::None,
        Some(b'>') => ByteOrder::Big,
        _ => ByteOrder::Little,
    };
    Dtype { kind, size, order }
}

/// `f4`, `c16`, `b1`: a letter and a size in bytes.
fn by_size(letter: char, size: u64) -> Option<(Kind, u64)> {
    let kind = match (letter, size) {
        ('b', 1) => Kind::Bool,
        ('i', 1 | 2 | 4 | 8) => Kind::Int,
        ('u', 1 | 2 | 4 | 8) => Kind::Uint,
        ('f', 1) => Kind::Ml(MlType::Float8E5m2),
        ('f', 2 | 4 | 8) => Kind::Float,
        ('f', 12 | 16) => Kind::LongDouble,
        ('c', 8 | 16 | 24 | 32) => Kind::Complex,
        _ => return None,
    };
    Some((kind, size))
}

/// The one-letter codes, with the sizes they have on 64-bit Linux.
fn by_letter(letter: char) -> Option<(Kind, u64)> {
    Some(match letter {
        '?' => (Kind::Bool, 1),
        'b' => (Kind::Int, 1),
        'B' => (Kind::Uint, 1),
        'h' => (Kind::Int, 2),
        'H' => (Kind::Uint, 2),
        'i' => (Kind::Int, 4),
        'I' => (Kind::Uint, 4),
        'l' | 'q' | 'p' | 'n' => (Kind::Int, 8),
        'L' | 'Q' | 'P' | 'N' => (Kind::Uint, 8),
        'e' => (Kind::Float, 2),
        'f' => (Kind::Float, 4),
        'd' => (Kind::Float, 8),
        'g' => (Kind::LongDouble, 16),
        'F' => (Kind::Complex, 8),
        'D' => (Kind::Complex, 16),
        'G' => (Kind::Complex, 32),
        'c' => (Kind::Bytes, 1),
        'T' => (Kind::Object, 8),
        _ => return None,
    })
}

/// `S5`, `U5`, `V8`, and what `ml_dtypes` writes for the types it does not name: `<V1` and `<V2`.
fn flexible(letter: char, rest: &str, mark: Option<u8>) -> Result<Option<Dtype>, HeaderFault> {
    if !rest.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(None);
    }
    let count = if rest.is_empty() { Some(0) } else { rest.parse::<u64>().ok() };
    let size = count.and_then(|n| if letter == 'U' { n.checked_mul(4) } else { Some(n) });
    let size = size.filter(|size| *size <= MAX_ITEM).ok_or(HeaderFault::ItemTooLarge)?;
    let kind = match letter {
        'U' => Kind::Text,
        'V' if matches!(mark, Some(b'<' | b'>')) && matches!(size, 1 | 2) => Kind::UnnamedMl,
        'V' => Kind::Void,
        _ => Kind::Bytes,
    };
    Ok(Some(with_order(kind, size, mark)))
}

/// `M8[ns]`, `m8`: the unit as written.
fn time(letter: char, rest: &str) -> Option<Kind> {
    let rest = rest.strip_prefix('8').or(rest.is_empty().then_some(""))?;
    let unit = if rest.is_empty() { "" } else { unit(rest)? };
    Some(if letter == 'M' { Kind::Datetime(unit.into()) } else { Kind::Timedelta(unit.into()) })
}

/// `[ns]`, `[25s]`, `[D/24]`, without the brackets.
fn unit(text: &str) -> Option<&str> {
    let text = text.strip_prefix('[')?.strip_suffix(']')?;
    let name = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let multiple = &text[..text.len() - name.len()];
    let (name, divisor) = name.split_once('/').map_or((name, None), |(name, divisor)| (name, Some(divisor)));
    let number = |digits: &str| digits.parse::<i32>().is_ok();
    let units = ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "μs", "ns", "ps", "fs", "as"];
    let known = units.contains(&name) || (name == "generic" && multiple.is_empty() && divisor.is_none());
    let sound = known && (multiple.is_empty() || number(multiple)) && divisor.is_none_or(number);
    sound.then_some(if name == "generic" { "" } else { text })
}

/// The names that NumPy knows, and those of `ml_dtypes`.
fn named(text: &str) -> Option<Dtype> {
    let bare = |kind| Some(Dtype { kind, size: 0, order: ByteOrder::None });
    if let Some(rest) = text.strip_prefix("datetime64") {
        return (rest.is_empty() || rest.starts_with('[')).then(|| time('M', &format!("8{rest}")))?.map(time64);
    }
    if let Some(rest) = text.strip_prefix("timedelta64") {
        return (rest.is_empty() || rest.starts_with('[')).then(|| time('m', &format!("8{rest}")))?.map(time64);
    }
    let name = match text {
        "bool_" => "bool",
        "byte" => "int8",
        "ubyte" => "uint8",
        "short" => "int16",
        "ushort" => "uint16",
        "intc" => "int32",
        "uintc" => "uint32",
        "int" | "int_" | "long" | "longlong" | "intp" => "int64",
        "uint" | "ulong" | "ulonglong" | "uintp" => "uint64",
        "half" => "float16",
        "single" => "float32",
        "float" | "double" => "float64",
        "csingle" => "complex64",
        "complex" | "cdouble" => "complex128",
        "longdouble" | "float128" => return Some(Dtype::new(Kind::LongDouble, 16)),
        "clongdouble" | "complex256" => return Some(Dtype::new(Kind::Complex, 32)),
        "object" | "object_" => return Some(Dtype { kind: Kind::Object, size: 8, order: ByteOrder::None }),
        "str" | "str_" | "unicode" => return bare(Kind::Text),
        "bytes" | "bytes_" => return bare(Kind::Bytes),
        "void" => return bare(Kind::Void),
        known => known,
    };
    Dtype::from_name(name)
}

fn time64(kind: Kind) -> Dtype {
    Dtype { kind, size: 8, order: ByteOrder::Little }
}
