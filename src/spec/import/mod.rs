//! What a model artefact says of the data that the model takes. Every format is read in Rust, without the framework, within
//! bounds, and nothing in it is executed: an artefact is as untrusted as data.
//!
//! A reader says what stands in the artefact and never invents: what is not there is `None`. [`Model`] is what all of
//! them give; it becomes the text of a spec, so that findings can point into it.

mod archive;
mod exported;
mod flat;
pub mod json;
mod keras;
mod kserve;
mod limits;
pub mod loss;
mod mlmodel;
mod names;
mod onnx;
mod openvino;
mod pbtxt;
mod preprocessor;
mod proto;
mod pt2;
mod reading;
#[cfg(test)]
mod samples;
mod savedmodel;
mod silent;
mod tflite;
pub mod toml;
mod triton;
#[cfg(test)]
mod truth;
mod window;
mod yaml;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::Encoding;
use super::dtype::{Dtype, Kind};
use super::framework::Framework;
use crate::config::limits::{Limit, Limits};
use limits::Most;

/// Every format, in the order in which they are asked: those first that know their files by content.
pub static FORMATS: &[&dyn ModelFormat] = &[
    &silent::NoInputs,
    &keras::zipped::KerasZip,
    &keras::hdf5::KerasHdf5,
    &keras::json::KerasJson,
    &tflite::Tflite,
    &pt2::Pt2,
    &openvino::Openvino,
    &kserve::Kserve,
    &preprocessor::HfPreprocessor,
    &preprocessor::Timm,
    &triton::Triton,
    &mlmodel::Mlmodel,
    &onnx::Onnx,
    &savedmodel::SavedModel,
];

/// Bytes of a file that decide which format it is.
const HEAD: u64 = 4096;

/// What the artefact at `path` says: a file, or a folder as `SavedModel` is one. Content decides which format it is, then
/// the name.
pub fn read(path: &Path, limits: &Limits) -> Result<Model, ImportError> {
    let unreadable = |error: std::io::Error| ImportError::Unreadable(error.to_string());
    let meta = fs::metadata(path).map_err(unreadable)?;
    let head = if meta.is_dir() {
        Vec::new()
    } else if meta.is_file() {
        let file = fs::File::open(path).map_err(unreadable)?;
        limits::start(file, HEAD).map_err(unreadable)?
    } else {
        return Err(ImportError::Unreadable("it is neither a file nor a folder".into()));
    };
    let candidate = Candidate { path, head: &head, is_folder: meta.is_dir(), limits };
    match FORMATS.iter().find(|format| format.recognises(&candidate)) {
        Some(format) => {
            let mut model = format.read(&candidate)?;
            built_in_batch(&mut model);
            Ok(model)
        }
        None => Err(ImportError::Unknown(unknown(&candidate))),
    }
}

/// A size of the batch axis that is built in is often that of the example the model was exported with.
fn built_in_batch(model: &mut Model) {
    let first = |port: &Port| match port.shape.as_deref() {
        Some([Size::Exactly(rows), ..]) => Some(*rows),
        _ => None,
    };
    let sizes: BTreeSet<u64> = model.inputs.iter().filter_map(first).collect();
    model.notes.extend(sizes.into_iter().map(|rows| {
        format!("A first axis of {rows} is built into the model; it may be the batch that the model was exported with.")
    }));
}

/// What a file looks like that holds no model, and what is read.
fn unknown(candidate: &Candidate<'_>) -> String {
    let mut known: Vec<&str> =
        FORMATS.iter().map(|format| format.name()).filter(|name| *name != silent::NAME).collect();
    known.dedup();
    format!("{}; models are read from these formats: {}", names::looks_like(candidate), known.join(", "))
}

/// The type of text, which models take as strings of any length.
#[must_use]
pub fn text_dtype() -> Dtype {
    Dtype::new(Kind::Text, 0)
}

/// What an artefact says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Model {
    /// Which format it is: `keras`, `onnx`, `savedmodel`, ...
    pub format: &'static str,
    /// Who will consume the batches, where the format says it.
    pub framework: Option<Framework>,
    /// What the model takes, in its order.
    pub inputs: Vec<Port>,
    /// What it gives, in its order.
    pub outputs: Vec<Port>,
    /// What its loss compares the outputs with; only Keras keeps that.
    pub targets: Vec<Target>,
    /// The loss as written: a name, or one per output; `Null` where there is none.
    pub loss: serde_json::Value,
    /// Bounds of the symbols in the shapes.
    pub symbols: Vec<Symbol>,
    /// What the reader of the spec should know: whole sentences. Not escaped.
    pub notes: Vec<String>,
}

/// An input or an output.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Port {
    /// Its name; empty where it has none. Not escaped.
    pub name: String,
    /// Whether a machine made the name up (`args_0`, `keras_tensor_3`), so that it is matched by its place.
    pub made_up: bool,
    /// Its element type, where that is known.
    pub dtype: Option<Dtype>,
    /// Its shape, batch axis included; `None` where not even the number of axes is known.
    pub shape: Option<Vec<Size>>,
    /// One letter per axis, where the artefact names them: `NHWC`.
    pub axes: Option<String>,
    /// The least and the greatest value that make sense there.
    pub values: Option<(f64, f64)>,
    /// Whether it may be left out.
    pub optional: bool,
    /// Where that stands in the artefact: `config.json: config.layers[0]`. Not escaped.
    pub from: String,
}

/// The size of one axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Size {
    /// Any.
    Any,
    /// Exactly this.
    Exactly(u64),
    /// The same wherever the symbol stands. Not escaped.
    Symbol(String),
}

/// Bounds of a symbol, inclusive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// Its name.
    pub name: String,
    /// The least size.
    pub min: Option<u64>,
    /// The greatest.
    pub max: Option<u64>,
}

/// What a loss compares an output with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Target {
    /// The name of the output, or `target` for the only one. Not escaped.
    pub name: String,
    /// What its numbers mean.
    pub encoding: Option<Encoding>,
    /// How many classes there are.
    pub classes: Option<u64>,
    /// The class that stands for "no label".
    pub ignore: Option<i64>,
    /// Its shape, where the loss takes no other.
    pub shape: Option<Vec<Size>>,
    /// Where that stands in the artefact. Not escaped.
    pub from: String,
}

/// Why an artefact gives no spec. It is the user's choice of file, or its damage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// It cannot be opened or read.
    #[error("cannot read it: {0}")]
    Unreadable(String),
    /// It is no artefact of a model that is known here; what it is.
    #[error("{0}")]
    Unknown(String),
    /// It is one, and keeps nothing about its inputs; what to do.
    #[error("{0}")]
    Silent(String),
    /// It is one, and damaged; how.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

/// A file or folder that may hold a model.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// Its first bytes, 4096 at most; empty for a folder.
    pub head: &'a [u8],
    /// Whether it is a folder.
    pub is_folder: bool,
    /// How much of it is read.
    pub limits: &'a Limits,
}

impl Candidate<'_> {
    /// Bytes of a file that are read, where no file of the format has more than `format`.
    fn most(&self, format: u64) -> Most {
        Most::fixed(format).or(Most::of(self.limits, Limit::ModelBytes))
    }
}

/// One format of models. Content decides, then the extension.
pub trait ModelFormat: Sync {
    /// The name, as `--format json` prints it.
    fn name(&self) -> &'static str;

    /// Whether the candidate is of the format.
    fn recognises(&self, candidate: &Candidate<'_>) -> bool;

    /// What it says.
    fn read(&self, candidate: &Candidate<'_>) -> Result<Model, ImportError>;
}
