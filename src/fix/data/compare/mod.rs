//! A second opinion on what was written: old and new array are read again, decoded by [`crate::values`] and not by what
//! converted them, and every value is held against what the steps promise for it.
//!
//! Where elements stay in their order, or in their row, both are read side by side. Where they move further, each side is summed up into one number
//! of places and values, which does not depend on the order of reading: the place of an old element in the new array
//! follows from the steps alone, axis by axis ([`places`]).

mod model;
mod places;
#[cfg(test)]
mod tests;

use std::io::{self, Read as _};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rawzip::FileReader;

use super::make::{is_kept, result};
use super::plan::Part;
use super::step::Step;
use crate::fix::replace::STOPPED;
use crate::source::{ArrayFacts, Data, Header, Progress};
use crate::spec::dtype::{Dtype, Kind, MlType};
use crate::values::HitKind;
use model::Model;
use places::{Axis, Places, Way, put_back};

/// Bytes of either side that are compared at a time, more or less.
const PIECE: u64 = 128 * 1024;

/// Bytes of a row at most that is put back into its order.
const ROW: u64 = 64 << 20;

/// What comparing a new array with the old one has shown: every value is what its steps promise.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Compared {
    /// Which array of the old file, by index into its facts.
    pub array: usize,
    /// Values that were compared; a complex number is two.
    pub values: u64,
    /// How many of them no cast has changed. Scaling and subtracting are no casts.
    pub exact: u64,
    /// How many were rounded to the nearest value of the new type.
    pub rounded: u64,
    /// How far rounding moved one at most, relative to it.
    pub worst: f64,
    /// What a cast did to others, and how many.
    pub lost: Vec<(HitKind, u64)>,
}

/// One side: the open file, the array, the bytes of the file.
type Side<'s> = (&'s Arc<FileReader>, &'s ArrayFacts, u64);

/// Compares an array with what it became. [`io::ErrorKind::InvalidData`], with the end of a sentence, where it is not what
/// the plan promises.
pub(super) fn compare(part: &Part, old: Side<'_>, new: Side<'_>, progress: &Progress) -> io::Result<Compared> {
    let (old_file, array, old_size) = old;
    let (new_file, made, new_size) = new;
    let wanted = result(array, part).ok_or_else(|| wrong("the plan does not fit the array"))?;
    if !is_alike(&wanted, &made.header) {
        return Err(wrong("what was written has another type or shape than it should"));
    }
    let values = |compared: Compared| Compared { array: part.array, ..compared };
    if is_kept(part) {
        let (mut left, mut right) =
            (Data::with_header(old_file, array, old_size)?, Data::with_header(new_file, made, new_size)?);
        if left.length() != right.length() {
            return Err(different());
        }
        let bytes = left.length();
        pieces(bytes, 1, progress, &mut |piece, buffers| {
            fill(&mut left, &mut buffers.0, piece)?;
            fill(&mut right, &mut buffers.1, piece)?;
            if buffers.0 == buffers.1 { Ok(()) } else { Err(different()) }
        })?;
        let count = array.header.elements();
        return Ok(values(Compared { values: count, exact: count, ..Compared::default() }));
    }
    let (left, right) = (Data::open(old_file, array, old_size)?, Data::open(new_file, made, new_size)?);
    let steps = part.steps.as_deref().unwrap_or_default();
    let way = Way::new(steps, &array.header).ok_or_else(|| wrong("its steps cannot be followed"))?;
    let task = Task { array: &array.header, made: &wanted, way, rows: part.rows.clone(), progress };
    let model = Model::new(steps, &array.header.dtype, &wanted.dtype);
    let model = model.ok_or_else(|| wrong("its steps cannot be followed"))?;
    Ok(values(match task.way.within_rows(&array.header, task.row()) {
        _ if !task.way.moves => task.side_by_side(left, right, model)?,
        Some(axes) if task.row().saturating_mul(array.header.dtype.size.max(wanted.dtype.size)) <= ROW => {
            task.row_by_row(left, right, model, &axes)?
        }
        _ => task.summed(left, right, model, steps)?,
    }))
}

fn wrong(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

fn different() -> io::Error {
    wrong("the values that were written are not those that they should be")
}

/// Whether a header is the one that was wanted. bfloat16 has no name of its own in files.
fn is_alike(wanted: &Header, made: &Header) -> bool {
    let bfloat16 =
        |dtype: &Dtype| dtype.size == 2 && matches!(dtype.kind, Kind::Ml(MlType::Bfloat16) | Kind::UnnamedMl);
    let same = wanted.dtype == made.dtype || (bfloat16(&wanted.dtype) && bfloat16(&made.dtype));
    same && wanted.shape == made.shape && wanted.fortran == made.fortran
}

/// Bytes of the old side, and of the new one.
type Buffers = (Vec<u8>, Vec<u8>);

/// Calls `each` with the number of elements of every piece.
fn pieces(
    elements: u64,
    size: u64,
    progress: &Progress,
    each: &mut dyn FnMut(u64, &mut Buffers) -> io::Result<()>,
) -> io::Result<()> {
    let most = (PIECE / size.max(1)).max(1);
    let mut buffers = Buffers::default();
    let mut left = elements;
    while left > 0 {
        if progress.stopped() {
            return Err(io::Error::other(STOPPED));
        }
        let piece = left.min(most);
        each(piece, &mut buffers)?;
        progress.done.fetch_add(piece * size, Ordering::Relaxed);
        left -= piece;
    }
    Ok(())
}

fn fill(data: &mut Data, buffer: &mut Vec<u8>, bytes: u64) -> io::Result<()> {
    buffer.resize(usize::try_from(bytes).unwrap_or(usize::MAX), 0);
    data.read_exact(buffer)
}

struct Task<'t> {
    array: &'t Header,
    /// The header of what was made: the rows of the result that are looked at.
    made: &'t Header,
    way: Way,
    rows: Option<Range<u64>>,
    progress: &'t Progress,
}

impl Task<'_> {
    /// Elements of one row of the result.
    fn row(&self) -> u64 {
        self.made.layout().row_elements()
    }

    /// The part of the result that is looked at, as flat indices into the whole of it.
    fn part(&self) -> Range<u64> {
        let start = self.rows.as_ref().map_or(0, |rows| rows.start * self.row());
        start..start + self.made.elements()
    }

    /// Nothing has moved: one element on this side, one on that.
    fn side_by_side(&self, mut left: Data, mut right: Data, mut model: Model) -> io::Result<Compared> {
        let (from, to) = (self.array.dtype.size, self.made.dtype.size);
        let part = self.part();
        left.seek(part.start * from)?;
        pieces(part.end - part.start, from, self.progress, &mut |piece, (old, new)| {
            fill(&mut left, old, piece * from)?;
            fill(&mut right, new, piece * to)?;
            if model.holds(old, new) { Ok(()) } else { Err(different()) }
        })?;
        Ok(model.compared(part.end - part.start))
    }

    /// Elements have moved within their rows: those of the new array are put back.
    fn row_by_row(&self, mut left: Data, mut right: Data, mut model: Model, axes: &[Axis]) -> io::Result<Compared> {
        let (from, to, row) = (self.array.dtype.size, self.made.dtype.size, self.row());
        let part = self.part();
        let few = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let mut back = Vec::new();
        left.seek(part.start * from)?;
        pieces((part.end - part.start) / row, row * from, self.progress, &mut |rows, (old, new)| {
            fill(&mut left, old, rows * row * from)?;
            fill(&mut right, new, rows * row * to)?;
            back.resize(new.len(), 0);
            put_back(axes, few(row), few(to), new, &mut back);
            if model.holds(old, &back) { Ok(()) } else { Err(different()) }
        })?;
        Ok(model.compared(part.end - part.start))
    }

    /// Elements have moved: both sides are summed up.
    fn summed(&self, mut left: Data, mut right: Data, mut model: Model, steps: &[Step]) -> io::Result<Compared> {
        let classes = Classes::of(steps);
        let part = self.part();
        let (from, to) = (self.array.dtype.size, self.made.dtype.size);
        let parts = model.parts();
        let mut elements = self.array.elements();
        let mut places = Places::new(&self.way, self.array);
        // Where rows stay rows, only those that are wanted are read.
        if let (Some(rows), true) = (&self.rows, self.way.keeps_rows(self.array, self.row())) {
            let row = self.array.layout().row_elements();
            left.seek(rows.start * row * from)?;
            places.skip_rows(rows.start);
            elements = (rows.end - rows.start) * row;
        }
        let mut sum = Sum { number: 0, count: 0, sound: true };
        pieces(elements, from, self.progress, &mut |piece, (old, _)| {
            fill(&mut left, old, piece * from)?;
            let give = &mut |values: &[u64]| {
                for element in values.chunks(parts) {
                    let (place, class) = places.next();
                    let (place, element) = match (classes, self.way.one_hot) {
                        (Classes::None, _) => (place, element),
                        (Classes::OneHot(classes), Some(far)) => match model::as_class(element[0]) {
                            Some(id) if id < classes => (place + id * far, &[1][..]),
                            _ => {
                                sum.sound = false;
                                continue;
                            }
                        },
                        _ => match model::as_class(element[0]) {
                            Some(1) => (place, &[class][..]),
                            zero => {
                                sum.sound &= zero == Some(0);
                                continue;
                            }
                        },
                    };
                    if part.contains(&place) {
                        sum.add((place - part.start) * parts as u64, element);
                    }
                }
            };
            model.values(old, give).ok_or_else(different)
        })?;
        let mut made = Sum { number: 0, count: 0, sound: true };
        let mut place = 0;
        pieces(part.end - part.start, to, self.progress, &mut |piece, (_, new)| {
            fill(&mut right, new, piece * to)?;
            let give = &mut |values: &[u64]| {
                for value in values {
                    match (classes, model::is_class(*value)) {
                        (Classes::None, _) => made.add(place, &[*value]),
                        (Classes::Ids, Some(id)) => made.add(place, &[id]),
                        (Classes::OneHot(_), Some(1)) => made.add(place, &[1]),
                        (Classes::OneHot(_), Some(0)) => {}
                        _ => made.sound = false,
                    }
                    place += 1;
                }
            };
            model.made(new, give).ok_or_else(different)
        })?;
        if sum != made || !sum.sound {
            return Err(different());
        }
        Ok(model.compared(part.end - part.start))
    }
}

/// What becomes of classes.
#[derive(Clone, Copy)]
enum Classes {
    None,
    /// Rows become ids.
    Ids,
    /// Ids become rows of so many.
    OneHot(u64),
}

impl Classes {
    fn of(steps: &[Step]) -> Self {
        let find = |step: &Step| match step {
            Step::Ids(_) => Some(Self::Ids),
            Step::OneHot { classes, .. } => Some(Self::OneHot(*classes)),
            _ => None,
        };
        steps.iter().find_map(find).unwrap_or(Self::None)
    }
}

/// Values at places, summed up in any order.
#[derive(PartialEq)]
struct Sum {
    number: u64,
    count: u64,
    /// Whether everything was what it should be.
    sound: bool,
}

impl Sum {
    fn add(&mut self, place: u64, values: &[u64]) {
        for (at, value) in values.iter().enumerate() {
            self.number = self.number.wrapping_add(mix(place + at as u64, *value));
            self.count += 1;
        }
    }
}

/// One number of a place and the value there. A sum of them tells the same from anything else.
fn mix(place: u64, value: u64) -> u64 {
    let mut mixed = value ^ place.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17);
    for factor in [0xd6e8_feb8_6659_fd93_u64, 0xff51_afd7_ed55_8ccd] {
        mixed = (mixed ^ mixed >> 32).wrapping_mul(factor);
    }
    mixed ^ mixed >> 29
}
