//! What is measured of classifiers, on images as they are and under attack.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, activation::softmax};
use mixup_core::{
    CoreError,
    attack::Pgd,
    augment::{AugmentConfig, ImageBatcher, Normalise},
    checked::UnitInterval,
    loss::soft_cross_entropy,
    split::evenly_spaced,
    tensor::{one_hot, to_array, to_host},
};
use mixup_paper::{Direction, FigureInfo, FigureKind, Measured, MetricInfo};
use mixup_routines::classification::{Parts, shape_of};
use ndarray::Ix2;

use super::{Bases, Curve, GRID, Network, Point};
use crate::{certificate::two_largest, mixing::Mix};

/// Images in one pass.
const BATCH: usize = 128;

/// Names of what is measured of every row that is one classifier.
const CLEAN: &str = "clean";
const ATTACKED: &str = "attacked";
/// Mean differences of the two largest probabilities.
const MARGINS: [(&str, &str); 4] = [
    ("margin-clean-right", "margin where right (%)"),
    ("margin-clean-wrong", "margin where wrong (%)"),
    ("margin-attacked-right", "margin where right under attack (%)"),
    ("margin-attacked-wrong", "margin where wrong under attack (%)"),
];
/// What is measured of curves.
const GAIN: &str = "gain";
const AREA: &str = "area";
const JUMP: &str = "jump";
const ABOVE: &str = "clean-above-fixed";
const ALPHA_CLEAN: &str = "alpha-clean";
/// Pictures.
const TRADE_OFF: &str = "trade-off";
const OVER_ALPHA: &str = "attacked-over-alpha";

/// Every metric.
pub(super) fn metrics() -> Vec<MetricInfo> {
    let higher = Some(Direction::Higher);
    let info = MetricInfo::new;
    let mut metrics = vec![
        info(CLEAN, "accuracy (%)", higher, 2),
        info(ATTACKED, "accuracy under attack (%)", higher, 2),
        info(GAIN, "accuracy won for two points under attack (% of the gap)", higher, 1),
        info(AREA, "area above the chord (%)", higher, 1),
        info(JUMP, "rise under attack from alpha 0.45 to 0.55 (%)", None, 1),
        info(ABOVE, "accuracy above fixed alphas as robust (%)", higher, 2),
        info(ALPHA_CLEAN, "mean alpha", None, 3),
    ];
    metrics.extend(MARGINS.map(|(name, label)| info(name, label, None, 1)));
    for alpha in GRID {
        metrics.push(info(&at(CLEAN, alpha), &format!("accuracy at alpha {alpha} (%)"), higher, 2));
        metrics.push(info(
            &at(ATTACKED, alpha),
            &format!("accuracy under attack at alpha {alpha} (%)"),
            higher,
            2,
        ));
    }
    metrics
}

fn at(name: &str, alpha: f64) -> String {
    format!("{name}-{alpha}")
}

/// Every picture.
pub(super) fn figures() -> Vec<FigureInfo> {
    vec![
        FigureInfo {
            name: TRADE_OFF.to_owned(),
            title: "Accuracy and robustness".to_owned(),
            caption: "Test images of one run: accuracy on them under attack over accuracy on them as they are. A point of a \
                      line is an alpha, from the accurate network (right) to the robust one; the chord is a coin that \
                      takes one network's answer or the other's."
                .to_owned(),
            metric: Some(AREA.to_owned()),
            kind: FigureKind::Scatter {
                x_label: "accuracy (%)".to_owned(),
                y_label: "accuracy under attack (%)".to_owned(),
                diagonal: false,
                joined: true,
            },
        },
        FigureInfo {
            name: OVER_ALPHA.to_owned(),
            title: "Robustness over alpha".to_owned(),
            caption: "Accuracy under attack over alpha, the weight of the robust network, mean over all seeds. Mixed \
                      probabilities jump at one half: below it a confident wrong answer of the accurate network cannot be \
                      outvoted."
                .to_owned(),
            metric: Some(JUMP.to_owned()),
            kind: FigureKind::Lines {
                x_label: "alpha".to_owned(),
                log_x: false,
                y_label: "accuracy under attack (%)".to_owned(),
            },
        },
    ]
}

/// Some images with their classes.
struct Batch {
    x: Tensor<4>,
    targets: Tensor<2>,
    labels: Vec<usize>,
}

/// Test images, and how they are attacked.
pub(super) struct Measurement {
    batches: Vec<Batch>,
    attack: Pgd,
}

/// What a classifier says of an image.
struct Answer {
    /// Difference of its two largest probabilities.
    margin: f64,
    right: bool,
    /// Cross-entropy.
    loss: f64,
}

/// Of all images, as they are and attacked.
type Answers = [Vec<Answer>; 2];

/// Accuracies and mean cross-entropies of a classifier, on images as they are and attacked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged {
    pub(super) point: Point,
    losses: [f64; 2],
}

/// A curve, and the cross-entropies at its points: these say long before an accuracy does whether a classifier is the
/// one that it was.
pub(super) struct CurveWithLosses {
    pub(super) curve: Curve,
    losses: Vec<[f64; 2]>,
}

impl CurveWithLosses {
    /// The straight line between the ends; with what is known of the ends.
    pub(super) fn chord(self) -> Self {
        Self { curve: self.curve.chord(), losses: self.losses }
    }
}

impl Measurement {
    /// So many test images, evenly spaced.
    ///
    /// # Errors
    /// Images without a pixel.
    pub(super) fn new(parts: &Parts, count: usize, attack: Pgd, device: &Device) -> Result<Self, CoreError> {
        let test = &parts.test;
        let shape = shape_of(test);
        let statistics = Normalise::UnitInterval.statistics(&test.pixels, shape)?;
        let batcher = ImageBatcher::new(shape, &statistics, AugmentConfig::default())?;
        let all: Vec<usize> = (0..test.len()).collect();
        let rows = evenly_spaced(&all, count);
        let batch = |rows: &[usize]| {
            let labels: Vec<usize> = rows.iter().map(|&row| usize::from(test.labels[row])).collect();
            let targets = one_hot(&labels, usize::from(test.classes), device)?;
            Ok(Batch { x: batcher.plain(&test.pixels, rows, device), targets, labels })
        };
        Ok(Self { batches: rows.chunks(BATCH).map(batch).collect::<Result<_, CoreError>>()?, attack })
    }

    /// Answers to all images as they are and, attacked as a whole, without a random start.
    fn answers(
        &self,
        outputs: impl Fn(Tensor<4>) -> Result<Tensor<2>, CoreError>,
    ) -> Result<Answers, CoreError> {
        let (mut clean, mut attacked) = (Vec::new(), Vec::new());
        for Batch { x, targets, labels } in &self.batches {
            let moved = self
                .attack
                .attack(x.clone(), x.clone(), |x| soft_cross_entropy(outputs(x)?, targets.clone()))?;
            for (x, into) in [(x.clone(), &mut clean), (moved, &mut attacked)] {
                let outputs = to_array(softmax(outputs(x)?, 1))?.into_dimensionality::<Ix2>();
                let outputs = outputs.map_err(|error| CoreError::Invalid(error.to_string()))?;
                into.extend(outputs.rows().into_iter().zip(labels).map(|(row, &label)| {
                    let [first, second] = two_largest(row);
                    // A tie is no answer.
                    let right = row[label] == first && first > second;
                    Answer { margin: first - second, right, loss: -row[label].max(f64::MIN_POSITIVE).ln() }
                }));
            }
        }
        Ok([clean, attacked])
    }

    /// Accuracies and cross-entropies of a classifier.
    ///
    /// # Errors
    /// What the classifier refuses.
    pub(super) fn judged(
        &self,
        outputs: impl Fn(Tensor<4>) -> Result<Tensor<2>, CoreError>,
    ) -> Result<Judged, CoreError> {
        Ok(judged(&self.answers(outputs)?))
    }

    /// Mean over all images of what something says of each, `[batch, 1]`.
    ///
    /// # Errors
    /// What it refuses.
    pub(super) fn alphas(
        &self,
        alphas: impl Fn(Tensor<4>) -> Result<Tensor<2>, CoreError>,
    ) -> Result<f64, CoreError> {
        let mut all = Vec::new();
        for batch in &self.batches {
            all.extend(to_host(alphas(batch.x.clone())?)?);
        }
        Ok(all.iter().sum::<f64>() / all.len() as f64)
    }

    /// The mixed classifier over alphas.
    ///
    /// # Errors
    /// An alpha out of range.
    pub(super) fn curve(
        &self,
        bases: &Bases,
        mix: Mix,
        alphas: &[f64],
    ) -> Result<CurveWithLosses, CoreError> {
        let (mut points, mut losses) = (Vec::new(), Vec::new());
        for &alpha in alphas {
            let checked = UnitInterval::new(alpha).map_err(|error| CoreError::Invalid(error.to_string()))?;
            let judged = self.judged(|x| bases.mixed(x, checked, mix))?;
            points.push((alpha, judged.point));
            losses.push(judged.losses);
        }
        Ok(CurveWithLosses { curve: Curve(points), losses })
    }

    /// A network alone.
    ///
    /// # Errors
    /// None that can happen.
    pub(super) fn of_network(&self, bases: &Bases, network: Network) -> Result<Measured, CoreError> {
        let answers = self.answers(|x| Ok(bases.alone(network, x)))?;
        let mut measured = of_point(judged(&answers));
        let margin = |answers: &[Answer], right: bool| {
            let known = answers.iter().filter(|answer| answer.right == right);
            let of: Vec<f64> = known.map(|answer| answer.margin).collect();
            100.0 * of.iter().sum::<f64>() / of.len() as f64
        };
        let [clean, attacked] = &answers;
        let values =
            [margin(clean, true), margin(clean, false), margin(attacked, true), margin(attacked, false)];
        measured
            .metrics
            .extend(MARGINS.iter().zip(values).map(|((name, _), value)| ((*name).to_owned(), value)));
        Ok(measured)
    }

    /// All that a curve tells.
    pub(super) fn of_curve(&self, CurveWithLosses { curve, losses }: &CurveWithLosses) -> Measured {
        let mut metrics = BTreeMap::new();
        for (alpha, point) in &curve.0 {
            metrics.insert(at(CLEAN, *alpha), point.clean);
            metrics.insert(at(ATTACKED, *alpha), point.attacked);
        }
        // Nothing is above itself.
        let told = [(GAIN, curve.gain()), (AREA, curve.area()), (JUMP, curve.jump()), (ABOVE, Some(0.0))];
        metrics.extend(told.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        let points = BTreeMap::from([
            (TRADE_OFF.to_owned(), curve.0.iter().map(|(_, point)| [point.clean, point.attacked]).collect()),
            (OVER_ALPHA.to_owned(), curve.0.iter().map(|(alpha, point)| [*alpha, point.attacked]).collect()),
        ]);
        Measured { metrics, points, curves: curves_of(losses), ..Measured::default() }
    }

    /// What chosen alphas give, beside fixed ones.
    pub(super) fn of_adaptive(&self, judged: Judged, alpha: f64, fixed: &Curve) -> Measured {
        let (mut measured, point) = (of_point(judged), judged.point);
        let above = fixed.clean_at(point.attacked).map(|clean| point.clean - clean);
        measured.metrics.extend(above.map(|above| (ABOVE.to_owned(), above)));
        measured.metrics.insert(ALPHA_CLEAN.to_owned(), alpha);
        measured
    }
}

fn of_point(Judged { point, losses }: Judged) -> Measured {
    Measured {
        curves: curves_of(&[losses]),
        metrics: [(CLEAN.to_owned(), point.clean), (ATTACKED.to_owned(), point.attacked)].into(),
        points: [(TRADE_OFF.to_owned(), vec![[point.clean, point.attacked]])].into(),
        ..Measured::default()
    }
}

fn judged(answers: &Answers) -> Judged {
    let [clean, attacked] = answers.each_ref().map(|answers| {
        100.0 * answers.iter().filter(|answer| answer.right).count() as f64 / answers.len() as f64
    });
    let losses = answers
        .each_ref()
        .map(|answers| answers.iter().map(|answer| answer.loss).sum::<f64>() / answers.len() as f64);
    Judged { point: Point { clean, attacked }, losses }
}

/// Cross-entropies, one value per alpha.
fn curves_of(losses: &[[f64; 2]]) -> BTreeMap<String, Vec<f64>> {
    let curve = |at: usize| losses.iter().map(|losses| losses[at]).collect();
    [("clean-loss".to_owned(), curve(0)), ("attacked-loss".to_owned(), curve(1))].into()
}
