//! Equal things together, so that a rule judges a hundred thousand equal headers once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Cell, Column, Stream};
use crate::source::Header;

/// What is worked out of a header, kept for the next array: mostly that has the same one.
#[derive(Debug, Clone)]
pub struct PerHeader<T>(Option<(Arc<Header>, T)>);

impl<T> Default for PerHeader<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Clone> PerHeader<T> {
    /// What `work` gives for that header. Only a header that is not the last one is worked on.
    pub fn of(&mut self, header: &Arc<Header>, work: impl FnOnce(&Header) -> T) -> T {
        if let Some((_, known)) = self.0.as_ref().filter(|(last, _)| Arc::ptr_eq(last, header)) {
            return known.clone();
        }
        let made = work(header);
        self.0 = Some((Arc::clone(header), made.clone()));
        made
    }
}

/// The cells of a column by header, each group in batch order, the groups in order of their first batch. A column of one
/// header is not copied.
#[must_use]
pub fn by_header<'c, 'f>(column: &'c Column<'f>) -> Vec<Cow<'c, [Cell<'f>]>> {
    let same = |pair: &[Cell<'f>]| Arc::ptr_eq(pair[0].header(), pair[1].header());
    if !column.cells.is_empty() && column.cells.windows(2).all(same) {
        return vec![Cow::Borrowed(&column.cells)];
    }
    let mut groups: Vec<Vec<Cell<'f>>> = Vec::new();
    let mut known: BTreeMap<&Header, usize> = BTreeMap::new();
    for run in column.cells.chunk_by(|a, b| Arc::ptr_eq(a.header(), b.header())) {
        let group = *known.entry(&run[0].array.header).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[group].extend_from_slice(run);
    }
    groups.into_iter().map(Cow::Owned).collect()
}

/// What two batches must share to be judged as one: columns, headers, and what could not be read.
type Likeness<'f> = (Vec<(usize, &'f Header)>, &'f [String]);

/// Batches that hold the same columns with the same headers.
#[derive(Debug)]
pub struct Alike<'f> {
    /// The arrays of the first of them: index into `stream.columns`, and the cell.
    pub arrays: Vec<(usize, Cell<'f>)>,
    /// All of them, by index into `stream.batches`, in order.
    pub batches: Vec<usize>,
}

/// The batches of a stream by their headers, in order of the first batch of each group.
#[must_use]
pub fn alike<'f>(stream: &Stream<'f>) -> Vec<Alike<'f>> {
    let mut groups: Vec<Alike<'f>> = Vec::new();
    let mut known: BTreeMap<Likeness<'_>, usize> = BTreeMap::new();
    let mut next = vec![0; stream.columns.len()];
    let mut arrays: Vec<(usize, Cell<'f>)> = Vec::new();
    let mut last: Option<usize> = None;
    for (batch, facts) in stream.batches.iter().enumerate() {
        arrays.clear();
        for (column, next) in next.iter_mut().enumerate() {
            if let Some(cell) = stream.columns[column].cells.get(*next).filter(|cell| cell.batch == batch) {
                arrays.push((column, *cell));
                *next += 1;
            }
        }
        let same = last.filter(|group| {
            let first = &groups[*group].arrays;
            stream.batches[groups[*group].batches[0]].unreadable == facts.unreadable
                && first.len() == arrays.len()
                && first.iter().zip(&arrays).all(|(a, b)| a.0 == b.0 && Arc::ptr_eq(a.1.header(), b.1.header()))
        });
        let group = same.unwrap_or_else(|| {
            let key = arrays.iter().map(|(column, cell)| (*column, &*cell.array.header)).collect();
            *known.entry((key, &facts.unreadable)).or_insert_with(|| {
                groups.push(Alike { arrays: arrays.clone(), batches: Vec::new() });
                groups.len() - 1
            })
        });
        groups[group].batches.push(batch);
        last = Some(group);
    }
    groups
}
