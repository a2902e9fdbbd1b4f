//! What is done to one array: the words are those that rules use.

pub use crate::diagnostic::repair::{Step, apply_all};
