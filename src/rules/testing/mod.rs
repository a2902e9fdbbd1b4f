//! Small worlds for the tests of rules: a spec and a few batches from literals, without files and without a parser.
//!
//! ```ignore
//! let world = World::new(Framework::Keras)
//!     .input("image", "float32", "batch, 32, 32, 3")
//!     .target("label", "int64 | int32", "batch")
//!     .batches(4, &["image: float64[32, 32, 32, 3]", "label: int64[32]"]);
//! assert_eq!(world.messages(&RULE), ["input `image` is float64, the model takes float32"]);
//! ```
//!
//! Each declaration is also written as text, so that [`World::anchored`] can show the words that a finding points to.

mod live;
mod owners;
mod words;

use std::ops::Range;
use std::sync::Arc;

use super::{ArrayCx, BatchCx, CaptureCx, Findings, Judge, Looked, Rule, SetsCx, SourceCx, SpecCx, StreamCx, ValuesCx};
use crate::diagnostic::{Anchor, Finding};
use crate::facts::{Facts, Stream, asks, assemble, group, sets};
use crate::source::{ArrayFacts, Header, Reading, Small, SourceFacts, SourceKind};
use crate::spec::dtype::{ByteOrder, Dtype, Kind, MlType};
use crate::spec::{At, Declaration, Declared, Framework, Pick, Role, Spec, Text, Values};
use crate::values::{Ask, Pass, Wants};
pub(crate) use words::{array, dtypes, shape};

/// Makes the value of a batch at a flat index in C order.
pub(crate) type Make = fn(usize, usize) -> f64;

/// Values that vary and do not repeat.
pub(crate) fn noise(batch: usize, i: usize) -> f64 {
    let mixed = (batch * 1_000_003 + i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    (mixed % 1_000_003) as f64
}

/// A spec and the files that are checked against it.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) spec: Spec,
    pub(crate) facts: Facts,
    written: String,
}

impl World {
    /// A spec that names its consumer and nothing else.
    pub(crate) fn new(framework: Framework) -> Self {
        let mut world = Self::default();
        let at = world.write("framework = \"", framework.name(), "\"\n");
        world.spec.framework = Some(Declared { value: framework, at });
        world
    }

    /// No spec at all.
    pub(crate) fn unspecified() -> Self {
        Self::default()
    }

    /// Declares an input. `dtype` as [`dtypes`] reads it, `shape` as [`shape`] does; empty declares none.
    pub(crate) fn input(self, name: &str, dtype: &str, shape: &str) -> Self {
        self.declare(Role::Input, name, dtype, shape)
    }

    /// Declares a target.
    pub(crate) fn target(self, name: &str, dtype: &str, shape: &str) -> Self {
        self.declare(Role::Target, name, dtype, shape)
    }

    /// Declares a sample weight.
    pub(crate) fn weight(self, name: &str, dtype: &str, shape: &str) -> Self {
        self.declare(Role::Weight, name, dtype, shape)
    }

    /// Changes the last declaration.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Declaration)) -> Self {
        change(self.spec.arrays.last_mut().expect("something is declared"));
        self
    }

    /// Limits the values of the last declaration.
    pub(crate) fn limits(self, min: impl Into<Option<f64>>, max: impl Into<Option<f64>>) -> Self {
        let (min, max) = (min.into(), max.into());
        self.with(|declared| {
            let value = Values { min, max, within: None, finite: None, nonzero: false, sum: None };
            declared.values = Some(Declared { value, at: declared.at.clone() });
        })
    }

    /// Changes the limits on the values of the last declaration.
    pub(crate) fn limited(self, change: impl FnOnce(&mut Values)) -> Self {
        self.limits(None, None).with(|declared| {
            change(&mut declared.values.as_mut().expect("just set").value);
        })
    }

    /// Changes the spec.
    pub(crate) fn spec(mut self, change: impl FnOnce(&mut Spec)) -> Self {
        change(&mut self.spec);
        self
    }

    /// Adds one archive, as [`World::batches`] does.
    pub(crate) fn batch(self, arrays: &[&str]) -> Self {
        self.batches(1, arrays)
    }

    /// Adds `count` archives `dump/batch_000.npz`, `001`, ..., each with the arrays `key: dtype[shape]`, with `fortran`
    /// behind it for Fortran order. Dtypes are names or descriptors; see [`dtype`].
    pub(crate) fn batches(mut self, count: usize, arrays: &[&str]) -> Self {
        let arrays: Vec<ArrayFacts> = arrays.iter().map(|text| array(text)).collect();
        let from = self.facts.sources().len();
        let sources = (from..from + count).map(|number| SourceFacts {
            path: format!("dump/batch_{number:03}.npz").into(),
            root: "dump".into(),
            kind: SourceKind::Npz,
            size: arrays.iter().map(|array| array.header.bytes()).sum(),
            arrays: arrays.clone(),
            faults: Vec::new(),
            yielded: None,
            small: Small::default(),
        });
        self.facts = std::mem::take(&mut self.facts).merge(Facts::new(sources.collect()));
        self
    }

    /// Adds one archive whose values are known: each array as [`array`] reads it, and its values in C order, which are
    /// repeated until the array is full.
    pub(crate) fn values(self, arrays: &[(&str, &[f64])]) -> Self {
        let arrays: Vec<_> = arrays.iter().map(|(text, values)| (*text, values.to_vec())).collect();
        self.known(&arrays)
    }

    /// Adds `count` archives whose values are made by a function of the batch and the flat index in C order.
    pub(crate) fn made(mut self, count: usize, arrays: &[(&str, Make)]) -> Self {
        for _ in 0..count {
            let batch = self.facts.sources().len();
            let arrays: Vec<_> = arrays
                .iter()
                .map(|(text, make)| {
                    let elements = usize::try_from(array(text).header.elements()).expect("a small array");
                    (*text, (0..elements).map(|i| make(batch, i)).collect())
                })
                .collect();
            self = self.known(&arrays);
        }
        self
    }

    fn known(self, arrays: &[(&str, Vec<f64>)]) -> Self {
        let raw = |(text, values): &(&str, Vec<f64>)| {
            let array = array(text);
            let elements = usize::try_from(array.header.elements()).expect("a small array");
            let values = values.iter().cycle().take(elements);
            let bytes = values.flat_map(|value| bytes(&array.header.dtype, *value)).collect();
            (array, bytes)
        };
        self.raw(arrays.iter().map(raw).collect())
    }

    /// Adds one archive with one array of `<U` or `|S`, its texts in C order, repeated until it is full.
    pub(crate) fn texts(self, text: &str, texts: &[&str]) -> Self {
        let array = array(text);
        let size = usize::try_from(array.header.dtype.size).expect("a short text");
        let element = |text: &&str| -> Vec<u8> {
            let mut bytes: Vec<u8> = match array.header.dtype.kind {
                Kind::Text => text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(),
                _ => text.as_bytes().to_vec(),
            };
            bytes.resize(size, 0);
            bytes
        };
        let elements = usize::try_from(array.header.elements()).expect("a small array");
        let bytes = texts.iter().cycle().take(elements).flat_map(element).collect();
        self.raw(vec![(array, bytes)])
    }

    /// Adds one archive with the arrays and the bytes of their data.
    pub(crate) fn raw(mut self, arrays: Vec<(ArrayFacts, Vec<u8>)>) -> Self {
        let read = |(mut array, bytes): (ArrayFacts, Vec<u8>)| {
            let declared = self.spec.arrays.iter().find(|declared| *declared.name == *array.key);
            let asks = asks::asks(declared, &array.header);
            array.reading = Some(Arc::new(reading(&array.header, &bytes, &asks)));
            array
        };
        let arrays: Vec<ArrayFacts> = arrays.into_iter().map(read).collect();
        let number = self.facts.sources().len();
        let source = SourceFacts {
            path: format!("dump/batch_{number:03}.npz").into(),
            root: "dump".into(),
            kind: SourceKind::Npz,
            size: arrays.iter().map(|array| array.header.bytes()).sum(),
            arrays,
            faults: Vec::new(),
            yielded: None,
            small: Small::default(),
        };
        self.facts = std::mem::take(&mut self.facts).merge(Facts::new(vec![source]));
        self
    }

    /// What the rule finds.
    pub(crate) fn judge(&self, rule: &Rule) -> Vec<Finding> {
        self.run(rule).0
    }

    /// The messages of what the rule finds.
    pub(crate) fn messages(&self, rule: &Rule) -> Vec<String> {
        self.judge(rule).into_iter().map(|finding| finding.message).collect()
    }

    /// What became of each check of the rule, in order.
    pub(crate) fn looked(&self, rule: &Rule) -> Vec<Looked> {
        self.run(rule).1
    }

    /// The words of the spec that the finding points to.
    pub(crate) fn anchored(&self, finding: &Finding) -> &str {
        match &finding.anchor {
            Anchor::Spec(At::Text(span)) => &self.written[span.clone()],
            other => panic!("the finding points to {other:?}"),
        }
    }

    /// The batches as rules see them.
    pub(crate) fn stream(&self) -> Stream<'_> {
        let mut streams = assemble(&self.facts, &self.spec);
        assert_eq!(streams.len(), 1, "the batches are in one folder");
        streams.remove(0)
    }

    fn run(&self, rule: &Rule) -> (Vec<Finding>, Vec<Looked>) {
        let (spec, stream) = (&self.spec, &self.stream());
        let mut out = Findings::default();
        let mut looked = Vec::new();
        match rule.judge {
            Judge::Spec(judge) => looked.push(judge(&SpecCx { spec }, &mut out)),
            Judge::Stream(judge) => looked.push(judge(&StreamCx { spec, stream }, &mut out)),
            Judge::Capture(judge) => {
                for capture in self.facts.captures() {
                    let batches = self.facts.sources().len() as u64;
                    looked.push(judge(&CaptureCx { spec: &self.spec, capture, batches }, &mut out));
                }
            }
            Judge::Sets(judge) => {
                for (first, second) in sets::pairs(std::slice::from_ref(stream), spec, |_| false) {
                    looked.push(judge(&SetsCx { spec, first: &first, second: &second }, &mut out));
                }
            }
            Judge::Source(judge) => {
                let sources = self.facts.sources();
                for source in sources {
                    looked.push(judge(&SourceCx { spec, source, of: sources.len() as u64 }, &mut out));
                }
            }
            Judge::Array(judge) => {
                for column in &stream.columns {
                    for cells in group::by_header(column) {
                        let cx = ArrayCx {
                            spec,
                            stream,
                            declared: column.declared.map(|index| &spec.arrays[index]),
                            name: &column.name,
                            header: cells[0].header(),
                            cells: &cells,
                            of: column.cells.len() as u64,
                        };
                        looked.push(judge(&cx, &mut out));
                    }
                }
            }
            Judge::Values(judge) => {
                for column in &stream.columns {
                    let cells: Vec<_> =
                        column.cells.iter().filter_map(|cell| Some((*cell, cell.array.values()?))).collect();
                    let cx = ValuesCx {
                        spec,
                        stream,
                        declared: column.declared.map(|index| &spec.arrays[index]),
                        name: &column.name,
                        cells: &cells,
                        of: column.cells.len() as u64,
                    };
                    if !cells.is_empty() {
                        looked.push(judge(&cx, &mut out));
                    }
                }
            }
            Judge::Batch(judge) => {
                for alike in group::alike(stream) {
                    let cx = BatchCx { spec, stream, arrays: &alike.arrays, batches: &alike.batches };
                    looked.push(judge(&cx, &mut out));
                }
            }
            Judge::Verdict => panic!("`{}` is made by the pipeline", rule.id),
        }
        (out.take(), looked)
    }

    fn declare(mut self, role: Role, name: &str, dtype: &str, shape_text: &str) -> Self {
        let at = self.write("[", &format!("{}s.{name}", role.name()), "]\n");
        let dtype = (!dtype.is_empty())
            .then(|| Declared { value: dtypes(dtype), at: self.write("dtype = ", &format!("\"{dtype}\""), "\n") });
        let shape = (!shape_text.is_empty()).then(|| Declared {
            value: shape(shape_text),
            at: self.write("shape = ", &format!("[{shape_text}]"), "\n"),
        });
        self.spec.arrays.push(Declaration {
            role,
            name: name.into(),
            at,
            dtype,
            shape,
            axes: None,
            values: None,
            encoding: None,
            classes: None,
            ignore: None,
            pick: Pick::default(),
            optional: false,
            advisory: false,
            allows: Vec::new(),
        });
        self
    }

    fn write(&mut self, before: &str, value: &str, after: &str) -> At {
        let start = self.written.len() + before.len();
        self.written.extend([before, value, after]);
        self.spec.text = Some(Text { name: "batchlint.toml".into(), body: self.written.as_str().into() });
        At::Text(Range { start, end: start + value.len() })
    }
}

/// What the pass says of these bytes.
fn reading(header: &Header, bytes: &[u8], asks: &[Ask]) -> Reading {
    let mut pass = match Pass::new(header.layout(), Wants::EVERYTHING, asks) {
        Ok(pass) => pass,
        Err(why) => return Reading::Unread(why),
    };
    assert!(!header.fortran, "values are given in C order");
    pass.feed(bytes);
    pass.finish().map_or_else(Reading::Unread, |facts| Reading::Read(Box::new(facts)))
}

/// A value as it stands in a file.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a test says what it means")]
fn bytes(dtype: &Dtype, value: f64) -> Vec<u8> {
    let mut bytes = match (&dtype.kind, dtype.size) {
        (Kind::Bool, _) => vec![value as u8],
        (Kind::Int, 8) => (value as i64).to_le_bytes().to_vec(),
        (Kind::Uint, 8) => (value as u64).to_le_bytes().to_vec(),
        (Kind::Int, size) => (value as i64).to_le_bytes()[..size as usize].to_vec(),
        (Kind::Uint, size) => (value as u64).to_le_bytes()[..size as usize].to_vec(),
        (Kind::Float, 2) => half::f16::from_f64(value).to_le_bytes().to_vec(),
        (Kind::Float, 4) => (value as f32).to_le_bytes().to_vec(),
        (Kind::Float, 8) => value.to_le_bytes().to_vec(),
        (Kind::Ml(MlType::Bfloat16) | Kind::UnnamedMl, 2) => half::bf16::from_f64(value).to_le_bytes().to_vec(),
        (_, size) => vec![value as u8; size as usize],
    };
    if dtype.order == ByteOrder::Big {
        bytes.reverse();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::SizeRule;

    #[test]
    fn a_world_is_what_was_written() {
        let world = World::new(Framework::Keras)
            .input("image", "float32", "batch, 2*T-1, 1 | C, *")
            .target("label", "int64 | int32", "batch")
            .batches(2, &["image: >f8[4, 9, 3, 1] fortran", "extra: <M8[s][4]"])
            .batch(&["image: float64[3, 9, 3, 1]", "label: int64[3]"]);
        let stream = world.stream();
        let columns: Vec<_> = stream.columns.iter().map(|column| (&*column.name, column.cells.len())).collect();
        assert_eq!(columns, [("image", 3), ("label", 1), ("extra", 2)]);
        let rows: Vec<_> = stream.batches.iter().map(|batch| batch.rows).collect();
        assert_eq!(rows, [Some(4), Some(4), Some(3)]);
        let header = stream.columns[0].cells[0].header();
        assert_eq!((header.dtype.to_string().as_str(), header.fortran), ("big-endian float64", true));
        let declared = &world.spec.arrays[0];
        assert_eq!(declared.shape.as_ref().map(|shape| shape.value.to_string()).unwrap(), "[batch, 2*T-1, 1 | C, *]");
        assert_eq!(world.spec.arrays[1].dtype.as_ref().unwrap().value.to_string(), "int64 or int32");
    }

    #[test]
    fn the_rest_of_a_spec_is_set_by_hand() {
        let world = World::new(Framework::Torch)
            .weight("w", "floating", "batch")
            .with(|declared| declared.optional = true)
            .spec(|spec| spec.plan.size = Some(Declared { value: SizeRule::exactly(8), at: At::Flag("--batch-size") }));
        assert!(world.spec.arrays[0].optional && world.spec.plan.size.is_some());
        assert!(World::unspecified().spec.framework.is_none());
    }

    #[test]
    fn arrays_with_one_header_are_judged_once() {
        fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
            let at = cx.declared.and_then(|declared| declared.dtype.as_ref()).map(|dtype| &dtype.at);
            out.push(cx.finding(at, cx.header.shape_text(), "", ""));
            Looked::Yes
        }
        let rule = Rule {
            id: "test",
            group: super::super::Group::Dtype,
            level: crate::diagnostic::Level::Error,
            finds: "",
            needs: super::super::Needs::HEADERS,
            page: "",
            judge: Judge::Array(judge),
        };
        let world = World::new(Framework::Any)
            .input("x", "float32", "batch")
            .batches(2, &["x: float32[4]"])
            .batch(&["x: float32[3]"]);
        let found = world.judge(&rule);
        assert_eq!(world.messages(&rule), ["[4]", "[3]"]);
        assert_eq!((found[0].count, found[0].of, found[1].count), (2, 3, 1));
        assert_eq!(world.anchored(&found[0]), "\"float32\"");
        assert_eq!(world.looked(&rule), [Looked::Yes, Looked::Yes]);
    }
}
