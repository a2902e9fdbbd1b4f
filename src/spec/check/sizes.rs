//! Bounds on sizes: of a batch, and of symbols.

use super::Contradiction;
use crate::error::quoted;
use crate::spec::{SizeRule, Spec};

pub(super) fn check(spec: &Spec, found: &mut Vec<Contradiction>) {
    if let Some(size) = &spec.plan.size {
        if let Some((wrong, why)) = impossible(size.value) {
            found.push(Contradiction::new(&size.at, format!("no batch size is allowed: {why}"), EXPECTED, wrong, HELP));
        } else if let Some(replicas) = &spec.plan.replicas
            && least(size.value, replicas.value).is_none()
        {
            let (message, rows) = match size.value.exact() {
                Some(rows) => {
                    (format!("{rows} rows do not divide by {} replicas", replicas.value), format!("{rows} rows"))
                }
                None => (format!("no allowed batch size divides by {} replicas", replicas.value), bounds(size.value)),
            };
            let near = size.value.exact().map(|rows| rows - rows % replicas.value).filter(|rows| *rows > 0);
            let help = near.map_or_else(
                || "declare the rows of the global batch, of all replicas together".to_owned(),
                |near| format!("`size = {near}` divides; `size` is the global batch, of all replicas together"),
            );
            let expected = format!("The rows of a batch divide by {} replicas.", replicas.value);
            found.push(Contradiction::new(&size.at, message, expected, rows, help));
        }
    }
    for symbol in &spec.symbols {
        if let Some((wrong, why)) = impossible(symbol.rule) {
            let message = format!("no size of {} is allowed: {why}", quoted(&symbol.name));
            found.push(Contradiction::new(&symbol.at, message, EXPECTED, wrong, HELP));
        }
    }
}

const EXPECTED: &str = "At least one size from 1 on satisfies the bounds.";
const HELP: &str = "widen the bounds; `min` and `max` are themselves allowed";

/// The bounds as written, and why nothing is between them.
fn impossible(rule: SizeRule) -> Option<(String, String)> {
    let why = match rule {
        SizeRule { min: Some(min), max: Some(max), .. } if min > max => format!("`min = {min}` is above `max = {max}`"),
        SizeRule { max: Some(0), .. } => "an axis of size 0 holds no values".to_owned(),
        rule if least(rule, 1).is_none() => {
            format!("no multiple of {} lies between them", rule.multiple_of.unwrap_or(1))
        }
        _ => return None,
    };
    Some((bounds(rule), why))
}

/// The least size from 1 on that the rule allows and that divides by `step`.
fn least(rule: SizeRule, step: u64) -> Option<u64> {
    let (a, b) = (rule.multiple_of.unwrap_or(1).max(1), step.max(1));
    let step = (a / divisor(a, b)).checked_mul(b)?;
    let min = rule.min.unwrap_or(1).max(1);
    let least = min.div_ceil(step).checked_mul(step)?;
    rule.max.is_none_or(|max| least <= max).then_some(least)
}

/// The greatest common divisor.
fn divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { divisor(b, a % b) }
}

fn bounds(rule: SizeRule) -> String {
    let parts = [("min", rule.min), ("max", rule.max), ("multiple_of", rule.multiple_of)];
    let parts: Vec<String> =
        parts.into_iter().filter_map(|(key, value)| value.map(|value| format!("{key} = {value}"))).collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rule(min: Option<u64>, max: Option<u64>, multiple_of: Option<u64>) -> SizeRule {
        SizeRule { min, max, multiple_of }
    }

    proptest! {
        #[test]
        fn the_least_size_is_the_first_that_is_allowed(
            min in prop::option::of(0..40_u64), max in prop::option::of(0..60_u64),
            multiple_of in prop::option::of(1..20_u64), step in 1..12_u64,
        ) {
            let rule = rule(min, max, multiple_of);
            let first = (1..10_000).find(|size| rule.allows(*size) && size % step == 0);
            prop_assert_eq!(least(rule, step), first);
        }
    }

    #[test]
    fn numbers_at_the_end_of_the_range_do_not_overflow() {
        assert_eq!(least(rule(Some(u64::MAX), None, Some(2)), 3), None);
        assert_eq!(least(rule(None, None, Some(u64::MAX)), u64::MAX - 1), None);
        assert_eq!(impossible(rule(Some(u64::MAX), None, None)), None);
    }
}
