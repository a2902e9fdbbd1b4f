//! `merge`: saved facts of many parts as those of one scan.

use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;

use clap::Args;

use super::Global;
use super::draft::Replacement;
use super::output::{say, seams};
use super::progress::Waiting;
use crate::diagnostic::Unit;
use crate::error::Error;
use crate::exit::Exit;
use crate::run::merge::{self, Failed};

#[derive(Debug, Args)]
pub(super) struct MergeArgs {
    /// Saved facts (`inspect --format jsonl -o FILE`), in any order and as often as you like; `-` for stdin
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Merge what is there although shards are missing; `check --facts` says so then
    #[arg(long, help_heading = "What is read")]
    allow_missing: bool,
    /// Write to a file, which is replaced when everything is written [default: stdout]
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
}

pub(super) fn merge(args: &MergeArgs, global: &Global) -> Result<Exit, Error> {
    let draft = args.output.as_deref().map(Replacement::beside).transpose()?;
    let waiting = Waiting::new(false);
    let progress = waiting.progress();
    let mut merge = merge::merge(&args.files, args.allow_missing, progress)?;
    let mut files = Ok(0);
    let mut write = |out: &mut dyn io::Write| match merge.write(out, progress) {
        Ok(count) => {
            files = Ok(count);
            Ok(())
        }
        Err(Failed::Write(error)) => Err(error),
        Err(Failed::Facts(error)) => {
            files = Err(error);
            Err(io::Error::other("the facts cannot be merged"))
        }
    };
    let written = if let Some(draft) = draft {
        draft.write(write)
    } else {
        let mut out = BufWriter::new(io::stdout().lock());
        match write(&mut out).and_then(|()| out.flush()) {
            // A reader that went away (`| head`) is no trouble.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(Exit::Clean),
            Err(error) => Err(Error::plain(format!("cannot write to stdout: {error}"))),
            Ok(()) => Ok(()),
        }
    };
    // What is wrong with the facts says more than that nothing was written.
    let files = files?;
    written?;
    drop(waiting);
    if global.quiet == 0 {
        seams(&merge.seams);
        if let Some(lack) = merge.parts.lack() {
            say(&lack);
        }
        say(&format!("facts of {}", Unit::File.counted(files)));
    }
    Ok(if files == 0 { Exit::Nothing } else { Exit::Clean })
}
