//! What it costs to mix a batch of images, by each way that core has.

use burn::tensor::{Tensor, TensorData};
use mixup_core::mix::{
    FMix, Grey, GridMix, Interpolation, Mixture, Paste, Ratio, SmoothLabels, SmoothMix, Spectrum, Window,
    attentive_mask, centre, fine_grained_saliency, peak,
};
use mixup_core::stream::Streams;
use mixup_core::{CoreError, nn::init, tensor::to_host};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::workload::Step;

/// A way of mixing images: draws and the mixed batch. AttentiveMix is without the pass of the network that it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mixing {
    Mixup,
    Cutmix,
    Resizemix,
    Smoothmix,
    Gridmix,
    FmixOfficial,
    FmixIntended,
    Saliencymix,
    Attentivemix,
}

impl Mixing {
    pub(crate) const ALL: [Self; 9] = [
        Self::Mixup,
        Self::Cutmix,
        Self::Resizemix,
        Self::Smoothmix,
        Self::Gridmix,
        Self::FmixOfficial,
        Self::FmixIntended,
        Self::Saliencymix,
        Self::Attentivemix,
    ];

    pub(crate) fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Mixes a batch of square images anew each time; gives its first pixel.
    pub(super) fn step(self, x: Tensor<4>) -> Step {
        let mut streams = Streams::new("mixing", 0);
        Box::new(move || {
            let mixture =
                Mixture::permuted(x.dims()[0], self.ratio(&x, &mut streams)?, streams.get("pairs"))?;
            let mixed = mixture.inputs(x.clone())?;
            Ok(mixed.slice([0..1, 0..1, 0..1, 0..1]).into_scalar::<f32>())
        })
    }

    fn ratio(self, x: &Tensor<4>, streams: &mut Streams) -> Result<Ratio, CoreError> {
        let [rows, _, height, width] = x.dims();
        let (size, rng) = ([height, width], streams.get("box"));
        // Half of each image, so that nothing is so small that it costs nothing.
        let half = 0.5;
        let fmix = |spectrum| FMix { decay: 3.0, spectrum };
        Ok(match self {
            Self::Mixup => Ratio::Batch(half),
            Self::Cutmix => Ratio::Mask(Window::of_cutmix(half, centre(size, rng)?, size).mask(size)?),
            Self::Resizemix => {
                Ratio::Paste(Paste::of_resizemix(0.7, centre(size, rng)?, size, Interpolation::Nearest)?)
            }
            Self::Smoothmix => Ratio::Mask(SmoothMix::draw(height, rng)?.mask(size, SmoothLabels::Matching)?),
            Self::Gridmix => Ratio::Mask(GridMix::draw(half, rng).mask(size)?),
            Self::FmixOfficial => Ratio::Mask(fmix(Spectrum::Official).draw(half, size, rng)?),
            Self::FmixIntended => Ratio::Mask(fmix(Spectrum::Intended).draw(half, size, rng)?),
            Self::Saliencymix => {
                let values = to_host(x.clone().slice([0..1, 0..1]))?;
                let grey = Array2::from_shape_vec((height, width), values)
                    .map_err(|error| CoreError::Invalid(error.to_string()))?;
                let at = peak(fine_grained_saliency(grey.view(), Grey::Bytes).view())?;
                Ratio::Mask(Window::of_cutmix(half, at, size).mask(size)?)
            }
            Self::Attentivemix => {
                let values = init::uniform(rows * 64 * 49, 1.0, rng);
                let features = Tensor::from_data(TensorData::new(values, [rows, 64, 7, 7]), &x.device());
                Ratio::Mask(attentive_mask(features, 24, size)?)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn every_way_mixes_and_has_a_name() {
        for mixing in Mixing::ALL {
            let x = Tensor::<4>::ones([4, 1, 28, 28], &Device::flex());
            // What is mixed of ones is one.
            assert!((mixing.step(x)().unwrap() - 1.0).abs() < 1e-6, "{mixing:?}");
            assert!(!mixing.name().is_empty());
        }
    }
}
