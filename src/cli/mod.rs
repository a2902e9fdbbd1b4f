//! The command line: exact parsing first, effects after. Only this folder and `main.rs` print.

mod baseline;
mod check;
mod draft;
mod explain;
mod fix;
mod generate;
mod init;
mod inspect;
mod listen;
mod merge;
mod output;
mod progress;
mod python;
mod reports;
mod rules;
mod run;

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::builder::ArgPredicate;
use clap::{ArgAction, Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::config::framework::Framework;
use crate::config::limits::{Limit, Limits};
use crate::config::remote::Remote;
use crate::config::shard::Shard;
use crate::config::{Level, Overrides, Selection, Settings};
use crate::error::{Error, Fault};
use crate::exit::Exit;
use crate::render::fix::FixFormat;
use crate::render::inspect::InspectFormat;
use crate::render::{self, OutputFormat};

use output::print;

const EXAMPLES: &str = "Examples:
  batchlint run train.py                      lint what the script is about to train on; nothing is trained
  batchlint check dump/                       lint a folder of .npy and .npz batches
  batchlint explain double-precision          what a rule finds, why it hurts, how to fix it";

/// Lint tensor batches before you train.
#[derive(Debug, Parser)]
#[command(name = "batchlint", version, about, after_help = EXAMPLES, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Flags of every command.
#[derive(Debug, Args)]
struct Global {
    /// When to use colours
    #[arg(long, value_enum, default_value_t = Color::Auto, global = true, value_name = "WHEN")]
    color: Color,
    /// Say less: -q leaves out the coverage line, -qq leaves out everything but the exit code
    #[arg(short, long, action = ArgAction::Count, global = true)]
    quiet: u8,
    /// Say which spec applies, and how it was found
    #[arg(short, long, global = true)]
    verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    /// On a terminal, unless `NO_COLOR` is set; `FORCE_COLOR` forces it
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lint dumped batches: files, folders and globs
    Check(Box<CheckCommand>),
    /// Run a Python program for its batches, and lint them
    Run(Box<run::RunArgs>),
    /// Judge the batches that a process sends on stdin; see docs/capture-protocol.md
    #[command(hide = true)]
    Listen(Box<listen::ListenArgs>),
    /// Look at arrays without judging them, and save what was seen
    Inspect(Box<InspectArgs>),
    /// Put saved facts of many parts together, as if one scan had seen everything
    Merge(Box<merge::MergeArgs>),
    /// Say how dumped batches can be repaired, with proof; with --out or --in-place, repair them
    Fix(Box<fix::FixArgs>),
    /// Write a first batchlint.toml, from good data, from the model, or from both
    Init(Box<InitArgs>),
    /// Keep what is wrong already, so that only what is new is shown
    #[command(subcommand)]
    Baseline(baseline::Command),
    /// Print the page of a rule, or the likely cause of an error text that a framework printed
    Explain {
        /// A rule's id, or the error text as it stands; `-` reads it from stdin
        #[arg(value_name = "RULE|TEXT", required = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
    /// List the rules
    Rules {
        /// How to list them
        #[arg(long, value_enum, default_value_t = RulesFormat::Text)]
        format: RulesFormat,
    },
    /// Write completions, man pages and JSON Schemas; see docs/integrations.md
    #[command(hide = true)]
    Generate(generate::GenerateArgs),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RulesFormat {
    Text,
    Json,
}

/// What is read, and what it is measured against: the flags that `check` and `inspect` share.
#[derive(Debug, Args)]
struct DataArgs {
    /// Files, folders or globs; also in an object store: s3://, gs://, az://, https://
    #[arg(value_name = "PATH", default_value = ".", default_value_if("files_from", ArgPredicate::IsPresent, None))]
    paths: Vec<PathBuf>,
    /// Files and folders from a list as well, `-` for stdin: one per line, or separated by NUL bytes, or an S3 Inventory
    /// as CSV; can be repeated
    #[arg(long, value_name = "FILE", help_heading = "What is read")]
    files_from: Vec<PathBuf>,
    #[command(flatten)]
    spec: SpecArgs,
    /// A spec that stands in no file, as TOML
    #[arg(long, value_name = "TOML", conflicts_with = "spec", hide = true)]
    spec_text: Option<String>,
    /// Keep what was seen in this folder, and read only what changed since
    #[arg(long, value_name = "DIR", help_heading = "What is read")]
    cache: Option<PathBuf>,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// What data is measured against, and how much of it is read: the flags that all commands share that look at data.
#[derive(Debug, Args)]
struct SpecArgs {
    /// What the model expects [default: the nearest batchlint.toml, or [tool.batchlint] in pyproject.toml]
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,
    /// The model whose batches these are: a .keras, .h5, .onnx, .tflite or .pt2 file, a SavedModel folder, ...; what
    /// the spec says wins over what the model says
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Who will consume the batches
    #[arg(long, value_enum, value_name = "NAME", help_heading = "What changes from run to run")]
    framework: Option<Framework>,
    /// Rows per batch
    #[arg(long, value_name = "ROWS", help_heading = "What changes from run to run")]
    batch_size: Option<u64>,
    /// Rows in the whole dataset
    #[arg(long, value_name = "ROWS", help_heading = "What changes from run to run")]
    dataset_size: Option<u64>,
    /// Steps per epoch
    #[arg(long, value_name = "N", help_heading = "What changes from run to run")]
    steps: Option<u64>,
    /// Epochs
    #[arg(long, value_name = "N", help_heading = "What changes from run to run")]
    epochs: Option<u64>,
    /// Read headers only: no values, and no rule that needs them
    #[arg(long, help_heading = "What is read")]
    headers_only: bool,
    /// Do not read the values of arrays larger than this, as bytes or `"2 GiB"`; they are not evaluated
    #[arg(long, value_name = "BYTES", value_parser = memory, help_heading = "What is read")]
    max_bytes_per_array: Option<u64>,
    #[arg(long, value_name = "KEY=VALUE", value_parser = limit, help = limit_help(), help_heading = "What is read")]
    limit: Vec<(Limit, u64)>,
}

/// How data in object stores is reached.
#[derive(Debug, Args)]
struct RemoteArgs {
    /// Requests that are under way at the same time, at most; how many it is depends on how the store answers
    /// [default: 1024]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000), help_heading = "Object stores")]
    connections: Option<u64>,
    /// Seconds without a byte after which a request is tried again [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Object stores")]
    remote_timeout: Option<u64>,
    /// Ask without credentials, as for a public bucket
    #[arg(long, help_heading = "Object stores")]
    anonymous: bool,
}

/// Which rules run, and how their findings are shown: the flags that all commands share that judge.
#[derive(Debug, Args)]
struct ReportArgs {
    /// Only these rules or groups
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = "Rules")]
    select: Vec<String>,
    /// Not these rules or groups
    #[arg(long, value_name = "RULE", value_delimiter = ',', help_heading = "Rules")]
    ignore: Vec<String>,
    /// Set the level of a rule or group: note, warning or error
    #[arg(long, value_name = "RULE=LEVEL", value_delimiter = ',', value_parser = rule_level, help_heading = "Rules")]
    level: Vec<(String, Level)>,
    /// The least level that makes the exit code 1 [default: error]
    #[arg(long, value_enum, value_name = "LEVEL", help_heading = "Rules")]
    fail_on: Option<Level>,
    /// Fail when a check could not be made
    #[arg(long, help_heading = "Rules")]
    require_complete: bool,
    /// How to print the findings
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    format: OutputFormat,
    /// Write a report to a file as well; can be repeated
    #[arg(long, value_name = "FORMAT=PATH", value_parser = report_target, help_heading = "Output")]
    report: Vec<(OutputFormat, PathBuf)>,
    /// Name every place of a fault, not just three
    #[arg(long, help_heading = "Output")]
    all_places: bool,
    /// What was wrong already is not shown again; `batchlint baseline write` makes the file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    baseline: Option<PathBuf>,
    /// Show counts and places, and no value of the data
    #[arg(long, help_heading = "Output")]
    redact: bool,
}

#[derive(Debug, Args)]
struct CheckCommand {
    #[command(flatten)]
    check: CheckArgs,
    /// Read no more values once the check has failed: counts are then the least that they can be
    #[arg(long, conflicts_with = "facts", help_heading = "What is read")]
    fail_fast: bool,
}

#[derive(Debug, Args)]
struct CheckArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Judge saved facts (`inspect --format jsonl -o FILE`) in place of data; several files are taken together
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["paths", "files_from", "against"], help_heading = "What is read")]
    facts: Vec<PathBuf>,
    /// A set that should share no sample with the others, such as the validation set; linted as well; can be repeated
    #[arg(long, value_name = "PATH", help_heading = "What is read")]
    against: Vec<PathBuf>,
    #[command(flatten)]
    report: ReportArgs,
}

#[derive(Debug, Args)]
struct InspectArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Only one part of the files, `3/64` of `0/64` to `63/64`: each file is in one of them, whatever machine asks
    #[arg(long, value_name = "INDEX/COUNT", help_heading = "What is read")]
    shard: Option<Shard>,
    /// How to print what was seen
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    format: InspectFormat,
    /// Write to a file, which is replaced when everything is written
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Show every array by itself, not all of one name together
    #[arg(long, help_heading = "Output")]
    each: bool,
    /// Draw histograms with ASCII characters only
    #[arg(long, help_heading = "Output")]
    ascii: bool,
}

#[derive(Debug, Args)]
struct InitArgs {
    /// Good data: files, folders or globs of .npy and .npz batches; can be repeated
    #[arg(long, value_name = "PATH")]
    from: Vec<PathBuf>,
    /// The model: a .keras, .h5, .onnx, .tflite or .pt2 file, a SavedModel folder, ...
    #[arg(long, value_name = "FILE", required_unless_present = "from")]
    model: Option<PathBuf>,
    /// Who will consume the batches
    #[arg(long, value_enum, value_name = "NAME")]
    framework: Option<Framework>,
    /// Rows per batch, in the place of those that an export has fixed
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u64).range(1..))]
    batch: Option<u64>,
    /// Do not read the values of arrays larger than this, as bytes or `"2 GiB"`
    #[arg(long, value_name = "BYTES", value_parser = memory)]
    max_bytes_per_array: Option<u64>,
    #[arg(long, value_name = "KEY=VALUE", value_parser = limit, help = limit_help())]
    limit: Vec<(Limit, u64)>,
    /// A spec, or what was read as a document for programs
    #[arg(long, value_enum, default_value_t = InitFormat::Toml, value_name = "FORMAT", help_heading = "Output")]
    format: InitFormat,
    /// Write to a file, such as batchlint.toml; one that is there is not replaced
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Replace the file that `-o` names
    #[arg(long, help_heading = "Output")]
    force: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum InitFormat {
    Toml,
    Json,
}

fn memory(text: &str) -> Result<u64, String> {
    crate::spec::parse::memory(text).map_err(in_one_line)
}

fn limit(text: &str) -> Result<(Limit, u64), String> {
    crate::spec::parse::limit(text).map_err(in_one_line)
}

fn in_one_line(fault: Fault) -> String {
    match fault.help {
        Some(help) => format!("{}: {help}", fault.message),
        None => fault.message,
    }
}

fn limit_help() -> String {
    let keys: Vec<&str> = Limit::ALL.iter().map(|limit| limit.key()).collect();
    format!("Set a limit on what is read, by its key under [limits]; can be repeated: {}", keys.join(", "))
}

fn rule_level(text: &str) -> Result<(String, Level), String> {
    let (rule, level) = text.split_once('=').ok_or("expected RULE=LEVEL, for instance fortran-order=warning")?;
    let level = Level::from_str(level, false).map_err(|_| format!("`{level}` is no level: note, warning or error"))?;
    Ok((rule.to_owned(), level))
}

fn report_target(text: &str) -> Result<(OutputFormat, PathBuf), String> {
    let (format, path) = text.split_once('=').ok_or("expected FORMAT=PATH, for instance json=report.json")?;
    let format = OutputFormat::from_str(format, false).map_err(|_| {
        let known: Vec<_> = OutputFormat::value_variants().iter().map(|format| format.name()).collect();
        format!("`{format}` is no format: {}", known.join(", "))
    })?;
    Ok((format, path.into()))
}

/// The command line as clap knows it: what its tests and its documentation are made from.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Parses the command line, does what it says, and tells how it ended.
#[must_use]
pub fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let usage = error.use_stderr();
            // Nothing can be done when even this cannot be printed.
            let _ = error.print();
            return if usage { Exit::Trouble } else { Exit::Clean };
        }
    };
    let format = match &cli.command {
        Some(Command::Check(args)) => args.check.report.format,
        Some(Command::Run(args)) => args.report.format,
        Some(Command::Listen(_)) => OutputFormat::Json,
        Some(Command::Fix(args)) if args.format == FixFormat::Json => OutputFormat::Json,
        Some(Command::Inspect(args)) if args.format != InspectFormat::Table => OutputFormat::Json,
        _ => OutputFormat::Full,
    };
    let result = match cli.command {
        Some(Command::Check(args)) => check::check(*args, &cli.global),
        Some(Command::Run(args)) => run::run(*args, &cli.global),
        Some(Command::Listen(args)) => listen::listen(*args),
        Some(Command::Fix(args)) => fix::fix(*args, &cli.global),
        Some(Command::Baseline(command)) => baseline::baseline(command, &cli.global),
        Some(Command::Init(args)) => init::init(*args, &cli.global),
        Some(Command::Inspect(args)) => inspect::inspect(*args, &cli.global),
        Some(Command::Merge(args)) => merge::merge(&args, &cli.global),
        Some(Command::Explain { words }) => explain::explain(&words),
        Some(Command::Rules { format }) => rules::rules(format == RulesFormat::Json),
        Some(Command::Generate(args)) => generate::generate(&args),
        None => print(&format!("{EXAMPLES}\n\n`batchlint --help` shows everything.\n")).map(|()| Exit::Clean),
    };
    result.unwrap_or_else(|error| {
        let drawn = |format, color| {
            let mut text = Vec::new();
            // Nothing can fail in a Vec.
            let _ = render::error(format, &error, color, &mut text);
            text
        };
        // The document goes where a program looks for it; text for people goes to stderr.
        let told = format.is_document() && std::io::stdout().write_all(&drawn(format, false)).is_ok();
        // A stdout that takes nothing is what went wrong.
        if format != OutputFormat::Json || !told || std::io::stdout().flush().is_err() {
            let color = cli.global.color(std::io::stderr().is_terminal());
            let _ = std::io::stderr().write_all(&drawn(OutputFormat::Full, color));
        }
        Exit::Trouble
    })
}

impl Global {
    /// Whether to use colours on a stream that is, or is not, a terminal.
    fn color(&self, terminal: bool) -> bool {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto if set("NO_COLOR") => false,
            Color::Auto if std::env::var_os("FORCE_COLOR").is_some_and(|value| value != "0") => true,
            Color::Auto => terminal,
        }
    }
}

impl DataArgs {
    /// The settings as far as these flags say.
    fn settings(self) -> Result<Settings, Error> {
        let Self { paths, files_from, spec, spec_text, cache, remote } = self;
        Ok(Settings { paths, files_from, spec_text, cache, remote: remote.settings(), ..spec.settings()? })
    }
}

impl SpecArgs {
    /// The settings as far as these flags say.
    fn settings(self) -> Result<Settings, Error> {
        let directory =
            std::env::current_dir().map_err(|error| Error::plain(format!("no working directory: {error}")))?;
        let limits = Limits::default().with(&self.limit);
        Ok(Settings {
            overrides: Overrides {
                model: self.model,
                framework: self.framework,
                batch_size: self.batch_size,
                dataset_size: self.dataset_size,
                steps: self.steps,
                epochs: self.epochs,
                limits: self.limit,
            },
            limits,
            spec: self.spec,
            headers_only: self.headers_only,
            max_bytes_per_array: self.max_bytes_per_array,
            directory,
            ..Settings::default()
        })
    }
}

impl RemoteArgs {
    fn settings(&self) -> Remote {
        let connections = self.connections.and_then(|connections| usize::try_from(connections).ok());
        Remote { connections, timeout: self.remote_timeout, anonymous: self.anonymous }
    }
}

impl ReportArgs {
    /// The settings with what these flags say.
    fn on(&self, settings: Settings) -> Settings {
        let mut levels = self.level.clone();
        if self.require_complete {
            levels.push(("not-evaluated".into(), Level::Error));
        }
        let selection = Selection { select: self.select.clone(), ignore: self.ignore.clone(), levels };
        let shows_data = self.format.shows_data() || self.report.iter().any(|(format, _)| format.shows_data());
        Settings {
            selection,
            fail_on: self.fail_on,
            all_places: self.all_places,
            redact: self.redact,
            baseline: self.baseline.clone(),
            shows_data,
            ..settings
        }
    }
}
