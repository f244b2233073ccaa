//! Images seen through a window that is smaller than they are, and in other colours.

use rand::{Rng, RngExt};

use super::part::Rectangle;
use super::{AugmentConfig, ChannelStatistics, ImageShape, WindowConfig};

/// One image under `window`, `flip` and `jitter`, normalised; `rng` gives its part, its flip and its colours, as far as they are
/// asked for.
pub(super) fn augmented(
    image: &[u8],
    shape: ImageShape,
    config: &AugmentConfig,
    statistics: &ChannelStatistics,
    rng: &mut impl Rng,
) -> Vec<f32> {
    let size = [shape.height, shape.width];
    let part = match config.window {
        Some(WindowConfig { area: Some(least), .. }) => Rectangle::random(size, least.get(), rng),
        Some(WindowConfig { side, area: None }) => Rectangle::square(size, side.get(), rng),
        None => Rectangle { top: 0, left: 0, height: shape.height, width: shape.width },
    };
    let mut view = seen(image, shape, part, config.seen(shape));
    if config.flip && rng.random() {
        view.chunks_exact_mut(config.seen(shape).width).for_each(<[f32]>::reverse);
    }
    if let Some(jitter) = config.jitter {
        jitter.apply(&mut view, shape.channels, rng);
    }
    normalised(view, statistics)
}

/// One image through the window in its middle, normalised.
pub(super) fn plain(
    image: &[u8],
    shape: ImageShape,
    config: &AugmentConfig,
    statistics: &ChannelStatistics,
) -> Vec<f32> {
    let seen_shape = config.seen(shape);
    let part = Rectangle::middle([shape.height, shape.width], seen_shape.height);
    normalised(seen(image, shape, part, seen_shape), statistics)
}

/// A part of an image at the size that is seen, from 0 to 1.
fn seen(image: &[u8], shape: ImageShape, part: Rectangle, seen: ImageShape) -> Vec<f32> {
    let size = [seen.height, seen.width];
    let planes = image.chunks_exact(shape.height * shape.width);
    let values = |plane: &[u8]| -> Vec<f32> {
        if [part.height, part.width] == size {
            let rows = plane.chunks_exact(shape.width).skip(part.top).take(part.height);
            return rows
                .flat_map(|row| &row[part.left..part.left + part.width])
                .map(|byte| unit(*byte))
                .collect();
        }
        let plane: Vec<f32> = plane.iter().map(|byte| unit(*byte)).collect();
        part.enlarged(&plane, shape.width, size)
    };
    planes.flat_map(values).collect()
}

fn unit(byte: u8) -> f32 {
    f32::from(byte) / 255.0
}

fn normalised(mut view: Vec<f32>, statistics: &ChannelStatistics) -> Vec<f32> {
    let plane = view.len() / statistics.mean.len().max(1);
    let channels = statistics.mean.iter().zip(&statistics.std);
    for (plane, (mean, std)) in view.chunks_exact_mut(plane.max(1)).zip(channels) {
        let (mean, std) = (*mean as f32, *std as f32);
        plane.iter_mut().for_each(|value| *value = (*value - mean) / std);
    }
    view
}

#[cfg(test)]
mod tests {
    use super::super::Jitter;
    use super::*;
    use crate::checked::UnitInterval;
    use crate::stream::Streams;
    use std::num::NonZeroUsize;

    const SHAPE: ImageShape = ImageShape { channels: 3, height: 6, width: 8 };

    fn config(side: usize, area: Option<f64>) -> AugmentConfig {
        let window = WindowConfig {
            side: NonZeroUsize::new(side).unwrap(),
            area: area.map(|area| UnitInterval::new(area).unwrap()),
        };
        AugmentConfig { window: Some(window), ..AugmentConfig::default() }
    }

    fn unit_statistics() -> ChannelStatistics {
        ChannelStatistics { mean: vec![0.0; 3], std: vec![1.0 / 255.0; 3] }
    }

    /// Values that say row and column: 10 * row + column, and 60 more for each channel.
    fn image() -> Vec<u8> {
        (0..3).flat_map(|channel| (0..48).map(move |at| 60 * channel + 10 * (at / 8) + at % 8)).collect()
    }

    fn bytes(values: &[f32]) -> Vec<u8> {
        values.iter().map(|value| value.round() as u8).collect()
    }

    #[test]
    fn the_middle_is_seen_where_nothing_is_random() {
        let seen = bytes(&plain(&image(), SHAPE, &config(2, None), &unit_statistics()));
        assert_eq!(seen, [23, 24, 33, 34, 83, 84, 93, 94, 143, 144, 153, 154]);
    }

    #[test]
    fn squares_stand_everywhere_and_are_not_changed() {
        let mut streams = Streams::new("window", 0);
        let mut corners = std::collections::BTreeSet::new();
        for _ in 0..500 {
            let view = bytes(&augmented(
                &image(),
                SHAPE,
                &config(4, None),
                &unit_statistics(),
                streams.get("augment"),
            ));
            assert_eq!(
                (view.len(), view[1] - view[0], view[4] - view[0], view[16] - view[0]),
                (48, 1, 10, 60)
            );
            corners.insert(view[0]);
        }
        let expected = (0..3).flat_map(|row| (0..5).map(move |column| 10 * row + column));
        assert_eq!(corners, expected.collect::<std::collections::BTreeSet<u8>>());
    }

    #[test]
    fn parts_are_brought_to_the_size_and_flipped_and_coloured() {
        let mut streams = Streams::new("window", 1);
        let config = AugmentConfig { flip: true, ..config(5, Some(0.2)) };
        let (mut rising, mut falling) = (0, 0);
        for _ in 0..200 {
            let view = augmented(&image(), SHAPE, &config, &unit_statistics(), streams.get("augment"));
            assert_eq!(view.len(), 75);
            // Straight lines stay straight lines, whatever part it is.
            if view[4] > view[0] {
                rising += 1
            } else {
                falling += 1
            }
            assert!((view[25] - view[0] - 60.0).abs() < 1e-2, "planes are cut alike");
        }
        assert!(rising > 60 && falling > 60, "{rising}, {falling}");
        let none = UnitInterval::new(0.0).unwrap();
        let jitter = Jitter {
            brightness: UnitInterval::new(0.5).unwrap(),
            contrast: none,
            saturation: None,
            hue: None,
            share: UnitInterval::new(1.0).unwrap(),
        };
        let config = AugmentConfig { jitter: Some(jitter), ..AugmentConfig::default() };
        let view = augmented(&image(), SHAPE, &config, &unit_statistics(), streams.get("augment"));
        let factor = view[10] / 12.0;
        assert!((0.5..=1.5).contains(&factor) && (factor - 1.0).abs() > 1e-4, "{factor}");
        assert!((view[47] / 57.0 - factor).abs() < 1e-3);
    }
}
