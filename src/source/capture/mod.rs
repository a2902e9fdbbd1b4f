//! Batches of a running Python program: what the helper tells of them.

pub mod facts;

pub use facts::{Capture, Leaf, Yielded, key_of};
