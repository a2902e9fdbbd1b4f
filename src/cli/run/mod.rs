//! `run`: run a Python program for its batches, and lint them.

mod notes;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use notes::tell;

use super::output::{print, say, spec_line};
use super::progress::Waiting;
use super::python;
use super::reports::{Reports, console, coverage};
use super::{Global, ReportArgs, SpecArgs, memory};
use crate::config::Settings;
use crate::config::live::Live;
use crate::diagnostic::Unit;
use crate::error::{Error, Fault};
use crate::exit::Exit;
use crate::render::Page;
use crate::run::live::{self, Ran};
use crate::run::mend;
use crate::source::text::shown;

/// Batches that are taken unless something else is asked for.
const BATCHES: u64 = 20;

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "they are flags")]
pub(super) struct RunArgs {
    /// `train.py`, which runs to its first training call; or what hands out batches: `train.py:batches`,
    /// `package.module:batches`, `"train.py:Loader(n=4).batches()"`
    #[arg(value_name = "TARGET")]
    target: String,
    /// What the program finds in `sys.argv`
    #[arg(last = true, value_name = "ARGS")]
    argv: Vec<String>,
    /// An argument of the function: a Python literal, or else a text; can be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = argument, help_heading = "The program")]
    arg: Vec<(String, String)>,
    /// How many batches to take at most
    #[arg(long, value_name = "N", default_value_t = BATCHES, value_parser = clap::value_parser!(u64).range(1..), help_heading = "The program")]
    batches: u64,
    /// Ask for no further batch after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = "The program")]
    time_limit: Option<f64>,
    /// End the program when the import or one batch takes longer
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = "The program")]
    timeout: Option<f64>,
    /// Memory that the program may take, as bytes or `"2 GiB"`
    #[arg(long, value_name = "BYTES", value_parser = memory, help_heading = "The program")]
    max_memory: Option<u64>,
    /// Keep the batches that were seen, as .npz files in a new folder
    #[arg(long, value_name = "DIR", help_heading = "The program")]
    save: Option<PathBuf>,
    /// The interpreter [default: that of `$VIRTUAL_ENV`, of `.venv`, of `$CONDA_PREFIX`, or `python3`]
    #[arg(long, value_name = "PATH", help_heading = "The program")]
    python: Option<PathBuf>,
    /// How to import the file of the target: all of it, or only the statements that the target needs
    #[arg(long, value_enum, default_value_t = Import::Full, value_name = "HOW", help_heading = "The program")]
    import: Import,
    /// Make the batches so often, under fixed seeds if twice, and say what differs
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=2), help_heading = "The program")]
    repeat: u32,
    /// Do not trace the program for places in its source
    #[arg(long, help_heading = "The program")]
    no_trace: bool,
    /// Show what would be edited in the source, after running the edited text and comparing its batches
    #[arg(long, help_heading = "Fixes")]
    diff: bool,
    /// Edit the source, where running the edited text shows that its batches are right and nothing is lost
    #[arg(long, help_heading = "Fixes")]
    fix: bool,
    /// With --fix or --diff: also edits that lose something, or that running the program cannot prove
    #[arg(long, help_heading = "Fixes")]
    unsafe_fixes: bool,
    /// Keep what was learnt from the training call as a spec
    #[arg(long, value_name = "FILE", help_heading = "The program")]
    write_spec: Option<PathBuf>,
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    pub(super) report: ReportArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Import {
    /// Everything, as Python does
    Full,
    /// Imports, definitions and constants that the target needs: for files that train when they are imported
    Slice,
}

fn argument(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE, for instance batch_size=32")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected seconds, for instance 30 or 0.5")?;
    if seconds > 0.0 && seconds.is_finite() { Ok(seconds) } else { Err("expected seconds, more than 0".into()) }
}

/// The folder of the file that the target names, as typed; `None` for a module.
fn folder(target: &str) -> Option<PathBuf> {
    let drive = if target.get(1..2) == Some(":") { 2 } else { 0 };
    let end = target[drive..].find(':').map_or(target.len(), |at| at + drive);
    let path = std::path::Path::new(&target[..end]);
    let is_file = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("py"));
    is_file.then(|| path.parent().map(std::path::Path::to_owned))?
}

/// Splits what the user typed: a script alone, or what hands out batches in it.
fn split(target: &str) -> Result<(Option<String>, Option<String>), Error> {
    let path_like = std::path::Path::new(target);
    let is_script = path_like.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("py"));
    // A drive letter is no separator.
    let rest = target.get(1..2).filter(|second| *second == ":").map_or(target, |_| &target[2..]);
    match (rest.contains(':'), is_script) {
        (true, _) => Ok((Some(target.to_owned()), None)),
        (false, true) => Ok((None, Some(target.to_owned()))),
        (false, false) => {
            let fault = Fault::new(format!("`{}` names nothing to run", shown(target, 200)));
            Err(fault.help("`train.py`, `train.py:batches` or `package.module:batches`").into())
        }
    }
}

pub(super) fn run(args: RunArgs, global: &Global) -> Result<Exit, Error> {
    let (target, script) = split(&args.target)?;
    if let Some(path) = args.write_spec.as_ref().filter(|path| path.exists()) {
        return Err(Error::plain(format!("{} is there, and is not replaced", shown(&path.display().to_string(), 400))));
    }
    let beside = folder(target.as_deref().or(script.as_deref()).unwrap_or_default());
    let settings = Settings { beside, ..args.report.on(args.spec.settings()?) };
    let interpreter = python::find(args.python.as_deref(), &settings.directory);
    let live = Live {
        target,
        script,
        argv: args.argv,
        args: args.arg,
        batches: args.batches,
        time_limit: args.time_limit,
        timeout: args.timeout,
        max_memory: args.max_memory,
        save: args.save,
        python: interpreter.path.clone(),
        slice: args.import == Import::Slice,
        repeat: args.repeat,
        careful: (args.fix || args.diff) && !args.unsafe_fixes,
        trace: !args.no_trace,
    };
    let reports = Reports::open(&args.report)?;
    let waiting = Waiting::new(global.quiet == 0);
    let loud = global.quiet == 0;
    let ran = live::run(&settings, &live, waiting.progress(), &mut |note| {
        if loud {
            tell(&note, &interpreter);
        }
    });
    let ran = ran.and_then(|mut ran| {
        if args.fix || args.diff {
            let limits = settings.overrides.limits(&ran.checked.defaults);
            mend::verify(&mut ran, &live, &limits, waiting.progress())?;
        }
        Ok(ran)
    });
    drop(waiting);
    let ran = match ran {
        Ok(ran) => ran,
        Err(error) => return Err(reports.trouble(error)),
    };
    let page = Page::new("run", &ran.checked.report, &ran.checked.spec).showing(&ran.checked.facts, &[]);
    reports.write(page)?;
    console(args.report.format, page, global)?;
    if global.verbose {
        say(&spec_line(&ran.checked.found));
    }
    let mut exit = ran.checked.report.exit();
    if args.diff && !args.report.format.is_document() {
        print(&diffs(&ran))?;
    }
    if args.fix {
        exit = fixed(&ran, args.unsafe_fixes);
    }
    if let Some(path) = &args.write_spec {
        let help = "a spec is learnt where no other applies, from the call that a script trains with";
        let nothing = || Fault::new("nothing was learnt, so `--write-spec` wrote nothing").help(help);
        live::write_spec(path, ran.learnt.as_ref().ok_or_else(nothing)?)?;
    }
    if let (Some((written, left_out)), true) = (&ran.saved, loud) {
        let skipped = if left_out.is_empty() {
            String::new()
        } else {
            format!("; left out, as they have no bytes to save: {}", shown(&left_out.join(", "), 400))
        };
        say(&format!("saved {}{skipped}", Unit::Batch.counted(*written)));
    }
    coverage(page, global);
    Ok(exit)
}

/// What would be edited, file by file.
fn diffs(ran: &Ran) -> String {
    let (Some(mend), [capture]) = (&ran.mend, ran.checked.facts.captures()) else { return String::new() };
    mend.files(capture).iter().map(|edited| edited.diff.as_str()).collect()
}

/// Writes the edits, says so, and tells how the run ends with what is left.
fn fixed(ran: &Ran, all: bool) -> Exit {
    let report = &ran.checked.report;
    let (Some(mend), [capture]) = (&ran.mend, ran.checked.facts.captures()) else {
        say("nothing to edit");
        return report.exit();
    };
    if !all && !mend.is_safe(report) {
        say(
            "nothing is edited: not every edit is shown to be right and to lose nothing (`--unsafe-fixes` edits all the same)",
        );
        return report.exit();
    }
    let mut whole = true;
    for edited in mend.files(capture) {
        match edited.write(capture) {
            Ok(()) => say(&format!("edited {}", shown(edited.file, 400))),
            Err(refused) => {
                whole = false;
                say(&refused.to_string());
            }
        }
    }
    if !whole {
        return Exit::Trouble;
    }
    mend.rest(report).exit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_script_or_something_in_it() {
        let whole = |text: &str| split(text).unwrap();
        assert_eq!(whole("a/train.py"), (None, Some("a/train.py".into())));
        for target in ["train.py:gen", "train.py::gen", "pkg.mod:gen", "train.py:Loader(n='a:b').batches()"] {
            assert_eq!(whole(target), (Some(target.into()), None));
        }
        assert_eq!(whole("C:\\train.py"), (None, Some("C:\\train.py".into())));
        assert!(split("train").is_err());
        let beside = |text: &str| folder(text).map(|path| path.display().to_string());
        assert_eq!(beside("my.python/train.py:gen").as_deref(), Some("my.python"));
        assert_eq!(beside("train.py"), Some(String::new()));
        assert_eq!(beside("pkg.python:gen"), None);
    }
}
