//! Mean squared error.

use burn::backend::Flex;
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::tensor::Tensor;

use crate::extension::{BackwardPass, Pass, apply_to_one, fusible, tensor, values};

/// Mean over all entries of `(prediction - target)^2`.
///
/// # Shapes
/// - `prediction`, `target`: the same
/// - returns `[1]`
///
/// # Panics
/// Where burn's operations do: shapes that do not agree.
pub fn mean_squared_error<const D: usize>(prediction: Tensor<D>, target: Tensor<D>) -> Tensor<1> {
    let shape = prediction.dims();
    let fits = target.dims() == shape && !shape.contains(&0);
    if !(fits && fusible(&prediction) && fusible(&target)) {
        return (prediction - target).square().mean();
    }
    apply_to_one(vec![prediction.into_dispatch(), target.into_dispatch()], move |inputs| {
        let pairs = values(&inputs[0]).iter().zip(values(&inputs[1]));
        let differences: Vec<f32> = pairs.map(|(prediction, target)| prediction - target).collect();
        let squares = differences.iter().map(|difference| difference * difference).collect();
        // burn's own mean, so that the loss is the same to the bit as that of burn's operations.
        let loss: FloatTensor<Flex> = Flex::float_mean(tensor(squares, shape));
        let backward = BackwardPass::new(move |dy, wanted| {
            let share = (1.0 / differences.len() as f64) as f32 * values(&dy)[0];
            let gradient = |factor: f32| {
                tensor(differences.iter().map(|difference| factor * (share * difference)).collect(), shape)
            };
            vec![wanted[0].then(|| gradient(2.0)), wanted[1].then(|| gradient(-2.0))]
        });
        Pass { outputs: vec![loss], backward }
    })
}
