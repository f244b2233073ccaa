//! Which epoch is the best, and when there is none to wait for.

use std::num::NonZeroUsize;

/// The validation losses so far and the place of the lowest, the later of equals.
#[derive(Debug, Clone, Default)]
pub(super) struct Course {
    pub(super) losses: Vec<f64>,
    pub(super) best: usize,
}

impl Course {
    /// Adds the loss of an epoch; whether it is the best so far.
    pub(super) fn push(&mut self, loss: f64) -> bool {
        let better = self.losses.get(self.best).is_none_or(|&best| loss <= best);
        if better {
            self.best = self.losses.len();
        }
        self.losses.push(loss);
        better
    }

    /// Whether more than `patience` epochs went by since the best one.
    pub(super) fn out_of_patience(&self, patience: Option<NonZeroUsize>) -> bool {
        patience.is_some_and(|patience| self.losses.len() > self.best + patience.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(losses: &[f64]) -> Course {
        let mut course = Course::default();
        for &loss in losses {
            course.push(loss);
        }
        course
    }

    #[test]
    fn the_later_of_equals_is_the_best() {
        assert_eq!(course(&[2.0]).best, 0);
        assert_eq!(course(&[2.0, 1.0, 3.0]).best, 1);
        assert_eq!(course(&[2.0, 1.0, 1.0, 3.0]).best, 2);
    }

    #[test]
    fn a_loss_that_is_no_number_is_never_better() {
        assert_eq!(course(&[2.0, f64::NAN, 3.0]).best, 0);
    }

    #[test]
    fn patience_counts_from_the_best_epoch() {
        let patience = NonZeroUsize::new(2);
        assert!(!course(&[]).out_of_patience(patience));
        assert!(!course(&[1.0, 2.0]).out_of_patience(patience));
        assert!(course(&[1.0, 2.0, 2.0]).out_of_patience(patience));
        assert!(!course(&[1.0, 2.0, 1.0]).out_of_patience(patience));
        assert!(!course(&[1.0, 2.0, 2.0]).out_of_patience(None));
    }
}
