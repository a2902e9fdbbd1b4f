//! The pipeline of `check`: the only file that names every stage.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::config::{Level, Settings};
use crate::error::Error;
use crate::facts::group::{Alike, alike, by_header};
use crate::facts::{self, Cell, Facts, Stream};
use crate::rules::{
    ArrayCx, BatchCx, Findings, Judge, Looked, SetsCx, SourceCx, SpecCx, StreamCx, ValuesCx, swapped_arrays,
};
use crate::source::walk::Unmatched;
use crate::source::{self, ArrayFacts, FaultKind, Progress, Reading, SourceFacts, Target};
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
    let mut walked = source::walk::walk(&settings.paths);
    let against = walked.beside(source::walk::walk(&settings.against));
    let facts = Facts::new(source::scan_all(&walked.targets));
    let facts = read(facts, &walked.targets, &spec, &rules, settings, progress);
    drop(walked.targets);
    let fail_on = settings.fail_on.or(fail_on).unwrap_or(Level::Error);
    let report = judge(&spec, &facts, &rules, &against, fail_on, settings);
    Ok(Checked { spec, report, found, unmatched: walked.unmatched })
}

/// Reads the values that the rules want to look at.
fn read(
    facts: Facts,
    targets: &[Target],
    spec: &Spec,
    rules: &Rules,
    settings: &Settings,
    progress: &Progress,
) -> Facts {
    let wants = rules.all().iter().fold(Wants::NOTHING, |wants, active| wants.or(active.rule.needs.values));
    let checksums = rules.active("corrupt-member").is_some();
    if settings.headers_only || !(wants.any() || checksums) {
        return facts;
    }
    let streams = facts::assemble(&facts, spec);
    let questions = facts::asks::questions(facts.sources(), &streams, spec, wants, checksums);
    drop(streams);
    let by_path: HashMap<&str, &Target> = targets.iter().map(|target| (&*target.path, target)).collect();
    let mut sources = facts.into_sources();
    let limits = source::Limits { array_bytes: settings.max_bytes_per_array };
    let target = |source: &SourceFacts| by_path.get(&*source.path).copied();
    source::read_all(&mut sources, &questions, target, limits, progress);
    Facts::new(sources)
}

/// Judges facts: every rule that runs, on everything that it looks at.
/// `against` has the names of the streams that are held against the others.
fn judge(
    spec: &Spec,
    facts: &Facts,
    rules: &Rules,
    against: &BTreeSet<Arc<str>>,
    fail_on: Level,
    settings: &Settings,
) -> Report {
    let streams = facts::assemble(facts, spec);
    let mut verdict = Verdict::new(spec);
    let declared = !spec.arrays.is_empty();
    let swapped: Vec<Vec<(usize, usize)>> = match rules.active("swapped-arrays") {
        Some(_) => streams.iter().map(|stream| swapped_arrays::pairs(spec, stream)).collect(),
        None => vec![Vec::new(); streams.len()],
    };
    let pieces: Vec<Pieces<'_>> = streams.iter().map(Pieces::of).collect();
    let sets = facts::sets::pairs(&streams, spec, |stream| against.contains(&*stream.name));
    let mut out = Findings::default();
    for active in rules.all() {
        // Whoever compares content cannot do without it.
        let needs_values = matches!(active.rule.judge, Judge::Values(_)) || active.rule.needs.values.hashes;
        if needs_values && settings.headers_only {
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
            Judge::Sets(judge) => {
                for (pool, (first, second)) in sets.iter().enumerate() {
                    let looked = judge(&SetsCx { spec, first, second }, &mut out);
                    add("", streams.len() + 1 + pool, looked, &mut out);
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

fn coverage(facts: &Facts, streams: &[Stream<'_>]) -> Coverage {
    let whole =
        facts.sources().iter().flat_map(|source| source.arrays.iter().filter(|array| !is_cut_short(source, array)));
    let bytes = whole.fold(0_u64, |sum, array| sum.saturating_add(array.header.bytes()));
    Coverage {
        sources: facts.sources().len() as u64,
        batches: streams.iter().map(|stream| stream.batches.len() as u64).sum(),
        samples: streams.iter().try_fold(0_u64, |sum, stream| sum.checked_add(stream.rows()?)),
        bytes,
        values_read: facts.sources().iter().flat_map(|source| &source.arrays).any(|array| array.reading.is_some()),
    }
}

/// Whether the file holds less of the array than its header asks for, so that the header's bytes are not there.
fn is_cut_short(source: &SourceFacts, array: &ArrayFacts) -> bool {
    source.faults.iter().any(|fault| {
        matches!(fault.kind, FaultKind::Truncated(_)) && fault.member == array.member && fault.ordinal == array.ordinal
    })
}
