use serde_json::json;

use super::*;
use crate::config::Level;
use crate::diagnostic::{Anchor, Applicability, Diagnostic, Edit, Finding, Fix, Position, Proof};
use crate::facts::testing::Program;
use crate::fix::source::{Do, Planned, Want};
use crate::source::capture::facts::{LeafMark, Step, Tree};
use crate::verdict::{Coverage, Report};

/// Rows of an array from numbers.
type Rows<'a> = (&'a str, &'a [f64]);

fn program(reason: Reason, batches: &[&[Rows<'_>]]) -> Program {
    let mut program = Program::new("train.py", "yield x\n").site("yield", "exact", "x\n");
    program.capture.end.as_mut().unwrap().reason = reason;
    batches.iter().fold(program, |program, batch| program.batch(batch))
}

fn run(reason: Reason, batches: &[&[Rows<'_>]]) -> Run {
    of(program(reason, batches))
}

fn of(program: Program) -> Run {
    Run::of(&program.facts(), "train.py:batches")
}

fn want(path: &[u64], action: Do) -> Want {
    let path = path.iter().map(|step| Step::Index(*step)).collect();
    Want { diagnostics: vec![0], site: 0, path, action }
}

fn met(count: usize) -> Planned {
    let results: Vec<_> = (0..count).map(|want| json!({"want": want, "ok": true})).collect();
    serde_json::from_value(json!({"id": 0, "results": results})).unwrap()
}

fn cast() -> Asked {
    Asked::of(&[want(&[0], Do::Cast("float32".into()))], &met(1))
}

fn split(rows: u64) -> Asked {
    Asked::of(&[want(&[], Do::Split(rows))], &met(1))
}

const NUMBERS: [f64; 8] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];

/// Two batches of float64 whose rows are hashed as float32, and those of the edited program.
fn old() -> Run {
    run(
        Reason::Limit,
        &[&[("0: float64 as float32[4, 1]", &NUMBERS[..4])], &[("0: float64 as float32[4, 1]", &NUMBERS[4..])]],
    )
}

fn rejected(new: &Run, asked: &Asked, words: &str) {
    match compare(&old(), &old(), new, asked) {
        Verdict::Rejected(why) => assert!(why.contains(words), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_cast_gives_the_old_values_cast_and_nothing_else() {
    let float = |values: &[f64]| {
        run(Reason::Limit, &[&[("0: float32[4, 1]", &values[..4])], &[("0: float32[4, 1]", &values[4..])]])
    };
    let verdict = compare(&old(), &old(), &float(&NUMBERS), &cast());
    assert_eq!(verdict, Verdict::Verified { before: 2, after: 2, cast: true });
    assert_eq!(verdict.says(), "verified by running it: 2 batches before and after, values equal to the old ones cast");
    let mut other = NUMBERS;
    other[7] = 0.9;
    rejected(&float(&other), &cast(), "another batch 1: the values of `0` are not those of before");
    rejected(&old(), &cast(), "another batch 0: `0` is float64 and should be float32");
    rejected(&float(&NUMBERS), &Asked::default(), "`0` is float32 and should be float64");
    let flat = run(Reason::Limit, &[&[("0: float32[4]", &NUMBERS[..4])], &[("0: float32[4]", &NUMBERS[4..])]]);
    rejected(&flat, &cast(), "`0` has shape [4] and should have [4, 1]");
}

#[test]
fn another_number_of_batches_or_a_failure_is_no_repair() {
    let one = run(Reason::Exhausted, &[&[("0: float32[4, 1]", &NUMBERS[..4])]]);
    rejected(&one, &cast(), "hands out 1 batch and should hand out 2 batches");
    rejected(&run(Reason::Limit, &[]), &cast(), "hands out 0 batches");
    rejected(&run(Reason::Exception, &[&[("0: float32[4, 1]", &NUMBERS[..4])]]), &cast(), "fails");
    let late = run(Reason::TimeLimit, &[&[("0: float32[4, 1]", &NUMBERS[..4])]]);
    assert!(matches!(compare(&old(), &old(), &late, &cast()), Verdict::NotComparable(_)));
}

#[test]
fn batches_that_are_built_in_another_way_are_told() {
    let new = program(Reason::Limit, &[&[("0: float32[4, 1]", &NUMBERS[..4])], &[("0: float32[4, 1]", &NUMBERS[4..])]])
        .yielded(|yielded| yielded.tree = Tree::Leaf(LeafMark::Leaf).into());
    rejected(&of(new), &cast(), "another batch 1: it is built in another way");
}

#[test]
fn what_does_not_repeat_or_was_not_read_is_not_verified() {
    let again = run(Reason::Limit, &[&[("0: float64[4, 1]", &NUMBERS[..4])], &[("0: float64[4, 1]", &NUMBERS[..4])]]);
    assert_eq!(compare(&old(), &again, &old(), &cast()), Verdict::NotRepeatable);
    let unread = of(Program::new("a.py", "yield x\n").site("yield", "exact", "x\n").batches(1, &["0: float32[4]"]));
    let verdict = compare(&unread, &unread, &unread, &Asked::default());
    assert_eq!(verdict.says(), "what it hands out could not be compared: the values of `0` are not known");
    assert!(matches!(compare(&old(), &old(), &unread, &cast()), Verdict::NotComparable(_)));
    let nothing = run(Reason::Exhausted, &[]);
    assert!(matches!(compare(&nothing, &nothing, &nothing, &cast()), Verdict::NotComparable(_)));
}

#[test]
fn slices_are_the_rows_of_the_whole_with_a_short_one_at_the_end() {
    let whole = || {
        run(Reason::Exhausted, &[&[("0: float32[5, 1]", &NUMBERS[..5]), ("1: int64[5]", &[0.0, 1.0, 2.0, 3.0, 4.0])]])
    };
    let part = |at: usize, rows: usize| {
        (NUMBERS[at..at + rows].to_vec(), (at..at + rows).map(|i| i as f64).collect::<Vec<_>>())
    };
    let cut = |reason: Reason, parts: &[(usize, usize)]| {
        let program = parts.iter().fold(program(reason, &[]), |program, (at, rows)| {
            let (x, y) = part(*at, *rows);
            program.batch(&[(&format!("0: float32[{rows}, 1]"), &x), (&format!("1: int64[{rows}]"), &y)])
        });
        compare(&whole(), &whole(), &of(program), &split(2))
    };
    assert_eq!(
        cut(Reason::Exhausted, &[(0, 2), (2, 2), (4, 1)]),
        Verdict::Verified { before: 1, after: 3, cast: false }
    );
    assert_eq!(
        cut(Reason::Exhausted, &[(0, 2), (2, 2), (4, 1)]).says(),
        "verified by running it: 1 batch before, 3 after, every row as it was"
    );
    // Fewer were asked for.
    assert_eq!(cut(Reason::Limit, &[(0, 2), (2, 2)]), Verdict::Verified { before: 1, after: 2, cast: false });
    for (parts, words) in [
        (&[(0, 2), (2, 2)][..], "hands out 2 batches"),
        (&[(0, 2), (2, 2), (4, 1), (0, 2)], "hands out 4 batches"),
        (&[(0, 2), (0, 2), (4, 1)], "another batch 1: the values of `0`"),
        (&[(0, 3), (3, 2), (4, 1)], "another batch 0: `0` has shape [3, 1] and should have [2, 1]"),
    ] {
        match cut(Reason::Exhausted, parts) {
            Verdict::Rejected(why) => assert!(why.contains(words), "{why}"),
            other => panic!("{other:?}"),
        }
    }
    let uneven = || run(Reason::Exhausted, &[&[("0: float32[4]", &NUMBERS[..4]), ("1: int64[3]", &[1.0])]]);
    assert!(matches!(compare(&uneven(), &uneven(), &uneven(), &split(2)), Verdict::NotComparable(_)));
}

#[test]
fn what_was_not_met_is_not_asked() {
    let wants = [want(&[0], Do::Cast("float32".into())), want(&[], Do::Split(8))];
    let asked = Asked::of(&wants, &met(1));
    assert!(asked.to(Some(0), "0").is_some() && asked.to(Some(1), "0").is_none() && asked.to(Some(0), "1").is_none());
    assert_eq!(asked.rows, None);
}

/// A report whose repair has an edit, after the verdict.
fn proved(verdict: &Verdict, action: Do) -> Finding {
    let at = Position { line: 1, column: 1 };
    let edit = Edit { file: "a.py".into(), start: at, end: at, text: "x".into() };
    let fix = Fix { edits: vec![edit], ..Fix::new("edited", Proof::Lossless("kept".into())) };
    let before = vec![(0, Fix::unverified("proposed"))];
    let finding = Finding::new(Anchor::Data, "", "m", "e", "f").fix(fix);
    let mut report = Report {
        diagnostics: vec![Diagnostic::new("wrong-dtype", Level::Error, finding)],
        allowed: Vec::new(),
        known: Vec::new(),
        gone: crate::verdict::baseline::Baseline::default(),
        counts: None,
        checks: Vec::new(),
        coverage: Coverage::default(),
        fail_on: Level::Error,
        redacted: false,
    };
    prove(&mut report, &[want(&[0], action)], &met(1), &before, verdict);
    report.diagnostics.remove(0).finding
}

#[test]
fn the_proof_says_what_the_run_showed() {
    let verified = Verdict::Verified { before: 2, after: 2, cast: true };
    let fix = proved(&verified, Do::Cast("float32".into())).fix.unwrap();
    assert_eq!(fix.proof.applicability(), Applicability::Safe);
    assert_eq!(
        fix.proof.text(),
        "verified by running it: 2 batches before and after, values equal to the old ones cast; kept"
    );
    let fix = proved(&Verdict::Verified { before: 1, after: 20, cast: false }, Do::Split(32)).fix.unwrap();
    assert_eq!(fix.proof.text(), "verified by running it: 1 batch before, 20 after, every row as it was");
    let fix = proved(&Verdict::NotRepeatable, Do::Cast("float32".into())).fix.unwrap();
    assert_eq!(fix.proof.applicability(), Applicability::Unverified);
    assert_eq!(fix.proof.text(), "the generator does not repeat under fixed seeds; kept");
    let finding = proved(&Verdict::Rejected("fails".into()), Do::Split(32));
    assert_eq!(finding.help.as_deref(), Some("the source is not edited for you: with the edit, the program fails"));
    let fix = finding.fix.unwrap();
    assert_eq!((fix.python.as_str(), fix.edits.len()), ("proposed", 0));
}
