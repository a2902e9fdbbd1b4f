//! Plans that are carried out, for tests.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use batchlint::fix::data::plan::{Content, FilePlan, Member, Output, Part};
use batchlint::fix::data::step::Step;
use batchlint::fix::data::{Compared, Destination, Done, carry_out};
use batchlint::fix::replace::{Refused, Stamp};
use batchlint::source::{Memo, Progress, SourceFacts, Target, scan};
use batchlint::spec::dtype::Dtype;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// A .npy file of version 1.0.
pub(crate) fn npy(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let fortran = if fortran { "True" } else { "False" };
    let text = format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}");
    [b"\x93NUMPY\x01\0\x76\0", format!("{text:<117}\n").as_bytes(), data].concat()
}

/// Doubles that need all their digits, in the order of the machine.
pub(crate) fn doubles(count: usize) -> Vec<u8> {
    (0..count).flat_map(|i| ((i as f64 * 0.7).sin() * 3.0).to_le_bytes()).collect()
}

/// The same as float32.
pub(crate) fn singles(doubles: &[u8]) -> Vec<u8> {
    let (all, _) = doubles.as_chunks();
    #[allow(clippy::cast_possible_truncation, reason = "the cast that is tested")]
    all.iter().flat_map(|bytes| (f64::from_le_bytes(*bytes) as f32).to_le_bytes()).collect()
}

/// An archive; members whose flag is set are deflated.
pub(crate) fn npz(members: &[(&str, bool, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, deflated, bytes) in members {
        let method = if *deflated { CompressionMethod::Deflated } else { CompressionMethod::Stored };
        let time = DateTime::from_date_and_time(2021, 3, 4, 5, 6, 8).unwrap();
        let options =
            SimpleFileOptions::default().compression_method(method).unix_permissions(0o640).last_modified_time(time);
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.set_comment("of great value").unwrap();
    zip.finish().unwrap().into_inner()
}

pub(crate) fn dtype(name: &str) -> Dtype {
    Dtype::from_name(name).unwrap()
}

pub(crate) fn cast(name: &str) -> Option<Vec<Step>> {
    Some(vec![Step::Cast(dtype(name))])
}

pub(crate) fn part(array: usize, steps: Option<Vec<Step>>) -> Part {
    Part { array, steps, rows: None }
}

pub(crate) fn member(name: &str, part: Part) -> Member {
    Member { name: name.into(), part }
}

pub(crate) fn one(path: &Path, content: Content) -> FilePlan {
    FilePlan { source: 0, outputs: vec![Output { path: path.to_owned(), content }] }
}

/// What is said of a file before it is put in place.
pub(crate) type Judge<'j> = dyn FnMut(&Path, &[Compared]) -> Result<(), Refused> + 'j;

/// A file that was looked at.
pub(crate) struct Looked {
    pub(crate) path: PathBuf,
    pub(crate) stamp: Stamp,
    pub(crate) facts: SourceFacts,
}

impl Looked {
    pub(crate) fn at(path: &Path) -> Self {
        let stamp = Stamp::of(path).unwrap();
        Self { path: path.to_owned(), stamp, facts: scan(&Target::file(path), &mut Memo::default()) }
    }

    /// A new file that was looked at.
    pub(crate) fn new(path: &Path, bytes: &[u8]) -> Self {
        fs::write(path, bytes).unwrap();
        Self::at(path)
    }

    pub(crate) fn carry_out(&self, plan: &FilePlan, destination: &Destination) -> Result<Done, Refused> {
        self.checked(plan, destination, &mut |_, _| Ok(()))
    }

    pub(crate) fn checked(
        &self,
        plan: &FilePlan,
        destination: &Destination,
        check: &mut Judge<'_>,
    ) -> Result<Done, Refused> {
        let progress = Progress::default();
        carry_out(plan, &self.facts, &self.path, &self.stamp, destination, &progress, &mut |path, _, compared| {
            check(path, compared)
        })
    }

    pub(crate) fn in_place(&self, plan: &FilePlan) -> Result<Done, Refused> {
        self.carry_out(plan, &Destination::InPlace)
    }

    /// Why a plan is refused; what stands in the folder is what stood there.
    pub(crate) fn refused(&self, plan: &FilePlan) -> String {
        let before = tree(self.path.parent().unwrap());
        let why = self.in_place(plan).unwrap_err().why;
        assert_eq!(tree(self.path.parent().unwrap()), before, "{why}");
        let name = format!("`{}` is not repaired: ", self.facts.path);
        why.strip_prefix(&name).unwrap_or_else(|| panic!("{why}")).to_owned()
    }
}

/// Every file below a folder with its bytes, by name.
pub(crate) fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            all.extend(tree(&path).into_iter().map(|(below, bytes)| (format!("{name}/{below}"), bytes)));
        } else {
            all.push((name, fs::read(&path).unwrap_or_default()));
        }
    }
    all.sort();
    all
}

/// The names in a folder, and below it.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    tree(folder).into_iter().map(|(name, _)| name).collect()
}
