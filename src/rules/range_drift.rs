//! Batches on another scale than the rest.

use super::context::value_place;
use super::scaled_twice::scaled_twice;
use super::unscaled_images::unscaled;
use super::{Findings, Group, Judge, Looked, Needs, Rule, ValuesCx};
use crate::diagnostic::Level;
use crate::facts::asks;
use crate::spec::Role;
use crate::values::number::float_text;

pub(super) static RULE: Rule = Rule {
    id: "range-drift",
    group: Group::Values,
    level: Level::Warning,
    finds: "batches on another scale than the rest",
    needs: Needs::NUMBERS,
    page: include_str!("../../docs/rules/range-drift.md"),
    judge: Judge::Values(judge),
};

/// How many times wider, or narrower, both the range and the deviation are at least.
const FACTOR: f64 = 16.0;
/// How far apart the deviations of the other batches may be among themselves: data that varies by itself is no yardstick.
const STEADY: f64 = 4.0;
/// A change of scale changes range and deviation alike; a single far value changes mainly the range.
const ALIKE: f64 = 2.0;
/// Deviations that a range may span: that of normal values spans 7 to 10. Where it spans more, few far values make it, and
/// it says nothing about the scale.
const SPAN: f64 = 12.0;
/// Values of a batch at least: up to three far values then span more than [`SPAN`] deviations.
const VALUES: u64 = 512;
/// Batches at least, to call one of them another scale.
const BATCHES: usize = 8;
/// The same where the batch is whole numbers up to 255, and the others lie in -1 to 1: that has only one explanation.
const BATCHES_OF_IMAGES: usize = 3;

/// One batch: its extremes, its deviation, whether all is whole.
struct Scale {
    cell: usize,
    min: f64,
    max: f64,
    deviation: f64,
    whole: bool,
}

impl Scale {
    fn range(&self) -> f64 {
        self.max - self.min
    }

    /// Whether it holds pixels that were not divided by 255.
    fn is_bytes(&self) -> bool {
        self.whole && self.min >= 0.0 && self.max <= 255.0 && self.max >= FACTOR
    }

    /// Whether it holds what a division of pixels by 255 gives, whether or not they were centred.
    fn is_unit(&self) -> bool {
        self.min >= -1.0 && self.max <= 1.0
    }
}

fn judge(cx: &ValuesCx<'_>, out: &mut Findings) -> Looked {
    if !cx.stream.related || cx.declared.is_some_and(|declared| declared.role == Role::Weight) {
        return Looked::No;
    }
    let scales: Vec<Scale> = (0..cx.cells.len()).filter_map(|i| scale(cx, i)).collect();
    if scales.len() < BATCHES_OF_IMAGES {
        return Looked::No;
    }
    let mut sorted: Vec<f64> = scales.iter().map(|scale| scale.deviation).collect();
    sorted.sort_by(f64::total_cmp);
    let usual = sorted[sorted.len() / 2];
    let (rest, far): (Vec<&Scale>, Vec<&Scale>) =
        scales.iter().partition(|scale| scale.deviation < usual * FACTOR && scale.deviation > usual / FACTOR);
    let far = far.into_iter().filter(|far| is_other(far, &rest)).collect::<Vec<_>>();
    let pixels = far.iter().all(|far| is_pixels(far, &rest));
    let few =
        if pixels { far.len() < rest.len() } else { scales.len() >= BATCHES && far.len() * BATCHES <= scales.len() };
    let told = spoken_for(cx);
    let far: Vec<&Scale> = far.into_iter().filter(|far| !told.contains(&far.cell)).collect();
    if !few || far.is_empty() {
        return Looked::Yes;
    }
    report(cx, &far, &rest, pixels, out);
    Looked::Yes
}

/// The scale of an array of floats that vary, with enough of them.
fn scale(cx: &ValuesCx<'_>, cell: usize) -> Option<Scale> {
    let (array, values) = &cx.cells[cell];
    let numbers = values.numbers.as_ref().filter(|numbers| numbers.finite >= VALUES)?;
    let deviation = numbers.variance?.sqrt();
    let (min, max) = (numbers.min?.value.to_f64(), numbers.max?.value.to_f64());
    let scale = Scale { cell, min, max, deviation, whole: numbers.fractional == 0 };
    (array.header().dtype.is_float() && deviation > 0.0 && scale.range().is_finite()).then_some(scale)
}

/// Whether range and deviation both differ from all the others by the factor, and alike.
fn is_other(far: &Scale, rest: &[&Scale]) -> bool {
    let most = |of: fn(&Scale) -> f64| rest.iter().map(|scale| of(scale)).fold(0.0, f64::max);
    let least = |of: fn(&Scale) -> f64| rest.iter().map(|scale| of(scale)).fold(f64::INFINITY, f64::min);
    let wider = |of: fn(&Scale) -> f64| of(far) >= FACTOR * most(of);
    let narrower = |of: fn(&Scale) -> f64| of(far) * FACTOR <= least(of);
    let deviation: fn(&Scale) -> f64 = |scale| scale.deviation;
    let shape: fn(&Scale) -> f64 = |scale| scale.range() / scale.deviation;
    let sound = shape(far).max(most(shape)) <= SPAN;
    let steady = most(deviation) <= STEADY * least(deviation);
    let alike = shape(far) <= ALIKE * most(shape) && shape(far) * ALIKE >= least(shape);
    let both = (wider(deviation) && wider(Scale::range)) || (narrower(deviation) && narrower(Scale::range));
    let whole = rest.iter().all(|scale| scale.whole);
    both && sound && steady && alike && (!whole || is_pixels(far, rest))
}

/// Whether one side holds pixels, and the other what a division by 255 makes of them.
fn is_pixels(far: &Scale, rest: &[&Scale]) -> bool {
    let (bytes, unit) = if far.is_bytes() {
        (true, rest.iter().all(|scale| scale.is_unit()))
    } else {
        (rest.iter().all(|scale| scale.is_bytes()), far.is_unit())
    };
    // Whole numbers on both sides are counts or classes, other than masks of 0 and 255.
    let whole = far.whole && rest.iter().all(|scale| scale.whole);
    let masks = [far.max, rest.first().map_or(0.0, |scale| scale.max)].contains(&255.0);
    bytes && unit && (!whole || masks)
}

/// Arrays about which a rule with a declared range has spoken.
fn spoken_for(cx: &ValuesCx<'_>) -> Vec<usize> {
    let mut cells = unscaled(cx).map(|(cells, _)| cells).unwrap_or_default();
    cells.extend(scaled_twice(cx).unwrap_or_default());
    if let Some(ask) = cx.declared.and_then(asks::range) {
        let broken = |i: &usize| cx.cells[*i].1.answer(&ask).is_some_and(|answer| !answer.hits.is_empty());
        cells.extend((0..cx.cells.len()).filter(broken));
    }
    cells
}

fn report(cx: &ValuesCx<'_>, far: &[&Scale], rest: &[&Scale], pixels: bool, out: &mut Findings) {
    let span = |scales: &[&Scale]| {
        let low = scales.iter().map(|scale| scale.min).fold(f64::INFINITY, f64::min);
        let high = scales.iter().map(|scale| scale.max).fold(f64::NEG_INFINITY, f64::max);
        format!("{} to {}", float_text(low), float_text(high))
    };
    let mut places = Vec::new();
    for scale in far {
        let (cell, values) = &cx.cells[scale.cell];
        let top = values.numbers.as_ref().and_then(|numbers| numbers.max).map_or(0, |spot| spot.at);
        places.push(value_place(cell, top).detail(span(&[*scale])));
    }
    let cause = if pixels && cx.stream.is_live() {
        "some batches were divided by 255 and some were not: another branch of the loader"
    } else if pixels {
        "some batches were divided by 255 and some were not: another branch of the loader, or files of two runs in one folder"
    } else {
        "some batches were standardised and some were not, or a source with another unit was mixed in"
    };
    out.push(
        cx.finding(
            cx.declared.map(|declared| &declared.at),
            format!("batches of {} are on different scales", cx.label()),
            "All batches of an array are on one scale.",
            format!("{} where the others are {}", span(far), span(rest)),
            places,
        )
        .cause(cause)
        .consequence("nothing stops: one such batch moves the weights by more than all the others together")
        .help("prepare every batch by the same function, with the same constants"),
    );
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{Make, World};
    use crate::rules::{Looked, clean};

    fn pixels(_: usize, i: usize) -> f64 {
        (i * 37 % 256) as f64
    }

    /// Sums of twelve even values, less their mean: near to normal.
    fn normal(batch: usize, i: usize) -> f64 {
        let even = |salt: usize| {
            let seed = (batch as u64 * 7919 + i as u64) * 31 + salt as u64;
            (xxhash_rust::xxh3::xxh3_64(&seed.to_le_bytes()) >> 11) as f64 / (1_u64 << 53) as f64
        };
        (0..12).map(even).sum::<f64>() - 6.0
    }

    fn mixed(usual: Make, count: usize, other: Make) -> World {
        let x = "x: float32[64, 8]";
        World::unspecified().made(count, &[(x, usual)]).made(1, &[(x, other)])
    }

    #[test]
    fn one_batch_of_pixels_among_scaled_ones() {
        let world = mixed(|b, i| pixels(b, i) / 255.0, 3, pixels);
        let found = world.judge(&RULE);
        assert_eq!(found[0].message, "batches of array `x` are on different scales");
        assert_eq!(found[0].found, "0 to 255 where the others are 0 to 1");
        assert_eq!((found[0].count, found[0].of, found[0].places[0].batch), (1, 4, Some(3)));
        let reverse = mixed(pixels, 3, |b, i| pixels(b, i) / 255.0);
        assert_eq!(reverse.judge(&RULE)[0].found, "0 to 1 where the others are 0 to 255");
    }

    #[test]
    fn one_batch_that_was_not_standardised() {
        let world = mixed(normal, 9, |b, i| 500.0 + 100.0 * normal(b, i));
        assert_eq!(world.judge(&RULE).len(), 1);
        let few = mixed(normal, 4, |b, i| 500.0 + 100.0 * normal(b, i));
        assert_eq!((few.judge(&RULE).len(), few.looked(&RULE)), (0, vec![Looked::Yes]));
    }

    #[test]
    fn far_values_growth_and_small_factors_are_no_change_of_scale() {
        let outlier = mixed(normal, 9, |b, i| if i == 7 { 1e6 } else { normal(b, i) });
        assert!(outlier.judge(&RULE).is_empty());
        let x = "x: float32[64, 8]";
        let growing = World::unspecified().made(20, &[(x, |b, i| normal(b, i) * 2_f64.powf(b as f64))]);
        assert!(growing.judge(&RULE).is_empty());
        let ten = mixed(normal, 9, |b, i| 10.0 * normal(b, i));
        assert!(ten.judge(&RULE).is_empty());
    }

    #[test]
    fn clean_data_is_clean() {
        clean::finds_nothing(&RULE);
    }
}
