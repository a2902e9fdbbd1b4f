//! How data in object stores is reached. What is in them does not depend on it, so it is for the command line and not for a
//! file.

/// How data in object stores is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remote {
    /// `--connections`: requests under way at the same time, at most.
    pub connections: Option<usize>,
    /// `--remote-timeout`, seconds without a byte.
    pub timeout: Option<u64>,
    /// `--anonymous`: nobody says who asks.
    pub anonymous: bool,
}

impl Remote {
    /// Requests under way at the same time, unless said: enough for 20,000 objects a second where each takes 20 ms.
    pub const CONNECTIONS: usize = 1024;
    /// Seconds without a byte after which a request is tried again, unless said.
    pub const TIMEOUT: u64 = 30;
}
