//! Values that the spec rules out: outside `min` and `max`, none of `in`, 0 where `nonzero`, lines with another sum.

use super::context::value_place;
use super::ids::is_ids;
use super::unscaled_images::unscaled;
use super::{Findings, Group, Judge, Looked, Needs, Rule, ValuesCx};
use crate::diagnostic::quantity::exact;
use crate::diagnostic::{Fix, Level, python};
use crate::facts::{Cell, asks};
use crate::spec::Framework;
use crate::values::number::{declared_text, float_text};
use crate::values::{Ask, HitKind, Hits, ValueFacts};

pub(super) static RULE: Rule = Rule {
    id: "out-of-range-values",
    group: Group::Values,
    level: Level::Error,
    finds: "values outside the declared range or set, zeros and sums that are ruled out",
    needs: Needs::NUMBERS.spec(),
    page: include_str!("../../docs/rules/out-of-range-values.md"),
    judge: Judge::Values(judge),
};

/// Other values that are listed by name.
const LISTED: usize = 5;

fn judge(cx: &ValuesCx<'_>, out: &mut Findings) -> Looked {
    let Some(values) = cx.declared.and_then(|declared| Some((declared, declared.values.as_ref()?))) else {
        return Looked::No;
    };
    let (declared, limits) = values;
    let mut looked = Looked::No;
    // Ids have a rule of their own, which knows what an embedding does with them.
    let range = asks::range(declared).filter(|_| !is_ids(declared));
    let sum = limits.value.sum.and_then(|_| asks::sum(declared));
    let asked = [range, asks::within(declared), asks::nonzero(declared), sum];
    let scaled = unscaled(cx).map(|(cells, _)| cells).unwrap_or_default();
    for ask in asked.into_iter().flatten() {
        let left_out = |i: &usize| matches!(ask, Ask::Outside { .. }) && scaled.contains(i);
        let cells = (0..cx.cells.len()).filter(|i| !left_out(i)).map(|i| &cx.cells[i]);
        let mut broken = Broken::default();
        for (cell, facts) in cells {
            looked = if broken.add(cell, facts, &ask) { Looked::Yes } else { looked };
        }
        if broken.count > 0 {
            report(cx, &ask, broken, out);
        }
    }
    looked
}

/// What breaks one line of the spec.
#[derive(Default)]
struct Broken {
    count: u64,
    of: u64,
    below: u64,
    above: u64,
    least: Option<f64>,
    greatest: Option<f64>,
    worst: Option<Hits>,
    others: Vec<(f64, u64)>,
    many: bool,
    places: Vec<crate::diagnostic::Place>,
}

impl Broken {
    /// Adds the answer for one array; false where there is none.
    fn add(&mut self, cell: &Cell<'_>, facts: &ValueFacts, ask: &Ask) -> bool {
        let Some(answer) = facts.answer(ask) else { return false };
        self.of += answer.of;
        let mut worst: Option<Hits> = None;
        for hits in &answer.hits {
            self.count += hits.count;
            let value = hits.worst.value.to_f64();
            match hits.kind {
                HitKind::Below => (self.below, self.least) = (self.below + hits.count, Some(least(self.least, value))),
                HitKind::Above => {
                    (self.above, self.greatest) =
                        (self.above + hits.count, Some(self.greatest.map_or(value, |g| g.max(value))));
                }
                _ => {}
            }
            if worst.is_none_or(|worst| hits.off > worst.off) {
                worst = Some(*hits);
            }
        }
        let Some(worst) = worst else { return true };
        let count: u64 = answer.hits.iter().map(|hits| hits.count).sum();
        let detail = match ask {
            Ask::Zero => format!("{} zero{}", exact(count), if count == 1 { "" } else { "s" }),
            _ if count == 1 => worst.worst.value.to_string(),
            Ask::Sum { .. } => format!("{} lines, the furthest with sum {}", exact(count), worst.worst.value),
            _ => format!("{} values, the furthest {}", exact(count), worst.worst.value),
        };
        self.places.push(value_place(cell, worst.worst.at).detail(detail));
        if self.worst.is_none_or(|known| worst.off > known.off) {
            self.worst = Some(worst);
        }
        if let Ask::NotIn { values } = ask {
            self.list(facts, values);
        }
        true
    }

    /// Notes the values that are none of those declared, where they are few.
    fn list(&mut self, facts: &ValueFacts, fine: &[f64]) {
        let Some(distinct) = facts.numbers.as_ref().and_then(|numbers| numbers.distinct.as_ref()) else {
            self.many = true;
            return;
        };
        for (value, count, _) in distinct {
            let value = value.to_f64();
            if !value.is_finite() || fine.contains(&value) {
                continue;
            }
            match self.others.iter_mut().find(|(known, _)| *known == value) {
                Some((_, known)) => *known += count,
                None => self.others.push((value, *count)),
            }
        }
        self.many |= self.others.len() > LISTED;
    }
}

fn least(known: Option<f64>, value: f64) -> f64 {
    known.map_or(value, |known| known.min(value))
}

fn report(cx: &ValuesCx<'_>, ask: &Ask, broken: Broken, out: &mut Findings) {
    let Some(worst) = broken.worst else { return };
    let label = cx.label();
    let name = crate::source::text::shown(cx.name, 80);
    let x = python::variable(cx.name);
    let share = format!("{} of {}", exact(broken.count), exact(broken.of));
    let (message, expected, found, cause, help, fix) = match ask {
        Ask::Outside { min, max, .. } => {
            let (range, clip) = match (min, max) {
                (Some(min), Some(max)) => {
                    let (min, max) = (declared_text(*min), declared_text(*max));
                    (format!("between {min} and {max}"), format!("{min}, {max}"))
                }
                (Some(min), None) => {
                    (format!("at least {}", declared_text(*min)), format!("{}, None", declared_text(*min)))
                }
                (None, Some(max)) => {
                    (format!("at most {}", declared_text(*max)), format!("None, {}", declared_text(*max)))
                }
                (None, None) => return,
            };
            let mut sides = Vec::new();
            if let Some(value) = broken.least {
                sides.push(format!("{} below, down to {}", exact(broken.below), float_text(value)));
            }
            if let Some(value) = broken.greatest {
                sides.push(format!("{} above, up to {}", exact(broken.above), float_text(value)));
            }
            (
                format!("{label} holds values outside its declared range"),
                format!("Every value of `{name}` is {range}, bounds included."),
                format!("{share} values: {}", sides.join(", ")),
                "a step of the preparation is missing or was done twice, the data is in another unit, or the declared range is too narrow",
                "find the step that makes them; clip only what is noise",
                Some(format!("{x} = np.clip({x}, {clip})  # only if they are noise")),
            )
        }
        Ask::NotIn { values } => {
            let fine: Vec<String> = values.iter().map(|value| declared_text(*value)).collect();
            let others = if broken.many {
                format!("the furthest {}", worst.worst.value)
            } else {
                let mut others = broken.others;
                others.sort_by(|a, b| a.0.total_cmp(&b.0));
                let told: Vec<String> = others
                    .iter()
                    .map(|(value, count)| format!("{}, {} times", float_text(*value), exact(*count)))
                    .collect();
                told.join("; ")
            };
            (
                format!("{label} holds values that are none of those declared"),
                format!("Every value of `{name}` is one of {}.", fine.join(", ")),
                format!("{share} values: {others}"),
                if values.contains(&1.0) && worst.worst.value.to_f64() == 255.0 {
                    "a mask whose 1 is stored as 255, as image files do"
                } else {
                    "another coding, a resize that made values between those, or a value that was forgotten in the spec"
                },
                "map the values to those declared; resize masks with `nearest`",
                None,
            )
        }
        Ask::Zero => (
            format!("{label} holds zeros"),
            format!("No value of `{name}` is 0."),
            format!("{share} values are 0"),
            "gaps that were filled with 0, or a buffer that was not filled to its end",
            "fill in what is missing, or drop these rows",
            None,
        ),
        Ask::Sum { to } => (
            format!("lines of {label} do not sum to {}", declared_text(*to)),
            format!("Every line along the last axis of `{name}` sums to {}.", declared_text(*to)),
            format!("{share} lines, the furthest with sum {}", worst.worst.value),
            "logits or counts in the place of shares, or a line that was cut",
            "divide each line by its sum; apply the softmax to logits",
            Some(format!("{x} = {x} / {x}.sum(axis=-1, keepdims=True)")),
        ),
        _ => return,
    };
    let at = cx.declared.map(|declared| declared.values.as_ref().map_or(&declared.at, |values| &values.at));
    let mut finding = cx
        .finding(at, message, expected, found, broken.places)
        .cause(cause)
        .consequence(match cx.framework() {
            Framework::Onnxruntime | Framework::Triton => "no check in the model: it runs, and what it predicts is off",
            _ => "no framework looks at the range: training goes on with values that the model was not made for",
        })
        .help(help);
    if let Some(python) = fix {
        finding = finding.fix(Fix::choice(python));
    }
    out.push(finding);
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::World;
    use crate::rules::{Looked, clean, non_finite_values};
    use crate::spec::Framework;

    fn x() -> World {
        World::new(Framework::Torch).input("x", "float32", "batch, 3")
    }

    #[test]
    fn values_outside_the_range_are_counted_with_the_worst() {
        let world = x()
            .limits(-1.0, 1.0)
            .values(&[("x: float32[2, 3]", &[0.5, -0.5])])
            .values(&[("x: float32[2, 3]", &[0.0, 2.0, -7.5, 1.0, -1.0, 1.25])]);
        let found = world.judge(&RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].message, "input `x` holds values outside its declared range");
        assert_eq!(found[0].found, "3 of 12 values: 1 below, down to -7.5, 2 above, up to 2");
        assert_eq!(found[0].places[0].index.as_deref(), Some(&[0, 2][..]));
        assert_eq!((found[0].count, found[0].of), (1, 2));
    }

    #[test]
    fn other_values_are_listed() {
        let world = x()
            .limited(|values| values.within = Some(vec![0.0, 1.0]))
            .values(&[("x: float32[2, 3]", &[0.0, 1.0, 255.0])]);
        let found = world.judge(&RULE);
        assert_eq!(found[0].found, "2 of 6 values: 255, 2 times");
        assert!(found[0].cause.as_deref().unwrap().contains("stored as 255"));
    }

    #[test]
    fn zeros_and_sums() {
        let world = x().limited(|values| values.nonzero = true).values(&[("x: float32[2, 3]", &[0.0, 1.0])]);
        assert_eq!(world.judge(&RULE)[0].found, "3 of 6 values are 0");
        let world = x()
            .limited(|values| values.sum = Some(1.0))
            .values(&[("x: float32[2, 3]", &[0.25, 0.25, 0.5, 1.0, 1.0, 2.0])]);
        let found = world.judge(&RULE);
        assert_eq!(found[0].message, "lines of input `x` do not sum to 1");
        assert_eq!(found[0].found, "1 of 2 lines, the furthest with sum 4");
    }

    #[test]
    fn nan_is_not_out_of_range() {
        let world = x()
            .limited(|values| (values.max, values.sum) = (Some(1.0), Some(1.0)))
            .values(&[("x: float32[2, 3]", &[f64::NAN, 0.5, 0.5, 0.0, 0.5, 0.5])]);
        assert!(world.judge(&RULE).is_empty());
        assert_eq!(world.judge(&non_finite_values::RULE).len(), 1);
    }

    #[test]
    fn ids_and_undeclared_limits_are_left_to_others() {
        let ids = World::new(Framework::Torch).input("x", "int64", "batch, 3").limits(0.0, 9.0);
        assert_eq!(ids.values(&[("x: int64[2, 3]", &[10.0])]).looked(&RULE), [Looked::No]);
        assert_eq!(x().values(&[("x: float32[2, 3]", &[10.0])]).looked(&RULE), [Looked::No]);
    }

    #[test]
    fn clean_data_is_clean() {
        clean::finds_nothing(&RULE);
    }
}
