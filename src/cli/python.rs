//! Which Python runs the program.

use std::path::{Path, PathBuf};

/// An interpreter, and why it is this one.
#[derive(Debug)]
pub(super) struct Interpreter {
    /// Where it is, as it is started.
    pub(super) path: PathBuf,
    /// Why: a fragment.
    pub(super) why: &'static str,
}

/// The interpreter that was named, or that the user would get: an active environment, one beside the project, or the first
/// on the path.
pub(super) fn find(named: Option<&Path>, directory: &Path) -> Interpreter {
    if let Some(path) = named {
        return Interpreter { path: path.to_owned(), why: "--python" };
    }
    if let Some(path) = of_variable("VIRTUAL_ENV") {
        return Interpreter { path, why: "$VIRTUAL_ENV" };
    }
    for folder in directory.ancestors() {
        if let Some(path) = in_environment(&folder.join(".venv")) {
            // As short as the user would type it.
            let path = path.strip_prefix(directory).map(Path::to_owned).unwrap_or(path);
            return Interpreter { path, why: "the nearest .venv" };
        }
        if folder.join(".git").exists() {
            break;
        }
    }
    if let Some(path) = of_variable("CONDA_PREFIX") {
        return Interpreter { path, why: "$CONDA_PREFIX" };
    }
    let path = if cfg!(windows) { "python" } else { "python3" };
    Interpreter { path: path.into(), why: "the first on the path" }
}

fn of_variable(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(name).filter(|value| !value.is_empty())?;
    in_environment(Path::new(&folder))
}

fn in_environment(folder: &Path) -> Option<PathBuf> {
    let path = if cfg!(windows) { folder.join("Scripts/python.exe") } else { folder.join("bin/python") };
    path.is_file().then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_named_goes_first_and_the_nearest_environment_before_the_path() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join(".git")).unwrap();
        std::fs::create_dir_all(root.path().join("a/b")).unwrap();
        assert_eq!(find(Some(Path::new("x")), root.path()).why, "--python");
        if std::env::var_os("VIRTUAL_ENV").is_some() || cfg!(windows) {
            return;
        }
        let folder = root.path().join(".venv/bin");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("python"), "").unwrap();
        let found = find(None, root.path());
        assert_eq!((found.path, found.why), (PathBuf::from(".venv/bin/python"), "the nearest .venv"));
        assert_eq!(find(None, &root.path().join("a/b")).path, folder.join("python"));
    }
}
