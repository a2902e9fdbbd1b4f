//! Places in the user's source, and edits of it.

use std::ops::Range;

use super::Position;
use crate::error::Text;

/// A place in a source text, and what happened there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The text.
    pub text: Text,
    /// Bytes of it.
    pub span: Range<usize>,
    /// What happened there: a lowercase fragment. Not escaped.
    pub says: String,
}

/// A change of a source text: what stands between two positions is replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The file as shown. Not escaped.
    pub file: String,
    /// The first character that is replaced.
    pub start: Position,
    /// The first character behind it; the same as `start` where something is put in.
    pub end: Position,
    /// What stands there then.
    pub text: String,
}
