//! Which rules run, and at which level.

use crate::config::{Level, Selection};
use crate::error::{Error, Fault, nearest};
use crate::rules::{Group, RULES, Rule};

/// A rule that runs.
#[derive(Debug, Clone, Copy)]
pub struct Active {
    /// The rule.
    pub rule: &'static Rule,
    /// Its place in the list of all rules.
    pub order: usize,
}

/// The rules that run, and the levels that the user gave.
#[derive(Debug)]
pub struct Rules {
    active: Vec<Active>,
    levels: Vec<(&'static str, Level)>,
}

impl Rules {
    /// Resolves names of rules and groups. Every unknown name is a fault of its own.
    pub fn new(selection: &Selection) -> Result<Self, Error> {
        let mut faults = Vec::new();
        let mut resolve = |name: &str, flag: &str| match named(name) {
            Ok(ids) => ids,
            Err(fault) => {
                faults.push(Fault { message: format!("{flag}: {}", fault.message), ..fault });
                Vec::new()
            }
        };
        let selected: Vec<_> = selection.select.iter().flat_map(|name| resolve(name, "select")).collect();
        let ignored: Vec<_> = selection.ignore.iter().flat_map(|name| resolve(name, "ignore")).collect();
        let levels: Vec<_> = selection
            .levels
            .iter()
            .flat_map(|(name, level)| resolve(name, "level").into_iter().map(|id| (id, *level)))
            .collect();
        if !faults.is_empty() {
            return Err(Error { text: None, faults });
        }
        let active = RULES
            .iter()
            .enumerate()
            .filter(|(_, rule)| selection.select.is_empty() || selected.contains(&rule.id))
            .filter(|(_, rule)| !ignored.contains(&rule.id))
            .map(|(order, rule)| Active { rule, order })
            .collect();
        Ok(Self { active, levels })
    }

    /// The rules that run, in the order of the table.
    #[must_use]
    pub fn all(&self) -> &[Active] {
        &self.active
    }

    /// The rule of that id, if it runs.
    #[must_use]
    pub fn active(&self, id: &str) -> Option<Active> {
        self.active.iter().find(|active| active.rule.id == id).copied()
    }

    /// The level of a finding: the user's, or the finding's own, or the rule's.
    #[must_use]
    pub fn level(&self, rule: &Rule, own: Option<Level>) -> Level {
        let given = self.levels.iter().rev().find(|(id, _)| *id == rule.id).map(|(_, level)| *level);
        given.or(own).unwrap_or(rule.level)
    }
}

/// The ids of the rules that a name stands for: a rule, a group, or `all`.
pub fn named(name: &str) -> Result<Vec<&'static str>, Fault> {
    let ids = |keep: &dyn Fn(&Rule) -> bool| RULES.iter().filter(|rule| keep(rule)).map(|rule| rule.id).collect();
    if name == "all" {
        return Ok(ids(&|_| true));
    }
    if let Some(group) = Group::ALL.into_iter().find(|group| group.name() == name) {
        return Ok(ids(&|rule| rule.group == group));
    }
    if RULES.iter().any(|rule| rule.id == name) {
        return Ok(ids(&|rule| rule.id == name));
    }
    let known = RULES.iter().map(|rule| rule.id).chain(Group::ALL.into_iter().map(Group::name));
    let fault = Fault::new(format!("there is no rule or group `{}`", crate::source::text::shown(name, 60)));
    Err(match nearest(name, known) {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None => fault.help("`batchlint rules` lists them"),
    })
}
