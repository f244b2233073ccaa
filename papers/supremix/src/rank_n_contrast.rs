//! Rank-N-Contrast (Zha et al. 2023, arXiv 2210.01189), the strongest baseline.

use burn::tensor::{Tensor, TensorData};
use mixup_core::{CoreError, checked::Positive, loss::with_known_gradient, tensor::to_host};
use ndarray::{Array2, ArrayView2};

/// For every ordered pair the samples that are at least as far away in label are negatives:
///
/// ```text
/// -1 / (n (n - 1)) sum_i sum_{j != i} ln( exp(s_ij) / sum_{k != i, d_ik >= d_ij} exp(s_ik) ),   s_ij = -|z_i - z_j| / tau
/// ```
///
/// with the L1 distance `d` of labels. Where two embeddings are the same, the distance has no gradient.
///
/// # Shapes
/// - `embeddings`: `[samples, dimensions]`, not normalised; `labels`: `[samples, values]`
/// - returns `[1]`
///
/// # Errors
/// Labels for another number of samples, or a single sample.
pub fn rank_n_contrast(
    embeddings: Tensor<2>,
    labels: ArrayView2<'_, f64>,
    tau: Positive,
) -> Result<Tensor<1>, CoreError> {
    let [samples, dimensions] = embeddings.dims();
    if labels.nrows() != samples || samples < 2 {
        return Err(CoreError::Invalid(format!(
            "{} labels for {samples} embeddings, at least two",
            labels.nrows()
        )));
    }
    let points = Array2::from_shape_vec((samples, dimensions), to_host(embeddings.clone())?)
        .map_err(|error| CoreError::Invalid(error.to_string()))?;
    let distances = distances(points.view(), |difference| difference * difference).mapv_into(f64::sqrt);
    let gaps = distances_of_labels(labels);
    let pairs = (samples * (samples - 1)) as f64;
    let (mut loss, mut pulls) = (0.0, Array2::<f64>::zeros((samples, samples)));
    for anchor in 0..samples {
        let similarities: Vec<f64> = distances.row(anchor).iter().map(|far| -far / tau.get()).collect();
        let gaps: Vec<f64> = gaps.row(anchor).to_vec();
        let (own, slopes) = of_anchor(anchor, &similarities, &gaps);
        loss += own / pairs;
        for (other, slope) in
            slopes.into_iter().enumerate().filter(|(other, _)| distances[[anchor, *other]] > 0.0)
        {
            // d s / d z_i = -(z_i - z_j) / (tau |z_i - z_j|), and the opposite for z_j.
            let pull = -slope / (pairs * tau.get() * distances[[anchor, other]]);
            pulls[[anchor, other]] += pull;
            pulls[[other, anchor]] += pull;
        }
    }
    // sum_j c_ij (z_i - z_j)
    let mut gradient = -pulls.dot(&points);
    for (mut row, (pulls, point)) in
        gradient.rows_mut().into_iter().zip(pulls.rows().into_iter().zip(points.rows()))
    {
        row.scaled_add(pulls.sum(), &point);
    }
    let gradient = TensorData::new(gradient.into_iter().collect::<Vec<f64>>(), [samples, dimensions]);
    let inner = embeddings.clone().inner();
    let gradient = Tensor::<2>::from_data(gradient, (&inner.device(), inner.dtype()));
    with_known_gradient(embeddings, loss, gradient)
}

/// `sum_{j != i} ( ln sum_{k != i, d_ik >= d_ij} exp(s_ik) - s_ij )` and its slopes by similarities.
fn of_anchor(anchor: usize, similarities: &[f64], gaps: &[f64]) -> (f64, Vec<f64>) {
    let mut others: Vec<usize> = (0..gaps.len()).filter(|other| *other != anchor).collect();
    // The farthest labels first: a negative of one pair is one of all pairs that are nearer.
    others.sort_by(|a, b| gaps[*b].total_cmp(&gaps[*a]));
    let largest = others.iter().map(|other| similarities[*other]).fold(f64::NEG_INFINITY, f64::max);
    let power = |other: usize| (similarities[other] - largest).exp();
    let (mut loss, mut sum) = (0.0_f64, 0.0_f64);
    // Of each gap, its samples and the sum of powers over its negatives.
    let mut sums = Vec::new();
    for equal in others.chunk_by(|a, b| gaps[*a] == gaps[*b]) {
        sum += equal.iter().map(|other| power(*other)).sum::<f64>();
        let logarithm: f64 = sum.ln() + largest;
        loss += equal.iter().map(|other| logarithm - similarities[*other]).sum::<f64>();
        sums.push((equal, sum));
    }
    let (mut slopes, mut weight) = (vec![0.0; gaps.len()], 0.0);
    for (equal, sum) in sums.into_iter().rev() {
        weight += equal.len() as f64 / sum;
        equal.iter().for_each(|other| slopes[*other] = power(*other) * weight - 1.0);
    }
    (loss, slopes)
}

/// `sum_d f(a_id - a_jd)` of all pairs of rows: by differences, so that equal rows are exactly 0 apart.
fn distances(rows: ArrayView2<'_, f64>, f: impl Fn(f64) -> f64) -> Array2<f64> {
    let mut distances = Array2::zeros((rows.nrows(), rows.nrows()));
    for (i, one) in rows.rows().into_iter().enumerate() {
        for (j, other) in rows.rows().into_iter().enumerate().take(i) {
            let distance = one.iter().zip(other).map(|(one, other)| f(one - other)).sum();
            distances[[i, j]] = distance;
            distances[[j, i]] = distance;
        }
    }
    distances
}

fn distances_of_labels(labels: ArrayView2<'_, f64>) -> Array2<f64> {
    distances(labels, f64::abs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device};
    use ndarray::array;

    /// Two samples: each pair's only negative is itself, whatever the embeddings.
    #[test]
    fn two_samples_cost_nothing() {
        let options = (Device::flex().autodiff(), DType::F64);
        let embeddings = TensorData::from([[1.0, 2.0], [-3.0, 0.5]]);
        let embeddings = Tensor::<2>::from_data(embeddings, (&options.0, options.1)).require_grad();
        let tau = Positive::new(2.0).unwrap();
        let loss = rank_n_contrast(embeddings.clone(), array![[1.0], [4.0]].view(), tau).unwrap();
        let gradient = embeddings.grad(&loss.backward()).unwrap();
        assert!(to_host(loss).unwrap()[0].abs() < 1e-15);
        assert!(to_host(gradient).unwrap().iter().all(|slope| slope.abs() < 1e-15));
        assert!(rank_n_contrast(embeddings, array![[1.0]].view(), tau).is_err());
    }

    /// By the definition, and by differences of it.
    #[test]
    fn slopes_are_those_of_the_definition() {
        let similarities = [0.0, -0.3, -1.1, -0.2, -0.7];
        let gaps = [0.0, 2.0, 1.0, 2.0, 5.0];
        let defined = |similarities: &[f64]| -> f64 {
            let negatives = |j: usize| (1..5).filter(move |k| gaps[*k] >= gaps[j]);
            (1..5)
                .map(|j| negatives(j).map(|k| similarities[k].exp()).sum::<f64>().ln() - similarities[j])
                .sum()
        };
        let (loss, slopes) = of_anchor(0, &similarities, &gaps);
        assert!((loss - defined(&similarities)).abs() < 1e-12);
        for other in 1..5 {
            let moved = |by: f64| {
                let mut moved = similarities;
                moved[other] += by;
                defined(&moved)
            };
            let slope = (moved(1e-6) - moved(-1e-6)) / 2e-6;
            assert!((slopes[other] - slope).abs() < 1e-7, "{other}: {slope}, {slopes:?}");
        }
    }
}
