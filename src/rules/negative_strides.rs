//! Views that run backwards.

use super::context::{batch_unit, place};
use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule, dtype};
use crate::diagnostic::{Finding, Fix, Level, Proof, python};
use crate::facts::Cell;
use crate::spec::Framework;

pub(super) static RULE: Rule = Rule {
    id: "negative-strides",
    group: Group::Layout,
    level: Level::Error,
    finds: "views that run backwards through memory, which torch refuses",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/negative-strides.md"),
    judge: Judge::Array(judge),
};

fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
    let strides = |cell: &Cell<'_>| cell.array.leaf.as_deref().map(|leaf| leaf.strides.clone()).unwrap_or_default();
    if !dtype::is_fed(cx) || !cx.stream.is_live() || cx.cells.iter().all(|cell| strides(cell).is_empty()) {
        return Looked::No;
    }
    let level = match cx.framework() {
        Framework::Torch => Level::Error,
        Framework::Any => Level::Note,
        // The others make a copy.
        _ => return Looked::Yes,
    };
    let backwards: Vec<Cell<'_>> =
        cx.cells.iter().filter(|cell| strides(cell).iter().any(|stride| *stride < 0)).copied().collect();
    let Some(first) = backwards.first().map(strides) else { return Looked::Yes };
    let axes: Vec<String> =
        first.iter().enumerate().filter(|(_, stride)| **stride < 0).map(|(axis, _)| axis.to_string()).collect();
    let axes = format!("{} {}", if axes.len() == 1 { "axis" } else { "axes" }, axes.join(" and "));
    let x = python::variable(cx.name);
    let finding = Finding::new(
        cx.anchor(cx.declared.map(|declared| &declared.at)),
        cx.name,
        format!("{} is a view that runs backwards", cx.label()),
        "No axis of the array has a negative stride.",
        format!("a negative stride on {axes}"),
    )
    .counted(backwards.iter().map(place).collect(), backwards.len() as u64, cx.of, batch_unit(cx.spec))
    .level(level)
    .cause("`x[..., ::-1]` from BGR to RGB, `np.flip`, `np.fliplr` or `np.rot90`: they turn the view around, not the data")
    .consequence(match cx.framework() {
        Framework::Torch => {
            "torch stops: `At least one stride in the given numpy array is negative, and tensors with negative strides are not \
             currently supported.`"
        }
        _ => "torch refuses it; most others make a copy",
    })
    .help("copy it just before it is handed out; `np.ascontiguousarray` leaves an axis of length 1 as it is, and torch refuses that too")
    .fix(Fix::new(
        format!("{x} = {x}.copy()"),
        Proof::Lossless("a copy holds the same values, whatever they are".into()),
    ));
    out.push(finding);
    Looked::Yes
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::diagnostic::Level::{Error, Note};
    use crate::rules::Looked;
    use crate::rules::testing::World;
    use crate::spec::Framework;

    #[test]
    fn torch_refuses_a_view_that_runs_backwards() {
        let world = World::new(Framework::Torch)
            .input("image", "float32", "batch, 3")
            .live(&["({image: float32[8, 3] flipped 1}, int64[8])", "({image: float32[8, 3]}, int64[8])"]);
        let found = world.judge(&RULE);
        assert_eq!(found[0].message, "input `image` is a view that runs backwards");
        assert_eq!((&*found[0].found, found[0].level), ("a negative stride on axis 1", Some(Error)));
        assert_eq!((found[0].count, found[0].of), (1, 2));
        assert_eq!(found[0].fix.as_ref().unwrap().python, "image = image.copy()");
        assert_eq!(world.anchored(&found[0]), "inputs.image");
    }

    #[test]
    fn an_axis_of_length_1_counts_too() {
        assert_eq!(World::new(Framework::Torch).live(&["(float32[8, 1] flipped 1)"]).judge(&RULE).len(), 1);
    }

    #[test]
    fn where_nobody_says_who_takes_it_it_is_a_note_and_elsewhere_it_is_fine() {
        let of = |framework: Framework| World::new(framework).live(&["(float32[8, 3] flipped 1)"]);
        assert_eq!(of(Framework::Any).judge(&RULE)[0].level, Some(Note));
        assert_eq!(
            (of(Framework::Keras).judge(&RULE).len(), of(Framework::Keras).looked(&RULE)),
            (0, vec![Looked::Yes])
        );
        assert_eq!(World::new(Framework::Torch).batch(&["x: float32[8, 3]"]).looked(&RULE), [Looked::No]);
        let straight = World::new(Framework::Torch).live(&["(float32[8, 3])"]);
        assert_eq!((straight.judge(&RULE).len(), straight.looked(&RULE)), (0, vec![Looked::Yes]));
    }
}
