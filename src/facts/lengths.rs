//! How many rows the arrays of one batch have, side by side.

use std::collections::BTreeMap;

use crate::facts::pairs::{self, Set};
use crate::facts::stream::{Cell, Stream};
use crate::spec::mismatch::rows;
use crate::spec::{Encoding, Framework, Role, Spec};

/// How many batches are asked whether two arrays usually have equally many rows.
const ASKED: usize = 64;

/// The rows of one array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length {
    /// Index into [`Stream::columns`].
    pub column: usize,
    /// Its rows.
    pub rows: u64,
}

/// How the rows of arrays that belong together compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lengths {
    /// All have equally many.
    Equal,
    /// These have one row, all others equally many, and the consumer repeats the one without a word.
    OneAgainstMany(Vec<Length>),
    /// They differ. In column order.
    Differ(Vec<Length>),
}

/// Compares the rows of the arrays of one batch, once for each set of arrays that belong together. Those are the
/// declared arrays with a batch axis; where the spec declares no array, they are pairs known by name. `batches` is how
/// many batches have these same headers.
#[must_use]
pub fn lengths(spec: &Spec, stream: &Stream<'_>, arrays: &[(usize, Cell<'_>)], batches: usize) -> Vec<Lengths> {
    if spec.arrays.is_empty() {
        return by_name(stream, arrays, batches);
    }
    let declared: Vec<Length> = arrays
        .iter()
        .filter_map(|(column, cell)| {
            let declaration = &spec.arrays[stream.columns[*column].declared?];
            let shape = &cell.header().shape;
            // A loss goes through targets row by row, whatever else their shape may be.
            let of_loss = spec.model.is_some() && declaration.role == Role::Target && declaration.shape.is_none();
            let rows = if of_loss { shape.first().copied() } else { rows(spec, declaration, shape) };
            Some(Length { column: *column, rows: rows? })
        })
        .collect();
    let [first, others @ ..] = declared.as_slice() else { return Vec::new() };
    if others.is_empty() {
        return Vec::new();
    }
    if others.iter().all(|other| other.rows == first.rows) {
        return vec![Lengths::Equal];
    }
    let (ones, many): (Vec<Length>, Vec<Length>) = declared.iter().partition(|length| length.rows == 1);
    let one_size = many.iter().all(|length| length.rows == many[0].rows);
    if !ones.is_empty() && one_size && repeats(spec, stream, &ones, &many) {
        return vec![Lengths::OneAgainstMany(ones)];
    }
    vec![Lengths::Differ(declared)]
}

/// Whether one row against many trains without a word: a loss that subtracts repeats it, one that takes class ids
/// compares the lengths first.
fn repeats(spec: &Spec, stream: &Stream<'_>, ones: &[Length], many: &[Length]) -> bool {
    if matches!(spec.framework(), Framework::Sklearn | Framework::Onnxruntime | Framework::Triton) {
        return false;
    }
    let declarations = |side: &[Length]| -> Vec<_> {
        side.iter().filter_map(|length| stream.columns[length.column].declared).map(|i| &spec.arrays[i]).collect()
    };
    let (ones, many) = (declarations(ones), declarations(many));
    let has = |side: &[&crate::spec::Declaration], role| side.iter().any(|declaration| declaration.role == role);
    let compared = |side: &[&crate::spec::Declaration]| {
        side.iter().any(|declaration| {
            declaration.role == Role::Target
                && declaration.encoding.as_ref().is_some_and(|e| e.value == Encoding::Index)
        })
    };
    if has(&ones, Role::Input) {
        return !has(&many, Role::Input) && has(&many, Role::Target) && !compared(&many);
    }
    !compared(&ones)
}

fn by_name(stream: &Stream<'_>, arrays: &[(usize, Cell<'_>)], batches: usize) -> Vec<Lengths> {
    let mut sets: BTreeMap<Set, [Vec<usize>; 2]> = BTreeMap::new();
    for (i, (column, _)) in arrays.iter().enumerate() {
        for side in pairs::sides(&stream.columns[*column].name) {
            sets.entry(side.set).or_default()[usize::from(side.target)].push(i);
        }
    }
    let mut found = Vec::new();
    for (set, [inputs, targets]) in &sets {
        // Several arrays with one role are nothing that habit has a name for.
        let ([input], [target]) = (inputs.as_slice(), targets.as_slice()) else { continue };
        let (a, b) = (&arrays[*input], &arrays[*target]);
        let (shape_a, shape_b) = (&a.1.header().shape, &b.1.header().shape);
        let (Some(rows_a), Some(rows_b)) = (shape_a.first(), shape_b.first()) else { continue };
        if *rows_a == 0 || *rows_b == 0 {
            continue;
        }
        if rows_a == rows_b {
            found.push(Lengths::Equal);
        } else if is_evident(stream, set.is_split(), (a.0, shape_a), (b.0, shape_b), batches) {
            let mut both = [Length { column: a.0, rows: *rows_a }, Length { column: b.0, rows: *rows_b }];
            both.sort_by_key(|length| length.column);
            found.push(Lengths::Differ(both.to_vec()));
        }
    }
    found
}

/// Without a spec, nothing says that the first axis holds rows: a file may be one utterance with 512 frames and 30
/// letters. So something else must: the names, the other batches, or two lengths that are all but equal.
fn is_evident(stream: &Stream<'_>, split: bool, a: (usize, &[u64]), b: (usize, &[u64]), batches: usize) -> bool {
    if a.1.last() == b.1.last() && a.1.len() > 1 && b.1.len() > 1 {
        return false;
    }
    if split {
        return true;
    }
    let (equal, asked) = usually_equal(stream, a.0, b.0);
    if equal * 2 > asked {
        return true;
    }
    let (less, more) = (a.1[0].min(b.1[0]), a.1[0].max(b.1[0]));
    let all_but_equal = less >= 8 && more - less <= (more / 50).max(1);
    all_but_equal && batches * 2 > asked
}

/// In how many of the first batches that hold both arrays their first axes are equal, and how many were asked.
fn usually_equal(stream: &Stream<'_>, a: usize, b: usize) -> (usize, usize) {
    let others = &stream.columns[b].cells;
    let (mut equal, mut asked) = (0, 0);
    for cell in stream.columns[a].cells.iter().take(ASKED) {
        let Ok(other) = others.binary_search_by_key(&cell.batch, |other| other.batch) else { continue };
        asked += 1;
        equal += usize::from(cell.header().shape.first() == others[other].header().shape.first());
    }
    (equal, asked)
}
