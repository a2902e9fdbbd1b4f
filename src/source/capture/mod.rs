//! Batches of a running Python program: what the helper tells of them.

pub mod facts;
pub mod places;

pub use facts::{Capture, Leaf, Yielded, key_of};
