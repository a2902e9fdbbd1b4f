//! Which file applies, and how it was found.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use super::read::{Read, read};
use crate::error::{Error, Fault, Text};

/// The name of a spec of its own.
pub const FILE_NAME: &str = "batchlint.toml";
/// The file that can hold a spec among other things, and where in it.
pub const PYPROJECT: &str = "pyproject.toml";
/// The table of `pyproject.toml`.
pub const TABLE: [&str; 2] = ["tool", "batchlint"];

/// A larger file is no spec.
const MAX_BYTES: u64 = 1 << 20;

/// How the spec was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// `--spec` named it.
    Flag(PathBuf),
    /// It is the nearest, upward from the working directory.
    Discovered(PathBuf),
    /// There is none.
    None,
}

/// A spec as written.
#[derive(Debug)]
pub struct Discovered {
    /// The whole text: spans are absolute in it, whatever part of it is the spec.
    pub text: Text,
    /// What could be read of it.
    pub read: Read,
}

/// The spec that `--spec` names, or else the nearest one upward from `directory`, which is an absolute path: in each
/// folder `batchlint.toml` goes before `pyproject.toml`, and the first folder with a `.git` is the last to be searched.
pub fn discover(flag: Option<&Path>, directory: &Path) -> Result<(Option<Discovered>, Found), Error> {
    if let Some(path) = flag {
        let spec = named(&directory.join(path), &path.display().to_string())?;
        return Ok((Some(spec), Found::Flag(path.to_owned())));
    }
    upward(directory, PathBuf::new())
}

/// The nearest spec upward from `beside`, a folder as the user typed it, seen from `directory`; or else from there.
pub fn discover_beside(beside: &Path, directory: &Path) -> Result<(Option<Discovered>, Found), Error> {
    let shown: PathBuf = beside.components().filter(|part| *part != Component::CurDir).collect();
    let folder = directory.join(&shown);
    // A way back up cannot be followed by its text.
    if shown.components().any(|part| part == Component::ParentDir) || !folder.is_dir() {
        return discover(None, directory);
    }
    match upward(&folder, shown)? {
        (None, _) if !folder.starts_with(directory) => discover(None, directory),
        found => Ok(found),
    }
}

/// The nearest spec upward from a folder that is reached by `up`.
fn upward(directory: &Path, mut up: PathBuf) -> Result<(Option<Discovered>, Found), Error> {
    for folder in directory.ancestors() {
        let shown = up.join(FILE_NAME);
        if is_there(&folder.join(FILE_NAME), &shown)? {
            let spec = named(&folder.join(FILE_NAME), &shown.display().to_string())?;
            return Ok((Some(spec), Found::Discovered(shown)));
        }
        let shown = up.join(PYPROJECT);
        if is_there(&folder.join(PYPROJECT), &shown)?
            && let Some(spec) = table_of(&folder.join(PYPROJECT), &shown.display().to_string())?
        {
            return Ok((Some(spec), Found::Discovered(shown)));
        }
        if folder.join(".git").exists() {
            break;
        }
        match up.components().next_back() {
            Some(Component::Normal(_)) => {
                up.pop();
            }
            _ => up.push(".."),
        }
    }
    Ok((None, Found::None))
}

/// A file that must hold a spec.
fn named(path: &Path, shown: &str) -> Result<Discovered, Error> {
    if path.file_name().is_some_and(|name| name == PYPROJECT) {
        return table_of(path, shown)?.ok_or_else(|| {
            let fault = Fault::new(format!("{shown} has no table `[tool.batchlint]`"));
            fault.help("write the spec there, or into a file of its own").into()
        });
    }
    let text = text(bytes(path, shown)?, shown)?;
    // The empty path leads to the whole text.
    let read = read(&text.body, &[]).map_err(|faults| Error { text: Some(text.clone()), faults })?;
    Ok(Discovered { text, read })
}

/// A file that can hold a spec among other things. Where nothing in it speaks of batchlint, it may be as large and as
/// broken as other tools like.
fn table_of(path: &Path, shown: &str) -> Result<Option<Discovered>, Error> {
    let bytes = bytes(path, shown)?;
    if !bytes.windows(TABLE[1].len()).any(|window| window == TABLE[1].as_bytes()) {
        return Ok(None);
    }
    let text = text(bytes, shown)?;
    match read(&text.body, &TABLE) {
        Ok(read) => Ok(Some(Discovered { text, read })),
        Err(faults) if !faults.is_empty() && text.body.contains(&TABLE.join(".")) => {
            Err(Error { text: Some(text), faults })
        }
        Err(_) => Ok(None),
    }
}

/// Whether the path leads to a file. What cannot be looked at is trouble: without it another spec would apply.
fn is_there(path: &Path, shown: &Path) -> Result<bool, Error> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(true),
        Ok(_) => Err(Error::plain(format!("{} is no file", shown.display()))),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(unreadable(&shown.display().to_string(), &error)),
    }
}

/// The bytes of a file, one more than it may have at most.
fn bytes(path: &Path, shown: &str) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(shown, &error))?;
    Ok(bytes)
}

fn text(bytes: Vec<u8>, shown: &str) -> Result<Text, Error> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Error::plain(format!("{shown} is larger than 1 MiB, which no spec is")));
    }
    let body = String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].split(|byte| *byte == b'\n').count();
        Error::from(Fault::new(format!("{shown} is not UTF-8, from line {line} on")).help("save it as UTF-8"))
    })?;
    Ok(Text { name: shown.to_owned(), body: body.into() })
}

fn unreadable(shown: &str, error: &io::Error) -> Error {
    Error::plain(format!("cannot read {shown}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: &str = "framework = \"keras\"\n";

    /// A folder that is the root of a repository, with these files.
    fn tree(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join(".git")).unwrap();
        for (name, content) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        root
    }

    fn found(root: &tempfile::TempDir, below: &str) -> Found {
        discover(None, &root.path().join(below)).unwrap().1
    }

    fn message(result: Result<(Option<Discovered>, Found), Error>) -> String {
        result.expect_err("something is wrong").to_string()
    }

    #[test]
    fn the_search_starts_beside_a_program() {
        let root = tree(&[("batchlint.toml", SPEC.as_bytes()), ("a/b/batchlint.toml", SPEC.as_bytes()), ("c/x", b"")]);
        let beside = |folder: &str| discover_beside(Path::new(folder), root.path()).unwrap().1;
        let at = |path: &str| Found::Discovered(path.into());
        assert_eq!(beside("a/b"), at("a/b/batchlint.toml"));
        assert_eq!(beside("./c"), at("batchlint.toml"));
        assert_eq!(beside(""), at("batchlint.toml"));
        assert_eq!(beside("c/../a/b"), at("batchlint.toml"), "a way back up is not followed");
        let inner = root.path().join("a/b");
        assert_eq!(
            discover_beside(&root.path().join("c"), &inner).unwrap().1,
            at(&root.path().join("batchlint.toml").display().to_string())
        );
    }

    #[test]
    fn the_nearest_spec_wins_and_is_named_from_where_the_user_stands() {
        let root = tree(&[("batchlint.toml", SPEC.as_bytes()), ("a/b/data.txt", b""), ("c/batchlint.toml", b"")]);
        assert_eq!(found(&root, "a/b"), Found::Discovered("../../batchlint.toml".into()));
        assert_eq!(found(&root, "c"), Found::Discovered("batchlint.toml".into()));
        let (spec, _) = discover(None, &root.path().join("a/b")).unwrap();
        assert_eq!(spec.unwrap().text.name, "../../batchlint.toml");
    }

    #[test]
    fn pyproject_counts_only_with_its_table_and_after_batchlint_toml() {
        let pyproject: &[u8] = b"[project]\nname = \"x\"\n[tool.batchlint]\nframework = \"jax\"\n";
        let other: &[u8] = b"[project]\ndependencies = [\"batchlint\"]\n";
        let root = tree(&[("pyproject.toml", pyproject), ("sub/pyproject.toml", other)]);
        assert_eq!(found(&root, "sub"), Found::Discovered("../pyproject.toml".into()));
        fs::write(root.path().join("batchlint.toml"), SPEC).unwrap();
        assert_eq!(found(&root, "sub"), Found::Discovered("../batchlint.toml".into()));
        let framework = |path: &str| {
            let (spec, _) = discover(Some(Path::new(path)), root.path()).unwrap();
            let spec = spec.unwrap();
            let span = spec.read.file.framework.unwrap().span;
            spec.text.body[span].to_owned()
        };
        assert_eq!(framework("pyproject.toml"), "\"jax\"", "spans are those of the whole text");
        assert_eq!(framework("batchlint.toml"), "\"keras\"");
        let without = discover(Some(Path::new("sub/pyproject.toml")), root.path());
        assert_eq!(message(without), "sub/pyproject.toml has no table `[tool.batchlint]`");
    }

    #[test]
    fn the_search_ends_at_the_repository() {
        let root = tree(&[("repo/.git/HEAD", b""), ("repo/data/x", b""), ("batchlint.toml", SPEC.as_bytes())]);
        assert_eq!(found(&root, "repo/data"), Found::None);
    }

    #[test]
    fn a_broken_pyproject_matters_only_where_it_could_hold_the_spec() {
        let root = tree(&[("pyproject.toml", b"[project\nname = = 3\n")]);
        assert_eq!(found(&root, ""), Found::None);
        fs::write(root.path().join("pyproject.toml"), b"[tool.batchlint\nframework = \"jax\"\n").unwrap();
        assert_eq!(message(discover(None, root.path())), "`[tool.batchlint` is never closed");
    }

    #[test]
    fn what_is_no_readable_text_is_trouble() {
        let flag = |root: &tempfile::TempDir, name: &str| message(discover(Some(Path::new(name)), root.path()));
        let large = vec![b'#'; 1 + (1 << 20)];
        let root = tree(&[("latin.toml", b"a = 1\nb = \"\xe9\"\n"), ("large.toml", &large), ("dir/x", b"")]);
        assert_eq!(flag(&root, "latin.toml"), "latin.toml is not UTF-8, from line 2 on");
        assert_eq!(flag(&root, "large.toml"), "large.toml is larger than 1 MiB, which no spec is");
        assert!(flag(&root, "dir").starts_with("cannot read dir: "));
        assert!(flag(&root, "nowhere.toml").starts_with("cannot read nowhere.toml: "));
        fs::create_dir(root.path().join("batchlint.toml")).unwrap();
        assert_eq!(message(discover(None, root.path())), "batchlint.toml is no file");
    }
}
