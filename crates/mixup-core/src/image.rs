//! Operations on batches of images that are part of a method, not of a data set.

use burn::tensor::Tensor;

use crate::CoreError;

/// Each image minus its mean, divided by its standard deviation over channels and pixels
/// (`per_img_std` of Manifold Mixup's code).
///
/// The deviation has the divisor `n - 1` and is not taken below `1 / sqrt(n)`, with `n` values per
/// image; a constant image becomes 0.
///
/// # Shapes
/// - `images`, result: `[batch, channels, height, width]`
///
/// # Errors
/// Images of fewer than two values, which have no deviation.
pub fn standardize_each(images: Tensor<4>) -> Result<Tensor<4>, CoreError> {
    let shape = images.dims();
    let values: usize = shape[1..].iter().product();
    if values < 2 {
        return Err(CoreError::Invalid(format!("images {shape:?}: at least two values each are needed")));
    }
    let rows: Tensor<2> = images.reshape([shape[0], values]);
    let centred = rows.clone() - rows.mean_dim(1);
    let variance = centred.clone().square().sum_dim(1).div_scalar((values - 1) as f64);
    let floor = (values as f64).sqrt().recip();
    Ok((centred / variance.sqrt().clamp_min(floor)).reshape(shape))
}

/// A batch and behind it the batch turned by 90, 180 and 270 degrees, counter-clockwise (the task of rotation
/// prediction; Gidaris et al. 2018).
///
/// # Shapes
/// - `images`: `[batch, channels, side, side]`
/// - returns `[4 * batch, channels, side, side]`
///
/// # Errors
/// Images that are not square.
pub fn rotations(images: Tensor<4>) -> Result<Tensor<4>, CoreError> {
    let [_, _, height, width] = images.dims();
    if height != width {
        return Err(CoreError::Invalid(format!("turned images of {height} x {width}: they must be square")));
    }
    let quarter = images.clone().flip([3]).swap_dims(2, 3);
    let half = images.clone().flip([2, 3]);
    let three_quarters = images.clone().flip([2]).swap_dims(2, 3);
    Ok(Tensor::cat(vec![images, quarter, half, three_quarters], 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::to_host;
    use burn::tensor::Device;

    #[test]
    fn deviations_are_one_or_the_image_is_zero() {
        let device = Device::flex();
        let images = Tensor::<1>::from_data([1.0, 3.0, 5.0, 7.0, 4.0, 4.0, 4.0, 4.0], &device);
        let values = to_host(standardize_each(images.reshape([2, 1, 2, 2])).unwrap()).unwrap();
        let deviation = (20f64 / 3.0).sqrt();
        for (value, expected) in values.iter().zip([-3.0, -1.0, 1.0, 3.0, 0.0, 0.0, 0.0, 0.0]) {
            assert!((value - expected / deviation).abs() < 1e-6, "{values:?}");
        }
        assert!(standardize_each(Tensor::zeros([3, 1, 1, 1], &device)).is_err());
    }

    #[test]
    fn images_turn_counter_clockwise() {
        let device = Device::flex();
        let image = Tensor::<4>::from_data([[[[1.0, 2.0], [3.0, 4.0]]]], &device);
        let turned = to_host(rotations(image).unwrap()).unwrap();
        assert_eq!(turned, [1.0, 2.0, 3.0, 4.0, 2.0, 4.0, 1.0, 3.0, 4.0, 3.0, 2.0, 1.0, 3.0, 1.0, 4.0, 2.0]);
        assert!(rotations(Tensor::zeros([1, 1, 2, 3], &device)).is_err());
    }
}
