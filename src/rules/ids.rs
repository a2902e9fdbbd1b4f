//! Arrays whose numbers are names: ids of tokens, users, categories. Nobody scales them, and their range is that of an
//! embedding.

use crate::spec::dims::Dim;
use crate::spec::dtype::{Class, Wanted};
use crate::spec::{Declaration, Role};

/// Axes of a batch of images, the batch axis included.
const IMAGE_AXES: usize = 4;

/// Whether a declaration is one of ids: an input that takes nothing but integers of 32 or 64 bits, or a class of
/// integers, and that is no batch of images.
pub(super) fn is_ids(declared: &Declaration) -> bool {
    let Some(dtype) = &declared.dtype else { return false };
    let integer = |wanted: &Wanted| match wanted {
        Wanted::Exactly(dtype) => dtype.is_integer() && matches!(dtype.size, 4 | 8),
        Wanted::Class(class) => matches!(class, Class::Integer | Class::Signed | Class::Unsigned),
    };
    let image = declared.shape.as_ref().is_some_and(|shape| {
        shape.value.dims.len() == IMAGE_AXES && !shape.value.dims.iter().any(|dim| matches!(dim, Dim::Rest))
    });
    declared.role == Role::Input && !dtype.value.wanted.is_empty() && dtype.value.wanted.iter().all(integer) && !image
}

#[cfg(test)]
mod tests {
    use super::is_ids;
    use crate::rules::testing::World;
    use crate::spec::Framework;

    #[test]
    fn wide_integers_are_ids_and_images_are_not() {
        let ids =
            |dtype: &str, shape: &str| is_ids(&World::new(Framework::Torch).input("x", dtype, shape).spec.arrays[0]);
        assert!(ids("int64", "batch, T") && ids("int32 | int64", "batch") && ids("integer", ""));
        assert!(!ids("int64", "batch, 3, 32, 32") && !ids("uint8", "batch, T") && !ids("int64 | float32", "batch"));
        assert!(!ids("", "batch"));
        let target = World::new(Framework::Torch).target("y", "int64", "batch");
        assert!(!is_ids(&target.spec.arrays[0]));
    }
}
