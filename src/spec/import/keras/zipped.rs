//! `.keras`: a zip archive with `config.json`, or the same files in a folder.

use super::super::archive::Archive;
use super::super::limits::{self, Most};
use super::super::{Candidate, ImportError, Model, ModelFormat};
use crate::config::limits::Limit;

/// The native format of Keras 3, and of Keras 2 since 2.12.
#[derive(Debug)]
pub(in super::super) struct KerasZip;

const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.weights.h5";

impl ModelFormat for KerasZip {
    fn name(&self) -> &'static str {
        "keras"
    }

    fn recognises(&self, candidate: &Candidate<'_>) -> bool {
        if candidate.is_folder {
            return candidate.path.join(CONFIG).is_file() && candidate.path.join(WEIGHTS).is_file();
        }
        candidate.head.starts_with(Archive::MAGIC)
            && (has_extension(candidate, "keras")
                || Archive::open(candidate.path).is_ok_and(|archive| archive.has(CONFIG) && archive.has(WEIGHTS)))
    }

    fn read(&self, candidate: &Candidate<'_>) -> Result<Model, ImportError> {
        let most = Most::of(candidate.limits, Limit::ModelBytes);
        let bytes = if candidate.is_folder {
            limits::file(&candidate.path.join(CONFIG), most)?
        } else {
            Archive::open(candidate.path)?
                .entry(CONFIG, most)?
                .ok_or_else(|| ImportError::Damaged("the archive has no `config.json`".into()))?
        };
        let entry = limits::json(&bytes, CONFIG, candidate.limits)?;
        let compiled = entry.get("compile_config").cloned();
        super::model(entry, compiled.as_ref(), CONFIG, "config.json: compile_config.loss")
    }
}

pub(super) fn has_extension(candidate: &Candidate<'_>, extension: &str) -> bool {
    candidate.path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}
