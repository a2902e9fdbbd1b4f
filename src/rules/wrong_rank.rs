//! Another number of axes, where nothing more exact can be said.

use super::shapes::{Shaped, listed, shaped};
use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule};
use crate::diagnostic::{Finding, Fix, Level, python::variable};
use crate::spec::dims::{Bindings, Dim, Shape};
use crate::spec::fit::{self, constant, fit, ranks};
use crate::spec::mismatch::Mismatch;
use crate::spec::{Encoding, Framework, Role};

pub(super) static RULE: Rule = Rule {
    id: "wrong-rank",
    group: Group::Shape,
    level: Level::Error,
    finds: "another number of axes than declared",
    needs: Needs::SPEC,
    page: include_str!("../../docs/rules/wrong-rank.md"),
    judge: Judge::Array(judge),
};

fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
    let shaped = match shaped(cx) {
        Ok(shaped) => shaped,
        Err(looked) => return looked,
    };
    if shaped.mistake != Some(Mismatch::Rank) {
        return Looked::Yes;
    }
    let found = cx.header.shape.len();
    let declared = ranks(&shaped.shape.value);
    let least = if declared.open { "at least " } else { "" };
    let message = format!("{} has {} instead of {least}{}", cx.label(), axes(found), declared.min);
    let finding = shaped.finding(cx, message);
    out.push(match Story::of(cx, &shaped) {
        Some(story) => story.tell(cx, &shaped, finding),
        None => finding.consequence(consequence(cx.framework(), shaped.declaration.role)),
    });
    Looked::Yes
}

fn axes(n: usize) -> String {
    format!("{n} {}", if n == 1 { "axis" } else { "axes" })
}

/// What the number of axes says about how it came to be.
enum Story {
    /// An axis of size 1 at the end.
    TrailingOne,
    /// A last axis of this size where class ids are declared.
    OneHot(u64),
    /// Class ids where one row of this size per sample is declared.
    ClassIds(u64),
    /// Samples with several axes where one axis holds as many numbers.
    NotFlattened,
    /// One axis where several hold as many numbers: their sizes.
    Flattened(Vec<u64>),
    /// One sample, without its axis of size 1.
    BareSample(usize),
    /// The declaration has no batch axis, and the array has one.
    UndeclaredBatch,
}

impl Story {
    fn of(cx: &ArrayCx<'_>, shaped: &Shaped<'_>) -> Option<Self> {
        let (shape, actual) = (&shaped.shape.value, cx.header.shape.as_slice());
        let fits = |shape: &Shape, actual: &[u64]| fit(shape, actual, &cx.spec.symbols, &Bindings::new()).fits();
        let (last, front) = actual.split_last()?;
        if fits(shape, front) && *last == 1 {
            return Some(Self::TrailingOne);
        }
        let constants: Option<Vec<u64>> =
            shape.dims.iter().skip(1).map(|dim| constant(dim, &cx.spec.symbols)).collect();
        let batched = shape.dims.first() == Some(&Dim::Batch);
        if shaped.declaration.role == Role::Target {
            let encoding = shaped.declaration.encoding.as_ref().map(|encoding| encoding.value);
            if fits(shape, front) && matches!(encoding, None | Some(Encoding::Index)) {
                return Some(Self::OneHot(*last));
            }
            if let (Some([classes]), [_], true) = (constants.as_deref(), actual, batched)
                && matches!(encoding, None | Some(Encoding::OneHot | Encoding::Probabilities))
            {
                return Some(Self::ClassIds(*classes));
            }
        }
        let product = |sizes: &[u64]| sizes.iter().try_fold(1_u64, |all, size| all.checked_mul(*size));
        if let (Some(sizes), true) = (constants, batched) {
            let held = product(&actual[1..]).filter(|held| *held > 1);
            if held.is_some() && held == product(&sizes) {
                return match (sizes.as_slice(), actual) {
                    ([_], _) => Some(Self::NotFlattened),
                    (_, [_, _]) => Some(Self::Flattened(sizes)),
                    _ => None,
                };
            }
        }
        if let Some(sample) = fit::without_batch(shape) {
            let ones = (0..sample.dims.len()).rev().filter(|i| constant(&sample.dims[*i], &cx.spec.symbols) == Some(1));
            return ones.into_iter().find(|i| fits(&fit::without(&sample, *i), actual)).map(Self::BareSample);
        }
        (!shape.dims.contains(&Dim::Batch) && fits(shape, &actual[1..])).then_some(Self::UndeclaredBatch)
    }

    fn tell(self, cx: &ArrayCx<'_>, shaped: &Shaped<'_>, finding: Finding) -> Finding {
        let x = variable(cx.name);
        let fix = |python: String| Fix::unverified(python);
        let plain = consequence(cx.framework(), shaped.declaration.role);
        match self {
            Self::TrailingOne => {
                let finding = finding
                    .cause("an axis of size 1 is left at the end: gray images with a channel axis, or a column instead of a list of numbers")
                    .fix(fix(format!("{x} = {x}[..., 0]")));
                if cx.framework() == Framework::Keras && shaped.declaration.role == Role::Input {
                    finding
                        .level(Level::Warning)
                        .consequence("keras drops a last axis of size 1 from an input without a word; other consumers of these files do not")
                } else {
                    finding.consequence(plain)
                }
            }
            Self::OneHot(classes) => finding
                .cause(format!("it looks like one row of {classes} per sample, one-hot or scores, where a single number is declared"))
                .consequence(one_hot(cx.framework()))
                .help("if the rows are one-hot, take the index of the 1; or declare the last axis and a loss that takes such rows")
                .fix(fix(format!("{x} = {x}.argmax(-1)"))),
            Self::ClassIds(classes) => finding
                .cause(format!("it looks like one class id per sample, where a row of {classes} is declared"))
                .consequence(class_ids(cx.framework()))
                .help("if these are class ids from 0, make one-hot rows of them; or declare [\"batch\"] and a loss that takes ids")
                .fix(fix(format!("{x} = np.eye({classes}, dtype=np.float32)[{x}]"))),
            Self::NotFlattened => finding
                .cause("the samples have as many numbers as declared, and were not flattened")
                .consequence(plain)
                .fix(fix(format!("{x} = {x}.reshape(len({x}), -1)"))),
            Self::Flattened(sizes) => {
                let sizes: Vec<String> = sizes.iter().map(u64::to_string).collect();
                finding
                    .cause("the samples have as many numbers as declared, and were flattened")
                    .consequence(plain)
                    .help("if they were flattened in this order of axes, give them their shape back")
                    .fix(fix(format!("{x} = {x}.reshape(len({x}), {})", sizes.join(", "))))
            }
            Self::BareSample(one) => finding
                .cause(format!(
                    "one sample was saved, or yielded, without its {}",
                    listed(&["batch axis".into(), "axis of size 1".into()])
                ))
                .consequence(plain)
                .help("collect the samples of a batch and save `np.stack(samples)`, with the axis of size 1 in its place")
                .fix(fix(format!("{x} = np.expand_dims({x}, (0, {}))", one + 1))),
            Self::UndeclaredBatch => finding
                .cause("the declared shape is that of one sample: it has no \"batch\"")
                .help(format!("if it is the spec that is wrong: shape = {}", with_batch(&shaped.shape.value))),
        }
    }
}

/// The shape as it is written in the spec, with a batch axis.
fn with_batch(shape: &Shape) -> String {
    let entries = shape.dims.iter().map(|dim| match dim {
        Dim::Fixed(size) => size.to_string(),
        dim => format!("\"{dim}\""),
    });
    format!("[{}]", std::iter::once("\"batch\"".to_owned()).chain(entries).collect::<Vec<_>>().join(", "))
}

fn one_hot(framework: Framework) -> &'static str {
    match framework {
        Framework::Keras => "a sparse loss stops: `Argument `output` must have rank (ndim) `target.ndim - 1``",
        Framework::Tensorflow => {
            "`logits and labels must have the same first dimension, got logits shape [250,10] and labels shape [2500]`"
        }
        Framework::Torch => {
            "cross entropy takes such rows for probabilities if they are floats, and stops if they are integers"
        }
        Framework::Sklearn => "sklearn stops: `y should be a 1d array, got an array of shape (20, 2) instead.`",
        _ => "a loss that takes class ids stops, or compares the wrong things",
    }
}

fn class_ids(framework: Framework) -> &'static str {
    match framework {
        Framework::Keras => "keras stops: `Arguments `target` and `output` must have the same rank (ndim)`",
        Framework::Tensorflow => "`Shapes (None, 1) and (None, 10) are incompatible`",
        Framework::Torch => "torch takes integers for class ids and goes on; with floats, or another loss, it stops",
        _ => "a loss that subtracts repeats the numbers over the rows, or stops",
    }
}

fn consequence(framework: Framework, role: Role) -> &'static str {
    match (framework, role) {
        (Framework::Keras, Role::Input) => {
            "keras stops: `Invalid input shape for input Tensor(...)`, or `expected min_ndim=4, found ndim=3`"
        }
        (Framework::Keras, Role::Target) => "keras stops: `target` and `output` `must have the same rank (ndim)`",
        (Framework::Keras, Role::Weight) => "keras stops: `Incompatible shapes: [20] vs. [20,3]`",
        (Framework::Onnxruntime, _) => "onnxruntime stops: `Invalid rank for input: x Got: 3 Expected: 4`",
        (Framework::Sklearn, Role::Input) => "sklearn takes tables of two axes, and stops",
        (_, Role::Input) => "the first layer that counts axes stops, often with a message about something else",
        (_, Role::Target | Role::Weight) => "the loss stops, or broadcasts and compares the wrong numbers",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::World;

    fn input(framework: Framework, declared: &str, actual: &str) -> World {
        World::new(framework).input("x", "float32", declared).batch(&[&format!("x: float32[{actual}]")])
    }

    fn target(declared: &str, actual: &str) -> World {
        World::new(Framework::Keras).target("y", "int64", declared).batch(&[&format!("y: int64[{actual}]")])
    }

    fn python(world: &World) -> Option<String> {
        world.judge(&RULE)[0].fix.as_ref().map(|fix| fix.python.clone())
    }

    #[test]
    fn any_other_rank_is_counted() {
        assert_eq!(input(Framework::Any, "batch, 8", "4, 2, 3").messages(&RULE), ["input `x` has 3 axes instead of 2"]);
        assert_eq!(
            input(Framework::Any, "batch, 2, ..., 3", "4").messages(&RULE),
            ["input `x` has 1 axis instead of at least 3"]
        );
    }

    #[test]
    fn keras_drops_a_trailing_one_and_others_do_not() {
        let level = |framework| input(framework, "batch, 28, 28", "32, 28, 28, 1").judge(&RULE)[0].level;
        assert_eq!(level(Framework::Keras), Some(Level::Warning));
        assert_eq!(level(Framework::Torch), None);
        assert_eq!(python(&input(Framework::Keras, "batch, 8", "32, 8, 1")), Some("x = x[..., 0]".into()));
    }

    #[test]
    fn flat_and_unflattened_samples_are_told_by_their_product() {
        let flat = input(Framework::Any, "batch, 28, 28, 1", "32, 784");
        assert_eq!(python(&flat), Some("x = x.reshape(len(x), 28, 28, 1)".into()));
        let image = input(Framework::Any, "batch, 784", "32, 28, 28");
        assert_eq!(python(&image), Some("x = x.reshape(len(x), -1)".into()));
        assert_eq!(python(&input(Framework::Any, "batch, 784", "32, 28, 27")), None);
    }

    #[test]
    fn a_bare_sample_gets_both_axes() {
        let bare = input(Framework::Any, "batch, 28, 28, 1", "28, 28");
        assert_eq!(python(&bare), Some("x = np.expand_dims(x, (0, 3))".into()));
    }

    #[test]
    fn one_hot_rows_and_class_ids_are_told_apart() {
        assert_eq!(python(&target("batch", "32, 10")), Some("y = y.argmax(-1)".into()));
        assert_eq!(python(&target("batch, 10", "32")), Some("y = np.eye(10, dtype=np.float32)[y]".into()));
    }

    #[test]
    fn a_spec_without_batch_axis_is_said_to_lack_it() {
        let finding = input(Framework::Any, "28, 28", "32, 28, 28").judge(&RULE).remove(0);
        assert!(finding.help.unwrap().ends_with("shape = [\"batch\", 28, 28]"));
    }

    #[test]
    fn more_exact_rules_go_first() {
        for actual in ["32, 28, 28", "28, 28, 1", "1, 32, 28, 28, 1", "", "32, 28, 28, 1"] {
            assert!(input(Framework::Any, "batch, 28, 28, 1", actual).messages(&RULE).is_empty(), "{actual}");
        }
        for (declared, actual) in [("batch", "32, 1"), ("batch, 1", "32")] {
            assert!(target(declared, actual).messages(&RULE).is_empty(), "{declared}");
        }
    }
}
