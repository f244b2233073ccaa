//! Teachers: networks that are trained before a student and asked for their logits while it is trained.

use std::collections::BTreeMap;

use mixup_core::{CoreError, device};
use mixup_core::{
    augment::ImageShape,
    metrics::classification::Predictions,
    nn::{ImageNetwork, ModelConfig},
    optim::OptimizerConfig,
    stream::Streams,
    train::{Network, TrainConfig},
};
use mixup_paper::{MetricInfo, RunContext, RunError, RunSpec, Stage, required};
use ndarray::Axis;
use serde::{Deserialize, Serialize};

use super::{Baseline, Kind, Logits, Method, Row, Setting, Spec};

/// How a teacher is trained, under its name in `setting.teachers`: on the images of the student's own training
/// part. Its training reads streams of the same names as the student's, so that teachers of one seed see
/// the same batches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Teacher {
    /// By what; cross-entropy where absent.
    #[serde(default = "super::setting::cross_entropy")]
    pub method: Baseline,
    /// The experiment's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelConfig>,
    /// For how long.
    pub train: TrainConfig,
    /// The experiment's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optimizer: Option<OptimizerConfig>,
}

/// Name of the stage.
pub(super) const TEACHER: &str = "teacher";

/// The teacher that a run asks for, by its name.
fn of<M: Method>(spec: &Spec<M>) -> Option<(&str, Option<&Teacher>)> {
    match &spec.parameters.method {
        Kind::Own(method) => method.teacher().map(|name| (name, spec.setting.teachers.get(name))),
        Kind::Baseline(_) => None,
    }
}

/// A teacher that nobody described is refused.
///
/// # Errors
/// The message for the user.
pub(super) fn check<M: Method>(spec: &Spec<M>) -> Result<(), String> {
    match of(spec) {
        Some((name, None)) => {
            let known: Vec<_> = spec.setting.teachers.keys().map(|name| format!("`{name}`")).collect();
            Err(format!("`setting.teachers` has no `{name}`; it has {}", known.join(", ")))
        }
        Some((_, Some(teacher))) => match &teacher.model {
            Some(ModelConfig::Lstnet(_)) => Err("an `lstnet` is not for images".into()),
            _ => teacher.method.check(),
        },
        None => Ok(()),
    }
}

/// The training of the teacher, a run of its own: students that name the same one share it.
pub(super) fn stage<M: Method>(spec: &Spec<M>) -> Option<Stage<Spec<M>>> {
    let (name, teacher) = of(spec)?;
    let teacher = teacher?;
    Some(Stage {
        name: TEACHER,
        spec: RunSpec {
            method: format!("{TEACHER} {name}"),
            parameters: Row {
                method: Kind::Baseline(teacher.method.clone()),
                train: spec.parameters.train,
                classes: spec.parameters.classes,
            },
            setting: match &teacher.model {
                Some(_) => Setting { initial_weights: None, ..spec.setting.of_stage() },
                None => spec.setting.of_stage(),
            },
            model: teacher.model.clone().or_else(|| spec.model.clone()),
            optimizer: teacher.optimizer.clone().or_else(|| spec.optimizer.clone()),
            train: Some(teacher.train.clone()),
            metrics: Vec::new(),
            ..spec.clone()
        },
    })
}

/// The trained teacher of a run, if it has one.
///
/// # Errors
/// As [`RunContext::start_from`].
pub(super) fn load<M: Method>(
    spec: &Spec<M>,
    shape: ImageShape,
    classes: usize,
    context: &RunContext<'_>,
) -> Result<Option<ImageNetwork>, RunError> {
    let Some((_, Some(teacher))) = of(spec) else { return Ok(None) };
    let config = required(teacher.model.as_ref().or(spec.model.as_ref()), "model")?;
    // Its weights are replaced; the student's own streams must not be read for them.
    let mut unused = Streams::new(TEACHER, spec.seed);
    let device = device::open(&spec.device)?;
    let fresh = ImageNetwork::for_images(config, shape, classes, unused.get("init"), &device)?;
    Ok(Some(context.start_from(TEACHER, fresh)?.evaluation()))
}

const ACCURACY: &str = "teacher-accuracy";
const CONFIDENCE: &str = "teacher-confidence";
const DEVIATION: &str = "teacher-logit-std";

/// What is measured of a teacher on the test images.
pub(super) fn metrics() -> Vec<MetricInfo> {
    let info = |name, label, decimals| MetricInfo::new(name, label, None, decimals);
    vec![
        info(ACCURACY, "accuracy of the teacher (%)", 2),
        info(CONFIDENCE, "confidence of the teacher (%)", 2),
        info(DEVIATION, "spread of the teacher's logits", 3),
    ]
}

/// Values of [`metrics`]: the spread is the standard deviation over the classes (divisor C - 1), mean over the
/// images.
///
/// # Errors
/// Logits that are not finite.
pub(super) fn measure(logits: &Logits) -> Result<BTreeMap<String, f64>, CoreError> {
    let predictions: Predictions = logits.predictions()?;
    let accuracy = predictions.accuracy();
    let deviation = logits.logits.std_axis(Axis(1), 1.0).mean().unwrap_or(f64::NAN);
    Ok(BTreeMap::from([
        (ACCURACY.to_owned(), 100.0 * accuracy),
        (CONFIDENCE.to_owned(), 100.0 * (accuracy + predictions.confidence_gap())),
        (DEVIATION.to_owned(), deviation),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_teacher_is_measured_by_what_it_says() {
        let logits = Logits { logits: array![[3.0, 0.0, 0.0], [0.0, 0.0, 6.0]], labels: vec![0, 1] };
        let measured = measure(&logits).unwrap();
        assert_eq!(measured[ACCURACY], 50.0);
        // One logit of three is d above the others: d / sqrt(3).
        assert!((measured[DEVIATION] - 4.5 / 3f64.sqrt()).abs() < 1e-12, "{measured:?}");
        let confidence = |logit: f64| 1.0 / (1.0 + 2.0 * (-logit).exp());
        let mean = 50.0 * (confidence(3.0) + confidence(6.0));
        assert!((measured[CONFIDENCE] - mean).abs() < 1e-9, "{measured:?}");
    }
}
