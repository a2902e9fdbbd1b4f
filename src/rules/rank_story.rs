//! What a wrong number of axes says about how it came to be.

use super::ArrayCx;
use super::shapes::Shaped;
use crate::diagnostic::{Finding, Fix, Level, python::variable};
use crate::spec::dims::{Bindings, Dim, Shape};
use crate::spec::fit::{self, constant, fit};
use crate::spec::{Encoding, Framework, Role};

/// What the number of axes says about how it came to be.
pub(super) enum Story {
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
    /// The story that the two shapes tell, if it is a known one.
    pub(super) fn of(cx: &ArrayCx<'_>, shaped: &Shaped<'_>) -> Option<Self> {
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
        if let Some(sample) = fit::without_batch(shape).filter(|_| batched) {
            let ones = (0..sample.dims.len()).rev().filter(|i| constant(&sample.dims[*i], &cx.spec.symbols) == Some(1));
            return ones.into_iter().find(|i| fits(&fit::without(&sample, *i), actual)).map(Self::BareSample);
        }
        (!shape.dims.contains(&Dim::Batch) && fits(shape, &actual[1..])).then_some(Self::UndeclaredBatch)
    }

    /// Adds why, what the framework does, and what to do.
    pub(super) fn tell(self, cx: &ArrayCx<'_>, shaped: &Shaped<'_>, finding: Finding) -> Finding {
        let x = variable(cx.name);
        let ids = if cx.header.dtype.is_integer() { x.to_string() } else { format!("{x}.astype(np.int64)") };
        let fix = |python: String| Fix::unverified(python);
        match self {
            Self::TrailingOne => {
                let finding = finding
                    .cause("an axis of size 1 is left at the end: gray images with a channel axis, or a column instead of a list of numbers")
                    .fix(fix(format!("{x} = {x}[..., 0]")));
                if cx.framework() == Framework::Keras && shaped.declaration.role == Role::Input {
                    finding
                        .level(Level::Warning)
                        .consequence("keras drops a last axis of size 1 from an input without a word; other consumers do not")
                } else {
                    finding
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
                .fix(fix(format!("{x} = np.eye({classes}, dtype=np.float32)[{ids}]"))),
            Self::NotFlattened => finding
                .cause("the samples have as many numbers as declared, and were not flattened")
                .fix(fix(format!("{x} = {x}.reshape(len({x}), -1)"))),
            Self::Flattened(sizes) => {
                let sizes: Vec<String> = sizes.iter().map(u64::to_string).collect();
                finding
                    .cause("the samples have as many numbers as declared, and were flattened")
                        .help("if they were flattened in this order of axes, give them their shape back")
                    .fix(fix(format!("{x} = {x}.reshape(len({x}), {})", sizes.join(", "))))
            }
            Self::BareSample(one) => finding
                .cause("one sample was taken without its batch axis and without its axis of size 1")
                .help("collect the samples of a batch and stack them, `np.stack(samples)`, with the axis of size 1 in its place")
                .fix(fix(format!("{x} = np.expand_dims({x}, (0, {}))", one + 1))),
            Self::UndeclaredBatch => Finding { consequence: None, ..finding }
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
        Framework::Keras => {
            "a sparse loss of keras stops: `must have rank (ndim)`, with the shapes of target and output behind it"
        }
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
        Framework::Keras => {
            "keras stops: `must have the same rank (ndim)`, with the shapes of target and output behind it"
        }
        Framework::Tensorflow => "`Shapes (None, 1) and (None, 10) are incompatible`",
        Framework::Torch => "torch takes integers for class ids and goes on; with floats, or another loss, it stops",
        _ => "a loss that subtracts repeats the numbers over the rows, or stops",
    }
}
