//! What networks for images have in common: stages, between which hidden states can be mixed.

use std::ops::Range;

use burn::tensor::Tensor;

use crate::{CoreError, mix::Mixture};

/// What a network holds between two stages.
pub(super) trait HiddenState: Sized {
    /// The mixture of the batch's states.
    fn mixed(self, mixture: &Mixture) -> Result<Self, CoreError>;

    /// `[batch, channels, height, width]`, where the state still knows of height and width.
    fn maps(self) -> Option<Tensor<4>>;
}

impl HiddenState for Tensor<4> {
    fn mixed(self, mixture: &Mixture) -> Result<Self, CoreError> {
        mixture.hidden(self)
    }

    fn maps(self) -> Option<Tensor<4>> {
        Some(self)
    }
}

impl HiddenState for Tensor<2> {
    fn mixed(self, mixture: &Mixture) -> Result<Self, CoreError> {
        mixture.hidden(self)
    }

    fn maps(self) -> Option<Tensor<4>> {
        None
    }
}

/// A network from images to features, in stages.
pub(super) trait Staged {
    type State: HiddenState;

    /// Features of an image, what a head takes.
    fn width(&self) -> usize;

    /// Number of stages.
    fn stages(&self) -> usize;

    /// What comes before the first stage: a stem, an embedding.
    fn enter(&self, x: Tensor<4>) -> Self::State;

    /// One stage, from 0.
    fn stage(&self, index: usize, state: Self::State) -> Self::State;

    /// What comes behind the last stage and before pooling: a last normalisation.
    fn finish(&self, state: Self::State) -> Self::State {
        state
    }

    /// From a finished state to features, `[batch, width]`.
    fn pooled(&self, state: Self::State) -> Tensor<2>;

    fn run(&self, state: Self::State, stages: Range<usize>) -> Self::State {
        stages.fold(state, |state, index| self.stage(index, state))
    }

    fn last_state(&self, x: Tensor<4>) -> Self::State {
        self.finish(self.run(self.enter(x), 0..self.stages()))
    }

    fn features(&self, x: Tensor<4>) -> Tensor<2> {
        self.pooled(self.last_state(x))
    }

    /// Maps after `stage` stages.
    fn maps_after(&self, x: Tensor<4>, stage: usize) -> Result<Tensor<4>, CoreError> {
        self.check(stage)?;
        let state = if stage == 0 { Some(x) } else { self.run(self.enter(x), 0..stage).maps() };
        state.ok_or_else(no_maps)
    }

    fn features_mixed(&self, x: Tensor<4>, stage: usize, mixture: &Mixture) -> Result<Tensor<2>, CoreError> {
        self.check(stage)?;
        if stage == 0 {
            return Ok(self.features(mixture.inputs(x)?));
        }
        let mixed = self.run(self.enter(x), 0..stage).mixed(mixture)?;
        Ok(self.pooled(self.finish(self.run(mixed, stage..self.stages()))))
    }

    fn check(&self, stage: usize) -> Result<(), CoreError> {
        match self.stages() {
            stages if stage > stages => {
                Err(CoreError::Invalid(format!("stage {stage} of a network with {stages}; 0 is its input")))
            }
            _ => Ok(()),
        }
    }
}

pub(super) fn no_maps() -> CoreError {
    CoreError::Invalid("an `mlp` has no feature maps: its hidden states know of no height and width".into())
}
