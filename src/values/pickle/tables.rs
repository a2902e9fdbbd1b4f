//! Texts, shapes, dtypes and imports that values refer to by number. Each table is bounded; what does not fit is
//! unknown from then on.

use std::collections::HashMap;
use std::hash::Hash;

use super::globals::{Global, GlobalName, Makes, Standing, known};
use super::stack::{NONE, UNKNOWN};
use crate::spec::dtype::{ByteOrder, Dtype, Kind, MlType};

/// Texts that are remembered though they are not in the memo, the last ones.
const RECENT: u32 = 64;
/// Bytes of texts in the memo.
const MOST_TEXT: usize = 1 << 18;
/// Different names of imports that stay known, whatever else comes.
const MOST_PINNED: usize = 2048;
const MOST_SHAPES: usize = 1024;
const MOST_DTYPES: usize = 256;
const MOST_GLOBALS: usize = 1024;
/// From here on a text's number says that it is in the memo.
const LASTING: u32 = 1 << 31;

/// The texts of strings.
#[derive(Debug, Default)]
pub(super) struct Texts {
    recent: Vec<Box<str>>,
    /// The number that the next recent text gets.
    next: u32,
    lasting: Distinct<Box<str>>,
    bytes: usize,
    pinned: usize,
}

impl Texts {
    pub(super) fn add(&mut self, text: String) -> u32 {
        if self.next == LASTING - 1 {
            // A number must never come again while a value may still have it.
            return NONE;
        }
        let (id, text) = (self.next, text.into_boxed_str());
        let slot = (id % RECENT) as usize;
        match self.recent.get_mut(slot) {
            Some(old) => *old = text,
            None => self.recent.push(text),
        }
        self.next += 1;
        id
    }

    pub(super) fn get(&self, id: u32) -> Option<&str> {
        if id == NONE {
            return None;
        }
        if id >= LASTING {
            return self.lasting.get(id - LASTING).map(|text| &**text);
        }
        let recent = self.next.checked_sub(id).is_some_and(|age| (1..=RECENT).contains(&age));
        self.recent.get((id % RECENT) as usize).filter(|_| recent).map(|text| &**text)
    }

    /// Keeps the text beyond the next few, under the number that is given back: the same one if there is no room. A name
    /// of an import has room of its own.
    pub(super) fn keep(&mut self, id: u32, name: bool) -> u32 {
        let Some(text) = self.get(id).filter(|_| id < LASTING) else { return id };
        if let Some(known) = self.lasting.find(text) {
            return known + LASTING;
        }
        let room = self.bytes + text.len() <= MOST_TEXT;
        if !room && (!name || self.pinned >= MOST_PINNED) {
            return id;
        }
        let text: Box<str> = text.into();
        self.bytes += if room { text.len().max(8) } else { 0 };
        self.pinned += usize::from(!room);
        self.lasting.add(text) + LASTING
    }

    pub(super) fn kept(&self) -> usize {
        self.recent.len() + self.lasting.values.len()
    }

    pub(super) const MOST: usize = RECENT as usize + MOST_TEXT / 8 + MOST_PINNED + 1;
}

/// Values with a number each.
#[derive(Debug)]
pub(super) struct Distinct<T> {
    values: Vec<T>,
    numbers: HashMap<T, u32>,
}

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Self { values: Vec::new(), numbers: HashMap::new() }
    }
}

impl<T: Hash + Eq + Clone> Distinct<T> {
    fn get(&self, id: u32) -> Option<&T> {
        self.values.get(id as usize)
    }

    fn find<Q: Hash + Eq + ?Sized>(&self, value: &Q) -> Option<u32>
    where
        T: std::borrow::Borrow<Q>,
    {
        self.numbers.get(value).copied()
    }

    fn add(&mut self, value: T) -> u32 {
        let id = u32::try_from(self.values.len()).expect("every table is far smaller");
        self.numbers.insert(value.clone(), id);
        self.values.push(value);
        id
    }

    /// The number of the value, a new one if it is new and there is room.
    fn number(&mut self, value: T, most: usize) -> Option<u32> {
        match self.find(&value) {
            None if self.values.len() < most => Some(self.add(value)),
            known => known,
        }
    }
}

/// The shapes of arrays. One axis, by far the most frequent case of ragged rows, takes no room.
#[derive(Debug, Default)]
pub(super) struct Shapes(Distinct<Vec<u64>>);

/// The lowest number of a shape that stands in the table. No axis is that long.
const TABLED: u64 = 1 << 63;

impl Shapes {
    pub(super) fn number(&mut self, shape: Vec<u64>) -> u64 {
        match *shape.as_slice() {
            [length] if length < TABLED => length,
            _ => self.0.number(shape, MOST_SHAPES).map_or(UNKNOWN, |id| TABLED + u64::from(id)),
        }
    }

    pub(super) fn kept(&self) -> usize {
        self.0.values.len()
    }

    pub(super) fn get(&self, number: u64) -> Option<Vec<u64>> {
        match number {
            UNKNOWN => None,
            TABLED.. => self.0.get(u32::try_from(number - TABLED).ok()?).cloned(),
            length => Some(vec![length]),
        }
    }
}

/// The dtypes of arrays: what `numpy.dtype` was called with, and the byte order that BUILD adds.
#[derive(Debug, Default)]
pub(super) struct Dtypes(Distinct<(Box<str>, Order)>);

/// The byte order that the state of a dtype says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Order {
    Other,
    Big,
}

impl Dtypes {
    pub(super) fn number(&mut self, code: &str, order: Order) -> u32 {
        self.0.number((code.into(), order), MOST_DTYPES).unwrap_or(NONE)
    }

    /// The same dtype in another order.
    pub(super) fn ordered(&mut self, id: u32, order: Order) -> u32 {
        let Some((code, _)) = self.0.get(id).cloned() else { return id };
        self.0.number((code, order), MOST_DTYPES).unwrap_or(NONE)
    }

    /// Whether it is that of objects, `O8`.
    pub(super) fn is_object(&self, id: u32) -> bool {
        self.0.get(id).is_some_and(|(code, _)| code.starts_with('O'))
    }

    /// The name as the rest of the house writes it.
    pub(super) fn name(&self, id: u32) -> Option<String> {
        let (code, order) = self.0.get(id)?;
        let Some(mut dtype) = dtype(code) else { return Some(code.to_string()) };
        if *order == Order::Big {
            dtype.order = ByteOrder::Big;
        }
        Some(dtype.to_string())
    }

    pub(super) fn kept(&self) -> usize {
        self.0.values.len()
    }

    /// Shapes are counted here, too.
    pub(super) const MOST: usize = MOST_DTYPES + MOST_SHAPES;
}

/// The dtype of `f4`, `U3`, `bfloat16`: what NumPy pickles, a letter and the bytes of an element, or a class's name.
fn dtype(code: &str) -> Option<Dtype> {
    if MlType::from_name(code).is_some() {
        return Dtype::from_name(code);
    }
    let letter = code.chars().next().filter(char::is_ascii)?;
    let size: u64 = if code.len() == 1 { 0 } else { code[1..].parse().ok()? };
    let (kind, size) = match letter {
        'b' | '?' => (Kind::Bool, 1),
        'i' => (Kind::Int, size),
        'u' => (Kind::Uint, size),
        'f' if size > 8 => (Kind::LongDouble, size),
        'f' => (Kind::Float, size),
        'c' => (Kind::Complex, size),
        'S' => (Kind::Bytes, size),
        'U' => (Kind::Text, size.checked_mul(4)?),
        'V' => (Kind::Void, size),
        'M' => (Kind::Datetime(String::new()), size),
        'm' => (Kind::Timedelta(String::new()), size),
        'O' => (Kind::Object, size),
        _ => return None,
    };
    Some(Dtype::new(kind, size))
}

/// What the pickle imports.
#[derive(Debug, Default)]
pub(super) struct Globals {
    seen: HashMap<GlobalName, u32>,
    list: Vec<(Global, Makes)>,
    beyond: u64,
}

impl Globals {
    /// The number of the import, which stands at that offset.
    pub(super) fn import(&mut self, name: GlobalName, at: u64) -> u32 {
        if let Some(id) = self.seen.get(&name) {
            return *id;
        }
        if self.list.len() >= MOST_GLOBALS {
            self.beyond += 1;
            return NONE;
        }
        let (makes, standing) = match &name {
            GlobalName::Named { module, name } => known(module, name),
            _ => (Makes::Object, Standing::Foreign),
        };
        let id = u32::try_from(self.list.len()).expect("the list is short");
        self.seen.insert(name.clone(), id);
        self.list.push((Global { name, at, standing }, makes));
        id
    }

    pub(super) fn get(&self, id: u32) -> Option<(&Global, Makes)> {
        self.list.get(id as usize).map(|(global, makes)| (global, *makes))
    }

    /// Notes that the import is used as no pickler uses it.
    pub(super) fn misuse(&mut self, id: u32) {
        if let Some((global, _)) = self.list.get_mut(id as usize)
            && global.standing != Standing::Foreign
        {
            global.standing = Standing::Misused;
        }
    }

    /// `module.name`, or nothing where that is not known.
    pub(super) fn path(&self, id: u32) -> Option<String> {
        match &self.get(id)?.0.name {
            GlobalName::Named { module, name } => Some(format!("{module}.{name}")),
            _ => None,
        }
    }

    pub(super) fn finish(self) -> (Vec<Global>, u64) {
        (self.list.into_iter().map(|(global, _)| global).collect(), self.beyond)
    }

    pub(super) fn kept(&self) -> usize {
        self.list.len()
    }

    pub(super) const MOST: usize = MOST_GLOBALS;
}
