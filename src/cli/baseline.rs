//! `baseline`: keep what is wrong already, and take out of it what is no longer.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::draft::Replacement;
use super::output::{print, say};
use super::progress::Waiting;
use super::{CheckArgs, Global};
use crate::config::Settings;
use crate::error::Error;
use crate::exit::Exit;
use crate::run::{self, Checked};
use crate::source::text::shown;
use crate::verdict::baseline::{Baseline, NAME};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Keep what a check finds, as counts per source, array and rule
    Write(Box<WriteArgs>),
    /// Take out what a check no longer finds
    Prune(Box<PruneArgs>),
}

#[derive(Debug, Args)]
pub(super) struct WriteArgs {
    /// The file, which is replaced when everything is known [default: that of the spec, or batchlint-baseline.json]
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    #[command(flatten)]
    check: CheckArgs,
}

#[derive(Debug, Args)]
pub(super) struct PruneArgs {
    #[command(flatten)]
    check: CheckArgs,
}

pub(super) fn baseline(command: Command, global: &Global) -> Result<Exit, Error> {
    match command {
        Command::Write(args) => write(*args, global),
        Command::Prune(args) => prune(args.check, global),
    }
}

fn write(args: WriteArgs, global: &Global) -> Result<Exit, Error> {
    let checked = checked(args.check, global, |settings| Settings { count: true, ..settings })?;
    let exit = checked.report.exit();
    if matches!(exit, Exit::Nothing | Exit::Trouble) {
        say("nothing is written: not everything was checked");
        return Ok(exit);
    }
    let path = args.output.or(checked.defaults.baseline).unwrap_or_else(|| NAME.into());
    let counts = checked.report.counts.unwrap_or_default();
    replace(&path, &counts)?;
    told(global, &path, &counts, "kept")
}

fn prune(args: CheckArgs, global: &Global) -> Result<Exit, Error> {
    let flag = args.report.baseline.clone();
    let is_local = args.facts.is_empty();
    let mut path = None;
    let checked = checked(args, global, |settings| {
        // Without one in the spec or on the command line it is the file that `write` makes.
        let there = settings.directory.join(NAME).is_file();
        path = settings.baseline.clone().or_else(|| there.then(|| NAME.into()));
        Settings { baseline: path.clone(), ..settings }
    })?;
    let exit = checked.report.exit();
    if matches!(exit, Exit::Nothing | Exit::Trouble) {
        say("nothing is pruned: not everything was checked");
        return Ok(exit);
    }
    let path = flag.or(path).or(checked.defaults.baseline);
    let path =
        path.ok_or_else(|| Error::plain("there is no baseline to prune; `batchlint baseline write` makes one"))?;
    let name = shown(&path.display().to_string(), 400);
    let text = std::fs::read_to_string(&path).map_err(|error| Error::plain(format!("cannot read {name}: {error}")))?;
    let old = Baseline::read(&name, &text)?;
    // Of saved facts the files are elsewhere.
    let lost = |source: &str| is_local && !source.is_empty() && !source.contains(".py:") && !Path::new(source).exists();
    let pruned = old.pruned(&checked.report.gone, lost);
    replace(&path, &pruned)?;
    told(global, &path, &pruned, "left")
}

fn checked(args: CheckArgs, global: &Global, then: impl FnOnce(Settings) -> Settings) -> Result<Checked, Error> {
    let settings = args.report.on(args.data.settings()?);
    let settings = then(Settings { facts: args.facts, against: args.against, reads_all: true, ..settings });
    let waiting = Waiting::new(global.quiet == 0);
    run::check(&settings, waiting.progress())
}

/// Writes the file beside its place and puts it there in one step.
fn replace(path: &Path, baseline: &Baseline) -> Result<(), Error> {
    Replacement::beside(path)?.write(|out| out.write_all(baseline.text().as_bytes()))
}

fn told(global: &Global, path: &Path, baseline: &Baseline, what: &str) -> Result<Exit, Error> {
    if global.quiet == 0 {
        let lines = baseline.len();
        let s = if lines == 1 { "" } else { "s" };
        print(&format!("{}: {lines} line{s} {what}\n", shown(&path.display().to_string(), 400)))?;
    }
    Ok(Exit::Clean)
}
