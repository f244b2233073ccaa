//! The rows of the tables: a loss of complementary labels, and who is mixed with whom.

use burn::module::{Module, Param, ParamId};
use burn::tensor::{Tensor, TensorData};
use mixup_core::{CoreError, tensor::to_host, train::Step};
use mixup_paper::{Direction, FigureInfo, FigureKind, MetricInfo};
use mixup_routines::classification::{self, Batch, Classifier, Setting, Start, Told};
use mixup_routines::parameters;
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::loss::{Guard, Loss, Side, costs, soft_mean, ure_ga};
use crate::mixing::{Mixing, Partners};
use crate::noise::{Pair, expected_noise, is_noisy};

/// `{kind: cll}` trains without mixing, `{kind: cll, mixing: {}}` with mixup, and
/// `{kind: cll, mixing: {partner: {clusters: {count: 50}}}}` with Intra-Cluster Mixup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Method {
    /// Complementary-label learning.
    Cll(Cll),
}

parameters!(
    /// Parameters of [`Method::Cll`].
    Cll {
        /// The loss.
        loss: Loss = Loss::default(),
        /// How images are mixed; not at all where absent.
        mixing: Option<Mixing> = None,
    }
);

/// What is known of the training images, and the pairs that were counted.
#[derive(Module, Debug)]
pub struct Known {
    /// Pairs, and noisy ones among them, `[2]`.
    counted: Param<Tensor<1>>,
    /// `P(complementary | true)`, `[classes, classes]`.
    transition: Param<Tensor<2>>,
    #[module(skip)]
    pub(crate) truth: Vec<usize>,
    #[module(skip)]
    pub(crate) complementary: Vec<usize>,
    #[module(skip)]
    pub(crate) clusters: Vec<usize>,
    #[module(skip)]
    priors: Vec<f64>,
    /// [`expected_noise`].
    #[module(skip)]
    expected: f64,
}

/// Share of noisy pairs among those that training mixed, in percent.
const NOISE: &str = "pair-noise";
/// The same by theory.
const EXPECTED: &str = "pair-noise-theory";

impl classification::Method for Method {
    const KINDS: &'static [&'static str] = &["cll"];
    type State = Known;

    /// Streams read here: `clusters`.
    fn state(&self, start: &mut Start<'_>) -> Result<Known, CoreError> {
        let Self::Cll(cll) = self;
        let labels = start.parts.complementary.as_ref();
        let labels = labels.ok_or_else(|| CoreError::Invalid(NEEDED.to_owned()))?;
        let wide = |labels: &[u16]| labels.iter().copied().map(usize::from).collect::<Vec<_>>();
        let (truth, complementary) = (wide(&start.parts.train.labels), wide(&labels.train));
        let classes = usize::from(start.parts.train.classes);
        let clusters = match cll.mixing.as_ref().map(|mixing| &mixing.partner) {
            Some(Partners::Clusters(clusters)) => {
                clusters.of(&start.parts.train, start.streams.get("clusters"))?
            }
            _ => vec![0; truth.len()],
        };
        let mut groups = Array2::zeros((clusters.iter().max().map_or(0, |&last| last + 1), classes));
        truth.iter().zip(&clusters).for_each(|(&class, &cluster)| groups[[cluster, class]] += 1.0);
        let expected = match cll.mixing.as_ref().and_then(|mixing| mixing.partner.partnered()) {
            Some(partnered) => {
                expected_noise(groups.view(), labels.transition.view(), start.batch, partnered)
            }
            None => 0.0,
        };
        let priors = groups.sum_axis(ndarray::Axis(0)) / truth.len() as f64;
        let shares = TensorData::new(labels.transition.iter().copied().collect(), [classes, classes]);
        Ok(Known {
            counted: Param::initialized(ParamId::new(), Tensor::zeros([2], start.device)),
            transition: Param::initialized(ParamId::new(), Tensor::from_data(shares, start.device)),
            truth,
            complementary,
            clusters,
            priors: priors.to_vec(),
            expected,
        })
    }

    fn check_setting(&self, setting: &Setting) -> Result<(), String> {
        match setting.complementary {
            Some(_) => Ok(()),
            None => Err(NEEDED.to_owned()),
        }
    }

    fn metrics() -> Vec<MetricInfo> {
        let info = |name, label, better| MetricInfo::new(name, label, better, 2);
        vec![
            info(NOISE, "noisy pairs (%)", Some(Direction::Lower)),
            info(EXPECTED, "noisy pairs by theory (%)", None),
        ]
    }

    fn figures() -> Vec<FigureInfo> {
        vec![FigureInfo {
            name: NOISE.to_owned(),
            title: "Noise of pairs".to_owned(),
            caption: "Share of mixed pairs in which a complementary label of one image is the class of the other: \
                      counted in the training of one run, over what theory says of the classes of its clusters. On \
                      the dashed line both agree."
                .to_owned(),
            metric: Some(NOISE.to_owned()),
            kind: FigureKind::Scatter {
                x_label: "noisy pairs by theory (%)".to_owned(),
                y_label: "noisy pairs counted (%)".to_owned(),
                diagonal: true,
                joined: false,
            },
        }]
    }

    fn told(&self, known: &Known) -> Result<Told, CoreError> {
        let counted = to_host(known.counted.val())?;
        let noise = if counted[0] > 0.0 { 100.0 * counted[1] / counted[0] } else { 0.0 };
        let expected = 100.0 * known.expected;
        let metrics = [(NOISE.to_owned(), noise), (EXPECTED.to_owned(), expected)].into();
        Ok(Told { metrics, points: [(NOISE.to_owned(), vec![[expected, noise]])].into() })
    }

    /// The targets of `batch` are complementary labels.
    ///
    /// Streams read here, by rows that mix: `lambda` and `pairs`.
    fn loss(
        &self,
        network: &dyn Classifier,
        batch: Batch<4>,
        known: &mut Known,
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        let Self::Cll(cll) = self;
        let Batch { mut x, mut targets } = batch;
        if let Some(mixing) = &cll.mixing {
            let rows: Vec<usize> = step.rows.iter().map(|row| row % known.truth.len()).collect();
            let blend = mixing.draw(&x, &rows, known, step)?;
            known.count(&rows, &blend.mates);
            (x, targets) = (blend.mix_images(x)?, blend.mix_labels(targets)?);
        }
        cll.loss.of(network.logits(x)?, targets, known.transition.val(), &known.priors)
    }
}

const NEEDED: &str = "`cll` needs complementary labels: `setting: {complementary: {}}`";

impl Loss {
    /// The loss of a batch with soft complementary labels, as the authors' code has it for them.
    ///
    /// # Shapes
    /// - `logits`, `targets`: `[batch, classes]`; `transition`: `[classes, classes]`; `priors`: one per class
    /// - returns `[1]`
    ///
    /// # Errors
    /// Shapes that do not agree.
    pub fn of(
        self,
        logits: Tensor<2>,
        targets: Tensor<2>,
        transition: Tensor<2>,
        priors: &[f64],
    ) -> Result<Tensor<1>, CoreError> {
        match self {
            Self::UreGa => ure_ga(logits, targets, priors, Side::Predicted),
            linear => soft_mean(costs(linear, logits, Some(transition), Guard::Clamp)?, targets),
        }
    }
}

impl Known {
    /// Counts the pairs of a step and the noisy ones; a row that is its own mate is a pair without noise.
    fn count(&mut self, rows: &[usize], mates: &[Vec<usize>]) {
        let labels = |values: &[usize], row: usize, mate: usize| [values[rows[row]], values[rows[mate]]];
        let pairs = mates.iter().flat_map(|mates| mates.iter().copied().enumerate());
        let noisy = pairs.filter(|&(row, mate)| {
            is_noisy(Pair {
                truth: labels(&self.truth, row, mate),
                complementary: labels(&self.complementary, row, mate),
            })
        });
        let step = [(rows.len() * mates.len()) as f64, noisy.count() as f64];
        self.counted = self.counted.clone().map(|counted| {
            let step = Tensor::from_data(TensorData::from(step), (&counted.device(), counted.dtype()));
            counted + step
        });
    }
}

#[cfg(test)]
mod tests;
