//! What is in an object array, without loading it. NumPy saves such an array as a pickle, a program for a small stack
//! machine that may import and call anything. The walk follows the program with values that say only what an object
//! is: nothing is imported, nothing is called, and neither time nor memory depend on what the pickle claims.

mod calls;
mod decoder;
mod elements;
mod globals;
mod machine;
mod memo;
mod opcodes;
mod stack;
mod summary;
mod tables;
#[cfg(test)]
mod tests;

use decoder::Decoder;
pub use globals::{Global, GlobalName, Standing};
use machine::{ArrayList, Machine};
pub use summary::{Lengths, ObjectKind, Objects, PickleTrouble, Tallies, Tally, TroubleKind};

/// Walks over the pickle of an object array: the bytes of a .npy file behind its header, in chunks of any size.
#[derive(Debug)]
pub struct Walker {
    decoder: Decoder,
    machine: Machine,
    end: Option<End>,
}

/// How a walk ended.
#[derive(Debug, Clone, Copy)]
enum End {
    /// At its STOP.
    Stop,
    /// At something that Python refuses.
    Trouble(PickleTrouble),
}

impl Default for Walker {
    fn default() -> Self {
        Self::new()
    }
}

impl Walker {
    /// A walk that has seen nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { decoder: Decoder::new(), machine: Machine::new(), end: None }
    }

    /// Takes the next bytes. What comes after the end of the pickle is ignored.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        while self.end.is_none() {
            let done = match self.decoder.advance(&mut bytes) {
                Ok(false) => return,
                Ok(true) => self.machine.step(self.decoder.step()),
                Err(kind) => Err(kind),
            };
            self.end = match done {
                Ok(false) => None,
                Ok(true) => Some(End::Stop),
                Err(kind) => Some(End::Trouble(PickleTrouble { at: self.decoder.step().at, kind })),
            };
        }
    }

    /// Whether more bytes change nothing: the pickle has ended, or cannot go on.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.end.is_some()
    }

    /// How many values, texts and tallies the walk remembers at the moment; never more than [`Walker::MOST_KEPT`].
    #[must_use]
    pub fn kept(&self) -> usize {
        let machine = &self.machine;
        machine.stack.kept()
            + machine.memo.kept()
            + machine.texts.kept()
            + machine.shapes.kept()
            + machine.dtypes.kept()
            + machine.globals.kept()
            + machine.elements.kept()
    }

    /// The bound of [`Walker::kept`]. Values have 24 bytes, texts 256 at most and 256 KiB together.
    pub const MOST_KEPT: usize = stack::Stack::MOST
        + memo::Memo::MOST
        + tables::Texts::MOST
        + tables::Dtypes::MOST
        + tables::Globals::MOST
        + elements::Elements::MOST;

    /// What was seen. Bytes that end before the pickle does are trouble.
    #[must_use]
    pub fn finish(self) -> Objects {
        let bytes = self.decoder.at();
        let machine = self.machine;
        let mut objects = machine.elements.finish();
        let (bytes, trouble) = match self.end {
            Some(End::Trouble(trouble)) => (trouble.at, Some(trouble)),
            None => (bytes, Some(PickleTrouble { at: bytes, kind: TroubleKind::Truncated })),
            Some(End::Stop) if machine.list == ArrayList::Awaited => {
                (bytes, Some(PickleTrouble { at: 0, kind: TroubleKind::NotAnArray }))
            }
            Some(End::Stop) => (bytes, None),
        };
        // Losing track comes before whatever ended the walk.
        objects.trouble = machine.limit.or(trouble);
        objects.bytes = bytes;
        objects.protocol = machine.protocol;
        (objects.globals, objects.globals_beyond) = machine.globals.finish();
        objects
    }
}
