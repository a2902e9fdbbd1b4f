//! Files that are on their way to their place: whoever ends the process from inside takes them away first, since nobody else
//! would know them for what they are.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

static DRAFTS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A file that nobody has asked for by that name. It goes when this is dropped, unless it was [`Draft::placed`].
#[derive(Debug)]
pub(crate) struct Draft {
    path: PathBuf,
    placed: bool,
}

impl Draft {
    /// A file that is about to be made, or was just made.
    pub(crate) fn at(path: &Path) -> Self {
        known().insert(path.to_owned());
        Self { path: path.to_owned(), placed: false }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// It has the name that was asked for, and stays.
    pub(crate) fn placed(mut self) {
        self.placed = true;
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        known().remove(&self.path);
        if !self.placed {
            // What cannot be removed was not there, or nobody can.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Takes away all drafts, before the process ends without dropping anything.
pub(crate) fn abandon() {
    for path in std::mem::take(&mut *known()) {
        // The process ends as it is.
        let _ = fs::remove_file(path);
    }
}

/// A set of paths is whole, whoever panicked.
fn known() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    DRAFTS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_goes_and_what_was_placed_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (gone, stays) = (folder.path().join("gone"), folder.path().join("stays"));
        for path in [&gone, &stays] {
            fs::write(path, "").unwrap();
        }
        let draft = Draft::at(&gone);
        Draft::at(&stays).placed();
        assert!(known().contains(&gone) && !known().contains(&stays));
        drop(draft);
        assert!(!gone.exists() && stays.exists() && !known().contains(&gone));
    }
}
