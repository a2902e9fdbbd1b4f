//! The table: one line per array name, aligned, and below it how often each value occurs where they are few.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::number::{share, short, short_float};
use super::spark::spark;
use super::{Look, lines};
use crate::diagnostic::Unit;
use crate::diagnostic::quantity::{bytes, exact};
use crate::facts::overview::{Overview, Together};
use crate::facts::{Stream, assemble};
use crate::source::text::{leading, shown};
use crate::values::Unread;

/// Characters of a line that the table tries to keep to.
const WIDTH: usize = 100;
/// Characters of a name at least; where there is room, it has up to [`LONGEST`].
const NAME: usize = 24;
const LONGEST: usize = 60;
/// Bins of a histogram, at least and at most.
const BINS: (usize, usize) = (8, 16);
/// Values that are few enough to be counted below the line.
const FEW: usize = 20;

const HEADS: [&str; 12] =
    ["array", "dtype", "shape", "n", "bytes", "min", "max", "mean", "std", "NaN/inf", "zeros", "histogram"];
/// Where the numbers start, which stand to the right, and where they end.
const NUMBERS: std::ops::Range<usize> = 3..11;
const BAD: usize = 9;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const ALARM: Style = AnsiColor::Yellow.on_default();

/// A line of the table, and what stands below it.
struct Row {
    cells: [String; 12],
    below: Option<String>,
    /// What the histogram is drawn from, when it is known how much room there is.
    numbers: Option<Together>,
}

/// Draws a table per stream.
pub(super) fn render(look: Look<'_>, out: &mut dyn Write) -> io::Result<()> {
    let streams = assemble(look.facts, look.spec);
    let streams: Vec<&Stream<'_>> = streams.iter().filter(|stream| !stream.batches.is_empty()).collect();
    for (i, stream) in streams.iter().enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        if streams.len() > 1 {
            writeln!(out, "{}", title(stream))?;
        }
        let mut rows: Vec<Row> =
            lines(stream, look.each).into_iter().map(|(name, _, cells)| row(&name, Overview::of(cells))).collect();
        add_histograms(&mut rows, look.ascii);
        draw(&rows, look.color, out)?;
    }
    Ok(())
}

fn title(stream: &Stream<'_>) -> String {
    let name = if stream.name.is_empty() {
        stream.batches.first().map_or("", |batch| &*batch.name)
    } else {
        stream.name.as_str()
    };
    let rows = stream.rows().map_or(String::new(), |rows| format!(", {rows} samples"));
    format!("{}: {}{rows}", leading(shown(name, LONGEST)), Unit::Batch.counted(stream.batches.len() as u64))
}

fn row(name: &str, overview: Overview) -> Row {
    let dtypes = match overview.dtypes.as_slice() {
        few if few.len() <= 2 => few.join(" "),
        many => format!("{} {} more", many[0], many.len() - 1),
    };
    let name = if name.is_empty() { "(no name)".into() } else { leading(shown(name, LONGEST)) };
    let mut cells: [String; 12] = std::array::from_fn(|_| String::new());
    cells[0] = name;
    cells[1] = shown(&dtypes, LONGEST);
    cells[2] = overview.shape() + if overview.fortran == overview.arrays { " F" } else { "" };
    cells[3] = exact(overview.arrays);
    cells[4] = bytes(overview.bytes).replace(" bytes", " B");
    let mut below = Vec::new();
    if let Some(numbers) = &overview.numbers {
        cells[5] = numbers.min.map(short).unwrap_or_default();
        cells[6] = numbers.max.map(short).unwrap_or_default();
        cells[7] = numbers.mean.map(short_float).unwrap_or_default();
        cells[8] = numbers.deviation().map(short_float).unwrap_or_default();
        cells[BAD] = bad(numbers);
        cells[10] = share(numbers.zeros, numbers.count());
        let distinct = numbers.distinct.as_ref().filter(|distinct| (1..=FEW).contains(&distinct.len()));
        below.extend(distinct.map(|distinct| {
            counted(distinct.iter().map(|(value, count)| (short(*value), *count)), distinct.len(), "value")
        }));
    }
    if let Some(texts) = &overview.texts {
        below.push(counted(
            texts
                .iter()
                .map(|(text, count)| (if text.is_empty() { "(empty)".into() } else { shown(text, 20) }, *count)),
            texts.len(),
            "text",
        ));
    }
    below.extend(overview.unread.iter().map(|(why, count)| match why {
        Unread::UnknownType | Unread::NoBytes if *count == overview.arrays => format!("no values: {}", why.why()),
        _ if *count == overview.arrays => format!("values not read: {}", why.why()),
        _ => format!("values of {count} not read: {}", why.why()),
    }));
    Row { cells, below: Some(below.join("; ")).filter(|below| !below.is_empty()), numbers: overview.numbers }
}

/// "17 NaN", "3 inf", "17 NaN 3 inf"
fn bad(numbers: &Together) -> String {
    let kinds = [(numbers.nan, "NaN"), (numbers.infinite, "inf")];
    let there = kinds.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{} {name}", exact(*count)));
    there.collect::<Vec<_>>().join(" ")
}

/// "3 values: 0 ×64, 1 ×61, 2 ×3"
fn counted(values: impl Iterator<Item = (String, u64)>, of: usize, what: &str) -> String {
    let mut text = format!("{of} {what}{}: ", if of == 1 { "" } else { "s" });
    for (i, (value, count)) in values.enumerate() {
        let next = format!("{}{value} ×{}", if i == 0 { "" } else { ", " }, exact(count));
        if text.chars().count() + next.chars().count() > WIDTH - 16 {
            text += &[" and ", &(of - i).to_string(), " more"].concat();
            break;
        }
        text.push_str(&next);
    }
    text
}

/// Draws the histograms in the room that is left.
fn add_histograms(rows: &mut [Row], ascii: bool) {
    let used = total(&widths(rows)) + 2;
    let bins = WIDTH.saturating_sub(used).clamp(BINS.0, BINS.1);
    for row in rows {
        row.cells[11] = row.numbers.as_ref().map_or(String::new(), |numbers| spark(numbers, bins, ascii));
    }
}

/// Characters of each column; 0 for one that says nothing.
fn widths(rows: &[Row]) -> [usize; 12] {
    std::array::from_fn(|column| match rows.iter().map(|row| length(&row.cells[column])).max().unwrap_or(0) {
        0 => 0,
        widest => widest.max(length(HEADS[column])),
    })
}

/// Characters of a line.
fn total(widths: &[usize; 12]) -> usize {
    widths.iter().filter(|width| **width > 0).map(|width| width + 2).sum::<usize>().saturating_sub(2)
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// Columns without a word are left out; names give way where the line is too long.
fn draw(rows: &[Row], color: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut widths = widths(rows);
    let over = total(&widths).saturating_sub(WIDTH);
    let spare = widths[0].saturating_sub(NAME);
    widths[0] -= over.min(spare);
    let line = |cells: &[String; 12]| {
        let mut line = Vec::new();
        for (column, width) in widths.iter().enumerate().filter(|(_, width)| **width > 0) {
            let text = cut(&cells[column], *width);
            let padding = " ".repeat(width - length(&text));
            line.push((column, if NUMBERS.contains(&column) { padding + &text } else { text + &padding }));
        }
        line
    };
    let painted = |style: Style, text: &str| {
        if color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    };
    let heads = line(&HEADS.map(str::to_owned)).into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("  ");
    writeln!(out, "{}", painted(DIM, heads.trim_end()))?;
    for row in rows {
        let cells = line(&row.cells).into_iter().map(|(column, text)| match column {
            0 => painted(BOLD, &text),
            BAD => painted(ALARM, &text),
            _ => text,
        });
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        if let Some(below) = &row.below {
            writeln!(out, "{}", painted(DIM, &format!("  {below}")))?;
        }
    }
    Ok(())
}

/// The text with its middle left out where it is too long: the end of a path says more than its middle.
fn cut(text: &str, width: usize) -> String {
    let length = length(text);
    if length <= width {
        return text.to_owned();
    }
    let (head, tail) = ((width - 1) / 2, width - 1 - (width - 1) / 2);
    let head: String = text.chars().take(head).collect();
    let tail: String = text.chars().skip(length - tail).collect();
    format!("{head}…{tail}")
}
