//! Targets outside what their loss is made for.

use super::context::value_place;
use super::labels::is_shaped;
use super::{Findings, Group, Judge, Looked, Needs, Rule, ValuesCx};
use crate::diagnostic::quantity::exact;
use crate::diagnostic::{Finding, Fix, Level, Place, python::variable};
use crate::facts::asks;
use crate::source::Header;
use crate::spec::{Declaration, Encoding, Framework};
use crate::values::number::float_text;
use crate::values::{Answer, Ask, HitKind, Number, Spot};

pub(super) static RULE: Rule = Rule {
    id: "target-domain",
    group: Group::Targets,
    level: Level::Error,
    finds: "binary targets outside 0 to 1, probabilities that do not sum to 1, one-hot rows that are not one-hot",
    needs: Needs::NUMBERS.spec(),
    page: include_str!("../../docs/rules/target-domain.md"),
    judge: Judge::Values(judge),
};

fn judge(cx: &ValuesCx<'_>, out: &mut Findings) -> Looked {
    let Some(declared) = cx.declared else { return Looked::No };
    let Some(encoding) = &declared.encoding else { return Looked::No };
    let domain = asks::domain(declared).map(|ask| Seen::of(cx, declared, &ask, false));
    let looked = match &domain {
        Some(seen) if !seen.places.is_empty() => {
            out.push(outside(cx, declared, encoding.value, seen));
            return Looked::Yes;
        }
        Some(seen) => seen.looked.clone(),
        None => Looked::No,
    };
    let rows = match encoding.value {
        // Where a sum is declared, the rule about declared values compares it.
        Encoding::Probabilities if declared.values.as_ref().is_none_or(|values| values.value.sum.is_none()) => {
            asks::sum(declared)
        }
        Encoding::OneHot => asks::one_hot(declared),
        _ => None,
    };
    let Some(ask) = rows else { return looked };
    let seen = Seen::of(cx, declared, &ask, true);
    if !seen.places.is_empty() {
        out.push(if encoding.value == Encoding::OneHot {
            not_one_hot(cx, declared, &seen)
        } else {
            other_sums(cx, declared, &seen)
        });
        return Looked::Yes;
    }
    if looked == Looked::Yes { looked } else { seen.looked }
}

/// What the answers of all batches say.
struct Seen {
    looked: Looked,
    places: Vec<Place>,
    count: u64,
    of: u64,
    worst: Option<(Spot, f64)>,
    fractional: u64,
    least: f64,
    greatest: f64,
    /// Every distinct value, where they are known one by one.
    distinct: Option<std::collections::BTreeSet<Number>>,
}

impl Seen {
    /// `rows` says that the question is about rows, which lie along the last axis.
    fn of(cx: &ValuesCx<'_>, declared: &Declaration, ask: &Ask, rows: bool) -> Self {
        let mut seen = Self {
            looked: Looked::No,
            places: Vec::new(),
            count: 0,
            of: 0,
            worst: None,
            fractional: 0,
            least: f64::INFINITY,
            greatest: f64::NEG_INFINITY,
            distinct: Some(std::collections::BTreeSet::new()),
        };
        for (cell, values) in cx.cells.iter().filter(|(cell, _)| is_shaped(cx.spec, declared, cell.header())) {
            let (Some(answer), Some(numbers)) = (values.answer(ask), values.numbers.as_ref()) else { continue };
            // A row with NaN has no sum; another rule tells of it.
            if rows && (numbers.non_finite() > 0 || !has_rows(declared, cell.header())) {
                continue;
            }
            seen.looked = Looked::Yes;
            seen.of += answer.of;
            seen.fractional += numbers.fractional;
            seen.least = seen.least.min(numbers.min.map_or(f64::INFINITY, |spot| spot.value.to_f64()));
            seen.greatest = seen.greatest.max(numbers.max.map_or(f64::NEG_INFINITY, |spot| spot.value.to_f64()));
            match (&mut seen.distinct, &numbers.distinct) {
                (Some(all), Some(distinct)) => all.extend(distinct.iter().map(|(value, ..)| *value)),
                _ => seen.distinct = None,
            }
            seen.add(cell, answer);
        }
        seen
    }

    fn add(&mut self, cell: &crate::facts::Cell<'_>, answer: &Answer) {
        for hits in &answer.hits {
            self.count += hits.count;
            if self.worst.is_none_or(|(_, off)| hits.off > off) {
                self.worst = Some((hits.worst, hits.off));
            }
        }
        if let Some(first) = answer.hits.iter().min_by_key(|hits| hits.first.at) {
            let is_row = matches!(first.kind, HitKind::Sum | HitKind::NotOneHot);
            let value = first.first.value;
            let detail = if is_row { format!("sum {value}") } else { value.to_string() };
            let mut place = value_place(cell, first.first.at).detail(detail);
            if is_row && let Some(index) = &mut place.index {
                index.pop();
            }
            self.places.push(place);
        }
    }

    /// Whether the values are these and no others.
    fn is(&self, values: &[i128]) -> bool {
        self.distinct.as_ref().is_some_and(|distinct| {
            distinct.iter().all(|value| value.to_int().is_some_and(|int| values.contains(&int)))
        })
    }
}

/// Whether the rows of the declaration lie along the last axis, as far as the shapes show it.
fn has_rows(declared: &Declaration, header: &Header) -> bool {
    let classes = declared.classes.as_ref().map(|classes| classes.value);
    match (header.shape.as_slice(), classes) {
        ([_, last], None) => *last > 1,
        ([_, last], Some(classes)) => *last > 1 && *last == classes,
        ([_, second, .., last], Some(classes)) => *last > 1 && *last == classes && *second != classes,
        _ => false,
    }
}

fn outside(cx: &ValuesCx<'_>, declared: &Declaration, encoding: Encoding, seen: &Seen) -> Finding {
    let what = if encoding == Encoding::Binary { "binary" } else { "probabilities" };
    let range = format!("from {} to {}", float_text(seen.least), float_text(seen.greatest));
    let finding = cx
        .finding(
            declared.encoding.as_ref().map(|encoding| &encoding.at),
            format!("{} lies outside 0 to 1", cx.label()),
            format!("`{}` is {what}: every value lies between 0 and 1.", declared.name),
            format!("{} outside, among {} values {range}", exact(seen.count), exact(seen.of)),
            seen.places.clone(),
        )
        .consequence(beyond(cx.framework()));
    let y = variable(cx.name);
    if seen.is(&[0, 255]) {
        return finding
            .cause("masks were read from images, where white is saved as 255")
            .fix(Fix::choice(format!("{y} = ({y} > 127).astype(np.float32)")));
    }
    if seen.is(&[-1, 1]) {
        return finding
            .cause("the classes are -1 and 1, as support vector machines and the hinge loss take them")
            .fix(Fix::choice(format!("{y} = ({y} + 1) / 2")));
    }
    if seen.is(&[1, 2]) {
        return finding.cause("the classes are numbered from 1").fix(Fix::choice(format!("{y} = {y} - 1")));
    }
    if seen.is(&[-1, 0, 1]) {
        return finding.cause("-1 is what rows without a label are given").help(
            "if it means \"no label\", say so: ignore = [-1], and mask these rows in the loss; otherwise drop them",
        );
    }
    if encoding == Encoding::Binary && seen.fractional == 0 && seen.least >= 0.0 {
        return finding
            .cause("these are ids of more than two classes, or counts")
            .help("with more than two classes: encoding = \"index\", or one-hot rows");
    }
    if encoding == Encoding::Probabilities && seen.least >= 0.0 && seen.greatest <= 100.5 && seen.greatest > 2.0 {
        return finding
            .cause("these may be percentages, or counts")
            .help("divide each row by its sum, once, where the batch is made");
    }
    finding
        .cause("these are scores before a sigmoid or softmax, logarithms, or standardised values")
        .help("a target of this kind is what the model should output: 0 to 1; for real numbers: encoding = \"value\"")
}

fn other_sums(cx: &ValuesCx<'_>, declared: &Declaration, seen: &Seen) -> Finding {
    let worst = seen.worst.map_or_else(String::new, |(spot, _)| format!(", the furthest off to {}", spot.value));
    let finding = cx
        .finding(
            declared.encoding.as_ref().map(|encoding| &encoding.at),
            format!("{} holds probabilities that do not sum to 1", cx.label()),
            format!("Each row of `{}` sums to 1, within 0.001.", declared.name),
            format!("{} of {} rows sum to something else{worst}", exact(seen.count), exact(seen.of)),
            seen.places.clone(),
        )
        .consequence(
            "the loss is scaled by the sum, so that these rows count more or less than others; nothing says so",
        );
    if seen.fractional == 0 {
        return finding
            .cause("rows have several labels, or none")
            .help("if several classes can hold at once: encoding = \"binary\", with a sigmoid for each class");
    }
    let y = variable(cx.name);
    finding
        .cause("one class was left out, rows were rounded or mixed, or a softmax was taken along another axis")
        .fix(Fix::choice(format!("{y} = {y} / {y}.sum(axis=-1, keepdims=True)")))
}

fn not_one_hot(cx: &ValuesCx<'_>, declared: &Declaration, seen: &Seen) -> Finding {
    let finding = cx
        .finding(
            declared.encoding.as_ref().map(|encoding| &encoding.at),
            format!("{} holds rows that are not one-hot", cx.label()),
            format!("Each row of `{}` is one 1 among zeros.", declared.name),
            format!("{} of {} rows are something else", exact(seen.count), exact(seen.of)),
            seen.places.clone(),
        )
        .consequence("a loss over classes takes the row for what the model should output: a row of zeros teaches nothing, several ones teach what no softmax can output; nothing says so");
    if seen.fractional > 0 && seen.least >= 0.0 && seen.greatest <= 1.0 {
        return finding
            .cause("labels were smoothed or mixed, or these are the outputs of another model")
            .help("such rows are fine for a loss that takes probabilities: encoding = \"probabilities\"");
    }
    if seen.worst.is_some_and(|(spot, _)| spot.value.to_f64() == 0.0) && seen.is(&[0, 1]) {
        return finding
            .cause("rows of zeros are labels that were outside the classes when the rows were made, or rows without a label")
            .help("look at the labels that these rows were made of; drop the rows that have none");
    }
    if seen.is(&[0, 1]) {
        return finding
            .cause("rows have several labels")
            .help("if several classes can hold at once: encoding = \"binary\", with a sigmoid for each class");
    }
    finding
        .cause("these are no ones and zeros: counts, scores, or 0 and 255")
        .help("one-hot rows of class ids: `np.eye(C, dtype=np.float32)[ids]`")
}

fn beyond(framework: Framework) -> &'static str {
    match framework {
        Framework::Torch => {
            "`BCEWithLogitsLoss` says nothing, and its loss goes below 0 without a bound: -96, -1015, ...; `BCELoss` stops: `all elements of target should be between 0 and 1`"
        }
        Framework::Keras | Framework::Tensorflow => {
            "cross entropy says nothing, and the loss goes below 0 without a bound: -96, -1015, ..."
        }
        Framework::Sklearn => "scikit-learn takes each value for one more class",
        _ => "cross entropy goes below 0 without a bound, and nothing says so",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rules::testing::World;
    use crate::spec::{At, Declared};

    fn world(encoding: Encoding, shape: &str) -> World {
        World::new(Framework::Torch)
            .target("y", "", shape)
            .with(|declared| declared.encoding = Some(Declared { value: encoding, at: At::Flag("--encoding") }))
    }

    fn only(world: &World) -> Finding {
        let mut found = world.judge(&RULE);
        assert_eq!(found.len(), 1);
        found.remove(0)
    }

    #[test]
    fn binary_targets_are_told_apart_by_their_values() {
        let python = |values: &[f64]| {
            only(&world(Encoding::Binary, "batch").values(&[("y: float32[6]", values)])).fix.map(|fix| fix.python)
        };
        assert_eq!(python(&[0.0, 255.0]).unwrap(), "y = (y > 127).astype(np.float32)");
        assert_eq!(python(&[-1.0, 1.0]).unwrap(), "y = (y + 1) / 2");
        assert_eq!(python(&[1.0, 2.0]).unwrap(), "y = y - 1");
        assert_eq!(python(&[0.0, 1.0, 2.0]), None);
        let found = only(&world(Encoding::Binary, "batch").values(&[("y: uint8[4]", &[0.0, 255.0])]));
        assert_eq!(found.message, "target `y` lies outside 0 to 1");
        assert_eq!(found.found, "2 outside, among 4 values from 0 to 255");
    }

    #[test]
    fn ignored_values_of_a_binary_target_are_fine() {
        let world = world(Encoding::Binary, "batch")
            .with(|declared| declared.ignore = Some(Declared { value: vec![-1], at: At::Flag("--ignore") }));
        assert!(world.values(&[("y: int8[3]", &[0.0, 1.0, -1.0])]).judge(&RULE).is_empty());
    }

    #[test]
    fn probabilities_have_to_sum_to_one() {
        let world =
            world(Encoding::Probabilities, "batch, 2").values(&[("y: float32[2, 2]", &[0.25, 0.75, 0.5, 0.25])]);
        let found = only(&world);
        assert_eq!(found.message, "target `y` holds probabilities that do not sum to 1");
        assert_eq!(found.found, "1 of 2 rows sum to something else, the furthest off to 0.75");
        assert_eq!(found.places[0].index.as_deref(), Some(&[1][..]));
    }

    #[test]
    fn a_row_beyond_one_is_one_fault() {
        let percent = world(Encoding::Probabilities, "batch, 2").values(&[("y: float32[2, 2]", &[25.0, 75.0])]);
        assert!(only(&percent).cause.unwrap().contains("percentages"));
        let nan = world(Encoding::Probabilities, "batch, 2").values(&[("y: float32[1, 2]", &[f64::NAN, 0.5])]);
        assert!(nan.judge(&RULE).is_empty());
    }

    #[test]
    fn smoothed_empty_and_crowded_rows_are_no_one_hot_rows() {
        let cause = |values: &[f64]| {
            only(&world(Encoding::OneHot, "batch, 3").values(&[("y: float32[2, 3]", values)])).cause.unwrap()
        };
        assert!(cause(&[0.9, 0.05, 0.05]).contains("smoothed"));
        assert!(cause(&[0.0, 0.0, 0.0, 1.0, 0.0, 0.0]).contains("outside the classes"));
        assert!(cause(&[1.0, 1.0, 1.0, 1.0, 0.0, 0.0]).contains("several labels"));
        let smoothed = world(Encoding::Probabilities, "batch, 3").values(&[("y: float32[2, 3]", &[0.9, 0.05, 0.05])]);
        assert!(smoothed.judge(&RULE).is_empty());
    }

    #[test]
    fn rows_along_another_axis_are_not_looked_at() {
        let world = world(Encoding::OneHot, "batch, 3, 4, 4")
            .with(|declared| declared.classes = Some(Declared { value: 3, at: At::Flag("--classes") }))
            .values(&[("y: float32[2, 3, 4, 4]", &[0.0])]);
        assert_eq!(world.looked(&RULE), [Looked::No]);
    }

    proptest! {
        #[test]
        fn random_clean_targets_are_fine(ids in prop::collection::vec(0_usize..5, 1..20), parts in prop::collection::vec(0.01_f64..1.0, 5..6)) {
            let rows: Vec<f64> = ids.iter().flat_map(|id| (0..5).map(move |i| f64::from(u8::from(i == *id)))).collect();
            let text = format!("y: float32[{}, 5]", ids.len());
            prop_assert!(world(Encoding::OneHot, "batch, 5").values(&[(&text, &rows)]).judge(&RULE).is_empty());
            let sum: f64 = parts.iter().sum();
            let soft: Vec<f64> = parts.iter().map(|part| part / sum).collect();
            let world = world(Encoding::Probabilities, "batch, 5").values(&[(&text, &soft)]);
            prop_assert!(world.judge(&RULE).is_empty());
            prop_assert_eq!(world.looked(&RULE), [Looked::Yes]);
        }
    }
}
