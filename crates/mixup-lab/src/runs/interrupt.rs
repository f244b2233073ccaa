//! Ctrl-C and SIGTERM: a flag that long commands look at.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);
static HANDLER: Once = Once::new();

/// From now on the first Ctrl-C asks to stop and the second one ends the process.
pub(crate) fn watch() {
    HANDLER.call_once(|| {
        let handler = ctrlc::set_handler(|| {
            if REQUESTED.swap(true, Ordering::SeqCst) {
                std::process::exit(130);
            }
        });
        if let Err(error) = handler {
            eprintln!("warning: Ctrl-C will end at once, without a last word: {error}");
        }
    });
}

/// Whether the user asked to stop.
pub(crate) fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}
