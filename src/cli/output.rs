//! What the commands print beside their results.

use std::io::Write as _;

use crate::error::Error;
use crate::source::text::{leading, shown};
use crate::source::walk::Unmatched;
use crate::spec::Found;

/// Prints to stdout. A reader that went away (`| head`) is no trouble.
pub(super) fn print(text: &str) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::plain(format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// Which spec applies, and how it was found.
pub(super) fn spec_line(found: &Found) -> String {
    match found {
        Found::Flag(path) => format!("spec: {} (--spec)", path.display()),
        Found::Discovered(path) => format!("spec: {}", path.display()),
        Found::None => "spec: none; no batchlint.toml and no [tool.batchlint] up to the first .git".into(),
    }
}

/// What an argument that stands for no file was taken for.
pub(super) fn looked_for(unmatched: &Unmatched) -> String {
    match unmatched {
        Unmatched::Folder(folder) => format!("{}: looked for *.npy and *.npz below it, found none", shown(folder, 400)),
        Unmatched::Glob(glob) => format!("{}: no such file, and as a glob it fits none", shown(glob, 400)),
        Unmatched::BadGlob(glob, why) => {
            format!("{}: no such file, and no glob either: {}", shown(glob, 400), shown(why, 200))
        }
    }
}

/// Lines on stderr. Nothing can be done when even that fails.
pub(super) fn say(line: &str) {
    for line in line.split('\n') {
        let _ = writeln!(std::io::stderr(), "{}", leading(line.to_owned()));
    }
}
