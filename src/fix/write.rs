//! An edited source, written: all of it or nothing, and only over the text that Python imported.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::replace::{Old, Stamp, Temporary, unreadable, unwritable};
use crate::source::capture::places::SourceText;
use crate::source::text::shown;

pub use super::replace::Refused;

/// Writes the new text of a source in place of the one that was imported, with the permissions of the file and the line
/// ends that it has. A link stays a link: what it leads to is written. On an error nothing was changed.
pub fn write(source: &SourceText, new: &str) -> Result<(), Refused> {
    let refuse = |why: String| Refused { why: format!("`{}` is not edited: {why}", shown(&source.file, 400)) };
    replace(source, new).map_err(refuse)
}

fn replace(source: &SourceText, new: &str) -> Result<(), String> {
    if !source.on_disk {
        return Err("it is not a file".into());
    }
    let hash = source.sha256.as_deref().ok_or("what it was when Python read it is not known")?;
    // Python names the file by the way that it came: through a link, the link itself would be replaced.
    let stamp = Stamp::of(Path::new(&source.path)).map_err(|error| format!("it cannot be found ({error})"))?;
    let file = Old::open(Path::new(&source.path), &stamp)?;
    let bytes = unchanged(&file.path, hash)?;
    let old = String::from_utf8(bytes).map_err(|_| "its encoding is not UTF-8")?;
    if !matches!(
        source.encoding.to_lowercase().replace('_', "-").as_str(),
        "" | "utf-8" | "utf8" | "utf-8-sig" | "ascii"
    ) {
        return Err(format!("its encoding is {}, and only UTF-8 is written", shown(&source.encoding, 40)));
    }
    let new = as_on_disk(&old, &source.text, new)?;
    let temporary =
        Temporary::beside(&file.path).map_err(|error| format!("its folder cannot be written to ({error})"))?;
    fill(&temporary, &file, new.as_bytes()).map_err(unwritable)?;
    // Somebody may have saved the file in the meantime.
    unchanged(&file.path, hash)?;
    temporary.replace(&file)
}

/// The bytes on disk, if they are those that were imported.
fn unchanged(path: &Path, hash: &str) -> Result<Vec<u8>, String> {
    let bytes = fs::read(path).map_err(unreadable)?;
    if hex(&bytes).eq_ignore_ascii_case(hash) { Ok(bytes) } else { Err("it was changed since Python read it".into()) }
}

/// The SHA-256 in hexadecimal.
fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The new text with the mark at its start and the line ends that the file has: Python may have read them away.
fn as_on_disk(disk: &str, read: &str, new: &str) -> Result<String, String> {
    let (mark, body) = match disk.strip_prefix('\u{feff}') {
        Some(body) if !read.starts_with('\u{feff}') => ("\u{feff}", body),
        _ => ("", disk),
    };
    if body == read {
        return Ok(format!("{mark}{new}"));
    }
    if body.replace("\r\n", "\n").replace('\r', "\n") != *read {
        return Err("what Python read is not the text of the file".into());
    }
    if body.replace("\r\n", "").contains(['\r', '\n']) {
        return Err("its lines end in different ways".into());
    }
    Ok(format!("{mark}{}", new.replace("\r\n", "\n").replace('\n', "\r\n")))
}

fn fill(temporary: &Temporary, like: &Old, bytes: &[u8]) -> io::Result<()> {
    let mut file = temporary.file()?;
    file.write_all(bytes)?;
    temporary.like_old(like)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const OLD: &str = "x = 1\ny = 2\n";
    const NEW: &str = "x = 1.0\ny = 2\n";

    /// A file with these bytes, and the source that Python makes of it.
    fn file(bytes: &[u8], text: &str) -> (tempfile::TempDir, PathBuf, SourceText) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train.py");
        fs::write(&path, bytes).unwrap();
        let source = SourceText {
            file: "train.py".into(),
            path: path.display().to_string(),
            sha256: Some(hex(bytes).to_uppercase()),
            encoding: "utf-8".into(),
            on_disk: true,
            text: text.into(),
            ..SourceText::default()
        };
        (folder, path, source)
    }

    /// Why it is refused. The file is as it was, and no other file is left beside it.
    fn refused(path: &Path, source: &SourceText, new: &str) -> String {
        let before = fs::read(path).ok();
        let why = write(source, new).unwrap_err().why;
        assert_eq!(fs::read(path).ok(), before, "{why}");
        assert_eq!(beside_it(path), 1, "{why}");
        why.strip_prefix("`train.py` is not edited: ").unwrap().to_owned()
    }

    fn beside_it(path: &Path) -> usize {
        fs::read_dir(path.parent().unwrap()).unwrap().count()
    }

    #[test]
    fn the_text_is_replaced_and_nothing_is_left_beside_it() {
        let (_folder, path, source) = file(OLD.as_bytes(), OLD);
        write(&source, NEW).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), NEW);
        assert_eq!(beside_it(&path), 1);
    }

    #[test]
    fn a_file_that_was_changed_since_is_left_alone() {
        let (_folder, path, mut source) = file(OLD.as_bytes(), OLD);
        fs::write(&path, "x = 3\n").unwrap();
        assert_eq!(refused(&path, &source, NEW), "it was changed since Python read it");
        source.sha256 = None;
        assert_eq!(refused(&path, &source, NEW), "what it was when Python read it is not known");
        source.on_disk = false;
        assert_eq!(refused(&path, &source, NEW), "it is not a file");
    }

    #[test]
    fn only_utf8_is_written() {
        let (_folder, path, source) = file(b"x = '\xe9'\n", "x = '\u{e9}'\n");
        assert_eq!(refused(&path, &source, NEW), "its encoding is not UTF-8");
        let (_folder, path, mut source) = file(OLD.as_bytes(), OLD);
        source.encoding = "latin-1".into();
        assert_eq!(refused(&path, &source, NEW), "its encoding is latin-1, and only UTF-8 is written");
    }

    #[test]
    fn line_ends_and_the_mark_at_the_start_stay() {
        let crlf = |text: &str| text.replace('\n', "\r\n");
        // Python keeps the ends, or reads them away.
        for read in [crlf(OLD), OLD.to_owned()] {
            let (_folder, path, source) = file(crlf(OLD).as_bytes(), &read);
            let new = if read.contains('\r') { crlf(NEW) } else { NEW.to_owned() };
            write(&source, &new).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), crlf(NEW));
        }
        let (_folder, path, source) = file(format!("\u{feff}{OLD}").as_bytes(), OLD);
        write(&source, NEW).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("\u{feff}{NEW}"));
        let (_folder, path, source) = file(b"x = 1\r\ny = 2\n", OLD);
        assert_eq!(refused(&path, &source, NEW), "its lines end in different ways");
        let (_folder, path, source) = file(OLD.as_bytes(), "something else\n");
        assert_eq!(refused(&path, &source, NEW), "what Python read is not the text of the file");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_permissions_stay() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let (folder, path, mut source) = file(OLD.as_bytes(), OLD);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o750)).unwrap();
        let link = folder.path().join("link.py");
        symlink("train.py", &link).unwrap();
        source.path = link.display().to_string();
        write(&source, NEW).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), NEW);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o750);
    }

    #[cfg(unix)]
    #[test]
    fn what_may_not_be_written_is_not() {
        use std::os::unix::fs::PermissionsExt as _;
        let (folder, path, source) = file(OLD.as_bytes(), OLD);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        assert_eq!(refused(&path, &source, NEW), "it may not be written to");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
        // The superuser writes where nobody may.
        let superuser = fs::write(folder.path().join("probe"), "").is_ok();
        if superuser {
            fs::remove_file(folder.path().join("probe")).unwrap();
            write(&source, NEW).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), NEW);
        } else {
            let why = refused(&path, &source, NEW);
            assert!(why.starts_with("its folder cannot be written to ("), "{why}");
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::remove_file(&path).unwrap();
        let why = write(&source, NEW).unwrap_err().why;
        assert!(why.starts_with("`train.py` is not edited: it cannot be found ("), "{why}");
    }
}
