//! Mixtures of inputs and hidden states.

use burn::tensor::Tensor;
use mixup_core::image::standardize_each;
use mixup_core::mix::mix_within;
use mixup_lab::golden::{Array, Case, Computed, GoldenError, GoldenOp};

use super::{Outcome, gradient, outputs};
use crate::mixing::{CopyDraw, mix_copies};

pub(super) fn ops() -> Vec<(&'static str, GoldenOp)> {
    vec![
        ("rankmixup.mixup_process", mixup_process),
        ("mixup.mixup_batch", mixup_batch),
        ("mixup.manifold_mix", manifold_mix),
        ("mixup.per_image_standardize", per_image_standardize),
    ]
}

/// An op on an input of any shape, which is given to it as `[rows, values]`.
fn of_rows(
    case: &Case,
    (input, output, cotangent): (&str, &str, &str),
    op: impl FnOnce(Tensor<2>) -> Result<Tensor<2>, GoldenError>,
) -> Outcome {
    let flat = flattened(case, &[input, cotangent])?;
    let shape = &case.array(input)?.shape;
    let x = flat.tracked::<2>(input)?;
    let y = op(x.clone())?;
    let grads = (y.clone() * flat.tracked::<2>(cotangent)?.detach()).sum().backward();
    let shaped = |array: Array| Array::floats(shape, array.data);
    let mut computed = outputs([(output, shaped(Array::from_tensor(y)?))]);
    computed.grads.insert(input.to_owned(), shaped(gradient(input, &x, &grads)?));
    Ok(computed)
}

/// The case with all axes of some inputs but the first made one.
fn flattened(case: &Case, names: &[&str]) -> Result<Case, GoldenError> {
    let mut flat = case.clone();
    for name in names {
        let array = case.array(name)?;
        let rows = array.shape.first().copied().unwrap_or(0);
        let columns = array.data.len().checked_div(rows).unwrap_or(0);
        flat.inputs.insert((*name).to_owned(), Array::floats(&[rows, columns], array.data.clone()));
    }
    Ok(flat)
}

fn mixup_process(case: &Case) -> Outcome {
    let draw = CopyDraw { lambda: case.param_f64("lambda")?, partners: case.indices("indices")? };
    let targets = case.tracked::<2>("target_onehot")?;
    let mut mixed_targets = None;
    let mut computed = of_rows(case, ("x", "x_mix", "grad_out"), |x| {
        let mixed = mix_copies(x, targets, &[draw])?;
        mixed_targets = Some(mixed.targets);
        Ok(mixed.inputs)
    })?;
    insert(&mut computed, "target_mix", mixed_targets)?;
    Ok(computed)
}

fn manifold_mix(case: &Case) -> Outcome {
    let (lambda, partners) = (case.param_f64("lam")?, case.indices("index")?);
    let targets = mix_within(case.tracked::<2>("target")?, &partners, lambda)?;
    let mut computed =
        of_rows(case, ("h", "h_mixed", "cotangent"), |h| Ok(mix_within(h, &partners, lambda)?))?;
    insert(&mut computed, "target_mixed", Some(targets))?;
    Ok(computed)
}

fn insert(computed: &mut Computed, name: &str, tensor: Option<Tensor<2>>) -> Result<(), GoldenError> {
    if let Some(tensor) = tensor {
        computed.outputs.insert(name.to_owned(), Array::from_tensor(tensor)?);
    }
    Ok(())
}

fn mixup_batch(case: &Case) -> Outcome {
    let (lambda, partners) = (case.param_f64("lam")?, case.indices("index")?);
    let labels = case.indices("y")?;
    let mut computed =
        of_rows(case, ("x", "mixed_x", "cotangent"), |x| Ok(mix_within(x, &partners, lambda)?))?;
    let label = |partner: &usize| labels.get(*partner).copied();
    let partner_labels: Vec<usize> = partners
        .iter()
        .map(label)
        .collect::<Option<_>>()
        .ok_or_else(|| GoldenError::Malformed("input `y` needs a label for every row of `x`".into()))?;
    computed.outputs.insert("y_a".into(), Array::indices(&labels));
    computed.outputs.insert("y_b".into(), Array::indices(&partner_labels));
    Ok(computed)
}

fn per_image_standardize(case: &Case) -> Outcome {
    let images = case.tracked::<4>("x")?;
    Ok(outputs([("out", Array::from_tensor(standardize_each(images)?)?)]))
}
