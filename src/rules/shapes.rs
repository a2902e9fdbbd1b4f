//! What the rules about shapes share: the one mistake of an array, and how axes and shapes are written. Which mistake
//! it is, is decided in [`crate::spec::mismatch`] alone, so that one rule speaks of one array.

use super::context::place;
use super::{ArrayCx, BatchCx, Looked};
use crate::diagnostic::{Finding, Place};
use crate::source::Header;
use crate::spec::dims::{Dim, Shape};
use crate::spec::dtype::Kind;
use crate::spec::fit::{self, Misfit};
use crate::spec::mismatch::{Mismatch, mismatch};
use crate::spec::{Declaration, Declared, Spec};

/// An array whose shape is declared.
pub(super) struct Shaped<'a> {
    pub(super) declaration: &'a Declaration,
    pub(super) shape: &'a Declared<Shape>,
    /// Its one mistake, if it has one.
    pub(super) mistake: Option<Mismatch<'a>>,
}

/// The array against its declared shape; otherwise what became of the check.
pub(super) fn shaped<'a>(cx: &ArrayCx<'a>) -> Result<Shaped<'a>, Looked> {
    let declaration = cx.declared.ok_or(Looked::No)?;
    let shape = declaration.shape.as_ref().ok_or(Looked::No)?;
    let mistake = mismatch(cx.spec, declaration, &cx.header.shape);
    if mistake.is_some() && hides_its_shape(cx.header) {
        return Err(Looked::Unable(format!(
            "{} holds {}, which hide their shapes",
            cx.label(),
            cx.header.dtype.name()
        )));
    }
    Ok(Shaped { declaration, shape, mistake })
}

/// Whether axes of the samples may be inside the elements: the rows of a ragged batch, the fields of a struct.
pub(super) fn hides_its_shape(header: &Header) -> bool {
    matches!(header.dtype.kind, Kind::Object | Kind::Struct(_))
}

impl Shaped<'_> {
    /// A finding that the shape is not the declared one.
    pub(super) fn finding(&self, cx: &ArrayCx<'_>, message: impl Into<String>) -> Finding {
        cx.finding(Some(&self.shape.at), message, self.expected(), format!("shape {}", cx.header.shape_text()))
    }

    /// "`image` has shape [batch, 32, 32, 3]."
    pub(super) fn expected(&self) -> String {
        format!("`{}` has shape {}.", self.declaration.name, self.shape.value)
    }
}

/// The places of one array in the batches that look alike.
pub(super) fn places(cx: &BatchCx<'_>, column: usize) -> Vec<Place> {
    let cells = &cx.stream.columns[column].cells;
    let cell = |batch: &usize| cells.binary_search_by_key(batch, |cell| cell.batch).ok();
    cx.batches.iter().filter_map(cell).map(|i| place(&cells[i])).collect()
}

/// "axis 1", or "axis 1 (H)" where the axes have letters.
pub(super) fn axis(declaration: &Declaration, rank: usize, axis: usize) -> String {
    match letter(declaration, rank, axis) {
        Some(letter) => format!("axis {axis} ({letter})"),
        None => format!("axis {axis}"),
    }
}

/// The letter of an axis, where the declaration gives one to each.
pub(super) fn letter(declaration: &Declaration, rank: usize, axis: usize) -> Option<char> {
    let letters: Vec<char> = declaration.axes.as_ref()?.value.chars().collect();
    if letters.len() == rank { letters.get(axis).copied() } else { None }
}

/// The shape with the declared entry on each axis that fits and the size found on each that does not:
/// `[batch, 28, 28, 3]`. So two batches with the same mistake look the same whatever their rows are.
pub(super) fn pattern(shape: &Shape, rank: usize, wrong: &[Misfit<'_>]) -> String {
    let Some(dims) = fit::align(shape, rank) else { return shape.to_string() };
    let mut entries: Vec<String> = Vec::new();
    let mut rest = false;
    for (axis, dim) in dims.into_iter().enumerate() {
        let misfit = wrong.iter().find(|misfit| misfit.axis == axis);
        if *dim != Dim::Rest || !rest {
            entries.push(misfit.map_or_else(|| dim.to_string(), |misfit| misfit.size.to_string()));
        }
        rest = *dim == Dim::Rest;
    }
    format!("[{}]", entries.join(", "))
}

/// "a", "a and b", "a, b and c"
pub(super) fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// "batchlint.toml line 7": where a finding's second place in the spec is, which its anchor cannot show. The text of a model
/// is in no file, so that its line is quoted: "model.keras: `classes = 2`".
pub(super) fn line(spec: &Spec, at: &crate::spec::At) -> Option<String> {
    let (text, span) = spec.place(at)?;
    let position = crate::diagnostic::Position::of(&text.body, span.start);
    if matches!(at, crate::spec::At::Model(_)) {
        let written = text.body.lines().nth(position.line - 1).unwrap_or_default();
        return Some(format!("{}: `{}`", text.name, crate::source::text::shown(written.trim(), 100)));
    }
    Some(format!("{} line {}", text.name, position.line))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rules::testing::{World, shape};
    use crate::rules::{Group, Judge, RULES};
    use crate::source::shape_text;
    use crate::spec::Framework;

    const SHAPES: [&str; 9] = [
        "batch, 4, 4, 3",
        "batch, T, 4",
        "batch, 1, T, T",
        "batch, 1",
        "batch",
        "batch, 2*T-1, T",
        "batch, ..., 3",
        "3, batch, *",
        "batch, 1 | 3, 2",
    ];

    /// The rules about shapes that speak of a world with this one array.
    fn speaking(framework: Framework, target: bool, declared: &str, actual: &[u64]) -> Vec<&'static str> {
        let world = World::new(framework);
        let world = if target { world.target("x", "", declared) } else { world.input("x", "", declared) };
        let world = world.batch(&[&format!("x: float32{}", shape_text(actual))]);
        let about_shapes = RULES.iter().filter(|rule| rule.group == Group::Shape);
        about_shapes.filter(|rule| !world.judge(rule).is_empty()).map(|rule| rule.id).collect()
    }

    proptest! {
        #[test]
        fn one_array_has_one_voice(
            declared in 0..SHAPES.len(), actual in prop::collection::vec(0_u64..6, 0..6), target: bool,
        ) {
            for framework in [Framework::Keras, Framework::Torch, Framework::Any] {
                let speaking = speaking(framework, target, SHAPES[declared], &actual);
                prop_assert!(speaking.len() <= 1, "{speaking:?}");
                let declared = shape(SHAPES[declared]);
                let fit = fit::fit(&declared, &actual, &[], &crate::spec::dims::Bindings::new());
                let clean = fit.fits() && !actual.contains(&0);
                prop_assert!(!clean || speaking.is_empty(), "{speaking:?}");
                prop_assert!(fit.fits() || !speaking.is_empty(), "nobody speaks");
            }
        }
    }

    #[test]
    fn every_mistake_has_a_rule_about_arrays_or_batches() {
        let rules = RULES.iter().filter(|rule| rule.group == Group::Shape);
        assert!(rules.clone().count() >= 14);
        assert!(
            rules.into_iter().all(|rule| !matches!(rule.judge, Judge::Source(_) | Judge::Spec(_) | Judge::Verdict))
        );
    }

    #[test]
    fn shapes_are_written_with_what_was_declared_where_it_fits() {
        let declared = shape("batch, ..., 32, 3");
        let fit = fit::fit(&declared, &[8, 9, 9, 28, 3], &[], &crate::spec::dims::Bindings::new());
        assert_eq!(pattern(&declared, 5, &fit.wrong), "[batch, ..., 28, 3]");
        assert_eq!(pattern(&declared, 1, &[]), "[batch, ..., 32, 3]");
        assert_eq!(listed(&["a".into(), "b".into(), "c".into()]), "a, b and c");
    }
}
