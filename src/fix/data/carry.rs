//! A plan, carried out: every file that it names is written beside its place, synced, read again, compared with what it was
//! made of, shown to whoever judges it, and only then put in place. Nothing of the old file goes before all of the new is
//! there.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rawzip::{FileReader, ReaderAt as _};

use super::compare::{Compared, compare};
use super::make::Maker;
use super::plan::{Content, FilePlan, Output};
use super::sink::{self, Sink};
use crate::config::limits::Limits;
use crate::fix::replace::{self, Old, Refused, STOPPED, Stamp, Temporary, unreadable, unwritable};
use crate::source::text::shown;
use crate::source::{Memo, Progress, Small, SourceFacts, Target, scan};

/// Files that are whole and stay open, and locked, until all of a plan are.
const OPEN: usize = 64;

/// Where files are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// In the place of the old ones, which go.
    InPlace,
    /// Into another folder, which is made where there is none. The old ones stay.
    Under {
        /// The folder that paths are counted from: `root/a/x.npy` becomes `dir/a/x.npy`. Where it is empty, only the name of
        /// a file is kept.
        root: PathBuf,
        /// The folder.
        dir: PathBuf,
    },
}

/// What was done.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// The files that are there now, in the order of the plan.
    pub outputs: Vec<Written>,
    /// Whether the old file went, because none of them has its name.
    pub removed: bool,
}

/// A file that is there now.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// Where it is.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: u64,
    /// False where exactly this file was there before: a run that was ended had got so far.
    pub fresh: bool,
    /// What came of comparing its arrays with those that they were made of, in the order of the plan.
    pub arrays: Vec<Compared>,
}

/// Judges a file that was written and is not yet in place: where it is for now, what it is in the plan, and what comparing
/// its arrays with the old ones has shown.
pub type Check<'c, E> = dyn FnMut(&Path, &Output, &[Compared]) -> Result<(), E> + 'c;

/// Carries out what is planned for the file at `target`, which is the one of the stamp. `facts` are those that the plan was
/// made of. `check` gets each new file before it is put in place, and what comparing it with the old one has shown.
///
/// What is done of the progress grows by the bytes of every array twice: when it is written and when it is compared.
///
/// On an error everything is as it was, but for folders that were made, and but for a file of the plan that was there already.
pub fn carry_out(
    plan: &FilePlan,
    facts: &SourceFacts,
    target: &Path,
    stamp: &Stamp,
    destination: &Destination,
    progress: &Progress,
    check: &mut Check<'_, Refused>,
) -> Result<Done, Refused> {
    let refuse = |why: String| Refused { why: format!("`{}` is not repaired: {why}", shown(&facts.path, 400)) };
    let mut judged = None;
    let done = Job { plan, facts, target, stamp, destination, progress }
        .run(&mut |path, output, compared| check(path, output, compared).map_err(|refused| judged = Some(refused)));
    done.map_err(|why| judged.unwrap_or_else(|| refuse(why)))
}

/// Copies a file as it is into another folder, for it to be whole.
pub fn copy(target: &Path, stamp: &Stamp, destination: &Destination, progress: &Progress) -> Result<Done, Refused> {
    let name = target.display().to_string();
    let refuse = |why: String| Refused { why: format!("`{}` is not copied: {why}", shown(&name, 400)) };
    let facts = SourceFacts {
        path: name.as_str().into(),
        root: "".into(),
        kind: crate::source::SourceKind::Other,
        size: 0,
        arrays: Vec::new(),
        faults: Vec::new(),
        yielded: None,
        small: Small::default(),
    };
    let plan = FilePlan { source: 0, outputs: vec![Output { path: target.to_owned(), content: Content::Same }] };
    Job { plan: &plan, facts: &facts, target, stamp, destination, progress }.run(&mut |_, _, _| Ok(())).map_err(refuse)
}

/// A file that was written and is not yet in place.
struct Ready {
    temporary: Temporary,
    path: PathBuf,
    own: bool,
    written: Written,
}

struct Job<'j> {
    plan: &'j FilePlan,
    facts: &'j SourceFacts,
    target: &'j Path,
    stamp: &'j Stamp,
    destination: &'j Destination,
    progress: &'j Progress,
}

impl Job<'_> {
    /// An error is the end of a sentence.
    fn run(&self, check: &mut Check<'_, ()>) -> Result<Done, String> {
        if self.plan.outputs.is_empty() {
            if *self.destination == Destination::InPlace {
                Old::open(self.target, self.stamp)?.remove()?;
            }
            let removed = *self.destination == Destination::InPlace;
            return Ok(Done { outputs: Vec::new(), removed });
        }
        let old = match self.destination {
            Destination::InPlace => Some(Old::open(self.target, self.stamp)?),
            Destination::Under { .. } => None,
        };
        let (file, metadata) = replace::open(self.target, self.stamp)?;
        let like = file.try_clone().map_err(unreadable)?;
        let paths = self.paths(old.as_ref())?;
        if let (Some(old), [Output { content: Content::Same, .. }], [(path, false)]) =
            (&old, self.plan.outputs.as_slice(), paths.as_slice())
        {
            return self.rename(old, path, check);
        }
        let file = Arc::new(FileReader::from(file));
        let mut maker = Maker::new(self.plan, self.facts, &file, metadata.len(), self.progress).map_err(told)?;
        self.room(&maker, &paths)?;
        let mut ready = Vec::new();
        for (output, (path, own)) in self.plan.outputs.iter().zip(paths) {
            let mut temporary =
                Temporary::beside(&path).map_err(|error| format!("its folder cannot be written to ({error})"))?;
            let made = temporary.file().map_err(unreadable)?;
            let mut sink = Sink::new(made);
            let parts = maker.write(output, &mut sink).and_then(|()| sink.finish()).map_err(told)?;
            temporary.like(&like, &metadata).map_err(unwritable)?;
            made.sync_all().map_err(unwritable)?;
            if !sink::verify(made, &parts, self.progress).map_err(told)? {
                return Err("what was written is not what is read again: the disk may be damaged".into());
            }
            let bytes = made.metadata().map_err(unreadable)?.len();
            let arrays = self.compare(&maker, output, &temporary, &file, metadata.len())?;
            check(temporary.path(), output, &arrays).map_err(|()| "it was refused".to_owned())?;
            let written = Written { path: path.clone(), bytes, fresh: true, arrays };
            if ready.len() >= OPEN {
                temporary.close();
            }
            ready.push(Ready { temporary, path, own, written });
        }
        drop(maker);
        self.place(old, ready)
    }

    /// Where the outputs go, and which of them takes the place of the old file.
    fn paths(&self, old: Option<&Old>) -> Result<Vec<(PathBuf, bool)>, String> {
        let mut paths: Vec<(PathBuf, bool)> = Vec::new();
        for output in &self.plan.outputs {
            let (planned, target) = (plain(&output.path), plain(self.target));
            let beside = planned.parent() == target.parent() && planned.file_name().is_some();
            if !beside {
                return Err("a file that is to take its place does not stand beside it".into());
            }
            let path = match (self.destination, old) {
                (Destination::Under { root, dir }, _) => (under(root, dir, &output.path)?, false),
                (Destination::InPlace, Some(old)) if planned == target => (old.path.clone(), true),
                (Destination::InPlace, _) => (output.path.clone(), false),
            };
            if paths.iter().any(|(other, _)| *other == path.0) {
                return Err("two files that are to take its place have one name".into());
            }
            paths.push(path);
        }
        let link = fs::symlink_metadata(self.target).is_ok_and(|kind| kind.is_symlink());
        if old.is_some() && link && paths.iter().any(|(_, own)| !own) {
            return Err("it is a link, and files under other names would take its place".into());
        }
        Ok(paths)
    }

    /// Gives the old file another name.
    fn rename(&self, old: &Old, path: &Path, check: &mut Check<'_, ()>) -> Result<Done, String> {
        check(&old.path, &self.plan.outputs[0], &[]).map_err(|()| "it was refused".to_owned())?;
        old.unchanged()?;
        let bytes = old.metadata.len();
        let fresh = match replace::rename_new(&old.path, path) {
            Ok(()) => {
                replace::sync_folder(path);
                true
            }
            // On a file system that does not tell case apart, the name is its own; a link to it is not.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !path.is_symlink() && is_it(path, old) => {
                fs::rename(&old.path, path).map_err(unwritable)?;
                replace::sync_folder(path);
                true
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if !replace::same(&old.path, path).map_err(unreadable)? {
                    return Err(replace::taken(path));
                }
                old.remove()?;
                false
            }
            Err(error) => return Err(unwritable(error)),
        };
        Ok(Done { outputs: vec![Written { path: path.to_owned(), bytes, fresh, arrays: Vec::new() }], removed: true })
    }

    /// Whether there is room for all files at once, folder by folder.
    fn room(&self, maker: &Maker<'_>, paths: &[(PathBuf, bool)]) -> Result<(), String> {
        let mut folders: Vec<(&Path, u64)> = Vec::new();
        for (output, (path, _)) in self.plan.outputs.iter().zip(paths) {
            let folder = path.parent().unwrap_or(Path::new("."));
            let bytes = maker.estimate(output);
            match folders.iter_mut().find(|(known, _)| *known == folder) {
                Some((_, all)) => *all = all.saturating_add(bytes),
                None => folders.push((folder, bytes)),
            }
        }
        folders.into_iter().try_for_each(|(folder, bytes)| replace::room(folder, bytes))
    }

    /// Compares a file that was written with what it was made of.
    fn compare(
        &self,
        maker: &Maker<'_>,
        output: &Output,
        temporary: &Temporary,
        old: &Arc<FileReader>,
        size: u64,
    ) -> Result<Vec<Compared>, String> {
        let parts = match &output.content {
            Content::Same => return Ok(Vec::new()),
            Content::Npy(part) => vec![(part, None)],
            Content::Npz { members, .. } => members.iter().map(|member| (&member.part, Some(&member.name))).collect(),
        };
        let made = scan(&Target::file(temporary.path()), &mut Memo::new(Limits::widest()));
        let file = File::open(temporary.path()).map_err(unreadable)?;
        let made_size = file.metadata().map_err(unreadable)?.len();
        let file = Arc::new(FileReader::from(file));
        let wrong = || "what was written does not hold the arrays that it should".to_owned();
        if made.arrays.len() != parts.len() {
            return Err(wrong());
        }
        let mut compared = Vec::new();
        for (made, (part, name)) in made.arrays.iter().zip(parts) {
            let array = self.facts.arrays.get(part.array).ok_or_else(wrong)?;
            if name.is_some_and(|name| made.member.as_ref() != Some(name)) {
                return Err(wrong());
            }
            compared.push(compare(part, (old, array, size), (&file, made, made_size), self.progress).map_err(told)?);
        }
        if !maker.others_kept(output, temporary.path()).map_err(told)? {
            return Err("members that are no arrays were not kept".into());
        }
        Ok(compared)
    }

    /// Puts the files in place: those with new names first, then the one that replaces the old file, or else the old one
    /// goes.
    fn place(&self, old: Option<Old>, ready: Vec<Ready>) -> Result<Done, String> {
        if self.progress.stopped() {
            return Err(STOPPED.into());
        }
        match &old {
            Some(old) => old.unchanged()?,
            None => drop(replace::open(self.target, self.stamp)?),
        }
        let mut done = Done { outputs: Vec::new(), removed: false };
        let mut own = None;
        let mut placed: Vec<PathBuf> = Vec::new();
        let mut beside = None;
        let back = |placed: &[PathBuf]| {
            for path in placed {
                // It is the refusal that is told.
                let _ = fs::remove_file(path);
            }
        };
        for Ready { temporary, path, own: is_own, mut written } in ready {
            if is_own {
                own = Some(temporary);
            } else {
                written.fresh = temporary.place(&path).inspect_err(|_| back(&placed))?;
                if !written.fresh && old.as_ref().is_some_and(|old| is_it(&path, old)) {
                    back(&placed);
                    return Err("a new name is only another way to write its own".into());
                }
                beside = Some(path.clone());
                if written.fresh {
                    placed.push(path);
                }
            }
            done.outputs.push(written);
        }
        // They all stand beside each other. Those of an earlier run may not be durable yet, either.
        if let Some(path) = beside {
            replace::sync_folder(&path);
        }
        if let Some(old) = old {
            done.removed = own.is_none();
            own.map_or_else(|| old.remove(), |own| own.replace(&old)).inspect_err(|_| back(&placed))?;
        }
        Ok(done)
    }
}

/// What an error of reading or writing says, as the end of a sentence.
fn told(error: io::Error) -> String {
    match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => shown(&error.to_string(), 400),
        io::ErrorKind::UnexpectedEof => "its data is not all there".into(),
        _ if error.to_string() == STOPPED => STOPPED.into(),
        _ => unwritable(error),
    }
}

/// Whether a path leads to that file: under its own name, where the file system does not tell case apart.
fn is_it(path: &Path, old: &Old) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let place = |file: &fs::Metadata| (file.dev(), file.ino());
        if fs::metadata(path).is_ok_and(|found| place(&found) == place(&old.metadata)) {
            return true;
        }
    }
    fs::canonicalize(path).is_ok_and(|path| path == old.path)
}

/// The path without what leads nowhere: `./a/./x.npy` is `a/x.npy`, and `.` is the empty path.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

/// Where a file goes in another folder. Folders on the way are made; none leads out of it.
fn under(root: &Path, dir: &Path, path: &Path) -> Result<PathBuf, String> {
    let outside = || "it would be written outside of the folder".to_owned();
    let below = if root.as_os_str().is_empty() {
        PathBuf::from(path.file_name().ok_or_else(outside)?)
    } else {
        plain(path).strip_prefix(plain(root)).map_err(|_| outside())?.to_owned()
    };
    let cannot = |folder: &Path, error: &io::Error| {
        format!("the folder `{}` cannot be made ({error})", shown(&folder.display().to_string(), 400))
    };
    fs::create_dir_all(dir).map_err(|error| cannot(dir, &error))?;
    let dir = fs::canonicalize(dir).map_err(|error| cannot(dir, &error))?;
    let mut at = dir.clone();
    let parts: Vec<Component<'_>> = below.components().filter(|part| *part != Component::CurDir).collect();
    let Some((name, folders)) = parts.split_last() else { return Err(outside()) };
    if !parts.iter().all(|part| matches!(part, Component::Normal(_))) {
        return Err(outside());
    }
    for folder in folders {
        at.push(folder);
        match fs::create_dir(&at) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(cannot(&at, &error)),
            _ => {}
        }
        at = fs::canonicalize(&at).map_err(|error| cannot(&at, &error))?;
        if !at.starts_with(&dir) {
            return Err(outside());
        }
    }
    Ok(at.join(name))
}

/// Bytes of a file from one place to another.
pub(super) struct Span<'s> {
    pub(super) file: &'s FileReader,
    pub(super) at: u64,
    pub(super) end: u64,
    pub(super) progress: &'s Progress,
    /// Whether what is read is something that the progress counts.
    pub(super) counts: bool,
}

impl Read for Span<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.progress.stopped() {
            return Err(io::Error::other(STOPPED));
        }
        let wanted = usize::try_from(self.end - self.at).unwrap_or(usize::MAX).min(out.len());
        let read = self.file.read_at(&mut out[..wanted], self.at)?;
        if read == 0 && wanted > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += read as u64;
        if self.counts {
            self.progress.done.fetch_add(read as u64, Ordering::Relaxed);
        }
        Ok(read)
    }
}
