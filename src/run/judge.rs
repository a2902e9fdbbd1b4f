//! Every rule that runs, on everything that it looks at.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::{Level, Settings};
use crate::facts::group::{Alike, alike, by_header};
use crate::facts::{self, Cell, Facts, Stream};
use crate::rules::{
    ArrayCx, BatchCx, CaptureCx, Findings, Judge, Looked, Rule, SetsCx, SourceCx, SpecCx, StreamCx, ValuesCx,
    swapped_arrays, target_encoding,
};
use crate::source::{self, ArrayFacts, Capture, FaultKind, Reading, SourceFacts};
use crate::spec::Spec;
use crate::values::marked::marking;
use crate::values::{Unread, ValueFacts};
use crate::verdict::baseline::Baseline;
use crate::verdict::select::Rules;
use crate::verdict::{Coverage, HEADERS_ONLY, NO_SPEC, Report, Showing, Verdict};

/// Why nobody knows more of the values.
const SPARED: &str = "the check had failed before all values were read, and `--fail-fast` ends the reading then";

/// Judges facts: every rule that runs, on everything that it looks at.
/// `against` has the names of the streams that are held against the others.
pub(super) fn judge(
    spec: &Spec,
    facts: &Facts,
    rules: &Rules,
    against: &BTreeSet<Arc<str>>,
    fail_on: Level,
    baseline: Option<&Baseline>,
    settings: &Settings,
) -> Report {
    let named = || facts.sources().iter().map(|source| source.path.to_string()).collect();
    let showing = Showing {
        fail_on,
        all_places: settings.all_places,
        redacted: settings.redact,
        baseline,
        count: settings.count,
        sources: &if baseline.is_some() { named() } else { BTreeSet::new() },
    };
    marking(settings.redact, || all(spec, facts, rules, against, showing, settings))
}

fn all(
    spec: &Spec,
    facts: &Facts,
    rules: &Rules,
    against: &BTreeSet<Arc<str>>,
    showing: Showing<'_>,
    settings: &Settings,
) -> Report {
    let streams = facts::assemble(facts, spec);
    let mut verdict = Verdict::new(spec);
    let lack = lack(facts, &mut verdict);
    let told =
        |id: &str| rules.active(id).is_some_and(|active| lack.blinds(active.rule).is_none()) && !lack.is_of_files();
    let explained: Vec<Explained> = streams.iter().map(|stream| Explained::of(spec, stream, told)).collect();
    let pieces: Vec<Pieces<'_, '_>> = streams.iter().map(Pieces::of).collect();
    let sets = facts::sets::pairs(&streams, spec, |stream| against.contains(&*stream.name));
    let mut out = Findings::default();
    let any = facts.arrays() > 0;
    let faulty: Vec<&SourceFacts> = facts.sources().iter().filter(|source| !source.faults.is_empty()).collect();
    for active in rules.all() {
        let why = match blind(active.rule, spec, settings) {
            Some(_) if !any => continue,
            why => why.or_else(|| lack.blinds(active.rule)),
        };
        if let Some(why) = why {
            verdict.blind(active, "", why);
            continue;
        }
        let mut add = |subject: &str, pool, looked, out: &mut Findings| {
            verdict.add(active, subject, pool, &looked, out.take());
        };
        match active.rule.judge {
            Judge::Spec(judge) => {
                let looked = judge(&SpecCx { spec }, &mut out);
                add("", 0, looked, &mut out);
            }
            Judge::Source(judge) => {
                let of = facts.sources().len() as u64;
                if of > 0 {
                    add("", streams.len(), Looked::Yes, &mut out);
                }
                for source in &faulty {
                    let looked = judge(&SourceCx { spec, source, of }, &mut out);
                    add("", streams.len(), looked, &mut out);
                }
                if active.rule.needs.values.checksums
                    && let Some(why) = unchecked(facts, settings)
                {
                    verdict.blind(active, "", why);
                }
            }
            Judge::Array(judge) => {
                for (pool, stream) in streams.iter().enumerate() {
                    let hides = |column, batch| explained[pool].hides(active.rule, column, batch);
                    let skip = explained[pool].skip(&hides);
                    each_array(spec, stream, &pieces[pool], skip, |cx| {
                        let looked = judge(cx, &mut out);
                        // What the spec does not name is one check of the run; there may be 70,000 of them.
                        let subject = cx.declared.map_or("", |declared| declared.name.as_str());
                        add(subject, pool, looked, &mut out);
                    });
                }
            }
            Judge::Values(judge) => {
                for (pool, stream) in streams.iter().enumerate() {
                    let hides = |column, batch| explained[pool].hides(active.rule, column, batch);
                    let skip = explained[pool].skip(&hides);
                    each_column(spec, stream, active.rule, skip, |subject, cx, unread| {
                        let looked = cx.map_or(Looked::No, |cx| judge(cx, &mut out));
                        let foreign = !settings.facts.is_empty() && active.rule.needs.spec;
                        let unread = unread.or_else(|| cx.filter(|_| foreign).and_then(unanswered));
                        let looked = match unread {
                            Some(why) if out.as_slice().is_empty() => Looked::Unable(why),
                            _ => looked,
                        };
                        add(subject, pool, looked, &mut out);
                    });
                }
            }
            Judge::Batch(judge) => {
                for (pool, stream) in streams.iter().enumerate() {
                    for alike in &pieces[pool].batches {
                        let cx = BatchCx { spec, stream, arrays: &alike.arrays, batches: &alike.batches };
                        let looked = judge(&cx, &mut out);
                        add("", pool, looked, &mut out);
                    }
                }
            }
            Judge::Capture(judge) => {
                for capture in facts.captures() {
                    let looked = judge(&CaptureCx { spec, capture, batches: batches(facts, capture) }, &mut out);
                    add("", 0, looked, &mut out);
                }
            }
            Judge::Sets(judge) => {
                for (pool, (first, second)) in sets.iter().enumerate() {
                    let looked = judge(&SetsCx { spec, first, second }, &mut out);
                    add("", streams.len() + 1 + pool, looked, &mut out);
                }
            }
            Judge::Stream(judge) => {
                for (pool, stream) in streams.iter().enumerate().filter(|(_, stream)| stream.related) {
                    add("", pool, judge(&StreamCx { spec, stream }, &mut out), &mut out);
                }
            }
            Judge::Verdict => {}
        }
    }
    verdict.report(rules, coverage(facts, &streams), showing)
}

/// Why a rule cannot look at all.
fn blind(rule: &Rule, spec: &Spec, settings: &Settings) -> Option<&'static str> {
    // Whoever compares content cannot do without it.
    let needs_values = matches!(rule.judge, Judge::Values(_)) || rule.needs.values.hashes;
    let declared = !spec.arrays.is_empty() || spec.plan.is_declared();
    if needs_values && settings.headers_only {
        return Some(HEADERS_ONLY);
    }
    (rule.needs.spec && !declared).then_some(NO_SPEC)
}

/// What is missing of the data.
enum Lack {
    Nothing,
    /// Files of shards.
    Files(String),
    /// Values of which nobody wanted to know more.
    Values,
}

impl Lack {
    /// Why the rule cannot look, if what it finds depends on what is missing.
    fn blinds(&self, rule: &Rule) -> Option<&str> {
        match self {
            Self::Nothing => None,
            Self::Files(why) => needs_all(rule).then_some(why),
            Self::Values => (needs_all(rule) && rule.needs.values.any()).then_some(SPARED),
        }
    }

    fn is_of_files(&self) -> bool {
        matches!(self, Self::Files(_))
    }
}

/// What is missing of the data; the verdict is told.
fn lack(facts: &Facts, verdict: &mut Verdict<'_>) -> Lack {
    if let Some(lack) = facts.parts().lack() {
        let why = format!("{lack}, and nothing is known of what is in them");
        verdict.partial(&why, facts.parts().help());
        return Lack::Files(why);
    }
    if readings(facts).any(is_spared) {
        verdict.ended(SPARED, "fix what was found, or leave out `--fail-fast` to see all of it");
        return Lack::Values;
    }
    Lack::Nothing
}

/// What came of all looks at values.
fn readings(facts: &Facts) -> impl Iterator<Item = &Reading> {
    facts.sources().iter().flat_map(|source| &source.arrays).filter_map(|array| array.reading.as_deref())
}

fn is_spared(reading: &Reading) -> bool {
    matches!(reading, Reading::Unread(Unread::Spared))
}

/// Whether what the rule finds depends on files that may be in a shard that is missing.
fn needs_all(rule: &Rule) -> bool {
    !rule.stands_alone() && !matches!(rule.judge, Judge::Spec(_) | Judge::Capture(_) | Judge::Verdict)
}

/// Arrays that break every claim of their declarations for a reason that one rule tells, so that the others need not.
struct Explained {
    /// Columns in each other's place.
    swapped: Vec<(usize, usize)>,
    /// Targets in another encoding, by column and batch.
    encoded: BTreeSet<(usize, usize)>,
}

impl Explained {
    /// `told` says whether the rule with that id has its say.
    fn of(spec: &Spec, stream: &Stream<'_>, told: impl Fn(&str) -> bool) -> Self {
        Self {
            swapped: if told("swapped-arrays") { swapped_arrays::pairs(spec, stream) } else { Vec::new() },
            encoded: if told("target-encoding") { target_encoding::encoded(spec, stream) } else { BTreeSet::new() },
        }
    }

    /// What to skip, where there is anything.
    fn skip<'h>(&self, hides: Skip<'h>) -> Option<Skip<'h>> {
        (!self.swapped.is_empty() || !self.encoded.is_empty()).then_some(hides)
    }

    /// Whether the rule has nothing to say of that array.
    fn hides(&self, rule: &Rule, column: usize, batch: usize) -> bool {
        rule.needs.spec
            && (self.swapped.iter().any(|(a, b)| *a == column || *b == column)
                || (rule.id != "target-encoding" && self.encoded.contains(&(column, batch))))
    }
}

/// Everything that rules look at one by one, worked out once for all of them.
struct Pieces<'s, 'f> {
    /// The cells of each column by header: index into `stream.columns`, and the group.
    arrays: Vec<(usize, Cow<'s, [Cell<'f>]>)>,
    /// The batches by their headers.
    batches: Vec<Alike<'f>>,
}

impl<'s, 'f> Pieces<'s, 'f> {
    fn of(stream: &'s Stream<'f>) -> Self {
        let columns = stream.columns.iter().enumerate();
        let arrays = columns.flat_map(|(index, column)| by_header(column).into_iter().map(move |cells| (index, cells)));
        Self { arrays: arrays.collect(), batches: alike(stream) }
    }
}

/// Calls `judge` for every group of equal headers of every column, without the arrays to skip, by column and batch.
fn each_array(
    spec: &Spec,
    stream: &Stream<'_>,
    pieces: &Pieces<'_, '_>,
    skip: Option<Skip<'_>>,
    mut judge: impl FnMut(&ArrayCx<'_>),
) {
    for (index, cells) in &pieces.arrays {
        let kept = kept(*index, cells, skip);
        let cells: &[Cell<'_>] = &kept;
        if cells.is_empty() {
            continue;
        }
        let column = &stream.columns[*index];
        judge(&ArrayCx {
            spec,
            stream,
            declared: column.declared.and_then(|index| spec.arrays.get(index)),
            name: &column.name,
            header: &cells[0].array.header,
            cells,
            of: column.cells.len() as u64,
        });
    }
}

/// Calls `judge` for every column, without the arrays to skip: with its values, where some were read, and with the
/// reason why others are not known, where there are such.
fn each_column(
    spec: &Spec,
    stream: &Stream<'_>,
    rule: &Rule,
    skip: Option<Skip<'_>>,
    mut judge: impl FnMut(&str, Option<&ValuesCx<'_>>, Option<String>),
) {
    for (index, column) in stream.columns.iter().enumerate() {
        let kept = kept(index, &column.cells, skip);
        if kept.is_empty() {
            continue;
        }
        let declared = column.declared.and_then(|index| spec.arrays.get(index));
        let cells: Vec<(Cell<'_>, &ValueFacts)> =
            kept.iter().filter_map(|cell| Some((*cell, cell.array.values()?))).collect();
        // What holds nothing that the rule looks at breaks no rule about it.
        let concerned = kept.iter().filter(|cell| rule.needs.values.concern(&cell.header().dtype));
        let unread = concerned.into_iter().find_map(|cell| match cell.array.reading.as_deref()? {
            Reading::Unread(Unread::UnknownType | Unread::NoBytes) | Reading::Read(_) => None,
            Reading::Unread(Unread::Spared) => Some(SPARED.to_owned()),
            Reading::Unread(why) => {
                let of = match &*column.name {
                    "" => "an array".to_owned(),
                    name => format!("`{}`", source::text::shown(name, 80)),
                };
                Some(format!("the values of {of} are not known: {}", why.why()))
            }
        });
        // What the spec does not name is one check of the run.
        let subject = declared.map_or("", |declared| declared.name.as_str());
        let of = column.cells.len() as u64;
        let cx = ValuesCx { spec, stream, declared, name: &column.name, cells: &cells, of };
        judge(subject, (!cells.is_empty()).then_some(&cx), unread);
    }
}

/// What saved facts do not tell of a declared array, because they were saved for another spec.
fn unanswered(cx: &ValuesCx<'_>) -> Option<String> {
    let declared = cx.declared?;
    let asked = |(cell, values): &(Cell<'_>, &ValueFacts)| facts::asks::are_unanswered(declared, cell.header(), values);
    let name = || source::text::shown(cx.name, 80);
    cx.cells.iter().any(asked).then(|| format!("the saved facts do not tell what the spec asks about `{}`", name()))
}

/// Why the checksums of some members are not known to be right.
fn unchecked(facts: &Facts, settings: &Settings) -> Option<String> {
    let arrays = || facts.sources().iter().flat_map(|source| &source.arrays);
    let members = arrays().filter(|array| array.member.is_some());
    members.into_iter().find_map(|array| match array.reading.as_deref() {
        None if settings.headers_only => Some(HEADERS_ONLY.to_owned()),
        None => Some("some members were not read, so their checksums are not checked".to_owned()),
        Some(Reading::Unread(Unread::TooLarge { .. })) => {
            Some("members beyond `--max-bytes-per-array` were not read, so their checksums are not checked".to_owned())
        }
        Some(Reading::Unread(why @ Unread::Limit { .. })) => {
            Some(format!("some members were not read, so their checksums are not checked: {}", why.why()))
        }
        Some(Reading::Unread(Unread::Interrupted)) => {
            Some("the run was interrupted before all members were read, so their checksums are not checked".to_owned())
        }
        Some(Reading::Unread(Unread::Spared)) => Some(SPARED.to_owned()),
        Some(_) => None,
    })
}

/// Whether an array is to be left out, by column and batch.
type Skip<'s> = &'s dyn Fn(usize, usize) -> bool;

/// The cells of a column that are not to be left out; not copied where none is.
fn kept<'c, 'f>(column: usize, cells: &'c [Cell<'f>], skip: Option<Skip<'_>>) -> Cow<'c, [Cell<'f>]> {
    match skip {
        Some(skip) => Cow::Owned(cells.iter().copied().filter(|cell| !skip(column, cell.batch)).collect()),
        None => Cow::Borrowed(cells),
    }
}

/// How many batches the program handed out.
fn batches(facts: &Facts, capture: &Capture) -> u64 {
    facts.sources().iter().filter(|source| source.root == capture.root).count() as u64
}

fn coverage(facts: &Facts, streams: &[Stream<'_>]) -> Coverage {
    let whole =
        facts.sources().iter().flat_map(|source| source.arrays.iter().filter(|array| !is_cut_short(source, array)));
    let bytes = whole.fold(0_u64, |sum, array| sum.saturating_add(array.header.bytes()));
    let readings = || readings(facts);
    Coverage {
        asked: readings().count() as u64,
        interrupted: readings().filter(|reading| matches!(reading, Reading::Unread(Unread::Interrupted))).count()
            as u64,
        spared: readings().filter(|reading| is_spared(reading)).count() as u64,
        stopped: facts.captures().iter().any(Capture::is_stopped),
        sources: facts.sources().len() as u64,
        batches: streams.iter().map(|stream| stream.batches.len() as u64).sum(),
        samples: streams.iter().try_fold(0_u64, |sum, stream| sum.checked_add(stream.rows()?)),
        bytes,
        missing: facts.parts().missing().0,
        shards: facts.parts().missing().1,
        values_read: readings().any(|reading| !matches!(reading, Reading::Unread(Unread::NotSaved))),
    }
}

/// Whether the file holds less of the array than its header asks for, so that the header's bytes are not there.
fn is_cut_short(source: &SourceFacts, array: &ArrayFacts) -> bool {
    source.faults.iter().any(|fault| {
        matches!(fault.kind, FaultKind::Truncated(_)) && fault.member == array.member && fault.ordinal == array.ordinal
    })
}
