//! One line for the run, then one line per diagnostic: the objects of the JSON report, for readers that take them one by one.

use std::io::{self, Write};

use super::json::line;
use super::{Page, json};
use crate::error::Error;

/// Writes the lines.
pub(super) fn render(page: Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    line(&json::head(page), out)?;
    page.report.diagnostics.iter().try_for_each(|diagnostic| line(&json::diagnostic(diagnostic, page.spec), out))
}

/// Writes what stopped the run, on one line.
pub(super) fn error(error: &Error, out: &mut dyn Write) -> io::Result<()> {
    line(&json::trouble(error), out)
}
