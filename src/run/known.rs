//! The baseline as a file: what was wrong already, read before the run.

use std::fs::File;
use std::io::Read as _;

use crate::config::Settings;
use crate::error::Error;
use crate::source::text::shown;
use crate::verdict::baseline::Baseline;

/// More bytes than any baseline has.
const MAX_BYTES: u64 = 256 << 20;

/// The baseline that applies, if one does.
pub(super) fn known(settings: &Settings) -> Result<Option<Baseline>, Error> {
    let Some(path) = &settings.baseline else { return Ok(None) };
    let name = shown(&path.display().to_string(), 400);
    let mut text = String::new();
    let read =
        File::open(settings.directory.join(path)).and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text));
    read.map_err(|error| {
        Error::plain(format!("cannot read the baseline {name}: {error}; `batchlint baseline write` makes one"))
    })?;
    Baseline::read(&name, &text).map(Some)
}
