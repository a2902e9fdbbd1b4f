//! Header scans beside their floor and beside NumPy, in one run.
//!
//! `scripts/bench-headers` runs it and writes `docs/performance.md`. Every round runs each contender once, one after
//! another, so that a machine that changes its speed changes it for all; what is quoted is the median of the ratios.
//! The floor is a loop that lists, opens, reads and closes and does nothing else, with the same system calls as a C
//! program would make.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{CWD, Mode, OFlags, RawDir};

use crate::growth::growth;
use crate::rounds::{Contender, HEAD, rounds, row};

const FOLDERS: usize = 100;
const FILES: usize = 1000;
const ARCHIVES: usize = 1000;

pub(crate) fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("floor-npy") => floor_npy(arguments[2..].iter().map(PathBuf::from)),
        Some("floor-npz") => floor_npz(Path::new(&arguments[2])),
        // `cargo bench` adds `--bench`; `cargo test --benches` does not, and then there is nothing to do.
        _ if arguments.iter().any(|argument| argument == "--bench") => compare(),
        _ => {}
    }
}

/// getdents, openat, one read of 4 KiB, close.
fn floor_npy(folders: impl Iterator<Item = PathBuf>) {
    let mut names = vec![0_u8; 64 * 1024];
    let mut page = [0_u8; 4096];
    let mut bytes = 0;
    for path in folders {
        let folder = rustix::fs::openat(CWD, &path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
        let mut entries = RawDir::new(&folder, spare(&mut names));
        while let Some(entry) = entries.next() {
            let entry = entry.unwrap();
            if entry.file_name().to_bytes().ends_with(b".npy") {
                let file = rustix::fs::openat(&folder, entry.file_name(), OFlags::RDONLY, Mode::empty()).unwrap();
                bytes += rustix::io::read(&file, &mut page[..]).unwrap();
            }
        }
    }
    assert!(bytes > 0);
}

fn spare(names: &mut Vec<u8>) -> &mut [std::mem::MaybeUninit<u8>] {
    names.clear();
    names.spare_capacity_mut()
}

/// open, one read of everything, close.
fn floor_npz(folder: &Path) {
    let mut buffer = vec![0_u8; 256 * 1024];
    let mut bytes = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let mut file = File::open(entry.unwrap().path()).unwrap();
        bytes += file.read(&mut buffer).unwrap();
    }
    assert!(bytes > 0);
}

fn compare() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let data = root.join("target/bench/headers");
    let python =
        std::env::var("BATCHLINT_PYTHON").unwrap_or_else(|_| root.join(".venv/bin/python").display().to_string());
    let readers = root.join("benches/headers/readers.py").display().to_string();
    if !data.join("done").exists() {
        let _ = fs::remove_dir_all(&data);
        fs::create_dir_all(&data).unwrap();
        let (folders, files, archives) = (FOLDERS.to_string(), FILES.to_string(), ARCHIVES.to_string());
        let status = Command::new(&python)
            .args([readers.as_str(), "write"])
            .arg(&data)
            .args([&folders, &files, &archives])
            .status();
        assert!(status.unwrap().success(), "NumPy could not write the files");
        fs::write(data.join("done"), "").unwrap();
    }
    let mut report = String::from(HEAD);
    for (work, part) in [
        ("headers of 100,000 .npy in 100 folders", "npy"),
        ("headers of 1,000 stored .npz × 100 members", "stored"),
        ("headers of 1,000 deflated .npz × 100 members", "deflated"),
    ] {
        report.push_str(&self::work(work, part, &data, &python, &readers));
    }
    report.push('\n');
    report.push_str(&growth(
        env!("CARGO_BIN_EXE_batchlint"),
        &python,
        &data,
        &[
            ("headers of .npy, 1,000 in a folder", ["npy/part_000", "npy/part_00*", "npy"], FILES),
            ("headers of stored .npz of 100", ["stored/batch_000*", "stored/batch_00*", "stored"], ARCHIVES / 100),
            (
                "headers of deflated .npz of 100",
                ["deflated/batch_000*", "deflated/batch_00*", "deflated"],
                ARCHIVES / 100,
            ),
        ],
    ));
    std::io::stdout().write_all(report.as_bytes()).unwrap();
    if let Ok(path) = std::env::var("BATCHLINT_BENCH_OUT") {
        File::create(path).unwrap().write_all(report.as_bytes()).unwrap();
    }
}

fn work(work: &str, part: &str, data: &Path, python: &str, readers: &str) -> String {
    let this = std::env::current_exe().unwrap().display().to_string();
    let folder = data.join(part);
    let whole = folder.display().to_string();
    let lint = |threads| Contender {
        name: "batchlint",
        command: vec![
            env!("CARGO_BIN_EXE_batchlint").into(),
            "check".into(),
            "-qq".into(),
            "--headers-only".into(),
            whole.clone(),
        ],
        threads: Some(threads),
        own_clock: false,
        processes: Vec::new(),
    };
    let numpy = |name, mode: &str| Contender {
        name,
        command: vec![python.into(), readers.into(), mode.into(), whole.clone()],
        threads: None,
        own_clock: true,
        processes: Vec::new(),
    };
    let mut contenders = vec![lint("1"), lint("2")];
    if part == "npy" {
        let mut folders: Vec<String> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path().display().to_string()).collect();
        folders.sort();
        let half = folders.len() / 2;
        let command = |folders: &[String]| [&[this.clone(), "floor-npy".to_owned()], folders].concat();
        let plain = |name, command, processes| Contender { name, command, threads: None, own_clock: false, processes };
        contenders.push(plain("open-read-close loop", command(&folders), Vec::new()));
        contenders.push(plain("two such loops", command(&folders[..half]), vec![command(&folders[half..])]));
        contenders.push(numpy("read_array_header", "npy-header"));
        contenders.push(numpy("np.load(mmap_mode=\"r\")", "npy-load"));
    } else {
        let command = vec![this, "floor-npz".into(), whole.clone()];
        contenders.push(Contender {
            name: "one whole-file read each",
            command,
            threads: None,
            own_clock: false,
            processes: Vec::new(),
        });
        contenders.push(numpy("zipfile + read_array_header", "npz-header"));
    }
    let times = rounds(&contenders);
    let mut rows = String::new();
    for (index, other) in contenders.iter().enumerate().skip(2) {
        let mine = if other.name == "two such loops" {
            vec![1]
        } else if other.own_clock {
            vec![0, 1]
        } else {
            vec![0]
        };
        for mine in mine {
            rows += &row(work, &(mine + 1).to_string(), &times[mine], &times[index], other);
        }
    }
    rows
}
