//! The plan document, version 1. Its structs are its own, as those of the report document are.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::FixPage;
use crate::config::Level;
use crate::fix::data::header_text;
use crate::fix::data::propose::Trust;
use crate::source::text;

const VERSION: u32 = 1;

#[derive(Serialize, JsonSchema)]
struct Document<'a> {
    version: u32,
    tool: Tool,
    /// `planned` in a dry run, `written` otherwise.
    status: &'static str,
    exit_code: u8,
    repairs: Vec<RepairOut<'a>>,
    /// Findings that nothing here mends.
    left: Vec<LeftOut<'a>>,
    /// What becomes of each file that changes, or has become of it.
    files: Vec<FileOut<'a>>,
    /// What a check of the result finds; null in a dry run.
    after: Option<Vec<AfterOut<'a>>>,
}

#[derive(Serialize, JsonSchema)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct RepairOut<'a> {
    rule: &'static str,
    level: Level,
    fingerprint: &'a str,
    message: &'a str,
    /// `lossless`, `lossy`, `choice` or `unproved`.
    trust: &'static str,
    proof: &'a str,
    /// Whether it is carried out.
    wanted: bool,
    /// Why it is not, where the user can change that.
    held: Option<&'a str>,
    /// What to type where the data are made.
    python: Option<&'a str>,
    changes: Vec<ChangeOut<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct ChangeOut<'a> {
    source: &'a str,
    array: Option<&'a str>,
    step: &'a str,
    /// The header before, as NumPy writes it.
    before: Option<String>,
    /// The header then.
    after: Option<String>,
    bytes_before: u64,
    bytes_after: u64,
    /// Why nothing is done here.
    held: Option<&'a str>,
}

#[derive(Serialize, JsonSchema)]
struct LeftOut<'a> {
    rule: &'static str,
    level: Level,
    fingerprint: &'a str,
    message: &'a str,
    why: &'a str,
}

#[derive(Serialize, JsonSchema)]
struct FileOut<'a> {
    source: &'a str,
    /// The files that take its place; empty where it goes.
    outputs: Vec<String>,
    /// Why it was not changed.
    refused: Option<&'a str>,
}

#[derive(Serialize, JsonSchema)]
struct AfterOut<'a> {
    rule: &'static str,
    level: Level,
    fingerprint: &'a str,
    message: &'a str,
}

/// Writes the document.
pub(super) fn render(page: FixPage<'_>, out: &mut dyn Write) -> io::Result<()> {
    let sources = page.facts.sources();
    let repairs = page.proposal.repairs.iter().map(|repair| {
        let diagnostic = &page.report.diagnostics[repair.diagnostic];
        let (trust, proof) = match &repair.trust {
            Trust::Lossless(text) => ("lossless", text),
            Trust::Lossy(text) => ("lossy", text),
            Trust::Choice(text) => ("choice", text),
            Trust::Unproved(text) => ("unproved", text),
        };
        RepairOut {
            rule: diagnostic.rule,
            level: diagnostic.level,
            fingerprint: &diagnostic.fingerprint,
            message: &diagnostic.finding.message,
            trust,
            proof,
            wanted: repair.is_wanted(),
            held: repair.held.as_deref(),
            python: diagnostic.finding.fix.as_ref().map(|fix| fix.python.as_str()),
            changes: repair
                .touched
                .iter()
                .map(|touched| ChangeOut {
                    source: &sources[touched.source].path,
                    array: touched.array.map(|array| &*sources[touched.source].arrays[array].key),
                    step: &touched.what,
                    before: touched.before.as_deref().map(header_text),
                    after: touched.after.as_ref().map(header_text),
                    bytes_before: touched.bytes.0,
                    bytes_after: touched.bytes.1,
                    held: touched.held.as_deref(),
                })
                .collect(),
        }
    });
    let left = page.proposal.left.iter().map(|(index, why)| {
        let diagnostic = &page.report.diagnostics[*index];
        LeftOut {
            rule: diagnostic.rule,
            level: diagnostic.level,
            fingerprint: &diagnostic.fingerprint,
            message: &diagnostic.finding.message,
            why,
        }
    });
    let files: Vec<FileOut<'_>> = match page.ends {
        Some(ends) => ends
            .iter()
            .map(|end| FileOut {
                source: &end.source.path,
                outputs: end.outcome.clone().unwrap_or_default(),
                refused: end.outcome.as_ref().err().copied(),
            })
            .collect(),
        None => page
            .proposal
            .plans
            .iter()
            .map(|plan| FileOut {
                source: &sources[plan.source].path,
                outputs: plan.outputs.iter().map(|output| output.path.display().to_string()).collect(),
                refused: None,
            })
            .collect(),
    };
    let after = page.after.map(|report| {
        let out = |diagnostic: &'_ crate::diagnostic::Diagnostic| (diagnostic.rule, diagnostic.level);
        report
            .diagnostics
            .iter()
            .map(|diagnostic| {
                let (rule, level) = out(diagnostic);
                AfterOut { rule, level, fingerprint: &diagnostic.fingerprint, message: &diagnostic.finding.message }
            })
            .collect()
    });
    let document = Document {
        version: VERSION,
        tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        status: if page.ends.is_some() { "written" } else { "planned" },
        exit_code: page.exit,
        repairs: repairs.collect(),
        left: left.collect(),
        files,
        after,
    };
    out.write_all(text::json(&serde_json::to_string_pretty(&document)?).as_bytes())?;
    writeln!(out)
}

/// The JSON Schema of the document.
pub(super) fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Document<'static>);
    schema.insert("title".into(), "batchlint fix".into());
    schema.to_value()
}
