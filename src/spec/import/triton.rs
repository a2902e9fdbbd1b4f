//! `config.pbtxt`, the configuration of a model on Triton Inference Server.

use super::pbtxt::{self, Field, Message};
use super::reading::{file_of, has_extension, holds, label, mentions, set_dtype, size, text};
use super::{Candidate, Framework, ImportError, Model, ModelFormat, Port, Size, Symbol, text_dtype};
use crate::spec::dtype::Dtype;

/// Bytes that are read. Real configurations have up to some 50 thousand.
const LIMIT: u64 = 1 << 20;
/// The name of the file in the folder of a model.
const FILE: &str = "config.pbtxt";
/// The symbol of the batch axis that Triton puts in front.
const BATCH: &str = "batch";
/// Names of the data types by their numbers in `model_config.proto`, without `TYPE_`.
const TYPES: [&str; 15] = [
    "INVALID", "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32",
    "FP64", "STRING", "BF16",
];

/// The element type of that name in Triton (`FP32`, `STRING`) and in the V2 protocol (`FP32`, `BYTES`).
pub(super) fn dtype(name: &str) -> Option<Dtype> {
    let known = match name {
        "BOOL" => "bool",
        "UINT8" => "uint8",
        "UINT16" => "uint16",
        "UINT32" => "uint32",
        "UINT64" => "uint64",
        "INT8" => "int8",
        "INT16" => "int16",
        "INT32" => "int32",
        "INT64" => "int64",
        "FP16" => "float16",
        "FP32" => "float32",
        "FP64" => "float64",
        "BF16" => "bfloat16",
        "STRING" | "BYTES" => return Some(text_dtype()),
        _ => return None,
    };
    Dtype::from_name(known)
}

/// The format.
pub(super) struct Triton;

impl ModelFormat for Triton {
    fn name(&self) -> &'static str {
        "triton"
    }

    /// A folder with a `config.pbtxt` in it, a file that ends in `.pbtxt`, or text with the fields of one.
    fn recognises(&self, candidate: &Candidate<'_>) -> bool {
        holds(candidate, FILE)
            || !candidate.is_folder
                && (has_extension(candidate.path, "pbtxt")
                    || !candidate.head.contains(&0)
                        && mentions(candidate.head, b"data_type")
                        && mentions(candidate.head, b"TYPE_")
                        && mentions(candidate.head, b"dims"))
    }

    fn read(&self, candidate: &Candidate<'_>) -> Result<Model, ImportError> {
        read(&text(&file_of(candidate, FILE), candidate.most(LIMIT))?)
    }
}

fn read(text: &str) -> Result<Model, ImportError> {
    let config = pbtxt::read(text).map_err(ImportError::Damaged)?;
    let has = |name: &str| config.last(name).is_some();
    if !["input", "output", "max_batch_size", "platform", "backend"].into_iter().any(has) {
        return Err(ImportError::Unknown(
            if has("node") || has("meta_graphs") {
                "this is a TensorFlow graph in text form, which is not read: import the `saved_model.pb`"
            } else if has("item") {
                "this is a map of labels, not a model"
            } else {
                "this is protobuf in text form, but not the configuration of a Triton model"
            }
            .into(),
        ));
    }
    let max = match config.last("max_batch_size") {
        None => 0,
        Some(written) => written
            .whole()
            .and_then(|max| u64::try_from(max).ok())
            .ok_or_else(|| ImportError::Damaged("`max_batch_size` is not a number from 0 on".into()))?,
    };
    let mut model = Model { format: "triton", framework: Some(Framework::Triton), ..Model::default() };
    model.inputs = ports(&config, "input", max > 0, &mut model)?;
    if model.inputs.is_empty() {
        return Err(ImportError::Silent(
            "This configuration declares no inputs: Triton takes them from the model when it loads it. Import the model in the \
             folder `1` beside it, or the answer to `GET /v2/models/NAME`."
                .into(),
        ));
    }
    let notes = model.notes.len();
    model.outputs = ports(&config, "output", max > 0, &mut model)?;
    // What is odd about an output matters to no batch.
    model.notes.truncate(notes);
    for output in config.all("output").filter_map(Field::message) {
        if let (Some(name), Some(file)) = (output.text("name"), output.text("label_filename").filter(|f| !f.is_empty()))
        {
            model
                .notes
                .push(format!("The names of the classes of output `{name}` are in `{file}`, which is not read."));
        }
    }
    if max > 0 {
        model.symbols.push(Symbol { name: BATCH.into(), min: None, max: Some(max) });
        model.notes.push(format!(
            "`max_batch_size` is {max}, so `dims` leave the batch axis out: it was put in front of every shape."
        ));
    }
    Ok(model)
}

/// The `input` or `output` fields.
fn ports(config: &Message, role: &str, is_batched: bool, model: &mut Model) -> Result<Vec<Port>, ImportError> {
    config
        .all(role)
        .enumerate()
        .map(|(i, field)| {
            let place = format!("{role}[{i}]");
            let message = field.message().ok_or_else(|| ImportError::Damaged(format!("`{place}` is no message")))?;
            port(message, &place, is_batched, model).map_err(ImportError::Damaged)
        })
        .collect()
}

/// One of them. `reshape` is what the model sees behind the server; batches have the shape of `dims`.
fn port(message: &Message, place: &str, is_batched: bool, model: &mut Model) -> Result<Port, String> {
    let name = message.text("name").unwrap_or_default();
    let mut port = Port {
        name: name.into(),
        made_up: name.is_empty(),
        optional: message.is("optional"),
        from: format!("{FILE}: {place}"),
        ..Port::default()
    };
    if let Some(written) = message.last("data_type") {
        let number = written.whole().and_then(|number| usize::try_from(number).ok());
        let written =
            number.and_then(|number| TYPES.get(number).copied()).or_else(|| written.word()).unwrap_or_default();
        let written = written.strip_prefix("TYPE_").unwrap_or(written);
        if written != "INVALID" {
            set_dtype(&mut port, written, dtype(written), model);
        }
    }
    if message.is("is_shape_tensor") {
        model.notes.push(format!("{} is a shape tensor: where its batch axis is depends on the model.", label(&port)));
        return Ok(port);
    }
    if message.is("allow_ragged_batch") {
        model.notes.push(format!(
            "{} allows ragged batches: requests of different shapes may become one batch on the server.",
            label(&port)
        ));
    }
    let dims = message.all("dims").map(|dim| dim.whole().and_then(size)).collect::<Option<Vec<_>>>();
    let dims = dims.ok_or_else(|| format!("`dims` of `{place}` are no sizes"))?;
    // Without `dims` the server takes them from the model.
    if dims.is_empty() && !message.empty.iter().any(|name| name == "dims") {
        return Ok(port);
    }
    let batch = is_batched.then(|| Size::Symbol(BATCH.into()));
    port.axes = axes(message, dims.len(), is_batched);
    port.shape = Some(batch.into_iter().chain(dims).collect());
    Ok(port)
}

/// The letters of `format`, which speaks of one image, for all axes.
fn axes(message: &Message, dims: usize, is_batched: bool) -> Option<String> {
    let image = match message.word("format")? {
        "FORMAT_NHWC" | "1" => "HWC",
        "FORMAT_NCHW" | "2" => "CHW",
        _ => return None,
    };
    match (dims, is_batched) {
        (3, true) | (4, false) => Some(format!("N{image}")),
        (3, false) => Some(image.into()),
        _ => None,
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

    fn config(text: &str) -> Result<Model, ImportError> {
        import_text(&Triton, FILE, text)
    }

    #[test]
    fn samples_are_read_as_triton_reads_them() {
        let names = of_format("triton");
        assert_eq!(names.len(), 2);
        for name in names {
            let (model, truth) = (import(&Triton, &name).unwrap(), truth(&name));
            for (role, ports) in [("inputs", &model.inputs), ("outputs", &model.outputs)] {
                assert_eq!(ports.len(), truth[role].as_array().unwrap().len());
                for (port, truth) in ports.iter().zip(truth[role].as_array().unwrap()) {
                    let dims = truth["dims"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|dim| if *dim == -1 { Value::Null } else { dim.clone() });
                    let batch = (truth_batch(&name) > 0).then(|| json!("..32"));
                    assert_eq!(sizes(&model, port.shape.as_deref()), batch.into_iter().chain(dims).collect::<Value>());
                    assert_eq!(json!(port.name), truth["name"]);
                    assert_eq!(port.dtype, dtype(truth["dtype"].as_str().unwrap().trim_start_matches("TYPE_")));
                    assert!(port.dtype.is_some());
                    assert_eq!(port.optional, truth["optional"] == true);
                }
            }
            assert_sound(&model);
        }
    }

    fn truth_batch(name: &str) -> u64 {
        truth(name)["max_batch_size"].as_u64().unwrap()
    }

    #[test]
    fn dims_leave_the_batch_axis_out_where_there_is_batching() {
        let model = import(&Triton, "triton_seq.pbtxt").unwrap();
        assert_eq!(model.symbols, [Symbol { name: "batch".into(), min: None, max: Some(32) }]);
        assert_eq!(model.inputs[0].axes.as_deref(), Some("NHWC"));
        assert_eq!(model.inputs[0].from, "config.pbtxt: input[0]");
        assert_eq!(model.framework, Some(Framework::Triton));
        assert_eq!(
            model.notes,
            [
                "The names of the classes of output `output_0` are in `labels.txt`, which is not read.",
                "`max_batch_size` is 32, so `dims` leave the batch axis out: it was put in front of every shape.",
            ]
        );
        let model = import(&Triton, "triton_multi_nobatch.pbtxt").unwrap();
        assert!(model.symbols.is_empty() && model.notes.is_empty(), "{model:?}");
        assert_eq!(model.inputs[2].shape, Some(vec![]));
    }

    #[test]
    fn reshape_is_behind_the_server() {
        let model =
            config("max_batch_size: 4 input { name: 'x' data_type: 11 dims: 1 reshape { shape: [] } }").unwrap();
        assert_eq!(sizes(&model, model.inputs[0].shape.as_deref()), json!(["..4", 1]));
    }

    #[test]
    fn letters_of_axes_fit_their_number() {
        for (max, format, dims, axes) in [
            (8, "FORMAT_NCHW", "[3, 8, 8]", Some("NCHW")),
            (8, "2", "[3, 8, 8]", Some("NCHW")),
            (0, "FORMAT_NHWC", "[-1, 8, 8, 3]", Some("NHWC")),
            (0, "FORMAT_NHWC", "[8, 8, 3]", Some("HWC")),
            (8, "FORMAT_NHWC", "[-1, 8, 8, 3]", None),
            (8, "FORMAT_NONE", "[8, 8, 3]", None),
        ] {
            let model = config(&format!("max_batch_size: {max} input {{ format: {format} dims: {dims} }}")).unwrap();
            assert_eq!(model.inputs[0].axes.as_deref(), axes, "{max} {format} {dims}");
        }
    }

    #[test]
    fn what_is_not_given_is_not_known() {
        let model = config("platform: 'x' input { name: 'x' } input { data_type: TYPE_INVALID dims: [2] }").unwrap();
        assert_eq!((model.inputs[0].dtype.as_ref(), model.inputs[0].shape.as_ref()), (None, None));
        assert!(model.inputs[1].made_up && model.inputs[1].dtype.is_none() && model.notes.is_empty());
        let model = config("max_batch_size: 2 input { name: 's' data_type: TYPE_INT32 dims: 2 is_shape_tensor: true }")
            .unwrap();
        assert_eq!(model.inputs[0].shape, None);
        assert!(model.notes[0].contains("shape tensor"));
        let model = config("input { name: 'r' data_type: TYPE_STRING dims: -1 allow_ragged_batch: true }").unwrap();
        assert_eq!(model.inputs[0].dtype, Some(text_dtype()));
        assert!(model.notes[0].contains("ragged"));
        let model = config("input { name: 'f' data_type: TYPE_FP4 dims: -1 }").unwrap();
        assert!(model.notes[0].contains("`FP4`"), "{:?}", model.notes);
    }

    #[test]
    fn what_is_no_configuration_says_what_it_is() {
        for (text, why) in [
            ("node { name: 'x' op: 'Const' }", "TensorFlow graph"),
            ("saved_model_schema_version: 1 meta_graphs { }", "TensorFlow graph"),
            ("item { id: 1 name: 'cat' }", "map of labels"),
            ("layer { name: 'x' }", "not the configuration"),
            ("", "not the configuration"),
        ] {
            assert!(matches!(config(text), Err(ImportError::Unknown(found)) if found.contains(why)), "{text}");
        }
        assert!(
            matches!(config("backend: 'onnxruntime'"), Err(ImportError::Silent(why)) if why.contains("folder `1`"))
        );
        for damaged in [
            "max_batch_size: -1",
            "max_batch_size: x",
            "input: 1",
            "input { dims: -2 }",
            "input { dims: x }",
            "input {",
        ] {
            assert!(matches!(config(damaged), Err(ImportError::Damaged(_))), "{damaged}");
        }
    }

    #[test]
    fn configurations_are_known_by_content_and_folder() {
        assert_eq!(import_text(&Triton, "model.txt", &text("triton_seq.pbtxt")).unwrap().inputs.len(), 1);
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), text("triton_seq.pbtxt")).unwrap();
        assert_eq!(import_path(&Triton, folder.path()).unwrap().inputs.len(), 1);
    }

    #[test]
    fn damaged_files_are_errors_or_sound() {
        for name in of_format("triton") {
            damaged(&text(&name), 3000, |text| {
                if let Ok(model) = read(text) {
                    assert_sound(&model);
                }
            });
        }
    }
}
