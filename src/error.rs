//! What stops a run: bad usage, a bad spec, a report that cannot be written. A data file that cannot be read is
//! never an [`Error`]; it is a finding, and the other files are still checked.

use std::ops::Range;
use std::sync::Arc;

/// A text that faults point into: a spec, `pyproject.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The path as the user would type it.
    pub name: String,
    /// The whole text. Spans are byte offsets into it.
    pub body: Arc<str>,
}

/// One thing that is wrong with what the user wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, in one line.
    pub message: String,
    /// The bytes of [`Error::text`] that are wrong.
    pub span: Option<Range<usize>>,
    /// What to write instead.
    pub help: Option<String>,
}

impl Fault {
    /// A fault at a place in the text.
    #[must_use]
    pub fn at(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), span: Some(span), help: None }
    }

    /// A fault with no place of its own.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), span: None, help: None }
    }

    /// Adds what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Everything that stops the run, found in one pass. Ends the process with [`crate::exit::Exit::Trouble`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.faults.first().map_or("the run cannot start", |fault| fault.message.as_str()))]
pub struct Error {
    /// The text the spans point into, if the faults are in a file.
    pub text: Option<Text>,
    /// At least one fault, in the order of their places.
    pub faults: Vec<Fault>,
}

impl Error {
    /// A single fault that is in no file: usage, input or output trouble.
    #[must_use]
    pub fn plain(message: impl Into<String>) -> Self {
        Self { text: None, faults: vec![Fault::new(message)] }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self { text: None, faults: vec![fault] }
    }
}

/// The text between backticks, cut where it is long. What draws a message also escapes it.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("`{}`", cut(text))
}

/// The start of a text, if it is long, and a sign that there is more.
#[must_use]
pub fn cut(text: &str) -> String {
    const LONGEST: usize = 60;
    text.char_indices().nth(LONGEST).map_or_else(|| text.to_owned(), |(end, _)| format!("{}…", &text[..end]))
}

/// The nearest of `known` to what was typed, if it is near enough to be what was meant.
#[must_use]
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    known
        .into_iter()
        .map(|name| (name, name.to_lowercase()))
        .map(|(name, lower)| (strsim::jaro_winkler(&typed, &lower), strsim::osa_distance(&typed, &lower), name))
        .filter(|(likeness, edits, _)| *likeness > 0.8 || (*edits == 1 && typed.len() > 2))
        .max_by(|a, b| b.1.cmp(&a.1).then(a.0.total_cmp(&b.0)))
        .map(|(_, _, name)| name)
}
