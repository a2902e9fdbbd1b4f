//! What frameworks say when a batch is wrong, and what is usually behind it. The tables are data: texts as the
//! frameworks print them, conditions on the numbers in them, a cause, a repair, and the rules that find the fault
//! before training. No rule is judged here.

mod captured;
mod files;
mod keras;
mod keras_labels;
mod pattern;
mod plain;
mod runs;
mod serving;
mod sklearn;
mod torch;
mod torch_labels;

use std::cmp::Reverse;
use std::ops::Range;

use captured::Captured;

pub use plain::MOST;

/// Causes that are named at most.
const SHOWN: usize = 3;
/// Occurrences of one text that are looked at for one whose numbers meet the condition.
const TRIED: usize = 256;

/// A text of a framework and its usual cause.
#[derive(Debug)]
pub struct Entry {
    /// The name of the entry, unique.
    pub id: &'static str,
    /// Who prints the text.
    pub said_by: &'static str,
    /// Any of these; each a list of patterns that all have to occur. See `pattern.rs` for their language.
    texts: &'static [&'static [&'static str]],
    /// Whether the numbers in the text speak for this cause. Works out further values for the templates.
    when: fn(&mut Captured) -> bool,
    /// How much the text tells.
    grade: Grade,
    /// The cause as a clause, with `{name}` for what was captured. So are the next two.
    cause: &'static str,
    /// How one sees that, in sentences.
    why: &'static str,
    /// Python to paste.
    fix: &'static str,
    /// The rules that find it in dumped batches.
    pub rules: &'static [&'static str],
}

/// How much a text tells about its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    /// Many things can be behind it: only worth a word where nothing else is recognised.
    Vague,
    /// The words name the fault.
    Named,
    /// The numbers in it show the fault.
    Shown,
}

/// What most entries have in common.
const ENTRY: Entry = Entry {
    id: "",
    said_by: "",
    texts: &[],
    when: |_| true,
    grade: Grade::Named,
    cause: "",
    why: "",
    fix: "",
    rules: &[],
};

static TABLES: &[&[Entry]] = &[
    keras::ENTRIES,
    keras_labels::ENTRIES,
    runs::ENTRIES,
    torch::ENTRIES,
    torch_labels::ENTRIES,
    serving::ENTRIES,
    sklearn::ENTRIES,
    files::ENTRIES,
];

/// A recognised text.
#[derive(Debug, Clone)]
pub struct Cause {
    /// What was recognised.
    pub entry: &'static Entry,
    /// The likely cause, a clause.
    pub cause: String,
    /// How one sees that, in sentences, with the numbers of the text.
    pub why: String,
    /// Python to paste; may have several lines.
    pub fix: String,
}

/// Every entry there is.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    TABLES.iter().copied().flatten()
}

/// The likely causes of an error text, the best first, at most three. The text may be a whole traceback; at most
/// [`MOST`] bytes of it are looked at. Of entries that recognise the same words only the most telling is kept.
#[must_use]
pub fn decode(text: &str) -> Vec<Cause> {
    let text = plain::plain(text);
    let mut matches: Vec<Match> = entries().filter_map(|entry| Match::find(entry, &text)).collect();
    matches.sort_by_key(|found| Reverse(found.weight()));
    let mut kept: Vec<Match> = Vec::new();
    for found in matches {
        let vague = found.entry.grade == Grade::Vague;
        let beaten = |best: &Match| {
            best.weight() > found.weight() && (best.overlaps(&found) || (vague && best.entry.grade != Grade::Vague))
        };
        if !kept.iter().any(beaten) {
            kept.push(found);
        }
    }
    kept.truncate(SHOWN);
    kept.into_iter().map(Match::cause).collect()
}

/// An entry, and where in the text it was found.
struct Match {
    entry: &'static Entry,
    spans: Vec<Range<usize>>,
    captured: Captured,
    literals: usize,
}

impl Match {
    fn find(entry: &'static Entry, text: &str) -> Option<Self> {
        let found = entry.texts.iter().filter_map(|patterns| Self::find_all(entry, patterns, text));
        found.max_by_key(|found| found.literals)
    }

    /// The first occurrence of the first pattern that meets the condition, with the first of each other one.
    fn find_all(entry: &'static Entry, patterns: &[&'static str], text: &str) -> Option<Self> {
        let (first, others) = patterns.split_first()?;
        let others: Vec<_> =
            others.iter().map(|other| pattern::occurrences(other, text).next()).collect::<Option<_>>()?;
        pattern::occurrences(first, text).take(TRIED).find_map(|found| {
            let mut captured = found.captured;
            let mut literals = found.literals;
            let mut spans = vec![found.span];
            for other in &others {
                captured.extend(&other.captured);
                literals += other.literals;
                spans.push(other.span.clone());
            }
            (entry.when)(&mut captured).then_some(Self { entry, spans, captured, literals })
        })
    }

    fn weight(&self) -> (Grade, usize) {
        (self.entry.grade, self.literals)
    }

    fn overlaps(&self, other: &Self) -> bool {
        let both = |a: &Range<usize>, b: &Range<usize>| a.start < b.end && b.start < a.end;
        self.spans.iter().any(|a| other.spans.iter().any(|b| both(a, b)))
    }

    fn cause(self) -> Cause {
        let fill = |template| self.captured.fill(template);
        Cause { entry: self.entry, cause: fill(self.entry.cause), why: fill(self.entry.why), fix: fill(self.entry.fix) }
    }
}
