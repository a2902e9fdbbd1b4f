//! Files, disks and surroundings that fail: what is told, how it ends, and that nothing is left behind.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::shim::{at_time, faulty};
use super::support::recipe;
use super::tool::{array, batchlint, files, is_superuser, output, project, run, skip, sparse, told};

/// Three arrays of two mebibytes, the second of which is in trouble.
fn dump() -> tempfile::TempDir {
    let folder = project();
    for name in ["a_0.npy", "b_0.npy", "c_0.npy"] {
        sparse(&folder.path().join(name), 1 << 19);
    }
    folder
}

/// The report of a check that meets the fault, with the exit code. The other files are read all the same.
fn check(folder: &Path, fault: &str) -> Option<(Option<i32>, Value)> {
    let (code, out, err) = told(output(&mut faulty(folder, &["check", "--format", "json"], fault)?));
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
    assert_eq!(report["coverage"]["sources"], 3, "{report:#}");
    Some((code, report))
}

/// The one finding that says what is wrong with a file.
fn unreadable(report: &Value) -> (&str, &str) {
    let found = report["diagnostics"].as_array().unwrap();
    let [finding] = found.iter().filter(|found| found["rule"] == "unreadable-source").collect::<Vec<_>>()[..] else {
        panic!("{found:#?}")
    };
    let detail = finding["places"][0]["detail"].as_str().unwrap_or_default();
    assert!(finding["places"][0]["source"].as_str().unwrap().ends_with("b_0.npy"), "{finding:#}");
    (finding["message"].as_str().unwrap(), detail)
}

#[test]
fn a_file_that_cannot_be_opened_or_read_is_a_finding_and_the_others_are_read() {
    for (fault, message, detail) in [
        ("open:1:b_0.npy:13", "no permission to read it", ""),
        ("open:1:b_0.npy:2", "file does not exist", ""),
        ("open:1:b_0.npy:24", "file cannot be read", "Too many open files"),
        ("pread:1:b_0.npy:5", "file cannot be read", "Input/output error"),
        ("pread:3:b_0.npy:5", "file cannot be read", "Input/output error"),
        ("pread:3:b_0.npy:116", "file cannot be read", "Stale file handle"),
        ("pread:4:b_0.npy:shrink", "file became shorter while it was read", ""),
    ] {
        let folder = dump();
        let Some((code, report)) = check(folder.path(), fault) else { return };
        assert_eq!(code, Some(1), "{fault}: {report:#}");
        let told = unreadable(&report);
        assert!(told.0 == message && told.1.contains(detail), "{fault}: {told:?}");
    }
}

#[test]
fn what_was_not_read_for_an_error_of_the_disk_is_not_evaluated() {
    let folder = dump();
    fs::write(folder.path().join("batchlint.toml"), "[inputs.b]\ndtype = \"float32\"\nshape = [524288]\n").unwrap();
    let Some((_, report)) = check(folder.path(), "pread:3:b_0.npy:5") else { return };
    let checks = report["checks"].as_array().unwrap();
    let of = |rule: &str| {
        let mine = checks.iter().filter(|check| check["rule"] == rule);
        mine.map(|check| check["outcome"].as_str().unwrap()).collect::<Vec<_>>()
    };
    assert!(!of("non-finite-values").contains(&"pass"), "{:#}", report["checks"]);
    assert!(of("non-finite-values").contains(&"not-evaluated"), "{:#}", report["checks"]);
}

#[test]
fn permissions_are_told_by_the_system_itself() {
    if is_superuser() {
        return skip("permissions", "the superuser may read everything; the same error is made by the shim");
    }
    let folder = project();
    let path = array(folder.path(), "a_0.npy");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    let (code, out, _) = run(folder.path(), &["check"]);
    assert!(code == Some(1) && out.contains("no permission to read it"), "{out}");
}

#[test]
fn a_pipe_in_the_place_of_a_file_keeps_nobody_waiting() {
    // In the place of the file before its header is read, and before its values are.
    for (number, message) in [(1, "file cannot be read"), (2, "file became")] {
        let folder = dump();
        let Some((code, report)) = check(folder.path(), &format!("open:{number}:b_0.npy:fifo")) else { return };
        assert_eq!(code, Some(1), "{report:#}");
        assert!(unreadable(&report).0.starts_with(message) || number == 2, "{report:#}");
    }
}

/// The messages of the findings of a rule, and the rules of all findings.
fn found(report: &Value, rule: &str) -> (Vec<String>, Vec<String>) {
    let all = report["diagnostics"].as_array().unwrap();
    let text = |found: &Value, key: &str| found[key].as_str().unwrap().to_owned();
    let mine = all.iter().filter(|found| found["rule"] == rule).map(|found| text(found, "message")).collect();
    (mine, all.iter().map(|found| text(found, "rule")).collect())
}

const WRITTEN: &str = "file was written while it was read";

#[test]
fn a_file_that_is_replaced_before_its_values_are_read_is_told_or_judged_as_the_new_one() {
    let nan = f32::NAN.to_le_bytes();
    let replaced = |change: &dyn Fn(&mut Vec<u8>)| {
        let folder = dump();
        let mut other = fs::read(folder.path().join("b_0.npy")).unwrap();
        change(&mut other);
        fs::write(folder.path().join("b_0.npy.new"), other).unwrap();
        check(folder.path(), "open:2:b_0.npy:swap").map(|(code, report)| {
            assert!(!folder.path().join("b_0.npy.new").exists(), "it was not replaced");
            (code, report)
        })
    };
    // Another header: the values that follow it are not those of the header that was read.
    let Some((code, report)) = replaced(&|bytes| bytes[22..24].copy_from_slice(b"i4")) else { return };
    assert_eq!((code, unreadable(&report).0), (Some(1), WRITTEN), "{report:#}");
    // It is no array any more.
    let (_, report) = replaced(&|bytes| bytes[..6].copy_from_slice(b"\0\0\0\0\0\0")).unwrap();
    assert_eq!(unreadable(&report).0, WRITTEN);
    // It is longer.
    let (_, report) = replaced(&|bytes| bytes.extend(nan)).unwrap();
    assert_eq!(unreadable(&report).0, WRITTEN);
    // The same header: the values of the new file, all of them, and none of the old one.
    let (_, report) = replaced(&|bytes| bytes[128..].copy_from_slice(&nan.repeat(1 << 19))).unwrap();
    let (messages, rules) = found(&report, "non-finite-values");
    assert!(messages.len() == 1 && !rules.contains(&"unreadable-source".into()), "{report:#}");
    assert!(report.to_string().contains("524,288") || report.to_string().contains("524288"), "{report:#}");
}

#[test]
fn the_values_of_a_small_file_are_those_that_came_with_its_header() {
    let folder = dump();
    let npy = |value: &str| recipe::npy("x", &[&format!("float32[64, 8] = {value}")]);
    fs::write(folder.path().join("b_0.npy"), npy("1")).unwrap();
    fs::write(folder.path().join("b_0.npy.new"), npy("nan")).unwrap();
    let Some((_, report)) = check(folder.path(), "open:2:b_0.npy:swap") else { return };
    assert!(folder.path().join("b_0.npy.new").exists(), "it was opened twice");
    assert!(found(&report, "non-finite-values").0.is_empty(), "{report:#}");
    // The first time, it is the new file in every respect.
    let (_, report) = check(folder.path(), "open:1:b_0.npy:swap").unwrap();
    assert_eq!(found(&report, "non-finite-values").0.len(), 1, "{report:#}");
}

#[test]
fn an_archive_that_is_replaced_is_not_called_damaged() {
    let spec = "[inputs.x]\ndtype = \"float32\"\nshape = [\"batch\", 8]\n";
    let replaced = |fault: &str| {
        let folder = project();
        fs::write(folder.path().join("batchlint.toml"), spec).unwrap();
        for (name, value) in [("a_0.npz", "1"), ("b_0.npz", "1"), ("b_0.npz.new", "nan")] {
            let bytes = recipe::npz(name, &[&format!("x: float32[64, 8] = {value}"), "y: float32[64, 1] = 2"]);
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        let sizes = ["b_0.npz", "b_0.npz.new"].map(|name| folder.path().join(name).metadata().unwrap().len());
        assert_eq!(sizes[0], sizes[1]);
        let (_, out, err) = told(output(&mut faulty(folder.path(), &["check", "--format", "json"], fault)?));
        let report: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
        Some(report)
    };
    let Some(report) = replaced("open:2:b_0.npz:swap") else { return };
    let (messages, rules) = found(&report, "unreadable-source");
    assert_eq!(messages, [WRITTEN], "{report:#}");
    assert!(!rules.iter().any(|rule| rule == "corrupt-member" || rule == "non-finite-values"), "{rules:?}");
    let checks = report["checks"].as_array().unwrap();
    assert!(checks.iter().any(|check| check["rule"] == "non-finite-values" && check["outcome"] == "not-evaluated"));
    // Replaced before its headers are read it is the new file, and nothing is wrong with that.
    let (_, rules) = found(&replaced("open:1:b_0.npz:swap").unwrap(), "");
    assert!(rules.contains(&"non-finite-values".into()) && !rules.contains(&"unreadable-source".into()), "{rules:?}");
}

#[test]
fn a_file_that_is_written_while_its_values_are_read_is_told() {
    let folder = dump();
    let path = folder.path().join("b_0.npy");
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000)).unwrap();
    let Some((code, report)) = check(folder.path(), "pread:5:b_0.npy:write") else { return };
    assert_eq!(fs::read(&path).unwrap().last(), Some(&1));
    assert_eq!((code, unreadable(&report).0), (Some(1), WRITTEN), "{report:#}");
}

#[test]
fn a_folder_that_changes_all_the_time_is_checked_without_a_crash() {
    let folder = project();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let (folder, stop) = (folder.path(), &stop);
            scope.spawn(move || {
                let mut round = 0;
                while !stop.load(Ordering::Relaxed) {
                    let name = format!("{}/x_{}.npy", round % 5, round % 17 + 100 * thread);
                    array(folder, &name);
                    if round % 3 == 0 {
                        let _ = fs::remove_dir_all(folder.join(format!("{}", (round + 2) % 5 + 10)));
                        let _ = fs::remove_file(folder.join(&name));
                    }
                    round += 1;
                }
            });
        }
        for _ in 0..12 {
            let (code, out, err) = run(folder.path(), &["check", "--format", "json"]);
            assert!(matches!(code, Some(0 | 1 | 3)), "{code:?}: {out}{err}");
            serde_json::from_str::<Value>(&out).unwrap();
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_full_disk_leaves_no_half_of_a_report() {
    let folder = dump();
    for format in ["json", "html", "sarif", "junit", "full"] {
        let report = format!("{format}=report.out");
        let command = faulty(folder.path(), &["check", "--report", &report], "write:1:report.out:28");
        let Some(mut command) = command else { return };
        let (code, _, err) = told(output(&mut command));
        assert!(code == Some(2) && err.contains("cannot write report.out: No space left on device"), "{err}");
        assert_eq!(files(folder.path()), ["a_0.npy", "b_0.npy", "c_0.npy"], "{format}");
    }
}

#[test]
fn a_full_disk_keeps_the_file_that_was_there() {
    let folder = dump();
    for (arguments, name) in [
        (&["inspect", "--format", "jsonl", "-o", "kept.out"][..], "kept.out"),
        (&["inspect", "-o", "kept.out"], "kept.out"),
        (&["baseline", "write", "-o", "kept.out"], "kept.out"),
    ] {
        fs::write(folder.path().join(name), "old").unwrap();
        let Some(mut command) = faulty(folder.path(), arguments, "write:1:kept.out:28") else { return };
        let (code, out, err) = told(output(&mut command));
        assert!(code == Some(2) && (out + &err).contains("No space left on device"), "{arguments:?}: {err}");
        assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), "old", "{arguments:?}");
        assert_eq!(files(folder.path()), ["a_0.npy", "b_0.npy", "c_0.npy", "kept.out"], "{arguments:?}");
    }
    for arguments in [&["check", "--report", "json=/dev/full"][..], &["inspect", "-o", "/dev/full"]] {
        let (code, _, err) = run(folder.path(), arguments);
        assert!(code == Some(2) && err.contains("cannot write /dev/full: No space left on device"), "{err}");
    }
    assert!(Path::new("/dev/full").exists());
}

#[test]
fn a_full_stdout_is_trouble_and_a_closed_one_is_not() {
    let folder = dump();
    for format in ["full", "json", "sarif"] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = batchlint(folder.path(), &["check", "--format", format]);
        let (code, _, err) = told(output(command.stdout(full)));
        assert!(code == Some(2) && err.contains("cannot write to stdout"), "{format}: {code:?} {err}");
        // What `| head` does: nobody reads any longer.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = batchlint(folder.path(), &["check", "--format", format]);
        let (code, _, err) = told(output(command.stdout(writer)));
        assert!(code == Some(0) && !err.contains("error"), "{format}: {code:?} {err}");
    }
    // And nobody hears anything at all.
    for command in ["check", "inspect", "rules"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = batchlint(folder.path(), &[command]);
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        assert_eq!(output(&mut command).status.code(), Some(0));
    }
    let mut command = batchlint(folder.path(), &["check"]);
    assert_eq!(output(command.stdout(Stdio::null()).stderr(Stdio::null())).status.code(), Some(0));
}

#[test]
fn names_that_are_not_utf_8_are_told_apart() {
    let folder = project();
    for (name, value) in [(&b"x\xfe.npy"[..], "1"), (b"x\xff.npy", "nan")] {
        let bytes = recipe::npy("x", &[&format!("float32[4, 4]; [1, 1] = {value}")]);
        fs::write(folder.path().join(std::ffi::OsStr::from_bytes(name)), bytes).unwrap();
    }
    let (code, out, _) = run(folder.path(), &["check", "--format", "json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    let found = report["diagnostics"].as_array().unwrap();
    let finding = found.iter().find(|found| found["rule"] == "non-finite-values").unwrap();
    let places = (&finding["places"][0]["source"], &finding["places"][1]);
    assert_eq!((code, places), (Some(0), (&"x\\xff.npy".into(), &Value::Null)), "{finding:#}");
    for format in ["full", "concise", "sarif", "github", "junit", "html"] {
        assert!(run(folder.path(), &["check", "--format", format]).1.contains("xff.npy"), "{format}");
    }
    let (code, ..) = run(folder.path(), &["inspect", "--each"]);
    assert_eq!(code, Some(0));
}

#[test]
fn no_clock_no_home_and_no_temporary_folder_change_nothing() {
    let folder = dump();
    fs::write(folder.path().join("d_0.npy"), recipe::npy("d", &["float64[4, 4] = nan"])).unwrap();
    for arguments in
        [&["check"][..], &["check", "--format", "json"], &["check", "--format", "html"], &["inspect"], &["fix", "."]]
    {
        let usual = told(output(&mut batchlint(folder.path(), arguments)));
        let mut bare = batchlint(folder.path(), arguments);
        bare.env("HOME", "/proc/no/such").env("TMPDIR", "/no/such/folder").env("XDG_CACHE_HOME", "/proc");
        assert_eq!(told(output(&mut bare)), usual, "{arguments:?}");
        let mut empty = batchlint(folder.path(), arguments);
        assert_eq!(told(output(empty.env_clear())), usual, "{arguments:?}");
        if let Some(mut early) = at_time(folder.path(), arguments, 0) {
            let early = told(output(&mut early));
            assert_eq!(early.0, usual.0, "{arguments:?}");
            // Only the time of the report differs.
            assert_eq!(early.1.lines().count(), usual.1.lines().count(), "{arguments:?}");
        }
    }
    assert_eq!(files(folder.path()).len(), 4, "nothing is left behind");
}

#[test]
fn a_repair_needs_no_temporary_folder_and_leaves_none_of_its_files() {
    let folder = project();
    fs::write(folder.path().join("batchlint.toml"), "[inputs.d]\ndtype = \"float32\"\nshape = [4, 4]\n").unwrap();
    let data = folder.path().join("d_0.npy");
    let old = recipe::npy("d", &["float64[4, 4] = 1"]);
    fs::write(&data, &old).unwrap();
    if let Some(mut command) = faulty(folder.path(), &["fix", "--in-place", "."], "write:1:d_0.npy:28") {
        let (code, out, err) = told(output(&mut command));
        assert!(code == Some(1) && out.contains("the disk is full"), "{code:?} {out}{err}");
        assert_eq!(files(folder.path()), ["batchlint.toml", "d_0.npy"]);
        assert_eq!(fs::read(&data).unwrap(), old);
    }
    let mut command = batchlint(folder.path(), &["fix", "--in-place", "."]);
    let (code, out, _) = told(output(command.env("TMPDIR", "/no/such/folder")));
    assert_eq!(code, Some(0), "{out}");
    assert_eq!(files(folder.path()), ["batchlint.toml", "d_0.npy"]);
    assert!(fs::read(&data).unwrap().len() < old.len());
}

#[test]
fn many_files_are_checked_in_little_memory() {
    let folder = project();
    let bytes = recipe::npy("x", &["float32[8, 2]"]);
    for i in 0..20_000 {
        let part = folder.path().join(format!("{}", i % 10));
        if i < 10 {
            fs::create_dir(&part).unwrap();
        }
        fs::write(part.join(format!("x_{i}.npy")), &bytes).unwrap();
    }
    let (code, out, err) = run(folder.path(), &["check", "--format", "json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["coverage"]["sources"], 20_000, "{err}");
    assert!(matches!(code, Some(0 | 1)), "{err}");
}
