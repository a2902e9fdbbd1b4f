//! What a dump shows of its batches: which arrays there are and which parts they play, which axes keep their size, how many
//! rows a batch has.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::file::DTYPES;
use crate::facts::overview::Overview;
use crate::facts::{self, Cell, Facts, Stream, naming, pairs};
use crate::source::SourceKind;
use crate::spec::dtype::Dtype;
use crate::spec::{Declaration, Role, Spec};

/// More arrays of different names are no batch that somebody wants declared.
const MAX_ARRAYS: usize = 100;

/// A dump.
pub(super) struct Dump {
    /// Its arrays, inputs first.
    pub(super) arrays: Vec<Seen>,
    /// Rows of the batches, stream by stream, in order.
    pub(super) rows: Vec<Vec<u64>>,
    /// The sizes that differ from batch to batch.
    pub(super) symbols: Vec<Varying>,
    /// Whether the names say that each file is a whole set.
    pub(super) is_whole: bool,
}

/// All arrays of one name.
pub(super) struct Seen {
    pub(super) name: String,
    pub(super) role: Role,
    /// Why that is its role.
    pub(super) told: Told,
    /// The types, as a spec has them; empty where no spec has one of them.
    pub(super) dtypes: Vec<&'static str>,
    /// The axes; `None` where arrays differ in how many they have.
    pub(super) axes: Option<Vec<Axis>>,
    /// What all of them hold together.
    pub(super) overview: Overview,
    /// How many batches have it, of how many.
    pub(super) share: (u64, u64),
}

/// What says which part an array plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// A model.
    Model,
    /// Its name.
    Name,
    /// Its place in a tuple.
    Place,
    /// Nothing: it is an input until somebody says otherwise.
    Nothing,
}

/// An axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Axis {
    Batch,
    Any,
    Exactly(u64),
    Symbol(String),
}

/// A size that differs.
pub(super) struct Varying {
    pub(super) name: String,
    pub(super) min: u64,
    pub(super) max: u64,
    /// The sizes themselves, by stream and batch.
    sizes: BTreeMap<(usize, usize), u64>,
}

/// The names of the arrays, in the order of their first files, without what no name stands for.
pub(super) fn names(facts: &Facts) -> Vec<String> {
    let streams = facts::assemble(facts, &Spec::default());
    let mut names: Vec<String> = Vec::new();
    let mut known = BTreeSet::new();
    let mut add = |name: String| {
        if !name.is_empty() && names.len() < MAX_ARRAYS && known.insert(name.clone()) {
            names.push(name);
        }
    };
    for column in streams.iter().flat_map(|stream| &stream.columns) {
        if !column.name.is_empty() {
            add(column.name.to_string());
            continue;
        }
        for cell in column.cells.iter().filter(|cell| cell.source.kind == SourceKind::Npy) {
            let path = cell.source.path.strip_prefix(&*cell.source.root).unwrap_or(&cell.source.path);
            add(naming::loose(path.trim_start_matches('/'), &[]).array.to_owned());
        }
    }
    names
}

/// Which part each array plays, as far as names and places say it.
pub(super) fn roles(names: &[String]) -> Vec<(Role, Told)> {
    let places: Option<Vec<usize>> = names.iter().map(|name| name.strip_prefix("arr_")?.parse().ok()).collect();
    if let Some(places) = places.filter(|places| places.len() <= 3) {
        let role = |place: usize| [Role::Input, Role::Target, Role::Weight].get(place).copied().unwrap_or(Role::Input);
        return places.into_iter().map(|place| (role(place), Told::Place)).collect();
    }
    let named: Vec<Option<Role>> = names.iter().map(|name| pairs::role(name)).collect();
    let alone = !named.contains(&Some(Role::Target)) && named.contains(&Some(Role::Input)) && names.len() == 2;
    let roles = names.iter().zip(named).map(|(name, role)| match role {
        Some(role) => (role, Told::Name),
        // Beside one image a mask is what is looked for in it; beside tokens it says which of them count.
        None if alone && name.to_lowercase().contains("mask") => (Role::Target, Told::Name),
        None => (Role::Input, Told::Nothing),
    });
    let roles: Vec<_> = roles.collect();
    if roles.iter().any(|(role, _)| *role == Role::Input) {
        return roles;
    }
    // Something goes into the model.
    roles
        .into_iter()
        .map(|(role, told)| if role == Role::Weight { (Role::Input, Told::Nothing) } else { (role, told) })
        .collect()
}

/// A declaration that says nothing but a name and a role.
pub(super) fn skeleton(arrays: &[(String, Role)]) -> Spec {
    let arrays = arrays.iter().map(|(name, role)| Declaration::bare(*role, name)).collect();
    Spec { arrays, ..Spec::default() }
}

/// Looks at the arrays of these names and parts.
pub(super) fn look(facts: &Facts, arrays: &[(String, Role, Told)]) -> Dump {
    let plain: Vec<(String, Role)> = arrays.iter().map(|(name, role, _)| (name.clone(), *role)).collect();
    let spec = skeleton(&plain);
    let streams = facts::assemble(facts, &spec);
    let counts: Vec<Vec<Option<u64>>> = streams.iter().map(rows).collect();
    let batches: u64 = counts.iter().map(|rows| rows.len() as u64).sum();
    let mut symbols = Vec::new();
    let mut seen: Vec<Seen> = Vec::new();
    for (index, (name, role, told)) in arrays.iter().enumerate() {
        let cells: Vec<(usize, Cell<'_>)> = streams
            .iter()
            .enumerate()
            .flat_map(|(at, stream)| {
                let column = stream.declared(index);
                column.into_iter().flat_map(move |column| column.cells.iter().map(move |cell| (at, *cell)))
            })
            .collect();
        if cells.is_empty() {
            continue;
        }
        let alone: Vec<Cell<'_>> = cells.iter().map(|(_, cell)| *cell).collect();
        seen.push(Seen {
            name: name.clone(),
            role: *role,
            told: *told,
            dtypes: dtypes(&alone),
            axes: axes(&cells, &counts, &mut symbols),
            overview: Overview::of(&alone),
            share: (cells.len() as u64, batches),
        });
    }
    seen.sort_by_key(|seen| seen.role);
    let is_split = |name: &str| pairs::sides(name).iter().any(|side| side.set.is_split());
    let is_whole = seen.iter().any(|seen| is_split(&seen.name)) && counts.iter().all(|rows| rows.len() == 1);
    let rows = counts.into_iter().map(|rows| rows.into_iter().flatten().collect()).collect();
    Dump { arrays: seen, rows, symbols, is_whole }
}

/// Rows of each batch: the length that most of its arrays have.
fn rows(stream: &Stream<'_>) -> Vec<Option<u64>> {
    let mut lengths: Vec<Vec<u64>> = vec![Vec::new(); stream.batches.len()];
    for cell in stream.columns.iter().filter(|column| column.declared.is_some()).flat_map(|column| &column.cells) {
        lengths[cell.batch].extend(cell.header().shape.first());
    }
    let most = |lengths: &Vec<u64>| {
        let count = |length: u64| lengths.iter().filter(|other| **other == length).count();
        // Of several that are as many, the first.
        lengths.iter().copied().rev().max_by_key(|length| count(*length))
    };
    lengths.iter().map(most).collect()
}

/// The types, each once, if a spec has a name for all of them.
fn dtypes(cells: &[Cell<'_>]) -> Vec<&'static str> {
    let mut found: Vec<&str> = Vec::new();
    for cell in cells {
        let name = cell.header().dtype.name();
        match DTYPES.into_iter().find(|known| *known == name && Dtype::from_name(known).is_some()) {
            None => return Vec::new(),
            Some(name) if !found.contains(&name) => found.push(name),
            Some(_) => {}
        }
    }
    found
}

/// The axes of the arrays. Two axes share a symbol only where they are of two arrays and equal in every batch.
fn axes(cells: &[(usize, Cell<'_>)], rows: &[Vec<Option<u64>>], symbols: &mut Vec<Varying>) -> Option<Vec<Axis>> {
    let rank = cells.first()?.1.header().shape.len();
    if cells.iter().any(|(_, cell)| cell.header().shape.len() != rank) {
        return None;
    }
    let of_batch = cells.iter().filter(|(at, cell)| rows[*at][cell.batch] == cell.header().shape.first().copied());
    let has_batch = 2 * of_batch.count() > cells.len();
    let mut own: Vec<String> = Vec::new();
    let axis = |axis: usize| -> Axis {
        if axis == 0 && has_batch {
            return Axis::Batch;
        }
        let sizes: BTreeMap<(usize, usize), u64> =
            cells.iter().map(|(at, cell)| ((*at, cell.batch), cell.header().shape[axis])).collect();
        let (min, max) = sizes.values().fold((u64::MAX, 0), |(min, max), size| (min.min(*size), max.max(*size)));
        if min == max && min > 0 && (axis > 0 || sizes.len() > 1) {
            return Axis::Exactly(min);
        }
        if min == max || axis == 0 {
            return Axis::Any;
        }
        let known = symbols.iter().find(|symbol| symbol.sizes == sizes && !own.contains(&symbol.name));
        let name = known.map_or_else(|| free(symbols), |symbol| symbol.name.clone());
        if known.is_none() {
            symbols.push(Varying { name: name.clone(), min, max, sizes });
        }
        own.push(name.clone());
        Axis::Symbol(name)
    };
    Some((0..rank).map(axis).collect())
}

/// A name that no symbol has yet: `T`, then `T2`, `T3`, ...
fn free(symbols: &[Varying]) -> String {
    match symbols.len() {
        0 => "T".into(),
        more => format!("T{}", more + 1),
    }
}
