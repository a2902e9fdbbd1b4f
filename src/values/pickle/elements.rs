//! The elements of the object array, counted as they are appended to its list.

use std::collections::BTreeMap;

use super::stack::{NONE, UNKNOWN, Value, What};
use super::summary::{Counter, LengthCounter, ObjectKind, Objects};
use super::tables::{Dtypes, Globals, Shapes};

/// Keys of a dict that are kept.
const MOST_KEYS: usize = 32;

/// What is known of the elements so far.
#[derive(Debug, Default)]
pub(super) struct Elements {
    /// The shape of the object array.
    pub(super) shape: Option<Vec<u64>>,
    count: u64,
    kinds: Counter<ObjectKind>,
    shapes: Counter<Vec<u64>>,
    dtypes: Counter<String>,
    lengths: BTreeMap<ObjectKind, LengthCounter>,
    /// The keys of a dict, and its place on the stack. Final once that place has become an element.
    keys: Vec<String>,
    keyed: Option<usize>,
    keys_final: bool,
}

/// The tables that values refer to.
pub(super) struct Names<'m> {
    pub(super) shapes: &'m Shapes,
    pub(super) dtypes: &'m Dtypes,
    pub(super) globals: &'m Globals,
}

impl Elements {
    /// Counts one element, which stood at a place of the stack.
    pub(super) fn add(&mut self, value: Value, place: usize, names: &Names<'_>) {
        let first = self.count;
        self.count += 1;
        let kind = kind(value, names);
        self.kinds.add(&kind, 1, first);
        let mut length = None;
        match value.what {
            What::Str | What::Bytes | What::Tuple | What::List | What::Dict | What::Set => length = Some(value.number),
            What::Array => {
                if let Some(name) = names.dtypes.name(value.id) {
                    self.dtypes.add(&name, 1, first);
                }
                if let Some(shape) = names.shapes.get(value.number) {
                    length = shape.first().copied();
                    self.shapes.add(shape.as_slice(), 1, first);
                }
            }
            _ => {}
        }
        if let Some(length) = length.filter(|length| *length != UNKNOWN) {
            self.lengths.entry(kind).or_default().add(length, first);
        }
        if value.what == What::Dict && !self.keys_final {
            self.keys_final = true;
            if self.keyed != Some(place) {
                self.keys.clear();
            }
        }
    }

    /// Counts elements of which nothing else is known.
    pub(super) fn add_unknown(&mut self, count: u64) {
        if count > 0 {
            self.kinds.add(&ObjectKind::Unknown, count, self.count);
            self.count += count;
        }
    }

    /// Notes a key of the dict at a place of the stack, which may become an element. A key that is no string is none to
    /// show. Of several dicts on the stack the lowest is the first element.
    pub(super) fn key(&mut self, place: usize, key: Option<&str>) {
        if self.keys_final || self.keyed.is_some_and(|keyed| keyed < place) {
            return;
        }
        if self.keyed != Some(place) {
            self.keyed = Some(place);
            self.keys.clear();
        }
        if let Some(key) = key.filter(|_| self.keys.len() < MOST_KEYS) {
            self.keys.push(key.to_owned());
        }
    }

    /// Forgets the keys of a dict that is no longer on its place: everything from there on was taken.
    pub(super) fn gone(&mut self, from: usize) {
        if self.keyed.is_some_and(|keyed| keyed >= from) && !self.keys_final {
            self.keyed = None;
            self.keys.clear();
        }
    }

    pub(super) fn kept(&self) -> usize {
        let lengths: usize = self.lengths.values().map(LengthCounter::kept).sum();
        self.kinds.kept() + self.shapes.kept() + self.dtypes.kept() + lengths + self.keys.len()
    }

    /// Kinds, shapes and dtypes of 64 each, lengths of seven kinds, keys.
    pub(super) const MOST: usize = 64 * (3 + 7) + MOST_KEYS;

    /// What the elements say; the rest of the summary is empty.
    pub(super) fn finish(self) -> Objects {
        Objects {
            protocol: 0,
            shape: self.shape,
            elements: self.count,
            kinds: self.kinds.finish(),
            shapes: self.shapes.finish(),
            dtypes: self.dtypes.finish(),
            lengths: self.lengths.into_iter().map(|(kind, lengths)| (kind, lengths.finish())).collect(),
            keys: if self.keys_final { self.keys } else { Vec::new() },
            globals: Vec::new(),
            globals_beyond: 0,
            trouble: None,
            bytes: 0,
        }
    }
}

fn kind(value: Value, names: &Names<'_>) -> ObjectKind {
    match value.what {
        What::None => ObjectKind::None,
        What::Bool => ObjectKind::Bool,
        What::Int => ObjectKind::Int,
        What::Float => ObjectKind::Float,
        What::Complex => ObjectKind::Complex,
        What::Str => ObjectKind::Str,
        What::Bytes => ObjectKind::Bytes,
        What::Tuple => ObjectKind::Tuple,
        What::List => ObjectKind::List,
        What::Dict => ObjectKind::Dict,
        What::Set => ObjectKind::Set,
        What::Datetime => ObjectKind::Datetime,
        What::Array => ObjectKind::Array,
        What::Scalar => ObjectKind::Scalar(names.dtypes.name(value.id).unwrap_or_default()),
        What::Dtype => ObjectKind::Other("numpy.dtype".to_owned()),
        What::Global if value.id != NONE => names.globals.path(value.id).map_or(ObjectKind::Unknown, ObjectKind::Named),
        What::Object if value.id != NONE => names.globals.path(value.id).map_or(ObjectKind::Unknown, ObjectKind::Other),
        What::Global | What::Object | What::Unknown | What::Lost => ObjectKind::Unknown,
    }
}
