//! Runs every page in `docs/rules/`, some of `docs/`, and every edge case in `tests/cases/`: each console block must show exactly what
//! batchlint prints. `BLESS=1` rewrites them.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages: Vec<PathBuf> = ["docs/rules", "tests/cases"]
        .iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).into_iter().flatten())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    let pages_of_their_own = ["docs/baseline.md", "docs/fix.md", "docs/index.md", "docs/output.md", "docs/spec.md"];
    pages.extend(pages_of_their_own.map(|page| root.join(page)));
    pages.sort();
    let trials = pages
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            Trial::test(name, move || check(&path))
        })
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn check(path: &Path) -> Result<(), Failed> {
    let text = fs::read_to_string(path)?;
    let should = support::page::run(&text, Path::new(env!("CARGO_BIN_EXE_batchlint")))?;
    if should == text {
        return Ok(());
    }
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, should)?;
        return Ok(());
    }
    let difference = text.lines().zip(should.lines()).find(|(is, should)| is != should);
    let (is, should) = difference.unwrap_or(("(the lengths differ)", ""));
    Err(format!("the output differs (BLESS=1 rewrites it)\n   page: {is}\n output: {should}").into())
}
