//! From a JPEG file to pixels of a wanted size.

use std::path::Path;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::error::DataError;

/// How a photograph of any proportion becomes a square.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// All of it, stretched along its shorter side.
    Stretched,
    /// The square in its middle.
    CentreSquare,
}

/// A decoded image.
pub(super) struct Picture {
    pub(super) height: usize,
    pub(super) width: usize,
    /// Red, green and blue of each pixel, row by row.
    pub(super) pixels: Vec<u8>,
}

/// Decodes a file; in a grey image the three are equal.
pub(super) fn decoded(path: &Path) -> Result<Picture, DataError> {
    let bytes = std::fs::read(path).map_err(|source| DataError::Read { path: path.to_owned(), source })?;
    let wrong = |problem: String| DataError::binary(&path.display().to_string(), 0, problem);
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&bytes[..]), options);
    decoder.decode_headers().map_err(|error| wrong(format!("is no JPEG image: {error:?}")))?;
    let (width, height) = decoder.info().map_or((0, 0), |info| (info.width.into(), info.height.into()));
    let pixels = decoder.decode().map_err(|error| wrong(format!("cannot be decoded: {error:?}")))?;
    if height * width == 0 || pixels.len() != 3 * height * width {
        return Err(wrong(format!("has {} values for {height} x {width} pixels", pixels.len())));
    }
    Ok(Picture { height, width, pixels })
}

impl Picture {
    /// The planes of the image as a square of `side` pixels, by the antialiased bilinear filter of image libraries.
    ///
    /// # Errors
    /// What the library refuses: a side of zero.
    pub(super) fn square(&self, fit: Fit, side: usize) -> Result<Vec<u8>, String> {
        let size = |length: usize| u32::try_from(length).map_err(|error| error.to_string());
        let Self { height, width, .. } = *self;
        let seen = ImageRef::new(size(width)?, size(height)?, &self.pixels, PixelType::U8x3);
        let mut small = Image::new(size(side)?, size(side)?, PixelType::U8x3);
        let filter = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
        let options = match fit {
            Fit::Stretched => filter,
            Fit::CentreSquare => {
                let edge = height.min(width);
                let before = |length: usize| ((length - edge) / 2) as f64;
                filter.crop(before(width), before(height), edge as f64, edge as f64)
            }
        };
        let seen = seen.map_err(|error| error.to_string())?;
        Resizer::new().resize(&seen, &mut small, &options).map_err(|error| error.to_string())?;
        let channel = |channel: usize| small.buffer().iter().skip(channel).step_by(3).copied();
        Ok((0..3).flat_map(channel).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(height: usize, width: usize, plane: &[u8], fit: Fit, side: usize) -> Vec<u8> {
        let pixels = plane.iter().flat_map(|value| [*value; 3]).collect();
        let mut planes = Picture { height, width, pixels }.square(fit, side).unwrap();
        assert!(planes.chunks_exact(side * side).all(|plane| *plane == planes[..side * side]));
        assert_eq!(planes.len(), 3 * side * side);
        planes.truncate(side * side);
        planes
    }

    #[test]
    fn a_size_that_is_right_changes_nothing_and_a_square_is_cut_from_the_middle() {
        let image: Vec<u8> = (0..16).collect();
        assert_eq!(made(4, 4, &image, Fit::Stretched, 4), image);
        let wide: Vec<u8> = (0..8).collect();
        assert_eq!(made(2, 4, &wide, Fit::CentreSquare, 2), [1, 2, 5, 6]);
        assert_eq!(made(4, 2, &wide, Fit::CentreSquare, 2), [2, 3, 4, 5]);
    }

    /// By hand: at half the size a triangle over four pixels, shares 1, 3, 3, 1 of eight, cut off at the border (3, 3, 1 of
    /// seven). At twice the size between centres.
    #[test]
    fn smaller_is_the_mean_under_a_triangle_and_larger_between_centres() {
        let rows = [[0, 80, 160, 240]; 4].concat();
        let small = made(4, 4, &rows, Fit::Stretched, 2);
        let left = (3.0 * 0.0 + 3.0 * 80.0 + 160.0) / 7.0_f64;
        let right = (80.0 + 3.0 * 160.0 + 3.0 * 240.0) / 7.0_f64;
        assert_eq!(small[..2], [left.round() as u8, right.round() as u8]);
        assert_eq!(made(2, 2, &[0, 100, 0, 100], Fit::Stretched, 4)[..4], [0, 25, 75, 100]);
        assert_eq!(made(3, 5, &[77; 15], Fit::Stretched, 7), [77; 49]);
        assert_eq!(made(30, 50, &[77; 1500], Fit::CentreSquare, 7), [77; 49]);
    }
}
