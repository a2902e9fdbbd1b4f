//! Which array of a batch that a program handed out is which: by key, by name, by place.

use std::sync::Arc;

use crate::source::capture::facts::{Container, LeafMark, Node, Step, Tree};
use crate::source::{ArrayFacts, Leaf, Yielded};
use crate::spec::{Declaration, Role, Spec};

/// Parts of a tuple that have a meaning of their own: inputs, targets, weights.
const PARTS: usize = 3;

/// What an array is called: its key, or `element 0` where its key is no more than its place in a tuple.
pub(super) fn name(array: &ArrayFacts) -> Arc<str> {
    match array.leaf.as_deref().and_then(|leaf| leaf.path.first()) {
        Some(Step::Index(_)) => format!("element {}", array.key).into(),
        _ => Arc::clone(&array.key),
    }
}

/// Which declaration each array belongs to: by `key` or `position` where given; by the name of a dict key or field; by
/// the place in a tuple. Where the parts of a tuple are containers themselves, the first holds the inputs, the second the
/// targets, the third the weights, as every trainer takes them; otherwise the arrays go in the order of the spec. What
/// is named is not counted among the places.
pub(super) fn owners(yielded: &Yielded, arrays: &[&ArrayFacts], spec: &Spec) -> Vec<Option<usize>> {
    let parts = Parts::of(&yielded.tree);
    let leaves: Vec<Option<&Leaf>> = arrays.iter().map(|array| array.leaf.as_deref()).collect();
    let named: Vec<Option<usize>> =
        arrays.iter().zip(&leaves).map(|(array, leaf)| named(array, (*leaf)?, spec)).collect();
    let free: Vec<usize> = (0..spec.arrays.len())
        .filter(|index| {
            let pick = &spec.arrays[*index].pick;
            pick.key.is_none() && pick.position.is_none() && !named.contains(&Some(*index))
        })
        .collect();
    let unnamed: Vec<&Leaf> =
        leaves.iter().zip(&named).filter(|(_, named)| named.is_none()).filter_map(|(leaf, _)| *leaf).collect();
    let placed = |leaf: &Leaf| {
        let named_before = |leaf: &Leaf| {
            let other = leaves.iter().zip(&named).filter(|(_, named)| named.is_some());
            other.filter(|(other, _)| other.is_some_and(|other| other.path < leaf.path)).count()
        };
        parts.owner(leaf, named_before(leaf), &unnamed, &free, spec)
    };
    leaves.iter().zip(&named).map(|(leaf, named)| named.or_else(|| placed((*leaf)?))).collect()
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

/// What the places of a batch mean.
enum Parts {
    /// The batch is one array.
    One,
    /// Arrays beside one another.
    Flat,
    /// Inputs, targets and weights, each an array or a container.
    ByRole,
    /// Nothing: the arrays have names, or there are more containers than roles.
    Unknown,
}

impl Parts {
    fn of(tree: &Tree) -> Self {
        match tree {
            Tree::Leaf(LeafMark::Leaf) => Self::One,
            Tree::Node(Node { kind: Container::Tuple | Container::List, kids, .. }) => {
                match (kids.iter().any(|(_, kid)| matches!(kid, Tree::Node(_))), kids.len()) {
                    (false, _) => Self::Flat,
                    (true, ..=PARTS) => Self::ByRole,
                    (true, _) => Self::Unknown,
                }
            }
            Tree::Node(_) => Self::Unknown,
        }
    }

    /// The declaration that the place of an unnamed array stands for, among those that are `free`.
    fn owner(&self, leaf: &Leaf, named_before: usize, unnamed: &[&Leaf], free: &[usize], spec: &Spec) -> Option<usize> {
        // A name that the spec does not know is not matched by its place.
        if leaf.path.iter().any(|step| matches!(step, Step::Key(_))) {
            return None;
        }
        let of = |role: Role| {
            let is = move |declared: &Declaration| declared.role == role;
            free.iter().copied().filter(move |index| is(&spec.arrays[*index]))
        };
        match (self, leaf.path.as_slice()) {
            (Self::One, []) => {
                let first = |declared: &Declaration| {
                    declared.pick.key.is_none() && declared.pick.position.as_ref().is_some_and(|place| place.value == 0)
                };
                let placed = spec.arrays.iter().position(first).or_else(|| of(Role::Input).next());
                placed.or_else(|| free.first().copied().filter(|_| free.len() == 1))
            }
            (Self::Flat, [Step::Index(place)]) => {
                let place = usize::try_from(*place).ok()?.checked_sub(named_before)?;
                [Role::Input, Role::Target, Role::Weight].into_iter().flat_map(of).nth(place)
            }
            (Self::ByRole, [first @ Step::Index(part), ..]) => {
                let role = *[Role::Input, Role::Target, Role::Weight].get(usize::try_from(*part).ok()?)?;
                let before = unnamed.iter().filter(|other| other.path.first() == Some(first) && other.path < leaf.path);
                of(role).nth(before.count())
            }
            _ => None,
        }
    }
}
