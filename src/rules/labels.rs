//! What the rules about class ids share: which targets hold them, which of their arrays are looked at, and the labels
//! of all batches together.

use std::collections::BTreeMap;

use super::ValuesCx;
use super::shapes::listed;
use crate::diagnostic::quantity::exact;
use crate::facts::{Cell, asks};
use crate::source::Header;
use crate::spec::framework::Use;
use crate::spec::mismatch::{Mismatch, mismatch};
use crate::spec::{At, Declaration, Role, Spec};
use crate::values::{Number, Numbers, ValueFacts};

/// How many values a finding spells out; it says how many more there are.
const SPELLED: usize = 4;

/// The class ids of one target, over all batches.
pub(super) struct Labels<'a> {
    pub(super) declared: &'a Declaration,
    /// The arrays that are looked at, in batch order; at least one.
    pub(super) arrays: Vec<Labelled<'a>>,
}

/// The class ids of one batch.
#[derive(Clone, Copy)]
pub(super) struct Labelled<'a> {
    pub(super) cell: &'a Cell<'a>,
    pub(super) values: &'a ValueFacts,
    pub(super) numbers: &'a Numbers,
}

impl<'a> Labels<'a> {
    /// The labels, where the target declares `encoding = "index"`, or classes and no encoding.
    pub(super) fn of(cx: &'a ValuesCx<'_>) -> Option<Self> {
        let declared = cx.declared?;
        asks::classes(declared)?;
        Self::at(cx, declared)
    }

    /// The same, and those of a target that is declared as whole numbers and nothing else.
    pub(super) fn or_integers(cx: &'a ValuesCx<'_>) -> Option<Self> {
        let declared = cx
            .declared
            .filter(|declared| asks::classes(declared).is_some() || Use::of(Some(declared)) == Use::Classes)?;
        Self::at(cx, declared)
    }

    fn at(cx: &'a ValuesCx<'_>, declared: &'a Declaration) -> Option<Self> {
        if declared.role != Role::Target {
            return None;
        }
        let arrays: Vec<Labelled<'a>> = cx
            .cells
            .iter()
            .filter(|(cell, _)| is_shaped(cx.spec, declared, cell.header()))
            .filter_map(|(cell, values)| Some(Labelled { cell, values, numbers: values.numbers.as_ref()? }))
            .collect();
        (!arrays.is_empty()).then_some(Self { declared, arrays })
    }

    /// How many classes are declared.
    pub(super) fn classes(&self) -> Option<u64> {
        self.declared.classes.as_ref().map(|classes| classes.value)
    }

    /// Whether the value stands for "no label".
    pub(super) fn is_ignored(&self, id: i128) -> bool {
        self.declared
            .ignore
            .as_ref()
            .is_some_and(|ignore| ignore.value.iter().any(|ignored| i128::from(*ignored) == id))
    }

    /// Where the spec says that these are class ids: the line of the classes, else of the encoding.
    pub(super) fn at_classes(&self) -> &'a At {
        let encoding = self.declared.encoding.as_ref().map(|encoding| &encoding.at);
        self.declared.classes.as_ref().map(|classes| &classes.at).or(encoding).unwrap_or(&self.declared.at)
    }

    /// Every whole number and how often it occurs over all batches; `None` where one array holds more distinct values
    /// than are counted one by one.
    pub(super) fn counts(&self) -> Option<BTreeMap<i128, u64>> {
        let mut counts = BTreeMap::new();
        for labelled in &self.arrays {
            for (id, count) in labelled.ids()? {
                *counts.entry(id).or_default() += count;
            }
        }
        Some(counts)
    }

    /// Labels outside the declared classes and not ignored.
    pub(super) fn outside(&self) -> u64 {
        let Some(ask) = asks::classes(self.declared) else { return 0 };
        let answers = self.arrays.iter().filter_map(|labelled| labelled.values.answer(&ask));
        answers.flat_map(|answer| &answer.hits).map(|hits| hits.count).sum()
    }

    /// The labels of the declared classes and how often each occurs, where every row has one label and none is
    /// outside. `None` where that is not so, or not known.
    pub(super) fn shares(&self) -> Option<Shares> {
        let classes = self.classes()?;
        let whole = |labelled: &Labelled<'_>| labelled.one_per_row() && labelled.numbers.fractional == 0;
        if !self.arrays.iter().all(whole) || self.outside() > 0 {
            return None;
        }
        let mut counts = self.counts()?;
        counts.retain(|id, _| !self.is_ignored(*id));
        let labels = counts.values().sum();
        // An ignored id below `classes` is no class.
        let ignored = self.declared.ignore.iter().flat_map(|ignore| &ignore.value);
        let inside = ignored.filter_map(|id| u64::try_from(*id).ok()).filter(|id| *id < classes);
        let inside: std::collections::BTreeSet<u64> = inside.collect();
        let classes = classes.saturating_sub(inside.len() as u64);
        (labels > 0 && classes > 1).then_some(Shares { counts, labels, classes })
    }
}

/// How often each class occurs.
pub(super) struct Shares {
    /// By class id.
    pub(super) counts: BTreeMap<i128, u64>,
    /// Labels of all classes together.
    pub(super) labels: u64,
    /// How many classes there are.
    pub(super) classes: u64,
}

impl Shares {
    /// The labels that each class would have if all had the same.
    pub(super) fn fair(&self) -> f64 {
        self.labels as f64 / self.classes as f64
    }
}

impl Labelled<'_> {
    /// Whether each row is one label, as against masks and sequences.
    pub(super) fn one_per_row(&self) -> bool {
        let header = self.cell.header();
        header.shape.first() == Some(&header.elements())
    }

    /// The whole numbers and how often each occurs; `None` where there are too many to count.
    pub(super) fn ids(&self) -> Option<impl Iterator<Item = (i128, u64)>> {
        let distinct = self.numbers.distinct.as_ref()?;
        Some(distinct.iter().filter_map(|(value, count, _)| Some((value.to_int()?, *count))))
    }
}

/// Whether the array has the declared axes, so that its values can be what the declaration says. Where it has not, the
/// rules about shapes speak.
pub(super) fn is_shaped(spec: &Spec, declared: &Declaration, header: &Header) -> bool {
    use Mismatch::{Empty, Rank, Scalar, Size, Transposed};
    !header.shape.is_empty()
        && !matches!(mismatch(spec, declared, &header.shape), Some(Empty(_) | Scalar | Transposed(_) | Rank | Size(_)))
}

/// "255 (12,288 times), -1 (once) and 3 other values", the most frequent first.
pub(super) fn spelled<'v>(values: impl Iterator<Item = (Number, u64)> + 'v) -> String {
    let mut values: Vec<(Number, u64)> = values.collect();
    values.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let more = values.len().saturating_sub(SPELLED);
    let mut items: Vec<String> =
        values.iter().take(SPELLED).map(|(value, count)| format!("{value} ({})", times(*count))).collect();
    match more {
        0 => {}
        1 => items.push("1 other value".into()),
        more => items.push(format!("{} other values", exact(more as u64))),
    }
    listed(&items)
}

/// "once", "12,288 times"
pub(super) fn times(count: u64) -> String {
    if count == 1 { "once".into() } else { format!("{} times", exact(count)) }
}

/// "0 to 9", or "0" where there is one class.
pub(super) fn class_range(classes: u64) -> String {
    if classes <= 1 { "0".into() } else { format!("0 to {}", classes - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_spelled_by_frequency_and_the_rest_is_counted() {
        let values = |counts: &[(i128, u64)]| {
            spelled(counts.iter().map(|(id, count)| (Number::Int(*id), *count)).collect::<Vec<_>>().into_iter())
        };
        assert_eq!(values(&[(-1, 1), (255, 12_288)]), "255 (12,288 times) and -1 (once)");
        assert_eq!(
            values(&[(10, 1), (11, 1), (12, 1), (13, 1), (14, 1), (15, 1)]),
            "10 (once), 11 (once), 12 (once), 13 (once) and 2 other values"
        );
        assert_eq!((class_range(1), class_range(10)), ("0".into(), "0 to 9".into()));
    }
}
