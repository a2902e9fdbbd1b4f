//! What exporters do to names and sizes: they make names up, forget the order of the inputs, and bake in the size of
//! the batch that they were shown.

use std::cmp::Ordering;

use super::names::is_made_up;
use super::{Model, Port, Size};
use crate::error::quoted;

/// Inputs, and outputs, that a model may have at most.
pub(super) const MOST_PORTS: usize = 1024;
/// Axes that an array may have at most: those of NumPy.
pub(super) const MOST_AXES: usize = 64;
/// Bytes of the longest name that is kept.
pub(super) const MOST_NAME: usize = 1024;

/// Names that exporters give to outputs that have none, alone or with a number behind it.
const OUTPUTS: [&str; 5] = ["output", "outputs", "Identity", "PartitionedCall", "StatefulPartitionedCall"];
/// Layers of Keras, whose inputs are named after them: `conv2d_input`, `dense_3_input`.
const LAYERS: [&str; 19] = [
    "bidirectional",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_lstm2d",
    "dense",
    "dropout",
    "embedding",
    "flatten",
    "gru",
    "lstm",
    "masking",
    "batch_normalization",
    "normalization",
    "rescaling",
    "reshape",
    "sequential",
    "simple_rnn",
    "time_distributed",
];

/// Whether a machine made the name up: `args_0_1`, `inputs`, `input.1`, `conv2d_input`, `Identity:0`, `10`, none.
pub(super) fn made_up(name: &str) -> bool {
    let bare = |name: &'_ str| name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_').to_owned();
    let first = name.strip_suffix(":0").unwrap_or(name);
    let layer = first.strip_suffix("_input");
    is_made_up(name)
        || name.starts_with("onnx::")
        || OUTPUTS.contains(&bare(first).as_str())
        || layer.is_some_and(|layer| LAYERS.contains(&layer) || LAYERS.contains(&bare(layer).as_str()))
}

/// The order of names whose numbers count: `output_2` before `output_10`.
pub(super) fn by_name(left: &Port, right: &Port) -> Ordering {
    key(&left.name).cmp(&key(&right.name))
}

fn key(name: &str) -> (&str, usize, &str) {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = &name[stem.len()..];
    (stem, number.len(), number)
}

/// Says so where the first axis of an input is a number: most exports fix the size of the example that they were shown.
pub(super) fn note_baked_batch(model: &mut Model) {
    let baked: Vec<_> = model
        .inputs
        .iter()
        .filter_map(|port| match port.shape.as_deref()?.first()? {
            Size::Exactly(rows) => Some(format!("{} ({rows})", quoted(&port.name))),
            _ => None,
        })
        .take(4)
        .collect();
    if !baked.is_empty() {
        model.notes.push(format!(
            "The first axis of {} is a fixed number. An export bakes in the size of its example batch unless it is told \
             that the axis is dynamic.",
            baked.join(", ")
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_machines_are_known() {
        for name in ["args_0", "args_0_1", "inputs", "input", "input.1", "input_1", "conv2d_input", "conv2d_3_input"] {
            assert!(made_up(name), "{name}");
        }
        for name in ["dense_input", "Identity:0", "Identity_1:0", "StatefulPartitionedCall_1:0", "10", "", "output_0"] {
            assert!(made_up(name), "{name}");
        }
        for name in
            ["image", "image_input", "tokens", "x", "input_ids", "args_list", "dense_features", "serving_default_a:0"]
        {
            assert!(!made_up(name), "{name}");
        }
    }

    #[test]
    fn numbers_in_names_count() {
        let mut ports: Vec<_> =
            ["out_10", "out_2", "b", "out"].map(|name| Port { name: name.into(), ..Port::default() }).into();
        ports.sort_by(by_name);
        let names: Vec<_> = ports.iter().map(|port| port.name.as_str()).collect();
        assert_eq!(names, ["b", "out", "out_2", "out_10"].map(|name| name).to_vec());
    }

    fn port(name: &str, shape: Vec<Size>) -> Port {
        Port { name: name.into(), shape: Some(shape), ..Port::default() }
    }

    #[test]
    fn a_fixed_batch_is_noted() {
        let mut model = Model { inputs: vec![port("a", vec![Size::Exactly(4), Size::Any])], ..Model::default() };
        note_baked_batch(&mut model);
        assert!(model.notes[0].contains("`a` (4)"), "{}", model.notes[0]);
        let mut free = Model { inputs: vec![port("a", vec![Size::Any]), port("b", vec![])], ..Model::default() };
        note_baked_batch(&mut free);
        assert!(free.notes.is_empty());
    }
}
