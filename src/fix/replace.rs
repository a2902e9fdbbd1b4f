//! How new bytes take the place of old ones: written beside them under a name of their own, synced, and put in place by one
//! rename. Whatever ends the process, each file is the old one or the new one, whole.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::drafts::Draft;

/// Why nothing is written any more once somebody stopped the run.
pub(crate) const STOPPED: &str = "the run was interrupted";
/// What the names of temporary files have in them, the process and a number behind it.
const MARK: &str = ".batchlint-";
/// Bytes of a file's name that its temporary file has in its own: both have to fit into 255.
const NAME: usize = 180;
/// Names that are tried for a temporary file.
const ATTEMPTS: u32 = 10_000;
/// Bytes of two files that are compared at a time.
const CHUNK: usize = 256 * 1024;

/// Why a file was not written. It is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Refused {
    /// A whole sentence without a full stop, safe to show: "`train.py` is not edited: it was changed since Python read it"
    pub why: String,
}

/// What shows that a file is still the one that was looked at: its size, its times to the nanosecond, and which file it is.
/// Taken before the file is read, it tells of any change from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    size: u64,
    modified: Option<std::time::SystemTime>,
    /// The device, the number of the file on it, and when anything but its content changed, where the system tells.
    place: Option<(u64, u64, i64, i64)>,
}

impl Stamp {
    /// That of the file that a path leads to, through links.
    pub fn of(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|metadata| Self::from(&metadata))
    }
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let place = {
            use std::os::unix::fs::MetadataExt as _;
            Some((metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec()))
        };
        #[cfg(not(unix))]
        let place = None;
        Self { size: metadata.len(), modified: metadata.modified().ok(), place }
    }
}

/// A file that is to be replaced. As long as this lives, no other run replaces it.
#[derive(Debug)]
pub(crate) struct Old {
    /// Where it is in truth, behind all links.
    pub(crate) path: PathBuf,
    pub(crate) metadata: Metadata,
    file: File,
    stamp: Stamp,
}

impl Old {
    /// Opens a file that may be replaced, if it is still the one of the stamp. An error is the end of a sentence.
    pub(crate) fn open(path: &Path, stamp: &Stamp) -> Result<Self, String> {
        let path = fs::canonicalize(path).map_err(|error| format!("it cannot be found ({error})"))?;
        let (file, metadata) = open(&path, stamp)?;
        if metadata.permissions().readonly() {
            return Err("it may not be written to".into());
        }
        #[cfg(unix)]
        {
            let links = std::os::unix::fs::MetadataExt::nlink(&metadata);
            if links > 1 {
                return Err(format!("it has {links} names (hard links), and only this one would be replaced"));
            }
        }
        if !lock(&file).map_err(|error| format!("it cannot be locked ({error})"))? {
            return Err("another run of batchlint is at work on it".into());
        }
        let old = Self { path, metadata, file, stamp: stamp.clone() };
        old.unchanged()?;
        Ok(old)
    }

    /// Whether the name still leads to that file, and the file is what it was.
    pub(crate) fn unchanged(&self) -> Result<(), String> {
        let now = fs::symlink_metadata(&self.path).map_err(|error| format!("it cannot be found any more ({error})"))?;
        let open = self.file.metadata().map_err(unreadable)?;
        if Stamp::from(&now) == self.stamp && Stamp::from(&open) == self.stamp { Ok(()) } else { Err(changed()) }
    }

    /// Takes the file away, if it is what it was.
    pub(crate) fn remove(&self) -> Result<(), String> {
        self.unchanged()?;
        fs::remove_file(&self.path).map_err(|error| format!("it cannot be removed ({error})"))?;
        sync_folder(&self.path);
        Ok(())
    }
}

/// Opens a regular file to be read, if it is still the one of the stamp.
pub(crate) fn open(path: &Path, stamp: &Stamp) -> Result<(File, Metadata), String> {
    let kind = fs::metadata(path).map_err(unreadable)?;
    if !kind.is_file() {
        return Err("it is not a regular file".into());
    }
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if Stamp::from(&metadata) == *stamp { Ok((file, metadata)) } else { Err(changed()) }
}

fn changed() -> String {
    "it was changed since it was read".into()
}

#[allow(clippy::needless_pass_by_value, reason = "what `map_err` gives")]
pub(crate) fn unreadable(error: io::Error) -> String {
    format!("it cannot be read ({error})")
}

/// Why something cannot be written, as the end of a sentence.
#[allow(clippy::needless_pass_by_value, reason = "what `map_err` gives")]
pub(crate) fn unwritable(error: io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => format!("the disk is full ({error})"),
        _ => format!("it cannot be written ({error})"),
    }
}

/// Takes the lock of a file, which only runs of batchlint look at. False where another has it. Where there are no locks it
/// is taken to be free: the stamp still tells of changes.
fn lock(file: &File) -> io::Result<bool> {
    // Elsewhere a lock would keep everybody from reading.
    if !cfg!(unix) {
        return Ok(true);
    }
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => match error.kind() {
            io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput => Ok(true),
            _ => Err(error),
        },
    }
}

/// A new file beside the one whose place it is to take. It goes away unless it is put in place; what a killed process leaves
/// behind goes with the next run.
#[derive(Debug)]
pub(crate) struct Temporary {
    draft: Option<Draft>,
    path: PathBuf,
    /// `None` once it is only waiting.
    file: Option<File>,
}

impl Temporary {
    /// An empty one, in the folder of `path` and locked, so that nobody takes it for one that was left behind.
    pub(crate) fn beside(path: &Path) -> io::Result<Self> {
        let name = path.file_name().unwrap_or_default();
        let name = if name.len() > NAME {
            OsString::from(name.to_string_lossy().chars().take(NAME / 4).collect::<String>())
        } else {
            name.to_owned()
        };
        for attempt in 0..ATTEMPTS {
            let mut own = OsString::from(".");
            own.push(&name);
            own.push(format!("{MARK}{}-{attempt}.tmp", std::process::id()));
            let path = path.with_file_name(own);
            let file = match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            };
            // Another run that tidies up may have been quicker.
            if lock(&file).unwrap_or(true) && path.exists() {
                return Ok(Self { draft: Some(Draft::at(&path)), path, file: Some(file) });
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn is_placed(&mut self) {
        if let Some(draft) = self.draft.take() {
            draft.placed();
        }
    }

    /// The file, to be written and read.
    pub(crate) fn file(&self) -> io::Result<&File> {
        self.file.as_ref().ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }

    /// Closes the file, which is whole: a process may have only so many of them open.
    pub(crate) fn close(&mut self) {
        self.file = None;
    }

    /// Gives it the permissions, the owner and the attributes of another file, as far as that is allowed.
    pub(crate) fn like(&self, old: &File, metadata: &Metadata) -> io::Result<()> {
        let file = self.file()?;
        own(file, metadata);
        attributes(old, file);
        file.set_permissions(metadata.permissions())
    }

    /// The same for a file that is replaced.
    pub(crate) fn like_old(&self, old: &Old) -> io::Result<()> {
        self.like(&old.file, &old.metadata)
    }

    /// Puts it in the place of a file, if that is what it was.
    pub(crate) fn replace(mut self, old: &Old) -> Result<(), String> {
        old.unchanged()?;
        fs::rename(&self.path, &old.path).map_err(|error| format!("it cannot be replaced ({error})"))?;
        self.is_placed();
        sync_folder(&old.path);
        Ok(())
    }

    /// Gives it a name that nobody has. Where somebody has it, whose bytes are the same, that is the file and this one goes:
    /// false then.
    pub(crate) fn place(mut self, path: &Path) -> Result<bool, String> {
        match rename_new(&self.path, path) {
            Ok(()) => {
                self.is_placed();
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if same(&self.path, path).map_err(unreadable)? { Ok(false) } else { Err(taken(path)) }
            }
            Err(error) => Err(unwritable(error)),
        }
    }
}

/// That a name belongs to another file, as the end of a sentence.
pub(crate) fn taken(path: &Path) -> String {
    let name = crate::source::text::shown(&path.display().to_string(), 400);
    format!("`{name}` is already there, and holds something else")
}

/// Renames a file to a name that nobody has, or else fails with [`io::ErrorKind::AlreadyExists`].
pub(crate) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            Ok(()) => return Ok(()),
            Err(error) if matches!(io::Error::from(error).kind(), io::ErrorKind::AlreadyExists) => {
                return Err(error.into());
            }
            // Some file systems cannot do it in one step.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {}
            Err(error) => return Err(error.into()),
        }
    }
    fs::hard_link(from, to)?;
    fs::remove_file(from)
}

/// Whether two files hold the same bytes. A link is no file: what it leads to may be the one that goes.
pub(crate) fn same(one: &Path, other: &Path) -> io::Result<bool> {
    if !fs::symlink_metadata(other)?.is_file() {
        return Ok(false);
    }
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut left, mut right) = (vec![0; CHUNK], vec![0; CHUNK]);
    loop {
        let read = one.read(&mut left)?;
        if read == 0 {
            return Ok(other.read(&mut right)? == 0);
        }
        match other.read_exact(&mut right[..read]) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            result => result?,
        }
        if left[..read] != right[..read] {
            return Ok(false);
        }
    }
}

/// Makes the names in the folder of a path durable. Where a folder cannot be synced, the system does it later.
pub(crate) fn sync_folder(path: &Path) {
    if let Some(folder) = path.parent().and_then(|folder| File::open(folder_or_here(folder)).ok()) {
        let _ = folder.sync_all();
    }
}

/// The folder, which is the working folder where it is empty.
pub(crate) fn folder_or_here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

/// Whether a folder's disk has room for so many bytes, as far as the system tells. An error is the end of a sentence.
pub(crate) fn room(folder: &Path, bytes: u64) -> Result<(), String> {
    #[cfg(unix)]
    if let Ok(disk) = rustix::fs::statvfs(folder_or_here(folder)) {
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < bytes {
            return Err(format!("the disk has {free} bytes left, and {bytes} are needed beside the old file"));
        }
    }
    let _ = (folder, bytes);
    Ok(())
}

/// Removes the temporary files that runs left behind that were killed; those of runs that live stay. Gives how many.
/// A folder that cannot be read has none.
#[allow(clippy::must_use_candidate, reason = "who only wants them gone needs no number")]
pub fn sweep(folder: &Path) -> usize {
    let Ok(entries) = fs::read_dir(folder_or_here(folder)) else { return 0 };
    let mut gone = 0;
    for entry in entries.flatten().filter(|entry| is_left(&entry.file_name().to_string_lossy())) {
        // A link of that name is none of ours, and neither is what it leads to.
        let regular = entry.file_type().is_ok_and(|kind| kind.is_file());
        let Some(file) = regular.then(|| File::open(entry.path()).ok()).flatten() else { continue };
        if matches!(file.try_lock(), Ok(())) && fs::remove_file(entry.path()).is_ok() {
            gone += 1;
        }
    }
    gone
}

/// Whether a name is one that [`Temporary`] gives, and the process in it does not live. One of the same number in another
/// container may: then the lock tells, as long as the file is written.
fn is_left(name: &str) -> bool {
    let Some(at) = name.rfind(MARK).filter(|_| name.starts_with('.')) else { return false };
    let numbers = name[at + MARK.len()..].strip_suffix(".tmp").and_then(|numbers| numbers.split_once('-'));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    numbers.is_some_and(|(process, attempt)| digits(process) && digits(attempt) && !lives(process))
}

/// Whether there is a process of that number, as far as the system tells.
#[cfg(unix)]
fn lives(process: &str) -> bool {
    use rustix::process::{Pid, test_kill_process};
    let process = process.parse().ok().and_then(Pid::from_raw);
    process.is_some_and(|process| test_kill_process(process) != Err(rustix::io::Errno::SRCH))
}

#[cfg(not(unix))]
fn lives(_: &str) -> bool {
    true
}

/// Gives the file to the owner of the old one, where that is somebody else and it is allowed.
#[cfg(unix)]
fn own(file: &File, like: &Metadata) {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    if let Ok(mine) = file.metadata()
        && (mine.uid(), mine.gid()) != (like.uid(), like.gid())
    {
        // Who may not give files away could not have kept the owner in any way, but perhaps the group.
        if fchown(file, Some(like.uid()), Some(like.gid())).is_err() {
            let _ = fchown(file, None, Some(like.gid()));
        }
    }
}

#[cfg(not(unix))]
fn own(_: &File, _: &Metadata) {}

/// Copies the attributes that users give to files, and the access control list, as far as that is allowed.
#[cfg(target_os = "linux")]
fn attributes(from: &File, to: &File) {
    use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fsetxattr};
    let mut names = vec![0_u8; 64 * 1024];
    let Ok(length) = flistxattr(from, names.as_mut_slice()) else { return };
    let mut value = vec![0_u8; 64 * 1024];
    for name in names[..length].split(|byte| *byte == 0) {
        if (name.starts_with(b"user.") || name == b"system.posix_acl_access")
            && let Ok(length) = fgetxattr(from, name, value.as_mut_slice())
        {
            let _ = fsetxattr(to, name, &value[..length], XattrFlags::empty());
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn attributes(_: &File, _: &File) {}
