//! One batch that holds the whole dataset.

use super::plan::{self, Evidence};
use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx};
use crate::diagnostic::{Change, Finding, Fix, Level, Unit};
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
    let shared = plan.steps.is_some() && cx.stream.capture.is_some();
    if plan.size.is_none() && plan.dataset.is_none() && !shared {
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
            Evidence::Shared { steps, size } => (
                plan::anchor(plan.steps.as_ref()),
                format!("it is the only batch, and {steps} steps of {size} rows make it"),
            ),
            Evidence::Only { size } => (
                plan::anchor(plan.size.as_ref()),
                format!("it is the only batch, {} times the declared {size} rows", rows / size),
            ),
        };
        let wanted = match (size, evidence) {
            (Some(size), _) => plan::rows(size),
            (None, Evidence::Shared { size, .. }) => format!("the rows of one step, such as {size}"),
            (None, _) => "part of the dataset".to_owned(),
        };
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
        let step = match evidence {
            Evidence::Shared { size, .. } => size,
            _ => size.and_then(|size| size.max).unwrap_or(32),
        };
        out.push(finding.fix(Fix {
            proof: "not run here; slicing changes no value".into(),
            ..Fix::unverified(format!(
                "for start in range(0, len(x), {step}):\n    yield x[start:start + {step}], y[start:start + {step}]"
            ))
        }.change(Change::Split(step))));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::World;
    use crate::source::capture::facts::Reason;
    use crate::spec::{At, Declared};

    fn only_batch(rows: u64, steps: u64, reason: Reason) -> Vec<Finding> {
        let mut world = World::new(Framework::Keras).input("x", "float32", "batch, 4");
        world.spec.plan.steps = Some(Declared { value: steps, at: At::Flag("--steps") });
        world.live(&[&format!("(float32[{rows}, 4],)")]).ended(reason).judge(&RULE)
    }

    #[test]
    fn the_only_batch_of_a_program_is_shared_by_its_steps() {
        let found = only_batch(640, 20, Reason::Exhausted);
        assert_eq!(found[0].found, "640 rows in one batch: it is the only batch, and 20 steps of 32 rows make it");
        assert_eq!(only_batch(640, 20, Reason::Limit), [], "there may be more of them");
        assert_eq!(only_batch(32, 20, Reason::Exhausted), [], "the steps cannot share it");
        assert_eq!(only_batch(20, 20, Reason::Exhausted), [], "one row each is no whole dataset");
        assert_eq!(only_batch(640, 1, Reason::Exhausted), []);
    }
}
