//! What the user asked for: the configuration as written, where it was found, and the settings of one run.

pub mod discover;
pub mod file;
pub mod framework;
pub mod limits;
pub mod live;
pub mod read;
pub mod remote;
pub mod schema;
pub mod shard;
mod syntax;

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How bad a finding is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Works, at a cost or a risk.
    Warning,
    /// Training stops, or is ruined in silence.
    Error,
}

impl Level {
    /// Every level, the mildest first.
    pub const ALL: [Self; 3] = [Self::Note, Self::Warning, Self::Error];

    /// `note`, `warning`, `error`
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which rules run and at which level: `[rules]` of the file, then the flags, which win.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these rules or groups; empty means all.
    pub select: Vec<String>,
    /// Not these rules or groups.
    pub ignore: Vec<String>,
    /// Levels by rule or group; later entries win.
    pub levels: Vec<(String, Level)>,
}

impl Selection {
    /// These settings with `flags` on top: a flag's `select` replaces, `ignore` and `level` add.
    #[must_use]
    pub fn and(&self, flags: &Self) -> Self {
        let select = if flags.select.is_empty() { &self.select } else { &flags.select };
        Self {
            select: select.clone(),
            ignore: self.ignore.iter().chain(&flags.ignore).cloned().collect(),
            levels: self.levels.iter().chain(&flags.levels).cloned().collect(),
        }
    }
}

/// What changes from run to run, as flags. Each wins over its line in the spec.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--model`, as typed
    pub model: Option<PathBuf>,
    /// `--framework`
    pub framework: Option<framework::Framework>,
    /// `--batch-size`, rows
    pub batch_size: Option<u64>,
    /// `--dataset-size`, rows
    pub dataset_size: Option<u64>,
    /// `--steps`, per epoch
    pub steps: Option<u64>,
    /// `--epochs`
    pub epochs: Option<u64>,
    /// `--limit`
    pub limits: Vec<(limits::Limit, u64)>,
}

impl Overrides {
    /// The limits that hold where the file says this.
    #[must_use]
    pub fn limits(&self, defaults: &Defaults) -> limits::Limits {
        limits::Limits::default().with(&defaults.limits).with(&self.limits)
    }
}

/// What the file says of a run, as against the data. A flag wins over its line; what is switched on in the file stays on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "they are lines of a file")]
pub struct Defaults {
    /// `headers_only` of `[read]`.
    pub headers_only: bool,
    /// `max_bytes_per_array` of `[read]`.
    pub max_bytes_per_array: Option<u64>,
    /// `fail_fast` of `[read]`.
    pub fail_fast: bool,
    /// `[limits]`.
    pub limits: Vec<(limits::Limit, u64)>,
    /// `all_places` of `[output]`.
    pub all_places: bool,
    /// `redact` of `[output]`.
    pub redact: bool,
    /// `baseline`: a path from the working directory, or absolute.
    pub baseline: Option<PathBuf>,
}

/// Everything one `check` or `inspect` needs to know.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "they are flags")]
pub struct Settings {
    /// Files, folders and globs, as typed.
    pub paths: Vec<PathBuf>,
    /// `--files-from`: lists of files and folders.
    pub files_from: Vec<PathBuf>,
    /// `--shard`: only these of the files.
    pub shard: Option<shard::Shard>,
    /// `--facts`: saved facts in place of the paths.
    pub facts: Vec<PathBuf>,
    /// `--against`: sets that should share nothing with the others.
    pub against: Vec<PathBuf>,
    /// `--spec`; otherwise the nearest one is discovered.
    pub spec: Option<PathBuf>,
    /// The folder of the program that is run, as typed: the search for a spec starts there.
    pub beside: Option<PathBuf>,
    /// A spec that stands in no file.
    pub spec_text: Option<String>,
    /// What wins over the spec.
    pub overrides: Overrides,
    /// The flags about rules, on top of the file's.
    pub selection: Selection,
    /// `--fail-on`
    pub fail_on: Option<Level>,
    /// `--headers-only`: values are not read.
    pub headers_only: bool,
    /// `--max-bytes-per-array`: the values of larger arrays are not read.
    pub max_bytes_per_array: Option<u64>,
    /// `--fail-fast`: the reading of values ends once the check has failed.
    pub fail_fast: bool,
    /// Whether values are read to their end, whatever the file says.
    pub reads_all: bool,
    /// The limits that hold: those of the overrides, and with [`Settings::over`] those of the file.
    pub limits: limits::Limits,
    /// Whether a finding keeps all its places instead of three.
    pub all_places: bool,
    /// `--redact`: no value of the data stands in the report.
    pub redact: bool,
    /// `--baseline`: what was wrong already.
    pub baseline: Option<PathBuf>,
    /// Whether what is found is counted for a new baseline, and none applies.
    pub count: bool,
    /// Whether a report shows the data to people: histograms are made, and a few images are read again.
    pub shows_data: bool,
    /// `--cache`: where facts are kept from run to run.
    pub cache: Option<PathBuf>,
    /// How data in object stores is reached.
    pub remote: remote::Remote,
    /// Where the search for the spec starts.
    pub directory: PathBuf,
}

impl Settings {
    /// These settings, and what the file says where they say nothing.
    #[must_use]
    pub fn over(&self, defaults: &Defaults) -> Self {
        let baseline = self.baseline.clone().or_else(|| defaults.baseline.clone());
        Self {
            headers_only: self.headers_only || defaults.headers_only,
            max_bytes_per_array: self.max_bytes_per_array.or(defaults.max_bytes_per_array),
            fail_fast: (self.fail_fast || defaults.fail_fast) && !self.reads_all,
            limits: self.overrides.limits(defaults),
            all_places: self.all_places || defaults.all_places,
            redact: self.redact || defaults.redact,
            baseline: baseline.filter(|_| !self.count),
            ..self.clone()
        }
    }
}
