//! bfloat16, float8 and the like: types of `ml_dtypes`, which the .npy format cannot name.

use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule, dtype};
use crate::diagnostic::{Finding, Fix, Level, python};
use crate::spec::dtype::{Dtype, Kind, MlType};
use crate::spec::framework::{Clash, Given};

pub(super) static RULE: Rule = Rule {
    id: "opaque-dtype",
    group: Group::Dtype,
    level: Level::Warning,
    finds: "bfloat16, float8 and the like, which a .npy file cannot name",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/opaque-dtype.md"),
    judge: Judge::Array(judge),
};

fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
    if !dtype::is_fed(cx) {
        return Looked::No;
    }
    let Some(clash) = dtype::clash(cx) else { return Looked::Yes };
    let wanted = dtype::spelled(&clash);
    match (clash.given, &cx.header.dtype.kind) {
        (Given::Opaque, _) => out.push(unnamed(cx, &clash, &wanted)),
        (Given::Named, Kind::Ml(MlType::Float8E5m2)) => out.push(unloadable(cx)),
        (Given::Named, _) => out.push(named(cx, &clash, &cx.header.dtype, &wanted)),
        _ => {}
    }
    Looked::Yes
}

/// `<V2` and `<V1`.
fn unnamed(cx: &ArrayCx<'_>, clash: &Clash, wanted: &str) -> Finding {
    let x = python::variable(cx.name);
    let outcome = clash.outcome(cx.framework());
    if cx.header.dtype.size == 2 {
        dtype::finding(cx, &outcome, "is raw bytes, most likely bfloat16")
            .cause("`np.save` writes bfloat16 as `<V2`, since a .npy file has no name for it, and `np.load` gives raw bytes back")
            .help("save float32; or view it as bfloat16 after loading, and declare `dtype = \"bfloat16\"`")
            .fix(Fix::unverified(format!("import ml_dtypes\n{x} = {x}.view(ml_dtypes.bfloat16).astype({wanted})")))
    } else {
        dtype::finding(cx, &outcome, "is raw bytes of a type that the file does not name")
            .cause("`np.save` writes most float8, float6, float4, int4 and int2 types as `<V1`, and `np.load` gives raw bytes back")
            .help(format!(
                "save a type that NumPy knows; or view it as what it was, `{x}.view(ml_dtypes.float8_e4m3fn)` or another, and \
                 declare that type"
            ))
    }
}

/// `<f1`, which NumPy writes and cannot read.
fn unloadable(cx: &ArrayCx<'_>) -> Finding {
    let x = python::variable(cx.name);
    cx.finding(
        dtype::at(cx),
        format!("{} is float8_e5m2, which `np.load` cannot read", cx.label()),
        "The array has a type that `np.load` can read.",
        cx.header.dtype.name(),
    )
    .level(Level::Error)
    .cause("`np.save` writes float8_e5m2 as `<f1`, and there is no such type in NumPy")
    .consequence("`np.load` stops: `descr is not a valid dtype descriptor: '<f1'`")
    .help(format!(
        "save the bytes, `{x}.view(np.uint8)`, and view them as `ml_dtypes.float8_e5m2` after loading; or save float32"
    ))
}

/// A header that says `bfloat16`, which takes a patched writer.
fn named(cx: &ArrayCx<'_>, clash: &Clash, found: &Dtype, wanted: &str) -> Finding {
    let x = python::variable(cx.name);
    let name = found.name();
    let outcome = clash.outcome(cx.framework());
    dtype::finding(cx, &outcome, &format!("is {name}"))
        .cause(format!("the header names `{name}`, a type of the `ml_dtypes` package"))
        .consequence(format!(
            "without `ml_dtypes` imported, `np.load` stops: `descr is not a valid dtype descriptor: '{name}'`; with it, {}",
            outcome.says
        ))
        .help(format!("save float32; or import `ml_dtypes` before loading, and declare `dtype = \"{name}\"`"))
        .fix(Fix::unverified(format!("import ml_dtypes  # before np.load\n{x} = {x}.astype({wanted})")))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::diagnostic::Level::{Error, Warning};
    use crate::rules::Looked;
    use crate::rules::testing::World;
    use crate::spec::Framework;

    fn x(framework: Framework, wanted: &str, found: &str) -> World {
        World::new(framework).input("x", wanted, "batch").batch(&[&format!("x: {found}[4]")])
    }

    #[test]
    fn two_raw_bytes_are_most_likely_bfloat16() {
        let found = x(Framework::Torch, "float32", "<V2").judge(&RULE);
        assert_eq!(found[0].message, "input `x` is raw bytes, most likely bfloat16, the model takes float32");
        assert_eq!(found[0].level, Some(Error));
        let fix = &found[0].fix.as_ref().unwrap().python;
        assert_eq!(fix, "import ml_dtypes\nx = x.view(ml_dtypes.bfloat16).astype(np.float32)");
        assert_eq!(x(Framework::Any, "float32", "<V2").judge(&RULE)[0].level, None);
        assert_eq!(World::unspecified().batch(&["x: <V2[4]"]).judge(&RULE)[0].level, Some(Warning));
    }

    #[test]
    fn raw_bytes_are_what_a_declared_type_looks_like() {
        for (wanted, found) in [("bfloat16", "<V2"), ("float8_e4m3fn", "<V1"), ("bfloat16", "bfloat16"), ("any", "<V2")]
        {
            let world = x(Framework::Jax, wanted, found);
            assert!(world.judge(&RULE).is_empty(), "{wanted} {found}");
            assert_eq!(world.looked(&RULE), [Looked::Yes]);
        }
        assert_eq!(x(Framework::Jax, "bfloat16", "<V1").judge(&RULE).len(), 1);
    }

    #[test]
    fn numpy_cannot_read_its_own_float8_e5m2() {
        for wanted in ["float32", "float8_e5m2"] {
            let found = x(Framework::Keras, wanted, "<f1").judge(&RULE);
            assert_eq!(found[0].message, "input `x` is float8_e5m2, which `np.load` cannot read");
            assert_eq!(found[0].level, Some(Error), "{wanted}");
            assert!(found[0].consequence.as_ref().unwrap().contains("not a valid dtype descriptor: '<f1'"));
        }
    }

    #[test]
    fn a_named_type_needs_its_package() {
        let found = x(Framework::Torch, "float32", "bfloat16").judge(&RULE);
        assert_eq!(found[0].message, "input `x` is bfloat16, the model takes float32");
        assert!(found[0].consequence.as_ref().unwrap().contains("can't convert np.ndarray of type ml_dtypes.bfloat16"));
        assert!(found[0].fix.as_ref().unwrap().python.starts_with("import ml_dtypes  # before np.load\n"));
    }

    #[test]
    fn it_is_silent_about_what_numpy_knows() {
        for found in ["float16", "uint8", "|V2", "|O", "<M8[s]"] {
            assert!(x(Framework::Torch, "float32", found).judge(&RULE).is_empty(), "{found}");
        }
    }
}
