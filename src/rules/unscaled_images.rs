//! Whole numbers 0 to 255, or 0 to 65535, where the model was declared to take 0 to 1.

use super::context::value_place;
use super::{Findings, Group, Judge, Looked, Needs, Rule, ValuesCx};
use crate::diagnostic::quantity::exact;
use crate::diagnostic::repair::Step;
use crate::diagnostic::{Change, Fix, Level, python};
use crate::facts::Cell;
use crate::spec::{Declaration, Role};
use crate::values::Numbers;
use crate::values::number::{declared_text, float_text};

pub(super) static RULE: Rule = Rule {
    id: "unscaled-images",
    group: Group::Values,
    level: Level::Error,
    finds: "0 to 255 where 0 to 1 or a standardised range is declared",
    needs: Needs::NUMBERS.spec(),
    page: include_str!("../../docs/rules/unscaled-images.md"),
    judge: Judge::Values(judge),
};

/// The greatest `max` that is taken for that of a scaled range: standardised values rarely pass 10.
const SCALED: f64 = 10.0;
/// An image of 8 bits has some pixel as bright as this; less is taken for classes or counts.
const BRIGHT: f64 = 16.0;
/// Where nothing says "image", the brightest pixel has to be there: ages and prices end elsewhere.
const BRIGHTEST: f64 = 250.0;
/// Whole values that tell a cast image from measurements: one in a hundred may be resized.
const WHOLE: f64 = 0.99;

/// Which arrays hold unscaled images, by index into `cells`, and what they should be divided by.
pub(super) fn unscaled(cx: &ValuesCx<'_>) -> Option<(Vec<usize>, f64)> {
    let declared = cx.declared?;
    let (_, most) = limits(declared)?;
    let image = is_image(cx);
    let outside = |numbers: &Numbers| -> Option<f64> {
        let (min, max) = (numbers.min?.value.to_f64(), numbers.max?.value.to_f64());
        let whole = (numbers.finite - numbers.fractional) as f64 >= WHOLE * numbers.finite as f64;
        let fits = min >= 0.0 && max > most.max(1.5) && max <= 65535.0;
        (fits && (whole || (image && (64.0..=255.0).contains(&max)))).then_some(max)
    };
    let mut greatest: f64 = 0.0;
    let mut cells = Vec::new();
    for (i, (_, values)) in cx.cells.iter().enumerate() {
        if let Some(max) = values.numbers.as_ref().and_then(outside) {
            greatest = greatest.max(max);
            cells.push(i);
        }
    }
    let divisor = match greatest {
        _ if greatest <= 255.0 => 255.0,
        _ if greatest <= 4095.0 => 4095.0,
        _ => 65535.0,
    };
    let sure = if image { greatest >= BRIGHT } else { (BRIGHTEST..=255.0).contains(&greatest) };
    sure.then_some((cells, divisor))
}

/// The declared range, where it is one that values were scaled to and floats may have it.
fn limits(declared: &Declaration) -> Option<(Option<f64>, f64)> {
    let values = &declared.values.as_ref()?.value;
    let max = values.max.filter(|max| *max > 0.0 && *max <= SCALED)?;
    let float = crate::spec::dtype::Dtype::from_name("float32")?;
    let half = crate::spec::dtype::Dtype::from_name("float16")?;
    let double = crate::spec::dtype::Dtype::from_name("float64")?;
    let floats = declared.dtype.as_ref().is_none_or(|dtype| {
        [&float, &half, &double].iter().any(|float| dtype.value.allows(float))
            || dtype.value.preferred().is_some_and(crate::spec::dtype::Dtype::is_float)
    });
    let role = declared.role != Role::Weight && declared.encoding.is_none() && declared.classes.is_none();
    (floats && role).then_some((values.min, max))
}

/// Rows with three axes, or axes that are named as those of an image.
pub(super) fn is_image(cx: &ValuesCx<'_>) -> bool {
    let named = cx
        .declared
        .and_then(|declared| declared.axes.as_ref())
        .is_some_and(|axes| axes.value.contains('H') && axes.value.contains('W'));
    named || cx.cells.iter().all(|(cell, _)| cell.header().shape.len() >= 4)
}

fn judge(cx: &ValuesCx<'_>, out: &mut Findings) -> Looked {
    let Some((declared, (min, max))) = cx.declared.and_then(|declared| Some((declared, limits(declared)?))) else {
        return Looked::No;
    };
    let Some((cells, divisor)) = unscaled(cx) else { return Looked::Yes };
    let mut places = Vec::new();
    let (mut greatest, mut beyond, mut of, mut bytes) = (0.0_f64, 0, 0, true);
    for (cell, numbers) in cells.iter().filter_map(|i| Some((&cx.cells[*i].0, cx.cells[*i].1.numbers.as_ref()?))) {
        let Some(top) = numbers.max else { continue };
        greatest = greatest.max(top.value.to_f64());
        of += numbers.finite;
        beyond += above(cx, *cell);
        bytes &= cell.header().dtype.is_unsigned_integer();
        places.push(value_place(cell, top.at).detail(format!("as large as {}", top.value)));
    }
    let range = match min {
        Some(min) => format!("{} to {}", declared_text(min), declared_text(max)),
        None => format!("at most {}", declared_text(max)),
    };
    let x = python::variable(cx.name);
    let scaled = format!("{x}.astype(np.float32) / {divisor:.1}");
    let python = match min {
        Some(min) if min == 0.0 && max == 1.0 => format!("{x} = {scaled}"),
        Some(min) if min == -1.0 && max == 1.0 => format!("{x} = {x}.astype(np.float32) / {:.1} - 1.0", divisor / 2.0),
        Some(0.0) | None if max <= 1.0 => format!("{x} = {scaled}"),
        _ => format!("{x} = ({scaled} - mean) / std  # those that the model was trained with"),
    };
    #[allow(clippy::cast_possible_truncation, reason = "255, 4095 or 65535, or half of it")]
    let scale = |divisor: f64, less: f32| Some(Change::Throughout(vec![Step::Scale { divisor: divisor as f32, less }]));
    let change = match min {
        Some(-1.0) if max == 1.0 => scale(divisor / 2.0, 1.0),
        Some(0.0) | None if max <= 1.0 => scale(divisor, 0.0),
        _ => None,
    };
    let at = declared.values.as_ref().map_or(&declared.at, |values| &values.at);
    let top = declared_text(divisor);
    let whole = if bytes { "unsigned integers" } else { "numbers" };
    let count =
        if beyond > 0 { format!(", {} of {} values above the limit", exact(beyond), exact(of)) } else { String::new() };
    out.push(
        cx.finding(
            Some(at),
            format!("{} holds 0 to {top} where {range} is declared", cx.label()),
            format!("Every value of `{}` is {range}.", crate::source::text::shown(cx.name, 80)),
            format!("{whole} from 0 up to {}{count}", float_text(greatest)),
            places,
        )
        .cause(format!("the pixels were read from image files and never divided by {top}"))
        .consequence("nothing stops: the first layers saturate, and training is slow, stalls or ends in NaN; a trained model predicts nonsense")
        .help("scale once, in one function that training, validation and serving share")
        .fix(Fix { change, ..Fix::choice(python) }),
    );
    Looked::Yes
}

/// How many values of the array are above the declared range.
fn above(cx: &ValuesCx<'_>, cell: Cell<'_>) -> u64 {
    let ask = cx.declared.and_then(crate::facts::asks::range);
    let answer = ask.and_then(|ask| cell.array.values()?.answer(&ask).cloned());
    answer.map_or(0, |answer| answer.count(&[crate::values::HitKind::Above]))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::World;
    use crate::rules::{Looked, clean, out_of_range_values, range_drift, scaled_twice};
    use crate::spec::Framework;

    fn x(min: f64, max: f64) -> World {
        World::new(Framework::Torch).input("x", "float32", "batch, 3, 8, 8").limits(min, max)
    }

    fn pixels(_: usize, i: usize) -> f64 {
        (i * 37 % 256) as f64
    }

    #[test]
    fn pixels_that_were_never_divided_are_found_and_nothing_else_is() {
        let world = x(0.0, 1.0).made(3, &[("x: float32[4, 3, 8, 8]", pixels)]);
        let found = world.judge(&RULE);
        assert_eq!(found[0].message, "input `x` holds 0 to 255 where 0 to 1 is declared");
        assert_eq!(found[0].found, "numbers from 0 up to 255, 2,286 of 2,304 values above the limit");
        assert_eq!((found.len(), found[0].count, found[0].of), (1, 3, 3));
        assert!(found[0].fix.as_ref().unwrap().python.ends_with("x.astype(np.float32) / 255.0"));
        for other in [&out_of_range_values::RULE, &scaled_twice::RULE, &range_drift::RULE] {
            assert!(world.judge(other).is_empty(), "{}", other.id);
        }
    }

    #[test]
    fn one_batch_among_scaled_ones_is_one_finding() {
        let scaled = |_, i| pixels(0, i) / 255.0;
        let world =
            x(0.0, 1.0).made(7, &[("x: float32[4, 3, 8, 8]", scaled)]).made(1, &[("x: float32[4, 3, 8, 8]", pixels)]);
        assert_eq!(world.judge(&RULE)[0].count, 1);
        assert!(world.judge(&range_drift::RULE).is_empty());
        assert!(world.judge(&out_of_range_values::RULE).is_empty());
    }

    #[test]
    fn the_repair_fits_the_range() {
        let python = |world: World| world.judge(&RULE)[0].fix.clone().unwrap().python;
        let signed = python(x(-1.0, 1.0).made(1, &[("x: uint8[4, 3, 8, 8]", pixels)]));
        assert_eq!(signed, "x = x.astype(np.float32) / 127.5 - 1.0");
        let deep = python(x(0.0, 1.0).made(1, &[("x: uint16[4, 3, 8, 8]", |_, i| (i * 997 % 65536) as f64)]));
        assert_eq!(deep, "x = x.astype(np.float32) / 65535.0");
        let standard = python(x(-3.0, 3.0).made(1, &[("x: float32[4, 3, 8, 8]", pixels)]));
        assert!(standard.starts_with("x = (x.astype(np.float32) / 255.0 - mean) / std"), "{standard}");
    }

    #[test]
    fn flat_images_need_their_brightest_pixel_and_integers_are_no_images() {
        let flat = |world: World| world.input("x", "float32", "batch, 64").limits(0.0, 1.0);
        let pixels_too = flat(World::new(Framework::Torch)).made(1, &[("x: float32[8, 64]", pixels)]);
        assert_eq!(pixels_too.judge(&RULE).len(), 1);
        let ages = flat(World::new(Framework::Torch)).made(1, &[("x: float32[8, 64]", |_, i| (i % 90) as f64)]);
        assert!(ages.judge(&RULE).is_empty());
        assert_eq!(ages.judge(&out_of_range_values::RULE).len(), 1);
        let ids = World::new(Framework::Torch).input("x", "int64", "batch, 64").limits(0.0, 9.0);
        let ids = ids.made(1, &[("x: int64[8, 64]", pixels)]);
        assert_eq!((ids.judge(&RULE).len(), ids.looked(&RULE)), (0, vec![Looked::No]));
    }

    #[test]
    fn clean_data_is_clean() {
        clean::finds_nothing(&RULE);
    }
}
