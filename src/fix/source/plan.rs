//! The answer to a question for edits, as the protocol has it.

use std::ops::Range;

use serde::Deserialize;

use crate::diagnostic::span;
use crate::source::Capture;
use crate::source::capture::places::{SourceText, Span};

/// Why an answer is not believed.
pub(super) const UNSOUND: &str = "the edits that came back do not make the text that came back";

/// The answer: EDITS of the protocol.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Planned {
    /// The number of the question.
    pub id: u64,
    /// What became of each want.
    pub results: Vec<Planning>,
    /// The files that change.
    pub files: Vec<FilePlan>,
}

/// What became of one want.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Planning {
    /// Which want, by index into the question.
    pub want: usize,
    /// Whether there is an edit that does it.
    pub ok: bool,
    /// Where it is made: `creation` or `yield`.
    #[serde(rename = "where")]
    pub place: Option<String>,
    /// What was changed, as it is then. Not escaped.
    pub python: Option<String>,
    /// What else it brings: a fragment. Not escaped.
    pub note: Option<String>,
    /// Why there is none: a fragment. Not escaped.
    pub why: Option<String>,
}

/// The edits of one file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct FilePlan {
    /// Which text.
    pub source: u32,
    /// The edits.
    pub edits: Vec<PlannedEdit>,
    /// The whole text as it is then.
    pub text: String,
}

/// One edit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PlannedEdit {
    /// What is replaced.
    pub span: Span,
    /// What stands there then.
    pub text: String,
    /// The wants that it is for; where that is not said, it is told by its place.
    #[serde(default)]
    pub wants: Vec<usize>,
}

impl Planned {
    /// Reads the JSON of an answer. Where the edits of a file do not make its text, nothing of the answer is believed: no
    /// want is met, and no file changes.
    pub fn read(json: &[u8], capture: &Capture) -> serde_json::Result<Self> {
        let mut planned: Self = serde_json::from_slice(json)?;
        let sound = |file: &FilePlan| capture.text(file.source).is_some_and(|source| file.is_sound(source));
        if !planned.files.iter().all(sound) {
            planned.files.clear();
            for result in &mut planned.results {
                (result.ok, result.why) = (false, result.why.take().or_else(|| Some(UNSOUND.into())));
            }
        }
        Ok(planned)
    }

    /// What became of the want; `None` where the answer does not say.
    #[must_use]
    pub fn result(&self, want: usize) -> Option<&Planning> {
        self.results.iter().find(|result| result.want == want)
    }

    /// Whether there is an edit that does what is wanted.
    #[must_use]
    pub fn is_met(&self, want: usize) -> bool {
        self.result(want).is_some_and(|result| result.ok)
    }
}

impl FilePlan {
    /// Whether the edits make the new text of the old one.
    #[must_use]
    pub fn is_sound(&self, source: &SourceText) -> bool {
        source.id == self.source && apply(&source.text, &self.edits).is_some_and(|text| text == self.text)
    }
}

/// The text with the edits made. `None` where one is not in the text, or two are in each other's way.
#[must_use]
pub fn apply(text: &str, edits: &[PlannedEdit]) -> Option<String> {
    let placed: Option<Vec<(Range<usize>, &str)>> =
        edits.iter().map(|edit| Some((span::bytes(text, edit.span)?, edit.text.as_str()))).collect();
    let mut placed = placed?;
    placed.sort_by_key(|(range, _)| (range.start, range.end));
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (range, new) in placed {
        out.push_str(text.get(done..range.start)?);
        out.push_str(new);
        done = range.end;
    }
    out.push_str(text.get(done..)?);
    Some(out)
}
