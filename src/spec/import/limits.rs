//! How much of an artefact is read: whatever its numbers say, no more than this.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::Value;

use serde::Deserialize as _;

use super::ImportError;
use crate::config::limits::{Limit, Limits};

/// Models inside models that are looked into: more than the deepest JSON that is read can hold.
pub(super) const DEPTH: usize = 200;

/// Bytes that are read at most, and the limit that says so, where it is one that can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Most {
    bytes: u64,
    limit: Option<Limit>,
}

impl Most {
    /// So many, whatever the limits are.
    pub(super) fn fixed(bytes: u64) -> Self {
        Self { bytes, limit: None }
    }

    /// What a limit says.
    pub(super) fn of(limits: &Limits, limit: Limit) -> Self {
        Self { bytes: limits.get(limit), limit: Some(limit) }
    }

    /// The lesser of the two.
    pub(super) fn or(self, other: Self) -> Self {
        if other.bytes < self.bytes { other } else { self }
    }

    /// Nothing where `size` bytes are read.
    pub(super) fn allows(self, size: u64, what: &str) -> Result<(), ImportError> {
        if size <= self.bytes {
            return Ok(());
        }
        let Some(limit) = self.limit else {
            let most = self.bytes >> 20;
            let why = format!("{what} is larger than {most} MiB, which no description of a model is");
            return Err(ImportError::Damaged(why));
        };
        let (named, how) = (limit.named(self.bytes), limit.how());
        Err(ImportError::Unreadable(format!("{what} is larger than the limit {named}; {how} raises it")))
    }
}

/// The first bytes, `limit` at most.
pub(super) fn start(source: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// All bytes; an error where there are more.
pub(super) fn whole(source: impl Read, most: Most, what: &str) -> Result<Vec<u8>, ImportError> {
    let bytes = start(source, most.bytes.saturating_add(1))
        .map_err(|error| ImportError::Damaged(format!("{what} cannot be read: {error}")))?;
    most.allows(bytes.len() as u64, what)?;
    Ok(bytes)
}

/// The bytes of a file of configuration.
pub(super) fn file(path: &Path, most: Most) -> Result<Vec<u8>, ImportError> {
    let file = File::open(path).map_err(|error| ImportError::Unreadable(error.to_string()))?;
    whole(file, most, "it")
}

/// JSON as Python writes it: `NaN` and the infinities, which JSON has not, are null.
pub(super) fn json(bytes: &[u8], what: &str, limits: &Limits) -> Result<Value, ImportError> {
    Most::of(limits, Limit::ModelJsonBytes).allows(bytes.len() as u64, what)?;
    nesting(bytes, what, limits)?;
    parsed(bytes)
        .or_else(|error| parsed(&without_nan(bytes)).map_err(|_| error))
        .map_err(|error| ImportError::Damaged(format!("{what} is no JSON: {error}")))
}

/// The value; the caller has looked how deep it is.
fn parsed(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    deserializer.disable_recursion_limit();
    let value = Value::deserialize(&mut deserializer)?;
    deserializer.end().map(|()| value)
}

/// Nothing where JSON nests no deeper than the limit.
pub(super) fn nesting(bytes: &[u8], what: &str, limits: &Limits) -> Result<(), ImportError> {
    let most = limits.model_depth;
    let (mut depth, mut inside, mut escaped) = (0_u64, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            b'[' | b'{' if !inside => depth += 1,
            b']' | b'}' if !inside => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > most {
            let (named, how) = (Limit::ModelDepth.named(most), Limit::ModelDepth.how());
            return Err(ImportError::Unreadable(format!(
                "{what} nests deeper than the limit {named}; {how} raises it"
            )));
        }
    }
    Ok(())
}

/// The text with `NaN`, `Infinity` and `-Infinity` outside of strings made null.
pub(super) fn without_nan(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let (mut at, mut inside) = (0, false);
    while let Some(byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let word = [&b"-Infinity"[..], b"Infinity", b"NaN"].into_iter().find(|word| rest.starts_with(word));
        match (byte, word) {
            (_, Some(word)) if !inside => {
                out.extend_from_slice(b"null");
                at += word.len();
                continue;
            }
            (b'\\', _) if inside => {
                out.push(b'\\');
                out.extend(bytes.get(at + 1));
                at += 2;
                continue;
            }
            (b'"', _) => inside = !inside,
            _ => {}
        }
        out.push(*byte);
        at += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_json_has_not_are_null_outside_of_strings() {
        let text = br#"{"NaN": NaN, "a\"Infinity": [-Infinity, Infinity, 1]}"#;
        let limits = Limits::default();
        let value = json(text, "it", &limits).unwrap();
        assert_eq!(value, serde_json::json!({"NaN": null, "a\"Infinity": [null, null, 1]}));
        let damaged = json(b"{\"a\": NaN", "config.json", &limits).unwrap_err();
        assert!(damaged.to_string().starts_with("it is damaged: config.json"));
    }

    #[test]
    fn what_is_larger_than_the_limit_is_not_read_to_its_end() {
        assert_eq!(whole(&[7_u8; 10][..], Most::fixed(10), "it").unwrap().len(), 10);
        assert!(matches!(whole(io::repeat(7), Most::fixed(1 << 20), "it"), Err(ImportError::Damaged(_))));
    }

    #[test]
    fn nesting_without_end_is_an_error_and_no_overflow() {
        let limits = Limits::default();
        assert!(json(&b"[".repeat(1 << 20), "it", &limits).is_err());
        let nested = |levels: usize| [b"[".repeat(levels), b"]".repeat(levels)].concat();
        assert!(json(&nested(128), "it", &limits).is_ok());
        assert!(json(&nested(129), "it", &limits).unwrap_err().to_string().contains("`model_depth` of 128 levels"));
        let widest = Limits::widest();
        let deepest = usize::try_from(widest.model_depth).unwrap();
        assert!(json(&nested(deepest), "it", &widest).is_ok());
        assert!(json(&nested(deepest + 1), "it", &widest).is_err());
    }
}
