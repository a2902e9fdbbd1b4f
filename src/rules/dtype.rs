//! What the rules about element types share: which arrays they concern, and how they name what is wanted.

use super::ArrayCx;
use crate::config::Level;
use crate::diagnostic::{Finding, Fix, python};
use crate::source::text::shown;
use crate::spec::dtype::{Dtype, DtypeRule};
use crate::spec::framework::{Clash, Outcome, Treatment};
use crate::spec::{At, Declaration, Role};

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
    let (wanted, expected) = match (cx.declared.map(|declared| declared.role), rule(cx)) {
        (Some(role), Some(rule)) => (
            if outcome.treatment == Some(Treatment::Accepted) {
                format!(", the spec declares {rule}")
            } else {
                format!(", the {} takes {rule}", taker(role))
            },
            format!("`{name}` has {}.", noun(rule)),
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

/// Python that casts the array to the type, without looking whether the values survive.
pub(super) fn cast(cx: &ArrayCx<'_>, wanted: &Dtype) -> Option<Fix> {
    let name = python::variable(cx.name);
    Some(Fix::unverified(format!("{name} = {name}.astype({})", python::dtype(wanted)?)))
}

/// The same, with a line before it that stops where a value does not survive.
pub(super) fn guarded_cast(cx: &ArrayCx<'_>, wanted: &Dtype) -> Option<Fix> {
    let (name, wanted) = (python::variable(cx.name), python::dtype(wanted)?);
    let assert = format!("assert np.array_equal({name}, {name}.astype({wanted}))  # no value changes");
    Some(Fix::unverified(format!("{assert}\n{name} = {name}.astype({wanted})")))
}

/// The line that declares the dtype, else the one that declares the array.
fn at<'a>(cx: &ArrayCx<'a>) -> Option<&'a At> {
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
