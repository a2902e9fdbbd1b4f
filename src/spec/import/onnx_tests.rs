use std::fs;
use std::io::{self, SeekFrom, Write};
use std::path::Path;

use super::super::truth;
use super::*;
use crate::config::limits::Limits;

/// A field with a length.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        bytes.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    bytes.push(u8::try_from(length).unwrap());
    bytes.extend_from_slice(content);
    bytes
}

/// A model of version 8 of the IR with this graph.
fn model(graph: &[u8]) -> Vec<u8> {
    [vec![0x08, 8], field(7, graph)].concat()
}

/// An input of the graph whose type is this `TypeProto`.
fn input(name: &str, kind: &[u8]) -> Vec<u8> {
    field(11, &[field(1, name.as_bytes()), field(2, kind)].concat())
}

/// A tensor of float32 with these axes, each a `Dimension`.
fn tensor(axes: &[&[u8]]) -> Vec<u8> {
    let shape: Vec<u8> = axes.iter().flat_map(|axis| field(1, axis)).collect();
    field(1, &[vec![0x08, 1], field(2, &shape)].concat())
}

fn parsed(bytes: &[u8]) -> Result<Model, ImportError> {
    read(&mut Wire::new(Cursor::new(bytes)).unwrap())
}

#[test]
fn samples_say_what_their_framework_says() {
    let all = truth::all("onnx");
    assert_eq!(all.len(), 5);
    for (name, says) in all {
        let model = truth::model(&Onnx, &name);
        assert_eq!(truth::said(&model.inputs), truth::expected(&says["inputs"]), "{name}");
        assert_eq!(truth::said(&model.outputs), truth::expected(&says["outputs"]), "{name}");
    }
}

#[test]
fn inputs_keep_their_order() {
    let names: Vec<_> = truth::model(&Onnx, "torch_dynamo.onnx").inputs.into_iter().map(|port| port.name).collect();
    assert_eq!(names, ["image", "tokens", "scale"]);
}

#[test]
fn weights_that_are_listed_as_inputs_are_left_out_and_noted() {
    let notes = truth::model(&Onnx, "hand_ir3_init_as_input.onnx").notes;
    assert!(notes.iter().any(|note| note.contains("an initialiser")), "{notes:?}");
}

#[test]
fn a_baked_batch_is_noted_and_a_free_one_is_not() {
    let note = |name| truth::model(&Onnx, name).notes.iter().any(|note| note.contains("bakes in"));
    assert!(note("torch_legacy_static.onnx"));
    assert!(!note("torch_legacy.onnx"));
    assert!(!note("keras_export.onnx"));
}

#[test]
fn sizes_that_are_not_known_are_open() {
    let minus_one = [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    let (computed, empty, numbered) = (field(2, b"2*h"), field(2, b""), field(2, b"unk__7"));
    let axes: [&[u8]; 6] = [&[], &[0x08, 0], &minus_one, &computed, &empty, &numbered];
    let read = parsed(&model(&input("a", &tensor(&axes)))).unwrap();
    assert_eq!(read.inputs[0].shape, Some(vec![Size::Any; 6]));
}

#[test]
fn what_no_array_can_hold_is_noted() {
    let float = tensor(&[&[0x08, 3]]);
    let sequence = field(4, &field(1, &float));
    let read = parsed(&model(&[input("s", &sequence), input("m", &field(5, &[]))].concat())).unwrap();
    assert_eq!(read.inputs.iter().map(|port| port.shape.clone()).collect::<Vec<_>>(), [None, None]);
    assert!(read.notes[0].contains("`s` is a sequence") && read.notes[1].contains("`m` is a map"), "{:?}", read.notes);
    let read = parsed(&model(&input("o", &field(9, &field(1, &float))))).unwrap();
    assert!(read.inputs[0].optional);
    assert_eq!(read.inputs[0].shape, Some(vec![Size::Exactly(3)]));
    let nested = field(9, &field(1, &field(9, &field(1, &float))));
    let read = parsed(&model(&input("o", &nested))).unwrap();
    assert!(read.notes[0].contains("an optional inside an optional"), "{:?}", read.notes);
}

#[test]
fn a_model_is_known_by_its_first_bytes() {
    let knows = |path: &str, head: &[u8]| {
        Onnx.recognises(&Candidate { path: Path::new(path), head, is_folder: false, limits: &Limits::default() })
    };
    for (name, _) in truth::all("onnx") {
        let content = fs::read(truth::path(&name)).unwrap();
        assert!(knows("model.bin", &content[..content.len().min(4096)]), "{name}");
    }
    assert!(knows("model.onnx", b""));
    for name in ["sm_export/saved_model.pb", "sm_k2/keras_metadata.pb", "seq.tflite", "seq.pt2", "seq_compiled.h5"] {
        let content = fs::read(truth::path(name)).unwrap();
        assert!(!knows("model.pb", &content[..content.len().min(4096)]), "{name}");
    }
    assert!(!knows("text.txt", b"\x08\x08 hello") && !knows("short", b"\x08\x08"));
}

#[test]
fn damage_gives_errors_and_no_panics() {
    let mut wrong = 0;
    for (name, _) in truth::all("onnx") {
        let content = fs::read(truth::path(&name)).unwrap();
        wrong += truth::damaged(&content, 1500).filter(|copy| parsed(copy).is_err()).count();
    }
    assert!(wrong > 1000, "{wrong}");
    assert_eq!(parsed(b""), Err(ImportError::Damaged("there is no graph in it".into())));
}

/// Counts the bytes that are read.
struct Counted<R> {
    inner: R,
    bytes: u64,
}

impl<R: Read> Read for &mut Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes += read as u64;
        Ok(read)
    }
}

impl<R: Seek> Seek for &mut Counted<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

#[test]
fn weights_of_a_gibibyte_are_not_read() {
    const WEIGHTS: u64 = 1 << 30;
    let varint = |mut number: u64| {
        let mut bytes = Vec::new();
        while number >= 0x80 {
            bytes.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        bytes.push(number.to_le_bytes()[0]);
        bytes
    };
    let name = field(8, b"w");
    let raw = [vec![9 << 3 | 2], varint(WEIGHTS)].concat();
    let initialiser = [vec![5 << 3 | 2], varint(name.len() as u64 + raw.len() as u64 + WEIGHTS)].concat();
    let start = [initialiser, name, raw].concat();
    let end = [input("image", &tensor(&[&[0x08, 4], &[0x08, 3]])), input("w", &tensor(&[]))].concat();
    let graph = start.len() as u64 + WEIGHTS + end.len() as u64;
    let folder = tempfile::tempdir().unwrap();
    let mut file = fs::File::create_new(folder.path().join("large.onnx")).unwrap();
    let start = [vec![0x08, 8, 7 << 3 | 2], varint(graph), start].concat();
    file.write_all(&start).unwrap();
    file.set_len(start.len() as u64 + WEIGHTS).unwrap();
    file.seek(SeekFrom::End(0)).unwrap();
    file.write_all(&end).unwrap();
    drop(file);

    let file = fs::File::open(folder.path().join("large.onnx")).unwrap();
    let mut counted = Counted { inner: file, bytes: 0 };
    let model = read(&mut Wire::new(&mut counted).unwrap()).unwrap();
    assert_eq!(model.inputs.len(), 1);
    assert_eq!(model.inputs[0].shape, Some(vec![Size::Exactly(4), Size::Exactly(3)]));
    assert!(counted.bytes < 8192, "{} bytes were read", counted.bytes);
}
