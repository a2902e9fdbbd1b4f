//! Repairs of data: what becomes of each array and of each file, how the new bytes are made, and how they take the place
//! of the old ones without a moment in which neither is whole.
//!
//! [`step`] says what is done to one array, [`plan`] what is done to a file. Nothing here decides that something should be
//! repaired, and nothing is written that the plan does not name.

mod archive;
pub mod carry;
mod compare;
pub mod convert;
mod make;
pub mod plan;
#[cfg(test)]
mod samples;
mod sink;
pub mod step;

pub use carry::{Check, Destination, Done, Written, carry_out, copy};
pub use compare::Compared;
