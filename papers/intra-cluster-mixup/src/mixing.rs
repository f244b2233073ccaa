//! Who is mixed with whom, as a row of a table says it, and the draws of a step.

use std::num::NonZeroUsize;

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    checked::Positive,
    cluster::{kmeans, principal_subspace, unit_rows},
    mix::{Lambda, Partner},
    train::Step,
};
use mixup_data::LabelledImages;
use mixup_routines::{parameters, positive};
use ndarray::Array2;
use rand::Rng;
use rand_distr::{Distribution, Gamma};
use serde::{Deserialize, Serialize};

use crate::blend::{Blend, distances};
use crate::method::Known;
use crate::noise::Partnered;
use crate::pairs::{Drawn, clean_partners, cluster_mates};

parameters!(
    /// How images and labels are mixed.
    Mixing {
        /// lambda ~ Beta(alpha, alpha), one per batch; 0.2 as in the authors' README.
        alpha: Positive = positive(0.2),
        /// With whom.
        partner: Partners = Partners::default(),
    }
);
parameters!(
    /// Parameters of [`Partners::Clusters`].
    Clusters {
        /// Clusters of the training images; 50 as in the authors' README.
        count: NonZeroUsize = const { NonZeroUsize::new(50).unwrap() },
        /// Dimensions of the principal subspace that is clustered, in place of the authors' SimSiam features.
        dimensions: NonZeroUsize = const { NonZeroUsize::new(64).unwrap() },
        /// Whose formula.
        form: Form = Form::default(),
    }
);

/// With whom an image of a batch is mixed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Partners {
    /// A random permutation of the batch: mixup.
    #[default]
    Any,
    /// One with which the pair is not noisy: a proof of concept that reads true labels.
    Clean,
    /// One of the same cluster: Intra-Cluster Mixup.
    Clusters(Clusters),
}

/// Whose formula mixes inside clusters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// One lambda for image and label; another image of the cluster, or none ([`Blend::paper`]).
    #[default]
    Paper,
    /// The authors' code until commit 3a80964 ([`Blend::official`]).
    Official,
    /// Their newest commit, 2294a32 ([`Blend::labels_only`]).
    OfficialHead,
    /// Their three-image form, MICM ([`Blend::three`]).
    Micm,
}

impl Partners {
    /// How partners are drawn, for [`expected_noise`]; none where pairs are clean.
    pub(crate) fn partnered(&self) -> Option<Partnered> {
        match self {
            Self::Any => Some(Partnered::Any),
            Self::Clean => None,
            Self::Clusters(Clusters { form: Form::Paper, .. }) => Some(Partnered::Other),
            Self::Clusters(_) => Some(Partnered::Any),
        }
    }
}

impl Clusters {
    /// Clusters of the training images: k-means on directions in the principal subspace of their pixels.
    pub(crate) fn of(&self, images: &LabelledImages, rng: &mut impl Rng) -> Result<Vec<usize>, CoreError> {
        let size = images.pixels.len() / images.len().max(1);
        let pixels = images.pixels.iter().map(|&byte| f64::from(byte) / 255.0).collect();
        let pixels = Array2::from_shape_vec((images.len(), size), pixels)
            .map_err(|error| CoreError::Invalid(error.to_string()))?;
        let features = unit_rows(principal_subspace(pixels.view(), self.dimensions, rng)?);
        kmeans(features.view(), self.count, rng)
    }
}

impl Mixing {
    /// The draws of one step. `rows` are places of the batch's images in the training part.
    pub(crate) fn draw(
        &self,
        x: &Tensor<4>,
        rows: &[usize],
        known: &Known,
        step: &mut Step<'_>,
    ) -> Result<Blend, CoreError> {
        let of = |values: &[usize]| rows.iter().map(|&row| values[row]).collect::<Vec<_>>();
        let lambda = Lambda::beta(self.alpha)?;
        let Partners::Clusters(Clusters { form, .. }) = &self.partner else {
            let pairs = step.streams.get("pairs");
            let places: Vec<usize> = (0..rows.len()).collect();
            let partners = match self.partner {
                Partners::Clean => clean_partners(&of(&known.truth), &of(&known.complementary), pairs),
                _ => Partner::Permutation.draw(&places, pairs),
            };
            return Ok(Blend::paper(partners, lambda.draw(step.streams.get("lambda"))));
        };
        let clusters = of(&known.clusters);
        let (count, drawn) = match form {
            Form::Paper => (1, Drawn::Others),
            Form::Official | Form::OfficialHead => (1, Drawn::All),
            Form::Micm => (2, Drawn::All),
        };
        let mates = cluster_mates(&clusters, count, drawn, step.streams.get("pairs"));
        let strength = step.streams.get("lambda");
        Ok(match form {
            Form::Paper => Blend::paper(mates.concat(), lambda.draw(strength)),
            Form::Official | Form::OfficialHead => {
                let same: Vec<bool> = distances(x, &mates)?[0].iter().map(|&far| far == 0.0).collect();
                let blend = Blend::official(mates.concat(), &clusters, &same, lambda.draw(strength));
                if *form == Form::Official { blend } else { blend.labels_only() }
            }
            Form::Micm => {
                let far = distances(x, &mates)?;
                Blend::three(mates, &clusters, &far, dirichlet(self.alpha, strength)?)?
            }
        })
    }
}

/// Shares of three images, `Dirichlet(alpha, alpha, alpha)`.
fn dirichlet(alpha: Positive, rng: &mut impl Rng) -> Result<[f64; 3], CoreError> {
    let gamma = Gamma::new(alpha.get(), 1.0).map_err(|error| CoreError::Invalid(error.to_string()))?;
    let drawn: [f64; 3] = std::array::from_fn(|_| gamma.sample(rng));
    let sum: f64 = drawn.iter().sum();
    // All three of a tiny alpha may underflow.
    Ok(if sum > 0.0 { drawn.map(|share| share / sum) } else { [1.0, 0.0, 0.0] })
}

#[cfg(test)]
mod tests {
    use mixup_core::stream::Streams;

    use super::*;

    #[test]
    fn three_shares_sum_to_one() {
        for alpha in [1e-6, 0.2, 5.0] {
            let shares = dirichlet(positive(alpha), Streams::new("shares", 0).get("lambda")).unwrap();
            assert!(
                (shares.iter().sum::<f64>() - 1.0).abs() < 1e-12 && shares.iter().all(|&share| share >= 0.0)
            );
        }
    }
}
