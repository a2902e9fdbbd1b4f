//! Data of small files, which is read with their headers: kept until somebody looks at the values, so that the files need
//! not be opened again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::input::Input;
use super::read::{Progress, Question, Reach, beyond, data_bytes, finished, trouble};
use super::{FILES_PER_TASK, Reading, SourceFacts, SourceKind};
use crate::values::{Pass, Unread};

/// Bytes that are kept in all at the most. They hardly add to the most memory of a run: the facts that are made of them take
/// their place.
const KEPT: u64 = 64 << 20;

/// What a file takes beside its data where it is kept, in bytes.
const OVERHEAD: u64 = 32;

/// Room for data that is kept, shared by all threads of a scan.
#[derive(Debug, Clone, Default)]
pub struct Room(Option<Arc<AtomicU64>>);

impl Room {
    /// Room for as much as a run keeps. Without it, as by default, nothing is kept.
    #[must_use]
    pub fn new() -> Self {
        Self::of(KEPT)
    }

    fn of(bytes: u64) -> Self {
        Self(Some(Arc::new(AtomicU64::new(bytes))))
    }

    /// The data of a .npy of one array, if all of the file was read at once and there is room for it.
    pub(super) fn keep(&self, input: &Input<'_>, source: &SourceFacts) -> Small {
        let (Some(left), SourceKind::Npy, [array]) = (&self.0, source.kind, source.arrays.as_slice()) else {
            return Small::default();
        };
        if input.head.len() as u64 != input.size {
            return Small::default();
        }
        let (start, bytes) =
            (array.location.start.saturating_add(array.location.header), data_bytes(array, input.size));
        let Some(data) = usize::try_from(bytes).ok().and_then(|bytes| input.known(start, bytes)) else {
            return Small::default();
        };
        let took = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes + OVERHEAD));
        Small(took.is_ok().then(|| data.into()))
    }
}

/// The data of a small file, where it is kept. It is of the same moment as the header, says nothing beyond the file, is not
/// saved, and facts that differ in it alone are equal.
#[derive(Debug, Clone, Default)]
pub struct Small(Option<Arc<[u8]>>);

impl Small {
    /// Whether there is any.
    pub(super) fn is_kept(&self) -> bool {
        self.0.is_some()
    }

    /// The data, which is not kept any longer.
    fn take(&mut self) -> Option<Arc<[u8]>> {
        self.0.take()
    }
}

impl PartialEq for Small {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Small {}

/// Reads the values of which the bytes are here already, and forgets these.
pub(super) fn read(sources: &mut [SourceFacts], questions: &[Vec<Question>], reach: Reach, progress: &Progress) {
    let all = sources.par_iter_mut().zip(questions).with_min_len(FILES_PER_TASK);
    all.for_each(|(source, questions)| {
        let Some(data) = source.small.take() else { return };
        for question in questions {
            let reading = reading(source, &data, question, reach, progress);
            let array = &mut source.arrays[question.array];
            array.reading = Some(Arc::new(reading));
            progress.done.fetch_add(array.header.bytes(), Ordering::Relaxed);
        }
    });
}

/// What comes of the data of a .npy.
fn reading(source: &SourceFacts, data: &[u8], question: &Question, reach: Reach, progress: &Progress) -> Reading {
    if progress.stopped() {
        return Reading::Unread(Unread::Interrupted);
    }
    let array = &source.arrays[question.array];
    if let Some(why) = trouble(source, array).or_else(|| beyond(data.len() as u64, reach)) {
        return Reading::Unread(why);
    }
    finished(Pass::new(array.header.layout(), question.wants, &question.asks).map(|mut pass| {
        pass.feed(data);
        pass
    }))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::source::{Memo, Target, scan};

    fn kept(room: &Room, files: &[&[u8]]) -> Vec<bool> {
        let folder = tempfile::tempdir().unwrap();
        let mut memo = Memo::default().keeping(room);
        let scanned = files.iter().map(|bytes| {
            let path = folder.path().join("x.npy");
            fs::write(&path, bytes).unwrap();
            scan(&Target::file(&path), &mut memo).small.is_kept()
        });
        scanned.collect()
    }

    #[test]
    fn what_is_kept_in_all_has_a_limit() {
        let npy = |shape: &str, bytes: usize| {
            let text = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({shape},), }}");
            let mut npy = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
            npy.extend(format!("{text:<117}\n").bytes());
            npy.extend(vec![1; bytes]);
            npy
        };
        let (small, smaller) = (npy("100", 100), npy("10", 10));
        let room = Room::of(250);
        assert_eq!(kept(&room, &[&small, &small, &smaller, &smaller]), [true, false, true, true]);
        assert_eq!(kept(&room, &[&smaller]), [false]);
        assert_eq!(kept(&Room::default(), &[&small]), [false]);
        // A header may ask for anything.
        let room = Room::new();
        assert_eq!(kept(&room, &[&npy("101", 100), &npy("1000000000000", 100), &npy("99", 100)]), [false, false, true]);
    }
}
