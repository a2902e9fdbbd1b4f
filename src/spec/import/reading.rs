//! What the readers of text files share: the text within bounds, shapes as JSON writes them, types that no spec can name.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::limits::{self, Most};
use super::{Candidate, ImportError, Model, Port, Size};
use crate::config::limits::Limits;
use crate::spec::dtype::Dtype;

/// Axes that a shape may have. NumPy stops at 64.
const MAX_AXES: usize = 64;
/// The byte order mark.
const MARK: char = '\u{feff}';

/// The text of the file, which may have so many bytes. A byte order mark in front is left out.
pub(super) fn text(path: &Path, most: Most) -> Result<String, ImportError> {
    let mut text = String::from_utf8(limits::file(path, most)?)
        .map_err(|_| ImportError::Damaged("it is not UTF-8 text".into()))?;
    if text.starts_with(MARK) {
        text.drain(..MARK.len_utf8());
    }
    Ok(text)
}

/// The JSON in the file, which may have so many bytes.
pub(super) fn json(path: &Path, most: Most, limits: &Limits) -> Result<Value, ImportError> {
    limits::json(text(path, most)?.as_bytes(), "it", limits)
}

/// The candidate itself, or the file of that name in it if it is a folder.
pub(super) fn file_of(candidate: &Candidate<'_>, name: &str) -> PathBuf {
    if candidate.is_folder { candidate.path.join(name) } else { candidate.path.to_owned() }
}

/// Whether the candidate is a folder with such a file in it.
pub(super) fn holds(candidate: &Candidate<'_>, name: &str) -> bool {
    candidate.is_folder && candidate.path.join(name).is_file()
}

/// Whether the first bytes contain these.
pub(super) fn mentions(head: &[u8], bytes: &[u8]) -> bool {
    head.windows(bytes.len()).any(|window| window == bytes)
}

/// Whether the first bytes are those of a JSON object.
pub(super) fn is_json(head: &[u8]) -> bool {
    head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head).trim_ascii_start().starts_with(b"{")
}

/// Whether the path ends in that extension, in whichever case.
pub(super) fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

/// A shape as a list of numbers, where -1 is any size. `None` if it is none.
pub(super) fn shape(written: &Value) -> Option<Vec<Size>> {
    let sizes = written.as_array().filter(|sizes| sizes.len() <= MAX_AXES)?;
    sizes.iter().map(|size| self::size(whole(size)?)).collect()
}

/// A size, where -1 is any. `None` for other negative numbers.
pub(super) fn size(written: i64) -> Option<Size> {
    if written == -1 { Some(Size::Any) } else { u64::try_from(written).ok().map(Size::Exactly) }
}

/// A whole number. The JSON of protobuf writes numbers of 64 bits as text.
pub(super) fn whole(written: &Value) -> Option<i64> {
    written.as_i64().or_else(|| written.as_str()?.parse().ok())
}

/// Sets the dtype of the port. If no spec can name it, a note says so.
pub(super) fn set_dtype(port: &mut Port, written: &str, dtype: Option<Dtype>, model: &mut Model) {
    if dtype.is_none() && !written.is_empty() {
        model.notes.push(format!(
            "{} is declared as `{written}`, for which a spec has no dtype: any dtype is accepted there.",
            label(port)
        ));
    }
    port.dtype = dtype;
}

/// How notes name a port, at the start of a sentence: "`image`".
pub(super) fn label(port: &Port) -> String {
    if port.name.is_empty() { "The array without a name".into() } else { format!("`{}`", port.name) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    #[test]
    fn texts_are_read_up_to_their_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        fs::write(&path, "\u{feff}{\"a\": 1}").unwrap();
        assert_eq!(text(&path, Most::fixed(11)).unwrap(), "{\"a\": 1}");
        assert_eq!(json(&path, Most::fixed(11), &Limits::default()).unwrap(), json!({ "a": 1 }));
        assert!(matches!(text(&path, Most::fixed(10)), Err(ImportError::Damaged(why)) if why.contains("larger than")));
        fs::write(&path, b"\xff\xfe{\0").unwrap();
        assert_eq!(text(&path, Most::fixed(10)), Err(ImportError::Damaged("it is not UTF-8 text".into())));
        assert!(text(folder.path(), Most::fixed(10)).is_err());
        assert!(matches!(text(&folder.path().join("none"), Most::fixed(10)), Err(ImportError::Unreadable(_))));
    }

    #[test]
    fn shapes_are_whole_numbers() {
        assert_eq!(shape(&json!([-1, 3, "32"])), Some(vec![Size::Any, Size::Exactly(3), Size::Exactly(32)]));
        assert_eq!(shape(&json!([])), Some(vec![]));
        for no_shape in [json!([-2]), json!([1.5]), json!([null]), json!("3"), json!(null), json!(vec![1; 65])] {
            assert_eq!(shape(&no_shape), None, "{no_shape}");
        }
    }
}
