//! The bytes of the files of a plan.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rawzip::FileReader;

use super::archive::{self, Archive};
use super::carry::Span;
use super::convert::Converted;
use super::plan::{Content, FilePlan, Member, Output, Part};
use super::sink::Sink;
use super::step::{Step, apply_all};
use crate::source::input::Input;
use crate::source::npy::write;
use crate::source::npz::packed::{Packed, packed};
use crate::source::{ArrayFacts, Data, Header, Progress, SourceFacts, SourceKind};
use crate::spec::dtype::Kind;

/// Bytes that arrays which are read on later may hold in the meantime. Those that hold more are opened anew.
const HELD: usize = 256 << 20;
/// Bytes of a header, and of what an archive says of a member, at the least.
const OVERHEAD: u64 = 512;

/// Makes the files of a plan. Arrays of which several files hold rows are read once, side by side.
pub(super) struct Maker<'m> {
    facts: &'m SourceFacts,
    file: &'m Arc<FileReader>,
    size: u64,
    progress: &'m Progress,
    /// The members of the old archive as they are stored, and its comment.
    packed: Vec<Packed>,
    comment: Vec<u8>,
    /// Which member each array is, and which array each member.
    members: Vec<usize>,
    arrays: Vec<Option<usize>>,
    streams: BTreeMap<usize, Vec<Stream<'m>>>,
}

/// An array behind steps, and how often it is still asked for.
struct Stream<'m> {
    steps: &'m [Step],
    uses: usize,
    open: Option<Converted<'m>>,
}

impl<'m> Maker<'m> {
    pub(super) fn new(
        plan: &'m FilePlan,
        facts: &'m SourceFacts,
        file: &'m Arc<FileReader>,
        size: u64,
        progress: &'m Progress,
    ) -> io::Result<Self> {
        let mut maker = Self {
            facts,
            file,
            size,
            progress,
            packed: Vec::new(),
            comment: Vec::new(),
            members: Vec::new(),
            arrays: Vec::new(),
            streams: BTreeMap::new(),
        };
        let same = plan.outputs.iter().all(|output| output.content == Content::Same);
        if facts.kind == SourceKind::Npz && !same {
            maker.look()?;
        }
        for output in &plan.outputs {
            let parts: Vec<&Part> = match &output.content {
                Content::Same => Vec::new(),
                Content::Npy(part) => vec![part],
                Content::Npz { members, .. } => members.iter().map(|member| &member.part).collect(),
            };
            for part in parts.into_iter().filter(|part| !is_kept(part)) {
                let steps = part.steps.as_deref().unwrap_or_default();
                let streams = maker.streams.entry(part.array).or_default();
                match streams.iter_mut().find(|stream| stream.steps == steps) {
                    Some(stream) => stream.uses += 1,
                    None => streams.push(Stream { steps, uses: 1, open: None }),
                }
            }
        }
        Ok(maker)
    }

    /// Reads the directory of the old archive, and finds the arrays in it.
    fn look(&mut self) -> io::Result<()> {
        (self.packed, self.comment) = members_of(self.file, self.size)?;
        // Both are in the order of the directory.
        for (at, member) in self.packed.iter().enumerate() {
            let array = self.members.len();
            let fits = self.facts.arrays.get(array).is_some_and(|array| is_it(array, member));
            self.arrays.push(fits.then_some(array));
            if fits {
                self.members.push(at);
            }
        }
        if self.members.len() < self.facts.arrays.len() {
            return Err(invalid("the archive does not hold the arrays that were seen in it"));
        }
        if self.packed.iter().any(archive::is_encrypted) {
            return Err(invalid("a member of the archive is encrypted"));
        }
        Ok(())
    }

    /// Writes a file.
    pub(super) fn write(&mut self, output: &Output, sink: &mut Sink<'_>) -> io::Result<()> {
        match &output.content {
            Content::Same => {
                let mut all = Span { file: self.file, at: 0, end: self.size, progress: self.progress, counts: true };
                sink.copy(&mut all).map(drop)
            }
            Content::Npy(part) => {
                let array = self.array(part)?;
                if is_kept(part) {
                    sink.copy(&mut self.whole(array)?).map(drop)
                } else {
                    let (header, bytes) = self.header(part)?;
                    sink.header(&header)?;
                    self.rows(part, bytes, &mut |data| sink.copy(data).map(drop))
                }
            }
            Content::Npz { members, leave } => self.archive(members, leave, sink),
        }
    }

    fn archive(&mut self, members: &[Member], leave: &[Arc<str>], sink: &mut Sink<'_>) -> io::Result<()> {
        self.unique(members)?;
        let mut archive = Archive::new(sink);
        let mut next = members.iter().peekable();
        // Members that are no arrays stay between the arrays that they were between.
        for at in 0..self.packed.len() {
            match self.arrays[at] {
                Some(array) => {
                    while let Some(member) = next.next_if(|member| member.part.array <= array) {
                        self.member(member, &mut archive)?;
                    }
                }
                None if leave.contains(&self.packed[at].name) => {}
                None => {
                    let old = &self.packed[at];
                    archive.copy(old, &old.name, &mut self.stored(old))?;
                }
            }
        }
        for member in next {
            self.member(member, &mut archive)?;
        }
        archive.finish(&self.comment)
    }

    fn member(&mut self, member: &Member, archive: &mut Archive<'_, '_>) -> io::Result<()> {
        let Member { name, part } = member;
        let array = self.array(part)?;
        let old = self.members.get(part.array).map(|at| self.packed[*at].clone());
        match (old, is_kept(part)) {
            (Some(old), true) => {
                archive.copy(&old, name, &mut self.stored(&old))?;
                self.progress.done.fetch_add(array.header.bytes(), Ordering::Relaxed);
                Ok(())
            }
            (None, true) => {
                let mut whole = self.whole(array)?;
                let bytes = whole.end - whole.at;
                archive.write(&archive::fresh(), name, &[], &mut whole, bytes)
            }
            (old, false) => {
                let old = old.unwrap_or_else(archive::fresh);
                let (header, bytes) = self.header(part)?;
                let plain = bytes.saturating_add(header.len() as u64);
                self.rows(part, bytes, &mut |data| archive.write(&old, name, &header, data, plain))
            }
        }
    }

    /// Hands the rows of a part to somebody who reads them all, `bytes` of them.
    fn rows(
        &mut self,
        part: &Part,
        bytes: u64,
        read: &mut dyn FnMut(&mut dyn Read) -> io::Result<()>,
    ) -> io::Result<()> {
        let array = self.array(part)?;
        let steps = part.steps.as_deref().unwrap_or_default();
        let held = self.held();
        let streams = self.streams.entry(part.array).or_default();
        let stream = streams
            .iter_mut()
            .find(|stream| stream.steps == steps)
            .ok_or_else(|| invalid("it is not an array of the plan"))?;
        let mut open = match stream.open.take() {
            Some(open) => open,
            None => Converted::new(self.file, array, self.size, stream.steps, self.progress)?,
        };
        open.rows(part.rows.as_ref())?;
        let mut exactly = Exactly { from: &mut open, left: bytes };
        read(&mut exactly)?;
        if exactly.left > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        stream.uses = stream.uses.saturating_sub(1);
        if stream.uses > 0 && held.saturating_add(open.held()) <= HELD {
            stream.open = Some(open);
        }
        Ok(())
    }

    fn held(&self) -> usize {
        self.streams.values().flatten().filter_map(|stream| stream.open.as_ref()).map(Converted::held).sum()
    }

    /// The header of a part as it is written, and the bytes that follow it.
    fn header(&self, part: &Part) -> io::Result<(Vec<u8>, u64)> {
        let array = self.array(part)?;
        let header = result(array, part).ok_or_else(|| invalid("the plan does not fit the array"))?;
        let same = header.dtype.unordered() == array.header.dtype.unordered();
        let by_header = matches!(header.dtype.kind, Kind::Struct(_) | Kind::Ml(_) | Kind::UnnamedMl);
        // What a type alone does not tell stands in the old header.
        let old = if same && by_header { self.old_descr(array)? } else { None };
        let descr = old.or_else(|| write::descr(&header.dtype)).ok_or_else(|| invalid("its type cannot be written"))?;
        Ok((write::header(&descr, &header.shape), header.bytes()))
    }

    /// The type as the old header has it.
    fn old_descr(&self, array: &ArrayFacts) -> io::Result<Option<String>> {
        let mut bytes = vec![0; usize::try_from(array.location.header).unwrap_or(0)];
        Data::with_header(self.file, array, self.size)?.read_exact(&mut bytes)?;
        Ok(write::descr_in(&bytes))
    }

    fn array(&self, part: &Part) -> io::Result<&'m ArrayFacts> {
        self.facts.arrays.get(part.array).ok_or_else(|| invalid("the plan names an array that it does not hold"))
    }

    /// A whole array with its header.
    fn whole(&self, array: &ArrayFacts) -> io::Result<Whole<'m>> {
        let data = Data::with_header(self.file, array, self.size)?;
        let end = data.length();
        Ok(Whole { data, at: 0, end, progress: self.progress })
    }

    /// A member as it is stored.
    fn stored(&self, member: &Packed) -> Span<'m> {
        let end = member.data.saturating_add(member.stored);
        Span { file: self.file, at: member.data, end, progress: self.progress, counts: false }
    }

    /// No name may be given to a second member. Those that had one name may keep it.
    fn unique(&self, members: &[Member]) -> io::Result<()> {
        let renamed = |member: &Member| {
            let array = self.facts.arrays.get(member.part.array);
            array.is_none_or(|array| array.member.as_ref() != Some(&member.name))
        };
        let mut names: Vec<(&str, bool)> = members.iter().map(|member| (&*member.name, renamed(member))).collect();
        names.extend(self.others().map(|other| (&*other.name, false)));
        names.sort_unstable();
        let clash = names.windows(2).any(|pair| pair[0].0 == pair[1].0 && (pair[0].1 || pair[1].1));
        if clash { Err(invalid("two members would have one name")) } else { Ok(()) }
    }

    /// The members that are no arrays.
    fn others(&self) -> impl Iterator<Item = &Packed> {
        self.packed.iter().zip(&self.arrays).filter(|(_, array)| array.is_none()).map(|(member, _)| member)
    }

    /// Bytes that a file will have, more or less: how well the new values deflate is not known before.
    pub(super) fn estimate(&self, output: &Output) -> u64 {
        let part = |part: &Part| {
            let Ok(array) = self.array(part) else { return 0 };
            let plain = result(array, part).map_or(0, |header| header.bytes());
            let stored = match array.location.member {
                Some(member) if member.deflated => {
                    let share = u128::from(plain) * u128::from(member.stored) / u128::from(member.declared.max(1));
                    u64::try_from(share).unwrap_or(u64::MAX)
                }
                _ => plain,
            };
            stored.saturating_add(OVERHEAD)
        };
        match &output.content {
            Content::Same => self.size,
            Content::Npy(one) => {
                let plain = self.array(one).ok().and_then(|array| result(array, one));
                plain.map_or(0, |header| header.bytes()).saturating_add(OVERHEAD)
            }
            Content::Npz { members, .. } => {
                let others = self.others().map(|other| other.stored.saturating_add(OVERHEAD));
                members.iter().map(|member| part(&member.part)).chain(others).fold(0, u64::saturating_add)
            }
        }
    }

    /// Whether a new archive holds the members of the old one that are no arrays, byte by byte.
    pub(super) fn others_kept(&self, output: &Output, path: &Path) -> io::Result<bool> {
        let Content::Npz { leave, .. } = &output.content else { return Ok(true) };
        let file = Arc::new(FileReader::from(std::fs::File::open(path)?));
        let size = std::fs::metadata(path)?.len();
        let (made, _) = members_of(&file, size)?;
        let mut made = made.iter();
        for old in self.others().filter(|old| !leave.contains(&old.name)) {
            // They are in the same order, with arrays between them.
            let same = |new: &Packed| (&new.raw_name, new.stored, new.crc) == (&old.raw_name, old.stored, old.crc);
            let Some(new) = made.find(|new| same(new)) else { return Ok(false) };
            let end = new.data.saturating_add(new.stored);
            let mut new = Span { file: &file, at: new.data, end, progress: self.progress, counts: false };
            if !equal(&mut self.stored(old), &mut new)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The header of what a part becomes; `None` where its steps or rows do not fit the array.
pub(super) fn result(array: &ArrayFacts, part: &Part) -> Option<Header> {
    if is_kept(part) {
        return Some((*array.header).clone());
    }
    let mut header = apply_all(part.steps.as_deref().unwrap_or_default(), &array.header)?;
    if let Some(rows) = &part.rows {
        let all = header.shape.first_mut()?;
        if rows.start > rows.end || rows.end > *all {
            return None;
        }
        *all = rows.end - rows.start;
    }
    Some(header)
}

/// Whether an array stays as it is, header included.
pub(super) fn is_kept(part: &Part) -> bool {
    part.steps.is_none() && part.rows.is_none()
}

fn members_of(file: &Arc<FileReader>, size: u64) -> io::Result<(Vec<Packed>, Vec<u8>)> {
    let mut head = vec![0; 4096];
    let input = Input::shared(file, size, &mut head)?;
    packed(&input)
}

fn is_it(array: &ArrayFacts, member: &Packed) -> bool {
    array.member.as_ref() == Some(&member.name) && array.location.start == member.data
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

/// Whether two readers give the same bytes.
fn equal(one: &mut dyn Read, other: &mut dyn Read) -> io::Result<bool> {
    let (mut left, mut right) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        let read = one.read(&mut left)?;
        if read == 0 {
            return Ok(other.read(&mut right[..1])? == 0);
        }
        other.read_exact(&mut right[..read])?;
        if left[..read] != right[..read] {
            return Ok(false);
        }
    }
}

/// So many bytes of a reader, and no more.
struct Exactly<'e, 'p> {
    from: &'e mut Converted<'p>,
    left: u64,
}

impl Read for Exactly<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(out.len());
        let read = self.from.read(&mut out[..room])?;
        self.left -= read as u64;
        Ok(read)
    }
}

/// An array with its header, and how far it was read.
struct Whole<'p> {
    data: Data,
    at: u64,
    end: u64,
    progress: &'p Progress,
}

impl Read for Whole<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.progress.stopped() {
            return Err(io::Error::other(crate::fix::replace::STOPPED));
        }
        let read = self.data.read(out)?;
        self.at += read as u64;
        self.progress.done.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
