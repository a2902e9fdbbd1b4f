//! Reading values: the data of arrays whose headers are known, streamed once through a [`Pass`], with checksums and
//! declared sizes checked on the way. Bounded memory, whatever the files say of themselves.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use flate2::{Decompress, FlushDecompress, Status};
use rayon::prelude::*;

use super::ahead;
use super::changed::{self, Stamp};
use super::fault::{ArchiveFault, Fault, FaultKind, FileFault, LineEnding};
use super::input::{self, Input};
use super::remote;
use super::small;
use super::walk::Target;
use super::{ArrayFacts, Reading, SourceFacts, Stored, budget};
use crate::config::limits::Limits;
use crate::spec::dtype::Kind;
use crate::values::{Ask, Pass, Unread, Wants};

/// Bytes that are read, or inflated, at a time.
const CHUNK: usize = 256 * 1024;
/// Bytes of a deflated member that are read at a time.
const DEFLATED: usize = 64 * 1024;
/// Bytes of an array from which on a thread of its own reads ahead, if there is one to spare.
const AHEAD: u64 = 8 << 20;
/// Bytes of arrays that one task reads at least: opening a file again is cheap beside them.
const TASK: u64 = 4 << 20;

/// What somebody wants to know of one array.
#[derive(Debug, Clone)]
pub struct Question {
    /// Index into the arrays of the source.
    pub array: usize,
    /// What to look at. Of whatever is read of a member, the checksum is checked.
    pub wants: Wants,
    /// What to answer.
    pub asks: Arc<[Ask]>,
}

/// How much is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reach {
    /// Larger arrays are not read, in bytes.
    pub array_bytes: Option<u64>,
    /// The limits of the run.
    pub limits: Limits,
}

/// How far the reading is, for somebody who waits; and a way to stop it.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes of arrays that were read; batches, where a program is run.
    pub done: AtomicU64,
    /// Bytes of arrays that are to be read.
    pub total: AtomicU64,
    /// Objects of which the headers are here, and of all; 0 where there are files only.
    pub files: AtomicU64,
    /// How many there are.
    pub files_total: AtomicU64,
    /// The process group of a program that runs for its batches; 0 where there is none.
    pub group: AtomicU32,
    /// Set from outside to stop: arrays that were not read by then are [`Unread::Interrupted`].
    pub stop: AtomicBool,
}

impl Progress {
    /// Whether somebody stopped it.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Arrays of one file that one task reads.
struct Task<'q> {
    source: usize,
    questions: &'q [Question],
}

/// What came of a task.
struct Outcome {
    source: usize,
    readings: Vec<(usize, Reading)>,
    faults: Vec<Fault>,
}

/// Reads the values that the questions are about, on all threads, and writes down what came of it. `questions` has one
/// list per source. `target` gives what to open for a source. What cannot be read is [`Reading::Unread`].
pub fn read_all<'t>(
    sources: &mut [SourceFacts],
    questions: &[Vec<Question>],
    target: impl Fn(&SourceFacts) -> Option<&'t Target> + Sync,
    reach: Reach,
    progress: &Progress,
) {
    let tasks = tasks(sources, questions, progress);
    small::read(sources, questions, reach, progress);
    let known = &*sources;
    // With a task for every thread, all of them are busy; objects are read ahead by themselves.
    let far = tasks.iter().any(|task| target(&known[task.source]).is_some_and(|target| target.object().is_some()));
    let spare = !far && tasks.len() < rayon::current_num_threads();
    let read = || -> Vec<Outcome> {
        tasks
            .par_iter()
            .map_init(Buffers::default, |buffers, task| {
                let source = &known[task.source];
                let mut reader = Reader { source, reach, progress, buffers, faults: Vec::new(), told: 0, spare };
                let readings = reader.task(task, target(source));
                Outcome { source: task.source, readings, faults: reader.faults }
            })
            .collect()
    };
    let outcomes = remote::with_readers(far, read);
    // Faults that were known of a source before its values were read, where more were found.
    let mut known = BTreeMap::new();
    for outcome in outcomes {
        let source = &mut sources[outcome.source];
        if !outcome.faults.is_empty() {
            known.entry(outcome.source).or_insert(source.faults.len());
        }
        for (array, reading) in outcome.readings {
            source.arrays[array].reading = Some(Arc::new(reading));
        }
        // A file that changed is told once, whoever noticed.
        for fault in outcome.faults {
            if !source.faults.contains(&fault) {
                source.faults.push(fault);
            }
        }
    }
    changed::blame(sources, &known, target, reach.limits);
}

fn tasks<'q>(sources: &[SourceFacts], questions: &'q [Vec<Question>], progress: &Progress) -> Vec<Task<'q>> {
    let mut tasks = Vec::new();
    let mut total: u64 = 0;
    for (source, questions) in questions.iter().enumerate() {
        let size = |question: &Question| sources[source].arrays[question.array].header.bytes();
        total = questions.iter().map(size).fold(total, u64::saturating_add);
        // What is here already is no task.
        let mut rest = if sources[source].small.is_kept() { &[][..] } else { questions.as_slice() };
        while !rest.is_empty() {
            let (mut bytes, mut count) = (0_u64, 0);
            while count < rest.len() && bytes < TASK {
                bytes = bytes.saturating_add(size(&rest[count]));
                count += 1;
            }
            let (mine, others) = rest.split_at(count);
            tasks.push(Task { source, questions: mine });
            rest = others;
        }
    }
    progress.total.fetch_max(total, Ordering::Relaxed);
    tasks
}

/// What one thread keeps from task to task.
#[derive(Default)]
struct Buffers {
    head: Vec<u8>,
    scratch: Vec<u8>,
    plain: Vec<u8>,
    inflater: Option<Decompress>,
}

struct Reader<'r> {
    source: &'r SourceFacts,
    reach: Reach,
    progress: &'r Progress,
    buffers: &'r mut Buffers,
    faults: Vec<Fault>,
    /// Bytes of this array that the progress knows of.
    told: u64,
    /// Whether a thread has nothing else to do.
    spare: bool,
}

impl Reader<'_> {
    fn task(&mut self, task: &Task<'_>, target: Option<&Target>) -> Vec<(usize, Reading)> {
        let all = |why: Unread| {
            let unread = |question: &Question| (question.array, Reading::Unread(why.clone()));
            task.questions.iter().map(unread).collect()
        };
        if self.progress.stopped() {
            return all(Unread::Interrupted);
        }
        let Some(target) = target else { return all(Unread::Damaged) };
        let path = target.open_path();
        let mut head = std::mem::take(&mut self.buffers.head);
        head.resize(4096, 0);
        // A read is of one moment, and so is what is read at once. A store gives one version of an object only.
        let bytes = task.questions.iter().map(|question| self.source.arrays[question.array].header.bytes());
        let several = bytes.fold(0, u64::saturating_add) > CHUNK as u64;
        let opened = match target.object() {
            Some(object) => Input::object(object, Some(self.progress)).map(|input| (input, None)),
            None => input::open_now(path).and_then(|file| {
                let before = if several { Some(Stamp::of(&file)?) } else { None };
                Ok((Input::over(file, &mut head)?, before))
            }),
        };
        let (input, before) = match opened {
            Ok(opened) if opened.0.size == self.source.size => opened,
            Ok((input, _)) => {
                let shorter = input.size < self.source.size;
                self.file_fault(if shorter { FileFault::Changed } else { FileFault::Rewritten });
                return all(Unread::Damaged);
            }
            Err(error) => {
                self.file_fault(input::fault_of(&error, path));
                return all(Unread::Damaged);
            }
        };
        let mut readings = Vec::new();
        for question in task.questions {
            let array = &self.source.arrays[question.array];
            self.told = 0;
            let reading = match self.array(&input, array, question) {
                Ok(reading) => reading,
                Err(_) if self.progress.stopped() => Reading::Unread(Unread::Interrupted),
                Err(error) => {
                    self.file_fault(input::fault_of(&error, path));
                    Reading::Unread(Unread::Damaged)
                }
            };
            // What was not read is done with, too.
            self.progress.done.fetch_add(array.header.bytes().saturating_sub(self.told), Ordering::Relaxed);
            readings.push((question.array, reading));
        }
        if let Some(before) = before
            && let Some(fault) = input.into_file().and_then(|file| before.change(&file))
        {
            self.faults.clear();
            self.file_fault(fault);
            readings = all(Unread::Damaged);
        }
        self.buffers.head = head;
        readings
    }

    fn array(&mut self, input: &Input<'_>, array: &ArrayFacts, question: &Question) -> io::Result<Reading> {
        let bytes = data_bytes(array, input.size);
        let unread = |why| Ok(Reading::Unread(why));
        if self.progress.stopped() {
            return unread(Unread::Interrupted);
        }
        if let Some(why) = trouble(self.source, array).or_else(|| beyond(bytes, self.reach)) {
            return unread(why);
        }
        let pass = Pass::new(array.header.layout(), question.wants, &question.asks);
        // Nobody looks at any byte of it.
        if !question.wants.checksums && pass.as_ref().map_or(true, Pass::is_idle) {
            return Ok(finished(pass));
        }
        let start = array.location.start;
        let (pass, sound) = match (pass, array.location.member) {
            (Err(why), None) => return unread(why),
            (Ok(_), None) if !changed::has_header(input, array, &mut self.buffers.scratch)? => {
                self.file_fault(FileFault::Rewritten);
                return unread(Unread::Damaged);
            }
            (Ok(mut pass), None) => {
                let data = start + array.location.header;
                let sound = self.stored(input, data, bytes, &mut |bytes| pass.feed(bytes))?;
                (Ok(pass), sound)
            }
            (pass, Some(member)) => self.member(input, array, member, pass)?,
        };
        if !sound {
            return unread(match self.faults.last().map(|fault| &fault.kind) {
                _ if self.progress.stopped() => Unread::Interrupted,
                Some(FaultKind::Archive(ArchiveFault::Bomb { .. })) => Unread::Bomb,
                _ => Unread::Damaged,
            });
        }
        Ok(finished(pass))
    }

    /// Streams bytes of the file. False if somebody stopped it.
    fn stored(&mut self, input: &Input<'_>, at: u64, bytes: u64, feed: &mut dyn FnMut(&[u8])) -> io::Result<bool> {
        let mut done = 0;
        while done < bytes {
            if self.progress.stopped() {
                return Ok(false);
            }
            if done > 0 && self.spare && bytes - done >= AHEAD {
                let (progress, told) = (self.progress, &mut self.told);
                self.spare = ahead::stream(input, at + done..at + bytes, &mut |chunk| {
                    feed(chunk);
                    *told += chunk.len() as u64;
                    progress.done.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                    !progress.stopped()
                })?;
                if self.spare {
                    return Ok(!self.progress.stopped());
                }
            }
            let wanted = usize::try_from(bytes - done).unwrap_or(usize::MAX).min(CHUNK);
            let chunk = input.at(at + done, wanted, &mut self.buffers.scratch)?;
            if chunk.len() < wanted {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            feed(chunk);
            done += chunk.len() as u64;
            self.told += chunk.len() as u64;
            self.progress.done.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        }
        Ok(true)
    }

    /// Streams a member through its checksum and through the pass, if there is one. Gives the pass back, and whether the
    /// member is sound.
    fn member<'p>(
        &mut self,
        input: &Input<'_>,
        array: &ArrayFacts,
        member: Stored,
        pass: Result<Pass<'p>, Unread>,
    ) -> io::Result<(Result<Pass<'p>, Unread>, bool)> {
        let mut checked = Checked { pass, skip: array.location.header, crc: crc32fast::Hasher::new(), bytes: 0 };
        if member.deflated {
            let needed = array.location.header.saturating_add(data_bytes(array, input.size));
            let limits = &self.reach.limits;
            let (stored, inflated, limit) = (member.stored, member.declared, limits.bomb_bytes);
            let bomb = ArchiveFault::Bomb { stored, inflated, array: needed, limit };
            let Some(most) = budget::most(member, needed, limits) else {
                self.archive_fault(array, bomb);
                return Ok((checked.pass, false));
            };
            match self.inflated(input, array.location.start, member.stored, most, &mut checked)? {
                Inflated::Stopped => return Ok((checked.pass, false)),
                Inflated::Damaged => {
                    self.archive_fault(array, ArchiveFault::Inflate);
                    return Ok((checked.pass, false));
                }
                Inflated::TooMuch if most < member.declared => {
                    self.archive_fault(array, bomb);
                    return Ok((checked.pass, true));
                }
                Inflated::TooMuch => {
                    self.wrong_size(array, member.declared, member.declared.saturating_add(1), false);
                    return Ok((checked.pass, false));
                }
                Inflated::Whole if checked.bytes < member.declared => {
                    let bytes = checked.bytes;
                    self.wrong_size(array, member.declared, bytes, true);
                    // The directory may lie about a member that is whole.
                    return Ok((checked.pass, bytes >= needed));
                }
                Inflated::Whole => {}
            }
        } else {
            let feed = &mut |bytes: &[u8]| checked.feed(bytes);
            if !self.stored(input, array.location.start, member.stored, feed)? {
                return Ok((checked.pass, false));
            }
        }
        let actual = checked.crc.finalize();
        if actual != member.crc {
            self.archive_fault(array, ArchiveFault::Checksum { declared: member.crc, actual });
            return Ok((checked.pass, false));
        }
        Ok((checked.pass, true))
    }

    /// Inflates a member, `most` bytes of it.
    fn inflated(
        &mut self,
        input: &Input<'_>,
        at: u64,
        stored: u64,
        most: u64,
        checked: &mut Checked<'_>,
    ) -> io::Result<Inflated> {
        let Buffers { scratch, plain, inflater, .. } = &mut *self.buffers;
        plain.resize(CHUNK, 0);
        let zlib = inflater.get_or_insert_with(|| Decompress::new(false));
        zlib.reset(false);
        let (mut read, end) = (0, stored);
        loop {
            if self.progress.stopped() {
                return Ok(Inflated::Stopped);
            }
            let wanted = usize::try_from(end - read).unwrap_or(usize::MAX).min(DEFLATED);
            let chunk = input.at(at + read, wanted, scratch)?;
            let (consumed, produced) = (zlib.total_in(), zlib.total_out());
            let Ok(status) = zlib.decompress(chunk, plain, FlushDecompress::None) else {
                return Ok(Inflated::Damaged);
            };
            let (consumed, produced) = (zlib.total_in() - consumed, zlib.total_out() - produced);
            read += consumed;
            let fresh = &plain[..usize::try_from(produced).unwrap_or(0)];
            if checked.bytes.saturating_add(produced) > most {
                return Ok(Inflated::TooMuch);
            }
            checked.feed(fresh);
            self.told += produced;
            self.progress.done.fetch_add(produced, Ordering::Relaxed);
            if status == Status::StreamEnd {
                return Ok(Inflated::Whole);
            }
            if consumed == 0 && produced == 0 {
                return Ok(Inflated::Damaged);
            }
        }
    }

    fn file_fault(&mut self, fault: FileFault) {
        self.faults.push(Fault { member: None, ordinal: 0, kind: FaultKind::File(fault), excerpt: None });
    }

    fn archive_fault(&mut self, array: &ArrayFacts, fault: ArchiveFault) {
        self.faults.push(Fault {
            member: array.member.clone(),
            ordinal: 0,
            kind: FaultKind::Archive(fault),
            excerpt: None,
        });
    }

    /// Another size than the directory has, unless the headers have shown that already.
    fn wrong_size(&mut self, array: &ArrayFacts, declared: u64, actual: u64, whole: bool) {
        let told = self.source.faults.iter().any(|fault| {
            fault.member == array.member && matches!(fault.kind, FaultKind::Archive(ArchiveFault::WrongSize { .. }))
        });
        if !told {
            self.archive_fault(array, ArchiveFault::WrongSize { declared, actual, whole });
        }
    }
}

/// Why the headers have shown that the data cannot be read, or is not what it should be.
pub(super) fn trouble(source: &SourceFacts, array: &ArrayFacts) -> Option<Unread> {
    let mine = |fault: &&Fault| fault.member == array.member && fault.ordinal == array.ordinal;
    let known = source.faults.iter().filter(mine).find_map(|fault| match &fault.kind {
        FaultKind::Truncated(_) | FaultKind::LineEnding(LineEnding::Shifted { .. }) => Some(Unread::Damaged),
        FaultKind::Archive(ArchiveFault::Method { .. } | ArchiveFault::Encrypted) => Some(Unread::Packed),
        _ => None,
    });
    known.or_else(|| (array.member.is_some() && array.location.member.is_none()).then_some(Unread::Damaged))
}

/// Whether that is more than is read of one array.
pub(super) fn beyond(bytes: u64, reach: Reach) -> Option<Unread> {
    reach.array_bytes.filter(|limit| bytes > *limit).map(|limit| Unread::TooLarge { bytes, limit })
}

/// What came of a pass that has seen everything.
pub(super) fn finished(pass: Result<Pass<'_>, Unread>) -> Reading {
    match pass.and_then(Pass::finish) {
        Ok(facts) => Reading::Read(Box::new(facts)),
        Err(why) => Reading::Unread(why),
    }
}

/// Bytes of the data. That of objects is a pickle, whose length no header tells: it has all that is left of the member or
/// of the file, which is `size` bytes long.
pub(super) fn data_bytes(array: &ArrayFacts, size: u64) -> u64 {
    if array.header.dtype.kind != Kind::Object {
        return array.header.bytes();
    }
    let end = array.location.member.map_or(size, |member| member.declared);
    let start = if array.location.member.is_some() { 0 } else { array.location.start };
    end.saturating_sub(start.saturating_add(array.location.header))
}

/// What became of a deflated member.
enum Inflated {
    Whole,
    TooMuch,
    Damaged,
    Stopped,
}

/// A member on its way: every byte goes into the checksum, those behind the header into the pass.
struct Checked<'p> {
    pass: Result<Pass<'p>, Unread>,
    /// Bytes of the header that are still to come.
    skip: u64,
    crc: crc32fast::Hasher,
    bytes: u64,
}

impl Checked<'_> {
    fn feed(&mut self, bytes: &[u8]) {
        self.crc.update(bytes);
        self.bytes += bytes.len() as u64;
        let header = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
        self.skip -= header as u64;
        if let Ok(pass) = &mut self.pass {
            pass.feed(&bytes[header..]);
        }
    }
}
