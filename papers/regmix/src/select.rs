//! The mixture that a fitted regression recommends (section 3.3 of the paper): simulate many,
//! predict the loss of each, take the mean of the best.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::draws::Draws;
use crate::mixture::check_prior;
use mixup_routines::proxies::{Result, all_finite, require, same_size};

/// Mixtures that the official notebook simulates.
pub const SIMULATED: usize = 100_000;

/// Mixtures whose mean the official notebook takes.
pub const BEST: usize = 128;

/// Draws `count` mixtures from a Dirichlet distribution whose concentration is the prior itself
/// (not tempered, total mass 1).
///
/// # Shapes
/// - `prior`: `[domains]`, token shares
/// - returns `[count, domains]`, rows sum to 1
///
/// # Errors
/// A prior with a share that is not positive.
pub fn simulate(prior: &[f64], count: usize, draws: &mut impl Draws) -> Result<Array2<f64>> {
    check_prior(prior)?;
    let mut mixtures = Array2::zeros((count, prior.len()));
    for mut mixture in mixtures.rows_mut() {
        mixture.assign(&Array1::from(draws.dirichlet(prior)?));
    }
    Ok(mixtures)
}

/// Mean of the `best` mixtures with the lowest predicted loss; of equal predictions the earlier
/// rows count as lower. All mixtures are taken where there are fewer.
///
/// # Shapes
/// - `mixtures`: `[count, domains]`
/// - `predicted`: `[count]`, losses in nats
/// - returns `[domains]`
///
/// # Errors
/// No mixtures, `best` 0, lengths that do not agree, a prediction that is not finite.
pub fn best_mixture(mixtures: ArrayView2<'_, f64>, predicted: &[f64], best: usize) -> Result<Vec<f64>> {
    same_size("predicted losses", mixtures.nrows(), predicted.len())?;
    require(!predicted.is_empty(), "mixtures", 0, "at least 1")?;
    require(best > 0, "best", best, "at least 1")?;
    all_finite("predicted losses", predicted)?;
    let mut order: Vec<usize> = (0..predicted.len()).collect();
    // Adding 0 makes a negative zero equal to zero; the sort is stable.
    order.sort_by(|&a, &b| (predicted[a] + 0.0).total_cmp(&(predicted[b] + 0.0)));
    order.truncate(best);
    let chosen = mixtures.select(Axis(0), &order);
    Ok((chosen.sum_axis(Axis(0)) / order.len() as f64).to_vec())
}
