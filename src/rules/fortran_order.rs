//! Arrays whose first axis varies fastest.

use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule, dtype};
use crate::diagnostic::{Fix, Level, Proof, python};
use crate::spec::framework;

pub(super) static RULE: Rule = Rule {
    id: "fortran-order",
    group: Group::Layout,
    level: Level::Note,
    finds: "arrays in Fortran order",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/fortran-order.md"),
    judge: Judge::Array(judge),
};

fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
    let shape = &cx.header.shape;
    // With one axis longer than 1 both orders are the same bytes, and without elements there are none.
    let has_order = shape.iter().filter(|size| **size > 1).count() > 1 && !shape.contains(&0);
    if !dtype::is_fed(cx) {
        return Looked::No;
    }
    if !has_order {
        return Looked::Yes;
    }
    if cx.header.fortran {
        let outcome = framework::fortran(cx.framework());
        let x = python::variable(cx.name);
        let mut finding = cx
            .finding(
                cx.declared.map(|declared| &declared.at),
                format!("{} is in Fortran order", cx.label()),
                "The array is in C order: its last axis varies fastest.",
                "Fortran order",
            )
            .cause("a transposed view (`x.T`, `np.moveaxis`, `np.swapaxes`) was saved, or the array comes from Fortran, MATLAB or R")
            .consequence(outcome.says)
            .help("leave it, unless a program copies raw memory; if axes turn up swapped, look where this array was transposed")
            .fix(Fix::new(
                format!("{x} = np.ascontiguousarray({x})"),
                Proof::Lossless("it moves the values in memory and changes none, whatever they are".into()),
            ));
        finding.level = outcome.level;
        out.push(finding);
    }
    Looked::Yes
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::diagnostic::Level::Warning;
    use crate::rules::Looked;
    use crate::rules::testing::World;
    use crate::spec::Framework;

    fn x(framework: Framework, array: &str) -> World {
        World::new(framework).input("x", "float32", "batch, ...").batch(&[array])
    }

    #[test]
    fn it_is_a_note_but_for_those_who_copy_raw_memory() {
        let world = x(Framework::Keras, "x: float32[4, 3] fortran");
        let found = world.judge(&RULE);
        assert_eq!((found[0].message.as_str(), found[0].level), ("input `x` is in Fortran order", None));
        assert_eq!(world.anchored(&found[0]), "inputs.x");
        assert_eq!(found[0].fix.as_ref().unwrap().python, "x = np.ascontiguousarray(x)");
        assert_eq!(x(Framework::Triton, "x: float32[4, 3] fortran").judge(&RULE)[0].level, Some(Warning));
        assert_eq!(World::unspecified().batch(&["x: float32[4, 3] fortran"]).judge(&RULE).len(), 1);
    }

    #[test]
    fn an_array_that_is_in_both_orders_is_in_none() {
        for array in [
            "x: float32[9] fortran",
            "x: float32[] fortran",
            "x: float32[1, 9, 1] fortran",
            "x: float32[0, 9, 9] fortran",
        ] {
            let world = x(Framework::Triton, array);
            assert!(world.judge(&RULE).is_empty(), "{array}");
            assert_eq!(world.looked(&RULE), [Looked::Yes]);
        }
        let world = x(Framework::Triton, "x: float32[4, 3]");
        assert!(world.judge(&RULE).is_empty());
        assert_eq!(world.looked(&RULE), [Looked::Yes]);
    }
}
