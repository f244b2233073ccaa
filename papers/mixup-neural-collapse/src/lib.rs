#![doc = include_str!("../README.md")]

mod channel;
mod etf;
mod free;
mod golden;
mod method;
mod pictures;
mod terminal;
mod ufm;

pub use channel::{Channel, Pair, centred, channel_stats};
pub use etf::{SINGULAR, etf_projection, random_axes, simplex_etf};
pub use free::{By, FreeFeatures, FreeSetting, FreeSpec, Solution};
pub use method::{Method, MixupMse};
pub use pictures::{CHANNEL_FIGURE, GAP_FIGURE, TERMINAL_FIGURE};
pub use terminal::{Terminal, TerminalSpec};
pub use ufm::{Optimum, Ufm, UfmLoss, pair_targets, ufm_loss};

use mixup_paper::{Paper, RoutineEntry};

/// Mixup's influence on neural collapse as the laboratory knows it.
pub fn paper() -> Paper {
    Paper {
        slug: "mixup-neural-collapse",
        routines: vec![RoutineEntry::of::<FreeFeatures>(), RoutineEntry::of::<Terminal>()],
        golden: golden::ops(),
    }
}
