//! Where the elements of an array are behind its steps: every step that moves axes is a sum over the axes, so the place of
//! an element in the result is one, too.

use super::super::step::Step;
use crate::source::Header;

/// How far one step along each axis of the old array leads in the new one.
pub(super) struct Way {
    /// Elements of the new array, axis by axis of the old one.
    weights: Vec<u64>,
    /// 1 for the axis that became an id, and 0 for the others.
    classes: Vec<u64>,
    /// How far the next class is, where ids became rows.
    pub(super) one_hot: Option<u64>,
    /// Rows of the new array, all of them.
    rows: u64,
    /// Whether an element may stand elsewhere than before.
    pub(super) moves: bool,
}

impl Way {
    /// `None` where the steps do not fit, or make ids and rows of ids.
    pub(super) fn new(steps: &[Step], header: &Header) -> Option<Self> {
        let mut shapes = Vec::new();
        let mut now = Header { fortran: false, ..header.clone() };
        for step in steps {
            shapes.push(now.shape.clone());
            now = step.apply(&now)?;
        }
        let mut weights = strides(&now.shape);
        let mut classes = vec![0_u64; weights.len()];
        let (mut one_hot, mut ids) = (None, false);
        for (step, before) in steps.iter().zip(shapes).rev() {
            match step {
                Step::Transpose(order) => {
                    let (after, after_classes) = (weights.clone(), classes.clone());
                    for (to, from) in order.iter().enumerate() {
                        weights[*from] = after[to];
                        classes[*from] = after_classes[to];
                    }
                }
                Step::AddAxis(at) => {
                    weights.remove(*at);
                    classes.remove(*at);
                }
                Step::DropAxis(at) => {
                    weights.insert(*at, 0);
                    classes.insert(*at, 0);
                }
                Step::MergeAxes => {
                    let inner = before[1];
                    weights.insert(0, weights[0].wrapping_mul(inner));
                    classes.insert(0, classes[0].wrapping_mul(inner));
                }
                Step::Ids(_) if one_hot.is_none() && !ids => {
                    ids = true;
                    weights.push(0);
                    classes.push(1);
                }
                Step::OneHot { .. } if one_hot.is_none() && !ids => {
                    one_hot = weights.pop();
                    classes.pop();
                }
                Step::Ids(_) | Step::OneHot { .. } => return None,
                Step::Cast(_) | Step::Scale { .. } | Step::Subtract { .. } => {}
            }
        }
        let stay = strides(&header.shape);
        let placed = header.shape.iter().zip(weights.iter().zip(&stay)).all(|(size, (a, b))| *size < 2 || a == b);
        let moves = !placed || ids || one_hot.is_some() || header.layout().is_reversed();
        let rows = now.layout().rows();
        Some(Self { weights, classes, one_hot, rows, moves })
    }

    /// Whether the first axis of the old array is that of the new one, whose rows have so many elements, and rows follow
    /// each other in the file.
    pub(super) fn keeps_rows(&self, header: &Header, row: u64) -> bool {
        let first = (header.shape.first().copied(), self.weights.first().copied());
        !header.layout().is_reversed() && first == (Some(self.rows), Some(row)) && row > 0
    }
}

/// An axis of a row: how many elements, and how far the next one is in the old array and in the new one.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    size: usize,
    old: usize,
    new: usize,
}

impl Way {
    /// The axes of one row, in the order of the old array; those that stay side by side are one. `None` where elements
    /// leave their row, or become others.
    pub(super) fn within_rows(&self, header: &Header, row: u64) -> Option<Vec<Axis>> {
        if !self.keeps_rows(header, row) || self.one_hot.is_some() || self.classes.contains(&1) {
            return None;
        }
        let few = |number: u64| usize::try_from(number).ok();
        let mut axes: Vec<Axis> = Vec::new();
        for ((size, old), new) in header.shape.iter().zip(strides(&header.shape)).zip(&self.weights).skip(1) {
            let axis = Axis { size: few(*size)?, old: few(old)?, new: few(*new)? };
            match axes.last_mut() {
                _ if axis.size == 1 => {}
                Some(last) if last.new == axis.new * axis.size => *last = Axis { size: last.size * axis.size, ..axis },
                _ => axes.push(axis),
            }
        }
        Some(axes)
    }
}

/// Puts rows of the new array, of `row` elements, into the order of the old one.
pub(super) fn put_back(axes: &[Axis], row: usize, size: usize, new: &[u8], old: &mut [u8]) {
    macro_rules! elements {
        ($size:expr) => {{
            let ((new, _), (old, _)) = (new.as_chunks::<$size>(), old.as_chunks_mut::<$size>());
            walk(axes, row, old.len(), |at, from| old[at] = new[from]);
        }};
    }
    match size {
        1 => elements!(1),
        2 => elements!(2),
        4 => elements!(4),
        8 => elements!(8),
        size => walk(axes, row, old.len() / size.max(1), |at, from| {
            old[at * size..(at + 1) * size].copy_from_slice(&new[from * size..(from + 1) * size]);
        }),
    }
}

/// Calls `put` with both places of every element of some rows, along the longest axis first.
fn walk(axes: &[Axis], row: usize, elements: usize, mut put: impl FnMut(usize, usize)) {
    let mut axes = axes.to_vec();
    axes.push(Axis { size: elements / row.max(1), old: row, new: row });
    axes.sort_by_key(|axis| axis.size);
    let Some(longest) = axes.pop() else { return };
    let mut index = vec![0; axes.len()];
    let count: usize = axes.iter().map(|axis| axis.size).product();
    for _ in 0..count {
        let at: usize = index.iter().zip(&axes).map(|(index, axis)| index * axis.old).sum();
        let from: usize = index.iter().zip(&axes).map(|(index, axis)| index * axis.new).sum();
        for step in 0..longest.size {
            put(at + step * longest.old, from + step * longest.new);
        }
        for (index, axis) in index.iter_mut().zip(&axes).rev() {
            *index += 1;
            if *index < axis.size {
                break;
            }
            *index = 0;
        }
    }
}

/// Elements from one index to the next along each axis, in C order.
fn strides(shape: &[u64]) -> Vec<u64> {
    let mut strides = vec![1_u64; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis].wrapping_mul(shape[axis]);
    }
    strides
}

/// The places of the elements of a file, one after the other.
pub(super) struct Places {
    /// Sizes and weights, in the order of the file: the last axis varies fastest.
    sizes: Vec<u64>,
    weights: Vec<u64>,
    classes: Vec<u64>,
    index: Vec<u64>,
    place: u64,
    class: u64,
}

impl Places {
    pub(super) fn new(way: &Way, header: &Header) -> Self {
        let (mut sizes, mut weights, mut classes) = (header.shape.clone(), way.weights.clone(), way.classes.clone());
        if header.layout().is_reversed() {
            sizes.reverse();
            weights.reverse();
            classes.reverse();
        }
        Self { index: vec![0; sizes.len()], sizes, weights, classes, place: 0, class: 0 }
    }

    /// Leaves out the first rows.
    pub(super) fn skip_rows(&mut self, rows: u64) {
        self.index[0] = rows;
        self.place = rows * self.weights[0];
        self.class = rows * self.classes[0];
    }

    /// The place of the next element, and its class where it is part of a row that becomes an id.
    pub(super) fn next(&mut self) -> (u64, u64) {
        let now = (self.place, self.class);
        for axis in (0..self.sizes.len()).rev() {
            self.index[axis] += 1;
            self.place = self.place.wrapping_add(self.weights[axis]);
            self.class = self.class.wrapping_add(self.classes[axis]);
            if self.index[axis] < self.sizes[axis] {
                break;
            }
            self.place = self.place.wrapping_sub(self.weights[axis].wrapping_mul(self.sizes[axis]));
            self.class = self.class.wrapping_sub(self.classes[axis].wrapping_mul(self.sizes[axis]));
            self.index[axis] = 0;
        }
        now
    }
}
