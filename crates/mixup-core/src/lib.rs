//! What the papers share: devices and random streams, mixing, losses, metrics, calibration, networks, training.

pub mod attack;
pub mod augment;
pub mod calibrate;
pub mod checked;
pub mod clock;
pub mod cluster;
pub mod device;
mod error;
pub mod files;
pub mod image;
pub mod label_noise;
pub mod linalg;
pub mod loss;
pub mod metrics;
pub mod mix;
pub mod nn;
pub mod optim;
pub mod probe;
pub mod shift;
pub mod split;
pub mod stream;
pub mod tensor;
pub mod train;

pub use error::CoreError;
