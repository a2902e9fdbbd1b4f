//! A few rows of every array of images, read again for a report that shows them.

use std::collections::{BTreeSet, HashMap};

use crate::diagnostic::Place;
use crate::facts::images::{Album, Grid, Picture, Range};
use crate::facts::overview::Overview;
use crate::facts::{self, Cell, Column, Facts};
use crate::source::{self, Target};
use crate::spec::Spec;
use crate::values;
use crate::verdict::Report;

/// Array names of which images are shown at most.
const ALBUMS: usize = 24;
/// Images of one name.
const PICTURES: usize = 8;
/// Files that they are taken from.
const FILES: usize = 4;
/// Bytes that are read of one array at most. A row that ends behind them is not shown.
const BYTES: u64 = 32 << 20;

/// Images of the arrays that hold some. Only what was read before is read again.
pub(super) fn albums(facts: &Facts, targets: &[Target], spec: &Spec, report: &Report) -> Vec<Album> {
    let by_path: HashMap<&str, &Target> = targets.iter().map(|target| (&*target.path, target)).collect();
    let mut albums = Vec::new();
    for (stream, assembled) in facts::assemble(facts, spec).iter().enumerate() {
        for (at, column) in assembled.columns.iter().enumerate() {
            let declared = column.declared.and_then(|index| spec.arrays.get(index));
            let drawable =
                |cell: &&Cell<'_>| cell.array.values().is_some() && Grid::of(declared, cell.header()).is_some();
            let cells: Vec<Cell<'_>> = column.cells.iter().filter(drawable).copied().collect();
            let Some(first) = cells.first() else { continue };
            let Some(grid) = Grid::of(declared, first.header()) else { continue };
            if albums.len() == ALBUMS {
                return albums;
            }
            let numbers = Overview::of(&column.cells).numbers;
            let range = Range::of(declared, first.header(), numbers.as_ref());
            let blamed = blamed(report, column);
            let chosen = chosen(&cells, &blamed);
            let each = PICTURES / chosen.len().max(1);
            let pictures = chosen.iter().flat_map(|cell| {
                let mine = blamed.iter().filter(|(path, _)| *path == &*cell.source.path);
                let rows: Vec<Option<u64>> = mine.map(|(_, row)| *row).collect();
                let target = by_path.get(&*cell.source.path);
                target.map_or_else(Vec::new, |target| pictures(cell, target, &grid, &rows, each))
            });
            albums.push(Album { stream, column: at, pictures: pictures.collect(), grid: grid.clone(), range });
        }
    }
    albums
}

/// The files that findings about the array name, each with its first row at fault, where one is named. What is true of all
/// files tells none of them apart.
fn blamed<'r>(report: &'r Report, column: &Column<'_>) -> Vec<(&'r str, Option<u64>)> {
    let mine = report.diagnostics.iter().filter(|diagnostic| {
        let finding = &diagnostic.finding;
        finding.subject == *column.name && finding.count < finding.of
    });
    let places = mine.flat_map(|diagnostic| &diagnostic.finding.places);
    let row = |place: &Place| place.sample.or_else(|| place.index.as_ref()?.first().copied());
    places.map(|place| (place.source.as_str(), row(place))).collect()
}

/// Those that are blamed first, half of the files at most, and others spread over all; in order of the batches.
fn chosen<'f>(cells: &[Cell<'f>], blamed: &[(&str, Option<u64>)]) -> Vec<Cell<'f>> {
    let is_blamed = |cell: &Cell<'_>| blamed.iter().any(|(path, _)| *path == &*cell.source.path);
    let faulty = (0..cells.len()).filter(|at| is_blamed(&cells[*at])).take(FILES / 2);
    let last = cells.len().saturating_sub(1);
    let spread = [0, last, last / 2, last / 3, 1, 2, 3].into_iter();
    let mut chosen: Vec<usize> = Vec::new();
    for at in faulty.chain(spread).filter(|at| *at < cells.len()) {
        if chosen.len() < FILES && !chosen.contains(&at) {
            chosen.push(at);
        }
    }
    chosen.sort_unstable();
    chosen.into_iter().map(|at| cells[at]).collect()
}

/// A few rows of one array, those at fault first. `blamed` has a row for each place in the file that a finding names, `None`
/// for the whole of it.
fn pictures(cell: &Cell<'_>, target: &Target, grid: &Grid, blamed: &[Option<u64>], count: usize) -> Vec<Picture> {
    let header = cell.header();
    let mut rows: Vec<u64> = blamed.iter().copied().flatten().chain(0..count as u64).collect();
    let mut seen = BTreeSet::new();
    rows.retain(|row| seen.insert(*row));
    let mut picks: Vec<_> = rows.into_iter().filter_map(|row| Some((row, grid.pick(header, row)?))).collect();
    let end = |places: &[u64]| places.iter().max().map_or(0, |last| (last + 1).saturating_mul(header.dtype.size));
    picks.retain(|(_, pick)| end(&pick.places) <= BYTES);
    picks.truncate(count);
    picks.sort_by_key(|(row, _)| *row);
    let needed = picks.iter().map(|(_, pick)| end(&pick.places)).max().unwrap_or(0);
    let bytes = usize::try_from(needed).ok();
    let Some(bytes) = bytes.and_then(|bytes| source::first_bytes(target, cell.source, cell.array, bytes)) else {
        return Vec::new();
    };
    let size = usize::try_from(header.dtype.size).unwrap_or(1);
    let drawn = picks.into_iter().filter_map(|(row, pick)| {
        let mut pixels = Vec::with_capacity(pick.places.len() * size);
        for place in &pick.places {
            let start = usize::try_from(*place).ok()?.checked_mul(size)?;
            pixels.extend_from_slice(bytes.get(start..start + size)?);
        }
        let values = values::floats(&header.dtype, &pixels)?;
        Some(Picture {
            batch: cell.batch,
            row,
            blamed: blamed.iter().any(|at| at.is_none_or(|at| at == row)),
            pick,
            values,
        })
    });
    drawn.collect()
}
