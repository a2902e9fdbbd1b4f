//! Ids outside the table that they are looked up in.

use super::context::value_place;
use super::ids::is_ids;
use super::labels::is_shaped;
use super::{Findings, Group, Judge, Looked, Needs, Rule, ValuesCx};
use crate::diagnostic::quantity::exact;
use crate::diagnostic::{Finding, Fix, Level, python::variable};
use crate::facts::asks;
use crate::spec::Framework;
use crate::values::number::declared_text;
use crate::values::{HitKind, Spot};

pub(super) static RULE: Rule = Rule {
    id: "id-out-of-range",
    group: Group::Targets,
    level: Level::Error,
    finds: "ids outside the embedding: one beyond the end, negative, of another vocabulary",
    needs: Needs::NUMBERS.spec(),
    page: include_str!("../../docs/rules/id-out-of-range.md"),
    judge: Judge::Values(judge),
};

fn judge(cx: &ValuesCx<'_>, out: &mut Findings) -> Looked {
    let Some(declared) = cx.declared.filter(|declared| is_ids(declared)) else { return Looked::No };
    let (Some(ask), Some(limits)) = (asks::range(declared), &declared.values) else { return Looked::No };
    let mut looked = Looked::No;
    let mut seen = Seen { min: limits.value.min, max: limits.value.max, ..Seen::default() };
    let mut places = Vec::new();
    for (cell, values) in cx.cells.iter().filter(|(cell, _)| is_shaped(cx.spec, declared, cell.header())) {
        let Some(answer) = values.answer(&ask) else { continue };
        looked = Looked::Yes;
        seen.of += answer.of;
        for hits in &answer.hits {
            let (count, worst) = match hits.kind {
                HitKind::Below => (&mut seen.below, &mut seen.least),
                _ => (&mut seen.above, &mut seen.greatest),
            };
            *count += hits.count;
            let further = |known: Spot| match hits.kind {
                HitKind::Below => hits.worst.value < known.value,
                _ => hits.worst.value > known.value,
            };
            if worst.is_none_or(further) {
                *worst = Some(hits.worst);
            }
        }
        if let Some(hit) = answer.hits.iter().min_by_key(|hits| hits.first.at) {
            let place = value_place(cell, hit.first.at);
            seen.first.get_or_insert_with(|| (place.index.clone().unwrap_or_default(), hit.first));
            places.push(place.detail(hit.first.value.to_string()));
        }
    }
    if places.is_empty() {
        return looked;
    }
    let message = format!("{} holds ids outside {}", cx.label(), seen.range());
    let expected = format!("Every value of `{}` is an id: {}.", declared.name, seen.range());
    let finding = cx
        .finding(Some(&limits.at), message, expected, seen.found(), places)
        .consequence(consequence(cx.framework(), &seen));
    out.push(tell(finding, &seen, variable(cx.name)));
    looked
}

/// The ids of all batches.
#[derive(Default)]
struct Seen {
    min: Option<f64>,
    max: Option<f64>,
    of: u64,
    below: u64,
    above: u64,
    least: Option<Spot>,
    greatest: Option<Spot>,
    first: Option<(Vec<u64>, Spot)>,
}

impl Seen {
    /// "0 to 9", "0 or more", "9 or less"
    fn range(&self) -> String {
        match (self.min, self.max) {
            (Some(min), Some(max)) => format!("{} to {}", declared_text(min), declared_text(max)),
            (Some(min), None) => format!("{} or more", declared_text(min)),
            (None, Some(max)) => format!("{} or less", declared_text(max)),
            (None, None) => "any".into(),
        }
    }

    /// "12 of 640 ids are above 9, up to 10"
    fn found(&self) -> String {
        let mut parts = Vec::new();
        if let (Some(greatest), Some(max)) = (self.greatest, self.max) {
            parts.push(format!("{} above {}, up to {}", exact(self.above), declared_text(max), greatest.value));
        }
        if let (Some(least), Some(min)) = (self.least, self.min) {
            parts.push(format!("{} below {}, down to {}", exact(self.below), declared_text(min), least.value));
        }
        format!("{}, of {} ids", parts.join(" and "), exact(self.of))
    }

    /// Whether the only fault is that the id behind the last one occurs.
    fn is_one_beyond(&self) -> bool {
        let greatest = self.greatest.map(|spot| spot.value.to_f64());
        self.below == 0 && greatest.zip(self.max).is_some_and(|(greatest, max)| (greatest - max - 1.0).abs() < 0.5)
    }
}

fn tell(finding: Finding, seen: &Seen, x: &str) -> Finding {
    if seen.is_one_beyond() {
        let rows = declared_text(seen.max.unwrap_or_default() + 2.0);
        return finding
            .cause("the table was given as many rows as the greatest id, and ids count from 0; or the ids count from 1")
            .help(format!("an embedding needs one row more than the greatest id: input_dim = {rows}, and `max` in the spec with it"))
            .fix(Fix::choice(format!("{x} = {x} - 1  # if no id is 0")));
    }
    if seen.above == 0 {
        return finding
            .cause("-1 stands for padding or an unknown word, or an unsigned number was read as a signed one")
            .help("give padding an id of its own within the table, usually 0")
            .fix(Fix::choice(format!("{x} = np.where({x} < 0, 0, {x})  # if 0 is padding")));
    }
    finding
        .cause("the ids were made with another vocabulary than the model, or special tokens were added behind its end")
        .help("make the ids with the vocabulary of the model; an embedding needs `ids.max() + 1` rows over all splits")
}

fn consequence(framework: Framework, seen: &Seen) -> String {
    let (index, id) = seen.first.as_ref().map_or_else(
        || (String::new(), "10".to_owned()),
        |(index, spot)| {
            let index: Vec<String> = index.iter().map(u64::to_string).collect();
            (index.join(","), spot.value.to_string())
        },
    );
    let rows = declared_text(seen.max.map_or(10.0, |max| max + 1.0));
    match framework {
        Framework::Keras | Framework::Tensorflow => format!(
            "TensorFlow stops on a CPU: `indices[{index}] = {id} is not in [0, {rows})`; on a GPU the row is zeros, and nothing \
             says so"
        ),
        Framework::Torch => {
            "torch stops on a CPU: `IndexError: index out of range in self`; on a GPU it is `srcIndex < \
                             srcSelectDimSize failed`, at some later line, and the process has to be started again"
                .into()
        }
        Framework::Jax => {
            "JAX takes the last row of the table instead, -1 wraps around to it, and nothing says so".into()
        }
        Framework::Onnxruntime | Framework::Triton => "the model stops at the look-up, in the middle of a run".into(),
        _ => "the look-up stops on a CPU; on a GPU it crashes the process or gives zeros".into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rules::testing::World;
    use crate::spec::{At, Declared, Values};

    fn world(framework: Framework, dtype: &str) -> World {
        let limits = Values { min: Some(0.0), max: Some(9.0), within: None, finite: None, nonzero: false, sum: None };
        World::new(framework)
            .input("ids", dtype, "batch, 4")
            .with(|declared| declared.values = Some(Declared { value: limits, at: At::Flag("--values") }))
    }

    fn only(world: &World) -> Finding {
        let mut found = world.judge(&RULE);
        assert_eq!(found.len(), 1);
        found.remove(0)
    }

    #[test]
    fn one_beyond_the_end_is_told() {
        let world = world(Framework::Keras, "int64")
            .values(&[("ids: int64[2, 4]", &[0.0, 9.0])])
            .values(&[("ids: int64[2, 4]", &[0.0, 9.0, 10.0, 1.0])]);
        let found = only(&world);
        assert_eq!(found.message, "input `ids` holds ids outside 0 to 9");
        assert_eq!(found.found, "2 above 9, up to 10, of 16 ids");
        assert!(found.help.unwrap().contains("input_dim = 11"));
        assert!(found.consequence.unwrap().contains("`indices[0,2] = 10 is not in [0, 10)`"));
        assert_eq!((found.count, found.of), (1, 2));
    }

    #[test]
    fn padding_and_foreign_vocabularies_are_told_apart() {
        let cause = |values: &[f64]| {
            only(&world(Framework::Torch, "int64").values(&[("ids: int64[2, 4]", values)])).cause.unwrap()
        };
        assert!(cause(&[0.0, -1.0]).contains("padding"));
        assert!(cause(&[0.0, 30_000.0]).contains("another vocabulary"));
        let both = only(&world(Framework::Torch, "int64").values(&[("ids: int64[2, 4]", &[-1.0, 10.0])]));
        assert_eq!(both.found, "4 above 9, up to 10 and 4 below 0, down to -1, of 8 ids");
    }

    #[test]
    fn ids_that_were_saved_as_floats_are_looked_at_too() {
        let found = only(&world(Framework::Keras, "int64").values(&[("ids: float32[2, 4]", &[1.0, 10.0])]));
        assert_eq!(found.found, "4 above 9, up to 10, of 8 ids");
    }

    #[test]
    fn features_and_ids_without_bounds_are_no_concern() {
        let looked = |world: World| world.values(&[("ids: int64[2, 4]", &[99.0])]).looked(&RULE);
        assert_eq!(looked(world(Framework::Keras, "float32")), [Looked::No]);
        assert_eq!(looked(world(Framework::Keras, "int64").with(|declared| declared.values = None)), [Looked::No]);
    }

    proptest! {
        #[test]
        fn random_ids_within_the_table_are_fine(ids in prop::collection::vec(0_u8..10, 4..40)) {
            let ids: Vec<f64> = ids.into_iter().map(f64::from).collect();
            let world = world(Framework::Torch, "int64").values(&[("ids: int64[8, 4]", &ids)]);
            prop_assert!(world.judge(&RULE).is_empty());
            prop_assert_eq!(world.looked(&RULE), [Looked::Yes]);
        }
    }
}
