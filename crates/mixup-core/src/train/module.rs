//! The same for any module: what [`network!`](crate::network) writes, and what a task's state is kept by.

use burn::module::Module;
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Tensor};

use crate::clock::{Phase, timed};
use crate::optim::{Clip, Optimizer};

/// See [`Network::into_training`](super::Network::into_training).
pub fn into_training<M: Module>(module: M) -> M {
    module.train()
}

/// See [`Network::evaluation`](super::Network::evaluation).
pub fn evaluation<M: Module>(module: &M) -> M {
    module.valid()
}

/// See [`Network::descended`](super::Network::descended).
pub fn descended<M: Module>(
    module: M,
    loss: Tensor<1>,
    lr: f64,
    clip: Option<Clip>,
    optimizer: &mut Optimizer,
) -> M {
    let mut gradients = timed(Phase::Backward, || loss.backward());
    // Its graph holds the weights, which the step writes over where nobody else does.
    drop(loss);
    timed(Phase::Optimiser, || {
        if let Some(clip) = clip {
            clip.apply(&module, &mut gradients);
        }
        optimizer.step(lr, module, &mut gradients)
    })
}

/// See [`Network::to_bytes`](super::Network::to_bytes).
///
/// # Errors
/// burn's words for what cannot be written.
pub fn to_bytes<M: Module>(module: &M) -> Result<Bytes, String> {
    module.clone().into_record().into_bytes().map_err(|error| error.to_string())
}

/// See [`Network::with_bytes`](super::Network::with_bytes).
///
/// # Errors
/// burn's words for bytes that are not of such a module.
pub fn with_bytes<M: Module>(module: M, bytes: &[u8]) -> Result<M, String> {
    ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes.to_vec()))
        .and_then(|record| module.try_load_record(record))
        .map_err(|error| error.to_string())
}
