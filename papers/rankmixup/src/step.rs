//! The loss of a training step, for every method.

use std::num::NonZeroUsize;

use burn::tensor::{Tensor, TensorData};
use mixup_core::{
    CoreError,
    checked::Positive,
    loss::{
        Regularized, brier, confidence_penalty, focal, focal_sample_dependent, label_smoothing, logit_margin,
        mmce, soft_cross_entropy,
    },
    mix::Lambda,
    stream::Streams,
};

use crate::loss::{largest_target, mndcg_loss, ranking_loss};
use crate::method::{Method, Mndcg, Mrl, Regmixup, Relevance};
use crate::mixing::{MixedCopies, draw_copies, mix_copies};

/// Inputs or logits with their targets.
#[derive(Debug, Clone)]
pub struct Batch<const D: usize> {
    /// Inputs after augmentation, `[rows, ...]`; or logits, `[rows, classes]`.
    pub x: Tensor<D>,
    /// One-hot or mixed labels, `[rows, classes]`.
    pub targets: Tensor<2>,
}

/// Loss of one training step, `[1]`. The targets of `batch` are one-hot.
///
/// `forward` gives the logits `[rows, classes]` of inputs. Raw and mixed samples go through it in
/// calls of their own, the raw ones first and all mixed copies in one, so that batch normalisation
/// sees them apart as in the official code. Nothing is detached.
///
/// Streams read here: `lambda` and `pairs`, by methods that mix.
///
/// # Errors
/// Shapes that do not agree, an alpha without a Beta distribution, or what `forward` returns.
pub fn step_loss<const D: usize>(
    method: &Method,
    batch: Batch<D>,
    streams: &mut Streams,
    mut forward: impl FnMut(Tensor<D>) -> Result<Tensor<2>, CoreError>,
) -> Result<Tensor<1>, CoreError> {
    match method {
        Method::Ce {} => soft_cross_entropy(forward(batch.x)?, batch.targets),
        Method::LabelSmoothing(ls) => label_smoothing(forward(batch.x)?, batch.targets, ls.smoothing),
        Method::Focal(fl) => focal(forward(batch.x)?, batch.targets, fl.gamma),
        Method::Flsd(flsd) => focal_sample_dependent(forward(batch.x)?, batch.targets, flsd.gamma),
        Method::Mbls(mbls) => {
            Ok(logit_margin(forward(batch.x)?, batch.targets, mbls.margin, mbls.weight)?.total())
        }
        Method::Brier {} => brier(forward(batch.x)?, batch.targets),
        Method::Ecp(ecp) => Ok(confidence_penalty(forward(batch.x)?, batch.targets, ecp.weight)?.total()),
        Method::Mmce(config) => Ok(mmce(forward(batch.x)?, batch.targets, config.weight)?.total()),
        Method::Mixup(mixup) => {
            let mixed = mixed(&batch, NonZeroUsize::MIN, mixup.alpha, streams)?;
            soft_cross_entropy(forward(mixed.inputs)?, mixed.targets)
        }
        Method::Regmixup(regmixup) => {
            let mixed = mixed(&batch, NonZeroUsize::MIN, regmixup.alpha, streams)?;
            let (raw, mixed) = both(batch, mixed, forward)?;
            Ok(regmixup.loss(raw, mixed)?.total())
        }
        Method::Mrl(mrl) => {
            let mixed = mixed(&batch, NonZeroUsize::MIN, mrl.alpha, streams)?;
            let (raw, mixed) = both(batch, mixed, forward)?;
            Ok(mrl.loss(raw, mixed)?.total())
        }
        Method::MNdcg(mndcg) => {
            let mixed = mixed(&batch, mndcg.copies, mndcg.alpha, streams)?;
            let relevance = mndcg.relevance(mixed.targets.clone(), &mixed.lambdas)?;
            let (raw, mixed) = both(batch, mixed, forward)?;
            Ok(mndcg.loss(raw, mixed.x, relevance)?.total())
        }
    }
}

/// Mixed copies of a batch with fresh draws.
fn mixed<const D: usize>(
    batch: &Batch<D>,
    copies: NonZeroUsize,
    alpha: Positive,
    streams: &mut Streams,
) -> Result<MixedCopies<D>, CoreError> {
    let draws = draw_copies(copies, batch.x.dims()[0], &Lambda::beta(alpha)?, streams);
    mix_copies(batch.x.clone(), batch.targets.clone(), &draws)
}

/// Logits of the raw and of the mixed samples, by two passes.
fn both<const D: usize>(
    raw: Batch<D>,
    mixed: MixedCopies<D>,
    mut forward: impl FnMut(Tensor<D>) -> Result<Tensor<2>, CoreError>,
) -> Result<(Batch<2>, Batch<2>), CoreError> {
    let raw = Batch { x: forward(raw.x)?, targets: raw.targets };
    Ok((raw, Batch { x: forward(mixed.inputs)?, targets: mixed.targets }))
}

impl Regmixup {
    /// Cross-entropy of the raw samples, the penalty that of the mixed ones.
    ///
    /// # Shapes
    /// - `raw`, `mixed`: logits and targets, `[batch, classes]`
    ///
    /// # Errors
    /// Shapes that do not agree.
    pub fn loss(&self, raw: Batch<2>, mixed: Batch<2>) -> Result<Regularized, CoreError> {
        Ok(Regularized {
            cross_entropy: soft_cross_entropy(raw.x, raw.targets)?,
            penalty: soft_cross_entropy(mixed.x, mixed.targets)?,
            weight: self.weight,
        })
    }
}

impl Mrl {
    /// Cross-entropy of the raw samples and [`ranking_loss`] (eq. of the total loss, section 3.2).
    /// The mixed samples have no cross-entropy.
    ///
    /// # Shapes
    /// - `raw`, `mixed`: logits and targets, `[batch, classes]`
    ///
    /// # Errors
    /// Shapes that do not agree.
    pub fn loss(&self, raw: Batch<2>, mixed: Batch<2>) -> Result<Regularized, CoreError> {
        Ok(Regularized {
            cross_entropy: soft_cross_entropy(raw.x.clone(), raw.targets)?,
            penalty: ranking_loss(raw.x, mixed.x, mixed.targets, self.ranking())?,
            weight: self.weight,
        })
    }
}

impl Mndcg {
    /// Cross-entropy of the raw samples and [`mndcg_loss`] (eq. of the total loss, section 3.3). The
    /// mixed samples have no cross-entropy.
    ///
    /// # Shapes
    /// - `raw`: logits and targets, `[batch, classes]`
    /// - `mixed`: logits `[copies * batch, classes]`, all of copy 0 first
    /// - `relevance`: `[copies, batch]`, see [`Self::relevance`]
    ///
    /// # Errors
    /// Shapes that do not agree.
    pub fn loss(
        &self,
        raw: Batch<2>,
        mixed: Tensor<2>,
        relevance: Tensor<2>,
    ) -> Result<Regularized, CoreError> {
        Ok(Regularized {
            cross_entropy: soft_cross_entropy(raw.x.clone(), raw.targets)?,
            penalty: mndcg_loss(raw.x, mixed, relevance, self.ratio)?,
            weight: self.weight,
        })
    }

    /// What orders mixed copies, `[copies, batch]`.
    ///
    /// # Shapes
    /// - `targets`: mixed labels, `[copies * batch, classes]`, all of copy 0 first
    /// - `lambdas`: one per copy
    ///
    /// # Errors
    /// Rows that are not whole copies of a batch.
    pub fn relevance(&self, targets: Tensor<2>, lambdas: &[f64]) -> Result<Tensor<2>, CoreError> {
        let largest = largest_target(targets, lambdas.len())?;
        Ok(match self.relevance {
            Relevance::LargestTarget => largest,
            Relevance::Lambda => {
                let data = TensorData::new(lambdas.to_vec(), [lambdas.len(), 1]);
                let column = Tensor::<2>::from_data(data, (&largest.device(), largest.dtype()));
                column.expand(largest.dims())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use mixup_core::tensor::{one_hot, to_host};

    fn batch() -> Batch<4> {
        let device = Device::flex();
        let pixels = Tensor::<1>::from_data([4.0, -4.0, -3.0, 4.5, 1.0, 2.0, 3.0, 0.5], &device);
        Batch { x: pixels.reshape([4, 1, 1, 2]), targets: one_hot(&[0, 1, 1, 0], 2, &device).unwrap() }
    }

    fn read(json: &str) -> Method {
        serde_json::from_str(json).unwrap()
    }

    /// The loss, and the number of rows of each forward pass; the network is the identity.
    fn step(json: &str, seed: u64) -> (f64, Vec<usize>) {
        let mut passes = Vec::new();
        let loss = step_loss(&read(json), batch(), &mut Streams::new("step", seed), |x| {
            passes.push(x.dims()[0]);
            Ok(x.flatten(1, 3))
        });
        (to_host(loss.unwrap()).unwrap()[0], passes)
    }

    #[test]
    fn raw_and_mixed_samples_pass_apart() {
        for kind in ["ce", "label-smoothing", "focal", "flsd", "mbls", "brier", "ecp", "mmce", "mixup"] {
            assert_eq!(step(&format!(r#"{{"kind": "{kind}"}}"#), 0).1, [4], "{kind}");
        }
        for kind in ["regmixup", "mrl"] {
            assert_eq!(step(&format!(r#"{{"kind": "{kind}"}}"#), 0).1, [4, 4], "{kind}");
        }
        assert_eq!(step(r#"{"kind": "m-ndcg"}"#, 0).1, [4, 12]);
        assert_eq!(step(r#"{"kind": "m-ndcg", "copies": 5}"#, 0).1, [4, 20]);
    }

    #[test]
    fn without_its_weight_a_penalised_method_is_cross_entropy() {
        let (plain, _) = step(r#"{"kind": "ce"}"#, 0);
        for kind in ["mbls", "ecp", "mmce", "regmixup", "mrl", "m-ndcg"] {
            let (loss, _) = step(&format!(r#"{{"kind": "{kind}", "weight": 0}}"#), 0);
            assert!((loss - plain).abs() < 1e-6, "{kind}: {loss} and {plain}");
            let (loss, _) = step(&format!(r#"{{"kind": "{kind}", "weight": 1}}"#), 0);
            assert!((loss - plain).abs() > 1e-4, "{kind}: {loss} and {plain}");
        }
    }

    #[test]
    fn a_seed_gives_the_same_loss_and_another_seed_another() {
        for kind in ["mixup", "regmixup", "mrl", "m-ndcg"] {
            let json = format!(r#"{{"kind": "{kind}"}}"#);
            assert_eq!(step(&json, 1), step(&json, 1), "{kind}");
            assert_ne!(step(&json, 1).0, step(&json, 2).0, "{kind}");
        }
    }

    #[test]
    fn the_paper_orders_by_lambda_and_the_code_by_the_largest_target() {
        let targets =
            Tensor::<2>::from_data([[0.3, 0.7], [1.0, 0.0], [0.9, 0.1], [0.9, 0.1]], &Device::flex());
        let relevance = |relevance| {
            let method = Mndcg { relevance, ..Mndcg::default() };
            to_host(method.relevance(targets.clone(), &[0.3, 0.9]).unwrap()).unwrap()
        };
        let close = |a: Vec<f64>, b: [f64; 4]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(close(relevance(Relevance::LargestTarget), [0.7, 1.0, 0.9, 0.9]));
        assert!(close(relevance(Relevance::Lambda), [0.3, 0.3, 0.9, 0.9]));
    }
}
