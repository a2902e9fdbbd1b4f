//! Bytes of a file, read by a thread of its own while those before them are looked at.

use std::io;
use std::ops::Range;
use std::sync::mpsc::{channel, sync_channel};
use std::thread::Builder;

use super::input::Input;

/// Bytes that are read at a time: a hand-over costs as much as some ten thousand of them.
const CHUNK: usize = 1 << 20;
/// Chunks that are on their way.
const CHUNKS: usize = 3;

/// Streams bytes of the file through `feed`, in order, until it says that it wants no more. False where the system gives no
/// thread: then nothing was read. An error is that of the reading; a file that ends before is
/// [`io::ErrorKind::UnexpectedEof`].
pub(super) fn stream(input: &Input<'_>, bytes: Range<u64>, feed: &mut dyn FnMut(&[u8]) -> bool) -> io::Result<bool> {
    // Both ends of both channels live in the scope, so that each side notices when the other one is gone.
    std::thread::scope(|scope| {
        let (full, chunks) = sync_channel::<io::Result<Vec<u8>>>(CHUNKS);
        let (done, empty) = channel::<Vec<u8>>();
        let read = move || {
            let mut at = bytes.start;
            while at < bytes.end {
                let Ok(mut chunk) = empty.recv() else { return };
                let wanted = usize::try_from(bytes.end - at).unwrap_or(usize::MAX).min(CHUNK);
                let filled = input.fill(at, wanted, &mut chunk).map(|()| chunk);
                at += wanted as u64;
                let failed = filled.is_err();
                if full.send(filled).is_err() || failed {
                    return;
                }
            }
        };
        if Builder::new().name("ahead".into()).spawn_scoped(scope, read).is_err() {
            return Ok(false);
        }
        for _ in 0..CHUNKS {
            // A thread that is gone has left an error behind, or everything.
            let _ = done.send(Vec::new());
        }
        for chunk in chunks {
            let chunk = chunk?;
            if !feed(&chunk) {
                break;
            }
            let _ = done.send(chunk);
        }
        Ok(true)
    })
}
