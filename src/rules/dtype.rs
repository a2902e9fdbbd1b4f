//! What the rules about element types share: which arrays they concern, and how they name what is wanted.

use super::ArrayCx;
use super::context::{batch_unit, value_place};
use crate::config::Level;
use crate::diagnostic::proof::{CastProof, Loss, Proof};
use crate::diagnostic::repair::Step;
use crate::diagnostic::{Change, Finding, Fix, Unit, python};
use crate::facts::{Cell, asks};
use crate::source::Reading;
use crate::source::text::shown;
use crate::spec::dtype::{Class, Dtype, DtypeRule, Kind, Wanted};
use crate::spec::framework::{Clash, Outcome, Treatment, keeps_values};
use crate::spec::{At, Declaration, Role};
use crate::values::Number;
use crate::values::cast::Cast;

/// Whether a model gets the array. A spec that names arrays, and not this one, says that none does; then
/// `unexpected-array` is the only rule to speak.
pub(super) fn is_fed(cx: &ArrayCx<'_>) -> bool {
    cx.declared.is_some() || cx.spec.arrays.is_empty()
}

/// The trouble with the type of these arrays, if a model gets them and there is any.
pub(super) fn clash(cx: &ArrayCx<'_>) -> Option<Clash> {
    if is_fed(cx) { Clash::of(&cx.header.dtype, cx.declared) } else { None }
}

/// The declared dtype, where there is one.
pub(super) fn rule<'a>(cx: &ArrayCx<'a>) -> Option<&'a DtypeRule> {
    cx.declared?.dtype.as_ref().map(|dtype| &dtype.value)
}

/// A finding that says what the array is and what was wanted. `is` goes into the message, behind the array's name.
pub(super) fn finding(cx: &ArrayCx<'_>, outcome: &Outcome, is: &str) -> Finding {
    let name = shown(cx.name, 80);
    let named = rule(cx).filter(|rule| !rule.wanted.contains(&Wanted::Class(Class::Any)));
    let (wanted, expected) = match (cx.declared.map(|declared| declared.role), named) {
        (Some(role), Some(takes)) => (
            if outcome.treatment == Some(Treatment::Accepted) {
                format!(", the spec declares {takes}")
            } else {
                format!(", the {} takes {takes}", taker(role))
            },
            format!("`{name}` has {}.", noun(takes)),
        ),
        (Some(role), None) => {
            (format!(", the {} takes numbers", taker(role)), format!("`{name}` is an array of numbers."))
        }
        (None, _) => (String::new(), "A batch holds arrays of numbers.".into()),
    };
    let message = format!("{} {is}{wanted}", cx.label());
    let finding = cx.finding(at(cx), message, expected, cx.header.dtype.to_string()).consequence(&*outcome.says);
    match level(cx, outcome) {
        Some(level) => finding.level(level),
        None => finding,
    }
}

/// The type that its numbers should have, as Python spells it.
pub(super) fn spelled(clash: &Clash) -> String {
    let wanted = clash.wanted.as_ref().filter(|wanted| !matches!(wanted.kind, Kind::Ml(_)));
    wanted.and_then(python::dtype).unwrap_or_else(|| "np.float32".into())
}

/// Python that casts the array to the type, and what that does to the values. Where nothing was read and values could
/// be lost, a line before it stops the program if one is.
pub(super) fn cast(cx: &ArrayCx<'_>, wanted: &Dtype) -> Option<Fix> {
    let (name, spelled) = (python::variable(cx.name), python::dtype(wanted)?);
    let found = &cx.header.dtype;
    let python = format!("{name} = {name}.astype({spelled})");
    let rounds = found.is_float() && wanted.is_float();
    let guard = !rounds && !keeps_values(found, wanted) && !column(cx).iter().any(|cell| cell.array.values().is_some());
    let assert = format!("assert np.array_equal({name}, {name}.astype({spelled}))  # no value changes\n");
    let python = if guard { assert + &python } else { python };
    let fix = Fix::new(python, proof(cx.cells, wanted, batch_unit(cx.spec)));
    let plain = found.is_plain() && matches!(wanted.kind, Kind::Bool | Kind::Int | Kind::Uint | Kind::Float);
    Some(if plain { fix.change(Change::Steps(vec![Step::Cast(wanted.clone())])) } else { fix })
}

/// All arrays of the name, whatever their headers: what is said of the fault must not depend on one of them.
pub(super) fn column<'a>(cx: &ArrayCx<'a>) -> &'a [Cell<'a>] {
    let column = cx.stream.columns.iter().find(|column| {
        column.cells.iter().any(|cell| cx.cells.iter().any(|mine| std::ptr::eq(mine.array, cell.array)))
    });
    column.map_or(cx.cells, |column| &column.cells)
}

/// What a cast to the type does to the values of these arrays.
pub(super) fn proof(cells: &[Cell<'_>], wanted: &Dtype, unit: Unit) -> Proof {
    let keeps = |cell: &Cell<'_>| keeps_values(&cell.header().dtype, wanted);
    if let Some(first) = cells.first().filter(|_| cells.iter().all(keeps)) {
        let from = first.header().dtype.name();
        return Proof::Lossless(format!("every value of {from} is the same value in {}", wanted.name()));
    }
    let ask = asks::cast(wanted);
    let half_step = |cell: &Cell<'_>| Cast::new(&cell.header().dtype, wanted).map(Cast::half_step);
    let mut proof = CastProof::new(wanted.name(), cells.iter().find_map(half_step).unwrap_or_default(), unit);
    for cell in cells {
        if let Some(why) = unread(cell) {
            if keeps(cell) {
                proof.scope.read(cell.header().elements());
            } else {
                proof.scope.unread(why);
            }
            continue;
        }
        let values = cell.array.values();
        let answer = values.and_then(|values| values.answer(&ask));
        match (answer, keeps(cell)) {
            (Some(answer), _) => {
                proof.scope.read(answer.of);
                let numbers = values.and_then(|values| values.numbers.as_ref());
                proof.fractional |= numbers.is_some_and(|numbers| numbers.fractional > 0);
                for hits in &answer.hits {
                    proof.add(Loss {
                        kind: hits.kind,
                        count: hits.count,
                        off: Number::Float(hits.off),
                        value: hits.worst.value,
                        place: value_place(cell, hits.worst.at),
                    });
                }
            }
            (None, true) => proof.scope.read(cell.header().elements()),
            (None, false) => proof.scope.unread("what this cast does to the values is not looked at"),
        }
    }
    Proof::Cast(proof)
}

/// Why the values of an array are not known, if they are not.
pub(super) fn unread(cell: &Cell<'_>) -> Option<String> {
    match cell.array.reading.as_deref() {
        Some(Reading::Read(_)) => None,
        Some(Reading::Unread(why)) => Some(format!("the values were not read: {}", why.why())),
        None => Some("the values were not read (`--headers-only`)".into()),
    }
}

/// The line that declares the dtype, else the one that declares the array.
pub(super) fn at<'a>(cx: &ArrayCx<'a>) -> Option<&'a At> {
    cx.declared.map(|declared: &Declaration| declared.dtype.as_ref().map_or(&declared.at, |dtype| &dtype.at))
}

/// Nobody said that a model gets an array that is not declared: it may be a column of names or times.
fn level(cx: &ArrayCx<'_>, outcome: &Outcome) -> Option<Level> {
    if cx.declared.is_none() { Some(Level::Warning) } else { outcome.level }
}

fn taker(role: Role) -> &'static str {
    match role {
        Role::Input => "model",
        Role::Target | Role::Weight => "loss",
    }
}

/// "dtype float32", "a floating dtype"
fn noun(rule: &DtypeRule) -> String {
    let text = rule.to_string();
    if text.contains("dtype") { text } else { format!("dtype {text}") }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::World;
    use crate::rules::{
        Rule, double_precision, non_numeric_dtype, object_dtype, opaque_dtype, string_dtype, wrong_dtype,
    };
    use crate::spec::Framework;

    /// The rules that say that a type is not the declared one.
    const RULES: [&Rule; 6] = [
        &object_dtype::RULE,
        &string_dtype::RULE,
        &double_precision::RULE,
        &wrong_dtype::RULE,
        &non_numeric_dtype::RULE,
        &opaque_dtype::RULE,
    ];

    const FOUND: [&str; 27] = [
        "bool",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint64",
        "float16",
        "float32",
        "float64",
        ">f8",
        ">i4",
        "<f16",
        "complex64",
        "complex128",
        "bfloat16",
        "float8_e4m3fn",
        "<f1",
        "<V1",
        "<V2",
        "|V2",
        "|V7",
        "|O",
        "<U3",
        "|S3",
        "<M8[s]",
        "{a: float32, b: int64}",
    ];

    const WANTED: [&str; 15] = [
        "float32",
        "float16",
        "float64",
        "int64",
        "int32",
        "uint8",
        "bool",
        "complex64",
        "bfloat16",
        "float8_e4m3fn",
        "floating",
        "integer",
        "unsigned",
        "number",
        "int64 | float32",
    ];

    #[test]
    fn one_rule_speaks_for_one_type() {
        let mut said = 0;
        for framework in
            [Framework::Keras, Framework::Torch, Framework::Onnxruntime, Framework::Sklearn, Framework::Any]
        {
            for (found, wanted) in FOUND.iter().flat_map(|found| WANTED.map(|wanted| (*found, wanted))) {
                for role in [World::input, World::target, World::weight] {
                    let world = role(World::new(framework), "x", wanted, "batch").batch(&[&format!("x: {found}[4]")]);
                    let speak: Vec<&str> =
                        RULES.iter().flat_map(|rule| world.judge(rule).into_iter().map(|_| rule.id)).collect();
                    let declared = world.spec.arrays[0].dtype.as_ref().unwrap();
                    let allowed = declared.value.allows(&world.facts.sources()[0].arrays[0].header.dtype);
                    let raw = matches!((found, wanted), ("<V2", "bfloat16") | ("<V1", "float8_e4m3fn"));
                    let expected = usize::from(!(allowed || raw) || found == "<f1");
                    assert_eq!(speak.len(), expected, "{found} for {wanted} in {framework}: {speak:?}");
                    said += speak.len();
                }
            }
        }
        assert!(said > 4000, "{said}");
    }
}
