//! float64 where a narrower float is declared.

use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule, dtype};
use crate::diagnostic::{Level, quantity};
use crate::spec::dtype::{Class, Dtype, Wanted};
use crate::spec::framework::Given;
use crate::spec::{Role, Unit};

pub(super) static RULE: Rule = Rule {
    id: "double-precision",
    group: Group::Dtype,
    level: Level::Warning,
    finds: "float64 where a narrower float is declared",
    needs: Needs::NUMBERS.spec(),
    page: include_str!("../../docs/rules/double-precision.md"),
    judge: Judge::Array(judge),
};

fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
    let wants_floats = dtype::rule(cx).is_some_and(|rule| {
        rule.wanted.iter().any(|wanted| match wanted {
            Wanted::Exactly(exact) => exact.is_float(),
            Wanted::Class(class) => matches!(class, Class::Floating | Class::Number),
        })
    });
    if !wants_floats || !cx.header.dtype.is_plain() {
        return Looked::No;
    }
    let Some(clash) = dtype::clash(cx).filter(|clash| clash.given == Given::Double) else { return Looked::Yes };
    let outcome = clash.outcome(cx.framework());
    let mut finding = dtype::finding(cx, &outcome, "is float64").cause(cause(cx));
    if let Some(wanted) = &clash.wanted {
        finding = finding.consequence(format!("{}; {}", outcome.says, cost(cx, wanted)));
        finding.fix = dtype::cast(cx, wanted);
    }
    out.push(finding.help("cast once, where the batch is made"));
    Looked::Yes
}

fn cause(cx: &ArrayCx<'_>) -> &'static str {
    if cx.declared.is_some_and(|declared| declared.role == Role::Input) {
        "float64 is what NumPy makes by default: `np.random.rand`, `np.zeros` and `np.ones` without a dtype, dividing \
         uint8 by `255.0`, `df.values`, and Python floats in a list"
    } else {
        "float64 is what NumPy makes by default: `np.zeros` and `np.ones` without a dtype, `df.values`, a mean, and Python \
         floats in a list"
    }
}

/// What the wider type costs, from the shape.
fn cost(cx: &ArrayCx<'_>, wanted: &Dtype) -> String {
    let what = match cx.spec.unit {
        Unit::Batch => "a batch",
        Unit::Dataset => "a set",
    };
    let narrow = cx.header.elements().saturating_mul(wanted.size);
    let shape = cx.header.shape_text();
    format!(
        "{what} of shape {shape} takes {} instead of {}",
        quantity::bytes(cx.header.bytes()),
        quantity::bytes(narrow)
    )
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::diagnostic::Level::{Error, Note, Warning};
    use crate::rules::Looked;
    use crate::rules::testing::World;
    use crate::spec::Framework;

    fn image(framework: Framework) -> World {
        World::new(framework).input("image", "float32", "batch, 32, 32, 3")
    }

    #[test]
    fn a_double_image_is_named_at_its_dtype_line() {
        let world = image(Framework::Keras).batches(20, &["image: float64[32, 32, 32, 3]"]);
        let found = world.judge(&RULE);
        assert_eq!(found.len(), 1);
        let finding = &found[0];
        assert_eq!(finding.message, "input `image` is float64, the model takes float32");
        assert_eq!(finding.expected, "`image` has dtype float32.");
        assert_eq!(world.anchored(finding), "\"float32\"");
        assert_eq!((finding.count, finding.of), (20, 20));
        assert!(finding.consequence.as_ref().unwrap().ends_with("takes 786.4 kB instead of 393.2 kB"));
        assert_eq!(finding.fix.as_ref().unwrap().python, "image = image.astype(np.float32)");
    }

    #[test]
    fn the_framework_decides_how_bad_it_is() {
        let levels = [
            (Framework::Keras, Some(Warning)),
            (Framework::Jax, Some(Warning)),
            (Framework::Torch, Some(Error)),
            (Framework::Onnxruntime, Some(Error)),
            (Framework::Triton, Some(Error)),
            (Framework::Tensorflow, Some(Error)),
            (Framework::Sklearn, Some(Note)),
            (Framework::Any, None),
        ];
        for (framework, level) in levels {
            let world = image(framework).batch(&["image: float64[4, 32, 32, 3]"]);
            assert_eq!(world.judge(&RULE)[0].level, level, "{framework}");
        }
    }

    #[test]
    fn what_is_accepted_is_not_said_to_be_wanted() {
        let world = image(Framework::Sklearn).batch(&["image: float64[4, 32, 32, 3]"]);
        assert_eq!(world.messages(&RULE), ["input `image` is float64, the spec declares float32"]);
    }

    #[test]
    fn a_name_that_python_cannot_take_becomes_x() {
        let world = World::new(Framework::Torch).input("lr-rate", "float16", "batch").batch(&["lr-rate: >f8[4]"]);
        let found = world.judge(&RULE);
        assert_eq!(found[0].message, "input `lr-rate` is float64, the model takes float16");
        assert_eq!(found[0].fix.as_ref().unwrap().python, "x = x.astype(np.float16)");
    }

    #[test]
    fn the_nearest_float_of_a_list_is_the_repair() {
        let world = World::new(Framework::Torch).input("x", "int64 | float32", "batch").batch(&["x: float64[4]"]);
        let found = world.judge(&RULE);
        assert_eq!(found[0].message, "input `x` is float64, the model takes int64 or float32");
        assert_eq!(found[0].fix.as_ref().unwrap().python, "x = x.astype(np.float32)");
    }

    #[test]
    fn it_is_silent_where_float64_is_allowed_or_something_else_is_wrong() {
        let cases = [
            ("float64", "float64", Looked::Yes),
            ("floating", "float64", Looked::Yes),
            ("float32 | float64", "float64", Looked::Yes),
            ("float32", "float32", Looked::Yes),
            ("float32", "int64", Looked::Yes),
            ("int64", "float64", Looked::No),
            ("", "float64", Looked::No),
            ("float32", "|O", Looked::No),
            ("float32", "<U5", Looked::No),
        ];
        for (wanted, found, looked) in cases {
            let world = World::new(Framework::Torch)
                .input("x", wanted, "batch")
                .batch(&[&format!("x: {found}[4]"), "y: float64[4]"]);
            assert!(world.judge(&RULE).is_empty(), "{wanted} {found}");
            assert_eq!(world.looked(&RULE)[0], looked, "{wanted} {found}");
        }
    }
}
