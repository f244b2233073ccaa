//! The golden ops: the official code's functions.

use std::num::NonZeroUsize;

use burn::tensor::Tensor;
use mixup_core::metrics::neighbours::{share_among_first, weighted_votes};
use mixup_core::mix::mix;
use mixup_core::tensor::select_rows;
use mixup_paper::golden::{Array, Case, Computed, GoldenError, GoldenOp, Outcome};
use ndarray::ArrayView2;

use crate::loss::{Target, Terms, barlow_twins, mixed_samples, normalised};
use crate::schedule::Schedule;

/// Every op by its full name.
pub fn ops() -> Vec<(&'static str, GoldenOp)> {
    vec![
        ("mixed-barlow-twins.bt_loss", bt_loss),
        ("mixed-barlow-twins.mix_reg", mix_reg),
        ("mixed-barlow-twins.mix_reg_imagenet", mix_reg_imagenet),
        ("mixed-barlow-twins.total", total),
        ("mixed-barlow-twins.input_mix", input_mix),
        ("mixed-barlow-twins.lr", lr),
        ("mixed-barlow-twins.knn", knn),
    ]
}

fn bt_loss(case: &Case) -> Outcome {
    let (z1, z2) = (case.tracked::<2>("z1")?, case.tracked::<2>("z2")?);
    let terms = barlow_twins(normalised(z1.clone()), normalised(z2.clone()))?;
    let loss = terms.total(case.param_f64("lambda_bt")?);
    let gradients = loss.backward();
    let Terms { on_diagonal, off_diagonal, correlation } = terms;
    Computed::of([
        ("loss", Array::loss(loss)?),
        ("on_diag", Array::loss(on_diagonal)?),
        ("off_diag", Array::loss(off_diagonal)?),
        ("corr", Array::from_tensor(correlation)?),
    ])
    .with_gradient("z1", &z1, &gradients)?
    .with_gradient("z2", &z2, &gradients)
}

/// The embeddings of a case, and the losses of the two views and of the mixed samples without their weights.
struct Mixed {
    embeddings: [Tensor<2>; 3],
    twins: Tensor<1>,
    regulariser: Tensor<1>,
}

impl Mixed {
    fn of(case: &Case, target: Target) -> Result<Self, GoldenError> {
        let embeddings = [case.tracked::<2>("z1")?, case.tracked::<2>("z2")?, case.tracked::<2>("zm")?];
        let [first, second, mixed] = embeddings.clone().map(normalised);
        let twins = barlow_twins(first.clone(), second.clone())?.total(case.param_f64("lambda_bt")?);
        let (partners, lambda) = (case.indices("perm")?, case.param_unit("lambda")?.get());
        let regulariser = mixed_samples([first, second, mixed], &partners, lambda, target)?;
        Ok(Self { embeddings, twins, regulariser })
    }

    /// What was computed, with the gradients of `loss`.
    fn with_gradients(&self, computed: Computed, loss: &Tensor<1>) -> Outcome {
        let gradients = loss.backward();
        let names = ["z1", "z2", "zm"].into_iter().zip(&self.embeddings);
        names
            .into_iter()
            .try_fold(computed, |computed, (name, input)| computed.with_gradient(name, input, &gradients))
    }
}

/// The factor of the small-data code.
fn small_weight(case: &Case) -> Result<f64, GoldenError> {
    Ok(case.param_f64("lambda_reg")? * case.param_f64("lambda_bt")?)
}

fn mix_reg(case: &Case) -> Outcome {
    let mixed = Mixed::of(case, Target::Paper)?;
    let loss = mixed.regulariser.clone().mul_scalar(small_weight(case)?);
    mixed.with_gradients(Computed::of([("loss", Array::loss(loss.clone())?)]), &loss)
}

fn mix_reg_imagenet(case: &Case) -> Outcome {
    let mixed = Mixed::of(case, Target::Imagenet)?;
    let loss = mixed.regulariser.clone().mul_scalar(0.5 * case.param_f64("lambda_bt")?);
    let computed = Computed::of([
        ("loss_bt", Array::loss(mixed.twins.clone())?),
        ("loss_mix", Array::loss(loss.clone())?),
    ]);
    mixed.with_gradients(computed, &loss)
}

fn total(case: &Case) -> Outcome {
    let mixed = Mixed::of(case, Target::Paper)?;
    let regulariser = mixed.regulariser.clone().mul_scalar(small_weight(case)?);
    let loss = mixed.twins.clone() + regulariser.clone();
    let computed = Computed::of([
        ("loss", Array::loss(loss.clone())?),
        ("loss_bt", Array::loss(mixed.twins.clone())?),
        ("loss_mix", Array::loss(regulariser)?),
    ]);
    mixed.with_gradients(computed, &loss)
}

fn input_mix(case: &Case) -> Outcome {
    let (first, second) = (case.tracked::<4>("view1")?, case.tracked::<4>("view2")?);
    let partners = select_rows(second, &case.indices("perm")?)?;
    let mixed = mix(first, partners, case.param_unit("lambda")?.get());
    Ok(Computed::of([("mixed", Array::from_tensor(mixed)?)]))
}

fn lr(case: &Case) -> Outcome {
    let schedule = Schedule {
        epochs: case.param_usize("epochs")?,
        steps: case.param_usize("steps_per_epoch")?,
        warm_up: case.param_count("warmup_epochs")?,
        batch: case.param_usize("batch_size")?,
        base: case.param_f64("base_lr")?,
    };
    let rates: Vec<f64> = case.indices("step")?.into_iter().map(|step| schedule.rate(step)).collect();
    Ok(Computed::of([("lr", Array::floats(&[rates.len()], rates))]))
}

fn rows<'a>(case: &'a Case, name: &str) -> Result<ArrayView2<'a, f64>, GoldenError> {
    let ([rows, columns], data) = case.array_of::<2>(name)?;
    ArrayView2::from_shape((rows, columns), data).map_err(|error| GoldenError::Malformed(error.to_string()))
}

fn knn(case: &Case) -> Outcome {
    let (bank, features) = (rows(case, "bank")?, rows(case, "features")?);
    let (k, temperature) = (case.param_count("k")?, case.param_positive("temperature")?);
    let (known, labels) = (case.indices("bank_labels")?, case.indices("labels")?);
    let classes = case.param_usize("num_classes")?;
    let votes = weighted_votes(bank, &known, features, k, temperature, classes)?;
    let among = |first: usize| -> Result<Array, GoldenError> {
        let first = NonZeroUsize::new(first).unwrap_or(NonZeroUsize::MIN);
        Ok(Array::scalar(100.0 * share_among_first(votes.view(), &labels, first)?))
    };
    let best = |votes: ndarray::ArrayView1<'_, f64>| {
        let first =
            |best: usize, (class, vote): (usize, &f64)| if *vote > votes[best] { class } else { best };
        votes.iter().enumerate().fold(0, first)
    };
    let predicted: Vec<usize> = votes.rows().into_iter().map(best).collect();
    Ok(Computed::of([
        ("top1", among(1)?),
        ("top5", among(5)?),
        ("scores", Array::from_ndarray(&votes)),
        ("pred", Array::indices(&predicted)),
    ]))
}
