//! The golden ops: the official code's functions, and the loss as the paper has it.

use burn::tensor::Tensor;
use mixup_core::metrics::shots::{Errors, shot_errors};
use mixup_paper::golden::{Array, Case, Computed, GoldenError, GoldenOp, Outcome, unknown};
use ndarray::ArrayView2;

use crate::{Distance, Form, Terms, loss, rank_n_contrast, share_of_lower};

/// Every op by its full name.
pub fn ops() -> Vec<(&'static str, GoldenOp)> {
    vec![
        ("supremix.weights", weights),
        ("supremix.alpha_pos", alpha_pos),
        ("supremix.mixtures", mixtures),
        ("supremix.loss", |case| mixed_loss(case, Form::Clean)),
        ("supremix.loss_official", |case| mixed_loss(case, Form::Official)),
        ("supremix.supcon", supcon),
        ("supremix.rnc", rnc),
        ("supremix.shot_metrics", shot_metrics),
    ]
}

fn distance(case: &Case) -> Result<Distance, GoldenError> {
    Ok(match case.param_str("distance")? {
        "L1_inv" => Distance::L1Inv,
        "L2_inv" => Distance::L2Inv,
        "L1" => Distance::L1,
        "L2" => Distance::L2,
        other => return Err(unknown("distance", other, "L1_inv, L2_inv, L1 or L2")),
    })
}

fn weights(case: &Case) -> Outcome {
    let (distance, (_, anchors), (_, labels)) =
        (distance(case)?, case.array_of::<1>("anchors")?, case.array_of::<1>("labels")?);
    let mixed = match case.inputs.contains_key("mix_labels") {
        true => Some(case.array_of::<2>("mix_labels")?),
        false => None,
    };
    let (columns, mixed) = mixed.map_or((0, &[][..]), |([_, columns], mixed)| (columns, mixed));
    let row = |(row, anchor): (usize, &f64)| -> Vec<f64> {
        let real = labels.iter().map(|label| distance.of_sample(anchor - label));
        let mixed = mixed[row * columns..(row + 1) * columns].iter();
        real.chain(mixed.map(|label| distance.of_mixture(anchor - label))).collect()
    };
    let weights = anchors.iter().enumerate().flat_map(row).collect();
    Ok(Computed::of([("weights", Array::floats(&[anchors.len(), labels.len() + columns], weights))]))
}

fn alpha_pos(case: &Case) -> Outcome {
    let (_, target) = case.array_of::<1>("target")?;
    let min_gap = case.param_f64("min_gap")?;
    let at = |name| -> Result<Vec<f64>, GoldenError> {
        let label = |index: usize| {
            let missing = || GoldenError::Malformed(format!("`{name}` holds {index}, which is no sample"));
            target.get(index).copied().ok_or_else(missing)
        };
        case.indices(name)?.into_iter().map(label).collect()
    };
    let (own, lower, upper) = (at("i")?, at("j")?, at("k")?);
    let parts = own.iter().zip(lower.iter().zip(&upper));
    let alpha: Vec<f64> =
        parts.map(|(own, (lower, upper))| share_of_lower(*lower, *own, *upper, min_gap)).collect();
    Ok(Computed::of([("alpha", Array::floats(&[alpha.len()], alpha))]))
}

/// Every mixture as a vector; only here.
fn mixtures(case: &Case) -> Outcome {
    let ([images, views, width], features) = case.array_of::<3>("features")?;
    let (_, target) = case.array_of::<1>("target")?;
    let (lambdas, window) = (case.array_of::<1>("lam")?.1, case.param_f64("window")?);
    let samples = images * views;
    let label = |flat: usize| target[flat % images];
    let mixed = |share: f64, one: usize, other: usize| -> Vec<f64> {
        let start = |flat: usize| ((flat % images) * views + flat / images) * width;
        let value =
            |axis| share * features[start(one) + axis] + (1.0 - share) * features[start(other) + axis];
        (0..width).map(value).collect()
    };
    let pairs = (0..samples).flat_map(|i| (0..samples).map(move |k| [i, k]));
    let pairs: Vec<[usize; 2]> = pairs.filter(|[i, k]| label(*i) != label(*k)).collect();
    if pairs.len() != lambdas.len() {
        return Err(GoldenError::Malformed(format!("{} lambdas for {} pairs", lambdas.len(), pairs.len())));
    }
    let negatives = || pairs.iter().zip(lambdas);
    let near = |gap: f64| gap > 0.0 && gap < window;
    let triples =
        (0..samples).flat_map(|i| (0..samples).flat_map(move |j| (0..samples).map(move |k| [i, j, k])));
    let triples: Vec<[usize; 3]> =
        triples.filter(|[i, j, k]| near(label(*i) - label(*j)) && near(label(*k) - label(*i))).collect();
    let alpha = |[i, j, k]: &[usize; 3]| share_of_lower(label(*j), label(*i), label(*k), crate::MIN_GAP);
    let whole = |columns: usize, values: Vec<usize>| Array {
        shape: vec![values.len() / columns, columns],
        dtype: "i64".to_owned(),
        data: values.into_iter().map(|value| value as f64).collect(),
    };
    let vectors = |rows: usize, values: Vec<f64>| Array::floats(&[rows, width], values);
    let numbers = |values: Vec<f64>| Array::floats(&[values.len()], values);
    let neg_mix = negatives().flat_map(|([i, k], lambda)| mixed(*lambda, *i, *k)).collect();
    let neg_label =
        negatives().map(|([i, k], lambda)| lambda * label(*i) + (1.0 - lambda) * label(*k)).collect();
    let pos_mix = triples.iter().flat_map(|triple| mixed(alpha(triple), triple[1], triple[2])).collect();
    Ok(Computed::of([
        ("neg_pairs", whole(2, pairs.as_flattened().to_vec())),
        ("neg_mix", vectors(pairs.len(), neg_mix)),
        ("neg_label", numbers(neg_label)),
        ("pos_triples", whole(3, triples.as_flattened().to_vec())),
        ("pos_alpha", numbers(triples.iter().map(alpha).collect())),
        ("pos_mix", vectors(triples.len(), pos_mix)),
        ("pos_label", numbers(triples.iter().map(|triple| label(triple[0])).collect())),
    ]))
}

/// All first views, then all second views, `[2 N, D]`.
fn flat(features: Tensor<3>) -> Tensor<2> {
    let [images, views, width] = features.dims();
    features.swap_dims(0, 1).reshape([images * views, width])
}

/// The labels of all views.
fn doubled(labels: &[f64]) -> Vec<f64> {
    labels.repeat(2)
}

fn with_features(features: &Tensor<3>, loss: Tensor<1>) -> Outcome {
    let gradients = loss.backward();
    Computed::of([("loss", Array::loss(loss)?)]).with_gradient("features", features, &gradients)
}

fn weighted(case: &Case) -> Result<Option<Distance>, GoldenError> {
    Ok(if case.param_bool("use_weight")? { Some(distance(case)?) } else { None })
}

fn mixed_loss(case: &Case, form: Form) -> Outcome {
    let features = case.tracked::<3>("features")?;
    let labels = doubled(case.array_of::<1>("target")?.1);
    let terms = Terms {
        tau: case.param_positive("tau")?,
        distance: weighted(case)?,
        window: Some(case.param_f64("window")?),
        lambdas: Some(case.array_of::<1>("lam")?.1),
        form,
    };
    with_features(&features, loss(flat(features.clone()), &labels, &terms)?)
}

fn supcon(case: &Case) -> Outcome {
    let features = case.tracked::<3>("features")?;
    let labels = match case.param_bool("labels")? {
        true => doubled(case.array_of::<1>("target")?.1),
        false => doubled(&(0..features.dims()[0]).map(|image| image as f64).collect::<Vec<_>>()),
    };
    let (tau, base) = (case.param_positive("tau")?, case.param_positive("base_tau")?);
    let terms = Terms { tau, distance: weighted(case)?, window: None, lambdas: None, form: Form::Clean };
    let loss = loss(flat(features.clone()), &labels, &terms)?;
    with_features(&features, loss.mul_scalar(tau.get() / base.get()))
}

fn rnc(case: &Case) -> Outcome {
    let features = case.tracked::<3>("features")?;
    let ([images, values], labels) = case.array_of::<2>("labels")?;
    let labels = doubled(labels);
    let labels = ArrayView2::from_shape((2 * images, values), &labels)
        .map_err(|error| GoldenError::Malformed(error.to_string()))?;
    for (name, known) in [("label_diff", "l1"), ("feature_sim", "l2")] {
        let given = case.param_str(name)?;
        if given != known {
            return Err(unknown(name, given, known));
        }
    }
    with_features(&features, rank_n_contrast(flat(features.clone()), labels, case.param_positive("tau")?)?)
}

fn shot_metrics(case: &Case) -> Outcome {
    let (predicted, labels) = (case.array_of::<1>("pred")?.1, case.array_of::<1>("label")?.1);
    let trained = case.array_of::<1>("train_label")?.1;
    let (many, low) = (case.param_usize("many_above")?, case.param_usize("low_below")?);
    let found = shot_errors(predicted, labels, trained, many, low)?;
    let parts = [("many", found.many), ("median", found.median), ("low", found.few), ("all", found.all)];
    let outputs = parts.into_iter().flat_map(|(part, Errors { mse, mae, geometric })| {
        [("mse", mse), ("l1", mae), ("gmean", geometric)]
            .map(|(name, value)| (format!("{part}_{name}"), value))
    });
    let outputs = outputs.map(|(name, value)| (name, Array::scalar(value))).collect();
    Ok(Computed { outputs, ..Computed::default() })
}
