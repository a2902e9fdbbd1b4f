//! What the comparison shows, put into the report.

use super::Verdict;
use crate::diagnostic::{Fix, Proof};
use crate::fix::source::{Do, Planned, Want, no_edit};
use crate::verdict::Report;

/// Adds what running the edited program showed to the proof of every repair that has edits. Edits that were shown to be
/// wrong are taken back: the repairs are what they were before `attach`, which gave them back, and the help says why.
pub fn prove(report: &mut Report, wants: &[Want], planned: &Planned, before: &[(usize, Fix)], verdict: &Verdict) {
    for (index, diagnostic) in report.diagnostics.iter_mut().enumerate() {
        let finding = &mut diagnostic.finding;
        let Some(fix) = finding.fix.as_mut().filter(|fix| !fix.edits.is_empty()) else { continue };
        if let Verdict::Rejected(_) = verdict {
            finding.fix = before.iter().find(|(at, _)| *at == index).map(|(_, fix)| fix.clone());
            no_edit(&mut finding.help, &verdict.says());
            continue;
        }
        let verified = matches!(verdict, Verdict::Verified { .. });
        let mut mine = wants
            .iter()
            .enumerate()
            .filter(|(at, want)| want.diagnostics.contains(&index) && planned.is_met(*at))
            .map(|(_, want)| &want.action);
        // Slicing changes no value, as the run shows; what a cast does to them is proved by the values.
        let cuts_only = mine.all(|action| matches!(action, Do::Split(_)));
        let of = if verified && cuts_only { Proof::Lossless(String::new()) } else { fix.proof.clone() };
        fix.proof = Proof::Ran { verified, said: verdict.says(), of: Box::new(of) };
    }
}
