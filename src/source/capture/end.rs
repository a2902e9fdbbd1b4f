//! How a process ended, told apart as far as the system says it: by itself, by a signal, for want of memory, or by us.

use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::process::ExitStatus;

use super::super::text::shown;

/// Bytes of stacks that are read.
const STACKS: u64 = 64 * 1024;

/// How a program ended that did not end as it should.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// It left by itself, without a word: `os._exit`.
    Left {
        /// Its exit code.
        code: i32,
    },
    /// A signal ended it.
    Signal {
        /// Its number.
        signal: i32,
    },
    /// The kernel ended it because memory ran out: its own counters say so.
    Memory,
    /// It made no batch for this many seconds, so we ended it.
    Silent {
        /// Seconds.
        seconds: f64,
    },
    /// It did not stop when it was asked to, so we ended it.
    Deaf,
    /// It closed the channel, or wrote something else into it; what.
    Channel(String),
}

/// What the kernel has counted of processes that it ended for want of memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Memory {
    system: Option<u64>,
    group: Option<u64>,
}

impl Memory {
    /// The counts as they are.
    pub(super) fn now() -> Self {
        let count = |path: &str, key: &str| {
            let text = fs::read_to_string(path).ok()?;
            text.lines().find_map(|line| line.strip_prefix(key)?.trim().parse().ok())
        };
        let group = fs::read_to_string("/proc/self/cgroup").ok().and_then(|text| {
            let path = text.lines().find_map(|line| line.strip_prefix("0::"))?.to_owned();
            count(&format!("/sys/fs/cgroup{path}/memory.events"), "oom_kill ")
        });
        Self { system: count("/proc/vmstat", "oom_kill "), group }
    }

    fn rose_since(&self, before: &Self) -> bool {
        let rose = |now: Option<u64>, before: Option<u64>| now.zip(before).is_some_and(|(now, before)| now > before);
        rose(self.system, before.system) || rose(self.group, before.group)
    }
}

/// How it ended, where that was not as it should.
pub(super) fn fate(status: Option<ExitStatus>, before: &Memory) -> Option<Fate> {
    let status = status?;
    match signal(status) {
        Some(KILLED) if Memory::now().rose_since(before) => Some(Fate::Memory),
        Some(signal) => Some(Fate::Signal { signal }),
        None => status.code().filter(|code| *code != 0).map(|code| Fate::Left { code }),
    }
}

/// SIGKILL
const KILLED: i32 = 9;

/// What a signal is called, and what it means for a Python program.
#[must_use]
pub fn signal_text(signal: i32) -> String {
    let (name, means) = match signal {
        4 => ("SIGILL", "an instruction that this processor does not have"),
        6 => ("SIGABRT", "a library gave up"),
        7 => ("SIGBUS", "memory that is not there, such as a file that was cut while it was mapped"),
        8 => ("SIGFPE", "an integer division by zero in compiled code"),
        9 => ("SIGKILL", "somebody killed it, or the kernel did"),
        11 => ("SIGSEGV", "compiled code touched memory that is not its own"),
        15 => ("SIGTERM", "somebody asked it to end"),
        _ => return format!("signal {signal}"),
    };
    format!("{name}: {means}")
}

/// The lines that `faulthandler` wrote, safe to show.
pub(super) fn stacks(dump: &mut fs::File) -> Vec<String> {
    let mut bytes = Vec::new();
    // What cannot be read is not told.
    let _ = dump.seek(SeekFrom::Start(0)).and_then(|_| dump.take(STACKS).read_to_end(&mut bytes));
    let text = String::from_utf8_lossy(&bytes);
    text.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(|line| shown(line, 400)).collect()
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

/// Ends the group of the process. It may be gone already.
#[cfg(unix)]
pub fn kill(id: u32) {
    signal_group(id, rustix::process::Signal::KILL);
}

/// Sends what Ctrl-C sends.
#[cfg(unix)]
pub(super) fn interrupt(id: u32) {
    if let Some(pid) = pid(id) {
        // Only the process: what it started hears of it from Python.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
    }
}

/// Asks `faulthandler` for the stacks of all threads.
#[cfg(unix)]
pub(super) fn ask_for_stacks(id: u32) {
    if let Some(pid) = pid(id) {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::USR1);
    }
}

#[cfg(unix)]
fn signal_group(id: u32, signal: rustix::process::Signal) {
    if let Some(pid) = pid(id) {
        let _ = rustix::process::kill_process_group(pid, signal);
    }
}

#[cfg(unix)]
fn pid(id: u32) -> Option<rustix::process::Pid> {
    rustix::process::Pid::from_raw(i32::try_from(id).ok()?)
}

/// Elsewhere the process ends when its channel does.
#[cfg(not(unix))]
pub fn kill(_: u32) {}

#[cfg(not(unix))]
pub(super) fn interrupt(_: u32) {}

#[cfg(not(unix))]
pub(super) fn ask_for_stacks(_: u32) {}
