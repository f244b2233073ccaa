//! Adversarial training, for papers that need a robust network.

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    attack::Pgd,
    loss::soft_cross_entropy,
    train::{NoState, Step},
};
use serde::{Deserialize, Serialize};

use super::{Batch, Classifier, Method, Setting, Start};

/// The method, `{kind: adversarial, attack: {epsilon: 0.1, step: 0.03, iterations: 7}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Adversarial {
    /// Cross-entropy of attacked images only (Madry et al. 2018).
    Adversarial(AdversarialTraining),
}

/// Parameters of [`Adversarial::Adversarial`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdversarialTraining {
    /// What is done to the images, from a random start, against the network in evaluation mode.
    pub attack: Pgd,
}

impl Method for Adversarial {
    const KINDS: &'static [&'static str] = &["adversarial"];
    type State = NoState;

    fn state(&self, _: &mut Start<'_>) -> Result<NoState, CoreError> {
        Ok(NoState)
    }

    /// Attacks are measured on images from 0 to 1.
    fn check_setting(&self, setting: &Setting) -> Result<(), String> {
        match setting.normalise.is_identity() {
            true => Ok(()),
            false => Err("attacked images go from 0 to 1: `normalise: unit-interval`".into()),
        }
    }

    /// Streams read here: `attack`.
    fn loss(
        &self,
        network: &dyn Classifier,
        batch: Batch<4>,
        _: &mut NoState,
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        let Self::Adversarial(AdversarialTraining { attack }) = self;
        let start = attack.random_start(batch.x.clone(), step.streams.get("attack"));
        let attacked = attack.attack(batch.x, start, |x| {
            soft_cross_entropy(network.evaluated_logits(x)?, batch.targets.clone())
        })?;
        soft_cross_entropy(network.logits(attacked)?, batch.targets)
    }
}
