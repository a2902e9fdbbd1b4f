//! The pipeline of `run` and `listen`: frames in, facts out, judged like those of files.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::json;

use super::judge::judge;
use super::known::known;
use super::mend::{self, Mend};
use super::session::{Session, TICK};
use super::trouble::trouble;
use super::{Checked, learn, locate};
use crate::config::limits::Limits;
use crate::config::live::Live;
use crate::config::{Level, Settings};
use crate::error::{Error, Text};
use crate::facts::{self, Facts};
use crate::source::capture::child::{Came, Channel};
use crate::source::capture::end::Fate;
use crate::source::capture::facts::Hello;
use crate::source::capture::frame::kind;
use crate::source::capture::receive::{Event, Look, Receiver};
use crate::source::capture::{Save, Stalled, Start};
use crate::source::text::shown;
use crate::source::{Progress, Question, SourceFacts};
use crate::spec::{self, Loaded, Spec, Unit};
use crate::values::Wants;
use crate::verdict::baseline::Baseline;
use crate::verdict::select::{self, Rules};

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
    /// The spec that the training call stands for, where that is what the data was held against.
    pub learnt: Option<String>,
    /// Edits of the source that would mend something.
    pub mend: Option<Mend>,
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
    let settings = &settings.over(&loaded.defaults);
    let known = known(settings)?;
    let rules = rules(settings, &loaded)?;
    let mut save = live.save.as_deref().map(Save::new).transpose().map_err(Error::plain)?;
    let root = live.target.as_deref().or(live.script.as_deref()).unwrap_or_default();
    let hearing = Hearing::new(settings, &loaded, known, &rules);
    let mut options = options(live, &loaded.spec, &settings.limits, None);
    if save.is_none() && !hearing.wants.any() {
        options["payload"] = "none".into();
    }
    let mut session = Session::start(live, options, &settings.limits, progress)?;
    let mut receiver = Receiver::new(root).within(&settings.limits);
    let mut ask = |source: &SourceFacts, hello: &Hello| hearing.questions(source, hello);
    let listens = session.listen(&mut receiver, &mut Look::Ask(&mut ask), save.as_mut(), live.repeat, tell);
    let mut session = Some(session);
    if !listens && let Some(session) = session.take() {
        session.finish(&mut receiver);
    }
    if let Some(error) = trouble(&receiver) {
        return Err(error);
    }
    let mut ran = hearing.judged(&mut receiver, &rules);
    ran.saved = save.map(|save| (save.written, save.left_out));
    if let Some(mut session) = session {
        let Checked { report, facts, spec, .. } = &mut ran.checked;
        ran.mend = mend::ask(&mut session, &mut receiver, report, facts, spec, live.careful);
        session.finish(&mut receiver);
    }
    Ok(ran)
}

/// What the data is measured against, before the program has said anything.
pub(super) fn load(settings: &Settings) -> Result<Loaded, Error> {
    let known = |name: &str| select::named(name).map(|_| ());
    match &settings.spec_text {
        Some(body) => {
            let text = Text { name: "spec".into(), body: body.as_str().into() };
            spec::load::from_text(text, &settings.overrides, known)
        }
        None => match (&settings.spec, &settings.beside) {
            (None, Some(folder)) => spec::load::beside(folder, &settings.overrides, &settings.directory, known),
            (flag, _) => spec::load(flag.as_deref(), &settings.overrides, &settings.directory, known),
        },
    }
}

fn rules(settings: &Settings, loaded: &Loaded) -> Result<Rules, Error> {
    Rules::new(&loaded.selection.and(&settings.selection))
}

/// The options of the helper.
pub(super) fn options(
    live: &Live,
    spec: &Spec,
    limits: &Limits,
    mend: Option<&serde_json::Value>,
) -> serde_json::Value {
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
        "max_batch_bytes": limits.frame_payload_bytes,
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

/// What must be the same for the questions to be the same: keys, and the headers that they share.
type Alike = Vec<(Arc<str>, usize)>;

/// Hears what a program says, and knows what to ask of its batches.
struct Hearing<'s> {
    spec: RefCell<Spec>,
    loaded: &'s Loaded,
    settings: &'s Settings,
    known: Option<Baseline>,
    wants: Wants,
    learnt: RefCell<Option<String>>,
    decided: RefCell<bool>,
    /// The last batch's arrays, and what was asked of them: batches are mostly alike.
    last: RefCell<Option<(Alike, Vec<Question>)>>,
}

impl<'s> Hearing<'s> {
    fn new(settings: &'s Settings, loaded: &'s Loaded, known: Option<Baseline>, rules: &Rules) -> Self {
        let wants = rules.all().iter().fold(Wants::NOTHING, |wants, active| wants.or(active.rule.needs.values));
        let wants = if settings.shows_data { wants.or(Wants::SHOWN) } else { wants };
        let wants = if settings.headers_only { Wants::NOTHING } else { wants };
        Self {
            spec: RefCell::new(loaded.spec.clone()),
            loaded,
            settings,
            known,
            wants,
            learnt: RefCell::default(),
            decided: RefCell::default(),
            last: RefCell::default(),
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
        let alike: Alike =
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

    /// Judges what was heard, and leaves the receiver without it.
    fn judged(self, receiver: &mut Receiver, rules: &Rules) -> Ran {
        self.decide(&receiver.capture.hello);
        let spec = self.spec.into_inner();
        let capture = std::mem::take(&mut receiver.capture);
        let facts = Facts::new(std::mem::take(&mut receiver.sources)).captured(vec![capture]);
        let fail_on = self.settings.fail_on.or(self.loaded.fail_on).unwrap_or(Level::Error);
        let (against, known) = (std::collections::BTreeSet::new(), self.known.as_ref());
        let mut report = judge(&spec, &facts, rules, &against, fail_on, known, self.settings);
        locate::locate(&mut report, &facts);
        let checked = Checked {
            spec,
            report,
            facts,
            albums: Vec::new(),
            found: self.loaded.found.clone(),
            unmatched: Vec::new(),
            defaults: self.loaded.defaults.clone(),
        };
        Ran { checked, learnt: self.learnt.into_inner(), saved: None, mend: None }
    }
}

/// Judges what somebody else's process sends: the side of `watch`. Gives the same as [`run`].
pub fn listen(settings: &Settings, channel: &mut Channel, progress: &Progress) -> Result<Ran, Error> {
    let loaded = load(settings)?;
    let settings = &settings.over(&loaded.defaults);
    let known = known(settings)?;
    let rules = rules(settings, &loaded)?;
    let hearing = Hearing::new(settings, &loaded, known, &rules);
    let mut receiver = Receiver::new("watch").within(&settings.limits);
    channel.limit(&settings.limits);
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
        let mut ask = |source: &SourceFacts, hello: &Hello| hearing.questions(source, hello);
        match receiver.take(frame, &mut Look::Ask(&mut ask), None) {
            Ok(Event::Started(start)) => {
                let ok = receiver.open(&start);
                let values = hearing.wants.any();
                let told =
                    json!({ "ok": ok, "values": values, "max_batch_bytes": settings.limits.frame_payload_bytes });
                channel.say(kind::RING, 0, told.to_string().as_bytes());
            }
            Ok(Event::Batch(Some(slot))) => channel.say(kind::ACK, slot, b""),
            // It comes before the first batch.
            Ok(Event::Hello) if !receiver.capture.hello.target.is_empty() => {
                receiver.capture.root = receiver.capture.hello.target.as_str().into();
            }
            Ok(Event::End) => break,
            Ok(_) => {}
            Err(why) => {
                receiver.capture.fate = Some(Fate::Channel(why));
                break;
            }
        }
    }
    match trouble(&receiver) {
        Some(error) => Err(error),
        None => Ok(hearing.judged(&mut receiver, &rules)),
    }
}

/// Writes the spec that was learnt. A file that is there is not replaced.
pub fn write_spec(path: &Path, text: &str) -> Result<(), Error> {
    use std::io::Write as _;
    let name = || shown(&path.display().to_string(), 400);
    std::fs::File::create_new(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| Error::plain(format!("cannot write {}: {error}", name())))
}
