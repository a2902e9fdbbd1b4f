//! `init`: the spec that is written from a dump is clean on it, says where its lines came from, and replaces nothing.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use batchlint::config::{Level, Settings};
use batchlint::run;
use batchlint::source::Progress;
use batchlint::verdict::Report;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use support::recipe;
use support::sample::sample;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn settings(paths: Vec<PathBuf>) -> Settings {
    Settings { paths, directory: "/".into(), ..Settings::default() }
}

/// The spec that the dump gives, and what it says of the dump.
fn written(dump: &Path) -> (String, Report) {
    let initial = run::init::init(&settings(vec![dump.into()]), None, &Progress::default());
    let text = initial.unwrap_or_else(|error| panic!("{}: {error:?}", dump.display())).text;
    let folder = tempfile::tempdir().unwrap();
    let spec = folder.path().join("batchlint.toml");
    fs::write(&spec, &text).unwrap();
    let settings = Settings { spec: Some(spec), ..settings(vec![dump.into()]) };
    let checked = run::check(&settings, &Progress::default());
    (text.clone(), checked.unwrap_or_else(|error| panic!("{}: {error:?}\n{text}", dump.display())).report)
}

/// Panics where the written spec blames the dump for something.
fn clean_on_itself(dump: &Path) {
    let (text, report) = written(dump);
    let loud: Vec<String> = report
        .diagnostics
        .iter()
        .filter(|found| found.level > Level::Note)
        .map(|found| format!("{}: {} ({})", found.rule, found.finding.message, found.finding.found))
        .collect();
    assert!(loud.is_empty(), "{}: {loud:#?}\n{text}", dump.display());
}

fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, max_global_rejects: 100_000, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn faults() -> Vec<PathBuf> {
    let folder = root().join("fixtures/faults");
    let mut folders: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    assert!(folders.len() > 10, "fixtures/faults is not written yet: scripts/test does it");
    folders
}

#[test]
fn the_spec_of_good_data_is_clean_on_it() {
    clean_on_itself(&root().join("fixtures/seed/corrected"));
    for fault in faults().into_iter().map(|folder| folder.join("clean")).filter(|clean| clean.is_dir()) {
        clean_on_itself(&fault);
    }
}

#[test]
fn the_spec_of_random_good_data_is_clean_on_it() {
    runner(200)
        .run(&sample(), |sample| {
            let folder = tempfile::tempdir().unwrap();
            for batch in 0..sample.batches {
                let lines: Vec<String> =
                    sample.batch(batch).iter().map(|(name, recipe)| format!("{name}: {recipe}")).collect();
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                let name = format!("{}/{batch}", sample.seed);
                let path = folder.path().join(format!("batch_{batch:03}.npz"));
                fs::write(path, recipe::npz(&name, &lines)).unwrap();
            }
            clean_on_itself(folder.path());
            Ok(())
        })
        .unwrap();
}

#[test]
fn faulty_data_gives_a_spec_too() {
    for fault in faults() {
        let faulty = fault.join("faulty");
        let initial = run::init::init(&settings(vec![faulty.clone()]), None, &Progress::default());
        let folder = tempfile::tempdir().unwrap();
        let spec = folder.path().join("batchlint.toml");
        match initial {
            Ok(initial) => {
                fs::write(&spec, &initial.text).unwrap();
                let settings = Settings { spec: Some(spec), ..settings(vec![faulty.clone()]) };
                let checked = run::check(&settings, &Progress::default());
                assert!(checked.is_ok(), "{}: {:?}\n{}", faulty.display(), checked.err(), initial.text);
            }
            Err(error) => assert!(error.to_string().contains("holds no array"), "{}: {error:?}", faulty.display()),
        }
    }
}

/// Writes batches of these arrays into a folder.
fn dump(folder: &Path, batches: &[&[&str]]) {
    for (i, lines) in batches.iter().enumerate() {
        let name = format!("batch_{i:03}.npz");
        fs::write(folder.join(&name), recipe::npz(&name, lines)).unwrap();
    }
}

fn init(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_batchlint"));
    command.current_dir(folder).arg("init").args(arguments).output().unwrap()
}

/// What `init --from .` prints of batches of these arrays, without comments.
fn lines(batches: &[&[&str]]) -> String {
    let folder = tempfile::tempdir().unwrap();
    dump(folder.path(), batches);
    let output = init(folder.path(), &["--from", "."]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| line.split('#').next().unwrap().trim_end());
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_axis_that_differs_is_a_symbol_and_is_shared_where_it_is_equal_in_every_batch() {
    let text = lines(&[
        &[
            "ids: int32[8, 5] = choice 1 2 3",
            "mask: int32[8, 5]",
            "other: float32[8, 5, 2]",
            "y: int64[8] = choice 0 1",
        ],
        &[
            "ids: int32[8, 7] = choice 1 2 3",
            "mask: int32[8, 7]",
            "other: float32[8, 9, 2]",
            "y: int64[8] = choice 0 1",
        ],
        &[
            "ids: int32[3, 6] = choice 1 2 3",
            "mask: int32[3, 6]",
            "other: float32[3, 9, 2]",
            "y: int64[3] = choice 0 1",
        ],
    ]);
    assert!(text.contains("[batch]\nsize = 8\nlast = \"partial\"\nsteps = 3\ndataset = 19\n"), "{text}");
    assert!(text.contains("[dims]\nT = { varies = true }\nT2 = { varies = true }\n"), "{text}");
    assert!(text.contains("[inputs.ids]\ndtype = \"int32\"\nshape = [\"batch\", \"T\"]\n"), "{text}");
    assert!(text.contains("[inputs.mask]\ndtype = \"int32\"\nshape = [\"batch\", \"T\"]\n"), "{text}");
    assert!(text.contains("shape = [\"batch\", \"T2\", 2]\n"), "{text}");
    assert!(
        text.ends_with("[targets.y]\ndtype = \"int64\"\nshape = [\"batch\"]\nencoding = \"index\"\nclasses = 2"),
        "{text}"
    );
}

#[test]
fn what_targets_mean_is_seen_from_their_values() {
    let of = |recipe: &str| {
        let line = format!("label: {recipe}");
        let text = lines(&[&["x: float32[6, 4]", &line], &["x: float32[6, 4] = normal 0 2", &line]]);
        let (_, label) = text.split_once("[targets.label]\n").unwrap();
        label
            .lines()
            .filter(|line| !line.starts_with("dtype") && !line.starts_with("shape"))
            .collect::<Vec<_>>()
            .join("; ")
    };
    assert_eq!(of("int64[6] = [0, 1, 2]"), "encoding = \"index\"; classes = 3");
    assert_eq!(of("int64[6] = [0, 7]"), "encoding = \"index\"", "whether there are 8 is not seen");
    assert_eq!(of("int64[6] = [0, 1, -1]"), "encoding = \"index\"; classes = 2; ignore = [-1]");
    assert_eq!(of("float32[6, 3] = [1, 0, 0, 0, 0, 1]"), "encoding = \"one-hot\"; classes = 3");
    assert_eq!(of("float32[6, 1] = [0, 1]"), "encoding = \"binary\"");
    assert_eq!(of("float32[6, 1] = normal 0 1"), "encoding = \"value\"");
    assert_eq!(of("float32[6, 2] = [0.25, 0.75]"), "", "probabilities are not seen from totals");
    assert_eq!(of("int64[6] = [100000, 5]"), "");
}

#[test]
fn images_have_limits_where_their_range_is_one_of_the_usual() {
    let of = |fill: &str| {
        let line = format!("image: float32[4, 6, 6, 3] = {fill}");
        let text = lines(&[&[&line]]);
        text.lines().find(|line| line.starts_with("values")).map(str::to_owned)
    };
    assert_eq!(of("uniform 0 1").unwrap(), "values = { min = 0.0, max = 1.0 }");
    assert_eq!(of("uniform -1 1").unwrap(), "values = { min = -1.0, max = 1.0 }");
    assert_eq!(of("uniform 0 255").unwrap(), "values = { min = 0.0, max = 255.0 }");
    assert_eq!(of("normal 0 1"), None);
}

#[test]
fn a_place_in_a_tuple_tells_the_role() {
    let text = lines(&[&["arr_0: float32[4, 2]", "arr_1: int64[4] = [0, 1]", "arr_2: float32[4] = uniform 0.5 1"]]);
    for table in ["[inputs.arr_0]", "[targets.arr_1]", "[weights.arr_2]"] {
        assert!(text.contains(table), "{text}");
    }
}

#[test]
fn a_file_that_is_there_is_not_replaced_without_force() {
    let folder = tempfile::tempdir().unwrap();
    dump(folder.path(), &[&["x: float32[4, 2]"]]);
    let spec = folder.path().join("batchlint.toml");
    fs::write(&spec, "# mine\n").unwrap();
    let arguments = ["--from", ".", "-o", "batchlint.toml"];
    let output = init(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(fs::read_to_string(&spec).unwrap(), "# mine\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("--force"));
    assert!(init(folder.path(), &[&arguments[..], &["--force"]].concat()).status.success());
    assert!(fs::read_to_string(&spec).unwrap().contains("[inputs.x]"));
}

#[test]
fn names_of_any_kind_give_a_spec_that_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let lines = [
        "\"a \\x22b\\x22\\n]\\x7f # x.npy\": float32[4, 2] = normal 0 1",
        "\"\\xc3\\xa9/x.npy\": float32[4, 2] = normal 0 1",
    ];
    dump(folder.path(), &[&lines, &lines]);
    let (text, report) = written(folder.path());
    assert!(report.diagnostics.iter().all(|found| found.rule != "missing-input"), "{text}");
}

#[test]
fn loose_files_are_named_by_their_files() {
    let folder = tempfile::tempdir().unwrap();
    for (name, line) in [("x.npy", "float32[40, 3] = normal 0 1"), ("y.npy", "int64[40] = choice 0 1 2")] {
        fs::write(folder.path().join(name), recipe::npy(name, &[line])).unwrap();
    }
    let (text, _) = written(folder.path());
    assert!(text.contains("[inputs.x]") && text.contains("[targets.y]"), "{text}");
    clean_on_itself(folder.path());
}
