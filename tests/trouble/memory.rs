//! Memory has a bound that no file moves: the whole hostile corpus, and good files larger than the memory there is, in an
//! address space of fixed size.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::support::corpus::corpus;
use super::support::recipe;
use super::tool::{finished, project, sparse};

/// Address space in KiB: two threads with their stacks, the program, and what it needs.
const SPACE: u64 = 768 << 10;

/// Runs it within the limit. Gives the exit code, the report, and the most memory it had in KiB, as far as it was looked.
fn limited(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, u64) {
    let mut child = Command::new("sh")
        .args(["-c", &format!("ulimit -v {SPACE} || exit 99; exec \"$0\" \"$@\"")])
        .arg(env!("CARGO_BIN_EXE_batchlint"))
        .args(arguments)
        .current_dir(folder)
        .env("RAYON_NUM_THREADS", "2")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let id = child.id();
    let mut out = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut out, &mut text).unwrap();
        text
    });
    let watch = std::thread::spawn(move || {
        let mut most = 0;
        while let Ok(status) = fs::read_to_string(format!("/proc/{id}/status")) {
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let Some(now) = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()) else {
                break;
            };
            most = most.max(now);
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        most
    });
    let output = finished(child);
    let (text, most) = (reader.join().unwrap(), watch.join().unwrap());
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(!err.contains("memory allocation") && !err.contains("hit a bug"), "{arguments:?}: {err}");
    (output.status.code(), text, most)
}

#[test]
fn the_hostile_corpus_is_checked_in_a_small_address_space() {
    let (folder, files) = corpus();
    let project = project();
    let corpus = folder.display().to_string();
    for arguments in [&["check", "--format", "json", &corpus][..], &["check", "--headers-only", &corpus]] {
        let (code, text, peak) = limited(project.path(), arguments);
        println!("{arguments:?}: {peak} KiB at most");
        assert!(code.is_some_and(|code| code < 2) && text.len() > files.len(), "{arguments:?}: {code:?}");
    }
}

#[test]
fn memory_does_not_grow_with_the_file() {
    let folder = project();
    let mut peaks = Vec::new();
    for (name, elements) in [("small", 1 << 22), ("large", 1 << 28)] {
        let part = folder.path().join(name);
        fs::create_dir(&part).unwrap();
        sparse(&part.join("x_0.npy"), elements);
        let (code, text, peak) = limited(folder.path(), &["check", "--format", "json", name]);
        assert!(code.is_some_and(|code| code < 2), "{name}: {text}");
        peaks.push(peak);
    }
    println!("peaks in KiB: {peaks:?}");
    assert!(peaks[1] < peaks[0] + (48 << 10), "16 MiB take {} KiB, 1 GiB takes {} KiB", peaks[0], peaks[1]);
    // Headers of what no disk holds.
    sparse(&folder.path().join("huge_0.npy"), 1 << 40);
    let (code, _, peak) = limited(folder.path(), &["check", "--headers-only", "huge_0.npy"]);
    assert!(code.is_some_and(|code| code < 2) && peak < peaks[1] + (48 << 10), "{code:?} {peak}");
}

#[test]
fn memory_does_not_grow_with_the_members_of_an_archive() {
    let folder = project();
    let lines: Vec<String> = (0..20_000).map(|i| format!("a_{i}: float32[4]")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    fs::write(folder.path().join("x.npz"), recipe::npz("x", &lines)).unwrap();
    let (code, ..) = limited(folder.path(), &["check", "-qq", "x.npz"]);
    assert!(code.is_some_and(|code| code < 2), "{code:?}");
}
