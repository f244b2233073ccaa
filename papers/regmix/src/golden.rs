//! The golden ops of this paper: the official code's numbers against the functions of this crate.

use mixup_core::metrics::regression;
use mixup_paper::golden::{Array, Case, Computed, GoldenOp, Outcome};
use ndarray::{Axis, Ix1, Ix2};

use crate::{Gbdt, GbdtConfig, LinearModel, MixtureRules, best_mixture, spearman, temper_prior};

/// Every op by its full name.
pub fn ops() -> Vec<(&'static str, GoldenOp)> {
    vec![
        ("regmix.temper_prior", tempered_prior),
        ("regmix.postprocess", postprocess),
        ("regmix.select_topk", select_topk),
        ("regmix.metrics", metrics),
        ("regmix.linear_fit", linear_fit),
        ("regmix.gbdt", gbdt),
    ]
}

fn vector(values: Vec<f64>) -> Array {
    Array::floats(&[values.len()], values)
}

fn tempered_prior(case: &Case) -> Outcome {
    let (_, prior) = case.array_of::<1>("prior")?;
    Ok(Computed::of([("tempered", vector(temper_prior(prior, case.param_f64("temperature")?)?))]))
}

fn postprocess(case: &Case) -> Outcome {
    let rules = MixtureRules {
        minimum: case.param_f64("minimum")?,
        max_usage: case.param_f64("max_usage")?,
        dedup_l1: case.param_f64("dedup_l1")?,
    };
    let (_, prior) = case.array_of::<1>("prior")?;
    let processed = rules.apply(prior, case.ndarray::<Ix2>("samples")?.view())?;
    let accepted: Vec<usize> = processed.accepted.iter().map(|&accepted| usize::from(accepted)).collect();
    Ok(Computed::of([
        ("accepted", Array::indices(&accepted)),
        ("weights", Array::from_ndarray(&processed.mixtures)),
    ]))
}

fn select_topk(case: &Case) -> Outcome {
    let (_, predicted) = case.array_of::<1>("predicted")?;
    let samples = case.ndarray::<Ix2>("samples")?;
    let mixture = best_mixture(samples.view(), predicted, case.param_usize("k")?)?;
    Ok(Computed::of([("mixture", vector(mixture))]))
}

fn metrics(case: &Case) -> Outcome {
    let predicted = case.ndarray::<Ix1>("predicted")?;
    let actual = case.ndarray::<Ix1>("actual")?;
    let rho = spearman(&predicted.to_vec(), &actual.to_vec())?;
    let [predicted, actual] = [predicted, actual].map(|values| values.insert_axis(Axis(1)));
    let pearson = regression::pearson(predicted.view(), actual.view())?;
    let mse = regression::mse(predicted.view(), actual.view())?;
    Ok(Computed::of(
        [("spearman", rho), ("pearson", pearson), ("mse", mse)]
            .map(|(name, value)| (name, Array::scalar(value))),
    ))
}

fn linear_fit(case: &Case) -> Outcome {
    let (_, losses) = case.array_of::<1>("y_train")?;
    let [train, test] = ["x_train", "x_test"].map(|name| case.ndarray::<Ix2>(name));
    let (train, test) = (train?, test?);
    let model = LinearModel::fit(train.view(), losses)?;
    let mut computed = Computed::of([
        ("pred_train", vector(model.predict(train.view())?)),
        ("pred_test", vector(model.predict(test.view())?)),
        ("intercept", Array::scalar(model.intercept)),
    ]);
    // Of rows that sum to exactly 1, the case gives the coefficients of smallest norm under a name of
    // its own; this fit has no others.
    let name = if case.expect.contains_key("coef_min_norm") { "coef_min_norm" } else { "coef" };
    computed.outputs.insert(name.to_owned(), vector(model.coefficients));
    Ok(computed)
}

fn gbdt(case: &Case) -> Outcome {
    let config = GbdtConfig {
        num_iterations: case.param_usize("num_iterations")?,
        learning_rate: case.param_f64("learning_rate")?,
        num_leaves: case.param_usize("num_leaves")?,
        min_data_in_leaf: case.param_usize("min_data_in_leaf")?,
        max_bin: case.param_usize("max_bin")?,
        min_data_in_bin: case.param_usize("min_data_in_bin")?,
    };
    let (_, losses) = case.array_of::<1>("y_train")?;
    let [train, test] = ["x_train", "x_test"].map(|name| case.ndarray::<Ix2>(name));
    let (train, test) = (train?, test?);
    let model = Gbdt::fit(train.view(), losses, &config)?;
    Ok(Computed::of([
        ("init_score", Array::scalar(model.init_score())),
        ("pred_train", vector(model.predict(train.view())?)),
        ("pred_test", vector(model.predict(test.view())?)),
    ]))
}
