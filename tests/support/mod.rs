//! What the tests share: arrays from a few words of text, and pages that are run.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod page;
pub(crate) mod recipe;
