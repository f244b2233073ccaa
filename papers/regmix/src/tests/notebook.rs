//! The authors' proxy runs: what their notebook prints, and what the official code gave when it was
//! run for the dossier (reference.json). The files are looked for in MIXUP_DATA_DIR and in the
//! `shared/data` beside the workspace; on a machine without them these tests say so and pass.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::pile::{DOMAINS, NOTEBOOK_MIXTURE, NOTEBOOK_RANKS, TARGETS};
use crate::{
    EarlyStopping, Gbdt, GbdtConfig, LinearModel, MIXTURE_FIGURE, Method, ProxyRegression, Regression,
    SCALES, Setting, Spec, domains_figure, predicted_figure, spearman, weight_metric,
};
use mixup_data::{Library, ProxyRuns};
use mixup_paper::{Glimpse, Measured, Routine, RunContext};
use ndarray::ArrayView2;
use serde_json::Value;

const PILE_CC: usize = 8;

const LINEAR: Method = Method { regression: Regression::Linear, stop_on_test: None, proxies: None };
const TREES: Method = Method { regression: Regression::Trees, stop_on_test: None, proxies: None };
const OFFICIAL: Method = Method { stop_on_test: NonZeroUsize::new(3), ..TREES };

/// The proxy runs and reference.json, or nothing where this machine does not have them.
fn at_hand() -> Option<(Library, Value)> {
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let given = std::env::var_os("MIXUP_DATA_DIR").map(PathBuf::from);
    let folder = given.into_iter().chain([beside]).find(|path| path.join("regmix/reference.json").is_file());
    let Some(folder) = folder else {
        eprintln!("skipped: no regmix/reference.json in MIXUP_DATA_DIR or in ../shared/data");
        return None;
    };
    let reference = std::fs::read_to_string(folder.join("regmix/reference.json")).unwrap();
    Some((Library::from_env(Some(folder)), serde_json::from_str(&reference).unwrap()))
}

/// What a run of the experiment measures of one domain.
fn measure(library: &Library, target: usize, method: Method, metrics: Vec<String>) -> Measured {
    let target = Some(TARGETS[target].to_owned());
    measure_with(library, Setting { target, ..Setting::default() }, 0, method, metrics)
}

fn measure_with(
    library: &Library,
    setting: Setting,
    seed: u64,
    method: Method,
    metrics: Vec<String>,
) -> Measured {
    let spec = spec(setting, seed, method, metrics);
    ProxyRegression::check(&spec).unwrap();
    ProxyRegression::run(&spec, &RunContext::plain(library)).unwrap()
}

fn spec(setting: Setting, seed: u64, method: Method, metrics: Vec<String>) -> Spec {
    Spec {
        paper: "regmix".into(),
        experiment: "test".into(),
        routine: "regmix".into(),
        method: "test".into(),
        parameters: method,
        setting,
        seed,
        data: "regmix".into(),
        model: None,
        optimizer: None,
        train: None,
        train_samples: None,
        test_samples: None,
        metrics,
        device: "flex".into(),
    }
}

/// Compares with the reference's three digits of Spearman x100 and six of the MSE, at every scale.
fn check_ranks(library: &Library, reference: &Value, target: usize, method: Method, name: &str) -> f64 {
    let measured = measure(library, target, method, vec!["spearman-1m".into()]).metrics;
    for (scale, theirs) in SCALES.into_iter().zip(["1m", "60m", "1B"]) {
        let reference = &reference["targets"][TARGETS[target]][name][theirs];
        let rho = measured[&format!("spearman-{scale}")] - reference["spearman100"].as_f64().unwrap();
        let error = measured[&format!("mse-{scale}")] - reference["mse"].as_f64().unwrap();
        assert!(rho.abs() <= 0.000501, "{name}, {}, {scale}: rank correlation off by {rho}", TARGETS[target]);
        assert!(error.abs() <= 0.000000501, "{name}, {}, {scale}: MSE off by {error}", TARGETS[target]);
    }
    measured["spearman-1m"]
}

/// The mixture recommended for Pile-CC, compared with the reference's six digits.
fn check_mixture(library: &Library, reference: &Value, method: Method, name: &str) -> Vec<f64> {
    let metrics: Vec<String> = DOMAINS.iter().map(|domain| weight_metric(domain.name)).collect();
    let measured = measure(library, PILE_CC, method, metrics.clone()).metrics;
    let mixture: Vec<f64> = metrics.iter().map(|metric| measured[metric]).collect();
    let reference = reference["simulate"][name].as_array().unwrap();
    for ((weight, reference), domain) in mixture.iter().zip(reference).zip(&DOMAINS) {
        let difference = (weight - reference.as_f64().unwrap()).abs();
        assert!(difference <= 0.000000501, "{name}, {}: {weight}", domain.name);
    }
    mixture
}

fn mixtures(runs: &ProxyRuns) -> ArrayView2<'_, f64> {
    ArrayView2::from_shape((runs.mixtures.rows(), DOMAINS.len()), &runs.mixtures.cells).unwrap()
}

#[test]
fn ranks_are_those_that_the_notebook_prints() {
    let Some((library, reference)) = at_hand() else { return };
    for (target, printed) in NOTEBOOK_RANKS.into_iter().enumerate() {
        let rho = check_ranks(&library, &reference, target, OFFICIAL, "gbm_notebook");
        assert_eq!((rho * 100.0).round() / 100.0, printed, "{}", TARGETS[target]);
    }
}

#[test]
fn ranks_of_the_linear_model_and_without_early_stopping() {
    let Some((library, reference)) = at_hand() else { return };
    for target in 0..TARGETS.len() {
        check_ranks(&library, &reference, target, LINEAR, "linear");
    }
    check_ranks(&library, &reference, PILE_CC, TREES, "gbm_fixed");
}

#[test]
fn a_run_of_all_domains_is_the_mean_of_each_and_a_resample_is_another() {
    let Some((library, reference)) = at_hand() else { return };
    // Few rounds: the means are what is looked at.
    let trees = GbdtConfig { num_iterations: 20, ..GbdtConfig::default() };
    let setting = |target: Option<&str>| Setting { target: target.map(str::to_owned), trees };
    for method in [OFFICIAL, LINEAR] {
        let all = |seed| measure_with(&library, setting(None), seed, method, Vec::new());
        let each = TARGETS.map(|target| measure_with(&library, setting(Some(target)), 0, method, Vec::new()));
        let sample = all(0);
        for (name, mean) in &sample.metrics {
            let of_each = each.iter().map(|measured| measured.metrics[name]).sum::<f64>() / each.len() as f64;
            assert!((mean - of_each).abs() < 1e-9, "{name}: {mean} {of_each}");
        }
        let ranks: Vec<f64> = sample.points[&domains_figure("60m")].iter().map(|point| point[1]).collect();
        assert_eq!(ranks, each.each_ref().map(|measured| measured.metrics["spearman-60m"]));
        assert!(each[PILE_CC].points.keys().all(|name| !name.starts_with("domains")));
        let resample = all(1);
        assert!(resample.points.is_empty(), "pictures show the sample");
        for (name, mean) in &resample.metrics {
            assert_ne!(sample.metrics[name], *mean, "{name}");
        }
    }
    let linear = measure_with(&library, setting(None), 0, LINEAR, Vec::new()).metrics["spearman-1m"];
    let domains = reference["targets"].as_object().unwrap().values();
    let theirs: f64 = domains.map(|domain| domain["linear"]["1m"]["spearman100"].as_f64().unwrap()).sum();
    assert!((linear - theirs / 13.0).abs() <= 0.000501, "{linear}");
}

#[test]
fn a_glimpse_sees_a_resample() {
    let Some((library, _)) = at_hand() else { return };
    let context = RunContext { glimpse: Some(Glimpse::IDENTITY), ..RunContext::plain(&library) };
    let spec = spec(Setting::default(), 0, LINEAR, Vec::new());
    let measured = ProxyRegression::run(&spec, &context).unwrap().metrics;
    assert_ne!(measured["spearman-1m"], measured["spearman-1m of a resample"]);
}

#[test]
fn the_mixture_for_pile_cc_is_the_printed_one() {
    let Some((library, reference)) = at_hand() else { return };
    let mixture = check_mixture(&library, &reference, OFFICIAL, "gbm_notebook");
    for ((weight, printed), domain) in mixture.iter().zip(NOTEBOOK_MIXTURE).zip(&DOMAINS) {
        assert_eq!(format!("{weight:.8e}"), format!("{printed:.8e}"), "{}", domain.name);
    }
}

#[test]
fn pictures_show_what_is_measured() {
    let Some((library, _)) = at_hand() else { return };
    let Measured { metrics, points, .. } =
        measure(&library, PILE_CC, LINEAR, vec![weight_metric("enron_emails")]);
    for (scale, runs) in SCALES.into_iter().zip([256, 256, 64]) {
        let (actual, predicted): (Vec<f64>, Vec<f64>) =
            points[&predicted_figure(scale)].iter().map(|[x, y]| (*x, *y)).unzip();
        assert_eq!(actual.len(), runs, "{scale}");
        assert_eq!(100.0 * spearman(&predicted, &actual).unwrap(), metrics[&format!("spearman-{scale}")]);
    }
    let data = mixup_data::regmix(&library).unwrap();
    let losses = data.test_60m.losses.column(PILE_CC);
    assert_eq!(points["predicted-60m"].iter().map(|point| point[0]).collect::<Vec<_>>(), losses);
    let mixture = &points[MIXTURE_FIGURE];
    assert_eq!(mixture.len(), DOMAINS.len());
    let largest = mixture.iter().map(|point| point[1]).fold(0.0, f64::max);
    assert_eq!(largest, metrics[&weight_metric("enron_emails")]);
    assert!(measure(&library, 0, LINEAR, Vec::new()).points.is_empty(), "these pictures speak of Pile-CC");
}

#[test]
fn mixtures_of_the_linear_model_and_without_early_stopping() {
    let Some((library, reference)) = at_hand() else { return };
    check_mixture(&library, &reference, LINEAR, "linear");
    check_mixture(&library, &reference, TREES, "gbm_fixed");
}

#[test]
fn early_stopping_keeps_the_official_rounds() {
    let Some((library, reference)) = at_hand() else { return };
    let data = mixup_data::regmix(&library).unwrap();
    for (target, name) in TARGETS.into_iter().enumerate() {
        let losses = data.test_1m.losses.column(target);
        let stopping = EarlyStopping { mixtures: mixtures(&data.test_1m), losses: &losses, patience: 3 };
        let train = data.train_1m.losses.column(target);
        let model =
            Gbdt::fit_until(mixtures(&data.train_1m), &train, &GbdtConfig::default(), &stopping).unwrap();
        let rounds = &reference["targets"][name]["best_iteration"];
        assert_eq!(model.rounds() as u64, rounds.as_u64().unwrap(), "{name}");
        if target == PILE_CC {
            let predicted = model.predict(mixtures(&data.test_1m)).unwrap();
            let reference = reference["pile_cc_pred_gbm_notebook_test_1m_first20"].as_array().unwrap();
            for (predicted, reference) in predicted.iter().zip(reference) {
                assert!((predicted - reference.as_f64().unwrap()).abs() <= 0.000000501, "{predicted}");
            }
        }
    }
}

#[test]
fn linear_coefficients_are_the_reference() {
    let Some((library, reference)) = at_hand() else { return };
    let data = mixup_data::regmix(&library).unwrap();
    let model = LinearModel::fit(mixtures(&data.train_1m), &data.train_1m.losses.column(PILE_CC)).unwrap();
    let coefficients = reference["pile_cc_linear_coef"].as_array().unwrap();
    for (coefficient, reference) in model.coefficients.iter().zip(coefficients) {
        assert!((coefficient - reference.as_f64().unwrap()).abs() <= 0.00000000501, "{coefficient}");
    }
    let intercept = reference["pile_cc_linear_intercept"].as_f64().unwrap();
    assert!((model.intercept - intercept).abs() <= 0.0000000501, "{}", model.intercept);
}

#[test]
fn a_thousand_rounds_take_less_than_three_seconds() {
    let Some((library, _)) = at_hand() else { return };
    let data = mixup_data::regmix(&library).unwrap();
    let start = Instant::now();
    let train = data.train_1m.losses.column(PILE_CC);
    let model = Gbdt::fit(mixtures(&data.train_1m), &train, &GbdtConfig::default()).unwrap();
    let elapsed = start.elapsed();
    println!("1000 rounds on 512 x 17: {elapsed:?}");
    assert_eq!(model.rounds(), 1000);
    assert!(elapsed < Duration::from_secs(3), "{elapsed:?}");
}
