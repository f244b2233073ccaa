//! The command line of mixup-lab over the papers of this workspace.

use std::process::ExitCode;

/// Training allocates and frees large buffers at every step, which this allocator keeps at hand.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    mixup_lab::main(&xtask::papers::all())
}
