//! Dtype names, and what people from other frameworks call them.

use crate::config::file::DTYPES;
use crate::error::{nearest, quoted};
use crate::spec::dtype::{Class, Dtype, Wanted};

/// The dtype or class of that name; or what is wrong with the name, and what to write instead.
pub(super) fn wanted(name: &str) -> Result<Wanted, (String, String)> {
    if let Some((class, _)) = Class::ALL.iter().find(|(_, known)| *known == name) {
        return Ok(Wanted::Class(*class));
    }
    if let Some(dtype) = Dtype::from_name(name) {
        return Ok(Wanted::Exactly(dtype));
    }
    let bare = bare(name);
    let message = format!("{} is no dtype", quoted(name));
    if NOT_FED.iter().any(|start| bare.starts_with(start)) {
        let help = "declare what the text or the objects are encoded as, \"int64\" for instance";
        return Err((format!("{} cannot be fed to a model", quoted(name)), help.into()));
    }
    let meant = OTHER_NAMES.iter().find(|(other, _)| *other == bare).map(|(_, meant)| *meant);
    // With a byte order in front it is NumPy's code, which counts bytes.
    let is_code = name.starts_with(['<', '>', '=', '|']);
    let help = match meant {
        Some([one, rest @ ..]) if is_code || rest.is_empty() => format!("did you mean \"{one}\"?"),
        Some(several) => format!("write \"{}\"", several.join("\" or \"")),
        None => match DTYPES.into_iter().find(|name| *name == bare).or_else(|| nearest(&bare, DTYPES)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => {
                "dtypes have NumPy's names, \"float32\" or \"int64\"; or a class: \"floating\", \"integer\", \"any\""
                    .into()
            }
        },
    };
    Err((message, help))
}

/// The name without what other frameworks put around it: `torch.float32`, `<f4`, `DT_FLOAT`, `tensor(float)`.
fn bare(name: &str) -> String {
    let lower = name.trim().to_lowercase();
    for (before, after) in [("tensor(", ")"), ("np.dtype('", "')"), ("torch.", ""), ("dt_", ""), ("type_", "")] {
        if let Some(inner) = lower.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)) {
            // Outside of NumPy, `float` has 32 bits.
            return if inner == "float" { "float32".into() } else { inner.to_owned() };
        }
    }
    let parts = lower.rsplit_once('.').map_or(lower.as_str(), |(_, last)| last);
    parts.trim_start_matches(['<', '>', '=', '|']).to_owned()
}

/// What no model takes, by how the name starts.
const NOT_FED: [&str; 7] = ["str", "object", "bytes", "unicode", "datetime", "timedelta", "void"];

/// What NumPy's type codes, C, PyTorch, TensorFlow and Triton call the types. Where they disagree, all that is meant.
const OTHER_NAMES: [(&str, &[&str]); 41] = [
    ("float", &["float32", "float64"]),
    ("double", &["float64"]),
    ("single", &["float32"]),
    ("half", &["float16"]),
    ("int", &["int64", "int32"]),
    ("long", &["int64"]),
    ("longlong", &["int64"]),
    ("short", &["int16"]),
    ("byte", &["uint8", "int8"]),
    ("char", &["int8", "uint8"]),
    ("ubyte", &["uint8"]),
    ("uint", &["uint64", "uint32"]),
    ("boolean", &["bool"]),
    ("bool_", &["bool"]),
    ("?", &["bool"]),
    ("b1", &["bool"]),
    ("bf16", &["bfloat16"]),
    ("fp16", &["float16"]),
    ("fp32", &["float32"]),
    ("fp64", &["float64"]),
    ("f2", &["float16"]),
    ("f4", &["float32"]),
    ("f8", &["float64"]),
    ("f16", &["float16"]),
    ("f32", &["float32"]),
    ("f64", &["float64"]),
    ("i1", &["int8"]),
    ("i2", &["int16"]),
    ("i4", &["int32"]),
    ("i8", &["int64", "int8"]),
    ("i16", &["int16"]),
    ("i32", &["int32"]),
    ("i64", &["int64"]),
    ("u1", &["uint8"]),
    ("u2", &["uint16"]),
    ("u4", &["uint32"]),
    ("u8", &["uint64", "uint8"]),
    ("u16", &["uint16"]),
    ("u32", &["uint32"]),
    ("u64", &["uint64"]),
    ("float8", &["float8_e4m3fn", "float8_e5m2"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::dtype::MlType;

    fn help(name: &str) -> String {
        wanted(name).expect_err(name).1
    }

    #[test]
    fn every_name_that_is_offered_is_taken() {
        let meant = OTHER_NAMES.iter().flat_map(|(_, meant)| meant.iter().copied());
        for name in DTYPES.into_iter().chain(meant) {
            assert!(wanted(name).is_ok(), "{name}");
        }
        let named = MlType::ALL.map(|(_, name)| name).into_iter().chain(Class::ALL.map(|(_, name)| name));
        for name in named {
            assert!(DTYPES.contains(&name), "{name} is not offered");
        }
        for (other, _) in OTHER_NAMES {
            assert!(wanted(other).is_err(), "{other} has a meaning of its own");
            assert_eq!(bare(other), other);
        }
    }

    #[test]
    fn names_from_elsewhere_are_translated() {
        for (name, says) in [
            ("flaot32", "did you mean \"float32\"?"),
            ("Float32", "did you mean \"float32\"?"),
            ("torch.float32", "did you mean \"float32\"?"),
            ("torch.float", "did you mean \"float32\"?"),
            ("torch.long", "did you mean \"int64\"?"),
            ("np.float64", "did you mean \"float64\"?"),
            ("jax.numpy.bfloat16", "did you mean \"bfloat16\"?"),
            ("<f4", "did you mean \"float32\"?"),
            (">i8", "did you mean \"int64\"?"),
            ("i8", "write \"int64\" or \"int8\""),
            ("|u1", "did you mean \"uint8\"?"),
            ("float", "write \"float32\" or \"float64\""),
            ("double", "did you mean \"float64\"?"),
            ("tensor(float)", "did you mean \"float32\"?"),
            ("tensor(int64)", "did you mean \"int64\"?"),
            ("TYPE_FP32", "did you mean \"float32\"?"),
            ("DT_FLOAT", "did you mean \"float32\"?"),
            ("float_ing", "did you mean \"floating\"?"),
        ] {
            assert_eq!(help(name), says, "{name}");
        }
        assert!(help("banana").starts_with("dtypes have NumPy's names"));
    }

    #[test]
    fn what_no_model_takes_is_said_to_be_so() {
        for name in ["object", "string", "str", "np.object_", "datetime64[s]", "bytes"] {
            assert_eq!(wanted(name).expect_err(name).0, format!("`{name}` cannot be fed to a model"));
        }
    }
}
