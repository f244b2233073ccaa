//! Smaller images, each pixel the mean of those that it stands for.

use std::ops::Range;

use crate::images::LabelledImages;

impl LabelledImages {
    /// The images at a smaller size by a box filter, as image libraries apply it: each new pixel is the mean
    /// of the old ones whose centre lies in its area; first along the rows, then along the columns, both
    /// rounded to the nearest level. An old pixel is not divided between two new ones.
    ///
    /// # Panics
    /// When `height` or `width` is 0 or larger than that of the images.
    pub fn box_filtered(&self, height: usize, width: usize) -> Self {
        let rows = windows(self.height, height);
        let columns = windows(self.width, width);
        let mut pixels = Vec::with_capacity(self.len() * self.channels * height * width);
        for plane in self.pixels.chunks_exact(self.height * self.width) {
            let narrow: Vec<u8> = plane
                .chunks_exact(self.width)
                .flat_map(|row| columns.iter().map(|window| mean(window, |column| row[column])))
                .collect();
            for window in &rows {
                pixels.extend((0..width).map(|column| mean(window, |row| narrow[row * width + column])));
            }
        }
        Self { height, width, pixels, labels: self.labels.clone(), ..*self }
    }
}

/// For each of `new` pixels along one side, the `old` ones whose centre it holds. A centre on the border of
/// two belongs to the first.
fn windows(old: usize, new: usize) -> Vec<Range<usize>> {
    assert!((1..=old).contains(&new), "{old} pixels cannot become {new}");
    // Pixel `p` has its centre at p + 1/2; the borders are at multiples of old / new.
    let centres_up_to = |border: usize| (2 * border * old + new) / (2 * new);
    (0..new).map(|pixel| centres_up_to(pixel)..centres_up_to(pixel + 1)).collect()
}

fn mean(window: &Range<usize>, value: impl Fn(usize) -> u8) -> u8 {
    let (sum, count) = (window.clone().map(|place| usize::from(value(place))).sum::<usize>(), window.len());
    ((2 * sum + count) / (2 * count)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(channels: usize, [height, width]: [usize; 2], pixels: &[u8]) -> LabelledImages {
        let count = pixels.len() / (channels * height * width);
        LabelledImages {
            channels,
            height,
            width,
            classes: 1,
            pixels: pixels.to_vec(),
            labels: vec![0; count],
        }
    }

    #[test]
    fn a_whole_ratio_is_the_plain_mean() {
        let large = images(1, [2, 4], &[0, 10, 20, 30, 40, 50, 60, 70]);
        assert_eq!(large.box_filtered(1, 2).pixels, [25, 45]);
        assert_eq!(large.box_filtered(2, 4), large);
    }

    #[test]
    fn a_pixel_goes_where_its_centre_is() {
        // Windows of 3.75 pixels: the centre 7.5 is on a border.
        assert_eq!(windows(15, 4), [0..4, 4..8, 8..11, 11..15]);
        assert_eq!(windows(3, 2), [0..2, 2..3]);
        let three = images(1, [1, 3], &[0, 91, 30]);
        assert_eq!(three.box_filtered(1, 2).pixels, [46, 30]);
    }

    #[test]
    fn rows_are_rounded_before_columns() {
        // Means of rows 0.5 and 0.5, of which each becomes 1; the mean of all four is 0.5, too.
        assert_eq!(images(1, [2, 2], &[0, 1, 1, 0]).box_filtered(1, 1).pixels, [1]);
        // 0.5 and 0 become 1 and 0, whose mean is rounded to 1, though that of all four is 0.25.
        assert_eq!(images(1, [2, 2], &[0, 1, 0, 0]).box_filtered(1, 1).pixels, [1]);
    }

    #[test]
    fn images_and_channels_stay_apart() {
        let two = images(2, [1, 2], &[0, 2, 10, 12, 100, 102, 200, 202]);
        let small = two.box_filtered(1, 1);
        assert_eq!((small.pixels.as_slice(), small.len(), small.channels), (&[1, 11, 101, 201][..], 2, 2));
    }

    #[test]
    fn every_pixel_counts_once_and_no_window_is_empty() {
        for old in 1..60 {
            for new in 1..=old {
                let all: Vec<usize> = windows(old, new).into_iter().flatten().collect();
                assert_eq!(all, (0..old).collect::<Vec<_>>());
                assert!(windows(old, new).iter().all(|window| !window.is_empty()));
            }
        }
    }
}
