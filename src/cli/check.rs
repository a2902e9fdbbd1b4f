//! `check`: lint dumped batches.

use super::output::{looked_for, say, seams, spec_line};
use super::progress::Waiting;
use super::reports::{Reports, console, coverage};
use super::{CheckCommand, Global};
use crate::config::Settings;
use crate::error::Error;
use crate::exit::Exit;
use crate::render::Page;
use crate::run;

pub(super) fn check(command: CheckCommand, global: &Global) -> Result<Exit, Error> {
    let CheckCommand { check: args, fail_fast } = command;
    let reports = Reports::open(&args.report)?;
    let waiting = Waiting::new(global.quiet == 0);
    let checked = args.data.settings().and_then(|settings| {
        let (facts, against) = (args.facts, args.against);
        let settings = Settings { facts, against, fail_fast, ..args.report.on(settings) };
        run::check(&settings, waiting.progress())
    });
    drop(waiting);
    let checked = match checked {
        Ok(checked) => checked,
        Err(error) => return Err(reports.trouble(error)),
    };
    let page = Page::new("check", &checked.report, &checked.spec).showing(&checked.facts, &checked.albums);
    reports.write(page)?;
    console(args.report.format, page, global)?;
    if global.verbose {
        say(&spec_line(&checked.found));
    }
    if global.quiet == 0 {
        for unmatched in &checked.unmatched {
            say(&looked_for(unmatched));
        }
        seams(checked.facts.seams());
    }
    coverage(page, global);
    let exit = checked.report.exit();
    // The process ends here, and takes all memory with it at once.
    std::mem::forget(checked);
    Ok(exit)
}
