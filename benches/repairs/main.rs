//! Repairing one large file, beside NumPy doing the same and beside a plain copy. All of them take turns in one run; what is told are medians. The first argument is the size of the old file in GB.

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

/// A file and what is done to it.
struct Case {
    /// What it is called in the table.
    what: &'static str,
    file: &'static str,
    /// The type as Python writes it, and bytes of it.
    descr: &'static str,
    size: usize,
    fortran: bool,
    /// Sizes of the axes behind the first.
    row: &'static [usize],
    steps: fn() -> Vec<Step>,
    /// The same in Python, of `x`.
    python: &'static str,
}

fn float32() -> Vec<Step> {
    vec![Step::Cast(Dtype::from_name("float32").unwrap())]
}

const PLAIN: Case = Case {
    what: "float64 to float32, .npy",
    file: "x.npy",
    descr: "<f8",
    size: 8,
    fortran: false,
    row: &[1024],
    steps: float32,
    python: "x.astype(np.float32)",
};

const CASES: [Case; 4] = [
    PLAIN,
    Case { what: "float64 to float32, stored in a .npz", file: "x.npz", ..PLAIN },
    Case {
        what: "float64 in Fortran order to float32 in C order",
        fortran: true,
        python: "np.ascontiguousarray(x.astype(np.float32))",
        ..PLAIN
    },
    Case {
        what: "uint8 images, channels last to first",
        descr: "|u1",
        size: 1,
        row: &[224, 224, 3],
        steps: || vec![Step::Transpose(vec![0, 3, 1, 2])],
        python: "np.ascontiguousarray(x.transpose(0, 3, 1, 2))",
        ..PLAIN
    },
];

fn main() {
    let size = std::env::args().skip(1).find_map(|argument| argument.parse::<f64>().ok()).unwrap_or(2.0);
    let folder = tempfile::tempdir_in(".").unwrap();
    let mut table = String::from("| | seconds | GB/s of the old file | beside `cp` |\n| --- | --- | --- | --- |\n");
    for case in &CASES {
        let old = folder.path().join("old").join(case.file);
        fs::create_dir_all(old.parent().unwrap()).unwrap();
        make(case, &old, size);
        let bytes = fs::metadata(&old).unwrap().len() as f64;
        let ways: [Way<'_>; 4] = [
            ("batchlint: converted, synced, read again, compared", &|new| repair(case, &old, new)),
            ("NumPy, synced", &|new| numpy(case, &old, new, "sync")),
            ("NumPy", &|new| numpy(case, &old, new, "no")),
            ("`cp`, synced", &|new| copy(&old, new)),
        ];
        let mut times = vec![Vec::new(); ways.len()];
        for _ in 0..ROUNDS {
            for (way, times) in ways.iter().zip(&mut times) {
                let new = folder.path().join("new");
                fs::create_dir_all(&new).unwrap();
                let start = Instant::now();
                way.1(&new.join(case.file));
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
            let (speed, beside) = (bytes / 1e9 / median, median / medians[3]);
            writeln!(table, "| {}: {way} | {median:.2} | {speed:.2} | {beside:.1} |", case.what).unwrap();
        }
        fs::remove_file(&old).unwrap();
    }
    match std::env::var("BATCHLINT_BENCH_OUT") {
        Ok(out) => fs::write(out, table).unwrap(),
        Err(_) => println!("{table}"),
    }
}

/// A file of so many GB.
fn make(case: &Case, path: &Path, size: f64) {
    let row = case.row.iter().product::<usize>() * case.size;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size that somebody typed")]
    let rows = (size * 1e9) as usize / row;
    let sizes: Vec<String> =
        std::iter::once(rows).chain(case.row.iter().copied()).map(|size| size.to_string()).collect();
    let order = if case.fortran { "True" } else { "False" };
    let text = format!("{{'descr': '{}', 'fortran_order': {order}, 'shape': ({}), }}", case.descr, sizes.join(", "));
    let header = [b"\x93NUMPY\x01\0\x76\0", format!("{text:<117}\n").as_bytes()].concat();
    // Doubles that need all their digits.
    let some: Vec<u8> = (0..row * 8).flat_map(|i| (i as f64 * 0.37).sin().to_le_bytes()).take(row * 8).collect();
    let write = |to: &mut dyn std::io::Write| {
        to.write_all(&header).unwrap();
        for at in 0..rows {
            let from = at % 8 * row;
            to.write_all(&some[from..from + row]).unwrap();
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

fn repair(case: &Case, old: &Path, new: &Path) {
    let stamp = Stamp::of(old).unwrap();
    let facts = scan(&Target::file(old), &mut Memo::default());
    let part = Part { array: 0, steps: Some((case.steps)()), rows: None };
    let content = match facts.kind {
        SourceKind::Npz => Content::Npz { members: vec![Member { name: "x.npy".into(), part }], leave: vec![] },
        _ => Content::Npy(part),
    };
    let plan = FilePlan { source: 0, outputs: vec![Output { path: old.to_owned(), content }] };
    let destination =
        Destination::Under { root: old.parent().unwrap().to_owned(), dir: new.parent().unwrap().to_owned() };
    carry_out(&plan, &facts, old, &stamp, &destination, &Progress::default(), &mut |_, _, _| Ok(())).unwrap();
}

fn numpy(case: &Case, old: &Path, new: &Path, sync: &str) {
    let mut command = Command::new(".venv/bin/python");
    command.arg("benches/repairs/numpy_rewrite.py").args([old, new]).args([sync, case.python]);
    assert!(command.status().unwrap().success());
}

fn copy(old: &Path, new: &Path) {
    assert!(Command::new("cp").args([old, new]).status().unwrap().success());
    assert!(Command::new("sync").arg(new).status().unwrap().success());
}
