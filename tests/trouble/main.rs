//! The binary in trouble: hostile files and programs, failing disks, signals, no memory. What is told, how it ends, and what is
//! left behind. `docs/reliability.md` is the table of it.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod cached;
mod channel;
mod escape;
mod faults;
mod interrupts;
mod memory;
mod shim;
#[path = "../support/mod.rs"]
mod support;
mod tool;
