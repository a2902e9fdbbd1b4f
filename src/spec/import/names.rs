//! Names that machines make up, and what files look like that hold no model.

use std::path::Path;

use super::Candidate;
use super::archive::Archive;

/// Whether a machine made the name up, so that it says nothing of the array: `keras_tensor_3`, `input_layer`, `input_1`,
/// `args_0`, `inputs`.
pub(super) fn is_made_up(name: &str) -> bool {
    let bare = name.strip_suffix(":0").unwrap_or(name);
    let stem = bare.trim_end_matches(|c: char| c.is_ascii_digit());
    let numbered = stem.len() < bare.len();
    let stem = if numbered { stem.trim_end_matches(['_', '.']) } else { stem };
    matches!(stem, "keras_tensor" | "input_layer" | "input" | "inputs" | "args" | "arg" | "")
        || stem.strip_prefix("args_").is_some_and(|rest| rest.bytes().all(|byte| byte == b'_' || byte.is_ascii_digit()))
        || (stem == "serving_default_input" && numbered)
}

/// A name that Keras 2 gives to the input of a `Sequential`: that of its first layer, `conv2d_input`.
pub(super) fn is_named_after(name: &str, layer: &str) -> bool {
    !layer.is_empty() && name.strip_suffix("_input") == Some(layer)
}

/// What a file or folder seems to be, for people who gave the wrong one.
pub(super) fn looks_like(candidate: &Candidate<'_>) -> &'static str {
    if candidate.is_folder {
        return "this folder holds no model";
    }
    let head = candidate.head;
    let starts = |magic: &[u8]| head.starts_with(magic);
    if head.is_empty() {
        "this file is empty"
    } else if starts(b"\x93NUMPY") {
        "this is an array of NumPy, which is data and no model"
    } else if starts(Archive::MAGIC) {
        match Archive::open(candidate.path) {
            Ok(archive) if archive.names().any(|name| is_npy(&name)) => {
                "this is an archive of NumPy arrays, which is data and no model"
            }
            Ok(_) => "this is a zip archive without a description of a model",
            Err(_) => "this is a zip archive that cannot be read",
        }
    } else if starts(b"PK\x05\x06") {
        "this is an empty zip archive"
    } else if starts(b"\x80") {
        "this is a pickle, which is not opened: it is a program"
    } else if starts(b"\x1f\x8b") {
        "this is a gzip file; unpack it first"
    } else if starts(b"GGUF") {
        "this is a GGUF file, which keeps weights and no inputs"
    } else if starts(b"\x89PNG") || starts(b"\xff\xd8\xff") {
        "this is an image"
    } else if starts(b"version https://git-lfs") {
        "this is the pointer of Git LFS, and not the file: run `git lfs pull`"
    } else if head.iter().all(|byte| !byte.is_ascii_control() || byte.is_ascii_whitespace()) {
        "this is a text that describes no model"
    } else {
        "this is no model that is known here"
    }
}

fn is_npy(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "npy")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_names_are_told_from_those_that_people_give() {
        for name in [
            "keras_tensor",
            "keras_tensor_12",
            "keras_tensor12",
            "input_layer",
            "input_layer_1",
            "input_1",
            "input",
            "inputs",
            "input.1",
            "args_0",
            "args_0_1",
            "arg0",
            "10",
            "",
        ] {
            assert!(is_made_up(name), "{name}");
        }
        for name in
            ["image", "input_ids", "tokens", "input_image", "x", "arguments", "a_1", "feature_2", "inputs_embeds"]
        {
            assert!(!is_made_up(name), "{name}");
        }
        assert!(is_named_after("conv2d_input", "conv2d"));
        assert!(!is_named_after("image_input", "conv2d"));
    }
}
