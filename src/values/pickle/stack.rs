//! The stack of the pickle machine, with values that say what an object is and not what is in it.

/// No text, shape, dtype, memo entry or contents.
pub(super) const NONE: u32 = u32::MAX;
/// No length that is known.
pub(super) const UNKNOWN: u64 = u64::MAX;

/// Values on the stack at most. Python's pickler puts a whole tuple there, of everything else a thousand at a time.
const MOST_VALUES: usize = 1 << 16;
/// Open marks at most. The pickler of Python recurses for each and gives up long before.
const MOST_MARKS: usize = 1 << 14;
/// Items of tuples that are held at most, for all tuples on the stack together.
const MOST_HELD: usize = 1 << 14;
/// Items of a tuple that are held: no shape has more axes than NumPy allows.
const MOST_ITEMS: u64 = 64;
/// Values of a full frame that stay at either end, when those between are only counted.
pub(super) const ENDS: usize = 16;
/// The shortest frame that is worth it: moving what is above costs time.
const WORTH: usize = 1024;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    None,
    Bool,
    /// `number` is the value, [`UNKNOWN`] if it is negative or large.
    Int,
    Float,
    Complex,
    /// `number` characters; `id` is the text.
    Str,
    /// `number` bytes.
    Bytes,
    /// `number` items, as for the next ones; `id` is where the items are held.
    Tuple,
    List,
    Dict,
    Set,
    Datetime,
    /// `id` is the dtype, `number` the import that made it.
    Dtype,
    /// `id` is the dtype.
    Scalar,
    /// `id` is the dtype, `number` the shape.
    Array,
    /// `id` is the import.
    Global,
    /// `id` is the import that made it.
    Object,
    /// The result of something that the opcodes do not show.
    Unknown,
    /// Something that was there and is forgotten.
    Lost,
}

/// A value of 24 bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value {
    pub(super) what: What,
    pub(super) number: u64,
    pub(super) id: u32,
    /// The memo entry that holds the state of this value, if it is there.
    pub(super) memo: u32,
    /// The number of held items below it: they are cut back to it with the value.
    pub(super) held: u32,
}

impl Value {
    pub(super) fn new(what: What) -> Self {
        Self { what, number: UNKNOWN, id: NONE, memo: NONE, held: 0 }
    }

    pub(super) fn sized(what: What, number: u64) -> Self {
        Self { number, ..Self::new(what) }
    }

    pub(super) fn of(what: What, id: u32) -> Self {
        Self { id, ..Self::new(what) }
    }

    /// A copy that can live apart from the stack: what a tuple holds does not come along.
    pub(super) fn apart(self) -> Self {
        if self.what == What::Tuple { Self { id: NONE, ..self } } else { self }
    }
}

/// Why the stack cannot do what an opcode says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// More is taken than is there.
    Underflow,
    /// More marks than are held.
    Marks,
    /// More values than are held, or one is taken that is only counted.
    Values,
}

/// What is above a mark.
#[derive(Debug, Clone, Copy)]
struct Frame {
    /// The index of the first value.
    base: usize,
    /// Values that stood after the first [`ENDS`] and are only counted.
    dropped: u64,
}

/// The stack.
#[derive(Debug)]
pub(super) struct Stack {
    values: Vec<Value>,
    /// The first is the bottom and no mark.
    frames: Vec<Frame>,
    held: Vec<Value>,
    /// Whether the walk has lost track: what is taken from below the bottom is [`What::Lost`].
    lost: bool,
}

/// The values above a mark, which is taken off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    /// The index of the first value.
    pub(super) from: usize,
    /// Values that are only counted, [`ENDS`] after the first.
    pub(super) dropped: u64,
}

impl Stack {
    pub(super) fn new() -> Self {
        Self { values: Vec::new(), frames: vec![Frame { base: 0, dropped: 0 }], held: Vec::new(), lost: false }
    }

    /// Values, marks and held items.
    pub(super) fn kept(&self) -> usize {
        self.values.len() + self.frames.len() + self.held.len()
    }

    /// The most that [`Stack::kept`] can be.
    pub(super) const MOST: usize = MOST_VALUES + MOST_MARKS + MOST_HELD + 64;

    /// Forgets everything. From now on nothing underflows.
    pub(super) fn lose(&mut self) {
        let (values, held) = (Vec::new(), Vec::new());
        *self = Self { values, held, frames: vec![Frame { base: 0, dropped: 0 }], lost: true };
    }

    pub(super) fn push(&mut self, value: Value) -> Result<(), Fault> {
        if self.values.len() >= MOST_VALUES {
            self.thin()?;
        }
        let held = self.below();
        self.values.push(Value { held, ..value.apart() });
        Ok(())
    }

    fn below(&self) -> u32 {
        u32::try_from(self.held.len()).expect("fewer than 2^14 items are held")
    }

    /// Counts the values in the middle of the largest frame instead of keeping them. Near its ends stand what it is
    /// built on and what the next opcodes may still take.
    fn thin(&mut self) -> Result<(), Fault> {
        let ends = self.frames.iter().skip(1).map(|frame| frame.base).chain([self.values.len()]);
        let lengths = self.frames.iter().zip(ends).map(|(frame, end)| end - frame.base).enumerate();
        let largest = lengths.skip(1).max_by_key(|(_, length)| *length);
        let Some((index, length)) = largest.filter(|(_, length)| *length >= WORTH) else { return Err(Fault::Values) };
        let frame = &mut self.frames[index];
        let dropped = length - 2 * ENDS;
        frame.dropped += dropped as u64;
        let from = frame.base + ENDS;
        self.values.drain(from..from + dropped);
        for above in &mut self.frames[index + 1..] {
            above.base -= dropped;
        }
        Ok(())
    }

    pub(super) fn mark(&mut self) -> Result<(), Fault> {
        if self.frames.len() > MOST_MARKS {
            return Err(Fault::Marks);
        }
        self.frames.push(Frame { base: self.values.len(), dropped: 0 });
        Ok(())
    }

    /// Marks that are open.
    pub(super) fn marks(&self) -> usize {
        self.frames.len() - 1
    }

    /// Where the values above the innermost mark begin.
    pub(super) fn base(&self) -> usize {
        self.frames.last().expect("the bottom is never taken off").base
    }

    /// Takes the innermost mark off. The values above it stay until [`Stack::cut`].
    pub(super) fn unmark(&mut self) -> Result<Run, Fault> {
        if self.frames.len() == 1 {
            // What is left was pushed since the walk lost track: the mark is below all of it.
            return if self.lost { Ok(Run { from: 0, dropped: 0 }) } else { Err(Fault::Underflow) };
        }
        let frame = self.frames.pop().ok_or(Fault::Underflow)?;
        Ok(Run { from: frame.base, dropped: frame.dropped })
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The values from an index on.
    pub(super) fn from(&self, index: usize) -> &[Value] {
        self.values.get(index..).unwrap_or_default()
    }

    /// The index of the topmost value above the innermost mark; `None` where the walk has lost track of it.
    pub(super) fn top(&self) -> Result<Option<usize>, Fault> {
        let frame = self.frames.last().expect("the bottom is never taken off");
        match self.values.len().checked_sub(1).filter(|top| *top >= frame.base) {
            Some(top) if frame.dropped > 0 && top < frame.base + ENDS => Err(Fault::Values),
            None if !self.lost || self.frames.len() > 1 => Err(Fault::Underflow),
            top => Ok(top),
        }
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut Value> {
        self.values.get_mut(index)
    }

    /// Takes the values from an index on.
    pub(super) fn cut(&mut self, index: usize) {
        if let Some(first) = self.values.get(index) {
            self.held.truncate(first.held as usize);
            self.values.truncate(index);
        }
    }

    /// The index of the first of the topmost `count` values, which all stand above the innermost mark. Where the walk
    /// has lost track, missing ones are filled in.
    pub(super) fn last(&mut self, count: usize) -> Result<usize, Fault> {
        let frame = *self.frames.last().expect("the bottom is never taken off");
        if self.lost && self.frames.len() == 1 && self.values.len() < count {
            let missing = count - self.values.len();
            self.values.splice(0..0, std::iter::repeat_n(Value::new(What::Lost), missing));
        }
        match self.values.len().checked_sub(count).filter(|from| *from >= frame.base) {
            Some(from) if frame.dropped > 0 && from < frame.base + ENDS => Err(Fault::Values),
            Some(from) => Ok(from),
            None if frame.dropped > 0 => Err(Fault::Values),
            None => Err(Fault::Underflow),
        }
    }

    /// Makes a tuple of the values from an index on.
    pub(super) fn gather(&mut self, run: Run) {
        let items = self.values.get(run.from..).unwrap_or_default();
        let held = items.first().map_or(self.below(), |first| first.held);
        let number = items.len() as u64 + run.dropped;
        let mut id = NONE;
        if number <= MOST_ITEMS && self.held.len() + items.len() <= MOST_HELD {
            id = self.below();
            self.held.extend_from_slice(items);
        }
        self.values.truncate(run.from);
        self.values.push(Value { number, id, held, ..Value::new(What::Tuple) });
    }

    /// The items of a tuple, if they are held. Of one that is empty, none are needed.
    pub(super) fn items(&self, tuple: Value) -> Option<&[Value]> {
        if tuple.what != What::Tuple {
            return None;
        }
        if tuple.number == 0 {
            return Some(&[]);
        }
        let from = if tuple.id == NONE { return None } else { tuple.id as usize };
        self.held.get(from..from.checked_add(usize::try_from(tuple.number).ok()?)?)
    }

    /// The tuple as a shape.
    pub(super) fn shape(&self, tuple: Value) -> Option<Vec<u64>> {
        let axis = |item: &Value| (item.what == What::Int && item.number != UNKNOWN).then_some(item.number);
        self.items(tuple)?.iter().map(axis).collect()
    }
}
