//! What only a live capture sees, as the helper tells it (`docs/capture-protocol.md`): containers and their order, strides and
//! flags, owners of memory, where in the user's source a batch was made and handed out, and how the program ended.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;

use super::end::Fate;
use super::places::{Site, SourceText, Trouble};

/// One step from the root of a batch to a leaf.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(untagged)]
pub enum Step {
    /// A place in a tuple or list, from 0.
    Index(u64),
    /// A key of a dict, a field of a named tuple or of a dataclass. Not escaped.
    Key(Arc<str>),
}

/// The steps as one key: `0`, `image`, `0.image`; empty for a batch that is one array. Not escaped.
#[must_use]
pub fn key_of(path: &[Step]) -> String {
    let steps: Vec<String> = path.iter().map(ToString::to_string).collect();
    steps.join(".")
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "{index}"),
            Self::Key(key) => f.write_str(key),
        }
    }
}

/// How a batch is built.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Tree {
    /// `"leaf"`: something that is no container.
    Leaf(LeafMark),
    /// A container.
    Node(Node),
}

/// The word that stands for a leaf in a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LeafMark {
    /// Not a container.
    Leaf,
}

/// A container and what is in it, in its own order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Node {
    /// What kind of container.
    #[serde(rename = "t")]
    pub kind: Container,
    /// The name of its type. Not escaped.
    pub py: String,
    /// Its parts.
    pub kids: Vec<(Step, Tree)>,
}

/// Kinds of containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the words of Python")]
pub enum Container {
    Tuple,
    List,
    Dict,
    Namedtuple,
    Dataclass,
}

/// What a leaf is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LeafKind {
    /// An array of some library, or a buffer.
    Array,
    /// A Python number.
    Scalar,
    /// A `str`.
    Text,
    /// `None`
    None,
    /// Anything else.
    Other,
}

/// What was seen of an array in memory, beside its type, shape and values.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "they are the flags that NumPy has")]
pub struct Leaf {
    /// From the root of the batch.
    pub path: Vec<Step>,
    /// Module and name of its type. Not escaped.
    pub py: String,
    /// How it was read: `numpy`, `torch`, `jax`.
    #[serde(default)]
    pub via: String,
    /// Bytes from one element to the next, along each axis; empty where the library does not say.
    #[serde(default)]
    pub strides: Vec<i64>,
    /// Whether its memory is contiguous in C order.
    #[serde(default = "yes")]
    pub c: bool,
    /// Whether it is contiguous in Fortran order.
    #[serde(default)]
    pub f: bool,
    /// Whether it can be written to.
    #[serde(default = "yes")]
    pub writeable: bool,
    /// Whether its elements stand at addresses that suit them.
    #[serde(default = "yes")]
    pub aligned: bool,
    /// Where it is, if not in the memory of the processor.
    #[serde(default)]
    pub device: Option<String>,
    /// Elements that its mask hides.
    #[serde(default)]
    pub masked: Option<u64>,
    /// The earlier array that lies in the same memory.
    #[serde(default)]
    pub reuse: Option<Reuse>,
    /// Its type as a .npy header has it, a Python literal.
    #[serde(skip)]
    pub descr: String,
}

/// An earlier array whose memory is handed out again while somebody still holds it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Reuse {
    /// The batch it was in, from 0.
    pub batch: u64,
    /// Where in that batch.
    pub path: Vec<Step>,
    /// Whether it is exactly the same range of memory.
    pub same: bool,
}

/// A leaf that is no array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Odd {
    /// From the root of the batch.
    pub path: Vec<Step>,
    /// Module and name of its type. Not escaped.
    pub py: String,
    /// What it is.
    pub kind: LeafKind,
    /// How Python shows it, cut short. Not escaped.
    pub repr: Option<String>,
}

/// One batch as it was handed out.
#[derive(Debug, Clone, PartialEq)]
pub struct Yielded {
    /// Which one, from 0.
    pub number: u64,
    /// Seconds that the program took for it.
    pub seconds: f64,
    /// How it is built. Shared between batches that are built alike.
    pub tree: Arc<Tree>,
    /// Leaves that are no arrays.
    pub odd: Vec<Odd>,
    /// Which of [`Capture::sites`] handed it out.
    pub site: Option<u32>,
    /// Whether the site is only that of an earlier batch.
    pub assumed: bool,
    /// Its samples before they were put together, where they differ.
    pub samples: Option<Arc<Samples>>,
}

/// Samples of one batch before they were put together.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Samples {
    /// The batch, from 0.
    pub batch: u64,
    /// How many samples.
    pub count: u64,
    /// What their arrays are like.
    #[serde(default)]
    pub groups: Vec<SampleGroup>,
    /// Keys that some of them lack.
    #[serde(default)]
    pub lost: Vec<LostKey>,
}

/// Samples whose arrays of one name are alike.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SampleGroup {
    /// Which array.
    pub path: Vec<Step>,
    /// Its dtype by name. Not escaped.
    pub dtype: String,
    /// Its shape.
    pub shape: Vec<u64>,
    /// How many samples.
    pub count: u64,
    /// The first of them, from 0 within the batch.
    pub first: u64,
}

/// A key that some samples lack.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LostKey {
    /// The key, or the way to it. Not escaped.
    #[serde(deserialize_with = "way")]
    pub key: Arc<str>,
    /// How many samples lack it.
    pub missing: u64,
    /// The first of them, from 0 within the batch.
    pub first: u64,
}

/// A program that was run for its batches: everything that is not about one batch.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Capture {
    /// What the user named: the root of its batches among the facts. Not escaped.
    pub root: Arc<str>,
    /// What was iterated.
    pub hello: Hello,
    /// How it ended; `None` where the process ended before it could say.
    pub end: Option<End>,
    /// What went wrong in the program.
    pub error: Option<Trouble>,
    /// Places in the user's source that handed out batches, by id.
    pub sites: Vec<Site>,
    /// The texts that sites point into, by id.
    pub texts: Vec<SourceText>,
    /// The second run of `--repeat 2`: key, dtype and shape of every array, batch by batch.
    pub again: Option<Again>,
    /// How the process ended, where that was not as it should.
    pub fate: Option<Fate>,
    /// The stacks that it left, line by line; safe to show.
    pub stacks: Vec<String>,
}

impl Capture {
    /// Whether the last batch that was seen is the last that there is.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.reason == Reason::Exhausted)
    }

    /// Whether somebody stopped it before it was done.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.reason == Reason::Interrupt) || self.fate == Some(Fate::Deaf)
    }

    /// The site of that id.
    #[must_use]
    pub fn site(&self, id: u32) -> Option<&Site> {
        self.sites.iter().find(|site| site.id == id)
    }

    /// The text of that id.
    #[must_use]
    pub fn text(&self, id: u32) -> Option<&SourceText> {
        self.texts.iter().find(|text| text.id == id)
    }
}

/// A second run under the same seeds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Again {
    /// The arrays of each batch.
    pub batches: Vec<Vec<Alike>>,
    /// How it ended.
    pub end: Option<End>,
}

/// What must be the same in both runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike {
    /// The key.
    pub key: Arc<str>,
    /// The dtype by name.
    pub dtype: String,
    /// The shape.
    pub shape: Vec<u64>,
}

/// What is iterated.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Hello {
    /// What the user named. Not escaped.
    pub target: String,
    /// 1 in the second run of `--repeat 2`.
    pub run: u32,
    /// `generator`, `keras.PyDataset`, ...; see the protocol.
    pub kind: String,
    /// Module and name of its type. Not escaped.
    pub class: String,
    /// What `len()` says.
    pub len: Option<u64>,
    /// Seconds that the import took.
    pub import_s: f64,
    /// The version of NumPy.
    pub numpy: Option<String>,
    /// Frameworks that were imported, with their versions.
    pub frameworks: std::collections::BTreeMap<String, String>,
    /// Samples that the helper stacked to one batch, where the items are samples.
    pub samples: Option<u64>,
    /// Worker processes that were asked for and not used.
    pub workers: Option<u64>,
    /// What the dataset says of its own elements.
    pub element_spec: Option<Vec<ElementSpec>>,
    /// Top-level lines that were not run.
    pub skipped: Option<Vec<Vec<u64>>>,
    /// What the training call and its model say.
    pub declared: Option<Declared>,
}

/// What a dataset says of one of its arrays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ElementSpec {
    /// Which array.
    pub path: Vec<Step>,
    /// Its dtype by name. Not escaped.
    pub dtype: String,
    /// Its shape; `None` for any size, and as a whole for any number of axes.
    #[serde(default)]
    pub shape: Option<Vec<Option<u64>>>,
}

/// What a training call and its model say.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Declared {
    /// Where the call stands.
    pub call: Option<CallSite>,
    /// `fit`
    pub method: String,
    /// `keras` or `torch`.
    pub framework: String,
    /// The backend of Keras.
    pub backend: Option<String>,
    /// The class of the model. Not escaped.
    pub model: Option<String>,
    /// The model's inputs.
    pub inputs: Vec<Port>,
    /// The model's outputs.
    pub outputs: Vec<Port>,
    /// The loss: a name, or one per output.
    pub loss: Option<serde_json::Value>,
    /// Steps per epoch.
    pub steps_per_epoch: Option<u64>,
    /// Epochs.
    pub epochs: Option<u64>,
    /// Rows per batch.
    pub batch_size: Option<u64>,
    /// Whether the method does not exist in this version of the framework.
    pub removed: bool,
    /// Whether arrays were given, which the framework slices itself.
    pub whole: bool,
}

/// Where a call stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct CallSite {
    /// The file as shown. Not escaped.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The function around it. Not escaped.
    pub func: String,
}

/// An input or output of a model.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Port {
    /// Its name. Not escaped.
    pub name: String,
    /// Its shape, batch axis included; `None` for any size, and as a whole where it is not known.
    #[serde(default)]
    pub shape: Option<Vec<Option<u64>>>,
    /// Its dtype by name, where it is known.
    #[serde(default)]
    pub dtype: Option<String>,
}

/// Why the batches ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the words of the protocol")]
pub enum Reason {
    Limit,
    Exhausted,
    TimeLimit,
    Exception,
    Interrupt,
    LoadFailed,
    NoData,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct End {
    /// 1 in the second run of `--repeat 2`.
    #[serde(default)]
    pub run: u32,
    /// Why.
    pub reason: Reason,
    /// Batches that were handed out.
    pub batches: u64,
    /// Seconds from the first to the last.
    #[serde(default)]
    pub wall_s: f64,
    /// What `close()` of the generator raised.
    #[serde(default)]
    pub close_error: Option<String>,
}

fn yes() -> bool {
    true
}

/// A key, or a list of them, as one.
fn way<'de, D: serde::Deserializer<'de>>(given: D) -> Result<Arc<str>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Way {
        One(Step),
        Many(Vec<Step>),
    }
    Ok(match Way::deserialize(given)? {
        Way::One(step) => key_of(&[step]).into(),
        Way::Many(steps) => key_of(&steps).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_key_may_be_a_place_or_a_way() {
        let read = |key: &str| {
            let text = format!(r#"{{"key": {key}, "missing": 1, "first": 0}}"#);
            serde_json::from_str::<LostKey>(&text).unwrap().key.to_string()
        };
        assert_eq!([read(r#""mask""#), read("2"), read(r#"["image", 0]"#)], ["mask", "2", "image.0"]);
    }

    #[test]
    fn trees_are_read_as_the_protocol_has_them() {
        let text = r#"{"t": "tuple", "py": "tuple", "kids": [[0, "leaf"], [1, {"t": "dict", "py": "dict", "kids": [["a", "leaf"]]}]]}"#;
        let Tree::Node(node) = serde_json::from_str(text).unwrap() else { panic!("a tuple is a container") };
        assert_eq!((node.kind, node.kids.len()), (Container::Tuple, 2));
        assert_eq!(node.kids[0], (Step::Index(0), Tree::Leaf(LeafMark::Leaf)));
        assert_eq!(key_of(&[Step::Index(0), Step::Key("image".into())]), "0.image");
    }
}
