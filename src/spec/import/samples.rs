//! The sample models, what their frameworks say of them, and how samples are damaged.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Candidate, ImportError, Model, ModelFormat, Size};
use crate::config::limits::Limits;

/// Where the samples are.
pub(super) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/models").join(name)
}

/// The text of a sample.
pub(super) fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap()
}

/// What the reader makes of the file or folder, which it must recognise.
pub(super) fn import_path(format: &dyn ModelFormat, path: &Path) -> Result<Model, ImportError> {
    let is_folder = path.is_dir();
    let mut head = if is_folder { Vec::new() } else { fs::read(path).unwrap() };
    head.truncate(4096);
    let candidate = Candidate { path, head: &head, is_folder, limits: &Limits::default() };
    assert!(format.recognises(&candidate), "{} is not recognised", path.display());
    format.read(&candidate)
}

/// What the reader makes of the sample.
pub(super) fn import(format: &dyn ModelFormat, name: &str) -> Result<Model, ImportError> {
    import_path(format, &path(name))
}

/// What the reader makes of this text in a file of that name.
pub(super) fn import_text(format: &dyn ModelFormat, name: &str, text: &str) -> Result<Model, ImportError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    import_path(format, &path)
}

/// What the framework itself says of the sample.
pub(super) fn truth(name: &str) -> Value {
    let manifest: Value = serde_json::from_str(&text("manifest.json")).unwrap();
    manifest[name].clone()
}

/// The names of the samples that the manifest says are of the format.
pub(super) fn of_format(format: &str) -> Vec<String> {
    let manifest: Value = serde_json::from_str(&text("manifest.json")).unwrap();
    let samples = manifest.as_object().unwrap().iter().filter(|(_, sample)| sample["format"] == format);
    samples.map(|(name, _)| name.clone()).collect()
}

/// A shape in the words of the manifest: `null` for any size, `1..8` for bounds.
pub(super) fn sizes(model: &Model, shape: Option<&[Size]>) -> Value {
    let size = |size: &Size| match size {
        Size::Any => Value::Null,
        Size::Exactly(size) => Value::from(*size),
        Size::Symbol(name) => {
            let symbol = model.symbols.iter().find(|symbol| symbol.name == *name).expect("every symbol has its bounds");
            let bound = |bound: Option<u64>| bound.map(|bound| bound.to_string()).unwrap_or_default();
            format!("{}..{}", bound(symbol.min), bound(symbol.max)).into()
        }
    };
    shape.map(|sizes| sizes.iter().map(size).collect()).unwrap_or_default()
}

/// Calls `check` for damaged forms of the text: cut, with bytes changed, pieces doubled, moved and left out, and brackets
/// put in. The same ones on every run.
pub(super) fn damaged(text: &str, count: u64, mut check: impl FnMut(&str)) {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |limit: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % (limit.max(1) as u64)).unwrap()
    };
    for _ in 0..count {
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=below(4) {
            let (at, end) = (below(bytes.len()), below(bytes.len()));
            let piece = at.min(end)..at.max(end);
            match below(7) {
                0 => bytes.truncate(at),
                1 => drop(bytes.drain(piece)),
                2 => {
                    let piece = bytes[piece].to_vec();
                    bytes.splice(at..at, piece);
                }
                3 => {
                    const BYTES: &[u8] = b"{}[]<>()\"'\\:;,#&*!|>-?%@`\n\t 0179.eExu\0\xff";
                    let byte = BYTES[below(BYTES.len())];
                    bytes.splice(at..at, std::iter::repeat_n(byte, below(9)));
                }
                4 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << below(8)),
                5 => {
                    let number = ["-1", "-2", "18446744073709551616", "9223372036854775807", "1e999", "NaN"][below(6)];
                    bytes.splice(at..at, number.bytes());
                }
                _ => {
                    let (from, to) = (below(bytes.len()), below(bytes.len()));
                    if from < bytes.len() && to < bytes.len() {
                        bytes.swap(from, to);
                    }
                }
            }
        }
        check(&String::from_utf8_lossy(&bytes));
    }
}

/// What holds of every model, however damaged its artefact: few axes, known symbols.
pub(super) fn assert_sound(model: &Model) {
    for port in model.inputs.iter().chain(&model.outputs) {
        let shape = port.shape.as_deref().unwrap_or_default();
        assert!(shape.len() <= 65, "{port:?}");
        sizes(model, Some(shape));
        assert!(port.axes.as_ref().is_none_or(|axes| axes.len() == shape.len()), "{port:?}");
        assert!(port.values.is_none_or(|(low, high)| low <= high), "{port:?}");
        assert!(!port.name.is_empty() || port.made_up, "{port:?}");
    }
}
