//! From a JPEG file to pixels of a wanted size.

use std::path::Path;

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

/// Red, green and blue planes of an image, row by row.
pub(super) struct Planes {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) pixels: Vec<u8>,
}

/// Decodes a file; a grey image has three equal planes.
pub(super) fn decoded(path: &Path) -> Result<Planes, DataError> {
    let bytes = std::fs::read(path).map_err(|source| DataError::Read { path: path.to_owned(), source })?;
    let wrong = |problem: String| DataError::binary(&path.display().to_string(), 0, problem);
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&bytes[..]), options);
    decoder.decode_headers().map_err(|error| wrong(format!("is no JPEG image: {error:?}")))?;
    let (width, height) = decoder.info().map_or((0, 0), |info| (info.width.into(), info.height.into()));
    let interleaved = decoder.decode().map_err(|error| wrong(format!("cannot be decoded: {error:?}")))?;
    if height * width == 0 || interleaved.len() != 3 * height * width {
        return Err(wrong(format!("has {} values for {height} x {width} pixels", interleaved.len())));
    }
    let channel = |channel: usize| interleaved.iter().skip(channel).step_by(3).copied();
    Ok(Planes { height, width, pixels: (0..3).flat_map(channel).collect() })
}

/// Shares of the pixels of a line in a pixel of the new one.
struct Shares {
    first: usize,
    of: Vec<f32>,
}

/// How `new` pixels are made of `old` ones that begin at `from`: by a triangle as wide as a new pixel is apart from the next,
/// at least two old pixels (the antialiased bilinear filter of image libraries).
fn shares(from: usize, old: usize, new: usize) -> Vec<Shares> {
    let scale = old as f32 / new as f32;
    let reach = scale.max(1.0);
    let pixel = |out: usize| {
        let centre = (out as f32 + 0.5) * scale;
        let first = (centre - reach + 0.5).max(0.0) as usize;
        let end = ((centre + reach + 0.5) as usize).min(old).max(first + 1);
        let share = |at: usize| (1.0 - ((at as f32 + 0.5 - centre) / reach).abs()).max(0.0);
        let of: Vec<f32> = (first..end).map(share).collect();
        let sum: f32 = of.iter().sum();
        Shares { first: from + first, of: of.into_iter().map(|share| share / sum).collect() }
    };
    (0..new).map(pixel).collect()
}

impl Planes {
    /// Appends the image as a square of `side` pixels to `pixels`, first made narrower, then lower, both rounded to bytes.
    pub(super) fn append(&self, fit: Fit, side: usize, pixels: &mut Vec<u8>) {
        let Self { height, width, .. } = *self;
        let window = |length: usize| match fit {
            Fit::Stretched => (0, length),
            Fit::CentreSquare => ((length - height.min(width)) / 2, height.min(width)),
        };
        let ((top, rows), (left, columns)) = (window(height), window(width));
        let (down, along) = (shares(top, rows, side), shares(left, columns, side));
        let byte = |value: f32| value.round().clamp(0.0, 255.0) as u8;
        for plane in self.pixels.chunks_exact(height * width) {
            let mut narrow = Vec::with_capacity(rows * side);
            for row in plane.chunks_exact(width).skip(top).take(rows) {
                narrow.extend(along.iter().map(|shares| {
                    let seen = &row[shares.first..shares.first + shares.of.len()];
                    byte(seen.iter().zip(&shares.of).map(|(pixel, share)| f32::from(*pixel) * share).sum())
                }));
            }
            for shares in &down {
                let first = shares.first - top;
                pixels.extend((0..side).map(|column| {
                    let of = |(row, share): (usize, &f32)| {
                        f32::from(narrow[(first + row) * side + column]) * share
                    };
                    byte(shares.of.iter().enumerate().map(of).sum())
                }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(height: usize, width: usize, plane: &[u8], fit: Fit, side: usize) -> Vec<u8> {
        let mut pixels = Vec::new();
        Planes { height, width, pixels: plane.repeat(3) }.append(fit, side, &mut pixels);
        assert_eq!(pixels.len(), 3 * side * side);
        pixels.truncate(side * side);
        pixels
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
