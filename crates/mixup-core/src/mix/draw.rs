//! Mixtures at random.

use std::num::NonZeroUsize;

use burn::tensor::Tensor;
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::{Lambda, Mixture, Partner, Ratio};
use crate::clock::{Phase, timed};
use crate::{CoreError, stream::Streams};

/// What has a lambda of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Per {
    /// A batch.
    #[default]
    Batch,
    /// A sample.
    Sample,
}

/// What mixtures are drawn from.
#[derive(Debug, Clone)]
pub struct Mixing {
    /// How strongly.
    pub lambda: Lambda,
    /// Whether a batch has one lambda or each of its samples.
    pub per: Per,
    /// With whom.
    pub partner: Partner,
}

/// A mixture, and whose rows the batch that it mixes consists of.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// Indices into the training set: those of the batch, then those of the partners that join it.
    pub samples: Vec<usize>,
    /// Over rows of `samples`; as many results as the batch has samples.
    pub mixture: Mixture,
}

impl Ratio {
    /// One lambda, or one per sample.
    pub fn draw(lambda: &Lambda, per: Per, samples: usize, rng: &mut impl Rng) -> Self {
        match per {
            Per::Batch => Self::Batch(lambda.draw(rng)),
            Per::Sample => Self::Sample((0..samples).map(|_| lambda.draw(rng)).collect()),
        }
    }
}

impl Mixing {
    /// A mixture for a batch of training samples. Partners by permutation are rows of the batch; others
    /// join it.
    ///
    /// Streams read here: `lambda` and `pairs`.
    ///
    /// # Errors
    /// An empty batch.
    pub fn draw(&self, batch: &[usize], streams: &mut Streams) -> Result<Drawn, CoreError> {
        timed(Phase::Mixing, || self.drawn(batch, streams))
    }

    fn drawn(&self, batch: &[usize], streams: &mut Streams) -> Result<Drawn, CoreError> {
        let ratio = Ratio::draw(&self.lambda, self.per, batch.len(), streams.get("lambda"));
        let pairs = streams.get("pairs");
        if let Partner::Permutation = self.partner {
            let mixture = Mixture::permuted(batch.len(), ratio, pairs)?;
            return Ok(Drawn { samples: batch.to_vec(), mixture });
        }
        let mut samples = batch.to_vec();
        samples.extend(self.partner.draw(batch, pairs));
        Ok(Drawn { samples, mixture: Mixture::joined(batch.len(), ratio)? })
    }
}

/// Several mixtures of one batch. Their results stand one below the other, all of the first mixture first.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use mixup_core::mix::{Copies, Mixture, Ratio};
/// use mixup_core::tensor::to_host;
///
/// let copy = |lambda| Mixture::new(vec![1, 0], Ratio::Batch(lambda));
/// let copies = Copies(vec![copy(0.75)?, copy(0.5)?]);
/// let x = Tensor::<2>::from_data([[0.0], [4.0]], &Device::flex());
/// assert_eq!(to_host(copies.inputs(x)?)?, [1.0, 3.0, 2.0, 2.0]);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Copies(pub Vec<Mixture>);

impl Copies {
    /// For each copy a lambda and a random permutation of a batch of `rows`, independent of the others.
    ///
    /// Streams read here: `lambda` and `pairs`.
    ///
    /// # Errors
    /// An empty batch.
    pub fn draw(
        copies: NonZeroUsize,
        rows: usize,
        lambda: &Lambda,
        streams: &mut Streams,
    ) -> Result<Self, CoreError> {
        let mut draw = || {
            let ratio = Ratio::Batch(lambda.draw(streams.get("lambda")));
            Mixture::permuted(rows, ratio, streams.get("pairs"))
        };
        (0..copies.get()).map(|_| draw()).collect::<Result<_, _>>().map(Self)
    }

    /// Mixed inputs, see [`Mixture::inputs`]: `[copies * results, ...]`.
    ///
    /// # Errors
    /// No copies, or what one of them refuses.
    pub fn inputs<const D: usize>(&self, x: Tensor<D>) -> Result<Tensor<D>, CoreError> {
        self.stacked(|mixture| mixture.inputs(x.clone()))
    }

    /// Mixed hidden states, see [`Mixture::hidden`]: `[copies * results, ...]`.
    ///
    /// # Errors
    /// As [`Self::inputs`].
    pub fn hidden<const D: usize>(&self, x: Tensor<D>) -> Result<Tensor<D>, CoreError> {
        self.stacked(|mixture| mixture.hidden(x.clone()))
    }

    /// Mixed targets, see [`Mixture::targets`]: `[copies * results, classes]`.
    ///
    /// # Errors
    /// As [`Self::inputs`].
    pub fn targets(&self, targets: Tensor<2>) -> Result<Tensor<2>, CoreError> {
        self.stacked(|mixture| mixture.targets(targets.clone()))
    }

    /// Share of the own label in each result, see [`Mixture::shares`]: `copies * results` values.
    ///
    /// # Errors
    /// As [`Mixture::shares`].
    pub fn shares(&self) -> Result<Vec<f64>, CoreError> {
        Ok(self.0.iter().map(Mixture::shares).collect::<Result<Vec<_>, _>>()?.concat())
    }

    fn stacked<const D: usize>(
        &self,
        mixed: impl FnMut(&Mixture) -> Result<Tensor<D>, CoreError>,
    ) -> Result<Tensor<D>, CoreError> {
        if self.0.is_empty() {
            return Err(CoreError::Invalid("at least one mixed copy is needed".into()));
        }
        Ok(Tensor::cat(self.0.iter().map(mixed).collect::<Result<_, _>>()?, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checked::{Positive, UnitInterval};
    use crate::tensor::to_host;
    use burn::tensor::Device;

    fn uniform_lambda() -> Lambda {
        Lambda::beta(Positive::new(1.0).unwrap()).unwrap()
    }

    #[test]
    fn partners_from_the_training_set_join_the_batch() {
        let (lambda, partner) = (uniform_lambda(), Partner::Uniform { samples: 100 });
        let mixing = Mixing { lambda, per: Per::Batch, partner: partner.clone() };
        let drawn = mixing.draw(&[7, 3, 9], &mut Streams::new("draw", 0)).unwrap();
        let mut streams = Streams::new("draw", 0);
        let partners = partner.draw(&[7, 3, 9], streams.get("pairs"));
        assert_eq!(drawn.samples, [vec![7, 3, 9], partners].concat());
        assert_eq!(drawn.mixture.partners, [3, 4, 5]);
        assert_eq!(drawn.mixture.ratio, Ratio::Batch(lambda.draw(streams.get("lambda"))));
        assert!(mixing.draw(&[], &mut streams).is_err());
    }

    #[test]
    fn a_permutation_stays_in_the_batch() {
        let mixing = Mixing { lambda: uniform_lambda(), per: Per::Sample, partner: Partner::Permutation };
        let drawn = mixing.draw(&[7, 3, 9, 1], &mut Streams::new("draw", 0)).unwrap();
        let named: Vec<usize> = drawn.mixture.partners.iter().map(|&row| drawn.samples[row]).collect();
        assert_eq!(drawn.samples, [7, 3, 9, 1]);
        // The same permutation as of the samples themselves.
        let pairs = Partner::Permutation.draw(&[7, 3, 9, 1], Streams::new("draw", 0).get("pairs"));
        assert_eq!(named, pairs);
        assert_eq!(drawn.mixture.shares().unwrap().len(), 4);
    }

    #[test]
    fn copies_are_drawn_one_after_the_other_and_stand_one_below_the_other() {
        let copies = NonZeroUsize::new(3).unwrap();
        let drawn = Copies::draw(copies, 4, &uniform_lambda(), &mut Streams::new("draw", 0)).unwrap();
        let mut streams = Streams::new("draw", 0);
        for Mixture { partners, ratio } in &drawn.0 {
            assert_eq!(*ratio, Ratio::Batch(uniform_lambda().draw(streams.get("lambda"))));
            assert_eq!(*partners, Partner::Permutation.draw(&[0, 1, 2, 3], streams.get("pairs")));
        }
        let x = Tensor::<2>::from_data([[1.0], [2.0], [4.0], [8.0]], &Device::flex());
        let mixed = to_host(drawn.inputs(x.clone()).unwrap()).unwrap();
        for (copy, mixture) in drawn.0.iter().enumerate() {
            assert_eq!(mixed[4 * copy..][..4], to_host(mixture.inputs(x.clone()).unwrap()).unwrap());
        }
        assert_eq!(drawn.shares().unwrap().len(), 12);
        assert!(Copies(Vec::new()).inputs(x).is_err());
    }

    #[test]
    fn a_lambda_per_sample_or_per_batch() {
        let fixed = Lambda::Fixed(UnitInterval::new(0.3).unwrap());
        let mut streams = Streams::new("draw", 0);
        let mut draw = |per| Ratio::draw(&fixed, per, 3, streams.get("lambda"));
        assert_eq!(draw(Per::Sample), Ratio::Sample(vec![0.3; 3]));
        assert_eq!(draw(Per::Batch), Ratio::Batch(0.3));
    }
}
