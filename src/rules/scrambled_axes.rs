//! Images of the right shape whose values stand in the order of the other layout.

use super::context::place;
use super::{Findings, Group, Judge, Looked, Needs, Rule, ValuesCx};
use crate::diagnostic::{Fix, Level, python};
use crate::spec::Role;
use crate::values::{Neighbours, ValueFacts, Wants};

pub(super) static RULE: Rule = Rule {
    id: "scrambled-axes",
    group: Group::Shape,
    level: Level::Note,
    finds: "images whose pixels show `reshape` where `transpose` was needed",
    needs: Needs::HEADERS.spec().values(Wants::ROWS),
    page: include_str!("../../docs/rules/scrambled-axes.md"),
    judge: Judge::Values(judge),
};

/// How much more alike the wrong neighbours are. Of correct photographs, eight at a time, none passed 0.
const MARGIN: f64 = 0.05;
/// Images smooth enough to tell: how alike values of one channel are at least.
const SMOOTH: f64 = 0.8;
/// Images of an array at least: a single one may be striped.
const IMAGES: u64 = 8;
/// Share of equal neighbours from which images are grey or flat, and neighbours say nothing.
const EQUAL: f64 = 0.3;

fn judge(cx: &ValuesCx<'_>, out: &mut Findings) -> Looked {
    if cx.declared.is_none_or(|declared| declared.role != Role::Input) {
        return Looked::No;
    }
    let seen: Vec<_> = cx.cells.iter().filter_map(|(cell, values)| Some((cell, clear(values)?))).collect();
    let far: Vec<_> = seen.iter().filter(|(_, neighbours)| is_scrambled(neighbours)).collect();
    // A scrambled set is scrambled throughout; single batches of it are stripes.
    if seen.is_empty() {
        return Looked::No;
    }
    let Some((_, worst)) = far.first().filter(|_| 2 * far.len() > seen.len()) else { return Looked::Yes };
    let places = far
        .iter()
        .map(|(cell, neighbours)| {
            let told = format!("{:.2} and {:.2}", neighbours.next, neighbours.apart);
            place(cell).detail(told)
        })
        .collect();
    let x = python::variable(cx.name);
    let found = format!(
        "a value is more like the one {} places further ({:.2}) than like the next one, its neighbour in the image ({:.2})",
        worst.channels, worst.apart, worst.next
    );
    let at = cx.declared.map(|declared| declared.shape.as_ref().map_or(&declared.at, |shape| &shape.at));
    out.push(
        cx.finding(
            at,
            format!("the pixels of {} seem to be scrambled", cx.label()),
            "Pixels stand in the order of the shape, channels first.",
            found,
            places,
        )
        .cause("`reshape` made the shape of images with channels last fit, where `transpose` was needed")
        .consequence("the shape is right, so nothing stops; the model sees stripes of mixed colours instead of images")
        .help("move axes with `transpose`; `reshape` leaves every value where it is in memory. Look at one image to be sure")
        .fix(Fix::choice(format!("{x} = {x}.reshape(n, h, w, c).transpose(0, 3, 1, 2)"))),
    );
    Looked::Yes
}

/// Neighbours that can tell: channels first, enough images, neither grey nor flat. With the channels last the next value
/// is another channel of the same pixel, which in pale images is more alike than the next pixel is.
fn clear(values: &ValueFacts) -> Option<Neighbours> {
    let rows = values.rows.as_ref().filter(|rows| rows.count >= IMAGES)?;
    rows.neighbours.filter(|neighbours| !neighbours.last && neighbours.equal < EQUAL)
}

/// Stripes that repeat every few places are unlike their neighbours; colours of one pixel are not.
fn is_scrambled(neighbours: &Neighbours) -> bool {
    let Neighbours { next, apart, .. } = *neighbours;
    next > 0.0 && apart >= SMOOTH && apart - next > MARGIN
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{Make, World};
    use crate::rules::{Looked, clean};
    use crate::spec::Framework;

    /// A smooth image: the value of a channel at a line and a column.
    fn pixel(image: usize, channel: usize, line: usize, column: usize) -> f64 {
        let phase = image as f64 * 1.7 + channel as f64 * 0.4;
        (phase + line as f64 * 0.21 + column as f64 * 0.17).sin() + 0.3 * channel as f64
    }

    /// Value `i` of images with 3 channels of 16 by 16, channels last.
    fn last(_: usize, i: usize) -> f64 {
        pixel(i / 768, i % 3, i / 48 % 16, i / 3 % 16)
    }

    /// The same, channels first.
    fn first(_: usize, i: usize) -> f64 {
        pixel(i / 768, i / 256 % 3, i / 16 % 16, i % 16)
    }

    fn images(shape: &str, declared: &str, make: Make) -> World {
        let text = format!("x: float32[{shape}]");
        World::new(Framework::Torch).input("x", "float32", declared).made(2, &[(&text, make)])
    }

    #[test]
    fn a_reshape_in_the_place_of_a_transpose_shows() {
        let world = images("16, 3, 16, 16", "batch, 3, 16, 16", last);
        let found = world.judge(&RULE);
        assert_eq!(found[0].message, "the pixels of input `x` seem to be scrambled");
        assert_eq!(found[0].fix.as_ref().unwrap().python, "x = x.reshape(n, h, w, c).transpose(0, 3, 1, 2)");
        assert_eq!(world.anchored(&found[0]), "[batch, 3, 16, 16]");
    }

    #[test]
    fn images_in_their_order_grey_ones_and_few_are_fine() {
        for (shape, declared, make) in [
            ("16, 3, 16, 16", "batch, 3, 16, 16", first as Make),
            ("16, 16, 16, 3", "batch, 16, 16, 3", last),
            ("16, 3, 16, 16", "batch, 3, 16, 16", |_, i| (i as f64 * std::f64::consts::TAU / 3.0).sin()),
            ("16, 16, 16, 3", "batch, 16, 16, 3", |_, i| pixel(i / 768, 0, i / 48 % 16, i / 3 % 16)),
        ] {
            assert!(images(shape, declared, make).judge(&RULE).is_empty(), "{shape}");
        }
        let few = images("4, 3, 16, 16", "batch, 3, 16, 16", last);
        assert_eq!(few.looked(&RULE), [Looked::No]);
    }

    #[test]
    fn clean_data_is_clean() {
        clean::finds_nothing(&RULE);
    }
}
