//! The experiment: a network is trained once per seed on clean images; each row adapts it in its way to streams of corrupted
//! ones, and is judged by what it says while it adapts.

mod images;
mod measure;
mod setting;

pub use setting::{Method, Setting, Stream, Tent};

use mixup_core::{device, nn::ImageNetwork, stream::Streams, train::Network};
use mixup_data::load_images;
use mixup_paper::{
    FigureInfo, Measured, MetricInfo, Routine, RunContext, RunError, RunSpec, Stage, required,
};
use mixup_routines::classification::{Classification, NoOwn, Parts, shape_of};

use crate::network::Adapted;
use images::{foreign, own};
use measure::{Measurement, figures, metrics};
use setting::{Corrupted, training};

mixup_paper::as_json!(Method, Setting);

/// A resolved run.
pub(crate) type Spec = RunSpec<Method, Setting>;

/// Name of the stage.
const SOURCE: &str = "source-network";

/// The routine.
pub struct Unmixing;

impl Routine for Unmixing {
    type Method = Method;
    type Setting = Setting;
    const NAME: &'static str = "unmix-tns";

    fn metrics() -> Vec<MetricInfo> {
        metrics()
    }

    fn figures() -> Vec<FigureInfo> {
        figures()
    }

    fn data(spec: &Spec) -> Vec<String> {
        let corrupted = spec.setting.corrupted.as_ref().map(|corrupted| &corrupted.data);
        [Some(&spec.data), corrupted].into_iter().flatten().cloned().collect()
    }

    fn check(spec: &Spec) -> Result<(), String> {
        Classification::<NoOwn>::check(&training(spec))?;
        if matches!(spec.parameters, Method::Train {}) {
            return Ok(());
        }
        match (&spec.setting.corrupted, spec.setting.corruptions.is_empty()) {
            (None, true) => {
                return Err("`setting.corruptions` is empty: `[{kind: contrast, severity: 2}]`, say".into());
            }
            (Some(_), false) => {
                return Err("`setting.corruptions` and `setting.corrupted`: only one of them".into());
            }
            (Some(Corrupted { data, .. }), true) if *data != format!("{}-c", spec.data) => {
                return Err(format!(
                    "setting.corrupted.data is `{data}`, of other images than `{}`",
                    spec.data
                ));
            }
            _ => {}
        }
        match &spec.setting.stream {
            Some(_) => Ok(()),
            None => Err("`setting.stream` is missing: `{batch: 64, concentration: 0.1}`, say".into()),
        }
    }

    fn stages(spec: &Spec) -> Vec<Stage<Spec>> {
        if matches!(spec.parameters, Method::Train {}) {
            return Vec::new();
        }
        vec![Stage {
            name: SOURCE,
            spec: RunSpec {
                method: SOURCE.to_owned(),
                parameters: Method::Train {},
                setting: spec.setting.of_stage(),
                metrics: Vec::new(),
                ..spec.clone()
            },
        }]
    }

    fn run(spec: &Spec, context: &RunContext<'_>) -> Result<Measured, RunError> {
        let training = training(spec);
        if matches!(spec.parameters, Method::Train {}) {
            return Ok(Measured { predictions: None, ..Classification::<NoOwn>::run(&training, context)? });
        }
        if context.replay {
            return Ok(Measured::default());
        }
        let device = device::open(&spec.device)?;
        // The parts of the network's own training: streams of the experiment's name.
        let mut split = Streams::new(&spec.experiment, spec.seed);
        let parts = Parts::of(&training, load_images(context.library, &spec.data)?, context, &mut split)?;
        let config = required(spec.model.as_ref(), "model")?;
        let (shape, classes) = (shape_of(&parts.train), usize::from(parts.train.classes));
        let mut unused = Streams::new(SOURCE, spec.seed);
        let fresh = ImageNetwork::for_images(config, shape, classes, unused.get("init"), &device)?;
        let network = context.start_from(SOURCE, fresh)?.evaluation();
        let stream = *required(spec.setting.stream.as_ref(), "setting.stream")?;
        let mut streams = Streams::new(&format!("{} adapted", spec.experiment), spec.seed);
        let norm = spec.parameters.norm(&stream);
        let start = Adapted::new(&network, norm, streams.get("components"), &device)?;
        let images = match &spec.setting.corrupted {
            Some(corrupted) => foreign(corrupted, spec, context)?,
            None => own(&parts.test, &spec.setting.corruptions, &mut streams)?,
        };
        let measurement = Measurement::new(&parts, images, &spec.setting, stream, &device, &mut streams)?;
        let mut measured = measurement.of(&start, spec.parameters.tent())?;
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
