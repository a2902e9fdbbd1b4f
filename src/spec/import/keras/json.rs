//! The text of `model.to_json()`.

use super::super::limits::{self, Most};
use super::super::{Candidate, ImportError, Model, ModelFormat};
use crate::config::limits::Limit;

/// The description of a model without its weights.
#[derive(Debug)]
pub(in super::super) struct KerasJson;

impl ModelFormat for KerasJson {
    fn name(&self) -> &'static str {
        "keras"
    }

    /// A JSON object that names a class of Keras: the class comes among the first keys in every version.
    fn recognises(&self, candidate: &Candidate<'_>) -> bool {
        let head = String::from_utf8_lossy(candidate.head);
        head.trim_start().starts_with('{') && head.contains("\"class_name\"") && head.contains("\"config\"")
    }

    fn read(&self, candidate: &Candidate<'_>) -> Result<Model, ImportError> {
        let text = limits::file(candidate.path, Most::of(candidate.limits, Limit::ModelBytes))?;
        let entry = limits::json(&text, "the text", candidate.limits)?;
        let compiled = entry.get("compile_config").or_else(|| entry.get("training_config")).cloned();
        super::model(entry, compiled.as_ref(), "model", "compile_config.loss")
    }
}
