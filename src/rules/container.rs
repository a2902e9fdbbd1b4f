//! Containers of live batches in words.

use super::context;
use crate::source::capture::facts::{Container, LeafKind, LeafMark, Node, Odd, Step, Tree, key_of};
use crate::source::text::shown;

/// Parts of a container that are named at most.
const SHOWN: usize = 4;
/// Containers in containers that are shown.
const DEPTH: usize = 3;

/// How a batch is built, as Python shows it: `(array, {image: array})`; safe to show.
pub(super) fn described(tree: &Tree) -> String {
    to_depth(tree, DEPTH)
}

fn to_depth(tree: &Tree, depth: usize) -> String {
    let node = match tree {
        Tree::Leaf(LeafMark::Leaf) => return "array".into(),
        Tree::Node(_) if depth == 0 => return "...".into(),
        Tree::Node(node) => node,
    };
    let named = matches!(node.kind, Container::Dict | Container::Namedtuple | Container::Dataclass);
    let kid = |(step, kid): &(Step, Tree)| {
        let kid = to_depth(kid, depth - 1);
        if named { format!("{}: {kid}", shown(&step.to_string(), 30)) } else { kid }
    };
    let mut kids: Vec<String> = node.kids.iter().take(SHOWN).map(kid).collect();
    if node.kids.len() > SHOWN {
        kids.push(format!("... {} in all", node.kids.len()));
    }
    let kids = match (node.kind, kids.as_slice()) {
        (Container::Tuple, [only]) => format!("{only},"),
        _ => kids.join(", "),
    };
    match node.kind {
        Container::Tuple => format!("({kids})"),
        Container::List => format!("[{kids}]"),
        Container::Dict => format!("{{{kids}}}"),
        Container::Namedtuple | Container::Dataclass => format!("{}({kids})", shown(&node.py, 40)),
    }
}

/// "a list of 2", "a dict", "a dataclass `Batch`"; safe to show.
pub(super) fn called(node: &Node) -> String {
    let count = node.kids.len();
    match node.kind {
        Container::Tuple => format!("a tuple of {count}"),
        Container::List => format!("a list of {count}"),
        Container::Dict => "a dict".into(),
        Container::Namedtuple => format!("a named tuple `{}` of {count}", shown(&node.py, 40)),
        Container::Dataclass => format!("a dataclass `{}`", shown(&node.py, 40)),
    }
}

/// What stands where an array is expected: "element 1 is None", "`label` is a number (3)"; safe to show.
pub(super) fn told(odd: &Odd) -> String {
    let is = match odd.kind {
        LeafKind::None => return format!("{} is None", place(&odd.path)),
        LeafKind::Scalar => "a Python number".to_owned(),
        LeafKind::Text => "a text".to_owned(),
        LeafKind::Array => "an array that cannot be read".to_owned(),
        LeafKind::Other => format!("of type `{}`", shown(&odd.py, 60)),
    };
    let repr = odd.repr.as_ref().filter(|_| matches!(odd.kind, LeafKind::Scalar | LeafKind::Text));
    let repr = repr.map_or(String::new(), |repr| format!(" ({})", shown(repr, 40)));
    format!("{} is {is}{repr}", place(&odd.path))
}

/// "element 0", "`image`", or "the batch" itself; safe to show.
pub(super) fn place(path: &[Step]) -> String {
    match path.first() {
        None => "the batch".into(),
        Some(Step::Index(_)) => context::quoted(&format!("element {}", key_of(path))),
        Some(Step::Key(_)) => context::quoted(&key_of(path)),
    }
}
