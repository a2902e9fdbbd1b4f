//! The headers of many objects at once. What a format needs of an object is fetched in as few requests as that takes: the
//! first 4 KiB of a .npy; the end of an archive and then all the places that its directory leads to, together. Which bytes
//! those are the formats say themselves, by reading: see [`Pieces`].

use std::sync::atomic::Ordering;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures_util::StreamExt as _;
use futures_util::stream;

use super::Object;
use super::pieces::Pieces;
use super::runtime::TICK;
use super::store::GAP;
use super::trouble::Trouble;
use crate::source::fault::FileFault;
use crate::source::input::Input;
use crate::source::memo::Memo;
use crate::source::walk::Target;
use crate::source::{Progress, SourceFacts, has_extension, look_into, unopened};

/// Bytes of a .npy that are fetched first.
const FIRST: u64 = 4096;
/// An archive of so many bytes is fetched whole; of a larger one the end is fetched first.
const WHOLE: u64 = 64 * 1024;
const END: u64 = 16 * 1024;
/// What an archive begins with, for a first look at one of which only the end is here, and bytes that are then fetched to see
/// whether it does.
const ZIP: &[u8] = b"PK\x03\x04";
const SEEN: u64 = 512;
/// Bytes of one object that are fetched for its headers at most, and times that more is fetched.
const MOST: u64 = 256 << 20;
const ROUNDS: usize = 1000;
/// Objects that are handed over together, unless it takes long.
const TOGETHER: usize = 256;

/// Reads the headers of objects, in the order of the targets. `None` if somebody stopped it.
pub(crate) fn scan_objects(
    targets: Vec<(Target, Arc<Object>)>,
    memo: &Memo,
    progress: &Progress,
) -> Option<Vec<SourceFacts>> {
    let Some((_, first)) = targets.first() else { return Some(Vec::new()) };
    let (runtime, most) = (Arc::clone(&first.store.runtime), first.store.most);
    let mut facts: Vec<Option<SourceFacts>> = Vec::new();
    facts.resize_with(targets.len(), || None);
    progress.files.store(0, Ordering::Relaxed);
    progress.files_total.store(targets.len() as u64, Ordering::Relaxed);
    let memo = Arc::new(Mutex::new(memo.fork()));
    let (sender, receiver) = std::sync::mpsc::channel();
    // On the thread that does the waiting, so that what comes in does not go from one thread to another to be read.
    let work = runtime.spawn(async move {
        let looks = targets.into_iter().enumerate().map(|(place, (target, object))| {
            let memo = Arc::clone(&memo);
            async move { (place, look(&object, &target, &memo).await) }
        });
        let mut looks = stream::iter(looks).buffer_unordered(most);
        let (mut found, mut handed) = (Vec::new(), Instant::now());
        while let Some(one) = looks.next().await {
            found.push(one);
            // To wake somebody for each of them would cost more than to read it.
            if found.len() >= TOGETHER || handed.elapsed() >= TICK {
                if sender.send(std::mem::take(&mut found)).is_err() {
                    return;
                }
                handed = Instant::now();
            }
        }
        let _ = sender.send(found);
    });
    loop {
        match receiver.recv_timeout(TICK) {
            Ok(found) => {
                progress.files.fetch_add(found.len() as u64, Ordering::Relaxed);
                for (place, found) in found {
                    facts[place] = Some(found);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if progress.stopped() {
            work.abort();
            return None;
        }
    }
    // Without a fault of our own there is one for each.
    facts.into_iter().collect()
}

/// Reads the headers of one object.
async fn look(object: &Object, target: &Target, memo: &Mutex<Memo>) -> SourceFacts {
    let failed = |trouble| unopened(target, FileFault::Remote(trouble), object.size().unwrap_or(0));
    let archive = has_extension(&target.path, *b".npz");
    let mut pieces = match first(object, archive).await {
        Ok(pieces) => pieces,
        Err(trouble) => return failed(trouble),
    };
    for _ in 0..ROUNDS {
        let head = pieces.head();
        let facts = {
            let mut memo = memo.lock().unwrap_or_else(PoisonError::into_inner);
            let assumed: &[u8] = if archive && pieces.size > 0 { ZIP } else { &[] };
            let input = Input::pieces(&pieces, head.as_deref().unwrap_or(assumed));
            look_into(&input, target, memo.work())
        };
        let mut missing = pieces.wanted();
        let assumed = pieces.assumed();
        // The first bytes come with what is near them, or last.
        if head.is_none() && pieces.size > 0 && missing.first().is_none_or(|range| range.start < GAP) {
            missing.insert(0, 0..SEEN.min(pieces.size));
        }
        // What looks like a fault may be one of the zeros.
        if missing.is_empty() && !facts.faults.is_empty() {
            missing = assumed;
        }
        if missing.is_empty() {
            return facts;
        }
        if missing.iter().fold(pieces.held(), |sum, range| sum.saturating_add(range.end - range.start)) > MOST {
            return failed(Trouble::Other("what its headers need of it is more than is fetched of one object".into()));
        }
        match object.fetch_all(&missing).await {
            Ok(fetched) => missing.iter().zip(fetched).for_each(|(range, bytes)| pieces.add(range.start, bytes)),
            Err(trouble) => return failed(trouble),
        }
    }
    failed(Trouble::Other("its headers are in more places than are looked at".into()))
}

/// The bytes of an object that are mostly all that is needed.
async fn first(object: &Object, archive: bool) -> Result<Pieces, Trouble> {
    let range = match object.size() {
        Some(size) if archive && size > WHOLE => size - END..size,
        _ if archive => 0..WHOLE,
        _ => 0..FIRST,
    };
    if object.size() == Some(0) {
        return Ok(Pieces::new(0));
    }
    let (start, fetched) = (range.start, object.fetch(range).await?);
    let size = object.size().unwrap_or(0);
    let mut pieces = Pieces::new(size);
    pieces.add(start, fetched);
    if archive && start == 0 && size > WHOLE {
        let end = WHOLE.max(size - END.min(size - WHOLE));
        pieces.add(end, object.fetch(end..size).await?);
    }
    Ok(pieces)
}
