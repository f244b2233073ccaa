//! The triplet loss.

use burn::tensor::{Tensor, TensorData, activation::relu};

use super::distance::unit_distances;
use super::reduce::mean_of_positive;
use crate::tensor::select_rows;
use crate::{CoreError, checked::NonNegative};

/// `max(D(a, p) - D(a, n) + margin, 0)` over all triplets of a batch, averaged over those above 0 (Schroff et
/// al. 2015; so pytorch-metric-learning reduces it). D is the Euclidean distance of points of length 1.
///
/// The triplets are gone through positive by positive, so that memory grows with the square of the batch times
/// the positives of an anchor.
///
/// # Shapes
/// - `similarities`: `[batch, batch]`, cosines; `classes`: one per sample
/// - returns `[1]`, 0 where there is no triplet
///
/// # Errors
/// Similarities of another number of samples.
pub fn triplet(
    similarities: Tensor<2>,
    classes: &[usize],
    margin: NonNegative,
) -> Result<Tensor<1>, CoreError> {
    let batch = classes.len();
    if similarities.dims() != [batch; 2] {
        let dims = similarities.dims();
        return Err(CoreError::Invalid(format!("triplet: similarities {dims:?} of {batch} samples")));
    }
    let (device, dtype) = (similarities.device(), similarities.dtype());
    let distances = unit_distances(similarities);
    let pairs: Vec<[usize; 2]> = (0..batch)
        .flat_map(|a| (0..batch).map(move |p| [a, p]))
        .filter(|&[a, p]| a != p && classes[a] == classes[p])
        .collect();
    if pairs.is_empty() || classes.iter().all(|class| *class == classes[0]) {
        return Ok(distances.sum().mul_scalar(0.0));
    }
    let places: Vec<usize> = pairs.iter().map(|[a, p]| a * batch + p).collect();
    let near = select_rows(distances.clone().reshape([batch * batch, 1]), &places)?;
    let anchors: Vec<usize> = pairs.iter().map(|[a, _]| *a).collect();
    let negatives = anchors.iter().flat_map(|&a| classes.iter().map(move |class| *class != classes[a]));
    let negatives: Vec<f64> = negatives.map(|negative| f64::from(u8::from(negative))).collect();
    let negatives: Tensor<2> =
        Tensor::from_data(TensorData::new(negatives, [pairs.len(), batch]), (&device, dtype));
    let hinge = relu((near - select_rows(distances, &anchors)?).add_scalar(margin.get()));
    Ok(mean_of_positive(hinge * negatives))
}
