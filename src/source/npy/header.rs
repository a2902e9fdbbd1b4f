//! One .npy header: from bytes to a [`Header`], with every limit checked before anything is trusted.
//!
//! The format is the one of `numpy.lib.format`: magic, version, length, and the text of a Python dict, which is
//! latin-1 in versions 1.0 and 2.0 and UTF-8 in 3.0.

use std::borrow::Cow;
use std::ops::Range;

use super::descr;
use super::literal::{self, Node, Problem, Value};
use crate::config::limits::Limits;
use crate::source::Header;
use crate::source::fault::{HeaderFault, Key};
use crate::source::text::shown;
use crate::spec::dtype::Dtype;

/// What every .npy file starts with.
pub(crate) const MAGIC: &[u8] = b"\x93NUMPY";
/// Characters of header text that `np.load` reads (`max_header_size`).
const NUMPY_CHARACTERS: usize = 10_000;
/// Bytes that a character of UTF-8 can take.
const WIDEST: usize = 4;
/// Axes that NumPy 2 reads, and those that NumPy 1.x reads.
const MAX_AXES: usize = 64;
const OLD_MAX_AXES: usize = 32;
/// Characters of a key that a message shows.
const SHOWN: usize = 40;

/// How much of a header is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Characters of its text.
    characters: usize,
    /// Levels of brackets in it.
    pub(super) depth: usize,
}

impl Bounds {
    /// What the limits say of headers.
    pub(crate) fn of(limits: &Limits) -> Self {
        let whole = |limit| usize::try_from(limit).unwrap_or(usize::MAX);
        Self { characters: whole(limits.header_characters), depth: whole(limits.header_depth) }
    }

    /// What is wrong with a longer header, of `least` characters or more.
    fn exceeded(self, declared: u64, least: usize) -> HeaderFault {
        let limit = self.characters as u64;
        if least > NUMPY_CHARACTERS {
            HeaderFault::TooLong { declared, limit: Some(limit) }
        } else {
            HeaderFault::OverLimit { declared, limit }
        }
    }
}

/// A header cut out of the bytes around it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Raw<'a> {
    /// From the magic to the first byte of data. Equal bytes mean equal headers.
    pub(crate) bytes: &'a [u8],
    /// The byte behind it.
    pub(crate) next: Option<u8>,
    text: &'a [u8],
    major: u8,
    bounds: Bounds,
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
pub(crate) fn start(bytes: &[u8], size: u64, bounds: Bounds) -> Start<'_> {
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
    let least = if major == 3 { length / WIDEST } else { length };
    if least > bounds.characters {
        return Start::Broken(bounds.exceeded(declared.into(), least));
    }
    let end = text_at + length;
    let next = bytes.get(end).copied();
    match bytes.get(text_at..end) {
        Some(text) if next.is_some() || size == end as u64 => {
            Start::Header(Raw { bytes: &bytes[..end], next, text, major, bounds })
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
    /// Where the type stands.
    pub(crate) descr: Range<usize>,
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
            return Read { text, header: None, shape: 0..0, descr: 0..0, problems };
        }
    };
    if is_longer(&text, NUMPY_CHARACTERS) {
        problems.push((HeaderFault::TooLong { declared: raw.text.len() as u64, limit: None }, 0..0));
    }
    let (header, shape, descr) = match understand(&text, raw, &mut problems) {
        Ok((header, shape, descr)) => (Some(header), shape, descr),
        Err(problem) => {
            problems.push((problem.fault, problem.span));
            (None, 0..0, 0..0)
        }
    };
    Read { text, header, shape, descr, problems }
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
    if is_longer(&text, raw.bounds.characters) {
        let fault = raw.bounds.exceeded(raw.text.len() as u64, text.chars().count());
        return Err((text, Problem { fault, span: 0..0 }));
    }
    Ok(text)
}

/// Whether the text has more characters than that.
fn is_longer(text: &str, characters: usize) -> bool {
    text.len() > characters && text.chars().count() > characters
}

type Noted = Vec<(HeaderFault, Range<usize>)>;

/// The checks of `numpy.lib.format`, in its order. Gives where shape and type stand as well.
fn understand(text: &str, raw: &Raw<'_>, notes: &mut Noted) -> Result<(Header, Range<usize>, Range<usize>), Problem> {
    let literal = literal::parse(text, raw.major < 3, raw.bounds.depth)?;
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
    let place = descr.span.clone();
    let dtype = descr::dtype(descr)?;
    check_size(&sizes, &dtype, shape, notes)?;
    notes.extend(literal.long.map(|span| (HeaderFault::Python2, span)));
    Ok((Header { dtype, shape: sizes, fortran }, shape.span.clone(), place))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::fault::Found;
    use crate::spec::dtype::{ByteOrder, Kind, MlType};

    fn bounds() -> Bounds {
        Bounds::of(&Limits::default())
    }

    /// The bytes of a header with that text, padded as NumPy does.
    fn npy(text: &str) -> Vec<u8> {
        let length = (10 + text.len() + 1).next_multiple_of(64);
        let declared = u16::try_from(length - 10).unwrap();
        let mut bytes = [MAGIC, &[1, 0], &declared.to_le_bytes(), text.as_bytes()].concat();
        bytes.resize(length - 1, b' ');
        bytes.push(b'\n');
        bytes
    }

    fn read_text(text: &str) -> (Option<Header>, Vec<(HeaderFault, String)>) {
        let bytes = npy(text);
        let Start::Header(raw) = start(&bytes, bytes.len() as u64, bounds()) else { panic!("{text}") };
        let read = read(&raw);
        let problems = read.problems.iter().map(|(fault, span)| (fault.clone(), read.text[span.clone()].to_owned()));
        let problems = problems.collect();
        (read.header, problems)
    }

    fn with(descr: &str, order: &str, shape: &str) -> String {
        format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}")
    }

    /// The only problem, and the text that it points at.
    fn problem(text: &str) -> (HeaderFault, String) {
        let (header, mut problems) = read_text(text);
        assert!(header.is_none() && problems.len() == 1, "{text}: {header:?} {problems:?}");
        problems.remove(0)
    }

    #[test]
    fn every_spelling_that_python_reads_is_read() {
        let plain = with("'<f4'", "False", "(2, 3)");
        let (expected, _) = read_text(&plain);
        for text in [
            "{'shape':(2,3),'fortran_order':False,'descr':'<f4'}",
            "\n{\"descr\": u'<f4',\n\t'fortran_order': False, # why not\r\n'shape': (+2, 0x_3,)}",
            "({'descr': r'<' '''f4''', 'fortran_order': ((False)), 'shape': (0b10, 0o3)})",
            "{'descr': '\\x3cf\\64', 'fortran_order': False, 'shape': (2, 3)}  # end",
            "{'descr': 'float32', 'fortran_order': False, 'shape': (2, 3)}",
            "{'descr': '\\\n<f4', 'fortran_order': False, 'shape': (2, 3)}",
        ] {
            assert_eq!(read_text(text), (expected.clone(), vec![]), "{text}");
        }
    }

    #[test]
    fn the_token_at_fault_is_pointed_at() {
        let shape = |shape: &str| problem(&with("'<f4'", "False", shape));
        assert_eq!(shape("[2, 3]"), (HeaderFault::ShapeNotTuple(Found::List), "[2, 3]".into()));
        assert_eq!(shape("(6)"), (HeaderFault::ShapeNotTuple(Found::Int), "(6)".into()));
        assert_eq!(shape("(2.0, 3)"), (HeaderFault::DimensionNotInt(Found::Float), "2.0".into()));
        assert_eq!(shape("(2+0j, 3)"), (HeaderFault::DimensionNotInt(Found::Complex), "2+0j".into()));
        assert_eq!(shape("(1+1, 3)"), (HeaderFault::NotLiteral, "1+1".into()));
        assert_eq!(shape("(02, 3)"), (HeaderFault::BadNumber, "02".into()));
        assert_eq!(shape("(2, 3_)"), (HeaderFault::BadNumber, "3_".into()));
        assert_eq!(shape("(2, -3)"), (HeaderFault::NegativeDimension, "-3".into()));
        assert_eq!(shape("(9223372036854775808,)"), (HeaderFault::DimensionTooLarge, "9223372036854775808".into()));
        assert_eq!(shape("(0, 4611686018427387904)").0, HeaderFault::ShapeOverflow);
        assert_eq!(problem(&with("'<f4'", "false", "()")), (HeaderFault::JsonWord, "false".into()));
        assert_eq!(problem(&with("'<f4'", "0", "()")), (HeaderFault::OrderNotBool(Found::Int), "0".into()));
        assert_eq!(problem(&with("'<f3'", "False", "()")), (HeaderFault::BadDescr("<f3".into()), "'<f3'".into()));
        let twice = with("[('a', '<f4'), ('a', '<i8')]", "False", "(1,)");
        assert_eq!(problem(&twice), (HeaderFault::DuplicateField("a".into()), "'a'".into()));
        assert_eq!(problem("hello world"), (HeaderFault::NotLiteral, "hello".into()));
        assert_eq!(problem("{'a': 1, 'shape'").0, HeaderFault::Unclosed);
        assert_eq!(problem("{'a': 'b, 'c': 1}").0, HeaderFault::NotLiteral);
        assert_eq!(problem("{} {}"), (HeaderFault::TextAfter, "{".into()));
        assert_eq!(problem("{1, 2}"), (HeaderFault::NotDict(Found::Set), "{1, 2}".into()));
        assert_eq!(problem("{'x': 1}"), (HeaderFault::UnknownKey("x".into()), "'x'".into()));
        assert_eq!(problem("{b'shape': 1}"), (HeaderFault::KeyNotString(Found::Bytes), "b'shape'".into()));
        assert_eq!(problem("{}"), (HeaderFault::MissingKeys(Key::ALL.to_vec()), "{}".into()));
        assert_eq!(problem(&"(".repeat(40)).0, HeaderFault::TooDeep { limit: 32 });
    }

    #[test]
    fn what_numpy_reads_with_a_second_thought_is_noted() {
        let (header, notes) = read_text("{'descr': '<f8', 'descr': '<f4', 'fortran_order': True, 'shape': (2L, 3L)}");
        assert_eq!(header.unwrap().dtype, Dtype::from_name("float32").unwrap());
        let expected = [(HeaderFault::DuplicateKey(Key::Descr), "'descr'"), (HeaderFault::Python2, "2L")];
        assert_eq!(notes, expected.map(|(fault, text)| (fault, text.to_owned())));
        let (header, notes) = read_text(&with("'|V0'", "False", "(7,)"));
        assert_eq!((header.unwrap().bytes(), &notes[0].0), (0, &HeaderFault::NoBytes { elements: 7 }));
    }

    #[test]
    fn descriptors_are_those_of_numpy() {
        let dtype = |descr: &str| read_text(&with(descr, "False", "(1,)")).0.map(|header| header.dtype);
        let is = |kind: Kind, size: u64, order: ByteOrder| Some(Dtype { kind, size, order });
        assert_eq!(dtype("'>f4'"), is(Kind::Float, 4, ByteOrder::Big));
        assert_eq!(dtype("'|u1'"), is(Kind::Uint, 1, ByteOrder::None));
        assert_eq!(dtype("'>i1'"), is(Kind::Int, 1, ByteOrder::None));
        assert_eq!(dtype("'<V2'"), is(Kind::UnnamedMl, 2, ByteOrder::None));
        assert_eq!(dtype("'|V2'"), is(Kind::Void, 2, ByteOrder::None));
        assert_eq!(dtype("'<V3'"), is(Kind::Void, 3, ByteOrder::None));
        assert_eq!(dtype("'<f1'"), is(Kind::Ml(MlType::Float8E5m2), 1, ByteOrder::None));
        assert_eq!(dtype("'bfloat16'"), is(Kind::Ml(MlType::Bfloat16), 2, ByteOrder::Little));
        assert_eq!(dtype("'<U5'"), is(Kind::Text, 20, ByteOrder::Little));
        assert_eq!(dtype("'>M8[25s]'"), is(Kind::Datetime("25s".into()), 8, ByteOrder::Big));
        assert_eq!(dtype("'m8'"), is(Kind::Timedelta(String::new()), 8, ByteOrder::Little));
        assert_eq!(dtype("'<c32'"), is(Kind::Complex, 32, ByteOrder::Little));
        assert_eq!(dtype("'|O8'"), is(Kind::Object, 8, ByteOrder::None));
        for refused in ["''", "' '", "'<f4 '", "'<i3'", "'|b2'", "'!f4'", "'<M8[xx]'", "'<f4[ns]'", "'U-1'", "'é4'"] {
            assert_eq!(dtype(refused), None, "{refused}");
        }
        let aligned = dtype("[('a', '|u1'), ('', '|V7'), (('title', 'b'), '<f8', (2, 3))]").unwrap();
        let Kind::Struct(fields) = aligned.kind else { panic!() };
        let names: Vec<_> = fields.iter().map(|field| (field.name.as_str(), field.shape.as_slice())).collect();
        assert_eq!((names, aligned.size), (vec![("a", &[][..]), ("b", &[2, 3][..])], 56));
    }

    #[test]
    fn more_bytes_are_asked_for_and_never_more_than_the_limit() {
        let bytes = npy(&with("'<f4'", "False", "(2,)"));
        for n in 1..bytes.len() {
            let Start::More(needed) = start(&bytes[..n], 136, bounds()) else { panic!("{n}") };
            assert!(n < needed && needed <= 136, "{n} {needed}");
        }
        for n in 0..=10_u8 {
            let short = start(&bytes[..n.into()], n.into(), bounds());
            let expected = matches!((n, &short), (0, Start::Foreign) | (1..=9, Start::Short) | (10, Start::Broken(_)));
            assert!(expected, "{n} {short:?}");
        }
        let long = [MAGIC, &[2, 0, 0xff, 0xff, 0xff, 0x7f]].concat();
        assert!(matches!(
            start(&long, u64::MAX, bounds()),
            Start::Broken(HeaderFault::TooLong { declared: 0x7fff_ffff, limit: Some(10_000) })
        ));
    }

    fn any_header() -> impl Strategy<Value = (String, bool, Vec<u64>)> {
        let descr =
            prop::sample::select(vec!["<f4", ">i8", "|u1", "|b1", "<f2", "<c16", "|S7", "<U3", "<M8[ns]", "|V5"]);
        (descr.prop_map(str::to_owned), any::<bool>(), prop::collection::vec(0_u64..200, 0..6))
    }

    fn canonical(descr: &str, fortran: bool, shape: &[u64]) -> String {
        let sizes: Vec<String> = shape.iter().map(u64::to_string).collect();
        let comma = if shape.len() == 1 { "," } else { "" };
        let order = if fortran { "True" } else { "False" };
        with(&format!("'{descr}'"), order, &format!("({}{comma})", sizes.join(", ")))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_is_written_is_read((descr, fortran, shape) in any_header()) {
            let (header, problems) = read_text(&canonical(&descr, fortran, &shape));
            let header = header.unwrap();
            prop_assert_eq!((header.shape, header.fortran, problems), (shape, fortran, vec![]));
        }

        #[test]
        fn no_change_of_a_header_panics(
            (descr, fortran, shape) in any_header(),
            version in 0_u8..5,
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = npy(&canonical(&descr, fortran, &shape));
            bytes[6] = version;
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            let cut = cut.index(bytes.len() + 1);
            for (seen, size) in [(bytes.len(), bytes.len()), (cut, bytes.len()), (cut, cut)] {
                if let Start::Header(raw) = start(&bytes[..seen], size as u64, bounds()) {
                    let read = read(&raw);
                    for (_, span) in &read.problems {
                        prop_assert!(read.text.get(span.clone()).is_some(), "{span:?} of {:?}", read.text);
                    }
                    prop_assert!(read.header.is_some() || !read.problems.is_empty());
                }
            }
        }

        #[test]
        fn no_text_panics(text in "[\\[\\](){}'\"\\\\,:#=+\\-.0-9_a-zA-Z \né\u{0}]{0,80}") {
            let (header, problems) = read_text(&text);
            prop_assert!(header.is_some() || !problems.is_empty());
        }
    }
}
