use std::fs;
use std::io::Cursor;

use super::super::Encoding;
use super::super::truth;
use super::*;

fn parsed(bytes: &[u8]) -> Result<Model, ImportError> {
    read(&mut Wire::new(Cursor::new(bytes)).unwrap())
}

#[test]
fn samples_say_what_their_framework_says() {
    let all = truth::all("savedmodel");
    assert_eq!(all.len(), 7);
    for (name, says) in all {
        let model = truth::model(&SavedModel, &name);
        assert_eq!(truth::said(&model.inputs), truth::expected(&says["inputs"]), "{name}");
        assert_eq!(truth::said(&model.outputs), truth::expected(&says["outputs"]), "{name}");
        let file = truth::model(&SavedModel, &format!("{name}/saved_model.pb"));
        assert_eq!(file, model, "{name}");
    }
}

#[test]
fn inputs_are_in_the_order_of_their_names() {
    let names = |name| truth::model(&SavedModel, name).inputs.into_iter().map(|port| port.name).collect::<Vec<_>>();
    assert_eq!(names("sm_func_multi_dict"), ["image", "scale", "tokens"]);
    assert_eq!(names("sm_subclassed_dict"), ["args_0", "args_0_1"]);
}

#[test]
fn names_that_were_made_up_are_marked() {
    let made_up = |name| truth::model(&SavedModel, name).inputs.iter().all(|port| port.made_up);
    for name in ["sm_subclassed_dict", "sm_tfsave", "sm_k2"] {
        assert!(made_up(name), "{name}");
    }
    for name in ["sm_export", "sm_k2_multi", "sm_module"] {
        assert!(!made_up(name), "{name}");
    }
    let notes = truth::model(&SavedModel, "sm_subclassed_dict").notes;
    assert!(notes.iter().any(|note| note.contains("made up names")), "{notes:?}");
}

#[test]
fn other_signatures_are_named() {
    let notes = truth::model(&SavedModel, "sm_export").notes;
    assert!(notes[0].starts_with("The signature `serving_default` was read; there are others: `"), "{notes:?}");
    assert!(!notes[0].contains(SET_UP));
}

#[test]
fn keras_2_keeps_the_order_the_loss_and_so_the_targets() {
    let model = truth::model(&SavedModel, "sm_k2");
    assert_eq!(
        (model.loss.as_str(), model.framework),
        (Some("sparse_categorical_crossentropy"), Some(Framework::Keras))
    );
    assert_eq!((model.targets[0].encoding, model.targets[0].classes), (Some(Encoding::Index), Some(2)));
    assert!(model.targets[0].from.starts_with("keras_metadata.pb: "), "{:?}", model.targets);
    let several = truth::model(&SavedModel, "sm_k2_multi");
    assert_eq!(several.targets.len(), 2);
    assert!(several.inputs.iter().all(|port| port.from.starts_with("saved_model.pb: ")));
    let other = truth::model(&SavedModel, "sm_export");
    assert!(other.loss.is_null() && other.targets.is_empty());
}

#[test]
fn a_loss_without_a_description_is_read_and_damage_is_noted() {
    let mut model = truth::model(&SavedModel, "sm_export");
    add_keras(&mut model, &serde_json::json!({"training_config": {"loss": "sparse_categorical_crossentropy"}}));
    assert_eq!((model.targets.len(), model.targets[0].classes), (1, Some(2)));
    let folder = tempfile::tempdir().unwrap();
    fs::copy(truth::path("sm_k2/saved_model.pb"), folder.path().join(FILE)).unwrap();
    fs::write(folder.path().join(METADATA), [0x0a, 9]).unwrap();
    let model = truth::read(&SavedModel, folder.path()).unwrap().unwrap();
    assert!(model.targets.is_empty() && model.inputs.len() == 1);
    assert!(
        model.notes.iter().any(|note| note.contains("says nothing of the loss: it is damaged")),
        "{:?}",
        model.notes
    );
}

#[test]
fn a_folder_without_a_model_is_none() {
    let folder = tempfile::tempdir().unwrap();
    assert!(truth::read(&SavedModel, folder.path()).is_none());
    fs::write(folder.path().join("saved_model.pbtxt"), "saved_model_schema_version: 1").unwrap();
    assert!(matches!(truth::read(&SavedModel, folder.path()), Some(Err(ImportError::Unknown(_)))));
    for name in ["keras_export.onnx", "seq.tflite", "sm_k2/keras_metadata.pb"] {
        assert!(truth::read(&SavedModel, &truth::path(name)).is_none(), "{name}");
    }
}

/// A graph for serving with these signatures, each without inputs but one that has a scalar `x`.
fn with_signatures(names: &[&str]) -> Vec<u8> {
    let field =
        |number: u8, content: &[u8]| [&[number << 3 | 2, u8::try_from(content.len()).unwrap()], content].concat();
    let x = field(1, &[field(1, b"x"), field(2, &[&[0x10, 1][..], &field(3, &[])].concat())].concat());
    let signatures: Vec<u8> =
        names.iter().flat_map(|name| field(5, &[field(1, name.as_bytes()), field(2, &x)].concat())).collect();
    [vec![0x08, 1], field(2, &[field(1, &field(4, b"serve")), signatures].concat())].concat()
}

#[test]
fn the_signature_is_chosen_or_asked_for() {
    let read = parsed(&with_signatures(&["call", SET_UP])).unwrap();
    assert_eq!((read.inputs[0].name.as_str(), read.inputs[0].shape.clone()), ("x", Some(vec![])));
    assert!(read.notes[0].contains("`call` was read; it is the only one"), "{:?}", read.notes);
    let Err(ImportError::Silent(why)) = parsed(&with_signatures(&["b", "a"])) else { panic!("two signatures") };
    assert!(why.contains("which of `a`, `b` is meant"), "{why}");
    assert!(matches!(parsed(&with_signatures(&[SET_UP])), Err(ImportError::Silent(_))));
    assert!(matches!(parsed(&[0x08, 1]), Err(ImportError::Damaged(_))));
}

#[test]
fn damage_gives_errors_and_no_panics() {
    let mut wrong = 0;
    for name in ["sm_module", "sm_subclassed_dict", "sm_k2_multi"] {
        let content = fs::read(truth::path(name).join(FILE)).unwrap();
        wrong += truth::damaged(&content, 1500).filter(|copy| parsed(copy).is_err()).count();
    }
    let content = fs::read(truth::path("sm_k2/keras_metadata.pb")).unwrap();
    for copy in truth::damaged(&content, 1500) {
        wrong += usize::from(root(&mut Wire::new(Cursor::new(copy)).unwrap(), &Limits::default()).is_err());
    }
    assert!(wrong > 1000, "{wrong}");
    assert!(keras_root(&Path::new("nowhere").join(METADATA), &Limits::default()).unwrap().is_none());
}
