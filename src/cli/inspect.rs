//! `inspect`: look at arrays without judging them, and save what was seen.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use super::output::{looked_for, print, say, spec_line};
use super::progress::Waiting;
use super::{Global, InspectArgs};
use crate::error::Error;
use crate::exit::Exit;
use crate::render::inspect::{self, InspectFormat, Look};
use crate::run;
use crate::values::Wants;

pub(super) fn inspect(args: InspectArgs, global: &Global) -> Result<Exit, Error> {
    // Opened before the run: what cannot be written should not cost a scan.
    let draft = args.output.as_deref().map(Draft::beside).transpose()?;
    let settings = args.data.settings()?;
    let wants = match args.format {
        // Histograms are for people: nothing that is judged needs them.
        InspectFormat::Jsonl => Wants::JUDGED,
        InspectFormat::Table | InspectFormat::Json => Wants::EVERYTHING,
    };
    let waiting = Waiting::new(global.quiet == 0);
    let inspected = run::inspect(&settings, wants, waiting.progress());
    drop(waiting);
    let inspected = inspected?;
    let color = draft.is_none() && global.color(io::stdout().is_terminal());
    let look = Look { facts: &inspected.facts, spec: &inspected.spec, each: args.each, ascii: args.ascii, color };
    let (unread, of) = inspect::interrupted(look);
    if let Some(draft) = draft {
        if unread > 0 {
            // A file that was whole is not replaced by one that is not.
            let message = format!("interrupted: {unread} of {of} arrays were not read, so nothing was written");
            return Err(Error::plain(message));
        }
        draft.write(|out| inspect::render(args.format, look, out))?;
    } else if global.quiet < 2 {
        let mut text = Vec::new();
        inspect::render(args.format, look, &mut text).map_err(|error| Error::plain(error.to_string()))?;
        print(&String::from_utf8_lossy(&text))?;
    }
    if global.verbose {
        say(&spec_line(&inspected.found));
    }
    if global.quiet == 0 {
        for unmatched in &inspected.unmatched {
            say(&looked_for(unmatched));
        }
        say(&inspect::summary(look));
    }
    Ok(if unread > 0 {
        Exit::Trouble
    } else if inspected.facts.arrays() == 0 {
        Exit::Nothing
    } else {
        Exit::Clean
    })
}

/// A file that takes the place of another when everything is written, and goes away when it is not.
struct Draft {
    file: File,
    path: PathBuf,
    target: PathBuf,
}

impl Draft {
    /// An empty file in the folder of the other, so that the move is one step.
    fn beside(target: &Path) -> Result<Self, Error> {
        let cannot = |error: io::Error| Error::plain(format!("cannot write {}: {error}", target.display()));
        if target.is_dir() {
            return Err(cannot(io::ErrorKind::IsADirectory.into()));
        }
        // What is no file cannot be replaced: a pipe, a device.
        if fs::metadata(target).is_ok_and(|found| !found.is_file()) {
            let file = File::options().write(true).open(target).map_err(cannot)?;
            return Ok(Self { file, path: target.to_owned(), target: target.to_owned() });
        }
        // The file that a link leads to, not the link.
        let target = &target.canonicalize().unwrap_or_else(|_| target.to_owned());
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let path = target.with_file_name(name);
        let file = File::create_new(&path).map_err(cannot)?;
        Ok(Self { file, path, target: target.to_owned() })
    }

    fn write(self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
        let mut out = BufWriter::new(&self.file);
        let written = write(&mut out).and_then(|()| out.flush());
        drop(out);
        written
            .and_then(|()| if self.path == self.target { Ok(()) } else { fs::rename(&self.path, &self.target) })
            .map_err(|error| Error::plain(format!("cannot write {}: {error}", self.target.display())))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.path != self.target {
            // After the move there is nothing left to remove.
            let _ = fs::remove_file(&self.path);
        }
    }
}
