//! What the wire has of a leaf.

use serde::Deserialize;
use serde_json::Value;

use super::facts::{Leaf, LeafKind, Odd, Step};
use crate::config::limits::Limit;
use crate::source::Header;
use crate::source::npy;
use crate::spec::dtype::{Dtype, Kind};
use crate::values::pickle::{ObjectKind, Objects, Tallies, Tally};
use crate::values::{Unread, ValueFacts};

/// Axes that an array has at most; NumPy has 64.
const AXES: usize = 64;
/// Bytes that an array can have at most.
const MOST_BYTES: u64 = 1 << 50;

/// A leaf as it is sent.
#[derive(Debug, Deserialize)]
pub(super) struct WireLeaf {
    kind: LeafKind,
    #[serde(default)]
    descr: Option<Value>,
    #[serde(default)]
    dtype: Option<String>,
    #[serde(default)]
    shape: Vec<u64>,
    #[serde(default)]
    off: Option<u64>,
    #[serde(default)]
    len: Option<u64>,
    #[serde(default)]
    unsent: Option<String>,
    #[serde(default)]
    objects: Option<WireObjects>,
    #[serde(default)]
    repr: Option<String>,
    #[serde(flatten)]
    leaf: Leaf,
}

/// What an object array holds, as it is sent.
#[derive(Debug, Deserialize)]
struct WireObjects {
    #[serde(default)]
    elements: u64,
    #[serde(default)]
    kinds: Vec<(String, u64, u64)>,
    #[serde(default)]
    shapes: Vec<(Vec<u64>, u64, u64)>,
    #[serde(default)]
    dtypes: Vec<(String, u64, u64)>,
}

/// The data of an array.
#[derive(Debug)]
pub(super) enum Given {
    /// Bytes of the payload.
    Bytes {
        /// Where they start.
        at: u64,
        /// How many.
        length: u64,
    },
    /// Objects, which were looked at in the program.
    Objects(Box<ValueFacts>),
    /// It did not come.
    Unsent(Unread),
}

impl WireLeaf {
    /// An array, its header and its data; or what it is that is no array. `payload` bytes of a batch are sent at most.
    pub(super) fn read(self, payload: u64) -> Result<(Leaf, Header, Given), Odd> {
        let dtype = match self.kind {
            LeafKind::Array => self.dtype(),
            _ => None,
        };
        let elements = self.shape.iter().try_fold(1_u64, |all, size| all.checked_mul(*size));
        let sound = |dtype: &Dtype| {
            self.shape.len() <= AXES
                && elements.and_then(|all| all.checked_mul(dtype.size)).is_some_and(|bytes| bytes < MOST_BYTES)
        };
        let Some(dtype) = dtype.filter(sound) else {
            return Err(Odd { path: self.leaf.path, py: self.leaf.py, kind: self.kind, repr: self.repr });
        };
        let given = match (self.off, self.len, self.objects) {
            (Some(at), Some(length), _) => Given::Bytes { at, length },
            (.., Some(objects)) => Given::Objects(Box::new(objects.facts(elements.unwrap_or(0), &self.shape))),
            _ if self.unsent.as_deref() == Some("limit") => {
                Given::Unsent(Unread::Limit { limit: Limit::FramePayloadBytes, value: payload })
            }
            _ => Given::Unsent(Unread::NotSent),
        };
        let descr = self.descr.as_ref().and_then(literal).unwrap_or_default();
        let leaf = Leaf { descr, ..self.leaf };
        Ok((leaf, Header { dtype, shape: self.shape, fortran: false }, given))
    }

    fn dtype(&self) -> Option<Dtype> {
        let text = literal(self.descr.as_ref()?)?;
        let named = || Dtype::from_name(self.dtype.as_deref()?);
        match npy::dtype_of(&text) {
            // bfloat16 and float8 have no descriptor of their own.
            Some(dtype) if matches!(dtype.kind, Kind::Void | Kind::UnnamedMl) => Some(named().unwrap_or(dtype)),
            Some(dtype) => Some(dtype),
            None => named(),
        }
    }
}

/// A descriptor as Python writes it.
fn literal(descr: &Value) -> Option<String> {
    let quoted = |text: &str| {
        let plain = text.chars().all(|c| c != '\'' && c != '\\' && !c.is_control());
        plain.then(|| format!("'{text}'"))
    };
    match descr {
        Value::String(text) => quoted(text),
        Value::Array(fields) => {
            let fields: Option<Vec<String>> = fields.iter().map(field).collect();
            Some(format!("[{}]", fields?.join(", ")))
        }
        _ => None,
    }
}

/// One field: name, descriptor, and the shape of a sub-array.
fn field(field: &Value) -> Option<String> {
    let Value::Array(parts) = field else { return None };
    let (name, descr) = (literal(parts.first()?)?, literal(parts.get(1)?)?);
    match parts.get(2) {
        None => Some(format!("({name}, {descr})")),
        Some(Value::Array(sizes)) => {
            let sizes: Option<Vec<String>> = sizes.iter().map(|size| Some(format!("{},", size.as_u64()?))).collect();
            Some(format!("({name}, {descr}, ({}))", sizes?.concat()))
        }
        Some(_) => None,
    }
}

impl WireObjects {
    fn facts(self, count: u64, shape: &[u64]) -> ValueFacts {
        let objects = Objects {
            protocol: 0,
            shape: Some(shape.to_vec()),
            elements: self.elements,
            kinds: tallies(self.kinds.into_iter().map(|(name, count, first)| (kind_of(&name), count, first))),
            shapes: tallies(self.shapes),
            dtypes: tallies(self.dtypes),
            lengths: Vec::new(),
            keys: Vec::new(),
            globals: Vec::new(),
            globals_beyond: 0,
            trouble: None,
            bytes: 0,
        };
        ValueFacts { count, objects: Some(Box::new(objects)), ..ValueFacts::default() }
    }
}

fn tallies<T: Ord>(given: impl IntoIterator<Item = (T, u64, u64)>) -> Tallies<T> {
    let mut each: Vec<Tally<T>> =
        given.into_iter().take(64).map(|(value, count, first)| Tally { value, count, first }).collect();
    each.sort_by(|a, b| a.value.cmp(&b.value));
    Tallies { each, beyond: 0 }
}

/// What an element of that type is.
fn kind_of(name: &str) -> ObjectKind {
    let short = name.strip_prefix("builtins.").unwrap_or(name);
    match short {
        "NoneType" | "None" => ObjectKind::None,
        "bool" => ObjectKind::Bool,
        "int" => ObjectKind::Int,
        "float" => ObjectKind::Float,
        "complex" => ObjectKind::Complex,
        "str" => ObjectKind::Str,
        "bytes" | "bytearray" => ObjectKind::Bytes,
        "list" => ObjectKind::List,
        "tuple" => ObjectKind::Tuple,
        "dict" | "collections.OrderedDict" => ObjectKind::Dict,
        "set" | "frozenset" => ObjectKind::Set,
        "numpy.ndarray" | "ndarray" => ObjectKind::Array,
        "datetime.datetime" | "datetime.date" | "datetime.timedelta" => ObjectKind::Datetime,
        _ => match short.strip_prefix("numpy.").filter(|dtype| Dtype::from_name(dtype).is_some()) {
            Some(dtype) => ObjectKind::Scalar(dtype.into()),
            None => ObjectKind::Other(name.into()),
        },
    }
}

/// The way to a leaf, where it has one step and that is a place.
pub(super) fn place_of(path: &[Step]) -> Option<u64> {
    match path {
        [Step::Index(place)] => Some(*place),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Option<Header> {
        let leaf: WireLeaf = serde_json::from_str(text).unwrap();
        leaf.read(1 << 30).ok().map(|(_, header, _)| header)
    }

    fn dtype(descr: &str, name: &str) -> String {
        let text = format!(
            r#"{{"path": [0], "py": "x", "kind": "array", "descr": {descr}, "dtype": "{name}", "shape": [2]}}"#
        );
        header(&text).map_or_else(|| "none".into(), |header| header.dtype.name())
    }

    #[test]
    fn types_are_read_as_numpy_writes_them() {
        assert_eq!(dtype("\"<f4\"", "float32"), "float32");
        assert_eq!(dtype("\">f8\"", "float64"), "float64");
        assert_eq!(dtype("\"<V2\"", "bfloat16"), "bfloat16");
        assert_eq!(dtype("\"|O\"", "object"), "object");
        assert_ne!(dtype(r#"[["x", "<f4"], ["y", "<i4", [3]]]"#, "void128"), "none");
        assert_eq!(dtype("\"nonsense\"", "nonsense"), "none");
        assert_eq!(dtype(r#""<f4'), ('y', '<i4""#, "x"), "none");
    }

    #[test]
    fn what_no_array_can_be_is_no_array() {
        let odd = |text: &str| header(text).is_none();
        assert!(odd(r#"{"path": [], "py": "builtins.str", "kind": "text", "repr": "'a'"}"#));
        let huge = format!("[{}, {}]", u64::MAX, 2);
        assert!(odd(&format!(r#"{{"path": [], "py": "x", "kind": "array", "descr": "<f4", "shape": {huge}}}"#)));
    }
}
