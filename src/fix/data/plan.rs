//! What is done to a file: which files take its place, and what each of them holds.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::step::Step;

/// What becomes of one file. It names arrays and members by their index into the facts of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct FilePlan {
    /// The file, by index into the facts.
    pub source: usize,
    /// What takes its place, in order. The file itself is replaced where its own path is among them; otherwise it goes when
    /// all of them are there.
    pub outputs: Vec<Output>,
}

/// One file that is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Where it stands, as a path beside the old one.
    pub path: PathBuf,
    /// What it holds.
    pub content: Content,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// The bytes of the old file: it gets another name.
    Same,
    /// One array.
    Npy(Part),
    /// An archive, in this order, with the compression and the time that each member had.
    Npz {
        /// Its arrays, in the order of the old archive. An array of the old archive that is not among them is left out.
        members: Vec<Member>,
        /// Members of the old archive that are no arrays and are left out, by name as stored. All others that are no arrays
        /// are kept as they are, in their place: nothing gets lost that nobody wants gone.
        leave: Vec<Arc<str>>,
    },
}

impl Content {
    /// The arrays, in order.
    pub fn parts(&self) -> impl Iterator<Item = &Part> {
        let (one, many) = match self {
            Self::Same => (None, None),
            Self::Npy(part) => (Some(part), None),
            Self::Npz { members, .. } => (None, Some(members)),
        };
        one.into_iter().chain(many.into_iter().flatten().map(|member| &member.part))
    }
}

/// One member of an archive.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The name that it gets, with `.npy`.
    pub name: Arc<str>,
    /// Its array.
    pub part: Part,
}

/// An array, or some of its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Which array of the old file, by index into its facts.
    pub array: usize,
    /// What is done to it; `None` where its bytes stay as they are, header included.
    pub steps: Option<Vec<Step>>,
    /// Which rows of what comes out (along its first axis); `None` for all.
    pub rows: Option<Range<u64>>,
}
