//! A linear layer to classes, fitted by its cross-entropy.

use ndarray::{Array1, Array2, ArrayView2, Axis, Zip};

use super::Standard;
use crate::CoreError;
use crate::checked::Positive;

/// Steps of the fit: with them the cross-entropy of features like ours no longer moves in its third decimal.
pub const ITERATIONS: usize = 200;

/// Multinomial logistic regression on features of mean 0 and spread 1: the smallest mean cross-entropy plus
/// `penalty / 2 |W|^2`, by Nesterov's accelerated descent from 0 with the step `1 / L`, where `L` bounds the curvature,
/// begun anew when the objective rises.
#[derive(Debug, Clone, PartialEq)]
pub struct Softmax {
    standard: Standard,
    layer: Layer,
}

/// Weights `[dimensions, classes]` and biases `[classes]`.
#[derive(Debug, Clone, PartialEq)]
struct Layer {
    weights: Array2<f64>,
    biases: Array1<f64>,
}

impl Softmax {
    /// Fits it.
    ///
    /// # Shapes
    /// - `x`: `[samples, dimensions]`; `labels`: classes below `classes`
    ///
    /// # Errors
    /// No samples, other numbers of them, a label that is no class.
    pub fn fit(
        x: ArrayView2<'_, f64>,
        labels: &[usize],
        classes: usize,
        penalty: Positive,
    ) -> Result<Self, CoreError> {
        if x.nrows() != labels.len() || labels.iter().any(|label| *label >= classes) {
            let (samples, labels) = (x.nrows(), labels.len());
            return Err(CoreError::Invalid(format!(
                "{samples} samples with {labels} labels of {classes} classes"
            )));
        }
        let standard = Standard::of(x)?;
        let x = standard.apply(x);
        // The Hessian of a softmax is at most a half, times the covariance with the bias's 1.
        let step = 1.0 / (0.5 * (1.0 + largest_variance(&x)) + penalty.get());
        let mut layer =
            Layer { weights: Array2::zeros((x.ncols(), classes)), biases: Array1::zeros(classes) };
        let (mut ahead, mut momentum, mut least) = (layer.clone(), 1.0_f64, f64::INFINITY);
        for _ in 0..ITERATIONS {
            let (objective, gradient) = ahead.slope(&x, labels, penalty.get());
            let next = ahead.moved(&gradient, -step);
            if objective > least {
                momentum = 1.0;
            }
            least = objective;
            let grown = 0.5 * (1.0 + (1.0 + 4.0 * momentum * momentum).sqrt());
            let difference =
                Layer { weights: &next.weights - &layer.weights, biases: &next.biases - &layer.biases };
            ahead = next.moved(&difference, (momentum - 1.0) / grown);
            (layer, momentum) = (next, grown);
        }
        Ok(Self { standard, layer })
    }

    /// # Shapes
    /// - `x`: `[samples, dimensions]`; returns logits, `[samples, classes]`
    pub fn logits(&self, x: ArrayView2<'_, f64>) -> Array2<f64> {
        self.layer.logits(&self.standard.apply(x))
    }
}

impl Layer {
    fn logits(&self, x: &Array2<f64>) -> Array2<f64> {
        x.dot(&self.weights) + &self.biases
    }

    fn moved(&self, along: &Self, far: f64) -> Self {
        let mut moved = self.clone();
        moved.weights.scaled_add(far, &along.weights);
        moved.biases.scaled_add(far, &along.biases);
        moved
    }

    /// The objective and its gradient.
    fn slope(&self, x: &Array2<f64>, labels: &[usize], penalty: f64) -> (f64, Self) {
        let samples = labels.len() as f64;
        let mut residuals = self.logits(x);
        let mut entropy = 0.0;
        for (mut row, label) in residuals.rows_mut().into_iter().zip(labels) {
            let peak = row.fold(f64::NEG_INFINITY, |most, value| most.max(*value));
            let own = row[*label] - peak;
            row.mapv_inplace(|value| (value - peak).exp());
            let sum = row.sum();
            entropy += sum.ln() - own;
            row /= sum;
            row[*label] -= 1.0;
        }
        let mut weights = x.t().dot(&residuals) / samples;
        let mut square = 0.0;
        Zip::from(&mut weights).and(&self.weights).for_each(|slope, weight| {
            *slope += penalty * weight;
            square += weight * weight;
        });
        let biases = residuals.sum_axis(Axis(0)) / samples;
        (entropy / samples + 0.5 * penalty * square, Self { weights, biases })
    }
}

/// The largest eigenvalue of the covariance of standardised features, from above: by powers, and a tenth more.
fn largest_variance(x: &Array2<f64>) -> f64 {
    let covariance = x.t().dot(x) / x.nrows() as f64;
    let mut along = Array1::from_shape_fn(covariance.nrows(), |at| 1.0 + 0.1 * (at as f64).sin());
    let mut largest = 0.0;
    for _ in 0..50 {
        let next = covariance.dot(&along);
        let length = next.dot(&next).sqrt();
        if length == 0.0 {
            return 0.0;
        }
        largest = length / along.dot(&along).sqrt();
        along = next / length;
    }
    1.1 * largest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Streams;
    use rand_distr::{Distribution, StandardNormal};

    fn normal(samples: usize, dimensions: usize) -> Array2<f64> {
        let mut streams = Streams::new("softmax", 0);
        Array2::from_shape_simple_fn((samples, dimensions), || StandardNormal.sample(streams.get("x")))
    }

    /// Where the gradient vanishes a convex objective has its minimum.
    #[test]
    fn the_fit_ends_where_the_gradient_vanishes() {
        let x = normal(300, 5);
        let labels: Vec<usize> = x
            .rows()
            .into_iter()
            .map(|row| usize::from(row[0] + row[1] > 0.3) + usize::from(row[2] > 1.0))
            .collect();
        let fit = Softmax::fit(x.view(), &labels, 3, Positive::new(1e-2).unwrap()).unwrap();
        let (objective, gradient) = fit.layer.slope(&fit.standard.apply(x.view()), &labels, 1e-2);
        let largest = gradient
            .weights
            .iter()
            .chain(&gradient.biases)
            .fold(0.0, |most: f64, value| most.max(value.abs()));
        assert!(largest < 1e-4 && objective < 0.8, "{largest}, {objective}");
        let logits = fit.logits(x.view());
        let right = logits
            .rows()
            .into_iter()
            .zip(&labels)
            .filter(|(row, label)| row.iter().all(|value| *value <= row[**label]));
        assert!(right.count() > 220);
    }

    #[test]
    fn features_that_say_nothing_give_the_shares_of_the_classes() {
        let labels: Vec<usize> = (0..90).map(|row| usize::from(row % 3 == 0)).collect();
        let fit =
            Softmax::fit(Array2::ones((90, 2)).view(), &labels, 2, Positive::new(1e-3).unwrap()).unwrap();
        let logits = fit.logits(Array2::ones((1, 2)).view());
        assert!((logits[[0, 0]] - logits[[0, 1]] - 2.0_f64.ln()).abs() < 1e-6, "{logits}");
        assert!(Softmax::fit(Array2::ones((3, 2)).view(), &[0, 1], 2, Positive::new(1.0).unwrap()).is_err());
        assert!(Softmax::fit(Array2::ones((1, 2)).view(), &[2], 2, Positive::new(1.0).unwrap()).is_err());
    }
}
