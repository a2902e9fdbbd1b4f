//! What tells one version of a file from another without reading it. Two versions may have the same size and, where somebody
//! sets it back, the same time of change of their content; not the same of their inode.

use std::fs::Metadata;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::Target;

/// Where a file system keeps parts of a second, a change may be unseen for so long; where it does not, for much longer.
const FINE: Duration = Duration::from_millis(50);
const COARSE: Duration = Duration::from_secs(2);

/// What tells one version of a file, or of an object, from another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stamp {
    /// A file.
    File {
        /// Bytes.
        size: u64,
        /// Nanoseconds since 1970 of the last change of the content, and of anything.
        changed: [i128; 2],
        /// The device and the number of the inode.
        inode: [u64; 2],
    },
    /// An object.
    Object {
        /// Bytes.
        size: u64,
        /// The store's tag of its content.
        tag: String,
    },
}

impl Stamp {
    /// The stamp of what the target is now; `None` where nothing tells its versions apart.
    #[must_use]
    pub fn of(target: &Target) -> Option<Self> {
        match target.object() {
            #[cfg(feature = "remote")]
            Some(object) => {
                let version = object.version()?;
                Some(Self::Object { size: version.size, tag: version.tag.clone()? })
            }
            #[cfg(not(feature = "remote"))]
            Some(object) => match **object {},
            None if target.trouble().is_some() => None,
            None => of_file(&std::fs::metadata(target.open_path()).ok()?),
        }
    }

    /// Whether a change after `now` could have the same stamp, since the clock of the file system is too coarse.
    #[must_use]
    pub fn is_fresh(&self, now: SystemTime) -> bool {
        let Self::File { changed, .. } = self else { return false };
        let now = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        let now = i128::try_from(now).unwrap_or(i128::MAX);
        changed.iter().any(|changed| {
            let window = if changed % 1_000_000_000 == 0 { COARSE } else { FINE };
            changed.saturating_add(i128::try_from(window.as_nanos()).unwrap_or(0)) >= now
        })
    }
}

#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "not every system tells")]
fn of_file(found: &Metadata) -> Option<Stamp> {
    use std::os::unix::fs::MetadataExt as _;
    let nanoseconds = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
    Some(Stamp::File {
        size: found.len(),
        changed: [nanoseconds(found.mtime(), found.mtime_nsec()), nanoseconds(found.ctime(), found.ctime_nsec())],
        inode: [found.dev(), found.ino()],
    })
}

/// Without the time of change of the inode a file whose time was set back looks the same.
#[cfg(not(unix))]
fn of_file(_: &Metadata) -> Option<Stamp> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_was_just_changed_is_fresh() {
        let stamp = |changed| Stamp::File { size: 1, changed: [changed, 0], inode: [0, 0] };
        let at = |nanoseconds| SystemTime::UNIX_EPOCH + Duration::from_nanos(nanoseconds);
        assert!(stamp(5_000_000_001).is_fresh(at(5_040_000_000)) && !stamp(5_000_000_001).is_fresh(at(5_060_000_000)));
        assert!(stamp(5_000_000_000).is_fresh(at(6_900_000_000)) && !stamp(5_000_000_000).is_fresh(at(7_100_000_000)));
        assert!(stamp(9_000_000_001).is_fresh(at(5_000_000_000)), "from the future");
        assert!(!Stamp::Object { size: 1, tag: "a".into() }.is_fresh(at(0)));
    }

    #[test]
    fn a_file_whose_time_is_set_back_has_another_stamp() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        let of = || Stamp::of(&Target::file(&path)).unwrap();
        std::fs::write(&path, "one").unwrap();
        let (before, time) = (of(), path.metadata().unwrap().modified().unwrap());
        assert_eq!(before, of());
        std::thread::sleep(FINE);
        std::fs::write(&path, "two").unwrap();
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        assert_eq!(path.metadata().unwrap().modified().unwrap(), time);
        assert_ne!(before, of());
    }
}
