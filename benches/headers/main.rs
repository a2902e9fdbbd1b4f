//! Header scans beside their floor and beside NumPy, in one run. Linux only: the floor is made of its system calls.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing to say")]

#[cfg(target_os = "linux")]
mod growth;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
#[path = "../rounds/mod.rs"]
mod rounds;

fn main() {
    #[cfg(target_os = "linux")]
    linux::main();
}
