//! Streams of corrupted test images, and the error on them while a network adapts.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use mixup_core::{
    CoreError,
    augment::ImageBatcher,
    metrics::classification::Predictions,
    optim::{AdamConfig, Optimizer, OptimizerConfig},
    shift::{classes_per_batch, correlated_order},
    stream::Streams,
    tensor::to_array,
};
use mixup_paper::{Direction, FigureInfo, FigureKind, Measured, MetricInfo};
use mixup_routines::classification::{Parts, shape_of};
use ndarray::Array2;
use rand::seq::SliceRandom;

use super::images::{Images, kinds};
use super::{Setting, Stream, Tent};
use crate::network::{Adapted, Affines, entropies};

/// The two orders of a stream.
const ORDERS: [&str; 2] = ["iid", "correlated"];

/// Suffix of the curves of the mean cross-entropy, one value per corruption: what says, long before an error does, whether
/// a network adapts as it did.
const LOSS: &str = "loss";

/// Parts of a stream in the picture of its course.
const PARTS: usize = 10;

fn error(order: &str) -> String {
    format!("error-{order}")
}

fn error_of(order: &str, kind: &str) -> String {
    format!("error-{order}-{kind}")
}

fn classes(order: &str) -> String {
    format!("classes-{order}")
}

fn course(order: &str) -> String {
    format!("course-{order}")
}

/// Every metric.
pub(super) fn metrics() -> Vec<MetricInfo> {
    let lower = Some(Direction::Lower);
    let mut metrics = Vec::new();
    for order in ORDERS {
        metrics.push(MetricInfo::new(&error(order), &format!("error, {order} (%)"), lower, 2));
        metrics.push(MetricInfo::new(&classes(order), &format!("classes in a batch, {order}"), None, 2));
        metrics.extend(kinds().into_iter().map(|kind| {
            let label = format!("error, {order}, {kind} (%)");
            MetricInfo::new(&error_of(order, &kind), &label, lower, 2)
        }));
    }
    metrics
}

/// Every picture.
pub(super) fn figures() -> Vec<FigureInfo> {
    let figure = |order: &str, title: &str| {
        FigureInfo {
        name: course(order),
        title: title.to_owned(),
        caption: "Error in each tenth of a stream, mean over the corruptions and over all seeds. What adapts slowly falls \
                  from left to right."
            .to_owned(),
        metric: Some(error(order)),
        kind: FigureKind::Lines {
            x_label: "tenth of the stream".to_owned(),
            log_x: false,
            y_label: "error (%)".to_owned(),
        },
    }
    };
    vec![figure("iid", "Streams in a random order"), figure("correlated", "Streams of correlated labels")]
}

/// Corrupted images in an order of their own.
struct Part {
    kind: String,
    pixels: Vec<u8>,
    /// Of each order, image by image.
    orders: [Vec<usize>; 2],
}

/// All streams of a seed: the same for every row.
pub(super) struct Measurement {
    parts: Vec<Part>,
    labels: Vec<usize>,
    batcher: ImageBatcher,
    stream: Stream,
    device: Device,
}

impl Measurement {
    /// Draws the orders of corrupted images, which have the same labels under each corruption.
    ///
    /// Streams read here: `order` and `correlated`.
    ///
    /// # Errors
    /// No test images.
    pub(super) fn new(
        parts: &Parts,
        images: Vec<Images>,
        setting: &Setting,
        stream: Stream,
        device: &Device,
        streams: &mut Streams,
    ) -> Result<Self, CoreError> {
        let shape = shape_of(&parts.train);
        let statistics = setting.normalise.statistics(&parts.train.pixels, shape)?;
        let batcher = ImageBatcher::new(shape, &statistics, mixup_core::augment::AugmentConfig::default())?;
        let labels = images.first().map_or(&parts.test.labels, |first| &first.images.labels);
        let labels: Vec<usize> = labels.iter().copied().map(usize::from).collect();
        let part = |Images { kind, images }: Images| {
            let mut independent: Vec<usize> = (0..labels.len()).collect();
            independent.shuffle(streams.get("order"));
            let correlated = correlated_order(&labels, stream.concentration, streams.get("correlated"))?;
            Ok(Part { kind, pixels: images.pixels, orders: [independent, correlated] })
        };
        let parts = images.into_iter().map(part).collect::<Result<_, CoreError>>()?;
        Ok(Self { parts, labels, batcher, stream, device: device.clone() })
    }

    /// Errors of a network that begins each order, and each corruption unless streams are continual, as it is.
    ///
    /// # Errors
    /// A failing device.
    pub(super) fn of(&self, start: &(Adapted, Affines), tent: Option<Tent>) -> Result<Measured, CoreError> {
        let mut measured = Measured::default();
        for (at, order) in ORDERS.into_iter().enumerate() {
            let mut run = Adaptation::new(start, tent)?;
            let (mut errors, mut losses, mut classes_seen) = (Vec::new(), Vec::new(), 0.0);
            let mut tenths = [0.0; PARTS];
            for part in &self.parts {
                if !self.stream.continual {
                    run = Adaptation::new(start, tent)?;
                }
                let (wrong, loss) = self.judged(&mut run, part, &part.orders[at])?;
                losses.push(loss);
                let share = |wrong: &[bool]| {
                    100.0 * wrong.iter().filter(|wrong| **wrong).count() as f64 / wrong.len().max(1) as f64
                };
                measured.metrics.insert(error_of(order, &part.kind), share(&wrong));
                errors.push(share(&wrong));
                for (tenth, error) in tenths.iter_mut().enumerate() {
                    let place = |tenth: usize| tenth * wrong.len() / PARTS;
                    *error += share(&wrong[place(tenth)..place(tenth + 1)]) / self.parts.len() as f64;
                }
                let labels: Vec<usize> = part.orders[at].iter().map(|&image| self.labels[image]).collect();
                classes_seen += classes_per_batch(&labels, self.stream.batch.get());
            }
            let mean = |sum: f64| sum / self.parts.len() as f64;
            measured.metrics.insert(error(order), mean(errors.iter().sum()));
            measured.metrics.insert(classes(order), mean(classes_seen));
            let points = tenths.iter().enumerate().map(|(tenth, error)| [tenth as f64 + 1.0, *error]);
            measured.points.insert(course(order), points.collect());
            measured.curves.insert(format!("{order}-{LOSS}"), losses);
        }
        Ok(measured)
    }

    /// Whether what is said of each image of a stream is wrong, and the mean cross-entropy of it.
    fn judged(
        &self,
        run: &mut Adaptation,
        part: &Part,
        order: &[usize],
    ) -> Result<(Vec<bool>, f64), CoreError> {
        let (mut wrong, mut loss) = (Vec::with_capacity(order.len()), 0.0);
        for batch in order.chunks(self.stream.batch.get()) {
            let x = self.batcher.plain(&part.pixels, batch, &self.device);
            let logits = run.answers(x)?;
            let labels: Vec<usize> = batch.iter().map(|&image| self.labels[image]).collect();
            let said = Predictions::from_logits(logits.view(), &labels)?;
            wrong.extend(said.correct().into_iter().map(|right| !right));
            loss += said.nll() * batch.len() as f64;
        }
        Ok((wrong, loss / order.len() as f64))
    }
}

/// A network on its way through a stream.
struct Adaptation {
    network: Adapted,
    affines: Affines,
    tent: Option<(Tent, Optimizer)>,
}

impl Adaptation {
    fn new((network, affines): &(Adapted, Affines), tent: Option<Tent>) -> Result<Self, CoreError> {
        let affines = if tent.is_some() { affines.clone().train() } else { affines.clone() };
        let adam = |tent: Tent| {
            let optimizer = OptimizerConfig::Adam(AdamConfig::new(tent.lr)).init(&affines)?;
            Ok::<_, CoreError>((tent, optimizer))
        };
        let tent = tent.map(adam).transpose()?;
        Ok(Self { network: network.clone(), affines, tent })
    }

    /// Logits of a batch, `[images, classes]`, before the step that follows them.
    fn answers(&mut self, x: Tensor<4>) -> Result<Array2<f64>, CoreError> {
        let logits = self.network.logits(x, &self.affines)?;
        if let Some((Tent { lr }, optimizer)) = &mut self.tent {
            let loss = entropies(logits.clone()).mean();
            self.affines = optimizer.step(lr.get(), self.affines.clone(), &mut loss.backward());
        }
        let logits = to_array(logits)?.into_dimensionality();
        logits.map_err(|error| CoreError::Invalid(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_metrics() {
        let names: Vec<String> = metrics().into_iter().map(|metric| metric.name).collect();
        assert!(
            names.contains(&error("iid"))
                && names.contains(&error_of("correlated", "contrast"))
                && names.contains(&error_of("iid", "jpeg-compression"))
        );
        let unique: std::collections::BTreeSet<&String> = names.iter().collect();
        assert_eq!(unique.len(), names.len());
    }
}
