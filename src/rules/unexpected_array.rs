//! An array that the spec does not name.

use super::context::{called, quoted};
use super::{BatchCx, Findings, Group, Judge, Looked, Needs, Rule, pairing};
use crate::diagnostic::{Anchor, Level};
use crate::source::text::shown;
use crate::spec::Framework;

pub(super) static RULE: Rule = Rule {
    id: "unexpected-array",
    group: Group::Structure,
    level: Level::Warning,
    finds: "an array that the spec does not name",
    needs: Needs::SPEC,
    page: include_str!("../../docs/rules/unexpected-array.md"),
    judge: Judge::Batch(judge),
};

fn judge(cx: &BatchCx<'_>, out: &mut Findings) -> Looked {
    if cx.spec.arrays.is_empty() {
        return Looked::No;
    }
    let declared: Vec<String> = cx.spec.arrays.iter().map(|declared| format!("`{}`", declared.name)).collect();
    for (column, header) in pairing::pair(cx).unexpected {
        let name = &cx.stream.columns[column].name;
        let (label, live) = (shown(name, 80), cx.stream.is_live());
        let places = quoted(name) != format!("`{label}`");
        let finding = cx
            .finding(
                Anchor::Data,
                name,
                format!("{} is not in the spec", called(name)),
                format!("A batch holds {} and nothing else.", declared.join(", ")),
                format!("{}, {} {}", quoted(name), header.dtype, header.shape_text()),
            )
            .cause(if live {
                "a leftover of preprocessing is handed out too, or the spec was not brought up to date"
            } else {
                "a leftover of preprocessing was saved too, or the spec was not brought up to date"
            })
            .help(if places {
                "leave it out, or declare one array more: arrays without names go by their place, inputs first".to_owned()
            } else {
                format!(
                    "leave it out{}, or declare it: [inputs.{label}] with `optional = true` if only some batches have it",
                    if live { "" } else { " when saving" }
                )
            });
        let (level, consequence) = match cx.spec.framework() {
            Framework::Onnxruntime => (Level::Error, "onnxruntime stops: `Invalid input name`"),
            Framework::Keras => {
                (Level::Warning, "keras ignores an extra key of a dictionary, with a UserWarning at most")
            }
            _ => (Level::Warning, "it is loaded and ignored, or it stands where another array is expected"),
        };
        out.push(finding.level(level).consequence(consequence));
    }
    Looked::Yes
}
