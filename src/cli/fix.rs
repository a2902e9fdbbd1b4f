//! `fix`: say how dumped batches can be repaired, and repair them where that is asked for.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::Args;

use super::output::{looked_for, print, say, spec_line};
use super::progress::Waiting;
use super::{Global, SpecArgs};
use crate::config::{Selection, Settings};
use crate::error::Error;
use crate::exit::Exit;
use crate::render::fix::{self, Ended, FixFormat, FixPage};
use crate::run::repair::{Destination, repair};

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(super) struct FixArgs {
    /// Files, folders or globs
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    spec: SpecArgs,
    /// Only repairs of these rules or groups; what the values cannot prove right is done where its rule is named here
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = "Rules")]
    select: Vec<String>,
    /// No repairs of these rules or groups
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = "Rules")]
    ignore: Vec<String>,
    /// Accept repairs that lose something; the plan says what
    #[arg(long, help_heading = "Rules")]
    allow_lossy: bool,
    /// Write a corrected copy of all files below this folder
    #[arg(long, value_name = "DIR", conflicts_with = "in_place", help_heading = "Output")]
    out: Option<PathBuf>,
    /// Put the repaired files in the place of the old ones
    #[arg(long, help_heading = "Output")]
    in_place: bool,
    /// Show headers before and after
    #[arg(long, help_heading = "Output")]
    diff: bool,
    /// Show every file by itself, not all with one fault together
    #[arg(long, help_heading = "Output")]
    each: bool,
    /// How to print the plan
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    pub(super) format: FixFormat,
}

pub(super) fn fix(args: FixArgs, global: &Global) -> Result<Exit, Error> {
    let destination = match args.out {
        Some(folder) => Destination::Under(folder),
        None if args.in_place => Destination::InPlace,
        None => Destination::Nowhere,
    };
    let selection = Selection { select: args.select, ignore: args.ignore, levels: Vec::new() };
    let settings = Settings { paths: args.paths, selection, ..args.spec.settings()? };
    let waiting = Waiting::new(global.quiet == 0);
    let repaired = repair(&settings, args.allow_lossy, &destination, waiting.progress());
    drop(waiting);
    let repaired = repaired?;
    let sources = repaired.before.facts.sources();
    let ends: Vec<Ended<'_>> = repaired
        .ends
        .iter()
        .map(|end| Ended {
            source: &sources[end.source],
            outcome: match &end.outcome {
                Ok(paths) => Ok(paths.iter().map(|path| path.display().to_string()).collect()),
                Err(why) => Err(why.as_str()),
            },
        })
        .collect();
    let exit = repaired.exit(&destination);
    let page = FixPage {
        facts: &repaired.before.facts,
        report: &repaired.before.report,
        proposal: &repaired.proposal,
        ends: (destination != Destination::Nowhere).then_some(&ends),
        after: repaired.after.as_ref(),
        exit: exit.code(),
        each: args.each,
        diff: args.diff,
        color: global.color(std::io::stdout().is_terminal()),
    };
    if global.quiet < 2 {
        let mut text = Vec::new();
        fix::render(args.format, page, &mut text).map_err(|error| Error::plain(error.to_string()))?;
        print(&String::from_utf8_lossy(&text))?;
    }
    if global.verbose {
        say(&spec_line(&repaired.before.found));
    }
    if global.quiet == 0 {
        for unmatched in &repaired.before.unmatched {
            say(&looked_for(unmatched));
        }
        say(&fix::summary(page));
    }
    Ok(exit)
}
