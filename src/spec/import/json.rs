//! A model as JSON, for programs: what `init --model FILE --format json` prints.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::toml::{is_text, word};
use super::{Model, Port, Size, Target};

/// What an artefact says of the data that its model takes.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(title = "batchlint model")]
pub struct Document {
    /// The format of the artefact: `keras`, `onnx`, `savedmodel`, ...
    pub format: String,
    /// What the model takes, in its order.
    pub inputs: Vec<Array>,
    /// What it gives, in its order.
    pub outputs: Vec<Array>,
    /// What its loss compares the outputs with, as far as that is known.
    pub targets: Vec<Label>,
    /// The loss: a name, or one per output by place or by name; null where there is none. An own one is `custom:NAME`.
    pub loss: Value,
    /// What there is to know besides, in sentences.
    pub notes: Vec<String>,
}

/// An input or an output.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Array {
    /// Its name; empty where it has none.
    pub name: String,
    /// Its element type by NumPy's name, `string` for text; null where the artefact does not say it.
    pub dtype: Option<String>,
    /// Its shape, batch axis included; null where not even the number of axes is known.
    pub shape: Option<Vec<Axis>>,
}

/// The size of an axis.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Axis {
    /// Exactly this.
    Size(u64),
    /// The same wherever the symbol stands.
    Symbol(String),
    /// Any: null.
    Any(()),
}

/// What a loss compares an output with.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Label {
    /// The name of the output, or `target` for the only one.
    pub name: String,
    /// `index`, `one-hot`, `probabilities`, `binary` or `value`.
    pub encoding: Option<String>,
    /// How many classes there are.
    pub classes: Option<u64>,
    /// The class that stands for "no label".
    pub ignore: Option<i64>,
    /// Its shape, where the loss takes no other.
    pub shape: Option<Vec<Axis>>,
}

/// The JSON Schema of the document.
#[must_use]
pub fn schema() -> Value {
    schemars::schema_for!(Document).to_value()
}

impl From<&Model> for Document {
    fn from(model: &Model) -> Self {
        Self {
            format: model.format.into(),
            inputs: model.inputs.iter().map(Array::from).collect(),
            outputs: model.outputs.iter().map(Array::from).collect(),
            targets: model.targets.iter().map(Label::from).collect(),
            loss: model.loss.clone(),
            notes: model.notes.clone(),
        }
    }
}

impl From<&Port> for Array {
    fn from(port: &Port) -> Self {
        let dtype = port.dtype.as_ref().map(|dtype| if is_text(dtype) { "string".into() } else { dtype.name() });
        Self { name: port.name.clone(), dtype, shape: port.shape.as_deref().map(axes) }
    }
}

impl From<&Target> for Label {
    fn from(target: &Target) -> Self {
        Self {
            name: target.name.clone(),
            encoding: target.encoding.map(|encoding| word(encoding).into()),
            classes: target.classes,
            ignore: target.ignore,
            shape: target.shape.as_deref().map(axes),
        }
    }
}

fn axes(shape: &[Size]) -> Vec<Axis> {
    let axis = |size: &Size| match size {
        Size::Any => Axis::Any(()),
        Size::Exactly(size) => Axis::Size(*size),
        Size::Symbol(symbol) => Axis::Symbol(symbol.clone()),
    };
    shape.iter().map(axis).collect()
}
