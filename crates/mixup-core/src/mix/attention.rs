//! Masks of what a network looks at (AttentiveMix) and of what stands out (SaliencyMix).

use burn::tensor::Tensor;
use ndarray::{Array3, ArrayView2, Axis};

use super::Mask;
use super::paste::nearest;
use crate::{CoreError, tensor::to_array};

/// How many cells of a map AttentiveMix+ takes for a lambda: `cells lambda`, rounded down, at least one.
pub fn attentive_cells(lambda: f64, cells: usize) -> usize {
    ((cells as f64 * lambda) as usize).max(1).min(cells)
}

/// AttentiveMix (Walawalkar et al. 2020): each sample keeps the pixels of its `top` cells of largest mean feature,
/// and everything else is its partner's.
///
/// # Shapes
/// - `features`: `[samples, channels, s, s]` of the own images
/// - returns one mask per sample, of `size`
///
/// # Errors
/// No cells, or more than there are.
pub fn attentive_mask(features: Tensor<4>, top: usize, size: [usize; 2]) -> Result<Mask, CoreError> {
    let maps = to_array(features.mean_dim(1).squeeze_dim::<3>(1))?;
    let (samples, rows, columns) = match *maps.shape() {
        [samples, rows, columns] if top >= 1 && top <= rows * columns => (samples, rows, columns),
        ref shape => return Err(CoreError::Invalid(format!("the {top} largest cells of maps {shape:?}"))),
    };
    let scale = [rows as f32 / size[0] as f32, columns as f32 / size[1] as f32];
    let mut own = Array3::zeros((samples, size[0], size[1]));
    for (mut own, map) in own.outer_iter_mut().zip(maps.outer_iter()) {
        let values: Vec<f64> = map.iter().copied().collect();
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
        let mut taken = vec![0.0; values.len()];
        order[..top].iter().for_each(|&cell| taken[cell] = 1.0);
        for ((row, column), value) in own.indexed_iter_mut() {
            *value = taken[nearest(row, scale[0], rows) * columns + nearest(column, scale[1], columns)];
        }
    }
    Mask::per_sample(own)
}

/// Where a saliency map is largest, in 256 steps as the official code reads it; the first of equals, row by row.
///
/// # Shapes
/// - `map`: `[height, width]`, from 0 to 1
///
/// # Errors
/// A map without a value.
pub fn peak(map: ArrayView2<'_, f64>) -> Result<[usize; 2], CoreError> {
    let mut best: Option<([usize; 2], u8)> = None;
    for (row, values) in map.axis_iter(Axis(0)).enumerate() {
        for (column, &value) in values.iter().enumerate() {
            // As the official code calculates, in f32.
            let value = (value as f32 * 255.0) as u8;
            if best.is_none_or(|(_, largest)| value > largest) {
                best = Some(([row, column], value));
            }
        }
    }
    best.map(|(at, _)| at).ok_or_else(|| CoreError::Invalid("a saliency map without a value".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use ndarray::array;
    use proptest::prelude::*;

    #[test]
    fn the_largest_cells_are_kept_at_any_resolution() {
        let features =
            Tensor::<4>::from_data([[[[1.0, 5.0], [2.0, 0.0]], [[3.0, 3.0], [0.0, 0.0]]]], &Device::flex());
        let mask = attentive_mask(features.clone(), 2, [3, 4]).unwrap();
        // A map of two rows on three pixels: the upper row has two of them.
        assert_eq!(mask.values(), array![[[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]]]);
        assert!(attentive_mask(features.clone(), 0, [2, 2]).is_err());
        assert!(attentive_mask(features, 5, [2, 2]).is_err());
        assert_eq!([0.0, 0.3, 0.5, 1.0].map(|lambda| attentive_cells(lambda, 4)), [1, 1, 2, 4]);
    }

    #[test]
    fn the_first_of_equals_is_the_peak() {
        assert_eq!(peak(array![[0.1, 0.5], [0.5, 0.2]].view()).unwrap(), [0, 1]);
        // Both are 127 of 255.
        assert_eq!(peak(array![[0.4985, 0.5]].view()).unwrap(), [0, 0]);
        assert!(peak(array![[]].view()).is_err());
    }

    proptest! {
        #[test]
        fn masks_have_the_area_of_their_cells(
            lambda in 0.0f64..=1.0, factor in 1usize..5, cells in prop::collection::vec(-1.0f32..1.0, 2 * 9),
        ) {
            let features = Tensor::<1>::from_floats(&cells[..], &Device::flex()).reshape([2, 1, 3, 3]);
            let top = attentive_cells(lambda, 9);
            let mask = attentive_mask(features, top, [3 * factor, 3 * factor]).unwrap();
            for own in mask.values().outer_iter() {
                prop_assert!((own.mean().unwrap() - top as f64 / 9.0).abs() < 1e-12);
            }
        }
    }
}
