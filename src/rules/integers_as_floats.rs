//! Class ids that are whole numbers in a float type.

use super::context::place;
use super::labels::Labels;
use super::{Findings, Group, Judge, Looked, Needs, Rule, ValuesCx};
use crate::diagnostic::quantity::exact;
use crate::diagnostic::repair::Step;
use crate::diagnostic::{Change, Fix, Level, Proof, python::variable};
use crate::spec::dtype::{Class, Dtype, Kind, Wanted};
use crate::spec::{Declaration, Framework};

pub(super) static RULE: Rule = Rule {
    id: "integers-as-floats",
    group: Group::Dtype,
    level: Level::Note,
    finds: "class ids that are whole numbers in a float type",
    needs: Needs::NUMBERS.spec(),
    page: include_str!("../../docs/rules/integers-as-floats.md"),
    judge: Judge::Values(judge),
};

fn judge(cx: &ValuesCx<'_>, out: &mut Findings) -> Looked {
    let Some(labels) = Labels::of(cx).filter(|labels| !says_type(labels.declared)) else { return Looked::No };
    let mut looked = Looked::No;
    let (mut total, mut other, mut extreme) = (0, 0, 0.0_f64);
    let mut places = Vec::new();
    let mut dtype = String::new();
    for labelled in &labels.arrays {
        looked = Looked::Yes;
        let (header, numbers) = (labelled.cell.header(), labelled.numbers);
        if header.dtype.is_float() {
            dtype = header.dtype.name();
            total += numbers.finite;
            other += numbers.fractional + numbers.non_finite();
            let ends = [numbers.min, numbers.max];
            extreme = ends.into_iter().flatten().map(|spot| spot.value.to_f64().abs()).fold(extreme, f64::max);
            places.push(place(labelled.cell));
        }
    }
    // Fractions and NaN have rules of their own; beyond 2**53 a float64 does not hold every id.
    if total == 0 || other > 0 || extreme >= 9_007_199_254_740_992.0 {
        return looked;
    }
    let y = variable(cx.name);
    let finding = cx
        .finding(
            Some(labels.at_classes()),
            format!("{} holds class ids as {dtype}", cx.label()),
            format!("`{}` has an integer dtype, as class ids do.", labels.declared.name),
            format!("{} whole numbers as {dtype}", exact(total)),
            places,
        )
        .cause("a table column with a gap becomes float64, since NaN is a float; so do `np.zeros` and `np.loadtxt`")
        .consequence(consequence(cx.framework()))
        .help("cast them, and declare the dtype; a later NaN or fraction then cannot go unnoticed")
        .fix(
            Fix {
                proof: Proof::Lossless(format!("checked on all {} values: each is whole and fits int64", exact(total))),
                ..Fix::unverified(format!("{y} = {y}.astype(np.int64)"))
            }
            .change(Change::Steps(vec![Step::Cast(Dtype::new(Kind::Int, 8))])),
        );
    out.push(finding);
    looked
}

/// Whether the declaration names the type: then the rules about types compare it, and floats that it names are meant.
fn says_type(declared: &Declaration) -> bool {
    declared.dtype.as_ref().is_some_and(|dtype| {
        !dtype.value.wanted.iter().all(|wanted| matches!(wanted, Wanted::Class(Class::Number | Class::Any)))
    })
}

fn consequence(framework: Framework) -> &'static str {
    match framework {
        Framework::Torch => "cross entropy stops: `expected target dtype to be Long or Byte, but got Float`",
        Framework::Keras | Framework::Tensorflow => {
            "sparse cross entropy casts them to integers at every step; a fraction would be cut off and nothing would say so"
        }
        _ => "they take up to eight times the bytes, and a fraction or a NaN among them goes unnoticed",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::diagnostic::Applicability;
    use crate::rules::testing::World;
    use crate::spec::{At, Declared, Encoding};

    fn world(dtype: &str) -> World {
        World::new(Framework::Torch).target("y", dtype, "batch").with(|declared| {
            declared.encoding = Some(Declared { value: Encoding::Index, at: At::Flag("--encoding") });
        })
    }

    #[test]
    fn whole_floats_are_told_with_a_proven_cast() {
        let found = world("").values(&[("y: float64[4]", &[0.0, 3.0])]).judge(&RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].message, "target `y` holds class ids as float64");
        let fix = found[0].fix.as_ref().unwrap();
        assert_eq!((fix.proof.applicability(), fix.python.as_str()), (Applicability::Safe, "y = y.astype(np.int64)"));
        assert_eq!(world("number").values(&[("y: float32[4]", &[1.0])]).judge(&RULE).len(), 1);
    }

    #[test]
    fn it_is_silent_where_another_rule_speaks_or_nothing_is_wrong() {
        for (dtype, array, values) in [
            ("int64", "y: float64[4]", &[1.0][..]),
            ("float32", "y: float32[4]", &[1.0]),
            ("", "y: float32[4]", &[1.0, 0.5]),
            ("", "y: float32[4]", &[1.0, f64::NAN]),
            ("", "y: float64[4]", &[1.0, 1e300]),
            ("", "y: int64[4]", &[1.0]),
        ] {
            assert!(world(dtype).values(&[(array, values)]).judge(&RULE).is_empty(), "{dtype} {array}");
        }
        let price = World::new(Framework::Torch).target("y", "", "batch").values(&[("y: float32[4]", &[1.0])]);
        assert_eq!(price.looked(&RULE), [Looked::No]);
    }

    proptest! {
        #[test]
        fn integers_are_fine(ids in prop::collection::vec(-1_i8..20, 1..40)) {
            let ids: Vec<f64> = ids.into_iter().map(f64::from).collect();
            let text = format!("y: int32[{}]", ids.len());
            prop_assert!(world("").values(&[(&text, &ids)]).judge(&RULE).is_empty());
        }
    }
}
