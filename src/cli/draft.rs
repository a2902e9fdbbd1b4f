//! A file that takes the place of another when everything is written, and goes away when it is not.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::drafts::Draft;
use crate::error::Error;
use crate::source::text::shown;

/// The new file. Opened before the run: what cannot be written should not cost a scan.
pub(super) struct Replacement {
    file: File,
    /// `None` for what is no file and cannot be replaced: a pipe, a device.
    draft: Option<Draft>,
    target: PathBuf,
}

impl Replacement {
    /// An empty file in the folder of the other, so that the move is one step.
    pub(super) fn beside(target: &Path) -> Result<Self, Error> {
        let cannot = |error: io::Error| cannot(target, &error);
        if target.is_dir() {
            return Err(cannot(io::ErrorKind::IsADirectory.into()));
        }
        if fs::metadata(target).is_ok_and(|found| !found.is_file()) {
            let file = File::options().write(true).open(target).map_err(cannot)?;
            return Ok(Self { file, draft: None, target: target.to_owned() });
        }
        // The file that a link leads to, not the link.
        let target = &target.canonicalize().unwrap_or_else(|_| target.to_owned());
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let path = target.with_file_name(name);
        let file = File::create_new(&path).map_err(cannot)?;
        Ok(Self { file, draft: Some(Draft::at(&path)), target: target.to_owned() })
    }

    /// Writes it and puts it in its place.
    pub(super) fn write(self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
        let mut out = BufWriter::new(&self.file);
        let written = write(&mut out).and_then(|()| out.flush());
        drop(out);
        let placed = written.and_then(|()| match self.draft {
            Some(draft) => fs::rename(draft.path(), &self.target).map(|()| draft.placed()),
            None => Ok(()),
        });
        placed.map_err(|error| cannot(&self.target, &error))
    }
}

fn cannot(target: &Path, error: &io::Error) -> Error {
    Error::plain(format!("cannot write {}: {error}", shown(&target.display().to_string(), 400)))
}
