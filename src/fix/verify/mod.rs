//! Whether an edited program hands out what it should: the batches of the old one, cast and cut as was asked, and nothing
//! else. A pure comparison of what was seen of three runs under the same seeds: the program twice, then the edited one.

mod prove;
mod run;
#[cfg(test)]
mod tests;

pub use prove::prove;
pub use run::{Asked, Run};

use crate::diagnostic::Unit;
use crate::diagnostic::quantity::exact;
use crate::source::Capture;
use crate::source::capture::facts::{LeafKind, Reason};
use crate::source::shape_text;
use run::{Array, Batch};

/// What the comparison shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every batch that was compared is what it should be. What a cast loses is not judged here.
    Verified {
        /// Batches of the program as it is.
        before: u64,
        /// Batches of the edited program.
        after: u64,
        /// Whether something was cast.
        cast: bool,
    },
    /// The program does not hand out the same batches twice under the same seeds, so there is nothing to compare with.
    NotRepeatable,
    /// Something could not be compared; why.
    NotComparable(String),
    /// The edited program hands out something else, or fails; what it does.
    Rejected(String),
}

impl Verdict {
    /// What was compared, or why nothing was: a fragment.
    #[must_use]
    pub fn says(&self) -> String {
        match self {
            Self::Verified { before, after, cast } => {
                let batches = if before == after {
                    format!("{} before and after", Unit::Batch.counted(*before))
                } else {
                    format!("{} before, {} after", Unit::Batch.counted(*before), exact(*after))
                };
                let values = if *cast { "values equal to the old ones cast" } else { "every row as it was" };
                format!("verified by running it: {batches}, {values}")
            }
            Self::NotRepeatable => "the generator does not repeat under fixed seeds".into(),
            Self::NotComparable(why) => format!("what it hands out could not be compared: {why}"),
            Self::Rejected(why) => format!("with the edit, the program {why}"),
        }
    }
}

/// Compares the program (`old`, and `again` under the same seeds) with the edited one. Where rows were cast, the hashes of
/// `old` and `again` are those of the cast rows (`values::compare::rows` with [`Asked::to`]).
#[must_use]
pub fn compare(old: &Run, again: &Run, new: &Run, asked: &Asked) -> Verdict {
    if let Some(why) = [old, again].into_iter().find_map(unknown) {
        return Verdict::NotComparable(why);
    }
    if old.batches.is_empty() {
        return Verdict::NotComparable("the program hands out nothing".into());
    }
    if old != again {
        return Verdict::NotRepeatable;
    }
    if let Some(Reason::Exception | Reason::Interrupt | Reason::LoadFailed | Reason::NoData) | None = new.end {
        return Verdict::Rejected("fails".into());
    }
    if let Some(why) = unknown(new) {
        return Verdict::NotComparable(why);
    }
    let Some(should) = should(old, asked) else {
        return Verdict::NotComparable("not every array of a batch has the same rows".into());
    };
    if new.end == Some(Reason::TimeLimit) && new.batches.len() < should.len() {
        return Verdict::NotComparable("the time was up before it had handed out all of it".into());
    }
    let counted = |n: usize| Unit::Batch.counted(n as u64);
    if new.batches.is_empty()
        || (new.batches.len() < should.len() && (new.is_exhausted() || asked.rows.is_none()))
        || (new.batches.len() > should.len() && old.is_exhausted())
    {
        return Verdict::Rejected(format!(
            "hands out {} and should hand out {}",
            counted(new.batches.len()),
            counted(should.len())
        ));
    }
    for (number, (should, is)) in should.iter().zip(&new.batches).enumerate() {
        if let Some(why) = differs(should, is) {
            return Verdict::Rejected(format!("hands out another batch {number}: {why}"));
        }
    }
    Verdict::Verified {
        before: old.batches.len() as u64,
        after: new.batches.len() as u64,
        cast: !asked.casts.is_empty(),
    }
}

/// Why the rows of some array are not known.
fn unknown(run: &Run) -> Option<String> {
    let arrays = run.batches.iter().flat_map(|batch| &batch.arrays);
    arrays.into_iter().find(|array| array.rows.is_none()).map(|array| match &*array.key {
        "" => "the values of the array are not known".into(),
        key => format!("the values of `{key}` are not known"),
    })
}

/// The batches that the edited program should hand out. `None` where one cannot be cut.
fn should(old: &Run, asked: &Asked) -> Option<Vec<Batch>> {
    let mut batches = Vec::new();
    for batch in &old.batches {
        let mut batch = batch.clone();
        for array in &mut batch.arrays {
            if let Some(to) = asked.to(batch.site, &array.key) {
                array.dtype = to;
            }
        }
        match asked.rows.filter(|_| asked.splits(batch.site)) {
            Some(rows) => batches.extend(slices(&batch, rows)?),
            None => batches.push(batch),
        }
    }
    Some(batches)
}

fn slices(batch: &Batch, rows: u64) -> Option<Vec<Batch>> {
    let count = *batch.arrays.first()?.shape.first()?;
    let mut slices = Vec::new();
    let mut start = 0;
    while start < count {
        let end = start.saturating_add(rows.max(1)).min(count);
        let arrays: Option<Vec<Array>> = batch.arrays.iter().map(|array| slice(array, count, start, end)).collect();
        slices.push(Batch { arrays: arrays?, ..batch.clone() });
        start = end;
    }
    Some(slices)
}

fn slice(array: &Array, count: u64, start: u64, end: u64) -> Option<Array> {
    let (rows, rest) = array.shape.split_first()?;
    let range = usize::try_from(start).ok()?..usize::try_from(end).ok()?;
    let hashes = array.rows.as_ref()?.get(range)?.to_vec();
    let shape = std::iter::once(end - start).chain(rest.iter().copied()).collect();
    (*rows == count).then(|| Array { shape, rows: Some(hashes), ..array.clone() })
}

/// What is not as it should be.
fn differs(should: &Batch, is: &Batch) -> Option<String> {
    if should.tree != is.tree {
        return Some("it is built in another way".into());
    }
    let odd = |batch: &Batch| -> Vec<_> {
        let plain = |kind: LeafKind| matches!(kind, LeafKind::Scalar | LeafKind::Text);
        batch
            .odd
            .iter()
            .map(|odd| (odd.path.clone(), odd.py.clone(), odd.kind, odd.repr.clone().filter(|_| plain(odd.kind))))
            .collect()
    };
    if odd(should) != odd(is) {
        return Some("what is no array in it is not the same".into());
    }
    if should.arrays.len() != is.arrays.len() {
        return Some("it has other arrays".into());
    }
    should.arrays.iter().zip(&is.arrays).find_map(|(should, is)| {
        let name = if is.key.is_empty() { "it".to_owned() } else { format!("`{}`", is.key) };
        if should.key != is.key {
            Some("it has other arrays".into())
        } else if should.dtype.name() != is.dtype.name() {
            Some(format!("{name} is {} and should be {}", is.dtype.name(), should.dtype.name()))
        } else if should.shape != is.shape {
            Some(format!("{name} has shape {} and should have {}", shape_text(&is.shape), shape_text(&should.shape)))
        } else {
            (should.rows != is.rows).then(|| format!("the values of {name} are not those of before"))
        }
    })
}

impl Run {
    /// Whether its last batch is the last that there is.
    fn is_exhausted(&self) -> bool {
        self.end == Some(Reason::Exhausted)
    }
}

/// How the program ended.
fn end(capture: &Capture) -> Option<Reason> {
    capture.end.as_ref().map(|end| end.reason)
}
