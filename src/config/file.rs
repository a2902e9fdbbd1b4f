//! `batchlint.toml` and `[tool.batchlint]` as written: the shape of the file, and nothing about its meaning.
//! The JSON Schema is generated from these types.

use schemars::JsonSchema;
use serde::Deserialize;

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
