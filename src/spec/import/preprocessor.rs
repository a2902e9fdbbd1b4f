//! What image models expect of their images: `preprocessor_config.json` of Hugging Face, `config.json` of timm. Both say
//! the range of the values and the size of the images, and neither a dtype nor the order of the axes of a batch.

use serde_json::Value;

use super::reading::{is_json, json, mentions};
use super::{Candidate, Framework, ImportError, Model, ModelFormat, Port, Size};

/// Bytes that are read. Those of Whisper have 0.2 million.
const LIMIT: u64 = 4 << 20;
/// The greatest value of a pixel before it is scaled.
const WHITE: f64 = 255.0;
/// Channels that an image may have; satellites have some hundred.
const MAX_CHANNELS: usize = 4096;
/// What is said about the order of the axes.
const ORDER: &str =
    "The shape has the channels in front, as these models take them: change it if your batches have them last.";

/// What is said about the range.
const ROOM: &str =
    "The range of the values is that of black and white after scaling, over all channels, and rounded outwards.";

/// `preprocessor_config.json`, and `processor_config.json` with an image processor in it.
pub(super) struct HfPreprocessor;

impl ModelFormat for HfPreprocessor {
    fn name(&self) -> &'static str {
        "hf-preprocessor"
    }

    fn recognises(&self, candidate: &Candidate<'_>) -> bool {
        let is_named = candidate.path.file_name().is_some_and(|name| name == "preprocessor_config.json");
        !candidate.is_folder && is_json(candidate.head) && (is_named || mentions(candidate.head, b"\"image_mean\""))
    }

    fn read(&self, candidate: &Candidate<'_>) -> Result<Model, ImportError> {
        hugging_face(&json(candidate.path, candidate.most(LIMIT), candidate.limits)?)
    }
}

/// The `config.json` of timm.
pub(super) struct Timm;

impl ModelFormat for Timm {
    fn name(&self) -> &'static str {
        "timm"
    }

    fn recognises(&self, candidate: &Candidate<'_>) -> bool {
        let has = |key: &str| mentions(candidate.head, key.as_bytes());
        !candidate.is_folder
            && is_json(candidate.head)
            && (has("\"pretrained_cfg\"") || has("\"input_size\"") && has("\"mean\"") && has("\"std\""))
    }

    fn read(&self, candidate: &Candidate<'_>) -> Result<Model, ImportError> {
        timm(&json(candidate.path, candidate.most(LIMIT), candidate.limits)?)
    }
}

fn hugging_face(file: &Value) -> Result<Model, ImportError> {
    let nested = file.get("image_processor").filter(|nested| nested.get("image_mean").is_some());
    let (config, place) = nested.map_or((file, ""), |nested| (nested, "image_processor."));
    let Some(mean) = config.get("image_mean").filter(|mean| !mean.is_null()) else {
        return Err(ImportError::Silent(
            "This file has no `image_mean`, so it is not for images, and says nothing about the arrays that the model takes. \
             Export the model to ONNX and import that, or write the spec."
                .into(),
        ));
    };
    let is = |key: &str, unless_said: bool| config.get(key).and_then(Value::as_bool).unwrap_or(unless_said);
    let mut model = Model { format: "hf-preprocessor", ..Model::default() };
    let mean = numbers(mean).ok_or_else(|| ImportError::Damaged("`image_mean` is no list of numbers".into()))?;
    // Old files do not say whether they scale, and all of them did.
    let factor = config.get("rescale_factor").and_then(Value::as_f64).unwrap_or(1.0 / WHITE);
    let is_scaled = is("do_rescale", true) && !is("rescale_offset", false) && !is("offset", false);
    let values = if !is_scaled {
        None
    } else if is("do_normalize", true) {
        let deviation = config.get("image_std").filter(|std| !std.is_null());
        let deviation = deviation
            .and_then(numbers)
            .ok_or_else(|| ImportError::Damaged("`image_std` is no list of numbers".into()))?;
        range(&mean, &deviation, factor * WHITE)
    } else {
        range(&[0.0], &[1.0], factor * WHITE)
    };
    let unknown = "How it scales the values does not show which range they are in; declare `values` yourself.";
    model.notes.push(if values.is_some() { ROOM } else { unknown }.into());
    // A number on its own holds for every channel, however many there are.
    let channels = if config["image_mean"].is_array() { Size::Exactly(mean.len() as u64) } else { Size::Any };
    let shape = image_size(config).map(|[height, width]| vec![Size::Any, channels, height, width]);
    model.notes.push(match &shape {
        None => "These images become something else than one array of pixels per image: the shape is left open.".into(),
        Some(_) => ORDER.to_owned(),
    });
    if shape.as_ref().is_some_and(|shape| shape[2..].contains(&Size::Any)) {
        model.notes.push("Which size the images have in the end is not in the file.".into());
    }
    model.inputs.push(Port { made_up: true, shape, values, from: format!("{place}image_mean"), ..Port::default() });
    Ok(model)
}

/// Height and width of the images that come out; `None` where they are cut in pieces, padded or part of a video.
fn image_size(config: &Value) -> Option<[Size; 2]> {
    const OTHERWISE: [&str; 9] = [
        "patch_size",
        "temporal_patch_size",
        "num_frames",
        "num_frame",
        "size_divisor",
        "image_grid_pinpoints",
        "max_pixels",
        "max_patches",
        "max_num_patches",
    ];
    const SWITCHES: [&str; 4] = ["do_pad", "do_image_splitting", "do_split_image", "do_center_crop_video"];
    let is = |key: &str, unless_said: bool| config.get(key).and_then(Value::as_bool).unwrap_or(unless_said);
    let kinds = ["image_processor_type", "feature_extractor_type", "processor_class", "video_processor_type"];
    let is_video = kinds.iter().any(|kind| {
        config
            .get(kind)
            .and_then(Value::as_str)
            .is_some_and(|name| ["Video", "Vivit", "Timesformer"].iter().any(|v| name.contains(v)))
    });
    if is_video
        || OTHERWISE.iter().any(|key| config.get(key).is_some_and(|value| !value.is_null()))
        || SWITCHES.iter().any(|key| is(key, false))
    {
        return None;
    }
    // Who crops, crops last.
    let crop = config.get("crop_size").filter(|crop| !crop.is_null() && is("do_center_crop", true));
    let size = match crop {
        // A number is a square for a crop; for a size it can as well be the shorter side.
        Some(Value::Number(side)) => side.as_u64().map(|side| [Size::Exactly(side), Size::Exactly(side)]),
        Some(crop) => sides(crop),
        None => config.get("size").filter(|_| is("do_resize", true)).and_then(sides),
    };
    Some(size.unwrap_or([Size::Any, Size::Any]))
}

/// `{"height": 224, "width": 224}`.
fn sides(size: &Value) -> Option<[Size; 2]> {
    let side = |key: &str| size.get(key).and_then(Value::as_u64).map(Size::Exactly);
    Some([side("height")?, side("width")?])
}

fn timm(file: &Value) -> Result<Model, ImportError> {
    // Older files have it all at the top.
    let nested = file.get("pretrained_cfg").filter(|config| config.is_object());
    let (config, place) = nested.map_or((file, ""), |nested| (nested, "pretrained_cfg."));
    let Some(size) = config.get("input_size").filter(|size| !size.is_null()) else {
        return Err(ImportError::Silent(
            "This file has no `input_size`, so it says nothing about the images. Write the spec.".into(),
        ));
    };
    let sizes = size
        .as_array()
        .filter(|sizes| sizes.len() == 3)
        .and_then(|sizes| sizes.iter().map(|size| size.as_u64().map(Size::Exactly)).collect::<Option<Vec<_>>>());
    let sizes = sizes.ok_or_else(|| ImportError::Damaged("`input_size` is not channels, height and width".into()))?;
    let part = |key: &str| match config.get(key).filter(|value| !value.is_null()) {
        None => Ok(None),
        Some(value) => {
            numbers(value).map(Some).ok_or_else(|| ImportError::Damaged(format!("`{key}` is no list of numbers")))
        }
    };
    let values = part("mean")?.zip(part("std")?).and_then(|(mean, std)| range(&mean, &std, 1.0));
    let mut model = Model { format: "timm", framework: Some(Framework::Torch), ..Model::default() };
    model.inputs.push(Port {
        made_up: true,
        shape: Some([Size::Any].into_iter().chain(sizes).collect()),
        values,
        from: format!("{place}input_size"),
        ..Port::default()
    });
    model.notes.extend(values.map(|_| ROOM.into()));
    model.notes.push(ORDER.into());
    if config.get("fixed_input_size").and_then(Value::as_bool) == Some(false) {
        model
            .notes
            .push("The model takes images of other sizes too: height and width are those that it was made for.".into());
    }
    let classes = [config, file].iter().find_map(|part| part.get("num_classes").and_then(Value::as_u64));
    // Models without a head have no classes, and give features.
    if let Some(classes) = classes.filter(|classes| *classes > 0) {
        model.outputs.push(Port {
            made_up: true,
            shape: Some(vec![Size::Any, Size::Exactly(classes)]),
            from: format!("{place}num_classes"),
            ..Port::default()
        });
    }
    Ok(model)
}

/// One number per channel, or one for all.
fn numbers(written: &Value) -> Option<Vec<f64>> {
    let numbers = match written {
        Value::Array(numbers) if (1..=MAX_CHANNELS).contains(&numbers.len()) => {
            numbers.iter().map(Value::as_f64).collect::<Option<Vec<_>>>()?
        }
        Value::Number(number) => vec![number.as_f64()?],
        _ => return None,
    };
    numbers.iter().all(|number| number.is_finite()).then_some(numbers)
}

/// The range of all channels after `(x - mean) / std`, where `x` is between 0 and `white`. It is rounded outwards to four
/// digits behind the point, which leaves room for the rounding of float32 and no room for a mistake. `None` where a
/// deviation is not positive or the lists do not fit.
fn range(mean: &[f64], std: &[f64], white: f64) -> Option<(f64, f64)> {
    if mean.len() != std.len() && mean.len() != 1 && std.len() != 1 || !std.iter().all(|std| *std > 0.0) {
        return None;
    }
    let pairs = mean.iter().cycle().zip(std.iter().cycle()).take(mean.len().max(std.len()));
    let (low, high) = pairs.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (mean, std)| {
        let (a, b) = ((0.0 - mean) / std, (white - mean) / std);
        (low.min(a.min(b)), high.max(a.max(b)))
    });
    let room = |bound: f64| 1e-6 * bound.abs().max(1.0);
    let range = (((low - room(low)) * 1e4).floor() / 1e4, ((high + room(high)) * 1e4).ceil() / 1e4);
    (range.0.is_finite() && range.1.is_finite()).then_some(range)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::samples::{assert_sound, damaged, import, import_text, sizes, text, truth};
    use super::*;

    /// A file of Hugging Face with mean and deviation 0.5, and these keys.
    fn with(keys: &Value) -> Model {
        let mut file = json!({ "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5] });
        file.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        hugging_face(&file).unwrap()
    }

    fn shape_with(keys: &Value) -> Value {
        let model = with(keys);
        sizes(&model, model.inputs[0].shape.as_deref())
    }

    #[test]
    fn samples_are_read_as_expected() {
        let name = "hf_preprocessor_config.json";
        let (model, expected) = (import(&HfPreprocessor, name).unwrap(), &truth(name)["expect"]);
        let input = &model.inputs[0];
        assert_eq!(
            sizes(&model, input.shape.as_deref()),
            json!([null, expected["channels"], expected["height"], expected["width"]])
        );
        assert_eq!((input.name.as_str(), input.made_up, input.dtype.as_ref()), ("", true, None));
        assert_eq!(input.values, Some((-1.0001, 1.0001)));
        assert_eq!(input.from, "image_mean");

        let name = "timm_config.json";
        let (model, expected) = (import(&Timm, name).unwrap(), &truth(name)["expect"]);
        let (low, high) = model.inputs[0].values.unwrap();
        let all = expected["value_range"].as_array().unwrap();
        let least = all.iter().map(|range| range[0].as_f64().unwrap()).fold(f64::MAX, f64::min);
        let most = all.iter().map(|range| range[1].as_f64().unwrap()).fold(f64::MIN, f64::max);
        assert!(least - low < 0.0002 && low < least && high - most < 0.0002 && high > most, "{low} {high}");
        assert_eq!(sizes(&model, model.inputs[0].shape.as_deref()), json!([null, 3, 32, 32]));
        assert_eq!(sizes(&model, model.outputs[0].shape.as_deref()), json!([null, expected["num_classes"]]));
        assert_eq!(model.notes.len(), 3);
        assert_eq!(model.framework, Some(Framework::Torch));
    }

    #[test]
    fn rounding_of_float32_stays_in_the_range() {
        let (low, high) = range(&[0.485, 0.456, 0.406], &[0.229, 0.224, 0.225], 1.0).unwrap();
        assert_eq!((low, high), (-2.118, 2.6401));
        // What NumPy makes of it in float32.
        assert!(f64::from((1.0_f32 - 0.406) / 0.225) < high && f64::from(-0.485_f32 / 0.229) > low);
    }

    #[test]
    fn ranges_follow_the_steps_that_are_done() {
        let values = |keys: Value| with(&keys).inputs[0].values;
        let unit = Some((-0.0001, 1.0001));
        assert_eq!(values(json!({})), Some((-1.0001, 1.0001)));
        assert_eq!(values(json!({ "do_rescale": true, "rescale_factor": 1.0 / 255.0 })), Some((-1.0001, 1.0001)));
        assert_eq!(values(json!({ "do_normalize": false })), unit);
        assert_eq!(values(json!({ "do_normalize": false, "rescale_factor": 1.0 / 127.5 })), Some((-0.0001, 2.0001)));
        assert_eq!(values(json!({ "image_mean": 0.0, "image_std": 1.0 })), unit);
        for unknown in [
            json!({ "do_rescale": false }),
            json!({ "rescale_offset": true }),
            json!({ "image_std": [0.5, 0.0, 0.5] }),
            json!({ "image_std": [0.5, 0.5] }),
        ] {
            let model = with(&unknown);
            assert_eq!(model.inputs[0].values, None, "{unknown}");
            assert!(model.notes[0].contains("`values`"), "{unknown}");
        }
    }

    #[test]
    fn sizes_are_those_of_the_last_step() {
        for (keys, size) in [
            (json!({ "size": { "height": 32, "width": 48 } }), json!([null, 3, 32, 48])),
            (
                json!({ "size": { "shortest_edge": 256 }, "crop_size": { "height": 224, "width": 224 } }),
                json!([null, 3, 224, 224]),
            ),
            (json!({ "size": 256, "crop_size": 224, "do_center_crop": true }), json!([null, 3, 224, 224])),
            (
                json!({ "size": { "height": 32, "width": 32 }, "crop_size": 24, "do_center_crop": false }),
                json!([null, 3, 32, 32]),
            ),
            (json!({ "size": { "height": 32, "width": 32 }, "do_resize": false }), json!([null, 3, null, null])),
            (json!({ "size": { "shortest_edge": 224 } }), json!([null, 3, null, null])),
            (json!({ "size": 224 }), json!([null, 3, null, null])),
            (
                json!({ "size": { "height": 8, "width": 8 }, "image_mean": [0.5], "image_std": [0.5] }),
                json!([null, 1, 8, 8]),
            ),
            (
                json!({ "size": { "height": 8, "width": 8 }, "image_mean": 0.5, "image_std": 0.5 }),
                json!([null, null, 8, 8]),
            ),
            (json!({ "size": { "height": 8, "width": 8 }, "do_pad": true }), Value::Null),
            (json!({ "size": { "height": 8, "width": 8 }, "patch_size": 14 }), Value::Null),
            (
                json!({ "size": { "height": 8, "width": 8 }, "image_processor_type": "VideoMAEImageProcessor" }),
                Value::Null,
            ),
        ] {
            assert_eq!(shape_with(&keys), size, "{keys}");
        }
    }

    #[test]
    fn audio_shares_the_name_of_the_file_and_says_nothing() {
        let audio = json!({ "feature_extractor_type": "WhisperFeatureExtractor", "sampling_rate": 16000, "do_normalize": true });
        let result = import_text(&HfPreprocessor, "preprocessor_config.json", &audio.to_string());
        assert!(matches!(&result, Err(ImportError::Silent(why)) if why.contains("not for images")), "{result:?}");
    }

    #[test]
    fn processors_inside_of_processors_are_found() {
        let inner = json!({ "image_mean": [0.5], "image_std": [0.5], "size": { "height": 8, "width": 8 } });
        let model = hugging_face(&json!({ "image_processor": inner, "processor_class": "X" })).unwrap();
        assert_eq!(model.inputs[0].from, "image_processor.image_mean");
    }

    #[test]
    fn older_timm_has_it_all_at_the_top() {
        let old =
            json!({ "input_size": [3, 224, 224], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "num_classes": 0 });
        let model = import_text(&Timm, "config.json", &old.to_string()).unwrap();
        assert_eq!(model.inputs[0].values, Some((-1.0001, 1.0001)));
        assert!(model.outputs.is_empty());
        assert!(matches!(timm(&json!({ "pretrained_cfg": {} })), Err(ImportError::Silent(_))));
        for broken in [
            json!({ "input_size": [3, 224] }),
            json!({ "input_size": [3, -1, 2] }),
            json!({ "input_size": [3, 2, 2], "mean": ["a"] }),
        ] {
            assert!(matches!(timm(&broken), Err(ImportError::Damaged(_))), "{broken}");
        }
    }

    #[test]
    fn damaged_files_are_errors_or_sound() {
        for (name, read) in
            [("hf_preprocessor_config.json", hugging_face as fn(&Value) -> _), ("timm_config.json", timm)]
        {
            damaged(&text(name), 4000, |text| {
                if let Ok(model) =
                    serde_json::from_str(text).map_err(|_| ()).and_then(|file| read(&file).map_err(|_| ()))
                {
                    assert_sound(&model);
                }
            });
        }
    }
}
