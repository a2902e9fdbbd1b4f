//! The guards of an exported program: Python expressions that its inputs have to satisfy. Those that say that two sizes
//! are the same, or that one is a number, are read; the others are left to torch.

use std::collections::BTreeMap;

use super::super::{Model, Size};

/// The bounds of symbols, as written.
pub(super) type Bounds = BTreeMap<String, (Option<i64>, Option<i64>)>;

/// Equalities that are followed; a program has about one per input.
const MOST_GUARDS: usize = 1024;

/// One side of a guard: `L['tokens'].size()[0]`, or a number.
#[derive(Debug, PartialEq, Eq)]
enum Side<'g> {
    Axis(&'g str, usize),
    Number(u64),
}

/// Gives sizes that the guards hold for the same the same symbol, with the bounds of both.
pub(super) fn apply(guards: &[String], model: &mut Model, bounds: &mut Bounds) {
    for (left, right) in guards.iter().filter_map(|guard| sides(guard)).take(MOST_GUARDS) {
        match (size(model, &left), size(model, &right)) {
            (Some(Size::Symbol(one)), Some(Size::Symbol(other))) if one != other => {
                let (kept, gone) = if one < other { (one, other) } else { (other, one) };
                if let Some((min, max)) = bounds.remove(&gone) {
                    let both = bounds.entry(kept.clone()).or_insert((None, None));
                    both.0 = both.0.max(min);
                    both.1 = [both.1, max].into_iter().flatten().min();
                }
                replace(model, &gone, &Size::Symbol(kept));
            }
            (Some(Size::Symbol(symbol)), Some(exact @ Size::Exactly(_)))
            | (Some(exact @ Size::Exactly(_)), Some(Size::Symbol(symbol))) => replace(model, &symbol, &exact),
            _ => {}
        }
    }
}

/// The two sides of an equality.
fn sides(guard: &str) -> Option<(Side<'_>, Side<'_>)> {
    let (left, right) = guard.split_once(" == ")?;
    Some((side(left)?, side(right)?))
}

fn side(text: &str) -> Option<Side<'_>> {
    let text = text.trim();
    if let Ok(number) = text.parse() {
        return Some(Side::Number(number));
    }
    let rest = text.strip_prefix("L['")?;
    let (name, rest) = rest.split_once("']")?;
    let axis = rest.strip_prefix(".size()[")?.strip_suffix(']')?;
    Some(Side::Axis(name, axis.parse().ok()?))
}

fn size(model: &Model, side: &Side<'_>) -> Option<Size> {
    match side {
        Side::Number(number) => Some(Size::Exactly(*number)),
        Side::Axis(name, axis) => {
            model.inputs.iter().find(|port| port.name == *name)?.shape.as_ref()?.get(*axis).cloned()
        }
    }
}

fn replace(model: &mut Model, symbol: &str, by: &Size) {
    for size in model.inputs.iter_mut().chain(&mut model.outputs).filter_map(|port| port.shape.as_mut()).flatten() {
        if matches!(size, Size::Symbol(name) if name == symbol) {
            *size = by.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Port;
    use super::*;

    fn model() -> Model {
        let port = |name: &str, symbols: &[&str]| Port {
            name: name.into(),
            shape: Some(symbols.iter().map(|name| Size::Symbol((*name).into())).collect()),
            ..Port::default()
        };
        Model { inputs: vec![port("a", &["s0", "s1"]), port("b", &["s2"])], ..Model::default() }
    }

    #[test]
    fn sides_are_axes_and_numbers() {
        assert_eq!(side("L['a'].size()[1]"), Some(Side::Axis("a", 1)));
        assert_eq!(side("16"), Some(Side::Number(16)));
        for text in
            ["L['a'].size()[1] * 2", "L['a']['b'].size()[0]", "L['a'].size()[-1]", "x", "", "L['a'].stride()[0]"]
        {
            assert_eq!(side(text), None, "{text}");
        }
        assert_eq!(sides("L['a'].size()[0] <= 5"), None);
    }

    #[test]
    fn equal_sizes_share_a_symbol_and_both_bounds() {
        let mut model = model();
        let mut bounds = Bounds::from([("s0".into(), (Some(1), Some(64))), ("s2".into(), (Some(2), None))]);
        apply(
            &["L['b'].size()[0] == L['a'].size()[0]".into(), "L['a'].size()[1] == 7".into()],
            &mut model,
            &mut bounds,
        );
        assert_eq!(model.inputs[1].shape, Some(vec![Size::Symbol("s0".into())]));
        assert_eq!(model.inputs[0].shape, Some(vec![Size::Symbol("s0".into()), Size::Exactly(7)]));
        assert_eq!(bounds, Bounds::from([("s0".into(), (Some(2), Some(64)))]));
    }

    #[test]
    fn guards_of_other_kinds_change_nothing() {
        let mut model = model();
        let before = model.clone();
        let guards =
            ["L['a'].size()[0] != 3", "L['a'].size()[9] == 3", "L['c'].size()[0] == 3", "True"].map(Into::into);
        apply(&guards, &mut model, &mut Bounds::new());
        assert_eq!(model, before);
    }
}
