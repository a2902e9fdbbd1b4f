//! What one pass over the numbers of an array says.

pub mod pickle;
