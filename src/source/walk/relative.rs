//! The walk of a system that lists a folder with what each entry is: nothing is asked of a file that is not a link, one
//! folder is open at a time in each thread, and names are sorted folder by folder.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use rustix::fs::{CWD, FileType, Mode, OFlags, RawDir};
use rustix::io::retry_on_intr;

use super::order::{common_start, natural, natural_bytes, short_key};
use super::{Reach, Target, Walk, is_array_name, shown_path, sort, text_of};
use crate::source::Progress;
use crate::source::fault::FileFault;
use crate::source::input::special;

/// Bytes of entries that one call to the system gives at most.
const LISTED: usize = 32 * 1024;
/// Folders that are listed before anybody else helps.
const ALONE: usize = 4;

/// A folder to be listed.
struct Folder {
    path: PathBuf,
    /// How many folders are above it, that of the walk included.
    depth: usize,
}

/// What stands in a folder.
struct Listed {
    /// What names of files start with here; sorts as the folder does.
    prefix: String,
    files: Walk,
    folders: Vec<Folder>,
}

/// Adds everything below a folder that is named like an array file, sorted where links and special files allow it.
pub(super) fn below(folder: &Path, walk: &mut Walk, progress: &Progress) {
    let root: Arc<str> = shown_path(folder).into();
    let mut level = vec![Folder { path: folder.to_owned(), depth: 0 }];
    let mut parts: Vec<(String, Vec<Target>)> = Vec::new();
    while !level.is_empty() && !progress.stopped() {
        let list = |buffer: &mut Vec<u8>, folder: &Folder| list(folder, &root, buffer, progress);
        let listed: Vec<Listed> = if level.len() <= ALONE {
            let mut buffer = Vec::new();
            level.iter().map(|folder| list(&mut buffer, folder)).collect()
        } else {
            level.par_iter().map_init(Vec::new, list).collect()
        };
        level.clear();
        for part in listed {
            level.extend(part.folders);
            parts.push((part.prefix, part.files.targets));
        }
    }
    parts.sort_by(|a, b| natural(&a.0, &b.0));
    walk.targets.reserve(parts.iter().map(|(_, targets)| targets.len()).sum());
    walk.targets.extend(parts.into_iter().flat_map(|(_, targets)| targets));
}

/// A name in a folder, by its place in the text of all names.
struct Name {
    key: u128,
    start: usize,
    length: usize,
}

fn list(folder: &Folder, root: &Arc<str>, buffer: &mut Vec<u8>, progress: &Progress) -> Listed {
    let mut prefix = shown_path(&folder.path);
    if prefix == "." {
        prefix.clear();
    } else if !prefix.ends_with('/') {
        prefix.push('/');
    }
    let mut listed = Listed { prefix, files: Walk::default(), folders: Vec::new() };
    let mut names = Names::default();
    let seen = entries(&folder.path, buffer, |name, kind| {
        match kind {
            FileType::RegularFile if is_array(name) => names.push(name),
            FileType::RegularFile => {}
            FileType::Directory => listed.folders.push(folder.inner(name)),
            FileType::Symlink | FileType::Unknown => listed.look_at(folder, name, root),
            _ if is_array(name) => listed.look_at(folder, name, root),
            _ => {}
        }
        !progress.stopped()
    });
    let odd = std::mem::take(&mut listed.files.targets);
    names.targets(&folder.path, &listed.prefix, root, &mut listed.files.targets);
    // Names that are no text are shown in another order than their bytes have.
    let sorted = odd.is_empty() && seen.is_ok() && listed.files.targets.iter().all(|target| target.open().is_none());
    listed.files.targets.extend(odd);
    if let Err(error) = seen {
        listed.files.unseen(&folder.path, Some(&error), root);
    }
    if !sorted {
        sort(&mut listed.files.targets);
    }
    listed
}

/// Calls `visit` with the name and the kind of every entry, until it says stop.
fn entries(folder: &Path, buffer: &mut Vec<u8>, mut visit: impl FnMut(&OsStr, FileType) -> bool) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let open = retry_on_intr(|| rustix::fs::openat(CWD, folder, flags, Mode::empty()))?;
    buffer.clear();
    buffer.reserve(LISTED);
    let mut entries = RawDir::new(&open, buffer.spare_capacity_mut());
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." && !visit(OsStr::from_bytes(name), entry.file_type()) {
            break;
        }
    }
    Ok(())
}

/// Whether the name is that of an array, as [`is_array_name`] has it for paths.
fn is_array(name: &OsStr) -> bool {
    matches!(name.as_bytes(), [_, .., b'.', b'n' | b'N', b'p' | b'P', b'y' | b'Y' | b'z' | b'Z'])
}

impl Folder {
    fn inner(&self, name: &OsStr) -> Self {
        Self { path: self.path.join(name), depth: self.depth + 1 }
    }

    /// Whether what the path leads to is this folder or one above it.
    fn is_within(&self, found: &std::fs::Metadata) -> bool {
        use std::os::unix::fs::MetadataExt as _;
        let same = |folder: &Path| {
            std::fs::metadata(folder).is_ok_and(|above| (above.dev(), above.ino()) == (found.dev(), found.ino()))
        };
        self.path.ancestors().take(self.depth + 1).any(same)
    }
}

impl Listed {
    /// Asks what a link leads to, or what a file is that the listing does not tell.
    fn look_at(&mut self, folder: &Folder, name: &OsStr, root: &Arc<str>) {
        let inner = folder.inner(name);
        match std::fs::metadata(&inner.path) {
            Err(error) => self.files.unseen(&inner.path, Some(&error), root),
            Ok(found) if found.is_dir() && folder.is_within(&found) => self.files.unseen(&inner.path, None, root),
            Ok(found) if found.is_dir() => self.folders.push(inner),
            Ok(found) if is_array_name(&inner.path) => {
                let trouble = special(found.file_type()).map(FileFault::Special);
                self.files.targets.push(Target::new(&inner.path, root, trouble));
            }
            Ok(_) => {}
        }
    }
}

/// Names of files, one behind another.
#[derive(Default)]
struct Names {
    text: Vec<u8>,
    places: Vec<Name>,
    /// Bytes that all of them start with.
    common: Option<usize>,
}

impl Names {
    fn push(&mut self, name: &OsStr) {
        let name = name.as_bytes();
        let common = self.places.first().map_or(name.len(), |first| common_start(self.text(first), name));
        self.common = Some(self.common.map_or(common, |known| known.min(common)));
        self.places.push(Name { key: 0, start: self.text.len(), length: name.len() });
        self.text.extend_from_slice(name);
    }

    fn text(&self, name: &Name) -> &[u8] {
        &self.text[name.start..name.start + name.length]
    }

    /// The files of these names in natural order, added to those before.
    fn targets(mut self, folder: &Path, prefix: &str, root: &Arc<str>, targets: &mut Vec<Target>) {
        let mut names = std::mem::take(&mut self.places);
        let common = self.common.unwrap_or(0);
        for name in &mut names {
            name.key = short_key(&self.text(name)[common..]);
        }
        names.sort_unstable_by(|a, b| a.key.cmp(&b.key).then_with(|| natural_bytes(self.text(a), self.text(b))));
        targets.reserve_exact(names.len());
        // What is shown of a folder whose name is no text leads nowhere.
        let odd = folder.to_str().is_none();
        // Each of them is text where all are, and none starts within a character.
        let all = std::str::from_utf8(&self.text).ok();
        let mut path = prefix.to_owned();
        for name in &names {
            let text = all.and_then(|all| all.get(name.start..name.start + name.length));
            let name = OsStr::from_bytes(self.text(name));
            path.truncate(prefix.len());
            match text {
                Some(text) => path.push_str(text),
                None => path.push_str(&text_of(name)),
            }
            let open = (odd || (text.is_none() && name.to_str().is_none())).then(|| folder.join(name));
            targets.push(Target { path: path.as_str().into(), root: Arc::clone(root), reach: Reach::new(open, None) });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use proptest::prelude::*;

    use super::*;

    const FOLDERS: [&[u8]; 5] = [b"a", b"a_2", b"a_02", b"x_1.npy", b"\xfe"];
    const FILES: [&[u8]; 10] =
        [b"x_1.npy", b"x_01.npy", b"x_10.NPZ", b"x_2.npy", b".npy", b"..npy", b"a.npy", b"x.txt", b"a", b"\xff.npy"];

    /// Makes something in a folder: a file, a folder, a link or a pipe. What is there already stays.
    fn make(root: &Path, (place, kind, name, other): (usize, u8, usize, usize), folders: &mut Vec<PathBuf>) {
        let folder = folders[place % folders.len()].clone();
        let file = folder.join(OsStr::from_bytes(FILES[name % FILES.len()]));
        match kind {
            0..4 => drop(fs::File::create_new(file)),
            4..6 => {
                let inner = folder.join(OsStr::from_bytes(FOLDERS[name % FOLDERS.len()]));
                if fs::create_dir(&inner).is_ok() {
                    folders.push(inner);
                }
            }
            6 => drop(symlink(&folders[other % folders.len()], file)),
            7 => drop(symlink(folders[other % folders.len()].join("x_1.npy"), file)),
            8 => drop(symlink(root.join("nowhere"), file)),
            _ => drop(rustix::fs::mknodat(CWD, &file, FileType::Fifo, Mode::RUSR, 0)),
        }
    }

    proptest! {
        #[test]
        fn it_finds_what_the_portable_walk_finds(
            steps in proptest::collection::vec((0_usize..8, 0_u8..10, 0_usize..10, 0_usize..8), 0..24),
            dotted: bool,
        ) {
            let temporary = tempfile::tempdir().unwrap();
            let root = if dotted { temporary.path().join(".").join("") } else { temporary.path().to_owned() };
            let mut folders = vec![temporary.path().to_owned()];
            for step in steps {
                make(temporary.path(), step, &mut folders);
            }
            let (mut relative, mut portable) = (Walk::default(), Walk::default());
            below(&root, &mut relative, &Progress::default());
            portable.portable(&root, &Progress::default());
            sort(&mut relative.targets);
            sort(&mut portable.targets);
            prop_assert_eq!(&relative, &portable);
            let order = |pair: &[Target]| natural(&pair[0].path, &pair[1].path).is_le();
            prop_assert!(relative.targets.windows(2).all(order));
        }
    }

    #[test]
    fn folders_are_read_in_parallel_and_told_in_order() {
        let root = tempfile::tempdir().unwrap();
        let mut expected = Vec::new();
        for folder in 0..20 {
            fs::create_dir(root.path().join(format!("part_{folder}"))).unwrap();
            for file in 0..12 {
                let path = root.path().join(format!("part_{folder}/x_{file}.npy"));
                fs::write(&path, "").unwrap();
                expected.push(shown_path(&path));
            }
        }
        let mut walk = Walk::default();
        below(root.path(), &mut walk, &Progress::default());
        let found: Vec<&str> = walk.targets.iter().map(|target| &*target.path).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn somebody_who_stops_it_is_heard() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("x.npy"), "").unwrap();
        let progress = Progress::default();
        progress.stop.store(true, std::sync::atomic::Ordering::Relaxed);
        let mut walk = Walk::default();
        below(root.path(), &mut walk, &progress);
        assert!(walk.targets.is_empty());
    }
}
