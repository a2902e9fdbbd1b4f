//! What the model expects, as declared: inputs, targets, weights, the batch plan, and where each line stands.
//!
//! [`load()`] finds the file, [`parse`] turns it into a [`Spec`], flags override single lines, [`mod@check`] asks whether
//! anything can satisfy it. Rules compare facts with what is left.

pub mod check;
pub mod dims;
pub mod dtype;
pub mod fit;
pub mod framework;
pub mod import;
pub mod load;
pub mod mismatch;
pub mod model;
pub mod parse;
pub mod permutation;

use std::ops::Range;
use std::sync::Arc;

use globset::GlobMatcher;

pub use crate::config::file::{Encoding, LastBatch, Order, Unit};
pub use crate::error::Text;
use dims::Shape;
use dtype::DtypeRule;
pub use framework::Framework;
pub use load::{Found, Loaded, load};
pub use model::Said;

/// Where a declared value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// These bytes of the spec's text.
    Text(Range<usize>),
    /// These bytes of the text made of the model artefact.
    Model(Range<usize>),
    /// This command-line flag, which wins over the file.
    Flag(&'static str),
}

/// A value together with where it was written, so that a finding can point there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub at: At,
}

/// The whole spec. Without a file every part is empty; flags can still fill the plan.
#[derive(Debug, Clone, Default)]
pub struct Spec {
    /// The file it was read from.
    pub text: Option<Text>,
    /// What the model artefact says, where there is one; what is not written is taken from it.
    pub model: Option<Box<Said>>,
    /// Who will consume the batches. Read it through [`Spec::framework`].
    pub framework: Option<Declared<Framework>>,
    /// The batch plan.
    pub plan: Plan,
    /// What one file or yield is.
    pub unit: Unit,
    /// Where `unit` is written, if it is.
    pub unit_at: Option<At>,
    /// The order of the batches.
    pub order: Order,
    /// Declared symbols, by name.
    pub symbols: Vec<Symbol>,
    /// Inputs, targets and weights, in the order written.
    pub arrays: Vec<Declaration>,
    /// Allows that hold for paths.
    pub allows: Vec<Allow>,
}

impl Spec {
    /// Who will consume the batches: [`Framework::Any`] unless declared.
    #[must_use]
    pub fn framework(&self) -> Framework {
        self.framework.as_ref().map_or(Framework::Any, |declared| declared.value)
    }

    /// The text that a line stands in, and its bytes; `None` for flags.
    #[must_use]
    pub fn place<'s>(&'s self, at: &'s At) -> Option<(&'s Text, &'s Range<usize>)> {
        match at {
            At::Text(span) => self.text.as_ref().map(|text| (text, span)),
            At::Model(span) => self.model.as_ref().map(|model| (&model.text, span)),
            At::Flag(_) => None,
        }
    }

    /// The text that the spec is known by: that of the file, or else that of the model.
    #[must_use]
    pub fn source(&self) -> Option<&Text> {
        self.text.as_ref().or_else(|| self.model.as_ref().map(|model| &model.text))
    }

    /// The declared symbol of that name.
    #[must_use]
    pub fn symbol(&self, name: &str) -> Option<&Symbol> {
        self.symbols.iter().find(|symbol| symbol.name == name)
    }
}

/// The batch plan: what the trainer was told about batches, steps and epochs. All counts are rows or batches.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Rows per batch.
    pub size: Option<Declared<SizeRule>>,
    /// What the trainer does with a short last batch.
    pub last: Option<Declared<LastBatch>>,
    /// Steps per epoch.
    pub steps: Option<Declared<u64>>,
    /// Epochs.
    pub epochs: Option<Declared<u64>>,
    /// Rows in the whole dataset.
    pub dataset: Option<Declared<u64>>,
    /// The global batch must divide by this.
    pub replicas: Option<Declared<u64>>,
    /// The most bytes that one batch may take after the cast to the declared dtypes.
    pub memory: Option<Declared<u64>>,
}

impl Plan {
    /// Whether anything is declared.
    #[must_use]
    pub fn is_declared(&self) -> bool {
        self.size.is_some()
            || self.last.is_some()
            || self.steps.is_some()
            || self.epochs.is_some()
            || self.dataset.is_some()
            || self.replicas.is_some()
            || self.memory.is_some()
    }
}

/// Bounds on a size: exactly, between, a multiple of. Bounds are inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SizeRule {
    /// The least size allowed.
    pub min: Option<u64>,
    /// The greatest size allowed.
    pub max: Option<u64>,
    /// The size divides by this; never 0.
    pub multiple_of: Option<u64>,
}

impl SizeRule {
    /// Exactly this size.
    #[must_use]
    pub fn exactly(size: u64) -> Self {
        Self { min: Some(size), max: Some(size), multiple_of: None }
    }

    /// The one size that is allowed, if there is only one.
    #[must_use]
    pub fn exact(&self) -> Option<u64> {
        self.min.filter(|min| Some(*min) == self.max)
    }

    /// Whether the size is allowed.
    #[must_use]
    pub fn allows(&self, size: u64) -> bool {
        self.min.is_none_or(|min| size >= min)
            && self.max.is_none_or(|max| size <= max)
            && self.multiple_of.is_none_or(|step| step == 0 || size.is_multiple_of(step))
    }
}

/// A symbol of `[dims]`: a named size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// The name used in shapes.
    pub name: String,
    /// Where the whole entry is written.
    pub at: At,
    /// Bounds; exact for a named constant.
    pub rule: SizeRule,
    /// Whether the size may differ between batches.
    pub varies: bool,
}

/// The part an array plays in training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The model's input.
    Input,
    /// What the loss compares the output with.
    Target,
    /// Sample weights.
    Weight,
}

impl Role {
    /// `input`, `target`, `weight`: the table of the spec without its plural.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Target => "target",
            Self::Weight => "weight",
        }
    }
}

/// One declared array.
#[derive(Debug, Clone)]
pub struct Declaration {
    /// The part it plays.
    pub role: Role,
    /// Its name.
    pub name: String,
    /// Whether the name is a model's own and need not be that of the data: one that a machine made up, that of the only
    /// input, that of an output whose target is meant.
    pub advisory: bool,
    /// Where its table header is written.
    pub at: At,
    /// The element types it may have.
    pub dtype: Option<Declared<DtypeRule>>,
    /// Its shape, batch axis included.
    pub shape: Option<Declared<Shape>>,
    /// One letter per axis, in order: `NHWC`.
    pub axes: Option<Declared<String>>,
    /// Limits on its values.
    pub values: Option<Declared<Values>>,
    /// What a target's numbers mean.
    pub encoding: Option<Declared<Encoding>>,
    /// How many classes a target has.
    pub classes: Option<Declared<u64>>,
    /// Target values that stand for "no label".
    pub ignore: Option<Declared<Vec<i64>>>,
    /// Which arrays these are, where the name does not say it.
    pub pick: Pick,
    /// Whether a batch may lack it.
    pub optional: bool,
    /// Rules that are allowed to be broken here.
    pub allows: Vec<Allow>,
}

impl Declaration {
    /// A declaration that says nothing but a name and a role.
    #[must_use]
    pub fn bare(role: Role, name: &str) -> Self {
        Self {
            role,
            name: name.to_owned(),
            advisory: false,
            at: At::Flag(""),
            dtype: None,
            shape: None,
            axes: None,
            values: None,
            encoding: None,
            classes: None,
            ignore: None,
            pick: Pick::default(),
            optional: false,
            allows: Vec::new(),
        }
    }

    /// "input `image`": how messages name it.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{} `{}`", self.role.name(), self.name)
    }
}

/// Which arrays a declaration speaks of.
#[derive(Debug, Clone, Default)]
pub struct Pick {
    /// A glob over the paths, relative to the folder that is checked.
    pub files: Option<Declared<GlobMatcher>>,
    /// The key inside an archive.
    pub key: Option<Declared<String>>,
    /// The place in a tuple, from 0.
    pub position: Option<Declared<u64>>,
}

/// Limits on the values of an array.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    /// The least value allowed.
    pub min: Option<f64>,
    /// The greatest value allowed.
    pub max: Option<f64>,
    /// The only values allowed.
    pub within: Option<Vec<f64>>,
    /// Whether NaN and infinities are refused; for floats the default.
    pub finite: Option<bool>,
    /// Whether zero is refused.
    pub nonzero: bool,
    /// What each row sums to.
    pub sum: Option<f64>,
}

/// A rule that may be broken, and why.
#[derive(Debug, Clone)]
pub struct Allow {
    /// The rule's id.
    pub rule: String,
    /// Why it may be broken.
    pub reason: String,
    /// Where it is written.
    pub at: At,
    /// Globs over paths; empty for an allow that stands beside a declaration.
    pub paths: Vec<Arc<GlobMatcher>>,
}
