//! Python objects where numbers belong.

use std::collections::BTreeMap;

use super::context::{batch_unit, value_place};
use super::{ArrayCx, Findings, Group, Judge, Looked, Needs, Rule, dtype};
use crate::diagnostic::proof::{Proof, Scope};
use crate::diagnostic::quantity::exact;
use crate::diagnostic::{Fix, Level, Place, python};
use crate::facts::Cell;
use crate::source::shape_text;
use crate::source::text::shown;
use crate::spec::framework::Given;
use crate::values::Wants;
use crate::values::marked::value;
use crate::values::pickle::{ObjectKind, Objects};

pub(super) static RULE: Rule = Rule {
    id: "object-dtype",
    group: Group::Dtype,
    level: Level::Error,
    finds: "Python objects where numbers belong: rows of different lengths, None, text, dicts",
    needs: Needs::HEADERS.values(Wants::CONTENTS),
    page: include_str!("../../docs/rules/object-dtype.md"),
    judge: Judge::Array(judge),
};

fn judge(cx: &ArrayCx<'_>, out: &mut Findings) -> Looked {
    if !dtype::is_fed(cx) {
        return Looked::No;
    }
    if let Some(clash) = dtype::clash(cx).filter(|clash| clash.given == Given::Object) {
        let outcome = clash.outcome(cx.framework());
        let (x, wanted) = (python::variable(cx.name), dtype::spelled(&clash));
        let content = Content::of(dtype::column(cx));
        let story = content.as_ref().and_then(|content| Story::of(content, x, &wanted));
        let mut finding =
            dtype::finding(cx, &outcome, "holds Python objects").level(Level::Error).consequence(if cx.stream.is_live() {
                outcome.says.clone()
            } else {
                format!(
                    "`np.load` stops: `Object arrays cannot be loaded when allow_pickle=False`; with the pickle loaded, {}",
                    outcome.says
                )
            });
        finding = match &story {
            Some(story) => finding.cause(&*story.cause).help(&*story.help),
            None => finding
                .cause(
                    "NumPy could not make numbers of it: rows of different lengths, None or text among numbers, dicts, a \
                     table of mixed columns, `StringDType`",
                )
                .help(format!(
                    "if every element is a number: `{x} = {x}.astype({wanted})`; if rows differ in length: pad them, then \
                     `np.stack`; if there is None or text: `pd.to_numeric(column, errors=\"coerce\")`; if it is a dict: \
                     one array per value"
                )),
        };
        finding.fix =
            story.and_then(|story| story.fix).map(|(python, holds, open)| Fix::new(python, fit(cx, holds, open)));
        out.push(finding);
    }
    Looked::Yes
}

/// What the elements of all arrays of the name are: only known where every pickle was followed to its end.
#[derive(Debug, Default)]
struct Content {
    count: u64,
    kinds: BTreeMap<ObjectKind, (u64, Place)>,
    shapes: BTreeMap<Vec<u64>, (u64, Place)>,
    /// Arrays that are not among the shapes.
    other_shapes: bool,
    /// The least and the greatest length of lists and tuples.
    lengths: Option<(u64, u64)>,
    keys: Vec<String>,
}

impl Content {
    fn of(cells: &[Cell<'_>]) -> Option<Self> {
        let mut content = Self::default();
        for cell in cells.iter().filter(|cell| cell.array.values().is_some_and(|values| values.objects.is_some())) {
            let objects = objects(cell)?;
            content.count += objects.elements;
            for tally in &objects.kinds.each {
                let place = || value_place(cell, tally.first);
                content.kinds.entry(tally.value.clone()).or_insert_with(|| (0, place())).0 += tally.count;
            }
            for tally in &objects.shapes.each {
                let place = || value_place(cell, tally.first);
                content.shapes.entry(tally.value.clone()).or_insert_with(|| (0, place())).0 += tally.count;
            }
            content.other_shapes |= objects.shapes.beyond > 0 || objects.kinds.beyond > 0;
            for (kind, lengths) in &objects.lengths {
                if matches!(kind, ObjectKind::List | ObjectKind::Tuple) {
                    let (least, most) = content.lengths.get_or_insert((lengths.least, lengths.most));
                    (*least, *most) = ((*least).min(lengths.least), (*most).max(lengths.most));
                }
            }
            if content.keys.is_empty() {
                content.keys.clone_from(&objects.keys);
            }
        }
        (content.count > 0).then_some(content)
    }

    fn of_kinds(&self, wanted: impl Fn(&ObjectKind) -> bool) -> u64 {
        self.kinds.iter().filter(|(kind, _)| wanted(kind)).map(|(_, (count, _))| count).sum()
    }

    fn all(&self, wanted: impl Fn(&ObjectKind) -> bool) -> bool {
        self.of_kinds(wanted) == self.count
    }
}

/// What is known of the elements, if the pickle was followed to its end and every element was seen.
fn objects<'f>(cell: &Cell<'f>) -> Option<&'f Objects> {
    let objects = cell.array.values()?.objects.as_ref()?;
    (objects.trouble.is_none() && objects.elements == cell.header().elements()).then_some(objects)
}

/// One of the ways in which an array becomes one of objects, and what to do about it.
struct Story {
    cause: String,
    help: String,
    /// Python, what holds of each element so that it is right, and what was not looked at.
    fix: Option<(String, String, String)>,
}

impl Story {
    fn of(content: &Content, x: &str, wanted: &str) -> Option<Self> {
        let count = exact(content.count);
        let story = |cause: String, help: String| Some(Self { cause, help, fix: None });
        if content.all(is_number) {
            return Some(Self {
                cause: format!("all {count} elements are numbers, kept as Python objects: {}", kinds(content)),
                help: "make them numbers once, where the batch is made".into(),
                fix: Some((
                    format!("{x} = {x}.astype({wanted})"),
                    "is a number".into(),
                    format!("whether `{wanted}` keeps each"),
                )),
            });
        }
        if content.all(|kind| *kind == ObjectKind::Array) && !content.shapes.is_empty() && !content.other_shapes {
            if let (1, Some(shape)) = (content.shapes.len(), content.shapes.keys().next()) {
                let shape = shape_text(shape);
                return Some(Self {
                    cause: format!("all {count} elements are arrays of shape {shape} that were never stacked"),
                    help: "stack them where the batch is made".into(),
                    fix: Some((format!("{x} = np.stack({x})"), format!("is an array of shape {shape}"), String::new())),
                });
            }
            return story(
                format!("rows differ in shape: {}", shapes(content)),
                format!(
                    "images: bring all to one size and one number of channels; sequences: pad them to the longest and keep a \
                     mask; then `{x} = np.stack(rows).astype({wanted})`"
                ),
            );
        }
        if content.all(|kind| matches!(kind, ObjectKind::List | ObjectKind::Tuple)) {
            let (least, most) = content.lengths?;
            let differ =
                if least == most { format!("of {least} items") } else { format!("of {least} to {most} items") };
            return story(
                format!("all {count} elements are lists {differ}"),
                if least == most {
                    format!("if their items are numbers: `{x} = np.array({x}.tolist(), {wanted})`")
                } else {
                    format!(
                        "pad them to the longest, {most}, and keep a mask; then `{x} = np.stack(rows).astype({wanted})`"
                    )
                },
            );
        }
        if content.all(|kind| *kind == ObjectKind::Dict) {
            let keys: Vec<String> =
                content.keys.iter().take(6).map(|key| format!("`{}`", value(shown(key, 30)))).collect();
            let keys =
                if keys.is_empty() { String::new() } else { format!("; the first has the keys {}", keys.join(", ")) };
            return story(
                format!("all {count} elements are dicts{keys}"),
                "make each value an array of its own".into(),
            );
        }
        let gap = |kind: &ObjectKind| *kind == ObjectKind::None;
        if content.of_kinds(|kind| is_number(kind) || gap(kind) || *kind == ObjectKind::Str) == content.count {
            let odd: Vec<String> = content.kinds.iter().filter(|(kind, _)| !is_number(kind)).map(told).collect();
            let numbers = content.of_kinds(is_number);
            if numbers > 0 {
                return story(
                    format!("{} among {} numbers", odd.join(", "), exact(numbers)),
                    format!(
                        "fill the gaps or drop their rows: `{x} = pd.to_numeric(column, errors=\"coerce\")` makes what is no \
                         number NaN; then `.astype({wanted})`"
                    ),
                );
            }
            return story(
                format!("no element is a number: {}", odd.join(", ")),
                "number the classes, or look the words up in the vocabulary, once over the whole set".into(),
            );
        }
        story(
            format!(
                "the elements are of different kinds: {}",
                content.kinds.iter().map(told).take(5).collect::<Vec<_>>().join(", ")
            ),
            "make one array per kind, and only what the model gets".into(),
        )
    }
}

/// `3 are None, the first at dump/b.npz::x[17]`
fn told((kind, (count, first)): (&ObjectKind, &(u64, Place))) -> String {
    let are = if *count == 1 { "is" } else { "are" };
    let at = if *count == 1 { "at" } else { "the first at" };
    format!("{} {are} {}, {at} {first}", exact(*count), called(kind))
}

/// `61 x [3, 224, 224], 2 x [1, 224, 224] from dump/b.npz::x[15] on`: the most frequent first.
fn shapes(content: &Content) -> String {
    const SHOWN: usize = 5;
    let mut shapes: Vec<_> = content.shapes.iter().collect();
    shapes.sort_by_key(|(shape, (count, _))| (std::cmp::Reverse(*count), (*shape).clone()));
    let more = shapes.len().saturating_sub(SHOWN);
    let say = |(i, (shape, (count, first))): (usize, &(&Vec<u64>, &(u64, Place)))| {
        let at = match (i, count) {
            (0, _) => String::new(),
            (_, 1) => format!(" at {first}"),
            _ => format!(" from {first} on"),
        };
        format!("{} x {}{at}", exact(*count), shape_text(shape))
    };
    let mut all: Vec<String> = shapes.iter().take(SHOWN).enumerate().map(say).collect();
    if more > 0 {
        all.push(format!("{more} more shapes"));
    }
    all.join(", ")
}

fn kinds(content: &Content) -> String {
    let all: Vec<String> =
        content.kinds.iter().take(4).map(|(kind, (count, _))| format!("{} {}", exact(*count), called(kind))).collect();
    all.join(", ")
}

fn is_number(kind: &ObjectKind) -> bool {
    match kind {
        ObjectKind::Bool | ObjectKind::Int | ObjectKind::Float => true,
        ObjectKind::Scalar(dtype) => ["bool", "int", "uint", "float"].iter().any(|known| {
            dtype
                .trim_start_matches("big-endian ")
                .strip_prefix(known)
                .is_some_and(|bits| bits.bytes().all(|b| b.is_ascii_digit()))
        }),
        _ => false,
    }
}

fn called(kind: &ObjectKind) -> String {
    match kind {
        ObjectKind::None => "None".into(),
        ObjectKind::Bool => "bool".into(),
        ObjectKind::Int => "int".into(),
        ObjectKind::Float => "float".into(),
        ObjectKind::Complex => "complex".into(),
        ObjectKind::Scalar(dtype) if dtype.is_empty() => "NumPy scalars".into(),
        ObjectKind::Scalar(dtype) => format!("`np.{}`", shown(dtype, 30)),
        ObjectKind::Str => "str".into(),
        ObjectKind::Bytes => "bytes".into(),
        ObjectKind::Array => "arrays".into(),
        ObjectKind::List => "lists".into(),
        ObjectKind::Tuple => "tuples".into(),
        ObjectKind::Dict => "dicts".into(),
        ObjectKind::Set => "sets".into(),
        ObjectKind::Datetime => "times".into(),
        ObjectKind::Named(name) | ObjectKind::Other(name) => format!("`{}`", shown(name, 60)),
        ObjectKind::Unknown => "something unknown".into(),
    }
}

/// The proof over these arrays that each element is fit for the repair; what does not fit was looked for in all of them.
fn fit(cx: &ArrayCx<'_>, holds: String, open: String) -> Proof {
    let mut scope = Scope::new(batch_unit(cx.spec));
    for cell in cx.cells {
        match objects(cell) {
            Some(objects) => scope.read(objects.elements),
            None => scope.unread(dtype::unread(cell).unwrap_or_else(|| "the pickle could not be followed".into())),
        }
    }
    Proof::Fit { scope, noun: "object", holds, open }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::diagnostic::Level::Error;
    use crate::rules::Looked;
    use crate::rules::pickles;
    use crate::rules::testing::{World, array};
    use crate::spec::Framework;

    #[test]
    fn a_declared_array_of_objects_is_found_at_its_dtype() {
        let world = World::new(Framework::Onnxruntime).input("x", "float32", "batch").batches(3, &["x: |O[4]"]);
        let found = world.judge(&RULE);
        assert_eq!(found[0].message, "input `x` holds Python objects, the model takes float32");
        assert_eq!((world.anchored(&found[0]), found[0].count), ("\"float32\"", 3));
        assert!(
            found[0].consequence.as_ref().unwrap().contains("Actual: (tensor(string)) , expected: (tensor(float))")
        );
    }

    #[test]
    fn the_pickle_tells_which_of_the_faults_it_is() {
        for (pickle, cause, fix) in [
            (
                pickles::OBJECTS,
                "all 2 elements are numbers, kept as Python objects: 1 int, 1 float",
                Some("x = x.astype(np.float32)"),
            ),
            (pickles::GAPS, "1 is None, at dump/batch_000.npz::x[1] among 1 numbers", None),
            (pickles::RAGGED, "rows differ in shape: 1 x [2], 1 x [3] at dump/batch_000.npz::x[0]", None),
            (
                pickles::STACKED,
                "all 2 elements are arrays of shape [3] that were never stacked",
                Some("x = np.stack(x)"),
            ),
            (pickles::DICTS, "all 2 elements are dicts; the first has the keys `a`", None),
            (pickles::MIXED, "1 is str, at dump/batch_000.npz::x[1] among 1 numbers", None),
        ] {
            let world = World::new(Framework::Keras)
                .input("x", "float32", "batch")
                .raw(vec![(array("x: |O[2]"), pickle.to_vec())]);
            let found = world.judge(&RULE);
            assert!(found[0].cause.as_ref().unwrap().starts_with(cause), "{:?}", found[0].cause);
            assert_eq!(found[0].fix.as_ref().map(|fix| fix.python.as_str()), fix, "{cause}");
            if let Some(fix) = &found[0].fix {
                assert!(
                    fix.proof.text().starts_with("checked on all 2 objects of 1 batch: each is a"),
                    "{}",
                    fix.proof.text()
                );
            }
        }
    }

    #[test]
    fn a_pickle_that_cannot_be_followed_tells_nothing() {
        let world = World::new(Framework::Keras)
            .input("x", "float32", "batch")
            .raw(vec![(array("x: |O[2]"), pickles::OBJECTS[..40].to_vec())]);
        let found = world.judge(&RULE);
        assert!(found[0].cause.as_ref().unwrap().starts_with("NumPy could not make numbers of it"));
        assert_eq!(found[0].fix, None);
    }

    #[test]
    fn without_a_spec_it_is_still_an_error() {
        let world = World::unspecified().batch(&["x: |O[4]"]);
        let found = world.judge(&RULE);
        assert_eq!((found[0].message.as_str(), found[0].level), ("array `x` holds Python objects", Some(Error)));
    }

    #[test]
    fn a_field_of_a_struct_can_be_an_object_and_any_allows_none() {
        let world = World::new(Framework::Any).input("x", "any", "batch").batch(&["x: {a: float32, b: |O}[4]"]);
        assert_eq!(world.messages(&RULE), ["input `x` holds Python objects, the model takes numbers"]);
    }

    #[test]
    fn an_array_that_no_model_gets_is_left_to_the_rule_about_unexpected_arrays() {
        let world =
            World::new(Framework::Keras).input("x", "float32", "batch").batch(&["x: float32[4]", "meta: |O[4]"]);
        assert!(world.judge(&RULE).is_empty());
        assert_eq!(world.looked(&RULE), [Looked::Yes, Looked::No]);
    }
}
