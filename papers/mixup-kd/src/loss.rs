//! Distillation at a temperature of each sample's own: the standard deviation of its logits.

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    checked::{NonNegative, Positive},
    loss::{distillation, soft_cross_entropy},
};

/// A loss in its two parts.
#[derive(Debug, Clone)]
pub struct Distilled {
    /// Cross-entropy of the student with its weight, `[1]`.
    pub labels: Tensor<1>,
    /// Distillation with its weight, `[1]`.
    pub teacher: Tensor<1>,
}

impl Distilled {
    /// `gamma CE + alpha KD` with classical distillation at temperature T.
    ///
    /// # Shapes
    /// - `student`, `teacher`: `[batch, classes]`, logits
    /// - `targets`: `[batch, classes]`, mixed one-hot labels
    ///
    /// # Errors
    /// Shapes that differ.
    pub fn classical(
        student: Tensor<2>,
        teacher: Tensor<2>,
        targets: Tensor<2>,
        temperature: Positive,
        [gamma, alpha]: [NonNegative; 2],
    ) -> Result<Self, CoreError> {
        Ok(Self {
            labels: soft_cross_entropy(student.clone(), targets)?.mul_scalar(gamma.get()),
            teacher: distillation(student, teacher, temperature)?.mul_scalar(alpha.get()),
        })
    }

    /// Their sum, `[1]`.
    pub fn total(self) -> Tensor<1> {
        self.labels + self.teacher
    }
}

/// Distillation with the standard deviation of the logits as the temperature: `gamma CE + alpha KL`, both of
/// [`std_scaled`] logits. Gradients flow through the student's deviation, and none into the teacher.
///
/// The loss does not change when a student's logits are stretched, so that its gradient is at right angles to
/// them and shrinks as they grow.
///
/// # Shapes
/// - `student`, `teacher`: `[batch, classes]`, logits; a row of equal logits has no deviation and gives NaN
/// - `targets`: `[batch, classes]`, mixed one-hot labels
///
/// # Errors
/// Shapes that differ, or fewer than two classes.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use mixup_core::{checked::NonNegative, tensor::to_host};
/// use mixup_kd::std_distillation;
///
/// let student = Tensor::<2>::from_data([[1.0, 0.0, 0.0]], &Device::flex());
/// let teacher = Tensor::<2>::from_data([[5.0, 0.0, 0.0]], &Device::flex());
/// let targets = Tensor::<2>::from_data([[1.0, 0.0, 0.0]], &Device::flex());
/// let weights = [0.1, 0.9].map(|weight| NonNegative::new(weight).unwrap());
/// let loss = std_distillation(student, teacher, targets, weights)?;
/// // Stretched logits teach nothing.
/// assert!((to_host(loss.teacher)?[0] - 0.0).abs() < 1e-4);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
pub fn std_distillation(
    student: Tensor<2>,
    teacher: Tensor<2>,
    targets: Tensor<2>,
    weights: [NonNegative; 2],
) -> Result<Distilled, CoreError> {
    let one = Positive::new(1.0).map_err(|error| CoreError::Invalid(error.to_string()))?;
    Distilled::classical(std_scaled(student)?, std_scaled(teacher.detach())?, targets, one, weights)
}

/// Logits over their standard deviation, row by row: divisor C - 1, nothing added, nothing detached.
///
/// # Shapes
/// - `logits`, result: `[batch, classes]`
///
/// # Errors
/// Fewer than two classes.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use mixup_core::tensor::to_host;
/// use mixup_kd::std_scaled;
///
/// let logits = Tensor::<2>::from_data([[0.0, 2.0, 4.0]], &Device::flex());
/// assert_eq!(to_host(std_scaled(logits)?)?, [0.0, 1.0, 2.0]);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
pub fn std_scaled(logits: Tensor<2>) -> Result<Tensor<2>, CoreError> {
    let classes = logits.dims()[1];
    if classes < 2 {
        return Err(CoreError::Invalid(format!("the standard deviation of {classes} logits")));
    }
    let centred = logits.clone() - logits.clone().mean_dim(1);
    // Not `div_scalar`, whose gradient is rounded to f32.
    let variance = centred.square().sum_dim(1).mul_scalar(1.0 / (classes as f64 - 1.0));
    Ok(logits / variance.sqrt())
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device, TensorData};
    use mixup_core::tensor::to_host;
    use mixup_routines::non_negative;
    use proptest::prelude::*;

    use super::*;

    const CLASSES: usize = 4;

    fn tracked(values: &[f64]) -> Tensor<2> {
        let data = TensorData::new(values.to_vec(), [values.len() / CLASSES, CLASSES]);
        Tensor::from_data(data, (&Device::flex().autodiff(), DType::F64)).require_grad()
    }

    fn targets() -> Tensor<2> {
        tracked(&[0.7, 0.0, 0.3, 0.0, 0.0, 1.0, 0.0, 0.0]).detach()
    }

    fn loss(student: Tensor<2>, teacher: Tensor<2>) -> Tensor<1> {
        let weights = [non_negative(0.1), non_negative(0.9)];
        std_distillation(student, teacher, targets(), weights).unwrap().total()
    }

    fn logits() -> impl Strategy<Value = Vec<f64>> {
        let spread = |rows: &Vec<f64>| rows.chunks(CLASSES).all(|row| (row[0] - row[1]).abs() > 0.1);
        prop::collection::vec(-5.0f64..5.0, 2 * CLASSES).prop_filter("rows of one value", spread)
    }

    proptest! {
        #[test]
        fn stretched_logits_lose_nothing(student in logits(), teacher in logits(), factor in 0.01f64..100.0) {
            let stretch = |logits: &[f64]| logits.iter().map(|logit| factor * logit).collect::<Vec<_>>();
            let of = |student: &[f64], teacher: &[f64]| {
                to_host(loss(tracked(student), tracked(teacher))).unwrap()[0]
            };
            let plain = of(&student, &teacher);
            prop_assert!((of(&stretch(&student), &teacher) - plain).abs() < 1e-9);
            prop_assert!((of(&student, &stretch(&teacher)) - plain).abs() < 1e-9);
        }

        #[test]
        fn the_gradient_is_the_slope_and_at_right_angles(student in logits(), teacher in logits()) {
            let input = tracked(&student);
            let gradient = input.grad(&loss(input.clone(), tracked(&teacher)).backward()).unwrap();
            let gradient = to_host(gradient).unwrap();
            for row in 0..2 {
                let own = row * CLASSES..(row + 1) * CLASSES;
                let product: f64 = own.map(|at| gradient[at] * student[at]).sum();
                prop_assert!(product.abs() < 1e-9, "{product}");
            }
            for at in 0..student.len() {
                let moved = |shift: f64| {
                    let mut moved = student.clone();
                    moved[at] += shift;
                    to_host(loss(tracked(&moved), tracked(&teacher))).unwrap()[0]
                };
                let slope = (moved(1e-6) - moved(-1e-6)) / 2e-6;
                prop_assert!((slope - gradient[at]).abs() < 1e-5, "{slope} {}", gradient[at]);
            }
        }
    }

    #[test]
    fn a_student_that_agrees_has_only_labels_to_learn() {
        let logits = [2.0, 0.0, -1.0, 0.5, 0.1, 0.2, 3.0, -2.0];
        let weights = [non_negative(0.0), non_negative(0.9)];
        let student = tracked(&logits.map(|logit| 3.0 * logit + 1.0));
        // Stretched and shifted by the same in each row: softmax is blind to the shift.
        let loss = std_distillation(student, tracked(&logits), targets(), weights).unwrap().total();
        assert!(to_host(loss).unwrap()[0].abs() < 1e-12);
        assert!(std_scaled(Tensor::ones([2, 1], &Device::flex())).is_err());
    }
}
