//! `loss:` of a row: SupReMix, its baselines, and its parts alone.

use std::num::NonZeroUsize;

use burn::tensor::{Tensor, TensorData};
use mixup_core::{CoreError, checked::Positive, loss::metric::unit_rows, train::Step};
use mixup_routines::contrastive::{Batch, Compared, Memory, Method, Setting};
use mixup_routines::{parameters, positive, size};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::distance::Distance;
use crate::lambda::BetaQuantiles;
use crate::loss::{Form, Terms, loss, mixed_pairs};
use crate::rank_n_contrast::rank_n_contrast;

/// `{kind: supremix, tau: 0.5}`. Embeddings have length 1 but for Rank-N-Contrast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum SupReMix {
    /// Regression by the mean absolute error of a head on the features of both views.
    Vanilla {},
    /// The other view is the only positive.
    Simclr(Simclr),
    /// Samples of the same label are positives.
    Supcon(Supcon),
    /// The same with mixtures.
    Supremix(Mixtures),
    /// [`rank_n_contrast`].
    RankNContrast(RankNContrast),
}

parameters!(
    /// Parameters of [`SupReMix::Simclr`].
    Simclr {
        /// What cosines are divided by.
        tau: Positive = positive(0.5),
    }
);
parameters!(
    /// Parameters of [`SupReMix::Supcon`].
    Supcon {
        /// What cosines are divided by.
        tau: Positive = positive(0.5),
        /// Weights of the denominator; none where absent. (The official scripts have `l1-inv` unless they are told
        /// otherwise, so that what they call SupCon is weighted.)
        #[serde(skip_serializing_if = "Option::is_none")]
        distance: Option<Distance> = None,
    }
);
parameters!(
    /// Parameters of [`SupReMix::Supremix`].
    Mixtures {
        /// What cosines are divided by.
        tau: Positive = positive(0.5),
        /// Weights of the denominator; none where absent.
        #[serde(skip_serializing_if = "Option::is_none")]
        distance: Option<Distance> = None,
        /// Anchor-inclusive negative mixtures: `lambda z_i + (1 - lambda) z_k`, `lambda ~ Beta(a, b)`, one for each pair; none
        /// where absent.
        #[serde(skip_serializing_if = "Option::is_none")]
        negatives: Option<Negatives> = None,
        /// Anchor-exclusive positive mixtures of samples with labels nearer than this; none where absent.
        #[serde(skip_serializing_if = "Option::is_none")]
        window: Option<Positive> = None,
        /// What is subtracted from similarities.
        form: Form = Form::Clean,
    }
);
parameters!(
    /// The distribution of the anchor's share in a negative mixture. The official options are (2, 8), (8, 2) and (5, 5).
    Negatives {
        /// First parameter.
        a: NonZeroUsize = size(2),
        /// Second parameter.
        b: NonZeroUsize = size(8),
    }
);
parameters!(
    /// Parameters of [`SupReMix::RankNContrast`].
    RankNContrast {
        /// What distances are divided by.
        tau: Positive = positive(2.0),
        /// Whether embeddings are compared, by way of the projector, instead of features.
        projected: bool = false,
    }
);

impl Method for SupReMix {
    fn check(&self, setting: &Setting) -> Result<(), String> {
        match self {
            Self::Supremix(Mixtures { negatives: None, window: None, .. }) => {
                Err("loss: without `negatives` and `window` nothing is mixed; use `supcon`".into())
            }
            _ if setting.labels.are_classes() => {
                Err("setting.labels: numbers are needed, `{rotation: ...}` or `{table: ...}`".into())
            }
            _ => Ok(()),
        }
    }

    fn compared(&self) -> Compared {
        match self {
            Self::Vanilla {} | Self::RankNContrast(RankNContrast { projected: false, .. }) => {
                Compared::Features
            }
            _ => Compared::Embeddings,
        }
    }

    fn has_head(&self) -> bool {
        matches!(self, Self::Vanilla {})
    }

    /// Both views go through the network as one batch, the first views before the second. Stream read here: `lambda`,
    /// where there are negative mixtures.
    fn loss(&self, batch: &Batch<'_>, _: &mut Memory, step: &mut Step<'_>) -> Result<Tensor<1>, CoreError> {
        let features = batch.network.features(Tensor::cat(batch.views.to_vec(), 0))?;
        let labels = [&batch.targets[..], &batch.targets].concat();
        let embeddings = |features: Tensor<2>| unit_rows(batch.network.projector.forward(features));
        match self {
            Self::Vanilla {} => {
                let targets: Vec<f64> =
                    labels.iter().map(|label| (label - batch.scale.mean) / batch.scale.std).collect();
                let found = batch.network.labels(features)?;
                let targets = TensorData::new(targets, found.dims());
                let targets = Tensor::<2>::from_data(targets, (&found.device().inner(), found.dtype()));
                Ok((found - targets).abs().mean())
            }
            Self::Simclr(Simclr { tau }) => {
                // Each image has a label of its own.
                let count = batch.targets.len();
                let images: Vec<f64> = (0..2 * count).map(|view| (view % count) as f64).collect();
                let terms =
                    Terms { tau: *tau, distance: None, window: None, lambdas: None, form: Form::Clean };
                loss(embeddings(features), &images, &terms)
            }
            Self::Supcon(Supcon { tau, distance }) => {
                let terms =
                    Terms { tau: *tau, distance: *distance, window: None, lambdas: None, form: Form::Clean };
                loss(embeddings(features), &labels, &terms)
            }
            Self::Supremix(mixtures) => {
                let lambdas = mixtures.negatives.as_ref().map(|negatives| {
                    let beta = BetaQuantiles::shared(negatives.a, negatives.b);
                    let rng = step.streams.get("lambda");
                    (0..mixed_pairs(&labels)).map(|_| beta.draw(rng)).collect::<Vec<f64>>()
                });
                let terms = Terms {
                    tau: mixtures.tau,
                    distance: mixtures.distance,
                    window: mixtures.window.map(Positive::get),
                    lambdas: lambdas.as_deref(),
                    form: mixtures.form,
                };
                loss(embeddings(features), &labels, &terms)
            }
            Self::RankNContrast(RankNContrast { tau, projected }) => {
                let points = if *projected { batch.network.projector.forward(features) } else { features };
                let labels = Array2::from_shape_fn((labels.len(), 1), |(row, _)| labels[row]);
                rank_n_contrast(points, labels.view(), *tau)
            }
        }
    }
}

#[cfg(test)]
mod tests;
