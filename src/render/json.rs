//! The report document, version 1. Its structs are its own: they change only by adding keys, whatever happens to the
//! types that the stages use.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::Page;
use crate::config::Level;
use crate::diagnostic::{Anchor, Applicability, Diagnostic, Edit, Label, Position};
use crate::error::{Error, Text};
use crate::exit::Exit;
use crate::source::text;
use crate::spec::Spec;
use crate::verdict::Outcome;

/// The version of the document.
const VERSION: u32 = 1;

#[derive(Serialize, JsonSchema)]
struct Document<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    diagnostics: Vec<DiagnosticOut<'a>>,
    checks: Vec<CheckOut<'a>>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Head<'a> {
    version: u32,
    tool: Tool,
    status: &'static str,
    exit_code: u8,
    run: Run<'a>,
    coverage: CoverageOut,
}

#[derive(Serialize, JsonSchema)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct Run<'a> {
    command: &'static str,
    spec: Option<&'a str>,
    framework: &'static str,
    redacted: bool,
}

#[derive(Serialize, JsonSchema)]
struct CoverageOut {
    sources: u64,
    batches: u64,
    samples: Option<u64>,
    bytes: u64,
    values_read: bool,
    /// Whether the run was interrupted, so that the report is partial.
    interrupted: bool,
    /// Whether `--fail-fast` ended the reading of values, so that counts are the least that they can be; left out if not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    stopped_early: bool,
    /// Shards whose facts are missing, so that the report is partial.
    shards_missing: u64,
    passed: u64,
    failed: u64,
    not_evaluated: u64,
    allowed: u64,
    /// Findings that the baseline hides as a whole.
    baseline: u64,
    /// Lines of the baseline that are more than what was found: `baseline prune` takes them out.
    baseline_gone: u64,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct DiagnosticOut<'a> {
    rule: &'static str,
    level: Level,
    fingerprint: &'a str,
    message: &'a str,
    expected: &'a str,
    found: String,
    count: u64,
    of: u64,
    /// How many of `count` are in the baseline; the places are those of the others then.
    known: u64,
    /// The user's source for a finding about a running program, otherwise the line of the spec.
    primary: Option<Primary<'a>>,
    /// The line of the spec that the data broke.
    claim: Option<Primary<'a>>,
    /// Places in the user's source, the main one first; empty for data from files.
    labels: Vec<LabelOut<'a>>,
    places: Vec<PlaceOut<'a>>,
    cause: Option<&'a str>,
    consequence: Option<&'a str>,
    help: Option<&'a str>,
    fix: Option<FixOut<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct Primary<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize, JsonSchema)]
struct LabelOut<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    /// What happened there.
    text: &'a str,
}

#[derive(Serialize, JsonSchema)]
struct PlaceOut<'a> {
    source: &'a str,
    array: Option<&'a str>,
    batch: Option<u64>,
    sample: Option<u64>,
    index: Option<&'a [u64]>,
    detail: Option<&'a str>,
}

#[derive(Serialize, JsonSchema)]
struct FixOut<'a> {
    applicability: Applicability,
    proof: String,
    python: &'a str,
    /// Edits of source files; a dump has none.
    edits: Vec<EditOut<'a>>,
}

/// What stands between two positions is replaced by the text.
#[derive(Serialize, JsonSchema)]
struct EditOut<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    text: &'a str,
}

#[derive(Serialize, JsonSchema)]
struct CheckOut<'a> {
    rule: &'static str,
    array: Option<&'a str>,
    outcome: &'static str,
    reason: Option<&'a str>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct ErrorDocument<'a> {
    version: u32,
    status: &'static str,
    exit_code: u8,
    errors: Vec<ErrorOut<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct ErrorOut<'a> {
    message: &'a str,
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    help: Option<&'a str>,
}

/// Writes the document.
pub(super) fn render(page: Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    let report = page.report;
    let document = Document {
        head: head(page),
        diagnostics: report.diagnostics.iter().map(|found| diagnostic(found, page.spec)).collect(),
        checks: report
            .checks
            .iter()
            .map(|check| CheckOut {
                rule: check.rule,
                array: Some(check.array.as_str()).filter(|array| !array.is_empty()),
                outcome: match check.outcome {
                    Outcome::Pass => "pass",
                    Outcome::Fail => "fail",
                    Outcome::NotEvaluated(_) => "not-evaluated",
                },
                reason: match &check.outcome {
                    Outcome::NotEvaluated(why) => Some(why),
                    _ => None,
                },
            })
            .collect(),
    };
    write(&document, out)
}

/// What is known of the run.
pub(super) fn head(page: Page<'_>) -> Head<'_> {
    let report = page.report;
    let (passed, failed, not_evaluated) = report.tally();
    let exit = report.exit();
    let loud = report.diagnostics.iter().any(|diagnostic| diagnostic.level > Level::Note);
    Head {
        version: VERSION,
        tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        status: match exit {
            Exit::Trouble if report.coverage.missing > 0 => "incomplete",
            Exit::Trouble => "interrupted",
            Exit::Nothing => "nothing-checked",
            Exit::Findings => "findings",
            _ if loud => "findings",
            Exit::Clean => "clean",
        },
        exit_code: exit.code(),
        run: Run {
            command: page.command,
            spec: page.spec.source().map(|text| text.name.as_str()),
            framework: page.spec.framework().name(),
            redacted: report.redacted,
        },
        coverage: CoverageOut {
            sources: report.coverage.sources,
            batches: report.coverage.batches,
            samples: report.coverage.samples,
            bytes: report.coverage.bytes,
            values_read: report.coverage.values_read,
            interrupted: report.coverage.interrupted > 0 || report.coverage.stopped,
            stopped_early: report.coverage.spared > 0,
            shards_missing: report.coverage.missing,
            passed,
            failed,
            not_evaluated,
            allowed: report.allowed.len() as u64,
            baseline: report.known.len() as u64,
            baseline_gone: report.gone.len() as u64,
        },
    }
}

/// Writes what stopped the run.
pub(super) fn error(error: &Error, out: &mut dyn Write) -> io::Result<()> {
    write(&trouble(error), out)
}

/// What stopped the run.
pub(super) fn trouble(error: &Error) -> ErrorDocument<'_> {
    let position = |span: &std::ops::Range<usize>| Some(Position::of(&error.text.as_ref()?.body, span.start));
    let errors = error
        .faults
        .iter()
        .map(|fault| {
            let at = fault.span.as_ref().and_then(position);
            ErrorOut {
                message: &fault.message,
                file: error.text.as_ref().map(|text| text.name.as_str()),
                line: at.map(|at| at.line),
                column: at.map(|at| at.column),
                help: fault.help.as_deref(),
            }
        })
        .collect();
    ErrorDocument { version: VERSION, status: "error", exit_code: Exit::Trouble.code(), errors }
}

/// The JSON Schema of a report, and of what stands in its place when the run could not be done.
pub(super) fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Output<'_>).to_value();
    schema["title"] = "batchlint report, version 1".into();
    schema
}

/// Either of the two documents.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, clippy::large_enum_variant, reason = "only the schema is made from it")]
enum Output<'a> {
    /// The run was made.
    Report(Document<'a>),
    /// It could not be made.
    Error(ErrorDocument<'a>),
}

/// Writes an object over several lines.
pub(super) fn write(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", text::json(&serde_json::to_string_pretty(document)?))
}

/// Writes an object on one line.
pub(super) fn line(object: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", text::json(&serde_json::to_string(object)?))
}

/// One diagnostic.
pub(super) fn diagnostic<'a>(diagnostic: &'a Diagnostic, spec: &'a Spec) -> DiagnosticOut<'a> {
    let finding = &diagnostic.finding;
    let claim = || match &finding.anchor {
        Anchor::Spec(at) => spec.place(at).map(|(text, span)| primary(text, span)),
        _ => None,
    };
    DiagnosticOut {
        rule: diagnostic.rule,
        level: diagnostic.level,
        fingerprint: &diagnostic.fingerprint,
        message: &finding.message,
        expected: &finding.expected,
        found: finding.found_and_share(),
        count: finding.count,
        of: finding.of,
        known: finding.known,
        primary: diagnostic.labels.first().map(|label| primary(&label.text, &label.span)).or_else(claim),
        claim: claim(),
        labels: diagnostic.labels.iter().map(label_out).collect(),
        places: finding
            .places
            .iter()
            .map(|place| PlaceOut {
                source: &place.source,
                array: place.array.as_deref(),
                batch: place.batch,
                sample: place.sample,
                index: place.index.as_deref(),
                detail: place.detail.as_deref(),
            })
            .collect(),
        cause: finding.cause.as_deref(),
        consequence: finding.consequence.as_deref(),
        help: finding.help.as_deref(),
        fix: finding.fix.as_ref().map(|fix| FixOut {
            applicability: fix.proof.applicability(),
            proof: fix.proof.text(),
            python: &fix.python,
            edits: fix.edits.iter().map(edit_out).collect(),
        }),
    }
}

fn label_out(label: &Label) -> LabelOut<'_> {
    let Primary { file, line, column, end_line, end_column } = primary(&label.text, &label.span);
    LabelOut { file, line, column, end_line, end_column, text: &label.says }
}

fn edit_out(edit: &Edit) -> EditOut<'_> {
    EditOut {
        file: &edit.file,
        line: edit.start.line,
        column: edit.start.column,
        end_line: edit.end.line,
        end_column: edit.end.column,
        text: &edit.text,
    }
}

fn primary<'a>(text: &'a Text, span: &std::ops::Range<usize>) -> Primary<'a> {
    let (start, end) = (Position::of(&text.body, span.start), Position::of(&text.body, span.end));
    Primary { file: &text.name, line: start.line, column: start.column, end_line: end.line, end_column: end.column }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{labelled, live};
    use super::*;

    fn drawn(labels: Vec<Label>) -> Value {
        let (spec, report) = live(labels);
        let mut out = Vec::new();
        render(Page::new("run", &report, &spec), &mut out).unwrap();
        serde_json::from_slice::<Value>(&out).unwrap()["diagnostics"][0].take()
    }

    #[test]
    fn the_main_place_is_in_the_users_source_and_the_claim_in_the_spec() {
        let found = drawn(vec![labelled("data, ", "yielded here"), labelled("np.random.rand", "made here")]);
        let spec = json!({"file": "batchlint.toml", "line": 2, "column": 9, "end_line": 2, "end_column": 18});
        let source = json!({"file": "train.py", "line": 7, "column": 15, "end_line": 7, "end_column": 21});
        assert_eq!((&found["primary"], &found["claim"]), (&source, &spec));
        assert_eq!(found["labels"][0]["text"], "yielded here");
        assert_eq!((&found["labels"][1]["line"], &found["labels"][1]["end_column"]), (&json!(5), &json!(30)));
        let edit = json!({"file": "train.py", "line": 5, "column": 53, "end_line": 5, "end_column": 53, "text": ".astype(np.float32)"});
        assert_eq!(found["fix"]["edits"], json!([edit]));
        let found = drawn(Vec::new());
        assert_eq!((&found["primary"], &found["claim"], &found["labels"]), (&spec, &spec, &json!([])));
    }
}
