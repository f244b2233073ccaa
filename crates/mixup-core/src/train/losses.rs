//! Losses of steps, read from the device.

use burn::tensor::Tensor;

use super::{OPENING, Step};
use crate::{CoreError, tensor::to_host};

/// Steps between two readings of a device that computes while the host goes on: each waits for it.
const READ_EVERY: usize = 20;

/// The losses of an epoch.
pub(super) struct Losses {
    /// Steps between two readings.
    every: usize,
    unread: Vec<Tensor<1>>,
    read: usize,
    total: f64,
}

impl Losses {
    /// None yet; read one by one, or some at a time.
    pub(super) fn new(one_by_one: bool) -> Self {
        let every = if one_by_one { 1 } else { READ_EVERY };
        Self { every, unread: Vec::new(), read: 0, total: 0.0 }
    }

    /// Takes the loss of a step; reads it with all that wait, if it is time.
    pub(super) fn push(
        &mut self,
        loss: &Tensor<1>,
        step: &Step<'_>,
        opening: &mut Vec<f64>,
    ) -> Result<(), CoreError> {
        self.unread.push(loss.clone().detach());
        let opens = opening.len() < OPENING && opening.len() + self.unread.len() >= OPENING;
        match opens || self.unread.len() >= self.every {
            true => self.read(step.epoch, opening),
            false => Ok(()),
        }
    }

    /// Reads those that wait.
    ///
    /// # Errors
    /// A loss that is not finite, with its step; or a device that fails.
    pub(super) fn read(&mut self, epoch: usize, opening: &mut Vec<f64>) -> Result<(), CoreError> {
        let unread = match std::mem::take(&mut self.unread) {
            unread if unread.len() > 1 => Some(Tensor::cat(unread, 0)),
            mut unread => unread.pop(),
        };
        for loss in unread.map(to_host).transpose()?.unwrap_or_default() {
            self.read += 1;
            if !loss.is_finite() {
                return Err(CoreError::NonFinite { epoch: epoch + 1, step: self.read, loss: loss as f32 });
            }
            if opening.len() < OPENING {
                opening.push(loss);
            }
            self.total += loss;
        }
        Ok(())
    }

    /// Mean over the losses that were read.
    pub(super) fn mean(&self) -> f64 {
        self.total / self.read as f64
    }
}
