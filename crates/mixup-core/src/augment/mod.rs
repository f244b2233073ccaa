//! From bytes of images on the host to batches for a network: random crop and flip, then
//! normalisation by channel.

mod batch;
mod normalise;
mod part;
mod views;
mod window;

pub use batch::ImageBatcher;
pub use normalise::{ChannelStatistics, GivenStatistics, Normalise};
pub use views::{Jitter, ViewConfig, Views};

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::checked::UnitInterval;

/// Size of all images of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageShape {
    /// Values of a pixel.
    pub channels: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
}

impl ImageShape {
    /// Values of one image.
    pub fn size(&self) -> usize {
        self.channels * self.height * self.width
    }
}

/// What is done at random to a training image, as `augment:` of an experiment names it; nothing by
/// default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AugmentConfig {
    /// A window of the image's size at a random place of the padded image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<CropConfig>,
    /// A smaller square of the image at a random place, instead of `crop`. Images that nothing is done to at random are seen
    /// through the same window in their middle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<WindowConfig>,
    /// Left and right exchanged, with probability 1/2, after the crop.
    #[serde(default)]
    pub flip: bool,
    /// Other brightness, contrast and colours, after all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter: Option<Jitter>,
}

/// Settings of [`AugmentConfig::window`]: `{side: 448}`, or `{side: 224, area: 0.08}` for torchvision's `RandomResizedCrop`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowConfig {
    /// Pixels of a side, afterwards.
    pub side: NonZeroUsize,
    /// A part of the image is brought to that size: of so large a share of its area, at least, with sides in a proportion of
    /// 3:4 to 4:3. A square of that size as it is where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<UnitInterval>,
}

impl AugmentConfig {
    /// Size of what a network sees of images of a size.
    pub fn seen(&self, shape: ImageShape) -> ImageShape {
        match self.window {
            Some(WindowConfig { side, .. }) => ImageShape { height: side.get(), width: side.get(), ..shape },
            None => shape,
        }
    }
}

/// Settings of [`AugmentConfig::crop`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CropConfig {
    /// Pixels added on each of the four sides.
    pub padding: NonZeroUsize,
    /// What they are.
    #[serde(default)]
    pub fill: Fill,
}

/// What is beyond the border of an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fill {
    /// Black: byte 0, before normalisation.
    #[default]
    Zero,
    /// The image mirrored at its outermost pixels, which are not repeated.
    Reflect,
}

impl Fill {
    /// The pixel of a line of `length` that stands at `position`, which may lie outside by less than
    /// `length`; none for black.
    fn source(self, position: isize, length: usize) -> Option<usize> {
        let last = length as isize - 1;
        match self {
            _ if (0..=last).contains(&position) => Some(position as usize),
            Self::Zero => None,
            Self::Reflect => Some(if position < 0 { -position } else { 2 * last - position } as usize),
        }
    }
}
