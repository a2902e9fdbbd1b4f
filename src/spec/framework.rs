//! What each consumer does with a batch that is not what it declared: accepts it, casts it in silence, refuses it, or
//! reads it wrong. Every sentence here was measured with the versions named in `docs/frameworks.md`.

pub use crate::config::framework::Framework;
