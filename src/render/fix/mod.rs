//! What `fix` would do, or has done: a table of repairs, what stands behind each, and what is left as it is.

mod json;

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::safe;
use crate::diagnostic::Unit;
use crate::diagnostic::quantity::bytes;
use crate::facts::Facts;
use crate::fix::data::propose::{Repair, Touched, Trust};
use crate::fix::data::{header_text, propose::Proposal};
use crate::source::SourceFacts;
use crate::source::text::{leading, shown};
use crate::verdict::Report;

/// The formats of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum FixFormat {
    /// A table for people
    #[default]
    Table,
    /// The versioned plan document
    Json,
}

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub struct FixPage<'a> {
    /// What was seen.
    pub facts: &'a Facts,
    /// What was wrong.
    pub report: &'a Report,
    /// What could be done about it.
    pub proposal: &'a Proposal,
    /// What became of each file that was to be written; `None` in a dry run.
    pub ends: Option<&'a [Ended<'a>]>,
    /// What is wrong now, where something was written.
    pub after: Option<&'a Report>,
    /// The code that the process ends with.
    pub exit: u8,
    /// Whether every file has a line of its own.
    pub each: bool,
    /// Whether headers are shown before and after.
    pub diff: bool,
    /// Whether it is coloured.
    pub color: bool,
}

/// What became of one file.
#[derive(Debug, Clone)]
pub struct Ended<'a> {
    /// The file.
    pub source: &'a SourceFacts,
    /// The files that are there now, as paths; or why nothing was changed.
    pub outcome: Result<Vec<String>, &'a str>,
}

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const ALARM: Style = AnsiColor::Yellow.on_default();

/// Draws the plan.
pub fn render(format: FixFormat, page: FixPage<'_>, out: &mut dyn Write) -> io::Result<()> {
    match format {
        FixFormat::Table => table(page, out),
        FixFormat::Json => json::render(page, out),
    }
}

/// The JSON Schema of the plan document.
#[must_use]
pub fn schema() -> serde_json::Value {
    json::schema()
}

/// A line of the table.
struct Row {
    cells: [String; 6],
}

const HEADS: [&str; 6] = ["file", "array", "step", "before", "after", "loses"];

fn table(page: FixPage<'_>, out: &mut dyn Write) -> io::Result<()> {
    let paint = |style: Style, text: &str| {
        if page.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    };
    let repairs = &page.proposal.repairs;
    if !repairs.is_empty() {
        let rows: Vec<Row> =
            repairs.iter().enumerate().flat_map(|(number, repair)| rows(page, number + 1, repair)).collect();
        draw(&rows, &paint, out)?;
    }
    for (number, repair) in repairs.iter().enumerate() {
        writeln!(out)?;
        note(page, number + 1, repair, &paint, out)?;
    }
    if page.diff {
        headers(page, &paint, out)?;
    }
    left(page, &paint, out)?;
    ended(page, &paint, out)
}

/// The lines of one repair: what is alike in several files is one line.
fn rows(page: FixPage<'_>, number: usize, repair: &Repair) -> Vec<Row> {
    let mut groups: Vec<(Key<'_>, Vec<&Touched>)> = Vec::new();
    for touched in &repair.touched {
        let key = Key {
            source: page.each.then_some(touched.source),
            array: key(page, touched),
            what: &touched.what,
            held: touched.held.as_deref(),
        };
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(touched),
            None => groups.push((key, vec![touched])),
        }
    }
    let loses = match (&repair.trust, &repair.held) {
        (Trust::Lossless(_), _) => "nothing",
        (Trust::Lossy(_), _) => "see below",
        (Trust::Choice(_), _) => "your choice",
        (Trust::Unproved(_), _) => "not known",
    };
    groups
        .into_iter()
        .map(|(key, group)| {
            let (before, after) =
                group.iter().fold((0_u64, 0_u64), |(b, a), touched| (b + touched.bytes.0, a + touched.bytes.1));
            let files = files(page, &group);
            let held = repair.held.is_some() || key.held.is_some();
            let step = if held { format!("(not done) {}", key.what) } else { key.what.to_owned() };
            let array = key.array.map(|key| shown(key, 40)).unwrap_or_default();
            Row { cells: [files, array, step, bytes(before), bytes(after), format!("{loses} [{number}]")] }
        })
        .collect()
}

/// What makes two lines of the table one.
#[derive(PartialEq, Eq)]
struct Key<'a> {
    source: Option<usize>,
    array: Option<&'a str>,
    what: &'a str,
    held: Option<&'a str>,
}

fn key<'a>(page: FixPage<'a>, touched: &Touched) -> Option<&'a str> {
    let source = &page.facts.sources()[touched.source];
    touched.array.map(|array| &*source.arrays[array].key)
}

/// "`dump/batch_000.npz` and 19 more"
fn files(page: FixPage<'_>, group: &[&Touched]) -> String {
    several(page, &group.iter().map(|touched| touched.source).collect::<Vec<_>>())
}

/// The same, of files by index into the facts, in order.
fn several(page: FixPage<'_>, sources: &[usize]) -> String {
    let mut sources = sources.to_vec();
    sources.dedup();
    let first = sources.first().and_then(|source| page.facts.sources().get(*source));
    let first = leading(shown(first.map_or("", |source| &*source.path), 60));
    match sources.len() {
        0 | 1 => first,
        n => format!("{first} and {} more", n - 1),
    }
}

/// What stands behind a repair, and what to type where the data are made.
fn note(
    page: FixPage<'_>,
    number: usize,
    repair: &Repair,
    paint: &dyn Fn(Style, &str) -> String,
    out: &mut dyn Write,
) -> io::Result<()> {
    let diagnostic = &page.report.diagnostics[repair.diagnostic];
    let head = format!("[{number}] {}", diagnostic.rule);
    writeln!(out, "{}: {}", paint(BOLD, &head), safe(&diagnostic.finding.message))?;
    let (word, text) = match &repair.trust {
        Trust::Lossless(text) => ("lossless", text),
        Trust::Lossy(text) => ("loses", text),
        Trust::Choice(text) => ("your choice", text),
        Trust::Unproved(text) => ("not proved", text),
    };
    writeln!(out, "    {word}: {}", safe(text))?;
    if let Some(held) = &repair.held {
        writeln!(out, "    {}", paint(ALARM, &format!("not done: {held}")))?;
    }
    let mut refused: BTreeMap<&str, Vec<&Touched>> = BTreeMap::new();
    for touched in &repair.touched {
        if let Some(why) = &touched.held {
            refused.entry(why).or_default().push(touched);
        }
    }
    for (why, group) in refused {
        writeln!(out, "    {}", paint(ALARM, &format!("not done in {}: {}", files(page, &group), safe(why))))?;
    }
    if let Some(fix) = &diagnostic.finding.fix {
        let mut lines = fix.python.lines();
        writeln!(out, "    so that it does not come back: {}", safe(lines.next().unwrap_or_default()))?;
        for line in lines {
            writeln!(out, "                                   {}", safe(line))?;
        }
    } else if let Some(help) = &diagnostic.finding.help {
        writeln!(out, "    so that it does not come back: {}", safe(help))?;
    }
    Ok(())
}

/// The headers before and after, as `diff` shows them: those that are alike once.
fn headers(page: FixPage<'_>, paint: &dyn Fn(Style, &str) -> String, out: &mut dyn Write) -> io::Result<()> {
    let sources = page.facts.sources();
    let mut groups: Vec<(String, String, String, Vec<usize>)> = Vec::new();
    for (source, array, before, after) in page.proposal.headers(sources) {
        let key = safe(&sources[source].arrays[array].key);
        let (before, after) = (safe(&header_text(before)), safe(&header_text(&after)));
        let same = |group: &&mut (String, String, String, Vec<usize>)| {
            !page.each && group.0 == key && group.1 == before && group.2 == after
        };
        match groups.iter_mut().find(same) {
            Some((.., group)) => group.push(source),
            None => groups.push((key, before, after, vec![source])),
        }
    }
    for (key, before, after, group) in groups {
        let name = format!("{} {key}", several(page, &group));
        writeln!(out, "\n{}", paint(BOLD, &format!("--- {name}")))?;
        writeln!(out, "{}", paint(BOLD, &format!("+++ {name}")))?;
        writeln!(out, "{}", paint(ALARM, &format!("-{before}")))?;
        writeln!(out, "{}", paint(GOOD, &format!("+{after}")))?;
    }
    Ok(())
}

fn left(page: FixPage<'_>, paint: &dyn Fn(Style, &str) -> String, out: &mut dyn Write) -> io::Result<()> {
    if page.proposal.left.is_empty() {
        return Ok(());
    }
    if !page.proposal.repairs.is_empty() {
        writeln!(out)?;
    }
    writeln!(out, "{}", paint(BOLD, "Not repaired"))?;
    for (index, why) in &page.proposal.left {
        let diagnostic = &page.report.diagnostics[*index];
        writeln!(out, "  {}: {}", diagnostic.rule, safe(&diagnostic.finding.message))?;
        if let Some(place) = diagnostic.finding.places.first() {
            let more = match diagnostic.finding.places.len() {
                1 => String::new(),
                n => format!(" and {} more", n - 1),
            };
            writeln!(out, "    at {place}{more}")?;
        }
        writeln!(out, "    {}", paint(DIM, &safe(why)))?;
    }
    Ok(())
}

fn ended(page: FixPage<'_>, paint: &dyn Fn(Style, &str) -> String, out: &mut dyn Write) -> io::Result<()> {
    let Some(ends) = page.ends else { return Ok(()) };
    for end in ends {
        if let Err(why) = &end.outcome {
            writeln!(out, "\n{}", paint(ALARM, &leading(safe(why))))?;
        }
    }
    Ok(())
}

/// One line for stderr: what would be done, or what was.
#[must_use]
pub fn summary(page: FixPage<'_>) -> String {
    let proposal = page.proposal;
    let plans = proposal.plans.len() as u64;
    let wanted = proposal.repairs.iter().filter(|repair| repair.is_wanted()).count();
    let held = proposal.repairs.len() - wanted;
    let repairs = |n: usize| format!("{n} repair{}", if n == 1 { "" } else { "s" });
    let left = match proposal.left.len() {
        0 => String::new(),
        n => format!(", {n} finding{} without a repair", if n == 1 { "" } else { "s" }),
    };
    if plans == 0 {
        let looked = format!("{} looked at", Unit::File.counted(page.facts.sources().len() as u64));
        return if held > 0 {
            format!("nothing is repaired: {} not done{left}; {looked}", repairs(held))
        } else {
            format!("nothing to repair{left}; {looked}")
        };
    }
    let held = if held > 0 { format!(", {} not done{left}", repairs(held)) } else { left };
    let Some(ends) = page.ends else {
        return format!(
            "{} in {}{held}; nothing was written: `--out DIR` writes a corrected copy, `--in-place` the files themselves",
            repairs(wanted),
            Unit::File.counted(plans)
        );
    };
    let done = ends.iter().filter(|end| end.outcome.is_ok()).count() as u64;
    let refused = ends.len() as u64 - done;
    let refused = if refused > 0 { format!(", {} not changed", Unit::File.counted(refused)) } else { String::new() };
    let after = match page.after {
        Some(after) if after.diagnostics.iter().all(|diagnostic| diagnostic.level == crate::config::Level::Note) => {
            "; checked again: clean".to_owned()
        }
        Some(after) => {
            let n = after.diagnostics.iter().filter(|diagnostic| diagnostic.level > crate::config::Level::Note).count();
            format!("; checked again: {n} finding{} left", if n == 1 { "" } else { "s" })
        }
        None => String::new(),
    };
    format!("{} repaired{refused}{held}{after}", Unit::File.counted(done))
}

fn draw(rows: &[Row], paint: &dyn Fn(Style, &str) -> String, out: &mut dyn Write) -> io::Result<()> {
    let length = |text: &str| text.chars().count();
    let widths: [usize; 6] = std::array::from_fn(|column| {
        let widest = rows.iter().map(|row| length(&row.cells[column])).max().unwrap_or(0);
        widest.max(length(HEADS[column]))
    });
    let line = |cells: [&str; 6]| {
        let padded = cells.iter().enumerate().map(|(column, text)| {
            let padding = " ".repeat(widths[column] - length(text));
            if matches!(column, 3 | 4) { padding + text } else { (*text).to_owned() + &padding }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    writeln!(out, "{}", paint(DIM, &line(HEADS)))?;
    for row in rows {
        writeln!(out, "{}", line(std::array::from_fn(|column| row.cells[column].as_str())))?;
    }
    Ok(())
}
