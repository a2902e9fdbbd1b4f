//! One-hot rows where class ids are declared, and the reverse.

use std::collections::BTreeSet;

use super::context::place;
use super::{Findings, Group, Judge, Looked, Needs, Rule, ValuesCx};
use crate::diagnostic::quantity::exact;
use crate::diagnostic::repair::Step;
use crate::diagnostic::{Change, Finding, Fix, Level, Place, Proof, python::variable};
use crate::facts::{Stream, asks};
use crate::source::ArrayFacts;
use crate::spec::dims::{Bindings, Shape};
use crate::spec::dtype::{Dtype, Kind};
use crate::spec::fit::{self, fit};
use crate::spec::framework::aim;
use crate::spec::mismatch::{Mismatch, mismatch, takes_one};
use crate::spec::{Declaration, Encoding, Framework, Spec};

/// Rows of zeros and ones that are all one-hot by chance, where no shape says what they are: two columns make each
/// such row in one of two cases, so 20 of them in one of a million.
const ROWS: u64 = 20;

pub(super) static RULE: Rule = Rule {
    id: "target-encoding",
    group: Group::Targets,
    level: Level::Error,
    finds: "one-hot rows where class ids are declared, and class ids where one-hot rows or probabilities are",
    needs: Needs::NUMBERS.spec(),
    page: include_str!("../../docs/rules/target-encoding.md"),
    judge: Judge::Values(judge),
};

/// The arrays of a stream that are in another encoding than declared, by column and batch. They break claims about
/// shapes, types and values alike, for this one reason.
#[must_use]
pub fn encoded(spec: &Spec, stream: &Stream<'_>) -> BTreeSet<(usize, usize)> {
    let mut found = BTreeSet::new();
    for (index, column) in stream.columns.iter().enumerate() {
        let Some(declared) = column.declared.and_then(|declared| spec.arrays.get(declared)) else { continue };
        let other = column.cells.iter().filter(|cell| mistake(spec, declared, cell.array).is_some());
        found.extend(other.map(|cell| (index, cell.batch)));
    }
    found
}

/// How a target is encoded instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mistake {
    /// One-hot rows of this many numbers, where class ids are declared.
    OneHot(u64),
    /// Class ids, where rows are declared; whether they stand in a column.
    Ids { column: bool },
}

/// The encoding of the array, where it is another one than declared: the shape has to say so and the values, too.
fn mistake(spec: &Spec, declared: &Declaration, array: &ArrayFacts) -> Option<Mistake> {
    let encoding = declared.encoding.as_ref()?.value;
    let (values, shape) = (array.values()?, array.header.shape.as_slice());
    match encoding {
        Encoding::Index => {
            let size = rows_for_ids(spec, declared, shape)?;
            let answer = values.answer(&asks::one_hot(declared)?)?;
            let enough = declared.shape.is_some() || answer.of >= ROWS;
            (answer.of > 0 && answer.hits.is_empty() && enough).then_some(Mistake::OneHot(size))
        }
        Encoding::OneHot | Encoding::Probabilities => {
            let column = ids_for_rows(spec, declared, shape)?;
            let numbers = values.numbers.as_ref()?;
            let (least, greatest) = (numbers.min?.value.to_f64(), numbers.max?.value.to_f64());
            let ids = numbers.fractional == 0 && numbers.non_finite() == 0 && least >= -1.0;
            (ids && classes(spec, declared).is_none_or(|classes| greatest <= classes as f64))
                .then_some(Mistake::Ids { column })
        }
        Encoding::Binary | Encoding::Value => None,
    }
}

/// The size of the last axis, where the shape has one more than class ids have.
fn rows_for_ids(spec: &Spec, declared: &Declaration, actual: &[u64]) -> Option<u64> {
    let (last, front) = actual.split_last().filter(|(last, front)| **last > 1 && !front.is_empty())?;
    if declared.classes.as_ref().is_some_and(|classes| classes.value != *last) {
        return None;
    }
    let Some(shape) = &declared.shape else { return declared.classes.as_ref().map(|_| *last) };
    if !matches!(mismatch(spec, declared, actual)?, Mismatch::Rank | Mismatch::BatchedTwice(_) | Mismatch::Size(_)) {
        return None;
    }
    let column = shape.value.dims.last().is_some_and(|dim| takes_one(dim, &spec.symbols))
        && fits(spec, &without_last(&shape.value), front);
    (column || fits(spec, &shape.value, front)).then_some(*last)
}

/// Whether the shape is that of class ids where rows are declared, and if so, whether they stand in a column.
fn ids_for_rows(spec: &Spec, declared: &Declaration, actual: &[u64]) -> Option<bool> {
    let column = matches!(actual, [_, .., 1]);
    let front = if column { &actual[..actual.len() - 1] } else { actual };
    let Some(shape) = &declared.shape else {
        return (declared.classes.is_some() && front.len() == 1).then_some(column);
    };
    if !matches!(mismatch(spec, declared, actual)?, Mismatch::Rank | Mismatch::Size(_)) || shape.value.dims.len() < 2 {
        return None;
    }
    let rows = classes(spec, declared).is_none_or(|classes| classes > 1);
    (rows && fits(spec, &without_last(&shape.value), front)).then_some(column)
}

/// How many numbers a declared row has.
fn classes(spec: &Spec, declared: &Declaration) -> Option<u64> {
    let last = declared.shape.as_ref().and_then(|shape| fit::constant(shape.value.dims.last()?, &spec.symbols));
    declared.classes.as_ref().map(|classes| classes.value).or(last)
}

fn without_last(shape: &Shape) -> Shape {
    fit::without(shape, shape.dims.len().saturating_sub(1))
}

fn fits(spec: &Spec, shape: &Shape, actual: &[u64]) -> bool {
    fit(shape, actual, &spec.symbols, &Bindings::new()).fits()
}

fn judge(cx: &ValuesCx<'_>, out: &mut Findings) -> Looked {
    let Some(declared) = cx.declared else { return Looked::No };
    let encodings = [Encoding::Index, Encoding::OneHot, Encoding::Probabilities];
    if !declared.encoding.as_ref().is_some_and(|encoding| encodings.contains(&encoding.value)) {
        return Looked::No;
    }
    let mut kinds: std::collections::BTreeMap<Mistake, Seen> = std::collections::BTreeMap::new();
    for (cell, values) in cx.cells {
        let (Some(mistake), Some(numbers)) = (mistake(cx.spec, declared, cell.array), &values.numbers) else {
            continue;
        };
        let seen = kinds.entry(mistake).or_insert_with(Seen::nothing);
        seen.places.push(place(cell));
        seen.values += numbers.finite;
        seen.floats |= cell.header().dtype.is_float();
        if let (Some(min), Some(max)) = (numbers.min, numbers.max) {
            seen.least = seen.least.min(min.value.to_f64());
            seen.greatest = seen.greatest.max(max.value.to_f64());
        }
    }
    for (mistake, seen) in kinds {
        out.push(match mistake {
            Mistake::OneHot(size) => one_hot(cx, declared, size, seen),
            Mistake::Ids { column } => ids(cx, declared, column, seen),
        });
    }
    Looked::Yes
}

/// The arrays with one mistake.
struct Seen {
    places: Vec<Place>,
    values: u64,
    floats: bool,
    least: f64,
    greatest: f64,
}

impl Seen {
    fn nothing() -> Self {
        Self { places: Vec::new(), values: 0, floats: false, least: f64::INFINITY, greatest: f64::NEG_INFINITY }
    }
}

fn one_hot(cx: &ValuesCx<'_>, declared: &Declaration, size: u64, seen: Seen) -> Finding {
    let y = variable(cx.name);
    let rows = exact(seen.values / size.max(1));
    let (level, consequence) = match (cx.framework(), seen.floats) {
        (Framework::Torch, true) => (
            Level::Warning,
            "cross entropy takes float rows for probabilities and trains right; `nll_loss` and metrics over ids stop",
        ),
        (Framework::Torch, false) => (
            Level::Error,
            "cross entropy stops: `0D or 1D target tensor expected, multi-target not supported`, or `Expected floating point type for target with class probabilities, got Long`",
        ),
        (Framework::Keras, _) => (
            Level::Error,
            "a sparse loss stops: `must have rank (ndim)`, with the shapes of target and output behind it",
        ),
        (Framework::Tensorflow, _) => (
            Level::Error,
            "a sparse loss stops: `logits and labels must have the same first dimension, got logits shape [250,10] and labels shape [2500]`",
        ),
        (Framework::Sklearn, _) => (
            Level::Error,
            "scikit-learn stops: `y should be a 1d array, got an array of shape (20, 2) instead.`, or learns every column by itself",
        ),
        _ => (Level::Error, "a loss that takes class ids stops, or compares the wrong numbers"),
    };
    cx.finding(
        declared.encoding.as_ref().map(|encoding| &encoding.at),
        format!("{} holds one-hot rows, the spec declares class ids", cx.label()),
        format!("`{}` holds one class id per label: encoding = \"index\".", declared.name),
        format!("{rows} rows of {size} numbers, each one 1 among zeros"),
        seen.places,
    )
    .level(level)
    .cause("the labels were made one-hot for another loss")
    .consequence(consequence)
    .help("take the index of the 1; or declare the rows, encoding = \"one-hot\", and a loss that takes them")
    .fix(
        Fix {
            proof: Proof::Lossless(format!(
                "checked on all {rows} rows: each is one 1 among zeros, so that its index says as much"
            )),
            ..Fix::unverified(format!("{y} = np.argmax({y}, axis=-1)"))
        }
        .change(Change::Steps(vec![Step::Ids(aimed(declared, "int64"))])),
    )
}

fn ids(cx: &ValuesCx<'_>, declared: &Declaration, column: bool, seen: Seen) -> Finding {
    let y = variable(cx.name);
    let classes = classes(cx.spec, declared);
    let (level, consequence) = match cx.framework() {
        Framework::Torch if !seen.floats && !column => (
            Level::Warning,
            "cross entropy takes integers for class ids and trains right; a loss that takes rows stops or broadcasts",
        ),
        Framework::Torch => (
            Level::Error,
            "cross entropy stops: `0D or 1D target tensor expected, multi-target not supported`, or `expected target dtype to be Long or Byte, but got Float`",
        ),
        Framework::Keras => (
            Level::Error,
            "`categorical_crossentropy` stops: `must have the same rank (ndim)`, with the shapes of target and output behind it",
        ),
        Framework::Tensorflow => (Level::Error, "`Shapes (None, 1) and (None, 10) are incompatible`"),
        _ => (Level::Error, "a loss that subtracts repeats the ids over the rows and trains on nonsense, or stops"),
    };
    let rows = if declared.encoding.as_ref().is_some_and(|encoding| encoding.value == Encoding::OneHot) {
        "one-hot rows"
    } else {
        "rows of probabilities"
    };
    let size = classes.map_or("C".to_owned(), |classes| classes.to_string());
    let id = match (column, seen.floats) {
        (true, true) => format!("{y}[..., 0].astype(np.int64)"),
        (true, false) => format!("{y}[..., 0]"),
        (false, true) => format!("{y}.astype(np.int64)"),
        (false, false) => y.to_owned(),
    };
    let python = format!("{y} = np.eye({size}, dtype=np.float32)[{id}]");
    let (least, greatest) = (seen.least, seen.greatest);
    let range =
        format!("{} to {}", crate::values::number::float_text(least), crate::values::number::float_text(greatest));
    let inside = classes.is_some_and(|classes| least >= 0.0 && greatest < classes as f64);
    let fix = if inside {
        Fix {
            proof: Proof::Lossless(format!(
                "checked on all {} ids: each is a whole number from 0 to {}",
                exact(seen.values),
                size_end(classes)
            )),
            ..Fix::unverified(python)
        }
        .change(Change::Steps(rows_of_ids(cx, declared, column, classes)))
    } else {
        Fix::choice(python)
    };
    cx.finding(
        declared.encoding.as_ref().map(|encoding| &encoding.at),
        format!("{} holds class ids, the spec declares {rows}", cx.label()),
        format!("`{}` holds one row of {size} numbers per label.", declared.name),
        format!("{} whole numbers from {range}, one per label", exact(seen.values)),
        seen.places,
    )
    .level(level)
    .cause("the labels were kept as class ids for another loss")
    .consequence(consequence)
    .help("make rows of the ids; or declare the ids, encoding = \"index\", and a loss that takes them")
    .fix(fix)
}

/// The declared type, or that of the name where none is declared.
fn aimed(declared: &Declaration, usual: &str) -> Dtype {
    let usual = Dtype::from_name(usual).unwrap_or_else(|| Dtype::new(Kind::Int, 8));
    declared.dtype.as_ref().and_then(|dtype| aim(&dtype.value, &usual)).unwrap_or(usual)
}

/// What makes rows of class ids.
fn rows_of_ids(cx: &ValuesCx<'_>, declared: &Declaration, column: bool, classes: Option<u64>) -> Vec<Step> {
    let last = cx.cells.iter().find(|(cell, _)| ids_for_rows(cx.spec, declared, &cell.header().shape) == Some(column));
    let rank = last.map_or(1, |(cell, _)| cell.header().shape.len());
    let column = column.then(|| Step::DropAxis(rank.saturating_sub(1)));
    let rows = Step::OneHot { classes: classes.unwrap_or(0), to: aimed(declared, "float32") };
    column.into_iter().chain(std::iter::once(rows)).collect()
}

fn size_end(classes: Option<u64>) -> u64 {
    classes.unwrap_or(1).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::diagnostic::Applicability;
    use crate::rules::testing::World;
    use crate::rules::{class_imbalance, fractional_labels, label_out_of_range, missing_class, target_domain};
    use crate::spec::{At, Declared};

    const ONE_HOT: [f64; 6] = [1.0, 0.0, 0.0, 0.0, 0.0, 1.0];

    fn world(framework: Framework, encoding: Encoding, shape: &str) -> World {
        World::new(framework).target("y", "", shape).with(|declared| {
            declared.encoding = Some(Declared { value: encoding, at: At::Flag("--encoding") });
            declared.classes = Some(Declared { value: 3, at: At::Flag("--classes") });
        })
    }

    fn only(world: &World) -> Finding {
        let mut found = world.judge(&RULE);
        assert_eq!(found.len(), 1);
        found.remove(0)
    }

    #[test]
    fn one_hot_rows_where_ids_are_declared() {
        let world = world(Framework::Keras, Encoding::Index, "batch").values(&[("y: int64[4, 3]", &ONE_HOT)]);
        let found = only(&world);
        assert_eq!(found.message, "target `y` holds one-hot rows, the spec declares class ids");
        assert_eq!(found.found, "4 rows of 3 numbers, each one 1 among zeros");
        let fix = found.fix.unwrap();
        assert_eq!(
            (fix.proof.applicability(), fix.python.as_str()),
            (Applicability::Safe, "y = np.argmax(y, axis=-1)")
        );
        assert_eq!(encoded(&world.spec, &world.stream()).into_iter().collect::<Vec<_>>(), [(0, 0)]);
    }

    #[test]
    fn ids_where_rows_are_declared() {
        for (array, python) in [
            ("y: int64[4]", "y = np.eye(3, dtype=np.float32)[y]"),
            ("y: float32[4]", "y = np.eye(3, dtype=np.float32)[y.astype(np.int64)]"),
            ("y: int64[4, 1]", "y = np.eye(3, dtype=np.float32)[y[..., 0]]"),
        ] {
            let world = world(Framework::Keras, Encoding::OneHot, "batch, 3").values(&[(array, &[0.0, 2.0])]);
            let found = only(&world);
            assert_eq!(found.message, "target `y` holds class ids, the spec declares one-hot rows");
            let fix = found.fix.unwrap();
            assert_eq!((fix.proof.applicability(), fix.python.as_str()), (Applicability::Safe, python));
        }
        let beyond =
            world(Framework::Keras, Encoding::Probabilities, "batch, 3").values(&[("y: int64[4]", &[1.0, 3.0])]);
        assert_eq!(only(&beyond).fix.unwrap().proof.applicability(), Applicability::Unverified);
    }

    #[test]
    fn torch_takes_either_for_what_it_is() {
        let level = |encoding, shape, array, values: &[f64]| {
            only(&world(Framework::Torch, encoding, shape).values(&[(array, values)])).level
        };
        assert_eq!(level(Encoding::Index, "batch", "y: float32[4, 3]", &ONE_HOT), Some(Level::Warning));
        assert_eq!(level(Encoding::Index, "batch", "y: int64[4, 3]", &ONE_HOT), Some(Level::Error));
        assert_eq!(level(Encoding::OneHot, "batch, 3", "y: int64[4]", &[1.0]), Some(Level::Warning));
        assert_eq!(level(Encoding::OneHot, "batch, 3", "y: float32[4]", &[1.0]), Some(Level::Error));
    }

    #[test]
    fn values_decide() {
        let silent = |encoding, shape, array, values: &[f64]| {
            world(Framework::Keras, encoding, shape).values(&[(array, values)]).judge(&RULE).is_empty()
        };
        assert!(silent(Encoding::Index, "batch", "y: int64[4, 3]", &[1.0, 1.0, 0.0]), "not one-hot");
        assert!(silent(Encoding::Index, "batch", "y: int64[4, 2]", &[1.0, 0.0]), "not as many as there are classes");
        assert!(silent(Encoding::OneHot, "batch, 3", "y: float32[4]", &[0.5]), "not whole");
        assert!(silent(Encoding::OneHot, "batch, 3", "y: int64[4]", &[7.0]), "no class");
        assert!(silent(Encoding::Index, "batch, 3", "y: int64[4, 3]", &ONE_HOT), "the shape is the declared one");
        assert!(silent(Encoding::OneHot, "batch, 3", "y: float32[4, 3]", &ONE_HOT));
    }

    #[test]
    fn without_a_declared_shape_it_takes_more_rows() {
        let undeclared = |rows: usize| {
            let text = format!("y: int64[{rows}, 3]");
            world(Framework::Keras, Encoding::Index, "").values(&[(&text, &ONE_HOT)]).judge(&RULE).len()
        };
        assert_eq!((undeclared(4), undeclared(32)), (0, 1));
    }

    #[test]
    fn headers_alone_decide_nothing() {
        let world = world(Framework::Keras, Encoding::Index, "batch").batch(&["y: int64[4, 3]"]);
        assert!(encoded(&world.spec, &world.stream()).is_empty());
        let wrong_rank = crate::rules::RULES.iter().find(|rule| rule.id == "wrong-rank").unwrap();
        assert_eq!(world.judge(wrong_rank).len(), 1);
    }

    #[test]
    fn other_rules_about_targets_are_silent() {
        for world in [
            world(Framework::Keras, Encoding::Index, "batch").values(&[("y: float32[64, 3]", &ONE_HOT)]),
            world(Framework::Keras, Encoding::OneHot, "batch, 3").values(&[("y: float32[64]", &[0.0, 2.0])]),
        ] {
            for rule in [
                &label_out_of_range::RULE,
                &fractional_labels::RULE,
                &missing_class::RULE,
                &class_imbalance::RULE,
                &target_domain::RULE,
            ] {
                assert!(world.judge(rule).is_empty(), "{}", rule.id);
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_declared_is_fine(ids in prop::collection::vec(0_usize..3, 1..40)) {
            let rows: Vec<f64> = ids.iter().flat_map(|id| (0..3).map(move |i| f64::from(u8::from(i == *id)))).collect();
            let plain: Vec<f64> = ids.iter().map(|id| *id as f64).collect();
            let (text, ids_text) = (format!("y: float32[{}, 3]", ids.len()), format!("y: int64[{}]", ids.len()));
            let index = world(Framework::Keras, Encoding::Index, "batch").values(&[(&ids_text, &plain)]);
            prop_assert!(index.judge(&RULE).is_empty());
            let one_hot = world(Framework::Keras, Encoding::OneHot, "batch, 3").values(&[(&text, &rows)]);
            prop_assert!(one_hot.judge(&RULE).is_empty());
        }
    }
}
