//! Elements in another order. The result is made block by block, each of bounded size: the part of the input that belongs to
//! a block is a box, which is read in the order of the input and put into that of the result.

use std::io;
use std::ops::Range;

use super::{Stage, unable};

/// Bytes of a block at most. A pass over what is deflated fills one of them, so it should not be small.
#[cfg(not(test))]
const BLOCK: usize = 32 << 20;
#[cfg(test)]
const BLOCK: usize = 512;
/// Bytes of a block where the first axis stays the first: nothing is read twice then, and what is small stays in the cache.
const SMALL: usize = BLOCK / 64;
/// Bytes that are read at a time where little of them is wanted.
#[cfg(not(test))]
const WINDOW: usize = 256 * 1024;
#[cfg(test)]
const WINDOW: usize = 64;
/// Elements along two axes that are moved together: a square of them lies in few lines of the cache.
const TILE: usize = 32;

/// Moves of axes that were not made yet: the result's axes, as axes of the input.
pub(super) struct Moves {
    /// Sizes of the axes in the order of the input, which varies fastest along the last.
    input: Vec<u64>,
    /// Which of them each axis of the result is.
    order: Vec<usize>,
}

impl Moves {
    /// An array of that shape in C order, or in Fortran order to be put into C order.
    pub(super) fn of(shape: &[u64], reversed: bool) -> Self {
        if reversed {
            Self { input: shape.iter().rev().copied().collect(), order: (0..shape.len()).rev().collect() }
        } else {
            Self { input: shape.to_vec(), order: (0..shape.len()).collect() }
        }
    }

    /// The shape of the result.
    pub(super) fn shape(&self) -> Vec<u64> {
        self.order.iter().map(|axis| self.input[*axis]).collect()
    }

    pub(super) fn transpose(&mut self, order: &[usize]) {
        self.order = order.iter().map(|axis| self.order[*axis]).collect();
    }

    pub(super) fn add(&mut self, at: usize) {
        self.order.insert(at, self.input.len());
        self.input.push(1);
    }

    pub(super) fn drop(&mut self, at: usize) {
        let gone = self.order.remove(at);
        self.input.remove(gone);
        for axis in &mut self.order {
            *axis -= usize::from(*axis > gone);
        }
    }

    /// Makes the first two axes one. False where they do not follow each other in the input.
    pub(super) fn merge(&mut self) -> bool {
        let (first, second) = (self.order[0], self.order[1]);
        if second != first + 1 {
            return false;
        }
        self.input[first] *= self.input.remove(second);
        self.order.remove(1);
        for axis in &mut self.order {
            *axis -= usize::from(*axis > first);
        }
        true
    }

    /// The moves without what moves nothing: axes of size 1 left out, axes that stay side by side made one. `None` where
    /// the order stays.
    pub(super) fn needed(&self) -> Option<(Vec<u64>, Vec<usize>)> {
        if self.input.contains(&0) {
            return None;
        }
        let order: Vec<usize> = self.order.iter().copied().filter(|axis| self.input[*axis] > 1).collect();
        let mut kept = order.clone();
        kept.sort_unstable();
        // Groups of axes that follow each other in both.
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for axis in order {
            let place = kept.binary_search(&axis).unwrap_or(0);
            match groups.last_mut() {
                Some(group) if group.last().is_some_and(|last| last + 1 == place) => group.push(place),
                _ => groups.push(vec![place]),
            }
        }
        if groups.len() < 2 {
            return None;
        }
        let mut by_input: Vec<usize> = (0..groups.len()).collect();
        by_input.sort_unstable_by_key(|group| groups[*group][0]);
        let size = |group: &usize| groups[*group].iter().map(|place| self.input[kept[*place]]).product();
        let shape = by_input.iter().map(size).collect();
        let order = (0..groups.len()).map(|group| by_input.iter().position(|at| *at == group).unwrap_or(0)).collect();
        Some((shape, order))
    }
}

/// A stage whose elements are put into another order.
pub(super) struct Reorder<'p> {
    stage: Box<dyn Stage + 'p>,
    element: usize,
    /// Sizes in the order of the input, and which of them each axis of the result is.
    input: Vec<usize>,
    order: Vec<usize>,
    /// The axis of the result that blocks cut, and how much of it a block takes.
    cut: usize,
    step: usize,
    /// The block that is held: its bytes, and which of the result they are.
    block: Vec<u8>,
    held: Range<u64>,
    at: u64,
    /// The part of the input that was read last.
    window: Vec<u8>,
    seen: Range<u64>,
    gathered: Vec<u8>,
}

impl<'p> Reorder<'p> {
    pub(super) fn new(
        stage: Box<dyn Stage + 'p>,
        input: Vec<u64>,
        order: Vec<usize>,
        element: usize,
    ) -> io::Result<Self> {
        let input: Option<Vec<usize>> = input.into_iter().map(|size| usize::try_from(size).ok()).collect();
        let input = input.ok_or_else(|| unable("it is too large for this machine"))?;
        let sizes: Vec<usize> = order.iter().map(|axis| input[*axis]).collect();
        let behind = |axis: usize| sizes[axis + 1..].iter().fold(element.max(1), |all, size| all.saturating_mul(*size));
        let kept = order.iter().enumerate().take_while(|(at, axis)| at == *axis).count();
        let cut = (0..sizes.len()).find(|axis| behind(*axis) <= BLOCK).unwrap_or(sizes.len() - 1);
        let room = if cut < kept { SMALL } else { BLOCK };
        let step = (room / behind(cut)).clamp(1, sizes[cut]);
        Ok(Self {
            stage,
            element,
            input,
            order,
            cut,
            step,
            block: Vec::new(),
            held: 0..0,
            at: 0,
            window: Vec::new(),
            seen: 0..0,
            gathered: Vec::new(),
        })
    }

    /// Fills the block that holds the byte `at` of the result.
    fn load(&mut self) -> io::Result<()> {
        // The place of the byte along the axes of the result, up to the one that is cut.
        let sizes: Vec<usize> = self.order.iter().map(|axis| self.input[*axis]).collect();
        let behind = |axis: usize| sizes[axis + 1..].iter().product::<usize>() as u64;
        let mut rest = self.at / self.element as u64;
        let mut first = 0;
        let mut part: Vec<Range<usize>> = self.input.iter().map(|size| 0..*size).collect();
        for axis in 0..=self.cut {
            let place = usize::try_from(rest / behind(axis)).unwrap_or(usize::MAX);
            rest %= behind(axis);
            let place = if axis < self.cut {
                place..place + 1
            } else {
                let start = place / self.step * self.step;
                start..(start + self.step).min(sizes[axis])
            };
            first += place.start as u64 * behind(axis);
            part[self.order[axis]] = place;
        }
        let counts: Vec<usize> = part.iter().map(ExactSizeIterator::len).collect();
        let bytes = counts.iter().product::<usize>() * self.element;
        let mut gathered = std::mem::take(&mut self.gathered);
        gathered.resize(bytes, 0);
        let read = self.gather(&part, &mut gathered);
        self.gathered = gathered;
        read?;
        self.block.resize(bytes, 0);
        permute(&self.gathered, &mut self.block, &counts, &self.order, self.element);
        self.held = first * self.element as u64..first * self.element as u64 + bytes as u64;
        if bytes > SMALL {
            // It is as large as the block, and the next one may be long in coming.
            self.gathered = Vec::new();
        }
        Ok(())
    }

    /// Reads a box of the input, in its order.
    fn gather(&mut self, part: &[Range<usize>], out: &mut [u8]) -> io::Result<()> {
        // Axes behind the last that is cut are read whole: they and that one make the runs.
        let run_axis = part.iter().zip(&self.input).rposition(|(part, size)| part.len() < *size).unwrap_or(0);
        let inner = self.input[run_axis + 1..].iter().product::<usize>() * self.element;
        let run = part[run_axis].len() * inner;
        let spacing = self.input[run_axis] * inner;
        let mut place: Vec<usize> = part[..run_axis].iter().map(|part| part.start).collect();
        for out in out.chunks_mut(run.max(1)) {
            let outer =
                place.iter().zip(&self.input).fold(0_u64, |all, (place, size)| all * *size as u64 + *place as u64);
            let start = outer * spacing as u64 + (part[run_axis].start * inner) as u64;
            self.run(start, spacing, out)?;
            for axis in (0..run_axis).rev() {
                place[axis] += 1;
                if place[axis] < part[axis].end {
                    break;
                }
                place[axis] = part[axis].start;
            }
        }
        Ok(())
    }

    /// Reads a run of the input. The next one starts `spacing` bytes behind its start.
    fn run(&mut self, start: u64, spacing: usize, out: &mut [u8]) -> io::Result<()> {
        let end = start + out.len() as u64;
        if spacing >= WINDOW / 4 || out.len() >= WINDOW {
            self.seen = 0..0;
            self.stage.seek(start)?;
            return self.stage.fill(out);
        }
        if !(self.seen.start <= start && end <= self.seen.end) {
            let all = self.input.iter().product::<usize>() as u64 * self.element as u64;
            let left = usize::try_from(all - start).unwrap_or(usize::MAX);
            let wanted = (WINDOW / self.element.max(1) * self.element).max(out.len()).min(left);
            self.window.resize(wanted, 0);
            self.seen = 0..0;
            self.stage.seek(start)?;
            self.stage.fill(&mut self.window)?;
            self.seen = start..start + wanted as u64;
        }
        let at = usize::try_from(start - self.seen.start).unwrap_or(0);
        out.copy_from_slice(&self.window[at..at + out.len()]);
        Ok(())
    }
}

impl Stage for Reorder<'_> {
    fn fill(&mut self, out: &mut [u8]) -> io::Result<()> {
        if self.element == 0 {
            return Ok(());
        }
        let mut done = 0;
        while done < out.len() {
            if !self.held.contains(&self.at) {
                self.load()?;
            }
            let from = usize::try_from(self.at - self.held.start).unwrap_or(0);
            let some = (self.block.len() - from).min(out.len() - done);
            out[done..done + some].copy_from_slice(&self.block[from..from + some]);
            done += some;
            self.at += some as u64;
        }
        Ok(())
    }

    fn seek(&mut self, byte: u64) -> io::Result<()> {
        self.at = byte;
        Ok(())
    }

    fn held(&self) -> usize {
        self.block.capacity() + self.window.capacity() + self.gathered.capacity() + self.stage.held()
    }
}

/// Puts elements in C order of `shape` into C order of its axes in another order.
fn permute(from: &[u8], to: &mut [u8], shape: &[usize], order: &[usize], element: usize) {
    macro_rules! chunks {
        ($size:expr) => {{
            let ((from, _), (to, _)) = (from.as_chunks::<$size>(), to.as_chunks_mut::<$size>());
            tiles(shape, order, |target, source| to[target] = from[source]);
        }};
    }
    match element {
        1 => chunks!(1),
        2 => chunks!(2),
        4 => chunks!(4),
        8 => chunks!(8),
        16 => chunks!(16),
        size => tiles(shape, order, |target, source| {
            to[target * size..(target + 1) * size].copy_from_slice(&from[source * size..(source + 1) * size]);
        }),
    }
}

/// Calls `put` with every place in the result and the place of the same element in the input: in squares along the axis
/// that varies fastest in the input and the one that does in the result, so that both sides stay in the cache.
fn tiles(shape: &[usize], order: &[usize], mut put: impl FnMut(usize, usize)) {
    let axes = shape.len();
    let stride = |sizes: &[usize], axis: usize| sizes[axis + 1..].iter().product::<usize>();
    let sizes: Vec<usize> = order.iter().map(|axis| shape[*axis]).collect();
    let source: Vec<usize> = order.iter().map(|axis| stride(shape, *axis)).collect();
    let target: Vec<usize> = (0..axes).map(|axis| stride(&sizes, axis)).collect();
    let (Some(last), Some(fast)) = (axes.checked_sub(1), order.iter().position(|axis| axis + 1 == axes)) else {
        return put(0, 0);
    };
    let others: Vec<usize> = (0..axes).filter(|axis| *axis != last && *axis != fast).collect();
    let (width, height) = (sizes[last], if fast == last { 1 } else { sizes[fast] });
    let count: usize = others.iter().map(|axis| sizes[*axis]).product();
    let mut place = vec![0; others.len()];
    for _ in 0..count {
        let sum =
            |strides: &[usize]| place.iter().zip(&others).map(|(place, axis)| place * strides[*axis]).sum::<usize>();
        let (to, from) = (sum(&target), sum(&source));
        for top in (0..height).step_by(TILE) {
            for left in (0..width).step_by(TILE) {
                for y in top..(top + TILE).min(height) {
                    for x in left..(left + TILE).min(width) {
                        put(to + y * target[fast] + x, from + y * source[fast] + x * source[last]);
                    }
                }
            }
        }
        for at in (0..others.len()).rev() {
            place[at] += 1;
            if place[at] < sizes[others[at]] {
                break;
            }
            place[at] = 0;
        }
    }
}
