//! What the papers share: devices and random streams, mixing, losses, metrics, networks, training.

pub mod checked;
pub mod nn;
pub mod optim;
pub mod train;

/// What can go wrong in core: a bad device, shapes that do not agree, training that diverged.
#[derive(Debug, thiserror::Error)]
pub enum CoreError {
    /// An argument that the function cannot work with.
    #[error("{0}")]
    Invalid(String),
}
