//! `--redact`: every way in which a value of the data comes into a report, with values that are easily recognised. With the
//! flag none is left in any format, and everything else is as it was.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use batchlint::render::OutputFormat;
use clap::ValueEnum as _;
use serde_json::Value;
use support::recipe;

/// A rule, the spec, the arrays of the last batch and of those before it, and the values that give it away.
struct Case {
    rule: &'static str,
    spec: &'static str,
    odd: &'static [&'static str],
    usual: &'static [&'static str],
    secrets: &'static [&'static str],
}

const X: &str = "[inputs.x]\ndtype = \"float32\"\nshape = [\"batch\", 6]\n";

/// One column of it never varies.
const CONSTANT: &str = "x: float32[20, 6] = normal 0 1; \
    [0, 2] = 6174.25; [1, 2] = 6174.25; [2, 2] = 6174.25; [3, 2] = 6174.25; \
    [4, 2] = 6174.25; [5, 2] = 6174.25; [6, 2] = 6174.25; [7, 2] = 6174.25; \
    [8, 2] = 6174.25; [9, 2] = 6174.25; [10, 2] = 6174.25; [11, 2] = 6174.25; \
    [12, 2] = 6174.25; [13, 2] = 6174.25; [14, 2] = 6174.25; [15, 2] = 6174.25; \
    [16, 2] = 6174.25; [17, 2] = 6174.25; [18, 2] = 6174.25; [19, 2] = 6174.25";

const CASES: [Case; 18] = [
    Case {
        rule: "out-of-range-values",
        spec: "[inputs.x]\ndtype = \"float32\"\nshape = [\"batch\", 6]\nvalues = { min = 0.0, max = 1.0 }\n",
        odd: &["x: float32[8, 6]; [3, 1] = 73519.25; [4, 0] = -61747.5"],
        usual: &["x: float32[8, 6]"],
        secrets: &["73519.25", "61747.5"],
    },
    Case {
        rule: "out-of-range-values",
        spec: "[inputs.x]\ndtype = \"float32\"\nshape = [\"batch\", 6]\nvalues = { in = [0.0, 1.0] }\n",
        odd: &["x: float32[8, 6] = choice 0 1; [3, 1] = 735.25"],
        usual: &["x: float32[8, 6] = choice 0 1"],
        secrets: &["735.25"],
    },
    Case {
        rule: "out-of-range-values",
        spec: "[inputs.x]\ndtype = \"float32\"\nshape = [\"batch\", 2]\nvalues = { sum = 1.0 }\n",
        odd: &["x: float32[8, 2] = 0.5; [3, 1] = 735.25"],
        usual: &["x: float32[8, 2] = 0.5"],
        secrets: &["735.75"],
    },
    Case {
        rule: "label-out-of-range",
        spec: "[targets.y]\ndtype = \"int64\"\nshape = [\"batch\"]\nclasses = 3\n",
        odd: &["y: int64[8] = choice 0 1 2; [3] = 48611; [4] = 90217"],
        usual: &["y: int64[8] = choice 0 1 2"],
        secrets: &["48611", "90217"],
    },
    Case {
        rule: "fractional-labels",
        spec: "[targets.y]\ndtype = \"float32\"\nshape = [\"batch\"]\nencoding = \"index\"\nclasses = 3\n",
        odd: &["y: float32[8] = choice 0 1 2; [3] = 1.625"],
        usual: &["y: float32[8] = choice 0 1 2"],
        secrets: &["1.625"],
    },
    Case { rule: "constant-feature", spec: X, odd: &[CONSTANT], usual: &[CONSTANT], secrets: &["6174.25"] },
    Case {
        rule: "sentinel-values",
        spec: X,
        odd: &["x: float32[40, 6] = normal 0 1; [3, 1] = -99999; [7, 2] = -99999; [9, 4] = -99999"],
        usual: &["x: float32[40, 6] = normal 0 1; [3, 1] = -99999; [7, 2] = -99999"],
        secrets: &["-99999"],
    },
    Case {
        rule: "string-dtype",
        spec: "[targets.y]\ndtype = \"int64\"\nshape = [\"batch\"]\n",
        odd: &["y: <U8[8] = words zebra quagga okapi"],
        usual: &["y: <U8[8] = words zebra quagga okapi"],
        secrets: &["zebra", "quagga", "okapi"],
    },
    Case {
        rule: "lossy-cast",
        spec: X,
        odd: &["x: float64[8, 6]; [3, 1] = 7.3519e39"],
        usual: &["x: float64[8, 6]"],
        secrets: &["7.3519e39"],
    },
    Case {
        rule: "bad-sample-weight",
        spec: "[weights.w]\ndtype = \"float32\"\nshape = [\"batch\"]\n",
        odd: &["w: float32[8]; [3] = -48.625"],
        usual: &["w: float32[8]"],
        secrets: &["48.625"],
    },
    Case {
        rule: "bad-boolean",
        spec: "[inputs.x]\ndtype = \"bool\"\nshape = [\"batch\", 6]\n",
        odd: &["x: bool[8, 6]; [3, 1] = 201"],
        usual: &["x: bool[8, 6]"],
        secrets: &["201"],
    },
    Case {
        rule: "target-domain",
        spec: "[targets.y]\ndtype = \"float32\"\nshape = [\"batch\"]\nencoding = \"binary\"\n",
        odd: &["y: float32[8] = choice 0 1; [3] = 735.25; [4] = -617.5"],
        usual: &["y: float32[8] = choice 0 1"],
        secrets: &["735.25", "617.5"],
    },
    Case {
        rule: "id-out-of-range",
        spec: "[inputs.x]\ndtype = \"int64\"\nshape = [\"batch\", 6]\nvalues = { min = 0, max = 9 }\n",
        odd: &["x: int64[8, 6] = choice 0 1 2 3 4 5 6 7; [3, 1] = 48611; [4, 2] = -90217"],
        usual: &["x: int64[8, 6] = choice 0 1 2 3 4 5 6 7"],
        secrets: &["48611", "90217"],
    },
    Case {
        rule: "unscaled-images",
        spec: "[inputs.x]\ndtype = \"float32\"\nshape = [\"batch\", 8, 8, 3]\nvalues = { min = 0.0, max = 1.0 }\n",
        odd: &["x: float32[8, 8, 8, 3] = smooth 0 249.625; [3, 1, 1, 1] = 249.625"],
        usual: &["x: float32[8, 8, 8, 3] = smooth 0 248"],
        secrets: &["249.625"],
    },
    Case {
        rule: "range-drift",
        spec: "",
        odd: &["x: float32[8, 64] = choice 0 17 90 128 200 249"],
        usual: &["x: float32[8, 64] = uniform 0 1"],
        secrets: &["0 to 249"],
    },
    Case {
        rule: "scaled-twice",
        spec: "[inputs.x]\ndtype = \"float32\"\nshape = [\"batch\", 8, 8, 3]\nvalues = { min = 0.0, max = 1.0 }\n",
        odd: &["x: float32[8, 8, 8, 3] = smooth 0 0.00390625; [3, 1, 1, 1] = 0.00384521484375"],
        usual: &["x: float32[8, 8, 8, 3] = smooth 0 0.0038"],
        secrets: &["0.0038"],
    },
    Case {
        rule: "target-encoding",
        spec: "[targets.y]\ndtype = \"float32\"\nshape = [\"batch\", 3]\nencoding = \"one-hot\"\nclasses = 3\n",
        odd: &["y: int64[8] = [0, 1, 2]"],
        usual: &["y: int64[8] = [2, 0, 1, 1]"],
        secrets: &["whole numbers from 0 to 2"],
    },
    Case {
        rule: "missing-class",
        spec: "[targets.y]\ndtype = \"int64\"\nshape = [\"batch\"]\nclasses = 4\n",
        odd: &["y: int64[80] = choice 0 1 3"],
        usual: &["y: int64[80] = choice 0 1 3"],
        secrets: &["lacks class 2"],
    },
];

fn folder(case: &Case) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    fs::write(folder.path().join("batchlint.toml"), format!("framework = \"keras\"\n{}", case.spec)).unwrap();
    for i in 0..5 {
        let name = format!("batch_{i}.npz");
        let lines = if i == 4 { case.odd } else { case.usual };
        fs::write(folder.path().join(&name), recipe::npz(&name, lines)).unwrap();
    }
    folder
}

fn shown(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_batchlint"));
    command.current_dir(folder).env_remove("NO_COLOR").env_remove("FORCE_COLOR");
    command.env("VIRTUAL_ENV", Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv"));
    let output = command.args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

fn report(folder: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&shown(folder, &[arguments, &["--format", "json", "-q"]].concat())).unwrap()
}

/// Compares what may not change: the findings, their levels, fingerprints, counts and places.
fn same_but_for_values(what: &str, open: &Value, redacted: &Value) {
    assert_eq!((&open["run"]["redacted"], &redacted["run"]["redacted"]), (&false.into(), &true.into()), "{what}");
    assert_eq!((&open["status"], &open["coverage"]), (&redacted["status"], &redacted["coverage"]), "{what}");
    let (open, redacted) = (open["diagnostics"].as_array().unwrap(), redacted["diagnostics"].as_array().unwrap());
    assert_eq!(open.len(), redacted.len(), "{what}");
    for (open, redacted) in open.iter().zip(redacted) {
        for key in ["rule", "level", "fingerprint", "count", "of", "primary"] {
            assert_eq!(open[key], redacted[key], "{what}: {key}");
        }
        let places = |found: &Value| -> Vec<Vec<Value>> {
            let keys = ["source", "array", "batch", "sample", "index"];
            let places = found["places"].as_array().unwrap();
            places.iter().map(|place| keys.map(|key| place[key].clone()).to_vec()).collect()
        };
        assert_eq!(places(open), places(redacted), "{what}");
        assert_eq!(open["fix"]["applicability"], redacted["fix"]["applicability"], "{what}");
    }
}

fn nothing_leaks(what: &str, folder: &Path, arguments: &[&str], secrets: &[&str]) {
    let open = report(folder, arguments);
    let told = open["diagnostics"].to_string();
    for secret in secrets {
        assert!(told.contains(secret), "{what}: {secret} is told where nothing is redacted: {told}");
    }
    let arguments = [arguments, &["--redact"]].concat();
    same_but_for_values(what, &open, &report(folder, &arguments));
    for format in OutputFormat::value_variants() {
        let text = shown(folder, &[&arguments[..], &["--format", format.name()]].concat());
        // Sizes of a page's own style are no values.
        let told = text.split_once("</style>").map_or(text.as_str(), |(_, page)| page);
        for secret in secrets {
            assert!(!told.contains(secret), "{what} as {} holds {secret}: {told}", format.name());
        }
    }
}

#[test]
fn no_value_is_left_in_any_format() {
    let mut silent = Vec::new();
    for case in &CASES {
        let folder = folder(case);
        let found = report(folder.path(), &["check"]);
        let rules: Vec<&str> =
            found["diagnostics"].as_array().unwrap().iter().map(|found| found["rule"].as_str().unwrap()).collect();
        if rules.contains(&case.rule) {
            nothing_leaks(case.rule, folder.path(), &["check"], case.secrets);
        } else {
            silent.push(format!("{} is silent, {rules:?} speak", case.rule));
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
}

#[test]
fn what_differs_between_sets_is_left_out_too() {
    let folder = folder(&Case {
        rule: "split-drift",
        spec: "[inputs.x]\ndtype = \"float32\"\nshape = [\"batch\", 16]\n[targets.y]\ndtype = \"int64\"\nshape = [\"batch\"]\nencoding = \"index\"\n",
        odd: &["x: float32[32, 16] = uniform 0 240; [3, 1] = 249.625", "y: int64[32] = [0, 1, 2, 48611, 90217]"],
        usual: &["x: float32[32, 16] = uniform 0 1", "y: int64[32] = [0, 1, 2]"],
        secrets: &[],
    });
    fs::create_dir(folder.path().join("val")).unwrap();
    fs::create_dir(folder.path().join("train")).unwrap();
    for (from, to) in [("batch_4.npz", "val/batch_4.npz"), ("batch_0.npz", "train/batch_0.npz")] {
        fs::rename(folder.path().join(from), folder.path().join(to)).unwrap();
    }
    let arguments = ["check", "train", "--against", "val", "--select", "split-drift"];
    nothing_leaks("split-drift", folder.path(), &arguments, &["48611", "90217", "249.625"]);
}

#[test]
#[cfg(unix)]
fn what_a_program_says_is_left_out_too() {
    let folder = folder(&CASES[0]);
    let program = "def batches():\n    yield {}\n    raise ValueError('no number: zebra 48611')\n";
    fs::write(folder.path().join("train.py"), program).unwrap();
    let arguments = ["run", "train.py:batches", "--select", "program-error"];
    let open = report(folder.path(), &arguments);
    assert!(open["diagnostics"].to_string().contains("zebra 48611"), "{open:#}");
    let redacted = report(folder.path(), &[&arguments[..], &["--redact"]].concat());
    same_but_for_values("program-error", &open, &redacted);
    let told: Vec<&Value> = redacted["diagnostics"].as_array().unwrap().iter().map(|found| &found["found"]).collect();
    assert!(!told.iter().any(|found| found.to_string().contains("zebra")), "{told:?}");
}

/// The numbers of a text that nobody takes for counts or shares.
fn numbers(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-' | '%'));
    let words = words.map(|word| word.trim_matches(['.', '-']));
    words.filter(|word| word.contains('.') && word.parse::<f64>().is_ok()).map(str::to_owned).collect()
}

#[test]
fn the_faults_of_the_matrix_show_no_value_of_theirs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/faults");
    let mut looked = 0;
    for fault in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()) {
        if !fault.join("faulty").is_dir() {
            continue;
        }
        let seen: Value =
            serde_json::from_str(&shown(&fault, &["inspect", "faulty", "--format", "json", "-q"])).unwrap();
        let values = numbers(&seen.to_string());
        let arguments = ["check", "faulty", "--all-places"];
        let redacted = [&arguments[..], &["--redact"]].concat();
        let name = fault.display().to_string();
        same_but_for_values(&name, &report(&fault, &arguments), &report(&fault, &redacted));
        for format in OutputFormat::value_variants() {
            let text = shown(&fault, &[&redacted[..], &["--format", format.name()]].concat());
            // The pages that explain the rules are the same whatever the data holds.
            let known = numbers(&batchlint::rules::RULES.iter().map(|rule| rule.page).collect::<String>());
            let leaks: Vec<String> = numbers(&text)
                .into_iter()
                .filter(|number| values.contains(number) && !known.contains(number))
                .collect();
            assert!(leaks.is_empty(), "{name} as {}: {leaks:?}", format.name());
        }
        looked += 1;
    }
    assert!(looked > 15, "the fixtures are not all there: scripts/test writes them");
}
