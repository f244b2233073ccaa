//! Metrics of regression. Predictions and targets are `[samples, outputs]`, in label units.

use ndarray::{ArrayView1, ArrayView2, Axis};

use crate::CoreError;

/// Mean over all entries of the squared error, in squared label units.
///
/// # Errors
/// Shapes that differ, or no entries.
pub fn mse(prediction: ArrayView2<'_, f64>, target: ArrayView2<'_, f64>) -> Result<f64, CoreError> {
    check(&prediction, &target)?;
    let squares = prediction.iter().zip(target).map(|(p, y)| (p - y).powi(2));
    Ok(squares.sum::<f64>() / target.len() as f64)
}

/// Root of [`mse`], in label units.
///
/// # Errors
/// As [`mse`].
pub fn rmse(prediction: ArrayView2<'_, f64>, target: ArrayView2<'_, f64>) -> Result<f64, CoreError> {
    Ok(mse(prediction, target)?.sqrt())
}

/// Mean absolute percentage error, in percent: `100 mean |p - y| / |y|` over the entries with a
/// non-zero target; NaN where every target is zero.
///
/// # Errors
/// As [`mse`].
pub fn mape(prediction: ArrayView2<'_, f64>, target: ArrayView2<'_, f64>) -> Result<f64, CoreError> {
    check(&prediction, &target)?;
    let entries = || prediction.iter().zip(target).filter(|(_, y)| **y != 0.0);
    let sum: f64 = entries().map(|(p, y)| ((p - y) / y).abs()).sum();
    Ok(100.0 * sum / entries().count() as f64)
}

/// Pearson correlation per output, averaged over the outputs whose target varies; NaN where none
/// does or where a prediction is constant.
///
/// # Errors
/// As [`mse`].
pub fn pearson(prediction: ArrayView2<'_, f64>, target: ArrayView2<'_, f64>) -> Result<f64, CoreError> {
    check(&prediction, &target)?;
    let columns = prediction.axis_iter(Axis(1)).zip(target.axis_iter(Axis(1)));
    let varying = columns.filter(|(_, y)| y.iter().any(|value| *value != y[0]));
    let correlations: Vec<f64> = varying.map(|(p, y)| correlation(p, y)).collect();
    Ok(correlations.iter().sum::<f64>() / correlations.len() as f64)
}

/// Coefficient of determination `1 - sum (p - y)^2 / sum (y - mean y)^2`, averaged over the outputs
/// whose target varies; NaN where none does.
///
/// # Errors
/// As [`mse`].
pub fn r2(prediction: ArrayView2<'_, f64>, target: ArrayView2<'_, f64>) -> Result<f64, CoreError> {
    check(&prediction, &target)?;
    let columns = prediction.axis_iter(Axis(1)).zip(target.axis_iter(Axis(1)));
    let scores: Vec<f64> = columns
        .filter(|(_, y)| y.iter().any(|value| *value != y[0]))
        .map(|(p, y)| {
            let mean = y.mean().unwrap_or(f64::NAN);
            let residual: f64 = p.iter().zip(y).map(|(p, y)| (p - y).powi(2)).sum();
            1.0 - residual / y.iter().map(|y| (y - mean).powi(2)).sum::<f64>()
        })
        .collect();
    Ok(scores.iter().sum::<f64>() / scores.len() as f64)
}

/// The metric of the worst group of samples.
///
/// `worse(a, b)` says whether `a` is worse than `b`: larger for [`rmse`], smaller in absolute value
/// for [`pearson`].
///
/// # Errors
/// As [`mse`], and a number of groups that is not the number of samples.
pub fn worst_group(
    prediction: ArrayView2<'_, f64>,
    target: ArrayView2<'_, f64>,
    groups: &[i64],
    metric: fn(ArrayView2<'_, f64>, ArrayView2<'_, f64>) -> Result<f64, CoreError>,
    worse: fn(f64, f64) -> bool,
) -> Result<f64, CoreError> {
    check(&prediction, &target)?;
    if groups.len() != target.nrows() {
        return Err(CoreError::Invalid(format!("{} groups for {} samples", groups.len(), target.nrows())));
    }
    let mut names = groups.to_vec();
    names.sort_unstable();
    names.dedup();
    let mut worst = f64::NAN;
    for name in names {
        let rows: Vec<usize> = (0..groups.len()).filter(|&row| groups[row] == name).collect();
        let value = metric(prediction.select(Axis(0), &rows).view(), target.select(Axis(0), &rows).view())?;
        if worst.is_nan() || worse(value, worst) {
            worst = value;
        }
    }
    Ok(worst)
}

/// Largest [`rmse`] of a group.
///
/// # Errors
/// As [`worst_group`].
pub fn worst_group_rmse(
    prediction: ArrayView2<'_, f64>,
    target: ArrayView2<'_, f64>,
    groups: &[i64],
) -> Result<f64, CoreError> {
    worst_group(prediction, target, groups, rmse, |a, b| a > b)
}

/// The [`pearson`] of a group that is smallest in absolute value, with its sign.
///
/// # Errors
/// As [`worst_group`].
pub fn worst_group_pearson(
    prediction: ArrayView2<'_, f64>,
    target: ArrayView2<'_, f64>,
    groups: &[i64],
) -> Result<f64, CoreError> {
    worst_group(prediction, target, groups, pearson, |a, b| a.abs() < b.abs())
}

fn correlation(a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>) -> f64 {
    let n = a.len() as f64;
    let (mean_a, mean_b) = (a.sum() / n, b.sum() / n);
    let covariance: f64 = a.iter().zip(b).map(|(a, b)| (a - mean_a) * (b - mean_b)).sum::<f64>() / n;
    let deviation =
        |x: ArrayView1<'_, f64>, mean: f64| (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    covariance / (deviation(a, mean_a) * deviation(b, mean_b))
}

fn check(prediction: &ArrayView2<'_, f64>, target: &ArrayView2<'_, f64>) -> Result<(), CoreError> {
    if prediction.dim() != target.dim() || target.is_empty() {
        return Err(CoreError::Invalid(format!(
            "predictions {:?} and targets {:?}: the same non-empty shape is needed",
            prediction.dim(),
            target.dim()
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn values_by_hand() {
        let prediction = array![[1.0], [2.0], [4.0]];
        let target = array![[1.0], [4.0], [0.0]];
        assert_eq!(mse(prediction.view(), target.view()).unwrap(), 20.0 / 3.0);
        assert_eq!(mape(prediction.view(), target.view()).unwrap(), 25.0);
        let residual = 20.0;
        let total = target.iter().map(|y: &f64| (y - 5.0 / 3.0).powi(2)).sum::<f64>();
        assert!((r2(prediction.view(), target.view()).unwrap() - (1.0 - residual / total)).abs() < 1e-12);
    }

    #[test]
    fn pearson_of_a_line_is_one_and_of_a_constant_prediction_nan() {
        let target = array![[1.0], [2.0], [5.0]];
        let line = &target * -3.0 + 1.0;
        assert!((pearson(line.view(), target.view()).unwrap() + 1.0).abs() < 1e-12);
        assert!(pearson(array![[2.0], [2.0], [2.0]].view(), target.view()).unwrap().is_nan());
    }

    #[test]
    fn the_worst_group_is_the_worst() {
        let prediction = array![[0.0], [0.0], [0.0]];
        let target = array![[1.0], [3.0], [2.0]];
        assert_eq!(worst_group_rmse(prediction.view(), target.view(), &[7, 9, 7]).unwrap(), 3.0);
        assert!(worst_group_rmse(prediction.view(), target.view(), &[7]).is_err());
    }

    #[test]
    fn refuses_shapes_that_differ() {
        assert!(mse(array![[1.0, 2.0]].view(), array![[1.0], [2.0]].view()).is_err());
    }
}
