//! Types that hold no numbers a tensor could hold: complex, times, long doubles, structured and raw bytes.

use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule, dtype};
use crate::diagnostic::{Fix, Level, python};
use crate::source::text::shown;
use crate::spec::dtype::{Dtype, Field, Kind};
use crate::spec::framework::Given;

pub(super) static RULE: Rule = Rule {
    id: "non-numeric-dtype",
    group: Group::Dtype,
    level: Level::Error,
    finds: "complex numbers, times, long doubles, structured types or raw bytes",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/non-numeric-dtype.md"),
    judge: Judge::Array(judge),
};

fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
    if !dtype::is_fed(cx) {
        return Looked::No;
    }
    let Some(clash) = dtype::clash(cx) else { return Looked::Yes };
    if !matches!(clash.given, Given::Complex | Given::Time | Given::LongDouble | Given::Raw) {
        return Looked::Yes;
    }
    let found = &cx.header.dtype;
    let what = match &found.kind {
        Kind::Struct(_) => "is a structured array".to_owned(),
        Kind::Void => "is raw bytes".to_owned(),
        Kind::LongDouble => "is long double".to_owned(),
        _ => format!("is {}", found.name()),
    };
    let advice = Advice::of(found, python::variable(cx.name), &dtype::spelled(&clash));
    let mut finding = dtype::finding(cx, &clash.outcome(cx.framework()), &what).cause(advice.cause).help(advice.help);
    if let Kind::Struct(fields) = &found.kind {
        finding.found = named(fields);
    }
    let unchecked = "what it does to the values is not looked at: they are no plain numbers";
    finding.fix = advice.fix.map(|python| Fix::new(python, unchecked));
    out.push(finding);
    Looked::Yes
}

struct Advice {
    cause: &'static str,
    help: String,
    fix: Option<String>,
}

impl Advice {
    /// `x` is the array's name in Python, `wanted` the type that its numbers should have.
    fn of(found: &Dtype, x: &str, wanted: &str) -> Self {
        match &found.kind {
            Kind::Complex => Self {
                cause: "an FFT, a radio or an MRI signal was taken as it is",
                help: format!(
                    "two channels: `{x} = np.stack([{x}.real, {x}.imag], axis=-1).astype({wanted})`; or the magnitude: \
                     `{x} = np.abs({x}).astype({wanted})`"
                ),
                fix: None,
            },
            Kind::Datetime(_) => Self {
                cause: "a column of times was taken as it is",
                help: format!(
                    "count from a fixed start near the data: `{x} = (({x} - start) / np.timedelta64(1, \"s\")).astype({wanted})`; \
                     seconds since 1970 are too large for float32 to tell two of them apart"
                ),
                fix: None,
            },
            Kind::Timedelta(_) => Self {
                cause: "the difference of two columns of times was taken as it is",
                help: "count in a fixed unit".into(),
                fix: Some(format!("{x} = ({x} / np.timedelta64(1, \"s\")).astype({wanted})")),
            },
            Kind::LongDouble => Self {
                cause: "`np.longdouble`, or a C long double: 80 bits on x86 and something else elsewhere",
                help: "no framework computes in it: cast it where the batch is made".into(),
                fix: Some(format!("{x} = {x}.astype({wanted})")),
            },
            Kind::Struct(_) => Self {
                cause: "a record array, `df.to_records()`, or a table with one type per column was taken as it is",
                help: format!(
                    "one array per field, `{x}[\"field\"]`; or all fields as columns: \
                     `numpy.lib.recfunctions.structured_to_unstructured({x}, {wanted})`"
                ),
                fix: None,
            },
            _ => Self {
                cause: "it was made with a `V` dtype, or is a type that NumPy does not know, loaded and saved again: bfloat16 \
                        becomes `|V2` that way",
                help: format!(
                    "say what the bytes are: `{x}.view(np.uint8)`, or bfloat16: `{x}.view(ml_dtypes.bfloat16)`"
                ),
                fix: None,
            },
        }
    }
}

/// "fields `a`, `b` and 3 more"
fn named(fields: &[Field]) -> String {
    const SHOWN: usize = 4;
    if fields.is_empty() {
        return "a structured type without fields".into();
    }
    let names: Vec<String> = fields.iter().take(SHOWN).map(|field| format!("`{}`", shown(&field.name, 40))).collect();
    let more = fields.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{} {}{rest}", if fields.len() == 1 { "field" } else { "fields" }, names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::diagnostic::Level::{Error, Warning};
    use crate::rules::Looked;
    use crate::rules::testing::World;
    use crate::spec::Framework;

    fn x(framework: Framework, found: &str) -> World {
        World::new(framework).input("x", "float32", "batch").batch(&[&format!("x: {found}[4]")])
    }

    #[test]
    fn each_kind_is_called_by_its_name() {
        let cases = [
            ("complex64", "input `x` is complex64, the model takes float32"),
            ("<M8[s]", "input `x` is datetime64[s], the model takes float32"),
            ("<m8[ms]", "input `x` is timedelta64[ms], the model takes float32"),
            ("<f16", "input `x` is long double, the model takes float32"),
            ("{a: float32, b: int64}", "input `x` is a structured array, the model takes float32"),
            ("|V3", "input `x` is raw bytes, the model takes float32"),
        ];
        for (found, message) in cases {
            assert_eq!(x(Framework::Torch, found).messages(&RULE), [message]);
        }
    }

    #[test]
    fn fields_are_named_and_cannot_speak_to_the_terminal() {
        let world = x(Framework::Keras, "{a\u{1b}[31m: float32, b: int64}");
        assert_eq!(world.judge(&RULE)[0].found, "fields `a\\u{1b}[31m`, `b`");
    }

    #[test]
    fn only_a_repair_that_is_right_is_offered() {
        let fix = |found| x(Framework::Any, found).judge(&RULE)[0].fix.as_ref().map(|fix| fix.python.clone());
        assert_eq!(fix("<m8[ms]").unwrap(), "x = (x / np.timedelta64(1, \"s\")).astype(np.float32)");
        assert_eq!(fix("<f16").unwrap(), "x = x.astype(np.float32)");
        for found in ["complex64", "<M8[s]", "{a: float32, b: int64}", "|V3"] {
            assert_eq!(fix(found), None, "{found}");
        }
    }

    #[test]
    fn a_column_that_nobody_declared_is_a_warning() {
        let world = World::unspecified().batch(&["x: float32[4]", "time: <M8[s][4]"]);
        let found = world.judge(&RULE);
        assert_eq!((found.len(), found[0].level), (1, Some(Warning)));
        assert_eq!(found[0].message, "array `time` is datetime64[s]");
        let found = x(Framework::Sklearn, "<M8[s]").judge(&RULE);
        assert_eq!(found[0].level, Some(Warning), "scikit-learn takes times");
    }

    #[test]
    fn complex_is_fine_where_it_is_declared() {
        let complex = World::new(Framework::Torch).input("x", "complex64", "batch");
        assert!(complex.batch(&["x: complex64[4]"]).judge(&RULE).is_empty());
        let other = World::new(Framework::Torch).input("x", "complex128", "batch").batch(&["x: complex64[4]"]);
        assert!(other.judge(&RULE).is_empty(), "that is wrong-dtype");
    }

    #[test]
    fn it_is_silent_about_what_other_rules_find() {
        for found in ["float64", "int8", "|O", "<U3", "<V2", "bfloat16", "{a: |O}"] {
            let world = x(Framework::Torch, found);
            assert!(world.judge(&RULE).is_empty(), "{found}");
            assert_eq!(world.looked(&RULE), [Looked::Yes]);
        }
        assert_eq!(x(Framework::Torch, "|V3").judge(&RULE)[0].level, Some(Error));
    }
}
