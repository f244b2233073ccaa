//! What the number of samples does to a calibration error: how large it is without any miscalibration,
//! and an estimate that is not larger for fewer samples. Shares, not percentages.

use std::f64::consts::FRAC_2_PI;
use std::num::NonZeroUsize;

use super::classification::Predictions;
use super::ece::{samples, weighted};
use super::reliability::{Bin, Closed, equal_count, equal_width, reliability};

/// Top-label calibration error in L2, debiased (Kumar, Liang and Ma 2019, section 5): the square root of
/// [`debiased_square`], 0 where that is negative.
///
/// Not a debiased [`ece`](super::ece::ece), which is the L1 error: of one and the same network the L2 error
/// is the larger of the two, the more so the more the gaps of the bins differ.
pub fn debiased_l2(predictions: &Predictions, bins: NonZeroUsize) -> f64 {
    debiased_square(predictions, bins).max(0.0).sqrt()
}

/// Square of the top-label calibration error, debiased: over bins of equal count ([`equal_count`]), the
/// mean of `gap^2 - y (1 - y) / (n - 1)`, weighted with the share of the samples, where `y` is the
/// accuracy of the bin and `n` its samples. The second term is what chance alone adds to the first; so
/// the estimate is negative for about half of all calibrated networks. A bin of one sample counts as 0.
///
/// What `get_calibration_error` of the authors' code gives with its defaults (`p=2, debias=True`, 15
/// bins) and `mode='top-label'`, before its root. Their estimator is unbiased for confidences that are
/// equal within a bin, and nearly so where they differ little.
pub fn debiased_square(predictions: &Predictions, bins: NonZeroUsize) -> f64 {
    let edges = equal_count(&predictions.confidences(), bins);
    let of_bin = |bin: &Bin| match bin.count {
        0 | 1 => 0.0,
        count => bin.gap().powi(2) - bin.accuracy * (1.0 - bin.accuracy) / (count - 1) as f64,
    };
    weighted(&reliability(samples(predictions), &edges, Closed::Upper), predictions, of_bin)
}

/// What [`ece`](super::ece::ece) is on average for a network with these confidences that is perfectly
/// calibrated, on so many samples: `1/N sum_b sqrt(2/pi sum_{i in b} p_i (1 - p_i))`.
///
/// In each bin the number of hits is then a sum of Bernoulli variables with the confidences `p_i`, nearly
/// normal around its mean, and the mean of its distance from there is that of a half-normal variable. Of an
/// ECE only what lies above can come from miscalibration; ECE minus floor is no estimate of that, as the
/// parts of noise and miscalibration do not add.
pub fn ece_floor(predictions: &Predictions, bins: NonZeroUsize) -> f64 {
    let mut variances = vec![0.0; bins.get()];
    let edges = equal_width(bins);
    for confidence in predictions.confidences() {
        let bin = edges.partition_point(|edge| *edge < confidence).saturating_sub(1);
        variances[bin.min(bins.get() - 1)] += confidence * (1.0 - confidence);
    }
    let noise = |variance: f64| (FRAC_2_PI * variance).sqrt();
    variances.into_iter().map(noise).sum::<f64>() / predictions.samples() as f64
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use rand::RngExt;

    use super::*;
    use crate::metrics::ece::ece;
    use crate::stream::Streams;

    fn fifteen() -> NonZeroUsize {
        NonZeroUsize::new(15).unwrap()
    }

    /// Samples of two classes by the confidence in the likelier one, and whether that is the true one.
    fn predictions(samples: &[(f64, bool)]) -> Predictions {
        let logit = |row: usize| samples[row].0.ln() - (1.0 - samples[row].0).ln();
        let logits = Array2::from_shape_fn((samples.len(), 2), |(row, class)| [logit(row), 0.0][class]);
        let labels: Vec<usize> = samples.iter().map(|(_, right)| usize::from(!right)).collect();
        Predictions::from_logits(logits.view(), &labels).unwrap()
    }

    /// Samples without chance, right less often than their confidence says.
    fn regular(count: u32, share: f64) -> Predictions {
        let sample = |index: u32| {
            let confidence = 0.5 + 0.5 * (f64::from(index * 37 % 101) + 0.5) / 101.0;
            (confidence, (f64::from(index * 53 % 97) + 0.5) / 97.0 < share * confidence)
        };
        predictions(&(0..count).map(sample).collect::<Vec<_>>())
    }

    /// Values by the package uncertainty-calibration 0.1.4 of the authors, `unbiased_square_ce` of bins by
    /// `get_equal_bins(.., 15)`.
    #[test]
    fn it_is_the_estimator_of_the_authors() {
        for (count, share, square) in [
            (1000, 0.9, 0.005_990_729_840_968_568),
            (200, 0.8, -0.004_509_018_127_903_533),
            (199, 1.0, -0.010_424_880_250_031_64),
            (10, 0.5, 0.0),
        ] {
            let regular = regular(count, share);
            let found = debiased_square(&regular, fifteen());
            assert!((found - square).abs() < 1e-12, "{count}: {found}");
            assert!((debiased_l2(&regular, fifteen()) - square.max(0.0).sqrt()).abs() < 1e-12);
        }
    }

    /// Networks with the same confidences, mostly large as those of trained networks are, whose chance to be
    /// right is the confidence minus `excess`; the mean of a metric over them.
    fn mean_over_networks(excess: f64, samples: usize, metric: impl Fn(&Predictions) -> f64) -> f64 {
        let networks = 500_000 / samples;
        let mut streams = Streams::new("sampling", samples as u64);
        let mut mean = 0.0;
        for _ in 0..networks {
            let network: Vec<(f64, bool)> = (0..samples)
                .map(|sample| {
                    let rank = (sample as f64 + 0.5) / samples as f64;
                    let confidence = 1.0 - 0.45 * rank * rank;
                    (confidence, streams.get("right").random::<f64>() < confidence - excess)
                })
                .collect();
            mean += metric(&predictions(&network)) / networks as f64;
        }
        mean
    }

    #[test]
    fn the_floor_is_the_mean_error_of_calibrated_networks() {
        for samples in [500, 4000] {
            let floor = mean_over_networks(0.0, samples, |network| ece_floor(network, fifteen()));
            let simulated = mean_over_networks(0.0, samples, |network| ece(network, fifteen()));
            assert!((floor / simulated - 1.0).abs() < 0.04, "{samples}: {floor}, simulated {simulated}");
        }
    }

    #[test]
    fn the_debiased_error_does_not_depend_on_the_number_of_samples() {
        for samples in [300, 3000] {
            let calibrated = mean_over_networks(0.0, samples, |network| debiased_square(network, fifteen()));
            // Chance adds about bins/samples times the variance of a hit to what is not debiased.
            let added = 15.0 / samples as f64 * 0.1;
            assert!(calibrated.abs() < 0.1 * added, "{samples}: {calibrated}, of {added}");
            let off = mean_over_networks(0.1, samples, |network| debiased_square(network, fifteen()));
            assert!((off / 0.01 - 1.0).abs() < 0.04, "{samples}: {off}");
        }
    }

    #[test]
    fn the_floor_falls_with_the_root_of_the_number_of_samples() {
        let floor = |count| ece_floor(&regular(count, 0.9), fifteen());
        assert!((floor(1010) / floor(4040) - 2.0).abs() < 1e-9);
        let certain = Predictions::from_logits(array![[900.0, 0.0]].view(), &[1]).unwrap();
        assert_eq!(ece_floor(&certain, fifteen()), 0.0, "who is certain has no noise");
    }
}
