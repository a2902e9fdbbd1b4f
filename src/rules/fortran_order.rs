//! Arrays whose first axis varies fastest.

use super::context::{batch_unit, place};
use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule, dtype};
use crate::diagnostic::{Change, Fix, Level, Proof, python};
use crate::facts::Cell;
use crate::spec::framework;

pub(super) static RULE: Rule = Rule {
    id: "fortran-order",
    group: Group::Layout,
    level: Level::Note,
    finds: "arrays in Fortran order",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/fortran-order.md"),
    judge: Judge::Array(judge),
};

fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
    let shape = &cx.header.shape;
    // With one axis longer than 1 both orders are the same bytes, and without elements there are none.
    let has_order = shape.iter().filter(|size| **size > 1).count() > 1 && !shape.contains(&0);
    if !dtype::is_fed(cx) {
        return Looked::No;
    }
    if !has_order {
        return Looked::Yes;
    }
    let (cells, found) = not_in_c_order(cx);
    if !cells.is_empty() {
        let outcome = framework::fortran(cx.framework());
        let x = python::variable(cx.name);
        let finding = cx.finding(
            cx.declared.map(|declared| &declared.at),
            if found == FORTRAN {
                format!("{} is in Fortran order", cx.label())
            } else {
                format!("{} is not in C order", cx.label())
            },
            "The array is in C order: its last axis varies fastest.",
            found,
        );
        let mut finding = finding
            .counted(cells.iter().map(place).collect(), cells.len() as u64, cx.of, batch_unit(cx.spec))
            .cause(if cx.stream.is_live() {
                "a transposed view (`x.T`, `np.moveaxis`, `np.swapaxes`), or the array comes from Fortran, MATLAB or R"
            } else {
                "a transposed view (`x.T`, `np.moveaxis`, `np.swapaxes`) was saved, or the array comes from Fortran, MATLAB or R"
            })
            .consequence(outcome.says)
            .help("leave it, unless a program copies raw memory; if axes turn up swapped, look where this array was transposed")
            .fix(Fix::new(
                format!("{x} = np.ascontiguousarray({x})"),
                Proof::Lossless("it moves the values in memory and changes none, whatever they are".into()),
            ).change(Change::Steps(Vec::new())));
        finding.level = outcome.level;
        out.push(finding);
    }
    Looked::Yes
}

const FORTRAN: &str = "Fortran order";

/// The arrays whose axes lie in memory in another order, and which order that is.
fn not_in_c_order<'f>(cx: &ArrayCx<'f>) -> (Vec<Cell<'f>>, String) {
    if cx.header.fortran {
        return (cx.cells.to_vec(), FORTRAN.into());
    }
    // In C order strides fall; a slice of such an array is none that was turned.
    let order = |cell: &Cell<'_>| {
        let leaf = cell.array.leaf.as_deref().filter(|leaf| !leaf.c && leaf.strides.len() == cx.header.shape.len())?;
        let mut axes: Vec<usize> = (0..leaf.strides.len()).filter(|axis| cx.header.shape[*axis] > 1).collect();
        let there = axes.clone();
        axes.sort_by_key(|axis| std::cmp::Reverse(leaf.strides[*axis].unsigned_abs()));
        (axes != there).then_some(axes)
    };
    let cells: Vec<Cell<'f>> = cx.cells.iter().filter(|cell| order(cell).is_some()).copied().collect();
    let Some(axes) = cells.first().and_then(order) else { return (cells, String::new()) };
    let fortran = cells.iter().all(|cell| cell.array.leaf.as_deref().is_some_and(|leaf| leaf.f));
    let axes: Vec<String> = axes.iter().map(usize::to_string).collect();
    (cells, if fortran { FORTRAN.into() } else { format!("the axes in memory in the order {}", axes.join(", ")) })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::diagnostic::Level::Warning;
    use crate::rules::Looked;
    use crate::rules::testing::World;
    use crate::spec::Framework;

    fn x(framework: Framework, array: &str) -> World {
        World::new(framework).input("x", "float32", "batch, ...").batch(&[array])
    }

    #[test]
    fn it_is_a_note_but_for_those_who_copy_raw_memory() {
        let world = x(Framework::Keras, "x: float32[4, 3] fortran");
        let found = world.judge(&RULE);
        assert_eq!((found[0].message.as_str(), found[0].level), ("input `x` is in Fortran order", None));
        assert_eq!(world.anchored(&found[0]), "inputs.x");
        assert_eq!(found[0].fix.as_ref().unwrap().python, "x = np.ascontiguousarray(x)");
        assert_eq!(x(Framework::Triton, "x: float32[4, 3] fortran").judge(&RULE)[0].level, Some(Warning));
        assert_eq!(World::unspecified().batch(&["x: float32[4, 3] fortran"]).judge(&RULE).len(), 1);
    }

    #[test]
    fn a_program_shows_the_order_by_its_strides() {
        let x = |array: &str| World::new(Framework::Triton).live(&[&format!("({array}, int64[4])")]);
        let found = x("float32[4, 3] fortran").judge(&RULE);
        assert_eq!((&*found[0].message, &*found[0].found), ("element 0 is in Fortran order", "Fortran order"));
        let found = x("float32[4, 3, 5] strides 60 4 12").judge(&RULE);
        assert_eq!(found[0].message, "element 0 is not in C order");
        assert_eq!(found[0].found, "the axes in memory in the order 0, 2, 1");
        for array in
            ["float32[4, 3]", "float32[4, 3] strides 24 4", "float32[4, 3] flipped 1", "float32[4, 1] strides 4 400"]
        {
            assert!(x(array).judge(&RULE).is_empty(), "{array}");
        }
    }

    #[test]
    fn an_array_that_is_in_both_orders_is_in_none() {
        for array in [
            "x: float32[9] fortran",
            "x: float32[] fortran",
            "x: float32[1, 9, 1] fortran",
            "x: float32[0, 9, 9] fortran",
        ] {
            let world = x(Framework::Triton, array);
            assert!(world.judge(&RULE).is_empty(), "{array}");
            assert_eq!(world.looked(&RULE), [Looked::Yes]);
        }
        let world = x(Framework::Triton, "x: float32[4, 3]");
        assert!(world.judge(&RULE).is_empty());
        assert_eq!(world.looked(&RULE), [Looked::Yes]);
    }
}
