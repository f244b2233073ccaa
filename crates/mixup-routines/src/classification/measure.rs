//! What a run measures, from logits of test and validation samples.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use mixup_core::CoreError;
use mixup_core::calibrate::{Criterion, TemperatureGrid};
use mixup_core::checked::Positive;
use mixup_core::metrics::classification::Predictions;
use mixup_core::metrics::ece::{adaptive_ece, classwise_ece, ece, over_confidence, under_confidence};
use mixup_paper::{Direction, MetricInfo};
use ndarray::Array2;

/// Bins of every calibration error, as in Guo et al. 2017.
pub const BINS: NonZeroUsize = nonzero(15);

/// A count that is written by hand.
const fn nonzero(count: usize) -> NonZeroUsize {
    match NonZeroUsize::new(count) {
        Some(count) => count,
        None => panic!("a count of 0"),
    }
}

/// Suffix of metrics after temperature scaling.
const SCALED: &str = "-ts";

/// Logits `[samples, classes]` of a part of the data, with its labels.
#[derive(Debug, Clone)]
pub struct Logits {
    /// Logits, not probabilities.
    pub logits: Array2<f64>,
    /// Classes from 0, one per sample.
    pub labels: Vec<usize>,
}

impl Logits {
    /// Their softmax.
    ///
    /// # Errors
    /// As [`Predictions::from_logits`].
    pub fn predictions(&self) -> Result<Predictions, CoreError> {
        Predictions::from_logits(self.logits.view(), &self.labels)
    }
}

/// The official temperatures: 0.1, 0.2, ... 10.
pub fn temperatures() -> TemperatureGrid {
    let tenth = Positive::new(0.1).expect("0.1 is above 0");
    TemperatureGrid { start: tenth, step: tenth, count: const { nonzero(100) } }
}

/// Calibration on the test part, and accuracy and ECE on the validation part, by which a training
/// regime is chosen. Under `<metric>-ts` after division of the logits
/// by the temperature with the lowest ECE on the validation part, as the official tester does.
///
/// # Errors
/// An empty part, labels that do not fit, or logits that are not finite.
pub fn measure(test: &Logits, validation: &Logits) -> Result<BTreeMap<String, f64>, CoreError> {
    let temperature =
        temperatures().best(validation.logits.view(), &validation.labels, Criterion::Ece(BINS))?;
    let held_out = validation.predictions()?;
    let scaled = test.logits.mapv(|logit| logit / temperature);
    let raw = test.predictions()?;
    let scaled = Predictions::from_logits(scaled.view(), &test.labels)?;
    let mut measured = BTreeMap::from([
        ("accuracy".to_owned(), 100.0 * raw.accuracy()),
        ("temperature".to_owned(), temperature),
        ("validation-accuracy".to_owned(), 100.0 * held_out.accuracy()),
        ("validation-ece".to_owned(), 100.0 * ece(&held_out, BINS)),
    ]);
    measured.extend(calibration(&raw).map(|(name, value)| (name.to_owned(), value)));
    measured.extend(calibration(&scaled).map(|(name, value)| (format!("{name}{SCALED}"), value)));
    Ok(measured)
}

/// What changes with the temperature; shares in percent.
fn calibration(predictions: &Predictions) -> [(&'static str, f64); 8] {
    [
        ("ece", 100.0 * ece(predictions, BINS)),
        ("aece", 100.0 * adaptive_ece(predictions, BINS)),
        ("cece", 100.0 * classwise_ece(predictions, BINS)),
        ("oe", 100.0 * over_confidence(predictions, BINS)),
        ("ue", 100.0 * under_confidence(predictions, BINS)),
        ("gap", 100.0 * predictions.confidence_gap()),
        ("nll", predictions.nll()),
        ("brier", predictions.brier()),
    ]
}

/// Every metric of [`measure`].
pub fn metrics() -> Vec<MetricInfo> {
    let info = |name: String, label: String, better, decimals| MetricInfo { name, label, better, decimals };
    let lower = Some(Direction::Lower);
    let of_calibration = [
        ("ece", "ECE (%)", lower, 2),
        ("aece", "adaptive ECE (%)", lower, 2),
        ("cece", "classwise ECE (%)", lower, 3),
        ("oe", "over-confidence (%)", lower, 2),
        ("ue", "under-confidence (%)", lower, 2),
        ("gap", "confidence - accuracy (%)", None, 2),
        ("nll", "NLL", lower, 4),
        ("brier", "Brier", lower, 4),
    ];
    let mut metrics = vec![
        info("accuracy".into(), "accuracy (%)".into(), Some(Direction::Higher), 2),
        info("temperature".into(), "temperature".into(), None, 1),
        info("validation-accuracy".into(), "validation accuracy (%)".into(), None, 2),
        info("validation-ece".into(), "validation ECE (%)".into(), None, 2),
    ];
    for (name, label, better, decimals) in of_calibration {
        metrics.push(info(name.into(), label.into(), better, decimals));
        metrics.push(info(format!("{name}{SCALED}"), format!("{label} after TS"), better, decimals));
    }
    metrics
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Logits whose confidence is `1 / (1 + e^-gap)`, three quarters of them right.
    fn part(gap: f64) -> Logits {
        let logits = Array2::from_shape_fn((400, 2), |(_, class)| if class == 0 { gap } else { 0.0 });
        Logits { logits, labels: (0..400).map(|row| usize::from(row % 4 == 0)).collect() }
    }

    #[test]
    fn every_metric_is_measured_and_known() {
        let measured: BTreeSet<String> = measure(&part(3.0), &part(3.0)).unwrap().into_keys().collect();
        let known: BTreeSet<String> = metrics().into_iter().map(|metric| metric.name).collect();
        assert_eq!(measured, known);
    }

    #[test]
    fn the_validation_part_has_metrics_of_its_own() {
        let (own, mixed) =
            (measure(&part(1.0), &part(1.0)).unwrap(), measure(&part(3.0), &part(1.0)).unwrap());
        assert_eq!(mixed["validation-ece"], own["ece"]);
        assert_eq!(mixed["validation-accuracy"], 75.0);
        assert_ne!(mixed["ece"], own["ece"]);
    }

    #[test]
    fn the_temperature_of_the_validation_part_mends_the_test_part() {
        let measured = measure(&part(3.0), &part(3.0)).unwrap();
        // Confidence 3/4 needs a gap of log 3.
        assert!((measured["temperature"] - 3.0 / 3f64.ln()).abs() < 0.06, "{measured:?}");
        assert_eq!(measured["accuracy"], 75.0);
        assert!(measured["ece"] > 19.0 && measured["ece-ts"] < 0.5, "{measured:?}");
        assert!((measured["gap"] - measured["ece"]).abs() < 1e-9);
        assert!(measured["nll-ts"] < measured["nll"]);
    }
}
