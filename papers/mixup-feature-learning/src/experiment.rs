//! A run of the simulation: draw the samples, descend, and ask what was learnt.

use std::num::NonZeroUsize;

use burn::tensor::{DType, Device, Tensor, TensorData};
use mixup_core::{
    CoreError,
    checked::{NonNegative, Positive, UnitInterval},
    device,
    optim::{Descent, descend},
    stream::Streams,
    tensor::{one_hot, to_host},
};
use mixup_data::catalogue::SIMULATED;
use mixup_paper::{
    Direction, FigureInfo, FigureKind, Measured, MetricInfo, Routine, RunContext, RunError, RunSpec,
};
use mixup_routines::{non_negative, parameters, positive, size, unit};
use ndarray::{Array2, Array3};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use crate::data::{Draws, FeatureNoise, RARE, Sizes, standard_features};
use crate::method::Method;
use crate::network::{Projections, Scores};

/// A resolved run of the simulation.
pub type Spec = RunSpec<Method, Setting>;

/// The picture of rare features in the course of training.
pub const GROWTH_FIGURE: &str = "growth";

/// Classes.
const CLASSES: usize = 2;

/// Points of a course.
const POINTS: usize = 60;

/// Steps of a glimpse, which has the whole course in little.
const GLIMPSE_STEPS: usize = 24;

/// What runs are computed in; golden vectors take the same functions in f64.
const PRECISION: DType = DType::F32;

parameters!(
    /// Sizes of the simulation; defaults are ours, for the paper's could not be read.
    Setting {
        /// Training samples, n.
        samples: NonZeroUsize = size(200),
        /// Width of a patch, d.
        width: NonZeroUsize = size(400),
        /// Patches of a sample, P.
        patches: NonZeroUsize = size(4),
        /// Patches of feature noise among them, b.
        noisy: usize = 1,
        /// Strength of feature noise, alpha.
        alpha: NonNegative = non_negative(0.3),
        /// Probability of a rare feature, rho.
        rare: UnitInterval = unit(0.1),
        /// Norm of a patch of Gaussian noise, sigma_p sqrt(d), where that of a feature is 1.
        noise_norm: NonNegative = non_negative(4.0),
        /// Filters of each class, m.
        neurons: NonZeroUsize = size(5),
        /// Standard deviation of a weight at the start, sigma_0.
        init: Positive = positive(0.01),
        /// Power of the activation, q.
        power: NonZeroUsize = size(2),
        /// Learning rate.
        rate: Positive = positive(0.1),
        /// Full-batch steps.
        steps: NonZeroUsize = size(1200),
        /// Test samples with common features, and as many with rare ones.
        test: NonZeroUsize = size(1000),
    }
);

impl Setting {
    fn sizes(&self) -> Sizes {
        Sizes { patches: self.patches.get(), noisy: self.noisy, width: self.width.get() }
    }

    fn noise(&self) -> FeatureNoise {
        let sigma = self.noise_norm.get() / (self.width.get() as f64).sqrt();
        FeatureNoise { alpha: self.alpha.get(), sigma }
    }

    fn power(&self) -> u32 {
        u32::try_from(self.power.get()).unwrap_or(u32::MAX)
    }
}

/// The routine of the simulation: nothing is read, everything is drawn.
pub struct Simulation;

mixup_paper::as_json!(Method, Setting);

impl Routine for Simulation {
    type Method = Method;
    type Setting = Setting;
    const NAME: &'static str = "feature-noise";

    fn metrics() -> Vec<MetricInfo> {
        let info = MetricInfo::new;
        let (lower, higher) = (Some(Direction::Lower), Some(Direction::Higher));
        vec![
            info("rare-error", "test error, rare feature (%)", lower, 2),
            info("common-error", "test error, common feature (%)", lower, 2),
            info("error", "test error (%)", lower, 2),
            info("train-error", "training error (%)", None, 2),
            info("rare-score", "largest |<w, rare feature>|", higher, 3),
            info("common-score", "largest |<w, common feature>|", None, 3),
            info("noise-share", "noise in the logits of rare training samples (%)", None, 1),
        ]
    }

    fn figures() -> Vec<FigureInfo> {
        vec![FigureInfo {
            name: GROWTH_FIGURE.to_owned(),
            title: "How rare features grow".to_owned(),
            caption: "Largest inner product of a rare feature and a filter of its class, mean over the two rare features, in \
                      the course of training."
                .to_owned(),
            metric: Some("rare-error".to_owned()),
            kind: FigureKind::Scatter {
                x_label: "step".to_owned(),
                y_label: "largest |<w, rare feature>|".to_owned(),
                diagonal: false,
                joined: true,
            },
        }]
    }

    fn data(_: &Spec) -> Vec<String> {
        Vec::new()
    }

    fn check(spec: &Spec) -> Result<(), String> {
        let Setting { width, patches, noisy, .. } = &spec.setting;
        if spec.data != SIMULATED {
            return Err(format!("`data` is `{}`; these samples are drawn: `{SIMULATED}`", spec.data));
        }
        if spec.model.is_some() || spec.optimizer.is_some() || spec.train.is_some() {
            return Err("`model`, `optimizer` and `train` have no meaning here: `setting` has it all".into());
        }
        if spec.train_samples.is_some() || spec.test_samples.is_some() {
            return Err("numbers of samples are in `setting`: `samples` and `test`".into());
        }
        if patches.get() < 2 + noisy {
            return Err(format!(
                "setting.patches is {patches}; a feature, {noisy} patches of feature noise and one of noise need {}",
                2 + noisy
            ));
        }
        if width.get() <= 2 * CLASSES {
            return Err(format!("setting.width is {width}; noise beside four features needs more than 4"));
        }
        Ok(())
    }

    fn constants(_: &Spec) -> Vec<f64> {
        vec![POINTS as f64]
    }

    fn run(spec: &Spec, context: &RunContext<'_>) -> Result<Measured, RunError> {
        let device = device::open(&spec.device)?;
        let mut streams = Streams::new(&spec.experiment, spec.seed);
        let measured = simulate(spec, context, &device, &mut streams)?;
        (context.progress)(1, 1);
        Ok(measured)
    }
}

/// Samples on the device, with what they were made of.
struct Part {
    draws: Draws,
    patches: Tensor<3>,
}

impl Part {
    fn draw(
        setting: &Setting,
        samples: usize,
        rare: UnitInterval,
        device: &Device,
        rng: &mut impl Rng,
    ) -> Result<Self, CoreError> {
        let draws = Draws::new(samples, setting.sizes(), rare, rng);
        let samples = draws.samples(standard_features(setting.width.get()).view(), setting.noise())?;
        Ok(Self { draws, patches: tensor(&samples, device) })
    }

    /// Percent of samples whose class does not have the largest logit.
    fn error(&self, weights: &Tensor<3>, power: u32) -> Result<f64, CoreError> {
        let logits = to_host(Projections::of(weights.clone(), self.patches.clone())?.logits(power))?;
        let pairs = logits.chunks_exact(CLASSES).zip(&self.draws.classes);
        let wrong = pairs.filter(|(logits, class)| logits[**class] <= logits[1 - **class]).count();
        Ok(100.0 * wrong as f64 / self.draws.classes.len() as f64)
    }
}

fn tensor(values: &Array3<f64>, device: &Device) -> Tensor<3> {
    let shape = values.shape().to_vec();
    Tensor::from_data(TensorData::new(values.iter().copied().collect(), shape), (device, PRECISION))
}

/// Streams read here: `samples`, `init`, `test`, and those of [`Method::loss`].
fn simulate(
    spec: &Spec,
    context: &RunContext<'_>,
    device: &Device,
    streams: &mut Streams,
) -> Result<Measured, CoreError> {
    let setting = &spec.setting;
    let (power, width, neurons) = (setting.power(), setting.width.get(), setting.neurons.get());
    let train = Part::draw(setting, setting.samples.get(), setting.rare, device, streams.get("samples"))?;
    let targets = one_hot(&train.draws.classes, CLASSES, (device, PRECISION))?;
    let rng = streams.get("init");
    let mut normal = || rng.sample::<f64, _>(StandardNormal) * setting.init.get();
    let start = tensor(&Array3::from_shape_simple_fn((CLASSES, neurons, width), &mut normal), device);

    let steps = context.glimpse.map_or(setting.steps.get(), |_| setting.steps.get().min(GLIMPSE_STEPS));
    let features = standard_features(width);
    let (mut losses, mut growth) = (Vec::new(), Vec::new());
    let weights = descend(
        start,
        Descent { steps, rate: setting.rate.get() },
        |step, weights| {
            let projections = Projections::of(weights, train.patches.clone())?;
            spec.parameters.loss(&projections, targets.clone(), power, [step, steps], streams)
        },
        |step, weights, loss| {
            if step % steps.div_ceil(POINTS) == 0 {
                losses.push(loss);
                growth.push([step as f64, own_score(weights, &features, RARE)?]);
            }
            Ok(())
        },
    )?;
    growth.push([steps as f64, own_score(&weights, &features, RARE)?]);

    let tested = context.at_most(setting.test.get());
    let mut error_on = |rare: f64| {
        let rare = unit(rare);
        Part::draw(setting, tested, rare, device, streams.get("test"))?.error(&weights, power)
    };
    let (common, rare, share) = (error_on(0.0)?, error_on(1.0)?, setting.rare.get());
    let metrics = [
        ("rare-error", rare),
        ("common-error", common),
        ("error", (1.0 - share) * common + share * rare),
        ("train-error", train.error(&weights, power)?),
        ("rare-score", own_score(&weights, &features, RARE)?),
        ("common-score", own_score(&weights, &features, 0)?),
        ("noise-share", noise_share(&train, &weights, power)?),
    ];
    let scores = growth.iter().map(|[_, score]| *score).collect();
    Ok(Measured {
        metrics: metrics.map(|(name, value)| (name.to_owned(), value)).into(),
        curves: [("train-loss".to_owned(), losses), ("rare-score".to_owned(), scores)].into(),
        points: [(GROWTH_FIGURE.to_owned(), growth)].into(),
        ..Measured::default()
    })
}

/// `max_r |<w_{k,r}, f_k>|`, mean over the classes k; f_k are the features from `first` on.
fn own_score(weights: &Tensor<3>, features: &Array2<f64>, first: usize) -> Result<f64, CoreError> {
    let Scores { max_abs, .. } = Scores::of(weights.clone(), features.view())?;
    Ok((0..CLASSES).map(|class| max_abs[[class, first + class]]).sum::<f64>() / CLASSES as f64)
}

/// Percent of the own class's logit that Gaussian patches give, mean over the rare training samples: near 100
/// where they were learnt by heart, near 0 where their feature was learnt.
fn noise_share(train: &Part, weights: &Tensor<3>, power: u32) -> Result<f64, CoreError> {
    let Part { draws, patches } = train;
    let by_patch = Projections::of(weights.clone(), patches.clone())?.by_patch(&draws.classes, power)?;
    let share = |row: usize| {
        let noise: f64 = draws.gaussian_patches(row).into_iter().map(|patch| by_patch[[row, patch]]).sum();
        100.0 * noise / by_patch.row(row).sum()
    };
    let rare: Vec<f64> = (0..draws.rare.len()).filter(|&row| draws.rare[row]).map(share).collect();
    if rare.is_empty() {
        return Err(CoreError::Invalid(
            "no training sample has a rare feature; raise `rare` or `samples`".into(),
        ));
    }
    Ok(rare.iter().sum::<f64>() / rare.len() as f64)
}

#[cfg(test)]
mod tests;
