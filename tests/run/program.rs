//! A program of its own, run with the binary, and what came of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;

pub(crate) const HEAD: &str = "import os, sys, time\nimport numpy as np\n\nRNG = np.random.default_rng(0)\n\n\ndef good():\n    return RNG.random((4, 3), dtype=np.float32)\n\n\n";

/// A folder with a program and nothing else, whose processes and files can be told from those of everybody else.
pub(crate) struct Program {
    pub(crate) folder: tempfile::TempDir,
    scratch: tempfile::TempDir,
}

/// What came of a run.
pub(crate) struct Came {
    pub(crate) output: Output,
    pub(crate) report: Value,
}

pub(crate) fn python() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::env::var_os("BATCHLINT_PYTHON").map_or_else(|| root.join(".venv/bin/python"), PathBuf::from)
}

impl Program {
    pub(crate) fn new(body: &str) -> Self {
        let (folder, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(folder.path().join(".git")).unwrap();
        fs::write(folder.path().join("train.py"), format!("{HEAD}{body}")).unwrap();
        Self { folder, scratch }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_batchlint"));
        command.arg("run").arg("--python").arg(python()).args(arguments).current_dir(self.folder.path());
        command.env("TMPDIR", self.scratch.path()).env("BATCHLINT_TEST", self.token());
        command
    }

    /// Runs it with a JSON report. Nothing is left behind.
    pub(crate) fn run(&self, arguments: &[&str]) -> Came {
        let output = self.command(&[&["--format", "json"], arguments].concat()).output().unwrap();
        self.came(output)
    }

    pub(crate) fn came(&self, output: Output) -> Came {
        self.leaves_nothing();
        let report = serde_json::from_slice(&output.stdout);
        let report = report.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stdout)));
        Came { output, report }
    }

    fn token(&self) -> String {
        self.folder.path().display().to_string()
    }

    fn leaves_nothing(&self) {
        // A process that was killed is gone a moment later.
        let mut left = Vec::new();
        for _ in 0..50 {
            left = self.processes();
            if left.is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(left.is_empty(), "processes are left behind: {left:?}");
        let files: Vec<_> = fs::read_dir(self.scratch.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(files.is_empty(), "files are left behind: {files:?}");
    }

    /// Processes that carry our token in their environment.
    fn processes(&self) -> Vec<String> {
        let token = format!("BATCHLINT_TEST={}", self.token());
        let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
        let carries = |path: &Path| {
            let environment = fs::read(path.join("environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == token.as_bytes())
        };
        let alive = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| carries(path));
        alive.map(|path| fs::read_to_string(path.join("cmdline")).unwrap_or_default()).collect()
    }
}

impl Came {
    pub(crate) fn code(&self) -> i32 {
        self.output.status.code().unwrap()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    pub(crate) fn batches(&self) -> u64 {
        self.report["coverage"]["batches"].as_u64().unwrap_or_else(|| panic!("{:#}", self.report))
    }

    /// What the rule says, one finding.
    pub(crate) fn finding(&self, rule: &str) -> &Value {
        let found: Vec<_> =
            self.report["diagnostics"].as_array().unwrap().iter().filter(|found| found["rule"] == rule).collect();
        assert_eq!(found.len(), 1, "{rule}: {:#}", self.report["diagnostics"]);
        found[0]
    }

    pub(crate) fn program_error(&self, found: &str) -> &Value {
        let finding = self.finding("program-error");
        assert!(finding["found"].as_str().unwrap().contains(found), "{finding:#}");
        assert_eq!(self.code(), 1);
        finding
    }
}
