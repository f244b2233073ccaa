//! The experiment: two networks are trained once per seed, each row mixes them in its way, and the mixture is attacked
//! as a whole.

mod bases;
mod curve;
mod measure;
mod setting;
mod train;

pub use setting::{Adaptive, Method, Network, Setting};

use mixup_core::{
    device,
    stream::Streams,
    train::{NoState, fit},
};
use mixup_data::load_images;
use mixup_paper::{
    FigureInfo, Measured, MetricInfo, Routine, RunContext, RunError, RunSpec, Stage, required,
};
use mixup_routines::classification::{Adversarial, Classification, Parts};

use crate::{gate::Gate, mixing::Mix};
use bases::Bases;
use curve::{Curve, GRID, Point};
use measure::{Measurement, figures, metrics};
use setting::{Trained, training};
use train::GateTraining;

mixup_paper::as_json!(Method, Setting);

/// A resolved run.
pub(crate) type Spec = RunSpec<Method, Setting>;

/// Images that are attacked in a glimpse.
const GLIMPSE: usize = 8;

/// The routine.
pub struct Smoothing;

impl Routine for Smoothing {
    type Method = Method;
    type Setting = Setting;
    const NAME: &'static str = "adaptive-smoothing";

    fn metrics() -> Vec<MetricInfo> {
        metrics()
    }

    fn figures() -> Vec<FigureInfo> {
        figures()
    }

    fn check(spec: &Spec) -> Result<(), String> {
        if spec.model.is_none() || spec.train.is_none() || spec.optimizer.is_none() {
            return Err("`model`, `train` and `optimizer` are needed".into());
        }
        if let Method::Adaptive(adaptive) = &spec.parameters {
            let largest = adaptive.choice.alpha_scale.get() + adaptive.choice.alpha_bias.get();
            if adaptive.choice.alpha_bias.get() == 0.0 || largest >= 1.0 {
                return Err(format!(
                    "alpha goes from {} to {largest}: both must be between 0 and 1",
                    adaptive.choice.alpha_bias.get()
                ));
            }
        }
        let networks = match spec.parameters {
            Method::Train { network } => vec![network],
            _ => Network::BOTH.to_vec(),
        };
        for network in networks {
            Classification::<Adversarial>::check(&training(spec, network)?)?;
        }
        Ok(())
    }

    fn stages(spec: &Spec) -> Vec<Stage<Spec>> {
        if matches!(spec.parameters, Method::Train { .. }) {
            return Vec::new();
        }
        let stage = |network: &Network| {
            let Trained { train, optimizer, model } = spec.setting.trained(*network)?;
            Some(Stage {
                name: network.name(),
                spec: RunSpec {
                    method: network.name().to_owned(),
                    parameters: Method::Train { network: *network },
                    setting: spec.setting.of_stage(*network),
                    train: Some(train),
                    optimizer: optimizer.or_else(|| spec.optimizer.clone()),
                    model: model.or_else(|| spec.model.clone()),
                    metrics: Vec::new(),
                    ..spec.clone()
                },
            })
        };
        Network::BOTH.iter().filter_map(stage).collect()
    }

    fn constants(_: &Spec) -> Vec<f64> {
        [&[GLIMPSE as f64, train::VALIDATION as f64][..], &GRID].concat()
    }

    fn run(spec: &Spec, context: &RunContext<'_>) -> Result<Measured, RunError> {
        if let Method::Train { network } = spec.parameters {
            let training = training(spec, network).map_err(RunError::Spec)?;
            return Ok(Measured {
                predictions: None,
                ..Classification::<Adversarial>::run(&training, context)?
            });
        }
        let is_trained = matches!(spec.parameters, Method::Adaptive(_));
        if context.replay && !is_trained {
            return Ok(Measured::default());
        }
        let device = device::open(&spec.device)?;
        let mut streams = Streams::new(&format!("{} mixed", spec.experiment), spec.seed);
        let plain = training(spec, Network::Standard).map_err(RunError::Spec)?;
        // The parts of the networks' own training: streams of the experiment's name.
        let mut split = Streams::new(&spec.experiment, spec.seed);
        let parts = Parts::of(&plain, load_images(context.library, &spec.data)?, context, &mut split)?;
        let bases = Bases::load(spec, &parts, context, &device)?;
        let attack = *required(spec.setting.attack.as_ref(), "setting.attack")?;
        let count = spec.setting.attacked.map_or(parts.test.len(), |count| count.get().min(parts.test.len()));
        let count = if context.glimpse.is_some() { count.min(GLIMPSE) } else { count };
        let measurement = Measurement::new(&parts, count, attack, &device)?;
        let mut measured = match &spec.parameters {
            Method::Train { .. } => return Err(RunError::Spec("a training that went astray".into())),
            Method::Alone { network } => measurement.of_network(&bases, *network)?,
            Method::Fixed { mix } => measurement.of_curve(&measurement.curve(&bases, *mix, &GRID)?),
            Method::Chord {} => {
                let ends = measurement.curve(&bases, Mix::Probabilities, &[0.0, 1.0])?;
                measurement.of_curve(&ends.chord())
            }
            Method::Adaptive(adaptive) => {
                let gate = Gate::new(bases.features(), adaptive.hidden, streams.get("gate"), &device);
                let task = GateTraining::new(&parts, &bases, adaptive, &device)?;
                let training = context.training(spec)?;
                let fit = fit(&task, gate, NoState, &training, &mut streams)?;
                if context.replay {
                    return Ok(Measured { opening: fit.opening, ..Measured::default() });
                }
                let gate = training.config.select.of(&fit.best, &fit.last);
                let judged = measurement.judged(|x| bases.chosen(x, gate, &adaptive.choice))?;
                let alphas =
                    measurement.alphas(|x| Ok(gate.alphas(bases.features_of(x), &adaptive.choice)))?;
                let upper: Vec<f64> = GRID.into_iter().filter(|alpha| *alpha >= 0.5).collect();
                let fixed = measurement.curve(&bases, Mix::Probabilities, &upper)?;
                let mut measured = measurement.of_adaptive(judged, alphas, &fixed.curve);
                measured.opening = fit.opening;
                measured.curves.extend([
                    ("train-loss".to_owned(), fit.train_loss),
                    ("validation-loss".to_owned(), fit.validation_loss),
                ]);
                measured
            }
        };
        // Rows that do not tell a metric have no value of it.
        for metric in metrics() {
            if spec.wants(&metric.name) {
                measured.metrics.entry(metric.name).or_insert(f64::NAN);
            }
        }
        Ok(measured)
    }
}

#[cfg(test)]
mod tests;
