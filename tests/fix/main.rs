//! Repairs of dumps from the plan to the files: over random data, and case by case.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

#[path = "../support/mod.rs"]
mod support;

mod known;
mod random;

use std::fs;
use std::path::{Path, PathBuf};

use batchlint::config::{Level, Selection, Settings};
use batchlint::run::repair::{Destination, Repaired, repair};
use batchlint::source::Progress;
use batchlint::{run, verdict::Report};
use support::dump::write_npz;

/// A dump that is written and looked at.
struct Dump {
    folder: tempfile::TempDir,
    deflated: bool,
}

impl Dump {
    fn new(spec: &str, deflated: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("batchlint.toml"), spec).unwrap();
        fs::create_dir(folder.path().join("dump")).unwrap();
        Self { folder, deflated }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("dump")
    }

    fn write(&self, name: &str, members: &[(String, Vec<u8>)]) {
        fs::write(self.path().join(name), write_npz(members, self.deflated)).unwrap();
    }

    fn settings(&self, select: &[&str]) -> Settings {
        Settings {
            paths: vec![self.path()],
            spec: Some(self.folder.path().join("batchlint.toml")),
            directory: Path::new("/").into(),
            selection: Selection {
                select: select.iter().map(|rule| (*rule).to_owned()).collect(),
                ..Selection::default()
            },
            ..Settings::default()
        }
    }

    fn check(&self) -> Report {
        run::check(&self.settings(&[]), &Progress::default()).unwrap().report
    }

    /// `lossy` is `--allow-lossy`.
    fn fix(&self, select: &[&str], lossy: bool, destination: &Destination) -> Repaired {
        repair(&self.settings(select), lossy, destination, &Progress::default()).unwrap()
    }

    /// All files below the folder, with their bytes.
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(self.path())
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
            .collect();
        files.sort();
        files
    }
}

fn shown(report: &Report) -> String {
    let lines = report.diagnostics.iter().map(|found| format!("{}: {}", found.rule, found.finding.message));
    lines.collect::<Vec<_>>().join("\n")
}

fn is_loud(report: &Report) -> bool {
    report.diagnostics.iter().any(|diagnostic| diagnostic.level > Level::Note)
}
