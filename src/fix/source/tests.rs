use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::config::Level;
use crate::diagnostic::{Anchor, Applicability, Finding, Fix, Place, Unit};
use crate::facts::testing::Program;
use crate::source::capture::places::{SourceText, Span};
use crate::spec::dtype::{DtypeRule, Wanted};
use crate::spec::{At, Declaration, Declared, Pick, Role};
use crate::verdict::Coverage;

const TRAIN: &str = "\
import numpy as np

def batches(n):
    data = np.random.rand(n, 3)
    labels = np.arange(n)
    yield data, labels
";

/// A program that hands out one batch of two arrays.
fn program() -> Program {
    Program::new("train.py", TRAIN)
        .site("yield", "exact", "data, labels")
        .element(&[0], "data, labels", true)
        .with(|site| site.elements[0].span = Some(Span(6, 10, 6, 14)))
        .made("np.random.rand(n, 3)", true, "float64")
        .element(&[1], "labels\n", true)
        .made("np.arange(n)", true, "int64")
}

fn spec() -> Spec {
    let declared = |name: &str, role: Role| Declaration {
        role,
        name: name.into(),
        at: At::Flag("--spec"),
        dtype: Some(Declared {
            value: DtypeRule { wanted: vec![Wanted::Exactly(Dtype::from_name("float32").unwrap())] },
            at: At::Flag("--spec"),
        }),
        shape: None,
        axes: None,
        values: None,
        encoding: None,
        classes: None,
        ignore: None,
        pick: Pick::default(),
        optional: false,
        advisory: false,
        allows: Vec::new(),
    };
    Spec { arrays: vec![declared("data", Role::Input), declared("labels", Role::Target)], ..Spec::default() }
}

fn finding(subject: &str, batch: u64, key: Option<&str>, fix: Option<Fix>) -> Finding {
    let source = format!("train.py:batches batch {batch}");
    let place = Place { source, array: key.map(str::to_owned), ..Place::default() };
    let mut finding = Finding::new(Anchor::Data, subject, format!("about {subject} {batch}"), "e", "f");
    finding.fix = fix;
    finding.help("cast once").counted(vec![place], 1, 1, Unit::Batch)
}

fn report(found: Vec<(&'static str, Finding)>) -> Report {
    let diagnostics = found.into_iter().map(|(rule, finding)| Diagnostic::new(rule, Level::Error, finding)).collect();
    Report {
        diagnostics,
        allowed: Vec::new(),
        known: Vec::new(),
        gone: crate::verdict::baseline::Baseline::default(),
        counts: None,
        checks: Vec::new(),
        coverage: Coverage::default(),
        fail_on: Level::Error,
        redacted: false,
    }
}

fn fix() -> Option<Fix> {
    Some(Fix::unverified("x = x.astype(np.float32)"))
}

fn both() -> Report {
    report(vec![
        ("double-precision", finding("data", 0, Some("0"), fix())),
        ("wrong-dtype", finding("labels", 0, Some("1"), fix())),
    ])
}

fn size(rule: SizeRule) -> Spec {
    let mut spec = spec();
    spec.plan.size = Some(Declared { value: rule, at: At::Flag("--batch-size") });
    spec
}

#[test]
fn a_cast_is_to_the_declared_type_at_every_site_that_has_the_fault() {
    let facts = program()
        .batches(1, &["0: float64[4, 3]", "1: int64[4]"])
        .site("yield", "exact", "data, labels")
        .batches(1, &["0: float64[4, 3]", "1: float32[4]"])
        .facts();
    let path = |index: u64| vec![Step::Index(index)];
    let cast = || Do::Cast("float32".into());
    assert_eq!(
        wants(&both(), &facts, &spec()),
        [
            Want { diagnostics: vec![0], site: 0, path: path(0), action: cast() },
            Want { diagnostics: vec![0], site: 1, path: path(0), action: cast() },
            Want { diagnostics: vec![1], site: 0, path: path(1), action: cast() },
        ]
    );
    assert_eq!(
        question(7, &wants(&both(), &facts, &spec())[2..]),
        json!({"id": 7, "wants": [{"site": 0, "path": [1], "do": "cast", "dtype": "float32"}]})
    );
}

#[test]
fn nothing_is_asked_for_that_is_no_plain_cast() {
    let facts = program().batches(1, &["0: float64[4, 3]", "1: int64[4]"]).facts();
    let none = |report: Report, spec: &Spec| assert_eq!(wants(&report, &facts, spec), []);
    none(report(vec![("double-precision", finding("data", 0, Some("0"), None))]), &spec());
    none(report(vec![("non-finite-values", finding("data", 0, Some("0"), fix()))]), &spec());
    none(report(vec![("wrong-dtype", finding("unknown", 0, Some("0"), fix()))]), &spec());
    none(report(vec![("wrong-dtype", finding("data", 9, Some("0"), fix()))]), &spec());
    none(both(), &Spec::default());
    assert_eq!(wants(&both(), &Facts::new(facts.sources().to_vec()), &spec()), [], "no program was run");
}

#[test]
fn findings_that_one_edit_mends_ask_for_it_once() {
    let facts = program().batches(2, &["0: float64[4, 3]"]).facts();
    let twice = report(vec![
        ("double-precision", finding("data", 0, Some("0"), fix())),
        ("wrong-dtype", finding("data", 1, Some("0"), fix())),
    ]);
    let wants = wants(&twice, &facts, &spec());
    assert_eq!((wants.len(), &wants[0].diagnostics), (1, &vec![0, 1]));
}

#[test]
fn a_whole_dataset_is_cut_into_batches_of_the_plan() {
    let facts = program().batches(1, &["0: float64[640, 3]"]).facts();
    let whole = || report(vec![("whole-dataset-batch", finding("", 0, None, fix()))]);
    let split = |spec: &Spec| wants(&whole(), &facts, spec).first().map(|want| want.action.clone());
    assert_eq!(split(&size(SizeRule::exactly(32))), Some(Do::Split(32)));
    assert_eq!(split(&size(SizeRule { min: None, max: Some(30), multiple_of: Some(8) })), Some(Do::Split(24)));
    assert_eq!(split(&size(SizeRule { min: Some(8), max: None, multiple_of: None })), None);
    let mut planned = spec();
    planned.plan.dataset = Some(Declared { value: 640, at: At::Flag("--spec") });
    planned.plan.steps = Some(Declared { value: 20, at: At::Flag("--steps") });
    assert_eq!(split(&planned), Some(Do::Split(32)));
    planned.plan.steps = Some(Declared { value: 0, at: At::Flag("--steps") });
    assert_eq!(split(&planned), None);
    assert_eq!(wants(&whole(), &facts, &size(SizeRule::exactly(32)))[0].path, []);
}

/// The answer that casts both arrays, the first where it is made and the second where it is yielded.
fn answer() -> Planned {
    let new = TRAIN
        .replace("np.random.rand(n, 3)", "np.random.rand(n, 3).astype(np.float32)")
        .replace("data, labels", "data, labels.astype(np.float32)");
    serde_json::from_value(json!({
        "id": 1,
        "results": [
            {"want": 0, "ok": true, "where": "creation", "python": "data = np.random.rand(n, 3).astype(np.float32)"},
            {"want": 1, "ok": true, "where": "yield", "python": "yield data, labels.astype(np.float32)", "later": 1},
        ],
        "files": [{"source": 0, "text": new, "edits": [
            {"span": [4, 31, 4, 31], "text": ".astype(np.float32)"},
            {"span": [6, 22, 6, 22], "text": ".astype(np.float32)"},
        ]}],
    }))
    .unwrap()
}

/// The report with the answer in it.
fn attached(planned: &Planned) -> (Report, Vec<(usize, Fix)>) {
    let program = program().batches(1, &["0: float64[4, 3]", "1: int64[4]"]);
    let capture = program.capture.clone();
    let facts = program.facts();
    let mut report = both();
    let wants = wants(&report, &facts, &spec());
    let before = attach(&mut report, &wants, planned, &capture);
    (report, before)
}

#[test]
fn each_repair_gets_its_own_edits_and_python() {
    let (report, before) = attached(&answer());
    let fixes: Vec<&Fix> = report.diagnostics.iter().map(|found| found.finding.fix.as_ref().unwrap()).collect();
    assert_eq!(fixes[0].python, "data = np.random.rand(n, 3).astype(np.float32)");
    assert_eq!(fixes[1].python, "yield data, labels.astype(np.float32)");
    let places = |fix: &Fix| -> Vec<_> {
        fix.edits.iter().map(|edit| (edit.start.line, edit.start.column, edit.end.column)).collect()
    };
    assert_eq!((places(fixes[0]), places(fixes[1])), (vec![(4, 32, 32)], vec![(6, 23, 23)]));
    assert_eq!(fixes[0].proof.applicability(), Applicability::Unverified);
    assert_eq!(report.diagnostics[0].finding.help.as_deref(), Some("cast once"));
    assert_eq!((before.len(), &before[1].1.python), (2, &"x = x.astype(np.float32)".to_owned()));
}

#[test]
fn an_edit_that_says_whose_it_is_or_is_nobodys_goes_there() {
    let mut planned = answer();
    planned.results[0].note = Some("the last batch has 2 rows".into());
    let file = &mut planned.files[0];
    file.edits.insert(0, PlannedEdit { span: Span(1, 0, 1, 0), text: "import os\n".into(), wants: Vec::new() });
    file.edits[1].wants = vec![1];
    file.text = format!("import os\n{}", file.text);
    let (report, _) = attached(&planned);
    let counts = |at: usize| report.diagnostics[at].finding.fix.as_ref().unwrap().edits.len();
    assert_eq!((counts(0), counts(1)), (1, 3), "the import is for both");
    assert_eq!(report.diagnostics[0].finding.help.as_deref(), Some("cast once; the last batch has 2 rows"));
}

#[test]
fn where_there_is_no_edit_the_help_says_why() {
    let mut planned = answer();
    planned.results[0] = Planning { want: 0, why: Some("`data` is used elsewhere".into()), ..Planning::default() };
    planned.results.truncate(1);
    let (report, before) = attached(&planned);
    assert_eq!(before, []);
    let help = |at: usize| report.diagnostics[at].finding.help.clone().unwrap();
    assert_eq!(help(0), "cast once; the source is not edited for you: `data` is used elsewhere");
    assert!(help(1).ends_with("not edited for you: nothing came back when an edit was asked for"), "{}", help(1));
    let fix = report.diagnostics[0].finding.fix.as_ref().unwrap();
    assert_eq!((fix.python.as_str(), fix.edits.len()), ("x = x.astype(np.float32)", 0));
}

#[test]
fn an_answer_that_does_not_add_up_is_not_believed() {
    let spoilers: [fn(&mut Planned); 5] = [
        |planned| planned.files[0].text.push('x'),
        |planned| planned.files[0].source = 9,
        |planned| planned.files[0].edits[0].span = Span(99, 0, 99, 0),
        |planned| planned.files[0].edits[0].span = Span(u64::MAX, u64::MAX, 0, 0),
        |planned| planned.files.clear(),
    ];
    for spoil in spoilers {
        let mut planned = answer();
        spoil(&mut planned);
        let (report, before) = attached(&planned);
        assert_eq!(before, []);
        assert!(report.diagnostics[0].finding.help.as_ref().unwrap().contains("not edited for you"));
    }
}

#[test]
fn an_answer_is_read_as_a_whole_or_not_at_all() {
    let capture = program().capture;
    let json = |text: &str| {
        let edits = json!([{"span": [1, 0, 1, 0], "text": "import os\n"}]);
        let files = json!([{"source": 0, "text": text, "edits": edits}]);
        json!({"id": 3, "results": [{"want": 0, "ok": true}, {"want": 1, "why": "no"}], "files": files}).to_string()
    };
    let good = Planned::read(json(&format!("import os\n{TRAIN}")).as_bytes(), &capture).unwrap();
    assert!(good.is_met(0) && !good.is_met(1) && good.files.len() == 1);
    let bad = Planned::read(json(TRAIN).as_bytes(), &capture).unwrap();
    assert!(!bad.is_met(0) && bad.files.is_empty());
    let whys = |at: usize| bad.result(at).and_then(|result| result.why.clone()).unwrap();
    assert!(whys(0).contains("do not make the text") && whys(1) == "no");
    assert!(Planned::read(b"{", &capture).is_err());
}

#[test]
fn edits_in_each_others_way_make_nothing() {
    let edit = |span: Span| PlannedEdit { span, text: "z".into(), wants: Vec::new() };
    assert_eq!(apply("abc\n", &[edit(Span(1, 1, 1, 2)), edit(Span(1, 0, 1, 1))]).as_deref(), Some("zzc\n"));
    assert_eq!(apply("abc\n", &[edit(Span(1, 0, 1, 2)), edit(Span(1, 1, 1, 3))]), None);
    assert_eq!(apply("abc\n", &[edit(Span(1, 0, 1, 4))]), None);
}

proptest! {
    /// Replacing pieces of a text by their places gives the text of the new pieces.
    #[test]
    fn edits_applied_make_the_new_text(pieces in proptest::collection::vec(("[aé\n\r ]{0,6}", proptest::option::of("[bü\n]{0,6}")), 1..8)) {
        // A carriage return and a line feed of two pieces would become one end of a line.
        let old: String = pieces.iter().flat_map(|(old, _)| [old.replace('\r', "\r\n"), "|".into()]).collect();
        let mut edits = Vec::new();
        let (mut at, mut new) = (0, String::new());
        let place = |at: usize| {
            let lines = old[..at].matches('\n').count() as u64 + 1;
            (lines, (at - old[..at].rfind('\n').map_or(0, |end| end + 1)) as u64)
        };
        for (piece, becomes) in &pieces {
            let piece = piece.replace('\r', "\r\n");
            let (start, end) = (place(at), place(at + piece.len()));
            match becomes {
                Some(text) => {
                    edits.push(PlannedEdit { span: Span(start.0, start.1, end.0, end.1), text: text.clone(), wants: vec![] });
                    new.push_str(text);
                }
                None => new.push_str(&piece),
            }
            new.push('|');
            at += piece.len() + 1;
        }
        edits.reverse();
        prop_assert_eq!(apply(&old, &edits), Some(new.clone()));
        let source = SourceText { text: old.as_str().into(), ..SourceText::default() };
        let plan = FilePlan { source: 0, edits, text: new };
        prop_assert!(plan.is_sound(&source));
        let more = FilePlan { text: format!("{} ", plan.text), ..plan };
        prop_assert!(!more.is_sound(&source));
    }
}
