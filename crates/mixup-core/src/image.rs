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
}
