//! Bool arrays with bytes that are neither 0 nor 1.

use super::context::value_place;
use super::{Findings, Group, Judge, Looked, Needs, Rule, ValuesCx};
use crate::diagnostic::quantity::exact;
use crate::diagnostic::{Fix, Level, python};
use crate::spec::dtype::Kind;

pub(super) static RULE: Rule = Rule {
    id: "bad-boolean",
    group: Group::Values,
    level: Level::Warning,
    finds: "bool arrays with bytes other than 0 and 1",
    needs: Needs::NUMBERS,
    page: include_str!("../../docs/rules/bad-boolean.md"),
    judge: Judge::Values(judge),
};

fn judge(cx: &ValuesCx<'_>, out: &mut Findings) -> Looked {
    let mut looked = Looked::No;
    let (mut count, mut of, mut first) = (0, 0, None);
    let mut places = Vec::new();
    for (cell, values) in cx.cells.iter().filter(|(cell, _)| matches!(cell.header().dtype.kind, Kind::Bool)) {
        let Some(numbers) = &values.numbers else { continue };
        looked = Looked::Yes;
        of += numbers.count();
        if let Some((bad, spot)) = numbers.bad_bools.as_deref() {
            count += bad;
            first.get_or_insert(spot.value);
            places.push(value_place(cell, spot.at).detail(format!("byte {}", spot.value)));
        }
    }
    let Some(first) = first else { return looked };
    let x = python::variable(cx.name);
    let at = cx.declared.map(|declared| &declared.at);
    out.push(
        cx.finding(
            at,
            format!("{} is bool and holds bytes that are neither 0 nor 1", cx.label()),
            "Every byte of a bool array is 0 or 1.",
            format!("{} of {} values, the first with byte {first}", exact(count), exact(of)),
            places,
        )
        .cause("bytes of another type were viewed as bool: `mask.view(bool)` or `np.frombuffer(data, dtype=bool)` in the place of `astype(bool)`")
        .consequence("NumPy shows such a value as True, and sums, comparisons and casts of it disagree from one library to the next")
        .help("convert the values instead of renaming their bytes")
        .fix(Fix::choice(format!("{x} = {x}.view(np.uint8) != 0"))),
    );
    looked
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::World;
    use crate::rules::{Looked, clean};

    #[test]
    fn a_byte_that_is_no_bool_is_counted_and_placed() {
        let world = World::unspecified()
            .values(&[("mask: bool[2, 3]", &[0.0, 1.0])])
            .values(&[("mask: bool[2, 3]", &[0.0, 1.0, 1.0, 255.0, 2.0, 0.0])]);
        let found = world.judge(&RULE);
        assert_eq!(found[0].found, "2 of 12 values, the first with byte 255");
        assert_eq!((found[0].count, found[0].of), (1, 2));
        assert_eq!(found[0].places[0].index.as_deref(), Some(&[1, 0][..]));
    }

    #[test]
    fn other_types_have_no_such_bytes() {
        let world = World::unspecified().values(&[("x: uint8[3]", &[2.0])]);
        assert_eq!(world.looked(&RULE), [Looked::No]);
        let world = World::unspecified().values(&[("x: bool[3]", &[1.0, 0.0])]);
        assert_eq!((world.looked(&RULE), world.judge(&RULE).len()), (vec![Looked::Yes], 0));
    }

    #[test]
    fn clean_data_is_clean() {
        clean::finds_nothing(&RULE);
    }
}
