//! Samples: the inputs of a batch side by side, and sets of them that should share nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::pairs::{self, Side};
use super::{Cell, Column, Stream};
use crate::spec::{Role, Spec};

/// Samples that are used together: a folder, or the arrays of one split.
#[derive(Debug, Default)]
pub struct Set<'f> {
    /// What the user calls it: the folder as typed, or the word in the names. Not escaped.
    pub name: String,
    /// Whether a model learns from it, as far as anything says so.
    pub learns: bool,
    /// What goes into the model. Both sets of a pair have the same, in the same order.
    pub inputs: Vec<Part<'f>>,
    /// What the output is compared with, as `inputs`.
    pub targets: Vec<Part<'f>>,
    /// The inputs of each batch that has all of them, in the order of `inputs`.
    pub batches: Vec<Vec<Cell<'f>>>,
}

/// All arrays of one name in a set.
#[derive(Debug, Clone)]
pub struct Part<'f> {
    /// The declared name, or the key as found. Not escaped.
    pub name: Arc<str>,
    /// Which declaration of the spec, by index into `spec.arrays`.
    pub declared: Option<usize>,
    /// In batch order.
    pub cells: Vec<Cell<'f>>,
}

/// Whether a model gets arrays of that column, as far as the spec or the name says.
#[must_use]
pub fn role(column: &Column<'_>, spec: &Spec) -> Option<Role> {
    match column.declared {
        Some(index) => spec.arrays.get(index).map(|declared| declared.role),
        None if !spec.arrays.is_empty() => None,
        None if pairs::sides(&column.name).iter().any(|side| side.target) => Some(Role::Target),
        None => Some(Role::Input),
    }
}

/// The batches of a stream that have an array in each of these columns: their index, and these arrays in that order.
#[must_use]
pub fn side_by_side<'f>(stream: &Stream<'f>, columns: &[&Column<'f>]) -> Vec<(usize, Vec<Cell<'f>>)> {
    let mut next = vec![0; columns.len()];
    let mut batches = Vec::new();
    for batch in 0..stream.batches.len() {
        let mut cells = Vec::with_capacity(columns.len());
        for (column, next) in columns.iter().zip(&mut next) {
            if let Some(cell) = column.cells.get(*next).filter(|cell| cell.batch == batch) {
                cells.push(*cell);
                *next += 1;
            }
        }
        if !cells.is_empty() && cells.len() == columns.len() {
            batches.push((batch, cells));
        }
    }
    batches
}

/// The pairs of sets that should share nothing: every set that is not in `against` with every one that is, by the name of
/// the stream; and the splits inside one stream that no spec speaks of. What a model learns from comes first.
#[must_use]
pub fn pairs<'f>(
    streams: &[Stream<'f>],
    spec: &Spec,
    against: impl Fn(&Stream<'_>) -> bool,
) -> Vec<(Set<'f>, Set<'f>)> {
    let mut roots: BTreeMap<(bool, &str), Vec<&Stream<'f>>> = BTreeMap::new();
    for stream in streams {
        roots.entry((against(stream), &stream.name)).or_default().push(stream);
    }
    let mut pairs = Vec::new();
    for ((_, first), ours) in roots.iter().filter(|((against, _), _)| !against) {
        for ((_, second), theirs) in roots.iter().filter(|((against, _), _)| *against) {
            pairs.push(facing((*first, ours), (*second, theirs), spec));
        }
    }
    if spec.arrays.is_empty() {
        pairs.extend(streams.iter().flat_map(splits));
    }
    pairs.retain(|(first, second)| !first.batches.is_empty() && !second.batches.is_empty());
    pairs
}

/// Two folders as sets, with the arrays that both have.
fn facing<'f>(
    (first, ours): (&str, &[&Stream<'f>]),
    (second, theirs): (&str, &[&Stream<'f>]),
    spec: &Spec,
) -> (Set<'f>, Set<'f>) {
    let names = |streams: &[&Stream<'f>]| -> Vec<Arc<str>> {
        streams.iter().flat_map(|stream| stream.columns.iter().map(|column| Arc::clone(&column.name))).collect()
    };
    let shared = names(theirs);
    let set = |name: &str, streams: &[&Stream<'f>], learns| {
        let mut set = Set { name: name.to_owned(), learns, ..Set::default() };
        for stream in streams {
            let of = |wanted: Role| -> Vec<&Column<'f>> {
                let columns = stream.columns.iter().filter(|column| role(column, spec) == Some(wanted));
                columns.filter(|column| shared.contains(&column.name)).collect()
            };
            set.add(stream, &of(Role::Input), &of(Role::Target));
        }
        set
    };
    (set(first, ours, true), set(second, theirs, false))
}

/// The splits of one stream: `x_train` and `x_test`, each with its target.
fn splits<'f>(stream: &Stream<'f>) -> Vec<(Set<'f>, Set<'f>)> {
    /// What is left of a name without the word of its split, by split.
    type Named<'s, 'f> = BTreeMap<(bool, String), &'s Column<'f>>;
    let mut found: BTreeMap<String, Named<'_, 'f>> = BTreeMap::new();
    for column in &stream.columns {
        for Side { set, target } in pairs::sides(&column.name) {
            if let Some((split, others)) = set.split() {
                found.entry(split.to_owned()).or_default().insert((target, others), column);
            }
        }
    }
    let made: Vec<(&String, &Named<'_, 'f>)> = found.iter().collect();
    let mut pairs = Vec::new();
    for (i, (one, ours)) in made.iter().enumerate() {
        for (other, theirs) in &made[i + 1..] {
            let (first, second) = if other.starts_with("train") {
                ((other, theirs), (one, ours))
            } else {
                ((one, ours), (other, theirs))
            };
            let of = |columns: &Named<'_, 'f>, target: bool| {
                let both = |key: &&(bool, String)| ours.contains_key(*key) && theirs.contains_key(*key);
                let keys: Vec<_> = columns.keys().filter(|key| key.0 == target).filter(both).cloned().collect();
                keys
            };
            let set = |name: &str, columns: &Named<'_, 'f>| {
                let mut set = Set { name: name.to_owned(), learns: name.starts_with("train"), ..Set::default() };
                let pick =
                    |target| -> Vec<&Column<'f>> { of(columns, target).iter().map(|key| columns[key]).collect() };
                set.add(stream, &pick(false), &pick(true));
                set
            };
            pairs.push((set(first.0, first.1), set(second.0, second.1)));
        }
    }
    pairs
}

impl<'f> Set<'f> {
    fn add(&mut self, stream: &Stream<'f>, inputs: &[&Column<'f>], targets: &[&Column<'f>]) {
        self.batches.extend(side_by_side(stream, inputs).into_iter().map(|(_, cells)| cells));
        for (parts, columns) in [(&mut self.inputs, inputs), (&mut self.targets, targets)] {
            for column in columns {
                match parts.iter_mut().find(|part| part.name == column.name) {
                    Some(part) => part.cells.extend(&column.cells),
                    None => parts.push(Part {
                        name: Arc::clone(&column.name),
                        declared: column.declared,
                        cells: column.cells.clone(),
                    }),
                }
            }
        }
    }
}
