//! While somebody waits: one line on a terminal that says how far the reading is, and what Ctrl-C does.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::diagnostic::Unit;
use crate::diagnostic::quantity::bytes;
use crate::drafts;
use crate::exit::Exit;
use crate::source::Progress;
use crate::source::capture::end::kill;

/// What is over sooner needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two drawings.
const TICK: Duration = Duration::from_millis(100);
/// Characters of the bar.
const BAR: usize = 24;

/// Draws a bar as long as it lives; then nothing of it is left on the terminal.
pub(super) struct Waiting {
    progress: Arc<Progress>,
    /// Whether anything still looks at `progress.stop`.
    reading: Arc<AtomicBool>,
    drawing: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Waiting {
    /// The first Ctrl-C, or SIGTERM, ends the reading, so that what was read is still judged; the second ends the process,
    /// and so does the first when nothing is read any more. The bar is drawn on a terminal only, and only if `shown`.
    pub(super) fn new(shown: bool) -> Self {
        let progress = Arc::new(Progress::default());
        let asked = Arc::clone(&progress);
        let reading = Arc::new(AtomicBool::new(true));
        let listens = Arc::clone(&reading);
        on_interrupt(move || {
            if asked.stop.swap(true, Ordering::Relaxed) || !listens.load(Ordering::Relaxed) {
                let group = asked.group.load(Ordering::Relaxed);
                if group > 0 {
                    kill(group);
                }
                drafts::abandon();
                #[allow(
                    clippy::exit,
                    reason = "it was asked for twice, or there is nothing left that could end sooner"
                )]
                std::process::exit(i32::from(Exit::Trouble.code()));
            }
        });
        let drawing = (shown && std::io::stderr().is_terminal()).then(|| {
            let (sender, over) = channel();
            let progress = Arc::clone(&progress);
            let thread = std::thread::spawn(move || {
                let start = Instant::now();
                let mut wait = PATIENCE;
                while over.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                    draw(&format!("\r{}\x1b[K", line(&progress, start.elapsed())));
                    wait = TICK;
                }
                if wait == TICK {
                    draw("\r\x1b[K");
                }
            });
            (sender, thread)
        });
        Self { progress, reading, drawing }
    }

    /// What to tell about the reading.
    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.reading.store(false, Ordering::Relaxed);
        if let Some((sender, thread)) = self.drawing.take() {
            drop(sender);
            // A bar that could not be drawn is no trouble.
            let _ = thread.join();
        }
    }
}

/// Calls it for each Ctrl-C, and for each request to end. Without that they end the process at once, which is no reason not to
/// start.
#[cfg(unix)]
fn on_interrupt(call: impl Fn() + Send + 'static) {
    use signal_hook::consts::{SIGINT, SIGTERM};
    if let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]) {
        std::thread::spawn(move || signals.forever().for_each(|_| call()));
    }
}

#[cfg(not(unix))]
fn on_interrupt(call: impl Fn() + Send + 'static) {
    let _ = ctrlc::set_handler(call);
}

/// Nothing can be done when even that fails.
fn draw(text: &str) {
    let mut out = std::io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn line(progress: &Progress, elapsed: Duration) -> String {
    let (done, total) = (progress.done.load(Ordering::Relaxed), progress.total.load(Ordering::Relaxed));
    if progress.group.load(Ordering::Relaxed) > 0 {
        let stopping = if progress.stop.load(Ordering::Relaxed) { ", stopping" } else { "" };
        return format!("{} after {}{stopping}", Unit::Batch.counted(done), time(elapsed.as_secs()));
    }
    if total == 0 {
        let (files, of) = (progress.files.load(Ordering::Relaxed), progress.files_total.load(Ordering::Relaxed));
        return match (files, of) {
            (0, 0) => "reading headers".into(),
            (found, 0) => format!("{} found", Unit::File.counted(found)),
            (done, of) => {
                let rate = done as f64 / elapsed.as_secs_f64().max(0.001);
                format!("headers of {} of {}, {rate:.0}/s", done.min(of), Unit::File.counted(of))
            }
        };
    }
    let done = done.min(total);
    let share = done as f64 / total as f64;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and BAR")]
    let full = (share * BAR as f64) as usize;
    let bar = format!("{}{}", "█".repeat(full), "░".repeat(BAR - full));
    let rate = done as f64 / elapsed.as_secs_f64().max(0.001);
    let mut text = format!("{bar} {} of {}", bytes(done), bytes(total));
    if done > 0 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let (speed, left) = (rate as u64, ((total - done) as f64 / rate) as u64);
        text = format!("{text}, {}/s, {} left", bytes(speed), time(left));
    }
    if progress.stop.load(Ordering::Relaxed) {
        text.push_str(", stopping");
    }
    text
}

/// `7 s`, `3 min 20 s`, `2 h 5 min`
fn time(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_how_fast_and_how_long() {
        let progress = Progress::default();
        assert_eq!(line(&progress, PATIENCE), "reading headers");
        progress.total.store(4_000_000_000, Ordering::Relaxed);
        assert_eq!(line(&progress, PATIENCE), format!("{} 0 bytes of 4.0 GB", "░".repeat(BAR)));
        progress.done.store(1_000_000_000, Ordering::Relaxed);
        let bar = "█".repeat(6) + &"░".repeat(18);
        assert_eq!(line(&progress, Duration::from_secs(2)), format!("{bar} 1.0 GB of 4.0 GB, 500.0 MB/s, 6 s left"));
        // A file that grew does not make it burst.
        progress.done.store(u64::MAX, Ordering::Relaxed);
        assert!(line(&progress, Duration::from_secs(2)).contains("4.0 GB of 4.0 GB"));
        progress.stop.store(true, Ordering::Relaxed);
        assert!(line(&progress, Duration::ZERO).ends_with("stopping"));
    }

    #[test]
    fn times_are_told_in_two_units() {
        assert_eq!((time(7).as_str(), time(200).as_str(), time(7500).as_str()), ("7 s", "3 min 20 s", "2 h 5 min"));
    }
}
