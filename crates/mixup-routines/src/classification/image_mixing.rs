//! Baselines that mix images by a box, a mask or a copy of the partner: how each of them draws its mixture.

use burn::tensor::Tensor;
use mixup_core::{
    CoreError,
    checked::Positive,
    mix::{Lambda, Mixture, Ratio, Window, centre},
    stream::Streams,
};
use serde::{Deserialize, Serialize};

use crate::{parameters, positive};

/// `{kind: cutmix, alpha: 1}` ... One lambda, one box or mask and one permutation for the batch, as the official
/// codes have it. Labels are mixed by the share that each method gives them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ImageMixing {
    /// A box of the partner (Yun et al. 2019).
    Cutmix(Cutmix),
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

impl ImageMixing {
    /// Every `kind:` of it.
    pub const KINDS: &'static [&'static str] = &["cutmix"];

    /// The mixture of a batch of images, `[rows, channels, height, width]`.
    ///
    /// Streams read here: `lambda`, `pairs`, and `box` for where something is.
    ///
    /// # Errors
    /// Images of a size that the method cannot take, or an alpha without a Beta distribution.
    pub fn draw(&self, x: &Tensor<4>, streams: &mut Streams) -> Result<Mixture, CoreError> {
        let [rows, _, height, width] = x.dims();
        let size = [height, width];
        match self {
            Self::Cutmix(Cutmix { alpha, distinct }) => {
                let lambda = Lambda::beta(*alpha)?.draw(streams.get("lambda"));
                let window = Window::of_cutmix(lambda, centre(size, streams.get("box"))?, size);
                mixture(rows, Ratio::Mask(window.mask(size)?), *distinct, streams)
            }
        }
    }
}

fn mixture(rows: usize, ratio: Ratio, distinct: bool, streams: &mut Streams) -> Result<Mixture, CoreError> {
    match distinct {
        true => Mixture::of_others(rows, ratio, streams.get("pairs")),
        false => Mixture::permuted(rows, ratio, streams.get("pairs")),
    }
}
