//! Data with common and rare features, in feature noise (definition 3.1 of the paper, as our dossier recalls
//! it).
//!
//! Orthonormal features v and u are common, one per class; v' and u' are rare. Of the patches of a sample one
//! holds the feature of its class, common or rare; b hold common features of either class at strength alpha
//! (feature noise); the rest are Gaussian, orthogonal to all features.

use mixup_core::{CoreError, checked::UnitInterval};
use ndarray::{Array1, Array2, Array3, ArrayView2, s};
use rand::{Rng, RngExt, seq::SliceRandom};
use rand_distr::StandardNormal;

/// Place of the first rare feature among the four; the common ones come first.
pub const RARE: usize = 2;

/// Classes, and so features of each kind.
const CLASSES: usize = 2;

/// How strong noise is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FeatureNoise {
    /// Strength of feature noise, alpha.
    pub alpha: f64,
    /// Standard deviation of Gaussian noise in each direction that it has, sigma_p.
    pub sigma: f64,
}

/// How large a sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Patches, P.
    pub patches: usize,
    /// Patches of feature noise among them, b.
    pub noisy: usize,
    /// Width of a patch, d.
    pub width: usize,
}

/// Everything that is random about samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Draws {
    /// Class of each sample, 0 or 1.
    pub classes: Vec<usize>,
    /// Whether it has the rare feature of its class.
    pub rare: Vec<bool>,
    /// A permutation of the patches for each sample, `[samples, P]`: the first is the feature's, the next b
    /// are feature noise's.
    pub order: Array2<usize>,
    /// Whose common features are the noise, `[samples, b]`.
    pub noise_classes: Array2<usize>,
    /// Standard normal numbers, `[samples, P, d]`, by the place in `order`, not by the patch.
    pub gauss: Array3<f64>,
}

/// Features v, u, v', u' along the first four axes, `[4, width]`. Start and noise are isotropic, so that no
/// other orthonormal four would be any different.
pub fn standard_features(width: usize) -> Array2<f64> {
    Array2::from_shape_fn((2 * CLASSES, width), |(feature, axis)| f64::from(u8::from(feature == axis)))
}

impl Draws {
    /// Draws samples, each rare with a probability.
    pub fn new(samples: usize, sizes: Sizes, rare: UnitInterval, rng: &mut impl Rng) -> Self {
        let mut draws = Self {
            classes: Vec::with_capacity(samples),
            rare: Vec::with_capacity(samples),
            order: Array2::zeros((samples, sizes.patches)),
            noise_classes: Array2::zeros((samples, sizes.noisy)),
            gauss: Array3::zeros((samples, sizes.patches, sizes.width)),
        };
        for row in 0..samples {
            draws.classes.push(rng.random_range(0..CLASSES));
            draws.rare.push(rng.random_bool(rare.get()));
            let mut order: Vec<usize> = (0..sizes.patches).collect();
            order.shuffle(rng);
            draws.order.row_mut(row).assign(&Array1::from(order));
            draws.noise_classes.row_mut(row).mapv_inplace(|_| rng.random_range(0..CLASSES));
            // The places of features need none, and draw none.
            let mut noise = draws.gauss.slice_mut(s![row, 1 + sizes.noisy.., ..]);
            noise.mapv_inplace(|_| rng.sample(StandardNormal));
        }
        draws
    }

    /// The samples, `[samples, P, d]`, of features `[4, d]` (v, u, v', u').
    ///
    /// # Errors
    /// Sizes that do not agree, an order that is none, or classes other than 0 and 1.
    pub fn samples(
        &self,
        features: ArrayView2<'_, f64>,
        FeatureNoise { alpha, sigma }: FeatureNoise,
    ) -> Result<Array3<f64>, CoreError> {
        self.check(features)?;
        let (samples, patches, width) = self.gauss.dim();
        let noisy = self.noise_classes.ncols();
        let mut x = Array3::zeros((samples, patches, width));
        for row in 0..samples {
            for place in 0..patches {
                let mut patch = x.slice_mut(s![row, self.order[[row, place]], ..]);
                if place == 0 {
                    patch.assign(&features.row(RARE * usize::from(self.rare[row]) + self.classes[row]));
                } else if place <= noisy {
                    let noise = features.row(self.noise_classes[[row, place - 1]]);
                    patch.assign(&(&noise * alpha));
                } else {
                    let noise = self.gauss.slice(s![row, place, ..]);
                    patch.assign(&noise);
                    for feature in features.rows() {
                        patch.scaled_add(-feature.dot(&noise), &feature);
                    }
                    patch *= sigma;
                }
            }
        }
        Ok(x)
    }

    /// The patches of each sample that are Gaussian noise.
    pub fn gaussian_patches(&self, row: usize) -> Vec<usize> {
        self.order.row(row).iter().skip(1 + self.noise_classes.ncols()).copied().collect()
    }

    fn check(&self, features: ArrayView2<'_, f64>) -> Result<(), CoreError> {
        let (samples, patches, width) = self.gauss.dim();
        let noisy = self.noise_classes.ncols();
        let refuse = |what: String| Err(CoreError::Invalid(what));
        if features.dim() != (2 * CLASSES, width) {
            return refuse(format!("features of shape {:?}, needed are 4 of width {width}", features.dim()));
        }
        let rows = [self.classes.len(), self.rare.len(), self.order.nrows(), self.noise_classes.nrows()];
        if rows != [samples; 4] || self.order.ncols() != patches {
            return refuse(format!("draws for {rows:?} and {samples} samples of {patches} patches"));
        }
        if patches < 1 + noisy {
            return refuse(format!(
                "a feature and {noisy} patches of feature noise need more than {patches} patches"
            ));
        }
        if self.classes.iter().chain(&self.noise_classes).any(|&class| class >= CLASSES) {
            return refuse("a class other than 0 and 1".to_owned());
        }
        let is_order = |order: ndarray::ArrayView1<'_, usize>| {
            let mut sorted = order.to_vec();
            sorted.sort_unstable();
            sorted.iter().copied().eq(0..patches)
        };
        match self.order.rows().into_iter().find(|&order| !is_order(order)) {
            Some(order) => refuse(format!("{order} is no order of {patches} patches")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    const SIZES: Sizes = Sizes { patches: 5, noisy: 2, width: 50 };

    fn drawn(rare: f64) -> (Draws, Array3<f64>) {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let draws = Draws::new(2000, SIZES, UnitInterval::new(rare).unwrap(), &mut rng);
        let noise = FeatureNoise { alpha: 0.3, sigma: 0.5 };
        let samples = draws.samples(standard_features(50).view(), noise).unwrap();
        (draws, samples)
    }

    #[test]
    fn a_sample_is_a_feature_feature_noise_and_noise_without_features() {
        let (draws, samples) = drawn(0.25);
        let mut squares = 0.0;
        for row in 0..2000 {
            let patch = |place: usize| samples.slice(s![row, draws.order[[row, place]], ..]);
            let feature = 2 * usize::from(draws.rare[row]) + draws.classes[row];
            assert_eq!(patch(0)[feature], 1.0);
            assert_eq!(patch(0).sum(), 1.0);
            for place in 1..=2 {
                assert_eq!(patch(place)[draws.noise_classes[[row, place - 1]]], 0.3);
                assert_eq!(patch(place).sum(), 0.3);
            }
            for place in [3, 4] {
                assert_eq!(patch(place).slice(s![..4]).sum(), 0.0);
                squares += patch(place).dot(&patch(place));
            }
            assert_eq!(draws.gaussian_patches(row), [3, 4].map(|place| draws.order[[row, place]]));
        }
        // 46 directions of variance 1/4, over 4000 patches: 11.5 with a standard error of 0.04.
        assert!((squares / 4000.0 - 11.5).abs() < 0.16, "{squares}");
    }

    #[test]
    fn shares_are_those_asked_for() {
        let (draws, _) = drawn(0.25);
        let rare = draws.rare.iter().filter(|&&rare| rare).count();
        // 500 with a standard deviation of 19, and 1000 with 22.
        assert!((420..580).contains(&rare), "{rare}");
        assert!((910..1090).contains(&draws.classes.iter().sum::<usize>()));
        assert!(drawn(1.0).0.rare.iter().all(|&rare| rare));
    }

    #[test]
    fn draws_that_do_not_agree_are_refused() {
        let (good, _) = drawn(0.5);
        let noise = FeatureNoise { alpha: 0.3, sigma: 0.5 };
        let refused = |change: &dyn Fn(&mut Draws)| {
            let mut draws = good.clone();
            change(&mut draws);
            draws.samples(standard_features(50).view(), noise).unwrap_err().to_string()
        };
        assert!(refused(&|draws| draws.order[[3, 0]] = draws.order[[3, 1]]).contains("no order"));
        assert!(refused(&|draws| draws.classes[0] = 2).contains("other than 0 and 1"));
        assert!(refused(&|draws| draws.rare.truncate(7)).contains("2000"));
        assert!(good.samples(standard_features(49).view(), noise).is_err());
    }
}
