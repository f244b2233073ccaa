//! The losses that `loss:` of a row names.

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    checked::{NonNegative, Positive},
    loss::metric::{
        Divisors, MarginDistances, PairLabels, PairLoss, cosine_similarities, multi_similarity_miner,
        nt_xent, proxy_anchor, triplet,
    },
    tensor::to_host,
};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::{non_negative, parameters, positive};

/// A loss of metric learning: `{kind: multi-similarity, beta: 4, gamma: 20, margin: 0.5}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum MetricLoss {
    /// Of Euclidean distances, averaged over pairs that cost something ([`MarginDistances`]).
    Contrastive(Contrastive),
    /// Of similarities, summed over pairs ([`PairLoss::Contrastive`]).
    ContrastiveSimilarity(ContrastiveSimilarity),
    /// [`PairLoss::MultiSimilarity`].
    MultiSimilarity(MultiSimilarity),
    /// [`PairLoss::ProxyAnchor`], with a proxy for each class.
    ProxyAnchor(ProxyAnchor),
    /// [`PairLoss::BinomialDeviance`].
    BinomialDeviance(BinomialDeviance),
    /// [`PairLoss::LiftedStructure`].
    LiftedStructure(LiftedStructure),
    /// [`triplet`].
    Triplet(Triplet),
    /// [`nt_xent`].
    NtXent(NtXent),
}

parameters!(
    /// Parameters of [`MetricLoss::Contrastive`]; defaults are those of the official code of Metrix.
    Contrastive {
        /// Distance up to which positives cost nothing.
        positive_margin: NonNegative = non_negative(0.0),
        /// Distance from which negatives cost nothing.
        negative_margin: NonNegative = non_negative(0.5),
    }
);
parameters!(
    /// Parameters of [`MetricLoss::ContrastiveSimilarity`].
    ContrastiveSimilarity {
        /// Similarity from which a negative counts.
        margin: f64 = 0.5,
    }
);
parameters!(
    /// Parameters of [`MetricLoss::MultiSimilarity`]; defaults are those of the official code of Metrix, which were tuned
    /// for networks trained on ImageNet.
    MultiSimilarity {
        /// Scale of positives.
        beta: Positive = positive(17.97),
        /// Scale of negatives.
        gamma: Positive = positive(75.66),
        /// Similarity between positives and negatives.
        margin: f64 = 0.77,
        /// The miner's; all pairs where absent.
        #[serde(skip_serializing_if = "Option::is_none")]
        miner: Option<NonNegative> = None,
    }
);
parameters!(
    /// Parameters of [`MetricLoss::ProxyAnchor`].
    ProxyAnchor {
        /// Scale.
        beta: Positive = positive(32.0),
        /// By how much positives should be above 0 and negatives below.
        margin: f64 = 0.1,
    }
);
parameters!(
    /// Parameters of [`MetricLoss::BinomialDeviance`].
    BinomialDeviance {
        /// Scale of positives.
        beta: Positive = positive(2.0),
        /// Scale of negatives.
        gamma: Positive = positive(40.0),
        /// Similarity between positives and negatives.
        margin: f64 = 0.5,
    }
);
parameters!(
    /// Parameters of [`MetricLoss::LiftedStructure`].
    LiftedStructure {
        /// By how much the nearest negative may be nearer than the farthest positive.
        margin: f64 = 0.0,
    }
);
parameters!(
    /// Parameters of [`MetricLoss::Triplet`].
    Triplet {
        /// By how much negatives should be farther than positives.
        margin: NonNegative = non_negative(0.1),
    }
);
parameters!(
    /// Parameters of [`MetricLoss::NtXent`].
    NtXent {
        /// What similarities are divided by.
        temperature: Positive = positive(0.1),
    }
);

/// A batch behind the network.
#[derive(Debug, Clone)]
pub struct Embedded {
    /// `[batch, dimensions]`
    pub embeddings: Tensor<2>,
    /// `[classes, dimensions]`, of losses that have them.
    pub proxies: Option<Tensor<2>>,
    /// Class of each sample.
    pub classes: Vec<usize>,
    /// Number of classes that are trained on.
    pub all: usize,
}

impl MetricLoss {
    /// Whether its anchors are proxies.
    pub fn has_proxies(&self) -> bool {
        matches!(self, Self::ProxyAnchor(_))
    }

    /// Whether it is a sum over labelled entries, so that labels may lie between 0 and 1
    /// ([`of_labelled`](Self::of_labelled)).
    pub fn takes_mixed_labels(&self) -> bool {
        !matches!(self, Self::Triplet(_) | Self::NtXent(_))
    }

    /// The loss of a batch, `[1]`.
    ///
    /// # Errors
    /// Proxies that are missing, or shapes that do not agree.
    pub fn of_batch(&self, batch: &Embedded) -> Result<Tensor<1>, CoreError> {
        let Embedded { embeddings, classes, all, .. } = batch;
        let divisors = Divisors::of(classes, *all);
        if self.has_proxies() {
            let similarities = cosine_similarities(batch.proxies()?, embeddings.clone())?;
            let proxies: Vec<usize> = (0..*all).collect();
            return self.of_labelled(similarities, &PairLabels::of_proxies(&proxies, classes), divisors);
        }
        let similarities = cosine_similarities(embeddings.clone(), embeddings.clone())?;
        let labels = PairLabels::of_batch(classes);
        match self {
            Self::Triplet(Triplet { margin }) => triplet(similarities, classes, *margin),
            Self::NtXent(NtXent { temperature }) => nt_xent(similarities, &labels, *temperature),
            _ => {
                let labels = self.mined(&similarities, labels)?;
                self.of_labelled(similarities, &labels, divisors)
            }
        }
    }

    /// The loss of anchors with labelled entries, `[1]`.
    ///
    /// # Shapes
    /// - `similarities`: `[anchors, entries]`, cosines, as the labels
    ///
    /// # Errors
    /// A loss that takes no such labels, or shapes that differ.
    pub fn of_labelled(
        &self,
        similarities: Tensor<2>,
        labels: &PairLabels,
        divisors: Divisors,
    ) -> Result<Tensor<1>, CoreError> {
        let loss = match self {
            Self::Contrastive(Contrastive { positive_margin, negative_margin }) => {
                let (positive_margin, negative_margin) = (*positive_margin, *negative_margin);
                return MarginDistances { positive_margin, negative_margin }.loss(similarities, labels);
            }
            Self::ProxyAnchor(ProxyAnchor { beta, margin }) => {
                let terms =
                    PairLoss::ProxyAnchor { beta: *beta, margin: *margin }.terms(similarities, labels)?;
                let [positive, negative] = proxy_anchor(terms, divisors);
                return Ok(positive + negative);
            }
            Self::ContrastiveSimilarity(ContrastiveSimilarity { margin }) => {
                PairLoss::Contrastive { margin: *margin }
            }
            Self::MultiSimilarity(MultiSimilarity { beta, gamma, margin, .. }) => {
                PairLoss::MultiSimilarity { beta: *beta, gamma: *gamma, margin: *margin }
            }
            Self::BinomialDeviance(BinomialDeviance { beta, gamma, margin }) => {
                PairLoss::BinomialDeviance { beta: *beta, gamma: *gamma, margin: *margin }
            }
            Self::LiftedStructure(LiftedStructure { margin }) => {
                PairLoss::LiftedStructure { margin: *margin }
            }
            Self::Triplet(_) | Self::NtXent(_) => {
                return Err(CoreError::Invalid("this loss takes no labels between 0 and 1".into()));
            }
        };
        loss.mean(similarities, labels)
    }

    /// The labels that the loss's own miner leaves.
    fn mined(&self, similarities: &Tensor<2>, labels: PairLabels) -> Result<PairLabels, CoreError> {
        let Self::MultiSimilarity(MultiSimilarity { miner: Some(epsilon), .. }) = self else {
            return Ok(labels);
        };
        let values = to_host(similarities.clone().detach())?;
        let values = Array2::from_shape_vec((labels.dims()[0], labels.dims()[1]), values)
            .map_err(|error| CoreError::Invalid(error.to_string()))?;
        Ok(multi_similarity_miner(values.view(), &labels, *epsilon)?.of(labels))
    }
}

impl Embedded {
    /// The proxies of a loss that has them.
    ///
    /// # Errors
    /// A network without.
    pub fn proxies(&self) -> Result<Tensor<2>, CoreError> {
        self.proxies.clone().ok_or_else(|| CoreError::Invalid("a network without proxies".into()))
    }
}
