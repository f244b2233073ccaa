//! Which mixtures act as positives.

use burn::tensor::{DType, Device, Tensor, TensorData};
use mixup_core::loss::metric::{Divisors, Length, cosine_similarities};
use mixup_core::{CoreError, tensor::to_host};
use mixup_paper::{FigureInfo, FigureKind, MetricInfo};
use mixup_routines::classification::Told;
use mixup_routines::metric_learning::{Embedded, MetricLoss};

use crate::method::points;
use crate::pairs::Pairs;

/// The picture of positivity over lambda, and the metric at lambda 0.5.
const POSITIVITY: &str = "positivity";

/// Lambdas at which positivity is measured.
const LAMBDAS: [f64; 11] = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95];

pub(crate) fn metrics() -> Vec<MetricInfo> {
    vec![MetricInfo::new(POSITIVITY, "positive at lambda 0.5 (%)", None, 1)]
}

pub(crate) fn figures() -> Vec<FigureInfo> {
    vec![FigureInfo {
        name: POSITIVITY.to_owned(),
        title: "Which mixtures act as positives".to_owned(),
        caption: "Share of the mixtures of a positive and a negative that the mixed loss pulls to their anchor (its \
                  derivative by their similarity is not above 0), over the share lambda of the positive; training images \
                  behind the trained network. The rest is pushed away."
            .to_owned(),
        metric: Some(POSITIVITY.to_owned()),
        kind: FigureKind::Lines {
            x_label: "lambda".to_owned(),
            log_x: false,
            y_label: "positive (%)".to_owned(),
        },
    }]
}

/// Positivity of positive-negative mixtures of a sample's embeddings; nothing of a loss that takes no mixed labels.
pub(crate) fn told(loss: &MetricLoss, sample: &Embedded) -> Result<Told, CoreError> {
    let mut told = Told::default();
    let mut at_half = f64::NAN;
    if loss.takes_mixed_labels() {
        let points = LAMBDAS.map(|lambda| Ok([lambda, 100.0 * positivity(loss, sample, lambda)?]));
        let points: Vec<[f64; 2]> = points.into_iter().collect::<Result<_, CoreError>>()?;
        at_half = points.iter().find(|[lambda, _]| *lambda == 0.5).map_or(f64::NAN, |[_, share]| *share);
        told.points.insert(POSITIVITY.to_owned(), points);
    }
    told.metrics.insert(POSITIVITY.to_owned(), at_half);
    Ok(told)
}

/// Share of the positive-negative mixtures `v` at `lambda` with `d l~(a) / d s(a, v) <= 0`, by the gradient of
/// the whole mixed loss.
///
/// # Errors
/// A loss that takes no mixed labels, or proxies that are missing.
pub fn positivity(loss: &MetricLoss, sample: &Embedded, lambda: f64) -> Result<f64, CoreError> {
    let (points, sets) = points(loss, sample, Pairs::PositiveNegative)?;
    let similarities = cosine_similarities(points.clone(), points)?;
    let mixed = sets.similarities(&similarities, lambda, Length::One)?;
    let data = TensorData::new(to_host(mixed.clone())?, mixed.dims());
    let mixed = Tensor::<2>::from_data(data, (&Device::flex().autodiff(), DType::F64)).require_grad();
    let labels = sets.labels(lambda)?;
    let value = loss.of_labelled(mixed.clone(), &labels, Divisors::of(&sample.classes, sample.all))?;
    let gradients = value.backward();
    let slopes = match mixed.grad(&gradients) {
        Some(slopes) => to_host(slopes)?,
        None => return Ok(f64::NAN),
    };
    let entries = slopes.iter().zip(sets.used()).filter(|(_, used)| **used);
    let (positive, all) = entries.fold((0_usize, 0_usize), |(positive, all), (slope, _)| {
        (positive + usize::from(*slope <= 0.0), all + 1)
    });
    Ok(positive as f64 / all as f64)
}

/// The similarity up to which multi-similarity takes a mixture of label lambda for a positive, with the
/// denominators of its two logarithms taken as equal: `ln(lambda / (1 - lambda)) / (beta + gamma) + margin`.
pub fn multi_similarity_threshold(lambda: f64, beta: f64, gamma: f64, margin: f64) -> f64 {
    (lambda / (1.0 - lambda)).ln() / (beta + gamma) + margin
}

/// Share of similarities that are at most `threshold`.
pub fn share_up_to(threshold: f64, similarities: &[f64]) -> f64 {
    let up_to = similarities.iter().filter(|similarity| **similarity <= threshold).count();
    up_to as f64 / similarities.len() as f64
}
