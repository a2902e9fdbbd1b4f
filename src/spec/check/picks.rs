//! Which arrays are which: two declarations of one name or of one array, and inputs that may all be missing.

use std::collections::BTreeMap;

use super::Contradiction;
use crate::config::Level;
use crate::error::quoted;
use crate::spec::{At, Declaration, Role, Spec};

pub(super) fn check(spec: &Spec, found: &mut Vec<Contradiction>) {
    let (mut names, mut arrays) = (BTreeMap::new(), BTreeMap::new());
    for declared in &spec.arrays {
        let first = *names.entry(declared.name.as_str()).or_insert(declared);
        if first.role != declared.role {
            found.push(role_clash(first, declared));
        }
        let same = *arrays.entry(picked(declared)).or_insert(declared);
        if same.name != declared.name {
            found.extend(same_array(same, declared));
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

fn role_clash(first: &Declaration, second: &Declaration) -> Contradiction {
    let name = quoted(&second.name);
    let contradiction = Contradiction::new(
        &second.at,
        format!("{name} is declared as {} and as {}", with_article(first.role), with_article(second.role)),
        "Every array has one name and one part to play.",
        format!("{name} in two tables"),
        format!("rename one of them; `key = \"{}\"` still says which array of the file it is", second.name),
    );
    contradiction.about(second)
}

fn with_article(role: Role) -> String {
    format!("{} {}", if role == Role::Input { "an" } else { "a" }, role.name())
}

/// What picks an array: the files, the key, and the place in a tuple. Without any of them the name is the key.
fn picked(declared: &Declaration) -> (Option<&str>, Option<&str>, Option<u64>) {
    let pick = &declared.pick;
    let files = pick.files.as_ref().map(|files| files.value.glob().glob());
    let position = pick.position.as_ref().map(|position| position.value);
    let key = match &pick.key {
        Some(key) => Some(key.value.as_str()),
        None if files.is_none() && position.is_none() => Some(declared.name.as_str()),
        None => None,
    };
    (files, key, position)
}

/// Two declarations that pick the same array. Only the first would get it.
fn same_array(first: &Declaration, second: &Declaration) -> Option<Contradiction> {
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
