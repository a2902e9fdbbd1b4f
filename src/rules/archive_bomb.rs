//! Members that inflate beyond all measure.

use super::{Findings, Group, Judge, Looked, Needs, Rule, SourceCx};
use crate::config::limits::Limit;
use crate::diagnostic::Level;
use crate::diagnostic::quantity::{exact, exact_bytes};
use crate::source::FaultKind;
use crate::source::fault::ArchiveFault;

pub(super) static RULE: Rule = Rule {
    id: "archive-bomb",
    group: Group::Source,
    level: Level::Error,
    finds: "a few bytes that inflate to gigabytes which no array needs",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/archive-bomb.md"),
    judge: Judge::Source(judge),
};

fn judge(cx: &SourceCx<'_>, out: &mut Findings) -> Looked {
    cx.each_fault(out, |fault| {
        let FaultKind::Archive(ArchiveFault::Bomb { stored, inflated, array, limit }) = &fault.kind else {
            return None;
        };
        let times = exact(inflated / (*stored).max(1));
        let detail = format!("{} in the file, {} times as much declared", exact_bytes(*stored), times);
        // The header of the array asks for all of it: one value over and over does that.
        let asked = array >= inflated;
        let finding = if asked {
            cx.finding(
                fault,
                detail,
                "member inflates to more than is read",
                format!("A member that shrinks so far is no larger than {}.", Limit::BombBytes.amount(*limit)),
                "a larger one",
            )
            .level(Level::Warning)
            .cause("an array that holds one value over and over, or an archive that was made to fill a memory")
            .help(format!(
                "if the array is really that empty, save its shape and the values that differ; its values were not \
                 checked: {} raises the limit, and `--limit bomb_ratio=2000` takes nothing for a bomb",
                Limit::BombBytes.how()
            ))
        } else {
            cx.finding(
                fault,
                format!("{detail}, {} needed", exact_bytes(*array)),
                "member is a bomb: it inflates to far more than its array needs",
                "A member holds its array and nothing else.",
                "hundreds of megabytes behind the array",
            )
            .cause("the archive was made to fill the memory or the disk of whoever unpacks it")
            .help("do not unpack it; find out where it comes from")
        };
        Some(finding.consequence(if asked {
            "`np.load` takes that much memory for it"
        } else {
            "`np.load` stops behind the array; a program that unpacks the whole archive fills its memory or its disk"
        }))
    });
    Looked::Yes
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::diagnostic::Level::Warning;
    use crate::rules::{Findings, Judge, SourceCx};
    use crate::source::fault::ArchiveFault;
    use crate::source::{Fault, FaultKind, Small, SourceFacts, SourceKind};
    use crate::spec::Spec;

    fn judged(stored: u64, inflated: u64, array: u64) -> crate::diagnostic::Finding {
        let kind = FaultKind::Archive(ArchiveFault::Bomb { stored, inflated, array, limit: 4 << 30 });
        let source = SourceFacts {
            path: "a.npz".into(),
            root: "".into(),
            kind: SourceKind::Npz,
            size: stored,
            arrays: Vec::new(),
            faults: vec![Fault { member: Some("x.npy".into()), ordinal: 0, kind, excerpt: None }],
            yielded: None,
            small: Small::default(),
        };
        let mut out = Findings::default();
        let Judge::Source(judge) = RULE.judge else { panic!("a rule about files") };
        judge(&SourceCx { spec: &Spec::default(), source: &source, of: 1 }, &mut out);
        out.take().remove(0)
    }

    #[test]
    fn what_the_array_does_not_need_is_an_error() {
        let found = judged(260_000, 268_435_584, 144);
        assert_eq!(found.level, None);
        assert_eq!(
            found.places[0].detail.as_deref(),
            Some("260,000 bytes in the file, 1,032 times as much declared, 144 bytes needed")
        );
    }

    #[test]
    fn what_the_array_asks_for_is_a_warning() {
        assert_eq!(judged(8 << 20, 8 << 30, 8 << 30).level, Some(Warning));
    }
}
