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

#[cfg(test)]
mod tests {
    use crate::rules::testing::World;
    use crate::rules::{Rule, misnamed_input, missing_input, unexpected_array};
    use crate::spec::Framework;

    fn keras() -> World {
        World::new(Framework::Keras).input("image", "float32", "batch, 4").target("label", "int64", "batch")
    }

    /// Everything that the rule says of the batch, which must not speak of files.
    fn said(world: World, rule: &Rule, batch: &str) -> String {
        let found = world.live(&[batch]).judge(rule);
        assert_eq!(found.len(), 1, "{}: {found:?}", rule.id);
        let said = format!("{:?}", found[0]);
        for word in ["save", "savez", "np.load", "archive", "dump", "file"] {
            assert!(!said.contains(word), "{}: `{word}` in {said}", rule.id);
        }
        said
    }

    #[test]
    fn what_stands_in_the_place_of_an_array_is_named() {
        let missing = said(keras(), &missing_input::RULE, "(float32[8, 4], None)");
        assert!(missing.contains("only element 0, element 1 is None"), "{missing}");
        let missing = said(keras(), &missing_input::RULE, "(float32[8, 4], 3)");
        assert!(missing.contains("element 1 is a Python number (3)"), "{missing}");
        let odd = said(keras(), &missing_input::RULE, "{image: float32[8, 4], label: 'cat'}");
        assert!(odd.contains("only `image`, `label` is a text ('cat')"), "{odd}");
    }

    #[test]
    fn arrays_without_names_are_called_by_their_places() {
        let more = said(keras(), &unexpected_array::RULE, "(float32[8, 4], int64[8], float32[8])");
        assert!(more.contains("element 2 is not in the spec"), "{more}");
        let named = said(keras(), &unexpected_array::RULE, "({image: float32[8, 4], id: int64[8]}, int64[8])");
        assert!(named.contains("element 0.id is not in the spec"), "{named}");
    }

    #[test]
    fn a_wrong_name_is_mended_where_the_dict_is_made() {
        let top = said(keras(), &misnamed_input::RULE, "{images: float32[8, 4], label: int64[8]}");
        assert!(top.contains("batch[\\\"image\\\"] = batch.pop(\\\"images\\\")"), "{top}");
        let inner = said(keras(), &misnamed_input::RULE, "({images: float32[8, 4]}, int64[8])");
        assert!(inner.contains("inputs[\\\"image\\\"] = inputs.pop(\\\"images\\\")"), "{inner}");
    }
}
