//! SARIF 2.1.0. Findings are results; what could not be checked is a notification of the run, and a result as well where
//! it is more than a note; what an allow or the baseline hides is a result that is suppressed.

mod markdown;

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::json::write;
use super::site::{Site, incomplete, source};
use super::{Page, safe};
use crate::config::Level;
use crate::diagnostic::{Diagnostic, Edit, Fix, Position};
use crate::error::Error;
use crate::exit::Exit;
use crate::rules::{RULES, Rule};
use crate::spec::Allow;
use markdown::{escaped, message, text};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The rule that tells what was not checked.
const NOT_EVALUATED: &str = "not-evaluated";

/// Writes the log.
pub(super) fn render(page: Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    let report = page.report;
    let all = || report.diagnostics.iter().chain(&report.allowed).chain(&report.known);
    let rules: Vec<&Rule> =
        RULES.iter().copied().filter(|rule| all().any(|diagnostic| diagnostic.rule == rule.id)).collect();
    let index = |id: &str| rules.iter().position(|rule| rule.id == id);
    let is_note = |diagnostic: &Diagnostic| diagnostic.rule == NOT_EVALUATED && diagnostic.level == Level::Note;
    let shown = report.diagnostics.iter().filter(|diagnostic| !is_note(diagnostic));
    let mut results: Vec<Value> = shown.map(|diagnostic| result(diagnostic, page, index(diagnostic.rule))).collect();
    results.extend(report.allowed.iter().map(|diagnostic| {
        let mut result = result(diagnostic, page, index(diagnostic.rule));
        let reason = reason(diagnostic, page).map_or("allowed in the spec", |allow| allow.reason.as_str());
        result["suppressions"] = json!([{ "kind": "external", "justification": safe(reason) }]);
        result
    }));
    results.extend(report.known.iter().map(|diagnostic| {
        let mut result = result(diagnostic, page, index(diagnostic.rule));
        result["suppressions"] = json!([{ "kind": "external", "justification": "in the baseline" }]);
        result
    }));
    let blind = report.diagnostics.iter().filter(|diagnostic| diagnostic.rule == NOT_EVALUATED);
    let mut notifications: Vec<Value> = blind
        .map(|diagnostic| {
            let mut rule = json!({ "id": NOT_EVALUATED });
            if let Some(index) = index(NOT_EVALUATED) {
                rule["index"] = json!(index);
            }
            let said = format!("not evaluated: {} ({})", diagnostic.finding.message, diagnostic.finding.found);
            json!({ "level": diagnostic.level.name(), "message": { "text": text(&said) }, "associatedRule": rule })
        })
        .collect();
    if let Some(why) = incomplete(report) {
        notifications.push(json!({ "level": "error", "message": { "text": why } }));
    }
    let exit = report.exit();
    let (passed, failed, not_evaluated) = report.tally();
    let coverage = report.coverage;
    log(
        &json!({
            "tool": tool(&rules),
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": matches!(exit, Exit::Clean | Exit::Findings),
                "exitCode": exit.code(),
                "exitCodeDescription": said(exit),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
            "properties": {
                "command": page.command,
                "redacted": report.redacted,
                "coverage": {
                    "sources": coverage.sources, "batches": coverage.batches, "samples": coverage.samples,
                    "bytes": coverage.bytes, "valuesRead": coverage.values_read,
                    "passed": passed, "failed": failed, "notEvaluated": not_evaluated,
                },
            },
        }),
        out,
    )
}

/// Writes what stopped the run. It has no results, not even an empty list, which would say that nothing was found.
pub(super) fn error(error: &Error, out: &mut dyn Write) -> io::Result<()> {
    let notifications: Vec<Value> = error
        .faults
        .iter()
        .map(|fault| {
            let help = fault.help.as_ref().map_or(String::new(), |help| format!(": {help}"));
            let said = text(&format!("{}{help}", fault.message));
            let mut notification = json!({ "level": "error", "message": { "text": said } });
            if error.text.is_some() {
                notification["locations"] = json!([{ "physicalLocation": physical(&Site::fault(error, fault)) }]);
            }
            notification
        })
        .collect();
    log(
        &json!({
            "tool": tool(&[]),
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": false,
                "exitCode": Exit::Trouble.code(),
                "exitCodeDescription": said(Exit::Trouble),
                "toolConfigurationNotifications": notifications,
            }],
        }),
        out,
    )
}

fn log(run: &Value, out: &mut dyn Write) -> io::Result<()> {
    write(&json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] }), out)
}

fn said(exit: Exit) -> &'static str {
    match exit {
        Exit::Clean => "nothing at or above the level that fails the run",
        Exit::Findings => "findings at or above the level that fails the run",
        Exit::Trouble => "the run could not be done as asked",
        Exit::Nothing => "nothing was checked",
    }
}

fn tool(rules: &[&Rule]) -> Value {
    let rules: Vec<Value> = rules.iter().map(|rule| described(rule)).collect();
    json!({ "driver": {
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": rules,
    } })
}

/// A rule with its page as help, up to the examples that tests run.
fn described(rule: &Rule) -> Value {
    let page = rule.page.split("\n## Example").next().unwrap_or_default().trim();
    json!({
        "id": rule.id,
        "name": rule.id,
        "shortDescription": { "text": rule.finds },
        "help": { "text": page, "markdown": page },
        "defaultConfiguration": { "level": rule.level.name() },
        "properties": { "tags": [rule.group.name()] },
    })
}

fn result(diagnostic: &Diagnostic, page: Page<'_>, index: Option<usize>) -> Value {
    let finding = &diagnostic.finding;
    let said = format!("{} ({})", finding.message, finding.found_and_share());
    let mut location = json!({ "physicalLocation": physical(&Site::of(diagnostic, page)) });
    if !finding.subject.is_empty() {
        location["logicalLocations"] = json!([{ "name": safe(&finding.subject) }]);
    }
    let mut result = json!({
        "ruleId": diagnostic.rule,
        "kind": "fail",
        "level": diagnostic.level.name(),
        "message": { "text": text(&said), "markdown": message(finding) },
        "locations": [location],
        "relatedLocations": related(diagnostic, page),
        "partialFingerprints": { "batchlint/v1": diagnostic.fingerprint },
        "properties": { "count": finding.count, "of": finding.of },
    });
    if let Some(index) = index {
        result["ruleIndex"] = json!(index);
    }
    if let Some(fix) = finding.fix.as_ref().filter(|fix| !fix.edits.is_empty()) {
        result["fixes"] = json!([fixes(fix)]);
    }
    result
}

/// The other places in the user's source, the line of the spec where the main place is another, and the data.
fn related(diagnostic: &Diagnostic, page: Page<'_>) -> Vec<Value> {
    let mut related = Vec::new();
    for label in diagnostic.labels.iter().skip(1) {
        let site = Site::lines(&label.text, &label.span);
        related.push(json!({ "physicalLocation": physical(&site), "message": { "text": text(&label.says) } }));
    }
    if !diagnostic.labels.is_empty()
        && let Some(claim) = Site::claim(diagnostic, page)
    {
        related.push(json!({ "physicalLocation": physical(&claim), "message": { "text": "declared here" } }));
    }
    for place in &diagnostic.finding.places {
        let name = place.to_string();
        let said = place.detail.as_ref().map_or_else(|| name.clone(), |detail| format!("{name}: {detail}"));
        related.push(json!({
            "physicalLocation": physical(&Site::whole(source(&place.source, page))),
            "logicalLocations": [{ "fullyQualifiedName": name }],
            "message": { "text": text(&said) },
        }));
    }
    for (id, location) in related.iter_mut().enumerate() {
        location["id"] = json!(id + 1);
    }
    related
}

fn physical(site: &Site<'_>) -> Value {
    let mut physical = json!({ "artifactLocation": { "uri": site.uri() } });
    if let Some(at) = site.region {
        physical["region"] = region(at);
    }
    physical
}

/// A region; its end is the first character behind it, here and in SARIF.
fn region((start, end): (Position, Position)) -> Value {
    json!({ "startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column })
}

/// The edits of a repair, file by file.
fn fixes(fix: &Fix) -> Value {
    let mut files: BTreeMap<String, Vec<&Edit>> = BTreeMap::new();
    for edit in &fix.edits {
        files.entry(Site::edit(edit).uri()).or_default().push(edit);
    }
    let changes: Vec<Value> = files
        .into_iter()
        .map(|(uri, edits)| {
            let replacements: Vec<Value> = edits
                .into_iter()
                .map(|edit| {
                    let mut replacement = Map::new();
                    replacement.insert("deletedRegion".into(), region((edit.start, edit.end)));
                    replacement.insert("insertedContent".into(), json!({ "text": edit.text }));
                    Value::Object(replacement)
                })
                .collect();
            json!({ "artifactLocation": { "uri": uri }, "replacements": replacements })
        })
        .collect();
    json!({
        "description": { "text": text(&fix.proof.text()), "markdown": escaped(&fix.proof.text()) },
        "artifactChanges": changes,
    })
}

/// The allow that hides the finding.
fn reason<'a>(diagnostic: &Diagnostic, page: Page<'a>) -> Option<&'a Allow> {
    let group = RULES.iter().find(|rule| rule.id == diagnostic.rule).map(|rule| rule.group.name());
    let speaks = |allow: &&Allow| allow.rule == diagnostic.rule || Some(allow.rule.as_str()) == group;
    let finding = &diagnostic.finding;
    let covers =
        |allow: &&Allow| finding.places.iter().any(|place| allow.paths.iter().any(|glob| glob.is_match(&place.source)));
    let beside = page.spec.arrays.iter().filter(|declared| declared.name == finding.subject);
    let beside = beside.flat_map(|declared| &declared.allows).find(speaks);
    beside.or_else(|| page.spec.allows.iter().filter(speaks).find(covers))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{labelled, live};
    use super::*;

    #[test]
    fn a_live_finding_has_its_places_and_its_edits() {
        let (spec, report) = live(vec![labelled("data, ", "yielded here"), labelled("np.random.rand", "made here")]);
        let mut out = Vec::new();
        render(Page::new("run", &report, &spec), &mut out).unwrap();
        let log: Value = serde_json::from_slice(&out).unwrap();
        let result = &log["runs"][0]["results"][0];
        let place = |location: &Value| {
            let physical = &location["physicalLocation"];
            (physical["artifactLocation"]["uri"].clone(), physical["region"]["startLine"].clone())
        };
        assert_eq!(place(&result["locations"][0]), ("train.py".into(), 7.into()));
        let related: Vec<_> = result["relatedLocations"].as_array().unwrap().iter().map(place).collect();
        assert_eq!(
            related,
            [("train.py".into(), 5.into()), ("batchlint.toml".into(), 2.into()), ("train.py".into(), Value::Null)]
        );
        let change = &result["fixes"][0]["artifactChanges"][0];
        assert_eq!(change["artifactLocation"]["uri"], "train.py");
        assert_eq!(change["replacements"][0]["insertedContent"]["text"], ".astype(np.float32)");
        assert_eq!(result["partialFingerprints"]["batchlint/v1"], report.diagnostics[0].fingerprint.as_str());
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][index]["id"], "double-precision");
    }
}
