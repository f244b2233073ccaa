//! `mixing:` of a row: Metrix beside a clean loss.

use std::num::NonZeroUsize;

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    checked::{NonNegative, Positive},
    loss::metric::{Divisors, Length, MixedSets, PairLabels, cosine_similarities},
    mix::{Lambda, mix},
    nn::RunningStatistics,
    tensor::select_rows,
    train::Step,
};
use mixup_paper::{FigureInfo, MetricInfo};
use mixup_routines::classification::Told;
use mixup_routines::metric_learning::{Batch, Embedded, MetricLoss, Mixing};
use mixup_routines::{non_negative, parameters, positive, size};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::analysis;
use crate::pairs::{Pairs, Points};

/// `{kind: embedding, weight: 0.4}`: what is mixed. The mixed loss is added to the clean one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Metrix {
    /// Embeddings.
    Embedding(Embeddings),
    /// The backbone's last maps, before pooling.
    Feature(Drawn),
    /// Images: mixed ones go through the network in a pass of their own, which leaves no mark on batch norm's
    /// running statistics.
    Input(Drawn),
}

parameters!(
    /// Parameters of [`Metrix::Embedding`].
    Embeddings {
        /// lambda ~ Beta(alpha, alpha), one per batch, not folded.
        alpha: Positive = positive(2.0),
        /// Weight of the mixed loss.
        weight: NonNegative = non_negative(0.4),
        /// Which pairs are mixed.
        pairs: Choice = Choice::default(),
        /// Random negatives that each sample is mixed with, as at the other levels; all of each anchor's pairs
        /// where absent.
        #[serde(skip_serializing_if = "Option::is_none")]
        negatives: Option<NonZeroUsize> = None,
        /// What the mixed loss does not train.
        #[serde(skip_serializing_if = "Option::is_none")]
        detach: Option<Detach> = None,
        /// By what the sides of Proxy Anchor's mixed loss are divided; [`Divisor::All`] where absent.
        #[serde(skip_serializing_if = "Option::is_none")]
        divisor: Option<Divisor> = None,
    }
);
parameters!(
    /// Parameters of [`Metrix::Feature`] and [`Metrix::Input`].
    Drawn {
        /// lambda ~ Beta(alpha, alpha), one per batch, not folded.
        alpha: Positive = positive(2.0),
        /// Weight of the mixed loss.
        weight: NonNegative = non_negative(0.4),
        /// Which pairs are mixed.
        pairs: Choice = Choice::default(),
        /// Random negatives that each sample is mixed with.
        negatives: NonZeroUsize = size(1),
        /// By what the sides of Proxy Anchor's mixed loss are divided; [`Divisor::All`] where absent.
        #[serde(skip_serializing_if = "Option::is_none")]
        divisor: Option<Divisor> = None,
    }
);

/// Which pairs a batch mixes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// Positive-negative or anchor-negative ones, by the toss of a coin for each batch.
    #[default]
    Either,
    /// [`Pairs::PositiveNegative`].
    PositiveNegative,
    /// [`Pairs::AnchorNegative`].
    AnchorNegative,
    /// [`Pairs::PositivePositive`], of embeddings.
    PositivePositive,
    /// [`Pairs::NegativeNegative`], of embeddings.
    NegativeNegative,
    /// [`Pairs::OfficialPositiveNegative`] or, at three quarters of the weight,
    /// [`Pairs::OfficialAnchorNegative`], by the toss of a coin; of embeddings.
    Official,
}

/// What the mixed loss does not train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Detach {
    /// Proxies: they move by the clean loss alone.
    Proxies,
    /// The network: only proxies move by the mixed loss.
    Network,
}

/// By what the negative side of Proxy Anchor's mixed loss is divided; the positive one always by the classes in the
/// batch.
///
/// The clean loss has negatives for each proxy and divides their side by the number of all classes. Mixtures are there
/// only for proxies with a positive in the batch: divided by all classes, their negative side counts for less than
/// their positive one, by the share of the classes that a batch has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Divisor {
    /// All classes, as in the clean loss and in the golden vectors.
    All,
    /// The classes in the batch, which are the anchors of mixtures.
    Present,
}

impl Divisor {
    fn of(this: Option<Self>, embedded: &Embedded) -> Divisors {
        let clean = Divisors::of(&embedded.classes, embedded.all);
        match this {
            None | Some(Self::All) => clean,
            Some(Self::Present) => Divisors { all: clean.present, ..clean },
        }
    }
}

impl Choice {
    /// Whether pairs are drawn once per sample and used by all anchors of its class.
    fn suits_drawn(self) -> bool {
        matches!(self, Self::Either | Self::PositiveNegative | Self::AnchorNegative)
    }

    /// The pairs of one batch, and what the weight is multiplied by.
    fn toss(self, rng: &mut impl Rng) -> (Pairs, f64) {
        let mut coin = || rng.random::<bool>();
        match self {
            Self::Either if coin() => (Pairs::PositiveNegative, 1.0),
            Self::Either | Self::AnchorNegative => (Pairs::AnchorNegative, 1.0),
            Self::PositiveNegative => (Pairs::PositiveNegative, 1.0),
            Self::PositivePositive => (Pairs::PositivePositive, 1.0),
            Self::NegativeNegative => (Pairs::NegativeNegative, 1.0),
            Self::Official if coin() => (Pairs::OfficialPositiveNegative, 1.0),
            Self::Official => (Pairs::OfficialAnchorNegative, 0.75),
        }
    }
}

impl Metrix {
    fn common(&self) -> (Positive, NonNegative, Choice) {
        match self {
            Self::Embedding(Embeddings { alpha, weight, pairs, .. }) => (*alpha, *weight, *pairs),
            Self::Feature(Drawn { alpha, weight, pairs, .. })
            | Self::Input(Drawn { alpha, weight, pairs, .. }) => (*alpha, *weight, *pairs),
        }
    }

    /// Random negatives of each sample; none where all pairs are mixed.
    fn negatives(&self) -> Option<NonZeroUsize> {
        match self {
            Self::Embedding(Embeddings { negatives, .. }) => *negatives,
            Self::Feature(Drawn { negatives, .. }) | Self::Input(Drawn { negatives, .. }) => Some(*negatives),
        }
    }

    /// Embeddings of the mixtures of each sample with some others.
    fn mixtures(&self, batch: &Batch<'_>, drawn: &DrawnPairs, lambda: f64) -> Result<Tensor<2>, CoreError> {
        match self {
            Self::Embedding(_) => drawn.mixed(batch.embedded.embeddings.clone(), lambda),
            Self::Feature(_) => batch.network.of_maps(drawn.mixed(batch.maps.clone(), lambda)?),
            Self::Input(_) => {
                let statistics = RunningStatistics::of(batch.network);
                let mixed = batch.network.embeddings(drawn.mixed(batch.images.clone(), lambda)?);
                statistics.restore(batch.network);
                Ok(mixed)
            }
        }
    }

    fn divisor(&self) -> Option<Divisor> {
        match self {
            Self::Embedding(Embeddings { divisor, .. }) => *divisor,
            Self::Feature(Drawn { divisor, .. }) | Self::Input(Drawn { divisor, .. }) => *divisor,
        }
    }

    fn detached(&self, mut embedded: Embedded) -> Embedded {
        let Self::Embedding(Embeddings { detach, .. }) = self else { return embedded };
        match detach {
            Some(Detach::Proxies) => embedded.proxies = embedded.proxies.map(Tensor::detach),
            Some(Detach::Network) => embedded.embeddings = embedded.embeddings.detach(),
            None => {}
        }
        embedded
    }
}

impl Mixing for Metrix {
    fn check(&self, loss: &MetricLoss) -> Result<(), String> {
        let (_, _, pairs) = self.common();
        if !loss.takes_mixed_labels() {
            return Err("mixing: `triplet` and `nt-xent` take no labels between 0 and 1".into());
        }
        if self.negatives().is_some() && !pairs.suits_drawn() {
            return Err(
                "mixing.pairs: with `negatives` `either`, `positive-negative` or `anchor-negative`".into()
            );
        }
        if self.negatives().is_some() && loss.has_proxies() && pairs != Choice::PositiveNegative {
            return Err("mixing.pairs: a proxy is no image to be mixed; use `positive-negative`".into());
        }
        if self.divisor().is_some() && !loss.has_proxies() {
            return Err("mixing.divisor: only of a loss with proxies".into());
        }
        match self {
            Self::Embedding(Embeddings { detach: Some(_), .. }) if !loss.has_proxies() => {
                Err("mixing.detach: only of a loss with proxies".into())
            }
            Self::Embedding(Embeddings { detach: Some(_), negatives: Some(_), .. }) => {
                Err("mixing.detach: not with `negatives`".into())
            }
            _ => Ok(()),
        }
    }

    /// Streams read here: `lambda`, `choice`, and `pairs` where negatives are drawn.
    fn loss(
        &self,
        loss: &MetricLoss,
        batch: &Batch<'_>,
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        let (alpha, weight, choice) = self.common();
        let lambda = Lambda::beta(alpha)?.draw(step.streams.get("lambda"));
        let (pairs, share) = choice.toss(step.streams.get("choice"));
        let weight = weight.get() * share;
        let divisors = Divisor::of(self.divisor(), batch.embedded);
        let mixed = match self.negatives() {
            None => mixed_loss(loss, &self.detached(batch.embedded.clone()), pairs, lambda, divisors)?,
            Some(count) => {
                let classes = &batch.embedded.classes;
                let drawn = DrawnPairs::draw(classes, count, step.streams.get("pairs"));
                if drawn.first.is_empty() {
                    // One class: nothing to mix it with.
                    return Ok(batch.embedded.embeddings.clone().sum().mul_scalar(0.0));
                }
                let mixtures = self.mixtures(batch, &drawn, lambda)?;
                drawn_loss(loss, batch.embedded, &drawn, mixtures, (pairs, lambda, divisors))?
            }
        };
        Ok(mixed.mul_scalar(weight))
    }

    fn metrics() -> Vec<MetricInfo> {
        analysis::metrics()
    }

    fn figures() -> Vec<FigureInfo> {
        analysis::figures()
    }

    fn told(loss: &MetricLoss, sample: &Embedded) -> Result<Told, CoreError> {
        analysis::told(loss, sample)
    }
}

/// The mixed loss of all pairs of a batch of embeddings, `[1]`; 0 where there is no pair. The divisors are of a loss with
/// proxies.
///
/// # Errors
/// A loss that takes no mixed labels, or proxies that are missing.
pub fn mixed_loss(
    loss: &MetricLoss,
    embedded: &Embedded,
    pairs: Pairs,
    lambda: f64,
    divisors: Divisors,
) -> Result<Tensor<1>, CoreError> {
    let (points, sets) = points(loss, embedded, pairs)?;
    if sets.is_empty() {
        return Ok(points.sum().mul_scalar(0.0));
    }
    let similarities = cosine_similarities(points.clone(), points)?;
    let similarities = sets.similarities(&similarities, lambda, Length::One)?;
    loss.of_labelled(similarities, &sets.labels(pairs.label(lambda))?, divisors)
}

/// All points that a loss compares, and each anchor's pairs among them. Of proxies those whose class is in the batch:
/// others have no positives, and nothing is mixed for them.
pub(crate) fn points(
    loss: &MetricLoss,
    embedded: &Embedded,
    pairs: Pairs,
) -> Result<(Tensor<2>, MixedSets), CoreError> {
    let Embedded { embeddings, classes, .. } = embedded;
    if !loss.has_proxies() {
        return Ok((embeddings.clone(), pairs.sets(&Points::of_batch(classes))));
    }
    let present = present(classes);
    let proxies = select_rows(embedded.proxies()?, &present)?;
    let sets = pairs.sets(&Points::with_proxies(&present, classes));
    Ok((Tensor::cat(vec![proxies, embeddings.clone()], 0), sets))
}

fn present(classes: &[usize]) -> Vec<usize> {
    std::collections::BTreeSet::from_iter(classes.iter().copied()).into_iter().collect()
}

/// Pairs that are drawn once for a batch: each sample with some random samples of other classes. A mixture serves all
/// anchors of its first sample's class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawnPairs {
    first: Vec<usize>,
    second: Vec<usize>,
}

impl DrawnPairs {
    /// `count` partners for each sample, with replacement. A batch of one class has none.
    pub fn draw(classes: &[usize], count: NonZeroUsize, rng: &mut impl Rng) -> Self {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for (sample, class) in classes.iter().enumerate() {
            let others: Vec<usize> = (0..classes.len()).filter(|other| classes[*other] != *class).collect();
            for _ in 0..count.get() {
                if !others.is_empty() {
                    first.push(sample);
                    second.push(others[rng.random_range(0..others.len() as u32) as usize]);
                }
            }
        }
        Self { first, second }
    }

    /// Mixed images, maps or embeddings, a row for each pair.
    ///
    /// # Errors
    /// A sample that is no row.
    pub fn mixed<const D: usize>(&self, x: Tensor<D>, lambda: f64) -> Result<Tensor<D>, CoreError> {
        Ok(mix(select_rows(x.clone(), &self.first)?, select_rows(x, &self.second)?, lambda))
    }
}

fn drawn_loss(
    loss: &MetricLoss,
    embedded: &Embedded,
    drawn: &DrawnPairs,
    mixtures: Tensor<2>,
    (pairs, lambda, divisors): (Pairs, f64, Divisors),
) -> Result<Tensor<1>, CoreError> {
    let Embedded { embeddings, classes, .. } = embedded;
    let first_of = |mixture: usize| drawn.first[mixture];
    let (anchors, anchor_classes) = if loss.has_proxies() {
        let present = present(classes);
        (select_rows(embedded.proxies()?, &present)?, present)
    } else {
        (embeddings.clone(), classes.clone())
    };
    let own = |anchor: usize, mixture: usize| !loss.has_proxies() && first_of(mixture) == anchor;
    let serves = |anchor: usize, mixture: usize| match pairs {
        Pairs::AnchorNegative => own(anchor, mixture),
        _ => classes[first_of(mixture)] == anchor_classes[anchor] && !own(anchor, mixture),
    };
    let used = (0..anchor_classes.len() * drawn.first.len())
        .map(|place| serves(place / drawn.first.len(), place % drawn.first.len()))
        .collect();
    let labels = PairLabels::uniform(anchor_classes.len(), lambda, used)?;
    let similarities = cosine_similarities(anchors, mixtures)?;
    loss.of_labelled(similarities, &labels, divisors)
}

#[cfg(test)]
mod tests;
