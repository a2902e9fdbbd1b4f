//! `rules`: the table of rules.

use std::fmt::Write as _;

use serde::Serialize;

use super::output::print;
use crate::config::Level;
use crate::error::Error;
use crate::exit::Exit;
use crate::rules::{Group, RULES};

#[derive(Serialize)]
struct Row {
    rule: &'static str,
    group: &'static str,
    level: Level,
    needs_spec: bool,
    finds: &'static str,
}

pub(super) fn rules(json: bool) -> Result<Exit, Error> {
    let text = if json {
        let rows: Vec<Row> = RULES
            .iter()
            .map(|rule| Row {
                rule: rule.id,
                group: rule.group.name(),
                level: rule.level,
                needs_spec: rule.needs.spec,
                finds: rule.finds,
            })
            .collect();
        serde_json::to_string_pretty(&rows).map_err(|error| Error::plain(error.to_string()))? + "\n"
    } else {
        table()
    };
    print(&text)?;
    Ok(Exit::Clean)
}

fn table() -> String {
    let width = RULES.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for group in Group::ALL {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", group.name());
        for rule in RULES.iter().filter(|rule| rule.group == group) {
            let _ = writeln!(text, "  {:width$}  {:7}  {}", rule.id, rule.level.name(), rule.finds);
        }
        text.push('\n');
    }
    let _ =
        writeln!(text, "{} rules. The level is that of the rule; the framework can raise or lower it.", RULES.len());
    text
}
