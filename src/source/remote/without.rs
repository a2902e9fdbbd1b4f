//! What is said of an address where batchlint was built without the feature `remote`.

use std::sync::Arc;

use crate::config::remote::Remote;
use crate::source::fault::{FileFault, Trouble};
use crate::source::walk::Walk;
use crate::source::{Memo, Progress, SourceFacts, Target};

/// There is none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Object {}

/// There are none.
#[derive(Debug)]
pub(super) struct Stores;

impl Stores {
    pub(super) fn new(_: &Remote) -> Self {
        Self
    }

    /// Adds why nothing is read.
    #[allow(clippy::unused_self, reason = "as where there are stores")]
    pub(super) fn find(&self, argument: &str, walked: &mut Walk, _: &Progress) {
        let path = argument.split('?').next().unwrap_or(argument);
        let why = "this batchlint was built without the feature `remote`";
        let trouble = FileFault::Remote(Trouble::Address(why.into()));
        walked.targets.push(Target::far(path.into(), &"".into(), Err(trouble)));
    }
}

/// The headers of no object.
pub(super) fn scan(_: Vec<(Target, Arc<Object>)>, _: &Memo, _: &Progress) -> Option<Vec<SourceFacts>> {
    Some(Vec::new())
}
