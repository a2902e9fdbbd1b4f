//! Where a fault is: a line of a text, or an element of an array.

use std::fmt;

use crate::source::text::shown;

/// A place in the data: file, array, batch, sample, index. Names are kept as they are in the file and are made safe
/// when shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// The path of the file.
    pub source: String,
    /// The key of the array.
    pub array: Option<String>,
    /// The batch, from 0.
    pub batch: Option<u64>,
    /// The row within the batch, from 0.
    pub sample: Option<u64>,
    /// The whole index, row included.
    pub index: Option<Vec<u64>>,
    /// What is special about this place, where the places of one fault differ.
    pub detail: Option<String>,
}

impl Place {
    /// A whole file.
    #[must_use]
    pub fn file(source: impl Into<String>) -> Self {
        Self { source: source.into(), ..Self::default() }
    }

    /// Adds what is special about this place.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

impl fmt::Display for Place {
    /// `dump/batch_000.npz::image[3, 0, 7, 7]`, safe to show.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A line that starts with `::` is a command where CI prints it.
        if self.source.starts_with("::") {
            f.write_str("./")?;
        }
        f.write_str(&shown(&self.source, 400))?;
        if let Some(array) = &self.array {
            write!(f, "::{}", shown(array, 100))?;
        }
        if let Some(index) = &self.index {
            f.write_str(&crate::source::shape_text(index))?;
        } else if let Some(sample) = self.sample {
            write!(f, "[{sample}]")?;
        }
        Ok(())
    }
}

/// A line and column of a text, both from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Position {
    /// The position of a byte offset. An offset past the end is the end.
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Self {
        let mut end = offset.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &text[..end];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}
