//! Random specs with batches that fit them: what a careful person could have written and dumped.

use std::fmt::Write as _;

use proptest::prelude::*;

/// An array that is declared, and how its values are made.
#[derive(Debug, Clone)]
pub(crate) struct Array {
    pub(crate) role: &'static str,
    pub(crate) name: String,
    pub(crate) dtype: &'static str,
    /// Sizes behind the batch axis; `None` is the symbol `T`, which varies.
    pub(crate) sizes: Vec<Option<u64>>,
    /// Further lines of the declaration.
    pub(crate) lines: Vec<String>,
    /// A fill of a recipe.
    pub(crate) fill: String,
    pub(crate) kind: Kind,
}

/// What an array holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Image,
    Features,
    Ids(u64),
    Mask,
    Classes(u64),
    OneHot,
    Binary,
    Value,
    Weight,
}

/// A spec and the batches of a dump.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) framework: &'static str,
    pub(crate) size: u64,
    pub(crate) batches: u64,
    /// Rows of the last batch.
    pub(crate) last: u64,
    pub(crate) declares_plan: bool,
    pub(crate) arrays: Vec<Array>,
    /// Tells the random values of one sample from those of another.
    pub(crate) seed: u64,
}

impl Sample {
    /// The text of the spec.
    pub(crate) fn spec(&self) -> String {
        let mut text = format!("framework = \"{}\"\n", self.framework);
        if self.declares_plan {
            let rows = self.size * (self.batches - 1) + self.last;
            let (size, batches) = (self.size, self.batches);
            write!(text, "[batch]\nsize = {size}\nsteps = {batches}\ndataset = {rows}\nlast = \"partial\"\n").unwrap();
        }
        if self.arrays.iter().any(|array| array.sizes.contains(&None)) {
            text += "[dims]\nT = { varies = true, min = 4, max = 40 }\n";
        }
        for array in &self.arrays {
            let sizes: Vec<String> =
                array.sizes.iter().map(|size| size.map_or("\"T\"".into(), |size| size.to_string())).collect();
            let shape = [vec!["\"batch\"".to_owned()], sizes].concat().join(", ");
            let Array { role, name, dtype, .. } = array;
            write!(text, "[{role}.{name}]\ndtype = \"{dtype}\"\nshape = [{shape}]\n").unwrap();
            for line in &array.lines {
                writeln!(text, "{line}").unwrap();
            }
        }
        text
    }

    /// Rows of a batch.
    pub(crate) fn rows(&self, batch: u64) -> u64 {
        if batch + 1 == self.batches { self.last } else { self.size }
    }

    /// The length `T` of a batch. The first two differ, as Keras needs.
    pub(crate) fn length(&self, batch: u64) -> u64 {
        8 + (self.seed + batch * 7) % 23
    }

    /// The recipe of one array of one batch, without its name.
    pub(crate) fn recipe(&self, array: &Array, batch: u64) -> String {
        let sizes: Vec<String> = std::iter::once(self.rows(batch))
            .chain(array.sizes.iter().map(|size| size.unwrap_or_else(|| self.length(batch))))
            .map(|size| size.to_string())
            .collect();
        format!("{}[{}] = {}", array.dtype, sizes.join(", "), array.fill)
    }

    /// The recipes of all arrays of one batch, by name.
    pub(crate) fn batch(&self, batch: u64) -> Vec<(String, String)> {
        self.arrays.iter().map(|array| (array.name.clone(), self.recipe(array, batch))).collect()
    }
}

const FRAMEWORKS: [&str; 8] = ["keras", "tensorflow", "torch", "jax", "onnxruntime", "triton", "sklearn", "any"];

/// Samples in which nothing is wrong.
pub(crate) fn sample() -> impl Strategy<Value = Sample> {
    let plan = (prop::sample::select(&FRAMEWORKS[..]), 12_u64..20, 3_u64..6, 1_u64..12, any::<bool>(), any::<u64>());
    (plan, prop::collection::vec(input(), 1..3), target(), any::<bool>()).prop_map(
        |((framework, size, batches, last, declares_plan, seed), mut arrays, target, weighted)| {
            for (i, array) in arrays.iter_mut().enumerate() {
                array.name = format!("{}_{}", array.name, ["a", "b", "c"][i]);
            }
            arrays.push(target);
            if weighted {
                arrays.push(array("weights", "w", "float32", vec![], &[], "uniform 0.5 1.5", Kind::Weight));
            }
            Sample {
                framework,
                size,
                batches,
                last: if declares_plan { last } else { size },
                declares_plan,
                arrays,
                seed: seed % 1_000_000,
            }
        },
    )
}

fn array(
    role: &'static str,
    name: &str,
    dtype: &'static str,
    sizes: Vec<Option<u64>>,
    lines: &[&str],
    fill: &str,
    kind: Kind,
) -> Array {
    let lines = lines.iter().map(|line| (*line).to_owned()).collect();
    Array { role, name: name.into(), dtype, sizes, lines, fill: fill.into(), kind }
}

fn input() -> impl Strategy<Value = Array> {
    let unit = "values = { min = 0.0, max = 1.0 }";
    prop_oneof![
        (8_u64..13, 8_u64..13, prop::sample::select(vec!["uniform 0 1", "smooth 0 1"])).prop_map(
            move |(h, w, fill)| {
                array(
                    "inputs",
                    "nhwc",
                    "float32",
                    vec![Some(h), Some(w), Some(3)],
                    &[unit, "axes = \"NHWC\""],
                    fill,
                    Kind::Image,
                )
            }
        ),
        (14_u64..17, 8_u64..13, prop::sample::select(vec!["uniform 0 1", "smooth 0 1"])).prop_map(
            move |(h, w, fill)| {
                array(
                    "inputs",
                    "nchw",
                    "float32",
                    vec![Some(1), Some(h), Some(w)],
                    &[unit, "axes = \"NCHW\""],
                    fill,
                    Kind::Image,
                )
            }
        ),
        (8_u64..13).prop_map(|side| {
            let lines = ["values = { min = 0, max = 255 }"];
            array(
                "inputs",
                "pixels",
                "uint8",
                vec![Some(side), Some(side + 1), Some(3)],
                &lines,
                "uniform 0 256",
                Kind::Image,
            )
        }),
        (4_u64..12, prop::sample::select(vec!["normal 0 1", "uniform -3 3", "normal 50 10"]))
            .prop_map(|(n, fill)| array("inputs", "table", "float32", vec![Some(n)], &[], fill, Kind::Features)),
        (prop::sample::select(vec!["int64", "int32"]), 50_u64..5000, any::<bool>()).prop_map(|(dtype, ids, varies)| {
            let length = if varies { None } else { Some(12) };
            let lines = [format!("values = {{ min = 0, max = {} }}", ids - 1)];
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            array("inputs", "ids", dtype, vec![length], &lines, &format!("uniform 0 {ids}"), Kind::Ids(ids))
        }),
        Just(array("inputs", "mask", "bool", vec![Some(9), Some(9)], &[], "choice 0 1", Kind::Mask)),
    ]
}

fn target() -> impl Strategy<Value = Array> {
    prop_oneof![
        (2_u64..5).prop_map(|classes| {
            let ids: Vec<String> = (0..classes).map(|id| id.to_string()).collect();
            let lines = ["encoding = \"index\"".to_owned(), format!("classes = {classes}")];
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            array(
                "targets",
                "label",
                "int64",
                vec![],
                &lines,
                &format!("choice {}", ids.join(" ")),
                Kind::Classes(classes),
            )
        }),
        Just(array(
            "targets",
            "onehot",
            "float32",
            vec![Some(3)],
            &["encoding = \"one-hot\"", "classes = 3"],
            "[1, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 1, 0]",
            Kind::OneHot
        )),
        Just(array("targets", "hit", "float32", vec![Some(1)], &["encoding = \"binary\""], "choice 0 1", Kind::Binary)),
        Just(array("targets", "price", "float32", vec![Some(1)], &["encoding = \"value\""], "normal 3 2", Kind::Value)),
    ]
}
