//! The thread that waits for the network, and waiting that somebody can stop.

use std::ops::Deref;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::source::Progress;

/// How often is looked whether somebody stopped it.
pub(super) const TICK: Duration = Duration::from_millis(100);

/// The runtime of the stores. Who drops it last may be one of its own tasks, and nobody waits for a name that is still being
/// looked up.
#[derive(Debug)]
pub(super) struct Runtime(Option<tokio::runtime::Runtime>);

impl From<tokio::runtime::Runtime> for Runtime {
    fn from(runtime: tokio::runtime::Runtime) -> Self {
        Self(Some(runtime))
    }
}

impl Deref for Runtime {
    type Target = tokio::runtime::Runtime;

    #[allow(clippy::expect_used, reason = "it is there until it is dropped")]
    fn deref(&self) -> &Self::Target {
        self.0.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Runtime {
    /// Waits for the work. `None` if somebody stopped it.
    pub(super) fn wait<T>(&self, work: impl Future<Output = T>, progress: &Progress) -> Option<T> {
        self.block_on(async {
            let stopped = async {
                while !progress.stopped() {
                    tokio::time::sleep(TICK).await;
                }
            };
            match select(pin!(work), pin!(stopped)).await {
                Either::Left((done, _)) => Some(done),
                Either::Right(_) => None,
            }
        })
    }
}
