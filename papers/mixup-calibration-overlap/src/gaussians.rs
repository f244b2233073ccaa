//! Gaussian classes whose supports overlap, and what the best classifier of them says.

use mixup_core::{CoreError, checked::Positive};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

/// Classes `N(mu_c 1, std^2 I)`, equally likely: class `c` has the mean `mu_c` in every coordinate.
#[derive(Debug, Clone, PartialEq)]
pub struct Gaussians {
    /// Mean of each class.
    pub means: Vec<f64>,
    /// Standard deviation of every coordinate.
    pub std: Positive,
}

/// Samples with their classes.
#[derive(Debug, Clone, PartialEq)]
pub struct Labelled {
    /// `[samples, coordinates]`
    pub x: Array2<f64>,
    /// Classes from 0, one per sample.
    pub labels: Vec<usize>,
}

impl Labelled {
    /// Number of samples.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The first samples, as many as there are up to `count`, and the others.
    pub fn cut(self, count: usize) -> (Self, Self) {
        let count = count.min(self.len());
        let (x, rest) = self.x.view().split_at(Axis(0), count);
        let (labels, others) = self.labels.split_at(count);
        let part =
            |x: ArrayView2<'_, f64>, labels: &[usize]| Self { x: x.to_owned(), labels: labels.to_vec() };
        (part(x, labels), part(rest, others))
    }
}

impl Gaussians {
    /// Samples of classes that are given, from noise that is given: `x = std noise + mu_label`.
    ///
    /// # Shapes
    /// - `noise`: `[samples, coordinates]`, standard normal; `labels`: one per sample
    ///
    /// # Errors
    /// A number of labels that is not that of the samples, or a label that is no class.
    pub fn samples(&self, labels: Vec<usize>, noise: &Array2<f64>) -> Result<Labelled, CoreError> {
        if labels.len() != noise.nrows() {
            return Err(CoreError::Invalid(format!("{} labels for {} samples", labels.len(), noise.nrows())));
        }
        let mean = |&label: &usize| {
            let unknown =
                || CoreError::Invalid(format!("label {label} is none of {} classes", self.means.len()));
            self.means.get(label).copied().ok_or_else(unknown)
        };
        let means: Array1<f64> = labels.iter().map(mean).collect::<Result<_, _>>()?;
        Ok(Labelled { x: noise * self.std.get() + means.insert_axis(Axis(1)), labels })
    }

    /// `samples` samples of `coordinates` coordinates each, classes and then noise from `rng`.
    ///
    /// # Errors
    /// No class.
    pub fn draw(
        &self,
        samples: usize,
        coordinates: usize,
        rng: &mut impl Rng,
    ) -> Result<Labelled, CoreError> {
        if self.means.is_empty() {
            return Err(CoreError::Invalid("Gaussians of no class".into()));
        }
        let labels = (0..samples).map(|_| rng.random_range(0..self.means.len())).collect();
        let noise = Array2::from_shape_simple_fn((samples, coordinates), || StandardNormal.sample(rng));
        self.samples(labels, &noise)
    }

    /// Logits of the posterior, the best that any classifier can do: `-|x - mu_c 1|^2 / (2 std^2)` but for
    /// `|x|^2`, which all classes share and which would cancel digits.
    ///
    /// # Shapes
    /// - `x`: `[samples, coordinates]`
    /// - returns `[samples, classes]`
    pub fn posterior_logits(&self, x: ArrayView2<'_, f64>) -> Array2<f64> {
        let (sums, coordinates) = (x.sum_axis(Axis(1)), x.ncols() as f64);
        let variance = self.std.get().powi(2);
        Array2::from_shape_fn((x.nrows(), self.means.len()), |(row, class)| {
            let mean = self.means[class];
            (mean * sums[row] - coordinates * mean * mean / 2.0) / variance
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mixup_core::metrics::classification::Predictions;
    use mixup_core::stream::Streams;

    fn pair(distance: f64) -> Gaussians {
        Gaussians { means: vec![0.0, distance], std: Positive::new(1.0).unwrap() }
    }

    /// Error and NLL of the posterior for two classes at a distance `m` of the sum's standard deviations, by
    /// integration: the logit is N(m^2 / 2, m^2) towards the true class.
    fn integrated(m: f64) -> (f64, f64) {
        let (mut error, mut nll) = (0.0, 0.0);
        let step = 1e-3;
        for at in -8_000..8_000 {
            let z = (f64::from(at) + 0.5) * step;
            let density = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
            let logit = m * m / 2.0 + m * z;
            nll += step * density * (-logit).exp().ln_1p();
            error += if logit < 0.0 { step * density } else { 0.0 };
        }
        (error, nll)
    }

    /// Phi(-s sqrt(D) / 2) = 1.5 %, 19.3 %, 33.2 % for the paper's distances.
    #[test]
    fn the_best_classifier_errs_as_theory_says() {
        for (distance, error) in [(0.25, 0.0152), (0.1, 0.1932), (0.05, 0.3325)] {
            let m = distance * 300_f64.sqrt();
            let (expected, nll) = integrated(m);
            assert!((expected - error).abs() < 1e-4, "{distance}: {expected}");
            let samples = 20_000;
            let mut streams = Streams::new("bayes", 0);
            let drawn = pair(distance).draw(samples, 300, streams.get("samples")).unwrap();
            let logits = pair(distance).posterior_logits(drawn.x.view());
            let posterior = Predictions::from_logits(logits.view(), &drawn.labels).unwrap();
            // Three standard errors of a share, and as many of a mean of losses that spread less than 1.
            let noise = 3.0 * (expected * (1.0 - expected) / samples as f64).sqrt();
            assert!((1.0 - posterior.accuracy() - expected).abs() < noise, "{distance}");
            assert!(
                (posterior.nll() - nll).abs() < 3.0 / (samples as f64).sqrt(),
                "{distance}: {}",
                posterior.nll()
            );
        }
    }

    #[test]
    fn cutting_keeps_every_sample_once() {
        let drawn = pair(1.0).draw(7, 3, Streams::new("cut", 0).get("samples")).unwrap();
        let (first, rest) = drawn.clone().cut(5);
        assert_eq!((first.len(), rest.len(), first.x.nrows()), (5, 2, 5));
        assert_eq!([first.labels, rest.labels].concat(), drawn.labels);
        assert_eq!(rest.x.row(1), drawn.x.row(6));
        let (all, none) = drawn.clone().cut(9);
        assert_eq!((all, none.is_empty()), (drawn, true));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert!(pair(1.0).samples(vec![0], &Array2::zeros((2, 3))).is_err());
        assert!(
            pair(1.0).samples(vec![2], &Array2::zeros((1, 3))).unwrap_err().to_string().contains("label 2")
        );
        let none = Gaussians { means: Vec::new(), ..pair(1.0) };
        assert!(none.draw(1, 1, Streams::new("none", 0).get("samples")).is_err());
    }
}
