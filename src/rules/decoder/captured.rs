//! What a pattern captured, read as numbers and shapes.

use std::fmt::Display;

/// The size of an axis; `None` where the text leaves it open (`None`, `?`, `-1`).
pub(super) type Size = Option<u64>;

/// Values by name, as they stand in the text, and those worked out from them.
#[derive(Debug, Clone, Default)]
pub(super) struct Captured(Vec<(&'static str, String)>);

impl Captured {
    /// The value as text; empty where there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.iter().rfind(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// Whether the value is this, whatever its case.
    pub(super) fn is(&self, name: &str, value: &str) -> bool {
        self.text(name).eq_ignore_ascii_case(value)
    }

    /// The value as a whole number.
    pub(super) fn int(&self, name: &str) -> Option<i128> {
        self.text(name).parse().ok()
    }

    /// The value as a number.
    pub(super) fn num(&self, name: &str) -> Option<f64> {
        self.text(name).parse().ok()
    }

    /// The numbers of a list.
    pub(super) fn ints(&self, name: &str) -> Vec<i128> {
        self.text(name).split(',').filter_map(|item| item.trim().parse().ok()).collect()
    }

    /// The sizes of a shape; empty where there is none.
    pub(super) fn shape(&self, name: &str) -> Vec<Size> {
        let inside = self.text(name).trim_matches(['[', ']', '(', ')']);
        let items = inside.split(',').map(str::trim).filter(|item| !item.is_empty());
        items.map(|item| item.trim_end_matches('L').parse().ok()).collect()
    }

    /// Notes a value; a later one of the same name hides it.
    pub(super) fn set(&mut self, name: &'static str, value: impl Display) {
        self.0.push((name, value.to_string()));
    }

    /// Takes over what another pattern captured.
    pub(super) fn extend(&mut self, other: &Self) {
        self.0.extend(other.0.iter().cloned());
    }

    /// The template with `{name}` replaced by its value, on one line. Other braces stay as they are.
    pub(super) fn fill(&self, template: &str) -> String {
        let mut out = String::with_capacity(template.len() + 32);
        let mut rest = template;
        while let Some(at) = rest.find('{') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let known = self
                .0
                .iter()
                .rfind(|(name, _)| rest[1..].strip_prefix(name).is_some_and(|after| after.starts_with('}')));
            if let Some((name, value)) = known {
                out.push_str(&value.replace('\n', " "));
                rest = &rest[name.len() + 2..];
            } else {
                out.push('{');
                rest = &rest[1..];
            }
        }
        out + rest
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }
}

/// The order of axes that makes `got` into `want`, the first axis staying where it is; `None` where they do not hold
/// the same known sizes, or already agree.
pub(super) fn order(got: &[Size], want: &[Size]) -> Option<Vec<usize>> {
    if got.len() != want.len() || got.len() < 3 || got[1..] == want[1..] {
        return None;
    }
    let mut order = vec![0];
    for size in &want[1..] {
        let size = (*size)?;
        order.push((1..got.len()).find(|axis| got[*axis] == Some(size) && !order.contains(axis))?);
    }
    Some(order)
}

/// Whether an array of shape `got` can stand where `want` is declared.
pub(super) fn fits(got: &[Size], want: &[Size]) -> bool {
    let open = |(got, want): (&Size, &Size)| got.is_none() || want.is_none() || got == want;
    got.len() == want.len() && got.iter().zip(want).all(open)
}

/// Elements of a shape whose every size is known.
pub(super) fn elements(shape: &[Size]) -> Option<u64> {
    shape.iter().try_fold(1_u64, |product, size| product.checked_mul((*size)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Vec<Size> {
        let mut captured = Captured::default();
        captured.set("s", text);
        captured.shape("s")
    }

    #[test]
    fn shapes_are_read_in_every_spelling() {
        assert_eq!(shape("(None, 3)"), [None, Some(3)]);
        assert_eq!(shape("[8,3]"), [Some(8), Some(3)]);
        assert_eq!(shape("(?, -1, 2L)"), [None, None, Some(2)]);
        assert_eq!(shape("(3,)"), [Some(3)]);
        assert!(shape("()").is_empty());
    }

    #[test]
    fn the_order_that_repairs_is_found() {
        let order = |got: &str, want: &str| super::order(&shape(got), &shape(want));
        assert_eq!(order("(None, 3, 28, 28)", "(None, 28, 28, 3)"), Some(vec![0, 2, 3, 1]));
        assert_eq!(order("(8, 32, 28, 3)", "(None, 28, 32, 3)"), Some(vec![0, 2, 1, 3]));
        assert_eq!(order("(8, 28, 28, 3)", "(None, 28, 28, 3)"), None);
        assert_eq!(order("(8, 30, 28, 3)", "(None, 28, 28, 3)"), None);
        assert_eq!(order("(8, 3, 28, 28)", "(None, None, None, 3)"), None, "open sizes prove nothing");
    }

    #[test]
    fn only_known_names_are_filled_in() {
        let mut captured = Captured::default();
        captured.set("n", 3);
        assert_eq!(captured.fill("x[:{n}] = {\"a\": {n}, b: {m}}"), "x[:3] = {\"a\": 3, b: {m}}");
    }

    #[test]
    fn elements_are_counted_without_overflow() {
        assert_eq!(elements(&shape("(10, 100)")), Some(1000));
        assert_eq!(elements(&shape("(None, 100)")), None);
        assert_eq!(elements(&shape("(18446744073709551615, 2)")), None);
    }
}
