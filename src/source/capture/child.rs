//! The program as a process: started with the helper in front of it, in a group of its own, and gone when we are.
//!
//! Its stdout carries frames and its stdin commands; the helper moves both away before any code of the user runs.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::end::{self, Fate};
use super::frame::{self, Frame, kind};
use super::helper;
use super::receive::Start;
use crate::config::limits::Limits;
use crate::source::input::open_regular;

/// What the helper sends before its first frame.
const MARK: &[u8; 16] = b"batchlint-frames";
/// Bytes of other output before it that are passed on.
const PRELUDE: usize = 1 << 20;
/// Frames that wait to be taken.
const WAITING: usize = 4;
/// How long a process may take to go when it was asked to.
const GRACE: Duration = Duration::from_secs(3);

/// What is to be started.
#[derive(Debug)]
pub struct Launch {
    /// The interpreter.
    pub python: PathBuf,
    /// The options of the helper; see the protocol.
    pub options: serde_json::Value,
    /// How much of what it says is read.
    pub limits: Limits,
}

/// What came from the other side.
#[derive(Debug)]
pub enum Came {
    /// A frame.
    Frame(Frame),
    /// Nothing, for as long as was asked.
    Silence,
    /// The stream is over.
    Over,
    /// What came are no frames; why.
    Broken(String),
}

/// Both directions of a channel.
pub struct Channel {
    input: Option<Box<dyn Read + Send>>,
    limits: Limits,
    frames: Option<Receiver<Result<Frame, io::Error>>>,
    commands: Option<Box<dyn Write + Send>>,
}

impl Channel {
    /// Reads frames from `input` on a thread of its own, once somebody asks for one; commands go to `commands`.
    pub fn new(input: impl Read + Send + 'static, commands: impl Write + Send + 'static) -> Self {
        Self {
            input: Some(Box::new(input)),
            limits: Limits::default(),
            frames: None,
            commands: Some(Box::new(commands)),
        }
    }

    /// Sets the limits on frames. It has to be said before the first is asked for.
    pub fn limit(&mut self, limits: &Limits) {
        self.limits = *limits;
    }

    /// What comes next, within that time.
    #[must_use]
    pub fn next(&mut self, patience: Duration) -> Came {
        if let Some(input) = self.input.take() {
            let (sender, frames) = sync_channel(WAITING);
            let limits = self.limits;
            std::thread::spawn(move || pump(input, &limits, &sender));
            self.frames = Some(frames);
        }
        let Some(frames) = &self.frames else { return Came::Over };
        match frames.recv_timeout(patience) {
            Ok(Ok(frame)) => Came::Frame(frame),
            Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => Came::Broken(error.to_string()),
            Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => Came::Over,
            Err(RecvTimeoutError::Timeout) => Came::Silence,
        }
    }

    /// Sends a command. A program that does not listen any longer is noticed where its frames end.
    pub fn say(&mut self, kind: u8, slot: u16, json: &[u8]) {
        if let Some(out) = &mut self.commands
            && frame::write(out, kind, slot, json).is_err()
        {
            self.commands = None;
        }
    }
}

/// Reads frames until the stream ends.
fn pump(mut input: impl Read, limits: &Limits, sender: &SyncSender<Result<Frame, io::Error>>) {
    loop {
        let frame = match frame::read(&mut input, limits) {
            Ok(None) => return,
            Ok(Some(frame)) => Ok(frame),
            Err(error) => Err(error),
        };
        let last = frame.is_err();
        if sender.send(frame).is_err() || last {
            return;
        }
    }
}

/// A program that runs.
pub struct Child {
    /// What it sends and is sent.
    pub channel: Channel,
    process: std::process::Child,
    dump: Option<File>,
    memory: end::Memory,
    /// Why we ended it, if we did.
    ended: Option<Fate>,
}

impl Child {
    /// Starts it.
    pub fn start(launch: &Launch) -> io::Result<Self> {
        let mut command = Command::new(&launch.python);
        command.args(["-u", "-c", helper::BOOT]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        if std::env::var_os("TF_CPP_MIN_LOG_LEVEL").is_none() {
            command.env("TF_CPP_MIN_LOG_LEVEL", "2");
        }
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let memory = end::Memory::now();
        let mut process = command.spawn()?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let bundle = serde_json::json!({ "modules": helper::modules(), "options": launch.options });
        let input = told(input, &bundle.to_string());
        let mut channel = Channel::new(Marked { input: output, seen: false }, input);
        channel.limit(&launch.limits);
        Ok(Self { channel, process, dump: None, memory, ended: None })
    }

    /// The number of the process, which is that of its group.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Opens the file that the stacks go to.
    pub fn started(&mut self, start: &Start) {
        self.dump = start.dump.as_ref().and_then(|path| open_regular(Path::new(path)).ok());
    }

    /// Whether the process is gone, even if something that it has started still holds the channel.
    pub fn is_gone(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(Some(_)))
    }

    /// Asks it to stop, as Ctrl-C would.
    pub fn interrupt(&self) {
        end::interrupt(self.id());
    }

    /// Ends it, because of what `fate` says. Where it is first asks for its stacks.
    pub fn end(&mut self, fate: Fate) {
        if self.ended.is_none() {
            end::ask_for_stacks(self.id());
            std::thread::sleep(Duration::from_millis(200));
            self.ended = Some(fate);
        }
        end::kill(self.id());
    }

    /// Lets it go, waits until it and its group are gone, and tells how it ended where that was not as it should.
    pub fn finish(mut self) -> (Option<Fate>, Vec<String>) {
        self.channel.say(kind::BYE, 0, b"");
        self.channel.commands = None;
        let status = self.wait();
        end::kill(self.id());
        let fate = self.ended.take().or_else(|| end::fate(status, &self.memory));
        let stacks = self.dump.as_mut().map(end::stacks).unwrap_or_default();
        (fate, stacks)
    }

    /// Waits for the process, and kills it where that takes too long.
    fn wait(&mut self) -> Option<ExitStatus> {
        let asked = Instant::now();
        loop {
            match self.process.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if asked.elapsed() < GRACE => std::thread::sleep(Duration::from_millis(5)),
                _ => {
                    end::kill(self.id());
                    // A frame that nobody takes must not keep the reading thread.
                    return self.process.wait().ok();
                }
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Ok(None) = self.process.try_wait() {
            end::kill(self.id());
            // It was killed: there is nothing left to learn.
            let _ = self.process.wait();
        }
    }
}

/// Sends the helper in front of the commands, on a thread of its own: a pipe holds less than the helper.
fn told(input: ChildStdin, bundle: &str) -> impl Write + Send + 'static {
    let (sender, lines) = sync_channel::<Vec<u8>>(64);
    let first = format!("BATCHLINT {}\n{bundle}", bundle.len()).into_bytes();
    std::thread::spawn(move || {
        let mut input = input;
        let mut next = Some(first);
        while let Some(bytes) = next {
            if input.write_all(&bytes).and_then(|()| input.flush()).is_err() {
                return;
            }
            next = lines.recv().ok();
        }
    });
    Queue(sender)
}

/// Bytes that a thread writes.
struct Queue(SyncSender<Vec<u8>>);

impl Write for Queue {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A program that reads reads at once: one that leaves so many lying must not make us wait for it.
        self.0.try_send(bytes.to_vec()).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A stream whose frames start behind the mark. What comes before it goes to stderr: nobody else is waiting for it.
struct Marked<R> {
    input: R,
    seen: bool,
}

impl<R: Read> Read for Marked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.seen {
            let mut prelude = Vec::new();
            let mut byte = [0];
            while !prelude.ends_with(MARK) {
                if self.input.read(&mut byte)? == 0 || prelude.len() > PRELUDE {
                    pass_on(&prelude);
                    return Ok(0);
                }
                prelude.push(byte[0]);
            }
            pass_on(&prelude[..prelude.len() - MARK.len()]);
            self.seen = true;
        }
        self.input.read(buffer)
    }
}

/// Nothing can be done when stderr is gone.
fn pass_on(bytes: &[u8]) {
    let _ = io::stderr().write_all(bytes);
}
