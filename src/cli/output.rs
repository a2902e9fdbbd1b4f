//! What the commands print beside their results.

use std::io::Write as _;

use crate::error::Error;
use crate::facts::Seams;
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

/// Where facts that were put together do not agree.
pub(super) fn seams(seams: &Seams) {
    let changed = &seams.changed;
    if !changed.is_empty() {
        let mut names: Vec<String> = changed.iter().take(3).map(|path| shown(path, 200)).collect();
        names.extend(Some("...".to_owned()).filter(|_| changed.len() > 3));
        let (files, were) = if changed.len() == 1 { ("file", "was") } else { ("files", "were") };
        let names = names.join(", ");
        say(&format!(
            "{} {files} {were} changed between the scans: {names}; of each one look is kept, always the same",
            changed.len()
        ));
    }
    if seams.asks.len() > 1 {
        say(
            "the shards were not asked the same (another spec, other flags, another version): what some of them do not tell \
             is not evaluated",
        );
    }
}

/// Lines on stderr. Nothing can be done when even that fails.
pub(super) fn say(line: &str) {
    for line in line.split('\n') {
        let _ = writeln!(std::io::stderr(), "{}", leading(line.to_owned()));
    }
}
