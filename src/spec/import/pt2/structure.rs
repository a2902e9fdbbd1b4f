//! How the arguments and results of a program nest: a `TreeSpec` of torch, JSON in a string.

use serde_json::Value;

use super::super::exported::MOST_PORTS;
use super::super::limits;
use crate::config::limits::Limits;

/// Bytes of the longest tree that is looked at: enough for the most inputs that a model may have.
const MOST_BYTES: usize = 1 << 20;

/// The key under which each array is given, in order: those of a dict among the arguments. `None` for what is given by
/// place, or has the name that it has in the graph.
pub(super) fn inputs(spec: Option<&str>) -> Option<Vec<Option<String>>> {
    let tree = tree(spec?)?;
    let mut leaves = Vec::new();
    // The arguments are a tuple of the positional ones and the dict of those by name.
    for argument in tree.get("children_spec")?.as_array()? {
        leaves.extend(walk(argument, None)?);
        if leaves.len() > MOST_PORTS {
            return None;
        }
    }
    let named: Vec<_> = leaves.iter().flatten().collect();
    let unique = named.iter().enumerate().all(|(place, name)| !named[..place].contains(name));
    unique.then_some(leaves)
}

/// The keys of the dict that the results are, in order.
pub(super) fn keys(spec: Option<&str>) -> Option<Vec<String>> {
    walk(&tree(spec?)?, None)?.into_iter().collect()
}

/// The tree behind the version of its form.
fn tree(spec: &str) -> Option<Value> {
    if spec.len() > MOST_BYTES {
        return None;
    }
    let Value::Array(versioned) = limits::json(spec.as_bytes(), "a TreeSpec", &Limits::default()).ok()? else {
        return None;
    };
    versioned.into_iter().nth(1)
}

/// The keys of all leaves, with that of the innermost dict. The parser bounds how deep the tree nests.
fn walk(node: &Value, key: Option<&str>) -> Option<Vec<Option<String>>> {
    let kind = node.get("type")?;
    if kind.is_null() {
        return Some(vec![key.map(Into::into)]);
    }
    let children = node.get("children_spec")?.as_array()?;
    let kind = kind.as_str()?;
    let dict = matches!(kind, "builtins.dict" | "collections.OrderedDict");
    let context = node.get("context").and_then(Value::as_str).and_then(|text| serde_json::from_str::<Value>(text).ok());
    let keys = if dict { context?.as_array()?.clone() } else { Vec::new() };
    if dict && keys.len() != children.len() {
        return None;
    }
    let mut leaves = Vec::new();
    for (place, child) in children.iter().enumerate() {
        let key = keys.get(place).and_then(Value::as_str).or(key.filter(|_| children.len() == 1));
        leaves.extend(walk(child, key)?);
        if leaves.len() > MOST_PORTS {
            return None;
        }
    }
    Some(leaves)
}
