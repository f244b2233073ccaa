//! Neural collapse: how near last-layer features are to one point per class, and these points and the
//! classifier to a simplex equiangular tight frame (Papyan, Han and Donoho 2020).

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use super::classification::argmax;
use crate::CoreError;
use crate::linalg::symmetric_eigen;

/// Eigenvalues of the covariance of class means that are not above this share of the largest count as zero.
pub const EIGEN_TOLERANCE: f64 = 1e-8;

/// The four marks of neural collapse; all are 0 where a network has collapsed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Collapse {
    /// NC1, variability: `tr(Sigma_W pinv(Sigma_B)) / K` of the covariances within and between classes.
    pub variability: f64,
    /// NC2 of class means: standard deviation of their norms over the mean norm.
    pub equinorm_means: f64,
    /// NC2 of the classifier's rows.
    pub equinorm_weights: f64,
    /// NC2 of class means: mean over pairs of `|cos + 1 / (K - 1)|`.
    pub angle_means: f64,
    /// NC2 of the classifier's rows.
    pub angle_weights: f64,
    /// NC3, self-duality: squared distance of classifier and class means, each of Frobenius norm 1.
    pub self_duality: f64,
    /// NC4: share of samples whose largest logit is not that of the nearest class mean.
    pub nearest_mean: f64,
}

/// Means of the features of each class, `[classes, width]`.
///
/// # Shapes
/// - `features`: `[samples, width]`; `labels`: classes from 0, one per sample
///
/// # Errors
/// A number of labels that is not that of the samples, a label that is no class, a class without samples.
pub fn class_means(
    features: ArrayView2<'_, f64>,
    labels: &[usize],
    classes: usize,
) -> Result<Array2<f64>, CoreError> {
    if features.nrows() != labels.len() {
        return Err(CoreError::Invalid(format!("{} labels for {} samples", labels.len(), features.nrows())));
    }
    let mut means = Array2::zeros((classes, features.ncols()));
    let mut counts = vec![0_usize; classes];
    for (row, &label) in features.rows().into_iter().zip(labels) {
        if label >= classes {
            return Err(CoreError::Invalid(format!("label {label} is none of {classes} classes")));
        }
        let mut mean = means.row_mut(label);
        mean += &row;
        counts[label] += 1;
    }
    for (class, (mut mean, count)) in means.rows_mut().into_iter().zip(counts).enumerate() {
        if count == 0 {
            return Err(CoreError::Invalid(format!("no sample of class {class}")));
        }
        mean /= count as f64;
    }
    Ok(means)
}

/// NC1 alone: within-class scatter over between-class scatter. Eigenvalues of Sigma_B up to `tolerance` of
/// the largest count as zero.
///
/// # Shapes
/// - `features`: `[samples, width]`; `labels`: classes from 0, one per sample
///
/// # Errors
/// As [`class_means`].
pub fn variability(
    features: ArrayView2<'_, f64>,
    labels: &[usize],
    classes: usize,
    tolerance: f64,
) -> Result<f64, CoreError> {
    let means = class_means(features, labels, classes)?;
    let centred = &means - &global_mean(&means);
    // Sigma_B = M^T M / K has the eigenvalues of M M^T / K, which is small, and the eigenvectors M^T u / |M^T
    // u|.
    let count = classes as f64;
    let (values, vectors) = symmetric_eigen(&(centred.dot(&centred.t()) / count));
    let largest = values.iter().fold(0.0, |most: f64, &value| most.max(value));
    let mut within = features.to_owned();
    for (mut row, &label) in within.rows_mut().into_iter().zip(labels) {
        row -= &means.row(label);
    }
    let along_means = within.dot(&centred.t());
    let mut trace = 0.0;
    for (&value, vector) in values.iter().zip(vectors.columns()) {
        if value > tolerance * largest {
            let scatter: f64 = along_means.dot(&vector).iter().map(|along| along * along).sum();
            trace += scatter / labels.len() as f64 / (count * value) / value;
        }
    }
    Ok(trace / count)
}

/// All marks of neural collapse. The classifier is not centred.
///
/// # Shapes
/// - `features`: `[samples, width]`; `labels`: classes from 0, one per sample
/// - `weights`: `[classes, width]`
///
/// # Errors
/// As [`class_means`]; another width; fewer than two classes.
pub fn neural_collapse(
    features: ArrayView2<'_, f64>,
    labels: &[usize],
    weights: ArrayView2<'_, f64>,
    tolerance: f64,
) -> Result<Collapse, CoreError> {
    let (classes, width) = weights.dim();
    if width != features.ncols() || classes < 2 {
        return Err(CoreError::Invalid(format!(
            "a classifier of shape {:?} for features of width {}: it needs that width and two classes or more",
            weights.dim(),
            features.ncols()
        )));
    }
    let means = class_means(features, labels, classes)?;
    let centred = &means - &global_mean(&means);
    let unit = |matrix: ArrayView2<'_, f64>| matrix.mapv(|value| value / norm(matrix.iter()));
    let apart = unit(weights) - unit(centred.view());
    let logits = features.dot(&weights.t());
    let missed = features.rows().into_iter().zip(logits.rows());
    let missed = missed.filter(|(sample, logits)| nearest(&means, *sample) != argmax(*logits)).count();
    Ok(Collapse {
        variability: variability(features, labels, classes, tolerance)?,
        equinorm_means: equinorm(centred.view()),
        equinorm_weights: equinorm(weights),
        angle_means: angle(centred.view()),
        angle_weights: angle(weights),
        self_duality: apart.iter().map(|value| value * value).sum(),
        nearest_mean: missed as f64 / labels.len() as f64,
    })
}

/// Mean of the class means, unweighted.
fn global_mean(means: &Array2<f64>) -> Array1<f64> {
    means.sum_axis(Axis(0)) / means.nrows() as f64
}

fn norm<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    values.map(|value| value * value).sum::<f64>().sqrt()
}

fn equinorm(rows: ArrayView2<'_, f64>) -> f64 {
    let norms: Array1<f64> = rows.rows().into_iter().map(|row| norm(row.iter())).collect();
    norms.std(0.0) / (norms.sum() / norms.len() as f64)
}

fn angle(rows: ArrayView2<'_, f64>) -> f64 {
    let count = rows.nrows();
    let expected = 1.0 / (count as f64 - 1.0);
    let mut sum = 0.0;
    for (i, own) in rows.rows().into_iter().enumerate() {
        for (j, other) in rows.rows().into_iter().enumerate() {
            if i != j {
                sum += (own.dot(&other) / (norm(own.iter()) * norm(other.iter())) + expected).abs();
            }
        }
    }
    sum / (count * (count - 1)) as f64
}

fn nearest(means: &Array2<f64>, sample: ArrayView1<'_, f64>) -> usize {
    let distances: Array1<f64> =
        means.rows().into_iter().map(|mean| -(&mean - &sample).mapv(|x| x * x).sum()).collect();
    argmax(distances.view())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use proptest::prelude::*;

    const LABELS: [usize; 6] = [0, 0, 1, 1, 2, 2];

    /// Three points at equal angles in the plane, times a scale, and shifted.
    fn triangle() -> Array2<f64> {
        let high = 0.75f64.sqrt();
        array![[1.0, 0.0], [-0.5, high], [-0.5, -high]]
    }

    fn of_rows(corners: &Array2<f64>, away: f64) -> Array2<f64> {
        Array2::from_shape_fn((6, 2), |(row, axis)| {
            let side = if row % 2 == 0 { away } else { -away };
            3.0 * corners[[LABELS[row], axis]] + if axis == 0 { side } else { 0.0 } + 5.0
        })
    }

    #[test]
    fn what_has_collapsed_has_all_marks_at_zero() {
        // Without a bias, logits do not forgive a shift.
        let features = of_rows(&triangle(), 0.0) - 5.0;
        let marks = neural_collapse(features.view(), &LABELS, triangle().view(), EIGEN_TOLERANCE).unwrap();
        let shifted = of_rows(&triangle(), 0.0);
        let shifted = neural_collapse(shifted.view(), &LABELS, triangle().view(), EIGEN_TOLERANCE).unwrap();
        assert!(shifted.nearest_mean > 0.0 && shifted.self_duality < 1e-14, "{shifted:?}");
        let all = [
            marks.variability,
            marks.equinorm_means,
            marks.equinorm_weights,
            marks.angle_means,
            marks.angle_weights,
            marks.self_duality,
            marks.nearest_mean,
        ];
        assert!(all.iter().all(|mark| mark.abs() < 1e-14), "{marks:?}");
    }

    #[test]
    fn variability_by_hand() {
        // Within a class variance s^2 along one axis; between classes 9/2 along each: tr = s^2 / 4.5.
        let features = of_rows(&triangle(), 0.3);
        let marks = neural_collapse(features.view(), &LABELS, triangle().view(), EIGEN_TOLERANCE).unwrap();
        assert!((marks.variability - 0.09 / 4.5 / 3.0).abs() < 1e-14, "{marks:?}");
    }

    proptest! {
        #[test]
        fn variability_does_not_see_a_change_of_axes(
            values in prop::collection::vec(-2.0..2.0, 12), turn in 0.0..6.3f64, scale in 0.5..3.0f64,
        ) {
            let features = of_rows(&triangle(), 0.1) + Array2::from_shape_vec((6, 2), values).unwrap();
            let turned = features.dot(&array![[turn.cos(), turn.sin()], [-turn.sin(), turn.cos()]]) * scale;
            let before = variability(features.view(), &LABELS, 3, EIGEN_TOLERANCE).unwrap();
            let after = variability(turned.view(), &LABELS, 3, EIGEN_TOLERANCE).unwrap();
            prop_assert!((before - after).abs() <= 1e-9 * before.max(1.0), "{} and {}", before, after);
        }
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        let features = of_rows(&triangle(), 0.0);
        let refused = |labels: &[usize], weights: Array2<f64>| {
            neural_collapse(features.view(), labels, weights.view(), EIGEN_TOLERANCE).unwrap_err().to_string()
        };
        assert!(refused(&LABELS[..5], triangle()).contains("5 labels"));
        assert!(refused(&[0, 0, 1, 1, 1, 1], triangle()).contains("class 2"));
        assert!(refused(&[0, 0, 1, 1, 2, 3], triangle()).contains("label 3"));
        assert!(refused(&LABELS, Array2::zeros((3, 3))).contains("width 2"));
    }
}
