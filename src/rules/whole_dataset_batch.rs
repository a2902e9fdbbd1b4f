//! One batch that holds the whole dataset.

use super::plan::{self, Evidence};
use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx};
use crate::diagnostic::{Finding, Fix, Level, Unit};
use crate::spec::Framework;

pub(super) static RULE: Rule = Rule {
    id: "whole-dataset-batch",
    group: Group::Plan,
    level: Level::Error,
    finds: "one batch that holds the whole dataset",
    needs: Needs::SPEC,
    page: include_str!("../../docs/rules/whole-dataset-batch.md"),
    judge: Judge::Stream(judge),
};

fn judge(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    let plan = &cx.spec.plan;
    if plan.size.is_none() && plan.dataset.is_none() {
        return Looked::No;
    }
    if cx.stream.batches.iter().all(|batch| batch.rows.is_none()) {
        return Looked::Unable("no array shows how many rows a batch has".into());
    }
    let of = cx.stream.batches.len() as u64;
    for (index, batch) in cx.stream.batches.iter().enumerate() {
        let (Some(evidence), Some(rows)) = (plan::whole(cx.spec, cx.stream, batch), batch.rows) else { continue };
        let size = plan.size.as_ref().map(|size| size.value);
        let (anchor, because) = match evidence {
            Evidence::Dataset(dataset) => {
                (plan::anchor(plan.dataset.as_ref()), format!("the whole dataset has {dataset} rows"))
            }
            Evidence::Steps { steps, size } => {
                (plan::anchor(plan.size.as_ref()), format!("{steps} steps of {size} rows make {}", steps * size))
            }
            Evidence::Only { size } => (
                plan::anchor(plan.size.as_ref()),
                format!("it is the only batch, {} times the declared {size} rows", rows / size),
            ),
        };
        let wanted = size.map_or("part of the dataset".to_owned(), plan::rows);
        let finding = Finding::new(
            anchor,
            "",
            "one batch holds the whole dataset",
            format!("A batch holds {wanted}."),
            format!("{rows} rows in one batch: {because}"),
        )
        .counted(vec![plan::sized_place(cx.stream, index)], 1, of, Unit::Batch)
        .cause("the generator makes all the data and yields it once, instead of yielding one slice of it per step")
        .consequence(consequence(cx.spec.framework()));
        let step = size.and_then(|size| size.max).unwrap_or(32);
        out.push(finding.fix(Fix {
            proof: "not run here; slicing changes no value".into(),
            ..Fix::unverified(format!(
                "for start in range(0, len(x), {step}):\n    yield x[start:start + {step}], y[start:start + {step}]"
            ))
        }));
    }
    Looked::Yes
}

fn consequence(framework: Framework) -> &'static str {
    match framework {
        Framework::Keras => {
            "keras trains one step per epoch, then says `Your input ran out of data; interrupting training`, repeats that \
             one batch in later epochs, and ends with exit code 0"
        }
        Framework::Triton => "triton refuses it: `inference request batch-size must be <= ...`",
        _ => "one step per epoch, on all the data at once: out of memory, or hardly any learning, and no message",
    }
}
