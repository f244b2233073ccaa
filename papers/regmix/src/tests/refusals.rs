//! Inputs that are refused, each with a message that names what is wrong.

use std::num::NonZeroUsize;

use crate::{
    Draws, EarlyStopping, Gbdt, GbdtConfig, LinearModel, Method, MixtureRules, MixtureSampler, NumpyLegacy,
    RegmixError, Regression, Result, Setting, Spec, best_mixture, simulate, spearman, temper_prior,
};
use ndarray::{Array2, array};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

fn message<T: std::fmt::Debug>(result: Result<T>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn rank_correlations() {
    assert!(message(spearman(&[], &[])).starts_with("predicted losses is empty"));
    assert_eq!(message(spearman(&[1.0], &[1.0, 2.0])), "measured losses: 2 given, 1 needed");
    assert_eq!(
        message(spearman(&[1.0, f64::NAN], &[1.0, 2.0])),
        "predicted losses: the value at index 1 is not a finite number"
    );
    for constant in [[1.0, 1.0], [0.0, -0.0]] {
        assert!(spearman(&constant, &[1.0, 2.0]).unwrap().is_nan());
    }
}

#[test]
fn priors_and_temperatures() {
    assert_eq!(message(temper_prior(&[0.5, 0.5], 1.5)), "temperature is 1.5; it must be from 0 to 1");
    assert!(message(temper_prior(&[0.5, -0.5], 0.5)).starts_with("prior is -0.5"));
    assert!(message(temper_prior(&[], 0.5)).starts_with("prior is zero everywhere"));
    assert!(matches!(
        temper_prior(&[f64::INFINITY], 0.5),
        Err(RegmixError::NotFinite { what: "prior", index: 0 })
    ));
}

#[test]
fn draws() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    assert!(message(rng.dirichlet(&[1.0, 0.0])).starts_with("concentration is 0"));
    assert!(message(NumpyLegacy::seeded(1).dirichlet(&[-1.0])).starts_with("concentration is -1"));
    assert!(message(rng.dirichlet(&[1e-9, 1e-9])).contains("underflows"));
    assert!(simulate(&[0.5, 0.0, 0.5], 1, &mut rng).is_err());
}

#[test]
fn mixture_rules() {
    let candidates = array![[0.5, 0.5]];
    let apply = |rules: MixtureRules| rules.apply(&[0.5, 0.5], candidates.view());
    let rules = MixtureRules::default();
    assert!(message(apply(MixtureRules { minimum: 0.0, ..rules })).starts_with("minimum is 0"));
    assert!(message(apply(MixtureRules { minimum: 0.9, ..rules })).contains("keeps a domain"));
    assert!(message(apply(MixtureRules { max_usage: f64::NAN, ..rules })).starts_with("max_usage is NaN"));
    assert!(message(apply(MixtureRules { dedup_l1: -1.0, ..rules })).starts_with("dedup_l1 is -1"));
    assert_eq!(message(rules.apply(&[1.0], candidates.view())), "weights of a candidate: 2 given, 1 needed");
}

#[test]
fn samplers() {
    let sample =
        |sampler: MixtureSampler, prior: &[f64]| sampler.sample(prior, 3, &mut ChaCha8Rng::seed_from_u64(1));
    let sampler = MixtureSampler::default();
    assert!(
        message(sample(MixtureSampler { weakest: 0.0, ..sampler }, &[0.5, 0.5])).starts_with("weakest is 0")
    );
    assert!(
        message(sample(MixtureSampler { strongest: 0.01, ..sampler }, &[0.5, 0.5])).starts_with("strongest")
    );
    assert!(
        message(sample(MixtureSampler { strengths: 0, ..sampler }, &[0.5, 0.5]))
            .starts_with("strengths is 0")
    );
    assert!(
        message(sample(MixtureSampler { oversampling: 0, ..sampler }, &[0.5, 0.5]))
            .starts_with("oversampling")
    );
    // A single domain allows a single mixture.
    assert_eq!(
        message(sample(sampler, &[1.0])),
        "different mixtures among the candidates: 1 given, 3 needed"
    );
}

#[test]
fn selections() {
    let mixtures = array![[0.5, 0.5], [1.0, 0.0]];
    assert_eq!(message(best_mixture(mixtures.view(), &[1.0, 2.0], 0)), "best is 0; it must be at least 1");
    assert!(best_mixture(mixtures.view(), &[1.0], 1).is_err());
    assert!(best_mixture(mixtures.view(), &[1.0, f64::NAN], 1).is_err());
    assert!(best_mixture(Array2::zeros((0, 2)).view(), &[], 1).is_err());
}

#[test]
fn regressions() {
    let (mixtures, losses) = (array![[0.5], [1.0], [f64::NAN]], [1.0, 2.0, 3.0]);
    let finite = mixtures.slice(ndarray::s![..2, ..]);
    let config = GbdtConfig::default();
    for result in [
        LinearModel::fit(mixtures.view(), &losses).map(|_| ()),
        LinearModel::fit(finite, &losses).map(|_| ()),
        LinearModel::fit(Array2::zeros((0, 1)).view(), &[]).map(|_| ()),
        Gbdt::fit(mixtures.view(), &losses, &config).map(|_| ()),
        Gbdt::fit(finite, &losses, &config).map(|_| ()),
        Gbdt::fit(Array2::zeros((0, 1)).view(), &[], &config).map(|_| ()),
    ] {
        assert!(result.is_err());
    }
    // Too large for a 32-bit number.
    assert!(message(Gbdt::fit(finite, &[1e39, 1.0], &config)).starts_with("losses: the value at index 0"));
    let model = Gbdt::fit(finite, &losses[..2], &config).unwrap();
    assert_eq!(message(model.predict(array![[1.0, 2.0]].view())), "weights of a mixture: 2 given, 1 needed");
    let linear = LinearModel::fit(finite, &losses[..2]).unwrap();
    assert!(linear.predict(array![[f64::NAN]].view()).is_err());
}

#[test]
fn tree_parameters() {
    let (mixtures, losses) = (array![[0.5], [1.0]], [1.0, 2.0]);
    let config = GbdtConfig::default();
    for (config, name) in [
        (GbdtConfig { learning_rate: 0.0, ..config }, "learning_rate"),
        (GbdtConfig { learning_rate: f64::NAN, ..config }, "learning_rate"),
        (GbdtConfig { num_leaves: 1, ..config }, "num_leaves"),
        (GbdtConfig { max_bin: 1, ..config }, "max_bin"),
        (GbdtConfig { min_data_in_bin: 0, ..config }, "min_data_in_bin"),
    ] {
        assert!(message(Gbdt::fit(mixtures.view(), &losses, &config)).starts_with(name), "{name}");
    }
    let stopping = EarlyStopping { mixtures: mixtures.view(), losses: &losses, patience: 0 };
    let result = Gbdt::fit_until(mixtures.view(), &losses, &config, &stopping);
    assert_eq!(message(result), "patience is 0; it must be at least 1");
}

fn spec() -> Spec {
    Spec {
        paper: "regmix".into(),
        experiment: "test".into(),
        routine: "regmix".into(),
        method: "test".into(),
        parameters: Method { regression: Regression::Linear, stop_on_test: None, proxies: None },
        setting: Setting::default(),
        seed: 12,
        data: "regmix".into(),
        model: None,
        optimizer: None,
        train: None,
        train_samples: None,
        test_samples: None,
        metrics: vec!["spearman-1m".into()],
        device: "flex".into(),
    }
}

fn check(spec: &Spec) -> std::result::Result<(), String> {
    <crate::ProxyRegression as mixup_paper::Routine>::check(spec)
}

#[test]
fn specs() {
    check(&spec()).unwrap();
    let refused = |spec: Spec| check(&spec).unwrap_err();
    let weight = vec![crate::weight_metric("pile_cc")];
    assert!(refused(Spec { metrics: weight.clone(), ..spec() }).contains("`setting.target` must name it"));
    assert!(refused(Spec { data: "airfoil".into(), ..spec() }).starts_with("`data` is `airfoil`"));
    let trees = GbdtConfig { learning_rate: -1.0, ..GbdtConfig::default() };
    let setting = Setting { trees, ..Setting::default() };
    assert!(refused(Spec { setting, ..spec() }).starts_with("setting.trees: learning_rate is -1"));
    let parameters = Method { stop_on_test: NonZeroUsize::new(3), ..spec().parameters };
    assert!(refused(Spec { parameters, ..spec() }).starts_with("`stop_on_test` is for"));
    let target = |name: &str| Setting { target: Some(name.into()), ..Setting::default() };
    assert!(refused(Spec { setting: target("books"), ..spec() }).contains("must be one of arxiv, freelaw"));
    check(&Spec { setting: target("pile_cc"), metrics: weight, ..spec() }).unwrap();
}
