//! One line per finding: `batchlint.toml:11:9: warning[double-precision]: ... (float64 in 20 of 20 batches)`.

use std::io::{self, Write};

use super::{Page, safe};
use crate::diagnostic::{Anchor, Position};
use crate::spec::At;

/// Draws every diagnostic of the report.
pub(super) fn render(page: Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    for diagnostic in &page.report.diagnostics {
        let finding = &diagnostic.finding;
        let at = match (&finding.anchor, &page.spec.text) {
            (Anchor::Spec(At::Text(span)), Some(text)) => {
                let position = Position::of(&text.body, span.start);
                format!("{}:{}:{}: ", safe(&text.name), position.line, position.column)
            }
            (Anchor::Spec(At::Flag(flag)), _) => format!("{flag}: "),
            _ => finding.places.first().map_or(String::new(), |place| format!("{place}: ")),
        };
        writeln!(
            out,
            "{at}{}[{}]: {} ({})",
            diagnostic.level,
            diagnostic.rule,
            safe(&finding.message),
            safe(&finding.found_and_share())
        )?;
    }
    Ok(())
}
