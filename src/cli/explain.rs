//! `explain RULE`: the rule's page.

use super::output::print;
use crate::error::{Error, Fault, nearest};
use crate::exit::Exit;
use crate::rules::RULES;

pub(super) fn explain(name: &str) -> Result<Exit, Error> {
    let Some(rule) = RULES.iter().find(|rule| rule.id == name) else {
        let fault = Fault::new(format!("there is no rule `{}`", crate::source::text::shown(name, 60)));
        let help = match nearest(name, RULES.iter().map(|rule| rule.id)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`batchlint rules` lists them".into(),
        };
        return Err(fault.help(help).into());
    };
    print(rule.page)?;
    Ok(Exit::Clean)
}
