//! The four exit codes. They are the same for every command and every output format.

use std::process::ExitCode;

/// How a run ended, as the shell sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: everything that was asked for was checked, and nothing reached `--fail-on`.
    Clean,
    /// 1: at least one finding at or above `--fail-on`.
    Findings,
    /// 2: the run could not be done as asked: usage, configuration, spec, a bug, or Ctrl-C before everything was read.
    Trouble,
    /// 3: no array was found to check. A check of nothing must not look like a pass.
    Nothing,
}

impl Exit {
    /// The number the process ends with.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::Trouble => 2,
            Self::Nothing => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
