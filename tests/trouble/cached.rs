//! Facts that are kept from run to run: what did not change is not opened, and what did is never judged by what it was.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use super::shim::faulty;
use super::support::recipe;
use super::tool::{array, output, project, run, told};

/// Longer than a change of a file goes unseen where times have parts of a second.
const SETTLED: Duration = Duration::from_millis(120);

/// A folder with sound and faulty files, and a spec.
fn dump() -> tempfile::TempDir {
    let folder = project();
    for (name, line) in [("a_0", "float32[64, 8]"), ("a_1", "float64[64, 8]"), ("a_2", "float32[64, 8]; [3, 1] = nan")]
    {
        let path = folder.path().join(format!("{name}.npy"));
        fs::write(path, recipe::npy("x", &[line])).unwrap();
    }
    fs::write(folder.path().join("b_0.npz"), recipe::npz("b_0.npz", &["y: int64[64]", "x: float32[64, 8]"])).unwrap();
    fs::write(folder.path().join("c_0.npy"), "hello").unwrap();
    sleep(SETTLED);
    folder
}

fn check(folder: &Path, more: &[&str]) -> (Option<i32>, Value) {
    let arguments = [&["check", "--format", "json", "--all-places"], more].concat();
    let (code, out, err) = run(folder, &arguments);
    (code, serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}")))
}

/// The report of a run with the cache, of which no array file can be opened.
fn without_opening(folder: &Path, more: &[&str]) -> Option<(Option<i32>, Value)> {
    let arguments = [&["check", "--format", "json", "--all-places", "--cache", "kept"], more].concat();
    let (code, out, err) = told(output(&mut faulty(folder, &arguments, "open:1:.np:13")?));
    Some((code, serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"))))
}

#[test]
fn what_did_not_change_is_not_opened() {
    let folder = dump();
    let path = folder.path();
    let fresh = check(path, &[]);
    assert_eq!(fresh.0, Some(1), "the dump has faults: {:#}", fresh.1);
    assert_eq!(check(path, &["--cache", "kept"]), fresh);
    let Some(again) = without_opening(path, &[]) else { return };
    assert_eq!(again, fresh);
    // Fewer questions are answered from the same facts.
    assert_eq!(
        without_opening(path, &["--select", "non-finite-values"]).unwrap(),
        check(path, &["--select", "non-finite-values"])
    );
    assert_eq!(without_opening(path, &["--headers-only"]).unwrap(), check(path, &["--headers-only"]));
    // Without the cache nothing could be read.
    let (code, out, _) = told(output(&mut faulty(path, &["check", "--format", "json"], "open:1:.np:13").unwrap()));
    let refused: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, Some(1));
    assert!(
        refused["diagnostics"].as_array().unwrap().iter().all(|found| found["rule"] != "dtype-drift"),
        "{refused:#}"
    );
}

#[test]
fn another_way_to_name_a_file_is_the_same_file() {
    let folder = dump();
    let path = folder.path();
    check(path, &["--cache", "kept"]);
    let inside = path.join("inside");
    fs::create_dir(&inside).unwrap();
    let (_, out, _) = run(&inside, &["check", "../a_2.npy", "--format", "json"]);
    let faulty = faulty(&inside, &["check", "../a_2.npy", "--format", "json", "--cache", "../kept"], "open:1:.np:13");
    let Some(mut command) = faulty else { return };
    assert_eq!(told(output(&mut command)).1, out);
}

#[test]
fn what_was_not_asked_before_is_read() {
    let folder = dump();
    let path = folder.path();
    check(path, &["--cache", "kept", "--headers-only"]);
    assert_eq!(check(path, &["--cache", "kept"]), check(path, &[]));
    fs::write(
        path.join("batchlint.toml"),
        "[inputs.x]\ndtype = \"float32\"\nshape = [\"batch\", 8]\nrange = [0, 0.5]\n",
    )
    .unwrap();
    assert_eq!(check(path, &["--cache", "kept"]), check(path, &[]));
}

/// Each change keeps the size, and most keep the time of the last change of the content.
#[test]
fn no_verdict_is_of_another_version() {
    let folder = dump();
    let path = folder.path();
    let (one, two) = (path.join("a_0.npy"), path.join("a_2.npy"));
    let other = array(path, "aside.npy");
    let keeping_time = |path: &Path, bytes: &[u8]| {
        let time = path.metadata().unwrap().modified().unwrap();
        fs::write(path, bytes).unwrap();
        fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    };
    let changes: [(&str, &dyn Fn()); 6] = [
        ("written in place", &|| keeping_time(&one, &recipe::npy("x", &["float32[64, 8]; [1, 1] = nan"]))),
        ("written back", &|| keeping_time(&one, &recipe::npy("x", &["float32[64, 8]"]))),
        ("another file by a rename", &|| {
            let time = two.metadata().unwrap().modified().unwrap();
            fs::File::options().write(true).open(&other).unwrap().set_modified(time).unwrap();
            fs::rename(&other, &two).unwrap();
        }),
        ("two that change places", &|| {
            let aside = path.join("x.tmp");
            fs::rename(&one, &aside).unwrap();
            fs::rename(path.join("a_1.npy"), &one).unwrap();
            fs::rename(&aside, path.join("a_1.npy")).unwrap();
        }),
        ("deleted", &|| fs::remove_file(path.join("c_0.npy")).unwrap()),
        ("written again at once", &|| {
            fs::write(&one, recipe::npy("x", &["float32[64, 8]"])).unwrap();
            check(path, &["--cache", "kept"]);
            fs::write(&one, recipe::npy("x", &["float32[64, 8]; [2, 2] = nan"])).unwrap();
        }),
    ];
    check(path, &["--cache", "kept"]);
    for (what, change) in changes {
        change();
        assert_eq!(check(path, &["--cache", "kept"]), check(path, &[]), "{what}, at once");
        sleep(SETTLED);
        check(path, &["--cache", "kept"]);
        assert_eq!(check(path, &["--cache", "kept"]), check(path, &[]), "{what}, later");
    }
}

#[test]
fn a_damaged_cache_is_none_and_one_that_cannot_be_written_is_told() {
    let folder = dump();
    let path = folder.path();
    let fresh = check(path, &["--cache", "kept"]);
    let mut kept = Vec::new();
    for entry in walkdir::WalkDir::new(path.join("kept")) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            kept.push(entry.into_path());
        }
    }
    let [file] = &kept[..] else { panic!("one folder, one file: {kept:?}") };
    let whole = fs::read(file).unwrap();
    for damage in [&b"\xff\xfe nothing\n"[..], b"{}\n", &whole[..whole.len() / 2], &whole[7..]] {
        fs::write(file, damage).unwrap();
        assert_eq!(check(path, &["--cache", "kept"]), fresh);
    }
    fs::write(path.join("none"), "").unwrap();
    let (code, _, err) = run(path, &["check", "--cache", "none"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("cannot keep facts in none"), "{err}");
}
