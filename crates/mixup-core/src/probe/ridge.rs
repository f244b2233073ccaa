//! Linear regression with a quadratic penalty, in closed form.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::Cholesky;
use crate::CoreError;
use crate::checked::Positive;

/// Mean and spread of features, by which they are centred and scaled.
#[derive(Debug, Clone, PartialEq)]
pub struct Standard {
    mean: Array1<f64>,
    /// 1 where a feature is constant.
    std: Array1<f64>,
}

impl Standard {
    /// Of the features `[samples, dimensions]` of training samples.
    ///
    /// # Errors
    /// No samples.
    pub fn of(x: ArrayView2<'_, f64>) -> Result<Self, CoreError> {
        let none = || CoreError::Invalid("a probe needs samples".into());
        let mean = x.mean_axis(Axis(0)).ok_or_else(none)?;
        let std = x.std_axis(Axis(0), 0.0).mapv(|std| if std > 1e-12 { std } else { 1.0 });
        Ok(Self { mean, std })
    }

    /// Features in units of these.
    pub fn apply(&self, x: ArrayView2<'_, f64>) -> Array2<f64> {
        (&x - &self.mean) / &self.std
    }
}

/// `y = W x + b` with the smallest `mean |y - W x - b|^2 + penalty |W|^2`, on features of mean 0 and spread 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Ridge {
    standard: Standard,
    /// `[dimensions, outputs]`
    weights: Array2<f64>,
    mean: Array1<f64>,
}

impl Ridge {
    /// Fits it.
    ///
    /// # Shapes
    /// - `x`: `[samples, dimensions]`; `y`: `[samples, outputs]`
    ///
    /// # Errors
    /// No samples, other numbers of them, features that are not finite.
    pub fn fit(x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>, penalty: Positive) -> Result<Self, CoreError> {
        if x.nrows() != y.nrows() {
            return Err(CoreError::Invalid(format!("{} samples with {} targets", x.nrows(), y.nrows())));
        }
        let standard = Standard::of(x)?;
        let x = standard.apply(x);
        let mean = y.mean_axis(Axis(0)).ok_or_else(|| CoreError::Invalid("a probe needs samples".into()))?;
        let mut gram = x.t().dot(&x);
        gram.diag_mut().mapv_inplace(|value| value + penalty.get() * y.nrows() as f64);
        let weights = Cholesky::new(gram)?.solve(x.t().dot(&(&y - &mean)).view());
        Ok(Self { standard, weights, mean })
    }

    /// # Shapes
    /// - `x`: `[samples, dimensions]`; returns `[samples, outputs]`
    pub fn predict(&self, x: ArrayView2<'_, f64>) -> Array2<f64> {
        self.standard.apply(x).dot(&self.weights) + &self.mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn penalty(value: f64) -> Positive {
        Positive::new(value).unwrap()
    }

    #[test]
    fn a_line_is_found_and_a_constant_feature_does_no_harm() {
        let x = array![[0.0, 7.0], [1.0, 7.0], [2.0, 7.0], [5.0, 7.0]];
        let y = x.mapv(|value| 3.0 * value - 1.0).slice_move(ndarray::s![.., ..1]);
        let found = Ridge::fit(x.view(), y.view(), penalty(1e-12)).unwrap();
        let line = found.predict(array![[4.0, 7.0]].view());
        assert!((line[[0, 0]] - 11.0).abs() < 1e-6, "{line}");
    }

    /// With one standardised feature the weight is `cov / (1 + penalty)`.
    #[test]
    fn the_penalty_shrinks_as_in_theory() {
        let x = array![[-1.0], [1.0]];
        let y = array![[2.0], [8.0]];
        for value in [0.1, 1.0, 9.0] {
            let found = Ridge::fit(x.view(), y.view(), penalty(value)).unwrap().predict(x.view());
            let expected = 5.0 + 3.0 / (1.0 + value);
            assert!((found[[1, 0]] - expected).abs() < 1e-12);
        }
        assert!(Ridge::fit(x.view(), array![[1.0]].view(), penalty(1.0)).is_err());
        assert!(
            Ridge::fit(Array2::zeros((0, 2)).view(), Array2::zeros((0, 1)).view(), penalty(1.0)).is_err()
        );
    }
}
