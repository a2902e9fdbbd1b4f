//! Text to [`super::Spec`], with every fault found in one pass.
