//! What shape a layer gives. Only layers whose answer is the same in every version of Keras; of others nothing is said.

use serde_json::Value;

use super::super::Size;

/// Whether the layer gives what it takes, in another shape never.
pub(super) fn keeps(class: &str) -> bool {
    matches!(
        class,
        "Activation"
            | "Softmax"
            | "ReLU"
            | "LeakyReLU"
            | "PReLU"
            | "ELU"
            | "Dropout"
            | "SpatialDropout1D"
            | "SpatialDropout2D"
            | "GaussianNoise"
            | "GaussianDropout"
            | "BatchNormalization"
            | "LayerNormalization"
            | "UnitNormalization"
            | "ActivityRegularization"
            | "Rescaling"
    )
}

/// Whether the layer joins tensors of one shape into one of that shape.
pub(super) fn merges(class: &str) -> bool {
    matches!(class, "Add" | "Subtract" | "Multiply" | "Average" | "Maximum" | "Minimum")
}

/// What the layer gives, of what it takes. Some layers tell the number of axes by themselves.
pub(super) fn given(class: &str, config: &Value, taken: Option<&[Size]>) -> Option<Vec<Size>> {
    let number = |key: &str| config.get(key).and_then(Value::as_u64).map_or(Size::Any, Size::Exactly);
    let yes = |key: &str| config.get(key).and_then(Value::as_bool) == Some(true);
    let first_channels = config.get("data_format").and_then(Value::as_str) == Some("channels_first");
    let batch = || taken.and_then(|taken| taken.first().cloned()).unwrap_or(Size::Any);
    match class {
        _ if keeps(class) => taken.map(<[Size]>::to_vec),
        "Dense" => match taken? {
            [before @ .., _] => Some([before, &[number("units")]].concat()),
            [] => None,
        },
        "Flatten" => Some(vec![batch(), product(taken)]),
        "GlobalAveragePooling1D"
        | "GlobalAveragePooling2D"
        | "GlobalAveragePooling3D"
        | "GlobalMaxPooling1D"
        | "GlobalMaxPooling2D"
        | "GlobalMaxPooling3D"
            if !yes("keepdims") =>
        {
            let channels =
                if first_channels { taken.and_then(|taken| taken.get(1)) } else { taken.and_then(<[_]>::last) };
            Some(vec![batch(), channels.cloned().unwrap_or(Size::Any)])
        }
        "Embedding" => Some([taken?, &[number("output_dim")]].concat()),
        "LSTM" | "GRU" | "SimpleRNN" if yes("return_sequences") => {
            Some(vec![batch(), taken.and_then(|taken| taken.get(1).cloned()).unwrap_or(Size::Any), number("units")])
        }
        "LSTM" | "GRU" | "SimpleRNN" => Some(vec![batch(), number("units")]),
        "Conv1D" if !first_channels => Some(vec![batch(), Size::Any, number("filters")]),
        "Conv2D" | "Conv2DTranspose" if !first_channels => Some(vec![batch(), Size::Any, Size::Any, number("filters")]),
        _ => None,
    }
}

/// Everything but the batch axis, in one axis.
fn product(taken: Option<&[Size]>) -> Size {
    let sizes = taken.and_then(|taken| taken.get(1..)).unwrap_or(&[Size::Any]);
    let all = sizes.iter().try_fold(1_u64, |all, size| match size {
        Size::Exactly(size) => all.checked_mul(*size),
        _ => None,
    });
    all.map_or(Size::Any, Size::Exactly)
}
