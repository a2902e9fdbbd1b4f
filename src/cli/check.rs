//! `check`: lint dumped batches.

use std::fs::File;
use std::io::{BufWriter, IsTerminal as _, Write as _};
use std::path::PathBuf;

use super::output::{looked_for, print, say, spec_line};
use super::progress::Waiting;
use super::{CheckArgs, Global};
use crate::config::Settings;
use crate::error::Error;
use crate::exit::Exit;
use crate::render::{self, OutputFormat, Page};
use crate::run;

pub(super) fn check(args: CheckArgs, global: &Global) -> Result<Exit, Error> {
    // Opened before the run: a report that cannot be written should not cost a scan.
    let reports = args.report.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let selection = args.selection();
    let settings = Settings {
        selection,
        facts: args.facts,
        against: args.against,
        fail_on: args.fail_on,
        all_places: args.all_places,
        ..args.data.settings()?
    };
    let waiting = Waiting::new(global.quiet == 0);
    let checked = run::check(&settings, waiting.progress());
    drop(waiting);
    let checked = checked?;
    let page = Page { command: "check", report: &checked.report, spec: &checked.spec };
    for (format, path, file) in reports {
        let mut out = BufWriter::new(file);
        render::render(format, page, false, &mut out)
            .and_then(|()| out.flush())
            .map_err(|error| Error::plain(format!("cannot write {}: {error}", path.display())))?;
    }
    if global.quiet < 2 {
        let color = global.color(std::io::stdout().is_terminal());
        let mut text = Vec::new();
        render::render(args.format, page, color, &mut text).map_err(|error| Error::plain(error.to_string()))?;
        print(&String::from_utf8_lossy(&text))?;
    }
    if global.verbose {
        say(&spec_line(&checked.found));
    }
    if global.quiet == 0 {
        for unmatched in &checked.unmatched {
            say(&looked_for(unmatched));
        }
        say(&render::summary(page));
    }
    Ok(checked.report.exit())
}

fn open(target: &(OutputFormat, PathBuf)) -> Result<(OutputFormat, PathBuf, File), Error> {
    let (format, path) = target;
    let file = File::create(path).map_err(|error| Error::plain(format!("cannot write {}: {error}", path.display())))?;
    Ok((*format, path.clone(), file))
}
