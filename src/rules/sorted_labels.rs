//! Labels in the order of their classes.

use std::collections::BTreeSet;

use super::context::place;
use super::labels::{Labelled, Labels};
use super::plan;
use super::{Findings, Group, Judge, Looked, Needs, Rule, ValuesCx};
use crate::diagnostic::quantity::exact;
use crate::diagnostic::{Fix, Level, python::variable};
use crate::spec::{Framework, Unit};

/// Batches with fewer rows hold one class by chance too often.
const ROWS: u64 = 8;
/// Fewer batches say nothing about an order.
const BATCHES: usize = 4;
/// A shuffled set looks like this less often than once in a million.
const CHANCE: f64 = 1e-6;
/// The least share of the labels that the smaller of two groups of classes has: rare classes come in runs in many
/// honest sets.
const SHARE: f64 = 0.1;

pub(super) static RULE: Rule = Rule {
    id: "sorted-labels",
    group: Group::Targets,
    level: Level::Warning,
    finds: "labels that were not shuffled: long runs of one class, batches of one class, last batches with classes of their own",
    needs: Needs::NUMBERS.spec(),
    page: include_str!("../../docs/rules/sorted-labels.md"),
    judge: Judge::Values(judge),
};

fn judge(cx: &ValuesCx<'_>, out: &mut Findings) -> Looked {
    let Some(batches) = Labels::or_integers(cx).and_then(|labels| batches(cx, &labels)) else { return Looked::No };
    let Some(order) = order(&batches) else { return Looked::Yes };
    if let (Order::Tail { .. }, Some(unable)) = (&order, plan::unfinished(cx.stream)) {
        return unable;
    }
    let rows: u64 = batches.iter().map(|batch| batch.rows).sum();
    let (message, found, at) = match order {
        Order::Sorted { runs } => (
            format!("{} comes in runs of one class", cx.label()),
            format!("no more than {} runs among {} labels", exact(runs), exact(rows)),
            0,
        ),
        Order::Tail { first, rows: tail } => (
            format!("the end of {} holds other classes than the rest", cx.label()),
            format!("{} labels of classes that the {first} batches before do not hold", exact(tail)),
            first,
        ),
    };
    let single = batches.iter().filter(|batch| batch.ids.len() == 1).count();
    let cause = "the files were listed folder by folder, or the table was sorted, and the shuffling was left out, or its \
                 result was thrown away";
    let cause = match single {
        0 => cause.to_owned(),
        1 => format!("1 of {} batches holds one class only: {cause}", batches.len()),
        _ => format!("{single} of {} batches hold one class only: {cause}", batches.len()),
    };
    let places = batches[at..].iter().map(|batch| place(batch.labelled.cell)).collect();
    let y = variable(cx.name);
    let expected = "The labels are in random order: batches hold a mixture of the classes, from the first to the last.";
    let declared = cx.declared.map(|declared| &declared.at);
    out.push(
        cx.finding(declared, message, expected, found, places)
            .cause(cause)
            .consequence(consequence(cx.framework()))
            .help("shuffle once, inputs and targets alike, before batches are made and before a part is split off")
            .fix(Fix::choice(format!(
                "p = np.random.default_rng(0).permutation(len({y}))  # then x, {y} = x[p], {y}[p]"
            ))),
    );
    Looked::Yes
}

/// Whether these labels are in no random order, so that what else is strange about them has that reason.
pub(super) fn is_sorted(cx: &ValuesCx<'_>, labels: &Labels<'_>) -> bool {
    batches(cx, labels).is_some_and(|batches| order(&batches).is_some())
}

/// The labels of one batch.
struct Batch<'a> {
    labelled: Labelled<'a>,
    rows: u64,
    /// Every class with its count; ignored values are none.
    ids: Vec<(i128, u64)>,
}

/// What the order of the labels is.
enum Order {
    /// There are no more runs of one class than this.
    Sorted { runs: u64 },
    /// From this batch on there are other classes than before; the labels in them.
    Tail { first: usize, rows: u64 },
}

/// The batches, where there are enough of them, each with one label per row. A set that the trainer slices is also
/// shuffled by it.
fn batches<'a>(cx: &ValuesCx<'_>, labels: &Labels<'a>) -> Option<Vec<Batch<'a>>> {
    if cx.spec.unit == Unit::Dataset {
        return None;
    }
    let mut batches = Vec::new();
    for labelled in &labels.arrays {
        if !labelled.one_per_row() || labelled.numbers.fractional > 0 || labelled.numbers.non_finite() > 0 {
            return None;
        }
        let ids: Vec<(i128, u64)> = labelled.ids()?.filter(|(id, _)| !labels.is_ignored(*id)).collect();
        let rows = ids.iter().map(|(_, count)| count).sum();
        if rows >= ROWS {
            batches.push(Batch { labelled: *labelled, rows, ids });
        }
    }
    let classes: BTreeSet<i128> = batches.iter().flat_map(|batch| batch.ids.iter().map(|(id, _)| *id)).collect();
    (batches.len() >= BATCHES && classes.len() >= 2).then_some(batches)
}

fn order(batches: &[Batch<'_>]) -> Option<Order> {
    let rows: u64 = batches.iter().map(|batch| batch.rows).sum();
    let changes: u64 = batches.iter().map(|batch| batch.labelled.numbers.changes).sum();
    let edges = batches.windows(2).filter(|pair| match (pair[0].ids.as_slice(), pair[1].ids.as_slice()) {
        ([(a, _)], [(b, _)]) => a != b,
        _ => true,
    });
    let runs = 1 + changes + edges.count() as u64;
    let few = smaller_half(batches);
    if changes <= batches.len() as u64 && few as f64 >= SHARE * rows as f64 && chance(runs, few, rows) < CHANCE {
        return Some(Order::Sorted { runs });
    }
    let mut before: Vec<BTreeSet<i128>> = vec![BTreeSet::new()];
    for batch in batches {
        let mut seen = before.last().cloned().unwrap_or_default();
        seen.extend(batch.ids.iter().map(|(id, _)| *id));
        before.push(seen);
    }
    let (mut tail, mut after) = (0, BTreeSet::new());
    for first in (1..batches.len()).rev() {
        tail += batches[first].rows;
        after.extend(batches[first].ids.iter().map(|(id, _)| *id));
        // As many tails are tried as there are batches.
        let chance = chance(2, tail.min(rows - tail), rows) * batches.len() as f64;
        if before[first].is_disjoint(&after) && chance < CHANCE {
            return Some(Order::Tail { first, rows: tail });
        }
    }
    None
}

/// The labels of the smaller of two groups of classes, the groups being as equal as giving each class to the smaller
/// one makes them, the most frequent first.
fn smaller_half(batches: &[Batch<'_>]) -> u64 {
    let mut counts = std::collections::BTreeMap::new();
    for (id, count) in batches.iter().flat_map(|batch| &batch.ids) {
        *counts.entry(*id).or_insert(0_u64) += count;
    }
    let mut counts: Vec<u64> = counts.into_values().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let (mut one, mut other) = (0, 0);
    for count in counts {
        if one <= other { one += count } else { other += count }
    }
    one.min(other)
}

/// An upper bound on the chance that `rows` labels in random order, `few` of one kind and the rest of another, form
/// `runs` runs or fewer: of 2k runs there are 2 C(few-1, k-1) C(rest-1, k-1) orders among C(rows, few), and fewer of
/// each lesser number as long as 2k is no more than `few`. More kinds than two only make more runs.
fn chance(runs: u64, few: u64, rows: u64) -> f64 {
    let k = runs.div_ceil(2).max(1);
    if few == 0 || 2 * k > few {
        return 1.0;
    }
    let orders = std::f64::consts::LN_2 + ln_choose(few - 1, k - 1) + ln_choose(rows - few - 1, k - 1);
    (((2 * k) as f64).ln() + orders - ln_choose(rows, few)).exp().min(1.0)
}

/// The logarithm of n over k.
fn ln_choose(n: u64, k: u64) -> f64 {
    if k > n {
        return f64::NEG_INFINITY;
    }
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
}

/// The logarithm of n!, by Stirling's series; its error is below 1e-9 from 8 on.
fn ln_factorial(n: u64) -> f64 {
    if n < 8 {
        return (2..=n).map(|i| (i as f64).ln()).sum();
    }
    let n = n as f64;
    let correction = 1.0 / (12.0 * n) - 1.0 / (360.0 * n.powi(3)) + 1.0 / (1260.0 * n.powi(5));
    n * n.ln() - n + 0.5 * (std::f64::consts::TAU * n).ln() + correction
}

fn consequence(framework: Framework) -> &'static str {
    match framework {
        Framework::Keras => {
            "each batch pulls the model towards one class, and `validation_split` takes the last part, whose classes were never \
             trained: `val_accuracy: 0.0`"
        }
        Framework::Sklearn => {
            "`partial_fit` and solvers that see one batch stop: `This solver needs samples of at least 2 classes in the data, but the \
             data contains only one class`"
        }
        _ => {
            "each batch pulls the model towards one class, and a part split off at the end holds classes that were never trained"
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rules::testing::{Make, World};
    use crate::spec::{At, Declared, Encoding};

    fn world() -> World {
        World::new(Framework::Keras).target("y", "int64", "batch").with(|declared| {
            declared.encoding = Some(Declared { value: Encoding::Index, at: At::Flag("--encoding") });
        })
    }

    fn found(batches: usize, make: Make) -> Option<(String, String)> {
        let mut found = world().made(batches, &[("y: int64[16]", make)]).judge(&RULE);
        assert!(found.len() <= 1);
        found.pop().map(|finding| (finding.message, finding.found))
    }

    /// A number that looks random, from two small ones.
    fn mixed(batch: usize, row: usize) -> usize {
        (batch * 7919 + row * 104_729 + 13).wrapping_mul(2_654_435_761) >> 7
    }

    #[test]
    fn sorted_batches_are_told() {
        let (message, text) = found(10, |batch, _| (batch / 2) as f64).unwrap();
        assert_eq!(message, "target `y` comes in runs of one class");
        assert_eq!(text, "no more than 5 runs among 160 labels");
        assert!(found(8, |batch, row| ((batch * 16 + row) / 40) as f64).is_some(), "runs that cross batches");
        assert!(found(12, |batch, _| (mixed(batch, 0) % 4) as f64).is_some(), "batches of one class in any order");
    }

    #[test]
    fn classes_that_only_the_end_holds_are_told() {
        let tail = |batch: usize, row: usize| if batch >= 8 { 9.0 } else { (mixed(batch, row) % 9) as f64 };
        let (message, text) = found(10, tail).unwrap();
        assert_eq!(message, "the end of target `y` holds other classes than the rest");
        assert_eq!(text, "32 labels of classes that the 8 batches before do not hold");
    }

    #[test]
    fn mixtures_rare_classes_and_short_runs_are_fine() {
        assert_eq!(found(20, |batch, row| (mixed(batch, row) % 2) as f64), None);
        assert_eq!(found(20, |batch, row| f64::from(u8::from(batch == 7 && row < 9))), None, "a rare class in one run");
        assert_eq!(found(20, |batch, row| ((batch + row / 4) % 3) as f64), None, "runs of four");
        assert_eq!(found(3, |batch, _| batch as f64), None, "three batches");
        assert_eq!(found(20, |_, _| 1.0), None, "one class");
    }

    #[test]
    fn only_class_ids_with_one_label_per_row_are_looked_at() {
        let looked = |world: World| world.looked(&RULE);
        let masks = world().made(6, &[("y: int64[16]", |batch, _| batch as f64)]);
        assert_eq!(looked(masks), [Looked::Yes]);
        let masks = World::new(Framework::Keras)
            .target("y", "int64", "batch, 4")
            .made(6, &[("y: int64[16, 4]", |b, _| b as f64)]);
        assert_eq!(looked(masks), [Looked::No]);
        let prices = World::new(Framework::Keras)
            .target("y", "float32", "batch")
            .made(6, &[("y: float32[16]", |b, _| b as f64)]);
        assert_eq!(looked(prices), [Looked::No]);
    }

    #[test]
    fn the_bound_is_above_the_exact_chance() {
        // All orders of few ones among eight, counted by hand.
        for few in 2..5_u64 {
            for runs in 2..=few {
                let orders: Vec<u32> = (0..1_u32 << 8).filter(|order| u64::from(order.count_ones()) == few).collect();
                let at_most = |order: &&u32| u64::from((**order ^ (**order >> 1)).count_ones() - (**order >> 7)) < runs;
                let exact = orders.iter().filter(at_most).count() as f64 / orders.len() as f64;
                assert!(chance(runs, few, 8) >= exact - 1e-9, "{few} {runs}: {exact}");
            }
        }
        assert!((ln_choose(50, 20) - 31.483_914_1).abs() < 1e-3);
    }

    proptest! {
        #[test]
        fn shuffled_labels_are_fine(labels in prop::collection::vec(0_u8..3, 64..200), classes in 1_u8..3) {
            let mut world = world();
            for batch in labels.chunks_exact(8) {
                let batch: Vec<f64> = batch.iter().map(|label| f64::from(label % (classes + 1))).collect();
                world = world.values(&[("y: int64[8]", &batch)]);
            }
            prop_assert!(world.judge(&RULE).is_empty());
        }
    }
}
