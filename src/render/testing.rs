//! A report about a running program, for the tests of renderers.

use crate::config::Level;
use crate::diagnostic::{Anchor, Diagnostic, Edit, Finding, Fix, Label, Place, Position, Unit};
use crate::error::Text;
use crate::spec::{At, Spec};
use crate::verdict::{Coverage, Report};

const TRAIN: &str = "\
import numpy as np

def batches(steps, batch_size):
    for _ in range(steps):
        data = np.random.rand(batch_size, 32, 32, 3)
        labels = np.random.randint(0, 2, size=batch_size)
        yield data, labels
";

const SPEC: &str = "[inputs.data]\ndtype = \"float32\"\n";

/// A text.
pub(super) fn text(name: &str, body: &str) -> Text {
    Text { name: name.into(), body: body.into() }
}

/// A label at these words of `train.py`.
pub(super) fn labelled(words: &str, says: &str) -> Label {
    let start = TRAIN.find(words).expect("they stand there");
    Label { text: text("train.py", TRAIN), span: start..start + words.len(), says: says.into() }
}

/// A spec, and a report with one diagnostic of these labels.
pub(super) fn live(labels: Vec<Label>) -> (Spec, Report) {
    let spec = Spec { text: Some(text("batchlint.toml", SPEC)), ..Spec::default() };
    let value = SPEC.find('"').expect("it is quoted");
    let place = Place { source: "train.py:batches batch 0".into(), array: Some("0".into()), ..Place::default() };
    let edit = Edit {
        file: "train.py".into(),
        start: Position { line: 5, column: 53 },
        end: Position { line: 5, column: 53 },
        text: ".astype(np.float32)".into(),
    };
    let fix = Fix { edits: vec![edit], ..Fix::new("data = data.astype(np.float32)", "nobody looked") };
    let finding = Finding::new(
        Anchor::Spec(At::Text(value..value + 9)),
        "data",
        "input `data` is float64, the model takes float32",
        "`data` has dtype float32.",
        "float64",
    )
    .counted(vec![place], 20, 20, Unit::Batch)
    .fix(fix);
    let mut diagnostic = Diagnostic::new("double-precision", Level::Error, finding);
    diagnostic.labels = labels;
    let report = Report {
        diagnostics: vec![diagnostic],
        allowed: Vec::new(),
        known: Vec::new(),
        gone: crate::verdict::baseline::Baseline::default(),
        counts: None,
        checks: Vec::new(),
        coverage: Coverage::default(),
        fail_on: Level::Error,
        redacted: false,
    };
    (spec, report)
}
