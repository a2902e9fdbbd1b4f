//! Memory that is filled again while an earlier batch still lies in it.

use std::collections::HashMap;

use super::context::{batch_place, batch_unit, called, place};
use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx};
use crate::diagnostic::{Anchor, Finding, Fix, Level, Place, Proof, python};
use crate::facts::{Cell, Column};
use crate::source::capture::facts::key_of;
use crate::source::text::shown;
use crate::source::{Capture, Leaf};
use crate::spec::{Declaration, Framework};
use crate::values::Wants;

pub(super) static RULE: Rule = Rule {
    id: "reused-buffer",
    group: Group::Plan,
    level: Level::Warning,
    finds: "memory that is filled again while an earlier batch still lies in it",
    needs: Needs::HEADERS.values(Wants::HASHES),
    page: include_str!("../../docs/rules/reused-buffer.md"),
    judge: Judge::Stream(judge),
};

fn judge(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    let Some(capture) = cx.stream.capture else { return Looked::No };
    let batches: HashMap<u64, usize> = cx
        .stream
        .batches
        .iter()
        .enumerate()
        .filter_map(|(index, batch)| Some((batch.yielded.as_ref()?.number, index)))
        .collect();
    let cells: HashMap<(usize, &str), &Cell<'_>> = cx
        .stream
        .columns
        .iter()
        .flat_map(|column| &column.cells)
        .map(|cell| ((cell.batch, &*cell.array.key), cell))
        .collect();
    let (mut looked, mut unable) = (Looked::No, None);
    for column in &cx.stream.columns {
        let mut places: Vec<Place> = Vec::new();
        for cell in &column.cells {
            let Some(leaf) = cell.array.leaf.as_deref() else { continue };
            looked = Looked::Yes;
            // Overlapping windows of one array share memory as well, and nothing is written.
            let Some(reuse) = leaf.reuse.as_ref().filter(|reuse| reuse.same) else { continue };
            let Some(batch) = batches.get(&reuse.batch) else { continue };
            let key = key_of(&reuse.path);
            let Some(earlier) = cells.get(&(*batch, key.as_str())).filter(|other| other.header() == cell.header())
            else {
                continue;
            };
            match is_filled_again(earlier, cell) {
                Some(true) => {
                    places.push(place(cell).detail(format!("in the memory of {}", batch_place(cx.stream, *batch))));
                }
                Some(false) => {}
                None => {
                    let name = shown(&column.name, 80);
                    unable.get_or_insert_with(|| {
                        Looked::Unable(format!(
                            "the values of `{name}` are not known, so nothing shows whether its memory was written"
                        ))
                    });
                }
            }
        }
        if !places.is_empty() {
            out.push(finding(cx, capture, column, places));
        }
    }
    unable.unwrap_or(looked)
}

/// Whether the later array holds something else in the memory of the earlier one; `None` where the values are not known.
fn is_filled_again(earlier: &Cell<'_>, later: &Cell<'_>) -> Option<bool> {
    let hash = |cell: &Cell<'_>| cell.array.values()?.hash;
    Some(hash(earlier)? != hash(later)?)
}

fn finding(cx: &StreamCx<'_>, capture: &Capture, column: &Column<'_>, places: Vec<Place>) -> Finding {
    let declared = column.declared.and_then(|index| cx.spec.arrays.get(index));
    let label = declared.map_or_else(|| called(&column.name), Declaration::label);
    let count = places.len() as u64;
    let copy = match column.cells.first().and_then(|cell| cell.array.leaf.as_deref()) {
        Some(Leaf { via, .. }) if via == "torch" => "clone",
        _ => "copy",
    };
    let (level, consequence) = consequence(cx.spec.framework(), capture);
    let x = python::variable(&column.name);
    Finding::new(
        declared.map_or(Anchor::Data, |declared| Anchor::Spec(declared.at.clone())),
        &*column.name,
        format!("the memory of {label} is filled again while an earlier batch lies in it"),
        "Every batch has memory of its own, at least until nobody holds it any more.",
        "other values in the memory of an earlier batch",
    )
    .counted(places, count, column.cells.len() as u64, batch_unit(cx.spec))
    .level(level)
    .cause("one buffer is made before the loop, filled for every batch and handed out itself")
    .consequence(consequence)
    .help(format!("hand out a copy, or make the buffer inside the loop: `yield {x}.{copy}()`"))
    .fix(Fix::new(
        format!("{x} = {x}.{copy}()  # just before it is handed out"),
        Proof::Lossless("a copy holds the same values, whatever they are".into()),
    ))
}

/// How bad it is depends on who takes further batches before the first is used.
fn consequence(framework: Framework, capture: &Capture) -> (Level, &'static str) {
    let workers = capture.hello.workers.is_some_and(|workers| workers > 0);
    match framework {
        Framework::Keras => (
            Level::Error,
            "keras takes two batches before it trains on the first: batch 0 is lost and batch 1 is used twice, without a word",
        ),
        Framework::Torch if workers => (
            Level::Error,
            "worker processes make batches ahead: of five, the loop was seen to get the contents 3, 3, 3, 3, 4, without a word",
        ),
        _ => (
            Level::Warning,
            "whoever keeps a batch, or fetches the next one ahead, sees it change: `list(batches)` holds the last one over and over",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::diagnostic::Level::{Error, Warning};
    use crate::rules::Looked;
    use crate::rules::testing::{World, noise};
    use crate::spec::Framework;

    const REUSED: &str = "(float32[4, 8] reuse 0, int64[4])";

    fn world(framework: Framework) -> World {
        World::new(framework).live_made(1, "(float32[4, 8], int64[4])", noise)
    }

    #[test]
    fn other_values_in_the_same_memory_are_found() {
        let found = world(Framework::Torch).live_made(3, REUSED, noise).judge(&RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].message, "the memory of element 0 is filled again while an earlier batch lies in it");
        assert_eq!((found[0].count, found[0].of, found[0].level), (3, 4, Some(Warning)));
        assert_eq!(found[0].places[0].detail.as_deref(), Some("in the memory of gen.py:batches batch 0"));
    }

    #[test]
    fn consumers_that_fetch_ahead_make_it_an_error() {
        let keras = world(Framework::Keras).live_made(3, REUSED, noise).judge(&RULE);
        assert_eq!(keras[0].level, Some(Error));
        let workers =
            world(Framework::Torch).live_made(3, REUSED, noise).program(|capture| capture.hello.workers = Some(2));
        assert_eq!(workers.judge(&RULE)[0].level, Some(Error));
    }

    #[test]
    fn the_same_values_again_are_no_write() {
        let world = World::new(Framework::Keras)
            .live_made(1, "(float32[4, 8], int64[4])", |_, i| noise(0, i))
            .live_made(3, REUSED, |_, i| noise(0, i));
        assert_eq!((world.judge(&RULE).len(), world.looked(&RULE)), (0, vec![Looked::Yes]));
        let fresh = world_of_fresh_arrays();
        assert_eq!((fresh.judge(&RULE).len(), fresh.looked(&RULE)), (0, vec![Looked::Yes]));
    }

    fn world_of_fresh_arrays() -> World {
        World::new(Framework::Keras).live_made(4, "(float32[4, 8], int64[4])", noise)
    }

    #[test]
    fn what_is_not_known_is_not_passed() {
        let unread = World::new(Framework::Keras).live(&["(float32[4, 8])", "(float32[4, 8] reuse 0)"]);
        assert!(unread.judge(&RULE).is_empty());
        assert!(matches!(unread.looked(&RULE).as_slice(), [Looked::Unable(_)]));
        let files = World::new(Framework::Keras).batch(&["x: float32[4, 8]"]);
        assert_eq!(files.looked(&RULE), [Looked::No]);
    }
}
