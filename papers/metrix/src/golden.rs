//! The golden ops of this paper: its equations, the official code, and the library that this code calls.

use burn::tensor::Tensor;
use mixup_core::loss::metric::{
    Divisors, Length, MarginDistances, MixedSets, PairLabels, PairLoss, Terms, cosine_similarities,
    epsilon_normalised, multi_similarity_miner, proxy_anchor, unit_distances,
};
use mixup_core::metrics::embedding::{alignment, uniformity, unit, utilization};
use mixup_core::metrics::retrieval::{Gallery, Queries, recall_by_rank, retrieval};
use mixup_core::tensor::{select_rows, to_array, to_host};
use mixup_paper::golden::{Array, Case, Computed, GoldenError, GoldenOp, Outcome, unknown};
use ndarray::Ix2;

use crate::{Pairs, Points, multi_similarity_threshold, share_up_to};

/// Every op by its full name.
pub fn ops() -> Vec<(&'static str, GoldenOp)> {
    vec![
        ("metrix.generic_loss", generic_loss),
        ("metrix.mixed_loss", mixed_loss),
        ("metrix.mixed_proxy_anchor", mixed_proxy_anchor),
        ("metrix.ms_positivity", ms_positivity),
        ("metrix.align_uniform_util", align_uniform_util),
        ("metrix.l2_norm", l2_norm),
        ("metrix.all_pairs", all_pairs),
        ("metrix.contrastive_clean", contrastive_clean),
        ("metrix.contrastive_metrix_embed_official", contrastive_metrix_embed_official),
        ("metrix.pairs_pos_neg_official", |case| official_pairs(case, Pairs::OfficialPositiveNegative)),
        ("metrix.pairs_anc_neg_official", |case| official_pairs(case, Pairs::OfficialAnchorNegative)),
        ("metrix.multi_similarity_clean", multi_similarity_clean),
        ("metrix.proxy_anchor_clean", proxy_anchor_clean),
        ("metrix.ms_miner", ms_miner),
        ("metrix.recall_at_k", recall_at_k),
        ("metrix.recall_query_gallery", recall_query_gallery),
    ]
}

fn pair_loss(case: &Case) -> Result<PairLoss, GoldenError> {
    let margin = case.param_f64("m")?;
    let scales = || Ok::<_, GoldenError>((case.param_positive("beta")?, case.param_positive("gamma")?));
    Ok(match case.param_str("kind")? {
        "contrastive" => PairLoss::Contrastive { margin },
        "multi_similarity" => {
            let (beta, gamma) = scales()?;
            PairLoss::MultiSimilarity { beta, gamma, margin }
        }
        "proxy_anchor" => PairLoss::ProxyAnchor { beta: case.param_positive("beta")?, margin },
        "binomial_deviance" => {
            let (beta, gamma) = scales()?;
            PairLoss::BinomialDeviance { beta, gamma, margin }
        }
        other => {
            let known = "contrastive, multi_similarity, proxy_anchor or binomial_deviance";
            return Err(unknown("kind", other, known));
        }
    })
}

fn generic_loss(case: &Case) -> Outcome {
    let sim = case.tracked::<2>("sim")?;
    let (shape, label) = case.array_of::<2>("label")?;
    let (_, mask) = case.array_of::<2>("mask")?;
    let labels = label.iter().zip(mask).map(|(label, mask)| (*mask != 0.0).then_some(*label)).collect();
    let labels = PairLabels::new(shape[0], shape[1], labels)?;
    let loss = pair_loss(case)?;
    let Terms { positive, negative } = loss.terms(sim.clone(), &labels)?;
    let loss = loss.mean(sim.clone(), &labels)?;
    let gradients = loss.backward();
    Computed::of([
        ("loss", Array::loss(loss)?),
        ("pos_term", Array::vector(positive)?),
        ("neg_term", Array::vector(negative)?),
    ])
    .with_gradient("sim", &sim, &gradients)
}

fn mixed_loss(case: &Case) -> Outcome {
    let embeddings = case.tracked::<2>("embeddings")?;
    let pairs = match case.param_str("scheme")? {
        "pos_neg" => Pairs::PositiveNegative,
        "anc_neg" => Pairs::AnchorNegative,
        "pos_pos" => Pairs::PositivePositive,
        "neg_neg" => Pairs::NegativeNegative,
        other => return Err(unknown("scheme", other, "pos_neg, anc_neg, pos_pos or neg_neg")),
    };
    let lambda = case.param_unit("lam")?.get();
    let length = if case.param_bool("renormalize")? { Length::One } else { Length::AsMixed };
    let sets = pairs.sets(&Points::of_batch(&case.indices("labels")?));
    let points = cosine_similarities(embeddings.clone(), embeddings.clone())?;
    let similarities = sets.similarities(&points, lambda, length)?;
    let loss = pair_loss(case)?;
    let per_anchor = loss.per_anchor(similarities, &sets.labels(pairs.label(lambda))?)?;
    let loss = per_anchor.clone().mean();
    let gradients = loss.backward();
    Computed::of([
        ("loss", Array::loss(loss)?),
        ("per_anchor", Array::vector(per_anchor)?),
        ("set_size", Array::indices(&sets.sizes())),
    ])
    .with_gradient("embeddings", &embeddings, &gradients)
}

/// Proxy Anchor's loss of `beta` and margin `m`, whatever the case calls them.
fn of_proxies(beta: mixup_core::checked::Positive, margin: f64) -> PairLoss {
    PairLoss::ProxyAnchor { beta, margin }
}

fn mixed_proxy_anchor(case: &Case) -> Outcome {
    let (embeddings, proxies) = (case.tracked::<2>("embeddings")?, case.tracked::<2>("proxies")?);
    let (classes, all) = (case.indices("labels")?, case.param_usize("num_classes")?);
    let lambda = case.param_unit("lam")?.get();
    let proxy_classes: Vec<usize> = (0..all).collect();
    let pairs = Pairs::PositiveNegative;
    let sets = pairs.sets(&Points::with_proxies(&proxy_classes, &classes));
    let points = Tensor::cat(vec![proxies.clone(), embeddings.clone()], 0);
    let similarities =
        sets.similarities(&cosine_similarities(points.clone(), points)?, lambda, Length::One)?;
    let loss = of_proxies(case.param_positive("beta")?, case.param_f64("m")?);
    let terms = loss.terms(similarities, &sets.labels(pairs.label(lambda))?)?;
    let [positive, negative] = proxy_anchor(terms, Divisors::of(&classes, all));
    let loss = positive.clone() + negative.clone();
    let gradients = loss.backward();
    Computed::of([
        ("loss", Array::loss(loss)?),
        ("pos_term", Array::loss(positive)?),
        ("neg_term", Array::loss(negative)?),
    ])
    .with_gradient("embeddings", &embeddings, &gradients)?
    .with_gradient("proxies", &proxies, &gradients)
}

fn ms_positivity(case: &Case) -> Outcome {
    let (beta, gamma, margin) = (case.param_f64("beta")?, case.param_f64("gamma")?, case.param_f64("m")?);
    let ([count], lambdas) = case.array_of::<1>("lam")?;
    let (_, similarities) = case.array_of::<1>("sims")?;
    let thresholds = lambdas.iter().map(|lambda| multi_similarity_threshold(*lambda, beta, gamma, margin));
    let thresholds: Vec<f64> = thresholds.collect();
    let shares = thresholds.iter().map(|threshold| share_up_to(*threshold, similarities)).collect();
    Ok(Computed::of([
        ("threshold", Array::floats(&[count], thresholds)),
        ("prob", Array::floats(&[count], shares)),
    ]))
}

fn align_uniform_util(case: &Case) -> Outcome {
    let normalise = case.param_bool("normalize")?;
    let rows = |name| {
        let rows = case.ndarray::<Ix2>(name)?;
        Ok::<_, GoldenError>(if normalise { unit(rows.view()) } else { rows })
    };
    let (train, queries) = (rows("train")?, rows("queries")?);
    Ok(Computed::of([
        ("alignment", Array::scalar(alignment(train.view(), &case.indices("train_labels")?)?)),
        ("uniformity", Array::scalar(uniformity(train.view()))),
        ("utilization", Array::scalar(utilization(queries.view(), train.view())?)),
    ]))
}

fn l2_norm(case: &Case) -> Outcome {
    let x = case.tracked::<2>("x")?;
    let out = epsilon_normalised(x.clone(), case.param_f64("eps")?);
    let loss = (out.clone() * case.tracked::<2>("cotangent")?.detach()).sum();
    let gradients = loss.backward();
    Computed::of([("out", Array::from_tensor(out)?), ("loss", Array::loss(loss)?)])
        .with_gradient("x", &x, &gradients)
}

fn all_pairs(case: &Case) -> Outcome {
    let labels = PairLabels::of_batch(&case.indices("labels")?);
    let [batch, _] = labels.dims();
    let with = |label: f64| -> (Vec<usize>, Vec<usize>) {
        let pairs = (0..batch).flat_map(|anchor| (0..batch).map(move |entry| (anchor, entry)));
        pairs.filter(|&(anchor, entry)| labels.get(anchor, entry) == Some(label)).unzip()
    };
    let ((a1, p), (a2, n)) = (with(1.0), with(0.0));
    Ok(Computed::of(
        [("a1", a1), ("p", p), ("a2", a2), ("n", n)].map(|(name, rows)| (name, Array::indices(&rows))),
    ))
}

fn contrastive_clean(case: &Case) -> Outcome {
    let embeddings = case.tracked::<2>("embeddings")?;
    let margins = MarginDistances {
        positive_margin: case.param_non_negative("pos_margin")?,
        negative_margin: case.param_non_negative("neg_margin")?,
    };
    let similarities = cosine_similarities(embeddings.clone(), embeddings.clone())?;
    with_gradient(&embeddings, margins.loss(similarities, &PairLabels::of_batch(&case.indices("labels")?))?)
}

fn with_gradient(embeddings: &Tensor<2>, loss: Tensor<1>) -> Outcome {
    let gradients = loss.backward();
    Computed::of([("loss", Array::loss(loss)?)]).with_gradient("embeddings", embeddings, &gradients)
}

fn contrastive_metrix_embed_official(case: &Case) -> Outcome {
    let features = case.tracked::<2>("features")?;
    let classes = case.indices("labels")?;
    let margins = MarginDistances {
        positive_margin: mixup_routines::non_negative(0.0),
        negative_margin: case.param_non_negative("neg_margin")?,
    };
    let pairs = match case.param_str("branch")? {
        "pos_neg" => Pairs::OfficialPositiveNegative,
        "anc_neg" => Pairs::OfficialAnchorNegative,
        other => return Err(unknown("branch", other, "pos_neg or anc_neg")),
    };
    let lambda = case.param_unit("lam")?.get();
    let embeddings = epsilon_normalised(features.clone(), 1e-12);
    let similarities = cosine_similarities(embeddings.clone(), embeddings)?;
    let clean = margins.loss(similarities.clone(), &PairLabels::of_batch(&classes))?;
    let sets = pairs.sets(&Points::of_batch(&classes));
    let mixed = sets.similarities(&similarities, lambda, Length::One)?;
    let [positive, negative] = margins.averages(mixed.clone(), &sets.labels(lambda)?)?;
    let loss = clean.clone() + (positive.clone() + negative.clone()).mul_scalar(case.param_f64("w")?);
    let gradients = loss.backward();
    Computed::of([
        ("loss", Array::loss(loss)?),
        ("clean", Array::loss(clean)?),
        ("mixed_pos", Array::loss(positive)?),
        ("mixed_neg", Array::loss(negative)?),
        ("pair_dist", entries(&sets, unit_distances(mixed))?),
    ])
    .with_gradient("features", &features, &gradients)
}

/// The values of all entries in one list.
fn entries(sets: &MixedSets, values: Tensor<2>) -> Result<Array, GoldenError> {
    let values = to_host(values)?;
    let values = values.into_iter().zip(sets.used()).filter(|(_, used)| **used);
    let values: Vec<f64> = values.map(|(value, _)| value).collect();
    Ok(Array::floats(&[values.len()], values))
}

fn official_pairs(case: &Case, pairs: Pairs) -> Outcome {
    let classes = case.indices("labels")?;
    let points = Points::of_batch(&classes);
    let of = |anchor: usize| -> Vec<[usize; 3]> {
        pairs.of(anchor, &points).into_iter().map(|[first, second]| [anchor, first, second]).collect()
    };
    let all: Vec<[usize; 3]> = points.anchors().flat_map(of).collect();
    let column = |place: usize| Array::indices(&all.iter().map(|row| row[place]).collect::<Vec<_>>());
    let computed = Computed::of([("anchor", column(0)), ("neg", column(2))]);
    Ok(match pairs {
        Pairs::OfficialPositiveNegative => computed.with("pos", column(1)),
        _ => computed,
    })
}

fn multi_similarity_clean(case: &Case) -> Outcome {
    let embeddings = case.tracked::<2>("embeddings")?;
    let (beta, gamma) = (case.param_positive("beta")?, case.param_positive("gamma")?);
    let loss = PairLoss::MultiSimilarity { beta, gamma, margin: case.param_f64("m")? };
    let similarities = cosine_similarities(embeddings.clone(), embeddings.clone())?;
    with_gradient(&embeddings, loss.mean(similarities, &PairLabels::of_batch(&case.indices("labels")?))?)
}

fn proxy_anchor_clean(case: &Case) -> Outcome {
    let (embeddings, proxies) = (case.tracked::<2>("embeddings")?, case.tracked::<2>("proxies")?);
    let (classes, all) = (case.indices("labels")?, case.param_usize("num_classes")?);
    let proxy_classes: Vec<usize> = (0..all).collect();
    let similarities =
        cosine_similarities(select_rows(proxies.clone(), &proxy_classes)?, embeddings.clone())?;
    let loss = of_proxies(case.param_positive("alpha")?, case.param_f64("margin")?);
    let terms = loss.terms(similarities, &PairLabels::of_proxies(&proxy_classes, &classes))?;
    let [positive, negative] = proxy_anchor(terms, Divisors::of(&classes, all));
    let loss = positive + negative;
    let gradients = loss.backward();
    Computed::of([("loss", Array::loss(loss)?)])
        .with_gradient("embeddings", &embeddings, &gradients)?
        .with_gradient("proxies", &proxies, &gradients)
}

fn ms_miner(case: &Case) -> Outcome {
    let embeddings = case.tracked::<2>("embeddings")?;
    let labels = PairLabels::of_batch(&case.indices("labels")?);
    let similarities = to_array(cosine_similarities(embeddings.clone(), embeddings)?)?;
    let similarities = similarities
        .into_dimensionality::<Ix2>()
        .map_err(|error| GoldenError::Malformed(error.to_string()))?;
    let mined = multi_similarity_miner(similarities.view(), &labels, case.param_non_negative("epsilon")?)?;
    let array = |pairs: Vec<[usize; 2]>| Array {
        shape: vec![pairs.len(), 2],
        dtype: "i64".to_owned(),
        data: pairs.as_flattened().iter().map(|row| *row as f64).collect(),
    };
    Ok(Computed::of([("pos_pairs", array(mined.positive)), ("neg_pairs", array(mined.negative))]))
}

fn ks(case: &Case) -> Result<Vec<usize>, GoldenError> {
    Ok(case.param_f64s("ks")?.into_iter().map(|k| k as usize).collect())
}

/// Rows as the official code normalises them.
fn normalised(case: &Case, name: &str) -> Result<ndarray::Array2<f64>, GoldenError> {
    let rows = to_array(epsilon_normalised(case.tracked::<2>(name)?, 1e-12))?;
    rows.into_dimensionality().map_err(|error| GoldenError::Malformed(error.to_string()))
}

fn recall_at_k(case: &Case) -> Outcome {
    let (embeddings, labels) = (normalised(case, "embeddings")?, case.indices("labels")?);
    let gallery = Gallery { embeddings: embeddings.view(), labels: &labels };
    let found = retrieval(gallery, Queries::Gallery, &ks(case)?)?;
    Ok(Computed::of([("recall", Array::floats(&[found.recall.len()], found.recall))]))
}

fn recall_query_gallery(case: &Case) -> Outcome {
    let (gallery, gallery_labels) = (normalised(case, "gallery")?, case.indices("gallery_labels")?);
    let (queries, query_labels) = (normalised(case, "query")?, case.indices("query_labels")?);
    let gallery = Gallery { embeddings: gallery.view(), labels: &gallery_labels };
    let queries = Gallery { embeddings: queries.view(), labels: &query_labels };
    let recall = recall_by_rank(gallery, queries, &ks(case)?)?;
    Ok(Computed::of([("recall", Array::floats(&[recall.len()], recall))]))
}
