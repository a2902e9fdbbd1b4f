//! Axes in another order than declared.

use crate::spec::dims::{Bindings, Shape};
use crate::spec::fit::{align, batch_axis, fit, takes};
use crate::spec::{SizeRule, Symbol};

/// The most axes for which every order is tried.
const MOST_PERMUTED: usize = 7;

/// The order of axes that makes the array fit, as `numpy.transpose` takes it, if the array does not fit as it is and
/// there is one order that stands out.
///
/// The one with the fewest axes out of their order stands out: from `[N, 224, 224, 3]` to `[batch, 3, 224, 224]` it
/// is `(0, 3, 1, 2)`, which keeps height before width. An order that moves the batch axis needs more: `rows`, the rows
/// that a batch has, must decide for it, or two axes must be wrong as they stand; a batch that happens to have as many
/// rows as a sample has steps proves nothing.
#[must_use]
pub fn permutation(shape: &Shape, actual: &[u64], symbols: &[Symbol], rows: Option<&SizeRule>) -> Option<Vec<usize>> {
    let unbound = Bindings::new();
    let as_is = fit(shape, actual, symbols, &unbound);
    if !as_is.rank || as_is.wrong.is_empty() || !(2..=MOST_PERMUTED).contains(&actual.len()) {
        return None;
    }
    let batch = batch_axis(shape, actual.len());
    let dims = align(shape, actual.len())?;
    let takes: Vec<Vec<bool>> =
        dims.iter().map(|dim| actual.iter().map(|size| takes(dim, *size, symbols)).collect()).collect();
    let mut fitting: Vec<Vec<usize>> = Vec::new();
    each_order(&takes, &mut |order| {
        let moved: Vec<u64> = order.iter().map(|axis| actual[*axis]).collect();
        if fit(shape, &moved, symbols, &unbound).fits() {
            fitting.push(order.to_vec());
        }
    });
    let (staying, moving): (Vec<_>, Vec<_>) =
        fitting.into_iter().partition(|order| batch.is_none_or(|axis| order[axis] == axis));
    if !staying.is_empty() {
        return fewest_inversions(staying);
    }
    let axis = batch?;
    let best = fewest_inversions(moving)?;
    let decided = rows.is_some_and(|rows| !rows.allows(actual[axis]) && rows.allows(actual[best[axis]]));
    let contradicted = rows.is_some_and(|rows| !rows.allows(actual[best[axis]]));
    (decided || (as_is.wrong.len() > 1 && !contradicted)).then_some(best)
}

/// Calls `visit` with every order of axes, but the one they are in, that puts on each entry an axis that it takes.
fn each_order(takes: &[Vec<bool>], visit: &mut dyn FnMut(&[usize])) {
    fn place(order: &mut Vec<usize>, takes: &[Vec<bool>], visit: &mut dyn FnMut(&[usize])) {
        let Some(taken) = takes.get(order.len()) else {
            if !order.is_sorted() {
                visit(order);
            }
            return;
        };
        for axis in (0..taken.len()).filter(|axis| taken[*axis]) {
            if !order.contains(&axis) {
                order.push(axis);
                place(order, takes, visit);
                order.pop();
            }
        }
    }
    // An entry that takes none of the axes ends it here, as most wrong shapes do.
    if takes.iter().all(|taken| taken.contains(&true)) {
        place(&mut Vec::with_capacity(takes.len()), takes, visit);
    }
}

/// The order with the fewest pairs the wrong way round, if it is the only one with so few.
fn fewest_inversions(orders: Vec<Vec<usize>>) -> Option<Vec<usize>> {
    let inversions = |order: &[usize]| -> usize {
        order.iter().enumerate().map(|(i, a)| order[i + 1..].iter().filter(|b| a > *b).count()).sum()
    };
    let least = orders.iter().map(|order| inversions(order)).min()?;
    let mut best = orders.into_iter().filter(|order| inversions(order) == least);
    let first = best.next()?;
    best.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::spec::dims::{Dim, Expr};

    fn declared(text: &[&str]) -> Shape {
        let dim = |text: &&str| match *text {
            "batch" => Dim::Batch,
            "*" => Dim::Any,
            "..." => Dim::Rest,
            name => name.parse().map_or_else(|_| Dim::Size(Expr::Symbol(name.to_owned())), Dim::Fixed),
        };
        Shape { dims: text.iter().map(dim).collect() }
    }

    fn order(text: &[&str], actual: &[u64]) -> Option<Vec<usize>> {
        permutation(&declared(text), actual, &[], None)
    }

    #[test]
    fn channels_first_and_last_keep_height_before_width() {
        assert_eq!(order(&["batch", "3", "224", "224"], &[8, 224, 224, 3]), Some(vec![0, 3, 1, 2]));
        assert_eq!(order(&["batch", "32", "32", "3"], &[8, 3, 32, 32]), Some(vec![0, 2, 3, 1]));
        assert_eq!(order(&["batch", "3", "H", "W"], &[8, 224, 256, 3]), Some(vec![0, 3, 1, 2]));
        assert_eq!(order(&["batch", "...", "3"], &[8, 3, 10, 12]), Some(vec![0, 2, 3, 1]));
    }

    #[test]
    fn height_and_width_or_steps_and_features_are_swapped() {
        assert_eq!(order(&["batch", "28", "32", "3"], &[4, 32, 28, 3]), Some(vec![0, 2, 1, 3]));
        assert_eq!(order(&["batch", "T", "39"], &[4, 39, 100]), Some(vec![0, 2, 1]));
    }

    #[test]
    fn what_fits_as_it_is_is_not_transposed() {
        assert_eq!(order(&["batch", "3", "3", "3"], &[3, 3, 3, 3]), None);
        assert_eq!(order(&["batch", "T", "T"], &[4, 5, 6]), None);
        assert_eq!(order(&["batch", "32", "32", "3"], &[4, 28, 28, 3]), None);
    }

    #[test]
    fn a_batch_axis_moves_only_on_evidence() {
        let series = ["batch", "100", "64"];
        assert_eq!(order(&series, &[100, 32, 64]), None);
        let rows = SizeRule::exactly(32);
        assert_eq!(permutation(&declared(&series), &[100, 32, 64], &[], Some(&rows)), Some(vec![1, 0, 2]));
        let rows = SizeRule::exactly(100);
        assert_eq!(permutation(&declared(&series), &[100, 32, 64], &[], Some(&rows)), None);
        // Images with the samples last, as MATLAB files have them.
        assert_eq!(order(&["batch", "32", "32", "3"], &[32, 32, 3, 500]), Some(vec![3, 0, 1, 2]));
        assert_eq!(order(&["batch", "10"], &[10, 32]), None);
    }

    #[test]
    fn an_order_that_does_not_stand_out_is_not_named() {
        assert_eq!(order(&["batch", "A", "5", "B", "C"], &[4, 5, 6, 7, 8]), Some(vec![0, 2, 1, 3, 4]));
        assert_eq!(fewest_inversions(vec![vec![1, 0, 2], vec![0, 2, 1]]), None);
        assert_eq!(fewest_inversions(Vec::new()), None);
        assert_eq!(order(&["batch", "*", "3", "*", "*", "*", "*", "*"], &[1, 3, 2, 2, 2, 2, 2, 2]), None);
    }

    proptest! {
        #[test]
        fn distinct_sizes_in_any_order_are_put_right(shuffled in Just(vec![5_u64, 7, 11, 13]).prop_shuffle(), rows in 14_u64..99) {
            let shape = declared(&["batch", "5", "7", "11", "13"]);
            let actual: Vec<u64> = std::iter::once(rows).chain(shuffled.iter().copied()).collect();
            match permutation(&shape, &actual, &[], None) {
                None => prop_assert_eq!(shuffled, vec![5, 7, 11, 13]),
                Some(order) => {
                    let moved: Vec<u64> = order.iter().map(|axis| actual[*axis]).collect();
                    prop_assert_eq!(moved, vec![rows, 5, 7, 11, 13]);
                }
            }
        }

        #[test]
        fn an_order_is_only_named_if_it_makes_the_array_fit(actual in prop::collection::vec(1_u64..5, 1..6)) {
            let shape = declared(&["batch", "3", "T", "4"]);
            if let Some(order) = permutation(&shape, &actual, &[], None) {
                let moved: Vec<u64> = order.iter().map(|axis| actual[*axis]).collect();
                prop_assert!(fit(&shape, &moved, &[], &Bindings::new()).fits());
                prop_assert!(!fit(&shape, &actual, &[], &Bindings::new()).fits());
            }
        }
    }
}
