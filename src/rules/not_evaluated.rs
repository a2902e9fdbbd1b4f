//! A check that could not be made. Found by the verdict, from what every rule said of itself.

use super::{Group, Judge, Needs, Rule};
use crate::diagnostic::Level;

pub(super) static RULE: Rule = Rule {
    id: "not-evaluated",
    group: Group::Spec,
    level: Level::Note,
    finds: "a check that could not be made, and why",
    needs: Needs::HEADERS,
    page: include_str!("../../docs/rules/not-evaluated.md"),
    judge: Judge::Verdict,
};
