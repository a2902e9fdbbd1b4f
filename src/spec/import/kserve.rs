//! The metadata of a model in the V2 protocol (`GET /v2/models/NAME`), which `KServe`, Triton and others answer with.

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
        read(&json(candidate.path, candidate.most(LIMIT), candidate.limits)?)
    }
}

fn read(file: &Value) -> Result<Model, ImportError> {
    let mut model = Model { format: "kserve-v2", ..Model::default() };
    model.inputs = ports(file, "inputs", &mut model)?;
    if model.inputs.is_empty() {
        return Err(ImportError::Silent(
            "This metadata declares no inputs. Import the model itself, or write the spec.".into(),
        ));
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
            "this is one request with its data, and another may have other shapes: import the metadata of the model, which \
             is the answer to `GET /v2/models/NAME`"
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
            let mut port = Port { name: name.into(), made_up: name.is_empty(), from: place.clone(), ..Port::default() };
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::samples::{assert_sound, damaged, import, sizes, text, truth};
    use super::super::text_dtype;
    use super::*;

    #[test]
    fn the_sample_is_read_as_documented() {
        let name = "kserve_v2_metadata.json";
        let model = import(&Kserve, name).unwrap();
        for (port, truth) in model.inputs.iter().zip(truth(name)["inputs"].as_array().unwrap()) {
            assert_eq!(json!(port.name), truth["name"]);
            assert_eq!(sizes(&model, port.shape.as_deref()), truth["shape"]);
        }
        assert_eq!(model.inputs[0].dtype, dtype("FP32"));
        assert_eq!(model.inputs[1].dtype, Some(text_dtype()));
        assert_eq!(model.inputs[1].from, "inputs[1]");
        assert_eq!((model.inputs.len(), model.outputs.len()), (2, 1));
    }

    #[test]
    fn numbers_may_be_text_as_protobuf_writes_them() {
        let model = read(&json!({ "inputs": [{ "name": "x", "datatype": "INT64", "shape": ["-1", "3"] }] })).unwrap();
        assert_eq!(sizes(&model, model.inputs[0].shape.as_deref()), json!([null, 3]));
    }

    #[test]
    fn a_request_is_no_metadata() {
        let request = json!({ "inputs": [{ "name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2] }] });
        assert!(matches!(read(&request), Err(ImportError::Unknown(why)) if why.contains("one request")));
    }

    #[test]
    fn damage_is_told_from_silence() {
        assert!(matches!(read(&json!({ "inputs": [] })), Err(ImportError::Silent(_))));
        for broken in [json!({ "inputs": 1 }), json!({ "inputs": [1] }), json!({ "inputs": [{ "shape": [-2] }] })] {
            assert!(matches!(read(&broken), Err(ImportError::Damaged(_))), "{broken}");
        }
    }

    #[test]
    fn damaged_files_are_errors_or_sound() {
        damaged(&text("kserve_v2_metadata.json"), 4000, |text| {
            if let Ok(model) = serde_json::from_str(text).map_err(|_| ()).and_then(|file| read(&file).map_err(|_| ())) {
                assert_sound(&model);
            }
        });
    }
}
