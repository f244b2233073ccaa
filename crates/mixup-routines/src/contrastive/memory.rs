//! What a method remembers beyond a batch: an average network, and a queue of what it gave.

use std::num::NonZeroUsize;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use mixup_core::{
    CoreError,
    checked::UnitInterval,
    tensor::{to_device, to_host},
    train::{Ema, Queue},
};
use ndarray::Array2;

use super::network::ContrastiveNetwork;

/// What a method wants to remember.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MemoryPlan {
    /// Decay of an average network's weights and running statistics; no average network where absent.
    pub decay: Option<UnitInterval>,
    /// Embeddings in a queue; no queue where absent.
    pub queue: Option<NonZeroUsize>,
}

/// The average network and the queue, all in a run's checkpoint.
///
/// The average network is in evaluation mode: its keys come by running statistics, so that a key does not depend on the
/// others of its batch. (By the batch's statistics a network can tell which keys came together with its query, which says
/// nothing about the image; MoCo shuffles batches over several cards against it.)
#[derive(Module, Debug)]
pub struct Memory {
    teacher: Option<Ema<ContrastiveNetwork>>,
    keys: Option<Queue>,
    origins: Option<Queue>,
}

/// A sample's place in the training part and its label.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Origin {
    /// Below 2^24, which f32 has exactly.
    pub row: usize,
    /// As a single-precision number.
    pub target: f64,
}

impl Memory {
    /// A memory that begins with the network as it is and an empty queue.
    ///
    /// # Errors
    /// Embeddings without dimensions.
    pub fn new(
        plan: MemoryPlan,
        network: &ContrastiveNetwork,
        dimensions: usize,
        device: &Device,
    ) -> Result<Self, CoreError> {
        let queue = |width| plan.queue.map(|capacity| Queue::new(capacity.get(), width, device)).transpose();
        Ok(Self {
            teacher: plan.decay.map(|_| Ema::new(network)),
            keys: queue(dimensions)?,
            origins: queue(2)?,
        })
    }

    /// The average network.
    ///
    /// # Errors
    /// A memory without.
    pub fn teacher(&self) -> Result<&ContrastiveNetwork, CoreError> {
        let missing = || CoreError::Invalid("a memory without an average network".into());
        Ok(self.teacher.as_ref().ok_or_else(missing)?.average())
    }

    /// The embeddings in the queue, `[queue, dimensions]`, with where they are from; none where it is empty.
    ///
    /// # Errors
    /// A device that failed to answer.
    pub fn queued(&self) -> Result<Option<(Tensor<2>, Vec<Origin>)>, CoreError> {
        let rows = |queue: &Option<Queue>| queue.as_ref().and_then(Queue::rows);
        let (Some(keys), Some(origins)) = (rows(&self.keys), rows(&self.origins)) else { return Ok(None) };
        let origins = to_host(origins)?;
        let origin = |pair: &[f64]| Origin { row: pair[0] as usize, target: pair[1] };
        Ok(Some((keys, origins.chunks_exact(2).map(origin).collect())))
    }

    /// Puts embeddings into the queue, in place of the oldest.
    ///
    /// # Errors
    /// Other dimensions, or other numbers of rows and labels.
    pub fn push(&mut self, keys: Tensor<2>, rows: &[usize], targets: &[f64]) -> Result<(), CoreError> {
        let (Some(queue), Some(origins)) = (&mut self.keys, &mut self.origins) else { return Ok(()) };
        if rows.len() != targets.len() || rows.len() != keys.dims()[0] {
            let (keys, rows, targets) = (keys.dims()[0], rows.len(), targets.len());
            return Err(CoreError::Invalid(format!("{keys} keys of {rows} samples with {targets} labels")));
        }
        let from = Array2::from_shape_fn((rows.len(), 2), |(at, column)| match column {
            0 => rows[at] as f64,
            _ => targets[at],
        });
        origins.push(to_device(from.view(), &keys.device().inner()))?;
        queue.push(keys)
    }

    /// Moves the average towards the network.
    ///
    /// # Errors
    /// A network of another structure.
    pub(super) fn follow(
        &mut self,
        network: &ContrastiveNetwork,
        decay: Option<UnitInterval>,
    ) -> Result<(), CoreError> {
        match (&mut self.teacher, decay) {
            (Some(teacher), Some(decay)) => teacher.update(network, decay),
            _ => Ok(()),
        }
    }
}
