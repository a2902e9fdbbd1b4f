//! Objects in stores, and files behind web servers, read over the network as files are: found by their address, their headers
//! by the thousand at once, their values as a stream. Nothing is ever written there.
//!
//! Without the feature `remote` only the addresses are known, so that somebody can be told why nothing is read.

pub mod address;
#[cfg_attr(not(feature = "remote"), path = "without.rs")]
mod find;
#[cfg(feature = "remote")]
mod headers;
#[cfg(feature = "remote")]
mod list;
#[cfg(feature = "remote")]
mod object;
#[cfg(feature = "remote")]
mod pieces;
#[cfg(feature = "remote")]
mod profile;
#[cfg(feature = "remote")]
mod reader;
#[cfg(feature = "remote")]
mod runtime;
#[cfg(feature = "remote")]
mod store;
#[cfg(feature = "remote")]
mod throttle;
#[cfg(feature = "remote")]
mod trouble;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Memo, Progress, SourceFacts, Target};
use crate::config::remote::Remote;
use crate::source::walk::{Walk, walk_with};
use address::Address;
pub(crate) use find::Object;
use find::Stores;
#[cfg(feature = "remote")]
pub(crate) use {pieces::Pieces, reader::Reader};

/// Threads that read values of objects: most of the time each of them waits.
const READERS: usize = 64;

/// Whether the argument is the address of something in a store.
#[must_use]
pub fn is_address(argument: &Path) -> bool {
    argument.to_str().is_some_and(Address::is_one)
}

/// Finds what arguments stand for, here and in stores.
#[derive(Debug)]
pub struct Finder(Stores);

impl Finder {
    /// Nothing is asked of anybody yet.
    #[must_use]
    pub fn new(settings: &Remote) -> Self {
        Self(Stores::new(settings))
    }

    /// Finds the files and objects that the arguments stand for, and those of a list, whose entries are no globs; see
    /// [`walk_with`].
    #[must_use]
    pub fn walk(&self, arguments: &[PathBuf], listed: &[PathBuf], progress: &Progress) -> Walk {
        let split = |paths: &[PathBuf]| -> (Vec<PathBuf>, Vec<PathBuf>) {
            paths.iter().cloned().partition(|argument| is_address(argument))
        };
        let ((far, near), (far_listed, near_listed)) = (split(arguments), split(listed));
        let mut walked = walk_with(&near, &near_listed, progress);
        let far = far.iter().map(|argument| (argument, true));
        let far: Vec<_> = far.chain(far_listed.iter().map(|path| (path, false))).collect();
        for (argument, may_be_glob) in &far {
            if let Some(argument) = argument.to_str().filter(|_| !progress.stopped()) {
                self.0.find(argument, *may_be_glob, &mut walked, progress);
            }
        }
        if !far.is_empty() {
            walked.settle();
        }
        walked
    }
}

/// What was seen of objects, by their place among the targets. Each is handed out once: a copy of all would be memory.
#[derive(Debug, Default)]
pub(super) struct Far(HashMap<usize, Mutex<Option<SourceFacts>>>);

impl Far {
    pub(super) fn take(&self, place: usize) -> Option<SourceFacts> {
        self.0.get(&place)?.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The headers of all targets that are objects. `None` if somebody stopped it.
pub(super) fn scan_all(targets: &[Target], memo: &Memo, progress: &Progress) -> Option<Far> {
    let far = targets.iter().enumerate().filter_map(|(place, target)| Some((place, target.object()?)));
    let far: Vec<(usize, Arc<Object>)> = far.map(|(place, object)| (place, Arc::clone(object))).collect();
    if far.is_empty() {
        return Some(Far::default());
    }
    let objects = far.iter().map(|(place, object)| (targets[*place].clone(), Arc::clone(object))).collect();
    let facts = find::scan(objects, memo, progress)?;
    let places = far.into_iter().map(|(place, _)| place);
    Some(Far(places.zip(facts.into_iter().map(|facts| Mutex::new(Some(facts)))).collect()))
}

/// Runs it on as many threads as pay: where values of objects are read, each waits for the network most of the time.
pub(super) fn with_readers<T: Send>(far: bool, run: impl FnOnce() -> T + Send) -> T {
    let pool = far.then(|| rayon::ThreadPoolBuilder::new().num_threads(READERS).build());
    match pool {
        Some(Ok(pool)) => pool.install(run),
        _ => run(),
    }
}
