use std::fs;
use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};
use zip::write::{SimpleFileOptions, ZipWriter};

use super::super::truth;
use super::*;

/// The program of a sample.
fn program(name: &str) -> Value {
    serde_json::from_slice(&text(name)).unwrap()
}

fn text(name: &str) -> Vec<u8> {
    let mut archive = Archive::open(&truth::path(name)).unwrap();
    let entry = programs(&archive).remove(0);
    archive.entry(&entry, Most::fixed(64 << 20)).unwrap().unwrap()
}

fn parsed(program: &Value) -> Result<Model, ImportError> {
    read(&serde_json::to_vec(program).unwrap(), "model.json")
}

/// Writes an archive with one entry.
fn archived(path: &Path, entry: &str, content: &[u8]) {
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut archive = ZipWriter::new(fs::File::create(path).unwrap());
    archive.start_file(entry, stored).unwrap();
    archive.write_all(content).unwrap();
    archive.finish().unwrap();
}

#[test]
fn samples_say_what_their_framework_says() {
    let all = truth::all("pt2");
    assert_eq!(all.len(), 3);
    for (name, says) in all {
        let model = truth::model(&Pt2, &name);
        assert_eq!(truth::said(&model.inputs), truth::expected(&says["inputs"]), "{name}");
        let bounds: serde_json::Map<_, _> =
            model.symbols.iter().map(|symbol| (symbol.name.clone(), json!([symbol.min, symbol.max]))).collect();
        assert_eq!(Value::Object(bounds), says["ranges"], "{name}");
    }
}

#[test]
fn inputs_and_outputs_are_in_order_and_outputs_have_their_keys() {
    let model = truth::model(&Pt2, "multi.pt2");
    let names = |ports: &[Port]| ports.iter().map(|port| port.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&model.inputs), ["image", "tokens", "scale"]);
    assert_eq!(names(&model.outputs), ["cls", "reg"]);
    assert!(model.outputs.iter().all(|port| !port.made_up));
    assert!(truth::model(&Pt2, "seq.pt2").outputs[0].made_up);
    assert_eq!(model.outputs[0].shape, Some(vec![Size::Symbol("s40".into()), Size::Exactly(2)]));
}

#[test]
fn a_baked_batch_is_noted() {
    let note = |name| truth::model(&Pt2, name).notes.iter().any(|note| note.contains("bakes in"));
    assert!(note("seq_static.pt2"));
    assert!(!note("seq.pt2"));
}

#[test]
fn the_older_layout_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.pt");
    archived(&path, OLD, &text("multi.pt2"));
    let old = truth::read(&Pt2, &path).expect("the entry shows what it is").unwrap();
    let new = truth::model(&Pt2, "multi.pt2");
    assert_eq!(truth::said(&old.inputs), truth::said(&new.inputs));
    assert!(old.inputs[0].from.starts_with("serialized_exported_program.json: "), "{}", old.inputs[0].from);
}

#[test]
fn archives_of_others_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.zip");
    archived(&path, "models/readme.txt", b"");
    assert!(truth::read(&Pt2, &path).is_none());
    for name in ["seq_compiled.keras", "state_dict.pt", "torchscript_traced.pt", "seq.tflite"] {
        assert!(truth::read(&Pt2, &truth::path(name)).is_none(), "{name}");
    }
    let path = folder.path().join("empty.pt2");
    archived(&path, "data", b"");
    assert!(matches!(truth::read(&Pt2, &path), Some(Err(ImportError::Silent(_)))));
}

#[test]
fn guards_join_the_symbols_of_two_inputs() {
    let mut other = program("multi.pt2");
    let first = &mut other["graph_module"]["graph"]["tensor_values"]["tokens"]["sizes"][0];
    first["as_expr"]["expr_str"] = "Symbol('s9', positive=True, integer=True)".into();
    other["range_constraints"]["s9"] = json!({"min_val": 3, "max_val": null});
    let model = parsed(&other).unwrap();
    assert_eq!(model.inputs[1].shape, Some(vec![Size::Symbol("s40".into()), Size::Exactly(16)]));
    let batch = Symbol { name: "s40".into(), min: Some(3), max: Some(256) };
    assert!(model.symbols.contains(&batch), "{:?}", model.symbols);
}

#[test]
fn an_upper_bound_of_the_largest_number_is_none() {
    let mut open = program("seq.pt2");
    for most in [i64::MAX, i64::MAX - 1] {
        open["range_constraints"]["s40"] = json!({"min_val": 0, "max_val": most});
        assert_eq!(parsed(&open).unwrap().symbols, [Symbol { name: "s40".into(), min: Some(0), max: None }]);
    }
}

#[test]
fn a_least_size_of_two_is_none() {
    let mut open = program("seq.pt2");
    open["range_constraints"]["s40"] = json!({"min_val": 2, "max_val": 8});
    assert_eq!(parsed(&open).unwrap().symbols, [Symbol { name: "s40".into(), min: None, max: Some(8) }]);
}

#[test]
fn older_files_name_the_dtype_and_hold_infinities() {
    let mut old = program("seq.pt2");
    old["graph_module"]["graph"]["tensor_values"]["image"]["dtype"] = "HALF".into();
    old["x"] = "here".into();
    let text = old.to_string().replace("\"here\"", "[NaN, -Infinity]");
    let model = read(text.as_bytes(), "model.json").unwrap();
    assert_eq!(model.inputs[0].dtype, Dtype::from_name("float16"));
}

#[test]
fn keys_of_a_dict_among_the_arguments_are_the_names() {
    let leaf = json!({"type": null, "context": null, "children_spec": []});
    let dict = json!({"type": "builtins.dict", "context": "[\"a\", \"b\"]", "children_spec": [leaf, leaf]});
    let positional = json!({"type": "builtins.tuple", "context": "null", "children_spec": [dict, leaf]});
    let by_name = json!({"type": "builtins.dict", "context": "[]", "children_spec": []});
    let whole = json!({"type": "builtins.tuple", "context": "null", "children_spec": [positional, by_name]});
    let mut nested = program("multi.pt2");
    nested["graph_module"]["module_call_graph"][0]["signature"]["in_spec"] = json!([1, whole]).to_string().into();
    let model = parsed(&nested).unwrap();
    let names: Vec<_> = model.inputs.iter().map(|port| port.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "scale"]);
}

#[test]
fn what_is_no_array_is_left_out_and_noted() {
    let mut other = program("multi.pt2");
    let specs = &mut other["graph_module"]["signature"]["input_specs"];
    let last = specs.as_array().unwrap().len() - 1;
    specs[last] = json!({"user_input": {"arg": {"as_float": 0.5}}});
    let model = parsed(&other).unwrap();
    assert_eq!(model.inputs.len(), 2);
    assert!(model.notes.contains(&"Argument 3 of the model is a number and no array; it is left out.".into()));
}

#[test]
fn sizes_that_are_worked_out_are_open_and_noted() {
    let mut other = program("seq.pt2");
    let size = &mut other["graph_module"]["graph"]["tensor_values"]["image"]["sizes"][2];
    *size = json!({"as_expr": {"expr_str": "2*s40", "hint": {"as_int": 8}}});
    let model = parsed(&other).unwrap();
    assert_eq!(model.inputs[0].shape.as_ref().unwrap()[2], Size::Any);
    assert!(model.notes.iter().any(|note| note.contains("2*s40")), "{:?}", model.notes);
}

#[test]
fn damage_gives_errors_and_no_panics() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = 0;
    for name in ["multi.pt2", "seq_static.pt2"] {
        wrong += truth::damaged(&text(name), 1500).filter(|copy| read(copy, "model.json").is_err()).count();
        let path = folder.path().join(name);
        for copy in truth::damaged(&fs::read(truth::path(name)).unwrap(), 500) {
            fs::write(&path, copy).unwrap();
            wrong += usize::from(truth::read(&Pt2, &path).is_none_or(|read| read.is_err()));
        }
    }
    assert!(wrong > 1000, "{wrong}");
}
