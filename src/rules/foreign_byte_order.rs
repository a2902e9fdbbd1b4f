//! Big-endian numbers.

use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule, dtype};
use crate::diagnostic::{Change, Fix, Level, Proof, python};
use crate::spec::dtype::Kind;
use crate::spec::framework::{self, Treatment};

pub(super) static RULE: Rule = Rule {
    id: "foreign-byte-order",
    group: Group::Dtype,
    level: Level::Warning,
    finds: "big-endian numbers",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/foreign-byte-order.md"),
    judge: Judge::Array(judge),
};

fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
    let found = &cx.header.dtype;
    if !dtype::is_fed(cx) || !(found.is_plain() || found.kind == Kind::Complex) {
        return Looked::No;
    }
    let outcome = framework::foreign(cx.framework());
    if !framework::is_foreign(found) || matches!(outcome.treatment, Some(Treatment::Accepted | Treatment::Cast)) {
        return Looked::Yes;
    }
    let x = python::variable(cx.name);
    let mut finding = cx
        .finding(
            dtype::at(cx),
            format!("{} is big-endian", cx.label()),
            "Numbers are little-endian, as on every machine that frameworks run on.",
            found.to_string(),
        )
        .cause("it comes from FITS, netCDF, MATLAB, Java or an instrument, or from a machine that counts this way")
        .consequence(outcome.says)
        .help("convert once, where the data is read")
        .fix(
            Fix::new(
                format!("{x} = {x}.astype({x}.dtype.newbyteorder(\"=\"))"),
                Proof::Lossless(
                    "it turns the bytes of each value around and changes none, whatever the values are".into(),
                ),
            )
            .change(Change::Steps(Vec::new())),
        );
    finding.level = outcome.level;
    out.push(finding);
    Looked::Yes
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::diagnostic::Level::Error;
    use crate::rules::Looked;
    use crate::rules::testing::World;
    use crate::spec::Framework;

    fn x(framework: Framework, found: &str) -> World {
        World::new(framework).input("x", "float32", "batch").batches(2, &[&format!("x: {found}[4]")])
    }

    #[test]
    fn the_framework_decides() {
        for framework in [Framework::Onnxruntime, Framework::Torch, Framework::Jax] {
            let world = x(framework, ">f4");
            let found = world.judge(&RULE);
            assert_eq!((found[0].message.as_str(), found[0].level), ("input `x` is big-endian", Some(Error)));
            assert_eq!((found[0].found.as_str(), found[0].count), ("big-endian float32", 2));
            assert_eq!(found[0].fix.as_ref().unwrap().python, "x = x.astype(x.dtype.newbyteorder(\"=\"))");
        }
        for framework in [Framework::Keras, Framework::Tensorflow, Framework::Sklearn] {
            assert!(x(framework, ">f4").judge(&RULE).is_empty(), "{framework} converts it");
            assert_eq!(x(framework, ">f4").looked(&RULE), [Looked::Yes]);
        }
        assert_eq!(x(Framework::Any, ">f4").judge(&RULE)[0].level, None);
        assert_eq!(World::unspecified().batch(&["x: >i2[4]"]).judge(&RULE).len(), 1);
    }

    #[test]
    fn one_byte_has_no_order_and_other_rules_speak_of_what_is_no_number() {
        for (found, looked) in [
            ("<f4", Looked::Yes),
            ("|u1", Looked::Yes),
            (">c8", Looked::Yes),
            (">U3", Looked::No),
            (">M8[s]", Looked::No),
            ("{a: >f4}", Looked::No),
        ] {
            assert_eq!(x(Framework::Torch, found).looked(&RULE), [looked], "{found}");
            assert_eq!(x(Framework::Torch, found).judge(&RULE).len(), usize::from(found == ">c8"), "{found}");
        }
    }
}
