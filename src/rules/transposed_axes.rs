//! The declared axes in another order.

use super::quotes;
use super::shapes::{Shaped, shaped};
use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule};
use crate::diagnostic::repair::Step;
use crate::diagnostic::{Change, Fix, Level, python::variable};
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
            .consequence(consequence(cx, &shaped))
            .help("use `transpose`, never `reshape`: `reshape` gives the right shape too, and scrambles every sample")
            .fix(
                Fix::unverified(format!(
                    "{name} = np.ascontiguousarray({name}.transpose{})",
                    quotes::tuple(order.iter().map(usize::to_string))
                ))
                .change(Change::Steps(vec![Step::Transpose(order.clone())])),
            ),
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

fn consequence(cx: &ArrayCx<'_>, shaped: &Shaped<'_>) -> String {
    match cx.framework() {
        Framework::Keras => format!(
            "a functional model of keras stops: {}; a Sequential model does not check its input, and may train on it",
            quotes::keras_sizes(cx, shaped)
        ),
        Framework::Torch => match quotes::torch_channels(cx, shaped) {
            Some(quote) => format!("torch stops: {quote}; layers that take any size train on the wrong axes"),
            None => "a layer that needs the sizes stops; those that take any size train on the wrong axes".into(),
        },
        Framework::Onnxruntime => quotes::onnx_sizes(cx, quotes::as_they_stand(cx, shaped)),
        _ => "an error about sizes, or, where layers take any size, a model trained on the wrong axes".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::World;
    use crate::spec::{At, Declared};

    fn world(declared: &str, actual: &str) -> World {
        World::new(Framework::Torch).input("x", "float32", declared).batch(&[&format!("x: float32[{actual}]")])
    }

    #[test]
    fn channels_are_called_by_name() {
        let last = world("batch, 3, 224, 224", "8, 224, 224, 3");
        assert_eq!(last.messages(&RULE), ["input `x` has its channels last, the model takes them first"]);
        assert_eq!(
            last.judge(&RULE)[0].fix.as_ref().unwrap().python,
            "x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))"
        );
        let first = world("batch, 32, 32, 3", "8, 3, 32, 32");
        assert_eq!(first.messages(&RULE), ["input `x` has its channels first, the model takes them last"]);
    }

    #[test]
    fn letters_of_the_spec_are_used() {
        let axes = |world: World, letters: &str| {
            let axes = Declared { value: letters.to_owned(), at: At::Flag("--axes") };
            world.with(|declared| declared.axes = Some(axes)).messages(&RULE)
        };
        assert_eq!(
            axes(world("batch, 32, 28, 3", "8, 3, 32, 28"), "NHWC"),
            ["input `x` is NCHW, the model takes NHWC"]
        );
        assert_eq!(
            axes(world("batch, 32, 28, 3", "8, 28, 32, 3"), "NHWC"),
            ["input `x` is NWHC, the model takes NHWC"]
        );
    }

    #[test]
    fn swaps_and_moved_batches_are_described() {
        assert_eq!(world("batch, T, 39", "8, 39, 100").messages(&RULE), ["input `x` has axes 1 and 2 swapped"]);
        let samples_last = world("batch, 32, 32, 3", "32, 32, 3, 500");
        assert_eq!(samples_last.messages(&RULE), ["input `x` has its batch on axis 3, the model takes it on axis 0"]);
    }

    #[test]
    fn what_fits_or_is_no_other_order_is_left_alone() {
        for (declared, actual) in [
            ("batch, 3, 3, 3", "3, 3, 3, 3"),
            ("batch, 32, 32, 3", "8, 32, 32, 3"),
            ("batch, 32, 32, 3", "8, 28, 28, 3"),
            ("batch, 100, 64", "100, 32, 64"),
            ("batch, T, F", "8, 39, 100"),
        ] {
            let world = world(declared, actual);
            assert!(world.messages(&RULE).is_empty(), "{declared} {actual}");
            assert_eq!(world.looked(&RULE), [Looked::Yes]);
        }
        assert_eq!(world("batch", "8").looked(&RULE), [Looked::No]);
    }
}
