//! What is read from sample models is what their own frameworks say of them: `fixtures/models/manifest.json` was written by
//! the frameworks, file by file, where they say anything.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use batchlint::config::Overrides;
use batchlint::config::limits::Limits;
use batchlint::error::Text;
use batchlint::spec::import::json::Document;
use batchlint::spec::import::{ImportError, Model, toml};
use batchlint::spec::load::from_text;
use serde_json::{Map, Value};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/models")
}

fn manifest() -> Map<String, Value> {
    let text = fs::read_to_string(folder().join("manifest.json")).unwrap();
    let Value::Object(entries) = serde_json::from_str(&text).unwrap() else { panic!("an object") };
    entries
}

fn read(name: &str) -> Result<Model, ImportError> {
    batchlint::spec::import::read(&folder().join(name), &Limits::default())
}

fn document(model: &Model) -> Value {
    serde_json::to_value(Document::from(model)).unwrap()
}

/// Every sample of the given formats; all that is wrong is said at once.
fn each(formats: &[&str], wrong_with: impl Fn(&str, &Value) -> Result<(), String>) {
    let mut seen = 0;
    let mut wrong = Vec::new();
    for (name, truth) in manifest() {
        let format = truth["format"].as_str().unwrap();
        if formats.contains(&format) {
            seen += 1;
            wrong.extend(wrong_with(&name, &truth).err().map(|why| format!("{name} ({format}): {why}")));
        }
    }
    assert!(wrong.is_empty(), "{} of {seen} samples are read wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(seen > 0, "no sample is of {formats:?}");
}

/// The formats whose entries hold names, dtypes and shapes as batchlint has them.
const PORTS: [&str; 9] = ["keras", "h5", "keras-json", "savedmodel", "tflite", "onnx", "pt2", "kserve-v2", "openvino"];

#[test]
fn keras_models_are_read_as_keras_reads_them() {
    each(&["keras", "h5", "keras-json"], same_as_truth);
}

#[test]
fn exported_graphs_are_read_as_their_frameworks_read_them() {
    each(&["savedmodel", "tflite", "onnx", "pt2"], same_as_truth);
}

#[test]
fn configurations_of_servers_are_read_as_their_servers_read_them() {
    each(&["kserve-v2", "openvino"], same_as_truth);
    each(&["triton"], same_as_triton);
}

fn same_as_truth(name: &str, truth: &Value) -> Result<(), String> {
    let model = read(name).map_err(|error| error.to_string())?;
    let found = document(&model);
    if let Some(inputs) = truth["inputs"].as_array() {
        same_ports("input", &found["inputs"], inputs, keys(truth).as_deref())?;
    } else if !truth["note"].is_string() {
        return Err("the manifest neither has inputs nor says why".into());
    } else if !model.inputs.iter().all(|port| port.dtype.is_none()) {
        return Err(format!("Keras says {}, and yet there are types: {found}", truth["note"]));
    } else if model.notes.is_empty() {
        return Err("nothing says why there are no inputs".into());
    }
    if let Some(outputs) = truth["outputs"].as_array() {
        same_ports("output", &found["outputs"], outputs, None)?;
    }
    if truth.as_object().unwrap().contains_key("loss") && found["loss"] != plain_loss(&truth["loss"]) {
        return Err(format!("loss {} and not {}", found["loss"], truth["loss"]));
    }
    if let Some(ranges) = truth["ranges"].as_object() {
        let known = |symbol: &str| model.symbols.iter().find(|known| known.name == symbol);
        for (symbol, range) in ranges {
            let bounds = known(symbol).map(|known| serde_json::json!([known.min, known.max]));
            if bounds.as_ref() != Some(range) {
                return Err(format!("symbol {symbol} is within {bounds:?} and not {range}"));
            }
        }
    }
    Ok(())
}

/// The keys by which a dict is fed, in place of the names of the tensors.
fn keys(truth: &Value) -> Option<Vec<(String, String)>> {
    let keys = truth["input_structure"].as_object()?;
    Some(keys.iter().map(|(key, tensor)| (tensor.as_str().unwrap().to_owned(), key.clone())).collect())
}

/// `{"loss": "mse", "from_logits": true}` is the loss `mse`.
fn plain_loss(loss: &Value) -> Value {
    match loss {
        Value::Object(one) if one.get("loss").is_some_and(Value::is_string) => one["loss"].clone(),
        Value::Array(list) => list.iter().map(plain_loss).collect(),
        other => other.clone(),
    }
}

/// Names that are given have to be there; without names the order counts.
fn same_ports(what: &str, found: &Value, truth: &[Value], keys: Option<&[(String, String)]>) -> Result<(), String> {
    let found = found.as_array().unwrap();
    if found.len() != truth.len() {
        return Err(format!("{} {what}s and not {}", found.len(), truth.len()));
    }
    for (index, truth) in truth.iter().enumerate() {
        let name = truth["name"].as_str().map(|name| {
            let key = keys.and_then(|keys| keys.iter().find(|(tensor, _)| tensor == name));
            key.map_or(name, |(_, key)| key)
        });
        let port = match name {
            Some(name) => found.iter().find(|port| port["name"] == name),
            None => found.get(index),
        };
        let Some(port) = port else {
            let names: Vec<&Value> = found.iter().map(|port| &port["name"]).collect();
            return Err(format!("no {what} {name:?} among {names:?}"));
        };
        let rank = |shape: &Value| shape.as_array().map(Vec::len);
        let same_shape = match (&port["shape"], &truth["shape"]) {
            (Value::Array(found), Value::Array(truth)) => {
                found.len() == truth.len() && found.iter().zip(truth).all(|(found, truth)| same_size(found, truth))
            }
            (found, truth) => rank(found) == rank(truth),
        };
        if port["dtype"] != truth["dtype"] || !same_shape {
            return Err(format!(
                "{what} {} is {} {} and not {} {}",
                port["name"], port["dtype"], port["shape"], truth["dtype"], truth["shape"]
            ));
        }
    }
    Ok(())
}

/// tf2onnx numbers what is unknown (`unk__35`), which says nothing; `OpenVINO` writes bounds into the shape (`1..8`).
fn same_size(found: &Value, truth: &Value) -> bool {
    match truth.as_str() {
        Some(symbol) if symbol.starts_with("unk__") => found.is_null(),
        Some(bounds) if bounds.contains("..") => found.is_null() || found.is_string(),
        _ => found == truth,
    }
}

fn same_as_triton(name: &str, truth: &Value) -> Result<(), String> {
    let found = document(&read(name).map_err(|error| error.to_string())?);
    let batched = truth["max_batch_size"].as_u64().unwrap() > 0;
    for what in ["input", "output"] {
        let plural = format!("{what}s");
        let ports = found[&plural].as_array().unwrap();
        for truth in truth[&plural].as_array().unwrap() {
            let port = ports.iter().find(|port| port["name"] == truth["name"]).ok_or("a port is missing")?;
            let dims = truth["dims"].as_array().unwrap();
            let shape = port["shape"].as_array().ok_or("no shape")?;
            let own = if batched { shape.get(1..).ok_or("no batch axis")? } else { shape };
            let same =
                |(found, truth): (&Value, &Value)| if *truth == -1 { !found.is_number() } else { found == truth };
            if own.len() != dims.len() || !own.iter().zip(dims).all(same) {
                return Err(format!("{} is {shape:?} and not {dims:?}", port["name"]));
            }
            let dtype = match truth["dtype"].as_str().unwrap() {
                "TYPE_FP32" => "float32",
                "TYPE_FP16" => "float16",
                "TYPE_UINT8" => "uint8",
                "TYPE_INT64" => "int64",
                other => panic!("{other}"),
            };
            if port["dtype"] != dtype {
                return Err(format!("{} is {} and not {dtype}", port["name"], port["dtype"]));
            }
        }
    }
    Ok(())
}

#[test]
fn signatures_of_mlflow_are_read_and_what_is_no_tensor_is_not() {
    each(&["mlmodel"], |name, truth| {
        let inputs = truth["inputs"].as_array().unwrap();
        if inputs.iter().any(|input| input["shape"].is_array()) {
            let mut truth = truth.clone();
            for input in truth["inputs"].as_array_mut().unwrap() {
                if input["name"].is_null() {
                    input.as_object_mut().unwrap().remove("name");
                }
            }
            return same_as_truth(name, &truth);
        }
        // Columns of a table, `any`, no signature: nothing that an array can be held against.
        match read(name) {
            Err(ImportError::Silent(_)) => Ok(()),
            Ok(model) if model.inputs.iter().all(|port| port.shape.is_none()) && !model.notes.is_empty() => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
}

#[test]
fn what_prepares_images_says_their_range() {
    each(&["hf-preprocessor", "timm"], |name, truth| {
        let model = read(name).map_err(|error| error.to_string())?;
        let [image] = model.inputs.as_slice() else { return Err(format!("{} inputs", model.inputs.len())) };
        let (low, high) = image.values.ok_or("no range")?;
        let bounds = &truth["expect"]["value_range"];
        let numbers: Vec<f64> = match bounds[0].as_array() {
            Some(_) => bounds.as_array().unwrap().iter().flat_map(|b| b.as_array().unwrap()).collect::<Vec<_>>(),
            None => bounds.as_array().unwrap().iter().collect(),
        }
        .into_iter()
        .map(|number| number.as_f64().unwrap())
        .collect();
        let (least, most) =
            (numbers.iter().copied().fold(f64::MAX, f64::min), numbers.iter().copied().fold(f64::MIN, f64::max));
        let near = |a: f64, b: f64| (a - b).abs() < 1e-3;
        if near(low, least) && near(high, most) { Ok(()) } else { Err(format!("{low} to {high}, not {bounds}")) }
    });
}

#[test]
fn what_keeps_nothing_of_its_inputs_says_so_and_what_to_do() {
    each(&["none"], |name, _| match read(name) {
        Err(ImportError::Silent(why)) if why.ends_with('.') => Ok(()),
        other => Err(format!("{other:?}")),
    });
}

#[test]
fn every_sample_is_looked_at() {
    let others = ["triton", "mlmodel", "hf-preprocessor", "timm", "none"];
    let known: BTreeSet<&str> = PORTS.into_iter().chain(others).collect();
    for (name, truth) in manifest() {
        assert!(known.contains(truth["format"].as_str().unwrap()), "{name} is of no format that a test knows");
        assert!(folder().join(&name).exists(), "{name}");
    }
}

#[test]
fn every_model_becomes_a_spec_that_can_be_read() {
    let formats: Vec<&str> = PORTS.into_iter().chain(["triton", "mlmodel", "hf-preprocessor", "timm"]).collect();
    each(&formats, |name, _| {
        let model = match read(name) {
            Ok(model) => model,
            Err(ImportError::Silent(_)) => return Ok(()),
            Err(error) => return Err(error.to_string()),
        };
        let body = toml::text(&model, name, &toml::Options::default());
        let text = Text { name: name.into(), body: body.as_str().into() };
        let loaded =
            from_text(text, &Overrides::default(), |_| Ok(())).map_err(|error| format!("{error:?}\n{body}"))?;
        let declared = loaded.spec.arrays.len();
        if declared == model.inputs.len() + model.targets.len() { Ok(()) } else { Err(body) }
    });
}

#[test]
fn a_file_that_is_no_model_is_called_what_it_is() {
    let scratch = tempfile::tempdir().unwrap();
    let said = |name: &str, bytes: &[u8]| {
        let path = scratch.path().join(name);
        fs::write(&path, bytes).unwrap();
        batchlint::spec::import::read(&path, &Limits::default()).unwrap_err()
    };
    for (name, bytes, says) in [
        (
            "x.npy",
            &b"\x93NUMPY\x01\0"[..],
            "this is an array of NumPy, which is data and no model; models are read from",
        ),
        ("empty.keras", b"", "this file is empty"),
        ("notes.txt", b"a model", "this is a text that describes no model"),
        ("model.pkl", b"\x80\x04\x95", "this is a pickle, which is not opened"),
    ] {
        let error = said(name, bytes);
        assert!(matches!(error, ImportError::Unknown(_)) && error.to_string().starts_with(says), "{name}: {error}");
    }
    assert!(matches!(said("cut.keras", b"PK\x03\x04\x14\0"), ImportError::Damaged(_)));
    assert!(matches!(said("cut.h5", b"\x89HDF\r\n\x1a\n\0"), ImportError::Damaged(_)));
    assert!(matches!(
        batchlint::spec::import::read(&scratch.path().join("none"), &Limits::default()),
        Err(ImportError::Unreadable(_))
    ));
    let folder = batchlint::spec::import::read(scratch.path(), &Limits::default()).unwrap_err();
    assert!(folder.to_string().starts_with("this folder holds no model"), "{folder}");
}
