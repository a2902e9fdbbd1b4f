//! Small programs for tests: a source text, what hands batches out, and a few batches, from literals and without Python.
//!
//! ```ignore
//! let facts = Program::new("train.py", "x = np.zeros(4)\nyield x\n")
//!     .site("yield", "exact", "x\n")
//!     .element(&[0], "x\n", true)
//!     .made("np.zeros(4)", true, "float64")
//!     .batches(2, &["0: float64[4]"])
//!     .facts();
//! ```
//!
//! Places are given by their words, which must stand in the text once.

use std::sync::Arc;

use super::Facts;
use crate::source::capture::facts::{Container, End, LeafMark, Node, Reason, Step, Tree};
use crate::source::capture::places::{Became, Element, Made, Site, SourceText, Span};
use crate::source::{ArrayFacts, Capture, Header, Leaf, Location, Reading, Small, SourceFacts, SourceKind, Yielded};
use crate::spec::dtype::{Dtype, Kind};
use crate::values::compare;

/// A program that was run.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) capture: Capture,
    sources: Vec<SourceFacts>,
    /// The text that places are looked for in.
    current: u32,
}

impl Program {
    /// A program with that source. Its root is `train.py:batches`.
    pub(crate) fn new(file: &str, text: &str) -> Self {
        let mut program = Self::default();
        program.capture.root = "train.py:batches".into();
        program.capture.end = Some(End { run: 0, reason: Reason::Limit, batches: 0, wall_s: 0.0, close_error: None });
        program.text(file, text)
    }

    /// Adds a source; from here on places are looked for in it.
    pub(crate) fn text(mut self, file: &str, text: &str) -> Self {
        self.current = u32::try_from(self.capture.texts.len()).expect("few texts");
        self.capture.texts.push(SourceText {
            id: self.current,
            file: file.into(),
            path: format!("/home/user/{file}"),
            sha256: None,
            encoding: "utf-8".into(),
            on_disk: true,
            text: text.into(),
        });
        self
    }

    /// Goes back to an earlier source.
    pub(crate) fn within(mut self, source: u32) -> Self {
        self.current = source;
        self
    }

    /// Adds a place that hands batches out; the batches after it come from there.
    pub(crate) fn site(mut self, kind: &str, how: &str, words: &str) -> Self {
        let id = u32::try_from(self.capture.sites.len()).expect("few sites");
        let span = self.span(words);
        let source = Some(self.current);
        let (kind, how) = (kind.into(), how.into());
        let span_if = Some(span).filter(|_| how != "line");
        let site = Site { id, source, kind, how, line: span.0, span: span_if, ..Site::default() };
        self.capture.sites.push(site);
        self
    }

    /// Changes the last site.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Site)) -> Self {
        change(self.last_site());
        self
    }

    /// Adds an array of the last site.
    pub(crate) fn element(mut self, path: &[u64], words: &str, exact: bool) -> Self {
        let (source, span) = (Some(self.current), Some(self.span(words)));
        let path = path.iter().map(|step| Step::Index(*step)).collect();
        self.last_site().elements.push(Element { path, source, span, exact, ..Element::default() });
        self
    }

    /// Says where the last array came to be. An empty dtype is not known.
    pub(crate) fn made(mut self, words: &str, certain: bool, dtype: &str) -> Self {
        let (source, span) = (Some(self.current), Some(self.span(words)));
        let dtype = Some(dtype.to_owned()).filter(|dtype| !dtype.is_empty());
        self.last_element().made.push(Made { source, span, why: "traced".into(), certain, dtype });
        self
    }

    /// Says what changed the dtype of the last array.
    pub(crate) fn became(mut self, words: &str, from: &str, to: &str) -> Self {
        let (source, span) = (Some(self.current), Some(self.span(words)));
        self.last_element().became.push(Became { source, span, from: from.into(), to: to.into() });
        self
    }

    /// Adds `count` batches from the last site, a tuple of the arrays `0: float64[4, 3]`. Nobody looked at their values.
    pub(crate) fn batches(mut self, count: usize, arrays: &[&str]) -> Self {
        for _ in 0..count {
            let arrays = arrays.iter().map(|text| array(text, None)).collect();
            self.push(arrays);
        }
        self
    }

    /// Adds one batch whose values are known; they are repeated until the array is full. Every row is hashed, as what it
    /// is or (`0: float64 as float32[4]`) as what a cast makes of it.
    pub(crate) fn batch(mut self, arrays: &[(&str, &[f64])]) -> Self {
        let arrays = arrays.iter().map(|(text, values)| array(text, Some(values))).collect();
        self.push(arrays);
        self
    }

    /// Changes the last batch.
    pub(crate) fn yielded(mut self, change: impl FnOnce(&mut Yielded)) -> Self {
        let source = self.sources.last_mut().expect("there is a batch");
        change(Arc::make_mut(source.yielded.as_mut().expect("it was yielded")));
        self
    }

    /// What was seen of it.
    pub(crate) fn facts(self) -> Facts {
        Facts::new(self.sources).captured(vec![self.capture])
    }

    /// Where the words stand in the current text.
    pub(crate) fn span(&self, words: &str) -> Span {
        let text = &self.capture.texts[self.current as usize].text;
        let at = text.find(words).unwrap_or_else(|| panic!("`{words}` stands in the text"));
        assert_eq!(text.rfind(words), Some(at), "`{words}` stands there once");
        let place = |at: usize| {
            let line = text[..at].matches('\n').count() as u64 + 1;
            let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
            (line, (at - start) as u64)
        };
        let (start, end) = (place(at), place(at + words.trim_end_matches('\n').len()));
        Span(start.0, start.1, end.0, end.1)
    }

    fn push(&mut self, arrays: Vec<ArrayFacts>) {
        let number = self.sources.len() as u64;
        let kid = |array: &ArrayFacts| {
            let path = &array.leaf.as_ref().expect("it is live").path;
            (path.last().cloned().expect("no bare array"), Tree::Leaf(LeafMark::Leaf))
        };
        let kids = arrays.iter().map(kid).collect();
        let tree = Arc::new(Tree::Node(Node { kind: Container::Tuple, py: "tuple".into(), kids }));
        let site = self.capture.sites.last().map(|site| site.id);
        let yielded = Yielded { number, seconds: 0.0, tree, odd: Vec::new(), site, assumed: false, samples: None };
        self.sources.push(SourceFacts {
            path: format!("{} batch {number}", self.capture.root).into(),
            root: Arc::clone(&self.capture.root),
            kind: SourceKind::Live,
            size: 0,
            arrays,
            faults: Vec::new(),
            yielded: Some(Arc::new(yielded)),
            small: Small::default(),
        });
    }

    fn last_site(&mut self) -> &mut Site {
        self.capture.sites.last_mut().expect("there is a site")
    }

    fn last_element(&mut self) -> &mut Element {
        self.last_site().elements.last_mut().expect("there is an element")
    }
}

/// An array from `0: float64[4, 3]`.
fn array(text: &str, values: Option<&[f64]>) -> ArrayFacts {
    let (key, rest) = text.split_once(": ").expect("a key and a type");
    let (name, sizes) = rest.trim_end_matches(']').split_once('[').expect("a type and a shape");
    let shape = sizes.split(", ").filter(|size| !size.is_empty()).map(|size| size.parse().expect("a size")).collect();
    let (name, to) = name.split_once(" as ").map_or((name, None), |(name, to)| (name, Dtype::from_name(to)));
    let header = Header { dtype: Dtype::from_name(name).expect("a type"), shape, fortran: false };
    let step = |step: &str| step.parse().map_or_else(|_| Step::Key(step.into()), Step::Index);
    let leaf = Leaf {
        path: key.split('.').map(step).collect(),
        py: "numpy.ndarray".into(),
        via: "numpy".into(),
        strides: Vec::new(),
        c: true,
        f: false,
        writeable: true,
        aligned: true,
        device: None,
        masked: None,
        reuse: None,
        descr: String::new(),
    };
    let reading = values.map(|values| Arc::new(read(&header, values, to.as_ref())));
    ArrayFacts {
        key: key.into(),
        member: None,
        ordinal: 0,
        header: Arc::new(header),
        reading,
        location: Location::default(),
        leaf: Some(Arc::new(leaf)),
    }
}

fn read(header: &Header, values: &[f64], to: Option<&Dtype>) -> Reading {
    let elements = usize::try_from(header.elements()).expect("a small array");
    let values = values.iter().cycle().take(elements);
    let bytes: Vec<u8> = values.flat_map(|value| bytes(&header.dtype, *value)).collect();
    Reading::Read(Box::new(compare::rows(&header.layout(), to, &bytes).expect("a plain type")))
}

/// A value as it stands in memory.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a test says what it means")]
fn bytes(dtype: &Dtype, value: f64) -> Vec<u8> {
    match (&dtype.kind, dtype.size) {
        (Kind::Float, 4) => (value as f32).to_le_bytes().to_vec(),
        (Kind::Float, 8) => value.to_le_bytes().to_vec(),
        (Kind::Int, 8) => (value as i64).to_le_bytes().to_vec(),
        (Kind::Int | Kind::Uint | Kind::Bool, 1) => vec![value as i64 as u8],
        other => panic!("no bytes of {other:?}"),
    }
}
