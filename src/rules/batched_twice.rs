//! One axis too many in front.

use super::quotes;
use super::shapes::{Shaped, shaped};
use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule};
use crate::diagnostic::repair::Step;
use crate::diagnostic::{Change, Fix, Level, python::variable};
use crate::spec::Framework;
use crate::spec::dims::Dim;
use crate::spec::mismatch::Mismatch;

pub(super) static RULE: Rule = Rule {
    id: "batched-twice",
    group: Group::Shape,
    level: Level::Error,
    finds: "one extra axis in front of the declared shape",
    needs: Needs::SPEC,
    page: include_str!("../../docs/rules/batched-twice.md"),
    judge: Judge::Array(judge),
};

fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
    let shaped = match shaped(cx) {
        Ok(shaped) => shaped,
        Err(looked) => return looked,
    };
    let dims = &shaped.shape.value.dims;
    if !dims.contains(&Dim::Batch) {
        return Looked::No;
    }
    let Some(Mismatch::BatchedTwice(outer)) = shaped.mistake else { return Looked::Yes };
    let name = variable(cx.name);
    let finding = shaped
        .finding(cx, format!("{} has one axis too many in front", cx.label()))
        .cause("it was batched twice: `batch_size` or `.batch(...)` was applied to data that comes in batches already")
        .consequence(consequence(cx, &shaped));
    out.push(if outer == 1 {
        finding
            .help("take the outer batching away: `DataLoader(ds, batch_size=None)`, or no `.batch(...)`")
            .fix(Fix::unverified(format!("{name} = {name}[0]")).change(Change::Steps(vec![Step::DropAxis(0)])))
    } else if dims.first() == Some(&Dim::Batch) {
        finding.help("several batches are stacked here: hand out each by itself, or make one long batch of them").fix(
            Fix::unverified(format!("{name} = {name}.reshape(-1, *{name}.shape[2:])"))
                .change(Change::Steps(vec![Step::MergeAxes])),
        )
    } else {
        finding.help("several batches are stacked here: hand out each by itself")
    });
    Looked::Yes
}

fn consequence(cx: &ArrayCx<'_>, shaped: &Shaped<'_>) -> String {
    match cx.framework() {
        Framework::Keras => format!("keras stops: {}", quotes::keras_sizes(cx, shaped)),
        Framework::Triton => {
            "triton refuses it: `Expected [-1,-1,456,456,3], got [1,456,456,3]` is what `max_batch_size` above 0 with a \
             batch axis in `dims` leads to"
                .into()
        }
        Framework::Onnxruntime => quotes::onnx_rank(cx, shaped),
        _ => "layers that take any rank go on with a batch as one sample; the others stop".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::World;

    fn image(shape: &str) -> World {
        World::new(Framework::Keras)
            .input("image", "float32", "batch, 32, 32, 3")
            .batch(&[&format!("image: float32[{shape}]")])
    }

    #[test]
    fn a_batch_in_a_batch_is_taken_out() {
        let world = image("1, 8, 32, 32, 3");
        assert_eq!(world.messages(&RULE), ["input `image` has one axis too many in front"]);
        let python = |world: &World| world.judge(&RULE)[0].fix.as_ref().unwrap().python.clone();
        assert_eq!(python(&world), "image = image[0]");
        assert_eq!(python(&image("4, 8, 32, 32, 3")), "image = image.reshape(-1, *image.shape[2:])");
    }

    #[test]
    fn other_extra_axes_are_left_to_their_rules() {
        for shape in ["8, 32, 32, 3", "8, 32, 32, 3, 1", "8, 2, 28, 28, 3", "32, 32, 3"] {
            assert!(image(shape).messages(&RULE).is_empty(), "{shape}");
        }
    }

    #[test]
    fn free_sizes_alone_prove_nothing() {
        let tokens = |shape: &str| {
            World::new(Framework::Any).input("ids", "int32", "batch, T").batch(&[&format!("ids: int32[{shape}]")])
        };
        assert!(tokens("32, 128, 64").messages(&RULE).is_empty());
        assert_eq!(tokens("1, 32, 128").messages(&RULE).len(), 1);
    }

    #[test]
    fn stacked_batches_with_the_batch_inside_have_no_one_line_repair() {
        let world =
            World::new(Framework::Torch).input("x", "float32", "50, batch, 8").batch(&["x: float32[4, 50, 16, 8]"]);
        assert_eq!(world.judge(&RULE)[0].fix, None);
    }
}
