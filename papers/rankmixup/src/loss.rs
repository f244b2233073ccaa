//! The two losses of RankMixup: a mixed sample should be less confident than a raw one (MRL), and
//! of several mixed copies the one that is mixed less should be more confident (M-NDCG).

use burn::tensor::{
    Tensor,
    activation::{relu, softmax},
};
use mixup_core::{CoreError, checked::NonNegative, tensor::same_shape};
use serde::{Deserialize, Serialize};

/// What [`ranking_loss`] compares, and how.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankingLoss {
    /// By how much the raw sample should be more confident, in the units of the score.
    pub margin: NonNegative,
    /// What counts as confidence.
    pub score: Score,
    /// What becomes of pairs that have no order.
    pub masking: Masking,
}

/// What counts as confidence in [`ranking_loss`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Score {
    /// The largest logit: the official code.
    #[default]
    Logit,
    /// The largest probability: the paper.
    Probability,
}

/// What becomes of mixtures of a class with itself, which rank no lower than the raw sample.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Masking {
    /// `mean(mask) mean(hinge)`, which a broadcast of the official code comes to: every sample gets
    /// a gradient, scaled by the share of ordered pairs.
    #[default]
    Official,
    /// `mean(mask hinge)`, which the official code evidently means: unordered pairs get no gradient.
    PerSample,
    /// `mean(hinge)`: the paper, which mentions no mask.
    None,
}

/// Mixup-based ranking loss, MRL (section 3.2): the batch mean of
/// `max(0, confidence(mixed) - confidence(raw) + margin)`.
///
/// The confidence is the largest score whatever the label. Gradients flow into both passes.
///
/// # Shapes
/// - `raw`, `mixed`: `[batch, classes]`, logits of the samples and of their mixtures
/// - `targets`: `[batch, classes]`, the mixed one-hot labels, rows sum to 1
/// - returns `[1]`, in units of the score
///
/// # Errors
/// Shapes that differ.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use mixup_core::{checked::NonNegative, tensor::to_host};
/// use rankmixup::{Masking, RankingLoss, Score, ranking_loss};
///
/// let raw = Tensor::<2>::from_data([[3.0, 0.0]], &Device::flex());
/// let mixed = Tensor::<2>::from_data([[2.0, 0.0]], &Device::flex());
/// let targets = Tensor::<2>::from_data([[0.75, 0.25]], &Device::flex());
/// let margin = NonNegative::new(2.0).unwrap();
/// let config = RankingLoss { margin, score: Score::Logit, masking: Masking::None };
/// // The raw sample is more confident by 1, and should be by 2.
/// assert!((to_host(ranking_loss(raw, mixed, targets, config)?)?[0] - 1.0).abs() < 1e-4);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
pub fn ranking_loss(
    raw: Tensor<2>,
    mixed: Tensor<2>,
    targets: Tensor<2>,
    config: RankingLoss,
) -> Result<Tensor<1>, CoreError> {
    same_shape("ranking_loss", &mixed, &targets)?;
    let hinge = ranking_hinge(raw, mixed, config)?;
    let ordered = ordered_pairs(targets);
    Ok(match config.masking {
        Masking::Official => ordered.mean() * hinge.mean(),
        Masking::PerSample => (ordered * hinge).mean(),
        Masking::None => hinge.mean(),
    })
}

/// The hinge of [`ranking_loss`] for every sample, before any mask, `[batch, 1]`.
///
/// # Errors
/// Shapes that differ.
pub fn ranking_hinge(raw: Tensor<2>, mixed: Tensor<2>, config: RankingLoss) -> Result<Tensor<2>, CoreError> {
    same_shape("ranking_hinge", &raw, &mixed)?;
    let confidence = |logits: Tensor<2>| match config.score {
        Score::Logit => logits.max_dim(1),
        Score::Probability => confidence(logits),
    };
    Ok(relu((confidence(mixed) - confidence(raw)).add_scalar(config.margin.get())))
}

/// 1 for a mixture of two classes, 0 where a target is exactly 1 (one class mixed with itself, or
/// lambda 0 or 1): those rank no lower than the raw sample.
///
/// # Shapes
/// - `targets`: `[batch, classes]`; returns `[batch, 1]`
pub fn ordered_pairs(targets: Tensor<2>) -> Tensor<2> {
    let whole = targets.clone().equal_scalar(1.0).any_dim(1);
    targets.slice_dim(1, 0..1).ones_like().mask_fill(whole, 0.0)
}

/// How [`mndcg_loss`] makes a ratio of the two cumulative gains.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ratio {
    /// `DCG / IDCG`, inverted where it would not be below 1: the official code.
    #[default]
    AtMostOne,
    /// `DCG / IDCG`: the paper.
    Plain,
}

/// Mixup-based NDCG loss, M-NDCG (section 3.3): the batch mean of one minus [`ndcg`].
///
/// # Shapes
/// - as [`ndcg`]; returns `[1]`, from 0 to below 1 under [`Ratio::AtMostOne`]
///
/// # Errors
/// As [`ndcg`].
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use mixup_core::tensor::to_host;
/// use rankmixup::{Ratio, mndcg_loss};
///
/// let raw = Tensor::<2>::from_data([[0.0, 0.0]], &Device::flex());
/// let mixed = Tensor::<2>::from_data([[0.0, 0.0]], &Device::flex());
/// let relevance = Tensor::<2>::from_data([[1.0]], &Device::flex());
/// // Confidences of 1 / 2 where the ideal ones are 1.
/// assert!((to_host(mndcg_loss(raw, mixed, relevance, Ratio::Plain)?)?[0] - 0.5).abs() < 1e-4);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
pub fn mndcg_loss(
    raw: Tensor<2>,
    mixed: Tensor<2>,
    relevance: Tensor<2>,
    ratio: Ratio,
) -> Result<Tensor<1>, CoreError> {
    Ok(ndcg(raw, mixed, relevance, ratio)?.neg().add_scalar(1.0).mean())
}

/// Normalised discounted cumulative gain of every sample and its mixed copies.
///
/// The raw sample has rank 1 and relevance 1; the copies follow by descending relevance, equal ones
/// in their order. With `d(r) = log2(r + 1)`, DCG sums `confidence / d(rank)` and IDCG
/// `relevance / d(rank)`, both in the order of relevance. Gradients flow through the confidences.
///
/// # Shapes
/// - `raw`: `[batch, classes]`, logits
/// - `mixed`: `[copies * batch, classes]`, logits, all of copy 0 first
/// - `relevance`: `[copies, batch]`, positive: see [`largest_target`]
/// - returns `[batch]`
///
/// # Errors
/// Shapes that do not agree.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use mixup_core::tensor::to_host;
/// use rankmixup::{Ratio, ndcg};
///
/// let raw = Tensor::<2>::from_data([[9.0, -9.0]], &Device::flex());
/// let mixed = Tensor::<2>::from_data([[0.0, 0.0]], &Device::flex());
/// let relevance = Tensor::<2>::from_data([[0.5]], &Device::flex());
/// // A sure raw sample and a copy as unsure as its label: the ideal.
/// assert!((to_host(ndcg(raw, mixed, relevance, Ratio::Plain)?)?[0] - 1.0).abs() < 1e-4);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
pub fn ndcg(
    raw: Tensor<2>,
    mixed: Tensor<2>,
    relevance: Tensor<2>,
    ratio: Ratio,
) -> Result<Tensor<1>, CoreError> {
    let [batch, classes] = raw.dims();
    let [copies, columns] = relevance.dims();
    if columns != batch || mixed.dims() != [copies * batch, classes] {
        return Err(CoreError::Invalid(format!(
            "ndcg: raw logits {:?}, mixed logits {:?} and relevance {:?} do not agree",
            raw.dims(),
            mixed.dims(),
            relevance.dims()
        )));
    }
    let relevance = relevance.detach();
    let discount = discounts(relevance.clone());
    let raw_gain = confidence(raw).reshape([1, batch]);
    let gains = confidence(mixed).reshape([copies, batch]);
    // The raw sample's own discount is log2(2) = 1.
    let dcg = raw_gain + (gains / discount.clone()).sum_dim(0);
    let ideal = (relevance / discount).sum_dim(0).add_scalar(1.0);
    let plain = dcg.clone() / ideal.clone();
    let ratio = match ratio {
        Ratio::Plain => plain,
        Ratio::AtMostOne => (ideal.clone() / dcg.clone()).mask_where(ideal.greater(dcg), plain),
    };
    Ok(ratio.reshape([batch]))
}

/// Relevance of mixed copies in the official code: the largest target of each, which is
/// `max(lambda, 1 - lambda)` for two classes and 1 for one class mixed with itself.
///
/// # Shapes
/// - `targets`: `[copies * batch, classes]`, mixed one-hot labels, all of copy 0 first
/// - returns `[copies, batch]`
///
/// # Errors
/// Rows that are not whole copies of a batch.
pub fn largest_target(targets: Tensor<2>, copies: usize) -> Result<Tensor<2>, CoreError> {
    let rows = targets.dims()[0];
    if copies == 0 || !rows.is_multiple_of(copies) {
        return Err(CoreError::Invalid(format!(
            "largest_target: {rows} rows are not {copies} copies of a batch"
        )));
    }
    Ok(targets.max_dim(1).reshape([copies, rows / copies]))
}

/// `log2(rank + 1)` of every copy, `[copies, batch]`.
///
/// Ranks are counted and not sorted, so that equal copies keep their order on every device.
fn discounts(relevance: Tensor<2>) -> Tensor<2> {
    let copies = relevance.split(1, 0);
    let ranks = copies.iter().enumerate().map(|(place, own)| {
        // Rank 1 is the raw sample's.
        copies.iter().enumerate().fold(own.full_like(2.0), |rank, (other_place, other)| {
            let ahead = if other_place < place {
                other.clone().greater_equal(own.clone())
            } else {
                other.clone().greater(own.clone())
            };
            rank + own.zeros_like().mask_fill(ahead, 1.0)
        })
    });
    Tensor::cat(ranks.collect(), 0).log1p().div_scalar(std::f64::consts::LN_2)
}

/// Largest probability, `[batch, 1]`.
fn confidence(logits: Tensor<2>) -> Tensor<2> {
    softmax(logits, 1).max_dim(1)
}

#[cfg(test)]
mod tests;
