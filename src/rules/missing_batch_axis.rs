//! One sample where a batch of samples is declared.

use super::quotes;
use super::shapes::{Shaped, shaped};
use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule};
use crate::diagnostic::repair::Step;
use crate::diagnostic::{Change, Fix, Level, python::variable};
use crate::spec::dims::Dim;
use crate::spec::mismatch::Mismatch;
use crate::spec::{Framework, Role};

pub(super) static RULE: Rule = Rule {
    id: "missing-batch-axis",
    group: Group::Shape,
    level: Level::Error,
    finds: "the declared shape without its batch axis: one sample instead of a batch",
    needs: Needs::SPEC,
    page: include_str!("../../docs/rules/missing-batch-axis.md"),
    judge: Judge::Array(judge),
};

fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
    let shaped = match shaped(cx) {
        Ok(shaped) => shaped,
        Err(looked) => return looked,
    };
    let Some(entry) = shaped.shape.value.dims.iter().position(|dim| *dim == Dim::Batch) else { return Looked::No };
    if shaped.mistake != Some(Mismatch::NoBatch) {
        return Looked::Yes;
    }
    let name = variable(cx.name);
    let fix = match entry {
        0 => format!("{name} = {name}[None, ...]"),
        _ => format!("{name} = np.expand_dims({name}, {entry})"),
    };
    out.push(
        shaped
            .finding(cx, format!("{} has no batch axis", cx.label()))
            .cause("one sample stands where a batch of samples is meant")
            .consequence(consequence(cx, &shaped))
            .help("collect the samples of a batch and stack them: `np.stack(samples)`; a lone sample needs a batch axis of length 1")
            .fix(Fix::unverified(fix).change(Change::Steps(vec![Step::AddAxis(entry)]))),
    );
    Looked::Yes
}

fn consequence(cx: &ArrayCx<'_>, shaped: &Shaped<'_>) -> String {
    match (cx.framework(), shaped.declaration.role) {
        (Framework::Keras, Role::Input) => format!(
            "keras takes the first axis for the batch: {}, or in a convolution `Negative dimension size`",
            quotes::keras_rank(cx, shaped)
        ),
        (Framework::Torch, Role::Input) => {
            "a torch convolution takes it for one unbatched image and goes on; other layers stop, or read the wrong axes".into()
        }
        (Framework::Onnxruntime, Role::Input) => quotes::onnx_rank(cx, shaped),
        (_, Role::Input) => "the first axis of the sample is taken for the batch".into(),
        (_, Role::Target | Role::Weight) => {
            "it does not line up with the rows of the input: an error, or a loss over the wrong pairs".into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::World;
    use crate::spec::{At, Declared, SizeRule};

    fn image(shape: &str) -> World {
        World::new(Framework::Keras)
            .input("image", "float32", "batch, 32, 32, 3")
            .batch(&[&format!("image: float32[{shape}]")])
    }

    #[test]
    fn one_sample_is_told_from_a_batch() {
        let world = image("32, 32, 3");
        assert_eq!(world.messages(&RULE), ["input `image` has no batch axis"]);
        let finding = &world.judge(&RULE)[0];
        assert_eq!(finding.expected, "`image` has shape [batch, 32, 32, 3].");
        assert_eq!(finding.found, "shape [32, 32, 3]");
        assert_eq!(finding.fix.as_ref().unwrap().python, "image = image[None, ...]");
        assert_eq!(world.anchored(finding), "[batch, 32, 32, 3]");
    }

    #[test]
    fn a_batch_of_any_length_is_clean() {
        for shape in ["4, 32, 32, 3", "1, 32, 32, 3"] {
            let world = image(shape);
            assert!(world.messages(&RULE).is_empty());
            assert_eq!(world.looked(&RULE), [Looked::Yes]);
        }
    }

    #[test]
    fn other_mistakes_are_left_to_their_rules() {
        for shape in ["32, 32", "28, 28, 3", "4, 3, 32, 32", "", "0, 32, 3"] {
            assert!(image(shape).messages(&RULE).is_empty(), "{shape}");
        }
    }

    #[test]
    fn a_declaration_without_batch_axis_concerns_nobody() {
        let world = World::new(Framework::Any).input("k", "float32", "3, 3").batch(&["k: float32[3]"]);
        assert_eq!(world.looked(&RULE), [Looked::No]);
        let undeclared = World::unspecified().batch(&["k: float32[3]"]);
        assert_eq!(undeclared.looked(&RULE), [Looked::No]);
    }

    #[test]
    fn free_sizes_are_taken_for_a_sample_unless_the_plan_says_they_are_rows() {
        let tokens = |rows: u64| {
            World::new(Framework::Any)
                .input("ids", "int32", "batch, T")
                .spec(|spec| {
                    spec.plan.size = Some(Declared { value: SizeRule::exactly(rows), at: At::Flag("--batch-size") });
                })
                .batch(&["ids: int32[32]"])
        };
        assert_eq!(tokens(8).messages(&RULE).len(), 1);
        assert!(tokens(32).messages(&RULE).is_empty());
    }

    #[test]
    fn an_object_array_hides_the_shape_of_its_rows() {
        let world = World::new(Framework::Any).input("ids", "int32", "batch, T").batch(&["ids: |O[32]"]);
        assert!(world.messages(&RULE).is_empty());
        assert!(matches!(world.looked(&RULE)[0], Looked::Unable(_)));
    }

    #[test]
    fn the_axis_goes_where_it_is_declared() {
        let world = World::new(Framework::Torch).input("x", "float32", "50, batch, 8").batch(&["x: float32[50, 8]"]);
        assert_eq!(world.judge(&RULE)[0].fix.as_ref().unwrap().python, "x = np.expand_dims(x, 1)");
    }
}
