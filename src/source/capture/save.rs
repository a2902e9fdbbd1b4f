//! `--save`: what was seen, as the .npz files that `np.savez` would have written.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::leaf::place_of;
use crate::drafts::Draft;
use crate::source::ArrayFacts;
use crate::source::npy::write;
use crate::source::text::shown;

/// A folder that batches are written into.
#[derive(Debug)]
pub struct Save {
    folder: PathBuf,
    /// Batches that were written.
    pub written: u64,
    /// Arrays that could not be written, by key.
    pub left_out: Vec<String>,
}

impl Save {
    /// Makes the folder. It may be there, and empty: batches of another run beside these would be read as one stream.
    pub fn new(folder: &Path) -> Result<Self, String> {
        let name = shown(&folder.display().to_string(), 400);
        fs::create_dir_all(folder).map_err(|error| format!("cannot make {name}: {error}"))?;
        let mut entries = fs::read_dir(folder).map_err(|error| format!("cannot read {name}: {error}"))?;
        if entries.next().is_some() {
            return Err(format!("{name} is not empty: batches of two runs would be mixed up"));
        }
        Ok(Self { folder: folder.to_owned(), written: 0, left_out: Vec::new() })
    }

    /// Starts the file of a batch.
    pub(super) fn archive(&mut self, number: u64) -> Result<Archive<'_>, String> {
        let path = self.folder.join(format!("batch_{number:06}.npz"));
        let part = path.with_extension("npz.part");
        let file = File::create_new(&part)
            .map_err(|error| format!("cannot write {}: {error}", shown(&part.display().to_string(), 400)))?;
        Ok(Archive { zip: ZipWriter::new(BufWriter::new(file)), part: Draft::at(&part), path, save: self })
    }
}

/// The file of one batch, on its way.
pub(super) struct Archive<'s> {
    zip: ZipWriter<BufWriter<File>>,
    part: Draft,
    path: PathBuf,
    save: &'s mut Save,
}

impl Archive<'_> {
    /// Starts an array: under its own name where the batch has names, or else as NumPy calls the parts of a tuple.
    pub(super) fn start(&mut self, array: &ArrayFacts, named: bool) -> Result<(), String> {
        let place = array.leaf.as_ref().and_then(|leaf| place_of(&leaf.path));
        let key = match place {
            Some(place) if !named => format!("arr_{place}"),
            _ if array.key.is_empty() => "arr_0".into(),
            _ => array.key.replace(['/', '\\'], "_"),
        };
        // From 4 GiB on a member needs the wide form.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(array.header.bytes() > 3 << 30);
        self.zip.start_file(format!("{key}.npy"), options).map_err(|error| self.trouble(&error.to_string()))?;
        let descr = array.leaf.as_ref().map_or("", |leaf| leaf.descr.as_str());
        self.write(&write::header(descr, &array.header.shape))
    }

    /// Adds bytes of the array.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.zip.write_all(bytes).map_err(|error| self.trouble(&error.to_string()))
    }

    /// Notes an array that has no bytes.
    pub(super) fn left_out(&mut self, array: &ArrayFacts) {
        let key = array.key.to_string();
        if !self.save.left_out.contains(&key) {
            self.save.left_out.push(key);
        }
    }

    /// Puts the file in its place.
    pub(super) fn finish(self) -> Result<(), String> {
        let name = shown(&self.path.display().to_string(), 400);
        let written = self.zip.finish().map_err(|error| error.to_string());
        written
            .and_then(|mut file| file.flush().map_err(|error| error.to_string()))
            .and_then(|()| fs::rename(self.part.path(), &self.path).map_err(|error| error.to_string()))
            .map_err(|error| format!("cannot write {name}: {error}"))?;
        self.part.placed();
        self.save.written += 1;
        Ok(())
    }

    fn trouble(&self, error: &str) -> String {
        format!("cannot write {}: {error}", shown(&self.part.path().display().to_string(), 400))
    }
}
