//! One symbol with two sizes within a batch.

use super::shapes::{axis, hides_its_shape, line, listed, places};
use super::{BatchCx, Findings, Group, Judge, Looked, Needs, Rule};
use crate::diagnostic::{Anchor, Finding, Level};
use crate::facts::Cell;
use crate::spec::dims::{Bindings, Dim, Expr, Shape};
use crate::spec::fit::{BATCH, Misfit, fit};
use crate::spec::mismatch::mismatch;
use crate::spec::{Declaration, Declared};

pub(super) static RULE: Rule = Rule {
    id: "dimension-mismatch",
    group: Group::Shape,
    level: Level::Error,
    finds: "one symbol, two sizes within a batch; an expression such as `2*T-1` that does not hold",
    needs: Needs::SPEC,
    page: include_str!("../../docs/rules/dimension-mismatch.md"),
    judge: Judge::Batch(judge),
};

fn judge(cx: &BatchCx<'_>, out: &mut Findings) -> Looked {
    let arrays = sound(cx);
    let mut bindings = Bindings::new();
    let mut first: Vec<Bound<'_>> = Vec::new();
    for array in &arrays {
        for bound in fit(&array.shape.value, array.actual(), &cx.spec.symbols, &bindings).bound {
            if bindings.insert(bound.name.to_owned(), bound.size).is_none() {
                first.push(Bound { name: bound.name, array, axis: bound.axis, size: bound.size });
            }
        }
    }
    let mut looked = Looked::No;
    for array in &arrays {
        let fitted = fit(&array.shape.value, array.actual(), &cx.spec.symbols, &bindings);
        let shown_elsewhere = |name: &str, axis: usize| {
            first.iter().any(|bound| bound.name == name && (!std::ptr::eq(bound.array, array) || bound.axis != axis))
        };
        let compared = fitted.bound.iter().any(|bound| bound.name != BATCH && shown_elsewhere(bound.name, bound.axis));
        let clashes: Vec<&Misfit<'_>> = fitted.clashes.iter().filter(|misfit| *misfit.dim != Dim::Batch).collect();
        if compared || !clashes.is_empty() || array.has_settled_expression(&fitted.open) {
            looked = Looked::Yes;
        }
        for (i, clash) in clashes.iter().enumerate() {
            // `H/2` on two axes of one array is one fault.
            if clashes[..i].iter().all(|told| told.dim != clash.dim) {
                out.push(finding(cx, array, clash, &first));
            }
        }
    }
    looked
}

/// An array without a mistake of its own, so that its axes can bind symbols.
struct Sound<'a> {
    declaration: &'a Declaration,
    shape: &'a Declared<Shape>,
    cell: Cell<'a>,
    /// Index into `stream.columns`.
    column: usize,
}

impl Sound<'_> {
    fn actual(&self) -> &[u64] {
        &self.cell.array.header.shape
    }

    /// Whether it has an expression whose symbols all have sizes.
    fn has_settled_expression(&self, open: &[usize]) -> bool {
        let expressions = self.shape.value.dims.iter().filter(|dim| match dim {
            Dim::Size(expr) => !matches!(expr, Expr::Symbol(_)) && expr.symbols().next().is_some(),
            _ => false,
        });
        expressions.count() > open.len()
    }
}

/// Where a symbol got its size.
struct Bound<'a> {
    name: &'a str,
    array: &'a Sound<'a>,
    axis: usize,
    size: u64,
}

fn sound<'a>(cx: &BatchCx<'a>) -> Vec<Sound<'a>> {
    let mut arrays: Vec<Sound<'a>> = cx
        .arrays
        .iter()
        .filter_map(|(column, cell)| {
            let declaration = &cx.spec.arrays[cx.stream.columns[*column].declared?];
            let shape = declaration.shape.as_ref()?;
            let mistake = mismatch(cx.spec, declaration, &cell.array.header.shape);
            (mistake.is_none() && !hides_its_shape(cell.header())).then_some(Sound {
                declaration,
                shape,
                cell: *cell,
                column: *column,
            })
        })
        .collect();
    arrays.sort_by_key(|array| cx.spec.arrays.iter().position(|declared| std::ptr::eq(declared, array.declaration)));
    arrays
}

fn finding(cx: &BatchCx<'_>, array: &Sound<'_>, clash: &Misfit<'_>, first: &[Bound<'_>]) -> Finding {
    let names: Vec<&str> = symbols(clash.dim);
    let givers: Vec<&Bound<'_>> = first.iter().filter(|bound| names.contains(&bound.name)).collect();
    let lone = matches!(clash.dim, Dim::Size(Expr::Symbol(_)));
    let here = axis(array.declaration, array.actual().len(), clash.axis);
    let from: Vec<String> = givers
        .iter()
        .map(|bound| if lone { given(cx, bound) } else { format!("`{}` is {}", bound.name, given(cx, bound)) })
        .collect();
    let label = array.declaration.label();
    let message = match givers.iter().find(|bound| !std::ptr::eq(bound.array, array)) {
        Some(other) if lone => {
            format!("{label} and {} disagree about `{}`", other.array.declaration.label(), clash.dim)
        }
        None if lone => format!("{label} gives `{}` two sizes", clash.dim),
        _ => format!("{here} of {label} is not `{}`", clash.dim),
    };
    let from = listed(&from);
    let (expected, found) = if lone {
        let found: Vec<String> = givers.iter().map(|bound| format!(", {} on {}", bound.size, there(bound))).collect();
        let found = found.concat();
        (format!("`{}` has one size within a batch, that of {from}.", clash.dim), found)
    } else {
        let sizes: Vec<String> = givers.iter().map(|bound| format!("`{}` is {}", bound.name, bound.size)).collect();
        let value = clash.expected.map_or("no whole number".to_owned(), |size| size.to_string());
        let found = format!(", where `{}` is {value} as {}", clash.dim, listed(&sizes));
        (format!("`{}` holds, where {from}.", clash.dim), found)
    };
    let mut finding = cx.finding(
        Anchor::Spec(array.shape.at.clone()),
        &array.declaration.name,
        message,
        expected,
        format!("{} on {here} of `{}`{found}", clash.size, array.declaration.name),
    );
    finding.places = places(cx, array.column);
    finding
        .cause(if lone {
            "one of the two axes was cut, padded or resampled and the other was not"
        } else {
            "one of the two axes was cut, padded or strided in another way than the model expects"
        })
        .consequence("the model combines the two: shapes that do not broadcast stop it, and a size of 1 is repeated without a word")
        .help(format!("cut or pad both in the same place; or give the axes different names, if {names} may differ", names = quoted(&names)))
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
}

/// "axis 1 of input `x` (batchlint.toml line 7)"
fn given(cx: &BatchCx<'_>, bound: &Bound<'_>) -> String {
    let declaration = bound.array.declaration;
    let which = axis(declaration, bound.array.actual().len(), bound.axis);
    let place = line(cx.spec, &bound.array.shape.at).map_or(String::new(), |line| format!(" ({line})"));
    format!("{which} of {}{place}", declaration.label())
}

/// "axis 1 of `x`"
fn there(bound: &Bound<'_>) -> String {
    let declaration = bound.array.declaration;
    format!("{} of `{}`", axis(declaration, bound.array.actual().len(), bound.axis), declaration.name)
}

fn symbols(dim: &Dim) -> Vec<&str> {
    match dim {
        Dim::Size(expr) => expr.symbols().collect(),
        Dim::Either(dims) => dims.iter().flat_map(symbols).collect(),
        Dim::Batch => vec![BATCH],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::World;
    use crate::spec::Framework;

    fn world(arrays: [&str; 2]) -> World {
        World::new(Framework::Torch)
            .input("ids", "int64", "batch, T")
            .input("mask", "bool", "batch, T")
            .target("spans", "int64", "batch, 2*T-1")
            .batch(&[
                &format!("ids: int64[4, {}]", arrays[0]),
                &format!("mask: bool[4, {}]", arrays[1]),
                "spans: int64[4, 19]",
            ])
    }

    #[test]
    fn both_places_are_named() {
        let world = world(["10", "12"]);
        assert_eq!(world.messages(&RULE), ["input `mask` and input `ids` disagree about `T`"]);
        let finding = &world.judge(&RULE)[0];
        assert_eq!(
            finding.expected,
            "`T` has one size within a batch, that of axis 1 of input `ids` (batchlint.toml line 4)."
        );
        assert_eq!(finding.found, "12 on axis 1 of `mask`, 10 on axis 1 of `ids`");
        assert_eq!(finding.places[0].array.as_deref(), Some("mask"));
    }

    #[test]
    fn an_expression_must_hold() {
        let world = world(["12", "12"]);
        assert_eq!(world.messages(&RULE), ["axis 1 of target `spans` is not `2*T-1`"]);
        let finding = &world.judge(&RULE)[0];
        assert_eq!(finding.expected, "`2*T-1` holds, where `T` is axis 1 of input `ids` (batchlint.toml line 4).");
        assert_eq!(finding.found, "19 on axis 1 of `spans`, where `2*T-1` is 23 as `T` is 12");
    }

    #[test]
    fn one_size_everywhere_is_clean() {
        let world = world(["10", "10"]);
        assert!(world.messages(&RULE).is_empty());
        assert_eq!(world.looked(&RULE), [Looked::Yes]);
    }

    #[test]
    fn batches_may_differ_from_one_another() {
        let world = world(["10", "10"]).batch(&["ids: int64[4, 8]", "mask: bool[4, 8]", "spans: int64[4, 15]"]);
        assert!(world.messages(&RULE).is_empty());
    }

    #[test]
    fn an_expression_without_a_whole_result_is_one_fault_however_often_it_stands() {
        let world = World::new(Framework::Any)
            .input("image", "float32", "batch, H, H")
            .target("mask", "float32", "batch, H/2, H/2")
            .batch(&["image: float32[2, 9, 9]", "mask: float32[2, 4, 4]"]);
        assert_eq!(world.messages(&RULE), ["axis 1 of target `mask` is not `H/2`"]);
        assert_eq!(world.judge(&RULE)[0].found, "4 on axis 1 of `mask`, where `H/2` is no whole number as `H` is 9");
    }

    #[test]
    fn one_array_can_disagree_with_itself() {
        let square = |sizes: &str| {
            World::new(Framework::Any).input("k", "float32", "batch, H, H").batch(&[&format!("k: float32[2, {sizes}]")])
        };
        assert_eq!(square("5, 6").messages(&RULE), ["input `k` gives `H` two sizes"]);
        assert_eq!(square("5, 5").looked(&RULE), [Looked::Yes]);
    }

    #[test]
    fn the_batch_axis_and_other_mistakes_have_rules_of_their_own() {
        let rows = World::new(Framework::Any)
            .input("a", "float32", "batch, T")
            .input("b", "float32", "batch, T, 3")
            .batch(&["a: float32[4, 9]", "b: float32[5, 9, 3]"])
            .batch(&["a: float32[4, 9]", "b: float32[4, 3, 8]"]);
        assert!(rows.messages(&RULE).is_empty());
        let alone = World::new(Framework::Any).input("a", "float32", "batch, T").batch(&["a: float32[4, 9]"]);
        assert_eq!(alone.looked(&RULE), [Looked::No]);
    }
}
