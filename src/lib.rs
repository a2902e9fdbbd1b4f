//! Lint tensor batches before you train.
//!
//! Data flows once, left to right; a stage names only stages to its left, and `tests/layers.rs` keeps it so.
//!
//! ```text
//! config ─ spec ─ values ─ source ─ facts ─ diagnostic ─ rules ─ verdict ─ fix ─ render
//!              └───────────────── run (the pipeline) names them all ─────────────────┘   cli, main
//! ```
//!
//! | stage | question it answers |
//! | --- | --- |
//! | [`config`] | what did the user ask for, in which file or flag? |
//! | [`spec`] | what does the model expect, and on which line is that written? |
//! | [`values`] | what does one pass over the values of an array show? |
//! | [`source`] | which arrays are in these files, and what is broken about the files? |
//! | [`facts`] | what was seen, per array, batch and stream? No opinions. |
//! | [`diagnostic`] | how is one fault described? |
//! | [`rules`] | which facts break which expectation? |
//! | [`verdict`] | what is shown, at which level, and what could not be checked? |
//! | [`fix`] | which edits of the user's source mend it, and are they right? |
//! | [`render`] | how does it look? |

pub mod cli;
pub mod config;
pub mod diagnostic;
mod drafts;
pub mod error;
pub mod exit;
pub mod facts;
pub mod fix;
pub mod render;
pub mod rules;
pub mod run;
pub mod source;
pub mod spec;
pub mod values;
pub mod verdict;
