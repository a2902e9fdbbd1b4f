//! What exporters do to names and sizes: they make names up, forget the order of the inputs, and bake in the size of
//! the batch that they were shown.

use std::cmp::Ordering;

use super::names::is_made_up;
use super::{Model, Port, Size};

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

/// Words in the names of axes that are not the batch, for models that take time or the sequence first.
const OTHER_AXES: [&str; 9] = ["seq", "len", "time", "step", "token", "frame", "height", "width", "channel"];

/// A symbol that is the first axis of every input is the batch axis, and is called so from here on, in the outputs and
/// bounds as well, unless its name says that it is another.
pub(super) fn call_the_batch(model: &mut Model) {
    let firsts = || model.inputs.iter().map(|port| port.shape.as_ref().and_then(|shape| shape.first()));
    let Some(Some(Size::Symbol(symbol))) = firsts().next() else { return };
    let shared = firsts().all(|first| matches!(first, Some(Size::Symbol(other)) if other == symbol));
    let taken = |shape: &[Size]| shape.iter().any(|size| *size == Size::Symbol("batch".into()));
    let other = OTHER_AXES.iter().any(|word| symbol.to_lowercase().contains(word));
    if !shared || other || symbol == "batch" || model.inputs.iter().filter_map(|port| port.shape.as_deref()).any(taken)
    {
        return;
    }
    let symbol = symbol.clone();
    for size in model.inputs.iter_mut().chain(&mut model.outputs).filter_map(|port| port.shape.as_mut()).flatten() {
        if *size == Size::Symbol(symbol.clone()) {
            *size = Size::Symbol("batch".into());
        }
    }
    for bounds in model.symbols.iter_mut().filter(|bounds| bounds.name == symbol) {
        bounds.name = "batch".into();
    }
    model.notes.push(format!("The first axis of every input is `{symbol}`, so it is the batch axis."));
}

/// Says so where the first axis of an input is a number: most exports fix the size of the example that they were shown.
pub(super) fn note_baked_batch(model: &mut Model) {
    let baked: Vec<_> = model
        .inputs
        .iter()
        .filter_map(|port| match port.shape.as_deref()?.first()? {
            Size::Exactly(rows) => Some(format!("`{}` ({rows})", port.name)),
            _ => None,
        })
        .take(4)
        .collect();
    if !baked.is_empty() {
        model.notes.push(format!(
            "The first axis of {} is a fixed number. Exports bake in the size of the example batch: if the model is \
             trained with batches of other sizes, write \"batch\" in its place.",
            baked.join(", ")
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::super::Symbol;
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
    fn the_first_axis_of_all_inputs_is_the_batch() {
        let s0 = || Size::Symbol("s0".into());
        let mut model = Model {
            inputs: vec![port("a", vec![s0(), Size::Exactly(3)]), port("b", vec![s0()])],
            outputs: vec![port("c", vec![s0(), Size::Any])],
            symbols: vec![Symbol { name: "s0".into(), min: Some(1), max: None }],
            ..Model::default()
        };
        let mut other = model.clone();
        let mut time_first = model.clone();
        time_first.inputs.truncate(1);
        time_first.inputs[0].shape = Some(vec![Size::Symbol("seq_len".into())]);
        for model in [&mut time_first, &mut model] {
            call_the_batch(model);
        }
        assert_eq!(time_first.inputs[0].shape, Some(vec![Size::Symbol("seq_len".into())]));
        let batch = Size::Symbol("batch".into());
        assert_eq!(model.outputs[0].shape, Some(vec![batch, Size::Any]));
        assert_eq!(model.symbols[0].name, "batch");
        other.inputs[1].shape = Some(vec![Size::Any]);
        let before = other.clone();
        call_the_batch(&mut other);
        assert_eq!(other, before);
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
