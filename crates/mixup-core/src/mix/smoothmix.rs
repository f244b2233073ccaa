//! SmoothMix's mask: a Gaussian bump (Lee et al. 2020).

use ndarray::Array2;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::Mask;
use crate::CoreError;

/// What SmoothMix draws.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SmoothMix {
    /// Where the bump is: rows and columns, from 0 below the side of the image. Half of the side is its middle.
    pub place: [usize; 2],
    /// From 0 to 1; the bump's standard deviation is `u / 4 + 1/4` of the side.
    pub spread: f64,
}

/// Whose label gets which share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SmoothLabels {
    /// Each label gets what its image has of the mask.
    #[default]
    Matching,
    /// The own label gets what the partner has: OpenMixup's code.
    Inverted,
}

impl SmoothMix {
    /// Draws for square images of a side.
    ///
    /// # Errors
    /// A side of 0.
    pub fn draw(side: usize, rng: &mut impl Rng) -> Result<Self, CoreError> {
        let place = super::centre([side, side], rng)?;
        Ok(Self { place, spread: rng.random() })
    }

    /// The partner's weight of each pixel, as OpenMixup makes it: a bump in the middle of a grid of twice the side,
    /// rolled, of which the middle is cut out.
    ///
    /// # Errors
    /// Images that are not square: the official kernel is.
    pub fn kernel(&self, size: [usize; 2]) -> Result<Array2<f64>, CoreError> {
        let [side, width] = size;
        if side != width || side == 0 {
            return Err(CoreError::Invalid(format!("SmoothMix is for square images, not {size:?}")));
        }
        let sigma = (self.spread / 4.0 + 0.25) * side as f64;
        let middle = (2 * side - 1) as f64 / 2.0;
        // Distance of a row or column of the image from the bump, which the roll takes round the edges.
        let along = |axis: usize, pixel: usize| {
            let rolled = (self.place[axis] as f64 - side as f64 / 2.0) as i64;
            let source = (pixel + side / 2) as i64 - rolled;
            source.rem_euclid(2 * side as i64) as f64 - middle
        };
        Ok(Array2::from_shape_fn((side, side), |(row, column)| {
            let square = along(0, row).powi(2) + along(1, column).powi(2);
            (-square / (2.0 * sigma * sigma)).exp()
        }))
    }

    /// The mask for all samples.
    ///
    /// # Errors
    /// As [`Self::kernel`].
    pub fn mask(&self, size: [usize; 2], labels: SmoothLabels) -> Result<Mask, CoreError> {
        let kernel = self.kernel(size)?;
        let partner = kernel.sum() / kernel.len() as f64;
        let mask = Mask::shared(kernel.mapv(|weight| 1.0 - weight))?;
        Ok(match labels {
            SmoothLabels::Matching => mask,
            SmoothLabels::Inverted => mask.labelled(partner),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::Ratio;
    use crate::stream::Streams;
    use proptest::prelude::*;

    #[test]
    fn the_bump_stands_where_it_was_drawn() {
        let kernel = SmoothMix { place: [16, 4], spread: 0.0 }.kernel([32, 32]).unwrap();
        // The middle of the grid is between two pixels: 15 and 16 of the image, 12 of them to the left.
        assert_eq!(kernel[[15, 3]], kernel[[16, 4]]);
        assert!(kernel.iter().all(|&weight| weight <= kernel[[15, 3]]));
        let expected = (-((0.5f64).powi(2) + 4.5f64.powi(2)) / (2.0 * 8.0 * 8.0)).exp();
        assert!((kernel[[16, 8]] - expected).abs() < 1e-15);
        assert!(SmoothMix { place: [0, 0], spread: 0.0 }.kernel([3, 4]).is_err());
    }

    #[test]
    fn half_of_the_image_is_the_partners() {
        // The dossier's simulation at 32 x 32: 0.43 with a standard deviation of 0.13.
        let streams = &mut Streams::new("smooth", 0);
        let shares: Vec<f64> = (0..2000)
            .map(|_| {
                let drawn = SmoothMix::draw(32, streams.get("box")).unwrap();
                Ratio::Mask(drawn.mask([32, 32], SmoothLabels::Inverted).unwrap()).shares(1).unwrap()[0]
            })
            .collect();
        let mean = shares.iter().sum::<f64>() / shares.len() as f64;
        assert!((mean - 0.43).abs() < 0.01, "{mean}");
    }

    proptest! {
        #[test]
        fn labels_are_those_of_the_pixels_or_the_other_way_round(
            side in 1usize..20, place in [0usize..20, 0usize..20], spread in 0.0f64..1.0,
        ) {
            let drawn = SmoothMix { place: place.map(|at| at % side), spread };
            let share = |labels| Ratio::Mask(drawn.mask([side, side], labels).unwrap()).shares(1).unwrap()[0];
            let own = 1.0 - drawn.kernel([side, side]).unwrap().mean().unwrap();
            prop_assert!((share(SmoothLabels::Matching) - own).abs() < 1e-12);
            prop_assert!((share(SmoothLabels::Inverted) - (1.0 - own)).abs() < 1e-12);
        }
    }
}
