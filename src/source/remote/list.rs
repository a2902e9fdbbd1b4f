//! From an address to objects: a bucket or what begins like a folder is listed, a glob is held against the keys, everything
//! else is an object that is taken at its word.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use globset::{GlobBuilder, GlobMatcher};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore as _};

use super::Object;
use super::address::{Address, Service};
use super::store::Store;
use super::trouble::{Asked, Trouble};
use crate::source::Progress;

/// Folders that are listed at the same time. Below that many, folders are opened to find more.
const STREAMS: usize = 32;

/// What an address stands for.
pub(crate) enum Found {
    /// One object.
    One(Object),
    /// What a folder or a glob holds.
    Many {
        /// The objects.
        objects: Vec<Object>,
        /// What could not be listed, as addresses.
        troubles: Vec<(String, Trouble)>,
        /// The glob, where it was one.
        glob: Option<Glob>,
    },
}

/// A glob over keys, which means what it means over files.
pub(crate) struct Glob(GlobMatcher);

impl Glob {
    fn new(pattern: &str) -> Result<Self, Trouble> {
        let glob = GlobBuilder::new(pattern).literal_separator(true).build();
        let glob = glob.map_err(|error| Trouble::Address(error.kind().to_string()))?;
        Ok(Self(glob.compile_matcher()))
    }

    /// The folder of the key that it fits, which is searched as one that was named.
    pub(crate) fn folder<'k>(&self, key: &'k str) -> Option<&'k str> {
        let deep = self.0.glob().glob().contains("**");
        let mut folders = key.match_indices('/').map(|(at, _)| &key[..at]).filter(|_| !deep);
        folders.find(|folder| self.0.is_match(folder))
    }

    fn fits(&self, key: &str) -> bool {
        // A glob that ends in a star means arrays; one that ends in a name means what it says.
        let open_end = self.0.glob().glob().ends_with('*');
        let array = is_array(key);
        (array && self.folder(key).is_some()) || (self.0.is_match(key) && (array || !open_end))
    }
}

/// Finds what the address stands for.
pub(crate) fn find(
    address: &Address,
    store: &Arc<Store>,
    may_be_glob: bool,
    progress: &Progress,
) -> Result<Found, Trouble> {
    let glob = may_be_glob && address.service != Service::Http && address.key.contains(['*', '?', '[', '{']);
    if !glob && is_array(&address.key) {
        return Ok(Found::One(Object::named(store, path(address)?)));
    }
    if address.service == Service::Http {
        return Err(Trouble::Address(
            "a web server gives no list of its files: name each of them, or --files-from".into(),
        ));
    }
    let (prefix, glob) = if glob {
        let fixed = address.key.find(['*', '?', '[', '{']).map_or("", |at| &address.key[..at]);
        let folder = fixed.rsplit_once('/').map_or("", |(folder, _)| folder);
        (folder, Some(Glob::new(&address.key)?))
    } else {
        (address.key.trim_end_matches('/'), None)
    };
    let wanted = |key: &str| glob.as_ref().map_or_else(|| is_array(key), |glob| glob.fits(key));
    let prefix = Path::parse(prefix).map_err(|error| Trouble::Address(error.to_string()))?;
    let listed = store.runtime.wait(list(store, address, prefix, &wanted, progress), progress);
    // Who stopped it hears that from those who read the headers.
    let (objects, troubles) = listed.unwrap_or_default();
    Ok(Found::Many { objects, troubles, glob })
}

/// The key of an object that is named.
fn path(address: &Address) -> Result<Path, Trouble> {
    let wrong = |error: object_store::path::Error| Trouble::Address(error.to_string());
    match address.service {
        Service::Http => Path::from_url_path(&address.key).map_err(wrong),
        _ => Path::parse(&address.key).map_err(wrong),
    }
}

fn is_array(key: &str) -> bool {
    let extension = key.rsplit_once('.').map_or("", |(_, extension)| extension);
    extension.eq_ignore_ascii_case("npy") || extension.eq_ignore_ascii_case("npz")
}

/// One answer of a listing.
enum Part {
    /// A folder was opened: what is in it, and the folders.
    Opened(Result<(Vec<ObjectMeta>, Vec<Path>), Trouble>, Path),
    /// A folder was listed with all below it.
    Listed(Vec<ObjectMeta>, Option<Trouble>, Path),
}

/// Lists everything below the prefix. Folders are opened, side by side, until there are enough to keep the store busy; then
/// each is listed with all that is below it.
async fn list(
    store: &Arc<Store>,
    address: &Address,
    prefix: Path,
    wanted: &impl Fn(&str) -> bool,
    progress: &Progress,
) -> (Vec<Object>, Vec<(String, Trouble)>) {
    let (mut objects, mut troubles) = (Vec::new(), Vec::new());
    let mut waiting = vec![prefix];
    let mut running = FuturesUnordered::new();
    let keep = |meta: ObjectMeta| {
        wanted(meta.location.as_ref()).then(|| Object::listed(store, meta.location, meta.size, meta.e_tag))
    };
    loop {
        while running.len() < STREAMS && !progress.stopped() {
            let Some(folder) = waiting.pop() else { break };
            let open = waiting.len() + running.len() + 1 < STREAMS;
            running.push(part(store, folder, open, wanted, progress));
        }
        let Some(part) = running.next().await else { break };
        let (found, trouble, folder) = match part {
            Part::Opened(Ok((found, folders)), folder) => {
                waiting.extend(folders);
                (found, None, folder)
            }
            Part::Opened(Err(trouble), folder) => (Vec::new(), Some(trouble), folder),
            Part::Listed(found, trouble, folder) => (found, trouble, folder),
        };
        objects.extend(found.into_iter().filter_map(keep));
        progress.files.store(objects.len() as u64, Ordering::Relaxed);
        if let Some(trouble) = trouble {
            troubles.push((address.of(folder.as_ref()), trouble));
        }
    }
    (objects, troubles)
}

async fn part(store: &Store, folder: Path, open: bool, wanted: &impl Fn(&str) -> bool, progress: &Progress) -> Part {
    let wrong = |error: object_store::Error| Trouble::of(&error, store.service, Asked::List);
    let below = (!folder.as_ref().is_empty()).then_some(&folder);
    if open {
        let listed = store.objects.list_with_delimiter(below).await.map_err(wrong);
        return Part::Opened(listed.map(|listed| (listed.objects, listed.common_prefixes)), folder);
    }
    let mut stream = store.objects.list(below);
    let mut found = Vec::new();
    while let Some(meta) = stream.next().await.filter(|_| !progress.stopped()) {
        match meta {
            Ok(meta) if wanted(meta.location.as_ref()) => found.push(meta),
            Ok(_) => {}
            Err(error) => {
                let trouble = wrong(error);
                drop(stream);
                return Part::Listed(found, Some(trouble), folder);
            }
        }
    }
    drop(stream);
    Part::Listed(found, None, folder)
}
