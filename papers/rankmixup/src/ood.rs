//! Images of another set, as a network for this set takes them.

use mixup_core::augment::ImageShape;
use mixup_data::{DataError, LabelledImages, Library, catalogue, digits, load_images};

/// The test images of a set, or all of `digits`, whose 17 grey levels become those of a byte.
///
/// # Errors
/// A name that is no image set, or data that cannot be had.
pub fn other_images(library: &Library, name: &str) -> Result<LabelledImages, DataError> {
    if name != catalogue::DIGITS.name {
        return Ok(load_images(library, name)?.test);
    }
    let mut images = digits(library)?;
    for pixel in &mut images.pixels {
        *pixel = (f64::from(*pixel) * 255.0 / DIGITS_WHITE).round() as u8;
    }
    Ok(images)
}

/// The brightest pixel of `digits`.
const DIGITS_WHITE: f64 = 16.0;

/// Images of another size, by bilinear interpolation between the centres of pixels (as PyTorch does
/// without `align_corners`). Of another number of channels, each becomes the mean of all.
pub fn resized(images: &LabelledImages, shape: ImageShape) -> LabelledImages {
    let source = |along: usize, out: usize, length: usize| {
        let centre = (along as f64 + 0.5) * length as f64 / out as f64 - 0.5;
        let centre = centre.clamp(0.0, (length - 1) as f64);
        let low = centre as usize;
        (low, (low + 1).min(length - 1), centre.fract())
    };
    let plane = images.height * images.width;
    let mut pixels = Vec::with_capacity(images.len() * shape.size());
    for image in (0..images.len()).map(|index| images.image(index)) {
        for channel in 0..shape.channels {
            let value = |row: usize, column: usize| {
                let at = row * images.width + column;
                if images.channels == shape.channels {
                    return f64::from(image[channel * plane + at]);
                }
                let all = image.iter().skip(at).step_by(plane);
                all.map(|&pixel| f64::from(pixel)).sum::<f64>() / images.channels as f64
            };
            for row in 0..shape.height {
                let (top, bottom, down) = source(row, shape.height, images.height);
                for column in 0..shape.width {
                    let (left, right, over) = source(column, shape.width, images.width);
                    let line = |row| value(row, left) * (1.0 - over) + value(row, right) * over;
                    pixels.push((line(top) * (1.0 - down) + line(bottom) * down).round() as u8);
                }
            }
        }
    }
    LabelledImages {
        channels: shape.channels,
        height: shape.height,
        width: shape.width,
        classes: images.classes,
        pixels,
        labels: images.labels.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(channels: usize, [height, width]: [usize; 2], pixels: &[u8]) -> LabelledImages {
        LabelledImages { channels, height, width, classes: 1, pixels: pixels.to_vec(), labels: vec![0] }
    }

    #[test]
    fn half_the_size_is_the_mean_of_four() {
        let large = image(1, [2, 4], &[0, 10, 20, 30, 40, 50, 60, 70]);
        let small = resized(&large, ImageShape { channels: 1, height: 1, width: 2 });
        assert_eq!(small.pixels, [25, 45]);
    }

    #[test]
    fn twice_the_size_interpolates_between_centres() {
        let wide = resized(&image(1, [1, 2], &[0, 100]), ImageShape { channels: 1, height: 2, width: 4 });
        assert_eq!(wide.pixels, [0, 25, 75, 100, 0, 25, 75, 100]);
    }

    #[test]
    fn grey_becomes_every_channel_and_colours_their_mean() {
        let shape = |channels| ImageShape { channels, height: 1, width: 2 };
        assert_eq!(resized(&image(1, [1, 2], &[3, 9]), shape(3)).pixels, [3, 9, 3, 9, 3, 9]);
        assert_eq!(resized(&image(3, [1, 2], &[0, 3, 6, 3, 9, 3]), shape(1)).pixels, [5, 3]);
        let same = image(3, [1, 2], &[0, 3, 6, 3, 9, 3]);
        assert_eq!(resized(&same, shape(3)), same);
    }

    #[test]
    fn digits_use_the_whole_range_of_a_byte() {
        let digits = other_images(&Library::from_env(None), "digits").unwrap();
        assert_eq!((digits.len(), digits.pixels.iter().max()), (1797, Some(&255)));
        assert!(other_images(&Library::from_env(None), "airfoil").is_err());
    }
}
