//! `check`: lint dumped batches.

use std::fs::File;
use std::io::{BufWriter, IsTerminal as _, Write as _};
use std::path::PathBuf;

use super::{CheckArgs, Global, print};
use crate::config::Settings;
use crate::error::Error;
use crate::exit::Exit;
use crate::render::{self, OutputFormat, Page};
use crate::run;
use crate::source::Progress;
use crate::source::text::shown;
use crate::source::walk::Unmatched;
use crate::spec::Found;

pub(super) fn check(args: CheckArgs, global: &Global) -> Result<Exit, Error> {
    // Opened before the run: a report that cannot be written should not cost a scan.
    let reports = args.report.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let directory = std::env::current_dir().map_err(|error| Error::plain(format!("no working directory: {error}")))?;
    let settings = Settings {
        overrides: args.overrides(),
        selection: args.selection(),
        paths: args.paths,
        against: args.against,
        spec: args.spec,
        fail_on: args.fail_on,
        headers_only: args.headers_only,
        max_bytes_per_array: args.max_bytes_per_array,
        all_places: args.all_places,
        directory,
    };
    let checked = run::check(&settings, &Progress::default())?;
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
        say(&match &checked.found {
            Found::Flag(path) => format!("spec: {} (--spec)", path.display()),
            Found::Discovered(path) => format!("spec: {}", path.display()),
            Found::None => "spec: none; no batchlint.toml and no [tool.batchlint] up to the first .git".into(),
        });
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

/// What an argument that stands for no file was taken for.
fn looked_for(unmatched: &Unmatched) -> String {
    match unmatched {
        Unmatched::Folder(folder) => format!("{}: looked for *.npy and *.npz below it, found none", shown(folder, 400)),
        Unmatched::Glob(glob) => format!("{}: no such file, and as a glob it fits none", shown(glob, 400)),
        Unmatched::BadGlob(glob, why) => {
            format!("{}: no such file, and no glob either: {}", shown(glob, 400), shown(why, 200))
        }
    }
}

/// A line on stderr. Nothing can be done when even that fails.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
