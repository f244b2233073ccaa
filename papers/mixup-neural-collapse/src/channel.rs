//! Where mixed samples lie, in numbers instead of pictures.

use mixup_core::CoreError;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

/// The classes of a mixed sample, and lambda, the share of the own one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// Class of the own sample.
    pub own: usize,
    /// Class of its partner.
    pub partner: usize,
    /// Share of the own sample.
    pub lambda: f64,
}

/// How near mixed samples are to what the theory says. Means over no pair are NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Channel {
    /// Pairs of one class: mean cosine of feature and centred row of the classifier; 1 in the theory.
    pub same_cosine: f64,
    /// Pairs of two classes: mean share of the squared norm outside of the plane of their centred rows; 0 in
    /// the theory.
    pub off_plane: f64,
    /// Slope of `z_own - z_partner` over the log-odds of lambda, by least squares; 1 in the limit of the
    /// theory.
    pub gap_slope: f64,
    /// Their correlation.
    pub gap_correlation: f64,
}

/// # Shapes
/// - `features`: `[samples, width]` of the mixed samples that `pairs` describes
/// - `weights`: `[classes, width]`
///
/// # Errors
/// Shapes that do not agree, or a class that is none.
pub fn channel_stats(
    features: ArrayView2<'_, f64>,
    weights: ArrayView2<'_, f64>,
    pairs: &[Pair],
) -> Result<Channel, CoreError> {
    let classes = weights.nrows();
    if features.nrows() != pairs.len() || features.ncols() != weights.ncols() {
        return Err(CoreError::Invalid(format!(
            "features of {:?} for {} pairs and a classifier of {:?}",
            features.dim(),
            pairs.len(),
            weights.dim()
        )));
    }
    if let Some(pair) = pairs.iter().find(|pair| pair.own.max(pair.partner) >= classes) {
        return Err(CoreError::Invalid(format!("{pair:?} of {classes} classes")));
    }
    let rows = centred(weights);
    let (mut cosines, mut outside, mut odds, mut gaps) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (feature, &Pair { own, partner, lambda }) in features.rows().into_iter().zip(pairs) {
        if own == partner {
            cosines.push(cosine(feature, rows.row(own)));
        } else {
            outside.push(off_plane(feature, rows.row(own), rows.row(partner)));
            odds.push((lambda / (1.0 - lambda)).ln());
            gaps.push(feature.dot(&weights.row(own)) - feature.dot(&weights.row(partner)));
        }
    }
    let (odds_mean, gaps_mean) = (mean(&odds), mean(&gaps));
    let covariance = |a: &[f64], of_a: f64, b: &[f64], of_b: f64| -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - of_a) * (b - of_b)).sum()
    };
    let across = covariance(&odds, odds_mean, &gaps, gaps_mean);
    let of_odds = covariance(&odds, odds_mean, &odds, odds_mean);
    let of_gaps = covariance(&gaps, gaps_mean, &gaps, gaps_mean);
    Ok(Channel {
        same_cosine: mean(&cosines),
        off_plane: mean(&outside),
        gap_slope: across / of_odds,
        gap_correlation: across / (of_odds * of_gaps).sqrt(),
    })
}

/// Rows less their mean.
pub fn centred(rows: ArrayView2<'_, f64>) -> Array2<f64> {
    let mean = rows.sum_axis(Axis(0)) / rows.nrows() as f64;
    &rows - &mean
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn cosine(a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>) -> f64 {
    a.dot(&b) / (a.dot(&a) * b.dot(&b)).sqrt()
}

/// Share of the squared norm of `feature` outside of the span of two vectors, which may be a line.
fn off_plane(feature: ArrayView1<'_, f64>, a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>) -> f64 {
    let first: Array1<f64> = &a / a.dot(&a).sqrt();
    let rest: Array1<f64> = &b - &(&first * first.dot(&b));
    let mut inside = first.dot(&feature).powi(2);
    let length = rest.dot(&rest);
    if length > 1e-20 * b.dot(&b) {
        inside += rest.dot(&feature).powi(2) / length;
    }
    1.0 - inside / feature.dot(&feature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::etf::{random_axes, simplex_etf};
    use crate::ufm::{Ufm, pair_targets};
    use mixup_core::checked::Positive;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// Features of the closed form are what the theory says of them.
    #[test]
    fn the_closed_form_lies_in_the_channel() {
        let positive = |value| Positive::new(value).unwrap();
        let model = Ufm { classes: 5, norm: positive(1.0), decay: positive(1e-7) };
        let axes = random_axes(8, 5, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        let weights = simplex_etf(axes.view(), 1.0).unwrap();
        let pair = |own, partner, lambda| Pair { own, partner, lambda };
        let pairs = [pair(0, 0, 0.3), pair(1, 1, 0.9), pair(0, 1, 0.2), pair(3, 2, 0.6), pair(4, 0, 0.9)];
        let mut features = Array2::zeros((5, 8));
        let targets = pair_targets(&pairs, 5).unwrap();
        for (mut feature, target) in features.rows_mut().into_iter().zip(targets.rows()) {
            feature.assign(&model.optimum(&target.to_vec()).unwrap().coefficients.dot(&weights));
        }
        let channel = channel_stats(features.view(), weights.view(), &pairs).unwrap();
        assert!((channel.same_cosine - 1.0).abs() < 1e-9 && channel.off_plane.abs() < 1e-9, "{channel:?}");
        assert!((channel.gap_slope - 1.0).abs() < 1e-3 && channel.gap_correlation > 0.999, "{channel:?}");
    }

    #[test]
    fn of_two_classes_the_plane_is_a_line() {
        let weights = ndarray::array![[1.0, 0.0], [-1.0, 0.0]];
        let pairs = [Pair { own: 0, partner: 1, lambda: 0.4 }];
        let of = |feature: Array2<f64>| channel_stats(feature.view(), weights.view(), &pairs).unwrap();
        assert_eq!(of(ndarray::array![[3.0, 4.0]]).off_plane, 1.0 - 9.0 / 25.0);
        assert!(of(ndarray::array![[3.0, 4.0]]).same_cosine.is_nan());
        assert!(channel_stats(weights.view(), weights.view(), &pairs).is_err());
    }
}
