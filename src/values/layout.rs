//! How the elements of an array lie in its file.

use crate::spec::dtype::Dtype;

/// Type, shape and order: what a header says.
#[derive(Debug, Clone, Copy)]
pub struct Layout<'a> {
    /// Element type.
    pub dtype: &'a Dtype,
    /// Sizes of the axes, first axis first.
    pub shape: &'a [u64],
    /// Whether the first axis varies fastest.
    pub fortran: bool,
}

impl Layout<'_> {
    /// Elements of the array.
    #[must_use]
    pub fn elements(&self) -> u64 {
        if self.shape.contains(&0) { 0 } else { self.shape.iter().fold(1, |all, size| all.saturating_mul(*size)) }
    }

    /// Rows along the first axis. A scalar is one row.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Elements of one row.
    #[must_use]
    pub fn row_elements(&self) -> u64 {
        let rest = self.shape.get(1..).unwrap_or_default();
        if rest.contains(&0) { 0 } else { rest.iter().fold(1, |all, size| all.saturating_mul(*size)) }
    }

    /// Whether the order of the file differs from C order: with at most one axis longer than 1 it does not.
    #[must_use]
    pub fn is_reversed(&self) -> bool {
        self.fortran && self.shape.iter().filter(|size| **size > 1).count() > 1
    }

    /// The flat index in C order of the element that stands at `place` in the file.
    #[must_use]
    pub fn flat(&self, place: u64) -> u64 {
        if !self.is_reversed() {
            return place;
        }
        let mut rest = place;
        let mut flat = 0;
        let mut stride = self.elements();
        // The first axis varies fastest in the file and slowest in C order.
        for size in self.shape {
            stride /= size.max(&1);
            flat += rest % size.max(&1) * stride;
            rest /= size.max(&1);
        }
        flat
    }
}

/// The index along every axis of a flat index in C order.
#[must_use]
pub fn unravel(mut flat: u64, shape: &[u64]) -> Vec<u64> {
    let mut index = vec![0; shape.len()];
    for (at, size) in index.iter_mut().zip(shape).rev() {
        *at = flat % size.max(&1);
        flat /= size.max(&1);
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_told_in_c_order_whatever_the_file_has() {
        let dtype = Dtype::from_name("float32").unwrap();
        let layout = Layout { dtype: &dtype, shape: &[2, 3, 4], fortran: true };
        assert!(layout.is_reversed());
        // The second element of the file is x[1, 0, 0].
        assert_eq!(unravel(layout.flat(1), layout.shape), [1, 0, 0]);
        assert_eq!(unravel(layout.flat(2), layout.shape), [0, 1, 0]);
        assert_eq!(unravel(layout.flat(23), layout.shape), [1, 2, 3]);
        let mut seen: Vec<u64> = (0..24).map(|place| layout.flat(place)).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..24).collect::<Vec<_>>());
        assert!(!Layout { dtype: &dtype, shape: &[1, 5, 1], fortran: true }.is_reversed());
        assert_eq!(unravel(7, &[2, 2, 4]), [0, 1, 3]);
    }
}
