//! Declared classes that never occur.

use super::context::place;
use super::labels::{Labels, class_range};
use super::plan;
use super::shapes::listed;
use super::{Findings, Group, Judge, Looked, Needs, Rule, ValuesCx, sorted_labels};
use crate::diagnostic::Level;
use crate::diagnostic::quantity::exact;
use crate::values::marked::value;

/// Classes that a finding names; it says how many more there are.
const NAMED: usize = 5;
/// A class that is as frequent as the others is absent less often than once in a million sets.
const CHANCE: f64 = 1e-6;
/// The least that the rarest class occurs: in a set with classes rarer than that one more can be absent by chance.
const OCCURS: u64 = 10;

pub(super) static RULE: Rule = Rule {
    id: "missing-class",
    group: Group::Targets,
    level: Level::Warning,
    finds: "a declared class that never occurs, where there are enough rows to exclude chance",
    needs: Needs::NUMBERS.spec(),
    page: include_str!("../../docs/rules/missing-class.md"),
    judge: Judge::Values(judge),
};

fn judge(cx: &ValuesCx<'_>, out: &mut Findings) -> Looked {
    let Some(labels) = Labels::of(cx) else { return Looked::No };
    let Some(shares) = labels.shares() else { return Looked::No };
    let absent = |fair: f64| shares.classes as f64 * (-fair).exp();
    let rarest = shares.counts.values().min().copied().unwrap_or_default();
    if absent(shares.fair()) >= CHANCE || rarest < OCCURS {
        return Looked::No;
    }
    let declared = labels.classes().unwrap_or_default();
    // No more than what occurs and is ignored has to be passed over on the way to the classes that are named.
    let unseen =
        (0..declared).filter(|id| !shares.counts.contains_key(&i128::from(*id)) && !labels.is_ignored(i128::from(*id)));
    let named: Vec<u64> = unseen.take(NAMED).collect();
    let missing = shares.classes.saturating_sub(shares.counts.len() as u64);
    if named.is_empty() || sorted_labels::is_sorted(cx, &labels) {
        return Looked::Yes;
    }
    if let Some(unable) = plan::unfinished(cx.stream) {
        return unable;
    }
    let mut names: Vec<String> = named.iter().map(value).collect();
    if missing > named.len() as u64 {
        names.push(format!("{} more", exact(missing - named.len() as u64)));
    }
    let word = if missing == 1 { "class" } else { "classes" };
    out.push(
        cx.finding(
            Some(labels.at_classes()),
            format!("{} lacks {word} {}", cx.label(), listed(&names)),
            format!("Each of the classes {} occurs in `{}`.", class_range(declared), labels.declared.name),
            format!("{} labels of {} other classes", exact(shares.labels), exact(shares.counts.len() as u64)),
            labels.arrays.iter().map(|labelled| place(labelled.cell)).collect(),
        )
        .cause("`classes` counts more than there are, a folder or a file of that class was not read, or a filter took it out")
        .consequence("the model has an output for it that learns only to stay low; nothing says so, and it never predicts that class")
        .help("read the missing samples too; or declare as many classes as there are, and number them without a gap"),
    );
    Looked::Yes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rules::testing::{Make, World};
    use crate::rules::{class_imbalance, label_out_of_range};
    use crate::spec::{At, Declared, Encoding, Framework};

    fn world(classes: u64) -> World {
        World::new(Framework::Torch).target("y", "int64", "batch").with(|declared| {
            declared.encoding = Some(Declared { value: Encoding::Index, at: At::Flag("--encoding") });
            declared.classes = Some(Declared { value: classes, at: At::Flag("--classes") });
        })
    }

    fn made(classes: u64, batches: usize, make: Make) -> World {
        world(classes).made(batches, &[("y: int64[32]", make)])
    }

    #[test]
    fn a_class_without_a_sample_is_named() {
        let world = made(4, 10, |batch, row| [0.0, 1.0, 3.0][(batch + row * 7) % 3]);
        let found = world.judge(&RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].message, "target `y` lacks class 2");
        assert_eq!(found[0].found, "320 labels of 3 other classes");
        assert!(world.judge(&class_imbalance::RULE).is_empty(), "one fault, one finding");
        let many = made(20, 20, |batch, row| ((batch + row * 7) % 3) as f64);
        assert_eq!(many.messages(&RULE), ["target `y` lacks classes 3, 4, 5, 6, 7 and 12 more"]);
    }

    #[test]
    fn small_dumps_and_long_tails_are_silent() {
        let few = made(1000, 20, |batch, row| ((batch * 32 + row) % 500) as f64);
        assert_eq!(few.looked(&RULE), [Looked::No]);
        let tail = made(4, 20, |batch, row| if batch == 3 && row < 3 { 2.0 } else { (row % 2) as f64 });
        assert_eq!(tail.looked(&RULE), [Looked::No]);
    }

    #[test]
    fn labels_from_one_are_one_fault() {
        let world = made(3, 10, |batch, row| ((batch + row) % 3 + 1) as f64);
        assert_eq!(world.judge(&label_out_of_range::RULE).len(), 1);
        assert!(world.judge(&RULE).is_empty() && world.judge(&class_imbalance::RULE).is_empty());
    }

    #[test]
    fn the_start_of_a_sorted_set_is_one_fault() {
        let world = made(5, 10, |batch, _| (batch / 4) as f64);
        assert_eq!(world.judge(&sorted_labels::RULE).len(), 1);
        assert!(world.judge(&RULE).is_empty() && world.judge(&class_imbalance::RULE).is_empty());
    }

    #[test]
    fn ignored_ids_are_no_classes() {
        let world = world(4)
            .with(|declared| declared.ignore = Some(Declared { value: vec![2, -1], at: At::Flag("--ignore") }))
            .made(10, &[("y: int64[32]", |batch, row| [0.0, 1.0, 3.0, -1.0][(batch + row * 7) % 4])]);
        assert!(world.judge(&RULE).is_empty());
        assert_eq!(world.looked(&RULE), [Looked::Yes]);
    }

    proptest! {
        #[test]
        fn random_labels_of_all_classes_are_fine(labels in prop::collection::vec(0_u8..6, 100..600)) {
            let labels: Vec<f64> = labels.into_iter().map(f64::from).collect();
            let world = world(6).values(&[(&format!("y: int64[{}]", labels.len()), &labels)]);
            prop_assert!(world.judge(&RULE).is_empty());
        }
    }
}
