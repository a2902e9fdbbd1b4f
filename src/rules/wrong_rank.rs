//! Another number of axes, where nothing more exact can be said.

use super::quotes;
use super::rank_story::Story;
use super::shapes::{Shaped, shaped};
use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule};
use crate::diagnostic::Level;
use crate::spec::fit::ranks;
use crate::spec::mismatch::Mismatch;
use crate::spec::{Framework, Role};

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
    let finding = shaped.finding(cx, message).consequence(consequence(cx, &shaped));
    out.push(match Story::of(cx, &shaped) {
        Some(story) => story.tell(cx, &shaped, finding),
        None => finding,
    });
    Looked::Yes
}

fn axes(n: usize) -> String {
    format!("{n} {}", if n == 1 { "axis" } else { "axes" })
}

fn consequence(cx: &ArrayCx<'_>, shaped: &Shaped<'_>) -> String {
    match (cx.framework(), shaped.declaration.role) {
        (Framework::Keras, Role::Input) => format!("keras stops: {}", quotes::keras_rank(cx, shaped)),
        (Framework::Keras, Role::Target) => "keras stops: `must have the same rank (ndim)`".into(),
        (Framework::Keras, Role::Weight) => "keras stops: `Incompatible shapes`".into(),
        (Framework::Onnxruntime, Role::Input) => quotes::onnx_rank(cx, shaped),
        (Framework::Sklearn, Role::Input) => "sklearn takes tables of two axes, and stops".into(),
        (_, Role::Input) => "the first layer that counts axes stops, often with a message about something else".into(),
        (_, Role::Target | Role::Weight) => "the loss stops, or broadcasts and compares the wrong numbers".into(),
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
