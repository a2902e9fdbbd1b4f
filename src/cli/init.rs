//! `init`: write a first spec.

use std::path::Path;

use super::output::{looked_for, print, say};
use super::progress::Waiting;
use super::{Global, InitArgs, InitFormat};
use crate::config::limits::Limits;
use crate::config::{Overrides, Settings};
use crate::error::{Error, Fault};
use crate::exit::Exit;
use crate::run::init as first;
use crate::source::text::{self, shown};
use crate::spec::import;

pub(super) fn init(args: InitArgs, global: &Global) -> Result<Exit, Error> {
    if let Some(path) = args.output.as_deref().filter(|path| path.exists() && !args.force) {
        let fault = Fault::new(format!("{} is there already", name(path)));
        return Err(fault.help("`--force` replaces it; without `-o` the spec goes to stdout").into());
    }
    let directory = std::env::current_dir().map_err(|error| Error::plain(format!("no working directory: {error}")))?;
    let settings = Settings {
        paths: args.from,
        limits: Limits::default().with(&args.limit),
        overrides: Overrides {
            model: args.model,
            framework: args.framework,
            limits: args.limit,
            ..Overrides::default()
        },
        max_bytes_per_array: args.max_bytes_per_array,
        directory,
        ..Settings::default()
    };
    let waiting = Waiting::new(global.quiet == 0);
    let initial = first::init(&settings, args.batch, waiting.progress());
    drop(waiting);
    let initial = initial?;
    let text = match args.format {
        InitFormat::Toml => initial.text,
        InitFormat::Json => {
            let document = import::json::Document::from(&initial.model);
            text::json(&serde_json::to_string_pretty(&document).map_err(|error| Error::plain(error.to_string()))?)
                + "\n"
        }
    };
    match &args.output {
        None => print(&text)?,
        Some(path) => {
            first::write(path, &text, args.force)?;
            if global.quiet == 0 {
                say(&format!("wrote {}", name(path)));
            }
        }
    }
    if global.quiet == 0 {
        for unmatched in &initial.unmatched {
            say(&looked_for(unmatched));
        }
    }
    Ok(Exit::Clean)
}

fn name(path: &Path) -> String {
    shown(&path.display().to_string(), 400)
}
