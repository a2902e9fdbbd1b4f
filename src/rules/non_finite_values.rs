//! NaN and infinities.

use super::context::value_place;
use super::{Findings, Group, Judge, Looked, Needs, Rule, ValuesCx};
use crate::diagnostic::quantity::exact;
use crate::diagnostic::{Fix, Level, python};
use crate::spec::{Framework, Role};
use crate::values::Numbers;

pub(super) static RULE: Rule = Rule {
    id: "non-finite-values",
    group: Group::Values,
    level: Level::Error,
    finds: "NaN and infinities: how many, in which rows and columns, and where first",
    needs: Needs::NUMBERS,
    page: include_str!("../../docs/rules/non-finite-values.md"),
    judge: Judge::Values(judge),
};

fn judge(cx: &ValuesCx<'_>, out: &mut Findings) -> Looked {
    let declared = cx.declared.and_then(|declared| declared.values.as_ref());
    if declared.is_some_and(|values| values.value.finite == Some(false)) {
        return Looked::No;
    }
    let mut looked = Looked::No;
    let (mut nan, mut positive, mut negative, mut rows) = (0, 0, 0, Some(0));
    let mut places = Vec::new();
    for (cell, values) in cx.cells {
        let Some(numbers) = values.numbers.as_ref().filter(|_| can_be_infinite(cell.header())) else { continue };
        looked = Looked::Yes;
        if let Some(first) = first(numbers) {
            places.push(value_place(cell, first).detail(told(numbers)));
            (nan, positive, negative) = (nan + numbers.nan, positive + numbers.pos_inf, negative + numbers.neg_inf);
            rows = rows.zip(numbers.bad_rows).map(|(rows, more)| rows + more);
        }
    }
    if places.is_empty() {
        return looked;
    }
    let what = match (nan > 0, positive + negative > 0) {
        (true, true) => "NaN and infinite values",
        (true, false) => "NaN",
        _ => "infinite values",
    };
    let mut found = counted(nan, positive, negative);
    if let Some(rows) = rows {
        found = format!("{found}, in {} row{}", exact(rows), if rows == 1 { "" } else { "s" });
    }
    if let Some(columns) = columns(cx) {
        found = format!("{found}, {columns}");
    }
    let at = cx.declared.map(|declared| declared.values.as_ref().map_or(&declared.at, |values| &values.at));
    let name = crate::source::text::shown(cx.name, 80);
    let expected = if name.is_empty() {
        "Every value is finite.".to_owned()
    } else {
        format!("Every value of `{name}` is finite.")
    };
    let x = python::variable(cx.name);
    let mut finding = cx
        .finding(at, format!("{} holds {what}", cx.label()), expected, found, places)
        .cause(cause(nan, positive + negative))
        .consequence(consequence(cx))
        .help("repair what makes them; where they stand for missing values, fill them in or drop their rows")
        .fix(Fix::choice(format!("{x} = {x}[np.isfinite({x}).reshape(len({x}), -1).all(axis=1)]  # drops these rows")));
    if cx.declared.is_none() {
        // Nobody said that a model gets it.
        finding = finding.level(Level::Warning);
    }
    out.push(finding);
    looked
}

/// Times have `NaT`, which is no NaN; integers have nothing of the kind.
fn can_be_infinite(header: &crate::source::Header) -> bool {
    header.dtype.is_float() || matches!(header.dtype.kind, crate::spec::dtype::Kind::Complex)
}

fn first(numbers: &Numbers) -> Option<u64> {
    [numbers.first_nan, numbers.first_pos_inf, numbers.first_neg_inf].into_iter().flatten().min()
}

fn told(numbers: &Numbers) -> String {
    counted(numbers.nan, numbers.pos_inf, numbers.neg_inf)
}

/// "17 NaN, 1 +inf"
fn counted(nan: u64, positive: u64, negative: u64) -> String {
    let kinds = [(nan, "NaN"), (positive, "+inf"), (negative, "-inf")];
    let there: Vec<String> =
        kinds.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{} {name}", exact(*count))).collect();
    there.join(", ")
}

/// The positions within a row, where they are the same few in all rows: a column of a table.
fn columns(cx: &ValuesCx<'_>) -> Option<String> {
    let mut columns: std::collections::BTreeSet<u64> = std::collections::BTreeSet::new();
    for (cell, values) in cx.cells {
        let numbers = values.numbers.as_ref()?;
        if numbers.non_finite() > 0 && (cell.header().shape.len() != 2 || numbers.bad_rows.is_none()) {
            return None;
        }
        columns.extend(numbers.bad_columns.iter().map(|(column, _)| column));
    }
    match columns.iter().collect::<Vec<_>>().as_slice() {
        [only] => Some(format!("all in column {only}")),
        [few @ .., last] if few.len() < 4 => {
            let few: Vec<String> = few.iter().map(ToString::to_string).collect();
            Some(format!("all in columns {} and {last}", few.join(", ")))
        }
        _ => None,
    }
}

fn cause(nan: u64, infinite: u64) -> &'static str {
    match (nan > 0, infinite > 0) {
        (true, false) => {
            "a division of 0 by 0, as in standardising a column that never varies; the root or logarithm of a negative number; \
             gaps of a table or a sensor"
        }
        (false, true) => "a division by 0, the logarithm of 0, or a cast to a type that is too narrow",
        _ => "a division by 0, the logarithm of 0, a cast to a type that is too narrow, or gaps of a table or a sensor",
    }
}

fn consequence(cx: &ValuesCx<'_>) -> &'static str {
    match (cx.framework(), cx.declared.map(|declared| declared.role)) {
        (Framework::Sklearn, _) => {
            "scikit-learn stops, without a row or a column: `Input X contains NaN.` or `contains infinity`"
        }
        (Framework::Onnxruntime | Framework::Triton, _) => "the model runs, and its outputs are NaN",
        (_, Some(Role::Target | Role::Weight)) => {
            "the loss is NaN at that batch, and every weight after it; nothing stops"
        }
        _ => {
            "one such value makes the loss NaN, and with it every weight of the model; nothing stops, and the batch is not named"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::diagnostic::Level;
    use crate::rules::Looked;
    use crate::rules::testing::World;
    use crate::spec::Framework;

    const NAN: f64 = f64::NAN;
    const INF: f64 = f64::INFINITY;

    fn x() -> World {
        World::new(Framework::Torch).input("x", "float32", "batch, 3")
    }

    #[test]
    fn each_value_is_counted_and_the_first_is_placed() {
        let world = x()
            .values(&[("x: float32[2, 3]", &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0])])
            .values(&[("x: float32[2, 3]", &[0.0, 1.0, NAN, INF, 4.0, NAN])]);
        let found = world.judge(&RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].message, "input `x` holds NaN and infinite values");
        assert_eq!(found[0].found, "2 NaN, 1 +inf, in 2 rows, all in columns 0 and 2");
        assert_eq!((found[0].count, found[0].of), (1, 2));
        let place = &found[0].places[0];
        assert_eq!((place.batch, place.sample, place.index.as_deref()), (Some(1), Some(0), Some(&[0, 2][..])));
        assert_eq!(world.anchored(&found[0]), "inputs.x");
    }

    #[test]
    fn one_fault_is_one_finding_whatever_the_shapes() {
        let world = x().values(&[("x: float32[2, 3]", &[NAN])]).values(&[("x: float32[1, 3]", &[NAN])]);
        let found = world.judge(&RULE);
        assert_eq!((found.len(), found[0].count), (1, 2));
        assert_eq!(found[0].found, "9 NaN, in 3 rows, all in columns 0, 1 and 2");
    }

    #[test]
    fn finite_and_integer_arrays_are_fine() {
        let world = x().values(&[("x: float32[2, 3]", &[-1e30, 0.0, 1e30])]);
        assert!(world.judge(&RULE).is_empty());
        assert_eq!(world.looked(&RULE), [Looked::Yes]);
        let whole = World::new(Framework::Torch).input("x", "int64", "batch").values(&[("x: int64[3]", &[1.0])]);
        assert_eq!(whole.looked(&RULE), [Looked::No]);
    }

    #[test]
    fn the_spec_may_allow_them_and_undeclared_arrays_are_a_warning() {
        let limits =
            crate::spec::Values { min: None, max: None, within: None, finite: Some(false), nonzero: false, sum: None };
        let world = x()
            .with(|declared| declared.values = Some(crate::spec::Declared { value: limits, at: declared.at.clone() }))
            .values(&[("x: float32[2, 3]", &[NAN])]);
        assert!(world.judge(&RULE).is_empty());
        let world = World::unspecified().values(&[("x: float32[2, 3]", &[NAN])]);
        assert_eq!(world.judge(&RULE)[0].level, Some(Level::Warning));
    }
}
