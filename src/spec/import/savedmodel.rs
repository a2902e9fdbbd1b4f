//! TensorFlow's `SavedModel`: a folder with a `saved_model.pb`, read with the field numbers of `saved_model.proto`,
//! `meta_graph.proto` and `types.proto`. Its signatures say names, dtypes and shapes. The maps have no order, so inputs are
//! sorted by name; what the model was trained against is in the `keras_metadata.pb` that Keras 2 adds.

use std::ffi::OsStr;
use std::io::{Read, Seek};
use std::path::Path;

use serde_json::Value as Json;

use super::exported::{MOST_AXES, MOST_NAME, MOST_PORTS, by_name, made_up, note_baked_batch};
use super::limits::{self, Most};
use super::proto::{Inside, Value, Wire};
use super::{Candidate, ImportError, Model, ModelFormat, Port, Size, keras, loss, text_dtype};
use crate::config::limits::{Limit, Limits};
use crate::error::quoted;
use crate::spec::dtype::Dtype;
use crate::spec::framework::Framework;

const FILE: &str = "saved_model.pb";
const METADATA: &str = "keras_metadata.pb";
/// The signature that exporters write the model's call to.
const SERVING: &str = "serving_default";
/// The signature that only sets variables up.
const SET_UP: &str = "__saved_model_init_op";
/// The tag of the graph that is served.
const SERVE: &str = "serve";
/// Signatures, and tags, that are looked at.
const MOST_SIGNATURES: usize = 256;
/// Signatures that a note names.
const MOST_SAID: usize = 8;

/// The `SavedModel` format.
pub(super) struct SavedModel;

impl ModelFormat for SavedModel {
    fn name(&self) -> &'static str {
        "savedmodel"
    }

    fn recognises(&self, candidate: &Candidate<'_>) -> bool {
        if candidate.is_folder {
            return candidate.path.join(FILE).is_file() || candidate.path.join("saved_model.pbtxt").is_file();
        }
        // Version 1 of the schema is the only one, and a graph follows it.
        candidate.path.file_name() == Some(OsStr::new(FILE)) || candidate.head.starts_with(b"\x08\x01\x12")
    }

    fn read(&self, candidate: &Candidate<'_>) -> Result<Model, ImportError> {
        let path = if candidate.is_folder { candidate.path.join(FILE) } else { candidate.path.to_path_buf() };
        if candidate.is_folder && !path.is_file() {
            return Err(ImportError::Unknown(format!(
                "it is a SavedModel in text form (saved_model.pbtxt); only the binary {FILE} is read"
            )));
        }
        let mut model = read(&mut Wire::open(&path)?)?;
        match keras_root(&path.with_file_name(METADATA), candidate.limits) {
            Ok(Some(root)) => add_keras(&mut model, &root),
            Ok(None) => {}
            Err(error) => model.notes.push(format!("{METADATA} says nothing of the loss: {error}.")),
        }
        Ok(model)
    }
}

/// Adds what Keras 2 keeps beside the graph: the order of the inputs, which values make sense in them, and the targets.
fn add_keras(model: &mut Model, root: &Json) {
    const AT: &str = "keras_metadata.pb: training_config.loss";
    model.framework = Some(Framework::Keras);
    let compiled = root.get("training_config");
    let described = root.get("model_config").filter(|config| config.is_object()).cloned();
    match described.map(|config| keras::model(config, compiled, METADATA, AT)) {
        Some(Ok(said)) => {
            let place = |port: &Port| said.inputs.iter().position(|input| input.name == port.name);
            if said.inputs.len() == model.inputs.len() && model.inputs.iter().all(|port| place(port).is_some()) {
                model.inputs.sort_by_key(place);
                for (port, input) in model.inputs.iter_mut().zip(&said.inputs) {
                    (port.values, port.optional) = (input.values, input.optional);
                }
            }
            (model.loss, model.targets) = (said.loss, said.targets);
            model.notes.extend(said.notes);
        }
        Some(Err(error)) => model.notes.push(format!("{METADATA} says nothing of the loss: {error}.")),
        // A class of the user's own has no description, and a loss all the same.
        None => {
            let last = |port| loss::Output { port, last: loss::last_axis(port) };
            let outputs: Vec<_> = model.outputs.iter().map(last).collect();
            let unsaid = Json::Null;
            let said = compiled.and_then(|compiled| compiled.get("loss")).unwrap_or(&unsaid);
            let losses = loss::read(said, &outputs, AT);
            (model.loss, model.targets) = (losses.names, losses.targets);
            model.notes.extend(losses.notes);
        }
    }
}

/// What Keras 2 keeps of the whole model: `model_config`, `training_config`, `save_spec`. `None` without the file, or
/// without the model in it.
fn keras_root(path: &Path, limits: &Limits) -> Result<Option<Json>, ImportError> {
    if !path.is_file() {
        return Ok(None);
    }
    root(&mut Wire::open(path)?, limits)
}

/// The metadata of the node that is the model, from a `SavedMetadata`.
fn root<R: Read + Seek>(wire: &mut Wire<R>, limits: &Limits) -> Result<Option<Json>, ImportError> {
    let mut found = None;
    wire.each(wire.whole(), &mut |wire, number, value| {
        let (1, Value::Inside(node)) = (number, value) else { return Ok(()) };
        let (mut is_root, mut metadata) = (false, None);
        wire.each(node, &mut |wire, number, value| {
            match (number, value) {
                (3, Value::Inside(path)) if path.size() == 4 => is_root = wire.text(path, 4)? == "root",
                (5, Value::Inside(text)) => metadata = Some(text),
                _ => {}
            }
            Ok(())
        })?;
        if is_root {
            found = metadata.or(found);
        }
        Ok(())
    })?;
    let Some(metadata) = found else { return Ok(None) };
    Most::of(limits, Limit::ModelJsonBytes).allows(metadata.size(), METADATA)?;
    let text = wire.text(metadata, usize::MAX)?;
    limits::json(text.as_bytes(), METADATA, limits).map(Some)
}

/// A graph with what it is for.
#[derive(Default)]
struct Graph {
    tags: Vec<String>,
    signatures: Vec<(String, Inside)>,
}

/// What stands in the file.
fn read<R: Read + Seek>(wire: &mut Wire<R>) -> Result<Model, ImportError> {
    let mut graphs = Vec::new();
    wire.each(wire.whole(), &mut |wire, number, value| {
        if let (2, Value::Inside(inside)) = (number, value)
            && graphs.len() < MOST_SIGNATURES
        {
            graphs.push(graph(wire, inside)?);
        }
        Ok(())
    })?;
    let mut model = Model { format: "savedmodel", framework: Some(Framework::Tensorflow), ..Model::default() };
    if graphs.len() > 1 {
        model.notes.push(format!("It holds {} graphs; the one with the tag `{SERVE}` was read.", graphs.len()));
    }
    let served = graphs.iter().position(|graph| graph.tags.iter().any(|tag| tag == SERVE)).unwrap_or(0);
    let Some(graph) = graphs.into_iter().nth(served) else {
        return Err(ImportError::Damaged("there is no graph in it".into()));
    };
    let (name, signature) = chosen(&graph.signatures, &mut model.notes)?;
    wire.each(signature, &mut |wire, number, value| {
        let (what, ports) = match number {
            1 => ("inputs", &mut model.inputs),
            2 => ("outputs", &mut model.outputs),
            _ => return Ok(()),
        };
        let Value::Inside(entry) = value else { return Ok(()) };
        if ports.len() >= MOST_PORTS {
            return Err(ImportError::Unreadable(format!("it has more than {MOST_PORTS} {what}")));
        }
        let (key, info) = entry_of(wire, entry)?;
        let from = format!("{FILE}: signature_def[{name}].{what}[{key}]");
        ports.push(port(wire, key, info, from, &mut model.notes)?);
        Ok(())
    })?;
    if model.inputs.is_empty() {
        return Err(ImportError::Silent(format!(
            "its signature {} takes no inputs; write the spec by hand.",
            quoted(name)
        )));
    }
    model.inputs.sort_by(by_name);
    model.outputs.sort_by(by_name);
    if model.inputs.len() > 1 && model.inputs.iter().any(|input| input.made_up) {
        model.notes.push(
            "TensorFlow made up names of inputs when it saved the model, and keeps no order of them: compare them with \
             the arguments of the model."
                .into(),
        );
    }
    note_baked_batch(&mut model);
    Ok(model)
}

/// The signature that stands for the model, and a note on the others.
fn chosen<'s>(signatures: &'s [(String, Inside)], notes: &mut Vec<String>) -> Result<(&'s str, Inside), ImportError> {
    let callable: Vec<_> = signatures.iter().filter(|(name, _)| name != SET_UP).collect();
    let named = |but: &str| {
        let mut names: Vec<_> = callable.iter().map(|(name, _)| name).filter(|name| *name != but).collect();
        names.sort();
        names.iter().take(MOST_SAID).map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
    };
    let serving = callable.iter().find(|(name, _)| name == SERVING);
    let (name, inside) = match (serving, callable.as_slice()) {
        (Some(serving), _) => serving,
        (None, [only]) => only,
        (None, []) => {
            return Err(ImportError::Silent(
                "it has no signature, so it does not say what it takes; save it with `signatures=`, or with \
                 `model.export()` of Keras 3."
                    .into(),
            ));
        }
        (None, _) => {
            return Err(ImportError::Silent(format!(
                "it has no signature `{SERVING}`, and which of {} is meant cannot be known; write the spec by hand.",
                named("")
            )));
        }
    };
    if callable.len() > 1 {
        notes.push(format!("The signature {} was read; there are others: {}.", quoted(name), named(name)));
    } else if name != SERVING {
        notes.push(format!("The signature {} was read; it is the only one.", quoted(name)));
    }
    Ok((name, *inside))
}

/// A `MetaGraphDef`.
fn graph<R: Read + Seek>(wire: &mut Wire<R>, inside: Inside) -> Result<Graph, ImportError> {
    let mut graph = Graph::default();
    wire.each(inside, &mut |wire, number, value| {
        match (number, value) {
            (1, Value::Inside(info)) => wire.each(info, &mut |wire, number, value| {
                if let (4, Value::Inside(tag)) = (number, value)
                    && graph.tags.len() < MOST_SIGNATURES
                {
                    graph.tags.push(wire.text(tag, MOST_NAME)?);
                }
                Ok(())
            })?,
            (5, Value::Inside(entry)) if graph.signatures.len() < MOST_SIGNATURES => {
                let (name, signature) = entry_of(wire, entry)?;
                graph.signatures.extend(signature.map(|signature| (name, signature)));
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(graph)
}

/// The key and the value of an entry of a map.
fn entry_of<R: Read + Seek>(wire: &mut Wire<R>, entry: Inside) -> Result<(String, Option<Inside>), ImportError> {
    let (mut key, mut held) = (String::new(), None);
    wire.each(entry, &mut |wire, number, value| {
        match (number, value) {
            (1, Value::Inside(text)) => key = wire.text(text, MOST_NAME)?,
            (2, Value::Inside(inside)) => held = Some(inside),
            _ => {}
        }
        Ok(())
    })?;
    Ok((key, held))
}

/// A `TensorInfo`.
fn port<R: Read + Seek>(
    wire: &mut Wire<R>,
    name: String,
    info: Option<Inside>,
    from: String,
    notes: &mut Vec<String>,
) -> Result<Port, ImportError> {
    let mut port = Port { made_up: made_up(&name), name, from, ..Port::default() };
    let Some(info) = info else { return Ok(port) };
    let mut parts = false;
    wire.each(info, &mut |wire, number, value| {
        match (number, value) {
            (2, Value::Number(kind)) => port.dtype = dtype(kind),
            (3, Value::Inside(shape)) => port.shape = sizes(wire, shape)?,
            (4 | 5, _) => parts = true,
            _ => {}
        }
        Ok(())
    })?;
    if parts {
        port.shape = None;
        notes.push(format!(
            "{} is sparse or ragged: it is made of several arrays, and its shape is left open.",
            quoted(&port.name)
        ));
    }
    Ok(port)
}

/// A `TensorShapeProto`; `None` where not even the rank is known.
fn sizes<R: Read + Seek>(wire: &mut Wire<R>, shape: Inside) -> Result<Option<Vec<Size>>, ImportError> {
    let (mut sizes, mut unknown) = (Vec::new(), false);
    wire.each(shape, &mut |wire, number, value| {
        match (number, value) {
            (2, Value::Inside(axis)) => {
                if sizes.len() >= MOST_AXES {
                    return Err(ImportError::Damaged(format!("a shape in it has more than {MOST_AXES} axes")));
                }
                let mut size = Size::Any;
                wire.each(axis, &mut |_, number, value| {
                    if let (1, Value::Number(rows)) = (number, value) {
                        // -1 stands for "not known".
                        size = if rows == 0 || rows > i64::MAX as u64 { Size::Any } else { Size::Exactly(rows) };
                    }
                    Ok(())
                })?;
                sizes.push(size);
            }
            (3, Value::Number(flag)) => unknown = flag != 0,
            _ => {}
        }
        Ok(())
    })?;
    Ok((!unknown).then_some(sizes))
}

/// `DataType`. References (100 more) are those of TensorFlow 1.
fn dtype(kind: u64) -> Option<Dtype> {
    let name = match if kind > 100 { kind - 100 } else { kind } {
        7 => return Some(text_dtype()),
        1 => "float32",
        2 => "float64",
        3 => "int32",
        4 => "uint8",
        5 => "int16",
        6 => "int8",
        8 => "complex64",
        9 => "int64",
        10 => "bool",
        14 => "bfloat16",
        17 => "uint16",
        18 => "complex128",
        19 => "float16",
        22 => "uint32",
        23 => "uint64",
        _ => return None,
    };
    Dtype::from_name(name)
}

#[cfg(test)]
#[path = "savedmodel_tests.rs"]
mod tests;
