//! `generate`: what packages bring along, from the definitions that the command itself is parsed by: completions of shells,
//! a man page per command, the JSON Schemas of everything that is read and written.

use std::fs;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValue;
use clap::{Args, Command, CommandFactory as _, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::Cli;
use super::output::print;
use crate::error::{Error, Fault, quoted};
use crate::exit::Exit;

#[derive(Debug, Args)]
pub(super) struct GenerateArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print the completions for a shell
    Completions {
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print the man page of a command: `batchlint generate man check | man -l -`
    Man {
        /// The name of the command [default: batchlint itself]
        command: Option<String>,
    },
    /// Print the JSON Schema of a document
    Schema {
        #[arg(value_enum)]
        document: Document,
    },
    /// Write all of them into a folder, which is made where it is missing
    All {
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

/// A document that has a published schema.
#[derive(Debug, Clone, Copy)]
enum Document {
    Spec,
    Report,
    Model,
    Fix,
}

pub(super) fn generate(args: &GenerateArgs) -> Result<Exit, Error> {
    match &args.what {
        What::Completions { shell } => print(&completions(*shell))?,
        What::Man { command } => {
            let name = command.as_deref().map_or("batchlint".to_owned(), |name| format!("batchlint-{name}"));
            let page = man_pages().into_iter().find(|page| page.name == name);
            let page = page.ok_or_else(|| -> Error {
                let fault = Fault::new(format!("there is no man page {}", quoted(&name)));
                fault.help("`batchlint --help` lists the commands").into()
            })?;
            print(&page.text)?;
        }
        What::Schema { document } => print(&document.schema())?,
        What::All { folder } => {
            for shell in Shell::value_variants() {
                write(&folder.join("completions").join(completion_file(*shell)), &completions(*shell))?;
            }
            for page in man_pages() {
                write(&folder.join("man").join(format!("{}.1", page.name)), &page.text)?;
            }
            for document in Document::value_variants() {
                write(&folder.join("schemas").join(document.file()), &document.schema())?;
            }
        }
    }
    Ok(Exit::Clean)
}

struct ManPage {
    /// With the names of the commands above it: `batchlint-check`.
    name: String,
    text: String,
}

/// A page for the command and for every command below it that `--help` shows.
fn man_pages() -> Vec<ManPage> {
    let mut command = shown();
    command.build();
    let mut pages = Vec::new();
    add_man_pages(&command, "batchlint", &mut pages);
    pages
}

fn add_man_pages(command: &Command, name: &str, pages: &mut Vec<ManPage>) {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        add_man_pages(below, &format!("{name}-{}", below.get_name()), pages);
    }
    let mut text = Vec::new();
    let page = clap_mangen::Man::new(command.clone())
        .title(name.to_uppercase())
        .source(concat!("batchlint ", env!("CARGO_PKG_VERSION")));
    page.render(&mut text).expect("writing to memory does not fail");
    pages.push(ManPage { name: name.to_owned(), text: String::from_utf8_lossy(&text).into_owned() });
}

/// The command line without what nobody types: hidden commands, and `help`, which repeats what `--help` says.
fn shown() -> Command {
    let all = Cli::command();
    Command::new("batchlint")
        .version(env!("CARGO_PKG_VERSION"))
        .about(all.get_about().cloned().unwrap_or_default())
        .after_help(all.get_after_help().cloned().unwrap_or_default())
        .disable_help_subcommand(true)
        .args(all.get_arguments().cloned())
        .subcommands(all.get_subcommands().filter(|command| !command.is_hide_set()).cloned())
}

fn completions(shell: Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut shown(), "batchlint", &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// Named as the shell looks for it in its folder of completions.
fn completion_file(shell: Shell) -> String {
    match shell {
        Shell::Zsh => "_batchlint".to_owned(),
        Shell::PowerShell => "_batchlint.ps1".to_owned(),
        _ => format!("batchlint.{shell}"),
    }
}

impl ValueEnum for Document {
    fn value_variants<'a>() -> &'a [Self] {
        &[Document::Spec, Document::Report, Document::Model, Document::Fix]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Document::Spec => PossibleValue::new("spec").help("batchlint.toml"),
            Document::Report => PossibleValue::new("report").help("what `--format json` prints"),
            Document::Model => PossibleValue::new("model").help("what `init --format json` prints"),
            Document::Fix => PossibleValue::new("fix").help("what `fix --format json` prints"),
        })
    }
}

impl Document {
    fn schema(self) -> String {
        let schema = match self {
            Document::Spec => crate::config::schema::schema(),
            Document::Report => crate::render::report_schema(),
            Document::Model => crate::spec::import::json::schema(),
            Document::Fix => crate::render::fix::schema(),
        };
        serde_json::to_string_pretty(&schema).expect("a schema is plain JSON") + "\n"
    }

    fn file(self) -> &'static str {
        match self {
            Document::Spec => "batchlint.schema.json",
            Document::Report => "report.schema.json",
            Document::Model => "model.schema.json",
            Document::Fix => "fix.schema.json",
        }
    }
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| Error::plain(format!("cannot write {}: {error}", path.display())))
}
