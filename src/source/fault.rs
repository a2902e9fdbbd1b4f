//! What can be wrong with a file or a member.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::source::Excerpt;

/// One thing that is wrong with a file or with one of its members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// The member's name as stored; `None` for the file itself. Not escaped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Arc<str>>,
    /// What is wrong.
    pub kind: FaultKind,
    /// The header text with the token at fault, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<Excerpt>,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The file has no bytes.
    Empty,
}
