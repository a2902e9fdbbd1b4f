//! `MLmodel`, the description that `MLflow` writes beside a model: YAML, whose signature is JSON in a string.

use serde_json::Value;

use super::reading::{file_of, has_extension, holds, label, mentions, set_dtype, shape, text};
use super::yaml;
use super::{Candidate, Framework, ImportError, Model, ModelFormat, Port, text_dtype};
use crate::spec::dtype::Dtype;

/// Bytes that are read. Signatures of tables with thousands of columns have a few hundred thousand.
const LIMIT: u64 = 4 << 20;
/// The name of the file in the folder of a model.
const FILE: &str = "MLmodel";
/// Where the flavours of `MLflow` put the model itself, below the folder.
const MODELS: [&str; 4] = ["data/model.keras", "data/model.h5", "model.onnx", "data/model/saved_model.pb"];
/// What is said where nothing can be said.
const INSTEAD: &str = "Log the model with `signature=infer_signature(batch, model.predict(batch))`, import the file of the \
                       model itself, or write the spec.";

/// The format.
pub(super) struct Mlmodel;

impl ModelFormat for Mlmodel {
    fn name(&self) -> &'static str {
        "mlmodel"
    }

    /// A folder with an `MLmodel` in it, a file of that name, or text with the keys that `MLflow` always writes.
    fn recognises(&self, candidate: &Candidate<'_>) -> bool {
        let starts_line = |key: &str| {
            let head = candidate.head;
            head.starts_with(key.as_bytes()) || mentions(head, format!("\n{key}").as_bytes())
        };
        holds(candidate, FILE)
            || !candidate.is_folder
                && (candidate.path.file_name().is_some_and(|name| name == FILE)
                    || has_extension(candidate.path, FILE)
                    || starts_line("flavors:")
                        && ["mlflow_version:", "model_uuid:", "artifact_path:", "signature:"]
                            .iter()
                            .any(|key| starts_line(key)))
    }

    fn read(&self, candidate: &Candidate<'_>) -> Result<Model, ImportError> {
        let result = read(&text(&file_of(candidate, FILE), candidate.most(LIMIT))?);
        match result {
            Err(ImportError::Silent(why)) if candidate.is_folder => {
                Err(ImportError::Silent(match MODELS.iter().find(|model| candidate.path.join(model).is_file()) {
                    // A SavedModel is its folder.
                    Some(model) => format!("{why} That file is `{}`.", model.trim_end_matches("/saved_model.pb")),
                    None => why,
                }))
            }
            result => result,
        }
    }
}

fn read(text: &str) -> Result<Model, ImportError> {
    let file = yaml::read(text).map_err(ImportError::Damaged)?;
    let Some(file) = file.as_object() else {
        return Err(ImportError::Damaged("it is not a YAML mapping".into()));
    };
    let Some(signature) = file.get("signature").and_then(Value::as_object) else {
        return Err(ImportError::Silent(format!(
            "This MLmodel has no signature, so it says nothing about its inputs. {INSTEAD}"
        )));
    };
    let mut model = Model { format: "mlmodel", framework: framework(file), ..Model::default() };
    let mut kinds = Kinds::default();
    model.inputs = ports(signature.get("inputs"), "inputs", &mut model, &mut kinds)?;
    if model.inputs.is_empty() {
        return Err(ImportError::Silent(format!("The signature of this MLmodel has no inputs. {INSTEAD}")));
    }
    if kinds.any == model.inputs.len() {
        return Err(ImportError::Silent(format!(
            "The signature of this MLmodel says only `any`, which `infer_signature` writes for arrays of more than two \
             axes where SciPy is not installed. {INSTEAD}"
        )));
    }
    if kinds.columns > 0 {
        model.notes.push(
            "The signature describes the columns of a table, not tensors: the shapes of the arrays are not in it."
                .into(),
        );
    }
    let notes = model.notes.len();
    model.outputs = ports(signature.get("outputs"), "outputs", &mut model, &mut Kinds::default())?;
    // What is odd about an output matters to no batch.
    model.notes.truncate(notes);
    Ok(model)
}

/// How many entries of a signature are something else than tensors.
#[derive(Default)]
struct Kinds {
    any: usize,
    columns: usize,
}

/// The entries of `signature.inputs` or `signature.outputs`.
fn ports(written: Option<&Value>, key: &str, model: &mut Model, kinds: &mut Kinds) -> Result<Vec<Port>, ImportError> {
    let place = format!("signature.{key}");
    let parsed;
    let entries = match written {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::String(text)) => {
            parsed = serde_json::from_str(text)
                .map_err(|error| ImportError::Damaged(format!("the text of `{place}` is not JSON: {error}")))?;
            &parsed
        }
        Some(other) => other,
    };
    let Some(entries) = entries.as_array() else {
        return Err(ImportError::Damaged(format!("`{place}` is not a list")));
    };
    entries
        .iter()
        .enumerate()
        .map(|(i, entry)| port(entry, &format!("{place}[{i}]"), model, kinds))
        .collect::<Result<_, _>>()
        .map_err(ImportError::Damaged)
}

/// One entry: a tensor, a column of a table, or `any`.
fn port(entry: &Value, place: &str, model: &mut Model, kinds: &mut Kinds) -> Result<Port, String> {
    let kind = entry.get("type").and_then(Value::as_str).ok_or_else(|| format!("`{place}` has no type"))?;
    let name = entry.get("name").and_then(Value::as_str).unwrap_or_default();
    let mut port = Port {
        name: name.into(),
        made_up: name.is_empty(),
        optional: entry.get("required").is_some_and(|required| *required == Value::Bool(false)),
        from: format!("{FILE}: {place}"),
        ..Port::default()
    };
    if kind == "tensor" {
        let tensor = entry.get("tensor-spec").ok_or_else(|| format!("`{place}` has no tensor-spec"))?;
        let dtype = tensor.get("dtype").and_then(Value::as_str).unwrap_or_default();
        set_dtype(&mut port, dtype, self::dtype(dtype), model);
        port.shape = match tensor.get("shape") {
            None | Some(Value::Null) => None,
            Some(sizes) => Some(shape(sizes).ok_or_else(|| format!("the shape of `{place}` is no list of sizes"))?),
        };
        return Ok(port);
    }
    if kind == "any" {
        kinds.any += 1;
        model.notes.push(format!("{} is declared as `any`: nothing is known about it.", label(&port)));
        return Ok(port);
    }
    kinds.columns += 1;
    set_dtype(&mut port, kind, column_dtype(kind), model);
    Ok(port)
}

/// The element type of a tensor: the name that NumPy has for it. Text has its length behind it: `str160`.
fn dtype(name: &str) -> Option<Dtype> {
    let is_text = ["str", "bytes"]
        .iter()
        .any(|text| name.strip_prefix(text).is_some_and(|bits| bits.bytes().all(|digit| digit.is_ascii_digit())));
    if is_text || matches!(name, "string" | "object") { Some(text_dtype()) } else { Dtype::from_name(name) }
}

/// The element type of a column, in the words of `MLflow`'s tables.
fn column_dtype(name: &str) -> Option<Dtype> {
    match name {
        "boolean" => Dtype::from_name("bool"),
        "integer" => Dtype::from_name("int32"),
        "long" => Dtype::from_name("int64"),
        "float" => Dtype::from_name("float32"),
        "double" => Dtype::from_name("float64"),
        "string" => Some(text_dtype()),
        _ => None,
    }
}

/// Who runs the model: what its own flavour is, next to the `python_function` that every model has; failing that, which
/// module loads it.
fn framework(file: &serde_json::Map<String, Value>) -> Option<Framework> {
    let flavors = file.get("flavors")?.as_object()?;
    let loader = flavors.get("python_function").and_then(|flavor| flavor.get("loader_module")).and_then(Value::as_str);
    let is = |name: &str| flavors.contains_key(name) || loader.is_some_and(|l| l.strip_prefix("mlflow.") == Some(name));
    let is_keras = || {
        flavors.get("tensorflow").and_then(|flavor| flavor.get("model_type")).and_then(Value::as_str) == Some("keras")
    };
    if is("keras") || is_keras() {
        Some(Framework::Keras)
    } else if is("tensorflow") {
        Some(Framework::Tensorflow)
    } else if is("pytorch") {
        Some(Framework::Torch)
    } else if is("sklearn") {
        Some(Framework::Sklearn)
    } else if is("onnx") {
        Some(Framework::Onnxruntime)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::{Value, json};

    use super::super::samples::{
        assert_sound, damaged, import, import_path, import_text, of_format, sizes, text, truth,
    };
    use super::*;

    fn silent(result: Result<Model, ImportError>) -> String {
        match result {
            Err(ImportError::Silent(why)) => why,
            other => panic!("{other:?}"),
        }
    }

    /// An `MLmodel` with these inputs.
    fn with_inputs(inputs: &Value) -> Result<Model, ImportError> {
        let text = format!("flavors: {{}}\nsignature:\n  inputs: {}\n", Value::String(inputs.to_string()));
        import_text(&Mlmodel, "MLmodel", &text)
    }

    #[test]
    fn samples_are_read_as_mlflow_wrote_them() {
        let names = of_format("mlmodel");
        assert_eq!(names.len(), 6);
        for name in names.iter().filter(|name| !["mlflow_any.MLmodel", "mlflow_nosig.MLmodel"].contains(&name.as_str()))
        {
            let model = import(&Mlmodel, name).unwrap();
            let inputs: Vec<Value> = model
                .inputs
                .iter()
                .map(|port| {
                    // Columns keep MLflow's own names for their types in the manifest.
                    let dtype = port.dtype.as_ref().map(Dtype::name).unwrap();
                    let dtype = match dtype.as_str() {
                        "float64" if name == "mlflow_columns.MLmodel" => "double",
                        "int64" if name == "mlflow_columns.MLmodel" => "long",
                        "str0" => "string",
                        dtype => dtype,
                    };
                    json!({
                        "name": if port.name.is_empty() { Value::Null } else { port.name.clone().into() },
                        "dtype": dtype,
                        "shape": sizes(&model, port.shape.as_deref()),
                    })
                })
                .collect();
            assert_eq!(Value::from(inputs), truth(name)["inputs"], "{name}");
            assert_sound(&model);
        }
        let model = import(&Mlmodel, "mlflow_tensor_named.MLmodel").unwrap();
        assert_eq!(model.framework, Some(Framework::Keras));
        assert_eq!(model.inputs[1].from, "MLmodel: signature.inputs[1]");
        assert_eq!(sizes(&model, model.outputs[0].shape.as_deref()), json!([null, 2]));
        assert_eq!(import(&Mlmodel, "mlflow_tensor_dict.MLmodel").unwrap().framework, Some(Framework::Tensorflow));
        assert!(import(&Mlmodel, "mlflow_tensor_unnamed.MLmodel").unwrap().inputs[0].made_up);
    }

    #[test]
    fn columns_have_types_and_no_shapes() {
        let model = import(&Mlmodel, "mlflow_columns.MLmodel").unwrap();
        assert_eq!(model.inputs.iter().map(|port| port.optional).collect::<Vec<_>>(), [false, true, false]);
        assert!(model.inputs.iter().all(|port| port.shape.is_none()));
        assert!(model.notes[0].contains("columns of a table"), "{:?}", model.notes);
        let model = with_inputs(
            &json!([{ "type": "datetime", "name": "when" }, { "type": "array", "items": {}, "name": "a" }]),
        )
        .unwrap();
        assert_eq!(model.inputs[0].dtype, None);
        assert!(model.notes[0].starts_with("`when` is declared as `datetime`"), "{:?}", model.notes);
    }

    #[test]
    fn files_that_say_nothing_say_what_to_do() {
        assert!(silent(import(&Mlmodel, "mlflow_nosig.MLmodel")).contains("no signature"));
        assert!(silent(import(&Mlmodel, "mlflow_any.MLmodel")).contains("SciPy"));
        assert!(silent(with_inputs(&json!([]))).contains("no inputs"));
        assert!(silent(import_text(&Mlmodel, "MLmodel", "flavors: {}\nsignature: null\n")).contains("no signature"));
        // One input of several may be unknown.
        let tensor = json!({ "type": "tensor", "name": "x", "tensor-spec": { "dtype": "float32", "shape": [-1] } });
        let model = with_inputs(&json!([{ "type": "any" }, tensor])).unwrap();
        assert_eq!((model.inputs[0].dtype.as_ref(), model.inputs[0].shape.as_ref()), (None, None));
        assert_eq!(model.notes, ["The array without a name is declared as `any`: nothing is known about it."]);
    }

    #[test]
    fn a_folder_is_read_through_its_mlmodel() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("MLmodel"), text("mlflow_tensor_named.MLmodel")).unwrap();
        assert_eq!(import_path(&Mlmodel, folder.path()).unwrap().inputs.len(), 2);
        fs::write(folder.path().join("MLmodel"), text("mlflow_nosig.MLmodel")).unwrap();
        assert!(!silent(import_path(&Mlmodel, folder.path())).contains("That file"));
        fs::create_dir(folder.path().join("data")).unwrap();
        fs::write(folder.path().join("data/model.keras"), "").unwrap();
        assert!(silent(import_path(&Mlmodel, folder.path())).ends_with("That file is `data/model.keras`."));
    }

    #[test]
    fn text_has_any_length() {
        let dtype_of = |name: &str| {
            let tensor = json!([{ "type": "tensor", "tensor-spec": { "dtype": name, "shape": [-1] } }]);
            with_inputs(&tensor).unwrap().inputs[0].dtype.clone()
        };
        for name in ["str", "str160", "bytes24", "object", "string"] {
            assert_eq!(dtype_of(name), Some(text_dtype()), "{name}");
        }
        assert_eq!(dtype_of("strange"), None);
        assert_eq!(dtype_of("datetime64[ns]"), None);
        assert_eq!(dtype_of("bool"), Dtype::from_name("bool"));
    }

    #[test]
    fn damage_is_told_from_silence() {
        for (signature, why) in [
            ("inputs: '[{'", "the text of `signature.inputs` is not JSON"),
            ("inputs: '{}'", "`signature.inputs` is not a list"),
            ("inputs: '[1]'", "`signature.inputs[0]` has no type"),
            ("inputs: '[{\"type\": \"tensor\"}]'", "`signature.inputs[0]` has no tensor-spec"),
            (
                "inputs: '[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"int8\", \"shape\": [-3]}}]'",
                "the shape of",
            ),
        ] {
            let result = import_text(&Mlmodel, "x.MLmodel", &format!("flavors: {{}}\nsignature:\n  {signature}\n"));
            assert!(matches!(&result, Err(ImportError::Damaged(found)) if found.starts_with(why)), "{result:?}");
        }
        // A signature as YAML of its own, which nobody writes, is understood.
        let text = "signature:\n  inputs:\n  - type: tensor\n    tensor-spec: {dtype: int8, shape: [-1, 3]}\n";
        assert_eq!(import_text(&Mlmodel, "MLmodel", text).unwrap().inputs[0].shape.as_ref().unwrap().len(), 2);
    }

    #[test]
    fn damaged_files_are_errors_or_sound() {
        for name in of_format("mlmodel") {
            damaged(&text(&name), 700, |text| {
                if let Ok(model) = read(text) {
                    assert_sound(&model);
                }
            });
        }
    }
}
