//! The bytes of an object, read from front to back by somebody who waits for them: in windows that grow, the next one on its
//! way while this one is looked at.

use std::cell::RefCell;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::JoinHandle;

use super::Object;
use super::trouble::Trouble;
use crate::source::Progress;

/// Bytes of the first window, and of the largest.
const FIRST: u64 = 256 << 10;
const LARGEST: u64 = 2 << 20;

/// An object that is read as a file is.
#[derive(Debug)]
pub(crate) struct Reader<'p> {
    object: Arc<Object>,
    progress: Option<&'p Progress>,
    size: u64,
    state: RefCell<State>,
}

/// A window that is on its way.
type Window = JoinHandle<Result<Bytes, Trouble>>;

#[derive(Debug, Default)]
struct State {
    at: u64,
    bytes: Bytes,
    /// What is on its way.
    next: Option<(Range<u64>, Window)>,
    window: u64,
}

impl<'p> Reader<'p> {
    /// An error where nobody knows how large the object is. Who is stopped waits no longer: that is an error of the read.
    pub(crate) fn new(object: &Arc<Object>, progress: Option<&'p Progress>) -> io::Result<Self> {
        let size = object.size().ok_or_else(|| io::Error::other(Trouble::NotFound))?;
        Ok(Self { object: Arc::clone(object), progress, size, state: RefCell::default() })
    }

    /// Bytes of the object.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Reads at most as much as the buffer takes, as a file does.
    pub(crate) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if offset >= self.size || buffer.is_empty() {
            return Ok(0);
        }
        let mut state = self.state.borrow_mut();
        if !state.holds(offset) {
            self.turn(&mut state, offset, buffer.len() as u64)?;
        }
        let skip = usize::try_from(offset - state.at).unwrap_or(usize::MAX);
        let bytes = state.bytes.get(skip..).ok_or(io::ErrorKind::UnexpectedEof)?;
        let length = bytes.len().min(buffer.len());
        buffer[..length].copy_from_slice(&bytes[..length]);
        Ok(length)
    }

    /// Waits for the work, unless somebody stops it.
    fn wait<T>(&self, work: impl Future<Output = T>) -> io::Result<T> {
        let runtime = &self.object.store.runtime;
        match self.progress {
            Some(progress) => runtime.wait(work, progress).ok_or_else(|| io::ErrorKind::Interrupted.into()),
            None => Ok(runtime.block_on(work)),
        }
    }

    /// Makes the window that begins with this byte.
    fn turn(&self, state: &mut State, offset: u64, wanted: u64) -> io::Result<()> {
        let runtime = &self.object.store.runtime;
        let follows = offset == state.at + state.bytes.len() as u64 && !state.bytes.is_empty();
        state.window = if follows { (state.window * 2).min(LARGEST) } else { FIRST };
        let waiting = state.next.take().filter(|(range, _)| range.contains(&offset));
        let (start, bytes) = if let Some((range, task)) = waiting {
            (range.start, self.wait(task)?.map_err(io::Error::other)?)
        } else {
            let range = offset..self.size.min(offset.saturating_add(state.window.max(wanted)));
            (offset, self.wait(self.object.fetch(range))?)
        };
        state.bytes = bytes.map_err(io::Error::other)?;
        state.at = start;
        let end = start + state.bytes.len() as u64;
        if follows && end < self.size {
            let range = end..self.size.min(end + state.window);
            let (object, part) = (Arc::clone(&self.object), range.clone());
            state.next = Some((range, runtime.spawn(async move { object.fetch(part).await })));
        }
        Ok(())
    }
}

impl State {
    fn holds(&self, offset: u64) -> bool {
        (self.at..self.at + self.bytes.len() as u64).contains(&offset)
    }
}

impl Drop for State {
    fn drop(&mut self) {
        if let Some((_, task)) = self.next.take() {
            task.abort();
        }
    }
}
