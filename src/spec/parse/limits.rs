//! Limits, as a flag or the file has them.

use super::{Parser, size};
use crate::config::file::Entry;
use crate::config::limits::{Limit, Lines, Unit};
use crate::error::{Fault, nearest, quoted};

/// A limit as a flag has it: `header_characters=40000`, `run_bytes=20 GiB`.
pub fn limit(text: &str) -> Result<(Limit, u64), Fault> {
    let Some((key, written)) = text.split_once('=') else {
        return Err(Fault::new("expected KEY=VALUE, for instance header_characters=40000"));
    };
    let key = key.trim();
    let Some(limit) = Limit::of_key(key) else {
        let known = || Limit::ALL.iter().map(|limit| limit.key());
        let fault = Fault::new(format!("{} is no limit", quoted(key)));
        return Err(match nearest(&key.replace('-', "_"), known()) {
            Some(near) => fault.help(format!("did you mean `{near}`?")),
            None => fault.help(format!("the limits are {}", known().collect::<Vec<_>>().join(", "))),
        });
    };
    let value = match limit.unit() {
        Unit::Bytes => super::memory(written)?,
        Unit::Count(_) => written.trim().parse().map_err(|_| {
            Fault::new(format!("`{}` takes a whole number from 1, not {}", limit.key(), quoted(written)))
        })?,
    };
    Ok((limit, limit.checked(value).map_err(Fault::new)?))
}

impl Parser<'_> {
    /// The lines of `[limits]`.
    pub(super) fn limits(&mut self, lines: Lines) -> Vec<(Limit, u64)> {
        let mut given = Vec::new();
        for (limit, span, entry) in lines.written() {
            let value = match (&entry, limit.unit()) {
                (Entry::Number(number), Unit::Count(_)) => u64::try_from(*number).ok(),
                _ => self.right(size::bytes(&entry), &span),
            };
            match value.map(|value| limit.checked(value)) {
                Some(Ok(value)) => given.push((limit, value)),
                Some(Err(why)) => self.fault(Fault::at(span, why)),
                None => {}
            }
        }
        given
    }
}
