//! The golden ops of this paper: the official code's numbers against the functions of this crate.

use burn::module::Module;
use burn::tensor::{Device, Gradients, Tensor};
use mixup_core::{
    metrics::regression,
    mix::{Kernel, Mixture, Ratio, choose},
    nn::{Activation, Dropout, Lstnet, LstnetWeights, Mlp, init},
};
use mixup_data::Table;
use mixup_paper::golden::{Array, Case, Computed, GoldenError, GoldenOp, Outcome, gradient, unknown};
use mixup_routines::regression::prepare::{self, Parts, Roles};
use mixup_routines::regression::{Fractions, Place, Regressor, Scaling, Windows, mixed_step};
use ndarray::{Array1, Array2, Array4, ArrayD, Axis, Ix1, Ix2, Ix4, RemoveAxis, concatenate, stack};

use crate::{batch_pairs, pair_rates, rcf};

/// Every op by its full name.
pub fn ops() -> Vec<(&'static str, GoldenOp)> {
    vec![
        ("c-mixup.kde_rates", kde_rates),
        ("c-mixup.choose_index", choose_index),
        ("c-mixup.batch_pairs", batch_pair_draws),
        ("c-mixup.mlp_mix_loss", mlp_mix_loss),
        ("c-mixup.metrics", metrics),
        ("c-mixup.worst_group", worst_group),
        ("c-mixup.lstnet_mix_loss", lstnet_mix_loss),
        ("c-mixup.ts_windows", ts_windows),
        ("c-mixup.skillcraft_prepare", skillcraft_prepare),
        ("c-mixup.rcf_color", rcf_color),
        ("c-mixup.rcf_rotate", rcf_rotate),
    ]
}

fn kde_rates(case: &Case) -> Outcome {
    let kernel = match case.param_str("kernel")? {
        "gaussian" => Kernel::Gaussian,
        "tophat" => Kernel::Tophat,
        other => return Err(unknown("kernel", other, "gaussian or tophat")),
    };
    // The official code rounds labels to f32.
    let labels = case.ndarray::<Ix2>("y")?.mapv(|value| f64::from(value as f32));
    let rates = pair_rates(labels.view(), case.param_positive("bandwidth")?, kernel)?;
    Ok(Computed::of([("rates", Array::from_ndarray(&rates))]))
}

fn choose_index(case: &Case) -> Outcome {
    let (p, u) = (case.ndarray::<Ix2>("p")?, case.ndarray::<Ix1>("u")?);
    let indices: Vec<usize> = p.outer_iter().zip(&u).map(|(row, &uniform)| choose(row, uniform)).collect();
    Ok(Computed::of([("idx", Array::indices(&indices))]))
}

fn batch_pair_draws(case: &Case) -> Outcome {
    let [x1, x2, y1, y2] = ["x1", "x2", "y1", "y2"].map(|name| case.ndarray::<Ix2>(name));
    let (y1, y2) = (y1?, y2?);
    let uniforms = case.ndarray::<Ix1>("u")?.to_vec();
    let pairs = batch_pairs(y1.view(), y2.view(), case.param_positive("bandwidth")?, &uniforms)?;
    let rows = |first: &Array2<f64>, second: &Array2<f64>| -> Result<Array, GoldenError> {
        let joined = concatenate(Axis(0), &[first.view(), second.view()])
            .map_err(|error| GoldenError::Malformed(error.to_string()))?;
        Ok(Array::from_ndarray(&joined.select(Axis(0), &pairs)))
    };
    Ok(Computed::of([
        ("idx", Array::indices(&pairs)),
        ("x2_new", rows(&x1?, &x2?)?),
        ("y2_new", rows(&y1, &y2)?),
    ]))
}

fn place(case: &Case) -> Result<Place, GoldenError> {
    match case.param_str("mode")? {
        "input" => Ok(Place::Input),
        "manifold" => Ok(Place::Hidden),
        other => Err(unknown("mode", other, "input or manifold")),
    }
}

/// PyTorch's weight (any axes after the first flattened) and bias.
fn weights(case: &Case, weight: &str, bias: &str) -> Result<(Array2<f64>, Vec<f64>), GoldenError> {
    let array = case.array(weight)?;
    let rows = array.shape.first().copied().unwrap_or(0);
    let columns = array.data.len().checked_div(rows).unwrap_or(0);
    let weight = Array2::from_shape_vec((rows, columns), array.data.clone())
        .map_err(|error| GoldenError::Malformed(error.to_string()))?;
    Ok((weight, case.ndarray::<Ix1>(bias)?.to_vec()))
}

/// Gradient of a burn weight `[inputs, outputs]` in PyTorch's layout and the shape of the case.
fn weight_grad(case: &Case, name: &str, weight: &Tensor<2>, grads: &Gradients) -> Result<Array, GoldenError> {
    let grad = Array::from_tensor(gradient(name, weight, grads)?.transpose())?;
    Ok(Array::floats(&case.array(name)?.shape, grad.data))
}

/// The mixed step of a case: its outputs, and the gradients, those of both inputs already put down.
fn mixed_case<const D: usize>(
    case: &Case,
    model: &impl Regressor<D>,
) -> Result<(Computed, Gradients), GoldenError> {
    let (x1, x2) = (case.tracked::<D>("x1")?, case.tracked::<D>("x2")?);
    let (y1, y2) = (case.tracked::<2>("y1")?, case.tracked::<2>("y2")?);
    let mixture = Mixture::joined(y1.dims()[0], Ratio::Batch(case.param_f64("lam")?))?;
    let joined = (Tensor::cat(vec![x1.clone(), x2.clone()], 0), Tensor::cat(vec![y1, y2], 0));
    let step = mixed_step(model, joined, &mixture, place(case)?, &mut Dropout::Off)?;
    let gradients = step.loss.backward();
    let computed = Computed::of([
        ("mixed_y", Array::from_tensor(step.target)?),
        ("pred", Array::from_tensor(step.prediction)?),
        ("loss", Array::loss(step.loss)?),
    ]);
    let computed = computed.with_gradient("x1", &x1, &gradients)?.with_gradient("x2", &x2, &gradients)?;
    Ok((computed, gradients))
}

fn mlp_mix_loss(case: &Case) -> Outcome {
    let device = Device::flex();
    let names = [("w1", "b1"), ("w2", "b2"), ("w3", "b3")];
    let mut layers = Vec::new();
    for (weight, bias) in names {
        let (weight, bias) = weights(case, weight, bias)?;
        layers.push(init::linear_from_pytorch(&weight, &bias, &device));
    }
    let slope = case.param_unit("negative_slope")?;
    let model = Mlp::from_layers(layers, Activation::LeakyRelu(slope)).train();
    let (mut computed, grads) = mixed_case::<2>(case, &model)?;
    for ((weight, bias), layer) in names.into_iter().zip(&model.layers) {
        computed.grads.insert(weight.into(), weight_grad(case, weight, &layer.weight.val(), &grads)?);
        computed.grads.insert(bias.into(), bias_grad(bias, layer, &grads)?);
    }
    Ok(computed)
}

fn bias_grad(name: &str, layer: &burn::nn::Linear, grads: &Gradients) -> Result<Array, GoldenError> {
    let bias = layer.bias.as_ref().ok_or_else(|| GoldenError::Refused(format!("no bias `{name}`")))?;
    Array::from_tensor(gradient(name, &bias.val(), grads)?)
}

fn lstnet_mix_loss(case: &Case) -> Outcome {
    let weights = LstnetWeights {
        conv: weights(case, "conv_w", "conv_b")?,
        gru_input: weights(case, "gru_w_ih", "gru_b_ih")?,
        gru_recurrent: weights(case, "gru_w_hh", "gru_b_hh")?,
        skip_input: weights(case, "skip_w_ih", "skip_b_ih")?,
        skip_recurrent: weights(case, "skip_w_hh", "skip_b_hh")?,
        output: weights(case, "lin_w", "lin_b")?,
        highway: weights(case, "hw_w", "hw_b")?,
    };
    let skip = case.param_usize("skip")?;
    let model = Lstnet::from_pytorch(&weights, skip, mixup_routines::unit(0.0), &Device::flex()).train();
    let (mut computed, grads) = mixed_case::<3>(case, &model)?;
    let others = [
        ("conv_w", weight_grad(case, "conv_w", &model.conv.weight.val(), &grads)?),
        ("lin_b", bias_grad("lin_b", &model.output, &grads)?),
        ("gru_w_hh", weight_grad(case, "gru_w_hh", &model.gru.recurrent.weight.val(), &grads)?),
    ];
    computed.grads.extend(others.map(|(name, array)| (name.to_owned(), array)));
    Ok(computed)
}

fn metrics(case: &Case) -> Outcome {
    let (prediction, target) = (case.ndarray::<Ix2>("pred")?, case.ndarray::<Ix2>("y")?);
    let (prediction, target) = (prediction.view(), target.view());
    Ok(Computed::of([
        ("mse", Array::scalar(regression::mse(prediction, target)?)),
        ("rmse", Array::scalar(regression::rmse(prediction, target)?)),
        ("mape", Array::scalar(regression::mape(prediction, target)?)),
        ("r", Array::scalar(regression::pearson(prediction, target)?)),
    ]))
}

fn worst_group(case: &Case) -> Outcome {
    let (prediction, target) = (case.ndarray::<Ix2>("pred")?, case.ndarray::<Ix2>("y")?);
    let groups: Vec<i64> = case.array("group")?.data.iter().map(|group| *group as i64).collect();
    let worst = match case.param_str("metric")? {
        "rmse" => regression::worst_group_rmse(prediction.view(), target.view(), &groups)?,
        "r" => regression::worst_group_pearson(prediction.view(), target.view(), &groups)?,
        other => return Err(unknown("metric", other, "rmse or r")),
    };
    Ok(Computed::of([("worst", Array::scalar(worst))]))
}

/// Inputs and targets of the three parts under the official names.
fn parts<I: RemoveAxis>(parts: &Parts<I>) -> Computed {
    let mut computed = Computed::default();
    for (name, part) in [("train", &parts.train), ("valid", &parts.validation), ("test", &parts.test)] {
        computed.outputs.insert(format!("x_{name}"), Array::from_ndarray(&part.x));
        computed.outputs.insert(format!("y_{name}"), Array::from_ndarray(&part.y));
    }
    computed
}

fn ts_windows(case: &Case) -> Outcome {
    let (series, scales) = prepare::scale_series(case.ndarray::<Ix2>("raw")?.view());
    let config = Windows {
        window: case.param_usize("window")?,
        horizon: case.param_usize("horizon")?,
        train: case.param_unit("train")?,
        validation: case.param_unit("valid")?,
    };
    let mut computed = parts(&prepare::windows(series.view(), &config)?);
    computed.outputs.insert("scale".into(), Array::from_ndarray(&scales));
    Ok(computed)
}

fn skillcraft_prepare(case: &Case) -> Outcome {
    let cells = case.ndarray::<Ix2>("table")?;
    // The official rule for a missing cell; it would misread real negative values.
    let known = |cell: f64| if cell < -0.5 { f64::NAN } else { cell };
    let table = Table {
        columns: (0..cells.ncols()).map(|column| column.to_string()).collect(),
        cells: cells.iter().copied().map(known).collect(),
    };
    let marks = Fractions { train: case.param_unit("train")?, validation: case.param_unit("valid")? };
    let samples = prepare::samples(&table, &Roles::skillcraft(), Scaling::MinMax);
    let split = prepare::domain_split(&samples, &marks)?;
    let mut computed = parts(&split);
    let sizes: Vec<usize> = split.test.groups.chunk_by(|a, b| a == b).map(<[i64]>::len).collect();
    computed.outputs.insert("test_group_sizes".into(), Array::indices(&sizes));
    Ok(computed)
}

fn rcf_color(case: &Case) -> Outcome {
    let images: Array4<f64> = case.ndarray::<Ix4>("images")?;
    let labels: Array1<f64> = case.ndarray::<Ix1>("y")?;
    let (inverse, threshold) = (case.param_bool("inverse")?, case.param_f64("threshold")?);
    let colored: Vec<_> = images
        .outer_iter()
        .zip(&labels)
        .map(|(image, &label)| rcf::color(image, label, inverse, threshold))
        .collect();
    let views: Vec<_> = colored.iter().map(|image| image.view()).collect();
    let colored = stack(Axis(0), &views).map_err(|error| GoldenError::Malformed(error.to_string()))?;
    Ok(Computed::of([("images", Array::from_ndarray(&colored))]))
}

fn rcf_rotate(case: &Case) -> Outcome {
    let image = case.ndarray::<Ix2>("image")?.mapv(|value| value as u8);
    let rotated: ArrayD<f64> =
        rcf::rotate(image.view(), case.param_f64("degrees")?).mapv(f64::from).into_dyn();
    let integers = Array { dtype: "u8".into(), ..Array::from_ndarray(&rotated) };
    Ok(Computed::of([("image", integers)]))
}
