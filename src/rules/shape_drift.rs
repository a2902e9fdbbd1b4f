//! A size that changes from batch to batch without being declared to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::context::called;
use super::context::{batch_unit, place};
use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx};
use crate::diagnostic::{Anchor, Finding, Level, Place};
use crate::facts::tracks::{Track, tracks};
use crate::facts::{Cell, Column};
use crate::source::text::shown;
use crate::spec::{Framework, Spec, Unit};

pub(super) static RULE: Rule = Rule {
    id: "shape-drift",
    group: Group::Shape,
    level: Level::Error,
    finds: "a size other than the batch size that changes between batches and is not declared to vary",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/shape-drift.md"),
    judge: Judge::Stream(judge),
};

fn judge(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    if !cx.stream.related {
        return Looked::No;
    }
    let mut looked = Looked::No;
    if cx.spec.arrays.is_empty() {
        for column in cx.stream.columns.iter().filter(|column| column.cells.len() > 1) {
            looked = Looked::Yes;
            undeclared(cx, column, out);
        }
        return looked;
    }
    for track in tracks(cx.spec, cx.stream).iter().filter(|track| !track.varies && track.steps.len() > 1) {
        looked = Looked::Yes;
        if track.sizes().len() > 1 {
            out.push(drifting(cx, track));
        }
    }
    looked
}

fn drifting(cx: &StreamCx<'_>, track: &Track<'_>) -> Finding {
    let symbol = track.symbol.as_deref().unwrap_or("*");
    let declaration = &cx.spec.arrays[track.declared];
    let at = cx.spec.symbol(symbol).map(|symbol| &symbol.at).or(declaration.shape.as_ref().map(|shape| &shape.at));
    let sizes: Vec<u64> = track.steps.iter().map(|step| step.size).collect();
    let usual = usual(&sizes);
    let odd: Vec<_> = track.steps.iter().filter(|step| step.size != usual).collect();
    let places = odd.iter().map(|step| place(&step.cell).detail(format!("`{symbol}` = {}", step.size))).collect();
    let distinct = track.sizes();
    let many = many(cx.spec);
    Finding::new(
        at.map_or(Anchor::Data, |at| Anchor::Spec(at.clone())),
        &declaration.name,
        format!("`{symbol}` changes between {many}, and [dims] does not say that it varies"),
        format!("`{symbol}` has one size in all {many}."),
        format!("{} instead of {usual}", spread(&distinct, usual)),
    )
    .counted(places, odd.len() as u64, track.steps.len() as u64, batch_unit(cx.spec))
    .cause("variable samples are padded to the longest of their batch, or not at all")
    .consequence(consequence(cx.spec, distinct.len()))
    .help(format!(
        "pad or crop to one size; or, if the model takes any, declare it: `{symbol} = {{ varies = true }}` under [dims]"
    ))
}

/// An array that no spec declares: axes after the first, and their number.
fn undeclared(cx: &StreamCx<'_>, column: &Column<'_>, out: &mut Findings) {
    let alike = |pair: &[Cell<'_>]| {
        let (a, b) = (pair[0].header(), pair[1].header());
        Arc::ptr_eq(a, b) || (a.shape.len() == b.shape.len() && a.shape.get(1..) == b.shape.get(1..))
    };
    if column.cells.windows(2).all(alike) {
        return;
    }
    let shapes: Vec<&[u64]> =
        column.cells.iter().map(|cell| cell.array.header.shape.get(1..).unwrap_or_default()).collect();
    let ranks: Vec<u64> = column.cells.iter().map(|cell| cell.array.header.shape.len() as u64).collect();
    let (name, label) = (shown(&column.name, 80), called(&column.name));
    let counted = |finding: Finding, odd: Vec<Place>| {
        let count = odd.len() as u64;
        finding.level(Level::Warning).counted(odd, count, column.cells.len() as u64, batch_unit(cx.spec))
    };
    let of_odd = |is_odd: &dyn Fn(usize) -> bool| -> Vec<Place> {
        let odd = column.cells.iter().enumerate().filter(|(i, _)| is_odd(*i));
        odd.map(|(_, cell)| place(cell).detail(cell.header().shape_text())).collect()
    };
    let rank = usual(&ranks);
    if ranks.iter().any(|other| *other != rank) {
        let others: BTreeSet<u64> = ranks.iter().copied().collect();
        let finding = Finding::new(
            Anchor::Data,
            column.name.as_ref(),
            format!("{label} has another number of axes in some {}", many(cx.spec)),
            format!("`{name}` has the same number of axes in all {}.", many(cx.spec)),
            format!("rank {} instead of {rank}", spread(&others, rank)),
        );
        out.push(
            counted(finding, of_odd(&|i| ranks[i] != rank))
                .cause(
                    "a `squeeze` that takes away an axis only where its size happens to be 1, or samples of another kind",
                )
                .consequence(match cx.spec.framework() {
                    Framework::Keras => "keras stops: `the corresponding arrays in each batch must have the same rank`",
                    _ => "whatever counts axes stops at that batch",
                }),
        );
        return;
    }
    for axis in 1..usize::try_from(rank).unwrap_or_default() {
        let sizes: Vec<u64> = shapes.iter().filter_map(|shape| shape.get(axis - 1).copied()).collect();
        let distinct: BTreeSet<u64> = sizes.iter().copied().collect();
        if distinct.len() < 2 {
            continue;
        }
        let usual = usual(&sizes);
        let finding = Finding::new(
            Anchor::Data,
            column.name.as_ref(),
            format!("axis {axis} of {label} changes between {}", many(cx.spec)),
            format!(
                "Axis {axis} of `{name}` has one size in all {}, unless a spec says that it varies.",
                many(cx.spec)
            ),
            format!("{} instead of {usual}", spread(&distinct, usual)),
        );
        out.push(
            counted(finding, of_odd(&|i| sizes[i] != usual))
                .cause("variable samples are padded to the longest of their batch, or not at all")
                .consequence(consequence(cx.spec, distinct.len()))
                .help("pad or crop to one size; or write a spec in which the axis is a symbol that varies"),
        );
    }
}

/// The size that most have; of several, the first to appear.
fn usual(sizes: &[u64]) -> u64 {
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    for size in sizes {
        *counts.entry(*size).or_default() += 1;
    }
    let most = counts.values().max().copied().unwrap_or_default();
    sizes.iter().copied().find(|size| counts[size] == most).unwrap_or_default()
}

/// "41", "41 or 52", "from 12 to 512"
fn spread(distinct: &BTreeSet<u64>, usual: u64) -> String {
    let others: Vec<u64> = distinct.iter().copied().filter(|size| *size != usual).collect();
    match others.as_slice() {
        [] => usual.to_string(),
        [only] => only.to_string(),
        [a, b] => format!("{a} or {b}"),
        [least, .., most] => format!("{} sizes from {least} to {most}", others.len()),
    }
}

/// What changes: "batches", "sets"
fn many(spec: &Spec) -> &'static str {
    match spec.unit {
        Unit::Batch => "batches",
        Unit::Dataset => "sets",
    }
}

fn consequence(spec: &Spec, distinct: usize) -> String {
    match spec.framework() {
        Framework::Keras if spec.unit == Unit::Batch => {
            "keras fixes an axis that is equal in the first two batches and stops at the first other one: \
                             `Generator yielded an element of shape (...) where an element of shape (...) was expected`"
                .into()
        }
        Framework::Jax => format!("`jit` compiles once for every shape: {distinct} compilations, and nothing says so"),
        Framework::Tensorflow => {
            format!("a `tf.function` is traced once for every shape ({distinct} here), and on a TPU compiled")
        }
        Framework::Torch => {
            "batches cannot be concatenated, layers of a fixed size stop, and `torch.compile` compiles again".into()
        }
        Framework::Onnxruntime => {
            "where the graph has a fixed size, onnxruntime stops: `index: 1 Got: 60 Expected: 6`".into()
        }
        _ => format!(
            "layers of a fixed size stop in mid-epoch, and compiled code is compiled for each of {distinct} sizes"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::World;
    use crate::spec::{At, SizeRule, Symbol};

    fn world(framework: Framework, sizes: &[u64]) -> World {
        let world = World::new(framework).input("x", "float32", "batch, T, 8");
        sizes.iter().fold(world, |world, size| world.batch(&[&format!("x: float32[4, {size}, 8]")]))
    }

    #[test]
    fn a_symbol_that_changes_is_counted_against_its_usual_size() {
        let world = world(Framework::Jax, &[40, 40, 41, 40, 52]);
        assert_eq!(world.messages(&RULE), ["`T` changes between batches, and [dims] does not say that it varies"]);
        let finding = &world.judge(&RULE)[0];
        assert_eq!((finding.found.as_str(), finding.count, finding.of), ("41 or 52 instead of 40", 2, 5));
        assert_eq!(finding.places[0].detail.as_deref(), Some("`T` = 41"));
        assert!(finding.consequence.as_ref().unwrap().contains("3 compilations"));
        assert_eq!(world.anchored(finding), "[batch, T, 8]");
    }

    #[test]
    fn one_fault_however_many_arrays_show_it() {
        let world = World::new(Framework::Any)
            .input("x", "float32", "batch, T")
            .input("mask", "bool", "batch, T")
            .batch(&["x: float32[4, 9]", "mask: bool[4, 9]"])
            .batch(&["x: float32[4, 8]", "mask: bool[4, 8]"]);
        assert_eq!(world.messages(&RULE).len(), 1);
    }

    #[test]
    fn the_batch_axis_never_drifts_and_varying_symbols_may() {
        let rows = World::new(Framework::Any)
            .input("x", "float32", "batch, T")
            .batch(&["x: float32[4, 9]"])
            .batch(&["x: float32[3, 9]"]);
        assert_eq!((rows.messages(&RULE).len(), rows.looked(&RULE)), (0, vec![Looked::Yes]));
        let varying = world(Framework::Any, &[9, 8]).spec(|spec| {
            spec.symbols.push(Symbol {
                name: "T".into(),
                at: At::Flag("--dims"),
                rule: SizeRule::default(),
                varies: true,
            });
        });
        assert_eq!((varying.messages(&RULE).len(), varying.looked(&RULE)), (0, vec![Looked::No]));
        let any = World::new(Framework::Any).input("x", "float32", "batch, *").batch(&["x: float32[4, 9]"]);
        assert!(any.batch(&["x: float32[4, 8]"]).messages(&RULE).is_empty());
    }

    #[test]
    fn sizes_out_of_bounds_and_other_mistakes_do_not_count_twice() {
        let world = world(Framework::Any, &[9, 9, 90]).spec(|spec| {
            let rule = SizeRule { min: None, max: Some(64), multiple_of: None };
            spec.symbols.push(Symbol { name: "T".into(), at: At::Flag("--dims"), rule, varies: false });
        });
        assert!(world.messages(&RULE).is_empty());
    }

    #[test]
    fn without_a_spec_axes_after_the_first_are_followed() {
        let world = World::unspecified().batches(3, &["x: float32[4, 9]"]).batch(&["x: float32[2, 8]"]);
        assert_eq!(world.messages(&RULE), ["axis 1 of array `x` changes between batches"]);
        assert_eq!(world.judge(&RULE)[0].level, Some(Level::Warning));
        let ranks = World::unspecified().batches(3, &["y: float32[4, 1]"]).batch(&["y: float32[1]"]);
        assert_eq!(ranks.messages(&RULE), ["array `y` has another number of axes in some batches"]);
        let rows = World::unspecified().batch(&["x: float32[4, 9]"]).batch(&["x: float32[2, 9]"]);
        assert_eq!((rows.messages(&RULE).len(), rows.looked(&RULE)), (0, vec![Looked::Yes]));
    }

    #[test]
    fn one_batch_alone_cannot_drift() {
        assert_eq!(world(Framework::Any, &[9]).looked(&RULE), [Looked::No]);
    }
}
