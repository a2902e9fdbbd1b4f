//! What the tests share: arrays from a few words of text, and pages that are run.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

pub(crate) mod corpus;
pub(crate) mod dump;
pub(crate) mod page;
pub(crate) mod recipe;
pub(crate) mod repair;
pub(crate) mod sample;
