//! What a run measures, from logits of test and validation samples.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use mixup_core::CoreError;
use mixup_core::calibrate::{Criterion, Lbfgs, TemperatureGrid, lbfgs_temperature, nll_temperature};
use mixup_core::checked::Positive;
use mixup_core::metrics::classification::Predictions;
use mixup_core::metrics::ece::{adaptive_ece, classwise_ece, ece, over_confidence, under_confidence};
use mixup_core::metrics::netcal::Netcal;
use mixup_core::metrics::sampling::{debiased_l2, ece_floor};
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

/// Suffixes of metrics after temperature scaling: by the temperature with the lowest ECE, which the papers'
/// tables have; by that with the lowest NLL; and by that which [`few_steps`] towards the lowest NLL reach.
const SCALED: [&str; 3] = ["-ts", "-ts-nll", "-ts-lbfgs"];

/// Suffix of metrics with batch-norm statistics of raw images
/// ([`ImageTraining::with_raw_statistics`](super::ImageTraining::with_raw_statistics)).
pub(super) const RAW: &str = "-raw-statistics";

/// What is measured under [`RAW`].
const UNDER_RAW: [&str; 5] = ["accuracy", "ece", "ece-debiased", "gap", "nll"];

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

/// How many codes fit a temperature: one call of PyTorch's L-BFGS with a learning rate of 0.01 and 20
/// iterations, from a temperature of 1.
pub fn few_steps() -> Lbfgs {
    Lbfgs::torch(Positive::new(0.01).expect("0.01 is above 0"), const { nonzero(20) })
}

/// Calibration on the test part, and accuracy and ECE on the validation part, by which a training
/// regime is chosen. Under `<metric>-ts` after division of the logits
/// by the temperature with the lowest ECE on the validation part, as the official tester does; under
/// `<metric>-ts-nll` after that with the lowest NLL there, as Guo et al. do; under `<metric>-ts-lbfgs` after
/// that of [`few_steps`] towards it.
///
/// # Errors
/// An empty part, labels that do not fit, or logits that are not finite.
pub fn measure(test: &Logits, validation: &Logits) -> Result<BTreeMap<String, f64>, CoreError> {
    let (logits, labels) = (validation.logits.view(), &validation.labels);
    let temperatures = [
        temperatures().best(logits, labels, Criterion::Ece(BINS))?,
        nll_temperature(logits, labels)?,
        lbfgs_temperature(logits, labels, &few_steps())?,
    ];
    let held_out = validation.predictions()?;
    let raw = test.predictions()?;
    let mut measured = BTreeMap::from([
        ("accuracy".to_owned(), 100.0 * raw.accuracy()),
        ("temperature".to_owned(), temperatures[0]),
        ("temperature-nll".to_owned(), temperatures[1]),
        ("temperature-lbfgs".to_owned(), temperatures[2]),
        ("validation-accuracy".to_owned(), 100.0 * held_out.accuracy()),
        ("validation-ece".to_owned(), 100.0 * ece(&held_out, BINS)),
    ]);
    measured.extend(calibration(&raw)?.map(|(name, value)| (name.to_owned(), value)));
    for (suffix, temperature) in SCALED.into_iter().zip(temperatures) {
        let scaled = test.logits.mapv(|logit| logit / temperature);
        let scaled = Predictions::from_logits(scaled.view(), &test.labels)?;
        measured.extend(calibration(&scaled)?.map(|(name, value)| (format!("{name}{suffix}"), value)));
    }
    Ok(measured)
}

/// What is measured of the test part with batch-norm statistics of raw images.
///
/// # Errors
/// As [`measure`].
pub fn measure_raw(test: &Logits) -> Result<BTreeMap<String, f64>, CoreError> {
    let predictions = test.predictions()?;
    let accuracy = [("accuracy", 100.0 * predictions.accuracy())];
    let all = accuracy.into_iter().chain(calibration(&predictions)?);
    let asked = all.filter(|(name, _)| UNDER_RAW.contains(name));
    Ok(asked.map(|(name, value)| (format!("{name}{RAW}"), value)).collect())
}

/// Whether a metric is of a network with batch-norm statistics of raw images: one of [`measure_raw`], of detection
/// or of mixtures.
pub fn is_raw(metric: &str) -> bool {
    metric.ends_with(RAW)
}

/// What changes with the temperature; shares in percent.
fn calibration(predictions: &Predictions) -> Result<[(&'static str, f64); 13], CoreError> {
    let netcal = Netcal::of(predictions.probabilities(), predictions.labels(), BINS)?;
    Ok([
        ("ece", 100.0 * ece(predictions, BINS)),
        ("ece-debiased", 100.0 * debiased_l2(predictions, BINS)),
        ("ece-floor", 100.0 * ece_floor(predictions, BINS)),
        ("aece", 100.0 * adaptive_ece(predictions, BINS)),
        ("cece", 100.0 * classwise_ece(predictions, BINS)),
        ("oe", 100.0 * over_confidence(predictions, BINS)),
        ("ue", 100.0 * under_confidence(predictions, BINS)),
        ("gap", 100.0 * predictions.confidence_gap()),
        ("nll", predictions.nll()),
        ("brier", predictions.brier()),
        ("netcal-ece", 100.0 * netcal.ece),
        ("netcal-ace", 100.0 * netcal.ace),
        ("netcal-mce", 100.0 * netcal.mce),
    ])
}

/// Every metric of [`measure`] and [`measure_raw`].
pub fn metrics() -> Vec<MetricInfo> {
    let info = MetricInfo::new;
    let (lower, higher) = (Some(Direction::Lower), Some(Direction::Higher));
    let accuracy = info("accuracy", "accuracy (%)", higher, 2);
    let of_calibration = [
        info("ece", "ECE (%)", lower, 2),
        info("ece-debiased", "L2 calibration error, debiased (%)", lower, 2),
        info("ece-floor", "ECE (%) if it were calibrated", None, 2),
        info("aece", "adaptive ECE (%)", lower, 2),
        info("cece", "classwise ECE (%)", lower, 3),
        info("oe", "over-confidence (%)", lower, 2),
        info("ue", "under-confidence (%)", lower, 2),
        info("gap", "confidence - accuracy (%)", None, 2),
        info("nll", "NLL", lower, 4),
        info("brier", "Brier", lower, 4),
        info("netcal-ece", "ECE (%), netcal", lower, 2),
        info("netcal-ace", "ACE (%), netcal", lower, 2),
        info("netcal-mce", "MCE (%), netcal", lower, 2),
    ];
    let with = |metric: &MetricInfo, suffix: &str, words: &str| MetricInfo {
        name: format!("{}{suffix}", metric.name),
        label: format!("{}{words}", metric.label),
        ..metric.clone()
    };
    let mut metrics = vec![
        info("temperature", "temperature", None, 1),
        info("temperature-nll", "temperature by NLL", None, 3),
        info("temperature-lbfgs", "temperature by 20 steps of L-BFGS", None, 3),
        info("validation-accuracy", "validation accuracy (%)", None, 2),
        info("validation-ece", "validation ECE (%)", None, 2),
    ];
    for metric in &of_calibration {
        metrics.push(metric.clone());
        metrics.push(with(metric, SCALED[0], " after TS"));
        metrics.push(with(metric, SCALED[1], " after TS by NLL"));
        metrics.push(with(metric, SCALED[2], " after TS by 20 steps of L-BFGS"));
    }
    let all = [&accuracy].into_iter().chain(&of_calibration);
    let under_raw = all.filter(|metric| UNDER_RAW.contains(&metric.name.as_str()));
    metrics.extend(under_raw.map(|metric| with(metric, RAW, ", statistics of raw images")));
    metrics.push(accuracy);
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
        let mut measured = measure(&part(3.0), &part(3.0)).unwrap();
        measured.extend(measure_raw(&part(3.0)).unwrap());
        let measured: BTreeSet<String> = measured.into_keys().collect();
        let known: BTreeSet<String> = metrics().into_iter().map(|metric| metric.name).collect();
        assert_eq!(measured, known);
    }

    #[test]
    fn raw_statistics_have_metrics_of_their_own_names() {
        let (plain, raw) = (measure(&part(3.0), &part(3.0)).unwrap(), measure_raw(&part(3.0)).unwrap());
        assert_eq!(raw.len(), UNDER_RAW.len());
        for name in UNDER_RAW {
            assert_eq!(raw[&format!("{name}{RAW}")], plain[name], "{name}");
        }
        assert!(raw.keys().all(|name| is_raw(name)) && !plain.keys().any(|name| is_raw(name)));
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
        assert!((measured["temperature-nll"] - 3.0 / 3f64.ln()).abs() < 1e-9, "{measured:?}");
        assert!(measured["nll-ts-nll"] < measured["nll-ts"] && measured["ece-ts-nll"] < 1e-6);
        // Twenty steps of a hundredth cover some of the way.
        let steps = measured["temperature-lbfgs"];
        assert!(steps > 1.01 && steps < 1.2, "{measured:?}");
        assert!(
            measured["nll-ts-lbfgs"] < measured["nll"] && measured["nll-ts-nll"] < measured["nll-ts-lbfgs"]
        );
        // Of 400 samples a network that is calibrated has an ECE of a percent or two, but not these.
        let floor = 100.0 * (std::f64::consts::FRAC_2_PI * 0.75 * 0.25 / 400.0).sqrt();
        assert!((measured["ece-floor-ts-nll"] - floor).abs() < 1e-6, "{measured:?}");
        assert_eq!(measured["ece-debiased-ts-nll"], 0.0);
        // One bin, of which chance explains 0.1875 / 399.
        let square = (measured["ece"] / 100.0).powi(2) - 0.1875 / 399.0;
        assert!((measured["ece-debiased"] - 100.0 * square.sqrt()).abs() < 1e-9, "{measured:?}");
    }
}
