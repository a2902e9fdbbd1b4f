//! stub
use super::Model;
#[derive(Default)]
pub struct Options { pub batch: Option<u64> }
pub fn text(_: &Model, _: &str, _: &Options) -> String { String::new() }
