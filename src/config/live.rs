//! What `run` is asked for.

use std::path::PathBuf;

/// A program to be run for its batches.
#[derive(Debug, Clone, Default)]
pub struct Live {
    /// `train.py:naive_generator`; `None` where a script is run to its first training call.
    pub target: Option<String>,
    /// The script that is run to its first training call.
    pub script: Option<String>,
    /// `--`: what the program finds in `sys.argv` behind its own name.
    pub argv: Vec<String>,
    /// `--arg`: arguments of the function, by name; Python literals, or else texts.
    pub args: Vec<(String, String)>,
    /// `--batches`: batches that are taken at most.
    pub batches: u64,
    /// `--time-limit`: seconds, from the first batch on, after which no further one is asked for.
    pub time_limit: Option<f64>,
    /// `--timeout`: seconds that one batch, or the import, may take.
    pub timeout: Option<f64>,
    /// `--max-memory`: bytes of address space.
    pub max_memory: Option<u64>,
    /// `--save`: a folder for what was seen.
    pub save: Option<PathBuf>,
    /// The interpreter.
    pub python: PathBuf,
    /// `--import slice`: only the top-level statements that the target needs are run.
    pub slice: bool,
    /// `--repeat`: how often the batches are made, under fixed seeds if more than once.
    pub repeat: u32,
    /// Whether edits of the source are only wanted where they lose nothing.
    pub careful: bool,
    /// `--no-trace` turns this off: whether the program is traced for the first two batches, for places in its source.
    pub trace: bool,
}
