//! The spec that a training call stands for: the model's inputs, what its loss takes, and the plan it was called with.
//! It is written as a `batchlint.toml` would be, so that findings can point into it and `--write-spec` can keep it.

use crate::source::capture::facts::{Declared, Port as Facts};
use crate::source::text::shown;
use crate::spec::dtype::Dtype;
use crate::spec::framework::Framework;
use crate::spec::import::loss::{self, Output};
use crate::spec::import::{Model, Port, Size, Target, toml};

/// The text of the spec; `None` where the call says nothing that data can be held against.
pub(super) fn learnt(declared: &Declared) -> Option<String> {
    let framework = match declared.framework.as_str() {
        "torch" => Framework::Torch,
        _ if declared.backend.as_deref() == Some("torch") => Framework::Keras,
        "keras" => Framework::Keras,
        _ => return None,
    };
    let inputs = declared.inputs.iter().filter(|port| !port.name.is_empty()).map(port_of).collect();
    let outputs: Vec<Port> = declared.outputs.iter().map(port_of).collect();
    let model = Model { format: "keras", framework: Some(framework), inputs, ..Model::default() };
    let model = Model { targets: targets(declared, &outputs), outputs, ..model };
    let at =
        declared.call.as_ref().map_or(String::new(), |call| format!(" at {}:{}", shown(&call.file, 200), call.line));
    let class = declared.model.as_ref().map_or(String::new(), |class| format!(" of a {}", shown(class, 80)));
    let title = format!("Learnt from the call of `{}`{class}{at}.", shown(&declared.method, 80));
    let options = toml::Options {
        title: Some(&title),
        batch: declared.batch_size.filter(|_| declared.whole),
        steps: declared.steps_per_epoch.filter(|_| !declared.whole),
        epochs: declared.epochs.filter(|_| declared.method.starts_with("fit")),
        whole: declared.whole,
    };
    Some(toml::text(&model, "", &options))
}

/// The targets, as far as every version of the loss agrees on what it takes. An own loss is no rule, and no news to who
/// wrote the call.
fn targets(declared: &Declared, outputs: &[Port]) -> Vec<Target> {
    let Some(loss) = declared.loss.as_ref().filter(|_| !outputs.is_empty()) else { return Vec::new() };
    let outputs: Vec<Output<'_>> = outputs.iter().map(|port| Output { port, last: loss::last_axis(port) }).collect();
    loss::read(loss, &outputs, "").targets.into_iter().map(|target| Target { from: String::new(), ..target }).collect()
}

/// The first axis is that of the batch, whatever the model says of its size.
fn port_of(port: &Facts) -> Port {
    let size = |(axis, size): (usize, &Option<u64>)| match size {
        Some(size) if axis > 0 => Size::Exactly(*size),
        _ => Size::Any,
    };
    Port {
        name: port.name.clone(),
        dtype: port.dtype.as_deref().and_then(Dtype::from_name),
        shape: port.shape.as_ref().map(|shape| shape.iter().enumerate().map(size).collect()),
        ..Port::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Overrides;
    use crate::error::Text;
    use crate::spec::load::from_text;

    fn port(name: &str, shape: &[u64]) -> Facts {
        let shape = std::iter::once(None).chain(shape.iter().copied().map(Some)).collect();
        Facts { name: name.into(), shape: Some(shape), dtype: Some("float32".into()) }
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
