//! An array without axes.

use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule};
use crate::diagnostic::{Fix, Level, python::variable};
use crate::facts::pairs::sides;
use crate::spec::Framework;
use crate::spec::dims::Dim;
use crate::spec::fit::ranks;

pub(super) static RULE: Rule = Rule {
    id: "scalar-array",
    group: Group::Shape,
    level: Level::Error,
    finds: "an array without axes, shape ()",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/scalar-array.md"),
    judge: Judge::Array(judge),
};

fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
    let shape = cx.declared.map(|declaration| declaration.shape.as_ref());
    match shape {
        // Without a shape, nothing says that it must have axes.
        Some(None) => return Looked::No,
        Some(Some(shape)) if ranks(&shape.value).min == 0 => return Looked::No,
        // A step count beside the data is nobody's fault, a label without axes is. Beside a spec, no model gets either.
        None if !cx.spec.arrays.is_empty() || sides(cx.name).is_empty() => return Looked::No,
        _ => {}
    }
    if !cx.header.shape.is_empty() {
        return Looked::Yes;
    }
    let shape = shape.flatten();
    let expected = shape.map_or_else(
        || "An array of a batch has at least a batch axis.".to_owned(),
        |shape| format!("`{}` has shape {}.", crate::source::text::shown(cx.name, 80), shape.value),
    );
    let mut finding = cx
        .finding(
            shape.map(|shape| &shape.at),
            format!("{} has no axes at all", cx.label()),
            expected,
            "a single number, shape []",
        )
        .cause("one element was taken where a slice is meant, `y[i]` for `y[i:i + 1]`; or the samples come one by one")
        .consequence(consequence(cx.framework()))
        .help("make one array per batch: `np.stack(labels)`; a lone value needs an axis of length 1");
    if shape.is_none_or(|shape| matches!(shape.value.dims.as_slice(), [Dim::Batch])) {
        let name = variable(cx.name);
        finding = finding.fix(Fix::unverified(format!("{name} = np.atleast_1d({name})")));
    }
    out.push(finding);
    Looked::Yes
}

fn consequence(framework: Framework) -> &'static str {
    match framework {
        Framework::Keras => {
            "keras stops: `When passing a dataset to a Keras model, the arrays must be at least rank 1. Received: 1 of rank 0.`"
        }
        Framework::Torch => "torch stops: `expected np.ndarray (got numpy.float64)`",
        _ => "there is no axis to take the rows from: `tuple index out of range`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::World;

    #[test]
    fn a_declared_array_must_have_axes() {
        let world = World::new(Framework::Keras).target("label", "int64", "batch").batch(&["label: int64[]"]);
        assert_eq!(world.messages(&RULE), ["target `label` has no axes at all"]);
        let finding = &world.judge(&RULE)[0];
        assert_eq!(finding.fix.as_ref().unwrap().python, "label = np.atleast_1d(label)");
        let image = World::new(Framework::Keras).input("image", "float32", "batch, 8").batch(&["image: float32[]"]);
        assert_eq!(image.judge(&RULE)[0].fix, None);
    }

    #[test]
    fn a_scalar_that_is_declared_is_fine() {
        let world = World::new(Framework::Keras)
            .input("step", "int64", "batch")
            .with(|declared| declared.shape.as_mut().unwrap().value.dims.clear())
            .batch(&["step: int64[]"]);
        assert!(world.messages(&RULE).is_empty());
        assert_eq!(world.looked(&RULE), [Looked::No]);
        let unsaid = World::new(Framework::Keras).input("step", "int64", "").batch(&["step: int64[]"]);
        assert_eq!(unsaid.looked(&RULE), [Looked::No]);
    }

    #[test]
    fn without_a_spec_only_inputs_and_targets_by_name_are_blamed() {
        let world = World::unspecified().batch(&["image: float32[8, 8, 3]", "label: int64[]", "step: int64[]"]);
        assert_eq!(world.messages(&RULE), ["array `label` has no axes at all"]);
    }

    #[test]
    fn an_array_with_axes_is_clean() {
        let world = World::new(Framework::Keras).target("label", "int64", "batch").batch(&["label: int64[1]"]);
        assert!(world.messages(&RULE).is_empty());
        assert_eq!(world.looked(&RULE), [Looked::Yes]);
    }
}
