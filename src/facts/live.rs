//! Which array of a batch that a program handed out is which: by key, by name, by place.

use crate::source::capture::facts::{Container, LeafMark, Node, Step, Tree};
use crate::source::{ArrayFacts, Leaf, Yielded};
use crate::spec::{Role, Spec};

/// Which declaration each array belongs to: by `key` or `position` where given; by the name of a dict key or field; by
/// the place in a tuple. Where the parts of a tuple are containers themselves, the first holds the inputs, the second the
/// targets, the third the weights, as every trainer takes them; otherwise the arrays go in the order of the spec.
pub(super) fn owners(yielded: &Yielded, arrays: &[&ArrayFacts], spec: &Spec) -> Vec<Option<usize>> {
    let roles = by_role(&yielded.tree);
    arrays
        .iter()
        .enumerate()
        .map(|(order, array)| {
            let leaf = array.leaf.as_deref()?;
            named(array, leaf, spec).or_else(|| placed(leaf, &roles, arrays, order, spec))
        })
        .collect()
}

/// By what the spec or the batch calls it.
fn named(array: &ArrayFacts, leaf: &Leaf, spec: &Spec) -> Option<usize> {
    let by = |hit: &dyn Fn(&crate::spec::Declaration) -> bool| spec.arrays.iter().position(hit);
    let key = &*array.key;
    let last = leaf.path.iter().rev().find_map(|step| match step {
        Step::Key(key) => Some(&**key),
        Step::Index(_) => None,
    });
    by(&|declared| declared.pick.key.as_ref().is_some_and(|own| *own.value == *key))
        .or_else(|| by(&|declared| declared.pick.key.is_none() && *declared.name == *key))
        .or_else(|| by(&|declared| declared.pick.key.is_none() && last.is_some_and(|last| *declared.name == *last)))
        .or_else(|| match leaf.path.as_slice() {
            [Step::Index(place)] => {
                by(&|declared| declared.pick.position.as_ref().is_some_and(|own| own.value == *place))
            }
            _ => None,
        })
}

/// By its place among unnamed arrays.
fn placed(leaf: &Leaf, roles: &Parts, arrays: &[&ArrayFacts], order: usize, spec: &Spec) -> Option<usize> {
    let declared = |role: Role| spec.arrays.iter().enumerate().filter(move |(_, declared)| declared.role == role);
    // A name that the spec does not know is not matched by its place.
    if leaf.path.iter().any(|step| matches!(step, Step::Key(_))) {
        return None;
    }
    match (roles, leaf.path.as_slice()) {
        (Parts::One, []) => match spec.arrays.as_slice() {
            [_] => Some(0),
            _ => declared(Role::Input).map(|(index, _)| index).next(),
        },
        (Parts::Flat, [Step::Index(_)]) => {
            let in_order =
                [Role::Input, Role::Target, Role::Weight].into_iter().flat_map(declared).map(|(index, _)| index);
            in_order.into_iter().nth(flat_place(leaf)?)
        }
        (Parts::ByRole, [Step::Index(part), ..]) => {
            let role = *[Role::Input, Role::Target, Role::Weight].get(usize::try_from(*part).ok()?)?;
            let same_part = |other: &&&ArrayFacts| {
                other.leaf.as_deref().is_some_and(|other| other.path.first() == leaf.path.first())
            };
            let before = arrays[..order].iter().filter(same_part).count();
            declared(role).map(|(index, _)| index).nth(before)
        }
        _ => None,
    }
}

fn flat_place(leaf: &Leaf) -> Option<usize> {
    match leaf.path.as_slice() {
        [Step::Index(place)] => usize::try_from(*place).ok(),
        _ => None,
    }
}

/// What the places of a batch mean.
enum Parts {
    /// The batch is one array.
    One,
    /// Arrays beside one another.
    Flat,
    /// Inputs, targets and weights, each an array or a container.
    ByRole,
    /// Named.
    Named,
}

fn by_role(tree: &Tree) -> Parts {
    match tree {
        Tree::Leaf(LeafMark::Leaf) => Parts::One,
        Tree::Node(Node { kind: Container::Tuple | Container::List, kids, .. }) => {
            if kids.iter().any(|(_, kid)| matches!(kid, Tree::Node(_))) { Parts::ByRole } else { Parts::Flat }
        }
        Tree::Node(_) => Parts::Named,
    }
}
