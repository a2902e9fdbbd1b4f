//! From findings about arrays and batches to what is done to them: the rules have said it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Draft, Op, Trust, trust_of};
use crate::diagnostic::repair::Step;
use crate::diagnostic::{Change, Diagnostic, Fix};
use crate::facts::{Cell, Stream};
use crate::source::{ArrayFacts, SourceFacts, SourceKind};
use crate::spec::Spec;
use crate::spec::dtype::Kind;
use crate::verdict::Report;

/// Where an array stands, by indices.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Spot {
    source: usize,
    array: usize,
    stream: usize,
    column: usize,
}

/// Every array of every batch, by what a finding says of its place: path, key, batch.
struct Index<'i> {
    spots: BTreeMap<(&'i str, Option<&'i str>, u64), Vec<Spot>>,
    streams: &'i [Stream<'i>],
}

impl<'i> Index<'i> {
    fn new(sources: &'i [SourceFacts], streams: &'i [Stream<'i>]) -> Self {
        let by_path: HashMap<&str, usize> = sources.iter().enumerate().map(|(i, source)| (&*source.path, i)).collect();
        let mut spots: BTreeMap<_, Vec<Spot>> = BTreeMap::new();
        for (stream, of) in streams.iter().enumerate() {
            for (column, cells) in of.columns.iter().enumerate() {
                for cell in &cells.cells {
                    let Some(source) = by_path.get(&*cell.source.path).copied() else { continue };
                    let Some(array) = place(cell) else { continue };
                    let key = Some(&*cell.array.key).filter(|key| !key.is_empty());
                    let spot = Spot { source, array, stream, column };
                    spots.entry((&*cell.source.path, key, cell.batch as u64)).or_default().push(spot);
                }
            }
        }
        Self { spots, streams }
    }

    /// The arrays that a finding is about.
    fn of(&self, diagnostic: &Diagnostic) -> BTreeSet<Spot> {
        let places = diagnostic.finding.places.iter();
        let spots =
            places.filter_map(|place| self.spots.get(&(place.source.as_str(), place.array.as_deref(), place.batch?)));
        spots.flatten().copied().collect()
    }

    /// The arrays of the batches that a finding is about.
    fn batches(&self, diagnostic: &Diagnostic) -> BTreeSet<Spot> {
        let places = &diagnostic.finding.places;
        let named = |spot: &Spot, batch: u64| {
            let name = self.streams[spot.stream].batches.get(usize::try_from(batch).unwrap_or(usize::MAX));
            name.is_some_and(|found| {
                let batch_is = |place: &crate::diagnostic::Place| place.batch.is_none_or(|number| number == batch);
                places.iter().any(|place| *place.source == *found.name && batch_is(place))
            })
        };
        let mut found = BTreeSet::new();
        for ((_, _, batch), spots) in &self.spots {
            found.extend(spots.iter().filter(|spot| named(spot, *batch)).copied());
        }
        found
    }
}

/// Which array of its file a cell is.
fn place(cell: &Cell<'_>) -> Option<usize> {
    cell.source.arrays.iter().position(|array| std::ptr::eq(array, cell.array))
}

/// What the findings about arrays and batches ask for.
pub(super) fn drafts(report: &Report, sources: &[SourceFacts], streams: &[Stream<'_>], spec: &Spec) -> Vec<Draft> {
    let index = Index::new(sources, streams);
    let mut drafts = Vec::new();
    for (number, diagnostic) in report.diagnostics.iter().enumerate() {
        let Some(fix) = diagnostic.finding.fix.as_ref() else { continue };
        let Some(change) = &fix.change else { continue };
        let mut draft = Draft {
            diagnostic: number,
            trust: trust(change, diagnostic, fix),
            ops: Vec::new(),
            refused: BTreeMap::new(),
        };
        match change {
            Change::Steps(steps) => {
                for spot in index.of(diagnostic) {
                    draft.ops.push(Op::Steps { source: spot.source, array: spot.array, steps: steps.clone() });
                }
            }
            Change::Throughout(steps) => {
                for spot in throughout(&index, diagnostic, steps, sources) {
                    draft.ops.push(Op::Steps { source: spot.source, array: spot.array, steps: steps.clone() });
                }
            }
            Change::Rename(name) => rename(&index, diagnostic, name, sources, spec, &mut draft),
            Change::Split(rows) => {
                for spot in index.batches(diagnostic) {
                    split(spot, *rows, sources, &mut draft);
                }
            }
            Change::LeaveOut => {
                for spot in index.batches(diagnostic) {
                    let op = Op::LeaveFile { source: spot.source };
                    if !draft.ops.iter().any(|known| known.source() == spot.source) {
                        draft.ops.push(op);
                    }
                    if sources[spot.source].kind == SourceKind::Npy && sources[spot.source].arrays.len() > 1 {
                        draft.refused.insert(spot.source, "other batches stand in the same file".into());
                    }
                }
            }
        }
        draft.ops.retain(|op| sources[op.source()].kind != SourceKind::Live);
        if !draft.ops.is_empty() {
            drafts.push(draft);
        }
    }
    drafts
}

/// What the change does to the data.
fn trust(change: &Change, diagnostic: &Diagnostic, fix: &Fix) -> Trust {
    let moves =
        |step: &Step| matches!(step, Step::Transpose(_) | Step::AddAxis(_) | Step::DropAxis(_) | Step::MergeAxes);
    match change {
        Change::Steps(steps) if steps.iter().all(moves) => Trust::Lossless("it moves values and changes none".into()),
        Change::Steps(_) => match trust_of(fix) {
            // What stands behind it is a likeness, not a proof.
            Trust::Unproved(text) if diagnostic.rule == "opaque-dtype" => Trust::Choice(text),
            Trust::Unproved(text) if diagnostic.rule == "target-encoding" => Trust::Choice(text),
            trust => trust,
        },
        Change::Throughout(_) => Trust::Choice(fix.proof.text()),
        Change::Rename(_) => Trust::Lossless("a new name changes no value".into()),
        Change::Split(_) => Trust::Lossless("the rows stay what they are, in their order".into()),
        Change::LeaveOut => Trust::Lossy(format!("{} of the last batch", diagnostic.finding.found)),
    }
}

/// The arrays of one name that a change concerns: all, but for those that show that they are right already.
fn throughout(index: &Index<'_>, diagnostic: &Diagnostic, steps: &[Step], sources: &[SourceFacts]) -> BTreeSet<Spot> {
    let at_fault = index.of(diagnostic);
    let columns: BTreeSet<(usize, usize)> = at_fault.iter().map(|spot| (spot.stream, spot.column)).collect();
    let scales = steps.iter().any(|step| matches!(step, Step::Scale { .. }));
    let all = index.spots.values().flatten().copied().filter(|spot| columns.contains(&(spot.stream, spot.column)));
    all.filter(|spot| {
        let array = &sources[spot.source].arrays[spot.array];
        at_fault.contains(spot) || !scales || is_whole(array)
    })
    .collect()
}

/// Whether the array holds nothing but whole numbers, as an image does that was not scaled.
fn is_whole(array: &ArrayFacts) -> bool {
    let whole =
        array.values().and_then(|values| values.numbers.as_ref()).is_some_and(|numbers| numbers.fractional == 0);
    whole || matches!(array.header.dtype.kind, Kind::Int | Kind::Uint)
}

fn rename(
    index: &Index<'_>,
    diagnostic: &Diagnostic,
    name: &str,
    sources: &[SourceFacts],
    spec: &Spec,
    draft: &mut Draft,
) {
    // The finding is about batches; which array it is stands in its message only, so that it is told by its name again.
    let wanted = &diagnostic.finding.subject;
    let declared = spec.arrays.iter().position(|declared| declared.name == *wanted);
    let found = diagnostic.finding.found.trim_matches('`').to_owned();
    for spot in index.batches(diagnostic) {
        let column = &index.streams[spot.stream].columns[spot.column];
        if column.declared.is_some() || crate::source::text::shown(&column.name, 80) != found || declared.is_none() {
            continue;
        }
        let source = &sources[spot.source];
        let refused = if source.kind == SourceKind::Npz {
            let taken = source.arrays.iter().any(|array| *array.key == *name);
            taken.then(|| format!("there is a member `{}` already", crate::source::text::shown(name, 80)))
        } else {
            let stem = source.path.rsplit('/').next().unwrap_or_default();
            (!stem.contains(&*column.name)).then(|| "its name is that of its folder".to_owned())
        };
        let bad = name.is_empty() || name.contains(['/', '\\', '\0']) || name.starts_with('.');
        let refused = if bad { Some("the declared name is no file name".to_owned()) } else { refused };
        if let Some(why) = refused {
            draft.refused.insert(spot.source, why);
        }
        draft.ops.push(Op::Rename { source: spot.source, array: spot.array, name: name.to_owned() });
    }
}

fn split(spot: Spot, rows: u64, sources: &[SourceFacts], draft: &mut Draft) {
    let source = &sources[spot.source];
    let all = source.arrays[spot.array].header.shape.first().copied().unwrap_or(0);
    let known = draft.ops.iter().any(|op| op.source() == spot.source);
    if !known {
        draft.ops.push(Op::Split { source: spot.source, rows });
    }
    let uneven = source.arrays.iter().any(|array| array.header.shape.first() != Some(&all));
    let why = if rows == 0 || all <= rows {
        "it has no more rows than one batch"
    } else if uneven {
        "its arrays differ in their first axis, so that nothing says how to cut them"
    } else if source.kind == SourceKind::Npy && source.arrays.len() > 1 {
        "it holds several arrays"
    } else {
        return;
    };
    draft.refused.insert(spot.source, why.into());
}
