//! Python as it is pasted: names that are variables, and types as NumPy spells them.

use crate::spec::dtype::{Dtype, Kind};

/// The array's name where it can be a variable, otherwise `x`. Only ASCII names: a name from a file may hold letters
/// that look like others.
#[must_use]
pub fn variable(name: &str) -> &str {
    let mut bytes = name.bytes();
    let starts = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    let valid = starts && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if valid && name.len() <= 40 && !TAKEN.contains(&name) { name } else { "x" }
}

/// The type as Python spells it, `np.float32` or `ml_dtypes.bfloat16`; `None` for what has no one name.
#[must_use]
pub fn dtype(dtype: &Dtype) -> Option<String> {
    match dtype.kind {
        Kind::Bool => Some("np.bool_".into()),
        Kind::Int | Kind::Uint | Kind::Float | Kind::Complex if dtype.size <= 16 => {
            Some(format!("np.{}", dtype.name()))
        }
        Kind::Ml(ml) => Some(format!("ml_dtypes.{}", ml.name())),
        _ => None,
    }
}

/// Keywords of Python 3, and the names that the repairs themselves use.
const TAKEN: [&str; 39] = [
    "False",
    "None",
    "True",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "break",
    "class",
    "continue",
    "def",
    "del",
    "elif",
    "else",
    "except",
    "finally",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "is",
    "lambda",
    "nonlocal",
    "not",
    "or",
    "pass",
    "raise",
    "return",
    "try",
    "while",
    "with",
    "yield",
    "_",
    "__debug__",
    "np",
    "ml_dtypes",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_variable_is_x() {
        for name in ["image", "image_2", "_mask", "X"] {
            assert_eq!(variable(name), name);
        }
        for name in ["", "2d", "a-b", "a b", "lambda", "np", "naïve", "x;import os", "a.b", "a\n", "_"] {
            assert_eq!(variable(name), "x", "{name}");
        }
        assert_eq!(variable(&"a".repeat(41)), "x");
    }

    #[test]
    fn types_are_spelled_as_numpy_does() {
        let spelled = |name: &str| super::dtype(&Dtype::from_name(name).unwrap()).unwrap();
        assert_eq!(spelled("float32"), "np.float32");
        assert_eq!(spelled("bool"), "np.bool_");
        assert_eq!(spelled("complex128"), "np.complex128");
        assert_eq!(spelled("bfloat16"), "ml_dtypes.bfloat16");
        assert_eq!(super::dtype(&Dtype::new(Kind::Object, 8)), None);
    }
}
