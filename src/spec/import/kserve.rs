//! The metadata of a model in the V2 protocol (`GET /v2/models/NAME`), which KServe, Triton and others answer with.

use serde_json::Value;

use super::reading::{is_json, json, mentions, set_dtype, shape};
use super::triton::dtype;
use super::{Candidate, ImportError, Model, ModelFormat, Port};

/// Bytes that are read.
const LIMIT: u64 = 4 << 20;

/// The format.
pub(super) struct Kserve;

impl ModelFormat for Kserve {
    fn name(&self) -> &'static str {
        "kserve-v2"
    }

    fn recognises(&self, candidate: &Candidate<'_>) -> bool {
        let head = candidate.head;
        is_json(head) && mentions(head, b"\"inputs\"") && mentions(head, b"\"datatype\"")
    }

    fn read(&self, candidate: &Candidate<'_>) -> Result<Model, ImportError> {
        read(&json(candidate.path, LIMIT)?)
    }
}

fn read(file: &Value) -> Result<Model, ImportError> {
    let mut model = Model { format: "kserve-v2", ..Model::default() };
    model.inputs = ports(file, "inputs", &mut model)?;
    if model.inputs.is_empty() {
        return Err(ImportError::Silent("it declares no inputs; import the model itself, or write the spec".into()));
    }
    let notes = model.notes.len();
    model.outputs = ports(file, "outputs", &mut model)?;
    // What is odd about an output matters to no batch.
    model.notes.truncate(notes);
    Ok(model)
}

fn ports(file: &Value, key: &str, model: &mut Model) -> Result<Vec<Port>, ImportError> {
    let tensors = match file.get(key) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(tensors) => tensors.as_array().ok_or_else(|| ImportError::Damaged(format!("`{key}` is not a list")))?,
    };
    if tensors.iter().any(|tensor| tensor.get("data").is_some()) {
        return Err(ImportError::Unknown(
            "it is one request with its data, not the metadata of a model, and another request may have other shapes; \
             import the answer to `GET /v2/models/NAME`"
                .into(),
        ));
    }
    tensors
        .iter()
        .enumerate()
        .map(|(i, tensor)| {
            let place = format!("{key}[{i}]");
            if !tensor.is_object() {
                return Err(ImportError::Damaged(format!("`{place}` is not an object")));
            }
            let text = |key: &str| tensor.get(key).and_then(Value::as_str).unwrap_or_default();
            let name = text("name");
            let mut port =
                Port { name: name.into(), made_up: name.is_empty(), from: place.clone(), ..Port::default() };
            set_dtype(&mut port, text("datatype"), dtype(text("datatype")), model);
            port.shape = match tensor.get("shape") {
                None | Some(Value::Null) => None,
                Some(sizes) => Some(
                    shape(sizes)
                        .ok_or_else(|| ImportError::Damaged(format!("the shape of `{place}` is no list of sizes")))?,
                ),
            };
            Ok(port)
        })
        .collect()
}
