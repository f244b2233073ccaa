//! The two trained networks.

use burn::tensor::{Device, Tensor};
use mixup_core::{CoreError, checked::UnitInterval, nn::ImageNetwork, stream::Streams, train::Network as _};
use mixup_paper::{RunContext, RunError, required};
use mixup_routines::classification::{Parts, shape_of};

use super::{Network, Spec};
use crate::gate::{Choice, Gate};
use crate::mixing::{Mix, Scales, mixed, mixed_by};

/// Both networks in evaluation mode: constants, through which gradients reach the images.
#[derive(Debug)]
pub(super) struct Bases {
    standard: ImageNetwork,
    robust: ImageNetwork,
    scales: Option<Scales>,
}

impl Bases {
    /// The trained networks of a run.
    ///
    /// # Errors
    /// Stages that were not trained, or a network that cannot be built for the images.
    pub(super) fn load(
        spec: &Spec,
        parts: &Parts,
        context: &RunContext<'_>,
        device: &Device,
    ) -> Result<Self, RunError> {
        let (shape, classes) = (shape_of(&parts.train), usize::from(parts.train.classes));
        let load = |network: Network| {
            let own = spec.setting.trained(network).and_then(|trained| trained.model);
            let config = required(own.as_ref().or(spec.model.as_ref()), "model")?;
            // Its weights are replaced.
            let mut unused = Streams::new(network.name(), spec.seed);
            let fresh = ImageNetwork::for_images(config, shape, classes, unused.get("init"), device)?;
            Ok::<_, RunError>(context.start_from(network.name(), fresh)?.evaluation())
        };
        Ok(Self {
            standard: load(Network::Standard)?,
            robust: load(Network::Robust)?,
            scales: spec.setting.scales,
        })
    }

    /// Logits of one network, as it gives them.
    pub(super) fn alone(&self, network: Network, x: Tensor<4>) -> Tensor<2> {
        match network {
            Network::Standard => self.standard.forward(x),
            Network::Robust => self.robust.forward(x),
        }
    }

    fn scaled(&self, standard: Tensor<2>, robust: Tensor<2>) -> [Tensor<2>; 2] {
        match self.scales {
            Some(scales) => scales.of(standard, robust),
            None => [standard, robust],
        }
    }

    /// Outputs of the mixed classifier with one alpha.
    ///
    /// # Errors
    /// None that can happen: both networks have the same classes.
    pub(super) fn mixed(&self, x: Tensor<4>, alpha: UnitInterval, mix: Mix) -> Result<Tensor<2>, CoreError> {
        // The other one would only cost time.
        if alpha.get() == 0.0 || alpha.get() == 1.0 {
            let own = if alpha.get() == 0.0 { Network::Standard } else { Network::Robust };
            let logits = self.alone(own, x);
            let [standard, robust] = self.scaled(logits.clone(), logits);
            return Ok(if own == Network::Standard { standard } else { robust });
        }
        let [standard, robust] = self.scaled(self.standard.forward(x.clone()), self.robust.forward(x));
        mixed(standard, robust, alpha, mix)
    }

    /// What both heads see, `[batch, features]`.
    pub(super) fn features_of(&self, x: Tensor<4>) -> Tensor<2> {
        Tensor::cat(vec![self.standard.features(x.clone()), self.robust.features(x)], 1)
    }

    /// Number of both networks' features together.
    pub(super) fn features(&self) -> usize {
        self.standard.backbone.width() + self.robust.backbone.width()
    }

    /// Features and scaled logits of both networks, in one pass each.
    pub(super) fn seen(&self, x: Tensor<4>) -> (Tensor<2>, [Tensor<2>; 2]) {
        let (own, other) = (self.standard.features(x.clone()), self.robust.features(x));
        let logits = self.scaled(self.standard.head(own.clone()), self.robust.head(other.clone()));
        (Tensor::cat(vec![own, other], 1), logits)
    }

    /// Outputs with the alphas that the gate chooses, which must be in evaluation mode.
    ///
    /// # Errors
    /// None that can happen.
    pub(super) fn chosen(&self, x: Tensor<4>, gate: &Gate, choice: &Choice) -> Result<Tensor<2>, CoreError> {
        let (features, [standard, robust]) = self.seen(x);
        mixed_by(standard, robust, gate.alphas(features, choice))
    }
}
