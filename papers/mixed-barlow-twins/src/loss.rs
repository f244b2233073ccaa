//! The losses.

use burn::tensor::Tensor;
use mixup_core::{CoreError, tensor::same_shape, tensor::select_rows};
use serde::{Deserialize, Serialize};

/// What is added to a variance: nothing in f64, and a column that is constant becomes 0 and not NaN.
const EPSILON: f64 = 1e-12;

/// Each column with mean 0 and unbiased variance 1 over the batch.
///
/// # Shapes
/// - `embeddings`, result: `[batch, dimensions]`
pub fn normalised(embeddings: Tensor<2>) -> Tensor<2> {
    let batch = embeddings.dims()[0] as f64;
    let centred = embeddings.clone() - embeddings.mean_dim(0);
    let variance = centred.clone().square().sum_dim(0).div_scalar((batch - 1.0).max(1.0));
    centred / variance.add_scalar(EPSILON).sqrt()
}

/// `C = a^T b / N` of normalised embeddings. As variances are unbiased, two equal views have `(N - 1) / N` on its diagonal.
///
/// # Shapes
/// - `a`, `b`: `[batch, dimensions]`; returns `[dimensions, dimensions]`
pub fn correlation(a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
    let batch = a.dims()[0] as f64;
    a.transpose().matmul(b).div_scalar(batch)
}

/// The two terms of [`barlow_twins`], and the correlations.
#[derive(Debug, Clone)]
pub struct Terms {
    /// `sum_i (C_ii - 1)^2`, `[1]`
    pub on_diagonal: Tensor<1>,
    /// `sum_{i != j} C_ij^2`, `[1]`
    pub off_diagonal: Tensor<1>,
    /// `C`, `[dimensions, dimensions]`
    pub correlation: Tensor<2>,
}

/// Barlow Twins (Zbontar et al. 2021): `sum_i (C_ii - 1)^2 + lambda_BT sum_{i != j} C_ij^2`.
///
/// # Shapes
/// - `first`, `second`: `[batch, dimensions]`, normalised, of two views
///
/// # Errors
/// Shapes that differ.
pub fn barlow_twins(first: Tensor<2>, second: Tensor<2>) -> Result<Terms, CoreError> {
    same_shape("barlow_twins", &first, &second)?;
    let batch = first.dims()[0] as f64;
    let diagonal = (first.clone() * second.clone()).sum_dim(0).div_scalar(batch);
    let correlation = correlation(first, second);
    let off_diagonal = correlation.clone().square().sum() - diagonal.clone().square().sum();
    let on_diagonal = diagonal.sub_scalar(1.0).square().sum();
    Ok(Terms { on_diagonal, off_diagonal, correlation })
}

impl Terms {
    /// The loss, `[1]`.
    pub fn total(&self, off_diagonal: f64) -> Tensor<1> {
        self.on_diagonal.clone() + self.off_diagonal.clone().mul_scalar(off_diagonal)
    }
}

/// With what the second view's correlations of mixed images are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// `lambda C(first, second) + (1 - lambda) C(second', second)`: the paper, and the code for small images.
    #[default]
    Paper,
    /// `lambda C(second, second) + (1 - lambda) C(second', second)`: the code for ImageNet.
    Imagenet,
}

/// What ought to be true of mixed images, `sum (C(m, 1) - G_1)^2 + sum (C(m, 2) - G_2)^2` over all entries:
///
/// ```text
/// G_1 = lambda C(1, 1) + (1 - lambda) C(2', 1)     G_2 = lambda C(1, 2) + (1 - lambda) C(2', 2)
/// ```
///
/// where 2' are the second views of the partners. As correlations are linear in each side, both are of the difference
/// between the mixed images' embeddings and the mixed embeddings: `C(m - lambda 1 - (1 - lambda) 2', v)`. Gradients flow
/// into all three embeddings.
///
/// # Shapes
/// - `first`, `second`, `mixed`: `[batch, dimensions]`, normalised; `partners`: `[batch]`, rows
/// - returns `[1]`
///
/// # Errors
/// Shapes that differ, a partner that is no row.
pub fn mixed_samples(
    [first, second, mixed]: [Tensor<2>; 3],
    partners: &[usize],
    lambda: f64,
    target: Target,
) -> Result<Tensor<1>, CoreError> {
    same_shape("mixed_samples", &first, &second)?;
    same_shape("mixed_samples", &first, &mixed)?;
    if partners.len() != first.dims()[0] {
        let (partners, batch) = (partners.len(), first.dims()[0]);
        return Err(CoreError::Invalid(format!("{partners} partners for a batch of {batch}")));
    }
    let rest = mixed - select_rows(second.clone(), partners)?.mul_scalar(1.0 - lambda);
    let of_own = |own: &Tensor<2>, view: &Tensor<2>| {
        correlation(rest.clone() - own.clone().mul_scalar(lambda), view.clone()).square().sum()
    };
    let own = match target {
        Target::Paper => &first,
        Target::Imagenet => &second,
    };
    Ok(of_own(&first, &first) + of_own(own, &second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, TensorData};
    use mixup_core::{stream::Streams, tensor::to_host};
    use rand::RngExt;

    fn random(name: &str) -> Tensor<2> {
        let mut streams = Streams::new(name, 0);
        let values: Vec<f64> = (0..24).map(|_| streams.get("values").random_range(-1.0..1.0)).collect();
        Tensor::from_data(TensorData::new(values, [8, 3]), (&Device::flex().autodiff(), DType::F64))
            .require_grad()
    }

    fn number(tensor: Tensor<1>) -> f64 {
        to_host(tensor).unwrap()[0]
    }

    /// With N rows and unbiased variances the diagonal ends at (N - 1) / N: a floor of d / N^2.
    #[test]
    fn equal_views_are_at_the_floor() {
        let view = normalised(random("view"));
        let terms = barlow_twins(view.clone(), view.clone()).unwrap();
        assert!((number(terms.on_diagonal) - 3.0 / 64.0).abs() < 1e-9);
        let opposite = barlow_twins(view.clone(), -view).unwrap();
        assert!((number(opposite.on_diagonal) - 3.0 * (1.0 + 7.0 / 8.0_f64).powi(2)).abs() < 1e-9);
    }

    /// A network that is linear on mixtures, and keeps their spread, costs nothing.
    #[test]
    fn mixed_embeddings_of_mixed_images_cost_nothing() {
        let (first, second) = (normalised(random("first")), normalised(random("second")));
        let partners = [3, 1, 0, 2, 7, 4, 6, 5];
        for lambda in [0.0, 0.3, 1.0] {
            let partner = select_rows(second.clone(), &partners).unwrap();
            let mixed = mixup_core::mix::mix(first.clone(), partner, lambda);
            let of = |mixed: Tensor<2>, target| {
                let all = [first.clone(), second.clone(), mixed];
                number(mixed_samples(all, &partners, lambda, target).unwrap())
            };
            assert!(of(mixed.clone(), Target::Paper) < 1e-20);
            assert!(of(normalised(random("other")), Target::Paper) > 0.1);
            // The forms differ only where the first view has a share.
            let difference = of(mixed.clone(), Target::Imagenet) - of(mixed, Target::Paper);
            assert_eq!(difference.abs() > 1e-6, lambda > 0.0, "{lambda}: {difference}");
        }
        assert!(mixed_samples([first.clone(), second, first], &[0], 0.5, Target::Paper).is_err());
    }

    #[test]
    fn a_dead_column_is_no_nan() {
        let dead = random("dead").mul_scalar(0.0);
        let loss = barlow_twins(normalised(dead.clone()), normalised(random("view"))).unwrap().total(0.1);
        assert!((number(loss) - 3.0).abs() < 1e-9);
    }
}
