//! Two arrays that stand in each other's place.

use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx};
use crate::diagnostic::{Anchor, Fix, Level};
use crate::diagnostic::{Finding, python};
use crate::facts::Stream;
use crate::rules::context::{batch_unit, place};
use crate::source::Header;
use crate::spec::mismatch::mismatch;
use crate::spec::{Declaration, Framework, Spec};

pub(super) static RULE: Rule = Rule {
    id: "swapped-arrays",
    group: Group::Structure,
    level: Level::Error,
    finds: "two arrays that stand in each other's place",
    needs: Needs::SPEC,
    page: include_str!("../../docs/rules/swapped-arrays.md"),
    judge: Judge::Stream(judge),
};

/// The pairs of columns whose arrays fit each other's declaration and not their own, by index into `stream.columns`.
/// Every array of both columns must say so; a single one that fits where it stands speaks against it.
#[must_use]
pub fn pairs(spec: &Spec, stream: &Stream<'_>) -> Vec<(usize, usize)> {
    let declared = |column: usize| stream.columns[column].declared.map(|index| &spec.arrays[index]);
    let all = |column: usize, test: &dyn Fn(&Header) -> bool| {
        let cells = &stream.columns[column].cells;
        !cells.is_empty() && cells.iter().all(|cell| test(cell.header()))
    };
    let mut found = Vec::new();
    for a in 0..stream.columns.len() {
        let Some(own_a) = declared(a) else { continue };
        if !all(a, &|header| !fits(spec, own_a, header)) {
            continue;
        }
        for b in a + 1..stream.columns.len() {
            let Some(own_b) = declared(b) else { continue };
            let swapped = all(a, &|header| fits(spec, own_b, header))
                && all(b, &|header| fits(spec, own_a, header) && !fits(spec, own_b, header));
            if swapped {
                found.push((a, b));
            }
        }
    }
    found
}

/// Whether the array is what the declaration says, in dtype and shape. A declaration that says nothing fits nothing.
fn fits(spec: &Spec, declared: &Declaration, header: &Header) -> bool {
    let dtype = declared.dtype.as_ref().is_none_or(|rule| rule.value.allows(&header.dtype));
    let says = declared.dtype.is_some() || declared.shape.is_some();
    says && dtype && mismatch(spec, declared, &header.shape).is_none()
}

fn judge(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    if cx.spec.arrays.len() < 2 {
        return Looked::No;
    }
    for (a, b) in pairs(cx.spec, cx.stream) {
        let (first, second) = (&cx.stream.columns[a], &cx.stream.columns[b]);
        let (Some(own), Some(other)) =
            (first.declared.map(|index| &cx.spec.arrays[index]), second.declared.map(|index| &cx.spec.arrays[index]))
        else {
            continue;
        };
        let (left, right) = (first.cells[0].header(), second.cells[0].header());
        let shown = |header: &Header| format!("{} {}", header.dtype, header.shape_text());
        let (x, y) = (python::variable(&own.name), python::variable(&other.name));
        out.push(
            Finding::new(
                Anchor::Spec(own.at.clone()),
                &own.name,
                format!("{} and {} stand in each other's place", own.label(), other.label()),
                format!("Each of `{}` and `{}` is what its own declaration says.", own.name, other.name),
                format!("`{}` is {} and `{}` is {}", own.name, shown(left), other.name, shown(right)),
            )
            .counted(
                first.cells.iter().map(place).collect(),
                first.cells.len() as u64,
                first.cells.len() as u64,
                batch_unit(cx.spec),
            )
            .cause(if cx.stream.is_live() {
                "the generator hands out `y, x`, or a dict whose names are those of the other"
            } else {
                "the generator yields `y, x`, or the arrays were saved under each other's names"
            })
            .consequence(match cx.spec.framework() {
                Framework::Keras => {
                    "keras stops with a text about shapes, as long as they differ; with equal shapes nothing can notice"
                }
                _ => "the consumer stops with a text about shapes; with equal shapes nothing can notice",
            })
            .fix(Fix {
                proof: "not run here; it changes names and no value".into(),
                ..Fix::unverified(format!("{x}, {y} = {y}, {x}"))
            }),
        );
    }
    Looked::Yes
}
