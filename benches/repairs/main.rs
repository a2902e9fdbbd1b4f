//! Repairing one large file, beside NumPy doing the same and beside a plain copy: float64 becomes float32. All of them take
//! turns in one run; what is told are medians. The first argument is the size of the old file in GB.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "a bench that panics has failed")]

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use batchlint::fix::data::plan::{Content, FilePlan, Member, Output, Part};
use batchlint::fix::data::step::Step;
use batchlint::fix::data::{Destination, carry_out};
use batchlint::fix::replace::Stamp;
use batchlint::source::{Memo, Progress, SourceKind, Target, scan};
use batchlint::spec::dtype::Dtype;

/// How often each is timed.
const ROUNDS: usize = 5;
/// What is timed: its name, and what makes the new file.
type Way<'w> = (&'w str, &'w dyn Fn(&Path));
/// Values of one row.
const ROW: usize = 1024;

fn main() {
    let size = std::env::args().skip(1).find_map(|argument| argument.parse::<f64>().ok()).unwrap_or(2.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size that somebody typed")]
    let rows = (size * 1e9) as usize / ROW / 8;
    let folder = tempfile::tempdir_in(".").unwrap();
    let mut table = String::from("| | seconds | GB/s of the old file | beside `cp` |\n| --- | --- | --- | --- |\n");
    for (name, what) in [("x.npy", "a .npy"), ("x.npz", "a stored member of a .npz")] {
        let old = folder.path().join("old").join(name);
        fs::create_dir_all(old.parent().unwrap()).unwrap();
        make(&old, rows);
        let bytes = fs::metadata(&old).unwrap().len() as f64;
        let ways: [Way<'_>; 4] = [
            ("batchlint: converted, synced, read again, compared", &|new| repair(&old, new)),
            ("NumPy: load, astype, save, sync", &|new| numpy(&old, new, "sync")),
            ("NumPy: load, astype, save", &|new| numpy(&old, new, "no")),
            ("cp, sync", &|new| copy(&old, new)),
        ];
        let mut times = vec![Vec::new(); ways.len()];
        for _ in 0..ROUNDS {
            for (way, times) in ways.iter().zip(&mut times) {
                let new = folder.path().join("new");
                fs::create_dir_all(&new).unwrap();
                let start = Instant::now();
                way.1(&new.join(name));
                times.push(start.elapsed().as_secs_f64());
                fs::remove_dir_all(&new).unwrap();
            }
        }
        let medians: Vec<f64> = times
            .iter_mut()
            .map(|times| {
                times.sort_by(f64::total_cmp);
                times[times.len() / 2]
            })
            .collect();
        for ((way, _), median) in ways.iter().zip(&medians) {
            let beside = median / medians[3];
            writeln!(table, "| {what}: {way} | {median:.2} | {:.2} | {beside:.1} |", bytes / 1e9 / median).unwrap();
        }
        fs::remove_file(&old).unwrap();
    }
    match std::env::var("BATCHLINT_BENCH_OUT") {
        Ok(out) => fs::write(out, table).unwrap(),
        Err(_) => println!("{table}"),
    }
}

/// Rows of doubles that need all their digits.
fn make(path: &Path, rows: usize) {
    let text = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows}, {ROW}), }}");
    let header = [b"\x93NUMPY\x01\0\x76\0", format!("{text:<117}\n").as_bytes()].concat();
    let row: Vec<u8> = (0..ROW * 64).flat_map(|i| (i as f64 * 0.37).sin().to_le_bytes()).collect();
    let write = |to: &mut dyn std::io::Write| {
        to.write_all(&header).unwrap();
        for at in 0..rows {
            let from = at % 64 * ROW * 8;
            to.write_all(&row[from..from + ROW * 8]).unwrap();
        }
    };
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path).unwrap());
    if path.extension().is_some_and(|extension| extension == "npz") {
        let mut zip = zip::ZipWriter::new(file);
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored)
            .large_file(true);
        zip.start_file("x.npy", options).unwrap();
        write(&mut zip);
        zip.finish().unwrap().flush().unwrap();
    } else {
        write(&mut file);
        file.flush().unwrap();
    }
}

fn repair(old: &Path, new: &Path) {
    let stamp = Stamp::of(old).unwrap();
    let facts = scan(&Target::file(old), &mut Memo::default());
    let part = Part { array: 0, steps: Some(vec![Step::Cast(Dtype::from_name("float32").unwrap())]), rows: None };
    let content = match facts.kind {
        SourceKind::Npz => Content::Npz { members: vec![Member { name: "x.npy".into(), part }], leave: vec![] },
        _ => Content::Npy(part),
    };
    let plan = FilePlan { source: 0, outputs: vec![Output { path: old.to_owned(), content }] };
    let destination =
        Destination::Under { root: old.parent().unwrap().to_owned(), dir: new.parent().unwrap().to_owned() };
    carry_out(&plan, &facts, old, &stamp, &destination, &Progress::default(), &mut |_, _, _| Ok(())).unwrap();
}

fn numpy(old: &Path, new: &Path, sync: &str) {
    let mut command = Command::new(".venv/bin/python");
    command.arg("benches/repairs/numpy_astype.py").args([old, new]).arg(sync);
    assert!(command.status().unwrap().success());
}

fn copy(old: &Path, new: &Path) {
    assert!(Command::new("cp").args([old, new]).status().unwrap().success());
    assert!(Command::new("sync").arg(new).status().unwrap().success());
}
