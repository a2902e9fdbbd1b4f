//! No false alarm, and one voice per fault: batches made from their own spec give no finding, and one injected fault gives
//! the findings of that fault and no others.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use std::fs;
use std::path::Path;

use batchlint::config::{Level, Settings};
use batchlint::diagnostic::Diagnostic;
use batchlint::source::Progress;
use batchlint::{run, verdict::Report};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use support::recipe;
use support::sample::{Array, Kind, Sample, sample};

/// Writes the batches, and checks them against the spec.
fn check(spec: &str, batches: &[Vec<(String, String)>], seed: u64) -> Report {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("batchlint.toml"), spec).unwrap();
    for (i, arrays) in batches.iter().enumerate() {
        let lines: Vec<String> = arrays.iter().map(|(name, recipe)| format!("{name}: {recipe}")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        // Random values depend on what the recipe is told to be the file's name.
        let again =
            arrays.iter().find_map(|(_, recipe)| recipe.split_once('@').map(|(_, batch)| batch.parse().unwrap()));
        let lines: Vec<&str> = lines.iter().map(|line| line.split('@').next().unwrap()).collect();
        let name = format!("{seed}/{}", again.unwrap_or(i));
        fs::write(folder.path().join(format!("batch_{i:03}.npz")), recipe::npz(&name, &lines)).unwrap();
    }
    let settings = Settings {
        paths: vec![folder.path().into()],
        spec: Some(folder.path().join("batchlint.toml")),
        directory: Path::new("/").into(),
        ..Settings::default()
    };
    run::check(&settings, &Progress::default()).unwrap_or_else(|error| panic!("{error:?}\n{spec}")).report
}

/// The rules that speak above a note, each once.
fn loud(report: &Report) -> Vec<&'static str> {
    let loud = report.diagnostics.iter().filter(|diagnostic| diagnostic.level > Level::Note);
    let mut rules: Vec<&str> = loud.map(|diagnostic| diagnostic.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

fn shown(report: &Report) -> String {
    let found = |found: &Diagnostic| format!("{}: {} ({})", found.rule, found.finding.message, found.finding.found);
    report.diagnostics.iter().map(found).collect::<Vec<_>>().join("\n")
}

/// The same cases on every machine.
fn runner(cases: u32) -> TestRunner {
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 200,
        max_global_rejects: 100_000,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

#[test]
fn batches_made_from_their_own_spec_give_no_finding() {
    runner(2000)
        .run(&sample(), |sample| {
            let batches: Vec<_> = (0..sample.batches).map(|batch| sample.batch(batch)).collect();
            let report = check(&sample.spec(), &batches, sample.seed);
            prop_assert!(report.diagnostics.is_empty(), "{}\n{}", shown(&report), sample.spec());
            let (passed, failed, blind) = report.tally();
            prop_assert!(passed > 20 && failed == 0 && blind == 0, "{passed} {failed} {blind}");
            Ok(())
        })
        .unwrap();
}

/// A fault: which arrays it can be put into, what it does to the recipes of one array, and which rule speaks of it.
struct Fault {
    rule: &'static str,
    fits: fn(&Sample, &Array) -> bool,
    /// Gets the recipe `dtype[sizes] = fill` of the array in a batch.
    change: fn(&Sample, &Array, u64, String) -> Option<String>,
}

fn is_input(array: &Array) -> bool {
    array.role == "inputs"
}

fn retyped(recipe: &str, from: &str, to: &str) -> Option<String> {
    Some(recipe.replacen(from, to, 1))
}

const FAULTS: &[Fault] = &[
    Fault {
        rule: "double-precision",
        fits: |sample, array| is_input(array) && array.dtype == "float32" && sample.framework != "sklearn",
        change: |_, _, _, recipe| retyped(&recipe, "float32", "float64"),
    },
    Fault {
        rule: "object-dtype",
        fits: |_, array| is_input(array),
        change: |_, array, _, recipe| retyped(recipe.split(" = ").next().unwrap(), array.dtype, "object"),
    },
    Fault {
        rule: "non-finite-values",
        fits: |_, array| is_input(array) && array.dtype == "float32",
        change: |_, array, batch, recipe| {
            let index = vec!["0"; array.sizes.len() + 1].join(", ");
            Some(if batch == 1 { format!("{recipe}; [{index}] = nan") } else { recipe })
        },
    },
    Fault { rule: "missing-input", fits: |_, array| is_input(array), change: |_, _, _, _| None },
    Fault {
        rule: "wrong-size",
        fits: |_, array| matches!(array.kind, Kind::Features),
        change: |_, array, _, recipe| {
            let size = array.sizes[0].unwrap();
            retyped(&recipe, &format!(", {size}]"), &format!(", {}]", size + 7))
        },
    },
    Fault {
        rule: "empty-batch",
        fits: |_, array| is_input(array),
        change: |sample, _, batch, recipe| {
            if batch == 1 { retyped(&recipe, &format!("[{}", sample.rows(batch)), "[0") } else { Some(recipe) }
        },
    },
    Fault {
        rule: "label-out-of-range",
        fits: |_, array| matches!(array.kind, Kind::Classes(_)),
        change: |_, array, batch, recipe| {
            let Kind::Classes(classes) = array.kind else { return Some(recipe) };
            Some(if batch == 1 { format!("{recipe}; [0] = {}", classes + 3) } else { recipe })
        },
    },
    Fault {
        rule: "unscaled-images",
        fits: |_, array| array.kind == Kind::Image && array.dtype == "float32",
        change: |_, _, _, recipe| {
            Some(format!("{} = choice 0 17 33 64 100 128 180 201 255", recipe.split(" = ").next().unwrap()))
        },
    },
    Fault {
        rule: "out-of-range-values",
        fits: |_, array| array.kind == Kind::Image && array.dtype == "float32",
        change: |_, _, batch, recipe| Some(if batch == 1 { format!("{recipe}; [0, 0, 1, 1] = 1.375") } else { recipe }),
    },
    Fault {
        rule: "id-out-of-range",
        fits: |_, array| matches!(array.kind, Kind::Ids(_)),
        change: |_, array, batch, recipe| {
            let Kind::Ids(ids) = array.kind else { return Some(recipe) };
            Some(if batch == 1 { format!("{recipe}; [0, 1] = {ids}") } else { recipe })
        },
    },
    Fault {
        rule: "repeated-batch",
        fits: |sample, array| {
            let enough = matches!(array.kind, Kind::Image | Kind::Features);
            // The arrays of a batch repeat together.
            enough && sample.batches >= 4 && sample.arrays.iter().all(|array| !array.sizes.contains(&None))
        },
        change: |sample, _, batch, recipe| {
            Some(if batch == sample.batches - 1 { recipe } else { format!("{recipe}@0") })
        },
    },
    Fault {
        rule: "target-domain",
        fits: |_, array| array.kind == Kind::Binary,
        change: |_, _, _, recipe| retyped(&recipe, "choice 0 1", "choice 0 255"),
    },
    Fault {
        rule: "bad-sample-weight",
        fits: |_, array| array.kind == Kind::Weight,
        change: |_, _, batch, recipe| Some(if batch == 1 { format!("{recipe}; [0] = -1") } else { recipe }),
    },
    Fault {
        rule: "bad-boolean",
        fits: |_, array| array.kind == Kind::Mask,
        change: |_, _, batch, recipe| Some(if batch == 1 { format!("{recipe}; [0, 0, 1] = 7") } else { recipe }),
    },
];

#[test]
fn one_injected_fault_is_found_and_nothing_else() {
    let mut tried = vec![0; FAULTS.len()];
    let tried_cell = std::cell::RefCell::new(&mut tried);
    runner(600)
        .run(&(sample(), any::<prop::sample::Index>(), any::<prop::sample::Index>()), |(sample, which, whose)| {
            let which = which.index(FAULTS.len());
            let fault = &FAULTS[which];
            let hosts: Vec<&Array> = sample.arrays.iter().filter(|array| (fault.fits)(&sample, array)).collect();
            prop_assume!(!hosts.is_empty());
            let host = hosts[whose.index(hosts.len())];
            let batches: Vec<Vec<(String, String)>> = (0..sample.batches)
                .map(|batch| {
                    let change = |(name, recipe): (String, String)| {
                        let changed =
                            if name == host.name { (fault.change)(&sample, host, batch, recipe) } else { Some(recipe) };
                        changed.map(|recipe| (name, recipe))
                    };
                    sample.batch(batch).into_iter().filter_map(change).collect()
                })
                .collect();
            let report = check(&sample.spec(), &batches, sample.seed);
            tried_cell.borrow_mut()[which] += 1;
            let rules = loud(&report);
            prop_assert_eq!(rules, vec![fault.rule], "{}\n{}", shown(&report), sample.spec());
            Ok(())
        })
        .unwrap();
    for (fault, tried) in FAULTS.iter().zip(&tried) {
        assert!(*tried > 5, "{} was tried {tried} times", fault.rule);
    }
}
