//! Arrays without elements.

use super::context::called;
use super::shapes::{listed, places};
use super::{BatchCx, Findings, Group, Judge, Looked, Needs, Rule};
use crate::diagnostic::{Anchor, Finding, Level};
use crate::facts::Cell;
use crate::source::text::shown;
use crate::spec::Framework;
use crate::spec::fit::batch_axis;
use crate::spec::mismatch::{Mismatch, mismatch};

pub(super) static RULE: Rule = Rule {
    id: "empty-batch",
    group: Group::Shape,
    level: Level::Error,
    finds: "a size of 0 in a shape: a batch without rows",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/empty-batch.md"),
    judge: Judge::Batch(judge),
};

fn judge(cx: &BatchCx<'_>, out: &mut Findings) -> Looked {
    let unspecified = cx.spec.arrays.is_empty();
    let concerned = || cx.arrays.iter().filter(|seen| unspecified || declaration(cx, seen.0).is_some());
    if concerned().next().is_none() {
        return Looked::No;
    }
    let empty = concerned().filter(|(column, cell)| is_empty(cx, *column, cell));
    let (without_rows, others): (Vec<Seen<'_, '_>>, Vec<Seen<'_, '_>>) =
        empty.partition(|seen| rows(cx, seen) == Some(0));
    let whole = without_rows.len() == concerned().filter(|seen| rows(cx, seen).is_some()).count();
    let mut single = others;
    match without_rows.first() {
        Some(first) if whole => {
            let shapes: Vec<String> = without_rows.iter().map(|seen| shape_of(cx, seen)).collect();
            out.push(finding(cx, first, "the batch is empty".into(), listed(&shapes)));
        }
        _ => single.extend(without_rows),
    }
    for seen in single {
        let finding = finding(cx, seen, format!("{} is empty", label(cx, seen)), shape_of(cx, seen));
        // Beside arrays that hold something, an undeclared list may well be empty: boxes of an image without objects.
        out.push(if unspecified { finding.level(Level::Warning) } else { finding });
    }
    Looked::Yes
}

/// A column and its array in the first of the batches.
type Seen<'c, 'f> = &'c (usize, Cell<'f>);

fn finding(cx: &BatchCx<'_>, seen: Seen<'_, '_>, message: String, found: String) -> Finding {
    let shape = declaration(cx, seen.0).and_then(|declaration| declaration.shape.as_ref());
    let anchor = shape.map_or(Anchor::Data, |shape| Anchor::Spec(shape.at.clone()));
    let expected = "Every array of a batch has at least one row, and every axis at least size 1.";
    let mut finding = cx.finding(anchor, &cx.stream.columns[seen.0].name, message, expected, found);
    finding.places = places(cx, seen.0);
    finding
        .cause("one batch too many, from `range(n // size + 1)` where the rows divide exactly; or a filter that left nothing")
        .consequence(consequence(cx.spec.framework()))
        .help("count the batches with `math.ceil(n / size)` and skip what is empty; if it may be empty, say `min = 0` where its size is declared")
}

/// The size of the batch axis; without a declaration, of the first axis.
fn rows(cx: &BatchCx<'_>, seen: Seen<'_, '_>) -> Option<u64> {
    let actual = &seen.1.header().shape;
    let shape = declaration(cx, seen.0).and_then(|declaration| declaration.shape.as_ref());
    let axis = shape.map_or(Some(0), |shape| batch_axis(&shape.value, actual.len()));
    actual.get(axis?).copied()
}

fn is_empty(cx: &BatchCx<'_>, column: usize, cell: &Cell<'_>) -> bool {
    let shape = &cell.header().shape;
    match declaration(cx, column).filter(|declaration| declaration.shape.is_some()) {
        Some(declaration) => matches!(mismatch(cx.spec, declaration, shape), Some(Mismatch::Empty(_))),
        None => shape.contains(&0),
    }
}

fn declaration<'a>(cx: &BatchCx<'a>, column: usize) -> Option<&'a crate::spec::Declaration> {
    cx.stream.columns[column].declared.map(|index| &cx.spec.arrays[index])
}

fn label(cx: &BatchCx<'_>, seen: Seen<'_, '_>) -> String {
    let key = || called(&cx.stream.columns[seen.0].name);
    declaration(cx, seen.0).map_or_else(key, crate::spec::Declaration::label)
}

fn shape_of(cx: &BatchCx<'_>, seen: Seen<'_, '_>) -> String {
    let name = declaration(cx, seen.0).map_or(&*seen.1.array.key, |declaration| &declaration.name);
    format!("`{}` of shape {}", shown(name, 80), seen.1.header().shape_text())
}

fn consequence(framework: Framework) -> &'static str {
    match framework {
        Framework::Keras => {
            "keras ignores it, reports a loss of 0.0, or aborts the whole process (`Check failed: dtype() == \
             expected_dtype`), depending on the layers"
        }
        Framework::Torch => "the loss over nothing is nan, and so is every average that the step enters",
        Framework::Jax => {
            "a mean over nothing is nan; Keras on JAX stops: `Gradient only defined for scalar-output functions. Output \
             had shape: (0,).`"
        }
        Framework::Sklearn => "sklearn stops: an estimator needs at least one sample",
        Framework::Onnxruntime | Framework::Triton => "the model answers with nothing, or stops",
        Framework::Tensorflow | Framework::Any => {
            "a mean over nothing is nan, and so is every average that the step enters"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::World;
    use crate::spec::{At, Declared, SizeRule, Symbol};

    fn world(image: &str, label: &str) -> World {
        World::new(Framework::Torch)
            .input("image", "float32", "batch, 8, 8, 3")
            .target("label", "int64", "batch")
            .batch(&[&format!("image: float32[{image}]"), &format!("label: int64[{label}]")])
    }

    #[test]
    fn a_batch_without_rows_is_one_fault() {
        let world = world("0, 8, 8, 3", "0");
        assert_eq!(world.messages(&RULE), ["the batch is empty"]);
        assert_eq!(world.judge(&RULE)[0].found, "`image` of shape [0, 8, 8, 3] and `label` of shape [0]");
    }

    #[test]
    fn arrays_without_a_batch_axis_do_not_make_it_two() {
        let world = world("0, 8, 8, 3", "0").spec(|spec| spec.arrays.swap(0, 1));
        let table = world.input("table", "float32", "3, 3");
        let table = table.batch(&["image: float32[0, 8, 8, 3]", "label: int64[0]", "table: float32[3, 3]"]);
        assert_eq!(table.messages(&RULE), ["the batch is empty"; 2]);
    }

    #[test]
    fn one_empty_array_is_named() {
        assert_eq!(world("4, 8, 8, 3", "0").messages(&RULE), ["target `label` is empty"]);
        assert_eq!(world("4, 0, 8, 3", "4").messages(&RULE), ["input `image` is empty"]);
        assert_eq!(
            world("0, 8, 8, 3", "0")
                .batch(&["image: float32[0, 8, 8, 3]", "label: int64[0]", "n: int64[1]"])
                .messages(&RULE)
                .len(),
            2
        );
    }

    #[test]
    fn zero_is_fine_where_the_spec_says_so() {
        let declared = |rule: SizeRule| {
            World::new(Framework::Torch)
                .input("image", "float32", "batch, 8")
                .input("boxes", "float32", "M, 4")
                .spec(|spec| spec.symbols.push(Symbol { name: "M".into(), at: At::Flag("--dims"), rule, varies: true }))
                .batch(&["image: float32[2, 8]", "boxes: float32[0, 4]"])
        };
        assert!(declared(SizeRule { min: Some(0), ..SizeRule::default() }).messages(&RULE).is_empty());
        assert_eq!(declared(SizeRule::default()).messages(&RULE), ["input `boxes` is empty"]);
        let batch = world("0, 8, 8, 3", "0").spec(|spec| {
            let rule = SizeRule { min: Some(0), ..SizeRule::default() };
            spec.plan.size = Some(Declared { value: rule, at: At::Flag("--batch-size") });
        });
        assert!(batch.messages(&RULE).is_empty());
    }

    #[test]
    fn without_a_spec_an_empty_list_beside_data_is_a_warning() {
        let world = World::unspecified().batch(&["boxes: float32[0, 4]", "image: float32[8, 8, 3]"]);
        assert_eq!(world.judge(&RULE)[0].level, Some(Level::Warning));
        let beside_a_spec = World::new(Framework::Torch).input("x", "float32", "batch, 4");
        let beside_a_spec = beside_a_spec.batch(&["x: float32[4, 4]", "boxes: float32[0, 4]"]);
        assert!(beside_a_spec.messages(&RULE).is_empty());
        let all = World::unspecified().batch(&["x: float32[0, 4]", "y: int64[0]"]);
        assert_eq!((all.messages(&RULE), all.judge(&RULE)[0].level), (vec!["the batch is empty".to_owned()], None));
    }

    #[test]
    fn a_batch_with_rows_is_clean() {
        assert!(world("4, 8, 8, 3", "4").messages(&RULE).is_empty());
        assert_eq!(world("4, 8, 8, 3", "4").looked(&RULE), [Looked::Yes]);
    }
}
