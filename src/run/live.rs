//! The pipeline of `run` and `listen`: frames in, facts out, judged like those of files.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;

use super::judge::judge;
use super::{Checked, learn, locate};
use crate::config::live::Live;
use crate::config::{Level, Settings};
use crate::error::{Error, Fault, Text};
use crate::facts::{self, Facts};
use crate::source::capture::child::{Came, Channel, Child, Launch};
use crate::source::capture::end::Fate;
use crate::source::capture::facts::{Hello, Reason};
use crate::source::capture::frame::kind;
use crate::source::capture::receive::{Event, Receiver};
use crate::source::capture::{Capture, Save, Stalled, Start};
use crate::source::text::shown;
use crate::source::{Progress, Question, SourceFacts};
use crate::spec::{self, Found, Loaded, Spec, Unit};
use crate::values::Wants;
use crate::verdict::select::{self, Rules};

/// How long we wait for a frame before we look whether anything else has happened.
const TICK: Duration = Duration::from_millis(100);
/// How long a program may take to stop when it was asked to.
const STOPPING: Duration = Duration::from_secs(3);

/// What somebody who waits may want to know.
#[derive(Debug)]
pub enum Note<'a> {
    /// The interpreter runs.
    Started(&'a Start),
    /// The object to iterate is there.
    Hello(&'a Hello),
    /// The program has been silent.
    Stalled(&'a Stalled),
    /// Trouble of the helper, in its words. Not escaped.
    Log(&'a str),
}

/// The result of a run.
pub struct Ran {
    /// What came of it.
    pub checked: Checked,
    /// What was seen.
    pub facts: Facts,
    /// The spec that the training call stands for, where that is what the data was held against.
    pub learnt: Option<String>,
    /// What `--save` has written: batches, and keys of arrays that could not be.
    pub saved: Option<(u64, Vec<String>)>,
}

/// Runs a program for its batches and judges them.
pub fn run(
    settings: &Settings,
    live: &Live,
    progress: &Progress,
    tell: &mut dyn FnMut(Note<'_>),
) -> Result<Ran, Error> {
    let loaded = load(settings)?;
    let rules = rules(settings, &loaded)?;
    let save = live.save.as_deref().map(Save::new).transpose().map_err(Error::plain)?;
    let root = live.target.as_deref().or(live.script.as_deref()).unwrap_or_default();
    let launch = Launch { python: live.python.clone(), options: options(live, &loaded.spec, None) };
    let python = || shown(&live.python.display().to_string(), 400);
    let child = Child::start(&launch).map_err(|error| {
        let fault = Fault::new(format!("cannot start {}: {error}", python()));
        Error::from(fault.help("name the interpreter: `--python PATH`"))
    })?;
    progress.group.store(child.id(), Ordering::Relaxed);
    let hearing = Hearing::new(settings, &loaded, &rules, save);
    let mut session = Session { hearing, child, live, progress, asked: None };
    let mut receiver = Receiver::new(root);
    session.listen(&mut receiver, tell);
    let Session { hearing, child, .. } = session;
    let capture = &mut receiver.capture;
    let over = capture.end.is_some();
    let (fate, stacks) = child.finish();
    progress.group.store(0, Ordering::Relaxed);
    capture.fate = fate.filter(|_| !over).or(capture.fate.take());
    capture.stacks = stacks;
    if let Some(error) = unusable(capture).or_else(|| failed(&receiver)) {
        return Err(error);
    }
    hearing.judged(receiver, settings, &rules)
}

/// The helper's own failure, which is no fault of the program.
fn failed(receiver: &Receiver) -> Option<Error> {
    let end = receiver.capture.end.as_ref()?;
    let ours = end.reason == Reason::Exception && receiver.capture.error.is_none();
    ours.then(|| {
        let said = receiver.last_log.as_deref().map_or(String::new(), |log| shown(log, 4000).replace("\\u{a}", "\n"));
        let fault = Fault::new("the part of batchlint that runs inside the program failed; this is no fault of the program");
        Error::from(fault.help(format!("please report this: {said}")))
    })
}

/// What the data is measured against, before the program has said anything.
fn load(settings: &Settings) -> Result<Loaded, Error> {
    let known = |name: &str| select::named(name).map(|_| ());
    match &settings.spec_text {
        Some(body) => {
            let text = Text { name: "spec".into(), body: body.as_str().into() };
            spec::load::from_text(text, &settings.overrides, known)
        }
        None => spec::load(settings.spec.as_deref(), &settings.overrides, &settings.directory, known),
    }
}

fn rules(settings: &Settings, loaded: &Loaded) -> Result<Rules, Error> {
    Rules::new(&loaded.selection.and(&settings.selection))
}

/// The options of the helper.
pub(super) fn options(live: &Live, spec: &Spec, mend: Option<&serde_json::Value>) -> serde_json::Value {
    let plan = &spec.plan;
    let rows = plan.size.as_ref().and_then(|size| size.value.exact());
    let mut options = json!({
        "target": live.target,
        "script": live.script,
        "argv": live.argv,
        "args": live.args.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        "batches": live.batches,
        "time_limit": live.time_limit,
        "stall": 5,
        "max_memory": live.max_memory,
        "import": if live.slice { "slice" } else { "full" },
        "repeat": live.repeat,
        "seed": (live.repeat > 1).then_some(1234),
        "trace": live.trace,
        "rows": rows,
        "plan": {
            "batch_size": rows,
            "steps": plan.steps.as_ref().map(|steps| steps.value),
            "epochs": plan.epochs.as_ref().map(|epochs| epochs.value),
        },
        "payload": "ring",
    });
    if let (Some(all), Some(serde_json::Value::Object(more))) = (options.as_object_mut(), mend) {
        all.extend(more.clone());
    }
    options
}

/// Hears what a program says, and knows what to ask of its batches.
struct Hearing<'s> {
    spec: RefCell<Spec>,
    loaded: &'s Loaded,
    settings: &'s Settings,
    wants: Wants,
    learnt: RefCell<Option<String>>,
    decided: RefCell<bool>,
    /// The last batch's arrays, and what was asked of them: batches are mostly alike.
    last: RefCell<Option<(Vec<(Arc<str>, usize)>, Vec<Question>)>>,
    save: Option<Save>,
}

impl<'s> Hearing<'s> {
    fn new(settings: &'s Settings, loaded: &'s Loaded, rules: &Rules, save: Option<Save>) -> Self {
        let wants = rules.all().iter().fold(Wants::NOTHING, |wants, active| wants.or(active.rule.needs.values));
        let wants = if settings.headers_only { Wants::NOTHING } else { wants };
        Self {
            spec: RefCell::new(loaded.spec.clone()),
            loaded,
            settings,
            wants,
            learnt: RefCell::default(),
            decided: RefCell::default(),
            last: RefCell::default(),
            save,
        }
    }

    /// Takes the model for the spec, where no spec declares arrays.
    fn decide(&self, hello: &Hello) {
        if self.decided.replace(true) {
            return;
        }
        let Some(declared) = &hello.declared else { return };
        let mut spec = self.spec.borrow_mut();
        if spec.arrays.is_empty()
            && let Some(body) = learn::learnt(declared)
        {
            let at = declared.call.as_ref().map_or(String::new(), |call| format!(" at {}:{}", call.file, call.line));
            let name = format!("{}(){at}", declared.method);
            let text = Text { name, body: body.as_str().into() };
            // What a model has that no spec can say is left to the rules that need none.
            if let Ok(loaded) = spec::load::from_text(text, &self.settings.overrides, |_| Ok(())) {
                *spec = loaded.spec;
                *self.learnt.borrow_mut() = Some(body);
            }
        }
        if declared.whole {
            spec.unit = Unit::Dataset;
        }
    }

    fn questions(&self, source: &SourceFacts, hello: &Hello) -> Vec<Question> {
        self.decide(hello);
        if !self.wants.any() {
            return Vec::new();
        }
        let alike: Vec<(Arc<str>, usize)> =
            source.arrays.iter().map(|array| (Arc::clone(&array.key), Arc::as_ptr(&array.header) as usize)).collect();
        if let Some((known, questions)) = &*self.last.borrow()
            && *known == alike
        {
            return questions.clone();
        }
        let facts = Facts::new(vec![source.clone()]);
        let spec = self.spec.borrow();
        let streams = facts::assemble(&facts, &spec);
        let mut questions = facts::asks::questions(facts.sources(), &streams, &spec, self.wants, false);
        let questions = questions.pop().unwrap_or_default();
        *self.last.borrow_mut() = Some((alike, questions.clone()));
        questions
    }

    fn judged(self, receiver: Receiver, settings: &Settings, rules: &Rules) -> Result<Ran, Error> {
        self.decide(&receiver.capture.hello);
        let spec = self.spec.into_inner();
        let facts = Facts::new(receiver.sources).captured(vec![receiver.capture]);
        let fail_on = settings.fail_on.or(self.loaded.fail_on).unwrap_or(Level::Error);
        let mut report = judge(&spec, &facts, rules, &std::collections::BTreeSet::new(), fail_on, settings);
        locate::locate(&mut report, &facts);
        let checked = Checked { spec, report, found: self.loaded.found.clone(), unmatched: Vec::new() };
        let saved = self.save.map(|save| (save.written, save.left_out));
        Ok(Ran { checked, facts, learnt: self.learnt.into_inner(), saved })
    }
}

/// One program while it runs.
struct Session<'s> {
    hearing: Hearing<'s>,
    child: Child,
    live: &'s Live,
    progress: &'s Progress,
    /// When it was asked to stop.
    asked: Option<Instant>,
}

impl Session<'_> {
    /// Listens until the program has said everything.
    fn listen(&mut self, receiver: &mut Receiver, tell: &mut dyn FnMut(Note<'_>)) {
        let mut heard = Instant::now();
        let mut left = self.live.repeat.max(1);
        loop {
            let event = match self.child.channel.next(TICK) {
                Came::Frame(frame) => {
                    let hearing = &mut self.hearing;
                    let save = hearing.save.take();
                    let mut save = save;
                    let event =
                        receiver.take(frame, &mut |source, hello| hearing.questions(source, hello), save.as_mut());
                    hearing.save = save;
                    event
                }
                Came::Over => return,
                Came::Broken(why) => Err(why),
                Came::Silence => Ok(Event::Nothing),
            };
            match event {
                Err(why) => {
                    receiver.capture.fate = Some(Fate::Channel(why.clone()));
                    return self.child.end(Fate::Channel(why));
                }
                Ok(Event::Started(start)) => {
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
                    let more =
                        receiver.capture.end.as_ref().is_some_and(|end| {
                            matches!(end.reason, Reason::Limit | Reason::Exhausted | Reason::TimeLimit)
                        });
                    if left == 0 || !more {
                        return;
                    }
                }
                Ok(Event::Nothing | Event::Edits(_)) => {}
            }
            if self.overdue(heard) {
                return;
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
        }
        slow
    }
}

/// Why there is nothing to judge: the target is not there, or could not be loaded.
fn unusable(capture: &Capture) -> Option<Error> {
    let trouble =
        capture.error.as_ref().filter(|trouble| matches!(&*trouble.what, "load" | "no-target" | "no-data"))?;
    let raised = trouble.error.as_ref();
    let message = match (&trouble.message, raised) {
        (Some(message), _) => shown(message, 2000),
        (None, Some(raised)) => {
            let doing = match &*trouble.phase {
                "import" | "script" => "running",
                _ => "calling",
            };
            format!("{doing} {} raised {}", shown(&capture.root, 200), said(&raised.kind, &raised.message))
        }
        (None, None) => format!("{} could not be loaded", shown(&capture.root, 200)),
    };
    let mut fault = Fault::new(message);
    if !trouble.help.is_empty() {
        fault = fault.help(shown(&trouble.help.join("; "), 2000));
    }
    let place = raised.and_then(|raised| raised.frames.iter().rev().find(|frame| frame.user));
    let text = place.and_then(|frame| {
        let text = capture.text(frame.source?)?;
        let span = text.bytes_of(frame.span?)?;
        Some((Text { name: text.file.clone(), body: Arc::clone(&text.text) }, span))
    });
    if let (None, Some(frame)) = (&text, place) {
        fault.message = format!("{}:{}: {}", shown(&frame.file, 400), frame.line, fault.message);
    }
    Some(match text {
        Some((text, span)) => Error { text: Some(text), faults: vec![Fault { span: Some(span), ..fault }] },
        None => fault.into(),
    })
}

/// `ValueError: what it says`
fn said(kind: &str, message: &str) -> String {
    let (kind, message) = (shown(kind, 100), shown(message, 1000));
    if message.is_empty() { kind } else { format!("{kind}: {message}") }
}

/// Judges what somebody else's process sends: the side of `watch`. Gives the same as [`run`].
pub fn listen(settings: &Settings, channel: &mut Channel, progress: &Progress) -> Result<Ran, Error> {
    let loaded = load(settings)?;
    let rules = rules(settings, &loaded)?;
    let mut hearing = Hearing::new(settings, &loaded, &rules, None);
    let mut receiver = Receiver::new("watch");
    loop {
        let frame = match channel.next(TICK) {
            Came::Frame(frame) => frame,
            Came::Silence if progress.stop.load(Ordering::Relaxed) => break,
            Came::Silence => continue,
            Came::Over => break,
            Came::Broken(why) => {
                receiver.capture.fate = Some(Fate::Channel(why));
                break;
            }
        };
        let hearing = &mut hearing;
        match receiver.take(frame, &mut |source, hello| hearing.questions(source, hello), None) {
            Ok(Event::Started(start)) => {
                let ok = receiver.open(&start);
                channel.say(kind::RING, 0, json!({ "ok": ok }).to_string().as_bytes());
            }
            Ok(Event::Batch(Some(slot))) => channel.say(kind::ACK, slot, b""),
            Ok(Event::End) => break,
            Ok(_) => {}
            Err(why) => {
                receiver.capture.fate = Some(Fate::Channel(why));
                break;
            }
        }
        if let Some(name) =
            Some(&receiver.capture.hello.target).filter(|name| !name.is_empty() && receiver.sources.is_empty())
        {
            receiver.capture.root = name.as_str().into();
        }
    }
    if let Some(error) = unusable(&receiver.capture).or_else(|| failed(&receiver)) {
        return Err(error);
    }
    hearing.judged(receiver, settings, &rules)
}

/// Writes the spec that was learnt. A file that is there is not replaced.
pub fn write_spec(path: &Path, text: &str) -> Result<(), Error> {
    use std::io::Write as _;
    let name = || shown(&path.display().to_string(), 400);
    std::fs::File::create_new(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| Error::plain(format!("cannot write {}: {error}", name())))
}

/// Whether the spec was found in a file.
#[must_use]
pub fn is_from_file(found: &Found) -> bool {
    *found != Found::None
}
