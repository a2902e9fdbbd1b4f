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
            ([Dim::Batch, one], [_]) if self.takes_one(one) => return Some(Broadcast::Flat),
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
            self.takes_one(&self.shape.dims[*entry]) && self.fit(&fit::without(self.shape, *entry), self.actual).fits()
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

    fn takes_one(&self, dim: &Dim) -> bool {
        match dim {
            Dim::Either(dims) => dims.iter().any(|dim| self.takes_one(dim)),
            dim => fit::constant(dim, self.symbols) == Some(1),
        }
    }
}
