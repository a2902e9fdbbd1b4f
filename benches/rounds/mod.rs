//! Contenders that take turns: every round runs each of them once, one after another, so that a machine that changes its
//! speed changes it for all. What is quoted is the median of the ratios of the rounds.

use std::io::{BufReader, Read};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Rounds that count. One more, before them, warms the page cache.
const ROUNDS: usize = 5;

/// A command that is timed.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) command: Vec<String>,
    /// Threads that batchlint may use.
    pub(crate) threads: Option<&'static str>,
    /// Whether it prints the seconds that it took, without the start of its interpreter.
    pub(crate) own_clock: bool,
    /// Commands that run at the same time.
    pub(crate) processes: Vec<Vec<String>>,
}

/// The seconds of every contender, round by round.
pub(crate) fn rounds(contenders: &[Contender]) -> Vec<Vec<f64>> {
    let mut times = vec![Vec::new(); contenders.len()];
    for round in 0..=ROUNDS {
        for (contender, times) in contenders.iter().zip(&mut times) {
            let seconds = contender.run();
            if round > 0 {
                times.push(seconds);
            }
        }
    }
    times
}

/// The middle one of the values.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// A row of the table: `mine` beside `other`. Beside a floor the ratio says how much more we take; beside NumPy, which has
/// a clock of its own, how much less.
pub(crate) fn row(work: &str, threads: &str, mine: &[f64], other: &[f64], contender: &Contender) -> String {
    let mut ratios: Vec<f64> =
        mine.iter().zip(other).map(|(a, b)| if contender.own_clock { b / a } else { a / b }).collect();
    ratios.sort_by(f64::total_cmp);
    let kind = if contender.own_clock { "x faster" } else { "x its time" };
    format!(
        "| {work} | {threads} | {:.3} s | {} ({:.3} s) | {:.2}{kind} ({:.2}-{:.2}) |\n",
        median(mine),
        contender.name,
        median(other),
        median(&ratios),
        ratios[0],
        ratios[ratios.len() - 1],
    )
}

/// The head of the table.
pub(crate) const HEAD: &str =
    "| work | threads | batchlint | beside | ratio (median, min-max) |\n| --- | --- | --- | --- | --- |\n";

impl Contender {
    fn run(&self) -> f64 {
        let start = Instant::now();
        let others: Vec<_> = self.processes.iter().map(|command| self.start(command)).collect();
        let mut child = self.start(&self.command);
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_to_string(&mut said).unwrap();
        // Findings, or nothing that the one rule concerns, are no failure.
        let ok = matches!(child.wait().unwrap().code(), Some(0 | 1 | 3));
        for mut other in others {
            assert!(other.wait().unwrap().success());
        }
        let elapsed = start.elapsed().as_secs_f64();
        assert!(ok, "{} failed", self.name);
        if self.own_clock { said.trim().parse().unwrap() } else { elapsed }
    }

    fn start(&self, command: &[String]) -> std::process::Child {
        let mut child = Command::new(&command[0]);
        child.args(&command[1..]).stdout(Stdio::piped()).stderr(Stdio::null());
        if let Some(threads) = self.threads {
            child.env("RAYON_NUM_THREADS", threads);
        }
        child.spawn().unwrap()
    }
}
