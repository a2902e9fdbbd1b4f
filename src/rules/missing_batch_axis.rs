//! One sample where a batch of samples is declared.

use super::shapes::shaped;
use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule};
use crate::diagnostic::{Fix, Level, python::variable};
use crate::spec::dims::Dim;
use crate::spec::mismatch::Mismatch;
use crate::spec::{Framework, Role};

pub(super) static RULE: Rule = Rule {
    id: "missing-batch-axis",
    group: Group::Shape,
    level: Level::Error,
    finds: "the declared shape without its batch axis: one sample instead of a batch",
    needs: Needs::SPEC,
    page: include_str!("../../docs/rules/missing-batch-axis.md"),
    judge: Judge::Array(judge),
};

fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
    let shaped = match shaped(cx) {
        Ok(shaped) => shaped,
        Err(looked) => return looked,
    };
    let Some(entry) = shaped.shape.value.dims.iter().position(|dim| *dim == Dim::Batch) else { return Looked::No };
    if shaped.mistake != Some(Mismatch::NoBatch) {
        return Looked::Yes;
    }
    let name = variable(cx.name);
    let fix = match entry {
        0 => format!("{name} = {name}[None, ...]"),
        _ => format!("{name} = np.expand_dims({name}, {entry})"),
    };
    out.push(
        shaped
            .finding(cx, format!("{} has no batch axis", cx.label()))
            .cause("one sample was saved, or yielded, where a batch of samples is meant")
            .consequence(consequence(cx.framework(), shaped.declaration.role))
            .help("collect the samples of a batch and save `np.stack(samples)`; a lone sample needs a batch axis of length 1")
            .fix(Fix::unverified(fix)),
    );
    Looked::Yes
}

fn consequence(framework: Framework, role: Role) -> &'static str {
    match (framework, role) {
        (Framework::Keras, Role::Input) => {
            "keras takes the first axis for the batch: `Invalid input shape for input Tensor(...)`, or in a convolution \
             `Negative dimension size caused by subtracting 3 from 1`"
        }
        (Framework::Tensorflow, _) => {
            "tensorflow stops: `generator` yielded an element of shape (3,) where an element of shape (?, 3) was expected"
        }
        (Framework::Torch, Role::Input) => {
            "a torch convolution takes it for one unbatched image and goes on; what follows fails, or trains on the wrong axes"
        }
        (Framework::Onnxruntime, Role::Input) => "onnxruntime stops: `Invalid rank for input: x Got: 3 Expected: 4`",
        (_, Role::Input) => "the first axis of the sample is taken for the batch",
        (_, Role::Target | Role::Weight) => {
            "it does not line up with the rows of the input: an error, or a loss over the wrong pairs"
        }
    }
}
