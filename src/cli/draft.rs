//! A file that takes the place of another when everything is written, and goes away when it is not.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::drafts::Draft;
use crate::error::Error;
use crate::source::text::shown;

/// How often another name is tried where somebody who was killed has left a file.
const AGAIN: u32 = 99;

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
        let name = target.file_name().unwrap_or_default();
        // In containers that were killed and started again the number of the process is the same.
        for again in 0..=AGAIN {
            let mut name = name.to_owned();
            name.push(format!(
                ".{}{}.part",
                std::process::id(),
                if again > 0 { format!("-{again}") } else { String::new() }
            ));
            let path = target.with_file_name(name);
            match File::create_new(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && again < AGAIN => {}
                Err(error) => return Err(cannot(error)),
                Ok(file) => return Ok(Self { file, draft: Some(Draft::at(&path)), target: target.to_owned() }),
            }
        }
        Err(cannot(io::ErrorKind::AlreadyExists.into()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_of_the_same_number_has_left_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("facts.jsonl");
        let stale = folder.path().join(format!("facts.jsonl.{}.part", std::process::id()));
        fs::write(&stale, "left").unwrap();
        Replacement::beside(&target).unwrap().write(|out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert_eq!(fs::read(&stale).unwrap(), b"left");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
