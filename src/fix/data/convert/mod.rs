//! The bytes of an array behind its steps, pulled by whoever writes them: in C order, little-endian, in bounded memory.
//!
//! What is done to values alone (`kernel`, `cast`) goes piece by piece. What moves them (`reorder`) fills one block of
//! the result after the other and reads what belongs there; all moves in a row are one.

mod cast;
mod kernel;
mod reorder;
#[cfg(test)]
mod tests;

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rawzip::FileReader;

use super::step::{Step, apply_all};
use crate::fix::replace::STOPPED;
use crate::source::{ArrayFacts, Data, Header, Progress};
use crate::spec::dtype::{ByteOrder, Dtype, Kind};
use kernel::{Kernel, Values};
use reorder::{Moves, Reorder};

/// Bytes of one row at most where rows become ids or ids rows.
const ROW: u64 = 64 << 20;

/// Bytes that come one after the other.
trait Stage: Send {
    /// The next bytes, as many as `out` has: a whole number of elements. There must be so many.
    fn fill(&mut self, out: &mut [u8]) -> io::Result<()>;

    /// Goes to a byte of it, the first of an element.
    fn seek(&mut self, byte: u64) -> io::Result<()>;

    /// Bytes of memory that it holds.
    fn held(&self) -> usize {
        0
    }
}

/// An array behind its steps. It reads as the data of the result, all rows or some.
pub struct Converted<'p> {
    stage: Box<dyn Stage + 'p>,
    header: Header,
    /// Bytes of a row of the result.
    row: u64,
    /// Bytes that come out of the stage at once at least.
    unit: usize,
    /// Where the stage stands, and where the rows that are wanted end.
    at: u64,
    end: u64,
    /// A unit of which not everything was taken.
    spill: Vec<u8>,
    taken: usize,
}

impl<'p> Converted<'p> {
    /// The array of a file of `size` bytes behind the steps. [`io::ErrorKind::InvalidInput`] with a fragment of a sentence
    /// where that cannot be done. While bytes are read they are added to what is done of the progress, and reading ends with
    /// an error when somebody stopped it.
    pub fn new(
        file: &Arc<FileReader>,
        array: &ArrayFacts,
        size: u64,
        steps: &[Step],
        progress: &'p Progress,
    ) -> io::Result<Self> {
        let header = apply_all(steps, &array.header).ok_or_else(|| unable("the steps do not fit the array"))?;
        let data = Data::open(file, array, size)?;
        let mut chain = Chain {
            stage: Box::new(Raw { data, at: 0, progress }),
            dtype: array.header.dtype.clone(),
            moves: Moves::of(&array.header.shape, array.header.layout().is_reversed()),
        };
        chain.native()?;
        let mut unit = 0;
        for step in steps {
            unit = unit.max(chain.step(step)?);
        }
        chain.settle()?;
        let Chain { stage, .. } = chain;
        let unit = unit.max(kernel::size(&header.dtype)?);
        let row = header.shape.get(1..).unwrap_or_default().iter().fold(header.dtype.size, |all, n| all * n);
        let end = header.bytes();
        Ok(Self { stage, header, row, unit, at: 0, end, spill: Vec::new(), taken: 0 })
    }

    /// The header of the whole result.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Goes to some rows of the result, or to all: what is read next are they, and then it ends. Rows that follow each
    /// other are read in one go.
    pub fn rows(&mut self, rows: Option<&Range<u64>>) -> io::Result<()> {
        let all = 0..self.header.shape.first().copied().unwrap_or(1);
        let rows = rows.unwrap_or(&all);
        if rows.start > rows.end || rows.end > all.end {
            return Err(unable("it does not have these rows"));
        }
        let (start, end) = (rows.start * self.row, rows.end * self.row);
        if start != self.at || !self.is_dry() {
            self.spill.clear();
            self.taken = 0;
            self.stage.seek(start)?;
        }
        (self.at, self.end) = (start, end);
        Ok(())
    }

    /// Bytes of memory that it holds.
    #[must_use]
    pub fn held(&self) -> usize {
        self.stage.held() + self.spill.capacity()
    }

    fn is_dry(&self) -> bool {
        self.taken == self.spill.len()
    }
}

impl Read for Converted<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.is_dry() {
            let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
            let whole = left.min(out.len()) / self.unit.max(1) * self.unit.max(1);
            if whole > 0 {
                self.stage.fill(&mut out[..whole])?;
                self.at += whole as u64;
                return Ok(whole);
            }
            if left == 0 || out.is_empty() {
                return Ok(0);
            }
            self.taken = 0;
            self.spill.resize(left.min(self.unit), 0);
            self.stage.fill(&mut self.spill)?;
            self.at += self.spill.len() as u64;
        }
        let some = out.len().min(self.spill.len() - self.taken);
        out[..some].copy_from_slice(&self.spill[self.taken..self.taken + some]);
        self.taken += some;
        Ok(some)
    }
}

/// Something that cannot be done, as a fragment of a sentence.
fn unable(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why.into())
}

/// Stages on their way.
struct Chain<'p> {
    stage: Box<dyn Stage + 'p>,
    /// What comes out of the stage.
    dtype: Dtype,
    /// How it is still to be moved.
    moves: Moves,
}

impl Chain<'_> {
    fn push(&mut self, kernel: Kernel) {
        let stage = std::mem::replace(&mut self.stage, Box::new(Nothing));
        self.stage = Box::new(Values::new(stage, kernel));
    }

    /// Puts the bytes of each element into little-endian order.
    fn native(&mut self) -> io::Result<()> {
        if kernel::holds_big(&self.dtype) {
            return Err(unable("fields of a structured type in big-endian order are not turned around"));
        }
        if matches!(self.dtype.kind, Kind::Object) || crate::source::npy::holds_objects(&self.dtype) {
            return Err(unable("it holds Python objects"));
        }
        if self.dtype.order == ByteOrder::Big && self.dtype.size > 1 {
            self.push(kernel::swap(&self.dtype)?);
            self.dtype.order = ByteOrder::Little;
        }
        Ok(())
    }

    /// Adds a step. Gives the bytes that must come out of it at once.
    fn step(&mut self, step: &Step) -> io::Result<usize> {
        let header = Header { dtype: self.dtype.clone(), shape: self.moves.shape(), fortran: false };
        let result = step.apply(&header).ok_or_else(|| unable("a step does not fit the array"))?;
        match step {
            Step::Cast(to) => self.cast(to)?,
            Step::Scale { divisor, less } => {
                self.cast(&result.dtype)?;
                self.push(kernel::scale(*divisor, *less));
            }
            Step::Subtract { by, except } => self.push(kernel::subtract(&self.dtype, *by, except)?),
            Step::Transpose(order) => self.moves.transpose(order),
            Step::AddAxis(at) => self.moves.add(*at),
            Step::DropAxis(at) => self.moves.drop(*at),
            Step::MergeAxes => {
                if !self.moves.merge() {
                    self.settle()?;
                    self.moves.merge();
                }
            }
            Step::Ids(to) => {
                self.settle()?;
                let classes = header.shape.last().copied().unwrap_or(1);
                self.push(kernel::ids(&self.dtype, few(classes, &self.dtype)?, to)?);
            }
            Step::OneHot { classes, to } => {
                self.settle()?;
                self.push(kernel::one_hot(&self.dtype, few(*classes, to)?, to)?);
            }
        }
        self.dtype = result.dtype;
        match step {
            Step::Ids(_) | Step::OneHot { .. } => self.moves = Moves::of(&result.shape, false),
            _ => {}
        }
        Ok(match step {
            Step::OneHot { classes, to } => few(*classes, to)? * kernel::size(to)?,
            _ => 0,
        })
    }

    fn cast(&mut self, to: &Dtype) -> io::Result<()> {
        if self.dtype.unordered() != to.unordered() {
            let kernel = cast::cast(&self.dtype, to)
                .ok_or_else(|| unable(format!("{} is not cast to {}", self.dtype.name(), to.name())))?;
            self.push(kernel);
        }
        Ok(())
    }

    /// Moves what is still to be moved.
    fn settle(&mut self) -> io::Result<()> {
        let shape = self.moves.shape();
        if let Some((shape, order)) = self.moves.needed() {
            let stage = std::mem::replace(&mut self.stage, Box::new(Nothing));
            self.stage = Box::new(Reorder::new(stage, shape, order, kernel::size(&self.dtype)?)?);
        }
        self.moves = Moves::of(&shape, false);
        Ok(())
    }
}

/// The length of a row of classes.
fn few(classes: u64, dtype: &Dtype) -> io::Result<usize> {
    let bytes = classes.saturating_mul(dtype.size.max(1));
    usize::try_from(classes).ok().filter(|_| bytes <= ROW).ok_or_else(|| unable("its rows are too long"))
}

/// Stands where a stage was taken away to be put into another.
struct Nothing;

impl Stage for Nothing {
    fn fill(&mut self, _: &mut [u8]) -> io::Result<()> {
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    fn seek(&mut self, _: u64) -> io::Result<()> {
        Ok(())
    }
}

/// The array as the file has it.
struct Raw<'p> {
    data: Data,
    at: u64,
    progress: &'p Progress,
}

impl Stage for Raw<'_> {
    fn fill(&mut self, out: &mut [u8]) -> io::Result<()> {
        if self.progress.stopped() {
            return Err(io::Error::other(STOPPED));
        }
        self.data.read_exact(out)?;
        self.at += out.len() as u64;
        self.progress.done.fetch_add(out.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    fn seek(&mut self, byte: u64) -> io::Result<()> {
        if self.at != byte {
            self.data.seek(byte)?;
            self.at = byte;
        }
        Ok(())
    }
}
