//! The partner as a whole in a box of the own image (ResizeMix).

use burn::tensor::{Tensor, TensorData};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::{Mask, Window};
use crate::CoreError;

/// How an image of another size gets its pixels, as PyTorch does it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interpolation {
    /// The pixel that a new one's corner is in.
    #[default]
    Nearest,
    /// The mean of the four round a new one's centre, weighted by distance; without `align_corners`.
    Bilinear,
}

/// A box of the own image that shows the whole partner, shrunk (Qin et al. 2020). It is one for all samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paste {
    window: Window,
    size: [usize; 2],
    by: Interpolation,
}

impl Paste {
    /// The partner in a box of images of a size.
    ///
    /// # Errors
    /// A box without a pixel, or one that is not inside of the image.
    pub fn new(window: Window, size: [usize; 2], by: Interpolation) -> Result<Self, CoreError> {
        if window.area() == 0 || window.rows.end > size[0] || window.columns.end > size[1] {
            return Err(CoreError::Invalid(format!(
                "{size:?} pixels cannot be resized to the box {window:?}"
            )));
        }
        Ok(Self { window, size, by })
    }

    /// ResizeMix's box: its sides are `tau` of the image's, rounded down.
    ///
    /// # Errors
    /// Images that are not square, which the official code mixes up, or so small that the box is empty, on which
    /// it fails.
    pub fn of_resizemix(
        tau: f64,
        centre: [usize; 2],
        size: [usize; 2],
        by: Interpolation,
    ) -> Result<Self, CoreError> {
        if size[0] != size[1] {
            return Err(CoreError::Invalid(format!("ResizeMix is for square images, not {size:?}")));
        }
        let length = size.map(|side| (side as f64 * tau) as usize);
        if length[0] < 2 {
            return Err(CoreError::Invalid(format!(
                "ResizeMix: tau {tau} of {} pixels is less than 2: an empty box",
                size[0]
            )));
        }
        Self::new(Window::around(centre, length, size), size, by)
    }

    /// The box.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// Height and width of the images.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// The share of the own image.
    pub fn share(&self) -> f64 {
        self.window.outside(self.size)
    }

    /// Own images outside of the box and partners in it.
    ///
    /// # Shapes
    /// - `own`, `partners`, returned: `[rows, channels, height, width]`
    pub(super) fn pasted<const D: usize>(
        &self,
        own: Tensor<D>,
        partners: Tensor<D>,
        kept: &Mask,
    ) -> Tensor<D> {
        let options = (partners.device(), partners.dtype());
        let matrix = |values: Array2<f64>| {
            let mut shape = [1; D];
            [shape[D - 2], shape[D - 1]] = [values.nrows(), values.ncols()];
            let values = TensorData::new(values.into_iter().collect::<Vec<_>>(), shape);
            Tensor::<D>::from_data(values, (&options.0, options.1))
        };
        let [height, width] = self.size;
        let rows = matrix(placed(self.window.rows.clone(), height, self.by));
        let columns = matrix(placed(self.window.columns.clone(), width, self.by).reversed_axes());
        let mask = matrix(kept.values().index_axis(ndarray::Axis(0), 0).to_owned());
        own * mask + rows.matmul(partners).matmul(columns)
    }
}

/// `[length, length]`: how much of each old pixel is in each new one along one axis; nothing outside of the box.
fn placed(range: std::ops::Range<usize>, length: usize, by: Interpolation) -> Array2<f64> {
    let mut weights = Array2::zeros((length, length));
    let new = range.len();
    for (place, pixel) in range.enumerate() {
        match by {
            Interpolation::Nearest => {
                weights[[pixel, nearest(place, length as f32 / new as f32, length)]] = 1.0
            }
            Interpolation::Bilinear => {
                let centre = (place as f64 + 0.5) * (length as f64 / new as f64) - 0.5;
                let (centre, last) = (centre.max(0.0), length - 1);
                let low = (centre as usize).min(last);
                let share = centre - low as f64;
                weights[[pixel, low]] += 1.0 - share;
                weights[[pixel, (low + 1).min(last)]] += share;
            }
        }
    }
    weights
}

/// The pixel that PyTorch's nearest interpolation reads for a new one, of `length`, where one new pixel is `scale`
/// old ones long; it calculates in f32.
pub(super) fn nearest(place: usize, scale: f32, length: usize) -> usize {
    ((place as f32 * scale) as usize).min(length - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix::{Mixture, Ratio};
    use crate::tensor::to_host;
    use burn::tensor::{DType, Device};
    use proptest::prelude::*;

    fn images(side: usize) -> Tensor<4> {
        let values: Vec<f64> = (0..2 * side * side).map(|i| i as f64).collect();
        Tensor::from_data(TensorData::new(values, [2, 1, side, side]), (&Device::flex(), DType::F64))
    }

    #[test]
    fn a_quarter_shows_the_whole_partner() {
        let window = Window { rows: 0..2, columns: 2..4 };
        let mixed = |by| {
            let paste = Paste::new(window.clone(), [4, 4], by).unwrap();
            let mixture = Mixture::new(vec![1, 0], Ratio::Paste(paste)).unwrap();
            assert_eq!(mixture.shares().unwrap(), [0.75, 0.75]);
            to_host(mixture.inputs(images(4)).unwrap()).unwrap()[..8].to_vec()
        };
        assert_eq!(mixed(Interpolation::Nearest), [0.0, 1.0, 16.0, 18.0, 4.0, 5.0, 24.0, 26.0]);
        assert_eq!(mixed(Interpolation::Bilinear), [0.0, 1.0, 18.5, 20.5, 4.0, 5.0, 26.5, 28.5]);
    }

    #[test]
    fn what_the_official_code_cannot_do_is_refused() {
        let refused = |tau, size| {
            Paste::of_resizemix(tau, [1, 1], size, Interpolation::Nearest).unwrap_err().to_string()
        };
        assert!(refused(0.5, [8, 9]).contains("square images"));
        assert!(refused(0.1, [19, 19]).contains("an empty box"));
        assert!(Paste::of_resizemix(0.1, [0, 19], [20, 20], Interpolation::Nearest).is_ok());
        let paste = Paste::new(Window { rows: 0..1, columns: 0..1 }, [4, 4], Interpolation::Nearest).unwrap();
        let mixture = Mixture::new(vec![1, 0], Ratio::Paste(paste)).unwrap();
        assert!(mixture.inputs(images(5)).is_err() && mixture.hidden(images(2)).is_err());
    }

    proptest! {
        #[test]
        fn a_box_as_large_as_the_image_is_the_partner(side in 1usize..12, bilinear: bool) {
            let by = if bilinear { Interpolation::Bilinear } else { Interpolation::Nearest };
            let paste = Paste::new(Window { rows: 0..side, columns: 0..side }, [side, side], by).unwrap();
            let mixture = Mixture::new(vec![1, 0], Ratio::Paste(paste)).unwrap();
            prop_assert_eq!(mixture.shares().unwrap(), [0.0, 0.0]);
            let mixed = to_host(mixture.inputs(images(side)).unwrap()).unwrap();
            let whole = to_host(images(side)).unwrap();
            prop_assert_eq!(&mixed[..side * side], &whole[side * side..]);
        }

        #[test]
        fn a_partner_keeps_its_range(
            side in 4usize..20, tau in 0.5f64..=1.0, at in [0usize..20, 0usize..20], bilinear: bool,
        ) {
            let by = if bilinear { Interpolation::Bilinear } else { Interpolation::Nearest };
            let paste = Paste::of_resizemix(tau, at.map(|at| at % side), [side, side], by).unwrap();
            let rows = placed(paste.window().rows.clone(), side, by);
            for (row, weights) in rows.outer_iter().enumerate() {
                let inside = f64::from(u8::from(paste.window().rows.contains(&row)));
                prop_assert!((weights.sum() - inside).abs() < 1e-12);
                prop_assert!(weights.iter().all(|weight| *weight >= 0.0));
            }
        }
    }
}
