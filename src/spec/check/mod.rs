//! What a spec says against itself: claims that nothing can satisfy, and lines that claim nothing.
//!
//! The first are fatal: no data need be read to know that they are broken, so they end the run together with the
//! faults of the text. The others are findings of `unsatisfiable-spec`.

mod arrays;
mod picks;
mod sizes;
mod symbols;

pub(super) use arrays::limits;

use super::{At, Declaration, Spec, fit};
use crate::config::Level;
use crate::error::Fault;

/// One thing that a spec says against itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// The line at fault.
    pub at: At,
    /// The declared array that it is about, or empty.
    pub subject: String,
    /// The fault in one line.
    pub message: String,
    /// A whole sentence: what must hold.
    pub expected: String,
    /// A lowercase fragment: what the spec says instead.
    pub found: String,
    /// Why it probably happened, where that can be told.
    pub cause: Option<&'static str>,
    /// What to write instead.
    pub help: String,
    /// An error is fatal: nothing can satisfy the spec.
    pub level: Level,
}

impl Contradiction {
    /// Whether nothing can satisfy the spec, so that reading data would be a waste.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        self.level == Level::Error
    }

    /// Something about the spec as a whole. Fatal.
    fn new(
        at: &At,
        message: String,
        expected: impl Into<String>,
        found: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let (expected, found, help) = (expected.into(), found.into(), help.into());
        Self {
            at: at.clone(),
            subject: String::new(),
            message,
            expected,
            found,
            cause: None,
            help,
            level: Level::Error,
        }
    }

    fn about(mut self, declared: &Declaration) -> Self {
        self.subject.clone_from(&declared.name);
        self
    }

    /// Not fatal: the spec can be satisfied, but it says less than it seems to.
    fn harmless(mut self, level: Level, cause: &'static str) -> Self {
        (self.level, self.cause) = (level, Some(cause));
        self
    }
}

impl From<Contradiction> for Fault {
    fn from(contradiction: Contradiction) -> Self {
        let Contradiction { at, message, help, .. } = contradiction;
        match at {
            At::Text(span) => Self::at(span, message).help(help),
            At::Model(_) => Self::new(format!("{message}, as the model has it")).help(help),
            At::Flag(flag) => Self::new(format!("{message} (`{flag}`)")).help(help),
        }
    }
}

/// Everything that the spec says against itself.
#[must_use]
pub fn check(spec: &Spec) -> Vec<Contradiction> {
    let mut found = lines(spec);
    symbols::check(spec, &mut found);
    found
}

/// What single lines say against themselves and each other, without asking what the rest of the spec lacks. For a spec
/// of which a part could not be read.
#[must_use]
pub fn lines(spec: &Spec) -> Vec<Contradiction> {
    let mut found = Vec::new();
    sizes::check(spec, &mut found);
    let constants = fit::constants(&spec.symbols);
    for declared in &spec.arrays {
        arrays::check(declared, &constants, &mut found);
    }
    picks::check(spec, &mut found);
    found
}
