//! The layers of a model as Keras writes them, and what feeds what.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use serde_json::Value;

use super::super::Size;
use super::super::limits;
use super::shapes;

/// A model of layers: `Sequential` or `Functional`.
#[derive(Default)]
pub(super) struct Graph<'v> {
    pub(super) layers: Vec<Layer<'v>>,
    /// The inputs in their order; empty where the model was never built.
    pub(super) inputs: Vec<End<'v>>,
    /// The outputs in their order.
    pub(super) outputs: Vec<End<'v>>,
    /// Whether there are more inputs or outputs than are looked at.
    pub(super) cut: bool,
    /// The first layer of a name; of a `Sequential` none, where each layer takes what the one before it gives.
    places: Option<HashMap<&'v str, usize>>,
    /// The layers that take what a layer gives, by its name.
    takers: HashMap<&'v str, Vec<usize>>,
    /// Models around this one.
    depth: usize,
    /// Layers of models inside this one that may still be looked at: a small file can name one model very often.
    left: Rc<Cell<usize>>,
}

/// One layer.
pub(super) struct Layer<'v> {
    pub(super) entry: &'v Value,
    pub(super) class: &'v str,
    pub(super) name: &'v str,
    pub(super) config: &'v Value,
    /// What feeds it, for each time that it is called.
    calls: Vec<Vec<Source<'v>>>,
}

/// What feeds a layer.
struct Source<'v> {
    layer: &'v str,
    /// The shape that Keras 3 writes beside it.
    shape: Option<&'v Value>,
}

/// An input or output of the model.
pub(super) struct End<'v> {
    /// The key of the dict it is fed by, or that it is given in.
    pub(super) key: Option<&'v str>,
    pub(super) layer: usize,
    /// Which call of the layer.
    call: usize,
}

impl<'v> Graph<'v> {
    /// Reads `{"class_name": .., "config": ..}`; `None` where it is a model of the user's own class.
    pub(super) fn of(entry: &'v Value) -> Option<Self> {
        Self::inside(entry, 0, &Rc::new(Cell::new(MAX_WORK)))
    }

    fn inside(entry: &'v Value, depth: usize, left: &Rc<Cell<usize>>) -> Option<Self> {
        if depth > limits::DEPTH || left.get() == 0 {
            return None;
        }
        let config = entry.get("config")?;
        let mut graph = match entry.get("class_name")?.as_str()? {
            "Sequential" => Self::sequential(config)?,
            "Functional" | "Model" if config.get("input_layers").is_some() => Self::functional(config)?,
            _ => return None,
        };
        if depth > 0 {
            left.set(left.get().saturating_sub(graph.layers.len()));
        }
        (graph.depth, graph.left) = (depth, Rc::clone(left));
        for (index, layer) in graph.layers.iter().enumerate() {
            for source in layer.calls.iter().flatten() {
                let takers = graph.takers.entry(source.layer).or_default();
                if takers.last() != Some(&index) && takers.len() < MAX_TAKERS {
                    takers.push(index);
                }
            }
        }
        Some(graph)
    }

    /// Before Keras 2.2.3 the configuration was the list of layers itself.
    fn sequential(config: &'v Value) -> Option<Self> {
        let layers = config.as_array().or_else(|| config.get("layers")?.as_array())?;
        let mut layers: Vec<Layer<'v>> = layers.iter().map(Layer::of).collect();
        for index in 1..layers.len() {
            let layer = layers[index - 1].name;
            layers[index].calls = vec![vec![Source { layer, shape: None }]];
        }
        let end = |layer: usize| End { key: None, layer, call: 0 };
        let inputs = layers.first().filter(|layer| layer.class == "InputLayer").map(|_| end(0));
        let outputs = layers.len().checked_sub(1).filter(|last| *last > 0 || inputs.is_none()).map(end);
        let (inputs, outputs) = (inputs.into_iter().collect(), outputs.into_iter().collect());
        Some(Self { layers, inputs, outputs, ..Self::default() })
    }

    fn functional(config: &'v Value) -> Option<Self> {
        let mut layers: Vec<Layer<'v>> = config.get("layers")?.as_array()?.iter().map(Layer::of).collect();
        for layer in &mut layers {
            let calls = layer.entry.get("inbound_nodes").and_then(Value::as_array);
            layer.calls = calls.into_iter().flatten().map(sources).collect();
        }
        let places: HashMap<&str, usize> =
            layers.iter().enumerate().rev().map(|(index, layer)| (layer.name, index)).collect();
        let ends = |key: &str| {
            let mut found = Vec::new();
            if let Some(value) = config.get(key) {
                leaves(value, None, &mut found);
            }
            let place = |(key, name, call): (Option<&'v str>, &'v str, u64)| {
                Some(End { key, layer: *places.get(name)?, call: usize::try_from(call).ok()? })
            };
            let cut = found.len() > MAX_ENDS;
            (found.into_iter().take(MAX_ENDS).filter_map(place).collect(), cut)
        };
        let ((inputs, more_inputs), (outputs, more_outputs)) = (ends("input_layers"), ends("output_layers"));
        Some(Self {
            inputs,
            outputs,
            cut: more_inputs || more_outputs,
            places: Some(places),
            layers,
            ..Self::default()
        })
    }

    /// The model that a layer is itself.
    pub(super) fn nested(&self, layer: &Layer<'v>) -> Option<Self> {
        Self::inside(layer.entry, self.depth + 1, &self.left)
    }

    /// The layers that take what the layer at `index` gives, the first of very many.
    pub(super) fn consumers(&self, index: usize) -> Vec<&Layer<'v>> {
        let takers = self.takers.get(self.layers[index].name);
        takers.into_iter().flatten().map(|index| &self.layers[*index]).collect()
    }

    /// The shape of what an output gives, as far as the layers before it tell.
    pub(super) fn shape(&self, end: &End<'v>) -> Option<Vec<Size>> {
        self.given(end.layer, end.call, &mut MAX_STEPS.clone())
    }

    /// The size of the last axis of an output, also where the number of axes is not known.
    pub(super) fn last(&self, end: &End<'v>) -> Option<u64> {
        if let Some(shape) = self.shape(end) {
            return match shape.as_slice() {
                [_, .., Size::Exactly(last)] => Some(*last),
                _ => None,
            };
        }
        let mut at = (end.layer, end.call);
        for _ in 0..MAX_STEPS {
            let layer = self.layers.get(at.0)?;
            if layer.class == "Dense" {
                return layer.config.get("units")?.as_u64();
            }
            if !shapes::keeps(layer.class) {
                return None;
            }
            at = (self.before(at.0, at.1)?, 0);
        }
        None
    }

    /// The type of what an output gives: that in which its layer computes.
    pub(super) fn dtype(&self, end: &End<'v>) -> Option<&'v str> {
        let layer = self.layers.get(end.layer)?;
        if let Some(nested) = self.nested(layer) {
            let [only] = nested.outputs.as_slice() else { return None };
            return nested.dtype(only);
        }
        let known = layer.class == "Dense" || shapes::keeps(layer.class) || shapes::merges(layer.class);
        known.then(|| policy(layer.config.get("dtype")?)).flatten()
    }

    /// What the layer at `index` gives.
    fn given(&self, index: usize, call: usize, steps: &mut usize) -> Option<Vec<Size>> {
        *steps = steps.checked_sub(1)?;
        let layer = self.layers.get(index)?;
        if layer.class == "InputLayer" {
            return super::shape(super::batch_shape(layer.config)?.1);
        }
        if let Some(nested) = self.nested(layer) {
            let [only] = nested.outputs.as_slice() else { return None };
            return nested.given(only.layer, only.call, steps);
        }
        let sources = layer.calls.get(call).or(layer.calls.first());
        if shapes::merges(layer.class) {
            let mut shapes = sources?.iter().map(|source| super::shape(source.shape?));
            let first = shapes.next()??;
            return shapes.all(|shape| shape.as_ref() == Some(&first)).then_some(first);
        }
        let written = sources.and_then(|sources| match sources.as_slice() {
            [only] => super::shape(only.shape?),
            _ => None,
        });
        let built = || super::shape(layer.entry.get("build_config")?.get("input_shape")?);
        let taken = match written.or_else(built) {
            Some(shape) => Some(shape),
            None => self.before(index, call).and_then(|before| self.given(before, 0, steps)),
        };
        shapes::given(layer.class, layer.config, taken.as_deref())
    }

    /// The only layer that feeds the layer at `index`.
    fn before(&self, index: usize, call: usize) -> Option<usize> {
        let layer = self.layers.get(index)?;
        let [only] = layer.calls.get(call).or(layer.calls.first())?.as_slice() else { return None };
        match &self.places {
            Some(places) => places.get(only.layer).copied(),
            None => index.checked_sub(1),
        }
    }
}

/// Inputs or outputs of one model that are looked at.
const MAX_ENDS: usize = 1024;
/// Layers behind one layer that are looked at.
const MAX_TAKERS: usize = 64;
/// Layers of models inside models that are looked at, however often.
const MAX_WORK: usize = 500_000;
/// Layers that are stepped back over.
const MAX_STEPS: usize = 64;

impl<'v> Layer<'v> {
    fn of(entry: &'v Value) -> Self {
        let config = entry.get("config").unwrap_or(&Value::Null);
        let text = |value: Option<&'v Value>| value.and_then(Value::as_str);
        let name = text(entry.get("name")).or_else(|| text(config.get("name"))).unwrap_or_default();
        Self { entry, class: text(entry.get("class_name")).unwrap_or_default(), name, config, calls: Vec::new() }
    }
}

/// The name of the type that a policy computes in. Not checked to be one.
fn policy(dtype: &Value) -> Option<&str> {
    let name = dtype.as_str().or_else(|| dtype.get("config")?.get("name")?.as_str())?;
    Some(name.strip_prefix("mixed_").unwrap_or(name))
}

/// What feeds one call of a layer: tensors with their history in Keras 3, `["layer", 0, 0, {}]` in Keras 2.
fn sources(node: &Value) -> Vec<Source<'_>> {
    fn add<'v>(value: &'v Value, found: &mut Vec<Source<'v>>) {
        match value {
            Value::Array(items) => match items.as_slice() {
                [Value::String(layer), Value::Number(_), Value::Number(_), ..] => {
                    found.push(Source { layer, shape: None });
                }
                items => items.iter().for_each(|item| add(item, found)),
            },
            Value::Object(object) => {
                let config = object.get("config");
                let history = config.and_then(|config| config.get("keras_history")?.get(0)?.as_str());
                match history {
                    Some(layer) => found.push(Source { layer, shape: config.and_then(|config| config.get("shape")) }),
                    None => object.values().for_each(|value| add(value, found)),
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    add(node, &mut found);
    found
}

/// The leaves of `input_layers` and `output_layers`, which are `["x", 0, 0]` alone, in lists, or in dicts.
fn leaves<'v>(value: &'v Value, key: Option<&'v str>, found: &mut Vec<(Option<&'v str>, &'v str, u64)>) {
    match value {
        Value::Array(items) => match items.as_slice() {
            [Value::String(name), Value::Number(call), ..] => found.push((key, name, call.as_u64().unwrap_or(0))),
            items => items.iter().for_each(|item| leaves(item, None, found)),
        },
        Value::Object(object) => object.iter().for_each(|(key, value)| leaves(value, Some(key), found)),
        _ => {}
    }
}
