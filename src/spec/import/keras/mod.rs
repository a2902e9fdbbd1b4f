//! Models of Keras 2 and 3: `.keras`, `.h5`, `to_json()`. All hold the same description of layers; the one format that also
//! knows the loss, and so what the targets are.

mod attributes;
mod graph;
pub(super) mod hdf5;
pub(super) mod json;
mod shapes;
pub(super) mod zipped;

use serde_json::{Map, Value};

use self::graph::{End, Graph, Layer};
use super::loss::{self, Output};
use super::{Framework, ImportError, Model, Port, Size, names};
use crate::error::quoted;
use crate::spec::dtype::Dtype;

/// What a description says. `entry` is `{"class_name", "config", ..}`, `compiled` holds the loss; `file` and `compiled_at` say
/// where the two stand.
fn model(entry: Value, compiled: Option<&Value>, file: &str, compiled_at: &str) -> Result<Model, ImportError> {
    let entry = plain(entry);
    if entry.get("class_name").and_then(Value::as_str).is_none() {
        return Err(ImportError::Damaged(format!("{file} has no `class_name`, so it describes no model")));
    }
    let mut model = Model { format: "keras", framework: Some(Framework::Keras), ..Model::default() };
    let mut lasts = Vec::new();
    match Graph::of(&entry) {
        Some(graph) => {
            inputs(&mut model, &entry, &graph, file);
            if graph.cut {
                model
                    .notes
                    .push("The model has more than a thousand inputs or outputs; only the first are looked at.".into());
            }
            for end in &graph.outputs {
                model.outputs.push(output(&graph, end, file));
                lasts.push(graph.last(end));
            }
        }
        None => subclassed(&mut model, &entry, file),
    }
    let loss = compiled.and_then(|compiled| compiled.get("loss")).cloned().map(plain).unwrap_or_default();
    let outputs: Vec<Output<'_>> = model.outputs.iter().zip(lasts).map(|(port, last)| Output { port, last }).collect();
    let losses = loss::read(&loss, &outputs, compiled_at);
    (model.loss, model.targets) = (losses.names, losses.targets);
    model.notes.extend(losses.notes);
    if model.loss.is_null() {
        model.notes.push("The model was saved without a loss, so nothing is known of its targets.".into());
    }
    if model.inputs.is_empty() && model.targets.is_empty() {
        return Err(ImportError::Silent(format!("{} Nothing else in it can be checked.", model.notes.join(" "))));
    }
    Ok(model)
}

/// The inputs of a model of layers.
fn inputs(model: &mut Model, entry: &Value, graph: &Graph<'_>, file: &str) {
    for end in &graph.inputs {
        let layer = &graph.layers[end.layer];
        let name = end.key.unwrap_or(layer.name);
        let sequential = entry.get("class_name").and_then(Value::as_str) == Some("Sequential");
        let after = graph.layers.get(end.layer + 1).map_or("", |layer| layer.name);
        let written = batch_shape(layer.config);
        let port = Port {
            name: name.to_owned(),
            made_up: end.key.is_none()
                && (names::is_made_up(name) || (sequential && names::is_named_after(name, after))),
            shape: written.and_then(|(_, shape)| self::shape(shape)),
            values: hint(graph, end.layer),
            optional: layer.config.get("optional").and_then(Value::as_bool) == Some(true),
            from: format!("{file}: config.layers[{}].config.{}", end.layer, written.map_or("dtype", |(key, _)| key)),
            ..Port::default()
        };
        let port = typed(model, port, layer.config.get("dtype").and_then(Value::as_str));
        for kind in ["sparse", "ragged"] {
            if layer.config.get(kind).and_then(Value::as_bool) == Some(true) {
                model.notes.push(format!("The input {} takes {kind} tensors, which arrays are not.", quoted(name)));
            }
        }
        model.inputs.push(port);
    }
    if model.inputs.is_empty() {
        without_input_layer(model, entry, graph, file);
    }
}

/// The type of an input, by the name that Keras gives it. Text is kept as such: no file of numbers holds it.
fn typed(model: &mut Model, mut port: Port, dtype: Option<&str>) -> Port {
    port.dtype = match dtype {
        Some("string") => Some(super::text_dtype()),
        Some(name) => Dtype::from_name(name),
        None => None,
    };
    if let Some(name) = dtype
        && port.dtype.is_none()
    {
        model.notes.push(format!("The type {} of the input {} is not known here.", quoted(name), quoted(&port.name)));
    }
    port
}

/// A `Sequential` without an input layer: files from before Keras 2.2.3 write the shape beside the first layer.
fn without_input_layer(model: &mut Model, entry: &Value, graph: &Graph<'_>, file: &str) {
    let first = graph.layers.first();
    if let Some((layer, (key, shape))) = first.and_then(|layer| Some((layer, batch_shape(layer.config)?))) {
        let layers = if entry.get("config").is_some_and(Value::is_array) { "config" } else { "config.layers" };
        let port = Port {
            name: format!("{}_input", layer.name),
            made_up: true,
            shape: self::shape(shape),
            values: of_consumers(graph, &[layer]),
            from: format!("{file}: {layers}[0].config.{key}"),
            ..Port::default()
        };
        // What the old `Embedding` computes in is not what it takes.
        let dtype = layer.config.get("dtype").and_then(Value::as_str).filter(|_| layer.class != "Embedding");
        let port = typed(model, port, dtype);
        model.inputs.push(port);
        return;
    }
    if let Some(nested) = first.and_then(|layer| graph.nested(layer)).filter(|nested| !nested.inputs.is_empty()) {
        let before = model.inputs.len();
        for end in &nested.inputs {
            let layer = &nested.layers[end.layer];
            let written = batch_shape(layer.config);
            let port = Port {
                name: end.key.unwrap_or(layer.name).to_owned(),
                made_up: true,
                shape: written.and_then(|(_, shape)| self::shape(shape)),
                values: hint(&nested, end.layer),
                from: format!("{file}: config.layers[0].config.layers[{}]", end.layer),
                ..Port::default()
            };
            let port = typed(model, port, layer.config.get("dtype").and_then(Value::as_str));
            model.inputs.push(port);
        }
        if model.inputs.len() > before {
            return;
        }
    }
    let built = [("config.build_input_shape", entry.pointer("/config/build_input_shape"))]
        .into_iter()
        .chain([("build_config.input_shape", entry.pointer("/build_config/input_shape"))])
        .find_map(|(at, shape)| Some((at, self::shape(shape?)?)));
    if let Some((at, shape)) = built {
        first_call(model, String::new(), shape, format!("{file}: {at}"));
        return;
    }
    model.notes.push(
        "The model was saved before it was built, so it does not know its inputs. Call `model.build(...)`, or `fit` once, \
         and save it again."
            .into(),
    );
}

/// A model of a class of the user's own, which is a program: only what its first call looked like is known.
fn subclassed(model: &mut Model, entry: &Value, file: &str) {
    let class = entry.get("class_name").and_then(Value::as_str).unwrap_or_default();
    if let Some(Value::Object(built)) = entry.get("build_config") {
        let shapes: Vec<(&String, &Value)> = built.iter().filter(|(key, _)| key.ends_with("shape")).collect();
        let shapes = match (shapes.as_slice(), built.get("shapes_dict")) {
            ([], Some(Value::Object(dict))) => dict.iter().collect(),
            _ => shapes,
        };
        for (key, value) in &shapes {
            let at = format!("{file}: build_config.{key}");
            let name = if shapes.len() == 1 { "" } else { key.strip_suffix("_shape").unwrap_or(key) };
            built_with(model, name, value, &at);
        }
    }
    if model.inputs.is_empty() {
        model.notes.push(format!(
            "The model is of the class {}, whose inputs only its program knows, and it was saved before it was called.",
            quoted(class)
        ));
    } else {
        model.notes.push(format!(
            "The model is of the class {}: its program knows the inputs, and the file keeps only the shapes of its first \
             call, without types.",
            quoted(class)
        ));
    }
}

/// One shape, or one per key of a dict.
fn built_with(model: &mut Model, name: &str, value: &Value, at: &str) {
    if let Some(shape) = shape(value) {
        first_call(model, name.to_owned(), shape, at.to_owned());
    } else if let Value::Object(by_key) = value {
        for (key, value) in by_key {
            if let Some(shape) = shape(value) {
                let at = format!("{at}.{key}");
                model.inputs.push(Port {
                    name: key.clone(),
                    shape: Some(of_any_batch(shape)),
                    from: at,
                    ..Port::default()
                });
            }
        }
    } else if let Value::Array(list) = value {
        for (index, value) in list.iter().enumerate() {
            if let Some(shape) = shape(value) {
                first_call(model, String::new(), shape, format!("{at}[{index}]"));
            }
        }
    }
}

/// An input that has no name.
fn first_call(model: &mut Model, name: String, shape: Vec<Size>, from: String) {
    model.inputs.push(Port { name, made_up: true, shape: Some(of_any_batch(shape)), from, ..Port::default() });
}

/// How many rows the first call had says nothing of the others.
fn of_any_batch(mut shape: Vec<Size>) -> Vec<Size> {
    if let Some(first) = shape.first_mut() {
        *first = Size::Any;
    }
    shape
}

fn output(graph: &Graph<'_>, end: &End<'_>, file: &str) -> Port {
    let name = end.key.unwrap_or(graph.layers[end.layer].name);
    Port {
        name: name.to_owned(),
        dtype: graph.dtype(end).and_then(Dtype::from_name),
        shape: graph.shape(end),
        from: format!("{file}: config.layers[{}]", end.layer),
        ..Port::default()
    }
}

/// The values that make sense for what the layer at `input` takes: by the layers behind it.
fn hint(graph: &Graph<'_>, input: usize) -> Option<(f64, f64)> {
    of_consumers(graph, &graph.consumers(input))
}

/// `Embedding` takes the ids from 0 to `input_dim`. `Rescaling` to 0..1 or -1..1 tells what comes in, where nothing else takes
/// the raw values.
fn of_consumers(graph: &Graph<'_>, consumers: &[&Layer<'_>]) -> Option<(f64, f64)> {
    let ids = consumers.iter().filter(|layer| layer.class == "Embedding");
    let ids = ids.filter_map(|layer| layer.config.get("input_dim")?.as_u64()).filter(|ids| *ids > 0).min();
    if let Some(ids) = ids {
        return Some((0.0, (ids - 1) as f64));
    }
    let [only] = consumers else { return None };
    if only.class == "Rescaling" {
        return rescaled(only.config.get("scale")?.as_f64()?, only.config.get("offset")?.as_f64()?);
    }
    let nested = graph.nested(only)?;
    let [input] = nested.inputs.as_slice() else { return None };
    hint(&nested, input.layer)
}

/// What `x * scale + offset` brings to 0..1 or -1..1, if that is a range that images have.
fn rescaled(scale: f64, offset: f64) -> Option<(f64, f64)> {
    let high = match offset {
        0.0 => 1.0 / scale,
        -1.0 => 2.0 / scale,
        _ => return None,
    };
    [1.0, 255.0, 65535.0].into_iter().find(|known| (high - known).abs() < known * 1e-3).map(|known| (0.0, known))
}

/// `batch_shape` of Keras 3, `batch_input_shape` of Keras 2, with the key.
fn batch_shape(config: &Value) -> Option<(&'static str, &Value)> {
    ["batch_shape", "batch_input_shape"].into_iter().find_map(|key| Some((key, config.get(key)?)))
}

/// A shape; `None` where the value is none.
fn shape(value: &Value) -> Option<Vec<Size>> {
    let sizes = value.as_array()?.iter().map(|size| match size {
        Value::Null => Some(Size::Any),
        Value::Number(size) => size.as_u64().map(Size::Exactly),
        _ => None,
    });
    sizes.collect()
}

/// The value with the tuples of Keras 2 as lists: `{"class_name": "__tuple__", "items": [..]}`.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(mut object) => {
            let is_tuple =
                matches!(object.get("class_name").and_then(Value::as_str), Some("__tuple__" | "TensorShape"));
            match object.remove("items") {
                Some(items @ Value::Array(_)) if is_tuple => plain(items),
                items => {
                    object.extend(items.map(|items| ("items".to_owned(), items)));
                    let pairs = object.into_iter().map(|(key, value)| (key, plain(value)));
                    Value::Object(pairs.collect::<Map<_, _>>())
                }
            }
        }
        Value::Array(list) => list.into_iter().map(plain).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests;
