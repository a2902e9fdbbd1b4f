//! What the losses of Keras compare an output with. Measured with Keras 3.15 on TensorFlow 2.21: what each takes, refuses,
//! and takes without a word; a rule is made only of what every version agrees on.

use serde_json::{Map, Value};

use super::{Port, Size, Target};
use crate::error::cut;
use crate::spec::Encoding;

/// An output, and how many classes it tells apart, where that is known: the size of its last axis.
#[derive(Debug, Clone, Copy)]
pub struct Output<'a> {
    /// The output.
    pub port: &'a Port,
    /// The size of its last axis.
    pub last: Option<u64>,
}

/// What a loss says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Losses {
    /// The loss of each output by name; an own one is `custom:NAME`. Not escaped.
    pub names: Value,
    /// What is known of the targets, in the order of the outputs.
    pub targets: Vec<Target>,
    /// What is not, in sentences.
    pub notes: Vec<String>,
}

/// What `loss` is, as Keras writes it: a name, an object, or either per output, in a list or by the names of the outputs. Of
/// a model whose outputs are not known (`outputs` is empty) the targets are those that the loss names. `from` says where
/// in the artefact the loss stands.
#[must_use]
pub fn read(loss: &Value, outputs: &[Output<'_>], from: &str) -> Losses {
    let mut losses = Losses { names: names(loss), ..Losses::default() };
    match loss {
        Value::Object(by_name) if !is_one(by_name) && outputs.is_empty() => {
            for (name, loss) in by_name {
                losses.add(name, loss, None, &format!("{from}.{name}"));
            }
        }
        Value::Array(list) if outputs.is_empty() => {
            for (index, loss) in list.iter().enumerate() {
                let name = if list.len() == 1 { "target".into() } else { format!("target_{index}") };
                losses.add(&name, loss, None, &format!("{from}[{index}]"));
            }
        }
        one if outputs.is_empty() => losses.add("target", one, None, from),
        _ => {
            for (index, output) in outputs.iter().enumerate() {
                let only = outputs.len() == 1;
                if let Some((one, from)) = of_output(loss, index, &output.port.name, only, from) {
                    let name = match output.port.name.as_str() {
                        _ if only => "target".to_owned(),
                        "" => format!("target_{index}"),
                        name => name.to_owned(),
                    };
                    losses.add(&name, one, Some(*output), &from);
                }
            }
        }
    }
    losses
}

/// The loss of one output, and where it stands. A loss that is given once holds for every output.
fn of_output<'v>(loss: &'v Value, index: usize, name: &str, only: bool, from: &str) -> Option<(&'v Value, String)> {
    match loss {
        Value::Object(by_name) if !is_one(by_name) => match by_name.get(name) {
            Some(one) => Some((one, format!("{from}.{name}"))),
            None if only && by_name.len() == 1 => {
                by_name.iter().next().map(|(key, one)| (one, format!("{from}.{key}")))
            }
            None => None,
        },
        Value::Array(list) => list.get(index).map(|one| (one, format!("{from}[{index}]"))),
        one => Some((one, from.to_owned())),
    }
}

/// Whether the object is one loss, and not one per output.
fn is_one(object: &Map<String, Value>) -> bool {
    object.get("class_name").is_some_and(Value::is_string)
}

/// The loss as people write it: its name, in the form in which it is given.
fn names(loss: &Value) -> Value {
    match loss {
        Value::Array(list) => list.iter().map(|one| name(one).map_or(Value::Null, Value::String)).collect(),
        Value::Object(by_name) if !is_one(by_name) => {
            by_name.iter().map(|(key, one)| (key.clone(), name(one).map_or(Value::Null, Value::String))).collect()
        }
        one => name(one).map_or(Value::Null, Value::String),
    }
}

/// The name of one loss. What is registered under a package (`package>Name`) is not of Keras, whatever it is called.
fn name(loss: &Value) -> Option<String> {
    if let Value::String(name) = loss {
        return Some(custom(name));
    }
    let class = loss.get("class_name")?.as_str()?;
    let registered = loss.get("registered_name").and_then(Value::as_str).filter(|name| name.contains('>'));
    match (registered, loss.get("config")) {
        (_, Some(Value::String(function))) => Some(custom(function)),
        (Some(own), _) => Some(custom(own)),
        (None, Some(config)) if class == "LossFunctionWrapper" => {
            config.get("fn").and_then(name).or_else(|| Some(snake(class)))
        }
        _ => Some(custom(&snake(class))),
    }
}

fn custom(name: &str) -> String {
    name.split_once('>').map_or_else(|| name.to_owned(), |(_, own)| format!("custom:{own}"))
}

impl Losses {
    fn add(&mut self, target: &str, loss: &Value, output: Option<Output<'_>>, from: &str) {
        let Some(name) = name(loss) else { return };
        let Some(kind) = kind(&name) else {
            let own = name.strip_prefix("custom:").unwrap_or(&name);
            self.notes.push(format!(
                "The loss `{}` is none of those whose targets are known, so nothing is declared of `{}`.",
                cut(own),
                cut(target)
            ));
            return;
        };
        let last = output.and_then(|output| output.last);
        let shape = output.and_then(|output| output.port.shape.clone()).filter(|shape| !shape.is_empty());
        let wide = last.is_some_and(|last| last > 1);
        // A last axis of one is added and taken away by Keras, so it is not asked for.
        let shape = shape.filter(|shape| match kind {
            Encoding::Index => false,
            Encoding::Probabilities | Encoding::OneHot => true,
            Encoding::Binary | Encoding::Value => shape.len() > 1 && wide,
        });
        let of_classes = matches!(kind, Encoding::Index | Encoding::Probabilities);
        self.targets.push(Target {
            name: target.to_owned(),
            encoding: Some(kind),
            classes: last.filter(|_| of_classes && wide),
            ignore: loss.get("config").and_then(|config| config.get("ignore_class")).and_then(Value::as_i64),
            shape,
            from: from.to_owned(),
        });
    }
}

/// What the targets of a loss are. Categorical cross-entropy takes soft labels as well as one-hot rows.
fn kind(name: &str) -> Option<Encoding> {
    let plain: String = name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect();
    match plain.as_str() {
        "sparsecategoricalcrossentropy" => Some(Encoding::Index),
        "categoricalcrossentropy" | "categoricalfocalcrossentropy" => Some(Encoding::Probabilities),
        "binarycrossentropy" | "binaryfocalcrossentropy" | "bce" => Some(Encoding::Binary),
        "meansquarederror"
        | "mse"
        | "meanabsoluteerror"
        | "mae"
        | "huber"
        | "huberloss"
        | "logcosh"
        | "meanabsolutepercentageerror"
        | "mape"
        | "meansquaredlogarithmicerror"
        | "msle" => Some(Encoding::Value),
        _ => None,
    }
}

/// `MeanSquaredError` as `mean_squared_error`
fn snake(name: &str) -> String {
    let mut text = String::new();
    let mut before = '_';
    for c in name.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            text.push('_');
        }
        text.extend(c.to_lowercase());
        before = c;
    }
    text
}

/// The size of the last axis of a shape, where it has one.
#[must_use]
pub fn last_axis(port: &Port) -> Option<u64> {
    match port.shape.as_deref()? {
        [_, .., Size::Exactly(last)] => Some(*last),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn port(name: &str, shape: &[u64]) -> Port {
        let shape = std::iter::once(Size::Any).chain(shape.iter().copied().map(Size::Exactly)).collect();
        Port { name: name.into(), shape: Some(shape), ..Port::default() }
    }

    fn of(loss: &Value, ports: &[Port]) -> Losses {
        let outputs: Vec<Output<'_>> = ports.iter().map(|port| Output { port, last: last_axis(port) }).collect();
        read(loss, &outputs, "loss")
    }

    fn only(loss: &Value, shape: &[u64]) -> Target {
        let mut targets = of(loss, &[port("out", shape)]).targets;
        assert_eq!(targets.len(), 1, "{loss}");
        targets.remove(0)
    }

    #[test]
    fn every_spelling_of_a_loss_is_the_same_loss() {
        for (loss, encoding) in [
            (json!("sparse_categorical_crossentropy"), Encoding::Index),
            (json!("SparseCategoricalCrossentropy"), Encoding::Index),
            (json!("MSE"), Encoding::Value),
            (json!("mean_squared_error"), Encoding::Value),
            (json!({"class_name": "MeanSquaredError", "config": {"name": "loss_of_mine"}}), Encoding::Value),
            (
                json!({"class_name": "function", "config": "mean_squared_error", "registered_name": "function"}),
                Encoding::Value,
            ),
            (
                json!({"class_name": "LossFunctionWrapper", "config": {"fn": "categorical_crossentropy"}}),
                Encoding::Probabilities,
            ),
            (json!("bce"), Encoding::Binary),
        ] {
            assert_eq!(only(&loss, &[2]).encoding, Some(encoding), "{loss}");
        }
    }

    #[test]
    fn a_loss_asks_for_a_shape_only_where_keras_takes_no_other() {
        assert_eq!(only(&json!("sparse_categorical_crossentropy"), &[5]).shape, None);
        assert_eq!(only(&json!("mse"), &[1]).shape, None);
        assert_eq!(only(&json!("mse"), &[2]).shape, Some(vec![Size::Any, Size::Exactly(2)]));
        assert_eq!(only(&json!("binary_crossentropy"), &[1]).shape, None);
        assert_eq!(only(&json!("categorical_crossentropy"), &[5]).shape, Some(vec![Size::Any, Size::Exactly(5)]));
    }

    #[test]
    fn classes_are_those_of_the_last_axis_and_one_is_none() {
        assert_eq!(only(&json!("sparse_categorical_crossentropy"), &[32, 32, 7]).classes, Some(7));
        assert_eq!(only(&json!("sparse_categorical_crossentropy"), &[1]).classes, None);
        assert_eq!(only(&json!("mse"), &[7]).classes, None);
        let ignoring = json!({"class_name": "SparseCategoricalCrossentropy", "config": {"ignore_class": -1}});
        assert_eq!(only(&ignoring, &[3]).ignore, Some(-1));
    }

    #[test]
    fn what_is_not_of_keras_is_no_rule() {
        for (loss, name) in [
            (json!({"class_name": "function", "config": "pkg>mse", "registered_name": "function"}), "mse"),
            (
                json!({"class_name": "MeanSquaredError", "config": {}, "registered_name": "pkg>MeanSquaredError"}),
                "MeanSquaredError",
            ),
            (json!("my_loss"), "my_loss"),
        ] {
            let losses = of(&loss, &[port("out", &[2])]);
            assert_eq!(losses.targets, [], "{loss}");
            assert!(losses.notes[0].starts_with(&format!("The loss `{name}` is none")), "{:?}", losses.notes);
        }
        for loss in [Value::Null, json!(3), json!({}), json!([]), json!([null])] {
            assert_eq!(of(&loss, &[port("out", &[2])]).targets, [], "{loss}");
        }
    }

    #[test]
    fn losses_are_given_to_outputs_by_place_by_name_or_once_for_all() {
        let ports = [port("cls", &[2]), port("reg", &[4])];
        let kinds = |loss: &Value| -> Vec<(String, Option<Encoding>)> {
            of(loss, &ports).targets.into_iter().map(|target| (target.name, target.encoding)).collect()
        };
        let (cls, reg) = ("cls".to_owned(), "reg".to_owned());
        let both = [(cls.clone(), Some(Encoding::Index)), (reg.clone(), Some(Encoding::Value))];
        assert_eq!(kinds(&json!(["sparse_categorical_crossentropy", "mse"])), both);
        assert_eq!(kinds(&json!({"reg": "mse", "cls": "sparse_categorical_crossentropy"})), both);
        assert_eq!(kinds(&json!({"reg": "mse"})), both[1..]);
        assert_eq!(kinds(&json!("mae")), [(cls, Some(Encoding::Value)), (reg, Some(Encoding::Value))]);
        assert_eq!(read(&json!({"a": "mse"}), &[], "loss").targets[0].name, "a");
        assert_eq!(read(&json!("mse"), &[], "loss").targets[0].name, "target");
    }
}
