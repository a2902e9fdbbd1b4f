//! Classes far rarer than the others.

use super::context::place;
use super::labels::{Labels, times};
use super::plan;
use super::shapes::listed;
use super::{Findings, Group, Judge, Looked, Needs, Rule, ValuesCx, sorted_labels};
use crate::diagnostic::Level;
use crate::diagnostic::quantity::exact;
use crate::values::marked::value;

/// A class is rare with less than this part of what it would have if all had the same.
const PART: f64 = 0.1;
/// A class with its fair part looks that rare less often than once in a million sets.
const CHANCE: f64 = 1e-6;
/// Classes that a finding names; it says how many more there are.
const NAMED: usize = 3;

pub(super) static RULE: Rule = Rule {
    id: "class-imbalance",
    group: Group::Targets,
    level: Level::Note,
    finds: "a class with less than a tenth of its fair part of the labels",
    needs: Needs::NUMBERS.spec(),
    page: include_str!("../../docs/rules/class-imbalance.md"),
    judge: Judge::Values(judge),
};

fn judge(cx: &ValuesCx<'_>, out: &mut Findings) -> Looked {
    let Some(labels) = Labels::of(cx) else { return Looked::No };
    let Some(shares) = labels.shares() else { return Looked::No };
    let fair = shares.fair();
    // Chernoff's bound on a Poisson count of a tenth of its mean or less, for any of the classes.
    let chance = shares.classes as f64 * (-fair * (1.0 - PART + PART * PART.ln())).exp();
    if chance >= CHANCE {
        return Looked::No;
    }
    // In the order of a folder the first batches hold little of what comes later.
    if let Some(unable) = plan::unfinished(cx.stream) {
        return unable;
    }
    let mut rare: Vec<(i128, u64)> = shares
        .counts
        .iter()
        .map(|(id, count)| (*id, *count))
        .filter(|(_, count)| (*count as f64) < PART * fair)
        .collect();
    if rare.is_empty() || sorted_labels::is_sorted(cx, &labels) {
        return Looked::Yes;
    }
    rare.sort_by_key(|(id, count)| (*count, *id));
    let mut items: Vec<String> =
        rare.iter().take(NAMED).map(|(id, count)| format!("class {} occurs {}", value(id), times(*count))).collect();
    if rare.len() > NAMED {
        items.push(format!("{} more", exact((rare.len() - NAMED) as u64)));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "labels over classes")]
    let each = fair.round() as u64;
    let found = format!("an equal part of {} labels is {}; {}", exact(shares.labels), exact(each), listed(&items));
    let message = format!("{} has classes with less than a tenth of an equal part", cx.label());
    let rarest: Vec<_> = labels
        .arrays
        .iter()
        .filter(|labelled| {
            labelled.ids().is_some_and(|mut ids| ids.any(|(id, _)| rare.iter().any(|(rare, _)| *rare == id)))
        })
        .map(|labelled| place(labelled.cell))
        .collect();
    out.push(
        cx.finding(
            Some(labels.at_classes()),
            message,
            "Every class has at least a tenth of an equal part of the labels.",
            found,
            rarest,
        )
        .cause("some things are rare; or part of the samples was not read")
        .consequence("a model that never predicts a rare class loses next to no accuracy, and most batches hold none of it")
        .help("give the rare classes a weight in the loss or draw them more often, and look at recall per class rather than accuracy"),
    );
    Looked::Yes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rules::testing::{Make, World};
    use crate::spec::{At, Declared, Framework};

    fn world(classes: u64) -> World {
        World::new(Framework::Torch)
            .target("y", "int64", "batch")
            .with(|declared| declared.classes = Some(Declared { value: classes, at: At::Flag("--classes") }))
    }

    fn made(classes: u64, batches: usize, make: Make) -> World {
        world(classes).made(batches, &[("y: int64[32]", make)])
    }

    #[test]
    fn rare_classes_are_counted() {
        let world =
            made(3, 20, |batch, row| if batch == 3 && row < 2 { 2.0 } else { ((batch * 5 + row * 7) % 2) as f64 });
        let found = world.judge(&RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].found, "an equal part of 640 labels is 213; class 2 occurs 2 times");
        assert_eq!((found[0].count, found[0].of), (1, 20));
        assert!(world.judge(&sorted_labels::RULE).is_empty());
    }

    #[test]
    fn few_rows_and_milder_shares_are_silent() {
        let few = made(3, 1, |_, row| if row == 0 { 2.0 } else { (row % 2) as f64 });
        assert_eq!(few.looked(&RULE), [Looked::No]);
        let mild = made(2, 20, |_, row| f64::from(u8::from(row < 3)));
        assert!(mild.judge(&RULE).is_empty());
        assert_eq!(mild.looked(&RULE), [Looked::Yes]);
    }

    #[test]
    fn masks_are_no_concern() {
        let masks = World::new(Framework::Torch)
            .target("y", "int64", "batch, 64")
            .with(|declared| declared.classes = Some(Declared { value: 2, at: At::Flag("--classes") }))
            .made(4, &[("y: int64[8, 64]", |_, at| f64::from(u8::from(at == 0)))]);
        assert_eq!(masks.looked(&RULE), [Looked::No]);
    }

    proptest! {
        #[test]
        fn random_labels_are_balanced_enough(labels in prop::collection::vec(0_u8..6, 100..900)) {
            let labels: Vec<f64> = labels.into_iter().map(f64::from).collect();
            let world = world(6).values(&[(&format!("y: int64[{}]", labels.len()), &labels)]);
            prop_assert!(world.judge(&RULE).is_empty());
        }
    }
}
