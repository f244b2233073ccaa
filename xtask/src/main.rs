//! The command line of mixup-lab: the papers of this workspace, handed to the laboratory.

use std::process::ExitCode;

use mixup_lab::registry::PaperEntry;

// Large temporaries of training steps make glibc's malloc page-fault; with this allocator steps are
// two to three times faster.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    mixup_lab::cli::main(&[
        // Papers, one a line.
        PaperEntry::of::<c_mixup::CMixup>(),
    ])
}
