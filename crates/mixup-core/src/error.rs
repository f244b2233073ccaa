//! What can go wrong in core.

/// What can go wrong in core: a bad device, shapes that do not agree, training that diverged, a
/// checkpoint that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CoreError {
    /// The device is unknown or not compiled in.
    #[error("{0}")]
    Device(String),
    /// An argument that the function cannot work with; says which and what would be right.
    #[error("{0}")]
    Invalid(String),
    /// The training loss became infinite or NaN.
    #[error(
        "the training loss became {loss} at step {step} of epoch {epoch} (both from 1); a lower learning rate may help"
    )]
    NonFinite {
        /// Epoch, from 1.
        epoch: usize,
        /// Step in the epoch, from 1.
        step: usize,
        /// The loss.
        loss: f32,
    },
    /// A checkpoint could not be written or read.
    #[error("checkpoint {path}: {problem}")]
    Checkpoint {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}
