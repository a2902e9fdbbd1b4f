//! One line per finding: `batchlint.toml:11:9: warning[double-precision]: ... (float64 in 20 of 20 batches)`. A finding
//! about a running program points into its source: `train.py:8:15: ...`.

use std::io::{self, Write};

use super::{Page, safe};
use crate::diagnostic::{Anchor, Position};
use crate::error::Text;
use crate::spec::At;

/// Draws every diagnostic of the report.
pub(super) fn render(page: Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    for diagnostic in &page.report.diagnostics {
        let finding = &diagnostic.finding;
        let line = match &finding.anchor {
            Anchor::Spec(at) => page.spec.place(at),
            _ => None,
        };
        let at = match (diagnostic.labels.first(), line, &finding.anchor) {
            (Some(label), ..) => at(&label.text, label.span.start),
            (None, Some((text, span)), _) => at(text, span.start),
            (None, None, Anchor::Spec(At::Flag(flag))) => format!("{flag}: "),
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

/// `batchlint.toml:11:9: `
fn at(text: &Text, offset: usize) -> String {
    let position = Position::of(&text.body, offset);
    format!("{}:{}:{}: ", safe(&text.name), position.line, position.column)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{labelled, live};
    use super::*;

    #[test]
    fn a_finding_about_a_program_points_into_its_source() {
        let drawn = |labels| {
            let (spec, report) = live(labels);
            let mut out = Vec::new();
            render(Page::new("run", &report, &spec), &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let finding =
            "error[double-precision]: input `data` is float64, the model takes float32 (float64 in 20 of 20 batches)\n";
        assert_eq!(drawn(vec![labelled("data, ", "yielded here")]), format!("train.py:7:15: {finding}"));
        assert_eq!(drawn(Vec::new()), format!("batchlint.toml:2:9: {finding}"));
    }
}
