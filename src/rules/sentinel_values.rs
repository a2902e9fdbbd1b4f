//! Rare values far from all others that stand for "missing": -999, 1e20.

use super::context::value_place;
use super::ids::is_ids;
use super::{Findings, Group, Judge, Looked, Needs, Rule, ValuesCx};
use crate::diagnostic::quantity::exact;
use crate::diagnostic::{Fix, Level, Place, python};
use crate::facts::Cell;
use crate::spec::{Role, Values};
use crate::values::number::float_text;
use crate::values::{Numbers, Spot, ValueFacts};

pub(super) static RULE: Rule = Rule {
    id: "sentinel-values",
    group: Group::Values,
    level: Level::Note,
    finds: "a rare sign, or a far value such as -999 that stands for \"missing\"",
    needs: Needs::NUMBERS,
    page: include_str!("../../docs/rules/sentinel-values.md"),
    judge: Judge::Values(judge),
};

/// How many times as far from the other values as these are from each other.
const FAR: f64 = 2.0;
/// Values that were looked at, at least.
const VALUES: u64 = 64;
/// One value below 0 among so many others, at most, is a rare sign.
const RARE: u64 = 1000;
/// Whole numbers up to here are rare among fractions in every float type.
const WHOLE: f64 = 1024.0;

fn judge(cx: &ValuesCx<'_>, out: &mut Findings) -> Looked {
    let limits = cx.declared.and_then(|declared| declared.values.as_ref()).map(|values| &values.value);
    let declared = cx.declared.is_some_and(|declared| declared.role != Role::Input || is_ids(declared));
    if declared || limits.is_some_and(|limits| limits.within.is_some()) {
        return Looked::No;
    }
    let numeric =
        |(cell, _): &&(Cell<'_>, &ValueFacts)| cell.header().dtype.is_float() || cell.header().dtype.is_integer();
    let read = || cx.cells.iter().filter(numeric).filter_map(|(cell, values)| Some((cell, values.numbers.as_ref()?)));
    let of: u64 = read().map(|(_, numbers)| numbers.finite).sum();
    if of < VALUES {
        return Looked::No;
    }
    // The values that are no sentinels.
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut sentinels: Vec<(f64, u64)> = Vec::new();
    for (_, numbers) in read() {
        let ends = match (numbers.without_sentinels.as_deref(), numbers.min, numbers.max) {
            (Some(ends), ..) => Some(*ends),
            (None, Some(min), Some(max)) if numbers.sentinels.is_empty() => Some((min.value, max.value)),
            _ => None,
        };
        if let Some((least, greatest)) = ends {
            (low, high) = (low.min(least.to_f64()), high.max(greatest.to_f64()));
        }
        for sentinel in &numbers.sentinels {
            match sentinels.iter_mut().find(|(value, _)| *value == sentinel.value) {
                Some((_, count)) => *count += sentinel.count,
                None => sentinels.push((sentinel.value, sentinel.count)),
            }
        }
    }
    let span = high - low;
    sentinels.retain(|(value, count)| {
        let distance = (low - value).max(value - high);
        span > 0.0 && distance > FAR * span && *count < of / 2 && !is_spoken_for(limits, *value)
    });
    if !sentinels.is_empty() {
        sentinels.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut places = Vec::new();
        for (cell, numbers) in read() {
            let far = |value: f64| sentinels.iter().any(|(far, _)| *far == value);
            if let Some(first) =
                numbers.sentinels.iter().filter(|known| far(known.value)).min_by_key(|known| known.first)
            {
                places.push(value_place(cell, first.first).detail(float_text(first.value)));
            }
        }
        let told: Vec<String> =
            sentinels.iter().map(|(value, count)| format!("{} {} times", float_text(*value), exact(*count))).collect();
        let found = format!("{}, where the others are {} to {}", told.join(", "), float_text(low), float_text(high));
        report(cx, &sentinels, found, places, out);
    } else if let Some((value, count, places)) = rare_sign(cx, of).filter(|(value, ..)| !is_spoken_for(limits, *value))
    {
        let found = format!("{} of {} values are below 0, down to {}", exact(count), exact(of), float_text(value));
        report(cx, &[(value, count)], found, places, out);
    }
    Looked::Yes
}

/// Whether the spec says something about values on that side: then it allows this one, or another rule says that not.
fn is_spoken_for(limits: Option<&Values>, value: f64) -> bool {
    limits.is_some_and(|limits| if value < 0.0 { limits.min.is_some() } else { limits.max.is_some() })
}

/// The least value, where the data are fractions, hardly any value is below 0, and the least of these is whole: a
/// measurement is not.
fn rare_sign(cx: &ValuesCx<'_>, of: u64) -> Option<(f64, u64, Vec<Place>)> {
    let (mut negatives, mut fractional) = (0, 0);
    let mut least = f64::INFINITY;
    let floats = || {
        let floats = cx.cells.iter().filter(|(cell, _)| cell.header().dtype.is_float());
        floats.filter_map(|(cell, values)| Some((cell, values.numbers.as_ref()?)))
    };
    let below = |numbers: &Numbers| numbers.min.filter(|min| min.value.to_f64() < 0.0);
    for (_, numbers) in floats() {
        negatives += numbers.negatives;
        fractional += numbers.fractional;
        if let Some(min) = below(numbers) {
            least = least.min(min.value.to_f64());
        }
    }
    let rare = negatives > 0 && negatives.saturating_mul(RARE) < of && fractional.saturating_mul(2) > of;
    let places = || {
        let place = |(cell, min): (&Cell<'_>, Spot)| value_place(cell, min.at).detail(min.value.to_string());
        floats().filter_map(|(cell, numbers)| Some((cell, below(numbers)?))).map(place).collect()
    };
    (rare && least.fract() == 0.0 && least >= -WHOLE).then(|| (least, negatives, places()))
}

fn report(cx: &ValuesCx<'_>, sentinels: &[(f64, u64)], found: String, places: Vec<Place>, out: &mut Findings) {
    let x = python::variable(cx.name);
    let values: Vec<String> = sentinels.iter().map(|(value, _)| float_text(*value)).collect();
    out.push(
        cx.finding(
            cx.declared.map(|declared| &declared.at),
            format!("{} holds {}, which may stand for \"missing\"", cx.label(), values.join(" and ")),
            "Values are measurements; gaps are filled in or marked apart.",
            found,
            places,
        )
        .cause("the source writes a number where it has no value, and nothing replaced it")
        .consequence("mean and deviation follow these few values, so that standardising squeezes all the others into one point")
        .help("replace it before anything is computed from the data; or declare `values = { min = ..., max = ... }` that includes it")
        .fix(Fix::choice(format!("{x} = np.where(np.isin({x}, [{}]), np.nan, {x})  # then fill in the gaps", values.join(", ")))),
    );
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::World;
    use crate::rules::{Looked, clean, out_of_range_values, range_drift};
    use crate::spec::Framework;

    fn x() -> World {
        World::new(Framework::Torch).input("x", "float32", "batch, 4")
    }

    fn gaps(batch: usize, i: usize) -> f64 {
        if i % 97 == 5 { -999.0 } else { ((batch * 1000 + i) as f64).sqrt() }
    }

    #[test]
    fn a_far_value_is_counted_and_placed() {
        let world = x().made(2, &[("x: float32[50, 4]", gaps)]);
        let found = world.judge(&RULE);
        assert_eq!(found[0].message, "input `x` holds -999, which may stand for \"missing\"");
        assert_eq!(found[0].found, "-999 6 times, where the others are 0 to 34.61214");
        assert_eq!(found[0].places[0].index.as_deref(), Some(&[1, 1][..]));
        assert!(world.judge(&range_drift::RULE).is_empty());
    }

    #[test]
    fn a_declared_range_speaks_first() {
        let outside = x().limits(0.0, 100.0).made(2, &[("x: float32[50, 4]", gaps)]);
        assert!(outside.judge(&RULE).is_empty());
        assert_eq!(outside.judge(&out_of_range_values::RULE).len(), 1);
        let inside = x().limits(-999.0, None).made(2, &[("x: float32[50, 4]", gaps)]);
        assert!(inside.judge(&RULE).is_empty() && inside.judge(&out_of_range_values::RULE).is_empty());
    }

    #[test]
    fn a_rare_whole_number_below_zero_among_fractions() {
        let world =
            x().made(2, &[("x: float32[800, 4]", |b, i| if i == 9 { -1.0 } else { 0.5 + gaps(b, i).abs() * 0.37 })]);
        assert_eq!(world.judge(&RULE)[0].found, "2 of 6,400 values are below 0, down to -1");
        let tail =
            x().made(2, &[("x: float32[800, 4]", |b, i| if i == 9 { -0.37 } else { 0.5 + gaps(b, i).abs() * 0.37 })]);
        assert!(tail.judge(&RULE).is_empty());
    }

    #[test]
    fn near_values_and_ids_are_fine() {
        let near = x().made(2, &[("x: float32[50, 4]", |_, i| (i % 19) as f64 - 9.0)]);
        assert_eq!((near.judge(&RULE).len(), near.looked(&RULE)), (0, vec![Looked::Yes]));
        let ids = World::new(Framework::Torch).input("x", "int64", "batch, 4").made(2, &[("x: int64[50, 4]", gaps)]);
        assert_eq!(ids.looked(&RULE), [Looked::No]);
    }

    #[test]
    fn clean_data_is_clean() {
        clean::finds_nothing(&RULE);
    }
}
