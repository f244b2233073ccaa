//! Everything that must hold of every paper, in one binary.
#![allow(clippy::unwrap_used, reason = "a test stops at what goes wrong")]

mod files;
mod golden;
mod identity;
mod names;
mod parameters;
mod recompute;
mod reports;
mod site;
mod smoke;

use std::path::{Path, PathBuf};

/// As in `cargo xtask`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The root of this workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// `MIXUP_DATA_DIR`, or the shared folder beside the repository.
fn data_dir() -> Option<PathBuf> {
    let beside = root().join("../shared/data");
    let unset = std::env::var_os("MIXUP_DATA_DIR").is_none();
    (unset && beside.is_dir()).then_some(beside)
}
