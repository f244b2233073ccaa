//! The training loop that all papers share.

mod batches;
mod checkpoint;
mod config;
mod course;
mod ema;
mod feed;
mod fit;
mod losses;
pub mod module;
mod network;
mod queue;
mod task;
mod trace;

pub use batches::Batches;
pub use config::{Selection, Shuffle, TrainConfig, TrainOverride};
pub use ema::{Ema, ramped_decay};
pub use feed::{Feed, NoFeed};
pub use fit::{CHECKPOINT_INTERVAL, Fit, OPENING, Training, fit};
pub use network::Network;
pub use queue::Queue;
pub use task::{NoState, Step, Task};
pub use trace::trace;
