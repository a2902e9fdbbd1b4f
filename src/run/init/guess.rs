//! What the values of good data let us guess: limits, encodings, classes.

use std::collections::BTreeMap;

use super::seen::{Axis, Seen};
use super::text::{Line, quoted};
use crate::facts::overview::Together;
use crate::spec::Role;
use crate::values::Number;

/// More classes are ids of something.
const MAX_CLASSES: u64 = 1000;

/// The limits that the values of an input seem to have: of images, whose ranges are few.
pub(super) fn limits(seen: &Seen) -> Option<Line> {
    let axes = seen.axes.as_deref()?;
    let is_image = |axes: &[Axis]| {
        let channels = |axis: &Axis| matches!(axis, Axis::Exactly(1 | 3 | 4));
        axes.len() == 4 && (channels(&axes[1]) || channels(&axes[3]))
    };
    if seen.role != Role::Input || !is_image(axes) || !seen.dtypes.iter().all(|dtype| dtype.contains("float")) {
        return None;
    }
    let numbers = seen.overview.numbers.as_ref()?;
    let (min, max) = (numbers.min?.to_f64(), numbers.max?.to_f64());
    let (low, high) = [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)]
        .into_iter()
        .find(|(low, high)| min >= *low && max <= *high && max > high / 2.0 && (min < 0.0) == (*low < 0.0))?;
    Some(Line::guess(
        "values",
        format!("{{ min = {low:.1}, max = {high:.1} }}"),
        format!("images from {} to {} here", number(min), number(max)),
    ))
}

/// What the numbers of a target seem to mean.
pub(super) fn encoding(seen: &Seen) -> Vec<Line> {
    let Some((numbers, axes)) = seen.overview.numbers.as_ref().zip(seen.axes.as_deref()) else {
        return vec![open("its values are not known")];
    };
    let is_float = seen.dtypes.iter().any(|dtype| dtype.contains("float"));
    let Some(counts) = whole(numbers) else {
        let is_real = is_float && numbers.nan == 0 && numbers.infinite == 0 && !sums_to_one(numbers, axes);
        return vec![if is_real {
            Line::guess("encoding", quoted("value"), "numbers with fractions")
        } else {
            open("its values say nothing that is sure")
        }];
    };
    if let Some(classes) = one_hot(numbers, &counts, axes) {
        let mut lines = vec![Line::guess("encoding", quoted("one-hot"), "0 and 1, and as many ones as rows")];
        lines.push(Line::guess("classes", classes.to_string(), "the size of the last axis"));
        return lines;
    }
    if is_float {
        let is_binary = counts.keys().all(|value| matches!(value, 0 | 1)) && counts.len() == 2;
        return vec![if is_binary { binary() } else { open("whole numbers in a floating dtype") }];
    }
    if seen.dtypes == ["bool"] {
        return vec![binary()];
    }
    index(&counts)
}

/// Class ids.
fn index(counts: &BTreeMap<i64, u64>) -> Vec<Line> {
    let ids: Vec<i64> = counts.keys().copied().filter(|value| *value >= 0).collect();
    let ignored: Vec<i64> = counts.keys().copied().filter(|value| *value < 0).collect();
    let Some(last) = ids.last().copied().and_then(|last| u64::try_from(last).ok()) else {
        return vec![open("no class id is below 0")];
    };
    if last >= MAX_CLASSES || !matches!(ignored.as_slice(), [] | [-1 | -100]) {
        return vec![open("whole numbers, and more than classes have")];
    }
    let mut lines = vec![Line::guess("encoding", quoted("index"), "whole numbers from 0")];
    if ids.len() as u64 == last + 1 && last > 0 {
        lines.push(Line::guess("classes", (last + 1).to_string(), format!("every id from 0 to {last} is there")));
    } else {
        let why = format!("{} of the ids from 0 to {last} are there", ids.len());
        lines.push(Line::open("classes", (last + 1).max(2).to_string(), why));
    }
    if let [value] = ignored.as_slice() {
        lines.push(Line::guess("ignore", format!("[{value}]"), "the only value below 0: \"no label\""));
    }
    lines
}

fn binary() -> Line {
    Line::guess("encoding", quoted("binary"), "0 and 1 alone")
}

fn open(why: &str) -> Line {
    Line::open("encoding", "\"index\"", format!("{why}; index, one-hot, probabilities, binary or value"))
}

/// The values with their counts, where all are whole and few.
fn whole(numbers: &Together) -> Option<BTreeMap<i64, u64>> {
    let all = numbers.nan == 0 && numbers.infinite == 0;
    let distinct = numbers.distinct.as_ref().filter(|distinct| all && !distinct.is_empty())?;
    let one = |(value, count): (&Number, &u64)| {
        let float = value.to_f64();
        #[allow(clippy::cast_possible_truncation, reason = "it is whole and small")]
        (float.fract() == 0.0 && float.abs() < 1e15).then_some((float as i64, *count))
    };
    distinct.iter().map(one).collect()
}

/// The classes of a target whose rows seem to have one 1 each.
fn one_hot(numbers: &Together, counts: &BTreeMap<i64, u64>, axes: &[Axis]) -> Option<u64> {
    let [.., _, Axis::Exactly(classes)] = axes else { return None };
    let ones = counts.get(&1).copied()?;
    let only = counts.keys().all(|value| matches!(value, 0 | 1));
    (*classes > 1 && only && ones.checked_mul(*classes) == Some(numbers.count())).then_some(*classes)
}

/// Whether the numbers could be probabilities, which the numbers of all rows together do not prove.
fn sums_to_one(numbers: &Together, axes: &[Axis]) -> bool {
    let Some(Axis::Exactly(classes)) = axes.last() else { return false };
    let mean = numbers.mean.map(|mean| mean * *classes as f64);
    axes.len() > 1 && *classes > 1 && mean.is_some_and(|sum| (sum - 1.0).abs() < 1e-3)
}

/// A number as people read it.
fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
