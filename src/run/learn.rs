//! The spec that a training call stands for: the model's inputs, what its loss takes, and the plan it was called with.
//! It is written as a `batchlint.toml` would be, so that findings can point into it and `--write-spec` can keep it.

use std::fmt::Write as _;

use serde_json::Value;

use crate::source::capture::facts::{Declared, Port};
use crate::source::text::shown;
use crate::spec::dtype::Dtype;

/// The text of the spec; `None` where the call says nothing that data can be held against.
pub(super) fn learnt(declared: &Declared) -> Option<String> {
    let mut text = String::new();
    let at =
        declared.call.as_ref().map_or(String::new(), |call| format!(" at {}:{}", shown(&call.file, 200), call.line));
    let model = declared.model.as_ref().map_or(String::new(), |model| format!(" of a {}", shown(model, 80)));
    // Nothing can fail in a String.
    let _ = writeln!(text, "# Learnt from the call of `{}`{model}{at}.", shown(&declared.method, 80));
    let framework = match declared.framework.as_str() {
        "torch" => "torch",
        _ if declared.backend.as_deref() == Some("torch") => "keras",
        "keras" => "keras",
        _ => return None,
    };
    let _ = writeln!(text, "framework = \"{framework}\"");
    plan(&mut text, declared);
    for port in declared.inputs.iter().filter(|port| !port.name.is_empty()) {
        input(&mut text, port);
    }
    for (index, port) in declared.outputs.iter().enumerate() {
        if let Some(loss) = loss_of(declared.loss.as_ref(), index, port, declared.outputs.len()) {
            target(&mut text, port, &loss, declared.outputs.len() == 1);
        }
    }
    Some(text)
}

fn plan(text: &mut String, declared: &Declared) {
    let lines = [
        ("size", declared.batch_size.filter(|_| declared.whole)),
        ("steps", declared.steps_per_epoch.filter(|_| !declared.whole)),
        ("epochs", declared.epochs.filter(|_| declared.method.starts_with("fit"))),
    ];
    let known: Vec<_> =
        lines.into_iter().filter_map(|(key, value)| Some((key, value.filter(|value| *value > 0)?))).collect();
    if !known.is_empty() {
        text.push_str("\n[batch]\n");
        for (key, value) in known {
            let _ = writeln!(text, "{key} = {value}");
        }
    }
    if declared.whole {
        text.push_str("\n[source]\nunit = \"dataset\"\n");
    }
}

fn input(text: &mut String, port: &Port) {
    let _ = writeln!(text, "\n[inputs.{}]", key(&port.name));
    if let Some(dtype) = port.dtype.as_deref().filter(|dtype| Dtype::from_name(dtype).is_some()) {
        let _ = writeln!(text, "dtype = {}", quoted(dtype));
    }
    if let Some(shape) = &port.shape {
        let _ = writeln!(text, "shape = [{}]", sizes(shape));
    }
}

/// A target, as far as every version of the loss agrees on what it takes: Keras adds and takes away a last axis of one, and
/// casts.
fn target(text: &mut String, port: &Port, loss: &str, only: bool) {
    let name = if only || port.name.is_empty() { "target".to_owned() } else { format!("{}_target", port.name) };
    let shape = port.shape.as_deref().unwrap_or_default();
    let classes = shape.last().copied().flatten();
    let _ = writeln!(text, "\n[targets.{}]", key(&name));
    match loss {
        "sparse_categorical_crossentropy" => {
            text.push_str("encoding = \"index\"\n");
            if let Some(classes) = classes.filter(|classes| *classes > 1) {
                let _ = writeln!(text, "classes = {classes}");
            }
        }
        "categorical_crossentropy" => {
            text.push_str("encoding = \"probabilities\"\n");
            if let Some(classes) = classes.filter(|classes| *classes > 1) {
                let _ = writeln!(text, "classes = {classes}");
            }
            if !shape.is_empty() {
                let _ = writeln!(text, "shape = [{}]", sizes(shape));
            }
        }
        "binary_crossentropy" => text.push_str("encoding = \"binary\"\n"),
        _ => {
            text.push_str("encoding = \"value\"\n");
            if shape.len() > 1 && classes.is_some_and(|classes| classes > 1) {
                let _ = writeln!(text, "shape = [{}]", sizes(shape));
            }
        }
    }
}

/// The name of the loss of an output, as Keras spells functions.
fn loss_of(loss: Option<&Value>, index: usize, port: &Port, outputs: usize) -> Option<String> {
    let name = match loss? {
        Value::String(name) => name,
        Value::Array(losses) => losses.get(index)?.as_str()?,
        Value::Object(losses) if outputs > 1 || losses.len() == 1 => {
            losses.get(&port.name).or_else(|| losses.values().next().filter(|_| outputs == 1))?.as_str()?
        }
        _ => return None,
    };
    let known = match snake(name).as_str() {
        "mse" => "mean_squared_error".into(),
        "mae" => "mean_absolute_error".into(),
        other => other.to_owned(),
    };
    let takes_rows_of_output = [
        "sparse_categorical_crossentropy",
        "categorical_crossentropy",
        "binary_crossentropy",
        "mean_squared_error",
        "mean_absolute_error",
        "huber",
        "log_cosh",
    ];
    takes_rows_of_output.contains(&known.as_str()).then_some(known)
}

/// `MeanSquaredError` as `mean_squared_error`
fn snake(name: &str) -> String {
    let mut text = String::new();
    for (i, c) in name.chars().enumerate() {
        if c.is_uppercase() && i > 0 && !text.ends_with('_') {
            text.push('_');
        }
        text.extend(c.to_lowercase());
    }
    text
}

/// The first axis is that of the batch, whatever the model says of its size.
fn sizes(shape: &[Option<u64>]) -> String {
    let size = |(axis, size): (usize, &Option<u64>)| match (axis, size) {
        (0, _) => "\"batch\"".to_owned(),
        (_, Some(size)) => size.to_string(),
        (_, None) => "\"*\"".to_owned(),
    };
    shape.iter().enumerate().map(size).collect::<Vec<_>>().join(", ")
}

fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if bare { name.to_owned() } else { quoted(name) }
}

/// A TOML string. What JSON escapes, TOML reads.
fn quoted(text: &str) -> String {
    Value::String(text.replace('\u{7f}', "?")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Overrides;
    use crate::error::Text;
    use crate::spec::load::from_text;

    fn port(name: &str, shape: &[u64]) -> Port {
        let shape = std::iter::once(None).chain(shape.iter().copied().map(Some)).collect();
        Port { name: name.into(), shape: Some(shape), dtype: Some("float32".into()) }
    }

    fn keras(loss: &str) -> Declared {
        Declared {
            method: "fit".into(),
            framework: "keras".into(),
            inputs: vec![port("image", &[32, 32, 3])],
            outputs: vec![port("dense", &[2])],
            loss: Some(loss.into()),
            steps_per_epoch: Some(20),
            epochs: Some(1),
            ..Declared::default()
        }
    }

    #[test]
    fn a_model_is_written_as_a_spec() {
        let text = learnt(&keras("SparseCategoricalCrossentropy")).unwrap();
        assert_eq!(
            text,
            "# Learnt from the call of `fit`.\nframework = \"keras\"\n\n[batch]\nsteps = 20\nepochs = 1\n\n[inputs.image]\n\
             dtype = \"float32\"\nshape = [\"batch\", 32, 32, 3]\n\n[targets.target]\nencoding = \"index\"\nclasses = 2\n"
        );
    }

    #[test]
    fn whatever_a_model_is_called_the_spec_can_be_read() {
        let losses =
            ["sparse_categorical_crossentropy", "CategoricalCrossentropy", "mse", "binary_crossentropy", "my_loss"];
        for loss in losses {
            for name in ["image", "keras_tensor/0", "a \"b\"\n[x]", "", "é\u{7f}"] {
                let mut declared = keras(loss);
                declared.inputs[0].name = name.into();
                declared.whole = name.is_empty();
                let body = learnt(&declared).unwrap();
                let text = Text { name: "model".into(), body: body.clone().into() };
                let loaded = from_text(text, &Overrides::default(), |_| Ok(()));
                assert!(loaded.is_ok(), "{name:?} {loss}: {:?}\n{body}", loaded.err());
            }
        }
    }
}
