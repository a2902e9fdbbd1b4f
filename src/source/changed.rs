//! Files that are written or replaced between the reading of headers and of values, or while values are read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use super::fault::{Fault, FaultKind, FileFault};
use super::input::Input;
use super::memo::Memo;
use super::walk::Target;
use super::{ArrayFacts, Reading, SourceFacts, scan};
use crate::config::limits::Limits;
use crate::values::Unread;

/// How long an open file is and when it was written, which changes when somebody writes it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    size: u64,
    /// `None` where the system does not say.
    written: Option<SystemTime>,
}

impl Stamp {
    pub(super) fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self { size: metadata.len(), written: metadata.modified().ok() })
    }

    /// What happened to the file since then, if anything did.
    pub(super) fn change(&self, file: &File) -> Option<FileFault> {
        match Self::of(file) {
            Ok(now) if now.size < self.size => Some(FileFault::Changed),
            Ok(now) if now != *self => Some(FileFault::Rewritten),
            _ => None,
        }
    }
}

/// Whether the header that described the array still stands in front of its data. Where it does, the values are those of the
/// file that is open, whichever it is. Of a member nothing is remembered: its checksum tells.
pub(super) fn has_header(input: &Input<'_>, array: &ArrayFacts, scratch: &mut Vec<u8>) -> io::Result<bool> {
    let location = array.location;
    if array.member.is_some() {
        return Ok(true);
    }
    let bytes = usize::try_from(location.header).unwrap_or(usize::MAX);
    Ok(xxh3_64(input.at(location.start, bytes, scratch)?) == location.digest)
}

/// Archives in which faults were found only when their values were read: those that are not the archives any more whose
/// directory was read get the one fault that this is. `known` has, for each source with new faults, how many it had before.
pub(super) fn blame<'t>(
    sources: &mut [SourceFacts],
    known: &BTreeMap<usize, usize>,
    target: impl Fn(&SourceFacts) -> Option<&'t Target> + Sync,
    limits: Limits,
) {
    let described = &*sources;
    let rewritten: Vec<(usize, usize)> = known
        .par_iter()
        .map_init(
            || Memo::new(limits),
            |memo, (&index, &known)| {
                let source = &described[index];
                let is_new = source.faults[known..].iter().any(|fault| matches!(fault.kind, FaultKind::Archive(_)));
                // Of an object one version is read, or nothing.
                let target = target(source).filter(|target| is_new && target.object().is_none())?;
                (!is_as_described(source, &scan(target, memo))).then_some((index, known))
            },
        )
        .flatten()
        .collect();
    for (index, known) in rewritten {
        let source = &mut sources[index];
        source.faults.truncate(known);
        let kind = FaultKind::File(FileFault::Rewritten);
        source.faults.push(Fault { member: None, ordinal: 0, kind, excerpt: None });
        for array in source.arrays.iter_mut().filter(|array| array.reading.is_some()) {
            array.reading = Some(Arc::new(Reading::Unread(Unread::Damaged)));
        }
    }
}

/// Whether the headers and the directory say what they said before. What cannot be read now says nothing else.
fn is_as_described(before: &SourceFacts, now: &SourceFacts) -> bool {
    let unreadable =
        |fault: &Fault| matches!(fault.kind, FaultKind::File(FileFault::Unopenable(_) | FileFault::PermissionDenied));
    let same = |(before, now): (&ArrayFacts, &ArrayFacts)| {
        let place = |array: &ArrayFacts| (array.location.start, array.location.header, array.location.member);
        before.member == now.member && before.header == now.header && place(before) == place(now)
    };
    now.faults.iter().any(unreadable)
        || before.size == now.size
            && before.arrays.len() == now.arrays.len()
            && before.arrays.iter().zip(&now.arrays).all(same)
}
