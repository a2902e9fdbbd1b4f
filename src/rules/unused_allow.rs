//! An allow that hides nothing. Found by the verdict, which alone knows what every allow has hidden.

use super::{Group, Judge, Needs, Rule};
use crate::diagnostic::Level;

pub(super) static RULE: Rule = Rule {
    id: "unused-allow",
    group: Group::Spec,
    level: Level::Warning,
    finds: "an allow that hides nothing",
    needs: Needs::SPEC,
    page: include_str!("../../docs/rules/unused-allow.md"),
    judge: Judge::Verdict,
};
