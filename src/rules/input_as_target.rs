//! A target that is an input, byte for byte.

use super::context::{batch_unit, place};
use super::sample::{is_no_chance, row_bits, values};
use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx};
use crate::diagnostic::{Anchor, Finding, Level};
use crate::facts::Column;
use crate::facts::sets::{role, side_by_side};
use crate::spec::{Encoding, Role};
use crate::values::Wants;

pub(super) static RULE: Rule = Rule {
    id: "input-as-target",
    group: Group::Structure,
    level: Level::Error,
    finds: "a target that is an input, byte for byte",
    needs: Needs::SPEC.values(Wants::HASHES.or_numbers()),
    page: include_str!("../../docs/rules/input-as-target.md"),
    judge: Judge::Stream(judge),
};

fn judge(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    let of = |wanted: Role| cx.stream.columns.iter().filter(move |column| role(column, cx.spec) == Some(wanted));
    let mut looked = Looked::No;
    for target in of(Role::Target) {
        for input in of(Role::Input) {
            match compare(cx, input, target, out) {
                Looked::Yes => looked = Looked::Yes,
                Looked::Unable(why) if looked == Looked::No => looked = Looked::Unable(why),
                Looked::No | Looked::Unable(_) => {}
            }
        }
    }
    looked
}

/// Compares two columns in every batch that has both.
fn compare(cx: &StreamCx<'_>, input: &Column<'_>, target: &Column<'_>, out: &mut Findings) -> Looked {
    let mut places = Vec::new();
    let mut bits = 0.0;
    for (_, cells) in side_by_side(cx.stream, &[input, target]) {
        let (x, y) = (&cells[0], &cells[1]);
        if x.header() != y.header() {
            return Looked::No;
        }
        let both = values(x, &input.name).and_then(|x| Ok((x, values(y, &target.name)?)));
        let (ours, theirs) = match both {
            Ok(both) => both,
            Err(looked) => return looked,
        };
        if ours.hash.is_none() || ours.hash != theirs.hash {
            return Looked::Yes;
        }
        bits += row_bits(x.header(), ours) * x.header().shape.first().copied().unwrap_or(1) as f64;
        places.push(place(y));
    }
    let Some(declared) = target.declared.and_then(|index| cx.spec.arrays.get(index)).filter(|_| !places.is_empty())
    else {
        return Looked::No;
    };
    // Blank arrays are equal, and so are a few flags now and then.
    if !is_no_chance(bits, 1.0) {
        return Looked::Yes;
    }
    let other = input.declared.and_then(|index| cx.spec.arrays.get(index));
    let other = other.map_or_else(|| format!("`{}`", input.name), crate::spec::Declaration::label);
    let count = places.len() as u64;
    let mut finding = Finding::new(
        Anchor::Spec(declared.at.clone()),
        &*target.name,
        format!("{} is {other}, byte for byte", declared.label()),
        format!("`{}` is what the model should say about its inputs.", target.name),
        format!("a copy of `{}`", input.name),
    )
    .counted(places, count, count, batch_unit(cx.spec))
    .cause("the input was put in the place of the target when the batch was made: `y = data[...]` for `y = labels[...]`")
    .consequence("the model learns to copy its input; the loss falls and looks well")
    .help("build the target from the labels; if the model is an autoencoder, allow this beside the target, with that as the reason");
    let labels = declared.classes.is_some()
        || declared.encoding.as_ref().is_some_and(|encoding| encoding.value != Encoding::Value);
    if !labels {
        // An autoencoder is trained like this.
        finding = finding.level(Level::Warning);
    }
    out.push(finding);
    Looked::Yes
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::diagnostic::Level::Warning;
    use crate::rules::Looked;
    use crate::rules::testing::{World, noise};
    use crate::spec::{At, Declared, Encoding, Framework};

    fn torch() -> World {
        World::new(Framework::Torch).input("x", "float32", "batch, 8").target("y", "float32", "batch, 8")
    }

    #[test]
    fn a_copy_of_an_input_is_found_in_all_batches() {
        let found = torch().made(3, &[("x: float32[4, 8]", noise), ("y: float32[4, 8]", noise)]).judge(&RULE);
        assert_eq!(found[0].message, "target `y` is input `x`, byte for byte");
        assert_eq!((found[0].count, found[0].of, found[0].level), (3, 3, Some(Warning)));
    }

    #[test]
    fn probabilities_are_never_an_autoencoder() {
        let encoding = || Some(Declared { value: Encoding::Probabilities, at: At::Flag("--x") });
        let world = torch().with(|declared| declared.encoding = encoding());
        assert_eq!(
            world.made(2, &[("x: float32[4, 8]", noise), ("y: float32[4, 8]", noise)]).judge(&RULE)[0].level,
            None
        );
    }

    #[test]
    fn one_batch_that_differs_is_enough_and_blank_arrays_say_nothing() {
        let other = |batch: usize, i: usize| if batch == 2 { noise(9, i) } else { noise(batch, i) };
        let world = torch().made(3, &[("x: float32[4, 8]", noise), ("y: float32[4, 8]", other)]);
        assert_eq!((world.judge(&RULE).len(), world.looked(&RULE)), (0, vec![Looked::Yes]));
        let zero = |_: usize, _: usize| 0.0;
        assert!(torch().made(3, &[("x: float32[4, 8]", zero), ("y: float32[4, 8]", zero)]).judge(&RULE).is_empty());
        let shapes = torch().made(3, &[("x: float32[4, 8]", noise), ("y: float32[4, 2]", noise)]);
        assert_eq!(shapes.looked(&RULE), [Looked::No]);
    }
}
