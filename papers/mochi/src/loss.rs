//! The loss of MoCo, with synthetic negatives beside those of the queue.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Bool, Tensor, TensorData};
use mixup_core::{CoreError, checked::Positive, tensor::same_shape};
use ndarray::{Array2, ArrayView1, Axis};

use crate::synthetic::Excluded;

/// The logit of a key that is no negative.
const NONE: f64 = -1e9;

/// Logits of queries: of the own key, of the keys in the queue, of each block of synthetic negatives, divided by tau.
///
/// # Shapes
/// - `queries`, `keys`: `[queries, dimensions]`; `queue`: `[queue, dimensions]`, all of length 1; gradients flow into `queries`
///   only
/// - `synthetics`: `[queries, any number, dimensions]`
/// - returns `[queries, 1 + queue + synthetics]`
///
/// # Errors
/// Shapes that do not agree.
pub fn logits(
    queries: Tensor<2>,
    keys: Tensor<2>,
    queue: Tensor<2>,
    synthetics: &[Tensor<3>],
    tau: Positive,
    excluded: &Excluded,
) -> Result<Tensor<2>, CoreError> {
    same_shape("logits", &queries, &keys)?;
    let [count, dimensions] = queries.dims();
    if queue.dims()[1] != dimensions
        || synthetics.iter().any(|block| [block.dims()[0], block.dims()[2]] != [count, dimensions])
    {
        return Err(CoreError::Invalid(format!(
            "queries {:?} with a queue {:?}",
            queries.dims(),
            queue.dims()
        )));
    }
    let size = queue.dims()[0];
    let mut negatives = queries.clone().matmul(queue.inner().transpose());
    if let Some(mask) = excluded.flat() {
        let mask = Tensor::<2, Bool>::from_data(TensorData::new(mask, [count, size]), &queries.device());
        negatives = negatives.mask_fill(mask, NONE);
    }
    let mut blocks = vec![(queries.clone() * keys.inner()).sum_dim(1), negatives];
    for block in synthetics {
        let products = block.clone().inner() * queries.clone().reshape([count, 1, dimensions]);
        blocks.push(products.sum_dim(2).reshape([count, block.dims()[1]]));
    }
    Ok(Tensor::cat(blocks, 1).div_scalar(tau.get()))
}

/// The mean cross-entropy of logits whose first column is right, `[1]`.
pub fn contrastive(logits: Tensor<2>) -> Tensor<1> {
    let own = log_softmax(logits, 1);
    let rows = own.dims()[0];
    own.slice([0..rows, 0..1]).mean().neg()
}

/// Proxy-task accuracy: the share of queries that are more similar to their own key than to every key of the queue. From
/// 0 to 1.
///
/// # Shapes
/// - `own`: `[queries]`, similarities to the own key; `queue`: `[queries, queue]`
pub fn proxy_accuracy(own: &[f64], queue: &Array2<f64>, excluded: &Excluded) -> f64 {
    let right = |(query, (own, row)): (usize, (&f64, ArrayView1<'_, f64>))| {
        row.iter().enumerate().all(|(key, similarity)| excluded.has(query, key) || own > similarity)
    };
    let queries = own.iter().zip(queue.axis_iter(Axis(0))).enumerate();
    queries.filter(|(query, (own, row))| right((*query, (*own, *row)))).count() as f64 / own.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device};
    use mixup_core::tensor::to_host;
    use ndarray::array;

    fn tensor<const R: usize>(rows: [[f64; 2]; R]) -> Tensor<2> {
        Tensor::from_data(TensorData::from(rows), (&Device::flex().autodiff(), DType::F64))
    }

    /// `dL / dq = ( (p_0 - 1) k + sum_n p_n n + sum_h p_h h ) / tau`
    #[test]
    fn the_gradient_is_that_of_theory() {
        let queries = tensor([[0.6, 0.8]]).require_grad();
        let (key, queue) = ([0.8, 0.6], [[1.0, 0.0], [-0.6, 0.8]]);
        let synthetic = Tensor::<3>::from_data([[[0.0, 1.0]]], (&Device::flex(), DType::F64));
        let tau = Positive::new(0.5).unwrap();
        let logits =
            logits(queries.clone(), tensor([key]), tensor(queue), &[synthetic], tau, &Excluded::nothing())
                .unwrap();
        let values = to_host(logits.clone()).unwrap();
        assert!(values.iter().zip([1.92, 1.2, 0.56, 1.6]).all(|(a, b)| (a - b).abs() < 1e-12), "{values:?}");
        let sum: f64 = values.iter().map(|value| value.exp()).sum();
        let loss = contrastive(logits);
        let gradient = to_host(queries.grad(&loss.backward()).unwrap()).unwrap();
        assert!((to_host(loss).unwrap()[0] - (sum.ln() - 1.92)).abs() < 1e-12);
        for axis in 0..2 {
            let p = |at: usize| values[at].exp() / sum;
            let others = p(1) * queue[0][axis] + p(2) * queue[1][axis] + p(3) * [0.0, 1.0][axis];
            assert!((gradient[axis] - ((p(0) - 1.0) * key[axis] + others) / 0.5).abs() < 1e-12);
        }
    }

    #[test]
    fn excluded_keys_do_not_count() {
        let tau = Positive::new(1.0).unwrap();
        let (query, queue) = (tensor([[1.0, 0.0]]), tensor([[1.0, 0.0], [0.0, 1.0]]));
        let excluded = Excluded::by(1, 2, |_, key| key == 0);
        let found = logits(query.clone(), query, queue, &[], tau, &excluded).unwrap();
        let expected = (1.0_f64.exp() + 1.0).ln() - 1.0;
        assert!((to_host(contrastive(found)).unwrap()[0] - expected).abs() < 1e-12);
        let similarities = array![[1.0, 0.0]];
        assert_eq!(proxy_accuracy(&[0.9], &similarities, &excluded), 1.0);
        assert_eq!(proxy_accuracy(&[1.0], &similarities, &Excluded::nothing()), 0.0);
    }
}
