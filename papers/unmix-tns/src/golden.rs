//! The golden ops of this paper: the official code's numbers against the functions of this crate.

use burn::tensor::Tensor;
use mixup_paper::golden::{Array, Case, Computed, GoldenError, GoldenOp, Outcome};
use mixup_routines::positive;

use crate::layer::{
    Affine, Components, Unmix, alpha_batch_norm, batch_norm, momentum, normalised, start, unmix,
};
use crate::network::entropies;

/// Every op by its full name.
pub fn ops() -> Vec<(&'static str, GoldenOp)> {
    vec![
        ("unmix-tns.init", init),
        ("unmix-tns.momentum", share_of_a_batch),
        ("unmix-tns.forward2d", forward2d),
        ("unmix-tns.stream2d", stream2d),
        ("unmix-tns.forward1d", forward1d),
        ("unmix-tns.alpha_bn", alpha_bn),
        ("unmix-tns.tbn", tbn),
        ("unmix-tns.entropy", entropy),
    ]
}

fn plain<const D: usize>(case: &Case, name: &str) -> Result<Tensor<D>, GoldenError> {
    Ok(case.tracked::<D>(name)?.inner())
}

fn affine(case: &Case) -> Result<Affine, GoldenError> {
    Ok(Affine { gamma: case.tracked::<1>("weight")?, beta: case.tracked::<1>("bias")? })
}

fn components(case: &Case) -> Result<Components, GoldenError> {
    Ok(Components { means: plain(case, "means")?, variances: plain(case, "vars")? })
}

fn outputs_of(components: Components) -> Result<[(&'static str, Array); 2], GoldenError> {
    Ok([
        ("new_means", Array::from_tensor(components.means)?),
        ("new_vars", Array::from_tensor(components.variances)?),
    ])
}

fn init(case: &Case) -> Outcome {
    let (mean, variance) = (plain::<1>(case, "running_mean")?, plain::<1>(case, "running_var")?);
    let components = start(mean, variance, plain::<2>(case, "noise")?)?;
    Ok(Computed::of([
        ("means", Array::from_tensor(components.means)?),
        ("vars", Array::from_tensor(components.variances)?),
    ]))
}

fn share_of_a_batch(case: &Case) -> Outcome {
    let share = momentum(
        case.param_unit("bn_momentum")?,
        case.param_usize("batch_size")?,
        case.param_usize("batch_size_max")?,
    );
    Ok(Computed::of([("momentum", Array::scalar(share))]))
}

fn config(case: &Case) -> Result<Unmix, GoldenError> {
    let temperature =
        if case.has_param("temperature") { case.param_positive("temperature")? } else { positive(0.07) };
    Ok(Unmix { momentum: case.param_f64("momentum")?, temperature, epsilon: case.param_f64("eps")? })
}

/// An output under its cotangent `r`, with the gradients of input, weight and bias.
fn under_cotangent<const D: usize>(case: &Case, x: &Tensor<D>, affine: &Affine, out: Tensor<D>) -> Outcome {
    let scalar = (out.clone() * case.tracked::<D>("r")?.detach()).sum();
    let gradients = scalar.backward();
    Computed::of([("out", Array::from_tensor(out)?), ("scalar", Array::loss(scalar)?)])
        .with_gradient("x", x, &gradients)?
        .with_gradient("weight", &affine.gamma, &gradients)?
        .with_gradient("bias", &affine.beta, &gradients)
}

fn forward2d(case: &Case) -> Outcome {
    let (x, affine) = (case.tracked::<4>("x")?, affine(case)?);
    let unmixed = unmix(x.clone(), &components(case)?, &affine, config(case)?)?;
    let mut computed = under_cotangent(case, &x, &affine, unmixed.out)?;
    for (name, array) in outputs_of(unmixed.next)? {
        computed = computed.with(name, array);
    }
    Ok(computed)
}

fn stream2d(case: &Case) -> Outcome {
    let (batches, affine, config) = (plain::<5>(case, "xs")?, affine(case)?, config(case)?);
    let mut components = components(case)?;
    let mut outs: Vec<Tensor<5>> = Vec::new();
    for batch in batches.split(1, 0) {
        let unmixed = unmix(batch.squeeze_dim::<4>(0), &components, &affine, config)?;
        outs.push(unmixed.out.unsqueeze_dim(0));
        components = unmixed.next;
    }
    let mut computed = Computed::of([("outs", Array::from_tensor(Tensor::cat(outs, 0))?)]);
    for (name, array) in outputs_of(components)? {
        computed = computed.with(name, array);
    }
    Ok(computed)
}

/// Features without height and width: source statistics, which do not adapt.
fn forward1d(case: &Case) -> Outcome {
    let (x, affine) = (case.tracked::<2>("x")?, affine(case)?);
    let [rows, channels] = x.dims();
    let statistic = |name| Ok::<_, GoldenError>(plain::<1>(case, name)?.reshape([1, channels, 1, 1]));
    let out = normalised(
        x.clone().reshape([rows, channels, 1, 1]),
        statistic("source_mean")?,
        statistic("source_var")?,
        &affine,
        case.param_f64("eps")?,
    );
    under_cotangent(case, &x, &affine, out.reshape([rows, channels]))
}

fn alpha_bn(case: &Case) -> Outcome {
    let source = [plain::<1>(case, "source_mean")?, plain::<1>(case, "source_var")?];
    let (share, epsilon) = (case.param_unit("alpha")?, case.param_f64("eps")?);
    let out = alpha_batch_norm(plain(case, "x")?, source, share, &affine(case)?, epsilon);
    Ok(Computed::of([("out", Array::from_tensor(out)?)]))
}

fn tbn(case: &Case) -> Outcome {
    let (x, affine) = (case.tracked::<4>("x")?, affine(case)?);
    let out = batch_norm(x.clone(), &affine, case.param_f64("eps")?);
    under_cotangent(case, &x, &affine, out)
}

fn entropy(case: &Case) -> Outcome {
    let logits = case.tracked::<2>("logits")?;
    let each = entropies(logits.clone());
    let loss = each.clone().mean();
    let gradients = loss.backward();
    Computed::of([("per_sample", Array::vector(each)?), ("loss", Array::loss(loss)?)])
        .with_gradient("logits", &logits, &gradients)
}
