//! A run of a network far into the terminal phase: trained as any classifier of images, without a bias of the
//! last layer, and asked where training images and their mixtures lie.

use std::collections::BTreeMap;

use mixup_core::{
    CoreError, device,
    metrics::collapse::{EIGEN_TOLERANCE, class_means, neural_collapse, variability},
    mix::{Mixture, Ratio},
    nn::ImageNetwork,
    split::evenly_spaced,
    stream::Streams,
    tensor::to_array,
    train::{Selection, Step, Task, fit},
};
use mixup_data::{LabelledImages, load_images};
use mixup_paper::{Direction, FigureInfo, Measured, MetricInfo, Routine, RunContext, RunError, required};
use mixup_routines::classification::{
    self, Classification, ImageFeed, ImageTraining, Parts, Prepared, Row, Setting, measure, shape_of,
};
use ndarray::{Array2, Axis, Ix2};

use crate::channel::{Pair, centred, channel_stats};
use crate::method::Method;
use crate::pictures::{self, CHANNEL_FIGURE, GAP_FIGURE, TERMINAL_FIGURE};

/// A resolved run of a network.
pub type TerminalSpec = classification::Spec<Method>;

/// Training images that NC1 is watched on from epoch to epoch, and that are mixed at each lambda.
const WATCHED: usize = 500;

/// Lambdas at which training images are mixed: 0.05, 0.15, ... 0.95.
const LAMBDAS: usize = 10;

/// The routine of the networks.
pub struct Terminal;

impl Routine for Terminal {
    type Method = Row<Method>;
    type Setting = Setting;
    const NAME: &'static str = "terminal-phase";

    fn metrics() -> Vec<MetricInfo> {
        let info = MetricInfo::new;
        let (lower, higher) = (Some(Direction::Lower), Some(Direction::Higher));
        vec![
            info("accuracy", "accuracy (%)", higher, 2),
            info("train-accuracy", "training accuracy (%)", None, 2),
            info("ece", "ECE (%)", lower, 2),
            info("gap", "confidence - accuracy (%)", None, 2),
            info("nll", "NLL", lower, 4),
            info("nc1", "NC1", lower, 4),
            info("nc1-late", "NC1 at the end over that after 3/4", None, 3),
            info("nc2-equinorm", "NC2, norms of means", lower, 4),
            info("nc2-angle", "NC2, angles of means", lower, 4),
            info("nc3", "NC3", lower, 4),
            info("nc4", "NC4 (%)", lower, 2),
            info("same-cos", "cosine to the own row, same class", higher, 4),
            info("off-plane", "share outside of the plane, two classes", lower, 4),
            info("gap-slope", "slope of logit gap over log-odds", None, 3),
            info("gap-corr", "their correlation", higher, 4),
            info("convex-distance", "distance from the convex combination of means, relative", None, 4),
        ]
    }

    fn figures() -> Vec<FigureInfo> {
        pictures::of_networks()
    }

    fn data(spec: &TerminalSpec) -> Vec<String> {
        Classification::<Method>::data(spec)
    }

    fn check(spec: &TerminalSpec) -> Result<(), String> {
        if spec.setting.base.is_some() || spec.setting.ood.is_some() || spec.setting.initial_weights.is_some()
        {
            let keys = "`setting.base`, `setting.ood` and `setting.initial_weights`";
            return Err(format!("{keys} have no meaning here: leave them out"));
        }
        if spec.train.as_ref().is_some_and(|train| train.select != Selection::Last) {
            return Err("`train.select` must be `last`: the terminal phase is the end of the training".into());
        }
        Classification::<Method>::check(spec)
    }

    fn constants(_: &TerminalSpec) -> Vec<f64> {
        [WATCHED, LAMBDAS].map(|count| count as f64).into()
    }

    fn run(spec: &TerminalSpec, context: &RunContext<'_>) -> Result<Measured, RunError> {
        let device = device::open(&spec.device)?;
        let mut streams = Streams::new(&spec.experiment, spec.seed);
        let parts = Parts::of(spec, load_images(context.library, &spec.data)?, context, &mut streams)?;
        let classes = usize::from(parts.train.classes);
        let config = required(spec.model.as_ref(), "model")?;
        let shape = shape_of(&parts.train);
        let mut model = ImageNetwork::for_images(config, shape, classes, streams.get("init"), &device)?;
        model.head.bias = None;
        let task = Watched::new(ImageTraining::new(parts, spec, &device)?);
        let training = context.training(spec)?;
        let state = task.images.state(&model, None, training.config.batch.get(), &mut streams)?;
        let fit = fit(&task, model, state, &training, &mut streams)?;
        if context.replay {
            return Ok(Measured { opening: fit.opening, ..Measured::default() });
        }
        let mut measured = task.measure(&fit.last, &mut streams)?;
        let course = fit.validation_loss;
        let late = course.get(course.len() * 3 / 4).copied().unwrap_or(f64::NAN);
        let end = course.last().copied().unwrap_or(f64::NAN);
        measured.metrics.insert("nc1-late".to_owned(), end / late);
        let points = course.iter().enumerate().map(|(epoch, nc1)| [epoch as f64 + 1.0, nc1.log10()]);
        measured.points.insert(TERMINAL_FIGURE.to_owned(), points.collect());
        measured.curves =
            BTreeMap::from([("train-loss".to_owned(), fit.train_loss), ("nc1".to_owned(), course)]);
        measured.opening = fit.opening;
        Ok(measured)
    }
}

/// Training of a classifier that is watched by NC1 instead of a validation part: neural collapse is about
/// training samples.
struct Watched {
    images: ImageTraining<Method>,
    watched: LabelledImages,
}

/// Features and labels.
struct Embedded {
    features: Array2<f64>,
    labels: Vec<usize>,
}

impl Watched {
    fn new(images: ImageTraining<Method>) -> Self {
        let train = &images.parts().train;
        let rows: Vec<usize> = (0..train.len()).collect();
        let watched = train.select(&evenly_spaced(&rows, WATCHED));
        Self { images, watched }
    }

    fn classes(&self) -> usize {
        usize::from(self.watched.classes)
    }

    fn embedded(&self, model: &ImageNetwork, images: &LabelledImages) -> Result<Embedded, CoreError> {
        let labels = images.labels.iter().copied().map(usize::from).collect();
        Ok(Embedded { features: self.images.features(model, images, None)?, labels })
    }

    /// What the last network makes of test images, of training images, and of mixed training images.
    ///
    /// Streams read here: `mixed`.
    fn measure(&self, model: &ImageNetwork, streams: &mut Streams) -> Result<Measured, CoreError> {
        let Parts { train, validation, test, .. } = self.images.parts();
        let [of_test, of_validation] =
            [self.images.logits(model, test)?, self.images.logits(model, validation)?];
        let mut metrics = measure(&of_test, &of_validation)?;
        metrics.retain(|name, _| ["accuracy", "ece", "gap", "nll"].contains(&name.as_str()));
        let accuracy = self.images.logits(model, train)?.predictions()?.accuracy();

        let weights = head(model)?;
        let Embedded { features, labels } = self.embedded(model, train)?;
        let marks = neural_collapse(features.view(), &labels, weights.view(), EIGEN_TOLERANCE)?;
        let means = class_means(features.view(), &labels, self.classes())?;
        let (mixed, pairs) = self.mixed(model, streams)?;
        let own = [
            ("train-accuracy", 100.0 * accuracy),
            ("nc1", marks.variability),
            ("nc2-equinorm", marks.equinorm_means),
            ("nc2-angle", marks.angle_means),
            ("nc3", marks.self_duality),
            ("nc4", 100.0 * marks.nearest_mean),
            ("convex-distance", convex_distance(&mixed, &means, &pairs)),
        ];
        metrics.extend(own.map(|(name, value)| (name.to_owned(), value)));

        // Logits are of the features as they are; where features lie is asked in the classifier's own space,
        // around the middle of the classes: what all classes share moves no logit against another.
        let raw = channel_stats(mixed.view(), weights.view(), &pairs)?;
        let middle = means.sum_axis(Axis(0)) / means.nrows() as f64;
        let rows = centred(weights.view());
        let axes = row_space(&rows);
        let around = (&mixed - &middle).dot(&axes);
        let seen = channel_stats(around.view(), rows.dot(&axes).view(), &pairs)?;
        let channel = [
            ("same-cos", seen.same_cosine),
            ("off-plane", seen.off_plane),
            ("gap-slope", raw.gap_slope),
            ("gap-corr", raw.gap_correlation),
        ];
        metrics.extend(channel.map(|(name, value)| (name.to_owned(), value)));
        let gaps = pictures::mean_gaps(mixed.view(), weights.view(), &pairs);
        let plane = pictures::plane((&mixed - &middle).view(), rows.view(), &pairs)?;
        let points = [(GAP_FIGURE.to_owned(), gaps), (CHANNEL_FIGURE.to_owned(), plane)].into();
        Ok(Measured { metrics, points, ..Measured::default() })
    }

    /// Features of training images mixed at each lambda of the grid, by a new permutation for each.
    ///
    /// Streams read here: `mixed`.
    fn mixed(
        &self,
        model: &ImageNetwork,
        streams: &mut Streams,
    ) -> Result<(Array2<f64>, Vec<Pair>), CoreError> {
        let labels = |row: usize| usize::from(self.watched.labels[row]);
        let (mut features, mut pairs) = (Vec::new(), Vec::new());
        for place in 0..LAMBDAS {
            let lambda = (place as f64 + 0.5) / LAMBDAS as f64;
            let mixture = Mixture::permuted(self.watched.len(), Ratio::Batch(lambda), streams.get("mixed"))?;
            let partners = mixture.partners.iter().enumerate();
            pairs.extend(partners.map(|(own, &partner)| Pair {
                own: labels(own),
                partner: labels(partner),
                lambda,
            }));
            features.push(self.images.features(model, &self.watched, Some(&mixture))?);
        }
        let views: Vec<_> = features.iter().map(Array2::view).collect();
        let features =
            ndarray::concatenate(Axis(0), &views).map_err(|error| CoreError::Invalid(error.to_string()))?;
        Ok((features, pairs))
    }
}

impl Task for Watched {
    type Model = ImageNetwork;
    type State = <ImageTraining<Method> as Task>::State;
    type Feed = ImageFeed;

    fn samples(&self) -> usize {
        self.images.samples()
    }

    fn feed(&self) -> &ImageFeed {
        self.images.feed()
    }

    fn loss(
        &self,
        model: &ImageNetwork,
        state: &mut Self::State,
        prepared: Prepared,
        step: &mut Step<'_>,
    ) -> Result<burn::tensor::Tensor<1>, CoreError> {
        self.images.loss(model, state, prepared, step)
    }

    fn after_step(
        &self,
        model: &mut ImageNetwork,
        state: &mut Self::State,
        step: &mut Step<'_>,
    ) -> Result<(), CoreError> {
        self.images.after_step(model, state, step)
    }

    fn evaluated(&self, model: &ImageNetwork, state: &Self::State) -> ImageNetwork {
        self.images.evaluated(model, state)
    }

    /// NC1 of clean training images.
    fn validate(&self, model: &ImageNetwork) -> Result<f64, CoreError> {
        let Embedded { features, labels } = self.embedded(model, &self.watched)?;
        variability(features.view(), &labels, self.classes(), EIGEN_TOLERANCE)
    }
}

/// The last layer's weights, `[classes, width]`.
fn head(model: &ImageNetwork) -> Result<Array2<f64>, CoreError> {
    to_array(model.head.weight.val().transpose())?
        .into_dimensionality::<Ix2>()
        .map_err(|error| CoreError::Invalid(error.to_string()))
}

/// Orthonormal columns that span the rows of a matrix, `[width, rank]`.
fn row_space(rows: &Array2<f64>) -> Array2<f64> {
    let (squares, vectors) = mixup_core::linalg::symmetric_eigen(&rows.dot(&rows.t()));
    let largest = squares.iter().fold(0.0, |most: f64, &square| most.max(square));
    let kept: Vec<usize> =
        (0..squares.len()).filter(|&place| squares[place] > EIGEN_TOLERANCE * largest).collect();
    let lengths = kept.iter().map(|&place| squares[place].sqrt()).collect::<ndarray::Array1<f64>>();
    rows.t().dot(&vectors.select(Axis(1), &kept)) / &lengths
}

/// How far features of two classes are from `lambda mu_own + (1 - lambda) mu_partner`, as a share of that
/// point's distance from the middle of all classes; mean over pairs.
fn convex_distance(features: &Array2<f64>, means: &Array2<f64>, pairs: &[Pair]) -> f64 {
    let middle = means.sum_axis(Axis(0)) / means.nrows() as f64;
    let norm = |values: ndarray::Array1<f64>| values.dot(&values).sqrt();
    let of_pair = |(feature, pair): (ndarray::ArrayView1<'_, f64>, &Pair)| {
        let between = &means.row(pair.own) * pair.lambda + &means.row(pair.partner) * (1.0 - pair.lambda);
        norm(&feature - &between) / norm(between - &middle)
    };
    let all = features.rows().into_iter().zip(pairs).filter(|(_, pair)| pair.own != pair.partner);
    let distances: Vec<f64> = all.map(of_pair).collect();
    distances.iter().sum::<f64>() / distances.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use mixup_data::Library;
    use mixup_paper::Json;
    use ndarray::array;
    use serde_json::json;

    #[test]
    fn convex_combinations_have_no_distance_and_a_row_space_keeps_lengths() {
        let means = array![[4.0, 0.0, 1.0], [0.0, 4.0, 1.0], [-4.0, -4.0, 1.0]];
        let pair = |own, partner, lambda| Pair { own, partner, lambda };
        let pairs = [pair(0, 1, 0.25), pair(1, 2, 0.5), pair(2, 2, 0.5)];
        let on = array![[1.0, 3.0, 1.0], [-2.0, 0.0, 1.0], [9.0, 9.0, 9.0]];
        assert!(convex_distance(&on, &means, &pairs) < 1e-15);
        // The middle is (0, 0, 1); the second is moved by half of its distance from there.
        let off = array![[1.0, 3.0, 1.0], [-2.0, 1.0, 1.0], [9.0, 9.0, 9.0]];
        assert!((convex_distance(&off, &means, &pairs) - 0.25).abs() < 1e-15);

        let rows = centred(means.view());
        let axes = row_space(&rows);
        assert_eq!(axes.dim(), (3, 2));
        let gram = rows.dot(&axes).dot(&rows.dot(&axes).t());
        assert!((gram - rows.dot(&rows.t())).iter().all(|error: &f64| error.abs() < 1e-12));
    }

    #[test]
    fn a_small_run_measures_everything_and_has_no_bias() {
        let spec: TerminalSpec = TerminalSpec::from_json(&json!({
            "paper": "p", "experiment": "e", "routine": "terminal-phase", "method": "mixup-mse",
            "parameters": {"kind": "mixup-mse"}, "setting": {"hold_out": {"validation": 100, "train": 200}, "classes": 4},
            "seed": 0, "data": "digits", "model": {"kind": "mlp", "hidden": [16, 8], "activation": "relu"},
            "optimizer": {"kind": "sgd", "lr": 0.1}, "train": {"epochs": 4, "batch": 20, "select": "last"},
            "train_samples": null, "metrics": ["nc1"], "device": "flex"
        }))
        .unwrap();
        assert_eq!(Terminal::check(&spec), Ok(()));
        let mut best = spec.clone();
        best.train.as_mut().unwrap().select = Selection::BestValidation;
        assert!(Terminal::check(&best).unwrap_err().contains("must be `last`"));
        let library = Library::from_env(None);
        let measured = Terminal::run(&spec, &RunContext::plain(&library)).unwrap();
        let known: Vec<String> = Terminal::metrics().into_iter().map(|metric| metric.name).collect();
        assert_eq!(measured.metrics.len(), known.len());
        assert!(known.iter().all(|name| measured.metrics[name].is_finite()), "{measured:?}");
        assert_eq!(measured.curves["nc1"].len(), 4);
        assert_eq!(measured, Terminal::run(&spec, &RunContext::plain(&library)).unwrap());
    }
}
