//! Symbols: those that nothing binds, and those that bind nothing.

use std::collections::BTreeMap;

use super::Contradiction;
use crate::config::Level;
use crate::error::quoted;
use crate::spec::dims::{Dim, Expr, Shape};
use crate::spec::{Declaration, Declared, Spec, fit};

pub(super) fn check(spec: &Spec, found: &mut Vec<Contradiction>) {
    let uses = uses(spec);
    let constants = fit::constants(&spec.symbols);
    for (name, symbol) in &uses {
        if !symbol.alone && !constants.contains_key(*name) {
            found.push(unbound(name, symbol));
        } else if spec.symbol(name).is_none() && symbol.count == 1 {
            let others = uses.keys().copied().chain(spec.symbols.iter().map(|symbol| symbol.name.as_str()));
            found.push(lonely(name, symbol, similar(name, others)));
        }
    }
    for symbol in spec.symbols.iter().filter(|symbol| !uses.contains_key(symbol.name.as_str())) {
        let near = similar(&symbol.name, uses.keys().copied());
        found.push(
            Contradiction::new(
                &symbol.at,
                format!("no shape uses the symbol {}", quoted(&symbol.name)),
                "Every symbol of `[dims]` stands in a shape.",
                format!("{} in no shape", quoted(&symbol.name)),
                near.map_or("write it into a shape, or delete the line".to_owned(), did_you_mean),
            )
            .harmless(Level::Warning, "the name is misspelt, or the shape that used it was changed"),
        );
    }
}

/// How the shapes use a symbol.
struct Uses<'s> {
    /// The first declaration that does, with its shape.
    first: (&'s Declaration, &'s Declared<Shape>),
    /// The first entry that does.
    entry: &'s Dim,
    /// How many times in all shapes.
    count: usize,
    /// Whether it stands alone somewhere, so that the size of an axis binds it.
    alone: bool,
}

fn uses(spec: &Spec) -> BTreeMap<&str, Uses<'_>> {
    let mut uses = BTreeMap::new();
    for declared in &spec.arrays {
        let Some(shape) = &declared.shape else { continue };
        for dim in &shape.value.dims {
            for name in dim.symbols() {
                let first = Uses { first: (declared, shape), entry: dim, count: 0, alone: false };
                let used: &mut Uses<'_> = uses.entry(name).or_insert(first);
                used.count += 1;
                used.alone |= stands_alone(dim, name);
            }
        }
    }
    uses
}

fn stands_alone(dim: &Dim, name: &str) -> bool {
    match dim {
        Dim::Size(Expr::Symbol(symbol)) => symbol == name,
        Dim::Either(dims) => dims.iter().any(|dim| stands_alone(dim, name)),
        _ => false,
    }
}

fn unbound(name: &str, uses: &Uses<'_>) -> Contradiction {
    let (declared, shape) = uses.first;
    let contradiction = Contradiction::new(
        &shape.at,
        format!("nothing says how large {} is: it stands only inside `{}`", quoted(name), uses.entry),
        format!("{} is a constant of `[dims]`, or an axis of its own in some shape.", quoted(name)),
        format!("`{}` in the shape of {}", uses.entry, declared.label()),
        format!(
            "give {} a size under `[dims]`, or write \"{name}\" for an axis; expressions are not solved",
            quoted(name)
        ),
    );
    contradiction.about(declared)
}

/// A symbol that neither a second axis nor a line of `[dims]` says anything about. It still has to be the same in
/// every batch, so it is not useless; but it is also what a misspelt symbol looks like.
fn lonely(name: &str, uses: &Uses<'_>, near: Option<&str>) -> Contradiction {
    let (declared, shape) = uses.first;
    let contradiction = Contradiction::new(
        &shape.at,
        format!("the symbol {} stands in one place, and `[dims]` does not declare it", quoted(name)),
        "Every symbol ties two axes together, or is declared in `[dims]`.",
        format!("{} in the shape of {} alone", quoted(name), declared.label()),
        near.map_or_else(
            || format!("under `[dims]`, `{name} = {{ varies = true }}` lets it differ between batches, `{name} = {{}}` does not"),
            did_you_mean,
        ),
    );
    let contradiction = contradiction.about(declared);
    match near {
        Some(_) => contradiction.harmless(Level::Warning, "the name is misspelt"),
        None => {
            contradiction.harmless(Level::Note, "the line under `[dims]` was forgotten, or any size is meant: `\"*\"`")
        }
    }
}

fn did_you_mean(near: &str) -> String {
    format!("did you mean `{near}`?")
}

/// Another name that differs in case, or in one letter where names are long enough for that to be a slip.
fn similar<'n>(name: &str, others: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let letters = |text: &str| (4..256).contains(&text.len()) && !text.bytes().any(|byte| byte.is_ascii_digit());
    // A spec with more names was not written by hand.
    others.take(200).filter(|other| *other != name).find(|other| {
        other.eq_ignore_ascii_case(name) || (letters(name) && letters(other) && strsim::osa_distance(name, other) == 1)
    })
}
