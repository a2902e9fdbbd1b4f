//! From bytes in chunks of any size to opcodes with their arguments. An argument is never held whole: its first bytes
//! are kept, the rest is counted.

use super::opcodes::{self, Argument, argument};
use super::summary::TroubleKind;

/// Bytes of a text argument that are kept. No name that NumPy's pickles import is a quarter as long.
pub(super) const KEPT: usize = 256;

/// Reads one opcode after the other.
#[derive(Debug)]
pub(super) struct Decoder {
    state: State,
    /// Bytes read so far.
    at: u64,
    step: Step,
    /// How many of the bytes that follow belong to an escape sequence that is already counted.
    escaped: u8,
    backslash: bool,
}

/// One opcode, with what followed it.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// The opcode.
    pub(super) opcode: u8,
    /// Where it stands, in bytes from the start of the pickle.
    pub(super) at: u64,
    /// A fixed argument, little-endian.
    pub(super) number: u64,
    /// The first [`KEPT`] bytes of a text or byte argument, or of the first of two lines.
    pub(super) text: Vec<u8>,
    /// The same of the second line.
    pub(super) second: Vec<u8>,
    /// Bytes of the argument, kept or not.
    pub(super) length: u64,
    /// Characters of the argument, if it is text.
    pub(super) characters: u64,
    /// Whether a line was longer than what is kept.
    pub(super) cut: bool,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Opcode,
    Fixed { width: u8, read: u8 },
    Line { last: bool },
    Length { width: u8, read: u8, signed: bool },
    Body { left: u64 },
}

impl Decoder {
    pub(super) fn new() -> Self {
        Self { state: State::Opcode, at: 0, step: Step::default(), escaped: 0, backslash: false }
    }

    /// Bytes read so far.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// The opcode that [`Decoder::advance`] has completed.
    pub(super) fn step(&self) -> &Step {
        &self.step
    }

    /// Takes bytes off the front until an opcode is complete: `Ok(true)`, or the bytes are used up: `Ok(false)`.
    pub(super) fn advance(&mut self, bytes: &mut &[u8]) -> Result<bool, TroubleKind> {
        while let Some((&byte, rest)) = bytes.split_first() {
            match self.state {
                State::Opcode => {
                    self.take(bytes, rest, 1);
                    if self.open(byte)? {
                        return Ok(true);
                    }
                }
                State::Fixed { width, read } | State::Length { width, read, .. } => {
                    self.take(bytes, rest, 1);
                    self.step.number |= u64::from(byte) << (8 * u32::from(read));
                    let read = read + 1;
                    match &mut self.state {
                        State::Fixed { read: so_far, .. } | State::Length { read: so_far, .. } if read < width => {
                            *so_far = read;
                        }
                        State::Length { signed, .. } => {
                            let signed = *signed;
                            if self.count(width, signed)? {
                                return Ok(true);
                            }
                        }
                        _ => return Ok(self.complete()),
                    }
                }
                State::Line { last } => {
                    let end = bytes.iter().position(|byte| *byte == b'\n');
                    let (line, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
                    self.keep(line, last);
                    self.step.length += line.len() as u64;
                    self.take(bytes, rest, line.len());
                    if end.is_some() {
                        self.take(bytes, &rest[1..], 1);
                        if last {
                            return Ok(self.complete());
                        }
                        self.state = State::Line { last: true };
                    }
                }
                State::Body { left } => {
                    let here = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
                    let (body, rest) = bytes.split_at(here);
                    self.keep(body, false);
                    self.take(bytes, rest, here);
                    let left = left - here as u64;
                    if left == 0 {
                        return Ok(self.complete());
                    }
                    self.state = State::Body { left };
                }
            }
        }
        Ok(false)
    }

    fn take<'b>(&mut self, bytes: &mut &'b [u8], rest: &'b [u8], taken: usize) {
        *bytes = rest;
        self.at += taken as u64;
    }

    fn complete(&mut self) -> bool {
        self.state = State::Opcode;
        true
    }

    /// Begins an opcode. True if nothing follows it.
    fn open(&mut self, opcode: u8) -> Result<bool, TroubleKind> {
        self.step.opcode = opcode;
        self.step.at = self.at - 1;
        let Some(argument) = argument(opcode) else { return Err(TroubleKind::UnknownOpcode { byte: opcode }) };
        self.step.number = 0;
        self.step.length = 0;
        self.step.characters = 0;
        self.step.cut = false;
        self.step.text.clear();
        self.step.second.clear();
        (self.escaped, self.backslash) = (0, false);
        self.state = match argument {
            Argument::None => return Ok(true),
            Argument::Fixed(width) => State::Fixed { width, read: 0 },
            Argument::Line => State::Line { last: true },
            Argument::Lines => State::Line { last: false },
            Argument::Counted(width) => State::Length { width, read: 0, signed: false },
            Argument::Signed(width) => State::Length { width, read: 0, signed: true },
        };
        Ok(false)
    }

    /// Takes the length that was read. True if nothing follows it.
    fn count(&mut self, width: u8, signed: bool) -> Result<bool, TroubleKind> {
        let length = self.step.number;
        // Python refuses a length that its `Py_ssize_t` cannot hold, and a negative one.
        let most = if signed { (1 << (8 * u32::from(width) - 1)) - 1 } else { i64::MAX.unsigned_abs() };
        if length > most {
            return Err(TroubleKind::Length);
        }
        self.step.length = length;
        self.state = State::Body { left: length };
        Ok(length == 0 && self.complete())
    }

    fn keep(&mut self, bytes: &[u8], last: bool) {
        let two = argument(self.step.opcode) == Some(Argument::Lines);
        let kept = if two && last { &mut self.step.second } else { &mut self.step.text };
        let room = KEPT - kept.len();
        self.step.cut |= bytes.len() > room;
        kept.extend_from_slice(&bytes[..room.min(bytes.len())]);
        match self.step.opcode {
            opcodes::UNICODE | opcodes::STRING => bytes.iter().for_each(|byte| self.count_escaped(*byte)),
            opcodes::BINUNICODE | opcodes::SHORT_BINUNICODE | opcodes::BINUNICODE8 => {
                // Every character of UTF-8 has one byte that does not continue another.
                self.step.characters += bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count() as u64;
            }
            _ => self.step.characters += bytes.len() as u64,
        }
    }

    /// Counts a character of a line with escape sequences, at the first byte of each.
    fn count_escaped(&mut self, byte: u8) {
        if self.escaped > 0 {
            self.escaped -= 1;
            return;
        }
        if std::mem::take(&mut self.backslash) {
            match (self.step.opcode, byte) {
                (opcodes::UNICODE, b'u') => self.escaped = 4,
                (opcodes::UNICODE, b'U') => self.escaped = 8,
                (opcodes::STRING, b'x') => self.escaped = 2,
                (opcodes::UNICODE, _) => self.step.characters += 1,
                _ => {}
            }
            return;
        }
        self.step.characters += 1;
        self.backslash = byte == b'\\';
    }
}

impl Step {
    /// The text of a string argument, `None` where it is longer than what is kept, or cannot be decoded.
    pub(super) fn decoded(&self) -> Option<String> {
        if self.cut {
            return None;
        }
        match self.opcode {
            opcodes::UNICODE => unescape(&self.text, true),
            opcodes::STRING => {
                let quoted = self.text.trim_ascii();
                let inner = quoted.get(1..quoted.len().checked_sub(1)?)?;
                unescape(inner, false)
            }
            _ => String::from_utf8(self.text.clone()).ok(),
        }
    }
}

/// Resolves `\uXXXX` and `\UXXXXXXXX` (raw-unicode-escape), or what `repr` of a byte string writes.
fn unescape(bytes: &[u8], unicode: bool) -> Option<String> {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            text.push(char::from(byte));
            continue;
        }
        let (&kind, after) = rest.split_first()?;
        let digits = match (unicode, kind) {
            (true, b'u') => 4,
            (true, b'U') => 8,
            (false, b'x') => 2,
            (true, _) => {
                text.extend(['\\', char::from(kind)]);
                rest = after;
                continue;
            }
            (false, b'\\' | b'\'' | b'"') => {
                text.push(char::from(kind));
                rest = after;
                continue;
            }
            (false, _) => return None,
        };
        let (number, after) = after.split_at_checked(digits)?;
        let number = u32::from_str_radix(std::str::from_utf8(number).ok()?, 16).ok()?;
        text.push(char::from_u32(number)?);
        rest = after;
    }
    Some(text)
}
