//! Knowledge distillation.

use burn::tensor::{Tensor, activation::log_softmax};

use crate::{CoreError, checked::Positive, tensor::same_shape};

/// What a student has yet to learn of a teacher's predictions (Hinton et al. 2015): the batch mean of
/// `T^2 KL(softmax(teacher / T) || softmax(student / T))`. No gradient reaches the teacher.
///
/// # Shapes
/// - `student`, `teacher`: `[batch, classes]`, logits
/// - `temperature`: T
/// - returns `[1]`, in nats
///
/// # Errors
/// Shapes that differ.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use mixup_core::{checked::Positive, loss::distillation, tensor::to_host};
///
/// let student = Tensor::<2>::from_data([[1.0, 0.0]], &Device::flex());
/// let temperature = Positive::new(4.0).unwrap();
/// // Nothing is left to learn of one's own predictions.
/// assert!((to_host(distillation(student.clone(), student, temperature)?)?[0] - 0.0).abs() < 1e-4);
/// # Ok::<(), mixup_core::CoreError>(())
/// ```
pub fn distillation(
    student: Tensor<2>,
    teacher: Tensor<2>,
    temperature: Positive,
) -> Result<Tensor<1>, CoreError> {
    same_shape("distillation", &student, &teacher)?;
    let t = temperature.get();
    // Not `div_scalar`, whose gradient is rounded to f32.
    let student = log_softmax(student.mul_scalar(1.0 / t), 1);
    let teacher = log_softmax(teacher.detach().mul_scalar(1.0 / t), 1);
    let divergence = teacher.clone().exp() * (teacher - student);
    Ok(divergence.sum_dim(1).mean().mul_scalar(t * t))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{gradient, tracked, value};
    use super::*;

    const STUDENT: [[f64; 3]; 2] = [[2.0, 0.0, -1.0], [0.5, -3.0, 1.0]];
    const TEACHER: [[f64; 3]; 2] = [[1.0, 1.0, -4.0], [0.0, 2.0, 0.5]];

    fn at(temperature: f64) -> Positive {
        Positive::new(temperature).unwrap()
    }

    #[test]
    fn nothing_is_left_to_learn_of_oneself() {
        // A constant in every row changes no softmax.
        let shifted = STUDENT.map(|row| row.map(|logit| logit + 3.0));
        let loss = distillation(tracked(STUDENT), tracked(shifted), at(4.0)).unwrap();
        assert!(value(loss).abs() < 1e-12);
    }

    #[test]
    fn the_gradient_is_the_slope() {
        for temperature in [0.5, 4.0] {
            gradient(STUDENT, |z| distillation(z, tracked(TEACHER), at(temperature)).unwrap());
        }
    }

    #[test]
    fn at_high_temperatures_logits_are_matched() {
        // Half the squared distance of the centred logits over the classes (Hinton et al. 2015, eq. 4).
        let centred = |row: [f64; 3]| row.map(|logit| logit - row.iter().sum::<f64>() / 3.0);
        let distance = |row: usize| {
            let (student, teacher) = (centred(STUDENT[row]), centred(TEACHER[row]));
            student.iter().zip(teacher).map(|(s, t)| (s - t).powi(2)).sum::<f64>() / 6.0
        };
        let limit = (distance(0) + distance(1)) / 2.0;
        let loss = value(distillation(tracked(STUDENT), tracked(TEACHER), at(1e4)).unwrap());
        assert!((loss - limit).abs() < 1e-3 * limit, "{loss} {limit}");
    }
}
