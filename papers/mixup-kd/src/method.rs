//! The rows of the tables: what a student learns from its teacher, at which temperature, and from which inputs.

use burn::module::{Module, Param, ParamId};
use burn::tensor::{Tensor, TensorData};
use mixup_core::{
    CoreError,
    checked::{NonNegative, Positive},
    nn::ImageNetwork,
    tensor::to_host,
    train::Step,
};
use mixup_paper::{FigureInfo, FigureKind, MetricInfo};
use mixup_routines::classification::{self, Batch, Classifier, Start, Told};
use mixup_routines::{non_negative, parameters, positive};
use serde::{Deserialize, Serialize};

use crate::loss::{Distilled, std_distillation};
use crate::mixing::Mixing;

/// `{kind: kd, teacher: plain, temperature: 4}` or `{kind: mixstd, teacher: plain, mixing: {}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Method {
    /// Classical distillation.
    Kd(Kd),
    /// The standard deviation of each sample's logits as its temperature.
    Mixstd(Mixstd),
}

parameters!(
    /// Parameters of [`Method::Kd`]; defaults of RepDistiller.
    Kd {
        /// Name of the teacher in `setting.teachers`.
        teacher: String = "plain".to_owned(),
        /// Temperature of both softmaxes.
        temperature: Positive = positive(4.0),
        /// Weight of the cross-entropy.
        gamma: NonNegative = non_negative(0.1),
        /// Weight of the distillation.
        alpha: NonNegative = non_negative(0.9),
        /// How the inputs of student and teacher are mixed; not at all where absent.
        mixing: Option<Mixing> = None,
    }
);
parameters!(
    /// Parameters of [`Method::Mixstd`]; defaults of the authors' code.
    Mixstd {
        /// Name of the teacher in `setting.teachers`.
        teacher: String = "plain".to_owned(),
        /// Weight of the cross-entropy.
        gamma: NonNegative = non_negative(0.1),
        /// Weight of the distillation.
        alpha: NonNegative = non_negative(0.9),
        /// How the inputs of student and teacher are mixed; not at all where absent.
        mixing: Option<Mixing> = None,
    }
);

/// The teacher, and rows that were counted.
#[derive(Module, Debug)]
pub struct Taught {
    teacher: ImageNetwork,
    /// Rows, and mixed ones among them, `[2]`.
    counted: Param<Tensor<1>>,
    /// Rows of a step.
    #[module(skip)]
    batch: usize,
}

/// Share of mixed inputs, in percent.
const MIXED: &str = "mixed-share";
/// The same by theory.
const EXPECTED: &str = "mixed-share-theory";

impl Method {
    fn mixing(&self) -> Option<&Mixing> {
        match self {
            Self::Kd(kd) => kd.mixing.as_ref(),
            Self::Mixstd(mixstd) => mixstd.mixing.as_ref(),
        }
    }

    /// The loss of a batch.
    ///
    /// # Shapes
    /// - `student`, `teacher`: `[batch, classes]`, logits of the same inputs
    /// - `targets`: `[batch, classes]`
    ///
    /// # Errors
    /// Shapes that differ.
    pub fn distilled(
        &self,
        student: Tensor<2>,
        teacher: Tensor<2>,
        targets: Tensor<2>,
    ) -> Result<Distilled, CoreError> {
        match self {
            Self::Kd(Kd { temperature, gamma, alpha, .. }) => {
                Distilled::classical(student, teacher, targets, *temperature, [*gamma, *alpha])
            }
            Self::Mixstd(Mixstd { gamma, alpha, .. }) => {
                std_distillation(student, teacher, targets, [*gamma, *alpha])
            }
        }
    }
}

impl classification::Method for Method {
    const KINDS: &'static [&'static str] = &["kd", "mixstd"];
    type State = Taught;

    fn teacher(&self) -> Option<&str> {
        Some(match self {
            Self::Kd(kd) => &kd.teacher,
            Self::Mixstd(mixstd) => &mixstd.teacher,
        })
    }

    fn state(&self, start: &mut Start<'_>) -> Result<Taught, CoreError> {
        let teacher =
            start.teacher.ok_or_else(|| CoreError::Invalid("a student without its teacher".into()))?;
        let counted = Param::initialized(ParamId::new(), Tensor::zeros([2], start.device));
        Ok(Taught { teacher: teacher.clone(), counted, batch: start.batch })
    }

    fn metrics() -> Vec<MetricInfo> {
        let info = |name, label| MetricInfo::new(name, label, None, 2);
        vec![info(MIXED, "mixed inputs (%)"), info(EXPECTED, "mixed inputs by theory (%)")]
    }

    fn figures() -> Vec<FigureInfo> {
        vec![FigureInfo {
            name: MIXED.to_owned(),
            title: "Mixed inputs".to_owned(),
            caption: "Share of a student's inputs that something was mixed into: counted in the training of one run, \
                      over what theory says of the draws. On the dashed line both agree."
                .to_owned(),
            metric: Some(MIXED.to_owned()),
            kind: FigureKind::Scatter {
                x_label: "mixed inputs by theory (%)".to_owned(),
                y_label: "mixed inputs counted (%)".to_owned(),
                diagonal: true,
                joined: false,
            },
        }]
    }

    fn told(&self, taught: &Taught) -> Result<Told, CoreError> {
        let counted = to_host(taught.counted.val())?;
        let mixed = if counted[0] > 0.0 { 100.0 * counted[1] / counted[0] } else { 0.0 };
        let expected = 100.0 * self.mixing().map_or(0.0, |mixing| mixing.mixed_share(taught.batch));
        let metrics = [(MIXED.to_owned(), mixed), (EXPECTED.to_owned(), expected)].into();
        Ok(Told { metrics, points: [(MIXED.to_owned(), vec![[expected, mixed]])].into() })
    }

    /// Student and teacher see the same inputs, mixed or not.
    ///
    /// Streams read here: those of [`Mixing::draw`], by rows that mix.
    fn loss(
        &self,
        network: &dyn Classifier,
        batch: Batch<4>,
        taught: &mut Taught,
        step: &mut Step<'_>,
    ) -> Result<Tensor<1>, CoreError> {
        let Batch { mut x, mut targets } = batch;
        if let Some(mixing) = self.mixing() {
            let draws = mixing.draw(targets.dims()[0], step)?;
            taught.count(draws.lambdas.len(), draws.mixed());
            let mixture = draws.mixture()?;
            (x, targets) = (mixture.inputs(x)?, mixture.targets(targets)?);
        }
        let teacher = taught.teacher.forward(x.clone());
        Ok(self.distilled(network.logits(x)?, teacher, targets)?.total())
    }
}

impl Taught {
    fn count(&mut self, rows: usize, mixed: usize) {
        let step = [rows as f64, mixed as f64];
        self.counted = self.counted.clone().map(|counted| {
            let step = Tensor::from_data(TensorData::from(step), (&counted.device(), counted.dtype()));
            counted + step
        });
    }
}

#[cfg(test)]
mod tests;
