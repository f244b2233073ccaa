//! Losses that are sums over an anchor's positives and over its negatives.

use burn::tensor::{Tensor, activation::relu};
use serde::{Deserialize, Serialize};

use super::labels::PairLabels;
use super::stable::{log_one_plus_sum, log_sum, softplus};
use crate::{CoreError, checked::Positive};

/// A loss of cosine similarities in the form that Metrix (Venkataramanan et al. 2022) gives to many of them. For an
/// anchor `a` with entries `v` of similarity `s` and label `y`
///
/// ```text
/// l(a) = tau( sigma+( sum_v y rho+(s) ) + sigma-( sum_v (1 - y) rho-(s) ) )
/// ```
///
/// With labels 0 and 1 these are the losses as published.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum PairLoss {
    /// `rho+ = -s`, `rho- = max(s - margin, 0)`.
    Contrastive {
        /// Similarity from which a negative counts.
        margin: f64,
    },
    /// Multi-similarity (Wang et al. 2019): `sigma+ = log(1 + x) / beta`, `sigma- = log(1 + x) / gamma`,
    /// `rho+ = exp(-beta (s - margin))`, `rho- = exp(gamma (s - margin))`.
    MultiSimilarity {
        /// Scale of positives.
        beta: Positive,
        /// Scale of negatives.
        gamma: Positive,
        /// Similarity between positives and negatives.
        margin: f64,
    },
    /// Proxy Anchor (Kim et al. 2020), whose anchors are proxies: `sigma = log(1 + x)`,
    /// `rho+ = exp(-beta (s - margin))`, `rho- = exp(beta (s + margin))`. Its reducer is
    /// [`proxy_anchor`](super::proxy_anchor).
    ProxyAnchor {
        /// Scale.
        beta: Positive,
        /// By how much positives should be above 0 and negatives below.
        margin: f64,
    },
    /// `rho+ = log(1 + exp(-beta (s - margin)))`, `rho- = log(1 + exp(gamma (s - margin)))`, summed.
    BinomialDeviance {
        /// Scale of positives.
        beta: Positive,
        /// Scale of negatives.
        gamma: Positive,
        /// Similarity between positives and negatives.
        margin: f64,
    },
    /// `sigma = log x`, `rho+ = exp(-s)`, `rho- = exp(s - margin)`, `tau = max(x, 0)`; 0 of an anchor without
    /// positives or without negatives.
    LiftedStructure {
        /// By how much the nearest negative may be nearer than the farthest positive.
        margin: f64,
    },
}

/// The two sides of a loss, `[anchors, 1]` each, before `tau`.
#[derive(Debug, Clone)]
pub struct Terms {
    /// `sigma+`.
    pub positive: Tensor<2>,
    /// `sigma-`.
    pub negative: Tensor<2>,
}

impl PairLoss {
    /// The two sides for every anchor.
    ///
    /// # Shapes
    /// - `similarities`: `[anchors, entries]`, as the labels
    ///
    /// # Errors
    /// Shapes that differ.
    pub fn terms(&self, similarities: Tensor<2>, labels: &PairLabels) -> Result<Terms, CoreError> {
        let s = similarities;
        // Weights inside of a sum of exponentials are added to the exponents as their logarithms.
        let logarithms = || labels.log_weights(&s);
        Ok(match *self {
            Self::Contrastive { margin } => {
                let [positive, negative] = labels.weights(&s)?;
                Terms {
                    positive: positive.sum(s.clone()).neg(),
                    negative: negative.sum(relu(s.sub_scalar(margin))),
                }
            }
            Self::MultiSimilarity { beta, gamma, margin } => {
                let (beta, gamma, [near, far]) = (beta.get(), gamma.get(), logarithms()?);
                let near = near.in_exponents(s.clone(), -beta, beta * margin);
                let far = far.in_exponents(s, gamma, -gamma * margin);
                Terms {
                    positive: log_one_plus_sum(near, beta * (1.0 + margin)).div_scalar(beta),
                    negative: log_one_plus_sum(far, gamma * (1.0 - margin)).div_scalar(gamma),
                }
            }
            Self::ProxyAnchor { beta, margin } => {
                let (beta, [near, far]) = (beta.get(), logarithms()?);
                let largest = beta * (1.0 + margin);
                let near = near.in_exponents(s.clone(), -beta, beta * margin);
                let far = far.in_exponents(s, beta, beta * margin);
                Terms { positive: log_one_plus_sum(near, largest), negative: log_one_plus_sum(far, largest) }
            }
            Self::BinomialDeviance { beta, gamma, margin } => {
                let [positive, negative] = labels.weights(&s)?;
                let s = s.sub_scalar(margin);
                Terms {
                    positive: positive.sum(softplus(s.clone().mul_scalar(-beta.get()))),
                    negative: negative.sum(softplus(s.mul_scalar(gamma.get()))),
                }
            }
            Self::LiftedStructure { margin } => {
                let [near, far] = logarithms()?;
                Terms {
                    positive: log_sum(near.in_exponents(s.clone(), -1.0, 0.0)),
                    negative: log_sum(far.in_exponents(s, 1.0, -margin)),
                }
            }
        })
    }

    /// The loss of every anchor; 0 where its set is empty.
    ///
    /// # Shapes
    /// - `similarities`: `[anchors, entries]`, as the labels; returns `[anchors, 1]`
    ///
    /// # Errors
    /// Shapes that differ.
    pub fn per_anchor(&self, similarities: Tensor<2>, labels: &PairLabels) -> Result<Tensor<2>, CoreError> {
        let device = similarities.device();
        let Terms { positive, negative } = self.terms(similarities, labels)?;
        let sum = positive + negative;
        Ok(match self {
            Self::LiftedStructure { .. } => relu(sum.mask_fill(labels.lack_a_side(&device), 0.0)),
            _ => sum,
        })
    }

    /// The mean over all anchors, those with an empty set among them.
    ///
    /// # Shapes
    /// - as [`Self::per_anchor`]; returns `[1]`
    ///
    /// # Errors
    /// Shapes that differ.
    pub fn mean(&self, similarities: Tensor<2>, labels: &PairLabels) -> Result<Tensor<1>, CoreError> {
        Ok(self.per_anchor(similarities, labels)?.mean())
    }
}
