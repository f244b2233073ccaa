//! Partners by label distance: a kernel density estimate around a sample's own label, evaluated
//! at every label (C-Mixup, Yao et al. 2022).

use std::sync::OnceLock;

use ndarray::{ArrayView1, ArrayView2};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::{CoreError, checked::Positive};

/// Shape of the kernel over the label distance `d` with bandwidth `h`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kernel {
    /// `exp(-d^2 / (2 h^2))`
    #[default]
    Gaussian,
    /// 1 where `d < h` (strictly), else 0.
    Tophat,
}

impl Kernel {
    /// Unnormalised weight of a partner at squared distance `squared`; 1 at distance 0.
    fn weight(self, squared: f64, bandwidth: f64) -> f64 {
        match self {
            Self::Gaussian => (-squared / (2.0 * bandwidth * bandwidth)).exp(),
            Self::Tophat => f64::from(squared.sqrt() < bandwidth || squared == 0.0),
        }
    }

    /// Distance from which on every weight is exactly 0 in f64.
    fn reach(self, bandwidth: f64) -> f64 {
        match self {
            // exp(-x) underflows to 0 beyond x = 745.2
            Self::Gaussian => (2.0f64 * 745.2).sqrt() * bandwidth,
            Self::Tophat => bandwidth,
        }
    }
}

/// Pair probabilities `P(j | i) = K(y_i, y_j) / sum_k K(y_i, y_k)` over a fixed set of labels, the
/// self pair included.
///
/// A row is made when it is asked for, in O(N), and for scalar labels only over the sorted neighbours that the kernel
/// reaches. Of up to 2896 labels (64 MiB) rows are kept: training draws from each as often as it has epochs. Of more the
/// N x N matrix is never stored, and drawing one partner for each of N samples is O(N^2) at most.
#[derive(Debug, Clone)]
pub struct Kde {
    kernel: Kernel,
    bandwidth: f64,
    labels: Labels,
    /// Those that were drawn from; no places for more labels than are kept.
    rows: Vec<OnceLock<Row>>,
}

/// Most bytes of kept rows.
const KEPT: usize = 64 << 20;

/// What a partner is drawn by.
#[derive(Debug, Clone)]
struct Row {
    /// The first candidate.
    first: usize,
    /// Weights of the candidates, each with all before it.
    cumulated: Vec<f64>,
}

#[derive(Debug, Clone)]
enum Labels {
    /// Scalar labels in ascending order, with where each came from and where each went.
    Sorted { values: Vec<f64>, original: Vec<usize>, position: Vec<usize> },
    /// Vector labels, row-major.
    Rows { values: Vec<f64>, dimensions: usize },
}

impl Kde {
    /// A density over `labels`, `[samples, dimensions]`, in label units: labels are not
    /// standardised, and `bandwidth` is in the same units.
    ///
    /// # Errors
    /// No labels, or a label that is not finite.
    pub fn new(labels: ArrayView2<'_, f64>, bandwidth: Positive, kernel: Kernel) -> Result<Self, CoreError> {
        let (samples, dimensions) = labels.dim();
        if samples == 0 || dimensions == 0 {
            return Err(CoreError::Invalid(format!("a KDE over labels of shape [{samples}, {dimensions}]")));
        }
        if let Some((at, value)) = labels.indexed_iter().find(|(_, value)| !value.is_finite()) {
            return Err(CoreError::Invalid(format!("label {value} of sample {} is not finite", at.0)));
        }
        let mut this = Self::over(labels, bandwidth, kernel);
        if samples * samples * size_of::<f64>() <= KEPT {
            this.rows.resize(samples, OnceLock::new());
        }
        Ok(this)
    }

    /// A density over labels that were looked at before; it keeps no rows.
    pub(super) fn over(labels: ArrayView2<'_, f64>, bandwidth: Positive, kernel: Kernel) -> Self {
        let labels = match labels.ncols() {
            1 => Labels::sorted(labels.column(0)),
            dimensions => Labels::Rows { values: labels.iter().copied().collect(), dimensions },
        };
        Self { kernel, bandwidth: bandwidth.get(), labels, rows: Vec::new() }
    }

    /// Number of labels.
    pub fn samples(&self) -> usize {
        match &self.labels {
            Labels::Sorted { values, .. } => values.len(),
            Labels::Rows { values, dimensions } => values.len() / dimensions,
        }
    }

    /// `P(. | sample)`: one probability per label, in the labels' order; sums to 1.
    pub fn rates(&self, sample: usize) -> Vec<f64> {
        let (candidates, weights) = self.weights(sample);
        let total: f64 = weights.iter().sum();
        let mut rates = vec![0.0; self.samples()];
        for (candidate, weight) in candidates.zip(&weights) {
            rates[self.original(candidate)] = weight / total;
        }
        rates
    }

    /// A partner for `sample`, drawn from `P(. | sample)`.
    pub fn draw(&self, sample: usize, rng: &mut impl Rng) -> usize {
        let uniform = rng.random::<f64>();
        let (first, chosen) = match self.rows.get(sample) {
            Some(row) => {
                let Row { first, cumulated } = row.get_or_init(|| self.row(sample));
                (*first, chosen(cumulated, uniform))
            }
            None => {
                let Row { first, cumulated } = self.row(sample);
                (first, chosen(&cumulated, uniform))
            }
        };
        // A row is never empty: the sample itself always has weight 1.
        self.original(first + chosen)
    }

    fn row(&self, sample: usize) -> Row {
        let (candidates, weights) = self.weights(sample);
        Row { first: candidates.start, cumulated: cumulated(weights.into_iter()) }
    }

    /// Weights of the candidates that the kernel reaches. The largest exponent of a row is the
    /// self pair's 0, so no weight overflows and the sum is at least 1.
    fn weights(&self, sample: usize) -> (std::ops::Range<usize>, Vec<f64>) {
        match &self.labels {
            Labels::Sorted { values, position, .. } => {
                let own = values[position[sample]];
                let reach = self.kernel.reach(self.bandwidth);
                let start = values.partition_point(|value| own - value > reach);
                let end = values.partition_point(|value| value - own <= reach);
                let weigh = |value: &f64| self.kernel.weight((value - own).powi(2), self.bandwidth);
                (start..end, values[start..end].iter().map(weigh).collect())
            }
            Labels::Rows { values, dimensions } => {
                let own = &values[sample * dimensions..][..*dimensions];
                let weigh = |row: &[f64]| {
                    let squared = row.iter().zip(own).map(|(a, b)| (a - b).powi(2)).sum();
                    self.kernel.weight(squared, self.bandwidth)
                };
                (0..self.samples(), values.chunks_exact(*dimensions).map(weigh).collect())
            }
        }
    }

    fn original(&self, candidate: usize) -> usize {
        match &self.labels {
            Labels::Sorted { original, .. } => original[candidate],
            Labels::Rows { .. } => candidate,
        }
    }
}

impl Labels {
    fn sorted(labels: ArrayView1<'_, f64>) -> Self {
        let mut original: Vec<usize> = (0..labels.len()).collect();
        original.sort_by(|&a, &b| labels[a].total_cmp(&labels[b]).then(a.cmp(&b)));
        let mut position = vec![0; original.len()];
        for (place, &sample) in original.iter().enumerate() {
            position[sample] = place;
        }
        Self::Sorted { values: original.iter().map(|&sample| labels[sample]).collect(), original, position }
    }
}

/// Inverse of the cumulative distribution: the first index whose cumulated, normalised weight is
/// above `uniform`. The semantics of numpy's `choice(p=...)`, one uniform per draw.
///
/// # Shapes
/// - `weights`: `[candidates]`, not negative, not all 0
/// - `uniform`: in [0, 1)
pub fn choose(weights: ArrayView1<'_, f64>, uniform: f64) -> usize {
    chosen(&cumulated(weights.iter().copied()), uniform)
}

fn cumulated(weights: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sum = 0.0;
    let added = weights.map(|weight| {
        sum += weight;
        sum
    });
    added.collect()
}

fn chosen(cumulated: &[f64], uniform: f64) -> usize {
    let sum = cumulated.last().copied().unwrap_or(0.0);
    let index = cumulated.partition_point(|c| c / sum <= uniform);
    index.min(cumulated.len().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn kde(labels: &Array2<f64>, bandwidth: f64, kernel: Kernel) -> Kde {
        Kde::new(labels.view(), Positive::new(bandwidth).unwrap(), kernel).unwrap()
    }

    fn column(labels: &[f64]) -> Array2<f64> {
        Array2::from_shape_vec((labels.len(), 1), labels.to_vec()).unwrap()
    }

    proptest! {
        #[test]
        fn rows_sum_to_one_and_the_self_pair_is_the_likeliest(
            labels in prop::collection::vec(-50.0f64..50.0, 1..40), bandwidth in 1e-3f64..1e3,
            tophat: bool,
        ) {
            let kernel = if tophat { Kernel::Tophat } else { Kernel::Gaussian };
            let kde = kde(&column(&labels), bandwidth, kernel);
            for sample in 0..labels.len() {
                let rates = kde.rates(sample);
                prop_assert!((rates.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                prop_assert!(rates.iter().all(|&rate| rate <= rates[sample]));
            }
        }

        #[test]
        fn the_kernel_is_symmetric(
            labels in prop::collection::vec(-50.0f64..50.0, 2..30), bandwidth in 0.1f64..1e2,
        ) {
            // P(j|i) / P(i|i) = K(i, j) = P(i|j) / P(j|j)
            let kde = kde(&column(&labels), bandwidth, Kernel::Gaussian);
            let (first, second) = (kde.rates(0), kde.rates(1));
            prop_assert!((first[1] / first[0] - second[0] / second[1]).abs() < 1e-12);
        }

        #[test]
        fn sorted_scalars_and_rows_give_the_same_rates(
            labels in prop::collection::vec(-50.0f64..50.0, 1..30), bandwidth in 0.01f64..1e2,
        ) {
            // A second label dimension that is 0 everywhere changes no distance.
            let wide = Array2::from_shape_fn((labels.len(), 2), |(i, j)| if j == 0 { labels[i] } else { 0.0 });
            let (scalar, rows) = (
                kde(&column(&labels), bandwidth, Kernel::Gaussian),
                kde(&wide, bandwidth, Kernel::Gaussian),
            );
            for sample in 0..labels.len() {
                for (a, b) in scalar.rates(sample).iter().zip(rows.rates(sample)) {
                    prop_assert!((a - b).abs() < 1e-12);
                }
            }
        }

        #[test]
        fn choose_stays_in_range(weights in prop::collection::vec(0.0f64..1.0, 1..20), uniform in 0.0f64..1.0) {
            prop_assume!(weights.iter().sum::<f64>() > 0.0);
            let chosen = choose(ArrayView1::from(&weights), uniform);
            prop_assert!(chosen < weights.len());
        }
    }

    #[test]
    fn bandwidth_to_zero_picks_itself_and_to_infinity_is_uniform() {
        let labels = column(&[3.0, 1.0, 2.0, 7.0]);
        assert_eq!(kde(&labels, 1e-6, Kernel::Gaussian).rates(2), [0.0, 0.0, 1.0, 0.0]);
        for rate in kde(&labels, 1e9, Kernel::Gaussian).rates(2) {
            assert!((rate - 0.25).abs() < 1e-12);
        }
    }

    #[test]
    fn tophat_is_strict() {
        let rates = kde(&column(&[0.0, 1.0, 1.5]), 1.0, Kernel::Tophat).rates(0);
        assert_eq!(rates, [1.0, 0.0, 0.0]);
        assert_eq!(kde(&column(&[0.0, 0.9, 1.5]), 1.0, Kernel::Tophat).rates(0), [0.5, 0.5, 0.0]);
    }

    #[test]
    fn kept_rows_draw_what_fresh_ones_do() {
        let labels: Vec<f64> = (0..50).map(|i| f64::from(i * 37 % 50)).collect();
        let kept = kde(&column(&labels), 5.0, Kernel::Gaussian);
        let fresh = Kde { rows: Vec::new(), ..kept.clone() };
        let draws = |kde: &Kde| -> Vec<usize> {
            let mut rng = ChaCha8Rng::seed_from_u64(0);
            (0..500).map(|draw| kde.draw(draw % 50, &mut rng)).collect()
        };
        assert_eq!(draws(&kept), draws(&fresh));
        assert_eq!(kept.rows.iter().filter(|row| row.get().is_some()).count(), 50);
        let many: Vec<f64> = (0..3000).map(f64::from).collect();
        assert!(kde(&column(&many), 5.0, Kernel::Gaussian).rows.is_empty());
    }

    #[test]
    fn draws_follow_the_rates() {
        let kde = kde(&array![[2.0], [0.0], [1.0]], 1.0, Kernel::Gaussian);
        let rates = kde.rates(0);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut counts = [0.0; 3];
        for _ in 0..40_000 {
            counts[kde.draw(0, &mut rng)] += 1.0 / 40_000.0;
        }
        for (count, rate) in counts.iter().zip(rates) {
            assert!((count - rate).abs() < 0.01, "{count} {rate}");
        }
    }

    #[test]
    fn refuses_labels_that_are_not_finite() {
        let labels = array![[0.0], [f64::NAN]];
        let bandwidth = Positive::new(1.0).unwrap();
        let error = Kde::new(labels.view(), bandwidth, Kernel::Gaussian).unwrap_err().to_string();
        assert!(error.contains("sample 1"), "{error}");
    }
}
