//! What Keras does with each mismatch, as it was measured with TensorFlow 2.21 and Keras 3.15, and what a check against the
//! model alone says of it: an error where training stops, aborts or is silently ruined, a warning where data is cast and its
//! values kept or nearly kept.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use std::fs;
use std::path::Path;

use batchlint::config::{Level, Overrides, Settings};
use batchlint::run;
use batchlint::source::Progress;
use support::recipe;

/// The loudest finding about three batches of these arrays, and the rules that speak that loud.
fn verdict(model: &str, batches: [&[&str]; 3]) -> (Option<Level>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    for (i, lines) in batches.iter().enumerate() {
        let name = format!("batch_{i}.npz");
        fs::write(folder.path().join(&name), recipe::npz(&name, lines)).unwrap();
    }
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/models").join(model);
    let settings = Settings {
        paths: vec![folder.path().into()],
        overrides: Overrides { model: Some(model), ..Overrides::default() },
        directory: "/".into(),
        ..Settings::default()
    };
    let report = run::check(&settings, &Progress::default()).unwrap().report;
    let loudest = report.diagnostics.iter().map(|found| found.level).max().filter(|level| *level > Level::Note);
    let loud = report.diagnostics.iter().filter(|found| Some(found.level) == loudest);
    (loudest, loud.map(|found| format!("{}: {}", found.rule, found.finding.message)).collect())
}

const ERROR: Option<Level> = Some(Level::Error);
const WARNING: Option<Level> = Some(Level::Warning);
const FINE: Option<Level> = None;

/// Holds every row against its verdict: the model, the arrays of each batch, and what is expected.
fn hold(model: &str, rows: &[(&[&str], Option<Level>)]) {
    let mut wrong = Vec::new();
    for (arrays, expected) in rows {
        let (found, rules) = verdict(model, [arrays, arrays, arrays]);
        if found != *expected {
            wrong.push(format!("{arrays:?}: expected {expected:?}, found {found:?} {rules:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{model}\n{}", wrong.join("\n"));
}

const LABEL: &str = "label: int64[6] = choice 0 1";
const IMAGE: &str = "image: float32[6, 32, 32, 3]";

#[test]
fn the_dtype_of_an_input() {
    let row = |image: &'static str, expected| ([image, LABEL], expected);
    let rows = [
        row("image: float32[6, 32, 32, 3]", FINE),
        row("image: >f4[6, 32, 32, 3]", FINE),
        row("image: float64[6, 32, 32, 3]", WARNING),
        row("image: float16[6, 32, 32, 3]", WARNING),
        row("image: uint8[6, 32, 32, 3] = smooth 0 255", WARNING),
        row("image: int64[6, 32, 32, 3] = smooth 0 255", WARNING),
        row("image: bool[6, 32, 32, 3]", WARNING),
        // Keras casts it and only TensorFlow logs it: half of every number is lost, which is more than a warning.
        row("image: complex64[6, 32, 32, 3]", ERROR),
        row("image: object[6]", ERROR),
        row("image: <U5[6] = words a b c", ERROR),
        row("image: |S5[6] = words a b c", ERROR),
        row("image: <f16[6, 32, 32, 3]", ERROR),
        row("image: <M8[s][6, 32, 32, 3]", ERROR),
        row("image: {a:<f4,b:<i4}[6]", ERROR),
        row("image: float32[6, 32, 32, 3]; [2, 1, 1, 0] = nan", ERROR),
        row("image: float32[6, 32, 32, 3]; [2, 1, 1, 0] = inf", ERROR),
    ];
    let rows: Vec<(&[&str], Option<Level>)> = rows.iter().map(|(arrays, expected)| (&arrays[..], *expected)).collect();
    hold("seq_compiled.keras", &rows);
}

#[test]
fn the_shape_of_an_input() {
    let shapes = [
        "6, 28, 28, 3",
        "6, 64, 64, 3",
        "6, 3, 32, 32",
        "6, 32, 32, 4",
        "6, 32, 32, 3, 1, 1",
        "6, 32, 32",
        "32, 32, 3",
    ];
    for shape in shapes.into_iter().chain(["6, 32, 32, 1"]) {
        let image = format!("image: float32[{shape}]");
        hold("seq_compiled.keras", &[(&[&image, LABEL], ERROR)]);
        hold("func_nested.keras", &[(&[&image, LABEL], ERROR)]);
    }
    let y = "y: float32[6, 1] = [0, 1, 1, 0, 1]";
    hold(
        "func_binary.keras",
        &[
            (&["feat: float32[6, 8] = normal 0 1", y], FINE),
            (&["feat: float32[6, 8, 1] = normal 0 1", y], WARNING),
            (&["feat: float32[6, 9] = normal 0 1", y], ERROR),
        ],
    );
    let y = "y: int64[4] = [0, 1, 2, 3]";
    let y32 = "y: int64[32] = arange";
    hold(
        "func_fixed_batch_f16.keras",
        &[
            (&["x: float16[4, 32, 32, 3]", y], WARNING),
            (&["x: float16[32, 32, 32, 3]", &y32.replace("arange", "choice 0 1 2 3 4 5 6 7 8 9")], FINE),
        ],
    );
}

#[test]
fn labels_of_sparse_categorical_crossentropy() {
    let mut rows: Vec<(String, Option<Level>)> = Vec::new();
    for dtype in ["int64", "int32", "uint8", "int8", "uint64", "bool"] {
        for shape in ["6", "6, 1"] {
            rows.push((format!("label: {dtype}[{shape}] = [0, 1, 1, 0, 1]"), FINE));
        }
    }
    for dtype in ["float32", "float64", "float16"] {
        rows.push((format!("label: {dtype}[6] = [0, 1, 1, 0, 1]"), FINE));
        rows.push((format!("label: {dtype}[6] = [0.5, 1.5, 0.25]"), ERROR));
    }
    for label in [
        "int64[6] = [0, 1, 2]",
        "int64[6] = [0, 1, -1]",
        "uint8[6] = [0, 1, 255]",
        "int64[6] = [1, 2]",
        "<U3[6] = words cat dog",
        "object[6]",
    ] {
        rows.push((format!("label: {label}"), ERROR));
    }
    for (label, expected) in &rows {
        hold("seq_compiled.keras", &[(&[IMAGE, label], *expected)]);
    }
    // Rows of two numbers are one-hot by chance, so that few of them prove nothing where no shape is declared.
    let (image, label) = ("image: float32[40, 32, 32, 3]", "label: float32[40, 2] = [1, 0, 0, 1, 0, 1]");
    hold("seq_compiled.keras", &[(&[image, label], ERROR)]);
    // Keras stops at rows of three numbers, too. Sparse targets may have any number of last axes of 1, which no shape can
    // say, so that the text of the model says nothing of the shape, and three is not the number of classes.
    hold("seq_compiled.keras", &[(&[IMAGE, "label: int64[6, 3] = [1, 0, 0, 0, 1, 0]"], FINE)]);
    hold("seq_compiled.keras", &[(&[IMAGE], ERROR), (&[IMAGE, "label: int64[5] = choice 0 1"], ERROR)]);
}

#[test]
fn labels_of_categorical_and_binary_crossentropy() {
    let feat = "feat: float32[6, 8] = normal 0 1";
    let one_hot = "[1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]";
    let good = format!("y: int64[6, 5] = {one_hot}");
    hold(
        "func_onehot.keras",
        &[
            (&[feat, &good], FINE),
            (&[feat, "y: int64[6] = [0, 1, 2, 3, 4]"], ERROR),
            (&[feat, "y: int64[6, 1] = [0, 1, 2, 3, 4]"], ERROR),
            (&[feat, "y: float32[6, 3] = [1, 0, 0, 0, 1, 0]"], ERROR),
        ],
    );
    hold(
        "func_binary.keras",
        &[
            (&[feat, "y: float32[6] = [0, 1, 1, 0, 1]"], FINE),
            (&[feat, "y: int64[6, 1] = [0, 1, 1, 0, 1]"], FINE),
            // Keras stops. The model takes `[batch]` and `[batch, 1]` alike, and a shape has no words for an axis that may be
            // left out, so that the text of the model says nothing of it.
            (&[feat, "y: float32[6, 2] = [1, 0, 0, 1]"], FINE),
        ],
    );
    for (model, y) in [
        ("func_onehot.keras", "y: float32[6, 5] = [0.5, 0.4, 0.3, 0.2, 0.1]"),
        ("func_onehot.keras", "y: float32[6, 5] = [-1, 1, 1, 0, 0]"),
        ("func_binary.keras", "y: int64[6] = [0, 1, 2, 3, 4]"),
    ] {
        let (found, rules) = verdict(model, [&[feat, y]; 3]);
        assert!(found >= WARNING, "{y}: {found:?} {rules:?}");
    }
}

#[test]
fn batches_of_a_generator() {
    let of = |batches: [&[&str]; 3]| verdict("seq_compiled.keras", batches);
    let good: &[&str] = &[IMAGE, LABEL];
    assert_eq!(
        of([good, good, &["image: float32[3, 32, 32, 3]", "label: int64[3] = [0, 1]"]]).0,
        FINE,
        "a short last batch"
    );
    assert_eq!(of([good, good, &["image: float32[0, 32, 32, 3]", "label: int64[0]"]]).0, ERROR, "an empty batch");
    assert_eq!(of([good, good, &["image: float64[6, 32, 32, 3]", LABEL]]).0, WARNING, "the dtype changes");
    assert_eq!(of([good, good, &["image: float32[6, 28, 28, 3]", LABEL]]).0, ERROR, "the shape changes");
    assert_eq!(of([good, good, &[IMAGE]]).0, ERROR, "a batch without labels");
}

#[test]
fn several_inputs_go_by_their_names() {
    let y = ["cls: int64[6] = [0, 1, 1, 0, 1]", "reg: float32[6, 1] = normal 0 1"];
    let image = "image: uint8[6, 9, 7, 3] = smooth 0 255";
    let (tokens, scale) = ("tokens: int32[6, 16] = uniform 0 49", "scale: float32[6] = normal 0 1");
    hold(
        "func_multi_dict.keras",
        &[
            (&[image, tokens, scale, y[0], y[1]], FINE),
            (&[image, "Tokens: int32[6, 16] = uniform 0 49", scale, y[0], y[1]], ERROR),
            (&[image, tokens, y[0], y[1]], ERROR),
            (&[image, tokens, scale, "extra: float32[6, 2]", y[0], y[1]], WARNING),
            (&[image, "tokens: int32[6, 1] = uniform 0 49", scale, y[0], y[1]], ERROR),
            (&[image, "tokens: int32[6, 8] = uniform 0 49", scale, y[0], y[1]], ERROR),
            (&[image, "tokens: int32[6, 16] = uniform 0 49; [2, 3] = 9999999", scale, y[0], y[1]], ERROR),
            (&[image, "tokens: int32[6, 16] = uniform 0 49; [2, 3] = -1", scale, y[0], y[1]], ERROR),
            (&[image, "tokens: float32[6, 16] = uniform 0 49", scale, y[0], y[1]], ERROR),
            (&["image: float32[6, 9, 7, 3] = smooth 0 1", tokens, scale, y[0], y[1]], ERROR),
        ],
    );
}
