//! From an address to targets.

use std::sync::{Arc, OnceLock};

use super::address::Address;
use super::headers;
use super::list::{Found, find};
pub(crate) use super::object::Object;
use super::store;
use super::trouble::Trouble;
use crate::config::remote::Remote;
use crate::source::fault::FileFault;
use crate::source::walk::{Unmatched, Walk};
use crate::source::{Memo, Progress, SourceFacts, Target};

/// The stores of a run, opened when the first address is seen.
#[derive(Debug)]
pub(super) struct Stores {
    settings: Remote,
    open: OnceLock<Result<store::Stores, String>>,
}

impl Stores {
    pub(super) fn new(settings: &Remote) -> Self {
        Self { settings: settings.clone(), open: OnceLock::new() }
    }

    /// Adds what the address stands for.
    pub(super) fn find(&self, argument: &str, may_be_glob: bool, walked: &mut Walk, progress: &Progress) {
        let none: Arc<str> = "".into();
        let (shown, found) = match Address::parse(argument) {
            Ok(address) => (address.of(&address.key), self.found(&address, may_be_glob, progress)),
            Err(why) => (argument.to_owned(), Err(Trouble::Address(why.into()))),
        };
        let far =
            |path: &str, root: &Arc<str>, trouble| Target::far(path.into(), root, Err(FileFault::Remote(trouble)));
        match found {
            Err(trouble) => walked.targets.push(far(&shown, &none, trouble)),
            Ok((address, Found::One(object))) => {
                walked.targets.push(Target::far(address.of(&address.key).into(), &none, Ok(object)));
            }
            Ok((address, Found::Many { objects, troubles, glob })) => {
                if objects.is_empty() && troubles.is_empty() {
                    let typed = argument.to_owned();
                    walked.unmatched.push(if glob.is_some() {
                        Unmatched::Glob(typed)
                    } else {
                        Unmatched::Folder(typed)
                    });
                }
                let root = if glob.is_some() { none } else { shown.trim_end_matches('/').into() };
                for object in objects {
                    let folder = glob.as_ref().and_then(|glob| glob.folder(object.key()));
                    let root = folder.map_or_else(|| Arc::clone(&root), |folder| address.of(folder).into());
                    walked.targets.push(Target::far(address.of(object.key()).into(), &root, Ok(object)));
                }
                walked.targets.extend(troubles.into_iter().map(|(path, trouble)| far(&path, &root, trouble)));
            }
        }
    }

    fn found(&self, address: &Address, may_be_glob: bool, progress: &Progress) -> Result<(Address, Found), Trouble> {
        let open = self.open.get_or_init(|| store::Stores::new(&self.settings).map_err(|error| error.to_string()));
        let stores = open.as_ref().map_err(|error| Trouble::Other(error.clone()))?;
        Ok((address.clone(), find(address, &stores.of(address)?, may_be_glob, progress)?))
    }
}

/// The headers of objects.
pub(super) fn scan(targets: Vec<(Target, Arc<Object>)>, memo: &Memo, progress: &Progress) -> Option<Vec<SourceFacts>> {
    headers::scan_objects(targets, memo, progress)
}
