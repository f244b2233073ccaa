//! The golden ops of this paper: botorch's numbers against the functions of this crate.

use mixup_paper::golden::{Array, Case, Computed, GoldenError, GoldenOp, Outcome};
use ndarray::{Ix1, Ix2};

use crate::acquisition::{log_expected_improvement, max_value_entropy};
use crate::kernel::TwoFidelityKernel;
use crate::surrogate::{Hyperparameters, Surrogate};

/// Every op by its full name.
pub fn ops() -> Vec<(&'static str, GoldenOp)> {
    vec![
        ("admire-bayesopt.kernel", kernel),
        ("admire-bayesopt.posterior", posterior),
        ("admire-bayesopt.log_ei", log_ei),
        ("admire-bayesopt.mes", mes),
    ]
}

fn vector(values: Vec<f64>) -> Array {
    Array::floats(&[values.len()], values)
}

fn values(case: &Case, name: &str) -> Result<Vec<f64>, GoldenError> {
    case.array_of::<1>(name).map(|(_, values)| values.to_vec())
}

fn kernel_of(case: &Case) -> Result<TwoFidelityKernel, GoldenError> {
    let nu = case.param_f64("nu")?;
    if nu != 2.5 {
        return Err(GoldenError::Malformed(format!("nu is {nu}; the kernel is of smoothness 2.5")));
    }
    Ok(TwoFidelityKernel {
        unbiased: values(case, "lengthscale_unbiased")?,
        biased: values(case, "lengthscale_biased")?,
        outputscale: case.param_f64("outputscale")?,
        power: case.param_f64("power")?,
    })
}

fn kernel(case: &Case) -> Outcome {
    let [x, z] = ["x", "z"].map(|name| case.ndarray::<Ix2>(name));
    let covariance = kernel_of(case)?.covariance(x?.view(), z?.view())?;
    Ok(Computed::of([("K", Array::from_ndarray(&covariance))]))
}

fn posterior(case: &Case) -> Outcome {
    let [x, z] = ["x", "z"].map(|name| case.ndarray::<Ix2>(name));
    let (x, z, y) = (x?, z?, case.ndarray::<Ix1>("y")?);
    let hyper = Hyperparameters { kernel: kernel_of(case)?, noise: case.param_f64("noise")? };
    let surrogate = Surrogate::new(hyper, Some(case.param_f64("mean")?), x.view(), y.view())?;
    let known = surrogate.posterior(z.view())?;
    Ok(Computed::of([
        ("mean", Array::from_ndarray(&known.mean)),
        ("variance", Array::from_ndarray(&known.variance)),
        ("covariance", Array::from_ndarray(&surrogate.covariance(z.view())?)),
        ("log_marginal_likelihood", Array::scalar(surrogate.log_marginal_likelihood())),
    ]))
}

fn log_ei(case: &Case) -> Outcome {
    let (mean, std) = (values(case, "mean")?, values(case, "std")?);
    let logs = log_expected_improvement(&mean, &std, case.param_f64("best_f")?)?;
    let improvements = logs.iter().map(|log| log.exp()).collect();
    Ok(Computed::of([("log_ei", vector(logs)), ("ei", vector(improvements))]))
}

fn mes(case: &Case) -> Outcome {
    let gains =
        max_value_entropy(&values(case, "mean")?, &values(case, "std")?, &values(case, "max_values")?)?;
    let cost = values(case, "cost")?;
    mixup_routines::proxies::same_size("costs", gains.len(), cost.len())?;
    let per_cost = gains.iter().zip(&cost).map(|(gain, cost)| gain / cost).collect();
    Ok(Computed::of([("mes", vector(gains)), ("mes_per_cost", vector(per_cost))]))
}
