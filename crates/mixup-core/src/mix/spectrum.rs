//! Inverse discrete Fourier transform of a real array, for masks: by matrices of cosines and sines, along one axis after
//! the other. Exact for any length, and for sides of some hundred pixels as fast as need be.

use std::f64::consts::TAU;

use ndarray::{Array2, ArrayD, Zip};

use crate::CoreError;

/// A complex array.
pub(super) struct Complex {
    pub(super) re: ArrayD<f64>,
    pub(super) im: ArrayD<f64>,
}

/// `irfftn` without its factor: each axis of the spectrum is cut or filled with zeros at its end, and the last one is
/// half a spectrum of a real signal.
///
/// # Errors
/// Another number of axes than lengths.
pub(super) fn inverse_real(mut spectrum: Complex, lengths: &[usize]) -> Result<ArrayD<f64>, CoreError> {
    let axes = spectrum.re.ndim();
    if axes != lengths.len() || axes == 0 {
        return Err(CoreError::Invalid(format!("{axes} axes of a spectrum for {lengths:?}")));
    }
    let last = axes - 1;
    for (axis, &length) in lengths[..last].iter().enumerate() {
        let kept = spectrum.re.shape()[axis].min(length);
        let (cos, sin) = waves(length, kept, |_| 1.0);
        let (re, im) = (&spectrum.re, &spectrum.im);
        let product = |array: &ArrayD<f64>, matrix: &Array2<f64>| along(array, axis, matrix);
        let real = product(re, &cos)? - product(im, &sin)?;
        let imaginary = product(re, &sin)? + product(im, &cos)?;
        spectrum = Complex { re: real, im: imaginary };
    }
    let length = lengths[last];
    let kept = spectrum.re.shape()[last].min(length / 2 + 1);
    // What stands for two frequencies, of which one is not written down, counts twice.
    let twice = |frequency: usize| if frequency == 0 || 2 * frequency == length { 1.0 } else { 2.0 };
    let (cos, sin) = waves(length, kept, twice);
    let mut real = along(&spectrum.re, last, &cos)?;
    let imaginary = along(&spectrum.im, last, &sin)?;
    Zip::from(&mut real).and(&imaginary).for_each(|real, &imaginary| *real -= imaginary);
    Ok(real)
}

/// `[length, kept]`: cosine and sine of each kept frequency at each place, times its weight.
fn waves(length: usize, kept: usize, weight: impl Fn(usize) -> f64) -> (Array2<f64>, Array2<f64>) {
    let wave = |of: fn(f64) -> f64| {
        Array2::from_shape_fn((length, kept), |(place, frequency)| {
            // Whole turns are taken off while they are whole numbers.
            let turn = (place * frequency % length) as f64 / length as f64;
            weight(frequency) * of(TAU * turn)
        })
    };
    (wave(f64::cos), wave(f64::sin))
}

/// The product of `matrix` with an array along one axis, of which the first columns' worth is taken.
fn along(array: &ArrayD<f64>, axis: usize, matrix: &Array2<f64>) -> Result<ArrayD<f64>, CoreError> {
    let wrong = |error: ndarray::ShapeError| CoreError::Invalid(error.to_string());
    let last = array.ndim() - 1;
    let mut order: Vec<usize> = (0..array.ndim()).collect();
    order.swap(axis, last);
    let mut view = array.view().permuted_axes(order.clone());
    view.slice_axis_inplace(ndarray::Axis(last), (0..matrix.ncols()).into());
    let mut shape = view.shape().to_vec();
    let rows: usize = shape[..last].iter().product();
    let flat = view.to_shape((rows, matrix.ncols())).map_err(wrong)?;
    shape[last] = matrix.nrows();
    let product = flat.dot(&matrix.t()).as_standard_layout().into_owned();
    let product = product.into_shape_with_order(shape).map_err(wrong)?;
    Ok(product.permuted_axes(order))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::IxDyn;
    use proptest::prelude::*;

    /// The sum as it is defined, over the whole spectrum of a real signal.
    fn by_definition(spectrum: &Complex, lengths: &[usize]) -> ArrayD<f64> {
        let last = lengths.len() - 1;
        ArrayD::from_shape_fn(IxDyn(lengths), |place| {
            let mut sum = 0.0;
            for (frequency, re) in spectrum.re.indexed_iter() {
                let turns: f64 = (0..=last)
                    .map(|axis| (frequency[axis] * place[axis]) as f64 / lengths[axis] as f64)
                    .sum();
                let im = spectrum.im[&frequency];
                let value = re * (TAU * turns).cos() - im * (TAU * turns).sin();
                let own_mirror = frequency[last] == 0 || 2 * frequency[last] == lengths[last];
                sum += if own_mirror { value } else { 2.0 * value };
            }
            sum
        })
    }

    proptest! {
        #[test]
        fn it_is_the_sum_that_defines_it(
            lengths in prop::collection::vec(1usize..7, 1..4), values in prop::collection::vec(-1.0f64..1.0, 2 * 216),
        ) {
            let mut shape = lengths.clone();
            let last = shape.len() - 1;
            shape[last] = shape[last] / 2 + 1;
            let count: usize = shape.iter().product();
            let part = |from: usize| ArrayD::from_shape_vec(shape.clone(), values[from..from + count].to_vec()).unwrap();
            let spectrum = Complex { re: part(0), im: part(216) };
            let expected = by_definition(&spectrum, &lengths);
            let found = inverse_real(spectrum, &lengths).unwrap();
            prop_assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-9), "{found} {expected}");
        }
    }

    #[test]
    fn what_is_too_long_is_cut_and_what_is_too_short_filled() {
        let with = |re: &[f64], length| {
            let re = ArrayD::from_shape_vec(vec![re.len()], re.to_vec()).unwrap();
            let im = ArrayD::zeros(re.raw_dim());
            inverse_real(Complex { re, im }, &[length]).unwrap()
        };
        assert_eq!(with(&[1.0, 2.0, 5.0, 7.0], 3), with(&[1.0, 2.0], 3));
        assert_eq!(with(&[1.0], 4).iter().copied().collect::<Vec<_>>(), [1.0; 4]);
        let none = Complex { re: ArrayD::zeros(vec![2, 2]), im: ArrayD::zeros(vec![2, 2]) };
        assert!(inverse_real(none, &[2]).is_err());
    }
}
