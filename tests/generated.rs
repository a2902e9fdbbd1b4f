//! Files that the code generates and the repository holds: they must be what the code makes now. `BLESS=1` rewrites them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use batchlint::config::limits::{Limit, Limits};

/// Compares a file of the repository with what it should hold.
fn check(path: &str, should: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, should).expect("a file of the repository can be written");
    }
    let is = fs::read_to_string(&file).unwrap_or_default();
    assert!(is == should, "{path} is out of date: `BLESS=1 cargo test --test generated` rewrites it");
}

/// Every flag of `check`, with its line in the file, or the reason why it has none.
const FLAGS: [(&str, &str); 34] = [
    ("PATH", "-: what is looked at is for the command line"),
    ("--files-from", "-: what is looked at is for the command line"),
    ("--spec", "-: it names the file"),
    ("--model", "model"),
    ("--framework", "framework"),
    ("--batch-size", "batch.size"),
    ("--dataset-size", "batch.dataset"),
    ("--steps", "batch.steps"),
    ("--epochs", "batch.epochs"),
    ("--headers-only", "read.headers_only"),
    ("--max-bytes-per-array", "read.max_bytes_per_array"),
    ("--limit", "limits.*"),
    ("--fail-fast", "read.fail_fast"),
    ("--cache", "-: where files go is for the command line"),
    ("--connections", "-: how data is reached is a matter of where it runs"),
    ("--remote-timeout", "-: how data is reached is a matter of where it runs"),
    ("--anonymous", "-: how data is reached is a matter of where it runs"),
    ("--facts", "-: what is looked at is for the command line"),
    ("--against", "-: what is looked at is for the command line"),
    ("--select", "rules.select"),
    ("--ignore", "rules.ignore"),
    ("--level", "rules.level"),
    ("--fail-on", "rules.fail_on"),
    ("--require-complete", "rules.require_complete"),
    ("--baseline", "baseline"),
    ("--all-places", "output.all_places"),
    ("--redact", "output.redact"),
    ("--format", "-: it never changes by itself, so that a script knows what it reads"),
    ("--report", "-: where files go is for the command line"),
    ("--color", "-: it changes no result; `NO_COLOR` and `FORCE_COLOR` hold for all tools"),
    ("--quiet", "-: it changes no result"),
    ("--verbose", "-: it changes no result"),
    ("--help", "-: it changes no result"),
    ("--version", "-: it changes no result"),
];

/// Lines of the file about the run that have no flag, with the reason.
const LINES: [(&str, &str); 3] = [
    ("batch.last", "what the trainer does is written in its code, and the same on every run"),
    ("batch.replicas", "so is this"),
    ("batch.memory", "a limit that is promised, and no switch"),
];

/// The name of a flag as typed.
fn typed(argument: &clap::Arg) -> String {
    let value = || argument.get_value_names().map_or(String::new(), |names| names[0].to_string());
    argument.get_long().map_or_else(value, |long| format!("--{long}"))
}

#[test]
fn every_flag_of_check_has_a_line_in_the_file_or_a_reason() {
    let mut command = batchlint::cli::command();
    command.build();
    let check = command.find_subcommand("check").expect("there is one");
    let flags: Vec<String> = check.get_arguments().filter(|flag| !flag.is_hide_set()).map(typed).collect();
    for flag in &flags {
        assert!(FLAGS.iter().any(|(known, _)| known == flag), "{flag} has neither a line in the file nor a reason");
    }
    for (flag, _) in FLAGS.iter().filter(|(flag, _)| *flag != "--version") {
        assert!(flags.iter().any(|known| known == flag), "`check` has no {flag}");
    }
}

#[test]
fn every_line_about_a_run_has_a_flag_or_a_reason() {
    let schema = batchlint::config::schema::schema();
    let keys = |table: &str| -> Vec<String> {
        let properties = &schema["properties"];
        let found = &properties[table];
        let reference = found["$ref"].as_str().or_else(|| found["allOf"][0]["$ref"].as_str());
        let name = reference.and_then(|reference| reference.rsplit('/').next()).unwrap_or_default();
        let inner = schema["definitions"][name]["properties"].as_object();
        inner.into_iter().flatten().map(|(key, _)| format!("{table}.{key}")).collect()
    };
    let known = |line: &str| FLAGS.iter().chain(&LINES).any(|(flag, key)| *key == line || *flag == line);
    for table in ["batch", "rules", "read", "output"] {
        let keys = keys(table);
        assert!(keys.len() > 1, "{table} has lines");
        for key in keys {
            assert!(known(&key), "{key} has neither a flag nor a reason");
        }
    }
    // The other way round: every line that the table names is one.
    for (flag, line) in FLAGS.iter().filter(|(_, line)| !line.starts_with('-')) {
        let (table, _) = line.split_once('.').unwrap_or(("", ""));
        let is_there = if table.is_empty() {
            schema["properties"].get(*line).is_some()
        } else {
            keys(table).iter().any(|key| key == line || line.ends_with(".*"))
        };
        assert!(is_there, "{flag} has no line {line}");
    }
}

#[test]
fn the_page_lists_every_flag_with_its_line() {
    let path = "docs/configuration.md";
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("the page is there");
    let (before, rest) = page.split_once("<!-- flags -->\n").expect("the table has its place");
    let (_, after) = rest.split_once("<!-- end -->").expect("the table has an end");
    let mut table = String::from("| flag | line |\n| --- | --- |\n");
    for (flag, line) in FLAGS.iter().filter(|(flag, _)| !["--help", "--version"].contains(flag)) {
        let line = match (line.strip_prefix("-: "), line.split_once('.')) {
            (Some(reason), _) => format!("none: {reason}"),
            (None, Some((table, "*"))) => format!("the lines under `[{table}]`"),
            (None, Some((table, key))) => format!("`{key}` under `[{table}]`"),
            (None, None) => format!("`{line}`"),
        };
        table += &["| `", flag, "` | ", &line, " |\n"].concat();
    }
    check(path, &format!("{before}<!-- flags -->\n{table}<!-- end -->{after}"));
}

#[test]
fn the_page_lists_every_limit() {
    let path = "docs/configuration.md";
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("the page is there");
    let (before, rest) = page.split_once("<!-- limits -->\n").expect("the table has its place");
    let (_, after) = rest.split_once("<!-- end -->").expect("the table has an end");
    let mut table = String::from("| key | unless set | at most | on what |\n| --- | --- | --- | --- |\n");
    for limit in Limit::ALL {
        let (default, most) = (limit.amount(Limits::default().get(*limit)), limit.amount(limit.most()));
        table += &["| `", limit.key(), "` | ", &default, " | ", &most, " | ", limit.about(), " |\n"].concat();
    }
    check(path, &format!("{before}<!-- limits -->\n{table}<!-- end -->{after}"));
}

#[test]
fn the_page_on_reliability_names_every_limit_with_its_value() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reliability.md");
    let page = fs::read_to_string(path).expect("the page is there");
    let section = page.split("\n## Limits\n").nth(1).expect("there is a section");
    let section = section.split("\n## ").next().unwrap_or_default();
    for limit in Limit::ALL {
        let key = format!("`{}`", limit.key());
        let row = section.lines().find(|line| line.contains(&key)).unwrap_or_else(|| panic!("{key} has no row"));
        let value = limit.amount(Limits::default().get(*limit));
        let number = value.split(' ').next().unwrap_or_default();
        assert!(row.contains(number), "{key} is {value}: {row}");
    }
}

#[test]
fn the_schema_of_the_spec_is_the_one_that_is_published() {
    let schema = batchlint::config::schema::schema();
    check("batchlint.schema.json", &(serde_json::to_string_pretty(&schema).expect("plain JSON") + "\n"));
}

#[test]
fn the_schema_of_the_report_is_the_one_that_is_published() {
    let schema = batchlint::render::report_schema();
    check("docs/report.schema.json", &(serde_json::to_string_pretty(&schema).expect("plain JSON") + "\n"));
}

#[test]
fn the_schema_of_a_model_is_the_one_that_is_published() {
    let schema = batchlint::spec::import::json::schema();
    check("docs/model.schema.json", &(serde_json::to_string_pretty(&schema).expect("plain JSON") + "\n"));
}

#[test]
fn the_schema_of_a_plan_is_the_one_that_is_published() {
    let schema = batchlint::render::fix::schema();
    check("docs/fix.schema.json", &(serde_json::to_string_pretty(&schema).expect("plain JSON") + "\n"));
}

/// The files of a folder by name; none where it is missing.
fn texts(folder: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("a folder can be listed"));
    files
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read_to_string(entry.path())))
        .map(|(name, text)| (name, text.expect("what is generated is text")))
        .collect()
}

#[test]
fn completions_and_man_pages_say_what_the_command_takes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let made = tempfile::tempdir().expect("a temporary folder");
    let done = Command::new(env!("CARGO_BIN_EXE_batchlint"))
        .args(["generate", "all"])
        .arg(made.path())
        .status()
        .expect("the command starts");
    assert!(done.success());
    for (folder, least) in [("completions", 5), ("man", 8)] {
        let should = texts(&made.path().join(folder));
        assert!(should.len() >= least, "{folder}: {:?}", should.keys());
        let kept = root.join("assets").join(folder);
        if std::env::var_os("BLESS").is_some() {
            fs::create_dir_all(&kept).expect("a folder of the repository can be made");
            for stale in texts(&kept).keys().filter(|name| !should.contains_key(*name)) {
                fs::remove_file(kept.join(stale)).expect("a file of the repository can be removed");
            }
        }
        for (name, text) in &should {
            check(&format!("assets/{folder}/{name}"), text);
        }
        assert_eq!(texts(&kept).keys().collect::<Vec<_>>(), should.keys().collect::<Vec<_>>(), "assets/{folder}");
    }
    for (name, path) in [
        ("batchlint", "batchlint.schema.json"),
        ("report", "docs/report.schema.json"),
        ("model", "docs/model.schema.json"),
        ("fix", "docs/fix.schema.json"),
    ] {
        check(path, &texts(&made.path().join("schemas"))[&format!("{name}.schema.json")]);
    }
}

#[test]
fn one_thing_can_be_generated_by_itself() {
    let generate = |arguments: &[&str]| {
        let done = Command::new(env!("CARGO_BIN_EXE_batchlint")).arg("generate").args(arguments).output();
        let done = done.expect("the command starts");
        (done.status.code(), String::from_utf8_lossy(&done.stdout).into_owned())
    };
    let (code, text) = generate(&["completions", "bash"]);
    assert!(code == Some(0) && text.contains("complete -F _batchlint"), "{text}");
    assert!(!text.contains("listen"), "hidden commands are completed");
    let (code, text) = generate(&["man", "check"]);
    assert!(code == Some(0) && text.contains(".TH BATCHLINT-CHECK 1"), "{text}");
    let (code, text) = generate(&["schema", "report"]);
    assert!(code == Some(0) && serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
    assert_eq!(generate(&["man", "nothing"]).0, Some(2));
}
