//! Every output format over the same reports: faulty, allowed, clean, nothing checked, hostile names, a running program, a
//! spec that cannot be read. Each is read by something that is not ours, and says no less than the others.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use batchlint::render::OutputFormat;
use clap::ValueEnum as _;
use serde_json::Value;
use support::recipe;

/// Files to look at, how, and what should come of it.
struct Case {
    name: &'static str,
    folder: tempfile::TempDir,
    arguments: Vec<&'static str>,
    exit: i32,
}

const SPEC: &str = r#"framework = "keras"
[inputs.image]
dtype = "float32"
shape = ["batch", 4]
[inputs.scale]
dtype = "float32"
shape = ["batch", 2]
allow = [{ rule = "double-precision", reason = "measured: [a](b) <i>" }]
[targets.label]
dtype = "int64"
shape = ["batch"]
classes = 3
"#;

/// Names that try to end a line, a command, a string, an element, or the colour of a terminal.
const HOSTILE: [&str; 6] = [
    "::error::x",
    "a\\nb%0A::warning::y",
    "\\x1b[31mred\\x1b]0;t",
    "x\u{202e}y\u{2066}z",
    "</failure></script>]]>&<!--",
    "[c](http://evil)`|*\\x00\\x01,line=9",
];

const PROGRAM: &str = "import numpy as np

def batches():
    np.random.seed(1)
    for _ in range(3):
        yield {'image': np.random.rand(8, 4), 'scale': np.ones((8, 2), 'float32')}, np.arange(8) % 3
";

fn folder(spec: &str, batches: &[&[&str]]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    fs::write(folder.path().join("batchlint.toml"), spec).unwrap();
    for (i, lines) in batches.iter().enumerate() {
        let name = format!("batch_{i}.npz");
        fs::write(folder.path().join(&name), recipe::npz(&name, lines)).unwrap();
    }
    folder
}

fn cases() -> Vec<Case> {
    let clean: &[&str] =
        &["image: float32[8, 4]", "scale: float32[8, 2]", "label: int64[8] = [0, 1, 2, 2, 0, 1, 0, 2]"];
    let faulty: &[&str] = &[
        "image: float64[8, 4]; [3, 1] = nan",
        "scale: float64[8, 2]",
        "label: int64[8] = [0, 1, 2, 2, 0, 7, 0, 2]",
        "odd: object[8]",
    ];
    let mut cases = Vec::new();
    let mut add = |name, folder, arguments: &[&'static str], exit| {
        cases.push(Case { name, folder, arguments: arguments.to_vec(), exit });
    };
    add("clean", folder(SPEC, &[clean, clean]), &["check"], 0);
    add("faulty", folder(SPEC, &[clean, faulty, faulty]), &["check"], 1);
    add("headers only", folder(SPEC, &[clean, clean]), &["check", "--headers-only"], 0);
    add("incomplete", folder(SPEC, &[clean, clean]), &["check", "--headers-only", "--require-complete"], 1);
    add("no spec", folder("", &[clean, clean]), &["check"], 0);
    add("nothing", folder(SPEC, &[]), &["check"], 3);
    add("trouble", folder("framework = \"kreas\"\n[inputs.x]\ndtpye = \"::error::x\"\n", &[clean]), &["check"], 2);
    add("no such spec", folder(SPEC, &[clean]), &["check", "--spec", "gone\n::error::x"], 2);
    let lines: Vec<String> =
        HOSTILE.iter().map(|name| format!("\"{name}.npy\": float64[8, 4]; [0, 0] = nan")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let mut declared = String::new();
    for name in HOSTILE.map(|name| name.replace("\\x", "\\u00")) {
        declared += &["[inputs.\"", &name, "\"]\ndtype = \"float32\"\nshape = [\"batch\", 4]\n"].concat();
    }
    let hostile = folder(&format!("framework = \"torch\"\n{declared}"), &[&lines, &lines]);
    if cfg!(unix) {
        let name = "::error::x\n]]><b>\u{1b}[31m.npz";
        fs::write(hostile.path().join(name), recipe::npz("odd", &["odd: object[8]"])).unwrap();
    }
    add("hostile", hostile, &["check"], 1);
    if cfg!(unix) {
        let live = folder(SPEC, &[]);
        fs::write(live.path().join("train.py"), PROGRAM).unwrap();
        add("live", live, &["run", "train.py:batches", "--framework", "torch"], 1);
    }
    cases
}

fn run(case: &Case, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_batchlint"));
    command.current_dir(case.folder.path()).env_remove("NO_COLOR").env_remove("FORCE_COLOR");
    command.env("VIRTUAL_ENV", Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv"));
    command.args(&case.arguments).args(more).output().unwrap()
}

#[test]
fn every_format_says_the_same_of_the_same_data() {
    for case in cases() {
        let json = run(&case, &["--format", "json"]);
        let report: Value = serde_json::from_slice(&json.stdout).unwrap();
        for format in OutputFormat::value_variants() {
            let what = format!("{} as {}", case.name, format.name());
            let output = run(&case, &["--format", format.name()]);
            assert_eq!(output.status.code(), Some(case.exit), "{what}: {output:?}");
            let text = String::from_utf8(output.stdout).unwrap();
            let odd = |c: &char| *c != '\n' && batchlint::source::text::is_hostile(*c);
            assert!(!text.chars().any(|c| odd(&c)), "{what} has {:?}", text.chars().find(odd));
            let target = format!("{}=report.out", format.name());
            let beside = run(&case, &["--format", "json", "--report", &target]);
            assert!(beside.stdout == json.stdout, "{what}: a report beside changes nothing");
            let written = fs::read_to_string(case.folder.path().join("report.out")).unwrap();
            if format.is_document() || case.exit != 2 {
                assert_eq!(written, text, "{what}: the file holds what the console shows");
            } else {
                assert!(!written.is_empty(), "{what}: an empty file looks like a clean report");
            }
            if case.exit == 2 && *format != OutputFormat::Json {
                let told = String::from_utf8_lossy(&output.stderr);
                assert!(told.contains("error:"), "{what}: people are told as well: {told}");
            }
            match format.name() {
                "jsonl" => jsonl(&what, &text, &report),
                "sarif" => sarif(&what, &text, &report),
                "gitlab" => gitlab(&what, &text, &report),
                "github" => github(&what, &text, &report),
                "junit" => junit(&what, &text, &report),
                _ => {}
            }
        }
    }
}

fn diagnostics(report: &Value) -> &[Value] {
    report["diagnostics"].as_array().map_or(&[], Vec::as_slice)
}

/// The exit code that the report tells.
fn exit(report: &Value) -> u64 {
    report["exit_code"].as_u64().unwrap()
}

fn jsonl(what: &str, text: &str, report: &Value) {
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let head = lines.next().unwrap();
    let mut expected = report.clone();
    if report["diagnostics"].is_array() {
        for key in ["diagnostics", "checks"] {
            expected.as_object_mut().unwrap().remove(key);
        }
    }
    assert_eq!(head, expected, "{what}");
    assert_eq!(lines.collect::<Vec<_>>(), diagnostics(report), "{what}");
}

fn sarif(what: &str, text: &str, report: &Value) {
    let mut schema: Value = serde_json::from_str(include_str!("schemas/sarif-2.1.0-rtm.5.json")).unwrap();
    // It has a bracket too many, which strict readers of patterns refuse. No language is written here.
    for holder in ["run", "toolComponent"] {
        schema["definitions"][holder]["properties"]["language"].as_object_mut().unwrap().remove("pattern");
    }
    let validator = jsonschema::validator_for(&schema).unwrap();
    let log: Value = serde_json::from_str(text).unwrap();
    let wrong: Vec<String> =
        validator.iter_errors(&log).map(|error| format!("{error}: {}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{what}: {wrong:?}");
    let run = &log["runs"][0];
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["exitCode"], report["exit_code"], "{what}");
    assert_eq!(invocation["executionSuccessful"], exit(report) < 2, "{what}");
    if report["status"] == "error" {
        assert!(run["results"].is_null(), "{what}: an empty list says that nothing was found");
        assert!(!invocation["toolConfigurationNotifications"].as_array().unwrap().is_empty(), "{what}");
        return;
    }
    let results = run["results"].as_array().unwrap();
    let is_note = |found: &&Value| found["rule"] == "not-evaluated" && found["level"] == "note";
    let expected: Vec<&Value> = diagnostics(report).iter().filter(|found| !is_note(found)).collect();
    let open: Vec<&Value> = results.iter().filter(|result| result["suppressions"].is_null()).collect();
    let hidden = (results.len() - open.len()) as u64;
    assert_eq!(hidden, report["coverage"]["allowed"].as_u64().unwrap(), "{what}");
    assert_eq!(open.len(), expected.len(), "{what}");
    for (result, found) in open.iter().zip(expected) {
        assert_eq!((&result["ruleId"], &result["level"]), (&found["rule"], &found["level"]), "{what}");
        assert_eq!(result["partialFingerprints"]["batchlint/v1"], found["fingerprint"], "{what}");
        assert_eq!(
            result["message"]["text"].as_str().unwrap().replace("\\](", "").matches("](").count(),
            0,
            "{what}: {result}"
        );
    }
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        let rule = &run["tool"]["driver"]["rules"][index];
        assert_eq!(rule["id"], result["ruleId"], "{what}");
        assert!(rule["help"]["markdown"].as_str().unwrap().contains("## Why it hurts"), "{what}");
        let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
        assert!(!uri.is_empty() && uri.is_ascii() && !uri.contains([' ', '<', '"']), "{what}: {uri}");
    }
    let told = invocation["toolExecutionNotifications"].as_array().unwrap().len();
    let blind = diagnostics(report).iter().filter(|found| found["rule"] == "not-evaluated").count();
    assert_eq!(told, blind + usize::from(exit(report) > 1), "{what}");
}

/// The keys that GitLab asks for, as its documentation of the Code Quality report has them.
fn gitlab(what: &str, text: &str, report: &Value) {
    let entries: Vec<Value> = serde_json::from_str(text).unwrap();
    let mut known = BTreeSet::new();
    for entry in &entries {
        for key in ["description", "check_name", "fingerprint"] {
            assert!(!entry[key].as_str().unwrap().is_empty(), "{what}: {entry}");
        }
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&entry["severity"].as_str().unwrap()));
        let path = entry["location"]["path"].as_str().unwrap();
        assert!(!path.is_empty() && !path.starts_with("./"), "{what}: {path}");
        assert!(entry["location"]["lines"]["begin"].as_u64().unwrap() > 0, "{what}: {entry}");
        assert!(known.insert(entry["fingerprint"].as_str()), "{what}: GitLab keeps one entry per fingerprint");
    }
    let names: Vec<&Value> =
        entries.iter().map(|entry| &entry["check_name"]).filter(|name| *name != "batchlint").collect();
    let rules: Vec<&Value> = diagnostics(report).iter().map(|found| &found["rule"]).collect();
    assert_eq!(names, rules, "{what}");
    assert_eq!(entries.len() > names.len(), exit(report) > 1, "{what}: what is no check is no empty list");
}

/// A command as the runner of GitHub Actions reads it: between the first two `::` its name and properties, then data.
fn command(line: &str) -> (String, BTreeMap<String, String>, String) {
    let back = |text: &str| {
        text.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
    };
    let rest = line.strip_prefix("::").unwrap_or_else(|| panic!("no command: {line}"));
    let (head, data) = rest.split_once("::").unwrap();
    let (name, properties) = head.split_once(' ').unwrap();
    let properties = properties
        .split(',')
        .map(|property| property.split_once('=').unwrap())
        .map(|(key, value)| (key.to_owned(), back(value)))
        .collect();
    (name.to_owned(), properties, back(data))
}

fn github(what: &str, text: &str, report: &Value) {
    let commands: Vec<_> = text.lines().map(command).collect();
    let found = diagnostics(report);
    let extra = report["errors"].as_array().map_or(usize::from(exit(report) > 1), Vec::len);
    assert_eq!(commands.len(), found.len() + extra, "{what}: {text}");
    for ((name, properties, data), found) in commands.iter().zip(found) {
        let level = found["level"].as_str().unwrap();
        assert_eq!(name, if level == "note" { "notice" } else { level }, "{what}");
        assert_eq!(properties["title"], format!("batchlint: {}", found["rule"].as_str().unwrap()), "{what}");
        assert!(data.contains("expected: ") && !properties["file"].is_empty(), "{what}: {data}");
        let line = found["primary"]["line"].as_u64();
        assert_eq!(properties.get("line").map(|line| line.parse::<u64>().unwrap()), line, "{what}");
        let known = ["file", "line", "endLine", "col", "endColumn", "title"];
        assert!(properties.keys().all(|key| known.contains(&key.as_str())), "{what}: {properties:?}");
    }
}

fn junit(what: &str, text: &str, report: &Value) {
    let tree = roxmltree::Document::parse(text).unwrap_or_else(|error| panic!("{what}: {error}"));
    let texts: Vec<&str> =
        tree.descendants().filter(|node| node.has_tag_name("failure")).filter_map(|node| node.text()).collect();
    let read = junit_parser::from_reader(text.as_bytes()).unwrap_or_else(|error| panic!("{what}: {error}"));
    let cases: Vec<_> = read.suites.iter().flat_map(|suite| &suite.cases).collect();
    let status =
        |of: fn(&junit_parser::TestStatus) -> bool| cases.iter().filter(|case| of(&case.status)).count() as u64;
    let failed = status(junit_parser::TestStatus::is_failure);
    let wrong = status(junit_parser::TestStatus::is_error);
    let skipped = status(junit_parser::TestStatus::is_skipped);
    let passed = status(junit_parser::TestStatus::is_success);
    assert_eq!(
        (read.tests, read.failures, read.errors, read.skipped),
        (cases.len() as u64, failed, wrong, skipped),
        "{what}"
    );
    if exit(report) > 1 {
        assert!(wrong > 0, "{what}: what is no check is no pass");
    }
    if report["status"] == "error" {
        return;
    }
    let coverage = |key: &str| report["coverage"][key].as_u64().unwrap();
    assert_eq!(passed, coverage("passed"), "{what}");
    assert_eq!(failed, coverage("failed"), "{what}");
    assert_eq!(wrong + skipped, coverage("not_evaluated") + u64::from(exit(report) > 1), "{what}");
    // A run that fails fails here, too.
    assert!(exit(report) == 0 || failed + wrong > 0, "{what}");
    for found in diagnostics(report).iter().filter(|found| found["rule"] != "not-evaluated") {
        let message = batchlint::source::text::shown(found["message"].as_str().unwrap(), usize::MAX);
        let told = texts.iter().any(|text| text.contains(&message));
        assert!(told, "{what}: {message}");
    }
}

#[test]
fn a_report_that_cannot_be_opened_leaves_no_empty_one_behind() {
    let case = Case { name: "", folder: folder(SPEC, &[]), arguments: vec!["check"], exit: 2 };
    let output = run(&case, &["--report", "gitlab=first.json", "--report", "json=no/such/folder.json"]);
    assert_eq!(output.status.code(), Some(case.exit));
    let first: Vec<Value> = serde_json::from_slice(&fs::read(case.folder.path().join("first.json")).unwrap()).unwrap();
    assert_eq!(first[0]["severity"], "blocker");
}
