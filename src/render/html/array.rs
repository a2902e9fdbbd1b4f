//! Every array as declared beside as seen.

use super::super::inspect::number::{share, short, short_float};
use super::super::{Page, safe};
use super::chart::{Histogram, Labels, histogram, labels};
use super::name;
use super::picture::{Thumbnails, thumbnails};
use crate::diagnostic::Unit;
use crate::diagnostic::quantity::{bytes, exact};
use crate::facts::overview::{Overview, Together};
use crate::facts::{Column, Stream};
use crate::spec::{Declaration, Encoding, Values};

/// Arrays that are shown at most.
const ARRAYS: usize = 200;

/// All of them.
pub(super) struct Arrays {
    pub(super) list: Vec<Array>,
    /// Those that are left out.
    pub(super) more: usize,
}

/// The arrays of one name in one stream.
pub(super) struct Array {
    pub(super) name: String,
    /// `input`, `target`, `weight`, or `not declared`; empty where nothing is declared at all.
    pub(super) role: &'static str,
    /// The stream's name, where there are several.
    pub(super) stream: String,
    /// The findings about it: number, level, rule.
    pub(super) findings: Vec<(usize, &'static str, &'static str)>,
    /// A property, as declared and as seen; either may be empty.
    pub(super) rows: Vec<(&'static str, String, String)>,
    pub(super) declared: bool,
    pub(super) histogram: Option<Histogram>,
    pub(super) labels: Option<Labels>,
    pub(super) thumbnails: Option<Thumbnails>,
    /// What is not shown, and why.
    pub(super) absent: Vec<String>,
}

/// The arrays of all streams: the declared ones in the order of the spec, then the others.
pub(super) fn arrays(page: Page<'_>, streams: &[Stream<'_>]) -> Arrays {
    let mut all = Vec::new();
    for (at, stream) in streams.iter().enumerate() {
        for (index, column) in stream.columns.iter().enumerate() {
            if !column.cells.is_empty() || column.declared.is_some() {
                all.push((at, stream, index, column));
            }
        }
    }
    let more = all.len().saturating_sub(ARRAYS);
    let many = streams.len() > 1;
    let list = all.into_iter().take(ARRAYS).map(|(at, stream, index, column)| {
        let album = page.albums.iter().find(|album| album.stream == at && album.column == index);
        let mut array = array(page, stream, column);
        if many {
            array.stream = safe(&stream.name);
        }
        if page.report.redacted {
            return array;
        }
        array.thumbnails = album.and_then(|album| thumbnails(album, stream));
        if album.is_some() && array.thumbnails.is_none() {
            let saved =
                "no thumbnails: the values stand in no file that could be read again, or too far from its start";
            array.absent.push(saved.into());
        }
        let grid = |cell: &crate::facts::Cell<'_>| {
            let declared = column.declared.and_then(|index| page.spec.arrays.get(index));
            crate::facts::images::Grid::of(declared, cell.header()).is_some()
        };
        if stream.is_live() && column.cells.iter().any(grid) {
            array.absent.push("no thumbnails: the batches of a running program are not kept".into());
        }
        array
    });
    Arrays { list: list.collect(), more }
}

fn array(page: Page<'_>, stream: &Stream<'_>, column: &Column<'_>) -> Array {
    let declared = column.declared.and_then(|index| page.spec.arrays.get(index));
    let overview = Overview::of(&column.cells);
    let mine = page.report.diagnostics.iter().enumerate();
    let mine = mine.filter(|(_, diagnostic)| !column.name.is_empty() && diagnostic.finding.subject == *column.name);
    let absent = overview.unread.iter().map(|(why, count)| {
        let of = if *count == overview.arrays { String::new() } else { format!(" of {}", Unit::Array.counted(*count)) };
        format!("values{of} not read: {}", why.why())
    });
    let mut absent: Vec<String> = absent.collect();
    if page.report.redacted {
        absent.push("no values are shown: they were left out on purpose".into());
    }
    let numbers = overview.numbers.as_ref().filter(|_| !page.report.redacted);
    if overview.arrays > 0 && column.cells.iter().all(|cell| cell.array.reading.is_none()) {
        absent.push("values not read: nothing asked for them".into());
    }
    Array {
        name: if column.name.is_empty() { "(no name)".into() } else { safe(&column.name) },
        role: match declared {
            Some(declared) => declared.role.name(),
            None if page.spec.arrays.is_empty() => "",
            None => "not declared",
        },
        stream: String::new(),
        findings: mine.map(|(at, found)| (at + 1, name(found.level), found.rule)).collect(),
        rows: rows(declared, &overview, stream.batches.len() as u64, page.report.redacted),
        declared: declared.is_some(),
        histogram: numbers.and_then(histogram),
        labels: if page.report.redacted { None } else { labels(declared, &overview) },
        thumbnails: None,
        absent,
    }
}

/// What is declared and what was seen, property by property.
fn rows(
    declared: Option<&Declaration>,
    seen: &Overview,
    batches: u64,
    hides_values: bool,
) -> Vec<(&'static str, String, String)> {
    let said = |text: &dyn Fn(&Declaration) -> Option<String>| declared.and_then(text).unwrap_or_default();
    let values = |text: &dyn Fn(&Values) -> String| said(&|declared| Some(text(&declared.values.as_ref()?.value)));
    let numbers = seen.numbers.as_ref();
    let number = |text: &dyn Fn(&Together) -> Option<String>| numbers.and_then(text).unwrap_or_default();
    let dtypes: Vec<String> = seen.dtypes.iter().take(4).map(|dtype| safe(dtype)).collect();
    let more = seen.dtypes.len().saturating_sub(dtypes.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let order = match seen.fortran {
        0 => String::new(),
        all if all == seen.arrays => "Fortran order".to_owned(),
        some => format!("Fortran order in {}", Unit::Array.share(some, seen.arrays)),
    };
    let distinct = numbers.and_then(|numbers| numbers.distinct.as_ref()).map(|distinct| {
        format!("{} different value{}", exact(distinct.len() as u64), if distinct.len() == 1 { "" } else { "s" })
    });
    let missing = if declared.is_some_and(|declared| declared.optional) { "may lack it" } else { "" };
    let share_of = |there: u64| if there == batches { String::new() } else { Unit::Batch.share(there, batches) };
    let range = |numbers: &Together| {
        let (min, max) = numbers.min.zip(numbers.max).filter(|_| !hides_values)?;
        Some(format!("{} to {}", short(min), short(max)))
    };
    let mean = |numbers: &Together| {
        let (mean, deviation) = numbers.mean.zip(numbers.deviation()).filter(|_| !hides_values)?;
        Some(format!("{} ± {}", short_float(mean), short_float(deviation)))
    };
    let zeros = |numbers: &Together| (numbers.zeros > 0).then(|| share(numbers.zeros, numbers.count()));
    let rows = vec![
        ("dtype", said(&|it| Some(safe(&it.dtype.as_ref()?.value.to_string()))), dtypes.join(", ") + &more),
        ("shape", said(&|it| Some(safe(&it.shape.as_ref()?.value.to_string()))), seen.shape()),
        ("axes", said(&|it| Some(safe(&it.axes.as_ref()?.value))), order),
        ("values", values(&limits), number(&range)),
        ("finite", values(&finite), number(&|numbers| Some(bad(numbers)))),
        ("mean ± std", String::new(), number(&mean)),
        ("zeros", values(&|it| if it.nonzero { "none".into() } else { String::new() }), number(&zeros)),
        ("encoding", said(&|it| Some(encoding(it.encoding.as_ref()?.value).into())), String::new()),
        ("classes", said(&|it| Some(exact(it.classes.as_ref()?.value))), distinct.unwrap_or_default()),
        ("batches", missing.into(), share_of(seen.arrays)),
        ("size", String::new(), if seen.arrays > 0 { bytes(seen.bytes) } else { String::new() }),
    ];
    let rows = rows.into_iter().map(|(name, declared, seen)| match name {
        "classes" if declared.is_empty() => ("distinct", declared, seen),
        name => (name, declared, seen),
    });
    rows.filter(|(_, declared, seen)| !declared.is_empty() || !seen.is_empty()).collect()
}

/// "0 to 1", "in 0, 1", "rows sum to 1"
fn limits(values: &Values) -> String {
    let range = match (values.min, values.max) {
        (Some(min), Some(max)) => Some(format!("{} to {}", short_float(min), short_float(max))),
        (Some(min), None) => Some(format!("at least {}", short_float(min))),
        (None, Some(max)) => Some(format!("at most {}", short_float(max))),
        (None, None) => None,
    };
    let within = values.within.as_ref().map(|within| {
        let listed: Vec<String> = within.iter().take(12).map(|value| short_float(*value)).collect();
        let more = if within.len() > 12 { ", …" } else { "" };
        format!("in {}{more}", listed.join(", "))
    });
    let sum = values.sum.map(|sum| format!("rows sum to {}", short_float(sum)));
    range.into_iter().chain(within).chain(sum).collect::<Vec<_>>().join("; ")
}

fn finite(values: &Values) -> String {
    match values.finite {
        Some(true) => "required".into(),
        Some(false) => "not required".into(),
        None => String::new(),
    }
}

/// "all", "17 NaN, 3 infinite"
fn bad(numbers: &Together) -> String {
    let kinds = [(numbers.nan, "NaN"), (numbers.infinite, "infinite")];
    let there = kinds.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{} {name}", exact(*count)));
    let there: Vec<String> = there.collect();
    if there.is_empty() { "all".into() } else { there.join(", ") }
}

fn encoding(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Index => "index",
        Encoding::OneHot => "one-hot",
        Encoding::Probabilities => "probabilities",
        Encoding::Binary => "binary",
        Encoding::Value => "value",
    }
}
