//! How a report looks. One file per format; none of them judges, and none changes the exit code.

mod causes;
mod concise;
pub mod fix;
mod full;
mod github;
mod gitlab;
mod html;
pub mod inspect;
mod json;
mod jsonl;
mod junit;
mod sarif;
mod site;
mod summary;
#[cfg(test)]
mod testing;

use std::io::{self, Write};

use crate::error::Error;
use crate::facts::Facts;
use crate::facts::images::Album;
use crate::rules::decoder::Cause;
use crate::source::text::shown;
use crate::spec::Spec;
use crate::verdict::Report;

pub use summary::summary;

/// The formats of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum OutputFormat {
    /// A page for a person: the line, the cause, the consequence, the fix
    #[default]
    Full,
    /// One line per finding
    Concise,
    /// The versioned report document
    Json,
    /// The same, one line for the run and one per finding
    Jsonl,
    /// SARIF 2.1.0, for code scanning and editors
    Sarif,
    /// Workflow commands: annotations of GitHub Actions
    Github,
    /// The Code Quality report of GitLab
    Gitlab,
    /// Test cases, one per check, for whatever shows test results
    Junit,
    /// One page with findings, data and coverage, for a browser
    Html,
}

impl OutputFormat {
    /// Whether a program reads it, from stdout even where the run could not be made.
    #[must_use]
    pub fn is_document(self) -> bool {
        !matches!(self, Self::Full | Self::Concise)
    }

    /// The name as typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Concise => "concise",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Sarif => "sarif",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Junit => "junit",
            Self::Html => "html",
        }
    }

    /// Whether it shows the data, so that histograms and images are wanted.
    #[must_use]
    pub fn shows_data(self) -> bool {
        matches!(self, Self::Html)
    }
}

/// What a renderer draws.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// The command that was run.
    pub command: &'static str,
    /// The result.
    pub report: &'a Report,
    /// What it was measured against.
    pub spec: &'a Spec,
    /// What was seen, for the formats that show it.
    pub facts: Option<&'a Facts>,
    /// Images among what was seen.
    pub albums: &'a [Album],
}

impl<'a> Page<'a> {
    /// A page of the report of a command.
    #[must_use]
    pub fn new(command: &'static str, report: &'a Report, spec: &'a Spec) -> Self {
        Self { command, report, spec, facts: None, albums: &[] }
    }

    /// The same, and the data.
    #[must_use]
    pub fn showing(self, facts: &'a Facts, albums: &'a [Album]) -> Self {
        Self { facts: Some(facts), albums, ..self }
    }
}

/// Draws the report.
pub fn render(format: OutputFormat, page: Page<'_>, color: bool, out: &mut dyn Write) -> io::Result<()> {
    match format {
        OutputFormat::Full => full::render(page, color, out),
        OutputFormat::Concise => concise::render(page, out),
        OutputFormat::Json => json::render(page, out),
        OutputFormat::Jsonl => jsonl::render(page, out),
        OutputFormat::Sarif => sarif::render(page, out),
        OutputFormat::Github => github::render(page, out),
        OutputFormat::Gitlab => gitlab::render(page, out),
        OutputFormat::Junit => junit::render(page, out),
        OutputFormat::Html => html::render(page, out),
    }
}

/// Draws what stopped the run: text for people, and a valid document that is no pass for programs.
pub fn error(format: OutputFormat, error: &Error, color: bool, out: &mut dyn Write) -> io::Result<()> {
    match format {
        OutputFormat::Full | OutputFormat::Concise => full::error(error, color, out),
        OutputFormat::Json => json::error(error, out),
        OutputFormat::Jsonl => jsonl::error(error, out),
        OutputFormat::Sarif => sarif::error(error, out),
        OutputFormat::Github => github::error(error, out),
        OutputFormat::Gitlab => gitlab::error(error, out),
        OutputFormat::Junit => junit::error(error, out),
        OutputFormat::Html => html::error(error, out),
    }
}

/// Draws the likely causes of an error text.
pub fn causes(causes: &[Cause], out: &mut dyn Write) -> io::Result<()> {
    causes::render(causes, out)
}

/// The JSON Schema of the report document.
#[must_use]
pub fn report_schema() -> serde_json::Value {
    json::schema()
}

/// Text safe to show, however long.
fn safe(text: &str) -> String {
    shown(text, usize::MAX)
}
