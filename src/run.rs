//! The pipeline of `check` and `inspect`: the only file that names every stage.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use crate::config::{Level, Settings};
use crate::error::Error;
use crate::facts::group::{Alike, alike, by_header};
use crate::facts::{self, Cell, Facts, Stream};
use crate::rules::{ArrayCx, BatchCx, Findings, Judge, Looked, SourceCx, SpecCx, StreamCx, ValuesCx, swapped_arrays};
use crate::source::walk::Unmatched;
use crate::source::{self, ArrayFacts, FaultKind, Progress, Question, Reading, SourceFacts, Target};
use crate::spec::{self, Found, Loaded, Spec};
use crate::values::{Unread, ValueFacts, Wants};
use crate::verdict::select::{self, Rules};
use crate::verdict::{Coverage, HEADERS_ONLY, NO_SPEC, Report, Verdict};

/// The result of a check, with what is needed to show it.
#[derive(Debug)]
pub struct Checked {
    /// What it was measured against.
    pub spec: Spec,
    /// What came of it.
    pub report: Report,
    /// Which file the spec came from, and how it was found.
    pub found: Found,
    /// The arguments that stand for no file.
    pub unmatched: Vec<Unmatched>,
}

/// Checks the files that the settings name against the spec that applies.
pub fn check(settings: &Settings, progress: &Progress) -> Result<Checked, Error> {
    let known = |name: &str| select::named(name).map(|_| ());
    let Loaded { spec, selection, fail_on, found } =
        spec::load(settings.spec.as_deref(), &settings.overrides, &settings.directory, known)?;
    let rules = Rules::new(&selection.and(&settings.selection))?;
    let wants = rules.all().iter().fold(Wants::NOTHING, |wants, active| wants.or(active.rule.needs.values));
    let looking = Looking { wants, checksums: rules.active("corrupt-member").is_some(), all: false };
    let (facts, unmatched) = if settings.facts.is_empty() {
        gather(&spec, looking, settings, progress)
    } else {
        (recall(saved(&settings.facts)?, &spec, looking, settings), Vec::new())
    };
    let report = judge(&spec, &facts, &rules, settings.fail_on.or(fail_on).unwrap_or(Level::Error), settings);
    Ok(Checked { spec, report, found, unmatched })
}

/// What was seen, for somebody who looks at it.
#[derive(Debug)]
pub struct Inspected {
    /// What names the arrays and asks about their values.
    pub spec: Spec,
    /// What was seen.
    pub facts: Facts,
    /// Which file the spec came from, and how it was found.
    pub found: Found,
    /// The arguments that stand for no file.
    pub unmatched: Vec<Unmatched>,
}

/// Looks at the files that the settings name, at `wants` of their values and at all of their checksums.
pub fn inspect(settings: &Settings, wants: Wants, progress: &Progress) -> Result<Inspected, Error> {
    let known = |name: &str| select::named(name).map(|_| ());
    let Loaded { spec, found, .. } =
        spec::load(settings.spec.as_deref(), &settings.overrides, &settings.directory, known)?;
    let looking = Looking { wants, checksums: true, all: true };
    let (facts, unmatched) = gather(&spec, looking, settings, progress);
    Ok(Inspected { spec, facts, found, unmatched })
}

/// What is looked at.
#[derive(Clone, Copy)]
struct Looking {
    /// Of the values.
    wants: Wants,
    /// Whether members of archives are read for their checksums alone.
    checksums: bool,
    /// Whether arrays that the spec does not name are looked at, where it names any.
    all: bool,
}

/// Finds the files and reads them.
fn gather(spec: &Spec, looking: Looking, settings: &Settings, progress: &Progress) -> (Facts, Vec<Unmatched>) {
    let walked = source::walk::walk(&settings.paths);
    let facts = Facts::new(source::scan_all(&walked.targets));
    (read(facts, &walked.targets, spec, looking, settings, progress), walked.unmatched)
}

/// Reads the values that somebody wants to look at.
fn read(
    facts: Facts,
    targets: &[Target],
    spec: &Spec,
    looking: Looking,
    settings: &Settings,
    progress: &Progress,
) -> Facts {
    if settings.headers_only || !(looking.wants.any() || looking.checksums) {
        return facts;
    }
    let questions = questions(&facts, spec, looking);
    let by_path: HashMap<&str, &Target> = targets.iter().map(|target| (&*target.path, target)).collect();
    let mut sources = facts.into_sources();
    let limits = source::Limits { array_bytes: settings.max_bytes_per_array };
    let target = |source: &SourceFacts| by_path.get(&*source.path).copied();
    source::read_all(&mut sources, &questions, target, limits, progress);
    Facts::new(sources)
}

/// What is asked of each source.
fn questions(facts: &Facts, spec: &Spec, looking: Looking) -> Vec<Vec<Question>> {
    let streams = facts::assemble(facts, spec);
    facts::asks::questions(facts.sources(), &streams, spec, looking.wants, looking.checksums, looking.all)
}

/// The facts that were saved in these files, together.
fn saved(files: &[PathBuf]) -> Result<Facts, Error> {
    files.iter().try_fold(Facts::default(), |facts, path| {
        let name = source::text::shown(&path.display().to_string(), 400);
        let file = File::open(path).map_err(|error| Error::plain(format!("cannot read {name}: {error}")))?;
        let more = facts::saved::read(&mut BufReader::new(file));
        Ok(facts.merge(more.map_err(|error| Error::plain(format!("{name}: {error}")))?))
    })
}

/// Saved facts as if they had been read from the data just now.
fn recall(facts: Facts, spec: &Spec, looking: Looking, settings: &Settings) -> Facts {
    if settings.headers_only || !(looking.wants.any() || looking.checksums) {
        return facts::recall::headers(facts);
    }
    let questions = questions(&facts, spec, looking);
    facts::recall::recall(facts, &questions, settings.max_bytes_per_array)
}

/// Judges facts: every rule that runs, on everything that it looks at.
fn judge(spec: &Spec, facts: &Facts, rules: &Rules, fail_on: Level, settings: &Settings) -> Report {
    let streams = facts::assemble(facts, spec);
    let mut verdict = Verdict::new(spec);
    let declared = !spec.arrays.is_empty();
    let swapped: Vec<Vec<(usize, usize)>> = match rules.active("swapped-arrays") {
        Some(_) => streams.iter().map(|stream| swapped_arrays::pairs(spec, stream)).collect(),
        None => vec![Vec::new(); streams.len()],
    };
    let pieces: Vec<Pieces<'_>> = streams.iter().map(Pieces::of).collect();
    let mut out = Findings::default();
    for active in rules.all() {
        if matches!(active.rule.judge, Judge::Values(_)) && settings.headers_only {
            if facts.arrays() > 0 {
                verdict.blind(active, "", HEADERS_ONLY);
            }
            continue;
        }
        if active.rule.needs.spec && !declared && !spec.plan.is_declared() {
            if facts.arrays() > 0 {
                verdict.blind(active, "", NO_SPEC);
            }
            continue;
        }
        let mut add = |subject: &str, pool: usize, looked: Looked, out: &mut Findings| {
            verdict.add(active, subject, pool, &looked, out.take());
        };
        match active.rule.judge {
            Judge::Spec(judge) => {
                let looked = judge(&SpecCx { spec }, &mut out);
                add("", 0, looked, &mut out);
            }
            Judge::Source(judge) => {
                let of = facts.sources().len() as u64;
                let faulty = facts.sources().iter().filter(|source| !source.faults.is_empty());
                if of > 0 {
                    add("", streams.len(), Looked::Yes, &mut out);
                }
                for source in faulty {
                    let looked = judge(&SourceCx { spec, source, of }, &mut out);
                    add("", streams.len(), looked, &mut out);
                }
            }
            Judge::Array(judge) => {
                for (pool, stream) in streams.iter().enumerate() {
                    // Arrays in each other's place break every claim of their declarations, and one rule says why.
                    let skip = if active.rule.needs.spec { &swapped[pool] } else { &Vec::new() };
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
                    let skip = if active.rule.needs.spec { &swapped[pool] } else { &Vec::new() };
                    each_column(spec, stream, skip, |subject, cx, unread| {
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
            Judge::Stream(judge) => {
                for (pool, stream) in streams.iter().enumerate().filter(|(_, stream)| stream.related) {
                    let looked = judge(&StreamCx { spec, stream }, &mut out);
                    add("", pool, looked, &mut out);
                }
            }
            Judge::Verdict => {}
        }
    }
    verdict.report(rules, coverage(facts, &streams), fail_on, settings.all_places)
}

/// Everything that rules look at one by one, worked out once for all of them.
struct Pieces<'f> {
    /// The cells of each column by header: index into `stream.columns`, and the group.
    arrays: Vec<(usize, Vec<Cell<'f>>)>,
    /// The batches by their headers.
    batches: Vec<Alike<'f>>,
}

impl<'f> Pieces<'f> {
    fn of(stream: &Stream<'f>) -> Self {
        let columns = stream.columns.iter().enumerate();
        let arrays = columns.flat_map(|(index, column)| by_header(column).into_iter().map(move |cells| (index, cells)));
        Self { arrays: arrays.collect(), batches: alike(stream) }
    }
}

/// Calls `judge` for every group of equal headers of every column but those in `skip`.
fn each_array(
    spec: &Spec,
    stream: &Stream<'_>,
    pieces: &Pieces<'_>,
    skip: &[(usize, usize)],
    mut judge: impl FnMut(&ArrayCx<'_>),
) {
    for (index, cells) in &pieces.arrays {
        if skip.iter().any(|(a, b)| a == index || b == index) {
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

/// Calls `judge` for every column but those in `skip`: with its values, where some were read, and with the reason why
/// others are not known, where there are such.
fn each_column(
    spec: &Spec,
    stream: &Stream<'_>,
    skip: &[(usize, usize)],
    mut judge: impl FnMut(&str, Option<&ValuesCx<'_>>, Option<String>),
) {
    for (index, column) in stream.columns.iter().enumerate() {
        if skip.iter().any(|(a, b)| *a == index || *b == index) {
            continue;
        }
        let declared = column.declared.and_then(|index| spec.arrays.get(index));
        let cells: Vec<(Cell<'_>, &ValueFacts)> =
            column.cells.iter().filter_map(|cell| Some((*cell, cell.array.values()?))).collect();
        let unread = column.cells.iter().find_map(|cell| match cell.array.reading.as_deref()? {
            // What holds no numbers breaks no rule about them.
            Reading::Unread(Unread::UnknownType | Unread::NoBytes) | Reading::Read(_) => None,
            Reading::Unread(why) => {
                Some(format!("the values of `{}` are not known: {}", source::text::shown(&column.name, 80), why.why()))
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

fn coverage(facts: &Facts, streams: &[Stream<'_>]) -> Coverage {
    let whole =
        facts.sources().iter().flat_map(|source| source.arrays.iter().filter(|array| !is_cut_short(source, array)));
    let bytes = whole.fold(0_u64, |sum, array| sum.saturating_add(array.header.bytes()));
    let readings =
        || facts.sources().iter().flat_map(|source| &source.arrays).filter_map(|array| array.reading.as_deref());
    Coverage {
        asked: readings().count() as u64,
        interrupted: readings().filter(|reading| matches!(reading, Reading::Unread(Unread::Interrupted))).count()
            as u64,
        sources: facts.sources().len() as u64,
        batches: streams.iter().map(|stream| stream.batches.len() as u64).sum(),
        samples: streams.iter().try_fold(0_u64, |sum, stream| sum.checked_add(stream.rows()?)),
        bytes,
        values_read: readings().any(|reading| !matches!(reading, Reading::Unread(Unread::NotSaved))),
    }
}

/// Whether the file holds less of the array than its header asks for, so that the header's bytes are not there.
fn is_cut_short(source: &SourceFacts, array: &ArrayFacts) -> bool {
    source.faults.iter().any(|fault| {
        matches!(fault.kind, FaultKind::Truncated(_)) && fault.member == array.member && fault.ordinal == array.ordinal
    })
}
