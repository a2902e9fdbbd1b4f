//! The widest instructions that the processor has, for loops over a block.

/// Does the work with them. They reach as far as code is put into `work`: what it calls has to be `#[inline(always)]`, and so has
/// the closure. What comes out must not depend on them: lanes are fixed, and nothing is fused.
#[inline]
pub(super) fn wide<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}
