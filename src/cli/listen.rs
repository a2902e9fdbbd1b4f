//! `listen`: judge the batches that a process sends on stdin. The other side of `batchlint.watch` and `batchlint.check`.

use clap::Args;
use serde_json::json;

use super::{ReportArgs, SpecArgs};
use crate::config::Settings;
use crate::error::Error;
use crate::exit::Exit;
use crate::render::{self, OutputFormat, Page};
use crate::run::live;
use crate::source::Progress;
use crate::source::capture::child::Channel;
use crate::source::capture::frame::kind;

#[derive(Debug, Args)]
pub(super) struct ListenArgs {
    #[command(flatten)]
    spec: SpecArgs,
    /// A spec that stands in no file, as TOML
    #[arg(long, value_name = "TOML", conflicts_with = "spec")]
    spec_text: Option<String>,
    #[command(flatten)]
    report: ReportArgs,
}

/// Never an error for the shell: what went wrong is told in the report, since whoever started this reads nothing else.
pub(super) fn listen(args: ListenArgs) -> Result<Exit, Error> {
    let mut channel = Channel::new(std::io::stdin(), std::io::stdout());
    let settings =
        args.spec.settings().map(|settings| Settings { spec_text: args.spec_text, ..args.report.on(settings) });
    let ran = settings.and_then(|settings| live::listen(&settings, &mut channel, &Progress::default()));
    let (report, text, exit) = match &ran {
        Ok(ran) => {
            let page = Page::new("run", &ran.checked.report, &ran.checked.spec);
            let drawn = |format| {
                let mut out = Vec::new();
                render::render(format, page, false, &mut out).map_err(|error| Error::plain(error.to_string()))?;
                Ok::<_, Error>(String::from_utf8_lossy(&out).into_owned())
            };
            let text = format!("{}{}\n", drawn(OutputFormat::Full)?, render::summary(page));
            (drawn(OutputFormat::Json)?, text, ran.checked.report.exit())
        }
        Err(error) => {
            let drawn = |format| {
                let mut out = Vec::new();
                // Nothing can fail in a Vec.
                let _ = render::error(format, error, false, &mut out);
                String::from_utf8_lossy(&out).into_owned()
            };
            (drawn(OutputFormat::Json), drawn(OutputFormat::Full), Exit::Trouble)
        }
    };
    let report: serde_json::Value = serde_json::from_str(&report).unwrap_or_default();
    let document = json!({ "report": report, "text": text, "exit_code": exit.code() });
    channel.say(kind::REPORT, 0, document.to_string().as_bytes());
    Ok(exit)
}
