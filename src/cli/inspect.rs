//! `inspect`: look at arrays without judging them, and save what was seen.

use std::io::{self, IsTerminal as _};

use super::draft::Replacement;
use super::output::{looked_for, print, say, spec_line};
use super::progress::Waiting;
use super::{Global, InspectArgs};
use crate::config::Settings;
use crate::error::Error;
use crate::exit::Exit;
use crate::render::inspect::{self, InspectFormat, Look};
use crate::run;
use crate::values::Wants;

pub(super) fn inspect(args: InspectArgs, global: &Global) -> Result<Exit, Error> {
    // Opened before the run: what cannot be written should not cost a scan.
    let draft = args.output.as_deref().map(Replacement::beside).transpose()?;
    let settings = Settings { shard: args.shard, ..args.data.settings()? };
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
    } else if inspected.facts.arrays() == 0 && !(inspected.others && inspected.facts.sources().is_empty()) {
        Exit::Nothing
    } else {
        Exit::Clean
    })
}
