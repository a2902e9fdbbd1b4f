//! How a real shape fits a declared one: which axes are wrong, and which symbols they bind.
//!
//! Nothing is solved for. A symbol that stands alone binds to the size of its axis; `2*T-1` is worked out once `T` is
//! bound, and is left open until then. [`super::mismatch`] says what kind of mistake a misfit is.

use crate::spec::Symbol;
use crate::spec::dims::{Bindings, Dim, Expr, Shape};

/// The name under which the batch axis is bound.
pub const BATCH: &str = "batch";

/// How a shape fits its declaration. Each axis is in at most one of the lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit<'s> {
    /// Whether the number of axes fits. Where it does not, the lists are empty.
    pub rank: bool,
    /// Axes whose size the declaration alone rules out: numbers and named constants.
    pub wrong: Vec<Misfit<'s>>,
    /// Symbols outside the bounds that `[dims]` gives them.
    pub outside: Vec<Misfit<'s>>,
    /// Symbols and expressions that disagree with the bindings given, or with an earlier axis of this array.
    pub clashes: Vec<Misfit<'s>>,
    /// What lone symbols and the batch axis are bound to here. Symbols that were bound before are repeated.
    pub bound: Vec<Bound<'s>>,
    /// Axes whose expression has a symbol that nothing has bound.
    pub open: Vec<usize>,
    /// How many axes longer than 1 have exactly the size that the declaration alone gives them.
    pub exact: usize,
}

impl Fit<'_> {
    /// Whether nothing speaks against it.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.rank && self.wrong.is_empty() && self.outside.is_empty() && self.clashes.is_empty()
    }
}

/// An axis that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit<'s> {
    /// The axis of the array, from 0.
    pub axis: usize,
    /// The entry of the declaration that speaks of it.
    pub dim: &'s Dim,
    /// The size found.
    pub size: u64,
    /// The size it must have, where there is exactly one.
    pub expected: Option<u64>,
}

/// A name, and the size that an axis gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound<'s> {
    /// The symbol, or [`BATCH`].
    pub name: &'s str,
    /// The axis of the array, from 0.
    pub axis: usize,
    /// Its size.
    pub size: u64,
}

/// Compares a shape with its declaration. `symbols` are those of `[dims]`; `bindings` are the sizes that other arrays
/// of the batch gave to symbols.
#[must_use]
pub fn fit<'s>(shape: &'s Shape, actual: &[u64], symbols: &[Symbol], bindings: &Bindings) -> Fit<'s> {
    let mut fit = Fit {
        rank: false,
        wrong: Vec::new(),
        outside: Vec::new(),
        clashes: Vec::new(),
        bound: Vec::new(),
        open: Vec::new(),
        exact: 0,
    };
    let Some(dims) = align(shape, actual.len()) else { return fit };
    fit.rank = true;
    let mut known = Known { symbols, constants: constants(symbols), bound: bindings.clone() };
    let mut axes: Vec<(usize, &Dim, u64)> =
        dims.into_iter().zip(actual).enumerate().map(|(axis, (dim, size))| (axis, dim, *size)).collect();
    axes.sort_by_key(|(_, dim, _)| match dim {
        Dim::Size(Expr::Symbol(_)) | Dim::Batch => 0,
        Dim::Either(_) => 1,
        _ => 2,
    });
    for (axis, dim, size) in axes {
        let misfit = |expected| Misfit { axis, dim, size, expected };
        match known.judge(dim, size) {
            Axis::Fits => fit.exact += usize::from(size > 1 && known.constant(dim) == Some(size)),
            Axis::Binds(name) => {
                known.bound.entry(name.to_owned()).or_insert(size);
                fit.bound.push(Bound { name, axis, size });
            }
            Axis::Open => fit.open.push(axis),
            Axis::Wrong(expected) => fit.wrong.push(misfit(expected)),
            Axis::Outside => fit.outside.push(misfit(None)),
            Axis::Clash(expected) => fit.clashes.push(misfit(expected)),
        }
    }
    fit.wrong.sort_by_key(|misfit| misfit.axis);
    fit.outside.sort_by_key(|misfit| misfit.axis);
    fit.clashes.sort_by_key(|misfit| misfit.axis);
    fit.bound.sort_by_key(|bound| bound.axis);
    fit
}

/// The entry that speaks of each axis of an array with `rank` axes; [`Dim::Rest`] speaks of as many as are left.
/// `None` where that number of axes does not fit.
#[must_use]
pub fn align(shape: &Shape, rank: usize) -> Option<Vec<&Dim>> {
    let Ranks { min, open } = ranks(shape);
    let rest = rank.checked_sub(min).filter(|rest| *rest == 0 || open)?;
    Some(shape.dims.iter().flat_map(|dim| std::iter::repeat_n(dim, if *dim == Dim::Rest { rest } else { 1 })).collect())
}

/// How many axes a declaration takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ranks {
    /// At least this many.
    pub min: usize,
    /// Whether it takes any number above `min`.
    pub open: bool,
}

/// How many axes the declaration takes.
#[must_use]
pub fn ranks(shape: &Shape) -> Ranks {
    let open = shape.dims.contains(&Dim::Rest);
    Ranks { min: shape.dims.len() - usize::from(open), open }
}

/// Which axis of an array with `rank` axes is the batch axis, where the declaration has one and takes that rank.
#[must_use]
pub fn batch_axis(shape: &Shape, rank: usize) -> Option<usize> {
    align(shape, rank)?.iter().position(|dim| **dim == Dim::Batch)
}

/// The declaration of one sample: the shape without its batch axis. `None` where it has none, or several.
#[must_use]
pub fn without_batch(shape: &Shape) -> Option<Shape> {
    let mut batches = (0..shape.dims.len()).filter(|i| shape.dims[*i] == Dim::Batch);
    match (batches.next(), batches.next()) {
        (Some(i), None) => Some(without(shape, i)),
        _ => None,
    }
}

/// The shape without one of its entries.
#[must_use]
pub fn without(shape: &Shape, entry: usize) -> Shape {
    let dims = shape.dims.iter().enumerate().filter(|(i, _)| *i != entry).map(|(_, dim)| dim.clone()).collect();
    Shape { dims }
}

/// The size that the declaration alone gives to an entry: a number, a named constant, or an expression over those.
#[must_use]
pub fn constant(dim: &Dim, symbols: &[Symbol]) -> Option<u64> {
    Known { symbols, constants: constants(symbols), bound: Bindings::new() }.constant(dim)
}

/// Whether the entry takes that size, as far as the declaration alone says: its number, its constant, its bounds.
#[must_use]
pub fn takes(dim: &Dim, size: u64, symbols: &[Symbol]) -> bool {
    let known = Known { symbols, constants: constants(symbols), bound: Bindings::new() };
    !matches!(known.judge(dim, size), Axis::Wrong(_) | Axis::Outside)
}

/// What is known about symbols while one array is compared.
struct Known<'a> {
    symbols: &'a [Symbol],
    constants: Bindings,
    bound: Bindings,
}

/// What one entry says of one size.
enum Axis<'s> {
    Fits,
    Binds(&'s str),
    Open,
    Wrong(Option<u64>),
    Outside,
    Clash(Option<u64>),
}

impl Known<'_> {
    fn judge<'s>(&self, dim: &'s Dim, size: u64) -> Axis<'s> {
        match dim {
            Dim::Any | Dim::Rest => Axis::Fits,
            Dim::Fixed(fixed) if *fixed == size => Axis::Fits,
            Dim::Fixed(fixed) => Axis::Wrong(Some(*fixed)),
            Dim::Batch => self.name(BATCH, size),
            Dim::Size(Expr::Symbol(name)) => self.name(name, size),
            Dim::Size(expr) => self.expression(expr, size),
            Dim::Either(dims) => self.either(dims, size),
        }
    }

    fn name<'s>(&self, name: &'s str, size: u64) -> Axis<'s> {
        if let Some(constant) = self.constants.get(name) {
            return if *constant == size { Axis::Fits } else { Axis::Wrong(Some(*constant)) };
        }
        if self.symbols.iter().any(|symbol| symbol.name == name && !symbol.rule.allows(size)) {
            return Axis::Outside;
        }
        match self.bound.get(name) {
            Some(bound) if *bound != size => Axis::Clash(Some(*bound)),
            _ => Axis::Binds(name),
        }
    }

    fn expression<'s>(&self, expr: &'s Expr, size: u64) -> Axis<'s> {
        if expr.symbols().all(|name| self.constants.contains_key(name)) {
            return match expr.eval(&self.constants) {
                Some(constant) if constant == size => Axis::Fits,
                expected => Axis::Wrong(expected),
            };
        }
        let mut all = self.bound.clone();
        all.extend(self.constants.clone());
        if !expr.symbols().all(|name| all.contains_key(name)) {
            return Axis::Open;
        }
        match expr.eval(&all) {
            Some(value) if value == size => Axis::Fits,
            expected => Axis::Clash(expected),
        }
    }

    /// An alternative that fits by itself goes before one that would bind a symbol.
    fn either<'s>(&self, dims: &'s [Dim], size: u64) -> Axis<'s> {
        let mut best = Axis::Wrong(None);
        for dim in dims {
            let found = match self.judge(dim, size) {
                Axis::Fits => return Axis::Fits,
                Axis::Wrong(_) => Axis::Wrong(None),
                Axis::Clash(_) => Axis::Clash(None),
                other => other,
            };
            if found.hope() > best.hope() {
                best = found;
            }
        }
        best
    }

    fn constant(&self, dim: &Dim) -> Option<u64> {
        match dim {
            Dim::Fixed(size) => Some(*size),
            Dim::Size(expr) => expr.eval(&self.constants),
            _ => None,
        }
    }
}

impl Axis<'_> {
    /// How far it is from being refused.
    fn hope(&self) -> u8 {
        match self {
            Self::Wrong(_) => 0,
            Self::Outside => 1,
            Self::Clash(_) => 2,
            Self::Open => 3,
            Self::Binds(_) => 4,
            Self::Fits => 5,
        }
    }
}

/// The symbols that have one size in every batch.
pub(super) fn constants(symbols: &[Symbol]) -> Bindings {
    symbols
        .iter()
        .filter(|symbol| !symbol.varies)
        .filter_map(|symbol| Some((symbol.name.clone(), symbol.rule.exact()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::spec::{At, SizeRule};

    fn symbol(name: &str) -> Dim {
        Dim::Size(Expr::Symbol(name.into()))
    }

    /// `2*T-1`
    fn twice_less_one() -> Dim {
        let twice = Expr::Mul(Expr::Number(2).into(), Expr::Symbol("T".into()).into());
        Dim::Size(Expr::Sub(twice.into(), Expr::Number(1).into()))
    }

    fn declared(name: &str, rule: SizeRule, varies: bool) -> Symbol {
        Symbol { name: name.into(), at: At::Flag("--dims"), rule, varies }
    }

    fn shape(dims: impl Into<Vec<Dim>>) -> Shape {
        Shape { dims: dims.into() }
    }

    fn fitted<'s>(shape: &'s Shape, actual: &[u64], symbols: &[Symbol]) -> Fit<'s> {
        fit(shape, actual, symbols, &Bindings::new())
    }

    #[test]
    fn numbers_are_exact_and_stars_are_not() {
        let image = shape([Dim::Batch, Dim::Fixed(32), Dim::Any, Dim::Fixed(3)]);
        let good = fitted(&image, &[4, 32, 99, 3], &[]);
        assert!(good.fits());
        assert_eq!(good.exact, 2);
        assert_eq!(good.bound, [Bound { name: BATCH, axis: 0, size: 4 }]);
        let bad = fitted(&image, &[4, 28, 99, 1], &[]);
        let wrong: Vec<_> = bad.wrong.iter().map(|misfit| (misfit.axis, misfit.size, misfit.expected)).collect();
        assert_eq!(wrong, [(1, 28, Some(32)), (3, 1, Some(3))]);
        assert!(!fitted(&image, &[4, 32, 99], &[]).rank);
    }

    #[test]
    fn the_rest_is_any_number_of_axes_even_none() {
        let last = shape([Dim::Batch, Dim::Rest, Dim::Fixed(3)]);
        assert!(fitted(&last, &[4, 3], &[]).fits());
        assert!(fitted(&last, &[4, 1, 2, 3], &[]).fits());
        assert!(!fitted(&last, &[4], &[]).rank);
        assert_eq!(fitted(&last, &[4, 1, 2, 5], &[]).wrong[0].axis, 3);
        assert_eq!(batch_axis(&shape([Dim::Rest, Dim::Batch]), 3), Some(2));
        assert_eq!(ranks(&last), Ranks { min: 2, open: true });
        assert!(fitted(&shape([]), &[], &[]).fits());
    }

    #[test]
    fn a_named_constant_is_as_fixed_as_a_number_unless_it_varies() {
        let row = shape([Dim::Batch, symbol("C")]);
        let fixed = [declared("C", SizeRule::exactly(3), false)];
        assert_eq!(fitted(&row, &[4, 2], &fixed).wrong[0].expected, Some(3));
        assert!(fitted(&row, &[4, 3], &fixed).bound.iter().all(|bound| bound.name == BATCH));
        let varying = [declared("C", SizeRule::exactly(3), true)];
        assert_eq!(fitted(&row, &[4, 2], &varying).outside.len(), 1);
    }

    #[test]
    fn bounds_are_no_sizes() {
        let row = shape([Dim::Batch, symbol("T")]);
        let bounds = [declared("T", SizeRule { min: Some(8), max: Some(64), multiple_of: Some(8) }, true)];
        assert!(fitted(&row, &[4, 16], &bounds).fits());
        for size in [0, 7, 12, 72] {
            let bad = fitted(&row, &[4, size], &bounds);
            assert_eq!((bad.outside.len(), bad.wrong.len(), bad.bound.len()), (1, 0, 1), "{size}");
        }
    }

    #[test]
    fn an_expression_waits_for_its_symbol_wherever_that_stands() {
        let both = shape([Dim::Batch, twice_less_one(), symbol("T")]);
        assert!(fitted(&both, &[4, 9, 5], &[]).fits());
        assert_eq!(fitted(&both, &[4, 10, 5], &[]).clashes[0].expected, Some(9));
        let alone = shape([Dim::Batch, twice_less_one()]);
        let open = fitted(&alone, &[4, 10], &[]);
        assert!(open.fits());
        assert_eq!(open.open, [1]);
        let bound = Bindings::from([("T".to_owned(), 5)]);
        assert_eq!(fit(&alone, &[4, 10], &[], &bound).clashes[0].expected, Some(9));
        let constant = [declared("T", SizeRule::exactly(5), false)];
        assert_eq!(fitted(&alone, &[4, 10], &constant).wrong[0].expected, Some(9));
    }

    #[test]
    fn a_symbol_has_one_size_within_an_array_and_across_arrays() {
        let square = shape([symbol("H"), symbol("H")]);
        assert!(fitted(&square, &[5, 5], &[]).fits());
        let clash = &fitted(&square, &[5, 6], &[]).clashes[0];
        assert_eq!((clash.axis, clash.size, clash.expected), (1, 6, Some(5)));
        let bound = Bindings::from([("H".to_owned(), 6)]);
        assert_eq!(fit(&square, &[5, 6], &[], &bound).clashes[0].axis, 0);
    }

    #[test]
    fn an_alternative_that_fits_by_itself_binds_nothing() {
        let either = shape([Dim::Batch, Dim::Either(vec![Dim::Fixed(1), symbol("C")])]);
        assert_eq!(fitted(&either, &[4, 1], &[]).bound.len(), 1);
        assert_eq!(fitted(&either, &[4, 3], &[]).bound[1], Bound { name: "C", axis: 1, size: 3 });
        let constant = [declared("C", SizeRule::exactly(3), false)];
        assert_eq!(fitted(&either, &[4, 2], &constant).wrong[0].expected, None);
        let with_lone = shape([Dim::Either(vec![Dim::Fixed(1), symbol("C")]), symbol("C")]);
        assert_eq!(fitted(&with_lone, &[5, 7], &[]).clashes[0].axis, 0);
    }

    #[test]
    fn one_sample_is_the_shape_without_its_batch_axis() {
        let image = shape([Dim::Batch, Dim::Fixed(32)]);
        assert_eq!(without_batch(&image), Some(shape([Dim::Fixed(32)])));
        assert_eq!(without_batch(&shape([Dim::Fixed(32)])), None);
        assert_eq!(without_batch(&shape([Dim::Batch, Dim::Batch])), None);
    }

    /// A declaration, and a shape made from it.
    fn pairs() -> impl Strategy<Value = (Shape, Vec<u64>)> {
        let entry = (0_u8..6, 1_u64..9, prop::collection::vec(1_u64..9, 0..3));
        prop::collection::vec(entry, 0..6).prop_map(|entries| {
            let (mut dims, mut actual) = (vec![Dim::Batch, symbol("T")], vec![7, 5]);
            for (kind, size, rest) in entries {
                let (dim, sizes) = match kind {
                    0 => (Dim::Fixed(size), vec![size]),
                    1 => (symbol("T"), vec![5]),
                    2 => (twice_less_one(), vec![9]),
                    3 => (Dim::Either(vec![Dim::Fixed(1), Dim::Fixed(size)]), vec![size]),
                    4 if !dims.contains(&Dim::Rest) => (Dim::Rest, rest),
                    _ => (Dim::Any, vec![size]),
                };
                dims.push(dim);
                actual.extend(sizes);
            }
            (Shape { dims }, actual)
        })
    }

    proptest! {
        #[test]
        fn a_shape_made_from_a_declaration_fits_it((shape, actual) in pairs()) {
            let fit = fitted(&shape, &actual, &[]);
            prop_assert!(fit.fits() && fit.open.is_empty(), "{fit:?}");
            let bound = Bound { name: "T", axis: 1, size: 5 };
            prop_assert!(fit.bound.contains(&bound));
            prop_assert_eq!(batch_axis(&shape, actual.len()), Some(0));
        }

        #[test]
        fn an_axis_more_or_less_is_another_rank((shape, actual) in pairs(), size in 1_u64..9) {
            let Ranks { min, open } = ranks(&shape);
            let longer: Vec<u64> = actual.iter().copied().chain([size]).collect();
            prop_assert_eq!(fitted(&shape, &longer, &[]).rank, open);
            prop_assert!(!fitted(&shape, &actual[..min - 1], &[]).rank);
        }

        #[test]
        fn any_shape_is_compared_without_panic((shape, _) in pairs(), actual in prop::collection::vec(any::<u64>(), 0..9)) {
            let fit = fitted(&shape, &actual, &[]);
            prop_assert_eq!(fit.rank, align(&shape, actual.len()).is_some());
        }
    }
}
