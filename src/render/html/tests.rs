use std::sync::Arc;

use super::super::testing::{labelled, live, text};
use super::*;
use crate::diagnostic::{Anchor, Diagnostic, Finding, Fix, Place, Unit};
use crate::facts::testing::Program;
use crate::source::Reading;
use crate::source::text::is_hostile;
use crate::spec::{At, Spec};
use crate::values::{Pass, Wants};
use crate::verdict::baseline::Baseline;
use crate::verdict::{Check, Coverage, Outcome, Report};

/// What somebody might call an array, a file or a class.
const NAMES: [&str; 6] = [
    "</script><script>alert(1)</script>",
    "\"><img src=x onerror=alert(2)>",
    "'onload='alert(3)",
    "\u{1b}(31mred\u{202e}txt",
    "{{ 7 * 7 }}<!--",
    "&lt;b&gt;",
];

fn drawn(page: Page<'_>) -> String {
    let mut out = Vec::new();
    render(page, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A report in which everything that can be chosen from outside is called that.
fn named(name: &str) -> (Spec, Report) {
    let body = format!("# {name}\n[inputs.x]\ndtype = \"float32\"\n");
    let at = body.find("\"float32").unwrap();
    let spec = Spec { text: Some(text(name, &body)), ..Spec::default() };
    let place = Place { source: name.into(), array: Some(name.into()), detail: Some(name.into()), ..Place::default() };
    let finding = Finding::new(Anchor::Spec(At::Text(at..at + 9)), name, name, name, name)
        .counted(vec![place], 2, 4, Unit::Batch)
        .cause(name)
        .consequence(name)
        .help(name)
        .fix(Fix::choice(name));
    let report = Report {
        diagnostics: vec![Diagnostic::new("double-precision", Level::Warning, finding.clone())],
        allowed: vec![Diagnostic::new("wrong-dtype", Level::Error, finding)],
        checks: vec![
            Check { rule: "wrong-dtype", array: name.into(), outcome: Outcome::Pass },
            Check { rule: "wrong-size", array: name.into(), outcome: Outcome::NotEvaluated(name.into()) },
        ],
        coverage: Coverage::default(),
        fail_on: Level::Error,
        known: Vec::new(),
        gone: Baseline::default(),
        counts: None,
        redacted: false,
    };
    (spec, report)
}

#[test]
fn names_never_become_markup() {
    let tags = |html: &str| html.matches('<').count();
    let (spec, report) = named("plain");
    let facts = |name: &str| {
        let array = format!("{name}: float64[4, 8, 8, 3]");
        Program::new("train.py", "yield x\n").site("yield", "exact", "x").batches(3, &[&array]).facts()
    };
    let seen = facts("plain");
    let plain = tags(&drawn(Page::new("check", &report, &spec).showing(&seen, &[])));
    for name in NAMES {
        let (spec, report) = named(name);
        let facts = facts(name);
        let html = drawn(Page::new("check", &report, &spec).showing(&facts, &[]));
        let hostile = html.chars().find(|c| is_hostile(*c) && *c != '\n');
        assert_eq!(hostile, None, "{name:?}");
        let body = html.split_once("</style>").unwrap().1.rsplit_once("<script>").unwrap().0;
        assert!(!body.contains("<script") && !body.contains("<img") && !body.contains("<!--"), "{name:?}");
        // As many tags as with a harmless name, whatever code in backquotes adds.
        assert_eq!(tags(&html), plain, "{name:?}");
        // Quotes end no attribute.
        for attribute in body.split("=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(!attribute.contains('<'), "{name:?}: {attribute}");
        }
    }
}

#[test]
fn nothing_is_loaded_and_only_the_own_script_runs() {
    let (spec, report) = named("plain");
    let html = drawn(Page::new("check", &report, &spec));
    assert!(html.contains("default-src &#39;none&#39;; img-src data:; style-src &#39;sha256-"), "{}", &html[..400]);
    for outside in ["http://", "https://", "//cdn", "@import", "url(", " style=", "javascript:", " onclick"] {
        assert!(!html.contains(outside), "{outside}");
    }
    assert_eq!((html.matches("<script").count(), html.matches("<style").count()), (1, 1));
    // A script that ended itself would leave the rest as text of the page.
    assert!(!SCRIPT.contains("</") && !STYLE.contains("</"));
}

#[test]
fn a_live_finding_shows_the_source_the_claim_and_the_fix() {
    let (spec, report) = live(vec![labelled("data, ", "yielded here"), labelled("np.random.rand", "made here")]);
    let html = drawn(Page::new("run", &report, &spec));
    for shown in [
        "<figcaption>train.py:7</figcaption>",
        "<figcaption>batchlint.toml:2</figcaption>",
        "<mark>np.random.rand</mark>",
        "↑ made here",
        "<mark>&#34;float32&#34;</mark>",
        "data = data.astype(np.float32)",
        "input <code>data</code> is float64, the model takes float32",
        "20 of 20 batches",
        "and 19 more",
        "batchlint explain double-precision",
    ] {
        assert!(html.contains(shown), "{shown}");
    }
}

#[test]
fn what_was_not_checked_is_not_among_what_passed() {
    let (spec, report) = named("plain");
    let html = drawn(Page::new("check", &report, &spec));
    let section = |class: &str| {
        let rest = html.split_once(&format!("<div class=\"outcome {class}\">")).unwrap().1;
        rest.split_once("</div>").unwrap().0.to_owned()
    };
    assert!(section("passed").contains("wrong-dtype") && !section("passed").contains("wrong-size"));
    assert!(section("blind").contains("wrong-size") && section("blind").contains("<p class=\"reason\">plain</p>"));
    assert!(section("blind").contains("1 not evaluated") && section("failed").contains("0 failed"));
    assert!(html.contains("Nothing checked") || html.contains("1 warning"));
}

#[test]
fn a_short_batch_and_another_type_are_told_in_words() {
    let program = Program::new("train.py", "yield x\n").site("yield", "exact", "x");
    let facts = program
        .batches(4, &["0: float32[8, 4]", "1: int64[8]"])
        .batches(1, &["0: float64[8, 4]", "1: int64[8]"])
        .batches(1, &["0: float32[3, 4]", "1: int64[3]"])
        .facts();
    let (spec, report) = named("plain");
    let html = drawn(Page::new("run", &report, &spec).showing(&facts, &[]));
    assert!(html.contains("8 rows in 5 of 6 batches; 3 in "), "rows");
    assert!(html.contains("<code>float32 [n, 4]</code> in 5 of 6 batches"), "the usual type");
    assert!(html.contains("<code>float64 [n, 4]</code> in 1 of 6 batches: "), "the other type");
    assert!(html.contains("values not read: nothing asked for them"), "values");
}

#[test]
fn what_stopped_the_run_is_a_page_of_its_own() {
    for name in NAMES {
        let text = text(name, &format!("# {name}\nx = 1 # {name}\n"));
        let at = text.body.find("x = 1").unwrap();
        let fault = crate::error::Fault::at(at..at + 5, name).help(name);
        let mut out = Vec::new();
        error(&Error { text: Some(text), faults: vec![fault] }, &mut out).unwrap();
        let html = String::from_utf8(out).unwrap();
        let body = html.split_once("</style>").unwrap().1;
        assert!(body.contains("The run could not be made") && body.contains("<mark>x = 1</mark>"), "{name:?}");
        assert!(!body.contains("<script") && !body.contains("<img") && !body.contains("<!--"), "{name:?}");
        assert_eq!(html.chars().find(|c| is_hostile(*c) && *c != '\n'), None, "{name:?}");
    }
}

#[test]
fn no_value_is_shown_where_none_may_be() {
    let program = Program::new("train.py", "yield x\n").site("yield", "exact", "x");
    let facts = program.batches(1, &["0: float32[4]"]).facts();
    let captures = facts.captures().to_vec();
    let mut sources = facts.into_sources();
    let mut pass = Pass::new(sources[0].arrays[0].header.layout(), Wants::SHOWN, &[]).unwrap();
    for value in [1234.5_f32, f32::NAN, f32::NAN, 9876.5] {
        pass.feed(&value.to_le_bytes());
    }
    let reading = Reading::Read(Box::new(pass.finish().unwrap()));
    sources[0].arrays[0].reading = Some(Arc::new(reading));
    let facts = Facts::new(sources).captured(captures);
    let (spec, report) = named("plain");
    let page = Page::new("run", &report, &spec).showing(&facts, &[]);
    let open = drawn(page);
    assert!(open.contains("1234") && open.contains("9876") && open.contains("class=\"histogram\""));
    let redacted = Report { redacted: true, ..report.clone() };
    let closed = drawn(Page { report: &redacted, ..page });
    assert!(!closed.contains("1234") && !closed.contains("9876") && !closed.contains("class=\"histogram\""));
    assert!(closed.contains("2 NaN") && closed.contains("no values are shown"));
}
