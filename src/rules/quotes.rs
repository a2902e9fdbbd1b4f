//! What frameworks say of a wrong shape, with the sizes at hand, so that the text can be found in a log. The forms were
//! measured: `docs/rules/wrong-size.md` and its neighbours name them.

use super::ArrayCx;
use super::shapes::Shaped;
use crate::source::text::shown;
use crate::spec::dims::{Dim, Shape};
use crate::spec::fit::{Misfit, align, constant};
use crate::spec::{Spec, Symbol};

/// Keras, sizes: `expected shape=(None, 32, 32, 3), found shape=(4, 28, 28, 3)`
pub(super) fn keras_sizes(cx: &ArrayCx<'_>, shaped: &Shaped<'_>) -> String {
    let declared = declared(&shaped.shape.value, cx.spec);
    format!("`expected shape={declared}, found shape={}`", tuple(sizes(cx)))
}

/// Keras, number of axes: `Expected shape (None, 32, 32, 3), but input has incompatible shape (4, 32, 32)`
pub(super) fn keras_rank(cx: &ArrayCx<'_>, shaped: &Shaped<'_>) -> String {
    let declared = declared(&shaped.shape.value, cx.spec);
    format!("`Expected shape {declared}, but input has incompatible shape {}`", tuple(sizes(cx)))
}

/// ONNX Runtime, number of axes: `Invalid rank for input: x Got: 3 Expected: 4`
pub(super) fn onnx_rank(cx: &ArrayCx<'_>, shaped: &Shaped<'_>) -> String {
    let (found, expected) = (cx.header.shape.len(), shaped.shape.value.dims.len());
    format!("onnxruntime stops: `Invalid rank for input: {} Got: {found} Expected: {expected}`", shown(cx.name, 40))
}

/// ONNX Runtime, sizes: `index: 2 Got: 960 Expected: 736`
pub(super) fn onnx_sizes<'m>(cx: &ArrayCx<'_>, wrong: impl Iterator<Item = (usize, u64, Option<u64>)> + 'm) -> String {
    let indices: Vec<String> = wrong
        .filter_map(|(axis, found, expected)| Some(format!("index: {axis} Got: {found} Expected: {}", expected?)))
        .collect();
    let name = shown(cx.name, 40);
    format!("onnxruntime stops: `Got invalid dimensions for input: {name} ... {}`", indices.join("  "))
}

/// The axes of a misfit, for [`onnx_sizes`].
pub(super) fn misfits<'m>(wrong: &'m [Misfit<'m>]) -> impl Iterator<Item = (usize, u64, Option<u64>)> + 'm {
    wrong.iter().map(|misfit| (misfit.axis, misfit.size, misfit.expected))
}

/// The axes that differ from the declaration as they stand, for [`onnx_sizes`].
pub(super) fn as_they_stand<'m>(
    cx: &'m ArrayCx<'_>,
    shaped: &'m Shaped<'_>,
) -> impl Iterator<Item = (usize, u64, Option<u64>)> + 'm {
    let dims = align(&shaped.shape.value, cx.header.shape.len()).unwrap_or_default();
    dims.into_iter().zip(&cx.header.shape).enumerate().filter_map(|(axis, (dim, size))| {
        let expected = constant(dim, &cx.spec.symbols)?;
        (expected != *size).then_some((axis, *size, Some(expected)))
    })
}

/// PyTorch, a convolution over images with the channels in another place than second: `expected input[8, 224, 224, 3]
/// to have 3 channels, but got 224 channels instead`. Three axes are taken for one image.
pub(super) fn torch_channels(cx: &ArrayCx<'_>, shaped: &Shaped<'_>) -> Option<String> {
    let [Dim::Batch, channels, _, _] = shaped.shape.value.dims.as_slice() else { return None };
    let expected = constant(channels, &cx.spec.symbols)?;
    let mut seen = cx.header.shape.clone();
    if seen.len() == 3 {
        seen.insert(0, 1);
    }
    let found = *seen.get(1).filter(|found| seen.len() == 4 && **found != expected)?;
    let seen = crate::source::shape_text(&seen);
    Some(format!("`expected input{seen} to have {expected} channels, but got {found} channels instead`"))
}

/// The declared shape as Keras writes it: `(None, 32, 32, 3)`.
pub(super) fn declared(shape: &Shape, spec: &Spec) -> String {
    tuple(shape.dims.iter().map(|dim| entry(dim, &spec.symbols)))
}

fn entry(dim: &Dim, symbols: &[Symbol]) -> String {
    match dim {
        Dim::Rest => "...".into(),
        dim => constant(dim, symbols).map_or_else(|| "None".into(), |size| size.to_string()),
    }
}

fn sizes(cx: &ArrayCx<'_>) -> impl Iterator<Item = String> {
    cx.header.shape.iter().map(u64::to_string)
}

/// As Python writes it: `()`, `(3,)`, `(3, 4)`.
pub(super) fn tuple(entries: impl Iterator<Item = String>) -> String {
    let entries: Vec<String> = entries.collect();
    match entries.as_slice() {
        [only] => format!("({only},)"),
        several => format!("({})", several.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::World;
    use crate::rules::{RULES, Rule};
    use crate::spec::Framework;

    fn consequence(id: &str, framework: Framework, declared: &str, actual: &str) -> String {
        let rule: &Rule = RULES.iter().find(|rule| rule.id == id).unwrap();
        let world = World::new(framework).input("x", "float32", declared).batch(&[&format!("x: float32[{actual}]")]);
        world.judge(rule).remove(0).consequence.unwrap()
    }

    #[test]
    fn the_sizes_at_hand_are_quoted() {
        use Framework::{Keras, Onnxruntime, Sklearn, Torch};
        for (id, framework, declared, actual, quote) in [
            (
                "wrong-size",
                Keras,
                "batch, 32, T, 3",
                "8, 28, 30, 3",
                "`expected shape=(None, 32, None, 3), found shape=(8, 28, 30, 3)`",
            ),
            (
                "wrong-size",
                Onnxruntime,
                "batch, 736",
                "8, 960",
                "`Got invalid dimensions for input: x ... index: 1 Got: 960 Expected: 736`",
            ),
            (
                "wrong-size",
                Sklearn,
                "batch, 4",
                "8, 3",
                "`X has 3 features, but ... is expecting 4 features as input.`",
            ),
            (
                "wrong-size",
                Torch,
                "batch, 3, 8, 8",
                "4, 1, 8, 8",
                "`expected input[4, 1, 8, 8] to have 3 channels, but got 1 channels instead`",
            ),
            (
                "missing-batch-axis",
                Keras,
                "batch, 8",
                "8",
                "`Expected shape (None, 8), but input has incompatible shape (8,)`",
            ),
            (
                "missing-channel-axis",
                Torch,
                "batch, 1, 8, 8",
                "2, 8, 8",
                "`expected input[1, 2, 8, 8] to have 1 channels, but got 2 channels instead`",
            ),
            (
                "transposed-axes",
                Torch,
                "batch, 3, 224, 224",
                "8, 224, 224, 3",
                "`expected input[8, 224, 224, 3] to have 3 channels, but got 224 channels instead`",
            ),
            (
                "transposed-axes",
                Onnxruntime,
                "batch, 3, 8, 8",
                "2, 8, 8, 3",
                "index: 1 Got: 8 Expected: 3  index: 3 Got: 3 Expected: 8",
            ),
            ("wrong-rank", Onnxruntime, "batch, 2, 2, 9", "4, 2, 3", "`Invalid rank for input: x Got: 3 Expected: 4`"),
        ] {
            let text = consequence(id, framework, declared, actual);
            assert!(text.contains(quote), "{id}: {text}");
        }
    }
}
