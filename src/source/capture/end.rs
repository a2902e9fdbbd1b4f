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
        None if status.code() == Some(CLOSED) => Some(Fate::Channel("it closed the channel".into())),
        None => status.code().filter(|code| *code != 0).map(|code| Fate::Left { code }),
    }
}

/// SIGKILL
const KILLED: i32 = 9;
/// The exit code of a helper whose channel the program has closed.
const CLOSED: i32 = 81;

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

/// The frames that `faulthandler` wrote of the thread that it was called in, or else of the last one, which is the main thread;
/// innermost first, without those of the helper. `train.py:8 in batches`, safe to show.
pub(super) fn stacks(dump: &mut fs::File) -> Vec<String> {
    let mut bytes = Vec::new();
    // What cannot be read is not told.
    let _ = dump.seek(SeekFrom::Start(0)).and_then(|_| dump.take(STACKS).read_to_end(&mut bytes));
    let text = String::from_utf8_lossy(&bytes);
    frames(&text)
}

fn frames(text: &str) -> Vec<String> {
    let (mut frames, mut current) = (Vec::new(), false);
    for line in text.lines() {
        if let Some(frame) = line.trim_start().strip_prefix("File \"") {
            let told = frame.split_once("\", line ").and_then(|(file, rest)| {
                let (number, function) = rest.split_once(" in ")?;
                Some(format!("{}:{} in {}", shown(file, 400), shown(number, 20), shown(function, 80)))
            });
            let ours = frame.starts_with('<');
            frames.extend(told.filter(|_| !ours));
        } else if line.starts_with("Thread ") || line.starts_with("Current thread ") {
            if current {
                break;
            }
            frames.clear();
            current = line.starts_with("Current ");
        }
    }
    frames
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

#[cfg(test)]
mod tests {
    use super::frames;

    #[test]
    fn the_stack_is_that_of_the_current_thread_without_the_helper() {
        let text = "Fatal Python error: Segmentation fault\n\nThread 0x01 (most recent call first):\n  File \"<batchlint>/watchdog.py\", line 32 in run\n\n\
            Current thread 0x02 (most recent call first):\n  File \"/a/ctypes.py\", line 5 in string_at\n  File \"/a b/train.py\", line 8 in batches\n  \
            File \"<batchlint>/loop.py\", line 1 in pull\n\nThread 0x03 (most recent call first):\n  File \"/x.py\", line 1 in x\n";
        assert_eq!(frames(text), ["/a/ctypes.py:5 in string_at", "/a b/train.py:8 in batches"]);
        assert_eq!(frames("Thread 0x01 (most recent call first):\n  File \"a.py\", line 1 in f\n"), ["a.py:1 in f"]);
        assert_eq!(frames("nonsense\n  File \"\n"), Vec::<String>::new());
    }
}
