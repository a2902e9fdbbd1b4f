//! One pass over saved facts: which parts they are of, and the stretches in which their paths are in order.

use std::cmp::Ordering;
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use super::{cannot, name_of, stopped};
use crate::drafts::Draft;
use crate::error::{Error, Fault};
use crate::facts::parts::Part;
use crate::facts::saved::{Line, Lines, SavedError};
use crate::source::Progress;
use crate::source::walk::natural;

/// Stretches in order, of all files together, at most: each costs memory. Facts have one for every part that was written
/// behind another; those in no order at all have one for every few lines.
const MOST: usize = 100_000;

/// What there is to merge.
#[derive(Default)]
pub(super) struct Index {
    files: Vec<Input>,
    /// Lines in natural order of their paths.
    pub(super) stretches: Vec<Stretch>,
    /// The parts that the heads name.
    pub(super) parts: Vec<Part>,
}

/// One file of facts.
struct Input {
    /// As shown.
    name: String,
    path: PathBuf,
    /// The copy of what can be read only once. It goes when the merge is over.
    _copy: Option<Draft>,
}

/// Lines of one file that stand in natural order of their paths.
pub(super) struct Stretch {
    pub(super) file: usize,
    /// Bytes of the file, the end excluded.
    pub(super) bytes: std::ops::Range<u64>,
    /// The line in front of it.
    pub(super) line: usize,
}

impl Index {
    /// The path of a file, and its name as shown.
    pub(super) fn file(&self, file: usize) -> (&Path, &str) {
        (&self.files[file].path, &self.files[file].name)
    }

    /// What is wrong with a file.
    pub(super) fn trouble(&self, file: usize, error: &SavedError) -> Error {
        Error::plain(format!("{}: {error}", self.files[file].name))
    }

    /// Adds a file of facts, or several of them behind one another in one file.
    pub(super) fn add(&mut self, file: &Path, progress: &Progress) -> Result<(), Error> {
        let name = name_of(file);
        let is_stdin = file == Path::new("-");
        // A pipe is read once, and facts are read twice.
        let once = is_stdin || fs::metadata(file).is_ok_and(|found| !found.is_file() && !found.is_dir());
        let (path, copy) = if once {
            let copied = if is_stdin { copy(&mut io::stdin().lock()) } else { copy_of(file) };
            let draft = copied.map_err(|error| cannot(&name, &error))?;
            (draft.path().to_owned(), Some(draft))
        } else {
            (file.to_owned(), None)
        };
        let opened = File::open(&path).map_err(|error| cannot(&name, &error))?;
        let number = self.files.len();
        self.files.push(Input { name, path, _copy: copy });
        let mut input = BufReader::with_capacity(1 << 18, opened);
        let mut lines = Lines::new(&mut input);
        let mut last: Option<String> = None;
        // Bytes and lines up to here.
        let mut before = (0, 0);
        while let Some((line, what)) = lines.next().map_err(|error| self.trouble(number, &error))? {
            stopped(progress)?;
            match what {
                Line::Head(parts) => {
                    self.parts.extend(parts);
                    last = None;
                }
                Line::Source(text) => {
                    let path = super::part::path(&text, line).map_err(|error| self.trouble(number, &error))?;
                    lines.path(&path);
                    let follows = last.as_deref().is_some_and(|last| natural(last, &path) != Ordering::Greater);
                    if let Some(stretch) = self.stretches.last_mut().filter(|_| follows) {
                        stretch.bytes.end = lines.offset();
                    } else if self.stretches.len() == MOST {
                        return Err(self.unordered(number));
                    } else {
                        let bytes = before.0..lines.offset();
                        self.stretches.push(Stretch { file: number, bytes, line: before.1 });
                    }
                    last = Some(path);
                }
            }
            before = (lines.offset(), line);
        }
        Ok(())
    }

    fn unordered(&self, file: usize) -> Error {
        let message = format!("{}: more than {MOST} parts, or facts that are in no order", self.files[file].name);
        Fault::new(message).help("merge fewer files at a time, and then what came of it").into()
    }
}

/// A copy that can be read twice.
fn copy(input: &mut dyn io::Read) -> io::Result<Draft> {
    let folder = std::env::temp_dir();
    let mut options = File::options();
    options.write(true).create_new(true);
    // Facts have values of the data.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    for number in 0.. {
        let path = folder.join(format!("batchlint-{}-{number}.part", std::process::id()));
        match options.open(&path) {
            Ok(mut file) => {
                let draft = Draft::at(&path);
                io::copy(input, &mut file)?;
                return Ok(draft);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 1000 => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn copy_of(file: &Path) -> io::Result<Draft> {
    copy(&mut File::open(file)?)
}
