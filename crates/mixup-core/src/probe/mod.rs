//! Probes: what a simple model can read off features that are no longer trained. Computed on the host in f64.
//!
//! What a probe has to choose (its penalty) is chosen on validation samples, never on those that it is judged by.

mod cholesky;
mod kernel;
mod ridge;
mod softmax;

pub use cholesky::Cholesky;
pub use kernel::KernelRidge;
pub use ridge::{Ridge, Standard};
pub use softmax::{ITERATIONS, Softmax};

use crate::CoreError;
use crate::checked::Positive;

/// The model with the smallest error of those that a list of penalties gives; the first of equals.
///
/// # Errors
/// No penalty, or what fitting and judging refuse.
pub fn best_of<M>(
    penalties: &[Positive],
    fit: impl Fn(Positive) -> Result<M, CoreError>,
    error: impl Fn(&M) -> Result<f64, CoreError>,
) -> Result<M, CoreError> {
    let mut best: Option<(f64, M)> = None;
    for penalty in penalties {
        let model = fit(*penalty)?;
        let error = error(&model)?;
        if best.as_ref().is_none_or(|(least, _)| error < *least) {
            best = Some((error, model));
        }
    }
    let none = || CoreError::Invalid("a probe needs penalties to choose from".into());
    best.map(|(_, model)| model).ok_or_else(none)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_penalty_is_taken_and_the_first_of_equals() {
        let penalties = [4.0, 1.0, 2.0, 3.0].map(|value| Positive::new(value).unwrap());
        let chosen = |error: fn(f64) -> f64| {
            best_of(&penalties, |penalty| Ok(penalty.get()), |penalty| Ok(error(*penalty))).unwrap()
        };
        assert_eq!(chosen(|penalty| (penalty - 2.2).abs()), 2.0);
        assert_eq!(chosen(|penalty| (penalty - 2.5).abs()), 2.0);
        assert!(best_of(&[], |_| Ok(()), |()| Ok(0.0)).is_err());
    }
}
