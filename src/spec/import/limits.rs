//! How much of an artefact is read: whatever its numbers say, no more than this.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::Value;

use super::ImportError;

/// Bytes of one file of configuration, or of one entry of an archive.
pub(super) const ENTRY: u64 = 64 << 20;
/// Bytes of JSON. A value in memory takes up to 30 times as much; the configuration of the largest model of
/// `keras.applications` has 0.4 MB.
pub(super) const JSON: u64 = 16 << 20;
/// Models inside models that are looked into.
pub(super) const DEPTH: usize = 32;

/// The first bytes, `limit` at most.
pub(super) fn start(source: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// All bytes; damaged where there are more than `limit`.
pub(super) fn whole(source: impl Read, limit: u64, what: &str) -> Result<Vec<u8>, ImportError> {
    let bytes = start(source, limit.saturating_add(1))
        .map_err(|error| ImportError::Damaged(format!("{what} cannot be read: {error}")))?;
    if bytes.len() as u64 > limit {
        let most = limit >> 20;
        return Err(ImportError::Damaged(format!(
            "{what} is larger than {most} MiB, which no description of a model is"
        )));
    }
    Ok(bytes)
}

/// The bytes of a file of configuration.
pub(super) fn file(path: &Path, limit: u64) -> Result<Vec<u8>, ImportError> {
    let file = File::open(path).map_err(|error| ImportError::Unreadable(error.to_string()))?;
    whole(file, limit, "it")
}

/// JSON as Python writes it: `NaN` and the infinities, which JSON has not, are null. Nesting is bounded by the parser, at
/// 128.
pub(super) fn json(bytes: &[u8], what: &str) -> Result<Value, ImportError> {
    if bytes.len() as u64 > JSON {
        let most = JSON >> 20;
        return Err(ImportError::Damaged(format!(
            "{what} is larger than {most} MiB, which no description of a model is"
        )));
    }
    serde_json::from_slice(bytes)
        .or_else(|error| serde_json::from_slice(&without_nan(bytes)).map_err(|_| error))
        .map_err(|error| ImportError::Damaged(format!("{what} is no JSON: {error}")))
}

/// The text with `NaN`, `Infinity` and `-Infinity` outside of strings made null.
fn without_nan(bytes: &[u8]) -> Vec<u8> {
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
        let value = json(text, "it").unwrap();
        assert_eq!(value, serde_json::json!({"NaN": null, "a\"Infinity": [null, null, 1]}));
        assert!(json(b"{\"a\": NaN", "config.json").unwrap_err().to_string().starts_with("it is damaged: config.json"));
    }

    #[test]
    fn what_is_larger_than_the_limit_is_not_read_to_its_end() {
        assert_eq!(whole(&[7_u8; 10][..], 10, "it").unwrap().len(), 10);
        assert!(matches!(whole(io::repeat(7), 1 << 20, "it"), Err(ImportError::Damaged(_))));
    }

    #[test]
    fn nesting_without_end_is_an_error_and_no_overflow() {
        assert!(json(&b"[".repeat(1 << 20), "it").is_err());
    }
}
