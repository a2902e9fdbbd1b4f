//! Edits of the source: shown, proved by running, written, and refused.

use std::fs;

use super::program::{Came, Program};

const SPEC: &str = "framework = \"keras\"\n\n[batch]\nsize = 8\nsteps = 5\n\n[inputs.x]\ndtype = \"float32\"\nshape = [\"batch\", 4]\n\n\
                    [targets.y]\ndtype = \"integer\"\nshape = [\"batch\"]\n";

const NAIVE: &str = "def naive(steps=5, batch_size=8):\n    for _ in range(steps):\n        data = np.random.rand(batch_size, 4)\n        \
                     labels = np.random.randint(0, 2, size=batch_size)\n        yield data, labels\n";
const WHOLE: &str = "def whole(steps=5, batch_size=8):\n    data = np.random.rand(steps * batch_size, 4)\n    \
                     labels = np.random.randint(0, 2, size=steps * batch_size)\n    yield data, labels\n";

fn program(body: &str) -> Program {
    let program = Program::new(body);
    fs::write(program.folder.path().join("batchlint.toml"), SPEC).unwrap();
    program
}

fn source(program: &Program) -> String {
    fs::read_to_string(program.folder.path().join("train.py")).unwrap()
}

/// The fix of the one finding of that rule.
fn fix(came: &Came, rule: &str) -> (String, String, usize) {
    let fix = &came.finding(rule)["fix"];
    let text = |key: &str| fix[key].as_str().unwrap_or_else(|| panic!("{fix:#}")).to_owned();
    (text("applicability"), text("proof"), fix["edits"].as_array().unwrap().len())
}

#[test]
fn an_edit_is_offered_and_nothing_is_run_or_written_for_it() {
    let program = program(NAIVE);
    let before = source(&program);
    let came = program.run(&["train.py:naive"]);
    let finding = came.finding("double-precision");
    assert_eq!(finding["primary"]["file"], "train.py", "{finding:#}");
    assert_eq!((finding["primary"]["line"].as_u64(), finding["primary"]["column"].as_u64()), (Some(13), Some(16)));
    assert_eq!(finding["labels"][1]["line"], 15);
    let edit = &finding["fix"]["edits"][0];
    assert_eq!(
        (edit["file"].as_str(), edit["line"].as_u64(), edit["column"].as_u64(), edit["text"].as_str()),
        (Some("train.py"), Some(13), Some(45), Some(".astype(np.float32)"))
    );
    assert!(!fix(&came, "double-precision").1.contains("verified"));
    assert_eq!(source(&program), before);
}

#[test]
fn a_diff_is_proved_and_shown_and_a_fix_makes_the_program_clean() {
    for (body, name, rules) in
        [(NAIVE, "naive", &["double-precision"][..]), (WHOLE, "whole", &["double-precision", "whole-dataset-batch"])]
    {
        let program = program(body);
        let before = source(&program);
        let target = format!("train.py:{name}");
        let came = program.run(&[&target, "--diff"]);
        for rule in rules {
            let (applicability, proof, edits) = fix(&came, rule);
            assert!(
                applicability == "safe" && edits > 0 && proof.starts_with("verified by running it"),
                "{rule}: {proof}"
            );
        }
        assert_eq!(source(&program), before, "--diff writes nothing");
        let output = program.command(&[&target, "--diff"]).output().unwrap();
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(shown.contains("+++ b/train.py") && shown.contains(".astype(np.float32)"), "{shown}");
        assert_eq!(program.run(&[&target, "--fix"]).code(), 0);
        assert_ne!(source(&program), before);
        let after = program.run(&[&target]);
        assert_eq!((after.code(), after.batches()), (0, 5), "{}\n{:#}", source(&program), after.report);
        assert!(after.report["diagnostics"].as_array().unwrap().is_empty(), "{:#}", after.report["diagnostics"]);
    }
}

#[test]
fn what_does_not_repeat_is_not_written_unless_it_is_asked_for() {
    let program = program(
        "def naive(steps=5):\n    for _ in range(steps):\n        data = np.frombuffer(os.urandom(32), np.uint8).reshape(8, 4) / 255\n        \
         yield data, np.arange(8) % 2\n",
    );
    let before = source(&program);
    let came = program.run(&["train.py:naive", "--fix"]);
    let (applicability, proof, _) = fix(&came, "double-precision");
    assert!(applicability == "unverified" && proof.contains("does not repeat under fixed seeds"), "{proof}");
    assert!(came.stderr().contains("nothing is edited"), "{}", came.stderr());
    assert_eq!(source(&program), before);
    program.run(&["train.py:naive", "--fix", "--unsafe-fixes"]);
    assert!(
        source(&program).contains("(np.frombuffer(os.urandom(32), np.uint8).reshape(8, 4) / 255).astype(np.float32)")
    );
}

#[test]
fn what_would_lose_values_is_not_written_unless_it_is_asked_for() {
    let program = program(
        "def ids(steps=5):\n    for _ in range(steps):\n        data = RNG.integers(2**53, 2**53 + 999, (8, 4))\n        yield data, np.arange(8) % 2\n",
    );
    let before = source(&program);
    let came = program.run(&["train.py:ids", "--fix"]);
    assert_eq!(fix(&came, "wrong-dtype").0, "lossy");
    assert_eq!(source(&program), before);
    assert_eq!(came.code(), program.run(&["train.py:ids"]).code(), "what is not mended still counts");
}

#[test]
fn an_edit_that_breaks_the_program_is_taken_back() {
    // Whether the result is float64 is asked of the program itself, so that the edited one stops.
    let program = program(
        "def naive(steps=5):\n    for _ in range(steps):\n        data = RNG.random((8, 4))\n        yield data, np.arange(8) % 2\n\n\n\
         import inspect\nassert 'astype' not in inspect.getsource(naive)\n",
    );
    let before = source(&program);
    let came = program.run(&["train.py:naive", "--fix"]);
    let finding = came.finding("double-precision");
    assert_eq!(finding["fix"]["edits"].as_array().map(Vec::len), Some(0), "{finding:#}");
    assert!(finding["help"].as_str().unwrap().contains("the source is not edited for you"), "{finding:#}");
    assert_eq!(source(&program), before);
    let output = program.command(&["train.py:naive", "--diff", "--fix", "--unsafe-fixes"]).output().unwrap();
    assert!(
        !String::from_utf8_lossy(&output.stdout).contains("+++"),
        "what was shown to be wrong is not shown as an edit"
    );
    assert_eq!(source(&program), before, "nor is it ever written");
}

#[test]
fn what_a_cast_loses_is_not_known_where_no_values_are_read() {
    let program = program(NAIVE);
    let before = source(&program);
    let came = program.run(&["train.py:naive", "--fix", "--headers-only"]);
    assert_eq!(fix(&came, "double-precision").0, "unverified");
    assert!(came.stderr().contains("nothing is edited"), "{}", came.stderr());
    assert_eq!(source(&program), before);
}

#[test]
fn a_file_that_changed_in_the_meantime_is_not_written() {
    // It appends to itself whenever it is imported.
    let program = program(&format!("{NAIVE}\nopen(__file__, 'a').write('# again\\n')\n"));
    let came = program.run(&["train.py:naive", "--fix"]);
    assert_eq!(came.code(), 2, "{}", came.stderr());
    assert!(
        came.stderr().contains("`train.py` is not edited: it was changed since Python read it"),
        "{}",
        came.stderr()
    );
    assert!(!source(&program).contains("astype"));
}

#[test]
fn a_second_run_that_differs_is_found() {
    let program = Program::new(
        "def odd():\n    for i in range(3):\n        yield np.zeros((4, 3 + int.from_bytes(os.urandom(4), 'big') % 1000), np.float32)\n\n\n\
         def even():\n    for i in range(3):\n        yield np.random.rand(4, 3 + np.random.randint(1000)).astype(np.float32)\n\n\nonce = even()\n",
    );
    let only = ["--select", "nondeterministic-shape", "--repeat", "2"];
    let came = program.run(&[&["train.py:odd"], &only[..]].concat());
    assert!(came.finding("nondeterministic-shape")["level"] == "warning", "{:#}", came.report);
    let came = program.run(&[&["train.py:even"], &only[..]].concat());
    assert!(came.report["diagnostics"].as_array().unwrap().is_empty(), "{:#}", came.report["diagnostics"]);
    let came = program.run(&[&["train.py:once"], &only[..]].concat());
    assert!(came.stderr().contains("it can be read once"), "{}", came.stderr());
    assert_eq!(came.batches(), 3);
}
