//! Radii within which no change of an image changes the mixed classifier's answer, whatever the accurate network says;
//! from the helper functions of the official code.

use mixup_core::{CoreError, checked::Positive, checked::UnitInterval};
use ndarray::{ArrayView1, ArrayView2};
use statrs::distribution::{ContinuousCDF, Normal};

/// Radius of each sample where the robust network's probabilities are Lipschitz:
/// `max(0, alpha (p_1 - p_2) + alpha - 1) / (2 alpha L)`, 0 where the robust network is wrong.
///
/// # Shapes
/// - `probabilities`: `[samples, classes]` of the robust network
/// - `correct`: one per sample
///
/// # Errors
/// Fewer than two classes, an alpha of 0, or as many answers as there are no samples.
pub fn lipschitz_radii(
    probabilities: ArrayView2<'_, f64>,
    correct: &[bool],
    alpha: UnitInterval,
    constant: Positive,
) -> Result<Vec<f64>, CoreError> {
    let alpha = alpha.get();
    radii(probabilities, correct, alpha, |[first, second]| {
        (alpha * (first - second) + alpha - 1.0).max(0.0) / (2.0 * alpha * constant.get())
    })
}

/// Radius of each sample where the robust network is smoothed by Gaussian noise: with `mu = (1 - alpha) / alpha`,
/// `sigma / 2 max(0, Phi^-1(p_1 / (1 + mu)) - Phi^-1((p_2 + mu) / (1 + mu)))`, 0 where it is wrong.
///
/// # Shapes
/// - as [`lipschitz_radii`]
///
/// # Errors
/// As [`lipschitz_radii`].
pub fn smoothed_radii(
    probabilities: ArrayView2<'_, f64>,
    correct: &[bool],
    alpha: UnitInterval,
    sigma: Positive,
) -> Result<Vec<f64>, CoreError> {
    let alpha = alpha.get();
    let mu = (1.0 - alpha) / alpha;
    let normal = Normal::standard();
    radii(probabilities, correct, alpha, |[first, second]| {
        let quantile = |share: f64| normal.inverse_cdf(share.clamp(0.0, 1.0));
        let width = quantile(first / (1.0 + mu)) - quantile((second + mu) / (1.0 + mu));
        0.5 * sigma.get() * width.max(0.0)
    })
}

/// A radius of the two largest probabilities of each sample.
fn radii(
    probabilities: ArrayView2<'_, f64>,
    correct: &[bool],
    alpha: f64,
    radius: impl Fn([f64; 2]) -> f64,
) -> Result<Vec<f64>, CoreError> {
    if probabilities.ncols() < 2 || alpha == 0.0 || correct.len() != probabilities.nrows() {
        return Err(CoreError::Invalid(format!(
            "radii of probabilities {:?} and {} answers at alpha {alpha}",
            probabilities.dim(),
            correct.len()
        )));
    }
    let rows = probabilities.rows().into_iter().zip(correct);
    Ok(rows.map(|(row, &correct)| if correct { radius(two_largest(row)) } else { 0.0 }).collect())
}

/// The two largest values of a row.
pub(crate) fn two_largest(row: ArrayView1<'_, f64>) -> [f64; 2] {
    row.iter().fold([f64::NEG_INFINITY; 2], |[first, second], &value| match value > first {
        true => [value, first],
        false => [first, second.max(value)],
    })
}

#[cfg(test)]
mod tests {
    use mixup_routines::{positive, unit};
    use ndarray::array;

    use super::*;

    #[test]
    fn a_certificate_needs_a_margin_that_outweighs_the_other_network() {
        let probabilities = array![[0.7, 0.2, 0.1], [0.45, 0.4, 0.15], [0.9, 0.05, 0.05]];
        let correct = [true, true, false];
        let radii = lipschitz_radii(probabilities.view(), &correct, unit(0.8), positive(2.0)).unwrap();
        // 0.8 x 0.5 - 0.2 over 2 x 0.8 x 2; a margin below 1/4 is none, and neither is a wrong answer.
        assert!((radii[0] - 0.2 / 3.2).abs() < 1e-12 && radii[1..] == [0.0, 0.0], "{radii:?}");
        for alpha in [0.3, 0.5] {
            let radii = lipschitz_radii(probabilities.view(), &correct, unit(alpha), positive(1.0)).unwrap();
            assert_eq!(radii, [0.0; 3], "below one half nothing is certain");
        }
        let smoothed =
            |alpha: f64| smoothed_radii(probabilities.view(), &correct, unit(alpha), positive(0.5)).unwrap();
        // At alpha 1 the radius of Cohen et al. (2019): the quantiles of 0.7 and 0.2.
        assert!((smoothed(1.0)[0] - 0.25 * (0.524_400_512_708 + 0.841_621_233_573)).abs() < 1e-9);
        assert!(smoothed(0.8)[0] < smoothed(1.0)[0] && smoothed(0.8)[0] > 0.0);
        assert!(lipschitz_radii(probabilities.view(), &correct, unit(0.0), positive(1.0)).is_err());
        assert!(smoothed_radii(probabilities.view(), &[true], unit(1.0), positive(1.0)).is_err());
    }
}
