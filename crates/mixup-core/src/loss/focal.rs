//! Focal loss, and the variant whose focus depends on the sample.

use burn::tensor::{Tensor, activation::log_softmax};

use crate::{CoreError, checked::NonNegative, tensor::same_shape};

/// Focal loss (Lin et al. 2017): the batch mean of `-(1 - p_y)^gamma log p_y`, where `p_y` is the
/// probability of the target. Gradients flow through both factors.
///
/// # Shapes
/// - `logits`, `targets`: `[batch, classes]`; `targets` one-hot
/// - returns `[1]`, in nats
///
/// # Errors
/// Shapes that differ.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use mixup_core::{checked::NonNegative, loss::focal, tensor::to_host};
///
/// let logits = Tensor::<2>::from_data([[0.0, 0.0]], &Device::flex());
/// let targets = Tensor::<2>::from_data([[1.0, 0.0]], &Device::flex());
/// let gamma = NonNegative::new(2.0).unwrap();
/// assert!((to_host(focal(logits, targets, gamma)?)?[0] - 0.25 * 2_f64.ln()).abs() < 1e-4);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
pub fn focal(logits: Tensor<2>, targets: Tensor<2>, gamma: NonNegative) -> Result<Tensor<1>, CoreError> {
    let log_p = log_probability("focal", logits, targets)?;
    let weight = missing(&log_p).powf_scalar(gamma.get());
    Ok((weight * log_p).mean().neg())
}

/// Sample-dependent focal loss, FLSD (Mukhoti et al. 2020, FLSD-53): [`focal`] with gamma 5 where
/// `p_y < 0.2`, 3 where `0.2 <= p_y < 0.5`, and `gamma` elsewhere. No gradient flows through the
/// choice.
///
/// # Shapes
/// - `logits`, `targets`: `[batch, classes]`; `targets` one-hot
/// - returns `[1]`, in nats
///
/// # Errors
/// Shapes that differ.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use mixup_core::{checked::NonNegative, loss::focal_sample_dependent, tensor::to_host};
///
/// // The target has probability 3 / 4, where gamma is the one that is given.
/// let logits = Tensor::<2>::from_data([[3_f64.ln(), 0.0]], &Device::flex());
/// let targets = Tensor::<2>::from_data([[1.0, 0.0]], &Device::flex());
/// let gamma = NonNegative::new(3.0).unwrap();
/// let loss = to_host(focal_sample_dependent(logits, targets, gamma)?)?[0];
/// assert!((loss + 0.25_f64.powi(3) * 0.75_f64.ln()).abs() < 1e-4);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
pub fn focal_sample_dependent(
    logits: Tensor<2>,
    targets: Tensor<2>,
    gamma: NonNegative,
) -> Result<Tensor<1>, CoreError> {
    let log_p = log_probability("focal_sample_dependent", logits, targets)?;
    let p = log_p.clone().detach().exp();
    let gamma = p
        .full_like(gamma.get())
        .mask_fill(p.clone().lower_scalar(0.5), 3.0)
        .mask_fill(p.lower_scalar(0.2), 5.0);
    Ok((missing(&log_p).powf(gamma) * log_p).mean().neg())
}

/// `log p_y`, `[batch, 1]`.
fn log_probability(name: &str, logits: Tensor<2>, targets: Tensor<2>) -> Result<Tensor<2>, CoreError> {
    same_shape(name, &logits, &targets)?;
    Ok((targets * log_softmax(logits, 1)).sum_dim(1))
}

/// `1 - p_y`, kept above 0: the slope of a power below 1 is infinite at 0, and times `log p_y = 0`
/// it would be NaN.
fn missing(log_p: &Tensor<2>) -> Tensor<2> {
    log_p.clone().exp().neg().add_scalar(1.0).clamp_min(1e-12)
}

#[cfg(test)]
mod tests {
    use super::super::soft_cross_entropy;
    use super::super::testing::{gradient, targets, tracked, value};
    use super::*;

    const LOGITS: [[f64; 3]; 3] = [[2.0, 0.0, -1.0], [0.5, -3.0, 1.0], [0.1, 0.2, 0.0]];

    fn gamma(value: f64) -> NonNegative {
        NonNegative::new(value).unwrap()
    }

    #[test]
    fn without_focus_it_is_cross_entropy() {
        let labels = || targets(&[1, 0, 2], 3);
        let plain = gradient(LOGITS, |z| soft_cross_entropy(z, labels()).unwrap());
        let focused = gradient(LOGITS, |z| focal(z, labels(), gamma(0.0)).unwrap());
        for (a, b) in plain.iter().zip(focused) {
            assert!((a - b).abs() < 1e-9);
        }
    }

    #[test]
    fn the_focus_follows_the_probability() {
        // p_y of the three rows: 0.114, 0.375 and 0.300; then 0.844.
        let of = |rows: [[f64; 3]; 1], label, g| {
            value(focal(tracked(rows), targets(&[label], 3), gamma(g)).unwrap())
        };
        let expected = (of([LOGITS[0]], 1, 5.0) + of([LOGITS[1]], 0, 3.0) + of([LOGITS[2]], 2, 3.0)) / 3.0;
        let mixed = focal_sample_dependent(tracked(LOGITS), targets(&[1, 0, 2], 3), gamma(1.5)).unwrap();
        assert!((value(mixed) - expected).abs() < 1e-12);
        let sure = focal_sample_dependent(tracked([LOGITS[0]]), targets(&[0], 3), gamma(1.5)).unwrap();
        assert!((value(sure) - of([LOGITS[0]], 0, 1.5)).abs() < 1e-12);
        gradient(LOGITS, |z| focal_sample_dependent(z, targets(&[1, 0, 2], 3), gamma(1.5)).unwrap());
    }

    #[test]
    fn a_certain_sample_has_a_finite_gradient() {
        for power in [0.0, 0.5, 1.0, 3.0] {
            let logits = tracked([[500.0, -500.0]]);
            let grads = focal(logits.clone(), targets(&[0], 2), gamma(power)).unwrap().backward();
            let gradient = crate::tensor::to_host(logits.grad(&grads).unwrap()).unwrap();
            assert!(gradient.iter().all(|slope| slope.abs() < 1e-9), "{power}: {gradient:?}");
        }
    }
}
