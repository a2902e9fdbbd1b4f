//! A dtype that differs between batches.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::context::called;
use super::context::{batch_unit, place};
use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx, dtype};
use crate::diagnostic::{Anchor, Finding, Fix, Level, python};
use crate::facts::{Cell, Column};
use crate::source::text::shown;
use crate::spec::dtype::Dtype;
use crate::spec::framework::{Framework, Given, aim, keeps_values};
use crate::spec::{Declaration, Role};

pub(super) static RULE: Rule = Rule {
    id: "dtype-drift",
    group: Group::Dtype,
    level: Level::Error,
    finds: "a dtype that differs between batches",
    needs: Needs::NUMBERS,
    page: include_str!("../../docs/rules/dtype-drift.md"),
    judge: Judge::Stream(judge),
};

fn judge(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    let mut looked = Looked::No;
    for column in &cx.stream.columns {
        let declared = column.declared.map(|index| &cx.spec.arrays[index]);
        if declared.is_none() && !cx.spec.arrays.is_empty() {
            continue;
        }
        // What is at fault in itself is reported by itself; drift is between types that are each fine.
        let rule = declared.and_then(|declared| declared.dtype.as_ref()).map(|dtype| &dtype.value);
        let [first, rest @ ..] = column.cells.as_slice() else { continue };
        let (header, same) = (first.header(), |cell: &Cell<'_>| cell.header().dtype == first.header().dtype);
        if rest.iter().all(|cell| Arc::ptr_eq(cell.header(), header) || same(cell)) {
            if !rest.is_empty() && Given::of(&header.dtype, rule).is_none() {
                looked = Looked::Yes;
            }
            continue;
        }
        let fine: Vec<&Cell<'_>> =
            column.cells.iter().filter(|cell| Given::of(&cell.header().dtype, rule).is_none()).collect();
        if fine.len() > 1 {
            looked = Looked::Yes;
            drift(cx, column, declared, &fine, out);
        }
    }
    looked
}

fn drift(
    cx: &StreamCx<'_>,
    column: &Column<'_>,
    declared: Option<&Declaration>,
    fine: &[&Cell<'_>],
    out: &mut Findings,
) {
    let first = &fine[0].header().dtype;
    let odd: Vec<&&Cell<'_>> =
        fine.iter().filter(|cell| cell.header().dtype.unordered() != first.unordered()).collect();
    if odd.is_empty() {
        return;
    }
    let mut later: Vec<&Dtype> = Vec::new();
    for cell in &odd {
        let dtype = &cell.header().dtype;
        if !later.iter().any(|known| known.unordered() == dtype.unordered()) {
            later.push(dtype);
        }
    }
    let label = declared.map_or_else(|| called(&column.name), Declaration::label);
    let names = listed(&later);
    let at = declared.map(|declared| declared.dtype.as_ref().map_or(&declared.at, |dtype| &dtype.at));
    let mut finding = Finding::new(
        at.map_or(Anchor::Data, |at| Anchor::Spec(at.clone())),
        &*column.name,
        format!("{label} changes from {} to {names}", first.name()),
        format!("`{}` has one dtype in all batches.", shown(&column.name, 80)),
        format!("{names} after {}", first.name()),
    )
    .counted(
        odd.iter().map(|cell| place(cell).detail(cell.header().dtype.name())).collect(),
        odd.len() as u64,
        column.cells.len() as u64,
        batch_unit(cx.spec),
    )
    .cause(cause(first, &later))
    .consequence(consequence(cx.spec.framework(), first, &later))
    .help("cast where the batch is made, so that every batch comes out the same");
    finding.level = level(cx.spec.framework(), declared, first, &later);
    finding.fix = wanted(declared, first, &later).and_then(|wanted| {
        let x = python::variable(&column.name);
        let cells: Vec<Cell<'_>> = fine.iter().map(|cell| **cell).collect();
        let proof = dtype::proof(&cells, &wanted, batch_unit(cx.spec));
        Some(Fix::new(format!("{x} = {x}.astype({})", python::dtype(&wanted)?), proof))
    });
    out.push(finding);
}

fn cause(first: &Dtype, later: &[&Dtype]) -> &'static str {
    let floats = later.iter().filter(|dtype| dtype.is_float()).count() + usize::from(first.is_float());
    if floats == 0 {
        "the batches were made on different systems, or each was packed as tightly as its own values allow"
    } else if floats > later.len() {
        "some batches went through an operation that makes float64: a mean, an augmentation, a division"
    } else {
        "a batch that happens to hold only whole numbers: a table column is int64 without a gap and float64 with one; or \
         augmentation ran on some batches only"
    }
}

/// Casting the later batches to the type of the first: what that does to their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Loss {
    None,
    /// Values are rounded, or large ones wrap.
    Range,
    /// Fractions are cut, or all but the smallest values wrap.
    Ruin,
}

fn loss(first: &Dtype, later: &[&Dtype]) -> Loss {
    let of = |dtype: &&Dtype| match () {
        () if keeps_values(dtype, first) => Loss::None,
        () if (dtype.is_float() && !first.is_float()) || first.size < 4 => Loss::Ruin,
        () => Loss::Range,
    };
    later.iter().map(of).max().unwrap_or(Loss::None)
}

fn level(framework: Framework, declared: Option<&Declaration>, first: &Dtype, later: &[&Dtype]) -> Option<Level> {
    let input = declared.is_none_or(|declared| declared.role == Role::Input);
    match framework {
        Framework::Keras | Framework::Tensorflow if loss(first, later) < Loss::Ruin => Some(Level::Warning),
        // A model file takes exactly one type, whatever the spec allows.
        Framework::Onnxruntime | Framework::Triton if input => Some(Level::Error),
        Framework::Jax | Framework::Sklearn => Some(Level::Warning),
        Framework::Torch | Framework::Onnxruntime | Framework::Triton if declared.is_some() => Some(Level::Warning),
        Framework::Any if declared.is_some() && loss(first, later) < Loss::Ruin => Some(Level::Warning),
        _ => None,
    }
}

fn consequence(framework: Framework, first: &Dtype, later: &[&Dtype]) -> String {
    let signature = match loss(first, later) {
        Loss::Ruin if first.is_float() => "and large values become infinite",
        Loss::Ruin if later.iter().any(|dtype| dtype.is_float()) => "and fractions are cut: 0.9 becomes 0",
        Loss::Ruin => "and values that do not fit wrap: 300 becomes 44 as uint8",
        Loss::Range if first.is_float() => "and values that need more digits are rounded",
        Loss::Range => "and values that do not fit wrap: `2**32 + 7` becomes 7 as int32",
        Loss::None => "and the values survive",
    };
    let first = first.name();
    match framework {
        Framework::Keras => format!(
            "keras takes {first} from the first batch and casts all later ones to it without a word, {signature}"
        ),
        Framework::Tensorflow => format!(
            "`tf.data.Dataset.from_generator` casts every batch to its `output_signature` without a word; if that says {first}, \
             {}",
            signature.trim_start_matches("and ")
        ),
        Framework::Torch => {
            "torch stops at the first batch that a layer or a loss does not take: `mat1 and mat2 must have the same \
                             dtype`; until then all looks well"
                .into()
        }
        Framework::Jax => {
            "jax compiles once more for every dtype, but for 64-bit ones, which it makes 32-bit ones without a word"
                .into()
        }
        Framework::Onnxruntime => {
            "onnxruntime stops at the first batch that is not of the model's type: `Unexpected input data type`".into()
        }
        _ => format!(
            "whoever takes the dtype from the first batch casts the rest to {first}, {signature}; others stop in mid-epoch"
        ),
    }
}

/// The type to cast every batch to: the declared one, else the float that models take, else one that holds them all.
fn wanted(declared: Option<&Declaration>, first: &Dtype, later: &[&Dtype]) -> Option<Dtype> {
    let all = || std::iter::once(first).chain(later.iter().copied());
    let float = all().find(|one| one.is_float());
    let rule = declared.and_then(|declared| declared.dtype.as_ref()).map(|dtype| &dtype.value);
    rule.and_then(|rule| aim(rule, float.unwrap_or(first)))
        .or_else(|| float.and(Dtype::from_name("float32")))
        .or_else(|| all().find(|one| all().all(|other| keeps_values(other, one))).cloned())
}

fn listed(dtypes: &[&Dtype]) -> String {
    let names: BTreeSet<String> = dtypes.iter().map(|dtype| dtype.name()).collect();
    let names: Vec<String> = names.into_iter().collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::diagnostic::Anchor;
    use crate::diagnostic::Level::{Error, Warning};
    use crate::rules::Looked;
    use crate::rules::testing::World;
    use crate::spec::Framework;

    fn stream(world: World, dtypes: &[&str]) -> World {
        dtypes.iter().fold(world, |world, dtype| world.batch(&[&format!("x: {dtype}[4]")]))
    }

    fn declared(framework: Framework, wanted: &str, dtypes: &[&str]) -> World {
        stream(World::new(framework).input("x", wanted, "batch"), dtypes)
    }

    #[test]
    fn keras_cuts_the_fractions_of_later_batches() {
        let world = declared(Framework::Keras, "number", &["int64", "int64", "float64", "float64"]);
        let found = world.judge(&RULE);
        assert_eq!(found[0].message, "input `x` changes from int64 to float64");
        assert_eq!((found[0].count, found[0].of, found[0].level), (2, 4, None));
        assert_eq!(found[0].places[0].batch, Some(2));
        assert_eq!(found[0].places[0].detail.as_deref(), Some("float64"));
        assert!(found[0].consequence.as_ref().unwrap().contains("0.9 becomes 0"));
        assert_eq!(world.anchored(&found[0]), "\"number\"");
    }

    #[test]
    fn what_the_cast_to_the_first_dtype_does_decides_for_keras() {
        let level = |dtypes: &[&str]| declared(Framework::Keras, "number", dtypes).judge(&RULE)[0].level;
        assert_eq!(level(&["float32", "float64"]), Some(Warning));
        assert_eq!(level(&["float64", "float32"]), Some(Warning));
        assert_eq!(level(&["float32", "uint8"]), Some(Warning));
        assert_eq!(level(&["int32", "int64"]), Some(Warning));
        assert_eq!(level(&["uint8", "float32"]), None);
        assert_eq!(level(&["uint8", "int64"]), None);
        assert_eq!(level(&["float32", "float64", "float32"]), Some(Warning));
    }

    #[test]
    fn a_model_file_takes_one_type_and_code_may_take_two() {
        let level = |framework| declared(framework, "int64 | int32", &["int32", "int64"]).judge(&RULE)[0].level;
        assert_eq!(level(Framework::Onnxruntime), Some(Error));
        assert_eq!(level(Framework::Torch), Some(Warning));
        assert_eq!(level(Framework::Jax), Some(Warning));
        assert_eq!(level(Framework::Any), Some(Warning));
    }

    #[test]
    fn the_repair_is_a_type_that_holds_all() {
        let fix = |world: World| world.judge(&RULE)[0].fix.as_ref().map(|fix| fix.python.clone());
        let undeclared = |dtypes: &[&str]| fix(stream(World::unspecified(), dtypes));
        assert_eq!(undeclared(&["int64", "float64"]).as_deref(), Some("x = x.astype(np.float32)"));
        assert_eq!(undeclared(&["uint8", "int16"]).as_deref(), Some("x = x.astype(np.int16)"));
        assert_eq!(undeclared(&["uint64", "int64"]), None);
        let declared = declared(Framework::Torch, "int64 | int32", &["int32", "int64"]);
        assert_eq!(fix(declared).as_deref(), Some("x = x.astype(np.int64)"));
    }

    #[test]
    fn the_repair_is_proved_over_all_batches() {
        let world = World::unspecified()
            .made(2, &[("x: int64[4]", |batch, i| (batch * 4 + i) as f64)])
            .made(2, &[("x: float64[4]", |_, i| 0.1 + i as f64)]);
        let proof = world.judge(&RULE)[0].fix.as_ref().unwrap().proof.text();
        let checked = "checked on all 16 values of 4 batches: none overflows or becomes 0; rounding moves a value by ";
        assert!(proof.starts_with(checked), "{proof}");
    }

    #[test]
    fn without_a_spec_it_points_to_the_data() {
        let world = stream(World::unspecified(), &["int64", "float64", "float32"]);
        let found = world.judge(&RULE);
        assert_eq!(found[0].message, "array `x` changes from int64 to float32 and float64");
        assert_eq!((&found[0].anchor, found[0].level), (&Anchor::Data, None));
    }

    #[test]
    fn it_leaves_alone_what_other_rules_report() {
        let cases: [(&str, &[&str], Looked); 6] = [
            ("float32", &["float32", "float64", "float32"], Looked::Yes),
            ("float32", &["|O", "float32", "float32"], Looked::Yes),
            ("float32", &["float32", ">f4"], Looked::Yes),
            ("float32", &["float32", "int64"], Looked::No),
            ("", &["|O", "<U3", "<M8[s]"], Looked::No),
            ("", &["float32"], Looked::No),
        ];
        for (wanted, dtypes, looked) in cases {
            let world = declared(Framework::Keras, wanted, dtypes);
            assert!(world.judge(&RULE).is_empty(), "{wanted} {dtypes:?}");
            assert_eq!(world.looked(&RULE), [looked], "{wanted} {dtypes:?}");
        }
        let world = World::new(Framework::Keras).input("y", "float32", "batch");
        assert!(stream(world, &["int64", "float64"]).judge(&RULE).is_empty(), "no model gets `x`");
    }
}
