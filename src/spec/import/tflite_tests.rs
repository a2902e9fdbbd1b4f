use std::fs;
use std::io::Cursor;

use super::super::truth;
use super::*;

fn parsed(bytes: &[u8]) -> Result<Model, ImportError> {
    read(&mut Flat::new(Cursor::new(bytes)).unwrap())
}

#[test]
fn samples_say_what_their_framework_says() {
    let all = truth::all("tflite");
    assert_eq!(all.len(), 5);
    for (name, says) in all {
        let model = truth::model(&Tflite, &name);
        assert_eq!(truth::said(&model.inputs), truth::expected(&says["inputs"]), "{name}");
        assert_eq!(truth::said(&model.outputs), truth::expected(&says["outputs"]), "{name}");
        assert!(!model.notes.iter().any(|note| note.contains("bakes in")), "{name}: {:?}", model.notes);
    }
}

#[test]
fn what_is_quantised_is_said_and_no_range_is_invented() {
    let model = truth::model(&Tflite, "seq_int8.tflite");
    assert_eq!(model.notes, ["`image` is quantised: the whole number q in it stands for 0.0039214795 * (q - 0)."]);
    assert_eq!(model.inputs[0].values, None);
    assert!(truth::model(&Tflite, "seq.tflite").notes.is_empty());
}

#[test]
fn without_a_signature_the_tensors_are_told_apart_by_their_order() {
    let mut content = fs::read(truth::path("func_multi_dict.tflite")).unwrap();
    // The slot of the signatures is emptied in the vtable of the root.
    let number = |content: &[u8], at: usize, size: usize| {
        content[at..at + size].iter().rev().fold(0_usize, |number, byte| number << 8 | usize::from(*byte))
    };
    let root = number(&content, 0, 4);
    let vtable = root - number(&content, root, 4);
    content[vtable + 18..vtable + 20].fill(0);
    let model = parsed(&content).unwrap();
    assert_eq!(model.inputs.len(), 3);
    assert!(model.inputs.iter().all(|port| port.made_up && port.name.starts_with("serving_default_")));
    assert!(model.notes[0].starts_with("It has no signature"), "{:?}", model.notes);
}

#[test]
fn only_files_with_the_identifier_are_read() {
    for name in ["keras_export.onnx", "sm_export/saved_model.pb", "seq.pt2", "sm_export"] {
        assert!(truth::read(&Tflite, &truth::path(name)).is_none(), "{name}");
    }
}

#[test]
fn damage_gives_errors_and_no_panics() {
    let mut wrong = 0;
    for (name, _) in truth::all("tflite") {
        let content = fs::read(truth::path(&name)).unwrap();
        // Most of a file is weights: the tables are hit more often at its start.
        wrong += truth::damaged(&content, 1500).filter(|copy| parsed(copy).is_err()).count();
        for copy in truth::damaged(&content[..content.len().min(700)], 500) {
            let whole = [&copy, content.get(copy.len()..).unwrap_or_default()].concat();
            wrong += usize::from(parsed(&whole).is_err());
        }
    }
    assert!(wrong > 1000, "{wrong}");
    assert!(matches!(parsed(b""), Err(ImportError::Damaged(_))));
}
