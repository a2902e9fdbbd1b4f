//! The names of those who consume batches. What each does with them is in [`crate::spec::framework`].

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The consumer of the batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[value(rename_all = "lowercase")]
pub enum Framework {
    /// Keras 3 `fit` on the TensorFlow backend
    Keras,
    /// TensorFlow without Keras: custom loops, `tf.data`
    Tensorflow,
    /// PyTorch
    Torch,
    /// JAX
    Jax,
    /// ONNX Runtime's Python API
    Onnxruntime,
    /// Triton Inference Server
    Triton,
    /// scikit-learn
    Sklearn,
    /// Not said: levels are those of the rule
    Any,
}

impl Framework {
    /// The name as written in the spec.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Keras => "keras",
            Self::Tensorflow => "tensorflow",
            Self::Torch => "torch",
            Self::Jax => "jax",
            Self::Onnxruntime => "onnxruntime",
            Self::Triton => "triton",
            Self::Sklearn => "sklearn",
            Self::Any => "any",
        }
    }
}

impl fmt::Display for Framework {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
