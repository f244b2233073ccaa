//! The unconstrained features model: every mixed sample has a feature of its own, free to go where the loss
//! is least.
//!
//! With the classifier fixed to a simplex ETF of `W W^T = c (I - J / K)`, a sample with the target t
//! minimises `CE(W h, t) + decay / 2 |h|^2`. Its logits `z = W h` satisfy `z = kappa (t - softmax(z))`,
//! `kappa = c / decay`, and `h = W^T (t - softmax(z)) / decay`. Of two classes the solution is in the plane
//! of their rows; of one class it does not depend on lambda.

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    checked::{NonNegative, Positive},
    loss::soft_cross_entropy,
};
use ndarray::{Array1, Array2};

/// The model: how large its classifier is, and how dear its features.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ufm {
    /// Classes, K.
    pub classes: usize,
    /// Norm of the classifier's rows, m.
    pub norm: Positive,
    /// Weight of `|h|^2 / 2`, lambda_H.
    pub decay: Positive,
}

/// The feature of least loss.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimum {
    /// Logits `z`, which sum to 0.
    pub logits: Array1<f64>,
    /// Their softmax.
    pub probabilities: Array1<f64>,
    /// What the feature is in terms of the classifier's rows, `h = W^T coefficients`.
    pub coefficients: Array1<f64>,
    /// `CE + decay / 2 |h|^2` there.
    pub objective: f64,
}

/// Newton steps after which anything has converged; twenty are many.
const STEPS: usize = 500;

impl Ufm {
    /// `c` of `W W^T = c (I - J / K)`.
    pub fn gram(&self) -> f64 {
        let classes = self.classes as f64;
        self.norm.get().powi(2) * classes / (classes - 1.0)
    }

    /// Solves `z = kappa (t - softmax(z))` by Newton's method with backtracking on `log sum exp(z) - <t, z> +
    /// |z|^2 / (2 kappa)`, which is strictly convex and whose gradient vanishes there: no exponential
    /// overflows, however small the decay.
    ///
    /// # Shapes
    /// - `target`: `[classes]`, sums to 1
    ///
    /// # Errors
    /// Fewer than two classes, a target of another size, or no convergence.
    pub fn optimum(&self, target: &[f64]) -> Result<Optimum, CoreError> {
        if self.classes < 2 || target.len() != self.classes {
            return Err(CoreError::Invalid(format!(
                "a target of {} for {} classes, of which there are two or more",
                target.len(),
                self.classes
            )));
        }
        let target = Array1::from(target.to_vec());
        let flat = self.decay.get() / self.gram();
        let mut logits = Array1::zeros(self.classes);
        let mut last = f64::INFINITY;
        for _ in 0..STEPS {
            let p = softmax(&logits);
            let gradient = &p - &target + &(&logits * flat);
            let step = newton(&p, &gradient, flat);
            let decrement = gradient.dot(&step);
            // Near the optimum a step squares the error, until only rounding is left.
            if decrement <= 1e-30 || (decrement < 1e-12 && decrement > last / 4.0) {
                return Ok(self.at(logits, &target));
            }
            last = decrement;
            logits = backtracked(&logits, &step, decrement, |z| objective(z, &target, flat));
            // The sum of the condition says that logits sum to 0; rounding does not know it.
            let mean = logits.sum() / self.classes as f64;
            logits -= mean;
        }
        Err(CoreError::Invalid(format!("the optimum for {target} was not found in {STEPS} steps")))
    }

    fn at(&self, logits: Array1<f64>, target: &Array1<f64>) -> Optimum {
        Optimum {
            probabilities: softmax(&logits),
            // (t - p) / decay without the difference of near numbers.
            coefficients: &logits / self.gram(),
            objective: objective(&logits, target, self.decay.get() / self.gram()),
            logits,
        }
    }
}

/// `(diag(p) - p p^T + flat I)^-1 gradient`, by Sherman and Morrison.
fn newton(p: &Array1<f64>, gradient: &Array1<f64>, flat: f64) -> Array1<f64> {
    let diagonal = p + flat;
    let (scaled, along) = (gradient / &diagonal, p / &diagonal);
    // 1 - p^T D^-1 p, without the difference.
    let rest = flat * along.sum();
    let share = p.dot(&scaled) / rest;
    scaled + along * share
}

/// The first of the whole, half, quarter ... step that lowers the objective by a part of what the slope
/// promises. A step that no longer does so for rounding is the whole one.
fn backtracked(
    from: &Array1<f64>,
    step: &Array1<f64>,
    decrement: f64,
    objective: impl Fn(&Array1<f64>) -> f64,
) -> Array1<f64> {
    let start = objective(from);
    let whole = from - step;
    if decrement < 1e-10 {
        return whole;
    }
    let mut length = 1.0;
    let mut to = whole.clone();
    while objective(&to) > start - 0.1 * length * decrement && length > 1e-12 {
        length /= 2.0;
        to = from - &(step * length);
    }
    to
}

fn objective(logits: &Array1<f64>, target: &Array1<f64>, flat: f64) -> f64 {
    let largest = logits.fold(f64::NEG_INFINITY, |most: f64, &logit| most.max(logit));
    let sum: f64 = logits.iter().map(|logit| (logit - largest).exp()).sum();
    largest + sum.ln() - target.dot(logits) + flat / 2.0 * logits.dot(logits)
}

fn softmax(logits: &Array1<f64>) -> Array1<f64> {
    let largest = logits.fold(f64::NEG_INFINITY, |most: f64, &logit| most.max(logit));
    let exponents = logits.mapv(|logit| (logit - largest).exp());
    let sum = exponents.sum();
    exponents / sum
}

/// Loss of the model, `[1]` each.
#[derive(Debug, Clone)]
pub struct UfmLoss {
    /// `mean_i CE(W h_i, t_i)`.
    pub data: Tensor<1>,
    /// That, with `decay_w / 2 |W|^2 + decay_h / 2 mean_i |h_i|^2`.
    pub total: Tensor<1>,
}

/// The loss that free features, and the classifier where it is free too, descend on.
///
/// # Shapes
/// - `weights`: `[classes, width]`; `features`: `[samples, width]`
/// - `targets`: `[samples, classes]`, mixed labels
///
/// # Errors
/// Shapes that do not agree.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use mixup_core::{checked::NonNegative, tensor::to_host};
/// use mixup_neural_collapse::ufm_loss;
///
/// let weights = Tensor::<2>::from_data([[1.0], [-1.0]], &Device::flex());
/// let features = Tensor::<2>::from_data([[2.0]], &Device::flex());
/// let targets = Tensor::<2>::from_data([[0.5, 0.5]], &Device::flex());
/// let decays = [0.0, 0.5].map(|decay| NonNegative::new(decay).unwrap());
/// let loss = ufm_loss(weights, features, targets, decays)?;
/// // Half of the decay times the squared feature, beside the data.
/// assert!((to_host(loss.total)?[0] - to_host(loss.data)?[0] - 1.0).abs() < 1e-4);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
pub fn ufm_loss(
    weights: Tensor<2>,
    features: Tensor<2>,
    targets: Tensor<2>,
    [decay_w, decay_h]: [NonNegative; 2],
) -> Result<UfmLoss, CoreError> {
    let ([classes, width], [samples, given]) = (weights.dims(), features.dims());
    if width != given || targets.dims() != [samples, classes] {
        return Err(CoreError::Invalid(format!(
            "a classifier of {:?}, features of {:?} and targets of {:?}",
            weights.dims(),
            features.dims(),
            targets.dims()
        )));
    }
    let data = soft_cross_entropy(features.clone().matmul(weights.clone().transpose()), targets)?;
    let of_weights = weights.square().sum().mul_scalar(decay_w.get() / 2.0);
    let of_features = features.square().sum().mul_scalar(decay_h.get() / 2.0 / samples as f64);
    Ok(UfmLoss { total: data.clone() + of_weights + of_features, data })
}

/// `lambda e_own + (1 - lambda) e_partner` for each pair, `[pairs, classes]`.
///
/// # Errors
/// A class that is none.
pub fn pair_targets(pairs: &[crate::channel::Pair], classes: usize) -> Result<Array2<f64>, CoreError> {
    let mut targets = Array2::zeros((pairs.len(), classes));
    for (mut row, pair) in targets.rows_mut().into_iter().zip(pairs) {
        if pair.own >= classes || pair.partner >= classes {
            return Err(CoreError::Invalid(format!("{pair:?} of {classes} classes")));
        }
        row[pair.own] += pair.lambda;
        row[pair.partner] += 1.0 - pair.lambda;
    }
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ufm(classes: usize, norm: f64, decay: f64) -> Ufm {
        Ufm { classes, norm: Positive::new(norm).unwrap(), decay: Positive::new(decay).unwrap() }
    }

    fn target(classes: usize, lambda: f64) -> Vec<f64> {
        let mut target = vec![0.0; classes];
        (target[0], target[1]) = (lambda, 1.0 - lambda);
        target
    }

    proptest! {
        #[test]
        fn the_condition_of_the_optimum_holds(
            classes in 2_usize..12, norm in 0.2..5.0f64, decay in -9.0..1.0f64, lambda in 0.0..=1.0f64,
        ) {
            let model = ufm(classes, norm, 10f64.powf(decay));
            let target = target(classes, lambda);
            let at = model.optimum(&target).unwrap();
            let kappa = model.gram() / model.decay.get();
            for (class, share) in target.iter().enumerate() {
                let residual = at.logits[class] / kappa - (share - at.probabilities[class]);
                prop_assert!(residual.abs() < 1e-13, "{}", residual);
                prop_assert!((at.coefficients[class] * model.gram() - at.logits[class]).abs() < 1e-9);
            }
            prop_assert!(at.logits.sum().abs() < 1e-6);
            // All classes that have no part in the mixture have one logit: the feature is in the plane of the
            // two.
            for class in 3..classes {
                prop_assert!((at.logits[class] - at.logits[2]).abs() < 1e-6);
            }
        }

        /// `g (e^g + K - 1) = kappa K`.
        #[test]
        fn within_a_class_the_gap_solves_its_equation(classes in 2_usize..12, decay in -6.0..0.0f64) {
            let model = ufm(classes, 1.5, 10f64.powf(decay));
            let at = model.optimum(&target(classes, 1.0)).unwrap();
            let gap = at.logits[0] - at.logits[1];
            let (kappa, count) = (model.gram() / model.decay.get(), classes as f64);
            prop_assert!((gap * (gap.exp() + count - 1.0) / (kappa * count) - 1.0).abs() < 1e-9);
        }
    }

    /// Where features cost nothing, probabilities are the target, and the gap is the log-odds of lambda.
    #[test]
    fn the_channel_is_the_line_of_the_log_odds() {
        for lambda in [0.1, 0.3, 0.5, 0.8] {
            let at = ufm(10, 1.0, 1e-9).optimum(&target(10, lambda)).unwrap();
            let odds = f64::ln(lambda / (1.0 - lambda));
            assert!((at.logits[0] - at.logits[1] - odds).abs() < 1e-6, "{lambda}: {at:?}");
            assert!((at.probabilities[0] - lambda).abs() < 1e-6);
        }
    }

    #[test]
    fn what_is_no_model_is_refused() {
        assert!(ufm(3, 1.0, 0.1).optimum(&[0.5, 0.5]).is_err());
        assert!(ufm(1, 1.0, 0.1).optimum(&[1.0]).is_err());
    }
}
