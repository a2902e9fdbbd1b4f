//! Whether saved facts can be facts. They come from anywhere: what rules and renderers rely on without asking again is
//! checked here, once.

use crate::source::text::is_hostile;
use crate::source::{ArrayFacts, Excerpt, Header, Reading, SourceFacts};

/// Axes of an array at most, as in NumPy.
const AXES: usize = 64;
/// Values that a file of facts can speak of: a pebibyte of bytes. More were never read, and would not add up.
const VALUES: u64 = 1 << 50;

/// What cannot be true of a source, if anything. `values` adds up the values of all sources of the file.
pub(super) fn impossible(source: &SourceFacts, values: &mut u64) -> Option<&'static str> {
    let excerpts = source.faults.iter().filter_map(|fault| fault.excerpt.as_deref());
    if excerpts.into_iter().any(|excerpt| !is_shown(excerpt)) {
        return Some("the excerpt of a header is not one");
    }
    source.arrays.iter().find_map(|array| of_array(array, values))
}

fn of_array(array: &ArrayFacts, values: &mut u64) -> Option<&'static str> {
    if !is_shape(&array.header) {
        return Some("no array has that shape");
    }
    if let Some(Reading::Read(read)) = array.reading.as_deref() {
        *values = values.saturating_add(read.count.saturating_mul(2));
        if *values > VALUES {
            return Some("so many values were never read");
        }
        return read.impossible(&array.header.layout());
    }
    None
}

/// NumPy multiplies the sizes that are not zero with the item size, and keeps the product in 63 bits.
fn is_shape(header: &Header) -> bool {
    let sizes = header.shape.iter().filter(|size| **size > 0);
    let bytes = sizes.into_iter().try_fold(header.dtype.size.max(1), |all, size| all.checked_mul(*size));
    header.shape.len() <= AXES && bytes.is_some_and(|bytes| i64::try_from(bytes).is_ok())
}

/// Whether the text is safe to show and the span lies in it.
fn is_shown(excerpt: &Excerpt) -> bool {
    excerpt.text.get(excerpt.span.clone()).is_some() && !excerpt.text.chars().any(is_hostile)
}
