//! How one fault is described: a [`Finding`] is what a rule says, a [`Diagnostic`] is a finding with its rule, its
//! level and its exact count, ready to be shown.

pub mod label;
pub mod place;
pub mod proof;
pub mod python;
pub mod quantity;
pub mod repair;
pub mod span;

use serde::{Deserialize, Serialize};

pub use crate::config::Level;
pub use crate::source::text::Excerpt;
pub use label::{Edit, Label};
pub use place::{Place, Position};
pub use proof::Proof;
pub use repair::Change;

use crate::spec::At;
use crate::values::marked::{bare, redacted};

/// Where a finding points first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Anchor {
    /// The line of the spec whose claim the data broke.
    Spec(At),
    /// Bytes of a header's text, which is shown as the source.
    Header(Excerpt),
    /// The data itself: no line was broken, and no text says more than the place does.
    Data,
}

/// What `count` and `of` count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Batches: one dumped file set, or one yield.
    Batch,
    /// Files.
    File,
    /// Arrays, or members of an archive.
    Array,
    /// Whole sets, where `unit = "dataset"`.
    Set,
    /// Lines of the spec.
    Line,
    /// Steps of an epoch.
    Step,
    /// Rows.
    Row,
    /// Numbers of a sequence of files.
    Number,
    /// Checks: one rule on one array, or on the run.
    Check,
}

impl Unit {
    /// "1 batch", "20 batches"
    #[must_use]
    pub fn counted(self, n: u64) -> String {
        let (one, many) = match self {
            Self::Batch => ("batch", "batches"),
            Self::File => ("file", "files"),
            Self::Array => ("array", "arrays"),
            Self::Set => ("set", "sets"),
            Self::Line => ("line", "lines"),
            Self::Step => ("step", "steps"),
            Self::Row => ("row", "rows"),
            Self::Number => ("number", "numbers"),
            Self::Check => ("check", "checks"),
        };
        format!("{n} {}", if n == 1 { one } else { many })
    }

    /// "3 of 20 batches"
    #[must_use]
    pub fn share(self, count: u64, of: u64) -> String {
        format!("{count} of {}", self.counted(of))
    }
}

/// How far a repair can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Applicability {
    /// Checked on the data, or true of any data: nothing is lost but digits that the type has no room for.
    Safe,
    /// Checked on the data: the proof says what is lost.
    Lossy,
    /// Not checked on the data, or not on all of it.
    Unverified,
}

/// What to type instead.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// What was checked, and on how much of the data; or why nothing was.
    pub proof: Proof,
    /// Python to paste.
    pub python: String,
    /// The same as edits of the user's source, where it is known and can be edited.
    pub edits: Vec<Edit>,
    /// The same for data that were written already, where that can be done.
    pub change: Option<Change>,
}

impl Fix {
    /// A repair with its proof.
    #[must_use]
    pub fn new(python: impl Into<String>, proof: impl Into<Proof>) -> Self {
        Self { proof: proof.into(), python: python.into(), edits: Vec::new(), change: None }
    }

    /// A repair that the data cannot prove right: it changes values, or there are several ways to mend the fault.
    #[must_use]
    pub fn choice(python: impl Into<String>) -> Self {
        Self::new(python, "one way of several: whether it is right is for you to say, the values cannot")
    }

    /// A repair that follows from types and shapes, and that no value can prove.
    #[must_use]
    pub fn unverified(python: impl Into<String>) -> Self {
        Self::new(python, "not run here: it follows from the headers, and the values cannot show whether it is meant")
    }

    /// Says what mends data that were written already.
    #[must_use]
    pub fn change(self, change: Change) -> Self {
        Self { change: Some(change), ..self }
    }

    /// The repair for both parts of the data, if it is the same.
    #[must_use]
    pub fn join(self, other: Self) -> Option<Self> {
        if self.python != other.python || self.change != other.change {
            return None;
        }
        Some(Self { proof: self.proof.join(other.proof)?, ..self })
    }
}

/// What a rule says about one fault. Findings of one rule that agree in `subject`, `message` and `anchor` are one
/// fault: they become one [`Diagnostic`] with an exact count.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The fault in one line, with what the data is and what it should be. No counts, no file names: findings
    /// that differ only in those must have the same message.
    pub message: String,
    /// A whole sentence: what must hold.
    pub expected: String,
    /// A lowercase fragment: what was found. Counts are added when findings are joined.
    pub found: String,
    /// The level here, where it is not the rule's own.
    pub level: Option<Level>,
    /// What it is about: a declared array's name, a key, or empty for the whole run. Not escaped.
    pub subject: String,
    /// Where it points first.
    pub anchor: Anchor,
    /// The data side: every place, in order, or the first few where `count` says how many there are.
    pub places: Vec<Place>,
    /// How many are at fault; at least 1.
    pub count: u64,
    /// Of how many that were looked at.
    pub of: u64,
    /// What `count` and `of` count.
    pub unit: Unit,
    /// How many of `count` are in the baseline; the places are those of the others then.
    pub known: u64,
    /// Whether the reading ended before all data was seen, so that `count` is the least that it can be.
    pub at_least: bool,
    /// Why it probably happened.
    pub cause: Option<String>,
    /// What the framework would do with it.
    pub consequence: Option<String>,
    /// What to do, in words.
    pub help: Option<String>,
    /// What to type instead.
    pub fix: Option<Fix>,
}

impl Finding {
    /// A finding about the data at `anchor`. Every finding needs a message, an expectation and what was found;
    /// the rest is added with the methods below.
    #[must_use]
    pub fn new(
        anchor: Anchor,
        subject: impl Into<String>,
        message: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self {
            message: message.into(),
            expected: expected.into(),
            found: found.into(),
            level: None,
            subject: subject.into(),
            anchor,
            places: Vec::new(),
            count: 1,
            of: 1,
            unit: Unit::Array,
            known: 0,
            at_least: false,
            cause: None,
            consequence: None,
            help: None,
            fix: None,
        }
    }

    /// What was found and how often: `float64 in 20 of 20 batches`. Counts of rows, steps and numbers are in the
    /// words of the finding already.
    #[must_use]
    pub fn found_and_share(&self) -> String {
        let found = match self.unit {
            Unit::Batch | Unit::File | Unit::Array | Unit::Set if self.of > 1 => {
                format!("{} in {}", self.found, self.share())
            }
            _ => self.found.clone(),
        };
        match self.known {
            0 => found,
            known => format!("{found}; {} new, {known} in the baseline", self.count.saturating_sub(known)),
        }
    }

    /// "3 of 20 batches", "at least 3 of 20 batches"
    #[must_use]
    pub fn share(&self) -> String {
        let at_least = if self.at_least { "at least " } else { "" };
        format!("{at_least}{}", self.unit.share(self.count, self.of))
    }

    /// Leaves out the values of the data, which were marked while the texts were made.
    pub fn redact(&mut self) {
        for text in [&mut self.message, &mut self.expected, &mut self.found] {
            *text = redacted(text);
        }
        for text in [&mut self.cause, &mut self.consequence, &mut self.help].into_iter().flatten() {
            *text = redacted(text);
        }
        for text in self.places.iter_mut().filter_map(|place| place.detail.as_mut()) {
            *text = redacted(text);
        }
        if let Some(fix) = &mut self.fix {
            fix.python = redacted(&fix.python);
            fix.proof = fix.proof.redacted();
        }
    }

    /// Sets the level, where it differs from the rule's own.
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.level = Some(level);
        self
    }

    /// Sets the places, the exact count, and of how many.
    #[must_use]
    pub fn counted(mut self, places: Vec<Place>, count: u64, of: u64, unit: Unit) -> Self {
        (self.places, self.count, self.of, self.unit) = (places, count, of, unit);
        self
    }

    /// Says why it probably happened.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Says what the framework would do with it.
    #[must_use]
    pub fn consequence(mut self, consequence: impl Into<String>) -> Self {
        self.consequence = Some(consequence.into());
        self
    }

    /// Says what to do, in words.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says what to type instead.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }
}

/// A fault as it is reported.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// The rule's id.
    pub rule: &'static str,
    /// The level after the user's settings.
    pub level: Level,
    /// The same fault has the same fingerprint tomorrow: rule, subject and message, no counts, no places.
    pub fingerprint: String,
    /// What the rule said.
    pub finding: Finding,
    /// Where in the user's source the data came from, the main place first; empty for data from files.
    pub labels: Vec<Label>,
}

impl Diagnostic {
    /// A diagnostic of the rule at the level.
    #[must_use]
    pub fn new(rule: &'static str, level: Level, finding: Finding) -> Self {
        let name = format!("{rule}\u{1f}{}\u{1f}{}", finding.subject, bare(&finding.message));
        let fingerprint = format!("{:032x}", xxhash_rust::xxh3::xxh3_128(name.as_bytes()));
        Self { rule, level, fingerprint, finding, labels: Vec::new() }
    }
}
