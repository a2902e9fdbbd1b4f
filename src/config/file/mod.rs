//! `batchlint.toml` and `[tool.batchlint]` as written: the shape of the file, and nothing about its meaning.
//! The JSON Schema is generated from these types; the doc comments are its descriptions.
//!
//! Everything is optional here: [`super::read`] drops what is wrong and goes on, and what must be there is asked for
//! where its meaning is.

mod value;

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Level;
use super::framework::Framework;
use super::limits::Lines;
pub use value::{Bytes, DTYPES, DtypeNames, Entry, NumberOr, Word, Written};

/// What a model expects of its batches. batchlint compares dumped .npy and .npz files with it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "batchlint.toml")]
pub struct File {
    /// Who will consume the batches. It decides which conversions are silent, refused, or wrong.
    pub framework: Option<Written<Word<Framework>>>,
    /// The file of the model: a path from the folder of this file. What it says of inputs, targets and loss holds wherever
    /// nothing is written here.
    #[schemars(length(min = 1))]
    pub model: Option<Written<String>>,
    /// The batch plan: what the trainer was told about batches, steps and epochs.
    pub batch: Batch,
    /// What one file is, and what orders the files.
    pub source: Source,
    /// Symbols used in shapes: a size, or bounds on it.
    #[schemars(extend("propertyNames" = { "pattern": "^[A-Za-z_][A-Za-z0-9_]*$", "not": { "const": "batch" } }))]
    pub dims: BTreeMap<Written<String>, Written<NumberOr<SymbolBounds>>>,
    /// The model's inputs, by name.
    pub inputs: BTreeMap<Written<String>, Written<Array>>,
    /// What the loss compares the output with, by name.
    pub targets: BTreeMap<Written<String>, Written<Array>>,
    /// Sample weights, by name.
    pub weights: BTreeMap<Written<String>, Written<Array>>,
    /// Rules that may be broken in some files.
    pub allow: Vec<Written<AllowPaths>>,
    /// Which rules run, and how bad their findings are.
    pub rules: Rules,
    /// A file of what was wrong already: a path from the folder of this file. `batchlint baseline write` makes it.
    #[schemars(length(min = 1))]
    pub baseline: Option<Written<String>>,
    /// How much of the data is read.
    pub read: Reading,
    /// Limits on what is read.
    pub limits: Lines,
    /// What reports show.
    pub output: Output,
}

/// The batch plan.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Batch {
    /// Rows per batch: a number, or bounds.
    pub size: Option<Written<NumberOr<SizeBounds>>>,
    /// What the trainer does with a last batch that is shorter than the others.
    pub last: Option<Written<Word<LastBatch>>>,
    /// Steps per epoch, if the trainer is told.
    pub steps: Option<Written<NonZeroU64>>,
    /// Epochs.
    pub epochs: Option<Written<NonZeroU64>>,
    /// Rows in the whole dataset.
    pub dataset: Option<Written<NonZeroU64>>,
    /// How many devices share a batch: its rows must divide by this.
    pub replicas: Option<Written<NonZeroU64>>,
    /// The most one batch may take after the cast to the declared dtypes: `"2 GiB"`, or bytes.
    pub memory: Option<Written<Bytes>>,
}

/// Bounds on a size, inclusive.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SizeBounds {
    /// The least size.
    pub min: Option<u64>,
    /// The greatest size.
    pub max: Option<u64>,
    /// The size divides by this.
    pub multiple_of: Option<NonZeroU64>,
}

/// What is known of a symbol. An empty table declares it and bounds nothing.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SymbolBounds {
    /// Whether the size may differ between batches.
    pub varies: bool,
    /// The least size.
    pub min: Option<u64>,
    /// The greatest size.
    pub max: Option<u64>,
    /// The size divides by this.
    pub multiple_of: Option<NonZeroU64>,
}

/// How files become batches.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Source {
    /// Whether each file is one batch, or the whole dataset.
    pub unit: Option<Written<Word<Unit>>>,
    /// What gives the order of the batches.
    pub order: Option<Written<Word<Order>>>,
}

/// One declared array.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Array {
    /// The element type, several, or a class of them.
    pub dtype: Option<Written<DtypeNames>>,
    /// The shape, batch axis included: sizes, `"batch"`, symbols, expressions, `"*"`, `"..."`, `"1 | C"`.
    #[schemars(length(max = 64))]
    pub shape: Option<Written<Vec<Written<Entry>>>>,
    /// One letter per axis, so that a permutation can be called by name: `"NHWC"`.
    #[schemars(length(min = 1))]
    pub axes: Option<Written<String>>,
    /// Limits on the values.
    pub values: Option<Written<Values>>,
    /// Which files: a glob over paths, relative to the folder that is checked.
    #[schemars(length(min = 1))]
    pub files: Option<Written<String>>,
    /// Which member of an archive, where the name does not say it.
    pub key: Option<Written<String>>,
    /// Which place in a tuple, from 0.
    pub position: Option<Written<u64>>,
    /// Whether a batch may lack this array.
    pub optional: Option<Written<bool>>,
    /// Targets only: what the numbers mean.
    pub encoding: Option<Written<Word<Encoding>>>,
    /// Targets only: how many classes there are.
    pub classes: Option<Written<NonZeroU64>>,
    /// Targets only: values that stand for "no label".
    pub ignore: Option<Written<Vec<Written<i64>>>>,
    /// Rules that this array may break.
    pub allow: Vec<Written<AllowHere>>,
}

/// Limits on values, inclusive.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Values {
    /// The least value.
    pub min: Option<Written<f64>>,
    /// The greatest value.
    pub max: Option<Written<f64>>,
    /// The only values there may be.
    #[schemars(length(min = 1))]
    pub r#in: Option<Written<Vec<Written<f64>>>>,
    /// Whether NaN and infinities are refused; for floats the default.
    pub finite: Option<bool>,
    /// Whether zero is refused.
    pub nonzero: bool,
    /// What each row sums to.
    pub sum: Option<Written<f64>>,
}

/// A rule that one array may break.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["rule", "reason"]))]
pub struct AllowHere {
    /// The rule's id.
    pub rule: Option<Written<String>>,
    /// Why it may be broken here.
    #[schemars(length(min = 1))]
    pub reason: Option<Written<String>>,
}

/// A rule that some files may break.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["rule", "paths", "reason"]))]
pub struct AllowPaths {
    /// The rule's id.
    pub rule: Option<Written<String>>,
    /// Globs over paths, as the report shows them.
    #[schemars(length(min = 1))]
    pub paths: Option<Written<Vec<Written<String>>>>,
    /// Why it may be broken there.
    #[schemars(length(min = 1))]
    pub reason: Option<Written<String>>,
}

/// Which rules run. The flags `--select`, `--ignore`, `--level`, `--fail-on` and `--require-complete` come on top.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Only these rules or groups.
    pub select: Vec<Written<String>>,
    /// Not these rules or groups.
    pub ignore: Vec<Written<String>>,
    /// Levels by rule or group; a later line wins over an earlier one.
    pub level: BTreeMap<Written<String>, Written<Word<Level>>>,
    /// The least level that makes the run fail.
    pub fail_on: Option<Written<Word<Level>>>,
    /// Whether a check that could not be made is an error.
    pub require_complete: bool,
}

/// How much of the data is read. The flags `--headers-only`, `--max-bytes-per-array` and `--fail-fast` come on top.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Reading {
    /// Whether only headers are read: no values, and no rule that needs them.
    pub headers_only: bool,
    /// The values of larger arrays are not read: `"2 GiB"`, or bytes.
    pub max_bytes_per_array: Option<Written<Bytes>>,
    /// Whether the reading of values ends once the check has failed.
    pub fail_fast: bool,
}

/// What reports show. The flags `--redact` and `--all-places` come on top.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Output {
    /// Whether every place of a fault is named, not just three.
    pub all_places: bool,
    /// Whether no value of the data is shown.
    pub redact: bool,
}

/// What one file (or one yield) is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// One batch.
    #[default]
    Batch,
    /// The whole set, to be sliced by the trainer.
    Dataset,
}

/// What gives the order of the batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Natural sort of the file names: `shard_2` before `shard_10`.
    #[default]
    Name,
}

/// What the trainer does with a last batch that is shorter than the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LastBatch {
    /// It is kept, short as it is.
    Partial,
    /// There must be none: every batch is full.
    Full,
    /// The trainer drops it.
    Dropped,
}

/// What the numbers of a target mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Class ids from 0.
    Index,
    /// One 1 per row.
    OneHot,
    /// Rows that sum to 1.
    Probabilities,
    /// 0 or 1, or anything between.
    Binary,
    /// Real numbers.
    Value,
}
