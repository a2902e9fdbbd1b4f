//! Labels that are no class.

use super::context::value_place;
use super::labels::{Labels, class_range, spelled};
use super::{Findings, Group, Judge, Looked, Needs, Rule, ValuesCx};
use crate::diagnostic::quantity::exact;
use crate::diagnostic::repair::Step;
use crate::diagnostic::{Change, Finding, Fix, Level, python::variable};
use crate::facts::asks;
use crate::spec::Framework;
use crate::values::marked::value;
use crate::values::{HitKind, Number};

pub(super) static RULE: Rule = Rule {
    id: "label-out-of-range",
    group: Group::Targets,
    level: Level::Error,
    finds: "labels outside the declared classes: which, how often, and why: 1 to C, 255 in masks, -1, NaN cast to int",
    needs: Needs::NUMBERS.spec(),
    page: include_str!("../../docs/rules/label-out-of-range.md"),
    judge: Judge::Values(judge),
};

fn judge(cx: &ValuesCx<'_>, out: &mut Findings) -> Looked {
    let Some(labels) = Labels::of(cx) else { return Looked::No };
    let Some(ask) = asks::classes(labels.declared) else { return Looked::No };
    let mut looked = Looked::No;
    let mut seen = Seen { classes: labels.classes(), counts: labels.counts(), ..Seen::default() };
    seen.ignored = labels.declared.ignore.as_ref().map(|ignore| ignore.value.clone()).unwrap_or_default();
    let mut places = Vec::new();
    for labelled in &labels.arrays {
        let Some(answer) = labelled.values.answer(&ask) else { continue };
        looked = Looked::Yes;
        seen.total += labelled.numbers.finite;
        seen.zeros += labelled.numbers.zeros;
        seen.fractional += labelled.numbers.fractional;
        for spot in [labelled.numbers.min, labelled.numbers.max].into_iter().flatten() {
            seen.least = Some(seen.least.map_or(spot.value, |least| least.min(spot.value)));
            seen.greatest = Some(seen.greatest.map_or(spot.value, |greatest| greatest.max(spot.value)));
        }
        seen.outside += answer.count(&[HitKind::Below, HitKind::Above]);
        if let Some(hit) = answer.hits.iter().min_by_key(|hits| hits.first.at) {
            places.push(value_place(labelled.cell, hit.first.at).detail(hit.first.value.to_string()));
        }
    }
    if let Some(counts) = &seen.counts {
        let classes = seen.classes.map_or(i128::MAX, i128::from);
        let no_class = counts.iter().filter(|(id, _)| !(0..classes).contains(*id) && !labels.is_ignored(**id));
        seen.wrong = no_class.map(|(id, count)| (*id, *count)).collect();
    }
    // Fractions are told by `fractional-labels`, wherever they lie.
    if places.is_empty() || (seen.fractional > 0 && seen.wrong.is_empty()) {
        return looked;
    }
    let wanted = seen.classes.map_or("0 or more".to_owned(), class_range);
    let mut expected = format!("Every value of `{}` is a class id: {wanted}", labels.declared.name);
    if let Some(ignore) = labels.declared.ignore.as_ref().filter(|ignore| !ignore.value.is_empty()) {
        let ignore: Vec<String> = ignore.value.iter().map(i64::to_string).collect();
        expected = format!("{expected}, or ignored: {}", ignore.join(", "));
    }
    let message = match seen.classes {
        Some(_) => format!("{} holds labels outside {wanted}", cx.label()),
        None => format!("{} holds labels below 0", cx.label()),
    };
    let found = seen.found();
    let verdict = seen.verdict();
    let finding = cx.finding(Some(labels.at_classes()), message, format!("{expected}."), found, places);
    out.push(tell(finding, &verdict, &seen, variable(cx.name)).consequence(consequence(cx.framework(), &seen)));
    looked
}

/// The labels of all batches.
#[derive(Default)]
struct Seen {
    classes: Option<u64>,
    counts: Option<std::collections::BTreeMap<i128, u64>>,
    /// Whole labels that are no class, where they are known one by one.
    wrong: Vec<(i128, u64)>,
    total: u64,
    outside: u64,
    zeros: u64,
    fractional: u64,
    /// What stands for "no label".
    ignored: Vec<i64>,
    least: Option<Number>,
    greatest: Option<Number>,
}

/// Why labels are no classes.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// NaN that was cast to an integer type.
    CastNan,
    /// 1 to C, and never 0.
    FromOne,
    /// 0 to C: one class more than declared.
    OneMore,
    /// Masks of 0 and 255, for two classes.
    Black255,
    /// 255 beside the classes.
    Void255,
    /// -1 or -100 beside the classes.
    Unlabelled(i128),
    /// No more distinct ids than classes, with gaps.
    Gaps,
    /// Nothing known.
    Other,
}

impl Seen {
    fn verdict(&self) -> Verdict {
        let ids: Vec<i128> = self.wrong.iter().map(|(id, _)| *id).collect();
        if ids.iter().any(|id| [i128::from(i64::MIN), i128::from(i32::MIN)].contains(id)) {
            return Verdict::CastNan;
        }
        if let [id @ (-1 | -100)] = ids.as_slice() {
            return Verdict::Unlabelled(*id);
        }
        let (Some(classes), Some(counts)) = (self.classes, &self.counts) else { return Verdict::Other };
        match ids.as_slice() {
            [id] if *id == i128::from(classes) && self.zeros == 0 => Verdict::FromOne,
            [id] if *id == i128::from(classes) => Verdict::OneMore,
            [255] if classes == 2 && counts.keys().all(|id| [0, 255].contains(id)) => Verdict::Black255,
            [255] => Verdict::Void255,
            _ if counts.len() as u64 <= classes && ids.iter().all(|id| *id >= 0) => Verdict::Gaps,
            _ => Verdict::Other,
        }
    }

    /// "10 (64 times), of 640 labels from 1 to 10"
    fn found(&self) -> String {
        let which = if self.wrong.is_empty() {
            format!("{} that are no class", exact(self.outside))
        } else {
            spelled(self.wrong.iter().map(|(id, count)| (Number::Int(*id), *count)))
        };
        let found = format!("{which}, of {} label{}", exact(self.total), if self.total == 1 { "" } else { "s" });
        match (self.least, self.greatest) {
            (Some(least), Some(greatest)) => format!("{found} from {least} to {greatest}"),
            _ => found,
        }
    }
}

fn tell(finding: Finding, verdict: &Verdict, seen: &Seen, y: &str) -> Finding {
    let classes = seen.classes.unwrap_or_default();
    match verdict {
        Verdict::CastNan => finding
            .cause("a missing label was NaN and was cast to an integer, which gives the least number of the type")
            .help("find the missing labels before the cast; drop their rows, or give them a value and list it under `ignore`")
            .fix(Fix::choice(format!("{y} = np.where(np.isfinite({y}), {y}, -1).astype(np.int64)  # before the cast; with ignore = [-1]"))),
        Verdict::FromOne => finding
            .cause(format!("the labels start at 1: they run from 1 to {classes}, 0 never occurs, and the model counts from 0"))
            .fix(Fix::choice(format!("{y} = {y} - 1")).change(Change::Throughout(vec![Step::Subtract { by: 1, except: seen.ignored.clone() }]))),
        Verdict::OneMore => finding
            .cause(format!("the ids 0 to {classes} are {} classes, and {classes} are declared; the first or the last is often a background", classes + 1))
            .help(format!("if it is a class: classes = {}, and as many outputs of the model; if it means \"no label\": ignore = [{classes}]", classes + 1)),
        Verdict::Black255 => finding
            .cause("masks were read from images, where the class 1 is saved as white: 255")
            .fix(Fix::choice(format!("{y} = {y} // 255"))),
        Verdict::Void255 => finding
            .cause("255 is what masks of many datasets hold where nobody knows the class; -1 in uint8 is 255 too")
            .help("if it means \"no label\", say so: ignore = [255], and give the loss the same value"),
        Verdict::Unlabelled(id) => finding
            .cause(format!("{} is what rows without a label are given", value(id)))
            .help(format!("if it means \"no label\", say so: ignore = [{}], and give the loss the same value; otherwise drop these rows", value(id))),
        Verdict::Gaps => finding
            .cause(format!("there are no more than {classes} different ids, with gaps between them or before them: ids of a larger set, or codes"))
            .help("number the classes anew, over all batches and splits at once")
            .fix(Fix::choice(format!("names, {y} = np.unique({y}, return_inverse=True)"))),
        Verdict::Other => finding
            .cause("the list of classes and the labels were made apart, or `classes` is not the number of outputs of the model")
            .help("count the classes over all batches and splits; declare the values that stand for \"no label\" under `ignore`"),
    }
}

fn consequence(framework: Framework, seen: &Seen) -> String {
    let label = seen
        .wrong
        .last()
        .map_or_else(|| seen.greatest.map_or_else(|| "3".into(), |greatest| greatest.to_string()), |(id, _)| value(id));
    match framework {
        Framework::Torch => format!(
            "torch stops on a CPU: `IndexError: Target {label} is out of bounds.` On a GPU it is `CUDA error: device-side assert \
             triggered`, at some later line, and the process has to be started again"
        ),
        Framework::Keras | Framework::Tensorflow => {
            let range = seen.classes.map_or_else(String::new, |classes| format!(" [0, {classes})"));
            format!(
                "TensorFlow stops on a CPU: `Received a label value of {label} which is outside the valid range of{range}`; on \
                 a GPU the loss is NaN, and training goes on"
            )
        }
        Framework::Jax => {
            "JAX says nothing: `one_hot` gives a row of zeros, an index beyond the end takes the last class, and -1 wraps \
             around to it"
                .into()
        }
        Framework::Sklearn => "scikit-learn takes each such value for one more class".into(),
        _ => "losses stop with an index error on a CPU, crash the process on a GPU, or train on nonsense".into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rules::testing::World;
    use crate::spec::{At, Declared, Encoding};

    fn world(classes: u64, ignore: &[i64]) -> World {
        let at = At::Flag("--classes");
        let ignore = ignore.to_vec();
        World::new(Framework::Torch).target("y", "", "batch").with(|declared| {
            declared.encoding = Some(Declared { value: Encoding::Index, at: at.clone() });
            declared.classes = Some(Declared { value: classes, at: at.clone() });
            declared.ignore = Some(Declared { value: ignore, at });
        })
    }

    fn only(world: &World) -> Finding {
        let mut found = world.judge(&RULE);
        assert_eq!(found.len(), 1);
        found.remove(0)
    }

    #[test]
    fn labels_from_one_are_counted_over_all_batches() {
        let world = world(3, &[]).values(&[("y: int64[4]", &[1.0, 2.0])]).values(&[("y: int64[4]", &[1.0, 3.0])]);
        let found = only(&world);
        assert_eq!(found.message, "target `y` holds labels outside 0 to 2");
        assert_eq!(found.found, "3 (2 times), of 8 labels from 1 to 3");
        assert_eq!(found.fix.unwrap().python, "y = y - 1");
        assert_eq!((found.count, found.of, found.places[0].batch), (1, 2, Some(1)));
        assert!(found.consequence.unwrap().contains("Target 3 is out of bounds"));
    }

    #[test]
    fn each_cause_is_told_apart() {
        let cause = |classes, labels: &[f64]| {
            only(&world(classes, &[]).values(&[(&format!("y: int64[{}]", labels.len()), labels)])).cause.unwrap()
        };
        assert!(cause(3, &[0.0, 1.0, 3.0]).contains("are 4 classes, and 3 are declared"));
        assert!(cause(2, &[0.0, 255.0]).contains("white: 255"));
        assert!(cause(5, &[0.0, 3.0, 255.0]).contains("nobody knows the class"));
        assert!(cause(5, &[0.0, 3.0, -1.0]).contains("rows without a label"));
        assert!(cause(5, &[0.0, i64::MIN as f64]).contains("was NaN"));
        assert!(cause(5, &[97.0, 99.0, 122.0]).contains("with gaps"));
        assert!(cause(2, &[0.0, 1.0, 7.0, 9.0]).contains("made apart"));
    }

    #[test]
    fn ignored_values_and_classes_are_fine() {
        let clean = world(3, &[-1, 255]).values(&[("y: int64[6]", &[0.0, 1.0, 2.0, -1.0, 255.0])]);
        assert!(clean.judge(&RULE).is_empty());
        assert_eq!(clean.looked(&RULE), [Looked::Yes]);
        let none = World::new(Framework::Torch).target("y", "int64", "batch").values(&[("y: int64[3]", &[7.0])]);
        assert_eq!(none.looked(&RULE), [Looked::No]);
    }

    #[test]
    fn without_classes_only_negative_ids_are_wrong() {
        let world = world(3, &[]).with(|declared| declared.classes = None);
        let found = only(&world.values(&[("y: int64[3]", &[0.0, 900.0, -5.0])]));
        assert_eq!(found.message, "target `y` holds labels below 0");
    }

    #[test]
    fn fractions_are_told_by_another_rule() {
        let world = world(3, &[]).values(&[("y: float32[4]", &[0.0, 1.0, 2.0, 2.5])]);
        assert!(world.judge(&RULE).is_empty());
    }

    proptest! {
        #[test]
        fn random_classes_are_fine(labels in prop::collection::vec(0_u8..7, 1..40)) {
            let labels: Vec<f64> = labels.into_iter().map(f64::from).collect();
            let world = world(7, &[]).values(&[(&format!("y: uint8[{}]", labels.len()), &labels)]);
            prop_assert!(world.judge(&RULE).is_empty());
        }
    }
}
