//! What is measured of features and embeddings.

mod classes;
mod numbers;

use std::collections::BTreeMap;

use mixup_core::{
    CoreError,
    linalg::symmetric_eigen,
    metrics::embedding::{alignment, uniformity},
};
use mixup_paper::{Direction, MetricInfo, Predictions, RunError};
use ndarray::{Array2, ArrayView2, Axis, concatenate};

use super::data::Samples;
use super::setting::Setting;

pub(super) use classes::PENALTY;
pub(super) use numbers::{KERNEL_SAMPLES, ORDERED, PENALTIES};

/// Test samples of which two views are compared.
pub(super) const VIEWED: usize = 500;

/// Names of the three parts among predictions.
pub(super) const PARTS: [&str; 3] = ["train", "validation", "test"];

/// Two views of some test samples among predictions: what the method compares, of length 1.
pub(super) const VIEWS: [&str; 2] = ["first-views", "second-views"];

/// What a network's own head says of the test samples.
pub(super) const OWN: &str = "own";

/// Number of classes; 0 where labels are numbers.
const CLASSES: &str = "classes";

/// Every metric that comes from features and embeddings.
pub(super) fn metrics() -> Vec<MetricInfo> {
    let info = MetricInfo::new;
    let lower = Some(Direction::Lower);
    let mut metrics = [numbers::metrics(), classes::metrics()].concat();
    metrics.extend([
        info("alignment", "alignment of views", lower, 4),
        info("uniformity", "uniformity", lower, 4),
        info("effective-rank", "effective rank", None, 2),
    ]);
    metrics
}

/// Features of a part with its labels.
pub(super) struct Part {
    pub(super) features: Array2<f64>,
    pub(super) targets: Vec<f64>,
}

impl Part {
    pub(super) fn classes(&self) -> Vec<usize> {
        self.targets.iter().map(|class| *class as usize).collect()
    }

    fn of(predictions: &Predictions, name: &str) -> Result<Self, RunError> {
        let targets = values(predictions, &format!("{name}-labels"))?;
        Ok(Self { features: values(predictions, name)?, targets: targets.into_iter().collect() })
    }
}

fn values(predictions: &Predictions, name: &str) -> Result<Array2<f64>, RunError> {
    predictions.values(name).ok_or_else(|| RunError::Spec(format!("the predictions have no `{name}`")))
}

/// Features of one part under a name that begins with `epoch`, `best-` say, and its labels.
pub(super) fn keep(
    predictions: &mut Predictions,
    epoch: &str,
    name: &str,
    features: ArrayView2<'_, f64>,
    samples: &Samples,
) {
    predictions.add_outputs(&format!("{epoch}{name}"), features);
    let labels = Array2::from_shape_fn((samples.len(), 1), |(row, _)| samples.targets[row]);
    predictions.add_values(&format!("{name}-labels"), labels.view());
}

/// How many classes there are, if labels are classes.
pub(super) fn keep_classes(predictions: &mut Predictions, classes: Option<usize>) {
    predictions.add_classes(CLASSES, &[classes.unwrap_or(0)]);
}

/// All metrics.
pub(super) fn measure(
    predictions: &Predictions,
    setting: &Setting,
) -> Result<BTreeMap<String, f64>, RunError> {
    let classes = predictions.classes(CLASSES).and_then(|classes| classes.first().copied());
    let [train, validation, test] = PARTS.map(|name| Part::of(predictions, name));
    let parts = [train?, validation?, test?];
    let mut metrics = match classes {
        None | Some(0) => numbers::measure(&parts, predictions.values(OWN).as_ref(), setting)?,
        Some(classes) => {
            let best = PARTS.map(|name| values(predictions, &format!("{BEST}{name}")));
            let [train, _, test] = best;
            classes::measure(&parts, [train?, test?], classes, setting)?
        }
    };
    let [first, second] = VIEWS.map(|name| values(predictions, name));
    let (first, second) = (first?, second?);
    metrics.insert("alignment".to_owned(), of_pairs(first.view(), second.view())?);
    metrics.insert("uniformity".to_owned(), uniformity(first.view()));
    metrics.insert("effective-rank".to_owned(), effective_rank(parts[2].features.view()));
    Ok(metrics)
}

/// What names of the features of the epoch that validation chose begin with.
pub(super) const BEST: &str = "best-";

/// Alignment of positive pairs: the two views of each sample.
fn of_pairs<'a>(first: ArrayView2<'a, f64>, second: ArrayView2<'a, f64>) -> Result<f64, CoreError> {
    let both =
        concatenate(Axis(0), &[first, second]).map_err(|error| CoreError::Invalid(error.to_string()))?;
    let samples: Vec<usize> = (0..first.nrows()).chain(0..second.nrows()).collect();
    alignment(both.view(), &samples)
}

/// Effective rank of features (Roy and Vetterli 2007): `exp` of the entropy of the eigenvalues of their covariance, over their
/// sum. From 1, all on a line, to their number.
pub fn effective_rank(features: ArrayView2<'_, f64>) -> f64 {
    let Some(mean) = features.mean_axis(Axis(0)) else { return f64::NAN };
    let centred = &features - &mean;
    let (values, _) = symmetric_eigen(&centred.t().dot(&centred));
    let sum: f64 = values.iter().map(|value| value.max(0.0)).sum();
    let shares = values.iter().map(|value| value.max(0.0) / sum).filter(|share| *share > 0.0);
    shares.map(|share| -share * share.ln()).sum::<f64>().exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_rank_of_a_line_and_of_a_ball() {
        let line = array![[1.0, 2.0], [2.0, 4.0], [-3.0, -6.0]];
        assert!((effective_rank(line.view()) - 1.0).abs() < 1e-6);
        let cross = array![[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]];
        assert!((effective_rank(cross.view()) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn pairs_are_the_views_of_one_sample() {
        let (first, second) = (array![[1.0, 0.0], [0.0, 1.0]], array![[0.0, 1.0], [0.0, 1.0]]);
        // Squared distances 2 and 0.
        assert_eq!(of_pairs(first.view(), second.view()).unwrap(), 1.0);
    }
}
