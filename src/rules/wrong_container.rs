//! Batches in a container that the trainer does not take.

use super::container::{called, described, told};
use super::context::{batch_place, batch_unit};
use super::{Findings, Group, Judge, Looked, Needs, Rule, StreamCx, container};
use crate::diagnostic::{Anchor, Finding, Fix, Level};
use crate::source::Yielded;
use crate::source::capture::facts::{Container, LeafKind, LeafMark, Node, Step, Tree};
use crate::spec::Framework;

pub(super) static RULE: Rule = Rule {
    id: "wrong-container",
    group: Group::Structure,
    level: Level::Error,
    finds: "a list, a dict, a bare array or None where the trainer takes a tuple, and lists of samples",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/wrong-container.md"),
    judge: Judge::Stream(judge),
};

/// Parts of a batch at most: inputs, targets, weights.
const PARTS: usize = 3;
/// What Keras says when a generator yields anything but a tuple.
const NO_TUPLE: &str = "keras stops: `When passing a Python generator to a Keras model, the generator must return a tuple, \
                        either (input,) or (inputs, targets) or (inputs, targets, sample_weights).`";

fn judge(cx: &StreamCx<'_>, out: &mut Findings) -> Looked {
    let Some(capture) = cx.stream.capture.filter(|_| !cx.stream.batches.is_empty()) else { return Looked::No };
    let keras = cx.spec.framework() == Framework::Keras;
    let consumer = match &*capture.hello.kind {
        _ if !keras => Consumer::Any,
        "generator" => Consumer::Generator,
        "keras.PyDataset" => Consumer::PyDataset,
        "iterator" | "iterable" | "async generator" => {
            out.push(no_generator(cx, &capture.hello.kind, &capture.hello.class));
            Consumer::Any
        }
        _ => Consumer::Any,
    };
    let backend = capture.hello.declared.as_ref().and_then(|declared| declared.backend.as_deref());
    let tensorflow = backend.is_none_or(|backend| backend == "tensorflow");
    let mut wrong: Vec<(Wrong, Vec<usize>)> = Vec::new();
    for (index, batch) in cx.stream.batches.iter().enumerate() {
        let Some(yielded) = &batch.yielded else { continue };
        if let Some(fault) = consumer.refuses(yielded, tensorflow) {
            match wrong.iter_mut().find(|(known, _)| *known == fault) {
                Some((_, batches)) => batches.push(index),
                None => wrong.push((fault, vec![index])),
            }
        }
    }
    for (fault, batches) in wrong {
        let places = batches.iter().map(|index| batch_place(cx.stream, *index)).collect();
        let finding = Finding::new(Anchor::Data, "", fault.message, expected(consumer), fault.found)
            .counted(places, batches.len() as u64, cx.stream.batches.len() as u64, batch_unit(cx.spec))
            .cause(fault.cause)
            .consequence(fault.consequence)
            .help(fault.help);
        out.push(match fault.fix {
            Some(python) => finding.fix(Fix {
                proof: "not run here; another container changes no value".into(),
                ..Fix::unverified(python)
            }),
            None => finding,
        });
    }
    Looked::Yes
}

/// Who takes the batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Consumer {
    /// Keras, from a Python generator.
    Generator,
    /// Keras, from a `PyDataset`.
    PyDataset,
    /// Somebody who takes any container.
    Any,
}

/// What is wrong with a batch. Equal for batches with the same fault.
#[derive(Debug, PartialEq, Eq)]
struct Wrong {
    message: &'static str,
    found: String,
    cause: &'static str,
    consequence: String,
    help: String,
    fix: Option<&'static str>,
}

impl Consumer {
    /// What is wrong with the batch, if the consumer refuses it.
    fn refuses(self, yielded: &Yielded, tensorflow: bool) -> Option<Wrong> {
        let nothing =
            matches!(&*yielded.tree, Tree::Leaf(_)) && yielded.odd.iter().any(|odd| odd.kind == LeafKind::None);
        if nothing {
            return Some(self.none());
        }
        if self == Self::Any {
            return None;
        }
        let node = match &*yielded.tree {
            Tree::Leaf(LeafMark::Leaf) => return (self == Self::Generator).then(|| bare(yielded)),
            Tree::Node(node) => node,
        };
        match (self, node.kind) {
            (Self::Generator, Container::List) if is_of_samples(node) => return Some(samples(node)),
            (Self::Generator, Container::List | Container::Dict | Container::Dataclass) => return Some(no_tuple(node)),
            (_, Container::Dict) => return None,
            (_, Container::Dataclass) => return Some(no_tuple_of_a_dataset(node)),
            _ => {}
        }
        if node.kids.is_empty() || node.kids.len() > PARTS {
            return Some(self.arity(node));
        }
        for (step, kid) in &node.kids {
            let list = match kid {
                Tree::Node(list) if list.kind == Container::List && tensorflow => list,
                _ => continue,
            };
            return Some(list_inside(step, list));
        }
        let odd = yielded.odd.iter().find(|odd| odd.kind != LeafKind::None)?;
        Some(Wrong {
            message: "part of a batch is no array",
            found: told(odd),
            cause: "one element was taken where a slice is meant, or something for a person to read, such as a file name, is \
                    handed out with the arrays",
            consequence: "keras stops: `When passing a dataset to a Keras model, the arrays must be at least rank 1.`"
                .into(),
            help: "hand out arrays only, one row per sample: `np.asarray(labels)`".into(),
            fix: None,
        })
    }

    fn none(self) -> Wrong {
        Wrong {
            message: "a batch is None",
            found: "None".into(),
            cause: "a branch of the generator yields without a value, or `yield load(path)` where `load` returns nothing",
            consequence: match self {
                Self::Generator => format!("{NO_TUPLE}, and names `None`"),
                Self::PyDataset => {
                    "keras stops: `PyDataset.__getitem__() must return a tuple or a dict`, and names `None`".into()
                }
                Self::Any => "there is nothing to train on: the program stops where it takes the batch apart".into(),
            },
            help: "leave such a batch out, with `continue`, or raise an error that says what could not be loaded"
                .into(),
            fix: None,
        }
    }

    fn arity(self, node: &Node) -> Wrong {
        let refusal = if self == Self::Generator {
            "keras stops: `Data is expected to be in format `x`, `(x,)`, `(x, y)`, or `(x, y, sample_weight)`"
        } else {
            "keras stops: `PyDataset.__getitem__() must return a tuple or a dict. If a tuple, it must be ordered either \
             (input,) or (inputs, targets) or (inputs, targets, sample_weights).`"
        };
        Wrong {
            message: "a batch has another number of parts than inputs, targets and weights",
            found: format!("{}: `{}`", called(node), container::described(&Tree::Node(node.clone()))),
            cause: if node.kids.is_empty() {
                "nothing was collected for this batch"
            } else {
                "several inputs or targets stand beside one another, and not in a tuple of their own"
            },
            consequence: refusal.into(),
            help: "put the inputs together, and the targets: `yield (a, b), y`, or `yield {\"a\": a, \"b\": b}, y`"
                .into(),
            fix: None,
        }
    }
}

/// An object that Keras does not recognise, whatever it hands out.
fn no_generator(cx: &StreamCx<'_>, kind: &str, class: &str) -> Finding {
    let class = crate::source::text::shown(class, 80);
    let article = if kind == "async generator" { "an async generator" } else { "an object of the class" };
    Finding::new(
        Anchor::Data,
        "",
        "keras does not take this object for a source of batches",
        "The batches come from a generator: a function with `yield`.",
        format!("{article} `{class}`"),
    )
    .counted(Vec::new(), 1, 1, batch_unit(cx.spec))
    .cause("a class of its own with `__next__` or `__iter__`, `zip`, `map` or `iter`: Python goes through it, Keras asks for a generator")
    .consequence(format!("`model.fit` stops: `ValueError: Unrecognized data type: x=<...> (of type <class '{class}'>)`"))
    .help("wrap it in a generator, or make it a `keras.utils.PyDataset`")
    .fix(Fix {
        proof: "not run here; the batches stay the same".into(),
        ..Fix::unverified("model.fit((batch for batch in batches), ...)")
    })
}

fn expected(consumer: Consumer) -> &'static str {
    match consumer {
        Consumer::Generator => {
            "A batch is a tuple: `(x,)`, `(x, y)` or `(x, y, weights)`; of several arrays each part is a tuple or a dict."
        }
        Consumer::PyDataset => {
            "A batch is `(x,)`, `(x, y)`, `(x, y, weights)` or a dict; of several arrays each part is a tuple or a dict."
        }
        Consumer::Any => "Every batch holds arrays.",
    }
}

/// A batch that is one array, or one thing.
fn bare(yielded: &Yielded) -> Wrong {
    Wrong {
        message: "a batch is no tuple",
        found: yielded.odd.first().map_or_else(|| "a bare array".into(), told),
        cause: "`yield x` hands out the array itself: the comma makes the tuple",
        consequence: NO_TUPLE.into(),
        help: "hand out a tuple, if there are no targets one of a single part".into(),
        fix: Some("yield (x,)"),
    }
}

fn no_tuple(node: &Node) -> Wrong {
    let (cause, fix) = match node.kind {
        Container::List => ("`yield [x, y]` makes a list: parentheses make a tuple", "yield (x, y)"),
        Container::Dict => (
            "a dict is taken for inputs only inside a tuple: by itself it says nothing of inputs and targets",
            "yield ({\"x\": batch[\"x\"]}, batch[\"y\"])",
        ),
        _ => ("a dataclass is no tuple, and Keras does not look into it", "yield (batch.x, batch.y)"),
    };
    Wrong {
        message: "a batch is no tuple",
        found: format!("{}: `{}`", called(node), described(&Tree::Node(node.clone()))),
        cause,
        consequence: NO_TUPLE.into(),
        help: "hand out a tuple".into(),
        fix: Some(fix),
    }
}

fn no_tuple_of_a_dataset(node: &Node) -> Wrong {
    Wrong {
        consequence: "keras stops: `PyDataset.__getitem__() must return a tuple or a dict.`".into(),
        fix: Some("return batch.x, batch.y"),
        ..no_tuple(node)
    }
}

/// A list of samples instead of a batch.
fn samples(node: &Node) -> Wrong {
    Wrong {
        message: "a batch is a list of samples",
        found: format!("{}: `{}`", called(node), described(&Tree::Node(node.clone()))),
        cause: "the samples of a batch were collected and never put together",
        consequence: NO_TUPLE.into(),
        help: "turn it inside out: one array of all inputs, one of all targets".into(),
        fix: Some("x, y = zip(*samples)\nyield np.stack(x), np.stack(y)"),
    }
}

/// `([x1, x2], y)`, or a list of samples in the place of an array.
fn list_inside(step: &Step, list: &Node) -> Wrong {
    let place = container::place(std::slice::from_ref(step));
    let many = list.kids.len() > PARTS;
    Wrong {
        message: if many { "part of a batch is a list of samples" } else { "the arrays of a part stand in a list" },
        found: format!("{place} is {}: `{}`", called(list), described(&Tree::Node(list.clone()))),
        cause: if many {
            "the samples were collected in a list and never stacked: each is taken for an input of its own"
        } else {
            "several inputs or targets in square brackets: parentheses make a tuple"
        },
        consequence:
            "keras with TensorFlow stops: `output_signature must contain objects that are subclass of tf.TypeSpec but \
                      found <class 'list'>`"
                .into(),
        help: if many { "stack them: `np.stack(samples)`" } else { "a tuple or a dict of arrays" }.into(),
        fix: (!many).then_some("yield (x1, x2), y"),
    }
}

/// Whether the parts of a list are samples rather than the parts of a batch: containers that are all built alike, or more
/// arrays than a batch has parts.
fn is_of_samples(list: &Node) -> bool {
    let (Some((_, first)), true) = (list.kids.first(), list.kids.len() > 1) else { return false };
    match first {
        Tree::Node(sample) => list.kids.iter().all(|(_, kid)| {
            matches!(kid, Tree::Node(other) if other.kind == sample.kind && other.kids.len() == sample.kids.len())
        }),
        Tree::Leaf(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::diagnostic::Finding;
    use crate::rules::Looked;
    use crate::rules::testing::World;
    use crate::source::capture::facts::Declared;
    use crate::spec::Framework;

    const X: &str = "float32[8, 4]";

    fn keras(batch: &str) -> World {
        World::new(Framework::Keras).live(&[batch, batch, batch])
    }

    fn one(world: &World) -> Finding {
        let found = world.judge(&RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        found.into_iter().next().unwrap()
    }

    #[test]
    fn keras_takes_tuples_from_a_generator_and_nothing_else() {
        for (batch, message, shown) in [
            ("[float32[8, 4], int64[8]]", "a batch is no tuple", "a list of 2: `[array, array]`"),
            ("{x: float32[8, 4]}", "a batch is no tuple", "a dict: `{x: array}`"),
            (X, "a batch is no tuple", "a bare array"),
            ("None", "a batch is None", "None"),
            (
                "(float32[8, 4], float32[8, 4], int64[8], float32[8])",
                "a batch has another number of parts than inputs, targets and weights",
                "a tuple of 4: `(array, array, array, array)`",
            ),
            (
                "([float32[8, 4], float32[8, 4]], int64[8])",
                "the arrays of a part stand in a list",
                "element 0 is a list of 2: `[array, array]`",
            ),
            (
                "([float32[4], float32[4], float32[4], float32[4], float32[4]], int64[5])",
                "part of a batch is a list of samples",
                "element 0 is a list of 5: `[array, array, array, array, ... 5 in all]`",
            ),
            (
                "[(float32[4], int64[]), (float32[4], int64[])]",
                "a batch is a list of samples",
                "a list of 2: `[(array, array), (array, array)]`",
            ),
            ("(float32[8, 4], 3)", "part of a batch is no array", "element 1 is a Python number (3)"),
        ] {
            let finding = one(&keras(batch));
            assert_eq!((&*finding.message, &*finding.found), (message, shown));
            assert_eq!((finding.count, finding.of, finding.places.len()), (3, 3, 3));
            assert!(finding.consequence.unwrap().contains("keras"), "{batch}");
        }
    }

    #[test]
    fn what_keras_takes_is_fine() {
        for batch in [
            "(float32[8, 4])",
            "(float32[8, 4], int64[8])",
            "(float32[8, 4], int64[8], float32[8])",
            "((float32[8, 4], float32[8, 4]), int64[8])",
            "({a: float32[8, 4], b: float32[8, 4]}, int64[8])",
            "(float32[8, 4], None)",
            "Batch(x: float32[8, 4], y: int64[8])",
        ] {
            assert!(keras(batch).judge(&RULE).is_empty(), "{batch}");
            assert_eq!(keras(batch).looked(&RULE), [Looked::Yes]);
        }
    }

    #[test]
    fn only_the_batches_at_fault_are_counted() {
        let finding = one(&World::new(Framework::Keras).live(&[
            "(float32[8, 4], int64[8])",
            "None",
            "(float32[8, 4], int64[8])",
        ]));
        assert_eq!((finding.count, finding.of, finding.places[0].batch), (1, 3, Some(1)));
    }

    #[test]
    fn a_dataset_of_keras_may_return_lists_and_dicts() {
        let dataset = |batch: &str| keras(batch).program(|capture| capture.hello.kind = "keras.PyDataset".into());
        for batch in ["[float32[8, 4], int64[8]]", "{x: float32[8, 4]}", X, "(float32[8, 4], int64[8])"] {
            assert!(dataset(batch).judge(&RULE).is_empty(), "{batch}");
        }
        assert!(one(&dataset("None")).consequence.unwrap().contains("__getitem__"));
        let four = "(float32[8, 4], float32[8, 4], int64[8], float32[8])";
        assert!(one(&dataset(four)).consequence.unwrap().contains("__getitem__"));
    }

    #[test]
    fn an_iterator_of_ones_own_is_no_generator() {
        let world = keras("(float32[8, 4], int64[8])").program(|capture| {
            (capture.hello.kind, capture.hello.class) = ("iterator".into(), "__main__.Batches".into());
        });
        let finding = one(&world);
        assert_eq!(finding.found, "an object of the class `__main__.Batches`");
        assert!(finding.consequence.unwrap().contains("Unrecognized data type"));
    }

    #[test]
    fn another_backend_takes_lists_of_inputs() {
        let lists = || keras("([float32[8, 4], float32[8, 4]], int64[8])");
        let with = |backend: &str| {
            let declared = Declared { backend: Some(backend.into()), ..Declared::default() };
            lists().program(|capture| capture.hello.declared = Some(declared))
        };
        assert!(with("jax").judge(&RULE).is_empty());
        assert_eq!(with("tensorflow").judge(&RULE).len(), 1);
    }

    #[test]
    fn others_take_any_container_but_none() {
        for framework in [Framework::Torch, Framework::Any, Framework::Jax] {
            for batch in ["[float32[8, 4], int64[8]]", "{x: float32[8, 4]}", X, "(float32[8, 4], 'a')"] {
                let world = World::new(framework).live(&[batch]);
                assert!(world.judge(&RULE).is_empty(), "{framework:?} {batch}");
            }
            assert_eq!(one(&World::new(framework).live(&["None"])).message, "a batch is None");
        }
        assert_eq!(World::new(Framework::Keras).batch(&["x: float32[8, 4]"]).looked(&RULE), [Looked::No]);
    }
}
