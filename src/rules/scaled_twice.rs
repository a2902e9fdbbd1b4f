//! Values that were divided once more than they should be.

use super::context::value_place;
use super::unscaled_images::is_image;
use super::{Findings, Group, Judge, Looked, Needs, Rule, ValuesCx};
use crate::diagnostic::{Fix, Level, python};
use crate::spec::Role;
use crate::values::number::{declared_text, float_text};
use crate::values::{Number, Numbers};

pub(super) static RULE: Rule = Rule {
    id: "scaled-twice",
    group: Group::Values,
    level: Level::Error,
    finds: "values of 1/255 at most where 0 to 1 is declared, or of 1 where 0 to 255 is",
    needs: Needs::NUMBERS.spec(),
    page: include_str!("../../docs/rules/scaled-twice.md"),
    judge: Judge::Values(judge),
};

/// The greatest value of a byte, by which images are divided.
const BYTE: f64 = 255.0;
/// Rounding of half precision, relative.
const ROUNDING: f64 = 2e-3;
/// Distinct values that show that more than the two darkest levels of an image are there.
const LEVELS: usize = 8;

/// Which arrays hold such values, by index into `cells`.
pub(super) fn scaled_twice(cx: &ValuesCx<'_>) -> Option<Vec<usize>> {
    let max = declared_max(cx)?;
    let image = is_image(cx);
    let shrunk = |numbers: &Numbers| -> Option<bool> {
        let (low, high) = (numbers.min?.value.to_f64(), numbers.max?.value.to_f64());
        let small = low >= 0.0 && high > 0.0 && high <= max / BYTE * (1.0 + ROUNDING);
        let levels = numbers.distinct.as_ref().is_none_or(|distinct| distinct.len() >= LEVELS);
        Some(small && levels && numbers.fractional > 0 && (image || are_levels(numbers, max / BYTE / BYTE)))
    };
    let is_shrunk = |i: &usize| cx.cells[*i].1.numbers.as_ref().and_then(shrunk).unwrap_or(false);
    let cells: Vec<usize> = (0..cx.cells.len()).filter(is_shrunk).collect();
    (!cells.is_empty()).then_some(cells)
}

/// The declared maximum, where it is that of scaled images or of bytes.
fn declared_max(cx: &ValuesCx<'_>) -> Option<f64> {
    let declared = cx.declared.filter(|declared| declared.role != Role::Weight && declared.encoding.is_none())?;
    let limits = &declared.values.as_ref()?.value;
    let known = limits.max.filter(|max| *max == 1.0 || *max == BYTE);
    known.filter(|_| limits.min.is_none_or(|min| min == 0.0) && limits.sum.is_none() && declared.classes.is_none())
}

/// Whether every value is a multiple of a step, as bytes are after divisions.
fn are_levels(numbers: &Numbers, step: f64) -> bool {
    let whole = |(value, _, _): &(Number, u64, u64)| {
        let level = value.to_f64() / step;
        (level - level.round()).abs() <= ROUNDING * level.max(1.0) && level.round() <= BYTE
    };
    numbers.distinct.as_ref().is_some_and(|distinct| distinct.iter().all(whole))
}

fn judge(cx: &ValuesCx<'_>, out: &mut Findings) -> Looked {
    let Some(max) = declared_max(cx) else { return Looked::No };
    let Some(cells) = scaled_twice(cx) else { return Looked::Yes };
    let mut greatest: f64 = 0.0;
    let mut places = Vec::new();
    for (cell, values) in cells.iter().map(|i| &cx.cells[*i]) {
        if let Some(top) = values.numbers.as_ref().and_then(|numbers| numbers.max) {
            greatest = greatest.max(top.value.to_f64());
            places.push(value_place(cell, top.at).detail(format!("no value above {}", top.value)));
        }
    }
    let name = crate::source::text::shown(cx.name, 80);
    let x = python::variable(cx.name);
    let at = cx.declared.map(|declared| declared.values.as_ref().map_or(&declared.at, |values| &values.at));
    let (message, cause) = if max == 1.0 {
        (
            "was scaled twice",
            "the values were divided by 255 twice: while loading, and again in the generator or by `ToTensor`",
        )
    } else {
        (
            "is scaled already, and 0 to 255 is declared",
            "the values were divided by 255 before, and the model divides once more, in a `Rescaling` layer for one",
        )
    };
    out.push(
        cx.finding(
            at,
            format!("{} {message}", cx.label()),
            format!("Values of `{name}` go from 0 to {}.", declared_text(max)),
            format!("no value above {}, 1/255 of what is declared", float_text(greatest)),
            places,
        )
        .cause(cause)
        .consequence(
            "nothing stops: all images look black to the model, so it hardly learns, or predicts one class for all",
        )
        .help("divide in one place only")
        .fix(Fix::choice(format!("{x} = {x} * 255.0  # better: take out one of the divisions"))),
    );
    Looked::Yes
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::World;
    use crate::rules::{Looked, blank_samples, clean, out_of_range_values, range_drift, unscaled_images};
    use crate::spec::Framework;

    fn x(max: f64) -> World {
        World::new(Framework::Torch).input("x", "float32", "batch, 3, 8, 8").limits(0.0, max)
    }

    fn scaled(_: usize, i: usize) -> f64 {
        (i * 37 % 256) as f64 / 255.0
    }

    #[test]
    fn a_second_division_is_found_and_nothing_else_is() {
        let world = x(1.0).made(2, &[("x: float32[4, 3, 8, 8]", |b, i| scaled(b, i) / 255.0)]);
        let found = world.judge(&RULE);
        assert_eq!(found[0].message, "input `x` was scaled twice");
        assert_eq!(found[0].found, "no value above 0.003921569, 1/255 of what is declared");
        let others = [&out_of_range_values::RULE, &unscaled_images::RULE, &range_drift::RULE, &blank_samples::RULE];
        for other in others {
            assert!(world.judge(other).is_empty(), "{}", other.id);
        }
    }

    #[test]
    fn a_division_before_the_model_divides() {
        let world = x(255.0).made(2, &[("x: float32[4, 3, 8, 8]", scaled)]);
        assert_eq!(world.messages(&RULE), ["input `x` is scaled already, and 0 to 255 is declared"]);
    }

    #[test]
    fn black_images_and_small_shares_are_fine() {
        let dark = x(1.0).made(2, &[("x: float32[4, 3, 8, 8]", |_, i| (i % 2) as f64 / 255.0)]);
        assert!(dark.judge(&RULE).is_empty());
        let black = x(1.0).values(&[("x: float32[4, 3, 8, 8]", &[0.0])]);
        assert!(black.judge(&RULE).is_empty());
        let shares = World::new(Framework::Torch).input("x", "float32", "batch, 9").limits(0.0, 1.0);
        let shares = shares.made(1, &[("x: float32[50, 9]", |_, i| ((i * 7919 % 1009) as f64).sqrt() * 1e-4)]);
        assert_eq!((shares.judge(&RULE).len(), shares.looked(&RULE)), (0, vec![Looked::Yes]));
    }

    #[test]
    fn clean_data_is_clean() {
        clean::finds_nothing(&RULE);
    }
}
