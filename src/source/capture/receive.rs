//! From frames to facts: every batch becomes the facts of one source, and its values go through the same pass as those of
//! files.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::facts::{Alike, Container, End, Hello, Leaf, LeafMark, Samples, Tree, Yielded, key_of};
use super::frame::{Frame, Payload, kind};
use super::leaf::{Given, WireLeaf};
use super::places::{Site, SourceText, Trouble};
use super::save::Save;
use super::{Again, Capture};
use crate::config::limits::{Limit, Limits};
use crate::source::input::open_regular;
use crate::source::{ArrayFacts, Header, Location, Question, Reading, Small, SourceFacts, SourceKind};
use crate::spec::dtype::Dtype;
use crate::values::{Pass, Unread, compare};

/// Bytes of a slot that are read at a time.
const CHUNK: usize = 256 * 1024;
/// Batches, sites and texts that are kept at most; a program that sends more is not listened to any longer.
const MOST: usize = 1_000_000;
/// Bytes of what was said of batches and of sources that are kept at most.
const MOST_BYTES: u64 = 1 << 30;

/// What has to happen because of a frame.
#[derive(Debug)]
pub enum Event {
    /// Nothing.
    Nothing,
    /// The interpreter is there.
    Started(Start),
    /// The object to iterate is there; see [`Capture::hello`].
    Hello,
    /// One more batch. The slot may be written again.
    Batch(Option<u16>),
    /// The program has been silent.
    Stalled(Stalled),
    /// Trouble of the helper, in its words.
    Log(String),
    /// A run of the program is over.
    End,
    /// The answer to a plan, as JSON.
    Edits(Vec<u8>),
}

/// What comes first.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Start {
    /// The version of the protocol.
    pub v: u32,
    /// The version of Python.
    pub python: String,
    /// Where it is.
    pub executable: String,
    /// The ring.
    pub ring: Option<Ring>,
    /// Where `faulthandler` writes.
    pub dump: Option<String>,
}

/// A file that payloads are written into.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Ring {
    /// Its path.
    pub path: String,
    /// How many slots it has.
    pub slots: u16,
    /// Bytes of each.
    pub slot_bytes: u64,
}

/// A program that has been silent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Stalled {
    /// What is being done.
    pub phase: String,
    /// The batch that is being made.
    pub batch: Option<u64>,
    /// For how many seconds.
    pub stalled_s: f64,
    /// The stack, innermost first.
    pub stack: Vec<super::places::FrameFacts>,
}

/// What the wire has of a batch.
#[derive(Debug, Deserialize)]
struct WireBatch {
    #[serde(default)]
    run: u32,
    i: u64,
    #[serde(default)]
    next_s: f64,
    #[serde(default)]
    site: Option<u32>,
    #[serde(default)]
    assumed: bool,
    #[serde(default)]
    tree: Option<Tree>,
    leaves: Vec<WireLeaf>,
}

#[derive(Deserialize)]
struct WireLog {
    #[serde(default)]
    message: String,
}

/// How a batch is looked at whose headers are known.
pub enum Look<'a> {
    /// These questions are answered.
    Ask(&'a mut dyn FnMut(&SourceFacts, &Hello) -> Vec<Question>),
    /// The rows are hashed, as they are or as a cast to the type that is given for the site and the key would make them.
    Rows(&'a dyn Fn(Option<u32>, &str) -> Option<Dtype>),
}

/// Listens to one program.
#[derive(Debug, Default)]
pub struct Receiver {
    /// What was said of the program.
    pub capture: Capture,
    /// Its batches.
    pub sources: Vec<SourceFacts>,
    /// What the helper said last about its own trouble. Not escaped.
    pub last_log: Option<String>,
    limits: Limits,
    ring: Option<(File, Ring)>,
    tree: Option<Arc<Tree>>,
    samples: Option<Arc<Samples>>,
    headers: HashMap<Header, Arc<Header>>,
    chunk: Vec<u8>,
    /// Bytes of what was said and is kept.
    kept: u64,
}

impl Receiver {
    /// Listens to what the user named `root`.
    #[must_use]
    pub fn new(root: &str) -> Self {
        let capture = Capture { root: root.into(), ..Capture::default() };
        Self { capture, ..Self::default() }
    }

    /// The same, within these limits.
    #[must_use]
    pub fn within(self, limits: &Limits) -> Self {
        Self { limits: *limits, ..self }
    }

    /// Opens the ring. Gives whether it could.
    pub fn open(&mut self, start: &Start) -> bool {
        self.ring = start.ring.clone().and_then(|ring| Some((open_regular(Path::new(&ring.path)).ok()?, ring)));
        self.ring.is_some()
    }

    /// Writes down what a frame says. An error, in words, means that the channel is broken.
    pub fn take(&mut self, frame: Frame, look: &mut Look<'_>, save: Option<&mut Save>) -> Result<Event, String> {
        let json = &frame.json;
        self.keeps(&frame)?;
        match frame.kind {
            kind::START => Ok(Event::Started(said(json)?)),
            kind::HELLO => {
                let hello: Hello = said(json)?;
                if hello.run == 0 {
                    self.capture.hello = hello;
                    return Ok(Event::Hello);
                }
                self.capture.again = Some(Again::default());
                Ok(Event::Nothing)
            }
            kind::BATCH => self.batch(said(json)?, &frame.payload, look, save),
            kind::ERROR => {
                let trouble: Trouble = said(json)?;
                // What went wrong first is what counts.
                self.capture.error.get_or_insert(trouble);
                Ok(Event::Nothing)
            }
            kind::END => {
                let end: End = said(json)?;
                match (&mut self.capture.again, end.run) {
                    (Some(again), 1..) => again.end = Some(end),
                    (_, 0) => self.capture.end = Some(end),
                    // There is no second run of what can be read once.
                    (None, _) => {}
                }
                Ok(Event::End)
            }
            kind::PROGRESS => Ok(Event::Stalled(said(json)?)),
            kind::SOURCE if self.capture.texts.len() < MOST => {
                let mut text: SourceText = said(json)?;
                if let Payload::Band(bytes) = &frame.payload {
                    text.text = String::from_utf8_lossy(bytes).into();
                }
                self.capture.texts.push(text);
                Ok(Event::Nothing)
            }
            kind::SITE if self.capture.sites.len() < MOST => {
                let site: Site = said(json)?;
                self.capture.sites.push(site);
                Ok(Event::Nothing)
            }
            kind::SAMPLES => {
                self.samples = Some(Arc::new(said(json)?));
                Ok(Event::Nothing)
            }
            kind::LOG => {
                let WireLog { message } = said(json)?;
                self.last_log = Some(message.clone());
                Ok(Event::Log(message))
            }
            kind::EDITS => Ok(Event::Edits(frame.json)),
            kind::SOURCE | kind::SITE => Err("more places than any program has".into()),
            _ => Ok(Event::Nothing),
        }
    }

    /// Counts what a frame adds to what is kept. A program that says more than anybody could want is not listened to.
    fn keeps(&mut self, frame: &Frame) -> Result<(), String> {
        let text = match (frame.kind, &frame.payload) {
            (kind::SOURCE, Payload::Band(bytes)) => bytes.len(),
            (kind::BATCH | kind::SITE, _) => 0,
            _ => return Ok(()),
        };
        self.kept = self.kept.saturating_add((frame.json.len() + text) as u64);
        if self.kept > MOST_BYTES { Err("it says more of its batches than is kept".into()) } else { Ok(()) }
    }

    fn batch(
        &mut self,
        batch: WireBatch,
        payload: &Payload,
        look: &mut Look<'_>,
        save: Option<&mut Save>,
    ) -> Result<Event, String> {
        if self.sources.len() >= MOST {
            return Err("more batches than are kept".into());
        }
        let slot = match payload {
            Payload::Slot { slot, .. } => Some(*slot),
            Payload::Band(_) | Payload::Dropped { .. } => None,
        };
        if let Some(tree) = batch.tree {
            self.tree = Some(Arc::new(tree));
        }
        let mut arrays = Vec::new();
        let mut given = Vec::new();
        let mut odd = Vec::new();
        for leaf in batch.leaves {
            match leaf.read(self.limits.frame_payload_bytes) {
                Ok((leaf, header, bytes)) => {
                    arrays.push(self.array(leaf, header));
                    given.push(match (bytes, payload) {
                        (Given::Bytes { .. }, payload) if payload.bytes() > self.limits.frame_payload_bytes => {
                            Given::Unsent(Unread::Limit {
                                limit: Limit::FramePayloadBytes,
                                value: self.limits.frame_payload_bytes,
                            })
                        }
                        (bytes, _) => bytes,
                    });
                }
                Err(other) => odd.push(other),
            }
        }
        if let Some(again) = self.capture.again.as_mut().filter(|_| batch.run > 0) {
            if again.batches.len() >= MOST {
                return Err("more batches than are kept".into());
            }
            again.batches.push(arrays.iter().map(alike).collect());
            return Ok(Event::Batch(slot));
        }
        let samples = self.samples.take().filter(|samples| samples.batch == batch.i);
        let root = Arc::clone(&self.capture.root);
        let mut source = SourceFacts {
            path: format!("{root} batch {}", batch.i).into(),
            root,
            kind: SourceKind::Live,
            size: arrays.iter().fold(0, |sum: u64, array| sum.saturating_add(array.header.bytes())),
            arrays,
            faults: Vec::new(),
            small: Small::default(),
            yielded: Some(Arc::new(Yielded {
                number: batch.i,
                seconds: batch.next_s,
                tree: self.tree.clone().unwrap_or_else(|| Arc::new(Tree::Leaf(LeafMark::Leaf))),
                odd,
                site: batch.site,
                assumed: batch.assumed,
                samples,
            })),
        };
        match look {
            Look::Ask(ask) => {
                let questions = ask(&source, &self.capture.hello);
                for (array, question) in by_array(&source, questions) {
                    let reading = self.read(&source.arrays[array], &given[array], payload, &question)?;
                    source.arrays[array].reading = Some(Arc::new(reading));
                }
            }
            Look::Rows(cast) => {
                for (array, given) in source.arrays.iter_mut().zip(&given) {
                    let reading = self.rows(array, given, payload, cast(batch.site, &array.key).as_ref())?;
                    array.reading = Some(Arc::new(reading));
                }
            }
        }
        if let Some(save) = save {
            let named = matches!(self.tree.as_deref(), Some(Tree::Node(node)) if node.kind != Container::Tuple && node.kind != Container::List);
            self.save(save, &source, &given, payload, named)?;
        }
        self.sources.push(source);
        Ok(Event::Batch(slot))
    }

    fn array(&mut self, leaf: Leaf, header: Header) -> ArrayFacts {
        let shared = self.headers.get(&header).cloned();
        let header = shared.unwrap_or_else(|| {
            let shared = Arc::new(header.clone());
            self.headers.insert(header, Arc::clone(&shared));
            shared
        });
        ArrayFacts {
            key: key_of(&leaf.path).into(),
            member: None,
            ordinal: 0,
            header,
            reading: None,
            location: Location::default(),
            leaf: Some(Arc::new(leaf)),
        }
    }

    /// Runs the bytes of an array through a pass.
    fn read(
        &mut self,
        array: &ArrayFacts,
        given: &Given,
        payload: &Payload,
        question: &Question,
    ) -> Result<Reading, String> {
        let bytes = match given {
            Given::Bytes { at, length } if *length == array.header.bytes() => *at..at.saturating_add(*length),
            Given::Bytes { .. } => return Err("an array has other bytes than its header asks for".into()),
            Given::Objects(objects) => return Ok(Reading::Read(objects.clone())),
            Given::Unsent(why) => return Ok(Reading::Unread(why.clone())),
        };
        let mut pass = match Pass::new(array.header.layout(), question.wants, &question.asks) {
            Ok(pass) => pass,
            Err(why) => return Ok(Reading::Unread(why)),
        };
        self.bytes(payload, bytes, &mut |bytes| pass.feed(bytes))?;
        Ok(match pass.finish() {
            Ok(facts) => Reading::Read(Box::new(facts)),
            Err(Unread::Damaged) => Reading::Unread(Unread::NotSent),
            Err(why) => Reading::Unread(why),
        })
    }

    /// Hashes the rows of an array.
    fn rows(
        &mut self,
        array: &ArrayFacts,
        given: &Given,
        payload: &Payload,
        to: Option<&Dtype>,
    ) -> Result<Reading, String> {
        let (at, length) = match given {
            Given::Bytes { at, length } => (at, length),
            Given::Unsent(why) => return Ok(Reading::Unread(why.clone())),
            Given::Objects(_) => return Ok(Reading::Unread(Unread::NotSent)),
        };
        let mut whole = Vec::new();
        self.bytes(payload, *at..at.saturating_add(*length), &mut |bytes| whole.extend_from_slice(bytes))?;
        Ok(match compare::rows(&array.header.layout(), to, &whole) {
            Ok(facts) => Reading::Read(Box::new(facts)),
            Err(why) => Reading::Unread(why),
        })
    }

    /// Streams a part of a payload.
    fn bytes(
        &mut self,
        payload: &Payload,
        range: std::ops::Range<u64>,
        feed: &mut dyn FnMut(&[u8]),
    ) -> Result<(), String> {
        let short = || "the payload is shorter than its arrays".to_owned();
        match payload {
            Payload::Dropped { .. } => return Err(short()),
            Payload::Band(bytes) => {
                let range = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
                let part = range.and_then(|(start, end)| bytes.get(start..end)).ok_or_else(short)?;
                part.chunks(CHUNK).for_each(feed);
            }
            Payload::Slot { slot, bytes } => {
                let Some((file, ring)) = &mut self.ring else { return Err("there is no ring".into()) };
                if *slot >= ring.slots || *bytes > ring.slot_bytes || range.end > *bytes {
                    return Err(short());
                }
                let start = u64::from(*slot).saturating_mul(ring.slot_bytes).saturating_add(range.start);
                file.seek(SeekFrom::Start(start)).map_err(|error| error.to_string())?;
                self.chunk.resize(CHUNK, 0);
                let mut left = range.end - range.start;
                while left > 0 {
                    let wanted = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
                    file.read_exact(&mut self.chunk[..wanted]).map_err(|error| error.to_string())?;
                    feed(&self.chunk[..wanted]);
                    left -= wanted as u64;
                }
            }
        }
        Ok(())
    }

    fn save(
        &mut self,
        save: &mut Save,
        source: &SourceFacts,
        given: &[Given],
        payload: &Payload,
        named: bool,
    ) -> Result<(), String> {
        let number = source.yielded.as_ref().map_or(0, |yielded| yielded.number);
        let mut archive = save.archive(number)?;
        for (array, given) in source.arrays.iter().zip(given) {
            if let Given::Bytes { at, length } = given {
                archive.start(array, named)?;
                let mut wrong = None;
                self.bytes(payload, *at..at.saturating_add(*length), &mut |bytes| {
                    wrong = wrong.take().or(archive.write(bytes).err());
                })?;
                wrong.map_or(Ok(()), Err)?;
            } else {
                archive.left_out(array);
            }
        }
        archive.finish()
    }
}

fn alike(array: &ArrayFacts) -> Alike {
    Alike { key: Arc::clone(&array.key), dtype: array.header.dtype.name(), shape: array.header.shape.clone() }
}

/// One question per array that somebody asks about.
fn by_array(source: &SourceFacts, questions: Vec<Question>) -> Vec<(usize, Question)> {
    let known = source.arrays.len();
    questions.into_iter().filter(|question| question.array < known).map(|question| (question.array, question)).collect()
}

/// What the JSON of a frame says.
fn said<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(json).map_err(|error| format!("a frame says what no helper says: {error}"))
}
