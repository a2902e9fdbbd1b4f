//! The spec names an array that the batch lacks.

use super::container;
use super::context::quoted;
use super::{BatchCx, Findings, Group, Judge, Looked, Needs, Rule, pairing};
use crate::diagnostic::{Anchor, Level};
use crate::facts::Cell;
use crate::source::text::shown;
use crate::spec::{Framework, Role};

pub(super) static RULE: Rule = Rule {
    id: "missing-input",
    group: Group::Structure,
    level: Level::Error,
    finds: "the spec names an array that the batch lacks",
    needs: Needs::SPEC,
    page: include_str!("../../docs/rules/missing-input.md"),
    judge: Judge::Batch(judge),
};

fn judge(cx: &BatchCx<'_>, out: &mut Findings) -> Looked {
    if cx.spec.arrays.iter().all(|declared| declared.optional) {
        return Looked::No;
    }
    let present = present(cx);
    for index in pairing::pair(cx).missing {
        let declared = &cx.spec.arrays[index];
        let label = declared.label();
        let finding = cx
            .finding(
                Anchor::Spec(declared.at.clone()),
                &declared.name,
                format!("the batch has no {label}"),
                format!("Every batch holds {label}."),
                if cx.arrays.is_empty() { present.clone() } else { format!("only {present}") },
            )
            .cause(cause(cx, index))
            .help(format!(
                "{} it under that name, or say which array it is: `key = \"...\"` in [{}s.{}]",
                if cx.stream.is_live() { "hand out" } else { "save" },
                declared.role.name(),
                declared.name
            ));
        out.push(match consequence(cx.spec.framework(), declared.role) {
            Some(consequence) => finding.consequence(consequence),
            None => finding,
        });
    }
    Looked::Yes
}

/// The arrays that the batch does hold.
fn present(cx: &BatchCx<'_>) -> String {
    let key = |(column, cell): &(usize, Cell<'_>)| match (cx.stream.is_live(), &*cell.array.key) {
        (true, "") => "one array".to_owned(),
        (true, _) if cx.stream.columns[*column].declared.is_none() => quoted(&cx.stream.columns[*column].name),
        (true, key) if key.starts_with(|c: char| c.is_ascii_digit()) => format!("element {}", shown(key, 40)),
        (_, key) => format!("`{}`", shown(key, 40)),
    };
    let mut names: Vec<String> = cx.arrays.iter().take(5).map(key).collect();
    let more = cx.arrays.len().saturating_sub(5);
    // What stands in its place may be there and be no array.
    if let Some(yielded) = &cx.stream.batches[cx.batches[0]].yielded {
        names.extend(yielded.odd.iter().take(2).map(container::told));
    }
    if names.is_empty() {
        return "no array".into();
    }
    if more > 0 { format!("{} and {more} more", names.join(", ")) } else { names.join(", ") }
}

fn cause(cx: &BatchCx<'_>, index: usize) -> String {
    let others = cx.stream.columns.iter().any(|column| column.declared == Some(index) && !column.cells.is_empty());
    let declared = &cx.spec.arrays[index];
    let live = cx.stream.is_live();
    if others && live {
        "other batches have it: a branch of the generator leaves it out".into()
    } else if live {
        "it is not handed out, or it has another name".into()
    } else if others {
        format!("other batches have `{}`: its file was not written, not copied, or has another number", declared.name)
    } else {
        "it was not saved, or it was saved under another name".into()
    }
}

fn consequence(framework: Framework, role: Role) -> Option<&'static str> {
    match (framework, role) {
        (Framework::Keras, Role::Input) => {
            Some("keras stops: `Missing data for input \"...\". You passed a data dictionary with keys [...]`")
        }
        (Framework::Keras, Role::Target) => Some("keras stops: `None values not supported.`"),
        (Framework::Onnxruntime, Role::Input) => {
            Some("onnxruntime stops: `Required inputs ([...]) are missing from input feed`")
        }
        (_, Role::Weight) => Some("training goes on unweighted"),
        (_, Role::Target) => Some("there is nothing to compare the output with"),
        (_, Role::Input) => Some("the model cannot be called"),
    }
}
