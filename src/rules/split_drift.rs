//! Two sets that differ as sets: on another scale, or with classes that the first never shows.

use std::collections::BTreeMap;

use super::context::called;
use super::context::{place, value_place};
use super::sample::values;
use super::{Findings, Group, Judge, Looked, Needs, Rule, SetsCx};
use crate::diagnostic::{Anchor, Finding, Level, Place, Unit};
use crate::facts::sets::Part;
use crate::source::text::shown;
use crate::spec::{Declaration, Encoding};
use crate::values::Wants;
use crate::values::number::{Number, float_text};

pub(super) static RULE: Rule = Rule {
    id: "split-drift",
    group: Group::Values,
    level: Level::Warning,
    finds: "a set on another scale than the one it is held against, or with classes that it never shows",
    needs: Needs::HEADERS.values(Wants::HASHES.or_numbers()),
    page: include_str!("../../docs/rules/split-drift.md"),
    judge: Judge::Sets(judge),
};

/// How many times larger a set is for it to be on another scale: 0..255 is 127 times -1..1, and no two samples of one
/// source differ like that.
const SCALE: f64 = 16.0;
/// Values that a set has at least for its scale to be known.
const ENOUGH: u64 = 256;
/// Distinct values that are labels, rather than measurements in whole numbers.
const LABELS: usize = 256;
/// Classes that are named.
const NAMED: usize = 8;

fn judge(cx: &SetsCx<'_>, out: &mut Findings) -> Looked {
    let mut looked = Looked::No;
    let mut note = |one: Looked| match (&looked, one) {
        (Looked::Yes, _) | (_, Looked::No) => {}
        (_, one) => looked = one,
    };
    for (ours, theirs) in together(&cx.first.inputs, &cx.second.inputs) {
        note(scale(cx, ours, theirs, out));
    }
    // Of two sets that nobody learns from, either may have classes of its own.
    if cx.first.learns {
        for (ours, theirs) in together(&cx.first.targets, &cx.second.targets) {
            note(classes(cx, ours, theirs, out));
        }
    }
    looked
}

/// The parts that both sets have: those of one name, or those of one place where names tell the sets apart.
fn together<'p, 'f>(
    first: &'p [Part<'f>],
    second: &'p [Part<'f>],
) -> impl Iterator<Item = (&'p Part<'f>, &'p Part<'f>)> {
    let named = first.iter().any(|ours| second.iter().any(|theirs| theirs.name == ours.name));
    first.iter().enumerate().filter_map(move |(i, ours)| {
        let same = |theirs: &&Part<'f>| theirs.name == ours.name;
        Some((ours, if named { second.iter().find(same)? } else { second.get(i)? }))
    })
}

/// Every label with its count and first place.
type Labels = BTreeMap<Number, (u64, Place)>;

/// What all arrays of a part hold together.
#[derive(Debug, Clone, Copy)]
struct Scale {
    finite: u64,
    min: f64,
    max: f64,
    /// The root of the mean of the squares: how large a value is.
    size: f64,
}

fn scale_of(part: &Part<'_>) -> Result<Option<Scale>, Looked> {
    let mut all = Scale { finite: 0, min: f64::INFINITY, max: f64::NEG_INFINITY, size: 0.0 };
    let mut squares = 0.0;
    for cell in &part.cells {
        let Some(numbers) = &values(cell, &part.name)?.numbers else { return Ok(None) };
        let (Some(min), Some(max), Some(mean), Some(variance)) =
            (numbers.min, numbers.max, numbers.mean, numbers.variance)
        else {
            continue;
        };
        all.finite += numbers.finite;
        (all.min, all.max) = (all.min.min(min.value.to_f64()), all.max.max(max.value.to_f64()));
        squares += (variance + mean * mean) * numbers.finite as f64;
    }
    all.size = (squares / all.finite.max(1) as f64).sqrt();
    Ok(Some(all).filter(|all| all.finite >= ENOUGH && all.size > 0.0))
}

fn scale(cx: &SetsCx<'_>, ours: &Part<'_>, theirs: &Part<'_>, out: &mut Findings) -> Looked {
    let (one, other) = match scale_of(ours).and_then(|one| Ok((one, scale_of(theirs)?))) {
        Ok((Some(one), Some(other))) => (one, other),
        Ok(_) => return Looked::No,
        Err(looked) => return looked,
    };
    let far = |scale: Scale| scale.max.abs().max(scale.min.abs());
    let apart = |a: f64, b: f64| a.max(b) / a.min(b) >= SCALE;
    // Both the extremes and the usual size: one outlier is not another scale.
    if !(apart(far(one), far(other)) && apart(one.size, other.size)) {
        return Looked::Yes;
    }
    let (first, second) = names(cx);
    let subject = declared(cx, theirs).map_or_else(String::new, |declared| declared.name.clone());
    let range = |scale: Scale| format!("{} to {}", float_text(scale.min), float_text(scale.max));
    let places: Vec<Place> = theirs.cells.iter().map(place).collect();
    let count = places.len() as u64;
    out.push(
        Finding::new(
            anchor(cx, theirs),
            subject,
            format!("{} of {second} is on another scale than that of {first}", label(cx, theirs)),
            format!("{first} and {second} are prepared alike."),
            format!("{} in {second}, {} in {first}", range(other), range(one)),
        )
        .counted(places, count, count, Unit::Array)
        .cause("one set was scaled and the other was not, or was scaled twice")
        .consequence("the model sees values that it never learnt from; the score says nothing about it")
        .help("prepare both sets with one function, and with the mean and deviation of the training set"),
    );
    Looked::Yes
}

fn classes(cx: &SetsCx<'_>, ours: &Part<'_>, theirs: &Part<'_>, out: &mut Findings) -> Looked {
    if !is_class(cx, theirs) {
        return Looked::No;
    }
    let (known, shown_there) = match labels(ours).and_then(|known| Ok((known, labels(theirs)?))) {
        Ok((Some(known), Some(there))) => (known, there),
        Ok(_) => return Looked::No,
        Err(looked) => return looked,
    };
    let ignored = declared(cx, theirs).and_then(|declared| declared.ignore.as_ref());
    let is_ignored = |label: Number| {
        ignored.is_some_and(|ignored| ignored.value.iter().any(|id| Some(i128::from(*id)) == label.to_int()))
    };
    let fresh: Vec<(&Number, &(u64, Place))> =
        shown_there.iter().filter(|(label, _)| !known.contains_key(label) && !is_ignored(**label)).collect();
    if fresh.is_empty() {
        return Looked::Yes;
    }
    let (first, second) = names(cx);
    let named: Vec<String> = fresh.iter().take(NAMED).map(|(label, _)| label.to_string()).collect();
    let more = if fresh.len() > NAMED { format!(" and {} more", fresh.len() - NAMED) } else { String::new() };
    let rows: u64 = fresh.iter().map(|(_, (count, _))| count).sum();
    let places: Vec<Place> = fresh
        .iter()
        .map(|(label, (count, place))| {
            place.clone().detail(format!("class {label}, {count} value{}", if *count == 1 { "" } else { "s" }))
        })
        .collect();
    let subject = declared(cx, theirs).map_or_else(String::new, |declared| declared.name.clone());
    out.push(
        Finding::new(
            anchor(cx, theirs),
            subject,
            format!("{} of {second} has classes that {first} never shows", label(cx, theirs)),
            format!("Every class of {second} is one that {first} shows."),
            format!("class{} {}{more}", if fresh.len() == 1 { "" } else { "es" }, named.join(", ")),
        )
        .counted(places, rows, shown_there.values().map(|(count, _)| count).sum(), Unit::Row)
        .cause("the set was sorted by class when it was split, or the two sets number their classes differently")
        .consequence("the model cannot get these right, whatever it learnt")
        .help("split with the classes spread evenly: `train_test_split(x, y, stratify=y)`"),
    );
    Looked::Yes
}

/// Whether the values of a target are ids of classes: the spec says so, or whole numbers of an integer type suggest it.
fn is_class(cx: &SetsCx<'_>, part: &Part<'_>) -> bool {
    match declared(cx, part) {
        Some(Declaration { encoding: Some(encoding), .. }) => encoding.value == Encoding::Index,
        Some(declared) => declared.classes.is_some(),
        None => part.cells.iter().all(|cell| !cell.header().dtype.is_float()),
    }
}

/// Every value with its count and first place, if all are whole and few enough to be labels.
fn labels(part: &Part<'_>) -> Result<Option<Labels>, Looked> {
    let mut all = Labels::new();
    for cell in &part.cells {
        let numbers = values(cell, &part.name)?.numbers.as_ref();
        let Some(distinct) =
            numbers.filter(|numbers| numbers.fractional == 0).and_then(|numbers| numbers.distinct.as_ref())
        else {
            return Ok(None);
        };
        for (label, count, at) in distinct {
            // One class is one class, whatever the type of its array.
            let label = label.to_int().map_or(*label, Number::Int);
            all.entry(label).or_insert_with(|| (0, value_place(cell, *at))).0 += count;
        }
        if all.len() > LABELS {
            return Ok(None);
        }
    }
    Ok(Some(all))
}

fn declared<'a>(cx: &SetsCx<'a>, part: &Part<'_>) -> Option<&'a Declaration> {
    part.declared.and_then(|index| cx.spec.arrays.get(index))
}

fn anchor(cx: &SetsCx<'_>, part: &Part<'_>) -> Anchor {
    declared(cx, part).map_or(Anchor::Data, |declared| Anchor::Spec(declared.at.clone()))
}

fn label(cx: &SetsCx<'_>, part: &Part<'_>) -> String {
    match declared(cx, part) {
        Some(declared) => declared.label(),
        None if part.name.is_empty() => "an array".into(),
        None => called(&part.name),
    }
}

/// Both sets as messages name them.
fn names(cx: &SetsCx<'_>) -> (String, String) {
    let called = |name: &str| match name {
        "" => "the checked files".into(),
        name => format!("`{}`", shown(name, 100)),
    };
    (called(&cx.first.name), called(&cx.second.name))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::Looked;
    use crate::rules::testing::World;

    fn unit(batch: usize, i: usize) -> f64 {
        let mixed = (batch * 1_000_003 + i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        (mixed % 1000) as f64 / 1000.0
    }

    const X: [&str; 2] = ["x_train: float32[64, 16]", "x_test: float32[32, 16]"];
    const Y: [&str; 2] = ["y_train: int64[64]", "y_test: int64[32]"];

    #[test]
    fn a_set_that_was_not_scaled_is_found() {
        let found = World::unspecified().made(1, &[(X[0], unit), (X[1], |_, i| unit(3, i) * 255.0)]).judge(&RULE);
        assert_eq!(found[0].message, "array `x_test` of `test` is on another scale than that of `train`");
        assert_eq!(found[0].found, "0.255 to 254.49 in `test`, 0.002 to 0.999 in `train`");
    }

    #[test]
    fn an_outlier_is_no_other_scale() {
        let spike = |_: usize, i: usize| if i == 100 { 40.0 } else { unit(3, i) };
        let world = World::unspecified().made(1, &[(X[0], unit), (X[1], spike)]);
        assert_eq!((world.judge(&RULE).len(), world.looked(&RULE)), (0, vec![Looked::Yes]));
    }

    #[test]
    fn classes_that_were_never_learnt_are_named() {
        let four = |_: usize, i: usize| (i % 4) as f64;
        let world =
            World::unspecified().made(1, &[(X[0], unit), (Y[0], |_, i| (i % 3) as f64), (X[1], unit), (Y[1], four)]);
        let found = world.judge(&RULE);
        assert_eq!(found[0].message, "array `y_test` of `test` has classes that `train` never shows");
        assert_eq!((found[0].found.as_str(), found[0].count, found[0].of), ("class 3", 8, 32));
        assert_eq!(found[0].places[0].detail.as_deref(), Some("class 3, 8 values"));
        // A small test set need not have all classes.
        let fewer =
            World::unspecified().made(1, &[(X[0], unit), (Y[0], four), (X[1], unit), (Y[1], |_, i| (i % 2) as f64)]);
        assert!(fewer.judge(&RULE).is_empty());
        let heights = |_: usize, i: usize| i as f64 / 8.0;
        let floats = [
            (X[0], unit as fn(usize, usize) -> f64),
            ("y_train: float32[64]", heights),
            (X[1], unit),
            ("y_test: float32[32]", unit),
        ];
        assert!(World::unspecified().made(1, &floats).judge(&RULE).is_empty());
    }
}
