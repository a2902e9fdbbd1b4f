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
pub mod propose;
#[cfg(test)]
mod samples;
mod sink;
pub mod step;

pub use carry::{Check, Destination, Done, Written, carry_out, copy};
pub use compare::Compared;

use crate::source::Header;
use crate::source::npy::write::descr;
use crate::spec::dtype::Kind;

/// The dictionary of a header as NumPy writes it: `{'descr': '<f4', 'fortran_order': False, 'shape': (32, 3), }`. What
/// `numpy.save` has no short word for is called by its name.
#[must_use]
pub fn header_text(header: &Header) -> String {
    let sizes: Vec<String> = header.shape.iter().map(u64::to_string).collect();
    let shape = match header.shape.len() {
        1 => format!("{},", sizes[0]),
        _ => sizes.join(", "),
    };
    let fortran = if header.fortran { "True" } else { "False" };
    let descr = descr(&header.dtype).unwrap_or_else(|| match header.dtype.kind {
        Kind::UnnamedMl => format!("'<V{}'", header.dtype.size),
        _ => format!("'{}'", header.dtype.name()),
    });
    format!("{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': ({shape}), }}")
}
