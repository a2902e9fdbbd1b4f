//! Zip archives that hold a model: `.keras`, `.pt2`.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use super::ImportError;
use super::limits::{self, Most};

/// An archive whose directory was read.
pub(super) struct Archive(ZipArchive<BufReader<File>>);

impl Archive {
    /// How a zip file starts that has an entry.
    pub(super) const MAGIC: &[u8] = b"PK\x03\x04";

    /// Reads the directory.
    pub(super) fn open(path: &Path) -> Result<Self, ImportError> {
        let file = File::open(path).map_err(|error| ImportError::Unreadable(error.to_string()))?;
        ZipArchive::new(BufReader::new(file)).map(Self).map_err(|error| ImportError::Damaged(error.to_string()))
    }

    /// The names of its entries. Not escaped.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.0.file_names().filter_map(Result::ok).map(std::borrow::Cow::into_owned)
    }

    /// Whether there is such an entry.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.index_for_name(name).is_some()
    }

    /// The bytes of an entry, inflated; `None` where there is no such entry. An error where it has more.
    pub(super) fn entry(&mut self, name: &str, most: Most) -> Result<Option<Vec<u8>>, ImportError> {
        match self.0.by_name(name) {
            Ok(entry) => limits::whole(entry, most, name).map(Some),
            Err(ZipError::FileNotFound) => Ok(None),
            Err(error) => Err(ImportError::Damaged(format!("{name} cannot be read: {error}"))),
        }
    }
}
