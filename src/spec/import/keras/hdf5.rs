//! `.h5`: an HDF5 file with `model_config` and `training_config` among the attributes of its root.

use super::super::{Candidate, ImportError, Model, ModelFormat, limits};
use super::attributes::{self, MAGIC};

/// The format of Keras 1 and 2, which Keras 3 still writes.
#[derive(Debug)]
pub(in super::super) struct KerasHdf5;

impl ModelFormat for KerasHdf5 {
    fn name(&self) -> &'static str {
        "keras"
    }

    fn recognises(&self, candidate: &Candidate<'_>) -> bool {
        [0, 512, 1024, 2048].iter().any(|at| candidate.head.get(*at..).is_some_and(|rest| rest.starts_with(MAGIC)))
    }

    fn read(&self, candidate: &Candidate<'_>) -> Result<Model, ImportError> {
        let attributes = attributes::of_root(candidate.path, &["model_config", "training_config"], candidate.limits)?;
        let Some(config) = attributes.get("model_config").filter(|text| !text.is_empty()) else {
            return Err(ImportError::Silent(
                if attributes.contains_key("layer_names") || attributes.contains_key("keras_version") {
                    "This HDF5 file holds weights without the model. Save it whole, with `model.save(\"model.keras\")`."
                        .into()
                } else {
                    "This HDF5 file has no `model_config` at its root, so it holds no model of Keras, or its weights alone. Save the \
                 model whole, with `model.save(\"model.keras\")`."
                    .into()
                },
            ));
        };
        let entry = limits::json(config, "model_config", candidate.limits)?;
        let compiled = attributes
            .get("training_config")
            .filter(|text| !text.is_empty())
            .map(|text| limits::json(text, "training_config", candidate.limits))
            .transpose()?;
        super::model(entry, compiled.as_ref(), "model_config", "training_config: loss")
    }
}
