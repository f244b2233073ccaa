//! The golden ops of this paper: the official code's numbers against the functions of this crate, and of core for
//! scores, metrics and baselines.

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    checked::UnitInterval,
    image::rotations,
    loss::{Regularized, energy_exposure, outlier_exposure, soft_cross_entropy, soft_cross_entropy_rows},
    metrics::detection::{Detection, Rules, Score},
    mix::{Mixture, Ratio, Window},
    optim::{Clock, Per, Schedule},
};
use mixup_paper::golden::{Array, Case, Computed, GoldenError, GoldenOp, Outcome, unknown};
use mixup_routines::classification::{Batch, Classifier};
use ndarray::Ix2;

use crate::loss::{mixoe_loss, rotation_loss, soft_targets, turn_labels};
use crate::method::Mixoe;

/// Every op by its full name.
pub fn ops() -> Vec<(&'static str, GoldenOp)> {
    vec![
        ("mixoe.soft_ce", soft_ce),
        ("mixoe.mix_linear", mix_linear),
        ("mixoe.cutmix_bbox", cutmix_bbox),
        ("mixoe.mix_cutmix", mix_cutmix),
        ("mixoe.soft_labels", soft_labels),
        ("mixoe.mixoe_loss", loss),
        ("mixoe.train_step", train_step),
        ("mixoe.oe_loss", oe),
        ("mixoe.energy_oe_loss", energy_oe),
        ("mixoe.ood_scores", scores),
        ("mixoe.ood_metrics", metrics),
        ("mixoe.rotation", rotation),
        ("mixoe.cosine_lr", cosine_lr),
    ]
}

/// A loss with its parts under their official names, and the gradients of two inputs.
fn in_parts(loss: Regularized, [own, penalty]: [&str; 2], inputs: [(&str, &Tensor<2>); 2]) -> Outcome {
    let parts = [(own, loss.cross_entropy.clone()), (penalty, loss.penalty.clone())];
    let total = loss.total();
    let gradients = total.backward();
    let mut computed = Computed::of([("loss", Array::loss(total)?)]);
    for (name, part) in parts {
        computed = computed.with(name, Array::loss(part)?);
    }
    for (name, input) in inputs {
        computed = computed.with_gradient(name, input, &gradients)?;
    }
    Ok(computed)
}

fn soft_ce(case: &Case) -> Outcome {
    let (logits, targets) = (case.tracked::<2>("logits")?, case.tracked::<2>("targets")?.detach());
    let each = soft_cross_entropy_rows(logits.clone(), targets.clone())?;
    let loss = soft_cross_entropy(logits.clone(), targets)?;
    let gradients = loss.backward();
    Computed::of([("loss", Array::loss(loss)?), ("per_sample", Array::vector(each)?)])
        .with_gradient("logits", &logits, &gradients)
}

/// Samples with as many outliers behind them.
fn joined(case: &Case) -> Result<Tensor<4>, GoldenError> {
    Ok(Tensor::cat(vec![case.tracked::<4>("x")?, case.tracked::<4>("oe_x")?], 0).detach())
}

fn mix_linear(case: &Case) -> Outcome {
    let both = joined(case)?;
    let mixture = Mixture::joined(both.dims()[0] / 2, Ratio::Batch(case.param_f64("lam")?))?;
    Ok(Computed::of([("mixed", Array::from_tensor(mixture.inputs(both)?)?)]))
}

/// The box that the parameters of a case describe, in images of a size.
fn window(case: &Case, size: [usize; 2]) -> Result<Window, GoldenError> {
    let centre = [case.param_usize("cx")?, case.param_usize("cy")?];
    Ok(Window::of_cutmix(case.param_f64("lam")?, centre, size))
}

/// Outputs of a box: its corners, and the share of the image that it leaves.
fn of_window(window: &Window, size: [usize; 2]) -> Computed {
    let Window { rows, columns } = window;
    Computed::of([
        ("bbox", Array::indices(&[rows.start, columns.start, rows.end, columns.end])),
        ("lam_adjusted", Array::scalar(window.outside(size))),
    ])
}

fn cutmix_bbox(case: &Case) -> Outcome {
    let size = [case.param_usize("dim2")?, case.param_usize("dim3")?];
    Ok(of_window(&window(case, size)?, size))
}

fn mix_cutmix(case: &Case) -> Outcome {
    let both = joined(case)?;
    let [rows, _, height, width] = both.dims();
    let window = window(case, [height, width])?;
    let mixture = Mixture::joined(rows / 2, Ratio::Mask(window.mask([height, width])?))?;
    Ok(of_window(&window, [height, width]).with("mixed", Array::from_tensor(mixture.inputs(both)?)?))
}

fn soft_labels(case: &Case) -> Outcome {
    let targets = case.one_hot("labels", case.param_usize("num_classes")?)?;
    Ok(Computed::of([("soft", Array::from_tensor(soft_targets(targets, case.param_f64("lam")?))?)]))
}

fn loss(case: &Case) -> Outcome {
    let (logits, mixed) = (case.tracked::<2>("logits_id")?, case.tracked::<2>("logits_mixed")?);
    let targets = case.one_hot("labels", logits.dims()[1])?;
    let weight = case.param_non_negative("beta")?;
    let loss = mixoe_loss(logits.clone(), targets, mixed.clone(), case.param_f64("lam")?, weight)?;
    in_parts(loss, ["id_loss", "mixed_loss"], [("logits_id", &logits), ("logits_mixed", &mixed)])
}

/// The official step's stand-in for a network.
struct LinearClassifier {
    weight: Tensor<2>,
    bias: Tensor<1>,
}

impl Classifier for LinearClassifier {
    fn logits(&self, x: Tensor<4>) -> Result<Tensor<2>, CoreError> {
        let flat: Tensor<2> = x.flatten(1, 3);
        Ok(flat.matmul(self.weight.clone().transpose()) + self.bias.clone().unsqueeze_dim::<2>(0))
    }

    fn mixed_logits(&self, _: Tensor<4>, _: usize, _: &Mixture) -> Result<Tensor<2>, CoreError> {
        Err(CoreError::Invalid("a linear classifier has no stages".into()))
    }
}

fn train_step(case: &Case) -> Outcome {
    let (x, outliers) = (case.tracked::<4>("x")?.detach(), case.tracked::<4>("oe_x")?.detach());
    let [rows, _, height, width] = x.dims();
    let ratio = match case.param_str("mix_op")? {
        "mixup" => Ratio::Batch(case.param_f64("lam")?),
        "cutmix" => Ratio::Mask(window(case, [height, width])?.mask([height, width])?),
        other => return Err(unknown("mix_op", other, "mixup or cutmix")),
    };
    let mixture = Mixture::joined(rows, ratio)?;
    let network = LinearClassifier { weight: case.tracked::<2>("weight")?, bias: case.tracked::<1>("bias")? };
    let batch = Batch { x, targets: case.one_hot("labels", case.param_usize("num_classes")?)? };
    let mixed = mixture.inputs(Tensor::cat(vec![batch.x.clone(), outliers.clone()], 0))?;
    let method = Mixoe { weight: case.param_non_negative("beta")?, ..Mixoe::default() };
    let loss = method.loss(&network, batch, outliers, &mixture)?;
    let parts = [("id_loss", loss.cross_entropy.clone()), ("mixed_loss", loss.penalty.clone())];
    let total = loss.total();
    let gradients = total.backward();
    let mut computed = Computed::of([
        ("loss", Array::loss(total)?),
        ("mixed", Array::from_tensor(mixed)?),
        ("lam_used", Array::scalar(mixture.shares()?[0])),
    ]);
    for (name, part) in parts {
        computed = computed.with(name, Array::loss(part)?);
    }
    computed.with_gradient("weight", &network.weight, &gradients)?.with_gradient(
        "bias",
        &network.bias,
        &gradients,
    )
}

/// Logits of samples and outliers, tracked, with the samples' targets.
fn exposed(case: &Case) -> Result<[Tensor<2>; 3], GoldenError> {
    let (logits, outliers) = (case.tracked::<2>("logits_id")?, case.tracked::<2>("logits_oe")?);
    let targets = case.one_hot("labels", logits.dims()[1])?;
    Ok([logits, targets, outliers])
}

fn oe(case: &Case) -> Outcome {
    let [logits, targets, outliers] = exposed(case)?;
    let weight = case.param_non_negative("beta")?;
    let loss = outlier_exposure(logits.clone(), targets, outliers.clone(), weight)?;
    in_parts(loss, ["ce", "reg"], [("logits_id", &logits), ("logits_oe", &outliers)])
}

fn energy_oe(case: &Case) -> Outcome {
    let [logits, targets, outliers] = exposed(case)?;
    let (bounds, weight) =
        ([case.param_f64("m_in")?, case.param_f64("m_out")?], case.param_non_negative("beta")?);
    let loss = energy_exposure(logits.clone(), targets, outliers.clone(), bounds, weight)?;
    in_parts(loss, ["ce", "reg"], [("logits_id", &logits), ("logits_oe", &outliers)])
}

fn scores(case: &Case) -> Outcome {
    let logits = case.ndarray::<Ix2>("logits")?;
    let temperature = case.param_positive("temp")?;
    let scores = [
        ("msp", Score::MaxProbability),
        ("max_logit", Score::MaxLogit),
        ("sum_logits", Score::SumOfLogits),
        ("energy", Score::Energy(temperature)),
        ("odin", Score::Odin(temperature)),
    ];
    Ok(Computed::of(scores.map(|(name, score)| {
        let values = score.of(logits.view());
        (name, Array::floats(&[values.len()], values))
    })))
}

fn metrics(case: &Case) -> Outcome {
    let (inside, outside) = (&case.array("in_scores")?.data, &case.array("out_scores")?.data);
    let level: UnitInterval = case.param_unit("tpr_level")?;
    let measured = Detection::of(inside, outside, level, Rules::Mixoe)?;
    Ok(Computed::of([
        ("tnr95", Array::scalar(measured.tnr)),
        ("fpr95", Array::scalar(1.0 - measured.tnr)),
        ("auroc", Array::scalar(measured.auroc)),
        ("dtacc", Array::scalar(measured.accuracy)),
        ("auin", Array::scalar(measured.aupr_in)),
        ("auout", Array::scalar(measured.aupr_out)),
    ]))
}

fn rotation(case: &Case) -> Outcome {
    let x = case.tracked::<4>("x")?.detach();
    let rows = x.dims()[0];
    let (logits, turns) = (case.tracked::<2>("cls_logits")?, case.tracked::<2>("rot_logits")?);
    let targets = case.one_hot("labels", logits.dims()[1])?;
    let loss = rotation_loss(logits.clone(), targets, turns.clone(), case.param_non_negative("beta")?)?;
    let computed =
        in_parts(loss, ["cls_loss", "rot_loss"], [("cls_logits", &logits), ("rot_logits", &turns)])?;
    Ok(computed
        .with("rot_x", Array::from_tensor(rotations(x)?)?)
        .with("rot_labels", Array::indices(&turn_labels(rows))))
}

/// The rate of the official code, whose floor is 1e-6 whatever the rate it begins with.
fn cosine_lr(case: &Case) -> Outcome {
    let (epochs, steps, lr) =
        (case.param_usize("epochs")?, case.param_usize("steps_per_epoch")?, case.param_f64("lr")?);
    let floor = UnitInterval::new(1e-6 / lr).map_err(|error| GoldenError::Malformed(error.to_string()))?;
    let schedule = Schedule::Cosine { floor: Some(floor), per: Per::Step };
    let at =
        |step: usize| lr * schedule.factor(Clock { epoch: step / steps, epochs, step: step % steps, steps });
    let rates: Vec<f64> = case.indices("steps")?.into_iter().map(at).collect();
    Ok(Computed::of([("lr", Array::floats(&[rates.len()], rates))]))
}
