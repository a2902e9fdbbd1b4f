//! Class ids that are not whole.

use super::context::value_place;
use super::labels::{Labels, spelled};
use super::{Findings, Group, Judge, Looked, Needs, Rule, ValuesCx};
use crate::diagnostic::Level;
use crate::diagnostic::quantity::exact;
use crate::spec::Framework;
use crate::values::Number;

pub(super) static RULE: Rule = Rule {
    id: "fractional-labels",
    group: Group::Targets,
    level: Level::Error,
    finds: "class ids that are not whole numbers: masks that were resized by interpolation, scores where ids are declared",
    needs: Needs::NUMBERS.spec(),
    page: include_str!("../../docs/rules/fractional-labels.md"),
    judge: Judge::Values(judge),
};

fn judge(cx: &ValuesCx<'_>, out: &mut Findings) -> Looked {
    let Some(labels) = Labels::of(cx) else { return Looked::No };
    let mut looked = Looked::No;
    let (mut total, mut fractional) = (0, 0);
    let mut values: Option<std::collections::BTreeMap<Number, u64>> = Some(std::collections::BTreeMap::new());
    let mut places = Vec::new();
    for labelled in labels.arrays.iter().filter(|labelled| labelled.cell.header().dtype.is_float()) {
        looked = Looked::Yes;
        total += labelled.numbers.finite;
        let Some(first) = labelled.numbers.first_fractional else { continue };
        fractional += labelled.numbers.fractional;
        places
            .push(value_place(labelled.cell, first).detail(format!("{} of them", exact(labelled.numbers.fractional))));
        match (&mut values, &labelled.numbers.distinct) {
            (Some(values), Some(distinct)) => {
                for (value, count, _) in distinct.iter().filter(|(value, ..)| !value.is_whole()) {
                    *values.entry(*value).or_default() += count;
                }
            }
            _ => values = None,
        }
    }
    if places.is_empty() {
        return looked;
    }
    let mut found = format!("{} of {} values have a fraction", exact(fractional), exact(total));
    if let Some(values) = values {
        found = format!("{found}: {}", spelled(values.into_iter()));
    }
    let name = &labels.declared.name;
    let finding = cx
        .finding(
            Some(labels.at_classes()),
            format!("{} holds class ids that are not whole", cx.label()),
            format!("Every value of `{name}` is a class id, a whole number."),
            found,
            places,
        )
        .consequence(consequence(cx.framework()));
    // Interpolation leaves the inside of every region as it was.
    out.push(if fractional * 2 < total {
        finding
            .cause("masks were resized, rotated or warped with interpolation, which invents classes at every edge")
            .help("make the masks again with nearest-neighbour interpolation; rounding does not mend them: between class 0 and class 4 lies class 2")
    } else {
        finding
            .cause("these are real numbers, or probabilities, rather than class ids")
            .help("if they are: encoding = \"value\", \"binary\" or \"probabilities\", without `classes` for real numbers")
    });
    looked
}

fn consequence(framework: Framework) -> &'static str {
    match framework {
        Framework::Keras | Framework::Tensorflow => {
            "sparse cross entropy cuts the fraction off and trains on the wrong class; nothing says so"
        }
        Framework::Torch => {
            "cross entropy refuses floats: `expected target dtype to be Long or Byte, but got Float`; after a cast the fraction is cut off and nothing says so"
        }
        Framework::Sklearn => "scikit-learn stops: `Unknown label type: continuous.`",
        _ => "a cast to integers cuts the fraction off, and the model trains on the wrong class; nothing says so",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rules::testing::World;
    use crate::spec::{At, Declared, Encoding};

    fn world() -> World {
        World::new(Framework::Keras).target("mask", "", "batch, 2, 2").with(|declared| {
            declared.encoding = Some(Declared { value: Encoding::Index, at: At::Flag("--encoding") });
        })
    }

    #[test]
    fn interpolated_masks_are_counted_and_placed() {
        let world = world()
            .values(&[("mask: float32[2, 2, 2]", &[0.0, 3.0])])
            .values(&[("mask: float32[2, 2, 2]", &[0.0, 3.0, 3.0, 1.5, 0.0, 0.0, 3.0, 3.0])]);
        let found = world.judge(&RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].message, "target `mask` holds class ids that are not whole");
        assert_eq!(found[0].found, "1 of 16 values have a fraction: 1.5 (once)");
        assert_eq!(found[0].places[0].index.as_deref(), Some(&[0, 1, 1][..]));
        assert!(found[0].cause.as_ref().unwrap().contains("interpolation"));
    }

    #[test]
    fn scores_are_no_ids_at_all() {
        let found = world().values(&[("mask: float32[2, 2, 2]", &[0.3, 0.7, 1.0])]).judge(&RULE);
        assert!(found[0].cause.as_ref().unwrap().contains("real numbers"));
    }

    #[test]
    fn whole_floats_integers_and_other_targets_are_fine() {
        let whole = world().values(&[("mask: float32[2, 2, 2]", &[0.0, 3.0, -1.0])]);
        assert!(whole.judge(&RULE).is_empty());
        assert_eq!(whole.looked(&RULE), [Looked::Yes]);
        assert_eq!(world().values(&[("mask: uint8[2, 2, 2]", &[3.0])]).looked(&RULE), [Looked::No]);
        let price = World::new(Framework::Keras).target("y", "float32", "batch").values(&[("y: float32[2]", &[0.5])]);
        assert_eq!(price.looked(&RULE), [Looked::No]);
    }

    proptest! {
        #[test]
        fn random_whole_masks_are_fine(ids in prop::collection::vec(-1_i8..20, 4..40)) {
            let ids: Vec<f64> = ids.into_iter().map(f64::from).collect();
            prop_assert!(world().values(&[("mask: float32[4, 2, 2]", &ids)]).judge(&RULE).is_empty());
        }
    }
}
