//! Repairs of data: what becomes of each array and of each file, how the new bytes are made, and how they take the place
//! of the old ones without a moment in which neither is whole.
//!
//! [`step`] says what is done to one array, [`plan`] what is done to a file. Nothing here decides that something should be
//! repaired, and nothing is written that the plan does not name.

pub mod plan;
pub mod propose;
pub mod step;

use crate::source::Header;
use crate::spec::dtype::{ByteOrder, Dtype, Kind};

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
    format!("{{'descr': '{}', 'fortran_order': {fortran}, 'shape': ({shape}), }}", descr(&header.dtype))
}

fn descr(dtype: &Dtype) -> String {
    let letter = match &dtype.kind {
        Kind::Bool => 'b',
        Kind::Int => 'i',
        Kind::Uint => 'u',
        Kind::Float | Kind::LongDouble => 'f',
        Kind::Complex => 'c',
        Kind::Bytes => 'S',
        Kind::Text => 'U',
        Kind::Void | Kind::UnnamedMl => 'V',
        Kind::Datetime(unit) if unit.is_empty() => return format!("{}M8", order(dtype)),
        Kind::Datetime(unit) => return format!("{}M8[{unit}]", order(dtype)),
        Kind::Timedelta(unit) if unit.is_empty() => return format!("{}m8", order(dtype)),
        Kind::Timedelta(unit) => return format!("{}m8[{unit}]", order(dtype)),
        Kind::Ml(_) | Kind::Object | Kind::Struct(_) => return dtype.name(),
    };
    let size = if dtype.kind == Kind::Text { dtype.size / 4 } else { dtype.size };
    format!("{}{letter}{size}", order(dtype))
}

fn order(dtype: &Dtype) -> char {
    match dtype.order {
        ByteOrder::Big => '>',
        ByteOrder::Little if dtype.size > 1 => '<',
        _ => '|',
    }
}
