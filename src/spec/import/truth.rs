//! The sample models in `fixtures/models`, what their frameworks say of them, and ways to damage them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::dtype::Dtype;
use super::{Candidate, ImportError, Model, ModelFormat, Port, Size, text_dtype};
use crate::config::limits::Limits;

/// Where a sample is.
pub(super) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/models").join(name)
}

/// Reads a file or folder, if the format recognises it.
pub(super) fn read(format: &dyn ModelFormat, path: &Path) -> Option<Result<Model, ImportError>> {
    let is_folder = path.is_dir();
    let content = if is_folder { Vec::new() } else { fs::read(path).unwrap() };
    let candidate =
        Candidate { path, head: &content[..content.len().min(4096)], is_folder, limits: &Limits::default() };
    format.recognises(&candidate).then(|| format.read(&candidate))
}

/// What the format says of a sample.
pub(super) fn model(format: &dyn ModelFormat, name: &str) -> Model {
    read(format, &path(name)).expect("the format recognises its sample").unwrap()
}

/// Every sample that the manifest says is of the format, with what it should be.
pub(super) fn all(format: &str) -> Vec<(String, Value)> {
    let manifest: Value = serde_json::from_slice(&fs::read(path("manifest.json")).unwrap()).unwrap();
    let entries = manifest.as_object().unwrap().iter().filter(|(_, entry)| entry["format"] == format);
    entries.map(|(name, entry)| (name.clone(), entry.clone())).collect()
}

/// Names, dtypes and shapes as the manifest writes them, sorted. Sizes that only their exporter numbered are null there
/// and here.
pub(super) fn expected(ports: &Value) -> Vec<(String, String, Value)> {
    let mut expected: Vec<_> = ports
        .as_array()
        .unwrap()
        .iter()
        .map(|port| {
            let mut shape = port["shape"].clone();
            for size in shape.as_array_mut().into_iter().flatten() {
                if size.as_str().is_some_and(|symbol| symbol.starts_with("unk__")) {
                    *size = Value::Null;
                }
            }
            let dtype = port["dtype"].as_str().unwrap().replace("string", &text_dtype().name());
            (port["name"].as_str().unwrap().to_owned(), dtype, shape)
        })
        .collect();
    expected.sort_by(|left, right| left.0.cmp(&right.0));
    expected
}

/// The same of what was read.
pub(super) fn said(ports: &[Port]) -> Vec<(String, String, Value)> {
    let size = |size: &Size| match size {
        Size::Any => Value::Null,
        Size::Exactly(rows) => (*rows).into(),
        Size::Symbol(symbol) => symbol.as_str().into(),
    };
    let mut said: Vec<_> = ports
        .iter()
        .map(|port| {
            let shape = port.shape.as_ref().map_or(Value::Null, |shape| shape.iter().map(size).collect());
            (port.name.clone(), port.dtype.as_ref().map_or(String::new(), Dtype::name), shape)
        })
        .collect();
    said.sort_by(|left, right| left.0.cmp(&right.0));
    said
}

/// Damaged copies, the same in every run: bytes changed, cut out, doubled, and the end cut off.
pub(super) fn damaged(bytes: &[u8], copies: u64) -> impl Iterator<Item = Vec<u8>> {
    (1..=copies).map(move |seed| {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut below = move |most: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state >> 16).unwrap() % most.max(1)
        };
        let mut copy = bytes.to_vec();
        for _ in 0..=below(6) {
            let at = below(copy.len());
            let to = (at + below(24)).min(copy.len());
            match below(8) {
                0 => copy.truncate(at),
                1 => drop(copy.drain(at..to)),
                2 => {
                    let again = copy[at..to].to_vec();
                    drop(copy.splice(at..at, again));
                }
                3 if at < copy.len() => copy[at] = [0, 1, 0x7f, 0x80, 0xff][below(5)],
                4 => copy[at..to].fill(0xff),
                _ if at < copy.len() => copy[at] ^= 1 << below(8),
                _ => {}
            }
        }
        copy
    })
}
