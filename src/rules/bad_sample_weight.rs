//! Sample weights that weigh nothing, or less than nothing.

use super::context::{place, value_place};
use super::{Findings, Group, Judge, Looked, Needs, Rule, ValuesCx};
use crate::diagnostic::Level;
use crate::diagnostic::quantity::exact;
use crate::diagnostic::{Fix, python::variable};
use crate::spec::{Framework, Role};
use crate::values::Number;

pub(super) static RULE: Rule = Rule {
    id: "bad-sample-weight",
    group: Group::Targets,
    level: Level::Warning,
    finds: "sample weights that are negative, or zero for a whole batch",
    needs: Needs::NUMBERS.spec(),
    page: include_str!("../../docs/rules/bad-sample-weight.md"),
    judge: Judge::Values(judge),
};

/// NaN and infinities are those of `non-finite-values`, a wrong shape is that of the rules about shapes.
fn judge(cx: &ValuesCx<'_>, out: &mut Findings) -> Looked {
    let Some(declared) = cx.declared.filter(|declared| declared.role == Role::Weight) else { return Looked::No };
    let allowed = declared.values.as_ref().and_then(|values| values.value.min).is_some_and(|min| min < 0.0);
    let mut looked = Looked::No;
    let (mut total, mut negatives, mut zeros) = (0, 0, 0);
    let mut least: Option<Number> = None;
    let (mut below, mut blank) = (Vec::new(), Vec::new());
    for (cell, values) in cx.cells {
        let Some(numbers) = values.numbers.as_ref().filter(|numbers| numbers.finite > 0) else { continue };
        looked = Looked::Yes;
        total += numbers.finite;
        if numbers.zeros == numbers.count() {
            zeros += numbers.zeros;
            blank.push(place(cell));
        }
        if let Some(min) = numbers.min.filter(|_| numbers.negatives > 0 && !allowed) {
            negatives += numbers.negatives;
            least = Some(least.map_or(min.value, |least| least.min(min.value)));
            below.push(value_place(cell, min.at).detail(min.value.to_string()));
        }
    }
    let name = &declared.name;
    if let Some(least) = least {
        let w = variable(cx.name);
        out.push(
            cx.finding(
                Some(&declared.at),
                format!("{} holds negative weights", cx.label()),
                format!("Every value of `{name}` is 0 or more."),
                format!("{} of {} weights are below 0, down to {least}", exact(negatives), exact(total)),
                below,
            )
            .cause("weights were standardised or made from a difference, or -1 marks samples that should not count")
            .consequence("the model is rewarded for being wrong on these samples, without a bound: the loss falls below 0 and the weights grow; nothing says so")
            .help("if the sample should not count, its weight is 0")
            .fix(Fix::choice(format!("{w} = np.clip({w}, 0, None)"))),
        );
    }
    if !blank.is_empty() {
        out.push(
            cx.finding(
                Some(&declared.at),
                format!("{} is 0 for every sample of a batch", cx.label()),
                format!("Each batch has a sample whose `{name}` is above 0."),
                format!("all {} weights are 0", exact(zeros)),
                blank,
            )
            .cause("weights were cast to integers, a buffer was never filled, or a mask took out a whole batch")
            .consequence(consequence(cx.framework()))
            .help("leave such batches out, or mend the weights"),
        );
    }
    looked
}

fn consequence(framework: Framework) -> &'static str {
    match framework {
        Framework::Torch | Framework::Jax => {
            "the step learns nothing; a loss that divides by the sum of the weights is 0 / 0, which is NaN, and so is every weight of \
             the model after it"
        }
        _ => "the step learns nothing, and a loss that divides by the sum of the weights divides by 0; nothing says so",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rules::non_finite_values;
    use crate::rules::testing::World;
    use crate::spec::{At, Declared, Values};

    fn world() -> World {
        World::new(Framework::Keras).weight("w", "float32", "batch")
    }

    #[test]
    fn negative_weights_are_counted() {
        let found = world().values(&[("w: float32[4]", &[1.0, 0.0, -0.5, -2.0])]).judge(&RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].message, "weight `w` holds negative weights");
        assert_eq!(found[0].found, "2 of 4 weights are below 0, down to -2");
        assert_eq!(found[0].places[0].index.as_deref(), Some(&[3][..]));
    }

    #[test]
    fn batches_without_any_weight_are_told() {
        let world = world().values(&[("w: float32[4]", &[1.0])]).values(&[("w: float32[4]", &[0.0])]);
        let found = world.judge(&RULE);
        assert_eq!(world.messages(&RULE), ["weight `w` is 0 for every sample of a batch"]);
        assert_eq!((found[0].found.as_str(), found[0].count, found[0].of), ("all 4 weights are 0", 1, 2));
    }

    #[test]
    fn nan_has_one_voice() {
        let world = world().values(&[("w: float32[4]", &[1.0, f64::NAN])]);
        assert!(world.judge(&RULE).is_empty());
        assert_eq!(world.judge(&non_finite_values::RULE).len(), 1);
        let empty =
            World::new(Framework::Keras).weight("w", "float32", "batch").values(&[("w: float32[2]", &[0.0, f64::NAN])]);
        assert!(empty.judge(&RULE).is_empty(), "not all weights are known to be 0");
    }

    #[test]
    fn weights_that_may_be_negative_and_other_arrays_are_no_concern() {
        let limits = Values { min: Some(-1.0), max: None, within: None, finite: None, nonzero: false, sum: None };
        let allowed = world().with(|declared| declared.values = Some(Declared { value: limits, at: At::Flag("") }));
        assert!(allowed.values(&[("w: float32[2]", &[-1.0, 1.0])]).judge(&RULE).is_empty());
        let input = World::new(Framework::Keras).input("w", "float32", "batch").values(&[("w: float32[2]", &[-1.0])]);
        assert_eq!(input.looked(&RULE), [Looked::No]);
    }

    proptest! {
        #[test]
        fn random_weights_above_zero_are_fine(weights in prop::collection::vec(0.001_f64..9.0, 1..40)) {
            let text = format!("w: float32[{}]", weights.len());
            prop_assert!(world().values(&[(&text, &weights)]).judge(&RULE).is_empty());
        }
    }
}
