//! The pipeline of `check`: the only file that names every stage.

use crate::config::{Level, Settings};
use crate::error::Error;
use crate::facts::group::{Alike, alike, by_header};
use crate::facts::{self, Cell, Facts, Stream};
use crate::rules::{ArrayCx, BatchCx, Findings, Judge, Looked, SourceCx, SpecCx, StreamCx, swapped_arrays};
use crate::source::walk::Unmatched;
use crate::source::{self, ArrayFacts, FaultKind, SourceFacts};
use crate::spec::{self, Found, Loaded, Spec};
use crate::verdict::select::{self, Rules};
use crate::verdict::{Active, Coverage, NO_SPEC, Report, Verdict};

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
pub fn check(settings: &Settings) -> Result<Checked, Error> {
    let known = |name: &str| select::named(name).map(|_| ());
    let Loaded { spec, selection, fail_on, found } =
        spec::load(settings.spec.as_deref(), &settings.overrides, &settings.directory, known)?;
    let rules = Rules::new(&selection.and(&settings.selection))?;
    let walked = source::walk::walk(&settings.paths);
    let facts = Facts::new(source::scan_all(&walked.targets));
    drop(walked.targets);
    let report = judge(&spec, &facts, &rules, settings.fail_on.or(fail_on).unwrap_or(Level::Error), settings);
    Ok(Checked { spec, report, found, unmatched: walked.unmatched })
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
    if let Some(active) = rules.active("not-evaluated") {
        unread(&mut verdict, &active, spec);
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

/// Notes the lines of the spec that speak of values, since values are not read.
fn unread(verdict: &mut Verdict<'_>, active: &Active, spec: &Spec) {
    for declared in &spec.arrays {
        let lines = [
            ("values", declared.values.is_some()),
            ("encoding", declared.encoding.is_some()),
            ("classes", declared.classes.is_some()),
            ("ignore", declared.ignore.is_some()),
        ];
        let lines: Vec<String> = lines.iter().filter(|(_, given)| *given).map(|(key, _)| format!("`{key}`")).collect();
        if !lines.is_empty() {
            let why = format!("values were not read, so what the spec says of {} is not checked", lines.join(", "));
            verdict.blind(active, &declared.name, why);
        }
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
        values_read: false,
    }
}

/// Whether the file holds less of the array than its header asks for, so that the header's bytes are not there.
fn is_cut_short(source: &SourceFacts, array: &ArrayFacts) -> bool {
    source.faults.iter().any(|fault| {
        matches!(fault.kind, FaultKind::Truncated(_)) && fault.member == array.member && fault.ordinal == array.ordinal
    })
}
