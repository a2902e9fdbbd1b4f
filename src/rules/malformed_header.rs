//! Headers that NumPy refuses, or reads with a second thought.

use super::{Findings, Group, Judge, Looked, Needs, Rule, SourceCx};
use crate::config::limits::Limit;
use crate::diagnostic::quantity::{exact, exact_bytes};
use crate::diagnostic::{Finding, Level};
use crate::source::fault::{Fault, FaultKind, Found, HeaderFault};

pub(super) static RULE: Rule = Rule {
    id: "malformed-header",
    group: Group::Source,
    level: Level::Error,
    finds: "headers that NumPy refuses, with the token at fault",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/malformed-header.md"),
    judge: Judge::Source(judge),
};

const DICT: &str = "The header is a Python dict with the keys 'descr', 'fortran_order' and 'shape'.";
const SHAPE: &str = "'shape' is a tuple of integers, such as (32, 3) or (32,).";
const SIZE: &str = "Shape times item size fits in 63 bits.";
const DESCR: &str = "'descr' is a dtype that NumPy knows, such as '<f4'.";
const PORTABLE: &str = "The header is one that every NumPy reads.";
const UNSEEN: &str = "nothing of the array is checked";
const AGAIN: &str = "write or download it again";
const SAVE: &str = "load it and `np.save` it again";
const WRITER: &str = "`np.save` writes a header that every NumPy reads; look at the program that wrote this one";

fn judge(cx: &SourceCx<'_>, out: &mut Findings) -> Looked {
    cx.each_fault(out, |fault| match &fault.kind {
        FaultKind::Header(header) => Some(describe(cx, fault, header)),
        _ => None,
    });
    Looked::Yes
}

fn describe(cx: &SourceCx<'_>, fault: &Fault, header: &HeaderFault) -> Finding {
    let (expected, found) = expectation(header);
    let finding = cx
        .finding(fault, detail(header), message(header), expected, found)
        .consequence(consequence(header))
        .help(help(header));
    let finding = match cause(header) {
        Some(cause) => finding.cause(cause),
        None => finding,
    };
    match header {
        HeaderFault::Python2 | HeaderFault::Misaligned { .. } => finding.level(Level::Note),
        HeaderFault::DuplicateKey(_) | HeaderFault::ManyAxes { .. } | HeaderFault::NoBytes { .. } => {
            finding.level(Level::Warning)
        }
        _ => finding,
    }
}

fn message(header: &HeaderFault) -> String {
    match header {
        HeaderFault::Version { .. } => "unknown version of the .npy format".into(),
        HeaderFault::PastEnd { .. } => "header runs past the end of the file".into(),
        HeaderFault::TooLong { .. } => "header is longer than `np.load` reads".into(),
        HeaderFault::NotUtf8 { .. } => "header is not UTF-8".into(),
        HeaderFault::NotLiteral => "header is not a Python dict literal".into(),
        HeaderFault::JsonWord => "header was written as JSON, not as Python".into(),
        HeaderFault::BadNumber => "header holds a number that Python does not read".into(),
        HeaderFault::Unclosed => "what is opened here is never closed".into(),
        HeaderFault::TextAfter => "text follows the header's dict".into(),
        HeaderFault::OverLimit { limit, .. } => {
            format!("header is longer than the limit {}", Limit::HeaderCharacters.named(*limit))
        }
        HeaderFault::TooDeep { limit } => format!("header is nested more than {limit} levels deep"),
        HeaderFault::NotDict(found) => format!("header is {}, not a dict", found.name()),
        HeaderFault::MissingKeys(missing) => {
            let names: Vec<String> = missing.iter().map(|key| format!("'{}'", key.name())).collect();
            format!("header has no {}", names.join(", "))
        }
        HeaderFault::UnknownKey(key) => format!("header has the unknown key '{key}'"),
        HeaderFault::KeyNotString(found) => format!("a key of the header is {}, not a string", found.name()),
        HeaderFault::DuplicateKey(key) => format!("key '{}' stands twice in the header", key.name()),
        HeaderFault::OrderNotBool(found) => format!("fortran_order is {}, not True or False", found.name()),
        HeaderFault::ShapeNotTuple(found) => format!("shape is {}, not a tuple", found.name()),
        HeaderFault::DimensionNotInt(found) => format!("a dimension is {}, not an integer", found.name()),
        HeaderFault::NegativeDimension => "a dimension is negative".into(),
        HeaderFault::DimensionTooLarge => "a dimension is larger than 2**63-1".into(),
        HeaderFault::ShapeOverflow => "shape is larger than any memory".into(),
        HeaderFault::TooManyAxes { axes } => format!("{axes} axes are more than NumPy has"),
        HeaderFault::ManyAxes { axes } => format!("{axes} axes are more than NumPy 1.x reads"),
        HeaderFault::NoBytes { .. } => "elements take no bytes, so nothing can be checked".into(),
        HeaderFault::DescrNotString(found) => format!("descr is {}, not a string or a list of fields", found.name()),
        HeaderFault::BadDescr(descr) => format!("'{descr}' is no dtype"),
        HeaderFault::BadField => "a field of the dtype is malformed".into(),
        HeaderFault::DuplicateField(name) => format!("two fields are called '{name}'"),
        HeaderFault::ItemTooLarge => "one element takes more than 2 GiB".into(),
        HeaderFault::Python2 => "header was written by Python 2".into(),
        HeaderFault::Misaligned { .. } => "data does not start at a multiple of 16".into(),
    }
}

/// What must hold, and what was found instead.
fn expectation(header: &HeaderFault) -> (&'static str, &'static str) {
    match header {
        HeaderFault::Version { .. } => ("The format version is 1.0, 2.0 or 3.0.", "another version"),
        HeaderFault::PastEnd { .. } => ("The file is longer than its header.", "fewer bytes than the header has"),
        HeaderFault::TooLong { .. } => ("The header has at most 10,000 characters.", "a longer header"),
        HeaderFault::OverLimit { .. } => ("The header is no longer than the limit.", "a longer header"),
        HeaderFault::NotUtf8 { .. } => ("A header of version 3.0 is UTF-8.", "a byte that is not UTF-8"),
        HeaderFault::NotLiteral => (DICT, "not a literal"),
        HeaderFault::JsonWord => (DICT, "a JSON word"),
        HeaderFault::BadNumber => (DICT, "not a number"),
        HeaderFault::Unclosed => (DICT, "no end of it"),
        HeaderFault::TextAfter => (DICT, "text after the dict"),
        HeaderFault::TooDeep { .. } => (DICT, "one more level"),
        HeaderFault::MissingKeys(_) => (DICT, "a dict without it"),
        HeaderFault::UnknownKey(_) => (DICT, "another key"),
        HeaderFault::NotDict(found) | HeaderFault::KeyNotString(found) => (DICT, found.name()),
        HeaderFault::OrderNotBool(found) => ("'fortran_order' is True or False.", found.name()),
        HeaderFault::ShapeNotTuple(found) | HeaderFault::DimensionNotInt(found) => (SHAPE, found.name()),
        HeaderFault::NegativeDimension => (SHAPE, "a negative number"),
        HeaderFault::DimensionTooLarge => (SIZE, "a larger number"),
        HeaderFault::ShapeOverflow => (SIZE, "a larger product"),
        HeaderFault::TooManyAxes { .. } => ("An array has at most 64 axes.", "more axes"),
        HeaderFault::NoBytes { .. } => ("Every element takes at least one byte.", "elements of 0 bytes"),
        HeaderFault::DescrNotString(found) => (DESCR, found.name()),
        HeaderFault::BadDescr(_) => (DESCR, "an unknown dtype"),
        HeaderFault::BadField => ("A field is (name, descr) or (name, descr, shape).", "something else"),
        HeaderFault::DuplicateField(_) => ("Every field has a name of its own.", "the same name again"),
        HeaderFault::ItemTooLarge => ("An element takes less than 2 GiB.", "a larger element"),
        HeaderFault::DuplicateKey(_) => (PORTABLE, "the key again"),
        HeaderFault::ManyAxes { .. } => (PORTABLE, "more than 32 axes"),
        HeaderFault::Python2 => (PORTABLE, "an integer with an `L`"),
        HeaderFault::Misaligned { .. } => (PORTABLE, "an odd start"),
    }
}

/// The numbers of one file.
fn detail(header: &HeaderFault) -> String {
    match header {
        HeaderFault::Version { major, minor } => format!("version {major}.{minor}"),
        HeaderFault::PastEnd { declared, available } => {
            format!("a header of {}, {} there", exact_bytes(*declared), exact_bytes(*available))
        }
        HeaderFault::TooLong { declared, .. } | HeaderFault::OverLimit { declared, .. } => exact_bytes(*declared),
        HeaderFault::NotUtf8 { byte, at } => format!("byte 0x{byte:02X} at {at}"),
        HeaderFault::NoBytes { elements } => format!("{} elements", exact(*elements)),
        HeaderFault::Misaligned { offset } => format!("byte {offset}"),
        _ => String::new(),
    }
}

/// What `np.load` does, in its own words where they are always the same.
fn consequence(header: &HeaderFault) -> String {
    let says = match header {
        HeaderFault::Version { .. } => "we only support format version (1,0), (2,0), and (3,0), not ...",
        HeaderFault::PastEnd { .. } => "EOF: reading array header, expected ... bytes got ...",
        HeaderFault::TooLong { .. } => "Header info length (...) is large and may not be safe to load securely.",
        HeaderFault::NotUtf8 { .. } => "'utf-8' codec can't decode byte ...",
        HeaderFault::JsonWord => "malformed node or string on line 1: ...",
        HeaderFault::BadNumber | HeaderFault::TextAfter => "Cannot parse header: ...",
        HeaderFault::NotDict(_) => "Header is not a dictionary: ...",
        HeaderFault::MissingKeys(_) | HeaderFault::UnknownKey(_) => "Header does not contain the correct keys: ...",
        HeaderFault::OrderNotBool(_) => "fortran_order is not a valid bool: ...",
        HeaderFault::ShapeNotTuple(_) => "shape is not valid: ...",
        HeaderFault::DimensionNotInt(found) if *found != Found::Bool => "shape is not valid: ...",
        HeaderFault::TooManyAxes { .. } => "maximum supported dimension for an ndarray is currently 64, found ...",
        HeaderFault::BadDescr(_) => "descr is not a valid dtype descriptor: ...",
        HeaderFault::DuplicateField(_) => "name already used as a name or title",
        HeaderFault::NegativeDimension => return "NumPy 1.x reads -1 as whatever is left; NumPy 2 stops".into(),
        HeaderFault::DuplicateKey(_) => return "`np.load` uses the last; other readers may use the first".into(),
        HeaderFault::ManyAxes { .. } => return "NumPy 2 reads it; NumPy 1.x stops at more than 32 axes".into(),
        HeaderFault::NoBytes { .. } => return "`np.load` gives an array of any length that the header claims".into(),
        HeaderFault::Misaligned { .. } => return "memory maps of it are slow".into(),
        HeaderFault::OverLimit { .. } | HeaderFault::TooDeep { .. } => return UNSEEN.into(),
        HeaderFault::Python2 => return "`np.load` repairs it, with a warning, slowly".into(),
        _ => return "`np.load` stops".into(),
    };
    format!("`np.load` stops: `{says}`")
}

fn cause(header: &HeaderFault) -> Option<&'static str> {
    Some(match header {
        HeaderFault::Version { .. } => "the first bytes are damaged",
        HeaderFault::PastEnd { .. } => "the file is cut short, or its first bytes are damaged",
        HeaderFault::TooLong { .. } => "a structured dtype with hundreds of fields, or a damaged length",
        HeaderFault::TextAfter => "the header length is wrong, or another program padded the header its own way",
        HeaderFault::NoBytes { .. } => "an empty string or void type, or a struct without fields",
        HeaderFault::Misaligned { .. } => "the header was not padded, as `np.save` does it",
        _ => return None,
    })
}

fn help(header: &HeaderFault) -> String {
    let words = match header {
        HeaderFault::Version { .. } | HeaderFault::PastEnd { .. } => AGAIN,
        HeaderFault::TooLong { limit, .. } => {
            let trusted = "where you trust the file: `np.load(path, max_header_size=...)`";
            let plain = "a plain array with one column per field needs no such header";
            let here =
                limit.map_or(String::new(), |_| format!("; here, {} has it read", Limit::HeaderCharacters.how()));
            return format!("{trusted}; {plain}{here}");
        }
        HeaderFault::OverLimit { .. } => return format!("{} raises the limit", Limit::HeaderCharacters.how()),
        HeaderFault::TooDeep { .. } => return format!("{} raises the limit", Limit::HeaderDepth.how()),
        HeaderFault::JsonWord => "Python writes `False`, `True` and tuples such as `(2, 3)`",
        HeaderFault::BadDescr(_) => {
            "floats are f2, f4, f8; integers i1, i2, i4, i8 and u1, u2, u4, u8; bool is b1; `<` in front is little-endian"
        }
        HeaderFault::Python2 | HeaderFault::Misaligned { .. } => SAVE,
        _ => WRITER,
    };
    words.into()
}
