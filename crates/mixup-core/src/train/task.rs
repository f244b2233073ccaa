//! What a paper supplies to be trained.

use burn::module::Module;
use burn::tensor::Tensor;

use super::{Batches, Feed, Network};
use crate::{CoreError, checked::UnitInterval, optim::Clock, stream::Streams};

/// One step of training, as a task sees it.
#[derive(Debug)]
pub struct Step<'a> {
    /// Training samples of this step, in the order that [`Batches`] says.
    pub rows: &'a [usize],
    /// Epoch, from 0.
    pub epoch: usize,
    /// Epochs of the whole training.
    pub epochs: usize,
    /// Step in this epoch, from 0.
    pub step: usize,
    /// Steps of each epoch.
    pub steps: usize,
    /// Where all random numbers come from, so that a resumed run draws the same.
    pub streams: &'a mut Streams,
}

impl Step<'_> {
    /// Number of this step in the whole training, from 0.
    pub fn number(&self) -> usize {
        self.epoch * self.steps + self.step
    }

    /// The place of this step in the training.
    pub fn clock(&self) -> Clock {
        Clock { epoch: self.epoch, epochs: self.epochs, step: self.step, steps: self.steps }
    }

    /// Steps of the whole training, if patience does not end it.
    pub fn all(&self) -> usize {
        self.epochs * self.steps
    }

    /// Whether this step is among the first `share` of the whole training: for what is switched off after a
    /// while.
    pub fn is_within(&self, share: UnitInterval) -> bool {
        // A quotient, not a product: 1 of 10 steps is exactly the number that 0.1 is read as.
        (self.number() as f64 / self.all() as f64) < share.get()
    }
}

/// The state of a task that keeps none.
#[derive(Module, Debug, Default)]
pub struct NoState;

/// What is trained: a paper supplies the loss of a step and the validation loss.
pub trait Task {
    /// The network. What prediction needs and is not trained (running statistics) belongs here too.
    type Model: Network;

    /// Tensors beside the network that training changes and the optimiser does not: the average
    /// network of a teacher, a queue, a temperature per sample. [`NoState`] for none.
    ///
    /// A checkpoint holds its `Param` and `RunningState` fields, as of any module; burn does not record
    /// plain fields (a `usize`, a bare `Tensor`), so that what changes must not be one.
    /// Training hands it on as it is, in the mode (training, evaluation) in which it was made.
    type State: Module;

    /// What prepares the data of a step; [`NoFeed`](super::NoFeed) where [`loss`](Self::loss) makes all that it needs.
    type Feed: Feed;

    /// Number of training samples.
    fn samples(&self) -> usize;

    /// What prepares the data of a step.
    fn feed(&self) -> &Self::Feed;

    /// Which samples a step gets. Asked for once, at the start of training.
    fn batches(&self) -> Batches {
        Batches::Shuffled
    }

    /// Training loss of one step, `[1]`, from what the feed prepared for it. Randomness comes from named
    /// streams only, so that a resumed run draws the same.
    ///
    /// # Errors
    /// Shapes that do not agree.
    fn loss(
        &self,
        model: &Self::Model,
        state: &mut Self::State,
        prepared: <Self::Feed as Feed>::Prepared,
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError>;

    /// Called after the optimiser's step: updates an average, pushes into a queue, puts a weight
    /// back to length 1.
    ///
    /// # Errors
    /// Shapes that do not agree.
    fn after_step(
        &self,
        _model: &mut Self::Model,
        _state: &mut Self::State,
        _step: &mut Step<'_>,
    ) -> Result<(), CoreError> {
        Ok(())
    }

    /// The network that is validated after an epoch and that a [`Fit`](super::Fit) holds, in
    /// evaluation mode. Of a method that predicts by its teacher, the teacher.
    fn evaluated(&self, model: &Self::Model, _state: &Self::State) -> Self::Model {
        model.evaluation()
    }

    /// Validation loss of what [`evaluated`](Self::evaluated) gave, lower is better.
    ///
    /// # Errors
    /// Shapes that do not agree.
    fn validate(&self, model: &Self::Model) -> Result<f64, CoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_training_has_its_first_steps() {
        let mut streams = Streams::new("step", 0);
        let within = |share: f64, streams: &mut Streams| {
            let share = UnitInterval::new(share).unwrap();
            let steps = (0..4).flat_map(|epoch| (0..5).map(move |step| (epoch, step)));
            steps
                .filter(|&(epoch, step)| {
                    Step { rows: &[], epoch, epochs: 4, step, steps: 5, streams }.is_within(share)
                })
                .count()
        };
        for (share, steps) in [(0.0, 0), (0.05, 1), (0.1, 2), (0.12, 3), (0.5, 10), (1.0, 20)] {
            assert_eq!(within(share, &mut streams), steps, "{share}");
        }
    }
}
