//! Arrays of one batch with different numbers of rows.

use std::collections::BTreeMap;

use super::shapes::{line, listed, places};
use super::{BatchCx, Findings, Group, Judge, Looked, Needs, Rule};
use crate::diagnostic::{Anchor, Finding, Level};
use crate::facts::lengths::{Length, Lengths, lengths};
use crate::source::text::shown;
use crate::spec::{Framework, Role, Unit};

pub(super) static RULE: Rule = Rule {
    id: "unequal-lengths",
    group: Group::Shape,
    level: Level::Error,
    finds: "arrays of one batch with different numbers of rows",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/unequal-lengths.md"),
    judge: Judge::Batch(judge),
};

fn judge(cx: &BatchCx<'_>, out: &mut Findings) -> Looked {
    let compared = lengths(cx.spec, cx.stream, cx.arrays, cx.batches.len());
    for lengths in &compared {
        if let Lengths::Differ(lengths) = lengths {
            out.push(finding(cx, lengths));
        }
    }
    if compared.is_empty() { Looked::No } else { Looked::Yes }
}

fn finding(cx: &BatchCx<'_>, lengths: &[Length]) -> Finding {
    let usual = usual(lengths);
    let odd = lengths.iter().find(|length| length.rows != usual.rows).unwrap_or(usual);
    // Of two that differ, either may be at fault: the later one in the spec is named first.
    let (first, second) = if lengths.len() == 2 { (&lengths[1], &lengths[0]) } else { (odd, usual) };
    let declared = |length: &Length| cx.stream.columns[length.column].declared.map(|index| &cx.spec.arrays[index]);
    let name = |length: &Length| format!("`{}`", shown(&cx.stream.columns[length.column].name, 80));
    let label = |length: &Length| declared(length).map_or_else(|| name(length), crate::spec::Declaration::label);
    let shape = |length: &Length| declared(length).and_then(|declaration| declaration.shape.as_ref());
    let found: Vec<String> =
        lengths.iter().map(|length| format!("{} in {}", rows(length.rows), name(length))).collect();
    let place = shape(second).and_then(|shape| line(cx.spec, &shape.at));
    let expected = place.map_or(String::new(), |place| format!(": that of {} ({place})", label(second)));
    let anchor = shape(first).map_or(Anchor::Data, |shape| Anchor::Spec(shape.at.clone()));
    let message = format!("{} and {} have different numbers of rows", label(first), label(second));
    let expected = format!("All arrays of a batch have the same number of rows{expected}.");
    let mut finding = cx.finding(anchor, &cx.stream.columns[first.column].name, message, expected, listed(&found));
    finding.places = places(cx, first.column);
    finding
        .cause(cause(first.rows, second.rows))
        .consequence(consequence(cx, first, second))
        .help("check once, before batches are cut: `assert len(x) == len(y)`; then filter and shuffle both with the same indices")
}

/// The first of the arrays whose number of rows most of them have.
fn usual(lengths: &[Length]) -> &Length {
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    for length in lengths {
        *counts.entry(length.rows).or_default() += 1;
    }
    let most = counts.values().max().copied().unwrap_or_default();
    lengths.iter().find(|length| counts[&length.rows] == most).unwrap_or(&lengths[0])
}

fn rows(n: u64) -> String {
    format!("{n} {}", if n == 1 { "row" } else { "rows" })
}

fn cause(first: u64, second: u64) -> &'static str {
    if first.min(second) == 1 {
        "one value stands for the whole batch, or the array of one sample beside a batch of the others"
    } else if first.abs_diff(second) == 1 {
        "off by one: one of them was sliced or windowed with another end"
    } else {
        "a filter, a shuffle or a slice was applied to one of them and not to the other"
    }
}

fn consequence(cx: &BatchCx<'_>, first: &Length, second: &Length) -> String {
    let role = |length: &Length| cx.stream.columns[length.column].declared.map(|index| cx.spec.arrays[index].role);
    let sides = (role(second), role(first)) == (Some(Role::Input), Some(Role::Target));
    let (first, second) = (first.rows, second.rows);
    match cx.spec.framework() {
        Framework::Keras if cx.spec.unit == Unit::Dataset => {
            "keras stops: `Data cardinality is ambiguous. Make sure all arrays contain the same number of samples.`".into()
        }
        Framework::Keras => {
            "keras checks arrays, `Data cardinality is ambiguous`, and not what a generator yields: in mid-epoch `logits and \
             labels must have the same first dimension`, or a broadcast"
                .into()
        }
        Framework::Torch if sides => format!(
            "torch stops: `Expected input batch_size ({second}) to match target batch_size ({first}).`, or in a \
             TensorDataset `Size mismatch between tensors`"
        ),
        Framework::Torch => "torch stops: in a TensorDataset `Size mismatch between tensors`, otherwise where the two meet".into(),
        Framework::Sklearn => {
            format!("sklearn stops: `Found input variables with inconsistent numbers of samples: [{second}, {first}]`")
        }
        Framework::Tensorflow => format!("tensorflow stops: `Dimensions {second} and {first} are not compatible`"),
        _ => "rows no longer belong together: an error, or samples trained with the label of another one".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::World;

    fn declared(framework: Framework, rows: [u64; 3]) -> World {
        let [x, y, w] = rows;
        World::new(framework)
            .input("x", "float32", "batch, 8")
            .target("y", "int64", "batch")
            .weight("w", "float32", "batch")
            .batch(&[&format!("x: float32[{x}, 8]"), &format!("y: int64[{y}]"), &format!("w: float32[{w}]")])
    }

    #[test]
    fn the_odd_one_is_named() {
        let world = declared(Framework::Keras, [32, 31, 32]);
        assert_eq!(world.messages(&RULE), ["target `y` and input `x` have different numbers of rows"]);
        let finding = &world.judge(&RULE)[0];
        assert_eq!(finding.found, "32 rows in `x`, 31 rows in `y` and 32 rows in `w`");
        assert_eq!(
            finding.expected,
            "All arrays of a batch have the same number of rows: that of input `x` (batchlint.toml line 4)."
        );
        assert_eq!(world.anchored(finding), "[batch]");
        assert_eq!(finding.places[0].array.as_deref(), Some("y"));
    }

    #[test]
    fn equal_rows_are_clean() {
        assert!(declared(Framework::Keras, [32; 3]).messages(&RULE).is_empty());
        assert_eq!(declared(Framework::Keras, [32; 3]).looked(&RULE), [Looked::Yes]);
    }

    #[test]
    fn one_row_is_a_broadcast_where_it_would_be_silent() {
        assert!(declared(Framework::Keras, [32, 1, 32]).messages(&RULE).is_empty());
        assert_eq!(declared(Framework::Sklearn, [32, 1, 32]).messages(&RULE).len(), 1);
        assert_eq!(declared(Framework::Keras, [32, 1, 16]).messages(&RULE).len(), 1);
    }

    #[test]
    fn arrays_of_another_shape_and_undeclared_ones_are_left_alone() {
        let world = World::new(Framework::Keras)
            .input("x", "float32", "batch, 8")
            .input("table", "float32", "100, 8")
            .target("y", "int64", "batch")
            .batch(&["x: float32[8]", "y: int64[32]", "table: float32[100, 8]", "names: <U5[7]"]);
        assert!(world.messages(&RULE).is_empty());
        assert_eq!(world.looked(&RULE), [Looked::No]);
    }

    #[test]
    fn without_a_spec_only_evident_pairs_are_compared() {
        let found = |arrays: &[&str]| World::unspecified().batch(arrays).messages(&RULE);
        assert_eq!(found(&["x_train: float32[320, 8]", "y_train: int64[32]"]).len(), 1);
        assert_eq!(found(&["x: float32[100, 8]", "y: int64[99]"]).len(), 1);
        for quiet in [
            ["x_train: float32[320, 8]", "y_test: int64[32]"],
            ["x: float32[100, 8]", "mean: float32[8]"],
            ["image: float32[224, 224, 3]", "label: int64[1]"],
            ["features: float32[512, 80]", "labels: int64[30]"],
            ["x: float32[3, 32, 32]", "y: float32[10]"],
            ["x_train: float32[12288, 209]", "y_train: float32[1, 209]"],
        ] {
            assert!(found(&quiet).is_empty(), "{quiet:?}");
        }
    }

    #[test]
    fn without_a_spec_the_other_batches_are_evidence() {
        let world = World::unspecified()
            .batches(3, &["images: uint8[32, 8, 8]", "labels: int64[32]"])
            .batch(&["images: uint8[32, 8, 8]", "labels: int64[16]"]);
        assert_eq!(world.messages(&RULE), ["`labels` and `images` have different numbers of rows"]);
        let samples = World::unspecified()
            .batch(&["images: uint8[40, 8]", "labels: int64[40]"])
            .batch(&["images: uint8[41, 8]", "labels: int64[12]"])
            .batch(&["images: uint8[42, 8]", "labels: int64[13]"]);
        assert!(samples.messages(&RULE).is_empty());
    }
}
