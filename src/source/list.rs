//! Lists of files: one path per line, paths with a NUL byte between them, or an S3 Inventory as CSV. The content of a
//! list decides which it is, never its name.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::text::shown;
use super::walk::is_array_name;
use crate::error::Error;

/// Bytes of one entry at most. No system takes a longer path, and no line of an inventory is longer.
const LONGEST: usize = 1 << 16;
/// Entries of all lists together at most.
const MOST: usize = 100_000_000;

/// The paths of the lists, in their order. `-` is stdin. What a path names is not asked here.
pub fn read(lists: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut paths = Vec::new();
    for list in lists {
        let is_stdin = list == Path::new("-");
        let name = if is_stdin { "stdin".into() } else { shown(&list.display().to_string(), 400) };
        let cannot = |error: io::Error| Error::plain(format!("cannot read the list {name}: {error}"));
        let input: Box<dyn Read> =
            if is_stdin { Box::new(io::stdin()) } else { Box::new(File::open(list).map_err(cannot)?) };
        of(input, &mut paths).map_err(|wrong| match wrong {
            Wrong::Io(error) => cannot(error),
            Wrong::Entry(number, what) => Error::plain(format!("{name}: line {number}: {what}")),
        })?;
    }
    Ok(paths)
}

/// Why a list cannot be read.
#[derive(Debug)]
enum Wrong {
    Io(io::Error),
    /// The entry, from 1, and what is wrong with it.
    Entry(u64, &'static str),
}

impl From<io::Error> for Wrong {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// How the entries of a list are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Lines,
    Nul,
    Inventory,
}

/// Adds the paths of one list.
fn of(mut input: Box<dyn Read>, paths: &mut Vec<PathBuf>) -> Result<(), Wrong> {
    let mut head = peek(&mut input, 2)?;
    let mut input: Box<dyn Read> = Box::new(Cursor::new(head.clone()).chain(input));
    if head == [0x1f, 0x8b] {
        input = Box::new(MultiGzDecoder::new(input));
    }
    head = peek(&mut input, LONGEST)?;
    let form = form(&head);
    let mut input = BufReader::new(Cursor::new(head).chain(input));
    let end = if form == Form::Nul { 0 } else { b'\n' };
    let mut entry = Vec::new();
    for number in 1.. {
        entry.clear();
        if input.by_ref().take(LONGEST as u64 + 1).read_until(end, &mut entry)? == 0 {
            break;
        }
        if entry.len() > LONGEST {
            return Err(Wrong::Entry(number, "this is longer than any path, so it is no list of files"));
        }
        if entry.last() == Some(&end) {
            entry.pop();
        }
        if form != Form::Nul && entry.last() == Some(&b'\r') {
            entry.pop();
        }
        if entry.is_empty() {
            continue;
        }
        let path = match form {
            Form::Lines | Form::Nul => {
                Some(path(&entry).ok_or(Wrong::Entry(number, "the path is not UTF-8, which this system asks for"))?)
            }
            Form::Inventory => object(&entry).ok_or(Wrong::Entry(number, "expected \"bucket\",\"key\", as before"))?,
        };
        if paths.len() >= MOST && path.is_some() {
            return Err(Wrong::Entry(number, "more than 100 million files"));
        }
        paths.extend(path);
    }
    Ok(())
}

/// The first bytes, or fewer where there are fewer.
fn peek(input: &mut dyn Read, bytes: usize) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    input.take(bytes as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// No path holds a NUL byte, and where paths end in one, the first does. An inventory has its fields in quotes.
fn form(head: &[u8]) -> Form {
    if head.contains(&0) {
        return Form::Nul;
    }
    let first = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).find(|line| !line.is_empty());
    if first.and_then(fields).is_some() { Form::Inventory } else { Form::Lines }
}

/// Bucket and key of a line of an inventory, as written. The other columns are whatever its owner asked for.
fn fields(line: &[u8]) -> Option<(&str, &str)> {
    let line = str::from_utf8(line).ok()?;
    let (bucket, rest) = line.strip_prefix('"')?.split_once("\",\"")?;
    let (key, rest) = rest.split_once('"')?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let fits = (3..=255).contains(&bucket.len()) && bucket.bytes().all(is_name) && !key.is_empty();
    (fits && (rest.is_empty() || rest.starts_with(','))).then_some((bucket, key))
}

/// The object of a line of an inventory: `None` inside for what is no array file, as in a folder. `None` for what is no
/// such line.
#[allow(clippy::option_option, reason = "no such line, and no such file")]
fn object(line: &[u8]) -> Option<Option<PathBuf>> {
    let (bucket, key) = fields(line)?;
    let key = decoded(key)?;
    let path = PathBuf::from(format!("s3://{bucket}/{key}"));
    Some(Some(path).filter(|path| !key.ends_with('/') && is_array_name(path)))
}

/// Keys are URL-encoded as forms are: a space is a plus, and a plus is %2B.
fn decoded(key: &str) -> Option<String> {
    let mut out = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        out.push(match first {
            b'+' => b' ',
            b'%' => {
                let digits = str::from_utf8(rest.get(..2)?).ok()?;
                rest = &rest[2..];
                u8::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))?
            }
            byte => *byte,
        });
    }
    String::from_utf8(out).ok()
}

#[cfg(unix)]
fn path(bytes: &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt as _;
    Some(std::ffi::OsStr::from_bytes(bytes).into())
}

#[cfg(not(unix))]
fn path(bytes: &[u8]) -> Option<PathBuf> {
    str::from_utf8(bytes).ok().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn paths(content: &[u8]) -> Result<Vec<String>, String> {
        let mut paths = Vec::new();
        match of(Box::new(Cursor::new(content.to_vec())), &mut paths) {
            Ok(()) => Ok(paths.iter().map(|path| path.to_string_lossy().into_owned()).collect()),
            Err(Wrong::Io(error)) => Err(error.to_string()),
            Err(Wrong::Entry(number, what)) => Err(format!("{number}: {what}")),
        }
    }

    fn zipped(content: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(content).unwrap();
        out.finish().unwrap()
    }

    #[test]
    fn one_path_per_line() {
        for content in ["a.npy\nb c.npz\n", "a.npy\r\nb c.npz", "\na.npy\n\n\nb c.npz\n\n"] {
            assert_eq!(paths(content.as_bytes()).unwrap(), ["a.npy", "b c.npz"]);
        }
        assert_eq!(paths(b"").unwrap(), [""; 0]);
        // Nothing has a meaning but the end of a line.
        let odd = "# a.npy\n *.npy\n\"x\".npy\n\"a\",b.npy\n~/x.npy\n-\n";
        assert_eq!(paths(odd.as_bytes()).unwrap(), odd.lines().collect::<Vec<_>>());
    }

    #[test]
    fn a_nul_byte_ends_a_path_where_there_is_one() {
        assert_eq!(paths(b"a\nb.npy\0c.npy\0").unwrap(), ["a\nb.npy", "c.npy"]);
        assert_eq!(paths(b"a.npy\r\0\"bucket\",\"k.npy\"").unwrap(), ["a.npy\r", "\"bucket\",\"k.npy\""]);
    }

    #[test]
    fn an_inventory_names_the_arrays_of_a_bucket() {
        let csv = b"\"my.bucket\",\"a/x_0.npy\",\"128\",\"2026-01-01T00:00:00.000Z\"\n\"my.bucket\",\"a/\",\"0\"\n\
            \"my.bucket\",\"a/b+c%2B%C3%A9%22%2C.NPZ\"\n\"my.bucket\",\"a/read.me\",\"7\"\r\n";
        let expected = ["s3://my.bucket/a/x_0.npy", "s3://my.bucket/a/b c+\u{e9}\",.NPZ"];
        assert_eq!(paths(csv).unwrap(), expected);
        assert_eq!(paths(&zipped(csv)).unwrap(), expected);
        let two = [zipped(csv), zipped(b"\"my.bucket\",\"z.npy\"\n")].concat();
        assert_eq!(paths(&two).unwrap().last().unwrap(), "s3://my.bucket/z.npy");
    }

    #[test]
    fn what_is_no_list_is_refused_with_its_line() {
        let inventory = |line: &str| paths(format!("\"bucket\",\"x.npy\"\n{line}\n").as_bytes()).unwrap_err();
        for line in [
            "x.npy",
            "\"bucket\"",
            "\"bucket\",\"x%2\"",
            "\"bucket\",\"x%+1\"",
            "\"bucket\",\"%ff.npy\"",
            "\"b\",\"x\"x",
        ] {
            assert_eq!(inventory(line), "2: expected \"bucket\",\"key\", as before", "{line}");
        }
        assert!(paths(&vec![b'a'; LONGEST + 1]).unwrap_err().starts_with("1: this is longer"));
        assert!(paths(&zipped(&vec![b'a'; 1 << 24])).unwrap_err().starts_with("1: this is longer"));
        assert!(paths(&zipped(b"x.npy\n")[..12]).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_list_is_too_odd(start in "(\"bkt\",\")?[%+\"a-f0-9,\n\0]{0,24}", rest in proptest::collection::vec(0_u8.., 0..60)) {
            let _ = paths(&[start.as_bytes(), &rest].concat());
        }
    }

    #[test]
    fn a_list_that_is_not_there_is_named() {
        let error = read(&[PathBuf::from("no/such/list")]).unwrap_err().to_string();
        assert!(error.starts_with("cannot read the list no/such/list: "), "{error}");
    }
}
