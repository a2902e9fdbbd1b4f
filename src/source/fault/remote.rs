//! What a store says when it does not give what it was asked for.

use serde::{Deserialize, Serialize};

use crate::source::remote::address::Service;

/// What was asked of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Asked {
    /// To be there.
    Open,
    /// What there is.
    List,
    /// The bytes of an object.
    Read,
}

/// Why a store did not give what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("the store gave no answer that helps")]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// No object of that name.
    NotFound,
    /// No bucket of that name.
    NoBucket,
    /// The store knows who asks, and refuses.
    Denied {
        /// Which kind of store.
        service: Service,
        /// What was asked.
        asked: Asked,
    },
    /// No credentials were found where they are looked for.
    NoCredentials(Service),
    /// The credentials are not known, wrong, or of yesterday.
    Refused {
        /// Which kind of store.
        service: Service,
        /// The store's own word for it, such as `ExpiredToken`.
        code: String,
    },
    /// The bucket is in another region.
    Region,
    /// It answered that it was asked too much, to the end.
    Busy,
    /// No answer in time, to the end.
    TimedOut,
    /// There is nobody, or the connection broke, to the end. The system's words.
    Unreachable(String),
    /// The object is not what it was when it was listed, or first read.
    Replaced,
    /// The answer has another length than it says.
    WrongLength {
        /// Bytes that came.
        got: u64,
        /// Bytes that were announced.
        expected: u64,
    },
    /// The server cannot give a part of something.
    NoRanges,
    /// The address cannot be used. Why.
    Address(String),
    /// Anything else, in the store's words.
    Other(String),
}
