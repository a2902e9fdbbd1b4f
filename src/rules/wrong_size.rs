//! An axis of another size than the declaration alone gives it.

use super::quotes;
use super::shapes::{Shaped, axis, listed, pattern, shaped};
use super::size_reason::Reason;
use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule};
use crate::diagnostic::{Fix, Level};
use crate::spec::fit::Misfit;
use crate::spec::mismatch::Mismatch;
use crate::spec::{Framework, Role};

pub(super) static RULE: Rule = Rule {
    id: "wrong-size",
    group: Group::Shape,
    level: Level::Error,
    finds: "an axis of another size than declared; says which, and the likely reason",
    needs: Needs::SPEC,
    page: include_str!("../../docs/rules/wrong-size.md"),
    judge: Judge::Array(judge),
};

fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
    let shaped = match shaped(cx) {
        Ok(shaped) => shaped,
        Err(looked) => return looked,
    };
    let Some(Mismatch::Size(wrong)) = &shaped.mistake else { return Looked::Yes };
    let rank = cx.header.shape.len();
    let named = |misfit: &Misfit<'_>| axis(shaped.declaration, rank, misfit.axis);
    let expected: Vec<String> = wrong.iter().map(|misfit| format!("{} is {}", named(misfit), wanted(misfit))).collect();
    let found: Vec<String> = wrong.iter().map(|misfit| format!("{} is {}", named(misfit), misfit.size)).collect();
    let mut finding = cx
        .finding(
            Some(&shaped.shape.at),
            format!(
                "{} is {} instead of {}",
                cx.label(),
                pattern(&shaped.shape.value, rank, wrong),
                shaped.shape.value
            ),
            format!("In `{}`, {}.", shaped.declaration.name, listed(&expected)),
            format!("{} (shape {})", listed(&found), cx.header.shape_text()),
        )
        .consequence(consequence(cx, &shaped, wrong));
    if let Some(reason) = Reason::of(cx, &shaped, wrong) {
        finding = finding.cause(reason.cause);
        if let Some(help) = reason.help {
            finding = finding.help(help);
        }
        if let Some(fix) = reason.fix {
            finding = finding.fix(Fix::unverified(fix));
        }
    }
    out.push(finding);
    Looked::Yes
}

/// The size that the axis must have, or the entry where it leaves a choice.
fn wanted(misfit: &Misfit<'_>) -> String {
    misfit.expected.map_or_else(|| misfit.dim.to_string(), |size| size.to_string())
}

fn consequence(cx: &ArrayCx<'_>, shaped: &Shaped<'_>, wrong: &[Misfit<'_>]) -> String {
    match (cx.framework(), shaped.declaration.role) {
        (_, Role::Target | Role::Weight) => "the loss stops, or broadcasts where one of the sizes is 1".into(),
        (Framework::Keras, Role::Input) => format!(
            "a functional model of keras stops: {}; a Sequential model does not check its input: a later layer stops, or \
             none does and it trains",
            quotes::keras_sizes(cx, shaped)
        ),
        (Framework::Torch, Role::Input) => match quotes::torch_channels(cx, shaped) {
            Some(quote) => format!("torch stops: {quote}"),
            None => {
                "torch stops at a layer that needs the size, `mat1 and mat2 shapes cannot be multiplied`; where none does, it \
                 goes on"
                    .into()
            }
        },
        (Framework::Onnxruntime, Role::Input) => quotes::onnx_sizes(cx, quotes::misfits(wrong)),
        (Framework::Sklearn, Role::Input) => match (cx.header.shape.as_slice(), wrong) {
            ([_, found], [Misfit { expected: Some(expected), .. }]) => {
                format!("sklearn stops: `X has {found} features, but ... is expecting {expected} features as input.`")
            }
            _ => "sklearn takes tables of two axes, and stops".into(),
        },
        (_, Role::Input) => {
            "a layer that needs the size stops; where none does, the model trains on what it was not made for".into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::World;
    use crate::spec::{At, Declared, Encoding};

    fn input(declared: &str, actual: &str) -> World {
        World::new(Framework::Keras).input("x", "float32", declared).batch(&[&format!("x: float32[{actual}]")])
    }

    fn cause(world: &World) -> String {
        world.judge(&RULE)[0].cause.clone().unwrap_or_default()
    }

    #[test]
    fn the_axis_is_named_and_the_rest_is_as_declared() {
        let world = input("batch, 32, 32, 3", "8, 28, 28, 3")
            .with(|declared| declared.axes = Some(Declared { value: "NHWC".into(), at: At::Flag("--axes") }));
        let finding = &world.judge(&RULE)[0];
        assert_eq!(finding.message, "input `x` is [batch, 28, 28, 3] instead of [batch, 32, 32, 3]");
        assert_eq!(finding.expected, "In `x`, axis 1 (H) is 32 and axis 2 (W) is 32.");
        assert_eq!(finding.found, "axis 1 (H) is 28 and axis 2 (W) is 28 (shape [8, 28, 28, 3])");
        assert!(cause(&world).starts_with("another resolution"));
    }

    #[test]
    fn rows_do_not_tell_one_mistake_from_another() {
        let world = input("batch, 32, 32, 3", "8, 28, 28, 3").batch(&["x: float32[5, 28, 28, 3]"]);
        let messages = world.messages(&RULE);
        assert_eq!(messages.len(), 2);
        assert_eq!(messages[0], messages[1]);
    }

    #[test]
    fn channels_are_told_by_their_number() {
        assert!(cause(&input("batch, 32, 32, 3", "8, 32, 32, 4")).contains("alpha"));
        assert!(cause(&input("batch, 3, 32, 32", "8, 1, 32, 32")).contains("gray"));
        assert!(cause(&input("batch, 1, 32, 32", "8, 3, 32, 32")).contains("colour"));
        let fix = input("batch, 3, 32, 32", "8, 4, 32, 32").judge(&RULE).remove(0).fix;
        assert_eq!(fix.unwrap().python, "x = x[:, :3]");
    }

    #[test]
    fn other_reasons() {
        assert!(cause(&input("batch, 10", "8, 11")).contains("one column too many"));
        assert!(cause(&input("batch, 10", "8, 64")).contains("another set of features"));
        assert!(cause(&input("batch, 100, 8", "4, 101, 8")).contains("off by one"));
        assert!(cause(&input("batch, 100, 64", "100, 32, 64")).contains("axis 0 has that size"));
        assert!(cause(&input("batch, 32, 32, 3", "8, 3, 28, 28")).contains("another order"));
        let long = input("batch, 100, 8", "4, 250, 8").judge(&RULE).remove(0);
        assert_eq!(long.fix.unwrap().python, "x = x[:, :100]");
    }

    #[test]
    fn an_alternative_or_a_constant_is_shown_as_declared() {
        let world = input("batch, 1 | 3", "8, 2");
        assert_eq!(world.messages(&RULE), ["input `x` is [batch, 2] instead of [batch, 1 | 3]"]);
        assert_eq!(world.judge(&RULE)[0].expected, "In `x`, axis 1 is 1 | 3.");
    }

    #[test]
    fn one_hot_columns_and_silent_broadcasts_are_not_confused() {
        let one_hot = |encoding| {
            World::new(Framework::Keras)
                .target("y", "float32", "batch, 10")
                .with(|declared| declared.encoding = Some(Declared { value: encoding, at: At::Flag("--encoding") }))
                .batch(&["y: float32[8, 1]"])
        };
        assert!(cause(&one_hot(Encoding::OneHot)).contains("class ids in a column"));
        assert!(one_hot(Encoding::Value).messages(&RULE).is_empty());
    }

    #[test]
    fn what_fits_is_clean() {
        let world = input("batch, 32, T, 3", "8, 32, 99, 3");
        assert!(world.messages(&RULE).is_empty());
        assert_eq!(world.looked(&RULE), [Looked::Yes]);
    }
}
