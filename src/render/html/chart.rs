//! Histograms, and how often each label occurs.

use super::super::inspect::number::{share, short, short_float};
use super::super::safe;
use crate::diagnostic::quantity::exact;
use crate::facts::overview::{Overview, Power, Together};
use crate::spec::{Declaration, Encoding, Role};
use crate::values::Number;

/// Bars of a histogram at most.
const BARS: usize = 48;
/// Labels that are counted one by one.
const LABELS: usize = 40;

/// Whole numbers that are counted like labels, whatever array they are in.
const FEW: usize = 12;

/// A histogram. Heights are logarithmic over three decades, so that one in a thousand still shows.
pub(super) struct Histogram {
    pub(super) bars: Vec<Bar>,
    pub(super) low: String,
    pub(super) high: String,
    /// The same in words.
    pub(super) label: String,
    /// What a bar stands for.
    pub(super) each: String,
}

/// A bar: its place from the left, where it begins from above, and how high it is, of 100.
pub(super) struct Bar {
    pub(super) x: usize,
    pub(super) y: f64,
    pub(super) height: f64,
    pub(super) class: &'static str,
    pub(super) title: String,
}

/// How often each label occurs.
pub(super) struct Labels {
    pub(super) rows: Vec<Label>,
    /// Labels that are not listed.
    pub(super) more: usize,
}

/// A label and its count.
pub(super) struct Label {
    pub(super) name: String,
    pub(super) count: String,
    pub(super) share: String,
    /// The length of its bar, of 100.
    pub(super) width: f64,
    /// Whether the spec has it and the data has not.
    pub(super) absent: bool,
}

/// A bin: what it holds, in words, and how many.
struct Bin {
    text: String,
    count: u64,
    zero: bool,
}

/// The histogram of these numbers: a bar for each value where these are few, else for each power of two.
pub(super) fn histogram(numbers: &Together) -> Option<Histogram> {
    let few = numbers.distinct.as_ref().filter(|distinct| distinct.len() <= BARS);
    let bins: Vec<Bin> = match few {
        Some(distinct) => distinct
            .iter()
            .map(|(value, count)| Bin { text: short(*value), count: *count, zero: value.to_f64() == 0.0 })
            .collect(),
        None => powers(numbers),
    };
    let most = bins.iter().max_by_key(|bin| bin.count).filter(|bin| bin.count > 0)?;
    let (low, high) = (numbers.min.map(short)?, numbers.max.map(short)?);
    let label = format!(
        "histogram of {} finite values from {low} to {high}; most are {}: {}",
        exact(numbers.finite),
        most.text,
        exact(most.count)
    );
    let height = |count: u64| {
        let decades = (count as f64 / most.count as f64).log10() / 3.0 + 1.0;
        if count == 0 { 0.0 } else { decades.clamp(0.02, 1.0) * 100.0 }
    };
    let bars = bins.iter().enumerate().map(|(x, bin)| Bar {
        x,
        y: 100.0 - height(bin.count),
        height: height(bin.count),
        class: if bin.zero { "zero" } else { "bar" },
        title: format!("{}: {} ({})", bin.text, exact(bin.count), share(bin.count, numbers.finite)),
    });
    let each = if few.is_some() { "a bar for each value" } else { "a bar for each power of two" };
    Some(Histogram { bars: bars.collect(), low, high, label, each: format!("{each}, heights are logarithmic") })
}

/// One bin per power of two, or several to a bin where there are too many.
fn powers(numbers: &Together) -> Vec<Bin> {
    let side = |below: bool| -> Vec<(i32, u64)> {
        let place = |(power, count): (&Power, &u64)| match power {
            Power::Below(place) if below => Some((i32::from(*place), *count)),
            Power::Above(place) if !below => Some((i32::from(*place), *count)),
            _ => None,
        };
        numbers.powers.iter().filter_map(place).collect()
    };
    let (below, above) = (side(true), side(false));
    let span = |bins: &[(i32, u64)]| match (bins.first(), bins.last()) {
        (Some((first, _)), Some((last, _))) => usize::try_from(last - first).unwrap_or(0) + 1,
        _ => 0,
    };
    // Both sides with the same number of powers to a bin, so that what looks alike is alike.
    let room = BARS - 1;
    let step = (1..=usize::from(u16::MAX))
        .find(|step| span(&below).div_ceil(*step) + span(&above).div_ceil(*step) <= room)
        .unwrap_or(1);
    let gather = |bins: &[(i32, u64)], below: bool| -> Vec<Bin> {
        let Some((first, _)) = bins.first() else { return Vec::new() };
        let mut counts = vec![0_u64; span(bins).div_ceil(step)];
        for (place, count) in bins {
            let at = usize::try_from(place - first).unwrap_or(0) / step;
            counts[at] = counts[at].saturating_add(*count);
        }
        let bin = |(at, count): (usize, u64)| {
            let from = first + i32::try_from(at * step).unwrap_or(0);
            let to = from + i32::try_from(step).unwrap_or(1);
            let edge = |power: i32| short_float(2.0_f64.powi(power));
            let text = if below {
                format!("-{} to -{}", edge(1 - from), edge(1 - to))
            } else {
                format!("{} to {}", edge(from), edge(to))
            };
            Bin { text, count, zero: false }
        };
        counts.into_iter().enumerate().map(bin).collect()
    };
    let mut bins = gather(&below, true);
    bins.extend(numbers.powers.get(&Power::Zero).map(|count| Bin { text: "0".into(), count: *count, zero: true }));
    bins.extend(gather(&above, false));
    bins
}

/// How often each label of a target occurs, each text, or each of a few whole numbers; classes that the spec has and the data has not are among them.
pub(super) fn labels(declared: Option<&Declaration>, overview: &Overview) -> Option<Labels> {
    let texts = overview.texts.as_ref().map(|texts| {
        let name = |text: &String| if text.is_empty() { "(empty)".into() } else { safe(text) };
        texts.iter().map(|(text, count)| (name(text), *count)).collect::<Vec<_>>()
    });
    let counts = texts.or_else(|| {
        let target = declared.filter(|declared| declared.role == Role::Target);
        let mut distinct = overview.numbers.as_ref()?.distinct.clone()?;
        if target.is_none() && (distinct.len() > FEW || !distinct.keys().all(|value| value.is_whole())) {
            return None;
        }
        let encoding = target.and_then(|target| target.encoding.as_ref());
        let is_index = encoding.is_none_or(|encoding| encoding.value == Encoding::Index);
        let classes = target.and_then(|target| target.classes.as_ref()).map_or(0, |classes| classes.value);
        if is_index && classes <= LABELS as u64 {
            for class in 0..classes {
                // A class that is stored as a float is the same class.
                if !distinct.keys().any(|value| value.to_int() == Some(class.into())) {
                    distinct.insert(Number::Int(class.into()), 0);
                }
            }
        }
        Some(distinct.into_iter().map(|(value, count)| (short(value), count)).collect())
    })?;
    let all: u64 = counts.iter().map(|(_, count)| count).sum();
    let most = counts.iter().map(|(_, count)| *count).max().filter(|most| *most > 0)?;
    let more = counts.len().saturating_sub(LABELS);
    let label = |(name, count): (String, u64)| Label {
        name,
        count: exact(count),
        share: share(count, all),
        width: count as f64 / most as f64 * 100.0,
        absent: count == 0,
    };
    Some(Labels { rows: counts.into_iter().take(LABELS).map(label).collect(), more })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn bins_say_what_they_hold() {
        let powers = BTreeMap::from([
            (Power::Below(-1), 3),
            (Power::Below(0), 1),
            (Power::Zero, 2),
            (Power::Above(-2), 5),
            (Power::Above(0), 1000),
        ]);
        let ends = (Some(Number::Float(-3.0)), Some(Number::Float(1.5)));
        let numbers = Together { powers, finite: 1011, min: ends.0, max: ends.1, ..Together::default() };
        let drawn = histogram(&numbers).unwrap();
        let titles: Vec<&str> = drawn.bars.iter().map(|bar| bar.title.split(" (").next().unwrap()).collect();
        let wanted = ["-4 to -2: 3", "-2 to -1: 1", "0: 2", "0.25 to 0.5: 5", "0.5 to 1: 0", "1 to 2: 1,000"];
        assert_eq!(titles, wanted);
        assert_eq!(drawn.label, "histogram of 1,011 finite values from -3 to 1.5; most are 1 to 2: 1,000");
        assert!(drawn.bars[5].height > 99.9 && drawn.bars[4].height == 0.0 && drawn.bars[1].height >= 2.0);
        assert!(histogram(&Together::default()).is_none());
    }
}
