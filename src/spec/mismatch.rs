//! Which kind of mistake a wrong shape is. One array has at most one kind, so that exactly one rule speaks of it.

use crate::spec::dims::{Bindings, Dim, Shape};
use crate::spec::fit::{self, Fit, Misfit};
use crate::spec::permutation::permutation;
use crate::spec::{Declaration, Encoding, Role, SizeRule, Spec, Symbol, Unit};

/// Why a shape is not the declared one, most specific first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch<'s> {
    /// These axes have size 0, and the declaration does not allow it.
    Empty(Vec<usize>),
    /// No axes at all.
    Scalar,
    /// A target or weight that broadcasts against what it is compared with, instead of failing.
    Broadcast(Broadcast<'s>),
    /// One sample: everything but the batch axis is there.
    NoBatch,
    /// One axis too many in front; its size.
    BatchedTwice(u64),
    /// An axis of size 1 is missing: the index of its entry in the declaration.
    NoChannel(usize),
    /// The axes in another order. As `numpy.transpose` takes it, this puts them right.
    Transposed(Vec<usize>),
    /// Any other number of axes.
    Rank,
    /// Axes of another size than the declaration alone gives them.
    Size(Vec<Misfit<'s>>),
    /// Symbols outside their bounds.
    Bounds(Vec<Misfit<'s>>),
}

/// How a target or weight broadcasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broadcast<'s> {
    /// `[N]` where `["batch", 1]` is declared.
    Flat,
    /// `[N, 1]` where `["batch"]` is declared.
    Column,
    /// The right number of axes, where each that is wrong has size 1 or is declared with size 1.
    Stretched(Vec<Misfit<'s>>),
}

/// The mistake in the shape of one array, if there is one that this array alone shows.
#[must_use]
pub fn mismatch<'s>(spec: &'s Spec, declaration: &'s Declaration, actual: &[u64]) -> Option<Mismatch<'s>> {
    let shape = &declaration.shape.as_ref()?.value;
    let seen = Seen { shape, actual, symbols: &spec.symbols, rows: rows_of(spec) };
    let as_is = seen.fit(shape, actual);
    if let Some(axes) = seen.empty(&as_is) {
        return Some(Mismatch::Empty(axes));
    }
    if as_is.rank && as_is.wrong.is_empty() && as_is.outside.is_empty() {
        return None;
    }
    if actual.is_empty() {
        return Some(Mismatch::Scalar);
    }
    if let Some(order) = permutation(shape, actual, seen.symbols, seen.rows.as_ref()) {
        return Some(Mismatch::Transposed(order));
    }
    if let Some(broadcast) = seen.broadcast(declaration, &as_is) {
        return Some(Mismatch::Broadcast(broadcast));
    }
    if !as_is.rank {
        return Some(seen.other_rank());
    }
    if as_is.wrong.is_empty() { Some(Mismatch::Bounds(as_is.outside)) } else { Some(Mismatch::Size(as_is.wrong)) }
}

/// The rows of an array, as far as its shape can be trusted to show them: `None` without a batch axis, or where
/// the axes are not the declared ones.
#[must_use]
pub fn rows(spec: &Spec, declaration: &Declaration, actual: &[u64]) -> Option<u64> {
    let shape = &declaration.shape.as_ref()?.value;
    let axis = match mismatch(spec, declaration, actual) {
        None | Some(Mismatch::Size(_) | Mismatch::Bounds(_)) => fit::batch_axis(shape, actual.len())?,
        Some(Mismatch::Broadcast(Broadcast::Flat | Broadcast::Column)) => 0,
        // `[1, N]` for `["batch", 1]` has its rows in the other axis.
        Some(Mismatch::Broadcast(Broadcast::Stretched(axes))) => {
            let batch = fit::batch_axis(shape, actual.len())?;
            (actual[batch] > 1 || axes.iter().all(|misfit| misfit.size == 1)).then_some(batch)?
        }
        Some(Mismatch::NoChannel(entry)) => fit::batch_axis(&fit::without(shape, entry), actual.len())?,
        Some(_) => return None,
    };
    actual.get(axis).copied()
}

/// How many rows one array has, where the plan says it.
#[must_use]
pub fn rows_of(spec: &Spec) -> Option<SizeRule> {
    match spec.unit {
        Unit::Batch => spec.plan.size.as_ref().map(|size| size.value),
        Unit::Dataset => spec.plan.dataset.as_ref().map(|rows| SizeRule::exactly(rows.value)),
    }
}

/// Whether the entry is declared as an axis of size 1, or as one of several sizes of which 1 is one.
#[must_use]
pub fn takes_one(dim: &Dim, symbols: &[Symbol]) -> bool {
    match dim {
        Dim::Either(dims) => dims.iter().any(|dim| takes_one(dim, symbols)),
        dim => fit::constant(dim, symbols) == Some(1),
    }
}

struct Seen<'s, 'a> {
    shape: &'s Shape,
    actual: &'a [u64],
    symbols: &'s [Symbol],
    rows: Option<SizeRule>,
}

impl Seen<'_, '_> {
    fn fit<'x>(&self, shape: &'x Shape, actual: &[u64]) -> Fit<'x> {
        fit::fit(shape, actual, self.symbols, &Bindings::new())
    }

    /// Axes of size 0, unless the declaration says in so many words that they may be.
    fn empty(&self, as_is: &Fit<'_>) -> Option<Vec<usize>> {
        let axes: Vec<usize> = (0..self.actual.len()).filter(|axis| self.actual[*axis] == 0).collect();
        if axes.is_empty() {
            return None;
        }
        let dims = fit::align(self.shape, self.actual.len());
        let meant = as_is.fits() && dims.is_some_and(|dims| axes.iter().all(|axis| self.may_be_empty(dims[*axis])));
        (!meant).then_some(axes)
    }

    fn may_be_empty(&self, dim: &Dim) -> bool {
        match dim {
            Dim::Any | Dim::Rest | Dim::Fixed(_) => true,
            Dim::Batch => self.rows.is_some_and(|rows| rows.min == Some(0)),
            Dim::Size(expr) => expr
                .symbols()
                .all(|name| self.symbols.iter().any(|symbol| symbol.name == name && symbol.rule.min == Some(0))),
            Dim::Either(dims) => dims.iter().any(|dim| self.may_be_empty(dim)),
        }
    }

    /// Losses that take class ids or one-hot rows refuse an axis of another size; those that subtract do not.
    fn broadcast<'s>(&self, declaration: &Declaration, as_is: &Fit<'s>) -> Option<Broadcast<'s>> {
        if declaration.role == Role::Input || fit::batch_axis(self.shape, self.shape.dims.len()).is_none() {
            return None;
        }
        match (self.shape.dims.as_slice(), self.actual) {
            ([Dim::Batch, one], [_]) if takes_one(one, self.symbols) => return Some(Broadcast::Flat),
            ([Dim::Batch], [_, 1]) => return Some(Broadcast::Column),
            _ => {}
        }
        let subtracted = matches!(declaration.encoding.as_ref().map(|e| e.value), None | Some(Encoding::Value));
        let stretches = |misfit: &Misfit<'_>| misfit.size == 1 || misfit.expected == Some(1);
        (subtracted && !as_is.wrong.is_empty() && as_is.outside.is_empty() && as_is.wrong.iter().all(stretches))
            .then(|| Broadcast::Stretched(as_is.wrong.clone()))
    }

    fn other_rank<'s>(&self) -> Mismatch<'s> {
        if self.is_one_sample() {
            return Mismatch::NoBatch;
        }
        if let [outer, inner @ ..] = self.actual {
            let inside = self.fit(self.shape, inner);
            let batched = self.shape.dims.contains(&Dim::Batch);
            if batched && inside.fits() && (*outer == 1 || inside.exact > 0) {
                return Mismatch::BatchedTwice(*outer);
            }
        }
        let missing = (0..self.shape.dims.len()).rev().find(|entry| {
            takes_one(&self.shape.dims[*entry], self.symbols)
                && self.fit(&fit::without(self.shape, *entry), self.actual).fits()
        });
        missing.map_or(Mismatch::Rank, Mismatch::NoChannel)
    }

    /// A first axis that is as long as a batch, before nothing but symbols, is a batch axis: another one is missing.
    fn is_one_sample(&self) -> bool {
        let Some(sample) = fit::without_batch(self.shape) else { return false };
        let inside = self.fit(&sample, self.actual);
        let full = self.rows.and_then(|rows| rows.exact());
        inside.fits() && (inside.exact > 0 || full.is_none() || full != self.actual.first().copied())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::spec::dims::Expr;
    use crate::spec::{At, Declared, Pick};

    fn declared(role: Role, text: &[&str]) -> (Spec, Declaration) {
        let dim = |text: &&str| match *text {
            "batch" => Dim::Batch,
            "*" => Dim::Any,
            "..." => Dim::Rest,
            name => name.parse().map_or_else(|_| Dim::Size(Expr::Symbol(name.to_owned())), Dim::Fixed),
        };
        let at = At::Flag("--test");
        let shape = Shape { dims: text.iter().map(dim).collect() };
        let declaration = Declaration {
            role,
            name: "x".into(),
            at: at.clone(),
            dtype: None,
            shape: Some(Declared { value: shape, at }),
            axes: None,
            values: None,
            encoding: None,
            classes: None,
            ignore: None,
            pick: Pick::default(),
            optional: false,
            advisory: false,
            allows: Vec::new(),
        };
        (Spec::default(), declaration)
    }

    fn kind(role: Role, text: &[&str], actual: &[u64]) -> &'static str {
        let (spec, declaration) = declared(role, text);
        match mismatch(&spec, &declaration, actual) {
            None => "fits",
            Some(Mismatch::Empty(_)) => "empty",
            Some(Mismatch::Scalar) => "scalar",
            Some(Mismatch::Broadcast(_)) => "broadcast",
            Some(Mismatch::NoBatch) => "no batch",
            Some(Mismatch::BatchedTwice(_)) => "batched twice",
            Some(Mismatch::NoChannel(_)) => "no channel",
            Some(Mismatch::Transposed(_)) => "transposed",
            Some(Mismatch::Rank) => "rank",
            Some(Mismatch::Size(_)) => "size",
            Some(Mismatch::Bounds(_)) => "bounds",
        }
    }

    #[test]
    fn every_shape_is_one_mistake() {
        let image = ["batch", "28", "28", "1"];
        for (actual, expected) in [
            (&[32, 28, 28, 1][..], "fits"),
            (&[0, 28, 28, 1], "empty"),
            (&[32, 0, 28, 1], "empty"),
            (&[0], "empty"),
            (&[], "scalar"),
            (&[28, 28, 1], "no batch"),
            (&[1, 32, 28, 28, 1], "batched twice"),
            (&[5, 32, 28, 28, 1], "batched twice"),
            (&[32, 28, 28], "no channel"),
            (&[32, 1, 28, 28], "transposed"),
            (&[28, 28], "rank"),
            (&[32, 784], "rank"),
            (&[32, 28, 28, 3], "size"),
            (&[32, 27, 28, 1], "size"),
        ] {
            assert_eq!(kind(Role::Input, &image, actual), expected, "{actual:?}");
        }
    }

    #[test]
    fn targets_broadcast_where_inputs_have_another_rank() {
        for (text, actual) in [(&["batch"][..], &[32, 1][..]), (&["batch", "1"], &[32]), (&["batch", "3"], &[32, 1])] {
            assert_eq!(kind(Role::Target, text, actual), "broadcast");
            assert_ne!(kind(Role::Input, text, actual), "broadcast");
        }
        assert_eq!(kind(Role::Target, &["batch", "128", "128", "1"], &[4, 128, 128]), "no channel");
        assert_eq!(kind(Role::Target, &["batch", "8", "8", "1"], &[4, 1, 8, 8]), "transposed");
        assert_eq!(kind(Role::Target, &["batch"], &[32, 10]), "rank");
    }

    #[test]
    fn rows_are_told_only_where_the_axes_are_known() {
        let rows_of = |role, text: &[&str], actual: &[u64]| {
            let (spec, declaration) = declared(role, text);
            rows(&spec, &declaration, actual)
        };
        assert_eq!(rows_of(Role::Input, &["50", "batch", "8"], &[50, 4, 8]), Some(4));
        assert_eq!(rows_of(Role::Input, &["batch", "8"], &[4, 9]), Some(4));
        assert_eq!(rows_of(Role::Input, &["batch", "28", "28", "1"], &[4, 28, 28]), Some(4));
        assert_eq!(rows_of(Role::Input, &["batch", "28", "28"], &[28, 28]), None);
        assert_eq!(rows_of(Role::Input, &["batch", "3", "9", "9"], &[4, 9, 9, 3]), None);
        assert_eq!(rows_of(Role::Input, &["3", "3"], &[3, 3]), None);
        assert_eq!(rows_of(Role::Target, &["batch", "1"], &[4]), Some(4));
        assert_eq!(rows_of(Role::Target, &["batch", "1"], &[1, 4]), None);
    }

    proptest! {
        #[test]
        fn a_batch_or_a_channel_axis_that_is_taken_away_is_missed(
            sizes in prop::collection::vec(2_u64..9, 1..4), rows in 10_u64..99, at in 0_usize..4,
        ) {
            let mut text: Vec<String> = sizes.iter().map(u64::to_string).collect();
            let at = at.min(text.len());
            text.insert(at, "1".into());
            text.insert(0, "batch".into());
            let text: Vec<&str> = text.iter().map(String::as_str).collect();
            let mut sample = sizes.clone();
            sample.insert(at, 1);
            prop_assert_eq!(kind(Role::Input, &text, &sample), "no batch");
            let bare: Vec<u64> = std::iter::once(rows).chain(sizes).collect();
            prop_assert_eq!(kind(Role::Input, &text, &bare), "no channel");
            let twice: Vec<u64> = [1, rows].into_iter().chain(sample).collect();
            prop_assert_eq!(kind(Role::Input, &text, &twice), "batched twice");
        }

        #[test]
        fn no_shape_is_too_odd(actual in prop::collection::vec(any::<u64>(), 0..9), role in prop::sample::select(vec![Role::Input, Role::Target])) {
            for text in [&["batch", "T", "3"][..], &["batch", "...", "1"], &["*", "T", "T"], &["batch"], &["batch", "1"]] {
                let (spec, declaration) = declared(role, text);
                let _ = (mismatch(&spec, &declaration, &actual), rows(&spec, &declaration, &actual));
            }
        }
    }
}
