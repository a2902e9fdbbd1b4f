//! Rows that hold one value only, and arrays that were not written to their end.

use super::context::{row_place, value_place};
use super::{Findings, Group, Judge, Looked, Needs, Rule, ValuesCx};
use crate::diagnostic::Level;
use crate::diagnostic::quantity::exact;
use crate::spec::Role;
use crate::values::{Numbers, ValueFacts, Wants};

pub(super) static RULE: Rule = Rule {
    id: "blank-samples",
    group: Group::Values,
    level: Level::Warning,
    finds: "rows all zero or all one value, arrays that were not written to their end",
    needs: Needs::HEADERS.values(Wants { numbers: true, ..Wants::ROWS }),
    page: include_str!("../../docs/rules/blank-samples.md"),
    judge: Judge::Values(judge),
};

/// Elements of a row at least: shorter ones hold one value by chance.
const ELEMENTS: u64 = 8;
/// Zeros at the end of an array without rows, at least.
const TAIL: u64 = 16;
/// Distinct whole values up to which an array is one of labels, masks or categories.
const LABELS: usize = 32;
/// How often such a row may be expected by chance, over all the data.
const CHANCE: f64 = 1e-6;

fn judge(cx: &ValuesCx<'_>, out: &mut Findings) -> Looked {
    if cx.declared.is_some_and(|declared| declared.role != Role::Input) || !is_measured(cx) {
        return Looked::No;
    }
    let mut looked = Looked::No;
    let mut tally = Tally::default();
    let flat = cx.cells.iter().all(|(_, values)| rows(values).is_none());
    let (usual, empty) = (usual(cx, flat), empty(cx));
    // Among many arrays one looks odd by chance.
    let arrays = cx.cells.len() as u64;
    let all: u64 = cx.cells.iter().filter_map(|(_, values)| rows(values)).map(|(count, ..)| count).sum();
    for (cell, values) in cx.cells {
        let Some(numbers) = &values.numbers else { continue };
        match rows(values) {
            Some((count, elements, blank)) if count > 0 => {
                looked = Looked::Yes;
                let tail = blank.zero_at_end * elements;
                let written = blank.zero_at_end < count;
                if tail >= ELEMENTS
                    && written
                    && blank.zero_at_end > 1
                    && improbable(usual, tail, arrays)
                    && improbable(empty, blank.zero_at_end, arrays)
                {
                    tally.tails += 1;
                    tally.rows += blank.zero_at_end;
                    tally.of += count;
                    let place = row_place(cell, count - blank.zero_at_end);
                    tally.places.push(place.detail(format!(
                        "{} of {} rows at the end",
                        exact(blank.zero_at_end),
                        exact(count)
                    )));
                } else if blank.zero + blank.constant > 0 && elements >= ELEMENTS && improbable(usual, elements, all) {
                    tally.zero += blank.zero;
                    tally.constant += blank.constant;
                    tally.of += count;
                    let first = blank.first.first().copied().unwrap_or(0);
                    let all =
                        if blank.zero == count { "all rows".to_owned() } else { counted(blank.zero + blank.constant) };
                    tally.places.push(row_place(cell, first).detail(all));
                } else {
                    tally.of += count;
                }
            }
            _ => {
                // One number per sample: only real measurements with a long end of zeros.
                looked = Looked::Yes;
                let tail = numbers.zeros_at_end;
                if numbers.fractional > 0 && tail >= TAIL && tail < numbers.count() && improbable(usual, tail, arrays) {
                    tally.tails += 1;
                    tally.rows += tail;
                    tally.of += numbers.count();
                    let place = value_place(cell, numbers.count() - tail);
                    tally.places.push(place.detail(format!(
                        "{} of {} rows at the end",
                        exact(tail),
                        exact(numbers.count())
                    )));
                } else {
                    tally.of += numbers.count();
                }
            }
        }
    }
    if !tally.places.is_empty() {
        report(cx, tally, out);
    }
    looked
}

/// Values that are taken to be the most common one, beside those that were seen, where each is a sample of its own: of a few
/// nobody knows how common one of them is.
const UNSEEN: u64 = 8;

/// The rows that are at fault.
#[derive(Default)]
struct Tally {
    zero: u64,
    constant: u64,
    tails: u64,
    rows: u64,
    of: u64,
    places: Vec<crate::diagnostic::Place>,
}

fn counted(rows: u64) -> String {
    format!("{} {}", exact(rows), if rows == 1 { "row" } else { "rows" })
}

/// Rows, elements of each, and which of them are blank; `None` for arrays of one number per sample.
fn rows(values: &ValueFacts) -> Option<(u64, u64, &crate::values::Blank)> {
    let rows = values.rows.as_ref()?;
    Some((rows.count, rows.elements, rows.blank.as_ref()?))
}

/// Whether the numbers are measurements: masks, labels, ids and weights hold many rows of one value by right. An array
/// that is 0 throughout was not filled, whatever it is.
fn is_measured(cx: &ValuesCx<'_>) -> bool {
    let numbers = || cx.cells.iter().filter_map(|(_, values)| values.numbers.as_ref());
    let float = cx.cells.iter().all(|(cell, _)| cell.header().dtype.is_float());
    let narrow = cx.cells.iter().all(|(cell, _)| cell.header().dtype.is_integer() && cell.header().dtype.size <= 2);
    let image = cx.cells.iter().all(|(cell, _)| cell.header().shape.len() >= 3);
    if !(float || (narrow && image)) {
        return false;
    }
    let all: u64 = numbers().map(Numbers::count).sum();
    if float && all > 0 && numbers().map(|numbers| numbers.zeros).sum::<u64>() == all {
        return true;
    }
    let zero_or_one = numbers().all(|numbers| {
        let known = numbers.distinct.as_ref();
        known.is_some_and(|known| known.iter().all(|(value, ..)| [0.0, 1.0].contains(&value.to_f64())))
    });
    let whole = numbers().all(|numbers| numbers.fractional == 0);
    let most = numbers().map(|numbers| numbers.distinct.as_ref().map_or(usize::MAX, Vec::len)).max().unwrap_or(0);
    let labels = whole && most <= LABELS && (4 * most as u64 <= all || narrow);
    !zero_or_one && !labels
}

/// The share of the most common value, blank rows and unwritten ends left out as far as they are known.
fn usual(cx: &ValuesCx<'_>, flat: bool) -> f64 {
    let (mut zeros, mut common, mut all) = (0, 0, 0);
    for (_, values) in cx.cells {
        let Some(numbers) = &values.numbers else { continue };
        let blank = rows(values).map_or(numbers.zeros_at_end, |(_, elements, blank)| blank.zero * elements);
        zeros += numbers.zeros.saturating_sub(blank);
        all += numbers.finite.saturating_sub(blank);
        let constant = rows(values).map_or(0, |(_, elements, blank)| blank.constant * elements);
        let others = numbers.distinct.iter().flatten().filter(|(value, ..)| value.to_f64() != 0.0);
        common += others.map(|(_, count, _)| *count).max().unwrap_or(0).saturating_sub(constant);
    }
    let unseen = if flat { UNSEEN } else { 0 };
    if all == 0 { 0.0 } else { (zeros.max(common) + unseen) as f64 / (all + unseen) as f64 }
}

/// The share of rows that are all zero, those at the end left out.
fn empty(cx: &ValuesCx<'_>) -> f64 {
    let (mut zero, mut all) = (0, 0);
    for (count, _, blank) in cx.cells.iter().filter_map(|(_, values)| rows(values)) {
        zero += blank.zero - blank.zero_at_end;
        all += count - blank.zero_at_end;
    }
    if all == 0 { 0.0 } else { zero as f64 / all as f64 }
}

/// Whether so many equal values in one of so many rows are no chance.
fn improbable(usual: f64, elements: u64, rows: u64) -> bool {
    usual.powf(elements as f64) * rows as f64 <= CHANCE
}

fn report(cx: &ValuesCx<'_>, tally: Tally, out: &mut Findings) {
    let label = cx.label();
    let (message, found, cause, help) = if tally.tails > 0 && tally.zero + tally.constant == 0 {
        (
            format!("{label} is zero from some row to its end"),
            format!("{} of {} rows, all at the end", exact(tally.rows), exact(tally.of)),
            "a buffer or a memory-mapped file was made with its full size and not filled to the end: the writer stopped, or \
             there were fewer samples than expected",
            "write the missing rows, or cut the array: `x = x[:written]`",
        )
    } else {
        let zero = (tally.zero + tally.rows > 0).then(|| format!("{} all zero", exact(tally.zero + tally.rows)));
        let constant = (tally.constant > 0).then(|| format!("{} all one other value", exact(tally.constant)));
        let kinds: Vec<String> = [zero, constant].into_iter().flatten().collect();
        let what = match (tally.zero + tally.rows > 0, tally.constant > 0) {
            (true, true) => "rows that hold one value only",
            (true, false) => "rows that are all zero",
            _ => "rows that hold one value other than zero",
        };
        (
            format!("{label} holds {what}"),
            format!("{}, of {} rows", kinds.join(", "), exact(tally.of)),
            "a read that failed and left the buffer as it was, a blank image, or a sensor that was off",
            "drop these samples with their targets, or read them again",
        )
    };
    out.push(
        cx.finding(cx.declared.map(|declared| &declared.at), message, "Every sample holds data.", found, tally.places)
            .cause(cause)
            .consequence("nothing stops: the model learns to answer to blank samples with whatever their targets say")
            .help(help),
    );
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::World;
    use crate::rules::{Looked, clean, constant_feature, range_drift};
    use crate::spec::Framework;

    fn x() -> World {
        World::new(Framework::Torch).input("x", "float32", "batch, 10")
    }

    fn real(batch: usize, i: usize) -> f64 {
        1.0 + ((batch * 1000 + i) as f64).sqrt()
    }

    #[test]
    fn blank_rows_are_counted_and_the_first_is_placed() {
        let world = x().made(
            2,
            &[("x: float32[20, 10]", |b, i| match (b, i / 10) {
                (1, 3 | 7) => 0.0,
                (1, 9) => 4.0,
                _ => real(b, i),
            })],
        );
        let found = world.judge(&RULE);
        assert_eq!(found[0].message, "input `x` holds rows that hold one value only");
        assert_eq!(found[0].found, "2 all zero, 1 all one other value, of 40 rows");
        assert_eq!((found[0].count, found[0].places[0].sample), (1, Some(3)));
    }

    #[test]
    fn an_unwritten_end_is_named_as_such() {
        let world = x().made(1, &[("x: float32[20, 10]", |b, i| if i >= 150 { 0.0 } else { real(b, i) })]);
        let found = world.judge(&RULE);
        assert_eq!(found[0].message, "input `x` is zero from some row to its end");
        assert_eq!(found[0].found, "5 of 20 rows, all at the end");
        assert_eq!(found[0].places[0].sample, Some(15));
        let flat = World::unspecified().made(1, &[("x: float32[50]", |b, i| if i >= 30 { 0.0 } else { real(b, i) })]);
        assert_eq!(flat.judge(&RULE)[0].found, "20 of 50 rows, all at the end");
        let small = World::unspecified().values(&[(
            "x: float32[4, 4]",
            &[1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        )]);
        assert_eq!(small.judge(&RULE)[0].found, "3 of 4 rows, all at the end");
    }

    #[test]
    fn a_batch_of_zeros_is_one_finding() {
        let world = x().made(9, &[("x: float32[40, 10]", |b, i| if b == 4 { 0.0 } else { real(b, i) })]);
        assert_eq!(world.judge(&RULE)[0].found, "40 all zero, of 360 rows");
        assert!(world.judge(&constant_feature::RULE).is_empty() && world.judge(&range_drift::RULE).is_empty());
    }

    #[test]
    fn masks_ids_weights_and_sparse_rows_are_fine() {
        let none = |world: World| assert!(world.judge(&RULE).is_empty());
        none(World::unspecified().values(&[("mask: float32[3, 10]", &[1.0; 10])]));
        none(World::unspecified().values(&[("mask: bool[3, 10]", &[0.0])]));
        none(World::unspecified().made(1, &[("ids: int64[20, 10]", |_, i| if i / 10 == 3 { 0.0 } else { i as f64 })]));
        none(World::unspecified().made(1, &[("y: uint8[20, 8, 8]", |_, i| (i / 64 % 4) as f64)]));
        none(
            World::unspecified()
                .made(1, &[("x: float32[90, 9]", |b, i| if i * 7 % 11 < 9 { 0.0 } else { real(b, i) })]),
        );
        let weights =
            World::new(Framework::Torch).weight("w", "float32", "batch").values(&[("w: float32[50]", &[0.0])]);
        assert_eq!(weights.looked(&RULE), [Looked::No]);
    }

    #[test]
    fn clean_data_is_clean() {
        clean::finds_nothing(&RULE);
    }
}
