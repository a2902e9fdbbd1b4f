//! A declared array that is there under another name.

use super::{BatchCx, Findings, Group, Judge, Looked, Needs, Rule, pairing};
use crate::diagnostic::{Anchor, Change, Fix, Level};
use crate::source::text::shown;
use crate::spec::{At, Framework};

pub(super) static RULE: Rule = Rule {
    id: "misnamed-input",
    group: Group::Structure,
    level: Level::Error,
    finds: "a declared array that is there under another name",
    needs: Needs::SPEC,
    page: include_str!("../../docs/rules/misnamed-input.md"),
    judge: Judge::Batch(judge),
};

fn judge(cx: &BatchCx<'_>, out: &mut Findings) -> Looked {
    if cx.spec.arrays.is_empty() {
        return Looked::No;
    }
    for (index, column) in pairing::pair(cx).misnamed {
        let declared = &cx.spec.arrays[index];
        let live = cx.stream.is_live();
        let there = cx.arrays.iter().find(|(index, _)| *index == column).map(|(_, cell)| &*cell.array.key);
        let found = shown(there.filter(|_| live).unwrap_or(&cx.stream.columns[column].name), 80);
        let at: &At = declared.pick.key.as_ref().map_or(&declared.at, |key| &key.at);
        let key = declared.pick.key.as_ref().map_or(&declared.name, |key| &key.value);
        out.push(
            cx.finding(
                Anchor::Spec(at.clone()),
                &declared.name,
                format!("{} is called `{found}` in the data", declared.label()),
                format!("The array is called `{key}`."),
                format!("`{found}`"),
            )
            .cause("the name was changed on one side only; names must be equal to the letter")
            .consequence(match cx.spec.framework() {
                Framework::Keras => {
                    "keras stops: `Missing data for input`; given a tuple instead of a dictionary it goes by position"
                }
                Framework::Onnxruntime => "onnxruntime stops: `Invalid input name`",
                Framework::Triton => "triton refuses the request: the input's name is not in the model's configuration",
                _ if live => "whatever asks for the declared name stops with a `KeyError`",
                _ => "a loader that asks for the declared name stops: `KeyError: '... is not a file in the archive'`",
            })
            .help(format!(
                "rename it, or if the model agrees with the data: `key = \"{found}\"` in [{}s.{}]",
                declared.role.name(),
                declared.name
            ))
            .fix(
                Fix {
                    proof: "not run here; a new name changes no value".into(),
                    ..Fix::unverified(match (live, found.contains('.')) {
                        (false, _) => format!("np.savez(path, {key}={found})"),
                        (true, false) => format!("batch[\"{key}\"] = batch.pop(\"{found}\")"),
                        (true, true) => format!("inputs[\"{key}\"] = inputs.pop(\"{}\")", last(&found)),
                    })
                }
                .change(Change::Rename(key.clone())),
            ),
        );
    }
    Looked::Yes
}

/// The last step of a key.
fn last(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}
