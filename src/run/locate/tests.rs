use super::*;
use crate::config::Level;
use crate::diagnostic::{Anchor, Place, Unit};
use crate::facts::testing::Program;
use crate::source::capture::places::{FrameFacts, Raised, Span, Trouble};
use crate::verdict::Coverage;

const TRAIN: &str = "\
import numpy as np

def batches(steps, batch_size):
    for _ in range(steps):
        data = np.random.rand(batch_size, 32, 32, 3)
        labels = np.random.randint(0, 2, size=batch_size)
        yield data, labels
";

fn naive() -> Program {
    Program::new("train.py", TRAIN)
        .site("yield", "exact", "data, labels")
        .element(&[0], "data, labels", true)
        .with(|site| site.elements[0].span = Some(Span(7, 14, 7, 18)))
        .made("np.random.rand(batch_size, 32, 32, 3)", true, "float64")
}

/// The labels of a finding of the rule about these batches of the array: `line words: says`.
fn said(facts: &Facts, rule: &'static str, batches: &[u64], key: Option<&str>) -> Vec<String> {
    let place = |batch: &u64| Place {
        source: format!("train.py:batches batch {batch}"),
        array: key.map(str::to_owned),
        batch: Some(*batch),
        ..Place::default()
    };
    let places: Vec<Place> = batches.iter().map(place).collect();
    let (count, of) = (places.len() as u64, facts.sources().len() as u64);
    let finding = Finding::new(Anchor::Data, "x", "m", "e", "f").counted(places, count, of, Unit::Batch);
    told(facts, rule, finding)
}

fn told(facts: &Facts, rule: &'static str, finding: Finding) -> Vec<String> {
    let diagnostics = vec![Diagnostic::new(rule, Level::Error, finding)];
    let mut report = Report {
        diagnostics,
        allowed: Vec::new(),
        known: Vec::new(),
        gone: crate::verdict::baseline::Baseline::default(),
        counts: None,
        checks: Vec::new(),
        coverage: Coverage::default(),
        fail_on: Level::Error,
        redacted: false,
    };
    locate(&mut report, facts);
    shown(&report.diagnostics[0].labels)
}

fn shown(labels: &[Label]) -> Vec<String> {
    let line = |label: &Label| crate::diagnostic::Position::of(&label.text.body, label.span.start).line;
    let shown = |label: &Label| {
        format!("{}:{} `{}`: {}", label.text.name, line(label), &label.text.body[label.span.clone()], label.says)
    };
    labels.iter().map(shown).collect()
}

#[test]
fn a_type_points_first_to_where_the_array_was_made() {
    let facts = naive().batches(3, &["0: float64[32, 32, 32, 3]", "1: int64[32]"]).facts();
    assert_eq!(
        said(&facts, "double-precision", &[0, 1, 2], Some("0")),
        [
            "train.py:5 `np.random.rand(batch_size, 32, 32, 3)`: float64 made here",
            "train.py:7 `data`: yielded here: float64 [32, 32, 32, 3], in 3 of 3 batches",
        ]
    );
    // For everything else it is where the array was handed out.
    let other = said(&facts, "non-finite-values", &[1], Some("0"));
    assert!(other[0].starts_with("train.py:7 `data`: yielded here: float64 [32, 32, 32, 3], in 1 of 3"), "{other:?}");
    assert!(other[1].ends_with(": made here"), "{other:?}");
}

#[test]
fn what_changed_the_type_goes_before_what_made_the_array() {
    let text = "def batches():\n    x = read()\n    x = x.astype(np.float32)\n    x = x / scale\n    return x\n";
    let program = || {
        Program::new("train.py", text)
            .site("return", "only", "return x")
            .with(|site| site.span = Some(Span(5, 11, 5, 12)))
            .element(&[0], "return x", true)
            .with(|site| site.elements[0].span = Some(Span(5, 11, 5, 12)))
            .made("read()", true, "uint8")
            .became("x.astype(np.float32)", "uint8", "float32")
    };
    let facts = program().became("x / scale", "float32", "float64").batches(1, &["0: float64[2]"]).facts();
    assert_eq!(
        said(&facts, "double-precision", &[0], Some("0")),
        ["train.py:4 `x / scale`: became float64 here: float32 before", "train.py:5 `x`: returned here: float64 [2]"]
    );
    // The last change that was seen leads elsewhere: one was not seen, so nothing is claimed.
    let facts = program().batches(1, &["0: float64[2]"]).facts();
    assert_eq!(said(&facts, "double-precision", &[0], Some("0")), ["train.py:5 `x`: returned here: float64 [2]"]);
}

#[test]
fn what_is_only_likely_says_so_and_is_never_the_main_place() {
    let uncertain = || {
        Program::new("train.py", TRAIN)
            .site("yield", "exact", "data, labels")
            .element(&[0], "data, labels", false)
            .made("np.random.rand(batch_size, 32, 32, 3)", false, "float64")
    };
    let facts = uncertain().batches(1, &["0: float64[8]"]).facts();
    assert_eq!(
        said(&facts, "wrong-dtype", &[0], Some("0")),
        [
            "train.py:7 `data, labels`: yielded here, in this expression: float64 [8]",
            "train.py:5 `np.random.rand(batch_size, 32, 32, 3)`: probably made here",
        ]
    );
    assert_eq!(said(&facts, "wrong-rank", &[0], Some("0")).len(), 1, "for other rules only what is certain is shown");
    let facts = uncertain().batches(1, &["0: float64[8]"]).yielded(|yielded| yielded.assumed = true).facts();
    assert!(said(&facts, "wrong-rank", &[0], Some("0"))[0].contains("`: probably yielded here, in this"));
    let facts = uncertain().with(|site| site.inferred = true).batches(1, &["0: float64[8]"]).facts();
    assert!(
        said(&facts, "wrong-rank", &[0], Some("0"))[0]
            .ends_with("yielded here, in this expression, and made into a batch: float64 [8]")
    );
}

#[test]
fn a_line_is_the_whole_line_and_nothing_is_nothing() {
    let program = |how: &str| Program::new("train.py", TRAIN).site("yield", how, "yield data, labels");
    let facts = program("line").batches(2, &["0: float64[8]"]).facts();
    assert_eq!(
        said(&facts, "wrong-rank", &[0], Some("0")),
        ["train.py:7 `yield data, labels`: yielded on this line: float64 [8], in 1 of 2 batches"]
    );
    let facts = program("none").with(|site| site.span = None).batches(1, &["0: float64[8]"]).facts();
    assert_eq!(said(&facts, "wrong-rank", &[0], Some("0")), [""; 0]);
    let facts = program("line").batches(1, &["0: float64[8]"]).yielded(|yielded| yielded.site = None).facts();
    assert_eq!(said(&facts, "wrong-rank", &[0], Some("0")), [""; 0]);
}

#[test]
fn findings_about_batches_point_at_the_statement() {
    let facts = naive().batches(2, &["0: float64[8, 2]"]).facts();
    assert_eq!(
        said(&facts, "uneven-batches", &[0, 1], None),
        ["train.py:7 `data, labels`: yielded here, in 2 of 2 batches"]
    );
    // A finding without places is about the only site that there is.
    assert_eq!(
        told(&facts, "too-few-batches", Finding::new(Anchor::Data, "", "m", "e", "f")),
        ["train.py:7 `data, labels`: yielded here"]
    );
    let line = Finding::new(Anchor::Data, "", "m", "e", "f").counted(Vec::new(), 1, 1, Unit::Line);
    assert_eq!(told(&facts, "zero-steps", line), [""; 0]);
    assert_eq!(told(&facts, "not-evaluated", Finding::new(Anchor::Data, "", "m", "e", "f")), [""; 0]);
    let place = Place { source: "train.py:batches batch 0".into(), detail: Some("40 rows".into()), ..Place::default() };
    let whole = Finding::new(Anchor::Data, "", "m", "e", "f").counted(vec![place], 1, 1, Unit::Batch);
    assert_eq!(told(&facts, "whole-dataset-batch", whole), ["train.py:7 `data, labels`: yielded here: 40 rows"]);
    let file = Finding::new(Anchor::Data, "", "m", "e", "f").counted(vec![Place::file("a.npz")], 1, 1, Unit::Batch);
    assert_eq!(told(&facts, "too-few-batches", file), [""; 0]);
}

#[test]
fn several_sites_and_files_each_have_their_label_and_no_share() {
    let facts = naive()
        .batches(2, &["0: float64[8, 2]"])
        .text("extra.py", "for x in more():\n    yield (x, y)\n")
        .site("yield", "exact", "(x, y)")
        .element(&[0], "x, ", true)
        .with(|site| site.elements[0].span = Some(Span(2, 11, 2, 12)))
        .within(0)
        .made("np.random.randint(0, 2, size=batch_size)", true, "float64")
        .batches(1, &["0: float64[6, 2]"])
        .facts();
    assert_eq!(
        said(&facts, "wrong-dtype", &[0, 2], Some("0")),
        [
            "train.py:5 `np.random.rand(batch_size, 32, 32, 3)`: float64 made here",
            "train.py:7 `data`: yielded here: float64 [8, 2]",
            "train.py:6 `np.random.randint(0, 2, size=batch_size)`: float64 made here",
            "extra.py:2 `x`: yielded here: float64 [6, 2]",
        ]
    );
}

#[test]
fn sizes_that_differ_are_told_from_the_least_to_the_greatest() {
    let facts = naive().batches(2, &["0: float64[32, 4]"]).batches(1, &["0: float64[16, 4]"]).facts();
    let labels = said(&facts, "wrong-rank", &[0, 1, 2], Some("0"));
    assert!(labels[0].ends_with("yielded here: float64 [16 to 32, 4], in 3 of 3 batches"), "{labels:?}");
    let labels = said(&facts, "wrong-rank", &[2], Some("0"));
    assert!(labels[0].ends_with("yielded here: float64 [16, 4], in 1 of 3 batches"), "{labels:?}");
    let facts = naive().batches(1, &["0: float64[32, 4]"]).batches(1, &["0: float64[4]"]).facts();
    let labels = said(&facts, "wrong-rank", &[0, 1], Some("0"));
    assert!(labels[0].ends_with("yielded here: float64, in 2 of 2 batches"), "{labels:?}");
}

#[test]
fn a_count_is_only_told_of_what_it_counts() {
    let place = |batch: u64| Place {
        source: format!("train.py:batches batch {batch}"),
        array: Some("0".into()),
        ..Place::default()
    };
    let kept = |rule: &'static str, facts: &Facts, count: u64| {
        let finding = Finding::new(Anchor::Data, "x", "m", "e", "f");
        told(facts, rule, finding.counted(vec![place(0)], count, 4, Unit::Batch)).join("; ")
    };
    // Three of four have some shape, and which of them is not told any more.
    let shapes = naive().batches(2, &["0: float64[32, 4]"]).batches(2, &["0: float64[30, 4]"]).facts();
    let labels = kept("wrong-rank", &shapes, 3);
    assert!(labels.contains("yielded here: float64, in 3 of 4 batches"), "{labels}");
    assert!(kept("wrong-rank", &shapes, 4).contains("float64 [30 to 32, 4], in 4 of 4 batches"));
    // Arrays of two types are counted together, but by a rule about types.
    let types = naive().batches(2, &["0: float64[32, 4]"]).batches(2, &["0: float32[32, 4]"]).facts();
    let labels = kept("non-finite-values", &types, 3);
    assert!(labels.contains("yielded here: float64 [32, 4];"), "{labels}");
    let labels = kept("double-precision", &types, 2);
    assert!(labels.ends_with("yielded here: float64 [32, 4], in 2 of 4 batches"), "{labels}");
}

#[test]
fn what_is_made_where_it_is_handed_out_has_one_label() {
    let facts = Program::new("g.py", "yield np.zeros(4), 1\n")
        .site("yield", "exact", "np.zeros(4), 1")
        .element(&[0], "np.zeros(4)", true)
        .made("np.zeros(4)", true, "float64")
        .batches(1, &["0: float64[4]"])
        .facts();
    assert_eq!(
        said(&facts, "double-precision", &[0], Some("0")),
        ["g.py:1 `np.zeros(4)`: float64 made here, yielded here: float64 [4]"]
    );
}

#[test]
fn rubbish_from_the_program_is_no_label_and_no_panic() {
    let most = u64::MAX;
    for span in [Span(0, 0, 0, 0), Span(most, most, most, most), Span(7, 18, 7, 14), Span(99, 0, 99, 1)] {
        let facts = naive()
            .with(|site| {
                site.elements[0].span = Some(span);
                site.elements[0].made[0].span = Some(span);
            })
            .batches(1, &["0: float64[4]"])
            .facts();
        assert_eq!(said(&facts, "double-precision", &[0], Some("0")), [""; 0], "{span:?}");
    }
    let facts = naive().with(|site| site.elements[0].source = Some(9)).batches(1, &["0: float64[4]"]).facts();
    assert_eq!(said(&facts, "non-finite-values", &[0], Some("0")).len(), 1, "what it was made by is still known");
}

#[test]
fn an_exception_points_into_the_innermost_frame_of_the_user() {
    let mut capture = naive().capture;
    let frame = |user: bool, line: u64, span: Option<Span>| FrameFacts {
        file: "train.py".into(),
        line,
        func: "batches".into(),
        user,
        source: user.then_some(0),
        span,
    };
    let cause = Raised { kind: "KeyError".into(), frames: vec![frame(true, 4, None)], ..Raised::default() };
    let raised = Raised {
        kind: "ValueError".into(),
        frames: vec![frame(true, 7, None), frame(true, 5, Some(Span(5, 15, 5, 29))), frame(false, 1, None)],
        cause: Some(Box::new(cause)),
        ..Raised::default()
    };
    capture.error = Some(Trouble { error: Some(raised), ..Trouble::default() });
    assert_eq!(
        shown(&trouble_labels(&capture)),
        [
            "train.py:5 `np.random.rand`: ValueError raised in what is called here",
            "train.py:4 `for _ in range(steps):`: because of the KeyError raised here",
        ]
    );
    let error = capture.error.as_mut().and_then(|trouble| trouble.error.as_mut()).unwrap();
    (error.kind, error.frames, error.cause) = ("KeyboardInterrupt".into(), vec![frame(true, 6, None)], None);
    assert!(shown(&trouble_labels(&capture))[0].ends_with(": interrupted here"));
    capture.error = Some(Trouble::default());
    assert!(trouble_labels(&capture).is_empty());
}
