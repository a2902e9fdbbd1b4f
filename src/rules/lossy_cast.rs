//! Values that the needed cast would not keep.

use super::context::{batch_unit, value_place};
use super::{Findings, Group, Judge, Looked, Needs, Rule, ValuesCx, dtype};
use crate::diagnostic::proof::{CastProof, Loss};
use crate::diagnostic::{Level, Place, Proof};
use crate::facts::{Cell, asks};
use crate::spec::dtype::{Dtype, Kind as Type, MlType};
use crate::spec::framework::{Clash, Framework, Use};
use crate::values::{Answer, HitKind, Numbers, ValueFacts};

pub(super) static RULE: Rule = Rule {
    id: "lossy-cast",
    group: Group::Dtype,
    level: Level::Error,
    finds: "values that the cast to the declared dtype turns into inf, into others, or cuts",
    needs: Needs::NUMBERS.spec(),
    page: include_str!("../../docs/rules/lossy-cast.md"),
    judge: Judge::Values(judge),
};

/// A type that is cast to, whether JAX does it by itself, and the arrays that need it.
type Needed<'a> = (Dtype, bool, Vec<(Cell<'a>, &'a ValueFacts)>);

fn judge(cx: &ValuesCx<'_>, out: &mut Findings) -> Looked {
    let mut looked = Looked::No;
    // One finding per type that is cast to: batches whose types differ may need different casts.
    let mut casts: Vec<Needed<'_>> = Vec::new();
    for (cell, values) in cx.cells {
        let Some((to, jax)) = needed(cx, &cell.header().dtype) else { continue };
        if values.answer(&asks::cast(&to)).is_none() {
            continue;
        }
        looked = Looked::Yes;
        match casts.iter_mut().find(|(known, ..)| *known == to) {
            Some((.., cells)) => cells.push((*cell, values)),
            None => casts.push((to, jax, vec![(*cell, values)])),
        }
    }
    for (to, jax, cells) in casts {
        report(cx, &to, jax, &cells, out);
    }
    looked
}

/// The cast that the declaration asks for, or the one that JAX makes anyway, and whether it is that.
fn needed(cx: &ValuesCx<'_>, found: &Dtype) -> Option<(Dtype, bool)> {
    let declared = cx.declared?;
    if !found.is_plain() {
        return None;
    }
    let to = match Clash::of(found, Some(declared)) {
        Some(clash) => clash.wanted.map(|wanted| (wanted, false)),
        None if cx.framework() == Framework::Jax => asks::narrowed(found).map(|narrow| (narrow, true)),
        None => None,
    };
    // A mask of 0 and 255 is what becomes of it as bool: right.
    to.filter(|(to, _)| to.kind != Type::Bool)
}

fn report(cx: &ValuesCx<'_>, to: &Dtype, jax: bool, cells: &[(Cell<'_>, &ValueFacts)], out: &mut Findings) {
    let arrays: Vec<Cell<'_>> = cells.iter().map(|(cell, _)| *cell).collect();
    let Proof::Cast(proof) = dtype::proof(&arrays, to, batch_unit(cx.spec)) else { return };
    let kinds = blamed(cx, &proof, to, cells);
    if kinds.is_empty() {
        return;
    }
    let mut places: Vec<Place> = Vec::new();
    for (cell, values) in cells {
        let Some(answer) = values.answer(&asks::cast(to)) else { continue };
        if let Some((at, told)) = told(answer, &kinds, to) {
            places.push(value_place(cell, at).detail(told));
        }
    }
    let lost: Vec<&Loss> = proof.losses.iter().filter(|loss| kinds.contains(&loss.kind)).collect();
    let found: Vec<String> = lost.iter().map(|loss| loss.says(&proof.to)).collect();
    let name = crate::source::text::shown(cx.name, 80);
    let to = &proof.to;
    let from = arrays[0].header().dtype.name();
    let declared = cx.declared.map(|declared| declared.dtype.as_ref().map_or(&declared.at, |dtype| &dtype.at));
    let message = if jax {
        format!("{} holds values that jax does not keep when it makes {from} {to}", cx.label())
    } else {
        format!("{} holds values that do not survive the cast from {from} to {to}", cx.label())
    };
    let worst = lost[0].kind;
    let mut finding = cx
        .finding(declared, message, format!("Every value of `{name}` has room in {to}."), found.join("; "), places)
        .consequence(consequence(cx.framework(), worst, &from, to, jax))
        .help(help(worst, &from, to, jax));
    if let Some(cause) = cause(worst) {
        finding = finding.cause(cause);
    }
    if !kinds.iter().any(|kind| matches!(kind, HitKind::Overflow | HitKind::Wrapped | HitKind::Cut)) {
        finding = finding.level(Level::Warning);
    }
    out.push(finding);
}

/// What is worth a finding of its own, in the order of the kinds.
fn blamed(cx: &ValuesCx<'_>, proof: &CastProof, to: &Dtype, cells: &[(Cell<'_>, &ValueFacts)]) -> Vec<HitKind> {
    let largest = cells.iter().filter_map(|(_, values)| values.numbers.as_ref()).map(magnitude).fold(0.0, f64::max);
    // Beside values that the type has room for, those near 0 are 0. Where all are that small, nothing else is left.
    let all_tiny = largest < least_normal(to);
    let classes = Use::of(cx.declared) == Use::Classes;
    let blamed = |loss: &&Loss| match loss.kind {
        HitKind::Overflow | HitKind::Wrapped | HitKind::Changed => true,
        HitKind::Vanished | HitKind::Coarse => all_tiny,
        // Fractions among class ids are a fault whatever they are cast to.
        HitKind::Cut => !classes,
        // NaN is a fault of its own.
        _ => false,
    };
    proof.lost().filter(blamed).map(|loss| loss.kind).collect()
}

fn magnitude(numbers: &Numbers) -> f64 {
    let ends = [numbers.min, numbers.max];
    ends.iter().flatten().map(|spot| spot.value.to_f64().abs()).fold(0.0, f64::max)
}

/// The least magnitude at which the type has all its digits.
fn least_normal(to: &Dtype) -> f64 {
    match (&to.kind, to.size) {
        (Type::Float, 2) => half::f16::MIN_POSITIVE.to_f64(),
        (Type::Float, 4) | (Type::Ml(MlType::Bfloat16), _) => f64::from(f32::MIN_POSITIVE),
        _ => 0.0,
    }
}

/// The worst value of an array, and how many there are of which kind.
fn told(answer: &Answer, kinds: &[HitKind], to: &Dtype) -> Option<(u64, String)> {
    let hits: Vec<_> = answer.hits.iter().filter(|hits| kinds.contains(&hits.kind)).collect();
    let says = |hits: &&crate::values::Hits| {
        let loss = Loss {
            kind: hits.kind,
            count: hits.count,
            off: crate::values::Number::Float(hits.off),
            value: hits.worst.value,
            place: Place::default(),
        };
        loss.says(&to.name())
    };
    Some((hits.first()?.worst.at, hits.iter().map(says).collect::<Vec<_>>().join("; ")))
}

fn cause(worst: HitKind) -> Option<&'static str> {
    match worst {
        HitKind::Overflow => {
            Some("a sentinel for missing values, a product or exponential that was never scaled, or raw units")
        }
        HitKind::Wrapped => {
            Some("hashes, database keys, nanoseconds since 1970, or -1 for missing values in an unsigned type")
        }
        HitKind::Changed => {
            Some("ids, hashes or times since 1970 among the features: floats have no room for all their digits")
        }
        HitKind::Cut => {
            Some("measurements where ids or counts are declared, or whole numbers that were resized or averaged")
        }
        _ => None,
    }
}

fn consequence(framework: Framework, worst: HitKind, from: &str, to: &str, jax: bool) -> String {
    match (worst, framework) {
        (HitKind::Overflow, Framework::Keras) => {
            "keras casts without a word, the values become inf, and the log says `loss: nan`".into()
        }
        (HitKind::Overflow, Framework::Sklearn) => format!(
            "estimators that compute in {to} stop: `Input X contains infinity or a value too large for dtype('{to}').`"
        ),
        (HitKind::Overflow, _) => format!(
            "cast to {to} they become inf, and with them the loss NaN; NumPy only warns: `overflow encountered in cast`"
        ),
        (HitKind::Wrapped, _) if jax && from != "float64" => format!(
            "jax makes {from} {to} without a word, unless `jax_enable_x64` is on, and values wrap around: `2**32 + 7` becomes 7"
        ),
        (HitKind::Wrapped, _) if from.starts_with("float") => {
            format!(
                "cast to {to} they become whatever the processor makes of them, mostly the least {to}; nothing stops"
            )
        }
        (HitKind::Wrapped, _) => format!("cast to {to} they wrap around, and nothing stops: {}", wraps(to)),
        (HitKind::Changed, _) => format!(
            "{to} counts in steps of more than 1 up there, so that different ids become the same number; nothing stops"
        ),
        (HitKind::Cut, _) => format!("cast to {to} they lose what is behind the point: 0.9 becomes 0; nothing stops"),
        _ => format!("cast to {to} all of it is 0 or has lost most of its digits; nothing stops"),
    }
}

fn wraps(to: &str) -> &'static str {
    match to {
        "uint8" => "300 becomes 44",
        "int8" => "200 becomes -56",
        "int16" => "40000 becomes -25536",
        "uint16" => "70000 becomes 4464",
        "int32" | "uint32" => "`2**32 + 7` becomes 7",
        _ => "-1 becomes the greatest value",
    }
}

fn help(worst: HitKind, from: &str, to: &str, jax: bool) -> String {
    match worst {
        HitKind::Overflow => "clip or scale before the cast, or take `np.log1p`; a sentinel is to be filled in".into(),
        HitKind::Wrapped if jax => {
            "map the ids to 0, 1, 2, ... before training, or set `jax.config.update(\"jax_enable_x64\", True)`".into()
        }
        HitKind::Wrapped => {
            format!("map the values to a range that {to} has room for, or declare `dtype = \"{from}\"`")
        }
        HitKind::Changed => {
            "keep ids as integers, and look them up in a table or an embedding; count times from a start near the data"
                .into()
        }
        HitKind::Cut => format!("declare `dtype = \"{from}\"`, or round where the values should be whole"),
        _ => "scale before the cast".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::diagnostic::Level;
    use crate::rules::testing::World;
    use crate::rules::{Looked, double_precision};
    use crate::spec::Framework;

    fn x(framework: Framework, wanted: &str, found: &str, values: &[f64]) -> World {
        let array = format!("x: {found}[2, 4]");
        World::new(framework).input("x", wanted, "batch, 4").values(&[(&array, values)])
    }

    #[test]
    fn what_overflows_is_counted_and_the_worst_is_placed() {
        let world = x(Framework::Keras, "float32", "float64", &[0.1, 1.0, 1e39, 2.0, 3.0, -1e40, 4.0, 5.0])
            .values(&[("x: float64[2, 4]", &[0.5])]);
        let found = world.judge(&RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].message, "input `x` holds values that do not survive the cast from float64 to float32");
        assert_eq!(found[0].found, "2 overflow to inf (the worst: -1e40)");
        assert_eq!((found[0].count, found[0].of, found[0].level), (1, 2, None));
        assert_eq!(found[0].places[0].index.as_deref(), Some(&[1, 1][..]));
        assert!(found[0].consequence.as_ref().unwrap().contains("`loss: nan`"));
        assert_eq!(world.anchored(&found[0]), "\"float32\"");
        let dtype = world.judge(&double_precision::RULE);
        let proof = dtype[0].fix.as_ref().unwrap().proof.text();
        assert!(proof.contains("2 overflow to inf (the worst: -1e40 at dump/batch_000.npz::x[1, 1])"), "{proof}");
    }

    #[test]
    fn nothing_is_said_where_nothing_is_lost() {
        for (wanted, found, values) in [
            ("float32", "float64", &[0.1, -1e30, 3.0, 1e-60][..]),
            ("float32", "float64", &[0.5, f64::NAN, f64::INFINITY]),
            ("float32", "float64", &[16_777_217.0, 0.5]),
            ("float32", "uint8", &[255.0]),
            ("int32", "int64", &[2_147_483_647.0]),
            ("float16", "float32", &[65_504.0, 0.1]),
            ("bool", "uint8", &[0.0, 255.0]),
            ("int64", "float64", &[1.0, f64::NAN]),
        ] {
            let world = x(Framework::Torch, wanted, found, values);
            assert!(world.judge(&RULE).is_empty(), "{wanted} {found} {:?}", world.judge(&RULE));
        }
        let same = x(Framework::Torch, "int64", "int64", &[1e15]);
        assert_eq!((same.judge(&RULE).len(), same.looked(&RULE)), (0, vec![Looked::No]));
        assert_eq!(x(Framework::Torch, "float32", "float64", &[0.1]).looked(&RULE), [Looked::Yes]);
    }

    #[test]
    fn each_loss_is_told_by_its_name() {
        for (wanted, found, values, told, level) in [
            ("float16", "float32", &[70_000.0, 0.5][..], "4 overflow to inf (the worst: 70000)", None),
            ("int32", "int64", &[2_147_483_648.0, 1.0], "4 do not fit", None),
            ("uint8", "int64", &[-1.0, 1.0], "4 do not fit", None),
            ("int64", "float32", &[0.5, 1.0], "4 fractions are cut off (the worst: 0.5)", None),
            ("float32", "int64", &[16_777_217.0, 1.0], "4 whole numbers change", Some(Level::Warning)),
            ("float32", "float64", &[1e-60], "8 become 0 (the largest: 1e-60)", Some(Level::Warning)),
        ] {
            let found = x(Framework::Torch, wanted, found, values).judge(&RULE);
            assert!(found[0].found.starts_with(told), "{}", found[0].found);
            assert_eq!(found[0].level, level, "{told}");
        }
    }

    #[test]
    fn jax_narrows_what_is_declared_wide() {
        let large = [4_294_967_303.0, 1.0];
        let found = x(Framework::Jax, "int64", "int64", &large).judge(&RULE);
        assert_eq!(found[0].message, "input `x` holds values that jax does not keep when it makes int64 int32");
        assert!(found[0].consequence.as_ref().unwrap().contains("`2**32 + 7` becomes 7"));
        assert!(x(Framework::Torch, "int64", "int64", &large).judge(&RULE).is_empty());
        assert_eq!(x(Framework::Jax, "float64", "float64", &[1e300]).judge(&RULE).len(), 1);
        assert_eq!(x(Framework::Jax, "int64", "int64", &[5.0]).looked(&RULE), [Looked::Yes]);
    }

    #[test]
    fn fractions_among_class_ids_are_left_to_the_rule_about_them() {
        let world =
            World::new(Framework::Torch).target("y", "int64", "batch").values(&[("y: float64[2]", &[0.5, 1.0])]);
        assert!(world.judge(&RULE).is_empty());
    }
}
