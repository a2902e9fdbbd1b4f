//! Faults of the system, made by `fault.c` between the binary and the C library.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::tool::{batchlint, skip};

/// The library; `None`, and said so, where there is no compiler.
fn library() -> Option<&'static Path> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let built = LIBRARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/trouble/fault.c");
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fault-{}.so", std::process::id()));
        let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).output();
        match built {
            Ok(output) if output.status.success() => Some(library),
            Ok(output) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
            Err(error) => {
                skip("faults of the system", &format!("no C compiler: {error}"));
                None
            }
        }
    });
    built.as_deref()
}

/// The command with a fault, where one can be made.
pub(crate) fn faulty(folder: &Path, arguments: &[&str], fault: &str) -> Option<Command> {
    let mut command = batchlint(folder, arguments);
    command.env("LD_PRELOAD", library()?).env("FAULT", fault);
    Some(command)
}

/// The command with a clock that stands still.
pub(crate) fn at_time(folder: &Path, arguments: &[&str], seconds: u64) -> Option<Command> {
    let mut command = batchlint(folder, arguments);
    command.env("LD_PRELOAD", library()?).env("FAULT_CLOCK", seconds.to_string());
    Some(command)
}
