//! A run of the unconstrained features model: free features by gradient descent, or by the closed form.

use std::num::NonZeroUsize;

use burn::tensor::{DType, Device, Tensor, TensorData};
use mixup_core::{
    CoreError,
    checked::Positive,
    device,
    optim::{Descent, descend},
    stream::Streams,
    tensor::to_array,
};
use mixup_data::catalogue::SIMULATED;
use mixup_paper::{Direction, FigureInfo, Measured, MetricInfo, Routine, RunContext, RunError, RunSpec};
use mixup_routines::{non_negative, parameters, positive, size};
use ndarray::{Array2, Axis, Ix2};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use crate::channel::{Pair, channel_stats};
use crate::etf::{random_axes, simplex_etf};
use crate::pictures::{self, CHANNEL_FIGURE, GAP_FIGURE};
use crate::ufm::{Ufm, pair_targets, ufm_loss};

/// A resolved run of the model.
pub type FreeSpec = RunSpec<Solution, FreeSetting>;

/// Where features come from: `{by: descent, classes: 10}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Solution {
    /// How they are found.
    pub by: By,
    /// Classes, K.
    pub classes: NonZeroUsize,
}

/// How features are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// Gradient descent from a random start.
    Descent,
    /// [`Ufm::optimum`].
    ClosedForm,
}

parameters!(
    /// Sizes of the model; all ours.
    FreeSetting {
        /// Width of a feature, d; at least the number of classes.
        width: NonZeroUsize = size(16),
        /// Norm of the classifier's rows, m.
        norm: Positive = positive(1.0),
        /// Weight of `|h|^2 / 2`, lambda_H; without it features of two classes would run away.
        decay: Positive = positive(0.01),
        /// Lambdas of each pair of classes, evenly spaced inside of (0, 1); an odd number, so that 1/2 is
        /// one.
        lambdas: NonZeroUsize = size(9),
        /// Standard deviation of a feature's entries at the start of the descent.
        init: Positive = positive(1.0),
        /// Rate of the descent, on the loss of a sample.
        rate: Positive = positive(1.5),
        /// Its steps.
        steps: NonZeroUsize = size(2000),
    }
);

/// The routine of the model: nothing is read, everything is drawn.
pub struct FreeFeatures;

mixup_paper::as_json!(Solution, FreeSetting);

impl Routine for FreeFeatures {
    type Method = Solution;
    type Setting = FreeSetting;
    const NAME: &'static str = "unconstrained-features";

    fn metrics() -> Vec<MetricInfo> {
        let info = MetricInfo::new;
        let lower = Some(Direction::Lower);
        vec![
            info("feature-error", "distance from the closed form, relative", lower, 6),
            info("objective", "objective, mean of samples", lower, 6),
            info("same-cos", "cosine to the own row, same class", None, 5),
            info("same-spread", "spread of norms over lambda, same class", None, 6),
            info("off-plane", "share outside of the plane, two classes", None, 6),
            info("gap-slope", "slope of logit gap over log-odds", None, 5),
            info("gap-corr", "their correlation", None, 5),
            info("amplification", "norm over that of the mean of both classes, lambda 1/2", None, 5),
        ]
    }

    fn figures() -> Vec<FigureInfo> {
        pictures::of_model()
    }

    fn data(_: &FreeSpec) -> Vec<String> {
        Vec::new()
    }

    fn check(spec: &FreeSpec) -> Result<(), String> {
        let FreeSetting { width, lambdas, .. } = spec.setting;
        let classes = spec.parameters.classes;
        if spec.data != SIMULATED {
            return Err(format!("`data` is `{}`; these features are free: `{SIMULATED}`", spec.data));
        }
        if spec.model.is_some() || spec.optimizer.is_some() || spec.train.is_some() {
            return Err("`model`, `optimizer` and `train` have no meaning here: `setting` has it all".into());
        }
        if spec.train_samples.is_some() || spec.test_samples.is_some() {
            return Err("`train_samples` and `test_samples` have no meaning here".into());
        }
        if classes.get() < 3 || classes > width {
            return Err(format!(
                "{classes} classes; pictures need 3, and the width {width} allows no more than that"
            ));
        }
        if lambdas.get() % 2 == 0 {
            return Err(format!("setting.lambdas is {lambdas}; an odd number has 1/2 among them"));
        }
        Ok(())
    }

    fn run(spec: &FreeSpec, context: &RunContext<'_>) -> Result<Measured, RunError> {
        let device = device::open_in_double(&spec.device)?;
        let model = Model::draw(spec, &mut Streams::new(&spec.experiment, spec.seed))?;
        let theory = model.closed_form()?;
        let features = match spec.parameters.by {
            By::ClosedForm => theory.clone(),
            By::Descent => {
                let steps = spec.setting.steps.get();
                model.descended(spec, context.glimpse.map_or(steps, |_| steps.min(GLIMPSE_STEPS)), &device)?
            }
        };
        (context.progress)(1, 1);
        Ok(model.measure(&features, &theory)?)
    }
}

/// Steps of a glimpse.
const GLIMPSE_STEPS: usize = 10;

/// Everything that a run is about but its features.
struct Model {
    ufm: Ufm,
    pairs: Vec<Pair>,
    targets: Array2<f64>,
    /// `[classes, width]`
    weights: Array2<f64>,
    /// Where a descent starts, `[pairs, width]`.
    start: Array2<f64>,
}

impl Model {
    /// Streams read here: `etf` and `init`.
    fn draw(spec: &FreeSpec, streams: &mut Streams) -> Result<Self, CoreError> {
        let FreeSetting { width, norm, decay, lambdas, init, .. } = spec.setting;
        let classes = spec.parameters.classes.get();
        let pairs = grid(classes, lambdas.get());
        let axes = random_axes(width.get(), classes, streams.get("etf"))?;
        let rng = streams.get("init");
        let mut normal = || rng.sample::<f64, _>(StandardNormal) * init.get();
        Ok(Self {
            ufm: Ufm { classes, norm, decay },
            targets: pair_targets(&pairs, classes)?,
            weights: simplex_etf(axes.view(), norm.get())?,
            start: Array2::from_shape_simple_fn((pairs.len(), width.get()), &mut normal),
            pairs,
        })
    }

    fn closed_form(&self) -> Result<Array2<f64>, CoreError> {
        let mut features = Array2::zeros(self.start.dim());
        for (mut feature, target) in features.rows_mut().into_iter().zip(self.targets.rows()) {
            let optimum = self.ufm.optimum(&target.to_vec())?;
            feature.assign(&optimum.coefficients.dot(&self.weights));
        }
        Ok(features)
    }

    fn descended(&self, spec: &FreeSpec, steps: usize, device: &Device) -> Result<Array2<f64>, CoreError> {
        let tensor = |values: &Array2<f64>| {
            let data = TensorData::new(values.iter().copied().collect(), values.shape().to_vec());
            Tensor::<2>::from_data(data, (device, DType::F64))
        };
        let (weights, targets) = (tensor(&self.weights), tensor(&self.targets));
        let decays = [0.0, spec.setting.decay.get()].map(non_negative);
        // Of the mean over samples, each has its part of the slope only.
        let samples = self.pairs.len() as f64;
        let features = descend(
            tensor(&self.start),
            Descent { steps, rate: spec.setting.rate.get() * samples },
            |_, features| Ok(ufm_loss(weights.clone(), features, targets.clone(), decays)?.total),
            |_, _, _| Ok(()),
        )?;
        to_array(features)?
            .into_dimensionality::<Ix2>()
            .map_err(|error| CoreError::Invalid(error.to_string()))
    }

    fn measure(&self, features: &Array2<f64>, theory: &Array2<f64>) -> Result<Measured, CoreError> {
        let channel = channel_stats(features.view(), self.weights.view(), &self.pairs)?;
        let norm = |values: &Array2<f64>| values.iter().map(|value| value * value).sum::<f64>().sqrt();
        let metrics = [
            ("feature-error", norm(&(features - theory)) / norm(theory)),
            ("objective", self.objective(features)),
            ("same-cos", channel.same_cosine),
            ("same-spread", self.same_spread(features)),
            ("off-plane", channel.off_plane),
            ("gap-slope", channel.gap_slope),
            ("gap-corr", channel.gap_correlation),
            ("amplification", self.amplification(features)),
        ];
        let gaps = pictures::mean_gaps(features.view(), self.weights.view(), &self.pairs);
        let plane = pictures::plane(features.view(), self.weights.view(), &self.pairs)?;
        Ok(Measured {
            metrics: metrics.map(|(name, value)| (name.to_owned(), value)).into(),
            points: [(GAP_FIGURE.to_owned(), gaps), (CHANNEL_FIGURE.to_owned(), plane)].into(),
            ..Measured::default()
        })
    }

    fn objective(&self, features: &Array2<f64>) -> f64 {
        let logits = features.dot(&self.weights.t());
        let of_rows = logits.rows().into_iter().zip(self.targets.rows()).zip(features.rows());
        let losses = of_rows.map(|((logits, target), feature)| {
            let largest = logits.fold(f64::NEG_INFINITY, |most: f64, &logit| most.max(logit));
            let sum: f64 = logits.iter().map(|logit| (logit - largest).exp()).sum();
            let data = largest + sum.ln() - target.dot(&logits);
            data + self.ufm.decay.get() / 2.0 * feature.dot(&feature)
        });
        losses.sum::<f64>() / features.nrows() as f64
    }

    /// Standard deviation over mean of the norms of features of one class, which lambda must not change; mean
    /// over classes.
    fn same_spread(&self, features: &Array2<f64>) -> f64 {
        let of_class = |class: usize| {
            let norms: ndarray::Array1<f64> = self
                .rows_of(class, class)
                .map(|row| features.row(row).dot(&features.row(row)).sqrt())
                .collect();
            norms.std(0.0) / norms.mean().unwrap_or(f64::NAN)
        };
        (0..self.ufm.classes).map(of_class).sum::<f64>() / self.ufm.classes as f64
    }

    /// Norm of the feature of two classes at lambda 1/2 over that of the mean of their own features, where a
    /// convex combination would lie; mean over pairs.
    fn amplification(&self, features: &Array2<f64>) -> f64 {
        let own = |class: usize| {
            let rows: Vec<usize> = self.rows_of(class, class).collect();
            features.select(Axis(0), &rows).sum_axis(Axis(0)) / rows.len() as f64
        };
        let own: Vec<_> = (0..self.ufm.classes).map(own).collect();
        let norm = |feature: ndarray::ArrayView1<'_, f64>| feature.dot(&feature).sqrt();
        let ratios: Vec<f64> = (self.pairs.iter().enumerate())
            .filter(|(_, pair)| pair.own != pair.partner && (pair.lambda - 0.5).abs() < 1e-12)
            .map(|(row, pair)| {
                let between = (&own[pair.own] + &own[pair.partner]) / 2.0;
                norm(features.row(row)) / norm(between.view())
            })
            .collect();
        ratios.iter().sum::<f64>() / ratios.len() as f64
    }

    fn rows_of(&self, own: usize, partner: usize) -> impl Iterator<Item = usize> {
        let rows = self.pairs.iter().enumerate();
        rows.filter(move |(_, pair)| pair.own == own && pair.partner == partner).map(|(row, _)| row)
    }
}

/// Every pair of classes, those of one class among them, at lambdas evenly spaced inside of (0, 1).
fn grid(classes: usize, lambdas: usize) -> Vec<Pair> {
    let of_pair = |own, partner| {
        (1..=lambdas).map(move |place| Pair { own, partner, lambda: place as f64 / (lambdas + 1) as f64 })
    };
    let pairs = (0..classes).flat_map(|own| (own..classes).map(move |partner| (own, partner)));
    pairs.flat_map(|(own, partner)| of_pair(own, partner)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mixup_data::Library;
    use mixup_paper::Json;
    use serde_json::{Value, json};

    fn spec(parameters: Value, setting: Value) -> FreeSpec {
        FreeSpec::from_json(&json!({
            "paper": "mixup-neural-collapse", "experiment": "test", "routine": "unconstrained-features",
            "method": "row", "parameters": parameters, "setting": setting, "seed": 1, "data": "simulated",
            "model": null, "optimizer": null, "train": null, "train_samples": null, "metrics": [], "device": "flex"
        }))
        .unwrap()
    }

    fn run(parameters: Value, setting: Value) -> Measured {
        FreeFeatures::run(&spec(parameters, setting), &RunContext::plain(&Library::from_env(None))).unwrap()
    }

    /// The objective is strongly convex with `decay`, so that after `steps` of `rate` at most `(1 - rate
    /// decay)^steps` of the distance at the start is left: that is the tolerance.
    #[test]
    fn descent_comes_as_near_to_the_closed_form_as_convexity_promises() {
        for classes in [3, 6] {
            let of = |steps: usize, by: &str| {
                let setting = json!({"width": 8, "decay": 0.02, "rate": 1.0, "steps": steps, "lambdas": 5});
                run(json!({"by": by, "classes": classes}), setting).metrics
            };
            let (start, end) = (of(1, "descent"), of(400, "descent"));
            let theory = of(1, "closed-form");
            assert_eq!(theory["feature-error"], 0.0);
            let promised = start["feature-error"] * (1.0 - 0.02_f64).powi(399);
            assert!(end["feature-error"] <= promised * (1.0 + 1e-9), "{end:?} and {promised}");
            for name in ["objective", "off-plane", "gap-slope", "amplification", "same-cos"] {
                assert!((end[name] - theory[name]).abs() < 0.01, "{name}: {end:?} and {theory:?}");
            }
            assert!(end["objective"] >= theory["objective"]);
            assert!(theory["amplification"] > 1.2 && theory["off-plane"].abs() < 1e-12, "{theory:?}");
        }
    }

    #[test]
    fn what_has_no_meaning_is_refused() {
        let refused =
            |parameters: Value, setting: Value| FreeFeatures::check(&spec(parameters, setting)).unwrap_err();
        let descent = |classes: usize| json!({"by": "descent", "classes": classes});
        assert!(refused(descent(2), json!({})).contains("2 classes"));
        assert!(refused(descent(17), json!({})).contains("17 classes"));
        assert!(refused(descent(4), json!({"lambdas": 4})).contains("odd"));
        assert_eq!(FreeFeatures::check(&spec(descent(4), json!({}))), Ok(()));
    }
}
