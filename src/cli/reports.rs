//! What the commands that judge share at their end: report files, the console, the coverage line.

use std::fs::{self, File};
use std::io::{BufWriter, IsTerminal as _, Write as _};
use std::path::PathBuf;

use super::output::{print, say};
use super::{Global, ReportArgs};
use crate::error::Error;
use crate::render::{self, OutputFormat, Page};
use crate::source::text::shown;

/// Files for reports, opened before the run: a report that cannot be written should not cost a scan.
pub(super) struct Reports(Vec<(OutputFormat, PathBuf, File)>);

impl Reports {
    /// Opens them.
    pub(super) fn open(args: &ReportArgs) -> Result<Self, Error> {
        let mut reports = Self(Vec::new());
        for target in &args.report {
            match open(target) {
                Ok(report) => reports.0.push(report),
                Err(error) => return Err(reports.trouble(error)),
            }
        }
        Ok(reports)
    }

    /// Writes what stopped the run, so that nobody takes an empty file for a clean report. Gives the error back.
    pub(super) fn trouble(self, error: Error) -> Error {
        for (format, _, file) in self.0 {
            let mut out = BufWriter::new(file);
            // The run ends with an error as it is.
            let _ = render::error(format, &error, false, &mut out).and_then(|()| out.flush());
        }
        error
    }

    /// Writes them.
    pub(super) fn write(self, page: Page<'_>) -> Result<(), Error> {
        for (format, path, file) in self.0 {
            let mut out = BufWriter::new(&file);
            let written = render::render(format, page, false, &mut out).and_then(|()| out.flush());
            drop(out);
            if let Err(error) = written {
                // The half of a report looks like all of it.
                if file.metadata().is_ok_and(|found| found.is_file()) {
                    let _ = fs::remove_file(&path);
                }
                return Err(Error::plain(format!("cannot write {}: {error}", shown(&path.display().to_string(), 400))));
            }
        }
        Ok(())
    }
}

/// Prints the findings.
pub(super) fn console(format: OutputFormat, page: Page<'_>, global: &Global) -> Result<(), Error> {
    if global.quiet < 2 {
        let color = global.color(std::io::stdout().is_terminal());
        let mut text = Vec::new();
        render::render(format, page, color, &mut text).map_err(|error| Error::plain(error.to_string()))?;
        print(&String::from_utf8_lossy(&text))?;
    }
    Ok(())
}

/// Prints the coverage line, and whether the baseline holds what is gone.
pub(super) fn coverage(page: Page<'_>, global: &Global) {
    if global.quiet == 0 {
        if !page.report.gone.is_empty() {
            let lines = page.report.gone.len();
            let says = if lines == 1 { "line of the baseline counts" } else { "lines of the baseline count" };
            say(&format!("{lines} {says} more than there is: `batchlint baseline prune` takes it out"));
        }
        say(&render::summary(page));
    }
}

fn open(target: &(OutputFormat, PathBuf)) -> Result<(OutputFormat, PathBuf, File), Error> {
    let (format, path) = target;
    let file = File::create(path).map_err(|error| Error::plain(format!("cannot write {}: {error}", path.display())))?;
    Ok((*format, path.clone(), file))
}
