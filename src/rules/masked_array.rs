//! Masks that are lost.

use super::context::{batch_unit, place};
use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule, dtype};
use crate::diagnostic::quantity::exact;
use crate::diagnostic::{Finding, Fix, Level, python};
use crate::facts::Cell;
use crate::spec::Framework;

pub(super) static RULE: Rule = Rule {
    id: "masked-array",
    group: Group::Layout,
    level: Level::Error,
    finds: "masked arrays, whose masks are lost",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/masked-array.md"),
    judge: Judge::Array(judge),
};

fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
    if !dtype::is_fed(cx) || !cx.stream.is_live() {
        return Looked::No;
    }
    let hidden = |cell: &Cell<'_>| cell.array.leaf.as_deref().and_then(|leaf| leaf.masked).unwrap_or(0);
    // A mask that hides nothing is no loss.
    let masked: Vec<&Cell<'_>> = cx.cells.iter().filter(|cell| hidden(cell) > 0).collect();
    if masked.is_empty() {
        return Looked::Yes;
    }
    let count: u64 = masked.iter().map(|cell| hidden(cell)).sum();
    let of: u64 = masked.iter().map(|cell| cell.header().elements()).sum();
    let x = python::variable(cx.name);
    let places = masked.iter().map(|cell| place(cell).detail(format!("{} masked", exact(hidden(cell))))).collect();
    out.push(
        Finding::new(
            cx.anchor(cx.declared.map(|declared| &declared.at)),
            cx.name,
            format!("{} is a masked array", cx.label()),
            "The array holds every value itself: a mask does not reach the model.",
            format!("{} of {} values are masked", exact(count), exact(of)),
        )
        .counted(places, masked.len() as u64, cx.of, batch_unit(cx.spec))
        .cause("`np.ma`, netCDF and some readers of tables mark missing values by a mask and leave anything under it")
        .consequence(match cx.framework() {
            Framework::Jax => {
                "jax stops: `numpy masked arrays are not supported as direct inputs`, and names `arr.filled()`"
            }
            Framework::Keras => "keras drops the mask without a word, and trains on what lies under it",
            Framework::Torch => "torch drops the mask without a word, and trains on what lies under it",
            Framework::Sklearn => "scikit-learn drops the mask without a word, and fits what lies under it",
            _ => "most frameworks drop the mask without a word and take what lies under it",
        })
        .help("say what stands for a missing value; where the model has to know, hand out the mask as an array of its own, or as weights")
        .fix(Fix::choice(format!("{x} = {x}.filled(0)  # or the mean; and the mask: ~np.ma.getmaskarray({x})"))),
    );
    Looked::Yes
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::Looked;
    use crate::rules::testing::World;
    use crate::spec::Framework;

    #[test]
    fn a_mask_that_hides_values_is_found_with_their_number() {
        let batch = "(float32[8, 3] masked 5, int64[8])";
        let found = World::new(Framework::Keras).live(&[batch, batch]).judge(&RULE);
        assert_eq!(
            (&*found[0].message, &*found[0].found),
            ("element 0 is a masked array", "10 of 48 values are masked")
        );
        assert_eq!((found[0].count, found[0].of), (2, 2));
        let jax = World::new(Framework::Jax).live(&[batch]).judge(&RULE);
        assert!(jax[0].consequence.as_ref().unwrap().contains("arr.filled()"));
    }

    #[test]
    fn a_mask_that_hides_nothing_is_fine() {
        let world = World::new(Framework::Keras).live(&["(float32[8, 3] masked 0, int64[8])"]);
        assert_eq!((world.judge(&RULE).len(), world.looked(&RULE)), (0, vec![Looked::Yes, Looked::Yes]));
        assert_eq!(World::new(Framework::Keras).batch(&["x: float32[8]"]).looked(&RULE), [Looked::No]);
    }
}
