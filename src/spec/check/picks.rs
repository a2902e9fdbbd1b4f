//! Which arrays are which: two declarations of one name or of one array, and inputs that may all be missing.

use super::Contradiction;
use crate::config::Level;
use crate::error::quoted;
use crate::spec::{At, Declaration, Role, Spec};

pub(super) fn check(spec: &Spec, found: &mut Vec<Contradiction>) {
    for (i, second) in spec.arrays.iter().enumerate() {
        for first in &spec.arrays[..i] {
            found.extend(if first.name == second.name { role_clash(first, second) } else { same_array(first, second) });
        }
    }
    let mut inputs = spec.arrays.iter().filter(|declared| declared.role == Role::Input).peekable();
    if let Some(first) = inputs.peek().copied()
        && inputs.all(|declared| declared.optional)
    {
        found.push(
            Contradiction::new(
                &first.at,
                "every input is optional, so a batch may hold none".to_owned(),
                "A batch holds at least one input.",
                "optional = true",
                "delete `optional` where the model cannot do without",
            )
            .about(first)
            .harmless(Level::Warning, "`optional` was meant for one of several inputs"),
        );
    }
}

fn role_clash(first: &Declaration, second: &Declaration) -> Option<Contradiction> {
    let name = quoted(&second.name);
    let contradiction = Contradiction::new(
        &second.at,
        format!("{name} is declared as {} and as {}", with_article(first.role), with_article(second.role)),
        "Every array has one name and one part to play.",
        format!("{name} in two tables"),
        format!("rename one of them; `key = \"{}\"` still says which array of the file it is", second.name),
    );
    (first.role != second.role).then(|| contradiction.about(second))
}

fn with_article(role: Role) -> String {
    format!("{} {}", if role == Role::Input { "an" } else { "a" }, role.name())
}

/// Two declarations that pick the same array. Only the first would get it.
fn same_array(first: &Declaration, second: &Declaration) -> Option<Contradiction> {
    let files = |declared: &Declaration| declared.pick.files.as_ref().map(|files| files.value.glob().glob().to_owned());
    let position = |declared: &Declaration| declared.pick.position.as_ref().map(|position| position.value);
    if files(first) != files(second) || position(first) != position(second) {
        return None;
    }
    let key = |declared: &Declaration| match &declared.pick.key {
        Some(key) => Some(key.value.clone()),
        None if declared.pick.files.is_none() && declared.pick.position.is_none() => Some(declared.name.clone()),
        None => None,
    };
    if key(first) != key(second) {
        return None;
    }
    let at = place(second).or_else(|| place(first))?;
    let (one, two) = (first.label(), second.label());
    let contradiction = Contradiction::new(
        at,
        format!("{one} and {two} are the same array"),
        "Every declaration speaks of an array of its own.",
        "the same `files`, `key` or `position`",
        "give one of them another `key`; an autoencoder, whose input is its target, declares the input alone",
    );
    Some(contradiction.about(second))
}

/// The line that picks the array.
fn place(declared: &Declaration) -> Option<&At> {
    let pick = &declared.pick;
    let key = pick.key.as_ref().map(|key| &key.at);
    key.or(pick.position.as_ref().map(|position| &position.at)).or(pick.files.as_ref().map(|files| &files.at))
}
