//! What each consumer does with a batch that is not what it declared: accepts it, casts it in silence, refuses it, or
//! reads it wrong. Every sentence in the table was measured with the versions named in `docs/frameworks.md`; what was not
//! measured gets a general sentence, and the level of the rule.

mod clash;
#[cfg(test)]
mod page;
mod table;

pub use crate::config::framework::Framework;
pub use clash::{Given, Use, aim, is_foreign, keeps_values};

use crate::config::Level;
use crate::spec::Declaration;
use crate::spec::dtype::{Dtype, Kind, MlType};

/// What a framework does with an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Treatment {
    /// It is taken as it is, and right.
    Accepted,
    /// It is converted without a word.
    Cast,
    /// An error, here or at the first layer.
    Refused,
    /// It is taken without a word, and the numbers are wrong.
    Misread,
    /// It depends on the values, on the loss, or on the operation.
    Depends,
}

/// What becomes of an array, and how bad that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What is done with it; `None` where nobody measured it.
    pub treatment: Option<Treatment>,
    /// The level that follows; `None` for the rule's own.
    pub level: Option<Level>,
    /// The same in words, with the text of the error where there is one.
    pub says: String,
}

/// An array whose type is trouble, and what was wanted of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// The trouble.
    pub given: Given,
    /// What the array is for.
    pub used: Use,
    /// Its type.
    pub found: Dtype,
    /// The type that a repair casts to, if one is declared.
    pub wanted: Option<Dtype>,
}

impl Clash {
    /// The trouble with an array of that type in that place, if any.
    #[must_use]
    pub fn of(found: &Dtype, declared: Option<&Declaration>) -> Option<Self> {
        let rule = declared.and_then(|declared| declared.dtype.as_ref()).map(|dtype| &dtype.value);
        let given = Given::of(found, rule)?;
        let wanted = rule.and_then(|rule| aim(rule, found));
        Some(Self { given, used: Use::of(declared), found: found.clone(), wanted })
    }

    /// What the framework does with it.
    #[must_use]
    pub fn outcome(&self, framework: Framework) -> Outcome {
        table::lookup(framework, self.used, self.given, &self.found).map_or_else(
            || Outcome {
                treatment: None,
                level: None,
                says: "what the model does with it depends on the model".into(),
            },
            |row| Outcome {
                treatment: row.treatment,
                level: row.level,
                says: spoken(row.says, framework, &self.found, self.wanted.as_ref()),
            },
        )
    }
}

/// What the framework does with big-endian numbers.
#[must_use]
pub fn foreign(framework: Framework) -> Outcome {
    layout(framework, &table::FOREIGN)
}

/// What the framework does with Fortran order.
#[must_use]
pub fn fortran(framework: Framework) -> Outcome {
    layout(framework, &table::FORTRAN)
}

fn layout(framework: Framework, rows: &[table::Row]) -> Outcome {
    let row = rows.iter().find(|row| row.who.contains(&framework)).or_else(|| rows.last());
    let row = row.expect("the last row of a table is that for any framework");
    Outcome { treatment: row.treatment, level: row.level, says: row.says.into() }
}

/// The sentence with the types in the words that the framework itself uses in its messages.
fn spoken(says: &str, framework: Framework, found: &Dtype, wanted: Option<&Dtype>) -> String {
    let name = |dtype: &Dtype| match framework {
        Framework::Keras => keras_name(dtype),
        Framework::Tensorflow => tensorflow_name(dtype),
        Framework::Torch => torch_name(dtype),
        Framework::Onnxruntime => onnx_name(dtype),
        _ => dtype.name(),
    };
    says.replace("{found}", &name(found)).replace("{wanted}", &wanted.map_or_else(|| "…".into(), name))
}

/// Text and raw bytes in Keras's messages are counted in bits: `str96` is three characters.
fn keras_name(dtype: &Dtype) -> String {
    let bits = dtype.size.saturating_mul(8);
    match &dtype.kind {
        Kind::Text => format!("str{bits}"),
        Kind::Bytes => format!("bytes{bits}"),
        Kind::LongDouble => format!("float{bits}"),
        Kind::Void | Kind::UnnamedMl | Kind::Struct(_) => format!("void{bits}"),
        _ => dtype.name(),
    }
}

fn tensorflow_name(dtype: &Dtype) -> String {
    match (&dtype.kind, dtype.size) {
        (Kind::Float, 2) => "half".into(),
        (Kind::Float, 4) => "float".into(),
        (Kind::Float, 8) => "double".into(),
        (Kind::LongDouble, _) => "NPY_LONGDOUBLE".into(),
        (Kind::Datetime(_), _) => "NPY_DATETIME".into(),
        (Kind::Timedelta(_), _) => "NPY_TIMEDELTA".into(),
        _ => dtype.name(),
    }
}

fn torch_name(dtype: &Dtype) -> String {
    let name = match (&dtype.kind, dtype.size) {
        (Kind::Float, 2) => "Half",
        (Kind::Float, 4) => "Float",
        (Kind::Float, 8) => "Double",
        (Kind::Int, 1) => "Char",
        (Kind::Int, 2) => "Short",
        (Kind::Int, 4) => "Int",
        (Kind::Int, 8) => "Long",
        (Kind::Uint, 1) => "Byte",
        (Kind::Uint, 2) => "UInt16",
        (Kind::Uint, 4) => "UInt32",
        (Kind::Uint, 8) => "UInt64",
        (Kind::Bool, _) => "Bool",
        (Kind::Complex, 8) => "ComplexFloat",
        (Kind::Complex, 16) => "ComplexDouble",
        (Kind::Ml(MlType::Bfloat16), _) => "BFloat16",
        (Kind::Text, _) => "str_",
        (Kind::Bytes, _) => "bytes_",
        (Kind::Datetime(_), _) => "datetime64",
        (Kind::Timedelta(_), _) => "timedelta64",
        _ => return dtype.name(),
    };
    name.into()
}

fn onnx_name(dtype: &Dtype) -> String {
    match (&dtype.kind, dtype.size) {
        (Kind::Float, 4) => "float".into(),
        (Kind::Float, 8) => "double".into(),
        _ => dtype.name(),
    }
}

#[cfg(test)]
mod tests {
    use Framework::{Any, Jax, Keras, Onnxruntime, Sklearn, Tensorflow, Torch, Triton};
    use Treatment::{Accepted, Cast, Depends, Misread, Refused};

    use super::*;
    use crate::config::Level::{Error, Note, Warning};
    use crate::spec::dtype::{DtypeRule, Wanted};

    const WHO: [Framework; 8] = [Keras, Tensorflow, Torch, Jax, Onnxruntime, Triton, Sklearn, Any];
    const USES: [Use; 5] = [Use::Features, Use::Ids, Use::Classes, Use::Scores, Use::Weights];

    fn dtype(name: &str) -> Dtype {
        match name {
            "object" => Dtype::new(Kind::Object, 8),
            "text" => Dtype::new(Kind::Text, 12),
            "datetime" => Dtype::new(Kind::Datetime("s".into()), 8),
            "longdouble" => Dtype::new(Kind::LongDouble, 16),
            "raw" => Dtype::new(Kind::Void, 2),
            "V2" => Dtype::new(Kind::UnnamedMl, 2),
            name => Dtype::from_name(name).unwrap(),
        }
    }

    fn outcome(framework: Framework, used: Use, found: &str, wanted: &str) -> Outcome {
        let rule = DtypeRule { wanted: vec![Wanted::Exactly(dtype(wanted))] };
        let found = dtype(found);
        let given = Given::of(&found, Some(&rule)).unwrap();
        Clash { given, used, wanted: aim(&rule, &found), found }.outcome(framework)
    }

    /// What was executed, for a float32 input: one row per type; Keras, torch, JAX, ONNX Runtime, scikit-learn.
    #[test]
    fn a_float32_input_is_treated_as_measured() {
        let rows: [(&str, [Treatment; 5]); 10] = [
            ("float64", [Cast, Refused, Cast, Refused, Accepted]),
            ("float16", [Cast, Refused, Accepted, Refused, Accepted]),
            ("uint8", [Cast, Refused, Accepted, Refused, Accepted]),
            ("int64", [Cast, Refused, Accepted, Refused, Accepted]),
            ("bool", [Cast, Refused, Accepted, Refused, Accepted]),
            ("object", [Refused, Refused, Refused, Refused, Depends]),
            ("text", [Refused, Refused, Refused, Refused, Depends]),
            ("complex64", [Cast, Refused, Accepted, Refused, Refused]),
            ("datetime", [Refused, Refused, Refused, Refused, Accepted]),
            ("V2", [Refused, Refused, Refused, Refused, Refused]),
        ];
        for (found, treatments) in rows {
            for (framework, treatment) in [Keras, Torch, Jax, Onnxruntime, Sklearn].into_iter().zip(treatments) {
                let outcome = outcome(framework, Use::Features, found, "float32");
                assert_eq!(outcome.treatment, Some(treatment), "{found} {framework}");
            }
        }
    }

    #[test]
    fn byte_order_is_treated_as_measured() {
        let order: Vec<_> = WHO.iter().map(|who| (foreign(*who).treatment, foreign(*who).level)).collect();
        let (refused, unknown) = ((Some(Refused), Some(Error)), (None, None));
        let fine = (Some(Cast), None);
        let misread = (Some(Misread), Some(Error));
        assert_eq!(order, [fine, fine, refused, refused, misread, unknown, (Some(Accepted), None), unknown]);
    }

    #[test]
    fn class_ids_are_treated_as_measured() {
        let all = ["int64", "int32", "uint8", "int8", "uint64", "bool", "float32"];
        let fine = |framework: Framework, wanted: &str| -> Vec<&str> {
            let others = all.iter().copied().filter(|found| *found != wanted);
            others.filter(|found| outcome(framework, Use::Classes, found, wanted).treatment == Some(Accepted)).collect()
        };
        assert_eq!(fine(Keras, "int64"), ["int32", "uint8", "int8", "uint64", "bool"]);
        assert_eq!(fine(Torch, "int64"), ["uint8"]);
        assert_eq!(fine(Torch, "int16"), ["int64", "uint8"]);
        assert_eq!(fine(Tensorflow, "int64"), ["int32"]);
        let float = outcome(Keras, Use::Classes, "float32", "int64");
        assert_eq!((float.treatment, float.level), (Some(Cast), Some(Warning)));
        assert_eq!(outcome(Torch, Use::Classes, "float32", "int64").level, Some(Error));
    }

    #[test]
    fn other_targets_are_treated_as_measured() {
        assert_eq!(outcome(Torch, Use::Scores, "int64", "float32").level, Some(Error));
        assert_eq!(outcome(Torch, Use::Scores, "float64", "float32").level, Some(Warning));
        assert_eq!(outcome(Keras, Use::Scores, "int64", "float32").level, Some(Note));
        assert_eq!(outcome(Tensorflow, Use::Scores, "int64", "float32").level, Some(Error));
    }

    #[test]
    fn floats_where_ids_are_wanted_are_an_error_wherever_they_go_into_a_lookup() {
        for framework in [Keras, Tensorflow, Torch, Jax, Onnxruntime, Triton] {
            assert_eq!(outcome(framework, Use::Ids, "float32", "int64").level, Some(Error), "{framework}");
        }
    }

    #[test]
    fn messages_are_quoted_in_the_words_of_the_framework() {
        let says = |framework, found| outcome(framework, Use::Features, found, "float32").says;
        assert!(says(Torch, "uint8").contains("but got Byte and Float"));
        assert!(says(Onnxruntime, "float64").contains("Actual: (tensor(double)) , expected: (tensor(float))"));
        assert!(says(Onnxruntime, "object").contains("Actual: (tensor(string))"));
        assert!(says(Tensorflow, "float64").contains("expected to be a double tensor but is a float tensor"));
        assert!(says(Tensorflow, "datetime").contains("NPY_DATETIME"));
        assert!(says(Keras, "text").contains("Invalid dtype: str96"));
        assert!(says(Keras, "V2").contains("Invalid dtype: void16"));
        assert!(says(Keras, "longdouble").contains("Invalid dtype: float128"));
    }

    #[test]
    fn every_case_has_a_sentence_and_only_measured_cases_a_claim() {
        let all = [
            "float32",
            "float64",
            "float16",
            "uint8",
            "int32",
            "int64",
            "bool",
            "complex64",
            "bfloat16",
            "object",
            "text",
            "datetime",
            "longdouble",
            "raw",
            "V2",
        ];
        for (framework, used, wanted) in WHO.iter().flat_map(|who| {
            USES.iter().flat_map(move |used| ["float32", "int32", "bool"].map(|wanted| (*who, *used, wanted)))
        }) {
            for found in all.iter().filter(|found| **found != wanted) {
                let outcome = outcome(framework, used, found, wanted);
                assert!(!outcome.says.is_empty() && !outcome.says.contains(['{', '}']), "{}", outcome.says);
                assert!(!outcome.says.ends_with('.') || outcome.says.ends_with(".`"), "{}", outcome.says);
                if framework == Any {
                    assert_eq!((outcome.treatment, outcome.level), (None, None), "`any` has the levels of the rules");
                }
            }
        }
    }
}
