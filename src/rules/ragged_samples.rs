//! Samples of one batch that differ in shape.

use std::collections::BTreeMap;

use super::context::{batch_unit, called};
use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx, container};
use crate::diagnostic::{Anchor, Finding, Level, Place};
use crate::source::capture::facts::{SampleGroup, Step, key_of};
use crate::source::shape_text;
use crate::spec::{Declaration, Framework};

pub(super) static RULE: Rule = Rule {
    id: "ragged-samples",
    group: Group::Shape,
    level: Level::Error,
    finds: "samples of one batch that differ in shape",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/ragged-samples.md"),
    judge: Judge::Stream(judge),
};

/// Shapes that are named at most.
const SHOWN: usize = 4;

/// One array of the samples over all batches in which it differs.
#[derive(Default)]
struct Ragged<'a> {
    /// Samples by shape.
    shapes: BTreeMap<&'a [u64], u64>,
    places: Vec<Place>,
    /// The first two samples that differ, in the first batch at fault: number and shape.
    pair: Option<[(u64, &'a [u64]); 2]>,
}

fn judge(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    let Some(capture) = cx.stream.capture else { return Looked::No };
    let mut arrays: BTreeMap<&[Step], Ragged<'_>> = BTreeMap::new();
    let mut seen = capture.hello.samples.is_some();
    for batch in &cx.stream.batches {
        let Some(samples) = batch.yielded.as_ref().and_then(|yielded| yielded.samples.as_ref()) else { continue };
        seen = true;
        let mut groups: BTreeMap<&[Step], Vec<&SampleGroup>> = BTreeMap::new();
        for group in &samples.groups {
            groups.entry(&group.path).or_default().push(group);
        }
        for (path, mut groups) in groups {
            groups.sort_by_key(|group| group.first);
            let Some(other) = groups.iter().find(|group| group.shape != groups[0].shape) else { continue };
            let ragged = arrays.entry(path).or_default();
            for group in &groups {
                *ragged.shapes.entry(&group.shape).or_default() += group.count;
            }
            let pair = [(groups[0].first, &*groups[0].shape), (other.first, &*other.shape)];
            ragged.pair.get_or_insert(pair);
            ragged.places.push(Place {
                source: batch.name.to_string(),
                array: Some(key_of(path)).filter(|key| !key.is_empty()),
                batch: Some(samples.batch),
                detail: Some(format!("sample {} is {}", other.first, shape_text(&other.shape))),
                ..Place::default()
            });
        }
    }
    for (path, ragged) in &arrays {
        out.push(finding(cx, path, ragged));
    }
    if seen { Looked::Yes } else { Looked::No }
}

fn finding(cx: &StreamCx<'_>, path: &[Step], ragged: &Ragged<'_>) -> Finding {
    let declared = declaration(cx, path);
    let name = match path {
        [Step::Index(_), ..] => format!("element {}", key_of(path)),
        _ => key_of(path),
    };
    let label = declared.map_or_else(|| called(&name), Declaration::label);
    let [(i, a), (j, b)] = ragged.pair.unwrap_or([(0, &[]), (0, &[])]);
    let (cause, help) = story(a, b);
    let at = declared.map(|declared| declared.shape.as_ref().map_or(&declared.at, |shape| &shape.at));
    let (a, b) = (shape_text(a), shape_text(b));
    Finding::new(
        at.map_or(Anchor::Data, |at| Anchor::Spec(at.clone())),
        declared.map_or(&*name, |declared| &declared.name),
        format!("{label} has samples of different shapes in one batch"),
        format!("All samples of {} in a batch have one shape, so that they can be stacked.", container::place(path)),
        tally(&ragged.shapes),
    )
    .counted(ragged.places.clone(), ragged.places.len() as u64, cx.stream.batches.len() as u64, batch_unit(cx.spec))
    .cause(cause)
    .consequence(match cx.spec.framework() {
        Framework::Torch => format!(
            "torch stops: `stack expects each tensor to be equal size, but got {a} at entry {i} and {b} at entry {j}`"
        ),
        _ => format!(
            "samples {i} and {j} cannot be stacked: NumPy stops, `setting an array element with a sequence. The requested \
             array has an inhomogeneous shape`; older versions made an array of objects"
        ),
    })
    .help(help)
}

/// The declaration of the array, as the batches that could be put together show it.
fn declaration<'a>(cx: &StreamCx<'a>, path: &[Step]) -> Option<&'a Declaration> {
    let is = |leaf: &crate::source::Leaf| leaf.path == path;
    let owner = cx.stream.columns.iter().find(|column| {
        column.declared.is_some() && column.cells.iter().any(|cell| cell.array.leaf.as_deref().is_some_and(is))
    });
    let named = || match path {
        [.., Step::Key(key)] => cx.spec.arrays.iter().find(|declared| *declared.name == **key),
        _ => None,
    };
    owner.and_then(|column| cx.spec.arrays.get(column.declared?)).or_else(named)
}

/// "61 x [3, 224, 224], 2 x [1, 224, 224]"
fn tally(shapes: &BTreeMap<&[u64], u64>) -> String {
    let mut shapes: Vec<(&[u64], u64)> = shapes.iter().map(|(shape, count)| (*shape, *count)).collect();
    shapes.sort_by_key(|(shape, count)| (std::cmp::Reverse(*count), *shape));
    let more = shapes.len().saturating_sub(SHOWN);
    let mut all: Vec<String> =
        shapes.iter().take(SHOWN).map(|(shape, count)| format!("{count} x {}", shape_text(shape))).collect();
    if more > 0 {
        all.push(format!("{more} more shapes"));
    }
    all.join(", ")
}

/// Why the two shapes differ, and what to do.
fn story(a: &[u64], b: &[u64]) -> (&'static str, &'static str) {
    let sorted = |shape: &[u64]| {
        let mut sizes = shape.to_vec();
        sizes.sort_unstable();
        sizes
    };
    let channels = |size: &u64| matches!(size, 1 | 3 | 4);
    let differ: Vec<usize> =
        if a.len() == b.len() { (0..a.len()).filter(|axis| a[*axis] != b[*axis]).collect() } else { Vec::new() };
    let image = a.len().max(b.len()) == 3;
    match differ.as_slice() {
        [axis] if image && channels(&a[*axis]) && channels(&b[*axis]) => (
            "gray, RGB and RGBA images are mixed",
            "make all of one kind where they are opened: `Image.open(path).convert(\"RGB\")`",
        ),
        [] if image && a.len() != b.len() => (
            "gray images have no channel axis, and the others have one",
            "make all of one kind where they are opened: `Image.open(path).convert(\"RGB\")`",
        ),
        [_, _] if sorted(a) == sorted(b) => (
            "some samples have two axes in another order: height and width, or channels first and last",
            "bring all into one order; photos that were turned need `ImageOps.exif_transpose`",
        ),
        [0] if !image => (
            "sequences of different lengths",
            "pad them to the longest of the batch and keep a mask: `torch.nn.utils.rnn.pad_sequence` in a `collate_fn`, \
             `keras.utils.pad_sequences`",
        ),
        _ => ("the samples have their own sizes, as they were recorded", "resize, crop or pad all samples to one size"),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::Looked;
    use crate::rules::testing::World;
    use crate::spec::Framework;

    fn torch() -> World {
        World::new(Framework::Torch).live(&["(float32[8, 3, 9, 9], int64[8])", "(float32[8, 3, 9, 9], int64[8])"])
    }

    #[test]
    fn mixed_channels_are_told_with_their_samples() {
        let groups = [("0", "float32[3, 224, 224]", 6, 0), ("0", "float32[1, 224, 224]", 2, 5), ("1", "int64[]", 8, 0)];
        let found = torch().sampled(1, 8, &groups, &[]).judge(&RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].message, "element 0 has samples of different shapes in one batch");
        assert_eq!(found[0].found, "6 x [3, 224, 224], 2 x [1, 224, 224]");
        assert_eq!(found[0].cause.as_deref(), Some("gray, RGB and RGBA images are mixed"));
        let says = found[0].consequence.as_ref().unwrap();
        assert!(says.contains("got [3, 224, 224] at entry 0 and [1, 224, 224] at entry 5"), "{says}");
        assert_eq!((found[0].count, found[0].of, found[0].places[0].batch), (1, 2, Some(1)));
    }

    #[test]
    fn sequences_turned_images_and_other_sizes_have_their_own_stories() {
        for (a, b, word) in [
            ("float32[12]", "float32[9]", "sequences"),
            ("float32[24, 32, 64]", "float32[24, 64, 32]", "order"),
            ("float32[224, 224]", "float32[3, 224, 224]", "gray"),
            ("float32[3, 544, 386]", "float32[3, 794, 586]", "sizes"),
        ] {
            let found = torch().sampled(0, 8, &[("0", a, 4, 0), ("0", b, 4, 1)], &[]).judge(&RULE);
            assert!(found[0].cause.as_ref().unwrap().contains(word), "{a} {b} {:?}", found[0].cause);
        }
    }

    #[test]
    fn the_declaration_is_named_where_it_is_known() {
        let world = World::new(Framework::Torch)
            .input("image", "float32", "batch, 3, 9, 9")
            .live(&["{image: float32[8, 3, 9, 9]}"])
            .sampled(0, 8, &[("image", "float32[3, 9, 9]", 4, 0), ("image", "float32[3, 9, 8]", 4, 4)], &[]);
        let found = world.judge(&RULE);
        assert_eq!(found[0].message, "input `image` has samples of different shapes in one batch");
        assert_eq!(world.anchored(&found[0]), "[batch, 3, 9, 9]");
    }

    #[test]
    fn samples_that_differ_in_dtype_alone_are_not_ragged() {
        let groups = [("0", "float32[4]", 4, 0), ("0", "float64[4]", 4, 4)];
        let world = torch().sampled(0, 8, &groups, &[]);
        assert_eq!((world.judge(&RULE).len(), world.looked(&RULE)), (0, vec![Looked::Yes]));
        assert_eq!(torch().looked(&RULE), [Looked::No]);
    }
}
