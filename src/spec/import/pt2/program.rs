//! The JSON of an exported program, of which the signature and the tensors in it are kept. Weights have their own
//! entries in the archive; the nodes of the graph are parsed and dropped.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::exported::{MOST_AXES, MOST_PORTS};
use super::super::{ImportError, Size, limits};

/// Parameters, buffers and inputs that a signature may list.
const MOST_LISTED: usize = 65_536;

/// What is kept of a program.
#[derive(Debug, Default)]
pub(super) struct Program {
    /// What the user gives, in order.
    pub(super) inputs: Vec<Given>,
    /// What the user gets, in order.
    pub(super) outputs: Vec<Given>,
    /// The tensors among them, by their name in the graph.
    pub(super) tensors: BTreeMap<String, Tensor>,
    /// Bounds of symbols.
    pub(super) ranges: BTreeMap<String, Range>,
    /// Python expressions that have to be true.
    pub(super) guards: Vec<String>,
    /// How the arguments nest.
    pub(super) in_spec: Option<String>,
    /// How the results nest.
    pub(super) out_spec: Option<String>,
}

/// An argument or result, and its place in the signature.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) place: usize,
    pub(super) held: Argument,
}

/// What an argument is.
#[derive(Debug)]
pub(super) enum Argument {
    /// A tensor with this name in the graph.
    Tensor(String),
    /// Something else: in words.
    Other(&'static str),
}

/// The dtype and the sizes of a tensor.
#[derive(Debug, Deserialize)]
pub(super) struct Tensor {
    pub(super) dtype: Kind,
    #[serde(deserialize_with = "few::<_, _, MOST_AXES>")]
    pub(super) sizes: Vec<Written>,
}

/// An element type as written.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Kind {
    Number(u64),
    Word(String),
}

/// A size as written.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Written {
    #[serde(rename = "as_int")]
    exact: Option<i64>,
    #[serde(rename = "as_expr")]
    expression: Option<Expression>,
}

#[derive(Debug, Deserialize)]
struct Expression {
    expr_str: String,
}

/// Bounds, both inclusive.
#[derive(Debug, Deserialize)]
pub(super) struct Range {
    #[serde(rename = "min_val")]
    pub(super) min: Option<i64>,
    #[serde(rename = "max_val")]
    pub(super) max: Option<i64>,
}

impl Written {
    /// What it says.
    pub(super) fn size(&self) -> Size {
        if let Some(exact) = self.exact {
            return u64::try_from(exact).map_or(Size::Any, Size::Exactly);
        }
        self.expression.as_ref().and_then(|written| symbol(&written.expr_str)).map_or(Size::Any, Size::Symbol)
    }

    /// The expression, where it is more than a symbol.
    pub(super) fn expression(&self) -> Option<&str> {
        let written = &self.expression.as_ref()?.expr_str;
        symbol(written).is_none().then_some(written)
    }
}

/// The symbol that the expression is: `Symbol('s40', positive=True, integer=True)`, or `s40` in the older layout.
fn symbol(expression: &str) -> Option<String> {
    let name = match expression.strip_prefix("Symbol('") {
        Some(rest) => {
            let (name, rest) = rest.split_once('\'')?;
            // Nothing may follow the call: `Symbol('s0') + Symbol('s1')` is no symbol.
            rest.find(')').is_some_and(|at| at + 1 == rest.len()).then_some(name)?
        }
        None => expression,
    };
    let first = name.chars().next()?;
    let plain = (first.is_alphabetic() || first == '_') && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    plain.then(|| name.to_owned())
}

#[derive(Deserialize)]
struct Whole {
    graph_module: Module,
    #[serde(default, deserialize_with = "few_named")]
    range_constraints: BTreeMap<String, Range>,
    #[serde(default, deserialize_with = "few::<_, _, MOST_LISTED>")]
    guards_code: Vec<String>,
}

#[derive(Deserialize)]
struct Module {
    signature: Signature,
    #[serde(default, deserialize_with = "few::<_, _, MOST_LISTED>")]
    module_call_graph: Vec<Call>,
}

#[derive(Deserialize)]
struct Signature {
    #[serde(deserialize_with = "few::<_, _, MOST_LISTED>")]
    input_specs: Vec<Spec>,
    #[serde(default, deserialize_with = "few::<_, _, MOST_LISTED>")]
    output_specs: Vec<Spec>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    user_input: Option<Held>,
    user_output: Option<Held>,
    constant_input: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Held {
    arg: Kinds,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Kinds {
    #[serde(rename = "as_tensor")]
    tensor: Option<Named>,
    #[serde(rename = "as_int", alias = "as_sym_int")]
    int: Option<IgnoredAny>,
    #[serde(rename = "as_float", alias = "as_sym_float")]
    float: Option<IgnoredAny>,
    #[serde(rename = "as_bool", alias = "as_sym_bool")]
    bool: Option<IgnoredAny>,
    #[serde(rename = "as_string")]
    string: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Call {
    fqn: String,
    signature: Option<Structure>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Structure {
    in_spec: Option<String>,
    out_spec: Option<String>,
}

impl Program {
    /// Reads the program twice: its signature first, then the tensors that are in the signature. What Python writes for
    /// NaN and the infinities is no JSON, and may be among the arguments of operations.
    pub(super) fn read(json: &[u8], entry: &str) -> Result<Self, ImportError> {
        Self::strict(json, entry).or_else(|error| Self::strict(&limits::without_nan(json), entry).map_err(|_| error))
    }

    fn strict(json: &[u8], entry: &str) -> Result<Self, ImportError> {
        let damaged =
            |error: serde_json::Error| ImportError::Damaged(format!("{entry} is no exported program: {error}"));
        let written: Whole = serde_json::from_slice(json).map_err(damaged)?;
        let Module { signature, module_call_graph } = written.graph_module;
        let inputs = given(signature.input_specs.into_iter().map(|spec| {
            spec.user_input.map(|held| held.arg.into()).or(spec.constant_input.map(|_| Argument::Other("a constant")))
        }))?;
        let outputs =
            given(signature.output_specs.into_iter().map(|spec| spec.user_output.map(|held| held.arg.into())))?;
        let wanted = inputs.iter().chain(&outputs).filter_map(|given| match &given.held {
            Argument::Tensor(name) => Some(name.as_str()),
            Argument::Other(_) => None,
        });
        let wanted = wanted.collect();
        let mut tensors = BTreeMap::new();
        let inside = Inside { path: &["graph_module", "graph", "tensor_values"], wanted: &wanted, found: &mut tensors };
        inside.deserialize(&mut serde_json::Deserializer::from_slice(json)).map_err(damaged)?;
        let whole = module_call_graph.into_iter().find(|call| call.fqn.is_empty()).and_then(|call| call.signature);
        let Structure { in_spec, out_spec } = whole.unwrap_or_default();
        Ok(Self {
            inputs,
            outputs,
            tensors,
            ranges: written.range_constraints,
            guards: written.guards_code,
            in_spec,
            out_spec,
        })
    }
}

/// Those that the user gives or gets.
fn given(all: impl Iterator<Item = Option<Argument>>) -> Result<Vec<Given>, ImportError> {
    let given: Vec<_> = all
        .enumerate()
        .filter_map(|(place, held)| held.map(|held| Given { place, held }))
        .take(MOST_PORTS + 1)
        .collect();
    if given.len() > MOST_PORTS {
        return Err(ImportError::Unreadable(format!("it has more than {MOST_PORTS} inputs or outputs")));
    }
    Ok(given)
}

impl From<Kinds> for Argument {
    fn from(kinds: Kinds) -> Self {
        match kinds {
            Kinds { tensor: Some(tensor), .. } => Self::Tensor(tensor.name),
            Kinds { int: Some(_), .. } => Self::Other("a whole number"),
            Kinds { float: Some(_), .. } => Self::Other("a number"),
            Kinds { bool: Some(_), .. } => Self::Other("true or false"),
            Kinds { string: Some(_), .. } => Self::Other("a text"),
            _ => Self::Other("a constant"),
        }
    }
}

/// A sequence of `MOST` entries at most.
fn few<'de, D: Deserializer<'de>, T: Deserialize<'de>, const MOST: usize>(deserializer: D) -> Result<Vec<T>, D::Error> {
    struct Few<T, const MOST: usize>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Few<T, MOST> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "at most {MOST} entries")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
            let mut entries = Vec::new();
            while let Some(entry) = seq.next_element()? {
                if entries.len() >= MOST {
                    return Err(A::Error::invalid_length(MOST + 1, &self));
                }
                entries.push(entry);
            }
            Ok(entries)
        }
    }
    deserializer.deserialize_seq(Few::<T, MOST>(PhantomData))
}

/// A map of [`MOST_LISTED`] entries at most.
fn few_named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Range>, D::Error> {
    struct Few;
    impl<'de> Visitor<'de> for Few {
        type Value = BTreeMap<String, Range>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "at most {MOST_LISTED} entries")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries = BTreeMap::new();
            while let Some((name, range)) = map.next_entry()? {
                if entries.len() >= MOST_LISTED {
                    return Err(A::Error::invalid_length(MOST_LISTED + 1, &self));
                }
                entries.insert(name, range);
            }
            Ok(entries)
        }
    }
    deserializer.deserialize_map(Few)
}

/// The tensors that are wanted, in the map at the end of a path; everything else is parsed and dropped.
struct Inside<'p> {
    path: &'p [&'p str],
    wanted: &'p BTreeSet<&'p str>,
    found: &'p mut BTreeMap<String, Tensor>,
}

impl<'de> DeserializeSeed<'de> for Inside<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Inside<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.path.is_empty() { "tensors by name" } else { "an object" })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match self.path.split_first() {
                Some((first, path)) if key == *first => {
                    map.next_value_seed(Inside { path, wanted: self.wanted, found: &mut *self.found })?;
                }
                None if self.wanted.contains(key.as_str()) => {
                    let tensor = map.next_value()?;
                    self.found.insert(key, tensor);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_told_from_expressions() {
        for text in ["Symbol('s40', positive=True, integer=True)", "s40", "Symbol('s40')"] {
            assert_eq!(symbol(text).as_deref(), Some("s40"), "{text}");
        }
        for text in [
            "2*s40",
            "Symbol('s0') + Symbol('s1')",
            "Mul(Integer(2), Symbol('s40'))",
            "",
            "4",
            "Symbol('",
            "Symbol('a'",
            "Symbol('a b')",
        ] {
            assert_eq!(symbol(text), None, "{text}");
        }
    }
}
