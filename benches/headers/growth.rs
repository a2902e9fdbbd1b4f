//! Time per file and peak memory at 1, 10 and 100 times as many files.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use crate::rounds::{Contender, median, rounds};

/// Runs a command and prints the most memory that it held, in KiB. An interpreter holds about 9 MiB before that.
const PEAK: &str = "import resource, subprocess, sys\n\
    subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n\
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";

/// A table for each folder of `parts`: what is read, the patterns of 1, 10 and 100 times as many, how many files the
/// first stands for, and what one of them holds. One thread.
pub(crate) fn growth(batchlint: &str, python: &str, data: &Path, parts: &[(&str, [&str; 3], usize)]) -> String {
    let mut table = String::from(
        "| work | files | time per file, start aside (min-max) | peak memory |\n| --- | --- | --- | --- |\n",
    );
    for (work, patterns, files) in parts {
        let check = |path: String| Contender {
            name: "batchlint",
            command: vec![batchlint.into(), "check".into(), "-qq".into(), "--headers-only".into(), path],
            threads: Some("1"),
            own_clock: false,
            processes: Vec::new(),
        };
        let path = |pattern: &str| data.join(pattern).display().to_string();
        let mut contenders = vec![check(path("npy/part_000/x_0000.npy"))];
        contenders.extend(patterns.iter().map(|pattern| check(path(pattern))));
        let times = rounds(&contenders);
        let mut files = *files;
        for (contender, times_of) in contenders[1..].iter().zip(&times[1..]) {
            let each: Vec<f64> =
                times_of.iter().zip(&times[0]).map(|(all, start)| (all - start) * 1e6 / files as f64).collect();
            let (least, most) = each.iter().fold((f64::MAX, 0.0_f64), |(a, b), time| (a.min(*time), b.max(*time)));
            writeln!(
                table,
                "| {work} | {files} | {:.2} µs ({least:.2}-{most:.2}) | {:.0} MB |",
                median(&each),
                peak(python, &contender.command)
            )
            .unwrap();
            files *= 10;
        }
    }
    table
}

/// Megabytes that the command held at most.
fn peak(python: &str, command: &[String]) -> f64 {
    let mut run = Command::new(python);
    run.args(["-I", "-S", "-c", PEAK]).args(command).env("RAYON_NUM_THREADS", "1");
    let said = String::from_utf8(run.output().unwrap().stdout).unwrap();
    said.trim().parse::<f64>().unwrap() * 1024.0 / 1e6
}
