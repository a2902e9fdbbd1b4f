//! The likely causes of an error text, for a person.

use std::io::{self, Write};

use super::full::{field, python};
use super::safe;
use crate::rules::RULES;
use crate::rules::decoder::Cause;

/// Draws every cause, the best first.
pub(super) fn render(causes: &[Cause], out: &mut dyn Write) -> io::Result<()> {
    for (place, cause) in causes.iter().enumerate() {
        let head = if place == 0 { "likely cause" } else { "or perhaps" };
        if place > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{head}: {}", safe(&cause.cause))?;
        field(out, "said by", cause.entry.said_by)?;
        field(out, "why", &safe(&cause.why))?;
        python(out, &cause.fix)?;
        field(out, "found by", &rules(cause.entry.rules))?;
    }
    Ok(())
}

/// The rules of this version among those that the entry names.
fn rules(named: &[&str]) -> String {
    let known: Vec<&str> = named.iter().copied().filter(|id| RULES.iter().any(|rule| rule.id == *id)).collect();
    match known[..] {
        [] => "no rule of batchlint".into(),
        [first, ..] => format!("{} (`batchlint explain {first}` tells more)", known.join(", ")),
    }
}
