//! The command as a process: exit codes, streams, colours, reports, and files that are no files.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use support::recipe;

const SPEC: &str = "framework = \"keras\"\n[inputs.x]\ndtype = \"float32\"\nshape = [\"batch\", 3]\n";

fn batchlint(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_batchlint"));
    command.current_dir(folder).env_remove("NO_COLOR").env_remove("FORCE_COLOR");
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    batchlint(folder).args(arguments).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A folder with a spec and four batches of that dtype.
fn folder(dtype: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    fs::write(folder.path().join("batchlint.toml"), SPEC).unwrap();
    for i in 0..4 {
        let content = recipe::npz(&i.to_string(), &[&format!("x: {dtype}[4, 3]")]);
        fs::write(folder.path().join(format!("batch_{i}.npz")), content).unwrap();
    }
    folder
}

#[test]
fn exit_codes_are_the_same_for_every_format() {
    let (clean, faulty) = (folder("float32"), folder("int64"));
    for format in ["full", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit"] {
        assert_eq!(code(&run(clean.path(), &["check", "--format", format])), 0);
        assert_eq!(code(&run(faulty.path(), &["check", "--format", format, "--framework", "torch"])), 1);
        assert_eq!(code(&run(clean.path(), &["check", "--format", format, "--spec", "nowhere.toml"])), 2);
        assert_eq!(code(&run(clean.path(), &["check", "--format", format, "nothing-*.npz"])), 3);
    }
}

#[test]
fn fail_on_moves_the_line_and_level_moves_the_finding() {
    let faulty = folder("float64");
    assert_eq!(code(&run(faulty.path(), &["check"])), 0, "keras casts float64: a warning");
    assert_eq!(code(&run(faulty.path(), &["check", "--fail-on", "warning"])), 1);
    assert_eq!(code(&run(faulty.path(), &["check", "--level", "double-precision=error"])), 1);
    assert_eq!(code(&run(faulty.path(), &["check", "--framework", "torch"])), 1);
    assert_eq!(code(&run(faulty.path(), &["check", "--framework", "torch", "--ignore", "dtype"])), 0);
    assert_eq!(code(&run(faulty.path(), &["check", "--framework", "torch", "--select", "shape"])), 0);
}

#[test]
fn a_line_of_the_file_does_what_its_flag_does() {
    let report = |spec: &str, arguments: &[&str]| {
        let folder = folder("float64");
        fs::write(folder.path().join("batchlint.toml"), spec).unwrap();
        let known = "{\"baseline\": 1, \"findings\": [{\"source\":\"batch_0.npz\",\"array\":\"x\",\"rule\":\"double-precision\",\"count\":1}]}";
        fs::write(folder.path().join("known.json"), known).unwrap();
        let output = run(folder.path(), &[&["check", "--format", "json"], arguments].concat());
        let mut report: Value = serde_json::from_slice(&output.stdout).unwrap();
        // Lines of the spec stand elsewhere when there are more of them.
        for found in report["diagnostics"].as_array_mut().unwrap() {
            for key in ["primary", "claim"] {
                found.as_object_mut().unwrap().remove(key);
            }
        }
        report
    };
    let plain = report(SPEC, &[]);
    for (line, flags) in [
        ("[read]\nheaders_only = true", &["--headers-only"][..]),
        ("[read]\nmax_bytes_per_array = 10", &["--max-bytes-per-array", "10"]),
        ("[read]\nfail_fast = true\n[rules]\nfail_on = \"warning\"", &["--fail-fast", "--fail-on", "warning"]),
        ("[output]\nall_places = true", &["--all-places"]),
        ("[output]\nredact = true", &["--redact"]),
        ("[rules]\nselect = [\"shape\"]", &["--select", "shape"]),
        ("[rules]\nignore = [\"dtype\"]", &["--ignore", "dtype"]),
        ("[rules]\nlevel = { dtype = \"note\" }", &["--level", "dtype=note"]),
        ("[rules]\nfail_on = \"warning\"", &["--fail-on", "warning"]),
        ("[batch]\nsize = 3", &["--batch-size", "3"]),
        ("[batch]\nsteps = 9", &["--steps", "9"]),
    ] {
        let by_line = report(&format!("{SPEC}{line}\n"), &[]);
        assert_eq!(by_line, report(SPEC, flags), "{line}");
        assert_ne!(by_line, plain, "{line} changes something");
    }
    let by_line = report(&format!("{SPEC}[rules]\nrequire_complete = true\n[read]\nheaders_only = true\n"), &[]);
    assert_eq!(by_line, report(SPEC, &["--require-complete", "--headers-only"]));
    assert_eq!(by_line["exit_code"], 1);
    assert_eq!(report(&format!("baseline = \"known.json\"\n{SPEC}"), &[]), report(SPEC, &["--baseline", "known.json"]));
    // A flag wins over the line.
    let both = report(&format!("{SPEC}[read]\nmax_bytes_per_array = 10\n"), &["--max-bytes-per-array", "1 GiB"]);
    assert_eq!(both, plain);
}

#[test]
fn an_unknown_rule_is_trouble_with_a_suggestion() {
    let output = run(folder("float32").path(), &["check", "--select", "double-precison"]);
    assert_eq!(code(&output), 2);
    assert!(text(&output.stderr).contains("did you mean `double-precision`"), "{}", text(&output.stderr));
    assert!(output.stdout.is_empty());
}

#[test]
fn findings_go_to_stdout_and_the_rest_to_stderr() {
    let faulty = folder("float64");
    let output = run(faulty.path(), &["check"]);
    assert!(text(&output.stdout).contains("warning[double-precision]"));
    assert!(!text(&output.stdout).contains("checks:"));
    assert!(text(&output.stderr).contains("checks:"));
    let quiet = run(faulty.path(), &["check", "-q"]);
    assert!(quiet.stderr.is_empty() && quiet.stdout == output.stdout);
    let silent = run(faulty.path(), &["check", "-qq", "--fail-on", "warning"]);
    assert!(silent.stderr.is_empty() && silent.stdout.is_empty());
    assert_eq!(code(&silent), 1);
}

#[test]
fn colour_follows_flag_then_no_color_then_force_color() {
    let faulty = folder("float64");
    let colored = |arguments: &[&str], variables: &[(&str, &str)]| {
        let output = batchlint(faulty.path()).args(arguments).envs(variables.iter().copied()).output().unwrap();
        output.stdout.contains(&0x1b)
    };
    assert!(!colored(&["check"], &[]), "a pipe is no terminal");
    assert!(colored(&["check", "--color", "always"], &[("NO_COLOR", "1")]));
    assert!(colored(&["check"], &[("FORCE_COLOR", "1")]));
    assert!(!colored(&["check"], &[("FORCE_COLOR", "1"), ("NO_COLOR", "1")]));
    assert!(!colored(&["check", "--color", "never"], &[("FORCE_COLOR", "1")]));
}

#[test]
fn the_json_report_keeps_its_contract() {
    let faulty = folder("float64");
    let output = run(faulty.path(), &["check", "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["version"], 1);
    assert_eq!(report["tool"]["name"], "batchlint");
    assert_eq!(report["status"], "findings");
    assert_eq!(report["exit_code"], 0);
    assert_eq!(report["run"]["command"], "check");
    assert_eq!(report["run"]["spec"], "batchlint.toml");
    assert_eq!(report["run"]["framework"], "keras");
    assert_eq!(report["run"]["redacted"], false);
    assert_eq!(report["coverage"]["sources"], 4);
    assert_eq!(report["coverage"]["batches"], 4);
    assert_eq!(report["coverage"]["samples"], 16);
    assert_eq!(report["coverage"]["bytes"], 4 * 4 * 3 * 8);
    assert_eq!(report["coverage"]["values_read"], true);
    let finding = report["diagnostics"].as_array().unwrap().iter().find(|d| d["rule"] == "double-precision").unwrap();
    assert_eq!(finding["level"], "warning");
    assert_eq!(finding["count"], 4);
    assert_eq!(finding["of"], 4);
    assert_eq!(finding["primary"]["file"], "batchlint.toml");
    assert_eq!((&finding["primary"]["line"], &finding["primary"]["column"]), (&3.into(), &9.into()));
    assert_eq!((&finding["primary"]["end_line"], &finding["primary"]["end_column"]), (&3.into(), &18.into()));
    assert_eq!(finding["places"].as_array().unwrap().len(), 3, "three samples, and an exact count");
    assert_eq!(finding["places"][0]["source"], "batch_0.npz");
    assert_eq!(finding["places"][0]["array"], "x");
    assert_eq!(finding["places"][0]["batch"], 0);
    assert_eq!(finding["fix"]["applicability"], "safe");
    assert!(finding["fix"]["proof"].as_str().unwrap().starts_with("checked on all 48 values of 4 batches: "));
    let checks = report["checks"].as_array().unwrap();
    assert!(checks.iter().any(|check| check["rule"] == "double-precision" && check["outcome"] == "fail"));
    assert!(
        checks.iter().any(|check| check["rule"] == "wrong-rank" && check["array"] == "x" && check["outcome"] == "pass")
    );
    let all = run(faulty.path(), &["check", "--format", "json", "--all-places"]);
    let all: Value = serde_json::from_slice(&all.stdout).unwrap();
    let finding = all["diagnostics"].as_array().unwrap().iter().find(|d| d["rule"] == "double-precision").unwrap();
    assert_eq!(finding["places"].as_array().unwrap().len(), 4);
}

#[test]
fn every_json_document_is_what_its_schema_says() {
    let schema: Value = serde_json::from_str(include_str!("../docs/report.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faulty = folder("float64");
    for arguments in
        [&["check"][..], &["check", "--framework", "torch"], &["check", "gone-*"], &["check", "--spec", "gone"]]
    {
        let output = run(faulty.path(), &[arguments, &["--format", "json"]].concat());
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let wrong: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{arguments:?}: {wrong:?}");
    }
    assert!(
        !validator.is_valid(&serde_json::json!({"version": 1, "status": "clean"})),
        "the schema refuses what is no report"
    );
}

#[test]
fn a_finding_keeps_its_fingerprint_when_counts_change() {
    let faulty = folder("float64");
    let print = || {
        let output = run(faulty.path(), &["check", "--format", "json"]);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        report["diagnostics"][0]["fingerprint"].as_str().unwrap().to_owned()
    };
    let before = print();
    fs::remove_file(faulty.path().join("batch_3.npz")).unwrap();
    assert_eq!(print(), before);
    assert_eq!(before.len(), 32);
}

#[test]
fn json_says_what_stopped_the_run() {
    let folder = folder("float32");
    fs::write(folder.path().join("batchlint.toml"), "framework = \"keras\"\n[inputs.x]\ndtpye = \"float32\"\n")
        .unwrap();
    let output = run(folder.path(), &["check", "--format", "json"]);
    assert_eq!(code(&output), 2);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["version"], &report["status"], &report["exit_code"]), (&1.into(), &"error".into(), &2.into()));
    let error = &report["errors"][0];
    assert_eq!((&error["file"], &error["line"], &error["column"]), (&"batchlint.toml".into(), &3.into(), &1.into()));
    assert!(error["message"].as_str().unwrap().contains("dtpye"));
    assert!(error["help"].as_str().unwrap().contains("dtype"));
}

#[test]
fn reports_are_written_beside_the_console() {
    let faulty = folder("float64");
    let output = run(faulty.path(), &["check", "--report", "json=out.json", "--report", "concise=out.txt"]);
    assert_eq!(code(&output), 0);
    let console = run(faulty.path(), &["check", "--format", "json"]);
    assert_eq!(fs::read(faulty.path().join("out.json")).unwrap(), console.stdout);
    assert!(fs::read_to_string(faulty.path().join("out.txt")).unwrap().contains("warning[double-precision]"));
    let bad = run(faulty.path(), &["check", "--report", "json=no/such/folder/out.json"]);
    assert_eq!(code(&bad), 2);
    assert!(bad.stdout.is_empty(), "a report that cannot be written is found before the run");
    assert_eq!(code(&run(faulty.path(), &["check", "--report", "yaml=out.yaml"])), 2);
}

#[test]
fn a_reader_that_goes_away_is_no_trouble() {
    let faulty = folder("float64");
    let mut child = batchlint(faulty.path())
        .args(["check", "--all-places"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(!said.contains("bug"), "{said}");
}

#[test]
fn without_arguments_three_examples_and_with_help_everything() {
    let folder = tempfile::tempdir().unwrap();
    let bare = run(folder.path(), &[]);
    assert_eq!(code(&bare), 0);
    assert_eq!(text(&bare.stdout).matches("\n  batchlint ").count(), 3);
    assert_eq!(code(&run(folder.path(), &["--help"])), 0);
    assert!(text(&run(folder.path(), &["--version"]).stdout).starts_with("batchlint "));
    assert_eq!(code(&run(folder.path(), &["chekc"])), 2);
}

#[test]
fn the_rules_are_listed_as_text_and_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let json: Value = serde_json::from_slice(&run(folder.path(), &["rules", "--format", "json"]).stdout).unwrap();
    let json = json.as_array().unwrap();
    let table = text(&run(folder.path(), &["rules"]).stdout);
    assert!(table.contains(&format!("{} rules", json.len())));
    for rule in json {
        let id = rule["rule"].as_str().unwrap();
        assert!(table.contains(id));
        let page = run(folder.path(), &["explain", id]);
        assert_eq!(code(&page), 0);
        assert!(text(&page.stdout).starts_with(&format!("# {id}\n")));
    }
    let wrong = run(folder.path(), &["explain", "double-precison"]);
    assert_eq!(code(&wrong), 2);
    assert!(text(&wrong.stderr).contains("double-precision"));
}

#[test]
fn an_error_text_is_explained_from_stdin_and_from_words() {
    let folder = tempfile::tempdir().unwrap();
    let piped = |text: &[u8]| {
        let mut command = batchlint(folder.path());
        let mut child = command
            .args(["explain", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text).unwrap();
        child.wait_with_output().unwrap()
    };
    let output = piped(b"Traceback:\n  line\nValueError: Invalid dtype: str1024\n");
    assert_eq!(code(&output), 0);
    assert!(text(&output.stdout).contains("32 characters"), "{}", text(&output.stdout));
    assert_eq!(code(&piped(b"double-precision\n")), 0);
    assert_eq!(code(&piped(b"")), 2);
    let hostile = piped(b"\xff\x1b[2J\0 can't convert np.ndarray of type numpy.\x1b]0;x");
    assert!(!hostile.stdout.contains(&0x1b) && !hostile.stderr.contains(&0x1b));
    assert_eq!(code(&piped("7".repeat(1_000_000).as_bytes())), 2);
    let words = run(folder.path(), &["explain", "loss:", "-72.4", "-", "accuracy:", "0.1"]);
    assert!(text(&words.stdout).contains("-72.4"), "{}", text(&words.stdout));
    assert_eq!(code(&run(folder.path(), &["explain"])), 2);
    assert_eq!(code(&run(folder.path(), &["explain", "--help"])), 0);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_said_and_never_waited_for() {
    let folder = folder("float32");
    let here = folder.path();
    std::os::unix::fs::symlink("gone.npz", here.join("dangling.npz")).unwrap();
    std::os::unix::fs::symlink(".", here.join("loop")).unwrap();
    assert!(Command::new("mkfifo").arg(here.join("pipe.npy")).status().unwrap().success());
    let output = run(here, &["check", ".", "/dev/zero"]);
    let shown = text(&output.stdout);
    assert!(shown.contains("dangling.npz"), "{shown}");
    assert!(shown.contains("pipe.npy"), "{shown}");
    assert!(shown.contains("/dev/zero"), "{shown}");
    assert_eq!(code(&output), 1, "{shown}");
    let gone = run(here, &["check", "no-such-file.npz"]);
    assert!(text(&gone.stdout).contains("no-such-file.npz"));
    assert_eq!(code(&gone), 1);
}

#[test]
fn nothing_found_says_what_was_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    let output = run(folder.path(), &["check", "empty"]);
    assert_eq!(code(&output), 3);
    let said = text(&output.stderr);
    assert!(said.contains("empty") && said.contains(".npy") && said.contains("nothing checked"), "{said}");
}

#[test]
fn hostile_names_do_not_reach_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("a.npz"),
        recipe::npz("a", &["\"\\x1b[31mred\\n.npy\": float32[2, 3]", "y: object[2]"]),
    )
    .unwrap();
    for format in ["full", "concise"] {
        let output = run(folder.path(), &["check", "a.npz", "--format", format]);
        assert!(!output.stdout.contains(&0x1b), "{}", text(&output.stdout));
        assert!(text(&output.stdout).contains("\\u{1b}[31mred"), "{}", text(&output.stdout));
    }
}
