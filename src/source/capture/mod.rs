//! Batches of a running Python program: the helper that is started in it, what it tells, and the facts that come of it.

pub mod child;
pub mod end;
pub mod facts;
pub mod frame;
mod helper;
mod leaf;
pub mod places;
pub mod receive;
mod save;

pub use facts::{Again, Capture, Leaf, Yielded, key_of};
pub use receive::{Event, Receiver, Stalled, Start};
pub use save::Save;
