//! The batches of a stream side by side: how many rows each has, and of which type and shape its arrays are. A batch that
//! differs from the others is seen at once, and is named in words.

use std::collections::HashMap;

use super::super::safe;
use crate::diagnostic::Unit;
use crate::diagnostic::quantity::exact;
use crate::facts::{Batch, Cell, Column, Stream};

/// Bars side by side at most; with more batches, each bar stands for several.
const BARS: usize = 240;
/// Streams that are drawn.
const STRIPS: usize = 12;
/// Arrays of a stream that are drawn.
const LANES: usize = 40;
/// Kinds of an array that have a colour and a line of their own.
const KINDS: usize = 5;
/// Batches of a kind that are named.
const NAMED: usize = 3;

/// The batches of one stream.
pub(super) struct Strip {
    /// The stream's name; empty for files that were named one by one.
    pub(super) title: String,
    /// "20 batches"
    pub(super) batches: String,
    /// Bars, which is the width of all drawings.
    pub(super) width: usize,
    /// Rows, in words.
    pub(super) rows: String,
    pub(super) bars: Vec<Bar>,
    pub(super) lanes: Vec<Lane>,
    /// Arrays that are not drawn.
    pub(super) more: usize,
    pub(super) first: String,
    pub(super) last: String,
}

/// The rows of a batch, or of the smallest of several.
pub(super) struct Bar {
    pub(super) x: usize,
    /// Where the bar begins, from above, and how high it is: of 100.
    pub(super) y: f64,
    pub(super) height: f64,
    pub(super) class: &'static str,
    pub(super) title: String,
}

/// One array over the batches.
pub(super) struct Lane {
    pub(super) name: String,
    pub(super) runs: Vec<Run>,
    pub(super) kinds: Vec<Kind>,
}

/// Batches next to each other in which an array is the same.
pub(super) struct Run {
    pub(super) x: usize,
    pub(super) width: usize,
    pub(super) class: &'static str,
    pub(super) title: String,
}

/// A type and a shape that an array has.
pub(super) struct Kind {
    pub(super) class: &'static str,
    pub(super) text: String,
    /// `in 1 of 20 batches: dump/batch_019.npz`; empty where it is in all of them.
    pub(super) share: String,
}

/// The streams whose batches belong together.
pub(super) fn strips(streams: &[Stream<'_>]) -> Vec<Strip> {
    let drawn = streams.iter().filter(|stream| stream.related && stream.batches.len() > 1);
    drawn.take(STRIPS).map(strip).collect()
}

fn strip(stream: &Stream<'_>) -> Strip {
    let batches = &stream.batches;
    let each = batches.len().div_ceil(BARS);
    let most = batches.iter().filter_map(|batch| batch.rows).max().unwrap_or(0);
    let usual = usual(batches);
    let columns: Vec<&Column<'_>> = stream.columns.iter().filter(|column| !column.cells.is_empty()).collect();
    let name = |at: usize| batches.get(at).map_or(String::new(), |batch| safe(&batch.name));
    Strip {
        title: safe(&stream.name),
        batches: Unit::Batch.counted(batches.len() as u64),
        width: batches.len().div_ceil(each),
        rows: rows(batches, usual),
        bars: batches.chunks(each).enumerate().map(|(x, some)| bar(x, some, most, usual)).collect(),
        lanes: columns.iter().take(LANES).map(|column| lane(column, batches, each)).collect(),
        more: columns.len().saturating_sub(LANES),
        first: name(0),
        last: name(batches.len() - 1),
    }
}

/// The number of rows that most batches have, the greater one of two.
fn usual(batches: &[Batch]) -> Option<u64> {
    let mut counts: HashMap<u64, usize> = HashMap::new();
    for rows in batches.iter().filter_map(|batch| batch.rows) {
        *counts.entry(rows).or_default() += 1;
    }
    let mut counts: Vec<(usize, u64)> = counts.into_iter().map(|(rows, count)| (count, rows)).collect();
    counts.sort_unstable();
    counts.last().map(|(_, rows)| *rows)
}

/// `32 rows in 19 of 20 batches; 16 in dump/batch_019.npz`
fn rows(batches: &[Batch], usual: Option<u64>) -> String {
    let Some(usual) = usual else { return "no array shows how many rows a batch has".into() };
    let others: Vec<&Batch> = batches.iter().filter(|batch| batch.rows != Some(usual)).collect();
    let counted = Unit::Row.counted(usual);
    if others.is_empty() {
        return format!("{counted} in every batch");
    }
    let of = batches.len() as u64;
    let told = |batch: &&Batch| {
        let rows = batch.rows.map_or("unknown".to_owned(), exact);
        format!("{rows} in {}", safe(&batch.name))
    };
    let named: Vec<String> = others.iter().take(NAMED).map(told).collect();
    let more = others.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    format!("{counted} in {}; {}{more}", Unit::Batch.share(of - others.len() as u64, of), named.join(", "))
}

fn bar(x: usize, batches: &[Batch], most: u64, usual: Option<u64>) -> Bar {
    let odd = batches.iter().find(|batch| batch.rows != usual);
    let shown = odd.or(batches.first());
    let rows = shown.and_then(|batch| batch.rows);
    let height = rows.map_or(100.0, |rows| (rows as f64 / most.max(1) as f64 * 100.0).max(2.0));
    let class = match (odd.is_some(), rows) {
        (_, None) => "lost",
        (true, _) => "odd",
        (false, _) => "bar",
    };
    let rows = rows.map_or("rows unknown".to_owned(), |rows| Unit::Row.counted(rows));
    let title = shown.map_or(String::new(), |batch| format!("{}: {rows}", safe(&batch.name)));
    Bar { x, y: 100.0 - height, height, class, title }
}

fn lane(column: &Column<'_>, batches: &[Batch], each: usize) -> Lane {
    let mut texts: Vec<Option<String>> = vec![None; batches.len()];
    for cell in &column.cells {
        if let Some(text) = texts.get_mut(cell.batch) {
            *text = Some(kind(cell, &batches[cell.batch]));
        }
    }
    let mut known: Vec<(&Option<String>, Vec<usize>)> = Vec::new();
    let mut index: HashMap<&Option<String>, usize> = HashMap::new();
    for (at, text) in texts.iter().enumerate() {
        let place = *index.entry(text).or_insert_with(|| {
            known.push((text, Vec::new()));
            known.len() - 1
        });
        known[place].1.push(at);
    }
    known.sort_by_key(|(text, at)| (text.is_none(), std::cmp::Reverse(at.len())));
    let mut ranks = vec![0; batches.len()];
    for (rank, (_, places)) in known.iter().enumerate() {
        for at in places {
            ranks[*at] = rank;
        }
    }
    let class = |rank: usize| match known[rank].0 {
        None => "lost",
        Some(_) => ["k0", "k1", "k2", "k3", "k4"].get(rank).copied().unwrap_or("k4"),
    };
    let told = |rank: usize| known[rank].0.clone().unwrap_or_else(|| "missing, or not readable".into());
    let mut runs: Vec<(usize, usize, usize)> = Vec::new();
    for (x, some) in ranks.chunks(each).enumerate() {
        // What is rare is what somebody looks for.
        let rank = some.iter().copied().max().unwrap_or(0);
        match runs.last_mut() {
            Some((_, width, last)) if *last == rank => *width += 1,
            _ => runs.push((x, 1, rank)),
        }
    }
    let runs = runs.into_iter().map(|(x, width, rank)| Run { x, width, class: class(rank), title: told(rank) });
    let of = batches.len() as u64;
    let kinds = known.iter().take(KINDS).enumerate().map(|(rank, (_, places))| Kind {
        class: class(rank),
        text: told(rank),
        share: share(places, batches, of),
    });
    let mut kinds: Vec<Kind> = kinds.collect();
    if let Some(more) = known.len().checked_sub(KINDS).filter(|more| *more > 0) {
        kinds.push(Kind { class: "k4", text: format!("{more} more"), share: String::new() });
    }
    let name = if column.name.is_empty() { "(no name)".into() } else { safe(&column.name) };
    Lane { name, runs: runs.collect(), kinds }
}

/// `float32 [n, 32, 32, 3]`, `n` for as many rows as the batch has.
fn kind(cell: &Cell<'_>, batch: &Batch) -> String {
    let header = cell.header();
    let axis = |(at, size): (usize, &u64)| match at {
        0 if batch.rows == Some(*size) => "n".to_owned(),
        _ => size.to_string(),
    };
    let sizes: Vec<String> = header.shape.iter().enumerate().map(axis).collect();
    let order = if header.fortran { ", Fortran order" } else { "" };
    format!("{} [{}]{order}", safe(&header.dtype.to_string()), sizes.join(", "))
}

/// How many batches, and which where they are the fewer ones.
fn share(places: &[usize], batches: &[Batch], of: u64) -> String {
    let count = places.len() as u64;
    if count == of {
        return String::new();
    }
    let share = format!("in {}", Unit::Batch.share(count, of));
    if count * 2 > of {
        return share;
    }
    let named: Vec<String> = places.iter().take(NAMED).map(|at| safe(&batches[*at].name)).collect();
    let more = places.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    format!("{share}: {}{more}", named.join(", "))
}
