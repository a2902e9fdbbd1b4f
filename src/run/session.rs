//! One program while it runs: frames are taken as they come, limits are kept, and it is ended where it does not end.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;

use super::live::Note;
use crate::config::limits::Limits;
use crate::config::live::Live;
use crate::error::{Error, Fault};
use crate::source::Progress;
use crate::source::capture::child::{Came, Child, Launch};
use crate::source::capture::end::Fate;
use crate::source::capture::facts::Reason;
use crate::source::capture::frame::kind;
use crate::source::capture::receive::{Event, Look};
use crate::source::capture::{Receiver, Save};
use crate::source::text::shown;

/// How long we wait for a frame before we look whether anything else has happened.
pub(super) const TICK: Duration = Duration::from_millis(100);
/// How long a program may take to stop when it was asked to.
const STOPPING: Duration = Duration::from_secs(3);
/// How long an interpreter may take to run its first line, which is ours.
const STARTING: Duration = Duration::from_secs(120);
/// Ticks without a frame, after the process is gone, that end the listening.
const LINGERING: u32 = 10;
/// How long the helper may think about edits.
const PLANNING: Duration = Duration::from_secs(20);

/// A program that runs.
pub(super) struct Session<'s> {
    child: Child,
    live: &'s Live,
    progress: &'s Progress,
    /// When it was asked to stop.
    asked: Option<Instant>,
    /// Whether the interpreter has said that it is there.
    started: bool,
    /// How often nothing came after the process was gone.
    gone: u32,
}

impl<'s> Session<'s> {
    /// Starts the program with these options of the helper.
    pub(super) fn start(
        live: &'s Live,
        options: serde_json::Value,
        limits: &Limits,
        progress: &'s Progress,
    ) -> Result<Self, Error> {
        let launch = Launch { python: live.python.clone(), options, limits: *limits };
        let child = Child::start(&launch).map_err(|error| {
            let python = shown(&live.python.display().to_string(), 400);
            let fault = Fault::new(format!("cannot start {python}: {error}"));
            Error::from(fault.help("name the interpreter: `--python PATH`"))
        })?;
        progress.group.store(child.id(), Ordering::Relaxed);
        Ok(Self { child, live, progress, asked: None, started: false, gone: 0 })
    }

    /// Listens until the program has said everything about `runs` runs of it. Whether it still listens to us then.
    pub(super) fn listen(
        &mut self,
        receiver: &mut Receiver,
        look: &mut Look<'_>,
        mut save: Option<&mut Save>,
        runs: u32,
        tell: &mut dyn FnMut(Note<'_>),
    ) -> bool {
        let mut heard = Instant::now();
        let mut left = runs.max(1);
        loop {
            let event = match self.child.channel.next(TICK) {
                Came::Frame(frame) => receiver.take(frame, look, save.as_deref_mut()),
                Came::Over => return false,
                Came::Broken(why) => Err(why),
                // What it has started may hold the channel for ever.
                Came::Silence if self.child.is_gone() => {
                    self.gone += 1;
                    if self.gone > LINGERING {
                        return false;
                    }
                    Ok(Event::Nothing)
                }
                Came::Silence => Ok(Event::Nothing),
            };
            match event {
                Err(why) => {
                    receiver.capture.fate = Some(Fate::Channel(why.clone()));
                    self.child.end(Fate::Channel(why));
                    return false;
                }
                Ok(Event::Started(start)) => {
                    self.started = true;
                    self.child.started(&start);
                    let ok = receiver.open(&start);
                    self.child.channel.say(kind::RING, 0, json!({ "ok": ok }).to_string().as_bytes());
                    tell(Note::Started(&start));
                    heard = Instant::now();
                }
                Ok(Event::Hello) => {
                    tell(Note::Hello(&receiver.capture.hello));
                    heard = Instant::now();
                }
                Ok(Event::Batch(slot)) => {
                    if let Some(slot) = slot {
                        self.child.channel.say(kind::ACK, slot, b"");
                    }
                    self.progress.done.fetch_add(1, Ordering::Relaxed);
                    heard = Instant::now();
                }
                Ok(Event::Stalled(stalled)) => tell(Note::Stalled(&stalled)),
                Ok(Event::Log(text)) => tell(Note::Log(&text)),
                Ok(Event::End) => {
                    left -= 1;
                    heard = Instant::now();
                    let good =
                        receiver.capture.end.as_ref().is_some_and(|end| {
                            matches!(end.reason, Reason::Limit | Reason::Exhausted | Reason::TimeLimit)
                        });
                    if left == 0 || !good {
                        return good;
                    }
                }
                Ok(Event::Nothing | Event::Edits(_)) => {}
            }
            if self.overdue(heard) {
                return false;
            }
        }
    }

    /// Whether it was ended, because it was too slow, or would not stop.
    fn overdue(&mut self, heard: Instant) -> bool {
        if self.progress.stop.load(Ordering::Relaxed) {
            match self.asked {
                None => {
                    self.child.interrupt();
                    self.asked = Some(Instant::now());
                }
                Some(asked) if asked.elapsed() > STOPPING => {
                    self.child.end(Fate::Deaf);
                    return true;
                }
                Some(_) => {}
            }
        }
        let silent = heard.elapsed();
        let slow = self.live.timeout.is_some_and(|limit| silent.as_secs_f64() > limit);
        if slow {
            self.child.end(Fate::Silent { seconds: silent.as_secs_f64() });
        } else if !self.started && silent > STARTING {
            self.child.end(Fate::Channel(format!("the interpreter said nothing for {} s", STARTING.as_secs())));
            return true;
        }
        slow
    }

    /// Asks for edits. Gives the answer as JSON, if there is one in time.
    pub(super) fn plan(&mut self, question: &serde_json::Value, receiver: &mut Receiver) -> Option<Vec<u8>> {
        self.child.channel.say(kind::PLAN, 0, question.to_string().as_bytes());
        let asked = Instant::now();
        while asked.elapsed() < PLANNING {
            match self.child.channel.next(TICK) {
                Came::Frame(frame) => {
                    let mut nothing = Look::Rows(&|_, _| None);
                    if let Event::Edits(json) = receiver.take(frame, &mut nothing, None).ok()? {
                        return Some(json);
                    }
                }
                Came::Silence => {}
                Came::Over | Came::Broken(_) => return None,
            }
        }
        None
    }

    /// Lets the program go. What is written down of how it ended counts only where it had not said that itself.
    pub(super) fn finish(self, receiver: &mut Receiver) {
        let capture = &mut receiver.capture;
        let said = capture.end.is_some();
        let (fate, stacks) = self.child.finish();
        self.progress.group.store(0, Ordering::Relaxed);
        let fate = fate.filter(|fate| !said || *fate == Fate::Deaf);
        capture.fate = capture.fate.take().or(fate);
        capture.stacks = stacks;
    }
}
