//! What the targets share.

mod targets;

use std::cell::OnceCell;

thread_local! {
    /// A folder for the files of one target.
    static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
}

/// Runs the target of that name on the bytes.
pub fn run(name: &str, data: &[u8]) {
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(|| tempfile::tempdir().expect("a temporary folder"));
        (targets::target(name).run)(folder.path(), data);
    });
}
