//! Inputs that are ids: rows of an embedding, looked up and not computed with.

use crate::spec::dtype::{Class, Kind, Wanted};
use crate::spec::{Declaration, Role};

/// Whether the array is declared as ids: an input whose every type is an integer of 32 or 64 bits, or a class of
/// integers, and which is no image (four axes).
pub(super) fn is_ids(declared: &Declaration) -> bool {
    let whole = declared.dtype.as_ref().is_some_and(|dtype| {
        !dtype.value.wanted.is_empty()
            && dtype.value.wanted.iter().all(|wanted| match wanted {
                Wanted::Exactly(exact) => matches!(exact.kind, Kind::Int | Kind::Uint) && matches!(exact.size, 4 | 8),
                Wanted::Class(class) => matches!(class, Class::Integer | Class::Signed | Class::Unsigned),
            })
    });
    let image = declared.shape.as_ref().is_some_and(|shape| shape.value.dims.len() == 4);
    declared.role == Role::Input && whole && !image
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::World;
    use crate::spec::Framework;

    #[test]
    fn ids_are_integers_that_are_no_pixels() {
        let input = |dtype, shape| is_ids(&World::new(Framework::Any).input("x", dtype, shape).spec.arrays[0]);
        assert!(input("int64", "batch, 8") && input("int32 | int64", "batch") && input("integer", "batch, T"));
        assert!(!input("uint8", "batch, 8") && !input("int64 | float32", "batch") && !input("", "batch"));
        assert!(!input("int32", "batch, 3, 8, 8") && !input("number", "batch"));
        assert!(!is_ids(&World::new(Framework::Any).target("y", "int64", "batch").spec.arrays[0]));
    }
}
