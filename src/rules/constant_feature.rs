//! Columns of a table, or channels of images, that hold one value in all batches.

use std::collections::BTreeMap;

use super::context::value_place;
use super::{Findings, Group, Judge, Looked, Needs, Rule, ValuesCx};
use crate::diagnostic::quantity::exact;
use crate::diagnostic::{Fix, Level, python};
use crate::spec::Role;
use crate::values::{Columns, Number, Per, Rows, ValueFacts, Wants};

pub(super) static RULE: Rule = Rule {
    id: "constant-feature",
    group: Group::Values,
    level: Level::Warning,
    finds: "a column or channel with one value over all batches",
    needs: Needs::HEADERS.values(Wants { numbers: true, ..Wants::ROWS }),
    page: include_str!("../../docs/rules/constant-feature.md"),
    judge: Judge::Values(judge),
};

/// Rows at least: a measurement does not repeat so often by chance.
const ROWS: u64 = 32;
/// Rows at least where the value is 0 or 1: a rare category is absent from a few hundred rows by chance.
const ROWS_OF_CATEGORIES: u64 = 1000;
/// Share of zeros in the other columns from which a column of zeros is nothing strange.
const SPARSE: f64 = 0.2;
/// Channels of an image at most.
const CHANNELS: u64 = 64;
/// Columns that are named.
const NAMED: usize = 6;

fn judge(cx: &ValuesCx<'_>, out: &mut Findings) -> Looked {
    if cx.declared.is_some_and(|declared| declared.role != Role::Input) {
        return Looked::No;
    }
    let Some(features) = Features::of(cx) else { return Looked::No };
    let mut constant: Option<BTreeMap<u64, Number>> = None;
    let mut rows = 0;
    for (_, values) in cx.cells {
        let Some((all, columns)) = rows_of(values) else {
            let why = "its rows are longer than the columns that are followed".to_owned();
            return if cx.declared.is_some() { Looked::Unable(why) } else { Looked::No };
        };
        rows += all.count;
        let here = features.constant(columns);
        constant = Some(match constant {
            None => here,
            Some(known) => known.into_iter().filter(|(column, value)| here.get(column) == Some(value)).collect(),
        });
    }
    if rows < ROWS {
        return Looked::No;
    }
    let mut constant = constant.unwrap_or_default();
    if constant.len() as u64 >= features.count {
        // All rows are equal: other rules say so.
        return Looked::Yes;
    }
    let sparse = sparse(cx, &constant, features.count);
    constant.retain(|_, value| {
        let value = value.to_f64();
        let category = value == 0.0 || value == 1.0;
        (value != 0.0 || !sparse) && (!category || rows >= ROWS_OF_CATEGORIES || features.channels)
    });
    if !constant.is_empty() {
        report(cx, &features, &constant, rows, out);
    }
    Looked::Yes
}

/// What the features of an array are.
struct Features {
    count: u64,
    /// Channels of images, not columns of a table.
    channels: bool,
    /// Elements of a row, and places that follow each other in one feature.
    elements: u64,
    inner: u64,
}

impl Features {
    /// The features of arrays that all have rows of one shape; `None` where positions of a row mean nothing by themselves.
    fn of(cx: &ValuesCx<'_>) -> Option<Self> {
        let row = cx.cells.first()?.0.header().shape.get(1..)?;
        let numeric = cx.cells.iter().all(|(cell, _)| {
            let header = cell.header();
            header.shape.get(1..) == Some(row) && (header.dtype.is_float() || header.dtype.is_integer())
        });
        let elements = row.iter().try_fold(1_u64, |all, size| all.checked_mul(*size)).filter(|all| *all > 0)?;
        let (mut fractional, mut greatest) = (0, 0.0_f64);
        for numbers in cx.cells.iter().filter_map(|(_, values)| values.numbers.as_ref()) {
            fractional += numbers.fractional;
            greatest = greatest.max(numbers.max.map_or(0.0, |spot| spot.value.to_f64()));
        }
        let features = match row {
            // Whole numbers are counts, categories and ids, which repeat.
            [count] if fractional > 0 => Self { count: *count, channels: false, elements, inner: 1 },
            // One-hot masks lack classes; images do not lack channels.
            [.., last]
                if row.len() >= 3
                    && (fractional > 0 || greatest > 1.0)
                    && is_channels(*last, &row[..row.len() - 1]) =>
            {
                Self { count: *last, channels: true, elements, inner: 1 }
            }
            [first, rest @ ..] if row.len() >= 3 && (fractional > 0 || greatest > 1.0) && is_channels(*first, rest) => {
                Self { count: *first, channels: true, elements, inner: elements / first }
            }
            _ => return None,
        };
        (numeric && features.count >= 2).then_some(features)
    }

    /// The features that hold one value in all rows of an array, and that value.
    fn constant(&self, columns: &Columns) -> BTreeMap<u64, Number> {
        let known = columns.constant.iter().map(|(column, value)| (u64::from(*column), *value));
        if columns.count == self.count {
            let mine = match columns.per {
                Per::Position => true,
                Per::LastAxis => self.inner == 1,
                Per::SecondAxis => self.inner > 1,
            };
            return if mine { known.collect() } else { BTreeMap::new() };
        }
        if columns.per != Per::Position {
            return BTreeMap::new();
        }
        // Single positions: a channel is constant if all of its positions are, with one value.
        let mut found: BTreeMap<u64, (Number, u64)> = BTreeMap::new();
        for (position, value) in known {
            let (known, count) = found.entry(position / self.inner % self.count).or_insert((value, 0));
            *count += u64::from(*known == value);
        }
        let each = self.elements / self.count;
        found.into_iter().filter(|(_, (_, count))| *count == each).map(|(column, (value, _))| (column, value)).collect()
    }
}

/// Whether an axis is that of channels: shorter than the others by much.
fn is_channels(size: u64, others: &[u64]) -> bool {
    (2..=CHANNELS).contains(&size) && others.iter().all(|other| *other >= 2 * size)
}

fn rows_of(values: &ValueFacts) -> Option<(&Rows, &Columns)> {
    let rows = values.rows.as_ref()?;
    Some((rows, rows.columns.as_ref()?))
}

/// Whether the other columns hold many zeros, so that a column of nothing else is one that happens to have no entry.
fn sparse(cx: &ValuesCx<'_>, constant: &BTreeMap<u64, Number>, count: u64) -> bool {
    let (mut zeros, mut all) = (0, 0);
    for numbers in cx.cells.iter().filter_map(|(_, values)| values.numbers.as_ref()) {
        zeros += numbers.zeros;
        all += numbers.count();
    }
    let of_zeros = constant.values().filter(|value| value.to_f64() == 0.0).count() as u64;
    let each = all / count;
    let (zeros, all) = (zeros.saturating_sub(each * of_zeros), all.saturating_sub(each * of_zeros));
    zeros as f64 > SPARSE * all as f64
}

fn report(cx: &ValuesCx<'_>, features: &Features, constant: &BTreeMap<u64, Number>, rows: u64, out: &mut Findings) {
    let what = if features.channels { "channel" } else { "column" };
    let named: Vec<String> =
        constant.iter().take(NAMED).map(|(column, value)| format!("{what} {column} is {value}")).collect();
    let more = constant.len() - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let found = format!("{}{more} in all {} rows", named.join(", "), exact(rows));
    let first = constant.keys().next().copied().unwrap_or(0);
    let places = cx.cells.iter().map(|(cell, _)| value_place(cell, first * features.inner)).collect();
    let x = python::variable(cx.name);
    let columns: Vec<String> = constant.keys().take(NAMED).map(ToString::to_string).collect();
    let axis = if features.inner > 1 { "1" } else { "-1" };
    let mut finding = cx
        .finding(
            cx.declared.map(|declared| &declared.at),
            format!("{}s of {} never vary", what, cx.label()),
            format!("Every {what} varies over the data."),
            found,
            places,
        )
        .cause(if features.channels {
            "an alpha channel, a band that was not read, or a channel that was overwritten"
        } else {
            "a column that was filled with a default, a join that found nothing, or a constant that was stored with the data"
        })
        .consequence("such a feature teaches nothing; divided by its deviation, which is 0, it becomes NaN")
        .help(format!("find out why the {what} is empty, or leave it out"));
    if constant.len() <= NAMED {
        finding = finding.fix(Fix::choice(format!("{x} = np.delete({x}, [{}], axis={axis})", columns.join(", "))));
    }
    out.push(finding);
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::World;
    use crate::rules::{Looked, blank_samples, clean, range_drift};
    use crate::spec::Framework;

    fn x() -> World {
        World::new(Framework::Torch).input("x", "float32", "batch, 4")
    }

    fn real(batch: usize, i: usize) -> f64 {
        ((batch * 1000 + i) as f64).sqrt()
    }

    #[test]
    fn a_column_that_never_varies_is_named_with_its_value() {
        let world = x().made(2, &[("x: float32[20, 4]", |b, i| if i % 4 == 2 { 7.5 } else { real(b, i) })]);
        let found = world.judge(&RULE);
        assert_eq!(found[0].message, "columns of input `x` never vary");
        assert_eq!(found[0].found, "column 2 is 7.5 in all 40 rows");
        assert_eq!((found.len(), found[0].count), (1, 2));
        assert!(world.judge(&range_drift::RULE).is_empty());
    }

    #[test]
    fn a_column_that_varies_between_batches_is_fine() {
        let world = x().made(2, &[("x: float32[20, 4]", |b, i| if i % 4 == 2 { b as f64 + 0.5 } else { real(b, i) })]);
        assert!(world.judge(&RULE).is_empty());
    }

    #[test]
    fn channels_count_as_a_whole_and_border_pixels_do_not_count() {
        let image = |make| World::unspecified().made(2, &[("x: uint8[20, 3, 8, 8]", make)]);
        let red = image(|_, i| if i / 64 % 3 == 0 { 9.0 } else { (i * 37 % 256) as f64 });
        assert_eq!(red.judge(&RULE)[0].found, "channel 0 is 9 in all 40 rows");
        let border = image(|_, i| if i % 8 == 0 { 0.0 } else { (i * 37 % 256) as f64 });
        assert_eq!((border.judge(&RULE).len(), border.looked(&RULE)), (0, vec![Looked::Yes]));
        let last = World::unspecified()
            .made(2, &[("x: uint8[20, 8, 8, 4]", |_, i| if i % 4 == 3 { 255.0 } else { (i * 37 % 256) as f64 })]);
        assert_eq!(last.judge(&RULE)[0].found, "channel 3 is 255 in all 40 rows");
    }

    #[test]
    fn sparse_rare_and_few_are_fine() {
        let sparse =
            x().made(2, &[("x: float32[600, 4]", |b, i| if i % 4 == 2 || i % 3 == 0 { 0.0 } else { real(b, i) })]);
        assert!(sparse.judge(&RULE).is_empty());
        let rare = x().made(2, &[("x: float32[100, 4]", |b, i| if i % 4 == 2 { 1.0 } else { real(b, i) })]);
        assert!(rare.judge(&RULE).is_empty());
        let few = x().made(1, &[("x: float32[8, 4]", |b, i| if i % 4 == 2 { 7.5 } else { real(b, i) })]);
        assert_eq!(few.looked(&RULE), [Looked::No]);
    }

    #[test]
    fn a_batch_of_zeros_is_left_to_others() {
        let world = World::new(Framework::Torch).input("x", "float32", "batch, 8");
        let world = world.values(&[("x: float32[40, 8]", &[0.0])]);
        assert!(world.judge(&RULE).is_empty());
        assert_eq!(world.judge(&blank_samples::RULE).len(), 1);
    }

    #[test]
    fn clean_data_is_clean() {
        clean::finds_nothing(&RULE);
    }
}
