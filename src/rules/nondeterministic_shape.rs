//! Two runs of one program that do not hand out the same kinds of arrays.

use std::collections::BTreeMap;

use super::context::{batch_place, batch_unit, called};
use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx};
use crate::diagnostic::{Anchor, Finding, Level, Place};
use crate::facts::Cell;
use crate::source::capture::facts::{Again, Alike, End, Reason};
use crate::source::shape_text;
use crate::spec::Declaration;

pub(super) static RULE: Rule = Rule {
    id: "nondeterministic-shape",
    group: Group::Plan,
    level: Level::Warning,
    finds: "two runs with the same seeds that differ in dtype, shape or number of batches",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/nondeterministic-shape.md"),
    judge: Judge::Stream(judge),
};

const CAUSE: &str = "something decides by chance that no seed governs: the time, a set or the order of files in a folder, threads, \
                     `os.urandom`, or a generator that was seeded from it";
const HELP: &str = "draw from one generator with a fixed seed, `np.random.default_rng(0)`, and sort what was listed: `sorted(os.listdir(path))`";

fn judge(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    let Some(capture) = cx.stream.capture else { return Looked::No };
    let Some(again) = &capture.again else { return Looked::No };
    let through = |end: Option<&End>| end.is_some_and(|end| matches!(end.reason, Reason::Exhausted | Reason::Limit));
    if !through(capture.end.as_ref()) || !through(again.end.as_ref()) {
        return Looked::Unable("one of the two runs did not come to its end".into());
    }
    count(cx, again, out);
    arrays(cx, again, out);
    Looked::Yes
}

fn count(cx: &StreamCx<'_>, again: &Again, out: &mut Findings) {
    let (first, second) = (cx.stream.batches.len() as u64, again.batches.len() as u64);
    if first == second {
        return;
    }
    out.push(
        Finding::new(
            Anchor::Data,
            "",
            "two runs hand out different numbers of batches",
            "Under the same seeds a program hands out the same number of batches.",
            format!("{first} in the first run, {second} in the second"),
        )
        .counted(Vec::new(), first.abs_diff(second), first.max(second), batch_unit(cx.spec))
        .cause(CAUSE)
        .consequence("epochs differ in length: steps and learning rate schedules that were counted once are wrong, and no run can be repeated")
        .help(HELP),
    );
}

/// An array that differs between the runs: how, and where.
struct Differing {
    found: String,
    places: Vec<Place>,
}

fn arrays(cx: &StreamCx<'_>, again: &Again, out: &mut Findings) {
    let mut cells: Vec<Vec<(usize, &Cell<'_>)>> = vec![Vec::new(); cx.stream.batches.len()];
    for (index, column) in cx.stream.columns.iter().enumerate() {
        for cell in &column.cells {
            cells[cell.batch].push((index, cell));
        }
    }
    // What is found is that of the first batch: numbers differ from batch to batch.
    let mut differing: BTreeMap<(usize, &str), Differing> = BTreeMap::new();
    let mut other: Vec<Place> = Vec::new();
    for (batch, (cells, second)) in cells.iter().zip(&again.batches).enumerate() {
        if cells.len() != second.len()
            || !cells.iter().all(|(_, cell)| second.iter().any(|twin| twin.key == cell.array.key))
        {
            other.push(batch_place(cx.stream, batch));
            continue;
        }
        for (column, cell) in cells {
            let Some(twin) = second.iter().find(|twin| twin.key == cell.array.key) else { continue };
            for (what, found) in differences(cell, twin) {
                let place = super::context::place(cell).detail(found.clone());
                let entry = differing.entry((*column, what));
                entry.or_insert_with(|| Differing { found, places: Vec::new() }).places.push(place);
            }
        }
    }
    let of = cx.stream.batches.len().min(again.batches.len()) as u64;
    for ((index, what), Differing { found, places }) in differing {
        let column = &cx.stream.columns[index];
        let declared = column.declared.and_then(|index| cx.spec.arrays.get(index));
        let label = declared.map_or_else(|| called(&column.name), Declaration::label);
        let count = places.len() as u64;
        out.push(
            Finding::new(
                declared.map_or(Anchor::Data, |declared| Anchor::Spec(declared.at.clone())),
                &*column.name,
                format!("{label} has another {what} in a second run"),
                format!("Under the same seeds a batch has the same {what} in every run."),
                found,
            )
            .counted(places, count, of, batch_unit(cx.spec))
            .cause(CAUSE)
            .consequence("a model that was built for one run stops in another, and no failure can be repeated")
            .help(HELP),
        );
    }
    if !other.is_empty() {
        let count = other.len() as u64;
        out.push(
            Finding::new(
                Anchor::Data,
                "",
                "batches hold other arrays in a second run",
                "Under the same seeds a batch holds the same arrays in every run.",
                "other arrays",
            )
            .counted(other, count, of, batch_unit(cx.spec))
            .cause(CAUSE)
            .consequence("whatever takes a batch apart stops in one run and not in another")
            .help(HELP),
        );
    }
}

fn differences(cell: &Cell<'_>, twin: &Alike) -> Vec<(&'static str, String)> {
    let header = cell.header();
    let mut found = Vec::new();
    if header.dtype.name() != twin.dtype {
        found.push(("dtype", format!("{} in the first run, {} in the second", header.dtype.name(), twin.dtype)));
    }
    if header.shape != twin.shape {
        found.push((
            "shape",
            format!("{} in the first run, {} in the second", header.shape_text(), shape_text(&twin.shape)),
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::Looked;
    use crate::rules::testing::World;
    use crate::source::capture::facts::Reason;
    use crate::spec::Framework;

    const BATCH: &str = "(float32[8, 4], int64[8])";

    fn twice(second: &[&str]) -> World {
        World::new(Framework::Torch).live(&[BATCH; 3]).again(second, Reason::Exhausted)
    }

    #[test]
    fn the_same_again_passes() {
        let world = twice(&[BATCH; 3]);
        assert_eq!((world.judge(&RULE).len(), world.looked(&RULE)), (0, vec![Looked::Yes]));
    }

    #[test]
    fn every_difference_is_told_once_per_array() {
        let found = twice(&[BATCH, "(float64[7, 4], int64[8])", "(float64[6, 4], int64[8])"]).judge(&RULE);
        let told: Vec<(&str, &str, u64)> =
            found.iter().map(|finding| (&*finding.message, &*finding.found, finding.count)).collect();
        assert_eq!(
            told,
            [
                ("element 0 has another dtype in a second run", "float32 in the first run, float64 in the second", 2),
                ("element 0 has another shape in a second run", "[8, 4] in the first run, [7, 4] in the second", 2),
            ]
        );
    }

    #[test]
    fn numbers_of_batches_and_arrays_count() {
        assert_eq!(twice(&[BATCH; 2]).messages(&RULE), ["two runs hand out different numbers of batches"]);
        let other = twice(&[BATCH, "(float32[8, 4])", BATCH]);
        assert_eq!(other.messages(&RULE), ["batches hold other arrays in a second run"]);
    }

    #[test]
    fn one_run_or_a_failed_one_shows_nothing() {
        assert_eq!(World::new(Framework::Torch).live(&[BATCH]).looked(&RULE), [Looked::No]);
        let failed = World::new(Framework::Torch).live(&[BATCH; 3]).again(&[BATCH], Reason::Exception);
        assert!(failed.judge(&RULE).is_empty());
        assert!(matches!(failed.looked(&RULE).as_slice(), [Looked::Unable(_)]));
    }
}
