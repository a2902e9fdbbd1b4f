//! Every batch has one row where more are declared.

use super::plan;
use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx};
use crate::diagnostic::{Finding, Fix, Level, Unit};

pub(super) static RULE: Rule = Rule {
    id: "single-sample-batches",
    group: Group::Plan,
    level: Level::Warning,
    finds: "every batch has one row where more are declared",
    needs: Needs::SPEC,
    page: include_str!("../../docs/rules/single-sample-batches.md"),
    judge: Judge::Stream(judge),
};

fn judge(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    let Some(size) = &cx.spec.plan.size else { return Looked::No };
    if plan::all_single(cx.spec, cx.stream) {
        let count = cx.stream.batches.len();
        out.push(
            Finding::new(
                plan::anchor(Some(size)),
                "",
                "every batch has a single row",
                format!("A batch holds {}.", plan::rows(size.value)),
                "1 row",
            )
            .counted(
                (0..count).map(|index| super::context::batch_place(cx.stream, index)).collect(),
                count as u64,
                count as u64,
                Unit::Batch,
            )
            .cause("the generator yields sample by sample with a batch axis of 1, and nobody collects them")
            .consequence(
                "slow and noisy training; batch normalisation sees one sample: in torch `Expected more than 1 value per channel when training`",
            )
            .fix(Fix {
                proof: "not run here; joining arrays changes no value".into(),
                ..Fix::unverified("x = np.concatenate(samples)  # then yield x")
            }),
        );
    }
    if cx.stream.batches.is_empty() { Looked::No } else { Looked::Yes }
}
