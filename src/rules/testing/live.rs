//! Batches that a program handed out, from a few words.
//!
//! A batch is `(float32[8, 4], int64[8])` for a tuple, `[...]` for a list, `{image: float32[8, 4]}` for a dict,
//! `Batch(image: float32[8, 4])` for a named tuple, or a leaf. A leaf is an array with what is special about it behind its
//! shape (`readonly`, `flipped 1`, `strides 4 16`, `masked 3`, `reuse 0`, `fortran`, `torch`), or `None`, a number, `'text'`, or the name
//! of any other type.

use std::sync::Arc;

use super::{Make, World, reading, words};
use crate::facts::{Facts, asks};
use crate::source::capture::facts::{
    Again, Alike, Capture, Container, End, Hello, Leaf, LeafKind, LeafMark, LostKey, Node, Odd, Reason, Reuse,
    SampleGroup, Samples, Step, Tree, Yielded, key_of,
};
use crate::source::{ArrayFacts, Small, SourceFacts, SourceKind};

const ROOT: &str = "gen.py:batches";

impl World {
    /// Adds batches that a program handed out, which then ended by itself. Their values are not known.
    pub(crate) fn live(self, batches: &[&str]) -> Self {
        batches.iter().fold(self, |world, text| world.yielded(text, None))
    }

    /// Adds `count` batches whose values are made by a function of the batch and the flat index in C order, the same for
    /// all arrays of a batch.
    pub(crate) fn live_made(self, count: usize, text: &str, make: Make) -> Self {
        (0..count).fold(self, |world, _| world.yielded(text, Some(make)))
    }

    /// Changes what is known of the program.
    pub(crate) fn program(mut self, change: impl FnOnce(&mut Capture)) -> Self {
        let mut capture = self.facts.captures().first().cloned().unwrap_or_else(program);
        change(&mut capture);
        self.facts = Facts::new(std::mem::take(&mut self.facts).into_sources()).captured(vec![capture]);
        self
    }

    /// Says why the batches ended.
    pub(crate) fn ended(self, reason: Reason) -> Self {
        self.program(|capture| capture.end.as_mut().expect("it ended").reason = reason)
    }

    /// Says what was seen of the samples of a batch: path, array, how many and the first; keys, how many lack them and the
    /// first.
    pub(crate) fn sampled(
        mut self,
        batch: usize,
        count: u64,
        groups: &[(&str, &str, u64, u64)],
        lost: &[(&str, u64, u64)],
    ) -> Self {
        let group = |(path, text, count, first): &(&str, &str, u64, u64)| {
            let array = words::array(&format!("x: {text}"));
            SampleGroup {
                path: steps(path),
                dtype: array.header.dtype.name(),
                shape: array.header.shape.clone(),
                count: *count,
                first: *first,
            }
        };
        let lost =
            lost.iter().map(|(key, missing, first)| LostKey { key: (*key).into(), missing: *missing, first: *first });
        let samples =
            Samples { batch: batch as u64, count, groups: groups.iter().map(group).collect(), lost: lost.collect() };
        let captures = self.facts.captures().to_vec();
        let mut sources = std::mem::take(&mut self.facts).into_sources();
        let yielded = sources[batch].yielded.as_mut().expect("a live batch");
        Arc::make_mut(yielded).samples = Some(Arc::new(samples));
        self.facts = Facts::new(sources).captured(captures);
        self
    }

    /// Says what a second run handed out.
    pub(crate) fn again(self, batches: &[&str], reason: Reason) -> Self {
        let alike = |text: &&str| -> Vec<Alike> {
            let arrays = parse(text).arrays;
            let one = |array: &ArrayFacts| Alike {
                key: Arc::clone(&array.key),
                dtype: array.header.dtype.name(),
                shape: array.header.shape.clone(),
            };
            arrays.iter().map(one).collect()
        };
        let again = Again { batches: batches.iter().map(alike).collect(), end: Some(end(reason, batches.len())) };
        self.program(|capture| capture.again = Some(again))
    }

    fn yielded(mut self, text: &str, make: Option<Make>) -> Self {
        let number = self.facts.sources().len();
        let Parsed { mut arrays, odd, tree } = parse(text);
        for array in &mut arrays {
            let Some(make) = make else { continue };
            let declared = self.spec.arrays.iter().find(|declared| *declared.name == *array.key);
            let asks = asks::asks(declared, &array.header);
            let elements = usize::try_from(array.header.elements()).expect("a small array");
            let bytes: Vec<u8> =
                (0..elements).flat_map(|i| super::bytes(&array.header.dtype, make(number, i))).collect();
            array.reading = Some(Arc::new(reading(&array.header, &bytes, &asks)));
        }
        let yielded = Yielded {
            number: number as u64,
            seconds: 0.01,
            tree: Arc::new(tree),
            odd,
            site: None,
            assumed: false,
            samples: None,
        };
        let source = SourceFacts {
            path: format!("{ROOT} batch {number}").into(),
            root: ROOT.into(),
            kind: SourceKind::Live,
            size: arrays.iter().map(|array| array.header.bytes()).sum(),
            arrays,
            faults: Vec::new(),
            yielded: Some(Arc::new(yielded)),
            small: Small::default(),
        };
        let captures = self.facts.captures().to_vec();
        let mut sources = std::mem::take(&mut self.facts).into_sources();
        sources.push(source);
        self.facts = Facts::new(sources).captured(captures);
        self.program(|capture| {
            capture.end.as_mut().expect("it ended").batches += 1;
        })
    }
}

fn program() -> Capture {
    let hello =
        Hello { target: ROOT.into(), kind: "generator".into(), class: "builtins.generator".into(), ..Hello::default() };
    Capture { root: ROOT.into(), hello, end: Some(end(Reason::Exhausted, 0)), ..Capture::default() }
}

fn end(reason: Reason, batches: usize) -> End {
    End { run: 0, reason, batches: batches as u64, wall_s: 0.1, close_error: None }
}

fn steps(path: &str) -> Vec<Step> {
    let step = |part: &str| part.parse().map_or_else(|_| Step::Key(part.into()), Step::Index);
    path.split('.').filter(|part| !part.is_empty()).map(step).collect()
}

struct Parsed {
    arrays: Vec<ArrayFacts>,
    odd: Vec<Odd>,
    tree: Tree,
}

/// A batch as it stands in the text.
fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed { arrays: Vec::new(), odd: Vec::new(), tree: Tree::Leaf(LeafMark::Leaf) };
    parsed.tree = tree(text.trim(), &mut Vec::new(), &mut parsed);
    parsed
}

fn tree(text: &str, path: &mut Vec<Step>, parsed: &mut Parsed) -> Tree {
    let open = text.find(['(', '[', '{']).filter(|_| text.ends_with([')', ']', '}']));
    let container = open.and_then(|open| match &text[open..=open] {
        "(" if open == 0 => Some((Container::Tuple, "tuple")),
        "(" => Some((Container::Namedtuple, &text[..open])),
        "[" if open == 0 => Some((Container::List, "list")),
        "{" if open == 0 => Some((Container::Dict, "dict")),
        _ => None,
    });
    let (Some((kind, py)), Some(open)) = (container, open) else {
        leaf(text, path, parsed);
        return Tree::Leaf(LeafMark::Leaf);
    };
    let named = matches!(kind, Container::Dict | Container::Namedtuple);
    let kids = parts(&text[open + 1..text.len() - 1]).into_iter().enumerate().map(|(place, part)| {
        let (step, part) = match part.split_once(": ").filter(|_| named) {
            Some((name, part)) => (Step::Key(name.into()), part),
            None => (Step::Index(place as u64), part),
        };
        path.push(step.clone());
        let kid = tree(part, path, parsed);
        path.pop();
        (step, kid)
    });
    Tree::Node(Node { kind, py: py.into(), kids: kids.collect() })
}

/// The parts between the commas that stand in no brackets.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts.into_iter().filter(|part| !part.is_empty()).collect()
}

fn leaf(text: &str, path: &[Step], parsed: &mut Parsed) {
    let Some((_, flags)) = text.rsplit_once(']') else {
        let (kind, py) = match text {
            "None" => (LeafKind::None, "builtins.NoneType"),
            _ if text.starts_with('\'') => (LeafKind::Text, "builtins.str"),
            _ if text.parse::<u64>().is_ok() => (LeafKind::Scalar, "builtins.int"),
            _ if text.parse::<f64>().is_ok() => (LeafKind::Scalar, "builtins.float"),
            _ => (LeafKind::Other, text),
        };
        parsed.odd.push(Odd { path: path.to_vec(), py: py.into(), kind, repr: Some(text.into()) });
        return;
    };
    let mut array = words::array(&format!("{}: {}", key_of(path), &text[..=text.rfind(']').expect("just seen")]));
    array.member = None;
    array.key = key_of(path).into();
    let header = Arc::clone(&array.header);
    let mut strides: Vec<i64> = Vec::new();
    let mut step = i64::try_from(header.dtype.size).expect("a small element");
    for size in header.shape.iter().rev() {
        strides.insert(0, step);
        step *= i64::try_from(*size).expect("a small array");
    }
    let mut leaf = Leaf {
        path: path.to_vec(),
        py: "numpy.ndarray".into(),
        via: "numpy".into(),
        strides,
        c: true,
        f: false,
        writeable: true,
        aligned: true,
        device: None,
        masked: None,
        reuse: None,
        descr: String::new(),
    };
    let mut words = flags.split_whitespace();
    let number = |word: Option<&str>| word.and_then(|word| word.parse::<u64>().ok()).expect("a number");
    while let Some(word) = words.next() {
        match word {
            "readonly" => leaf.writeable = false,
            "fortran" => {
                (leaf.c, leaf.f) = (false, true);
                let mut step = i64::try_from(header.dtype.size).expect("a small element");
                for (stride, size) in leaf.strides.iter_mut().zip(&header.shape) {
                    *stride = step;
                    step *= i64::try_from(*size).expect("a small array");
                }
            }
            "strides" => {
                leaf.c = false;
                for stride in &mut leaf.strides {
                    *stride = words.next().and_then(|word| word.parse().ok()).expect("a stride per axis");
                }
            }
            "torch" => (leaf.py, leaf.via) = ("torch.Tensor".into(), "torch".into()),
            "masked" => {
                leaf.masked = Some(number(words.next()));
                leaf.py = "numpy.ma.MaskedArray".into();
            }
            "reuse" => {
                leaf.reuse = Some(Reuse { batch: number(words.next()), path: path.to_vec(), same: true });
            }
            "flipped" => {
                let axis = usize::try_from(number(words.next())).expect("an axis");
                leaf.strides[axis] = -leaf.strides[axis];
                leaf.c = false;
            }
            other => panic!("nothing is called `{other}`"),
        }
    }
    array.leaf = Some(Arc::new(leaf));
    parsed.arrays.push(array);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Framework;

    #[test]
    fn a_live_batch_is_what_was_written() {
        let parsed =
            parse("(Pair(a: float32[8, 4] readonly, b: int64[8] flipped 0), {m: float32[8] masked 3}, None, [1, 'a'])");
        let keys: Vec<&str> = parsed.arrays.iter().map(|array| &*array.key).collect();
        assert_eq!(keys, ["0.a", "0.b", "1.m"]);
        let leaf = |index: usize| parsed.arrays[index].leaf.as_deref().unwrap();
        assert!(!leaf(0).writeable);
        assert_eq!((leaf(0).strides.as_slice(), leaf(1).strides.as_slice()), (&[16, 4][..], &[-8][..]));
        assert_eq!(leaf(2).masked, Some(3));
        let odd: Vec<LeafKind> = parsed.odd.iter().map(|odd| odd.kind).collect();
        assert_eq!(odd, [LeafKind::None, LeafKind::Scalar, LeafKind::Text]);
        let Tree::Node(node) = parsed.tree else { panic!("a tuple") };
        assert_eq!((node.kind, node.kids.len()), (Container::Tuple, 4));
    }

    #[test]
    fn the_program_is_known_to_the_stream() {
        let world = World::new(Framework::Keras).live(&["(float32[8, 4], int64[8])", "None"]).ended(Reason::Limit);
        let stream = world.stream();
        assert_eq!(stream.batches.len(), 2, "a batch without an array is one");
        assert_eq!(stream.capture.unwrap().end.as_ref().unwrap().batches, 2);
        assert!(!stream.is_whole() && stream.is_live());
        let names: Vec<&str> = stream.columns.iter().map(|column| &*column.name).collect();
        assert_eq!(names, ["element 0", "element 1"]);
    }
}
