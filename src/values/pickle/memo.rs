//! The memo: what a pickle can refer to again. Of the first entries the state is kept, of later ones only those that
//! imports and arrays are made of.

use std::collections::HashMap;

use super::stack::{NONE, Value, What};

/// Entries of which everything is kept.
const MOST_FIRST: usize = 1 << 16;
/// Later entries that are kept: imports and dtypes, which are named again and again.
const MOST_LATER: usize = 4096;

/// The memo.
#[derive(Debug, Default)]
pub(super) struct Memo {
    first: Vec<Option<Value>>,
    later: HashMap<u64, Value>,
    /// Entries that were written, of which some may be written twice. MEMOIZE writes the next.
    written: u64,
    /// The highest late entry that was written.
    latest: Option<u64>,
    /// The highest entry that was written and is not kept.
    highest: Option<u64>,
    /// An entry was perhaps written twice, which hides what MEMOIZE writes next. No pickler does that; from then on
    /// everything is forgotten, so that nothing passes for something else.
    blurred: bool,
}

impl Memo {
    /// Writes the next entry, as MEMOIZE does.
    pub(super) fn next(&self) -> u64 {
        self.written
    }

    /// Writes an entry. The number by which the value finds it, or [`NONE`].
    pub(super) fn put(&mut self, index: u64, value: Value) -> u32 {
        let known = self.contains(index);
        self.blurred |= index >= MOST_FIRST as u64 && !known && self.latest >= Some(index);
        self.latest = self.latest.max(Some(index).filter(|index| *index >= MOST_FIRST as u64));
        self.written += u64::from(!known);
        let value = Value { memo: NONE, ..value.apart() };
        if let Ok(place) = usize::try_from(index)
            && place < MOST_FIRST
        {
            if place >= self.first.len() {
                self.first.resize(place + 1, None);
            }
            self.first[place] = Some(value);
            return u32::try_from(index).expect("below 2^16");
        }
        let lasting = matches!(value.what, What::Global | What::Dtype);
        if self.later.contains_key(&index) || lasting && self.later.len() < MOST_LATER {
            self.later.insert(index, value);
            return u32::try_from(index).unwrap_or(NONE);
        }
        self.highest = self.highest.max(Some(index));
        NONE
    }

    fn contains(&self, index: u64) -> bool {
        match usize::try_from(index) {
            Ok(place) if place < MOST_FIRST => self.first.get(place).is_some_and(Option::is_some),
            // Whether a late entry is written twice is not known; picklers never do.
            _ => self.later.contains_key(&index),
        }
    }

    /// What the entry holds: [`What::Lost`] if that is forgotten, `None` if it was never written.
    pub(super) fn get(&self, index: u64) -> Option<Value> {
        if self.blurred {
            return Some(Value::new(What::Lost));
        }
        let found = match usize::try_from(index) {
            Ok(place) if place < MOST_FIRST => *self.first.get(place)?,
            _ => self.later.get(&index).copied().or_else(|| {
                let forgotten = self.highest >= Some(index);
                forgotten.then(|| Value::new(What::Lost))
            }),
        };
        let value = found?;
        if value.what == What::Lost {
            return Some(value);
        }
        Some(Value { memo: u32::try_from(index).unwrap_or(NONE), ..value })
    }

    /// The state of a value that may have changed since it was copied.
    pub(super) fn current(&self, value: Value) -> Value {
        if value.memo == NONE || !changes(value.what) {
            return value;
        }
        match self.get(u64::from(value.memo)) {
            Some(current) if current.what == value.what => current,
            _ => value,
        }
    }

    /// Writes the changed state of a value.
    pub(super) fn update(&mut self, value: Value) {
        if value.memo == NONE || !changes(value.what) {
            return;
        }
        let entry = match self.first.get_mut(value.memo as usize) {
            Some(entry) => entry.as_mut(),
            None => self.later.get_mut(&u64::from(value.memo)),
        };
        if let Some(entry) = entry.filter(|entry| entry.what == value.what) {
            *entry = Value { memo: NONE, ..value.apart() };
        }
    }

    /// Writes where the text of a string is kept from now on.
    pub(super) fn rename(&mut self, memo: u32, was: u32, text: u32) {
        if let Some(Some(entry)) = self.first.get_mut(memo as usize)
            && (entry.what, entry.id) == (What::Str, was)
        {
            entry.id = text;
        }
    }

    pub(super) fn kept(&self) -> usize {
        self.first.len() + self.later.len()
    }

    pub(super) const MOST: usize = MOST_FIRST + MOST_LATER;
}

/// Whether what is known of such a value can change after it was made.
fn changes(what: What) -> bool {
    matches!(what, What::List | What::Dict | What::Set | What::Array | What::Dtype)
}
