//! The training loop that all papers share.

mod checkpoint;
mod config;
mod fit;

pub use config::{Selection, Shuffle, TrainConfig, TrainOverride};
pub use fit::{CHECKPOINT_INTERVAL, Fit, Task, Training, fit};
