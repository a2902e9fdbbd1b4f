//! The corpus of good, odd, broken and hostile files, built by `fixtures/corpus/make_corpus.py`, with NumPy's verdict on each.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Builds the corpus if it is not there or older than its generator. Gives its folder and the manifest's records.
pub(crate) fn corpus() -> (PathBuf, Vec<Value>) {
    static LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one_at_a_time = LOCK.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = root.join("fixtures/corpus/make_corpus.py");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("corpus");
    let manifest = folder.join("manifest.json");
    let age = |path: &Path| path.metadata().and_then(|found| found.modified()).ok();
    if age(&manifest).is_none_or(|built| Some(built) < age(&script)) {
        let python = std::env::var_os("BATCHLINT_PYTHON").map_or_else(|| root.join(".venv/bin/python"), PathBuf::from);
        let built = Command::new(&python).arg(&script).arg(&folder).arg("--big").output();
        let why = match &built {
            Ok(output) if output.status.success() => None,
            Ok(output) => Some(String::from_utf8_lossy(&output.stderr).into_owned()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(why) = why {
            panic!(
                "the corpus needs Python with numpy and ml_dtypes, and {} could not build it: {why}\n\
                 run scripts/test, or set BATCHLINT_PYTHON to such a Python",
                python.display()
            );
        }
    }
    let manifest: Value = serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
    assert!(manifest["ml_dtypes_version"].is_string(), "the corpus was built without ml_dtypes; install it");
    let files = manifest["files"].as_array().unwrap().clone();
    assert!(files.len() > 395, "only {} files", files.len());
    (folder, files)
}
