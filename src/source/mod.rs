//! Finding arrays: walk the paths, open regular files, recognise them by content, read headers.
//!
//! A source never fails: whatever is wrong with a file is written down as a [`Fault`], and the other files are
//! still read. Nothing here says how bad a fault is; that is the business of the rules.

pub mod fault;
pub mod npy;
pub mod npz;
pub mod text;
pub mod walk;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use fault::{Fault, FaultKind};
pub use text::Excerpt;

use crate::spec::dtype::Dtype;

/// What a file turned out to be, whatever its name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// One array, or several behind one another.
    Npy,
    /// A zip archive of arrays.
    Npz,
    /// Not an array file; the faults say what it is.
    Other,
}

/// Everything that was seen of one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceFacts {
    /// The path, relative to the working directory where it is below it, `/` between the parts. Not escaped.
    pub path: Arc<str>,
    /// What the user named to reach it: the folder as typed, or empty for a file that was named itself.
    pub root: Arc<str>,
    /// What the content is.
    pub kind: SourceKind,
    /// Bytes of the file.
    pub size: u64,
    /// The arrays that could be described, in file order. A truncated array is among them; a malformed one is not.
    pub arrays: Vec<ArrayFacts>,
    /// What is wrong with the file or its members.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
}

/// One array of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArrayFacts {
    /// What a program calls it: the npz key (member name without `.npy`), or the file stem. Not escaped.
    pub key: Arc<str>,
    /// The member's name as stored; `None` in a .npy file. Not escaped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Arc<str>>,
    /// Which of several arrays in one .npy, from 0. Always 0 in an archive.
    pub ordinal: u32,
    /// Type, shape and order. Shared between arrays whose headers are equal.
    pub header: Arc<Header>,
}

/// What a header says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Header {
    /// Element type.
    pub dtype: Dtype,
    /// Sizes of the axes, first axis first; empty for a scalar.
    pub shape: Vec<u64>,
    /// Whether the first axis varies fastest (Fortran order).
    pub fortran: bool,
}

impl Header {
    /// Elements of the array. The reader has refused shapes whose product overflows.
    #[must_use]
    pub fn elements(&self) -> u64 {
        if self.shape.contains(&0) { 0 } else { self.shape.iter().fold(1, |all, size| all.saturating_mul(*size)) }
    }

    /// Bytes of data the header asks for.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.elements().saturating_mul(self.dtype.size)
    }

    /// The shape as people write it: `[32, 32, 3]`.
    #[must_use]
    pub fn shape_text(&self) -> String {
        shape_text(&self.shape)
    }
}

/// A shape as people write it: `[32, 32, 3]`.
#[must_use]
pub fn shape_text(shape: &[u64]) -> String {
    let sizes: Vec<String> = shape.iter().map(u64::to_string).collect();
    format!("[{}]", sizes.join(", "))
}
/// tmp
#[derive(Debug)]
pub struct Missed(String);
impl std::fmt::Display for Missed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
fn head(b: &[u8]) -> Option<Header> {
    let n = u16::from_le_bytes([b[8], b[9]]) as usize;
    let t = std::str::from_utf8(&b[10..10 + n]).ok()?;
    let d = t.split("'descr': '").nth(1)?.split('\'').next()?;
    let s = t.split("'shape': (").nth(1)?.split(')').next()?;
    let shape = s.split(',').filter_map(|x| x.trim().parse().ok()).collect();
    let k: u64 = d[2..].parse().ok()?;
    let kind = match &d[1..2] {
        "f" => crate::spec::dtype::Kind::Float,
        "i" => crate::spec::dtype::Kind::Int,
        "u" => crate::spec::dtype::Kind::Uint,
        "O" => crate::spec::dtype::Kind::Object,
        _ => crate::spec::dtype::Kind::Void,
    };
    Some(Header { dtype: Dtype::new(kind, k), shape, fortran: t.contains("True") })
}
/// tmp
pub fn scan_all(t: &[walk::Target]) -> Vec<SourceFacts> {
    t.iter()
        .map(|t| {
            let b = std::fs::read(&t.path).unwrap();
            let p: Arc<str> = t.path.display().to_string().into();
            let mut arrays = vec![];
            let kind = if b.starts_with(b"PK") {
                let a = rawzip::ZipArchive::from_slice(&b).unwrap();
                let mut es = a.entries();
                while let Ok(Some(e)) = es.next_entry() {
                    let name = String::from_utf8_lossy(e.file_path().as_ref()).to_string();
                    let d = a.get_entry(e.wayfinder()).unwrap().data();
                    if let Some(h) = head(d) {
                        arrays.push(ArrayFacts {
                            key: name.trim_end_matches(".npy").into(),
                            member: Some(name.as_str().into()),
                            ordinal: 0,
                            header: Arc::new(h),
                        });
                    }
                }
                SourceKind::Npz
            } else {
                if let Some(h) = head(&b) {
                    arrays.push(ArrayFacts {
                        key: t.path.file_stem().unwrap().to_string_lossy().as_ref().into(),
                        member: None,
                        ordinal: 0,
                        header: Arc::new(h),
                    });
                }
                SourceKind::Npy
            };
            SourceFacts { path: p, root: t.root.as_str().into(), kind, size: b.len() as u64, arrays, faults: vec![] }
        })
        .collect()
}
