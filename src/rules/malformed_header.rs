//! Headers that NumPy refuses, or reads with a second thought.

use super::{Findings, Group, Judge, Looked, Needs, Rule, SourceCx};
use crate::diagnostic::{Finding, Level, quantity};
use crate::source::fault::{Fault, FaultKind, HeaderFault, Key};

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
const UNPARSED: &str = "Cannot parse header: ...";
const KEYS: &str = "Header does not contain the correct keys: ...";
const BAD_SHAPE: &str = "shape is not valid: ...";
const BAD_DESCR: &str = "descr is not a valid dtype descriptor: ...";

fn judge(cx: &SourceCx<'_>, out: &mut Findings) -> Looked {
    cx.each_fault(out, |fault| match &fault.kind {
        FaultKind::Header(header) => Some(describe(cx, fault, header)),
        _ => None,
    });
    Looked::Yes
}

fn describe(cx: &SourceCx<'_>, fault: &Fault, header: &HeaderFault) -> Finding {
    let writer = "the file was not written by NumPy: `np.save` of the array writes a header that every NumPy reads";
    let finding =
        match container(cx, fault, header).or_else(|| text(cx, fault, header)).or_else(|| keys(cx, fault, header)) {
            Some(finding) => finding,
            None => dtype(cx, fault, header).unwrap_or_else(|| odd(cx, fault, header)),
        };
    if finding.help.is_none() { finding.help(writer) } else { finding }
}

/// What `np.load` says when it stops.
fn stops(finding: Finding, says: &str) -> Finding {
    finding.consequence(format!("`np.load` stops: `{says}`"))
}

/// Version, length and encoding.
fn container(cx: &SourceCx<'_>, fault: &Fault, header: &HeaderFault) -> Option<Finding> {
    let again = "write or download it again";
    Some(match header {
        HeaderFault::Version { major, minor } => {
            let detail = format!("version {major}.{minor}");
            let finding = cx.finding(
                fault,
                detail,
                "unknown version of the .npy format",
                "The format version is 1.0, 2.0 or 3.0.",
                "another version",
            );
            stops(finding, "we only support format version (1,0), (2,0), and (3,0)")
                .cause("the first bytes are damaged")
                .help(again)
        }
        HeaderFault::PastEnd { declared, available } => {
            let detail =
                format!("a header of {}, {} are there", quantity::bytes(*declared), quantity::bytes(*available));
            let finding = cx.finding(
                fault,
                detail,
                "header runs past the end of the file",
                "The file is longer than its header.",
                "fewer bytes than the header has",
            );
            stops(finding, "EOF: reading array header, expected ... bytes got ...")
                .cause("the file is cut short, or its first bytes are damaged")
                .help(again)
        }
        HeaderFault::TooLong { declared } => {
            let detail = quantity::bytes(*declared);
            let finding = cx.finding(
                fault,
                detail,
                "header is longer than `np.load` reads",
                "The header has at most 10,000 characters.",
                "a longer header",
            );
            stops(finding, "Header info length (...) is large and may not be safe to load securely.")
                .cause("a structured dtype with hundreds of fields, or a damaged length")
                .help("where you trust the file: `np.load(path, max_header_size=...)`; a plain array with one column per field needs no such header")
        }
        HeaderFault::NotUtf8 { byte, at } => {
            let detail = format!("byte 0x{byte:02X} at {at}");
            let finding = cx.finding(
                fault,
                detail,
                "header is not UTF-8",
                "A header of version 3.0 is UTF-8.",
                "a byte that is not UTF-8",
            );
            stops(finding, "'utf-8' codec can't decode byte ...")
        }
        _ => return None,
    })
}

/// The text as Python.
fn text(cx: &SourceCx<'_>, fault: &Fault, header: &HeaderFault) -> Option<Finding> {
    let say = |message: &str, found: &str| stops(cx.finding(fault, "", message, DICT, found), UNPARSED);
    Some(match header {
        HeaderFault::NotLiteral => say("header is not a Python dict literal", "not a literal"),
        HeaderFault::JsonWord => say("header was written as JSON, not as Python", "a JSON word")
            .help("Python writes `False`, `True` and tuples such as `(2, 3)`"),
        HeaderFault::BadNumber => say("header holds a number that Python does not read", "not a number"),
        HeaderFault::Unclosed => say("what is opened here is never closed", "the end of the header"),
        HeaderFault::TextAfter => {
            say("text follows the header's dict", "text after the dict").cause("the header length may be wrong")
        }
        HeaderFault::TooDeep => say("header is nested more than 32 levels deep", "one more level"),
        HeaderFault::NotDict(found) => stops(
            cx.finding(fault, "", format!("header is {}, not a dict", found.name()), DICT, found.name()),
            "Header is not a dictionary: ...",
        ),
        _ => return None,
    })
}

/// The three keys and the values of two of them.
fn keys(cx: &SourceCx<'_>, fault: &Fault, header: &HeaderFault) -> Option<Finding> {
    let say = |message: String, expected: &str, found: &str, says: &str| {
        stops(cx.finding(fault, "", message, expected, found), says)
    };
    Some(match header {
        HeaderFault::MissingKeys(missing) => {
            let names: Vec<String> = missing.iter().map(|key| format!("'{}'", key.name())).collect();
            say(format!("header has no {}", names.join(", ")), DICT, "a dict without it", KEYS)
        }
        HeaderFault::UnknownKey(key) => say(format!("header has the unknown key '{key}'"), DICT, "another key", KEYS),
        HeaderFault::KeyNotString(found) => {
            say(format!("a key of the header is {}, not a string", found.name()), DICT, found.name(), KEYS)
        }
        HeaderFault::OrderNotBool(found) => say(
            format!("fortran_order is {}, not True or False", found.name()),
            "'fortran_order' is True or False.",
            found.name(),
            "fortran_order is not a valid bool: ...",
        ),
        HeaderFault::ShapeNotTuple(found) => {
            say(format!("shape is {}, not a tuple", found.name()), SHAPE, found.name(), BAD_SHAPE)
        }
        HeaderFault::DimensionNotInt(found) => {
            say(format!("a dimension is {}, not an integer", found.name()), SHAPE, found.name(), BAD_SHAPE)
        }
        HeaderFault::NegativeDimension => {
            say("a dimension is negative".into(), SHAPE, "a negative number", "Failed to read all data for array. ...")
                .consequence(
                    "NumPy 1.x reads -1 as whatever is left; NumPy 2 stops: `Failed to read all data for array. ...`",
                )
        }
        HeaderFault::DimensionTooLarge => say(
            "a dimension is larger than 2**63-1".into(),
            SIZE,
            "a larger number",
            "Python int too large to convert to C long",
        ),
        HeaderFault::ShapeOverflow => {
            say("shape is larger than any memory".into(), SIZE, "a larger product", "array is too big; ...")
        }
        HeaderFault::TooManyAxes { axes } => say(
            format!("{axes} axes are more than NumPy has"),
            "An array has at most 64 axes.",
            "more axes",
            "maximum supported dimension for an ndarray is currently 64",
        ),
        _ => return None,
    })
}

/// The dtype.
fn dtype(cx: &SourceCx<'_>, fault: &Fault, header: &HeaderFault) -> Option<Finding> {
    let say = |message: String, expected: &str, found: &str, says: &str| {
        stops(cx.finding(fault, "", message, expected, found), says)
    };
    Some(match header {
        HeaderFault::DescrNotString(found) => say(
            format!("descr is {}, not a string or a list of fields", found.name()),
            DESCR,
            found.name(),
            BAD_DESCR,
        ),
        HeaderFault::BadDescr(descr) => say(format!("'{descr}' is no dtype"), DESCR, "an unknown dtype", BAD_DESCR)
            .help("floats are f2, f4, f8; integers i1, i2, i4, i8 and u1, u2, u4, u8; bool is b1; `<` in front is little-endian"),
        HeaderFault::BadField => say("a field of the dtype is malformed".into(), "A field is (name, descr) or (name, descr, shape).", "something else", BAD_DESCR),
        HeaderFault::DuplicateField(name) => {
            say(format!("two fields are called '{name}'"), "Every field has a name of its own.", "the same name again", "name already used as a name or title")
        }
        HeaderFault::ItemTooLarge => say("one element takes more than 2 GiB".into(), "An element takes less than 2 GiB.", "a larger element", BAD_DESCR),
        _ => return None,
    })
}

/// What NumPy reads, with a second thought.
fn odd(cx: &SourceCx<'_>, fault: &Fault, header: &HeaderFault) -> Finding {
    let warn = |message: String, found: &str| cx.finding(fault, "", message, PORTABLE, found).level(Level::Warning);
    match header {
        HeaderFault::DuplicateKey(key) => {
            warn(format!("key '{}' stands twice in the header", Key::name(*key)), "the key again")
                .consequence("`np.load` uses the last; other readers may use the first")
        }
        HeaderFault::ManyAxes { axes } => {
            warn(format!("{axes} axes are more than NumPy 1.x reads"), "more than 32 axes").consequence(
                "NumPy 2 reads up to 64 axes; NumPy 1.x stops: `maximum supported dimension for an ndarray is 32`",
            )
        }
        HeaderFault::NoBytes { elements } => cx
            .finding(
                fault,
                format!("{elements} elements"),
                "elements take no bytes, so nothing can be checked",
                "Every element takes at least one byte.",
                "elements of 0 bytes",
            )
            .level(Level::Warning)
            .cause("an empty string or void type, or a struct without fields"),
        HeaderFault::Misaligned { offset } => cx
            .finding(
                fault,
                format!("byte {offset}"),
                "data does not start at a multiple of 16",
                PORTABLE,
                "an odd start",
            )
            .level(Level::Note)
            .cause("the header was not padded: it was not written by NumPy")
            .consequence("memory maps of it are slow, and refused by what needs aligned data")
            .help("load it and `np.save` it again"),
        _ => warn("header was written by Python 2".into(), "an integer with an `L`")
            .level(Level::Note)
            .consequence("`np.load` repairs it, with a warning, slowly")
            .help("load it and `np.save` it again"),
    }
}
