use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::json;

use super::super::archive::Archive;
use super::super::limits::{self, Most};
use super::super::toml;
use super::*;
use crate::config::Overrides;
use crate::config::limits::Limits;
use crate::error::Text;
use crate::spec::Encoding;
use crate::spec::load::from_text;

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/models").join(name)
}

fn of(entry: Value) -> Result<Model, ImportError> {
    let compiled = entry.get("compile_config").cloned();
    model(entry, compiled.as_ref(), "config.json", "config.json: compile_config.loss")
}

fn read(name: &str) -> Model {
    super::super::read(&sample(name), &Limits::default()).unwrap()
}

fn dense(units: u64) -> Value {
    json!({"class_name": "Dense", "config": {"name": "dense", "units": units, "dtype": "float32"}})
}

fn input(name: &str, shape: &Value) -> Value {
    json!({"class_name": "InputLayer", "name": name, "config": {"name": name, "batch_shape": shape, "dtype": "float32"}})
}

#[test]
fn a_dict_is_fed_by_its_keys_and_not_by_the_names_of_the_tensors() {
    let names: Vec<String> = read("func_dict_key_differs.keras").inputs.into_iter().map(|port| port.name).collect();
    assert_eq!(names, ["key_one", "key_two"]);
}

#[test]
fn layers_behind_an_input_say_which_values_make_sense() {
    let values: Vec<_> = read("func_multi_list.keras").inputs.into_iter().map(|port| port.values).collect();
    assert_eq!(values, [Some((0.0, 255.0)), Some((0.0, 49.0)), None]);
    assert_eq!(rescaled(1.0 / 127.5, -1.0), Some((0.0, 255.0)));
    assert_eq!(rescaled(2.0, -1.0), Some((0.0, 1.0)));
    for (scale, offset) in [(0.1, 0.0), (0.0, 0.0), (-1.0 / 255.0, 0.0), (1.0 / 255.0, 0.5), (f64::NAN, 0.0)] {
        assert_eq!(rescaled(scale, offset), None, "{scale} {offset}");
    }
}

#[test]
fn names_that_keras_made_up_are_marked() {
    for (name, made_up) in [
        ("seq_deferred_built.keras", true),
        ("k2_seq.h5", true),
        ("k2_seq.keras", true),
        ("seq_compiled.h5", false),
        ("func_multi_dict.keras", false),
        ("subclassed.keras", true),
        ("subclassed_dict.keras", false),
    ] {
        let marks: Vec<bool> = read(name).inputs.iter().map(|port| port.made_up).collect();
        assert!(!marks.is_empty() && marks.iter().all(|mark| *mark == made_up), "{name}: {marks:?}");
    }
}

#[test]
fn the_class_of_the_user_gives_the_shapes_of_its_first_call_and_no_types() {
    let model = read("subclassed_dict.keras");
    let ports: Vec<_> =
        model.inputs.iter().map(|port| (port.name.as_str(), port.dtype.clone(), port.shape.clone())).collect();
    assert_eq!(
        ports,
        [("a", None, Some(vec![Size::Any, Size::Exactly(3)])), ("b", None, Some(vec![Size::Any, Size::Exactly(4)]))]
    );
    assert!(model.notes[0].starts_with("The model is of the class `SubD`"), "{:?}", model.notes);
    assert_eq!(model.targets[0].encoding, Some(Encoding::Index));
    // The rows of the first call are no batch size.
    let built = json!({"class_name": "Mine", "config": {}, "build_config": {"input_shape": [7, 3]}});
    assert_eq!(of(built).unwrap().inputs[0].shape, Some(vec![Size::Any, Size::Exactly(3)]));
    let several = json!({"class_name": "Mine", "config": {}, "build_config": {"shapes_dict": {"a_shape": [null, 3], "b_shape": [null]}}});
    let names: Vec<String> = of(several).unwrap().inputs.into_iter().map(|port| port.name).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn a_model_that_was_never_built_keeps_its_loss_and_says_what_to_do() {
    let model = read("seq_never_built.keras");
    assert!(model.inputs.is_empty() && model.notes[0].contains("Call `model.build(...)`"), "{:?}", model.notes);
    assert_eq!(model.targets[0].classes, Some(2));
    let uncompiled = json!({"class_name": "Sequential", "config": {"layers": [dense(2)]}});
    assert!(
        matches!(of(uncompiled), Err(ImportError::Silent(why)) if why.starts_with("The model was saved before it was built"))
    );
}

#[test]
fn the_oldest_files_have_a_list_of_layers_and_the_shape_on_the_first() {
    let first = |class: &str| json!({"class_name": class, "config": {"name": "dense_1", "batch_input_shape": [null, 8], "dtype": "float32", "units": 4, "input_dim": 20, "output_dim": 2}});
    let model = of(json!({"class_name": "Sequential", "config": [first("Dense"), dense(3)]})).unwrap();
    let port = &model.inputs[0];
    assert_eq!((port.name.as_str(), port.made_up, port.shape.as_ref().map(Vec::len)), ("dense_1_input", true, Some(2)));
    assert_eq!(port.from, "config.json: config[0].config.batch_input_shape");
    assert_eq!(model.outputs[0].name, "dense");
    let ids = of(json!({"class_name": "Sequential", "config": [first("Embedding"), dense(3)]})).unwrap();
    assert_eq!((ids.inputs[0].dtype.clone(), ids.inputs[0].values), (None, Some((0.0, 19.0))));
}

#[test]
fn models_inside_models_are_looked_into() {
    let inner = json!({
        "class_name": "Functional", "name": "backbone",
        "config": {
            "name": "backbone",
            "layers": [
                input("raw", &json!([null, 8])),
                {"class_name": "Rescaling", "name": "r", "config": {"name": "r", "scale": 0.003_921_568_627_450_98, "offset": 0.0},
                 "inbound_nodes": [[["raw", 0, 0, {}]]]},
            ],
            "input_layers": [["raw", 0, 0]], "output_layers": [["r", 0, 0]],
        },
    });
    let whole =
        json!({"class_name": "Sequential", "config": {"layers": [input("image", &json!([null, 8])), inner, dense(5)]}});
    let model = of(whole).unwrap();
    assert_eq!(model.inputs[0].values, Some((0.0, 255.0)));
    assert_eq!(model.outputs[0].shape, Some(vec![Size::Any, Size::Exactly(5)]));
    let mut deep = json!({"class_name": "Sequential", "config": {"layers": [dense(2)]}});
    for _ in 0..200 {
        deep = json!({"class_name": "Sequential", "config": {"layers": [deep]}});
    }
    assert!(of(deep).is_err());
}

#[test]
fn classes_are_found_behind_layers_that_keep_the_shape() {
    let layer = |class: &str| json!({"class_name": class, "config": {"name": class}});
    let compiled = json!({"loss": "sparse_categorical_crossentropy"});
    // Nobody knows the number of axes here.
    let own = layer("Mine");
    let layers = json!([input("x", &json!([null, 8])), own, dense(7), layer("Dropout"), layer("Softmax")]);
    let model =
        of(json!({"class_name": "Sequential", "config": {"layers": layers}, "compile_config": compiled})).unwrap();
    assert_eq!((model.outputs[0].shape.clone(), model.targets[0].classes), (None, Some(7)));
    let lost = json!([input("x", &json!([null, 8])), dense(7), own]);
    let model =
        of(json!({"class_name": "Sequential", "config": {"layers": lost}, "compile_config": compiled})).unwrap();
    assert_eq!(model.targets[0].classes, None);
}

#[test]
fn a_small_file_that_names_one_layer_very_often_is_read_within_bounds() {
    let (mut layers, mut leaves) = (vec![input("x", &json!([null, 8]))], Vec::new());
    let nested = json!({"class_name": "Sequential", "name": "n", "config": {"layers": vec![dense(1); 5000]},
        "inbound_nodes": [[["x", 0, 0, {}]]]});
    layers.push(nested);
    layers.extend(vec![json!({"class_name": "Add", "inbound_nodes": [[["x", 0, 0, {}]]]}); 20_000]);
    leaves.resize(20_000, json!(["x", 0, 0]));
    let outputs = vec![json!(["n", 0, 0]); 20_000];
    let config = json!({"layers": layers, "input_layers": leaves, "output_layers": outputs});
    let model = of(json!({"class_name": "Functional", "config": config})).unwrap();
    assert_eq!((model.inputs.len(), model.outputs.len()), (1024, 1024));
    assert!(model.notes[0].starts_with("The model has more than a thousand"), "{:?}", model.notes);
}

#[test]
fn what_is_no_description_is_damage() {
    for value in [Value::Null, json!([]), json!({}), json!({"class_name": 3}), json!("x")] {
        assert!(matches!(of(value.clone()), Err(ImportError::Damaged(_))), "{value}");
    }
}

#[test]
fn every_form_of_hdf5_is_read() {
    for name in [
        "earliest",
        "latest",
        "fixed-length",
        "fixed-length-latest",
        "user-block",
        "user-block-latest",
        "continued",
        "ordered",
    ] {
        let model = super::super::read(&sample(&format!("../hdf5/{name}.h5")), &Limits::default()).unwrap();
        assert_eq!((model.inputs[0].name.as_str(), model.targets[0].classes), ("image", Some(3)), "{name}");
    }
    for (name, says) in
        [("dense", "The attributes of this HDF5 file are kept"), ("weights", "This HDF5 file holds weights")]
    {
        let error = super::super::read(&sample(&format!("../hdf5/{name}.h5")), &Limits::default()).unwrap_err();
        assert!(matches!(&error, ImportError::Silent(why) if why.starts_with(says)), "{name}: {error}");
    }
}

/// What is read of a damaged file is an error, or a model that becomes a spec.
fn sound(result: Result<Model, ImportError>) {
    if let Ok(model) = result {
        let body = toml::text(&model, "damaged", &toml::Options::default());
        let text = Text { name: "damaged".into(), body: body.as_str().into() };
        let loaded = from_text(text, &Overrides::default(), |_| Ok(()));
        assert!(loaded.is_ok(), "{:?}\n{body}", loaded.err());
    }
}

/// The descriptions of all samples.
fn descriptions() -> Vec<Value> {
    let mut names: Vec<PathBuf> = fs::read_dir(sample("")).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let keras = names.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "keras"));
    keras
        .map(|path| {
            let bytes = Archive::open(&path).unwrap().entry("config.json", Most::fixed(64 << 20)).unwrap().unwrap();
            limits::json(&bytes, "config.json", &Limits::default()).unwrap()
        })
        .collect()
}

fn nodes(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(nodes).sum(),
        Value::Object(object) => object.values().map(nodes).sum(),
        _ => 0,
    }
}

fn replace(value: &mut Value, count: &mut usize, with: &Value) {
    if *count == 0 {
        *value = with.clone();
        *count = usize::MAX;
        return;
    }
    *count -= 1;
    match value {
        Value::Array(list) => list.iter_mut().for_each(|value| replace(value, count, with)),
        Value::Object(object) => object.values_mut().for_each(|value| replace(value, count, with)),
        _ => {}
    }
}

fn strange() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        Value::Null,
        json!(-1),
        json!(0),
        json!(u64::MAX),
        json!(1e300),
        json!(""),
        json!("a\n\"b\" \u{202e}"),
        json!("dense"),
        json!("mse"),
        json!("Sequential"),
        json!([]),
        json!([null, 3]),
        json!(["dense", 0, 0]),
        json!([["image", 9, 9], ["image", 0, 0], ["image", 0, 0]]),
        json!({}),
        json!({"class_name": "__tuple__", "items": [null, 4]}),
        json!({"a": "mse", "class_name": 3}),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_description_with_strange_parts_is_read_or_refused(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), strange()), 1..5),
    ) {
        let all = descriptions();
        let mut entry = which.get(&all).clone();
        for (at, with) in &changes {
            let mut count = at.index(nodes(&entry));
            replace(&mut entry, &mut count, with);
        }
        sound(of(entry));
    }

    #[test]
    fn a_damaged_file_is_read_or_refused(
        which in prop::sample::select(vec![
            "seq_compiled.h5", "k2_seq.h5", "func_multi_list.h5", "seq_compiled.keras", "k2_multi.keras", "seq_compiled.to_json.json",
            "../hdf5/latest.h5", "../hdf5/fixed-length.h5", "../hdf5/user-block-latest.h5", "../hdf5/continued.h5",
        ]),
        // Most of a file is weights, which are not read.
        changes in prop::collection::vec((prop_oneof![3 => 0..2600_usize, 1 => any::<usize>()], any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = fs::read(sample(which)).unwrap();
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join(which.replace("../hdf5/", ""));
        fs::write(&path, bytes).unwrap();
        sound(super::super::read(&path, &Limits::default()));
    }
}
