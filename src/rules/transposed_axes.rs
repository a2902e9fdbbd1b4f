//! The declared axes in another order.

use super::shapes::{Shaped, shaped, tuple};
use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule};
use crate::diagnostic::{Fix, Level, python::variable};
use crate::spec::Framework;
use crate::spec::fit::{batch_axis, constant};
use crate::spec::mismatch::Mismatch;

/// An axis as short as this is one of channels.
const CHANNELS: u64 = 4;

pub(super) static RULE: Rule = Rule {
    id: "transposed-axes",
    group: Group::Shape,
    level: Level::Error,
    finds: "the declared axes in another order: channels first or last, height and width, time and batch",
    needs: Needs::SPEC,
    page: include_str!("../../docs/rules/transposed-axes.md"),
    judge: Judge::Array(judge),
};

fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
    let shaped = match shaped(cx) {
        Ok(shaped) => shaped,
        Err(looked) => return looked,
    };
    if cx.header.shape.len() < 2 {
        return Looked::No;
    }
    let Some(Mismatch::Transposed(order)) = &shaped.mistake else { return Looked::Yes };
    let name = variable(cx.name);
    out.push(
        shaped
            .finding(cx, format!("{} {}", cx.label(), what(cx, &shaped, order)))
            .cause(
                "another library or model wants the axes in that order, or a `transpose` is missing or was done twice",
            )
            .consequence(consequence(cx.framework()))
            .help("use `transpose`, never `reshape`: `reshape` gives the right shape too, and scrambles every sample")
            .fix(Fix::unverified(format!("{name} = np.ascontiguousarray({name}.transpose{})", tuple(order)))),
    );
    Looked::Yes
}

/// What the order is called: by the letters of the spec, by what images are called, or by the axes that moved.
fn what(cx: &ArrayCx<'_>, shaped: &Shaped<'_>, order: &[usize]) -> String {
    if let Some(declared) = &shaped.declaration.axes
        && declared.value.chars().count() == order.len()
    {
        let mut found = vec![' '; order.len()];
        for (letter, axis) in declared.value.chars().zip(order) {
            found[*axis] = letter;
        }
        return format!("is {}, the model takes {}", found.into_iter().collect::<String>(), declared.value);
    }
    let rank = order.len();
    let dims = &shaped.shape.value.dims;
    let few = |size: Option<u64>| size.is_some_and(|size| size <= CHANNELS);
    if order == [0, 2, 3, 1] && few(dims.last().and_then(|dim| constant(dim, &cx.spec.symbols))) {
        return "has its channels first, the model takes them last".into();
    }
    if order == [0, 3, 1, 2] && few(dims.get(1).and_then(|dim| constant(dim, &cx.spec.symbols))) {
        return "has its channels last, the model takes them first".into();
    }
    let batch = batch_axis(&shaped.shape.value, rank);
    let moved: Vec<usize> = (0..rank).filter(|axis| order[*axis] != *axis).collect();
    match (moved.as_slice(), batch) {
        (_, Some(batch)) if order[batch] != batch => {
            format!("has its batch on axis {}, the model takes it on axis {batch}", order[batch])
        }
        ([a, b], _) => format!("has axes {a} and {b} swapped"),
        _ => format!("has its axes in another order than {}", shaped.shape.value),
    }
}

fn consequence(framework: Framework) -> &'static str {
    match framework {
        Framework::Keras => {
            "a functional model stops: `expected shape=(None, 28, 28, 3), found shape=(None, 3, 28, 28)`; a Sequential \
             model does not check its input, and may train on it"
        }
        Framework::Torch => {
            "torch stops: `expected input[8, 224, 224, 3] to have 3 channels, but got 224 channels instead`; where the \
             sizes happen to fit, it trains on the wrong axes"
        }
        Framework::Onnxruntime => {
            "onnxruntime stops and names the wrong axes: `index: 1 Got: 8 Expected: 3  index: 3 Got: 3 Expected: 8`"
        }
        _ => "an error about sizes, or, where they happen to fit, a model trained on the wrong axes",
    }
}
