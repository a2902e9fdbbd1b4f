//! Which file applies, and how it was found.
