//! Baselines that mix images by a box, a mask or a copy of the partner: how each of them draws its mixture.

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    checked::{Positive, UnitInterval},
    clock::{Phase, timed},
    mix::{
        FMix, Grey, GridMix, Interpolation, Lambda, Mixture, Paste, Ratio, SmoothLabels, SmoothMix, Spectrum,
        Window, centre, fine_grained_saliency, peak,
    },
    stream::Streams,
    tensor::to_host,
};
use ndarray::Array2;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::{parameters, positive, unit};

/// `{kind: cutmix, alpha: 1}` ... One lambda, one box or mask and one permutation for the batch, as the official
/// codes have it. Labels are mixed by the share that each method gives them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ImageMixing {
    /// A box of the partner (Yun et al. 2019).
    Cutmix(Cutmix),
    /// The whole partner, shrunk to a box (Qin et al. 2020).
    Resizemix(Resizemix),
    /// A Gaussian bump of the partner (Lee et al. 2020).
    Smoothmix(Smoothmix),
    /// A grid of holes (as OpenMixup has it).
    Gridmix(Gridmix),
    /// A threshold on low frequencies (Harris et al. 2020).
    Fmix(Fmix),
    /// A box round the most salient pixel of a partner (Uddin et al. 2021).
    Saliencymix(Saliencymix),
}

parameters!(
    /// Parameters of [`ImageMixing::Cutmix`].
    Cutmix {
        /// lambda ~ Beta(alpha, alpha); the box has `1 - lambda` of the area, less what is outside of the image.
        alpha: Positive = positive(1.0),
        /// Whether partners are drawn anew, up to ten times, until none is the image itself (OpenMixup); any
        /// permutation where not.
        distinct: bool = false,
    }
);
parameters!(
    /// Parameters of [`ImageMixing::Resizemix`]; defaults of OpenMixup's configurations.
    Resizemix {
        /// tau, the box's side over the image's, is from Beta(alpha, alpha).
        alpha: Positive = positive(1.0),
        /// A tau below is drawn anew, evenly between `smallest` and `largest`.
        smallest: UnitInterval = unit(0.1),
        /// A tau above is drawn anew.
        largest: UnitInterval = unit(0.8),
        /// How the partner is resized.
        by: Interpolation = Interpolation::Nearest,
    }
);
parameters!(
    /// Parameters of [`ImageMixing::Smoothmix`].
    Smoothmix {
        /// Whose label gets which share; `inverted` as in OpenMixup's code.
        labels: SmoothLabels = SmoothLabels::Matching,
    }
);
parameters!(
    /// Parameters of [`ImageMixing::Gridmix`].
    Gridmix {
        /// lambda ~ Beta(alpha, alpha), the own share inside of the grid; 0.2 as in OpenMixup's tables.
        alpha: Positive = positive(0.2),
    }
);
parameters!(
    /// Parameters of [`ImageMixing::Fmix`]; defaults of the authors' code.
    Fmix {
        /// lambda ~ Beta(alpha, alpha), the own share of the pixels, which labels get unrounded.
        alpha: Positive = positive(1.0),
        /// Power by which frequencies are damped.
        decay: Positive = positive(3.0),
        /// Spectra along the axis of the official code or along the intended one.
        spectrum: Spectrum = Spectrum::Official,
        /// As of [`Cutmix`].
        distinct: bool = false,
    }
);
parameters!(
    /// Parameters of [`ImageMixing::Saliencymix`].
    Saliencymix {
        /// As of [`Cutmix`].
        alpha: Positive = positive(1.0),
        /// What the detector is given: `floats` as in OpenMixup, which it misreads.
        given: Grey = Grey::Bytes,
    }
);

impl ImageMixing {
    /// Every `kind:` of it.
    pub const KINDS: &'static [&'static str] =
        &["cutmix", "resizemix", "smoothmix", "gridmix", "fmix", "saliencymix"];

    /// What is wrong with it.
    ///
    /// # Errors
    /// The message for the user.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Resizemix(Resizemix { smallest, largest, .. }) if smallest >= largest => {
                Err(format!("`smallest` is {}, and `largest` is not above it", smallest.get()))
            }
            _ => Ok(()),
        }
    }

    /// The mixture of a batch of images, `[rows, channels, height, width]`.
    ///
    /// Streams read here: `lambda`, `pairs`, and `box` for where something is.
    ///
    /// # Errors
    /// Images of a size that the method cannot take, or an alpha without a Beta distribution.
    pub fn draw(&self, x: &Tensor<4>, streams: &mut Streams) -> Result<Mixture, CoreError> {
        timed(Phase::Mixing, || self.drawn(x, streams))
    }

    fn drawn(&self, x: &Tensor<4>, streams: &mut Streams) -> Result<Mixture, CoreError> {
        let [rows, _, height, width] = x.dims();
        let size = [height, width];
        let lambda = |alpha: Positive, streams: &mut Streams| -> Result<f64, CoreError> {
            Ok(Lambda::beta(alpha)?.draw(streams.get("lambda")))
        };
        let permuted = |ratio, streams: &mut Streams| Mixture::permuted(rows, ratio, streams.get("pairs"));
        match self {
            Self::Cutmix(Cutmix { alpha, distinct }) => {
                let window =
                    Window::of_cutmix(lambda(*alpha, streams)?, centre(size, streams.get("box"))?, size);
                mixture(rows, Ratio::Mask(window.mask(size)?), *distinct, streams)
            }
            Self::Resizemix(resizemix) => {
                let tau = resizemix.tau(lambda(resizemix.alpha, streams)?, streams);
                let centre = centre(size, streams.get("box"))?;
                permuted(Ratio::Paste(Paste::of_resizemix(tau, centre, size, resizemix.by)?), streams)
            }
            Self::Smoothmix(Smoothmix { labels }) => {
                let drawn = SmoothMix::draw(height, streams.get("box"))?;
                permuted(Ratio::Mask(drawn.mask(size, *labels)?), streams)
            }
            Self::Gridmix(Gridmix { alpha }) => {
                let drawn = GridMix::draw(lambda(*alpha, streams)?, streams.get("box"));
                permuted(Ratio::Mask(drawn.mask(size)?), streams)
            }
            Self::Fmix(Fmix { alpha, decay, spectrum, distinct }) => {
                let fmix = FMix { decay: decay.get(), spectrum: *spectrum };
                let mask = fmix.draw(lambda(*alpha, streams)?, size, streams.get("box"))?;
                mixture(rows, Ratio::Mask(mask), *distinct, streams)
            }
            Self::Saliencymix(Saliencymix { alpha, given }) => {
                let lambda = lambda(*alpha, streams)?;
                let mixture = permuted(Ratio::Batch(lambda), streams)?;
                // One box for the batch, where the partner of the first image stands out.
                let seen = fine_grained_saliency(grey(x, mixture.partners[0])?.view(), *given);
                let window = Window::of_cutmix(lambda, peak(seen.view())?, size);
                mixture.with_ratio(Ratio::Mask(window.mask(size)?))
            }
        }
    }
}

impl Resizemix {
    fn tau(&self, drawn: f64, streams: &mut Streams) -> f64 {
        let (smallest, largest) = (self.smallest.get(), self.largest.get());
        match (smallest..=largest).contains(&drawn) {
            true => drawn,
            false => streams.get("lambda").random_range(smallest..largest),
        }
    }
}

fn mixture(rows: usize, ratio: Ratio, distinct: bool, streams: &mut Streams) -> Result<Mixture, CoreError> {
    match distinct {
        true => Mixture::of_others(rows, ratio, streams.get("pairs")),
        false => Mixture::permuted(rows, ratio, streams.get("pairs")),
    }
}

/// One image of a batch in grey, `[height, width]`: of three channels their luma, of others the mean.
///
/// # Errors
/// A row that is none, or a device that failed to answer.
pub(super) fn grey(x: &Tensor<4>, row: usize) -> Result<Array2<f64>, CoreError> {
    let [rows, channels, height, width] = x.dims();
    if row >= rows {
        return Err(CoreError::Invalid(format!("image {row} of {rows}")));
    }
    let values = to_host(x.clone().slice_dim(0, row..row + 1))?;
    let weights = match channels {
        3 => vec![0.299, 0.587, 0.114],
        _ => vec![1.0 / channels as f64; channels],
    };
    let mut grey = Array2::zeros((height, width));
    for (plane, weight) in values.chunks_exact(height * width).zip(weights) {
        grey.iter_mut().zip(plane).for_each(|(grey, value)| *grey += weight * value);
    }
    Ok(grey)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};
    use proptest::prelude::*;

    fn mixing(kind: &str) -> ImageMixing {
        serde_json::from_str(&format!(r#"{{"kind": "{kind}"}}"#)).unwrap()
    }

    /// Images whose pixels say which image they are of.
    fn numbered(shape: [usize; 4]) -> Tensor<4> {
        let size = shape[1..].iter().product::<usize>();
        let values: Vec<f32> = (0..shape[0] * size).map(|at| (at / size) as f32).collect();
        Tensor::from_data(TensorData::new(values, shape), &Device::flex())
    }

    proptest! {
        #[test]
        fn pixels_are_of_one_image_each_and_labels_get_what_is_seen(
            side in 24usize..34, channels in prop::sample::select(vec![1usize, 3]), seed: u64,
        ) {
            let x = numbered([4, channels, side, side]);
            for kind in ["cutmix", "resizemix", "gridmix", "fmix", "saliencymix"] {
                let mixture = mixing(kind).draw(&x, &mut Streams::new("mixing", seed)).unwrap();
                let mixed = to_host(mixture.inputs(x.clone()).unwrap()).unwrap();
                let size = channels * side * side;
                for (row, (image, share)) in mixed.chunks(size).zip(mixture.shares().unwrap()).enumerate() {
                    let [own, partner] = [row, mixture.partners[row]].map(|image| image as f64);
                    prop_assert!(image.iter().all(|&value| value == own || value == partner), "{kind}");
                    if own != partner {
                        let seen = image.iter().filter(|&&value| value == own).count() as f64 / size as f64;
                        let rounding = if kind == "fmix" { 1.0 / (side * side) as f64 } else { 1e-9 };
                        prop_assert!((seen - share).abs() <= rounding, "{kind}: {seen} {share}");
                    }
                }
            }
        }

        #[test]
        fn any_size_from_one_on(height in 1usize..9, width in 1usize..9, seed: u64) {
            let x = numbered([2, 1, height, width]);
            for kind in ["cutmix", "saliencymix"] {
                let mixture = mixing(kind).draw(&x, &mut Streams::new("mixing", seed)).unwrap();
                prop_assert_eq!(mixture.inputs(x.clone()).unwrap().dims(), x.dims());
            }
            let fmix = ImageMixing::Fmix(Fmix { spectrum: Spectrum::Intended, ..Fmix::default() });
            prop_assert!(fmix.draw(&x, &mut Streams::new("mixing", seed)).is_ok());
        }
    }

    #[test]
    fn sizes_that_the_official_code_cannot_take_are_refused() {
        let refused = |kind: &str, size: [usize; 2]| {
            let x = numbered([2, 1, size[0], size[1]]);
            mixing(kind).draw(&x, &mut Streams::new("mixing", 0)).unwrap_err().to_string()
        };
        assert!(refused("resizemix", [8, 9]).contains("ResizeMix is for square images"));
        assert!(refused("smoothmix", [8, 9]).contains("SmoothMix is for square images"));
        assert!(refused("gridmix", [3, 3]).contains("GridMix: "));
        assert!(refused("fmix", [1, 3]).contains("[1, 3]"));
    }

    #[test]
    fn tau_is_within_its_scope() {
        let streams = &mut Streams::new("tau", 0);
        let resizemix = Resizemix::default();
        let taus: Vec<f64> =
            (0..2000).map(|place| resizemix.tau(f64::from(place) / 2000.0, streams)).collect();
        assert!(taus.iter().all(|tau| (0.1..=0.8).contains(tau)));
        assert_eq!(taus[1000], 0.5);
        let wrong = Resizemix { smallest: unit(0.8), ..Resizemix::default() };
        assert!(ImageMixing::Resizemix(wrong).check().unwrap_err().contains("`smallest` is 0.8"));
    }

    #[test]
    fn grey_is_luma() {
        let x = numbered([3, 3, 1, 2]);
        assert!(grey(&x, 2).unwrap().iter().all(|value| (value - 2.0).abs() < 1e-6));
        assert!(grey(&x, 3).is_err());
    }
}
