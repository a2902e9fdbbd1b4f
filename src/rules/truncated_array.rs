//! Arrays whose data is shorter than the header says.

use super::{Findings, Group, Judge, Looked, Needs, Rule, SourceCx};
use crate::diagnostic::{Level, quantity};
use crate::source::fault::FaultKind;

pub(super) static RULE: Rule = Rule {
    id: "truncated-array",
    group: Group::Source,
    level: Level::Error,
    finds: "arrays whose data is shorter than the header says",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/truncated-array.md"),
    judge: Judge::Source(judge),
};

fn judge(cx: &SourceCx<'_>, out: &mut Findings) -> Looked {
    cx.each_fault(out, |fault| {
        let FaultKind::Truncated(cut) = &fault.kind else { return None };
        let claim = if cut.by_directory { "the archive's directory has" } else { "there are" };
        let detail = format!(
            "the header asks for {}, {claim} {} ({} of {} elements)",
            quantity::exact_bytes(cut.needed),
            quantity::exact_bytes(cut.found),
            quantity::exact(cut.elements),
            quantity::exact(cut.of)
        );
        let finding = cx
            .finding(
                fault,
                detail,
                "data is cut short",
                "The data has as many bytes as shape and dtype ask for.",
                "a shape with more elements than there are",
            )
            .cause("the write was cut short: a full disk, a quota, a killed job, a copy or download that broke off")
            .help("write or download it again");
        Some(finding.consequence(if fault.member.is_some() {
            "`np.load` stops when the array is asked for: `EOF: reading array data, expected ... bytes got ...`"
        } else {
            "`np.load` stops: `Failed to read all data for array. ... (file seems not fully written?)`, older versions: \
             `cannot reshape array of size ...`"
        }))
    });
    Looked::Yes
}
