//! From what the user typed to files: folders are searched for .npy and .npz, globs are expanded, everything else is
//! taken at its word. Nothing is opened here, and nothing that could block is let through.

mod order;
#[cfg(target_os = "linux")]
mod relative;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher};
use walkdir::{DirEntry, WalkDir};

use crate::source::Progress;
use crate::source::fault::FileFault;
use crate::source::input::{fault_of, special};
use crate::source::remote::Object;
pub use order::natural;
use order::natural_key;

/// A file to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The path as shown: as typed, without `./` in front, `/` between the parts. Not escaped.
    pub path: Arc<str>,
    /// The folder argument it was found in, written like `path`; empty for a file that was named, or that a glob found.
    pub root: Arc<str>,
    reach: Reach,
}

/// What to open.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reach {
    /// The path that is shown.
    Shown,
    /// Another one.
    Path(Box<Path>),
    /// An object, and no file.
    Object(Arc<Object>),
    /// Nothing: why, and the path, where it is not the one that is shown.
    Nothing(Box<(FileFault, Option<PathBuf>)>),
}

impl Reach {
    /// What to open, where it is not the path that is shown, if nothing is in the way.
    fn new(open: Option<PathBuf>, trouble: Option<FileFault>) -> Self {
        match (trouble, open) {
            (Some(trouble), open) => Self::Nothing(Box::new((trouble, open))),
            (None, Some(open)) => Self::Path(open.into()),
            (None, None) => Self::Shown,
        }
    }
}

impl Target {
    /// A file that was named itself.
    #[must_use]
    pub fn file(path: &Path) -> Self {
        Self::new(path, &Arc::from(""), None)
    }

    /// A file that stands in another place for now: what it will be called, the root that it will have, and what to open.
    #[must_use]
    pub fn ahead(path: &Path, root: &Arc<str>, open: &Path) -> Self {
        Self { reach: Reach::Path(open.into()), ..Self::new(path, root, None) }
    }

    /// An object of a store, or what could not be found there.
    pub(super) fn far(path: Arc<str>, root: &Arc<str>, found: Result<Object, FileFault>) -> Self {
        let reach = match found {
            Ok(object) => Reach::Object(Arc::new(object)),
            Err(trouble) => Reach::new(None, Some(trouble)),
        };
        Self { path, root: Arc::clone(root), reach }
    }

    /// Why it cannot be read, where that is known without opening it.
    #[must_use]
    pub fn trouble(&self) -> Option<&FileFault> {
        match &self.reach {
            Reach::Nothing(nothing) => Some(&nothing.0),
            _ => None,
        }
    }

    /// The object that it is, where it is no file.
    pub(super) fn object(&self) -> Option<&Arc<Object>> {
        match &self.reach {
            Reach::Object(object) => Some(object),
            _ => None,
        }
    }

    /// What to open.
    #[must_use]
    pub fn open_path(&self) -> &Path {
        self.open().unwrap_or_else(|| Path::new(&*self.path))
    }

    /// The path, where it is not the one that is shown.
    fn open(&self) -> Option<&Path> {
        match &self.reach {
            Reach::Path(path) => Some(path),
            Reach::Nothing(nothing) => nothing.1.as_deref(),
            Reach::Shown | Reach::Object(_) => None,
        }
    }

    fn new(path: &Path, root: &Arc<str>, trouble: Option<FileFault>) -> Self {
        let shown = shown_path(path);
        // What is left out of the shown path leads nowhere else, but bytes that are written out do.
        let same = if cfg!(unix) { path.to_str().is_some() } else { Path::new(&shown) == path };
        let open = (!same).then(|| path.to_owned());
        Self { path: shown.into(), root: Arc::clone(root), reach: Reach::new(open, trouble) }
    }
}

/// What the arguments stand for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// Every file once, in natural order of the paths.
    pub targets: Vec<Target>,
    /// Arguments that stand for no file at all.
    pub unmatched: Vec<Unmatched>,
}

impl Walk {
    /// Adds the files of another walk, which then belong to that one alone. Gives the roots of its files: a file that was
    /// named itself gets its folder for one, with a slash behind it, so that it stays apart from those of this walk.
    pub fn beside(&mut self, mut other: Self) -> BTreeSet<Arc<str>> {
        for target in other.targets.iter_mut().filter(|target| target.root.is_empty()) {
            target.root = target.path.rsplit_once('/').map_or("./".into(), |(folder, _)| format!("{folder}/").into());
        }
        let theirs: BTreeSet<Arc<str>> = other.targets.iter().map(|target| Arc::clone(&target.path)).collect();
        self.targets.retain(|target| !theirs.contains(&target.path));
        let roots = other.targets.iter().map(|target| Arc::clone(&target.root)).collect();
        self.targets.append(&mut other.targets);
        self.unmatched.append(&mut other.unmatched);
        roots
    }
}

/// An argument that stands for no file at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmatched {
    /// A folder without .npy and .npz files, as typed.
    Folder(String),
    /// A glob that fits no file, as typed.
    Glob(String),
    /// A glob that cannot be understood, as typed, and why.
    BadGlob(String, String),
}

/// Finds the files that the arguments stand for. A path that does not exist and is no glob is a target with its
/// trouble, so that it is reported among the files. Of a walk that somebody stopped nothing should be used.
#[must_use]
pub fn walk(arguments: &[PathBuf], progress: &Progress) -> Walk {
    walk_with(arguments, &[], progress)
}

/// As [`walk`], for paths of lists as well: those are files or folders and never globs.
#[must_use]
pub fn walk_with(arguments: &[PathBuf], listed: &[PathBuf], progress: &Progress) -> Walk {
    let mut walk = Walk::default();
    let no_root: Arc<str> = "".into();
    let typed = arguments.iter().map(|argument| (argument, true));
    for (argument, may_be_glob) in typed.chain(listed.iter().map(|path| (path, false))) {
        if progress.stopped() {
            break;
        }
        let before = walk.targets.len();
        let typed = || argument.to_string_lossy().into_owned();
        match std::fs::metadata(argument) {
            Ok(found) if found.is_dir() => {
                walk.folder(argument, progress);
                if walk.targets.len() == before {
                    walk.unmatched.push(Unmatched::Folder(typed()));
                }
            }
            Ok(found) => {
                let trouble = special(found.file_type()).map(FileFault::Special);
                walk.targets.push(Target::new(argument, &no_root, trouble));
            }
            Err(_) if may_be_glob && is_glob(argument) && !argument.is_symlink() => match glob(argument) {
                Ok(matcher) => {
                    walk.glob(argument, &matcher, progress);
                    if walk.targets.len() == before {
                        walk.unmatched.push(Unmatched::Glob(typed()));
                    }
                }
                Err(error) => walk.unmatched.push(Unmatched::BadGlob(typed(), error.kind().to_string())),
            },
            Err(error) => {
                let trouble = fault_of(&error, argument);
                walk.targets.push(Target::new(argument, &no_root, Some(trouble)));
            }
        }
    }
    walk.settle();
    walk
}

/// Sorts targets. Most of them come sorted, folder by folder.
fn sort(targets: &mut [Target]) {
    let order = |a: &Target, b: &Target| natural(&a.path, &b.path).then_with(|| a.open().cmp(&b.open()));
    if !targets.is_sorted_by(|a, b| order(a, b).is_le()) {
        targets.sort_by_cached_key(|target| {
            (natural_key(&target.path), Arc::clone(&target.path), target.open().map(Path::to_owned))
        });
    }
}

impl Walk {
    /// Puts the files in their order, each once.
    pub(super) fn settle(&mut self) {
        sort(&mut self.targets);
        self.targets.dedup_by(|b, a| a.path == b.path && a.open() == b.open());
    }

    /// Everything below a folder that is named like an array file.
    #[cfg(target_os = "linux")]
    fn folder(&mut self, folder: &Path, progress: &Progress) {
        relative::below(folder, self, progress);
    }

    /// Everything below a folder that is named like an array file.
    #[cfg(not(target_os = "linux"))]
    fn folder(&mut self, folder: &Path, progress: &Progress) {
        self.portable(folder, progress);
    }

    /// The same with what every system has.
    #[cfg(any(test, not(target_os = "linux")))]
    fn portable(&mut self, folder: &Path, progress: &Progress) {
        let root = Arc::from(shown_path(folder));
        for entry in entries(folder).take_while(|_| !progress.stopped()) {
            match entry {
                Ok(entry) if entry.file_type().is_dir() || !is_array_name(entry.path()) => {}
                Ok(entry) => self.push(&entry, &root),
                Err(error) => self.trouble(&error, &root),
            }
        }
    }

    /// Everything that a glob fits. A folder that it fits is searched like one that was named.
    fn glob(&mut self, pattern: &Path, matcher: &GlobMatcher, progress: &Progress) {
        let root = Arc::from("");
        let base: PathBuf = pattern.components().take_while(|part| !has_glob(part.as_os_str())).collect();
        let base = if base.as_os_str().is_empty() { Path::new(".") } else { &base };
        // A glob that ends in a star means arrays; one that ends in a name means what it says.
        let open_end = pattern.to_string_lossy().ends_with('*');
        let deep = pattern.to_string_lossy().contains("**");
        let depth = pattern.components().count().saturating_sub(base.components().count());
        let depth = if base == Path::new(".") { pattern.components().count() } else { depth };
        let mut entries = entries(base);
        while let Some(entry) = entries.next().filter(|_| !progress.stopped()) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.trouble(&error, &root);
                    continue;
                }
            };
            let fits = matcher.is_match(shown_path(entry.path()));
            if entry.file_type().is_dir() {
                if fits && !deep {
                    self.folder(entry.path(), progress);
                }
                if entry.depth() > 0 && !deep && (fits || entry.depth() >= depth) {
                    entries.skip_current_dir();
                }
            } else if fits && (!open_end || is_array_name(entry.path())) {
                self.push(&entry, &root);
            }
        }
    }

    fn push(&mut self, entry: &DirEntry, root: &Arc<str>) {
        let trouble = special(entry.file_type()).map(FileFault::Special);
        self.targets.push(Target::new(entry.path(), root, trouble));
    }

    /// A folder that cannot be read, a link that leads nowhere or in a circle. Links to things that would not have
    /// been looked at are no trouble.
    fn trouble(&mut self, error: &walkdir::Error, root: &Arc<str>) {
        let Some(path) = error.path() else { return };
        self.unseen(path, error.io_error(), root);
    }

    /// The same, with what the system says of it; `None` for a link in a circle.
    fn unseen(&mut self, path: &Path, error: Option<&std::io::Error>, root: &Arc<str>) {
        let fault = error.map_or(FileFault::LinkLoop, |error| fault_of(error, path));
        let concerns_us = match fault {
            FileFault::DanglingLink | FileFault::LinkLoop | FileFault::NotFound => is_array_name(path),
            _ => true,
        };
        if concerns_us {
            self.targets.push(Target::new(path, root, Some(fault)));
        }
    }
}

fn entries(folder: &Path) -> walkdir::IntoIter {
    WalkDir::new(folder).follow_links(true).into_iter()
}

/// Whether a file of that name in a folder is one of those that are looked at.
pub(super) fn is_array_name(path: &Path) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case("npy") || found.eq_ignore_ascii_case("npz"))
}

fn is_glob(path: &Path) -> bool {
    path.components().any(|part| has_glob(part.as_os_str()))
}

fn has_glob(part: &std::ffi::OsStr) -> bool {
    part.as_encoded_bytes().iter().any(|byte| matches!(byte, b'*' | b'?' | b'[' | b'{'))
}

fn glob(pattern: &Path) -> Result<GlobMatcher, globset::Error> {
    GlobBuilder::new(&shown_path(pattern)).literal_separator(true).build().map(|glob| glob.compile_matcher())
}

/// A path as shown: `/` between the parts, no `./` in front, no `/` at the end; `.` for the working folder.
fn shown_path(path: &Path) -> String {
    let text = text_of(path.as_os_str());
    let tidy = !(text.starts_with("./") || text.ends_with(['/', '.']) || text.contains("//") || text.contains("/./"));
    if tidy && std::path::MAIN_SEPARATOR == '/' {
        return text.into_owned();
    }
    let mut out = String::with_capacity(path.as_os_str().len());
    for part in path.components() {
        if part == Component::CurDir {
            continue;
        }
        if !out.is_empty() && !out.ends_with('/') {
            out.push('/');
        }
        match part {
            Component::RootDir => out.push('/'),
            part => out.push_str(&text_of(part.as_os_str())),
        }
    }
    if out.is_empty() { ".".into() } else { out }
}

/// The name as text. Bytes that are no UTF-8 are written out, so that two files never look like one.
fn text_of(name: &OsStr) -> Cow<'_, str> {
    if let Some(text) = name.to_str() {
        return text.into();
    }
    let mut text = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A folder with these empty files. A name that ends in `/` is a folder.
    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            if name.ends_with('/') { fs::create_dir_all(path).unwrap() } else { fs::write(path, "").unwrap() }
        }
        folder
    }

    /// The paths found for the arguments, both relative to the folder, and what stands for nothing.
    fn found(folder: &Path, arguments: &[&str]) -> (Vec<String>, usize) {
        let arguments: Vec<PathBuf> = arguments.iter().map(|argument| folder.join(argument)).collect();
        let walk = walk(&arguments, &Progress::default());
        let root = format!("{}/", shown_path(folder));
        let name = |target: &Target| match target.trouble() {
            None => target.path.replace(&root, ""),
            Some(fault) => format!("{}: {fault:?}", target.path.replace(&root, "")),
        };
        (walk.targets.iter().map(name).collect(), walk.unmatched.len())
    }

    #[test]
    fn folders_are_searched_for_arrays_in_natural_order() {
        let folder = folder(&["a/x_10.npy", "a/x_2.npy", "a/README.txt", "b.NPZ", "a.npy", "a/deep/er/1.npz", "c/"]);
        let all = ["a/deep/er/1.npz", "a/x_2.npy", "a/x_10.npy", "a.npy", "b.NPZ"];
        assert_eq!(found(folder.path(), &[""]), (all.map(String::from).to_vec(), 0));
        assert_eq!(found(folder.path(), &["", "a", "a.npy"]), (all.map(String::from).to_vec(), 0));
        assert_eq!(found(folder.path(), &["c"]), (vec![], 1));
        let walk = walk(&[folder.path().join("a/")], &Progress::default());
        assert!(walk.targets.iter().all(|target| *target.root == *shown_path(&folder.path().join("a"))));
    }

    #[test]
    fn what_is_named_is_taken_whatever_its_name() {
        let folder = folder(&["x.dat", "[1].npy"]);
        assert_eq!(found(folder.path(), &["x.dat", "[1].npy"]).0, ["[1].npy", "x.dat"]);
        assert_eq!(found(folder.path(), &["y.npy"]).0, ["y.npy: NotFound"]);
        assert!(walk(&[folder.path().join("x.dat")], &Progress::default()).targets[0].root.is_empty());
    }

    #[test]
    fn globs_are_expanded() {
        let folder = folder(&["a/x_1.npy", "a/x_2.npy", "a/y_1.npy", "a/b/x_3.npy", "a/x_1.txt", "c/z.npz"]);
        let list = |pattern: &str| found(folder.path(), &[pattern]).0;
        assert_eq!(list("a/x_*"), ["a/x_1.npy", "a/x_2.npy"]);
        assert_eq!(list("a/x_1.*"), ["a/x_1.npy"]);
        assert_eq!(list("a/x_1.t?t"), ["a/x_1.txt"]);
        assert_eq!(list("**/x_*.npy"), ["a/b/x_3.npy", "a/x_1.npy", "a/x_2.npy"]);
        assert_eq!(list("{a,c}/[yz]*"), ["a/y_1.npy", "c/z.npz"]);
        assert_eq!(list("[ab]"), ["a/b/x_3.npy", "a/x_1.npy", "a/x_2.npy", "a/y_1.npy"]);
        assert_eq!(found(folder.path(), &["*.npy", "a/[x.npy"]), (vec![], 2));
    }

    #[cfg(unix)]
    #[test]
    fn links_and_pipes_never_hang() {
        use std::os::unix::fs::symlink;
        let folder = folder(&["real/x.npy"]);
        let at = |name: &str| folder.path().join(name);
        symlink(at("real"), at("link")).unwrap();
        symlink(at("nowhere"), at("gone.npy")).unwrap();
        symlink(at("nowhere"), at("gone.txt")).unwrap();
        symlink(at("self.npy"), at("self.npy")).unwrap();
        symlink(folder.path(), at("real/up.npy")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(at("pipe.npy")).status().unwrap();
        assert!(made.success());
        let (found, _) = found(folder.path(), &[""]);
        let expected = [
            "gone.npy: DanglingLink",
            "link/up.npy: LinkLoop",
            "link/x.npy",
            "pipe.npy: Special(Pipe)",
            "real/up.npy: LinkLoop",
            "real/x.npy",
            "self.npy: LinkLoop",
        ];
        assert_eq!(found, expected);
        let named = walk(&[at("pipe.npy"), at("self.npy"), at("gone.npy")], &Progress::default());
        assert!(named.targets.iter().all(|target| target.trouble().is_some()), "{named:?}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn names_that_are_not_utf_8_can_be_opened() {
        use std::os::unix::ffi::OsStrExt;
        let folder = tempfile::tempdir().unwrap();
        for name in [b"x\xfe.npy", b"x\xff.npy"] {
            fs::write(folder.path().join(OsStr::from_bytes(name)), "").unwrap();
        }
        fs::create_dir(folder.path().join(OsStr::from_bytes(b"z\xfe"))).unwrap();
        fs::write(folder.path().join(OsStr::from_bytes(b"z\xfe/y.npy")), "").unwrap();
        let walk = walk(&[folder.path().to_owned()], &Progress::default());
        assert_eq!(walk.targets.len(), 3);
        for (target, name) in walk.targets.iter().zip(["x\\xfe.npy", "x\\xff.npy", "z\\xfe/y.npy"]) {
            assert!(target.path.ends_with(name) && fs::read(target.open_path()).is_ok(), "{}", target.path);
        }
    }

    #[test]
    fn paths_are_shown_as_typed_without_what_says_nothing() {
        for (typed, shown) in
            [(".", "."), ("./x.npy", "x.npy"), ("a//b/", "a/b"), ("../a", "../a"), ("/", "/"), ("/a", "/a")]
        {
            assert_eq!(shown_path(Path::new(typed)), shown);
        }
    }
}
