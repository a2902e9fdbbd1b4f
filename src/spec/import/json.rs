//! stub
use super::Model;
pub fn text(_: &Model) -> String { String::new() }
