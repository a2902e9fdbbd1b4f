//! What the targets share: an artefact of these bytes is read, and what it says is written as a spec.

use batchlint::spec::import;

/// Reads the bytes as a file of that name. Whatever they are, the answer is a model or an error, and a model can be written.
pub fn import(name: &str, data: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(name);
    std::fs::write(&path, data).expect("a file in it");
    if let Ok(model) = import::read(&path) {
        let _ = import::toml::text(&model, name, &import::toml::Options::default());
    }
}
