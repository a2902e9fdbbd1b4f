//! Value scans beside the floor and beside NumPy, in one run.
//!
//! `scripts/bench-values` runs it and writes `docs/performance.md`. batchlint is timed as a whole process, NumPy by its own
//! clock. The floors: reading the same bytes into one buffer; the same and adding them up; the inflater alone.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing to say")]

#[path = "../rounds/mod.rs"]
mod rounds;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use rounds::{Contender, HEAD, rounds, row};

/// Bytes that the floor reads at a time: no size is faster here.
const CHUNK: usize = 256 * 1024;
/// Bytes of a page of memory.
const PAGE: usize = 4096;
/// Bytes of each large array.
const BYTES: &str = "1073741824";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("read") => floor(Path::new(&arguments[2]), |_| 0),
        Some("sum") => floor(Path::new(&arguments[2]), |bytes| {
            let (words, _) = bytes.as_chunks();
            words.iter().fold(0, |sum, word| sum.wrapping_add(u64::from_le_bytes(*word)))
        }),
        Some("inflate") => inflate(Path::new(&arguments[2])),
        // `cargo bench` adds `--bench`; `cargo test --benches` does not, and then there is nothing to do.
        _ if arguments.iter().any(|argument| argument == "--bench") => compare(),
        _ => {}
    }
}

/// Reads a file into one buffer, again and again.
fn floor(path: &Path, mut look: impl FnMut(&[u8]) -> u64) {
    let mut file = File::open(path).unwrap();
    // From the start of a page: a few bytes behind it, the kernel copies the start of a file four times slower here.
    let mut memory = vec![0; CHUNK + PAGE];
    let start = memory.as_ptr().align_offset(PAGE);
    let buffer = &mut memory[start..start + CHUNK];
    let mut sum = 0_u64;
    loop {
        match file.read(buffer).unwrap() {
            0 => break,
            read => sum = sum.wrapping_add(look(&buffer[..read])),
        }
    }
    std::hint::black_box(sum);
}

/// Inflates every member of an archive, and drops what comes.
fn inflate(path: &Path) {
    let bytes = fs::read(path).unwrap();
    let archive = rawzip::ZipArchive::from_slice(&bytes).unwrap();
    let mut entries = archive.entries();
    let mut buffer = vec![0; CHUNK];
    while let Some(record) = entries.next_entry().unwrap() {
        let entry = archive.get_entry(record.wayfinder()).unwrap();
        let mut reader = flate2::read::DeflateDecoder::new(entry.data());
        while reader.read(&mut buffer).unwrap() > 0 {}
    }
}

fn compare() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let data = root.join("target/bench/values");
    let python =
        std::env::var("BATCHLINT_PYTHON").unwrap_or_else(|_| root.join(".venv/bin/python").display().to_string());
    let readers = root.join("benches/values/readers.py").display().to_string();
    if !data.join("done").exists() {
        let _ = fs::remove_dir_all(&data);
        fs::create_dir_all(&data).unwrap();
        let status = Command::new(&python).args([readers.as_str(), "write"]).arg(&data).arg(BYTES).status();
        assert!(status.unwrap().success(), "NumPy could not write the files");
        fs::write(data.join("done"), "").unwrap();
    }
    let mut report = String::from(HEAD);
    for (work, file, floors) in [
        ("1 GiB float32", "float32.npy", &["read", "sum"][..]),
        ("1 GiB float64", "float64.npy", &["read", "sum"]),
        ("1 GiB int64", "int64.npy", &["read", "sum"]),
        ("1 GiB uint8 images", "uint8.npy", &["read", "sum"]),
        ("128 MiB deflated float32 images", "deflated-float32.npz", &["inflate"]),
        ("128 MiB deflated uint8 images", "deflated-uint8.npz", &["inflate"]),
        ("10,000 small .npy", "small", &[]),
    ] {
        report += &compared(work, &data.join(file), floors, &python, &readers);
    }
    std::io::stdout().write_all(report.as_bytes()).unwrap();
    if let Ok(path) = std::env::var("BATCHLINT_BENCH_OUT") {
        File::create(path).unwrap().write_all(report.as_bytes()).unwrap();
    }
}

fn compared(work: &str, path: &Path, floors: &[&str], python: &str, readers: &str) -> String {
    let this = std::env::current_exe().unwrap().display().to_string();
    let file = path.display().to_string();
    let lint = |name, select: &[&str], threads| {
        let command = [&[env!("CARGO_BIN_EXE_batchlint"), "check", "-qq", &file], select].concat();
        let command = command.into_iter().map(str::to_owned).collect();
        Contender { name, command, threads: Some(threads), own_clock: false, processes: Vec::new() }
    };
    let mut contenders = vec![
        lint("counts and extremes", &["--select", "non-finite-values"], "1"),
        lint("every rule", &[], "1"),
        lint("every rule", &[], "2"),
    ];
    for floor in floors {
        let name = match *floor {
            "read" => "reading alone",
            "sum" => "reading and adding up",
            _ => "inflating alone",
        };
        let command = vec![this.clone(), (*floor).to_owned(), file.clone()];
        contenders.push(Contender { name, command, threads: None, own_clock: false, processes: Vec::new() });
    }
    for (name, mode) in [("NumPy, the obvious way", "obvious"), ("NumPy in chunks, tuned by hand", "tuned")] {
        let command = vec![python.into(), readers.into(), mode.into(), file.clone()];
        contenders.push(Contender { name, command, threads: None, own_clock: true, processes: Vec::new() });
    }
    let times = rounds(&contenders);
    let mut rows = String::new();
    for (other, contender) in contenders.iter().enumerate().skip(3) {
        for (mine, threads) in [(0, "1"), (1, "1"), (2, "2")] {
            let work = format!("{work}: {}", contenders[mine].name);
            rows += &row(&work, threads, &times[mine], &times[other], contender);
        }
    }
    rows
}
