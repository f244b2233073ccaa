//! The network of the theory: every patch meets the same filters, and squares are summed.
//!
//! `F_k(W; x) = sum_r sum_p <w_{k,r}, x^(p)>^q`, with `q = 2`. Mixing is linear, and so is the product with
//! the filters: patches are projected once, and what is mixed are their projections.

use burn::tensor::Tensor;
use mixup_core::{CoreError, mix::Mixture, tensor::to_array};
use ndarray::{Array2, Array3, ArrayD, ArrayView2, Axis, Ix3};

/// Inner products of patches and filters, `[samples, patches, classes, neurons]`.
#[derive(Debug, Clone)]
pub struct Projections(Tensor<4>);

impl Projections {
    /// # Shapes
    /// - `weights`: `[classes, neurons, width]`, the filters `w_{k,r}`
    /// - `patches`: `[samples, patches, width]`
    ///
    /// # Errors
    /// Widths that differ.
    pub fn of(weights: Tensor<3>, patches: Tensor<3>) -> Result<Self, CoreError> {
        let ([classes, neurons, width], [samples, count, given]) = (weights.dims(), patches.dims());
        if width != given {
            return Err(CoreError::Invalid(format!("patches of width {given} for filters of width {width}")));
        }
        let filters = weights.reshape([classes * neurons, width]);
        let products = patches.reshape([samples * count, width]).matmul(filters.transpose());
        Ok(Self(products.reshape([samples, count, classes, neurons])))
    }

    /// Those of mixed samples, by the mixture of the samples themselves.
    ///
    /// # Errors
    /// As [`Mixture::inputs`].
    pub fn mixed(&self, mixture: &Mixture) -> Result<Self, CoreError> {
        Ok(Self(mixture.inputs(self.0.clone())?))
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.0.dims()[0]
    }

    /// Logits `F_k`, `[samples, classes]`, where `power` is q.
    pub fn logits(&self, power: u32) -> Tensor<2> {
        let [samples, _, classes, _] = self.0.dims();
        to_power(&self.0, power).sum_dim(1).sum_dim(3).reshape([samples, classes])
    }

    /// Logits of `lambda x_i + (1 - lambda) x_j` for all ordered pairs, `i = j` among them, by the binomial
    /// theorem: sums over patches and neurons of `a_i^c a_j^(q - c)` are Gram matrices.
    ///
    /// # Shapes
    /// - returns `[samples * samples, classes]`; the pair (i, j) is row `i samples + j`
    pub fn logits_of_all_pairs(&self, lambda: f64, power: u32) -> Tensor<2> {
        let [samples, patches, classes, neurons] = self.0.dims();
        let by_class = self.0.clone().permute([2, 0, 1, 3]).reshape([classes, samples, patches * neurons]);
        let mut choices = 1.0;
        let mut logits = Tensor::zeros([classes, samples, samples], (&by_class.device(), by_class.dtype()));
        for own in 0..=power {
            let partner = power - own;
            let weight = choices * lambda.powi(own as i32) * (1.0 - lambda).powi(partner as i32);
            let gram = to_power(&by_class, own).matmul(to_power(&by_class, partner).swap_dims(1, 2));
            logits = logits + gram.mul_scalar(weight);
            choices *= f64::from(partner) / f64::from(own + 1);
        }
        logits.permute([1, 2, 0]).reshape([samples * samples, classes])
    }

    /// What each patch adds to a class's logit.
    ///
    /// # Shapes
    /// - `class`: one per sample
    /// - returns `[samples, patches]`, whose rows sum to that logit
    ///
    /// # Errors
    /// A failing device.
    pub fn by_patch(&self, class: &[usize], power: u32) -> Result<Array2<f64>, CoreError> {
        let [samples, patches, classes, _] = self.0.dims();
        let sums = to_power(&self.0, power).sum_dim(3).reshape([samples, patches, classes]);
        let sums = host(to_array(sums)?)?;
        Ok(Array2::from_shape_fn((samples, patches), |(row, patch)| sums[[row, patch, class[row]]]))
    }
}

fn host(array: ArrayD<f64>) -> Result<Array3<f64>, CoreError> {
    array.into_dimensionality::<Ix3>().map_err(|error| CoreError::Invalid(error.to_string()))
}

/// `x^n`, as products: exact for every sign, and with a gradient at 0.
fn to_power<const D: usize>(x: &Tensor<D>, n: u32) -> Tensor<D> {
    match n {
        0 => x.ones_like(),
        n => (1..n).fold(x.clone(), |product, _| product * x.clone()),
    }
}

/// How well filters know features.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// `max_r |<w_{k,r}, f>|`, `[classes, features]`.
    pub max_abs: Array2<f64>,
    /// `sum_r <w_{k,r}, f>^2`, `[classes, features]`.
    pub energy: Array2<f64>,
}

impl Scores {
    /// # Shapes
    /// - `weights`: `[classes, neurons, width]`
    /// - `features`: `[features, width]`
    ///
    /// # Errors
    /// Widths that differ, or a failing device.
    pub fn of(weights: Tensor<3>, features: ArrayView2<'_, f64>) -> Result<Self, CoreError> {
        let [classes, _, width] = weights.dims();
        if width != features.ncols() {
            return Err(CoreError::Invalid(format!(
                "features of width {} for filters of width {width}",
                features.ncols()
            )));
        }
        let mut scores = Self {
            max_abs: Array2::zeros((classes, features.nrows())),
            energy: Array2::zeros((classes, features.nrows())),
        };
        let weights = host(to_array(weights)?)?;
        for (class, filters) in weights.outer_iter().enumerate() {
            // [neurons, features]
            let products = filters.dot(&features.t());
            for (feature, column) in products.axis_iter(Axis(1)).enumerate() {
                scores.max_abs[[class, feature]] =
                    column.fold(0.0, |most: f64, product| most.max(product.abs()));
                scores.energy[[class, feature]] = column.iter().map(|product| product * product).sum();
            }
        }
        Ok(scores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, TensorData};
    use mixup_core::{mix::Ratio, tensor::to_host};
    use proptest::prelude::*;

    fn tensor<const D: usize>(values: &[f64], shape: [usize; D]) -> Tensor<D> {
        Tensor::from_data(TensorData::new(values.to_vec(), shape), (&Device::flex(), DType::F64))
    }

    proptest! {
        /// Projections may be mixed for samples, and Gram matrices stand for pairs.
        #[test]
        fn mixing_and_projecting_may_change_places(
            weights in prop::collection::vec(-1.0..1.0, 12), patches in prop::collection::vec(-1.0..1.0, 12),
            lambda in 0.0..=1.0f64, power in 1_u32..4,
        ) {
            let (weights, x) = (tensor(&weights, [2, 3, 2]), tensor(&patches, [3, 2, 2]));
            let projections = Projections::of(weights.clone(), x.clone()).unwrap();
            let all = to_host(projections.logits_of_all_pairs(lambda, power)).unwrap();
            for i in 0..3 {
                for j in 0..3 {
                    let mixture = Mixture { partners: vec![j; 3], ratio: Ratio::Batch(lambda) };
                    let mixed = Projections::of(weights.clone(), mixture.inputs(x.clone()).unwrap()).unwrap();
                    let logits = to_host(mixed.logits(power)).unwrap();
                    let after = to_host(projections.mixed(&mixture).unwrap().logits(power)).unwrap();
                    for class in 0..2 {
                        let expected = logits[2 * i + class];
                        prop_assert!((after[2 * i + class] - expected).abs() < 1e-12);
                        prop_assert!((all[2 * (3 * i + j) + class] - expected).abs() < 1e-12);
                    }
                }
            }
        }
    }

    #[test]
    fn a_feature_alone_in_a_sample_is_all_of_its_logit() {
        let weights = tensor(&[3.0, 0.0, 0.0, -2.0], [2, 1, 2]);
        let features = ndarray::array![[1.0, 0.0], [0.0, 1.0]];
        let projections = Projections::of(weights.clone(), tensor(&[1.0, 0.0, 0.0, 1.0], [2, 1, 2])).unwrap();
        assert_eq!(to_host(projections.logits(2)).unwrap(), [9.0, 0.0, 0.0, 4.0]);
        assert_eq!(projections.by_patch(&[0, 1], 2).unwrap(), ndarray::array![[9.0], [4.0]]);
        let scores = Scores::of(weights, features.view()).unwrap();
        assert_eq!(scores.max_abs, ndarray::array![[3.0, 0.0], [0.0, 2.0]]);
        assert_eq!(scores.energy, ndarray::array![[9.0, 0.0], [0.0, 4.0]]);
    }

    #[test]
    fn widths_must_agree() {
        let weights = tensor(&[1.0; 4], [2, 1, 2]);
        assert!(Projections::of(weights.clone(), tensor(&[1.0; 3], [1, 1, 3])).is_err());
        assert!(Scores::of(weights, Array2::zeros((4, 3)).view()).is_err());
    }
}
