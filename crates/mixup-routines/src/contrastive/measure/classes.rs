//! Probes for labels that are classes.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use mixup_core::{
    CoreError,
    checked::Positive,
    metrics::embedding::unit,
    metrics::neighbours::{share_among_first, weighted_votes},
    probe::Softmax,
};
use mixup_paper::{Direction, MetricInfo, RunError};
use ndarray::{Array2, ArrayView2};

use super::Part;
use crate::contrastive::setting::Setting;

/// Penalty of the linear probe.
pub(crate) const PENALTY: f64 = 1e-3;

/// Metrics of classes.
pub(super) fn metrics() -> Vec<MetricInfo> {
    let info = MetricInfo::new;
    let higher = Some(Direction::Higher);
    vec![
        info("knn", "k-NN (%)", higher, 2),
        info("linear", "linear probe (%)", higher, 2),
        info("knn-best", "k-NN at the best epoch (%)", higher, 2),
        info("fall", "k-NN, best epoch - last (%)", Some(Direction::Lower), 2),
    ]
}

/// Metrics of the test part after the last epoch; and k-NN after the epoch that validation samples chose, whose features
/// of the training and the test part are `best`.
pub(super) fn measure(
    parts: &[Part; 3],
    best: [Array2<f64>; 2],
    classes: usize,
    setting: &Setting,
) -> Result<BTreeMap<String, f64>, RunError> {
    let [train, _, test] = parts;
    let labels = [train.classes(), test.classes()];
    let neighbours = |bank: &Array2<f64>, asked: &Array2<f64>| -> Result<f64, CoreError> {
        let (bank, asked) = (unit(bank.view()), unit(asked.view()));
        let (k, temperature) = (setting.neighbours, setting.temperature());
        let votes = weighted_votes(bank.view(), &labels[0], asked.view(), k, temperature, classes)?;
        of_first(votes.view(), &labels[1])
    };
    let last = neighbours(&train.features, &test.features)?;
    let chosen = neighbours(&best[0], &best[1])?;
    let penalty = Positive::new(PENALTY).map_err(|error| CoreError::Invalid(error.to_string()))?;
    let linear = Softmax::fit(train.features.view(), &labels[0], classes, penalty)?;
    let linear = of_first(linear.logits(test.features.view()).view(), &labels[1])?;
    let values = [("knn", last), ("linear", linear), ("knn-best", chosen), ("fall", chosen - last)];
    Ok(values.map(|(name, value)| (name.to_owned(), value)).into())
}

/// Percent of the samples whose own class comes first.
fn of_first(scores: ArrayView2<'_, f64>, labels: &[usize]) -> Result<f64, CoreError> {
    Ok(100.0 * share_among_first(scores, labels, NonZeroUsize::MIN)?)
}
