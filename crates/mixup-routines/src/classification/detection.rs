//! What is measured of a network that tells test images from others.

use std::collections::BTreeMap;

use mixup_core::{
    CoreError,
    checked::{Positive, UnitInterval},
    metrics::detection::{Detection, Rules, Score, Ties, auroc, fpr_at_tpr},
};
use mixup_data::catalogue;
use mixup_paper::{Direction, FigureInfo, FigureKind, MetricInfo};
use ndarray::{Array2, ArrayView2};

use super::{Kind, Method, Spec, measure::RAW};

/// Images that are told apart from test images: those of `setting.ood`, another set (far, or coarse).
pub(super) const OTHER: &str = "ood";
/// Those of the classes that `setting.unseen` took out of the data (near, or fine).
pub(super) const UNSEEN: &str = "fine";

/// What metrics of each of them are called in headings.
const SETS: [(&str, &str); 2] = [(OTHER, "of the other set"), (UNSEEN, "of unseen classes")];

/// Scores beside the largest probability, as suffixes of metrics.
const SCORES: [(&str, &str); 4] = [
    ("", ""),
    ("-max-logit", ", max logit"),
    ("-energy", ", energy"),
    ("-odin", ", ODIN without perturbation"),
];

/// Suffix of metrics by the rules of MixOE's code.
const MIXOE: (&str, &str) = ("-mixoe", ", rules of MixOE's code");

/// Metrics of a set, in percent.
const MEASURES: [(&str, &str); 6] = [
    ("auroc", "AUROC"),
    ("tnr95", "TNR95"),
    ("fpr95", "FPR95"),
    ("aupr-in", "AUPR-in"),
    ("aupr-out", "AUPR-out"),
    ("detection-accuracy", "detection accuracy"),
];

/// What is measured after batch-norm statistics were renewed.
const UNDER_RAW: [&str; 2] = ["auroc", "tnr95"];

/// The picture of confidence over lambda.
pub(super) const FIGURE: &str = "outlier-mixture-confidence";
/// Names and headings of what is measured of it.
const OF_MIXTURES: [(&str, &str); 3] = [
    ("outlier-mixture-deviation", "confidence in mixtures, distance from its target (%)"),
    ("outlier-mixture-overconfidence", "confidence in mixtures above its target (%)"),
    ("outlier-mixture-rise", "rise of confidence from lambda 0.25 to outliers (%)"),
];

/// Parts of the way from an outlier to an image.
const PLACES: usize = 8;
/// The first place that is judged: lambda 1/4. In training each mixed batch is normalised by statistics of its own
/// lambda, so that batch norm's running average may say anything at the outliers' end.
const JUDGED_FROM: usize = 2;

/// Lambdas of the picture, `0, 1/8 ... 1`.
pub(super) fn lambdas() -> Vec<f64> {
    (0..=PLACES).map(|place| place as f64 / PLACES as f64).collect()
}

/// Every metric of this module.
pub(super) fn metrics() -> Vec<MetricInfo> {
    let mut metrics = Vec::new();
    for (set, of_set) in SETS {
        let mut add = |measure: (&str, &str), suffix: (&str, &str)| {
            let better = if measure.0 == "fpr95" { Direction::Lower } else { Direction::Higher };
            let name = format!("{set}-{}{}", measure.0, suffix.0);
            let label = format!("{} {of_set}{} (%)", measure.1, suffix.1);
            metrics.push(MetricInfo::new(&name, &label, Some(better), 2));
        };
        for measure in MEASURES {
            SCORES.iter().for_each(|score| add(measure, *score));
            if measure.0 != "fpr95" {
                add(measure, MIXOE);
            }
            if UNDER_RAW.contains(&measure.0) {
                add(measure, (RAW, ", statistics of raw images"));
            }
        }
    }
    for (name, label) in OF_MIXTURES {
        let better = (name == OF_MIXTURES[0].0).then_some(Direction::Lower);
        metrics.push(MetricInfo::new(name, label, better, 2));
        let (name, label) = (format!("{name}{RAW}"), format!("{label}, statistics of raw images"));
        metrics.push(MetricInfo::new(&name, &label, better, 2));
    }
    metrics
}

/// The picture.
pub(super) fn figure() -> FigureInfo {
    FigureInfo {
        name: FIGURE.to_owned(),
        title: "Confidence between outliers and images".to_owned(),
        caption: "Mean largest probability of mixtures of test images and training outliers over lambda, the share of \
                  the image: 0 is an outlier, 1 a test image. What MixOE asks for is the straight line from 1 over the \
                  number of classes to 1. It is judged from lambda 1/4 on: batch norm's running statistics are an \
                  average over all lambdas, and those of pure outliers are far from it."
            .to_owned(),
        metric: Some(OF_MIXTURES[0].0.to_owned()),
        kind: FigureKind::Lines {
            x_label: "lambda".to_owned(),
            log_x: false,
            y_label: "confidence".to_owned(),
        },
    }
}

/// Refuses metrics of images that the setting does not have, and sets that would be seen in training and told apart
/// after it.
///
/// # Errors
/// The message for the user.
pub(super) fn check<M: Method>(spec: &Spec<M>) -> Result<(), String> {
    let setting = &spec.setting;
    for (key, name) in [("ood", &setting.ood), ("outliers", &setting.outliers)] {
        if let Some(name) = name {
            catalogue::find(name).map_err(|error| format!("setting.{key}: {error}"))?;
        }
    }
    let needed = [
        ("ood-", setting.ood.is_some(), "`setting.ood`, the name of another image set"),
        ("fine-", setting.unseen.is_some(), "`setting.unseen`, the number of classes that are held out"),
        ("outlier-mixture-", setting.outliers.is_some(), "`setting.outliers`, the name of another image set"),
    ];
    for (prefix, there, need) in needed {
        let wanted =
            metrics().into_iter().find(|metric| metric.name.starts_with(prefix) && spec.wants(&metric.name));
        if let (Some(metric), false) = (wanted, there) {
            return Err(format!("the metric `{}` needs {need}", metric.name));
        }
    }
    if let Some(outliers) = &setting.outliers
        && (*outliers == spec.data || setting.ood.as_ref() == Some(outliers))
    {
        return Err(format!(
            "setting.outliers: `{outliers}` is also what is trained or tested on; take another set"
        ));
    }
    match &spec.parameters.method {
        Kind::Own(method) if method.outliers().is_some() && setting.outliers.is_none() => {
            Err("the method needs `setting.outliers`, the name of another image set".into())
        }
        _ => Ok(()),
    }
}

/// Metrics of one set by every score, of logits `[samples, classes]`.
///
/// # Errors
/// No samples on a side, or logits that are not finite.
pub(super) fn measure(
    set: &str,
    inside: &Array2<f64>,
    outside: &Array2<f64>,
) -> Result<BTreeMap<String, f64>, CoreError> {
    let mut measured = BTreeMap::new();
    for (suffix, score) in scores()? {
        let (inside, outside) = (score.of(inside.view()), score.of(outside.view()));
        let textbook = Detection::of(&inside, &outside, level()?, Rules::Textbook)?;
        let turned = |scores: &[f64]| scores.iter().map(|score| -score).collect::<Vec<_>>();
        let mut add = |measure: &str, suffix: &str, share: f64| {
            measured.insert(format!("{set}-{measure}{suffix}"), 100.0 * share);
        };
        // As a share of pairs, which rounds less than an area.
        add("auroc", suffix, auroc(&inside, &outside, Ties::Half)?);
        add("tnr95", suffix, textbook.tnr);
        add("fpr95", suffix, fpr_at_tpr(&turned(&outside), &turned(&inside), level()?)?);
        add("aupr-in", suffix, textbook.aupr_in);
        add("aupr-out", suffix, textbook.aupr_out);
        add("detection-accuracy", suffix, textbook.accuracy);
        if suffix.is_empty() {
            let official = Detection::of(&inside, &outside, level()?, Rules::Mixoe)?;
            add("auroc", MIXOE.0, official.auroc);
            add("tnr95", MIXOE.0, official.tnr);
            add("aupr-in", MIXOE.0, official.aupr_in);
            add("aupr-out", MIXOE.0, official.aupr_out);
            add("detection-accuracy", MIXOE.0, official.accuracy);
        }
    }
    Ok(measured)
}

/// Those of a network with renewed statistics.
///
/// # Errors
/// As [`measure`].
pub(super) fn measure_raw(
    set: &str,
    inside: &Array2<f64>,
    outside: &Array2<f64>,
) -> Result<BTreeMap<String, f64>, CoreError> {
    let measured = measure(set, inside, outside)?;
    let asked = UNDER_RAW.map(|measure| format!("{set}-{measure}"));
    Ok(asked.into_iter().filter_map(|name| Some((format!("{name}{RAW}"), *measured.get(&name)?))).collect())
}

/// What is measured of confidences, rows `[lambda, confidence]`, of a network of so many classes: from lambda 1/4 on
/// root mean square and mean of the distance from `lambda + (1 - lambda) / classes`, the largest soft target; and how
/// much surer the network is of pure outliers than at 1/4. In percent.
pub(super) fn of_mixtures(confidences: ArrayView2<'_, f64>, classes: usize) -> [(&'static str, f64); 3] {
    let distance = |row: usize| {
        let (lambda, confidence) = (confidences[[row, 0]], confidences[[row, 1]]);
        confidence - lambda - (1.0 - lambda) / classes as f64
    };
    let judged: Vec<f64> = (JUDGED_FROM..confidences.nrows()).map(distance).collect();
    let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / judged.len() as f64;
    let values = [
        mean(&mut judged.iter().map(|distance| distance * distance)).sqrt(),
        mean(&mut judged.iter().copied()),
        confidences[[0, 1]] - confidences[[JUDGED_FROM, 1]],
    ];
    std::array::from_fn(|at| (OF_MIXTURES[at].0, 100.0 * values[at]))
}

/// Scores with the suffixes of their metrics: temperatures are 1 for the energy and 1000 for ODIN, as in the code of
/// MixOE.
fn scores() -> Result<[(&'static str, Score); 4], CoreError> {
    let temperature = |value| Positive::new(value).map_err(|error| CoreError::Invalid(error.to_string()));
    let scores = [
        Score::MaxProbability,
        Score::MaxLogit,
        Score::Energy(temperature(1.0)?),
        Score::Odin(temperature(1000.0)?),
    ];
    Ok(std::array::from_fn(|at| (SCORES[at].0, scores[at])))
}

fn level() -> Result<UnitInterval, CoreError> {
    UnitInterval::new(0.95).map_err(|error| CoreError::Invalid(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    use ndarray::array;

    #[test]
    fn every_metric_is_measured_and_known() {
        let (inside, outside) = (array![[4.0, 0.0], [0.0, 3.0]], array![[1.0, 0.0]]);
        let mut measured: BTreeSet<String> = BTreeSet::new();
        for (set, _) in SETS {
            let values = measure(set, &inside, &outside).unwrap();
            assert!(values.values().all(|share| (0.0..=100.0).contains(share)), "{values:?}");
            assert_eq!(values[&format!("{set}-auroc")], 100.0);
            measured.extend(values.into_keys());
            measured.extend(measure_raw(set, &inside, &outside).unwrap().into_keys());
        }
        for (name, _) in OF_MIXTURES {
            measured.extend([name.to_owned(), format!("{name}{RAW}")]);
        }
        assert_eq!(measured, metrics().into_iter().map(|metric| metric.name).collect());
    }

    #[test]
    fn mixtures_are_judged_by_the_line_from_a_quarter_on() {
        let line = |off: f64, outlier: f64| {
            let of = |lambda: f64| lambda + (1.0 - lambda) / 4.0 + off;
            let rows: Vec<[f64; 2]> = lambdas().into_iter().map(|lambda| [lambda, of(lambda)]).collect();
            let mut rows = Array2::from(rows);
            rows[[0, 1]] = outlier;
            of_mixtures(rows.view(), 4).map(|(_, value)| value)
        };
        let close = |got: [f64; 3], want: [f64; 3]| got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-9);
        // At 1/4 the line is at 0.4375.
        assert!(close(line(0.0, 0.9), [0.0, 0.0, 46.25]));
        assert!(close(line(-0.1, 0.25), [10.0, -10.0, -8.75]));
    }
}
