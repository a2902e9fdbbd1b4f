//! The pickle machine: what every opcode does to the stack and the memo. Nothing is imported, nothing called.

use super::decoder::Step;
use super::elements::{Elements, Names};
use super::globals::GlobalName;
use super::memo::Memo;
#[allow(clippy::wildcard_imports, reason = "a machine names nearly all opcodes")]
use super::opcodes::{self, *};
use super::stack::{ENDS, Fault, NONE, Run, Stack, UNKNOWN, Value, What};
use super::summary::{PickleTrouble, TroubleKind};
use super::tables::{Dtypes, Globals, Shapes, Texts};

/// The highest protocol there is.
pub(super) const PROTOCOL: u8 = 5;

/// Everything a walk remembers.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) stack: Stack,
    pub(super) memo: Memo,
    pub(super) texts: Texts,
    pub(super) shapes: Shapes,
    pub(super) dtypes: Dtypes,
    pub(super) globals: Globals,
    pub(super) elements: Elements,
    pub(super) protocol: u8,
    /// A limit of this walk that was met, the first.
    pub(super) limit: Option<PickleTrouble>,
    pub(super) list: ArrayList,
}

/// The list in the state of the object array: its items are the elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArrayList {
    /// Not yet there.
    Awaited,
    /// On this place of the stack.
    At(usize),
    /// It has gone into the state.
    Done,
}

/// Where the list stands: above the array and a mark, after version, shape, dtype and order.
const LIST_PLACE: usize = 5;

impl Machine {
    pub(super) fn new() -> Self {
        Self {
            stack: Stack::new(),
            memo: Memo::default(),
            texts: Texts::default(),
            shapes: Shapes::default(),
            dtypes: Dtypes::default(),
            globals: Globals::default(),
            elements: Elements::default(),
            protocol: 0,
            limit: None,
            list: ArrayList::Awaited,
        }
    }

    /// Does what the opcode says. `Ok(true)` at the end of the pickle.
    pub(super) fn step(&mut self, step: &Step) -> Result<bool, TroubleKind> {
        let mut done = self.run(step);
        if let Err(Stop::Stack(fault @ (Fault::Marks | Fault::Values))) = done {
            let kind = if fault == Fault::Marks { TroubleKind::TooDeep } else { TroubleKind::TooMany };
            self.limit.get_or_insert(PickleTrouble { at: step.at, kind });
            self.stack.lose();
            self.list = ArrayList::Done;
            // The opcode acts on a stack of which nothing is known.
            done = self.run(step);
        }
        match done {
            Ok(done) => Ok(done),
            Err(Stop::Trouble(kind)) => Err(kind),
            Err(Stop::Stack(_)) => Err(TroubleKind::Underflow),
        }
    }

    fn run(&mut self, step: &Step) -> Result<bool, Stop> {
        match step.opcode {
            STOP => {
                let from = self.stack.last(1)?;
                self.cut(from);
                return Ok(true);
            }
            PROTO => self.declare(step.number)?,
            FRAME => {}
            MARK => self.stack.mark()?,
            POP | POP_MARK | DUP => self.pop_or_double(step.opcode)?,
            GLOBAL | STACK_GLOBAL | EXT1 | EXT2 | EXT4 | PERSID | BINPERSID => self.import(step)?,
            REDUCE | NEWOBJ | NEWOBJ_EX | OBJ | INST => self.call(step)?,
            BUILD => self.build()?,
            APPEND | APPENDS => {
                let run = if step.opcode == APPEND { self.one(1)? } else { self.stack.unmark()? };
                self.append(run)?;
            }
            SETITEM | SETITEMS | ADDITEMS => {
                let run = if step.opcode == SETITEM { self.one(2)? } else { self.stack.unmark()? };
                self.fill(run, step.opcode != ADDITEMS)?;
            }
            TUPLE => {
                let run = self.stack.unmark()?;
                self.gather(run);
            }
            TUPLE1 | TUPLE2 | TUPLE3 => {
                let run = self.one(usize::from(step.opcode - TUPLE1) + 1)?;
                self.gather(run);
            }
            LIST | DICT | FROZENSET => self.collect(step.opcode)?,
            GET | BINGET | LONG_BINGET => {
                let index = index(step)?;
                let value = self.memo.get(index).ok_or(Stop::Trouble(TroubleKind::MemoUnset { index }))?;
                self.stack.push(value)?;
            }
            PUT | BINPUT | LONG_BINPUT => self.put(index(step)?)?,
            MEMOIZE => self.put(self.memo.next())?,
            NEXT_BUFFER => return Err(Stop::Trouble(TroubleKind::OutOfBand)),
            // A view of the bytes on top, which need not come from outside.
            READONLY_BUFFER => drop(self.stack.last(1)?),
            _ => self.literal(step)?,
        }
        Ok(false)
    }

    fn declare(&mut self, version: u64) -> Result<(), Stop> {
        let version = u8::try_from(version).expect("PROTO has one byte");
        if version > PROTOCOL {
            return Err(Stop::Trouble(TroubleKind::Protocol { version }));
        }
        self.protocol = self.protocol.max(version);
        Ok(())
    }

    /// Pushes what the opcode spells out.
    fn literal(&mut self, step: &Step) -> Result<(), Stop> {
        let value = match step.opcode {
            opcodes::NONE => Value::new(What::None),
            NEWTRUE | NEWFALSE => Value::new(What::Bool),
            // Protocols 0 and 1 write booleans so.
            INT if step.text == b"00" || step.text == b"01" => Value::new(What::Bool),
            INT | LONG | LONG1 | LONG4 | BININT | BININT1 | BININT2 => Value::sized(What::Int, integer(step)),
            FLOAT | BINFLOAT => Value::new(What::Float),
            EMPTY_TUPLE => Value::sized(What::Tuple, 0),
            EMPTY_DICT => Value::sized(What::Dict, 0),
            EMPTY_SET => Value::sized(What::Set, 0),
            EMPTY_LIST => {
                self.stack.push(Value::sized(What::List, 0))?;
                self.await_list();
                return Ok(());
            }
            SHORT_BINBYTES | BINBYTES | BINBYTES8 | BYTEARRAY8 => Value::sized(What::Bytes, step.length),
            // A line of STRING is quoted.
            STRING => self.text(step, step.characters.saturating_sub(2)),
            _ => self.text(step, step.characters),
        };
        Ok(self.stack.push(value)?)
    }

    fn text(&mut self, step: &Step, characters: u64) -> Value {
        let id = step.decoded().map_or(NONE, |text| self.texts.add(text));
        Value { id, ..Value::sized(What::Str, characters) }
    }

    /// The topmost values, as if a mark were below them.
    fn one(&mut self, count: usize) -> Result<Run, Stop> {
        Ok(Run { from: self.stack.last(count)?, dropped: 0 })
    }

    /// Takes values off, the list of the array among them at its end.
    pub(super) fn cut(&mut self, from: usize) {
        self.stack.cut(from);
        self.watch();
        self.elements.gone(from);
    }

    fn gather(&mut self, run: Run) {
        self.stack.gather(run);
        self.watch();
        self.elements.gone(run.from);
    }

    fn watch(&mut self) {
        if let ArrayList::At(place) = self.list
            && self.stack.len() <= place
        {
            self.list = ArrayList::Done;
        }
    }

    fn pop_or_double(&mut self, opcode: u8) -> Result<(), Stop> {
        if opcode == DUP {
            let from = self.stack.last(1)?;
            let value = self.stack.from(from).first().copied();
            return Ok(self.stack.push(value.unwrap_or(Value::new(What::Lost)))?);
        }
        // POP takes a mark where it is on top.
        let mark = opcode == POP && self.stack.marks() > 0 && self.stack.len() == self.stack.base();
        let from = if opcode == POP_MARK || mark { self.stack.unmark()?.from } else { self.stack.last(1)? };
        self.cut(from);
        Ok(())
    }

    fn put(&mut self, index: u64) -> Result<(), Stop> {
        let from = self.stack.last(1)?;
        let Some(mut value) = self.stack.from(from).first().copied() else { return Ok(()) };
        let was = value;
        value = self.memo.current(value);
        if value.what == What::Str {
            value.id = self.texts.keep(value.id, false);
        }
        let memo = self.memo.put(index, value);
        if let Some(top) = self.stack.get_mut(from) {
            // The text of what stays on the stack may be known though the memo has no room for it.
            top.memo = if memo == NONE { was.memo } else { memo };
        }
        Ok(())
    }

    /// A list, dict or frozenset of all above the mark.
    fn collect(&mut self, opcode: u8) -> Result<(), Stop> {
        let run = self.stack.unmark()?;
        let count = self.stack.from(run.from).len() as u64 + run.dropped;
        let value = match opcode {
            LIST => Value::sized(What::List, count),
            DICT => Value::sized(What::Dict, count / 2),
            _ => Value::sized(What::Set, count),
        };
        let items = self.stack.from(run.from).to_vec();
        self.cut(run.from);
        self.stack.push(value)?;
        if opcode == LIST {
            self.await_list();
            if self.list == ArrayList::At(run.from) {
                self.count(&items, run);
            }
        }
        Ok(())
    }

    /// Takes the list on top for that of the array if it stands where NumPy puts it.
    fn await_list(&mut self) {
        let state = self.stack.from(1);
        let array = self.stack.from(0).first().is_some_and(|value| value.what == What::Array);
        if self.list != ArrayList::Awaited
            || !array
            || (self.stack.marks(), self.stack.base(), self.stack.len()) != (1, 1, LIST_PLACE + 1)
            || !matches!(state[0].what, What::Int)
            || !matches!(state[1].what, What::Tuple)
            || !matches!(state[3].what, What::Bool | What::Int)
        {
            return;
        }
        self.elements.shape = self.stack.shape(state[1]);
        self.list = ArrayList::At(LIST_PLACE);
    }

    fn append(&mut self, run: Run) -> Result<(), Stop> {
        let items = self.stack.from(run.from).to_vec();
        if let ArrayList::At(list) = self.list
            && run.from == list + 1
            && self.stack.base() <= list
        {
            self.count(&items, run);
        }
        self.cut(run.from);
        let Some(top) = self.stack.top()? else { return Ok(()) };
        self.grow(top, items.len() as u64 + run.dropped, &[What::List]);
        Ok(())
    }

    /// Counts items of the array's list.
    fn count(&mut self, items: &[Value], run: Run) {
        let names = Names { shapes: &self.shapes, dtypes: &self.dtypes, globals: &self.globals };
        for (at, item) in items.iter().enumerate() {
            if at == ENDS {
                self.elements.add_unknown(run.dropped);
            }
            self.elements.add(self.memo.current(*item), run.from + at, &names);
        }
    }

    /// Fills a dict or set.
    fn fill(&mut self, run: Run, pairs: bool) -> Result<(), Stop> {
        let items = self.stack.from(run.from).to_vec();
        self.cut(run.from);
        let Some(top) = self.stack.top()? else { return Ok(()) };
        if let ArrayList::At(list) = self.list
            && pairs
            && (self.stack.base() == list + 1 || top == list + 1)
        {
            for key in items.chunks(2).filter_map(<[Value]>::first) {
                let text = self.texts.get(key.id).filter(|_| key.what == What::Str);
                self.elements.key(top, text);
            }
        }
        let count = items.len() as u64 + run.dropped;
        self.grow(top, if pairs { count / 2 } else { count }, &[What::Dict, What::Set]);
        Ok(())
    }

    /// Makes a container longer, if it is one of those.
    fn grow(&mut self, place: usize, by: u64, kinds: &[What]) {
        let Some(container) = self.stack.get_mut(place).filter(|value| kinds.contains(&value.what)) else { return };
        let mut grown = self.memo.current(*container);
        if grown.number != UNKNOWN {
            grown.number = grown.number.saturating_add(by);
        }
        container.number = grown.number;
        let grown = *container;
        self.memo.update(grown);
    }

    fn import(&mut self, step: &Step) -> Result<(), Stop> {
        let name = match step.opcode {
            GLOBAL => named(step),
            STACK_GLOBAL => {
                let from = self.stack.last(2)?;
                let parts = self.stack.from(from).to_vec();
                let name = self.name(&parts)?;
                self.cut(from);
                name
            }
            PERSID => GlobalName::PersistentId,
            BINPERSID => {
                let from = self.stack.last(1)?;
                self.cut(from);
                GlobalName::PersistentId
            }
            _ => GlobalName::Extension(u32::try_from(step.number).expect("EXT4 has four bytes")),
        };
        let id = self.globals.import(name, step.at);
        Ok(self.stack.push(Value::of(What::Global, id))?)
    }

    /// The name that `STACK_GLOBAL` makes of two strings. They are remembered: pickles name them again and again.
    fn name(&mut self, parts: &[Value]) -> Result<GlobalName, Stop> {
        let mut texts = Vec::with_capacity(2);
        for part in parts {
            match part.what {
                // Only a string that a call makes is of unknown length.
                What::Str if part.number != UNKNOWN => {}
                What::Lost => {}
                What::Str | What::Unknown | What::Object => return Ok(GlobalName::Computed),
                _ => return Err(Stop::Trouble(TroubleKind::GlobalName)),
            }
        }
        for part in parts {
            let Some(text) = self.texts.get(part.id).filter(|_| part.what == What::Str) else {
                return Ok(GlobalName::Forgotten);
            };
            texts.push(text.to_owned());
            let id = self.texts.keep(part.id, true);
            if part.memo != NONE {
                self.memo.rename(part.memo, part.id, id);
            }
        }
        let name = texts.pop().unwrap_or_default();
        Ok(GlobalName::Named { module: texts.pop().unwrap_or_default(), name })
    }
}

/// Why an opcode cannot be done.
#[derive(Debug)]
pub(super) enum Stop {
    Stack(Fault),
    Trouble(TroubleKind),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Stack(fault)
    }
}

/// The two lines of GLOBAL and INST.
pub(super) fn named(step: &Step) -> GlobalName {
    if step.cut {
        return GlobalName::Forgotten;
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    GlobalName::Named { module: text(&step.text), name: text(&step.second) }
}

/// The number of a memo entry.
fn index(step: &Step) -> Result<u64, Stop> {
    if matches!(step.opcode, GET | PUT) {
        let text = std::str::from_utf8(&step.text).ok().filter(|_| !step.cut);
        return text.and_then(decimal).ok_or(Stop::Trouble(TroubleKind::MemoNumber));
    }
    Ok(step.number)
}

/// The value of an integer, [`UNKNOWN`] if it is negative or large.
fn integer(step: &Step) -> u64 {
    match step.opcode {
        BININT => u32::try_from(step.number).ok().and_then(|bits| u64::try_from(bits.cast_signed()).ok()),
        BININT1 | BININT2 => Some(step.number),
        LONG1 | LONG4 => {
            let mut bytes = [0; 8];
            let fits = step.text.len() <= 8 && !step.cut;
            bytes[..step.text.len().min(8)].copy_from_slice(&step.text[..step.text.len().min(8)]);
            let negative = step.text.last().is_some_and(|byte| *byte >= 0x80);
            (fits && !negative).then(|| u64::from_le_bytes(bytes))
        }
        _ => {
            let text = std::str::from_utf8(&step.text).ok().filter(|_| !step.cut);
            text.and_then(|text| decimal(text.trim().trim_end_matches('L')))
        }
    }
    .unwrap_or(UNKNOWN)
}

/// A number as Python's `int` reads it: with a sign, blanks around it and `_` between digits. `None` for negative ones.
fn decimal(text: &str) -> Option<u64> {
    let text = text.trim().replace('_', "");
    let number = text.strip_prefix('-');
    let value = number.unwrap_or(&text).parse().ok()?;
    (number.is_none() || value == 0).then_some(value)
}
