//! The size of one declared axis, followed over the batches.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::stream::{Cell, Column, Stream};
use crate::source::Header;
use crate::spec::dims::{Bindings, Dim};
use crate::spec::fit::{self, BATCH};
use crate::spec::mismatch::{Mismatch, mismatch};
use crate::spec::{Declaration, Spec};

/// One axis over the batches: a symbol, wherever it stands, or one axis that may have any size.
#[derive(Debug)]
pub struct Track<'f> {
    /// The symbol or expression; `None` for an axis declared as `*` or covered by `...`.
    pub symbol: Option<String>,
    /// Whether the spec says that the size may differ between batches.
    pub varies: bool,
    /// The first declaration that shows it: index into `spec.arrays`.
    pub declared: usize,
    /// At most one per batch, in batch order.
    pub steps: Vec<Step<'f>>,
}

/// The size in one batch.
#[derive(Debug, Clone, Copy)]
pub struct Step<'f> {
    /// The array that shows it.
    pub cell: Cell<'f>,
    /// The axis of that array.
    pub axis: usize,
    /// Its size.
    pub size: u64,
}

/// Follows every axis that the declarations leave free, in the order of the declarations. The batch axis is not among
/// them, and neither are axes of arrays whose shape is wrong in a way that makes their axes unknown. Where the arrays
/// of a batch disagree about a symbol, the first one counts.
#[must_use]
pub fn tracks<'f>(spec: &Spec, stream: &Stream<'f>) -> Vec<Track<'f>> {
    let mut tracks: Vec<Track<'f>> = Vec::new();
    for column in &stream.columns {
        let Some(declared) = column.declared else { continue };
        for (name, steps) in follow(spec, &spec.arrays[declared], column) {
            match name {
                Free::Axis(_) => tracks.push(Track { symbol: None, varies: true, declared, steps }),
                Free::Symbol { name, varies } => {
                    match tracks.iter_mut().find(|track| track.symbol.as_ref() == Some(&name)) {
                        Some(track) => track.add(steps),
                        None => tracks.push(Track { symbol: Some(name), varies, declared, steps }),
                    }
                }
            }
        }
    }
    tracks
}

impl Track<'_> {
    /// The distinct sizes, least first.
    #[must_use]
    pub fn sizes(&self) -> BTreeSet<u64> {
        self.steps.iter().map(|step| step.size).collect()
    }
}

impl<'f> Track<'f> {
    /// Adds the batches that are not there yet.
    fn add(&mut self, steps: Vec<Step<'f>>) {
        let known: BTreeSet<usize> = self.steps.iter().map(|step| step.cell.batch).collect();
        self.steps.extend(steps.into_iter().filter(|step| !known.contains(&step.cell.batch)));
        self.steps.sort_by_key(|step| step.cell.batch);
    }
}

/// What is free to have any size.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Free {
    Symbol { name: String, varies: bool },
    Axis(usize),
}

fn follow<'f>(spec: &Spec, declaration: &Declaration, column: &Column<'f>) -> BTreeMap<Free, Vec<Step<'f>>> {
    let mut followed: BTreeMap<Free, Vec<Step<'f>>> = BTreeMap::new();
    let mut known: BTreeMap<&Header, Vec<(Free, usize)>> = BTreeMap::new();
    for cell in &column.cells {
        let free = known.entry(cell.header()).or_insert_with(|| free(spec, declaration, &cell.header().shape));
        for (name, axis) in free.iter() {
            let steps = followed.entry(name.clone()).or_default();
            if steps.last().is_none_or(|step| step.cell.batch != cell.batch) {
                steps.push(Step { cell: *cell, axis: *axis, size: cell.header().shape[*axis] });
            }
        }
    }
    followed
}

/// The free axes of one shape.
fn free(spec: &Spec, declaration: &Declaration, actual: &[u64]) -> Vec<(Free, usize)> {
    let Some(shape) = &declaration.shape else { return Vec::new() };
    if !matches!(mismatch(spec, declaration, actual), None | Some(Mismatch::Size(_) | Mismatch::Bounds(_))) {
        return Vec::new();
    }
    let Some(dims) = fit::align(&shape.value, actual.len()) else { return Vec::new() };
    let fitted = fit::fit(&shape.value, actual, &spec.symbols, &Bindings::new());
    let varies = |name: &str| name == BATCH || spec.symbol(name).is_some_and(|symbol| symbol.varies);
    let mut free: Vec<(Free, usize)> = Vec::new();
    for bound in fitted.bound.iter().filter(|bound| bound.name != BATCH) {
        let symbol = Free::Symbol { name: bound.name.to_owned(), varies: varies(bound.name) };
        if free.iter().all(|(known, _)| *known != symbol) {
            free.push((symbol, bound.axis));
        }
    }
    for (axis, dim) in dims.into_iter().enumerate() {
        match dim {
            Dim::Any | Dim::Rest => free.push((Free::Axis(axis), axis)),
            Dim::Size(expr) if fitted.open.contains(&axis) => {
                let varies = expr.symbols().any(varies);
                free.push((Free::Symbol { name: expr.to_string(), varies }, axis));
            }
            _ => {}
        }
    }
    free
}
