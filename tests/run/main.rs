//! `run` with real programs: what they print, how they fail, hang, crash and are stopped, and how their source is edited.
//! Whatever happens, batches before it are judged, the exit code is right, and neither a process nor a file is left behind.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod fixes;
mod program;
mod trouble;
