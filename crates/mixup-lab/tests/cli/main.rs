//! The command line as a user meets it: a binary with a toy paper (examples/toy-lab.rs) in a
//! workspace of its own.

#![allow(clippy::unwrap_used, reason = "a test stops at what goes wrong")]

mod bad_input;
mod bench;
mod event_log;
mod faults;
mod json;
#[cfg(target_os = "linux")]
mod kill;
mod lab;
mod new_paper;
mod predictions;
mod replay;
mod reuse;
#[cfg(unix)]
mod sweep;
mod until_decided;
#[cfg(target_os = "linux")]
mod without_locks;
